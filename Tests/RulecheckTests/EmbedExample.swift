import Criteria
import Testing

@Suite("The tutorial's example")
struct EmbedExample {
  @Test("replaces the instance that does not answer, and no other")
  func runs() throws {
    var replaced: [String] = []
    func replace(_ instance: String, because why: [String]) { replaced.append("\(instance): \(why.joined())") }
    let scrapes = (0..<10).map { minute in ["a": 1.0, "b": minute < 3 ? 1.0 : 0.0] }
    // Embed begins
    let policy = try Policy(
      text: """
        version: 1
        policy: reachable
        step: 1m
        signals:
          up: {gauge: up}
        rules:
          - rule: Unreachable
            when: max(up[3m]) == 0
            then: replace
            why: no successful scrape in 3 minutes
        """)
    var fleet = Fleet(policy)
    for (minute, scrape) in scrapes.enumerated() {
      let now = Timestamp(seconds: 1_795_392_000 + 60 * Double(minute))
      for (instance, value) in scrape { fleet.observe(.sample("up", [:], value), of: instance, at: now) }
      for change in fleet.advance(to: now) where fleet.peek(change.instance, at: now)?.verdict == .replace {
        replace(change.instance, because: fleet.explain(change.instance, at: now)?.rules.map(\.why) ?? [])
      }
    }
    // Embed ends
    #expect(replaced == ["b: no successful scrape in 3 minutes"])
  }
}
