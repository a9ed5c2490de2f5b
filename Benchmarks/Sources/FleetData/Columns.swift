import Glibc

/// The signals of `Policies/p20.yaml` by metric, in the order of the columns of a fleet file.
package let metrics = [
  "cpu", "mem", "disk", "load1", "load15", "iowait", "steal", "neterr", "netdrop", "req", "err5xx", "p50", "p99",
  "restarts",
  "oom", "logk", "loga", "age", "uptime", "imgage", "cert", "driftf", "driftp", "hcfail",
]

/// Facts, and what the codes of their columns stand for.
package let facts: [(name: String, values: [String])] = [
  ("role", ["web", "api", "db", "cache", "worker", "batch"]), ("az", ["a", "b", "c"]),
  ("image", (41..<49).map { "v\($0)" }), ("kernel", ["k510", "k515", "k61", "k66"]),
]

/// A fleet as columns: a number per metric and instance (NaN: missing), a code per fact and instance.
package struct Columns: Sendable {
  package var count: Int
  package var numbers: [[Double]]
  package var codes: [[UInt8]]

  /// int64 N, then 24 columns of N little-endian doubles, then 4 columns of N bytes.
  package init?(path: String) {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var n: Int64 = 0
    guard fread(&n, 8, 1, file) == 1, n > 0, n <= 10_000_000 else { return nil }
    count = Int(n)
    numbers = []
    codes = []
    for _ in metrics {
      var column = [Double](repeating: 0, count: count)
      guard fread(&column, 8, count, file) == count else { return nil }
      numbers.append(column)
    }
    for _ in facts {
      var column = [UInt8](repeating: 0, count: count)
      guard fread(&column, 1, count, file) == count else { return nil }
      codes.append(column)
    }
  }

  /// A fleet of our own making: seeded, about 3 % of the numbers missing, one instance in seven sick.
  ///
  /// What rules divide by is never 0, since engines differ in what that gives.
  package init(synthetic count: Int) {
    var random = SplitMix(state: 20_240_607)
    self.count = count
    /// Mean of the exponential part, what is added, and whether it counts something.
    let shapes: [(mean: Double, least: Double, isCount: Bool)] = [
      (45, 0, false), (50, 0, false), (50, 0, false), (4, 0.1, false), (4, 0.2, false), (6, 0, false), (2, 0, false),
      (0.002, 0, false), (0.003, 0, false), (400, 1, false), (2, 0, false), (20, 1, false), (80, 1, false),
      (1, 0, true), (0.4, 0, true), (1, 0, true), (60, 0, true), (40, 0, false), (20, 0, false), (30, 0, false),
      (45, 0, false), (0.9, 0, true), (1, 0, true), (0.03, 0, false),
    ]
    let isSick = (0..<count).map { _ in random.unit() < 0.15 }
    numbers = shapes.map { shape in
      (0..<count).map { instance in
        // Exponential: most values small, a few large.
        let value = shape.least - log(1 - random.unit()) * shape.mean * (isSick[instance] ? 2 : 0.7)
        if random.unit() < 0.03 { return .nan }
        return shape.isCount ? value.rounded(.down) : (value * 1000).rounded() / 1000
      }
    }
    codes = facts.map { fact in (0..<count).map { _ in UInt8(random.next() % UInt64(fact.values.count)) } }
  }

  /// Writes the file that `init(path:)` reads.
  package func write(to path: String) -> Bool {
    guard let file = fopen(path, "wb") else { return false }
    var n = Int64(count)
    var isWritten = fwrite(&n, 8, 1, file) == 1
    for column in numbers { isWritten = isWritten && fwrite(column, 8, count, file) == count }
    for column in codes { isWritten = isWritten && fwrite(column, 1, count, file) == count }
    return fclose(file) == 0 && isWritten
  }
}

/// SplitMix64: a small seeded generator, the same everywhere.
package struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  package init(state: UInt64) { self.state = state }
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  package mutating func unit() -> Double { Double(next() >> 11) / 0x1p53 }
}
