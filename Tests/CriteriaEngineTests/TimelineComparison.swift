@testable import CriteriaEngine

/// One random life of an info or a condition, told to `Timeline` and to `PlainTimeline`.
struct TimelineComparison {
  private var dice: Dice
  private var timeline = Timeline()
  private var plain = PlainTimeline()
  private(set) var fault: String?

  init(seed: UInt64) { dice = Dice(seed: seed) }

  mutating func run() {
    var now: Int64 = 0
    let series = dice.pick([1, 1, 2, 4])
    let codes = UInt32(dice.pick([2, 3]))
    let staleAfter = Int64.random(in: 1...30, using: &dice)
    let window = Int64.random(in: 1...60, using: &dice)
    for _ in 0..<120 where fault == nil {
      now += Int64.random(in: 0...4, using: &dice)
      for _ in 0..<Int.random(in: 0...3, using: &dice) {
        let late = dice.chance(15) ? Int64.random(in: 0...10, using: &dice) : 0
        let code = dice.chance(15) ? 0 : UInt32.random(in: 1...codes, using: &dice)
        let entry = Timeline.Entry(
          time: now - late, series: Int32.random(in: 0..<Int32(series), using: &dice),
          code: dice.chance(60) ? timeline.newest?.code ?? code : code)
        timeline.insert(entry)
        plain.insert(entry)
      }
      if dice.chance(30) {
        timeline.trim(before: now - window - staleAfter - 10)
        plain.trim(before: now - window - staleAfter - 10)
      }
      if dice.chance(2) {
        let launched = now - Int64.random(in: 0...40, using: &dice)
        timeline.removeAll(before: launched)
        plain.removeAll(before: launched)
        if dice.chance(50) {
          timeline.removeLeadingEnds()
          plain.removeLeadingEnds()
        }
      }
      compare(now, window, staleAfter)
    }
  }

  private mutating func compare(_ now: Int64, _ window: Int64, _ staleAfter: Int64) {
    func text(_ run: Timeline.Run?) -> String { run.map { "\($0)" } ?? "none" }
    var wake = Wake(now: now, step: 1)
    var plainWake = Wake(now: now, step: 1)
    let found = (
      text(timeline.run), timeline.newest?.code, timeline.isSeen,
      timeline.changes(from: now - window, staleAfter: staleAfter, window: window, &wake),
      timeline.hasValue(after: now - window, window: window, &wake)
    )
    let expected = (
      text(plain.run), plain.newest?.code, plain.isSeen,
      plain.changes(from: now - window, staleAfter: staleAfter, window: window, &plainWake),
      plain.hasValue(after: now - window, window: window, &plainWake)
    )
    if found != expected || wake.tick != plainWake.tick {
      fault = "at \(now): \(found), expected \(expected); wakes at \(wake.tick), expected \(plainWake.tick)"
    }
  }
}
