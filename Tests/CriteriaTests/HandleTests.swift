import Criteria
import Testing

@Suite("Handles")
struct HandleTests {
  private let policy: Policy
  init() throws {
    policy = try Policy(
      text: """
        version: 1
        policy: handles
        step: 10s
        signals:
          x: {gauge: x}
          y: {gauge: y, by: [k], optional: true}
        rules:
          - {rule: High, when: x > 5, then: replace}
          - {rule: Any, when: y > 5, then: +60}
        """)
  }

  private func seconds(_ value: Double) -> Timestamp { Timestamp(seconds: value) }

  @Test("a sample by handle is the sample by name")
  func sameAsName() throws {
    var byName = Fleet(policy)
    var byHandle = Fleet(policy)
    for tick in 1...5 {
      let time = seconds(Double(tick) * 10)
      for (id, value) in [("a", 9.0), ("b", 1.0)] {
        byName.observe(.sample("x", [:], value), of: id, at: time)
        byName.observe(.sample("y", ["k": "1"], value), of: id, at: time)
        let series = [byHandle.series("x", of: id), byHandle.series("y", ["k": "1"], of: id)]
        for one in series { byHandle.observe(value, of: try #require(one), at: time) }
      }
      #expect(byName.advance(to: time) == byHandle.advance(to: time))
    }
    for id in ["a", "b"] {
      let named = byName.explain(id, at: seconds(50))
      let handled = byHandle.explain(id, at: seconds(50))
      #expect(named == handled)
    }
  }

  @Test("a series that no signal reads has no handle")
  func irrelevant() {
    var fleet = Fleet(policy)
    let handle = fleet.series("z", of: "a")
    #expect(handle == nil)
  }

  @Test("handles of a removed instance are stale, also when its place is taken")
  func stale() throws {
    var fleet = Fleet(policy)
    let found = fleet.series("x", of: "a")
    let series = try #require(found)
    fleet.observe(9, of: series, at: seconds(10))
    fleet.advance(to: seconds(10))
    let known = fleet.instance("a")
    let instance = try #require(known)
    fleet.remove("a")
    fleet.observe(.sample("x", [:], 1), of: "b", at: seconds(20))
    let result = fleet.observe(9, of: series, at: seconds(20))
    #expect(result == .stale)
    let counts = fleet.counts
    #expect(counts.stale == 1)
    var verdict: Verdict?
    let old = fleet.decide(instance)
    #expect(old == nil)
    fleet.advance(to: seconds(20))
    verdict = fleet.decide("b")?.verdict
    #expect(verdict == .keep)
  }

  @Test("a peek counts what came late, and changes nothing")
  func peek() throws {
    var fleet = Fleet(policy)
    fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(10))
    fleet.advance(to: seconds(20))
    fleet.observe(.sample("x", [:], 1), of: "a", at: seconds(15))
    let known = fleet.instance("a")
    let handle = try #require(known)
    var verdict: Verdict?
    verdict = fleet.decide(handle)?.verdict
    #expect(verdict == .replace)
    verdict = fleet.decide(handle, at: seconds(20))?.verdict
    #expect(verdict == .replace)
    verdict = fleet.peek(handle, at: seconds(20))?.verdict
    #expect(verdict == .keep)
    verdict = fleet.decide(handle)?.verdict
    #expect(verdict == .replace)
    fleet.advance(to: seconds(30))
    verdict = fleet.decide(handle)?.verdict
    #expect(verdict == .keep)
  }

  @Test("decideAll gives every judged instance once")
  func all() {
    var fleet = Fleet(policy)
    for number in 0..<600 { fleet.observe(.sample("x", [:], Double(number % 10)), of: "i-\(number)", at: seconds(10)) }
    fleet.advance(to: seconds(10))
    var replaced = 0
    var seen: Set<InstanceHandle> = []
    fleet.decideAll { handle, summary in
      seen.insert(handle)
      if summary.verdict == .replace { replaced += 1 }
    }
    #expect(seen.count == 600)
    #expect(replaced == 240)
  }
}
