import Testing

@testable import CriteriaEngine

@Suite("What a condition, an info or a fact said over time")
struct TimelineTests {
  private func timeline(_ entries: [(Int64, UInt32)]) -> Timeline {
    var timeline = Timeline()
    for (time, code) in entries { timeline.insert(Timeline.Entry(time: time, code: code)) }
    return timeline
  }

  @Test("the run of equal values begins where the value was first seen, exact if another came before")
  func runs() {
    #expect(timeline([(1, 5), (2, 5), (3, 5)]).run?.start == 1)
    #expect(timeline([(1, 5), (2, 5)]).run?.isExact == false)
    #expect(timeline([(1, 4), (2, 5), (3, 5)]).run?.start == 2)
    #expect(timeline([(1, 4), (2, 5), (3, 5)]).run?.isExact == true)
    #expect(timeline([(1, 5), (2, 0), (3, 5)]).run?.start == 1, "an end is no change")
  }

  @Test("late and repeated entries find their place")
  func order() {
    #expect(timeline([(1, 4), (3, 4), (2, 5)]).run?.start == 3)
    #expect(timeline([(1, 4), (2, 5), (2, 4)]).run?.start == 1, "the last of one time wins")
  }

  @Test("forgetting entries keeps the run they were in")
  func trimming() {
    var one = timeline([(0, 4)] + (1...40).map { ($0, 5) })
    one.trim(before: 30)
    #expect(one.entries.count < 20)
    #expect(one.run?.start == 1)
    #expect(one.run?.isExact == true)
    one.removeAll(before: 10)
    #expect(one.isSeen)
    #expect(one.run?.start == 10, "a predecessor's part of the run does not count")
    #expect(one.run?.isExact == false)
    one.removeAll(before: 50)
    #expect(!one.isSeen)
    #expect(one.run == nil)
  }

  @Test("an end of what a predecessor said is nothing that was said")
  func leadingEnds() {
    var one = timeline([(1, 5), (4, 0)])
    one.removeAll(before: 4)
    one.removeLeadingEnds()
    #expect(!one.isSeen)
    #expect(one.entries.isEmpty)
  }

  @Test("changes count in the window, from a base that is recent enough")
  func changes() {
    var wake = Wake(now: 10, step: 1)
    let one = timeline([(1, 4), (8, 5), (9, 4)])
    #expect(one.changes(from: 5, staleAfter: 10, window: 5, &wake) == 2)
    #expect(one.changes(from: 5, staleAfter: 3, window: 5, &wake) == 1)
    #expect(one.changes(from: 9, staleAfter: 3, window: 1, &wake) == nil)
  }

  @Test("agrees with its plain twin on random lives")
  func comparison() {
    for seed in 0..<UInt64(ProcessEnvironment.number("SERIES_CASES") ?? 200) {
      var one = TimelineComparison(seed: seed)
      one.run()
      if let fault = one.fault {
        Issue.record("case \(seed): \(fault)")
        return
      }
    }
  }
}
