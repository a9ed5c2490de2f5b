import Criteria
import Testing

@Suite("The README's Swift example")
struct ReadmeExample {
  @Test("does what it says")
  func runs() throws {
    // README begins
    let policy = try Policy(  // or Policy(contentsOf: "rules/linux-node.yaml")
      text: """
        version: 1
        policy: oom
        signals:
          oom: {log: kernel, match: 'Killed process [0-9]+ [(](?<comm>[^)]+)[)]'}
        rules:
          - rule: OOMLoop
            when: count(oom[10m]) >= 3
            then: replace
            why: "{count(oom[10m])} OOM kills in 10 minutes, last victim {oom.comm}"
        """)

    var fleet = Fleet(policy)
    let start = Timestamp(seconds: 1_795_410_000)
    fleet.attach(log: "kernel", of: "i-0a1", at: start)
    for minute in 1...3 {
      let time = Timestamp(seconds: 1_795_410_000 + 60 * Double(minute))
      fleet.observe(.line("Killed process 12 (java)", source: "kernel"), of: "i-0a1", at: time)
    }

    let now = Timestamp(seconds: 1_795_410_200)
    for change in fleet.advance(to: now) {
      print(change.at, change.instance, change.verdict)
    }
    if let decision = fleet.explain("i-0a1", at: now) {
      print(decision.verdict, decision.rules[0].why)
      print(decision.json)
    }
    // README ends
    let last = fleet.explain("i-0a1", at: now)
    let decision = try #require(last)
    #expect(decision.verdict == .replace)
    #expect(decision.rules.map(\.why) == ["3 OOM kills in 10 minutes, last victim java"])
  }
}
