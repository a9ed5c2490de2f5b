import Criteria
import Testing

@Suite("text of many lines")
struct LinesTests {
  private static let policy = """
    version: 1
    policy: p
    watch: 50
    replace: 100
    signals:
      oom:  {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)', stale_after: 2m}
      slow: {log: app, match: 'took \\d+ ms$'}
      none: {log: kernel, match: '^$'}
      kill: {log: kernel, match: 'Killed'}
      proc: {log: kernel, match: 'process \\d'}
    rules:
      - {rule: OOM, when: 'count(oom[10m]) >= 2', then: +60}
      - {rule: Slow, when: 'count(slow[10m]) >= 1', then: +60}
      - {rule: Kill, when: 'count(kill[10m]) >= 1', then: +1}
      - {rule: Process, when: 'count(proc[10m]) >= 1', then: +1}
      - {rule: Empty, when: 'count(none[10m]) >= 1', then: +10}
    """

  @Test(
    "decides as each line by itself",
    arguments: [
      "", "\n", "nothing\n", "nothing", "Killed process 1 (a)\nKilled process 2 (b)\n",
      "x\r\nKilled process 1 (a)\r\ny",
      "Killed process 1 (a)\n\n\nKilled process 2 (b)", "took 5 ms\n",
      "x\nKilled process 1 (a)\nprocess 2\n", "y\nz\nprocess 1 Killed\nKilled\nprocess 3\nKilled process 4 (b)",
      "Killed process 1 (a)\ntook 5 ms\nz\n",
    ])
  func same(text: String) throws {
    let policy = try Policy(text: Self.policy, file: "p.yaml")
    var whole = Fleet(policy)
    var single = Fleet(policy)
    for source in ["kernel", "app", "other"] {
      let time = Timestamp(seconds: 1_795_410_000)
      var copy = text
      _ = copy.withUTF8 { whole.observe(lines: UnsafeRawBufferPointer($0), source: source, of: "i", at: time) }
      var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
      if lines.last?.isEmpty == true { lines.removeLast() }
      for line in lines {
        let message = line.last == 0x0D ? line.dropLast() : line
        single.observe(.line(String(decoding: message, as: UTF8.self), source: source), of: "i", at: time)
      }
    }
    for minute in 1...15 {
      let time = Timestamp(seconds: 1_795_410_000 + 60 * Double(minute))
      _ = whole.advance(to: time)
      _ = single.advance(to: time)
      #expect(whole.explain("i", at: time)?.json == single.explain("i", at: time)?.json)
    }
  }
}
