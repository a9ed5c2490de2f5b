import Glibc

/// The signals of `Policies/p20.yaml` by metric, in the order of the columns of a fleet file.
let metrics = [
  "cpu", "mem", "disk", "load1", "load15", "iowait", "steal", "neterr", "netdrop", "req", "err5xx", "p50", "p99",
  "restarts",
  "oom", "logk", "loga", "age", "uptime", "imgage", "cert", "driftf", "driftp", "hcfail",
]

/// Facts, and what the codes of their columns stand for.
let facts: [(name: String, values: [String])] = [
  ("role", ["web", "api", "db", "cache", "worker", "batch"]), ("az", ["a", "b", "c"]),
  ("image", (41..<49).map { "v\($0)" }), ("kernel", ["k510", "k515", "k61", "k66"]),
]

/// A fleet as columns: a number per metric and instance (NaN: missing), a code per fact and instance.
struct Columns {
  var count: Int
  var numbers: [[Double]]
  var codes: [[UInt8]]

  /// int64 N, then 24 columns of N little-endian doubles, then 4 columns of N bytes.
  init?(path: String) {
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
  init(synthetic count: Int) {
    var random = SplitMix(state: 20_240_607)
    self.count = count
    let scales: [Double] = [
      45, 50, 50, 4, 4, 6, 2, 0.002, 0.003, 400, 2, 20, 80, 1, 0.4, 1, 60, 40, 20, 30, 45, 0.9, 1, 0.03,
    ]
    numbers = scales.map { scale in
      (0..<count).map { _ in
        let spread = random.unit() < 0.15 ? 4.0 : 1.0
        // Exponential: most values small, a few large.
        let value = -log(1 - random.unit()) * scale * spread
        return random.unit() < 0.03 ? .nan : (value * 1000).rounded() / 1000
      }
    }
    codes = facts.map { fact in (0..<count).map { _ in UInt8(random.next() % UInt64(fact.values.count)) } }
  }
}

/// SplitMix64: a small seeded generator, the same everywhere.
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func unit() -> Double { Double(next() >> 11) / 0x1p53 }
}
