import Criteria
import CriteriaCompiler
import CriteriaEngine
import Glibc
import Testing

@Suite("What an instance takes of memory")
struct MemoryTests {
  /// Resident memory of this process, in bytes.
  private static func resident() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, 128, file) != nil else { return 0 }
    let fields = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
      separator: " ")
    return (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// What was freed goes back to the system.
  private static func giveBack() {
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  /// Policies by what they keep: bare gauges, short windows, long windows with remembered nodes.
  static let policies = [
    "gauges": (1...12).map { "  s\($0): {gauge: m\($0)}" }.joined(separator: "\n") + "\nrules:\n"
      + (1...12).map { "  - {rule: R\($0), when: s\($0) > 5, then: +5}" }.joined(separator: "\n"),
    "windows": (1...8).map { "  s\($0): {gauge: m\($0)}" }.joined(separator: "\n") + "\nrules:\n"
      + (1...8).map { "  - {rule: R\($0), when: 'avg(s\($0)[5m]) > 5', for: 2m, then: +5}" }.joined(separator: "\n"),
    "counters": (1...4).map { "  s\($0): {counter: m\($0)}" }.joined(separator: "\n") + "\nrules:\n"
      + (1...4).map { "  - {rule: R\($0), when: 'rate(s\($0)[30m]) > 5/s', hold: 2m, then: +5}" }.joined(
        separator: "\n"),
  ]

  // In a process of its own: other tests allocate too.
  @Test("a fleet takes what `check --cost` says, to a tenth", arguments: policies.keys.sorted())
  func fleet(name: String) async throws {
    let text = try #require(Self.policies[name])
    await #expect(processExitsWith: .success) { [text = text as String, name = name as String] in
      let policy = try Policy(text: "version: 1\npolicy: memory\nsignals:\n\(text)\n")
      let signals = policy.program.signals.count
      let expected = MemoryCost(policy.program).total
      // Enough of them for the process's own pages not to matter.
      let count = 12_000
      let before = MemoryTests.resident()
      var fleet = Fleet(policy)
      // Until the longest window is full, and a little more.
      for tick in 0..<(name == "counters" ? 72 : 24) {
        let now = Timestamp(milliseconds: 1_800_000_000_000 + Int64(tick) * 30_000)
        for instance in 0..<count {
          for signal in 1...signals { fleet.observe(.sample("m\(signal)", [:], 1), of: "i-\(instance)", at: now) }
        }
        fleet.advance(to: now)
      }
      MemoryTests.giveBack()
      let found = (MemoryTests.resident() - before) / count
      try #require(Double(found) > Double(expected) * 0.9, "\(found) bytes for each instance, not \(expected)")
      try #require(Double(found) < Double(expected) * 1.1, "\(found) bytes for each instance, not \(expected)")
    }
  }
}
