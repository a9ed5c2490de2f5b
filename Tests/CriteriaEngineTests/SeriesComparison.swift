import Testing

@testable import CriteriaEngine

/// SplitMix64: the same cases everywhere.
struct Dice: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  mutating func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &self)! }
}

/// One random life of a series, told to `Series` and to `PlainSeries`, whose answers must be equal to the bit.
struct SeriesComparison {
  private var dice: Dice
  private let plan: SeriesPlan
  private let terms: [(kind: WindowKind, ticks: Int64)]
  private let step: Int64
  private let maxLateness: Int64
  private let staleAfter: Int64
  private let longest: Int64
  private var series = Series(identity: 7, key: 3)
  private var slab = RingSlab(bytes: 0)
  private var plain = PlainSeries()
  /// What the plain twin has still to see, in order of arrival.
  private var ahead: [Entry] = []
  private var value = 0.0
  private var tick: Int64
  /// How the present stretch is sampled.
  private var samplesPerTick = 1
  private var jitters = false
  /// What differed, for people.
  private(set) var fault: String?
  private(set) var comparisons = 0

  static let kinds: [WindowKind] = [
    .avg, .min, .max, .sum, .first, .last, .count, .rate, .increase, .changes, .slope, .stddev, .percentile(50),
    .percentile(90), .percentile(95), .percentile(99),
  ]

  /// - Parameter longest: Windows have up to so many ticks.
  init(seed: UInt64, longest: Int64) {
    var dice = Dice(seed: seed)
    step = dice.pick([1, 7, 1000, 10_007, 30_000, 60_000, 3_600_000])
    maxLateness = step * dice.pick([0, 1, 2, 2, 5, longest * 2])
    staleAfter = dice.pick([step * 2, step * 3 / 2, step * 10, step * longest, .max])
    // Around 1970 tick numbers are negative and 0; elsewhere they are large.
    tick = dice.pick([-5, 0, 1_000, 1_795_000_000_000 / step])
    var windows: [Int64] = [1, longest]
    for _ in 0..<3 { windows.append(Int64.random(in: 1...longest, using: &dice)) }
    var terms: [(kind: WindowKind, ticks: Int64)] = []
    let share = dice.pick([15, 40, 100])
    for kind in Self.kinds where dice.chance(share) {
      for window in windows where dice.chance(60) { terms.append((kind, window)) }
    }
    self.terms = terms
    let step = step
    self.longest = terms.map(\.ticks).max() ?? 0
    plan = SeriesPlan(
      step: step, terms: terms.map { ($0.kind, $0.ticks * step) }, longestWindow: step * max(self.longest, 1),
      staleAfter: staleAfter == .max ? nil : staleAfter, maxLateness: maxLateness)
    self.dice = dice
  }

  mutating func run(ticks: Int) {
    defer {
      series.destroy()
      slab.destroy()
    }
    for _ in 0..<ticks where fault == nil { advance() }
  }

  private mutating func advance() {
    if dice.chance(6) {
      samplesPerTick = dice.pick([0, 1, 1, 1, 2, 4, dice.chance(5) ? 300 : 3])
      jitters = dice.chance(40)
    }
    let jump: Int64 = dice.chance(3) ? dice.pick([2, 3, 40, longest + 3]) : 1
    let last = tick * step
    tick += jump
    let now = tick * step
    for _ in 0..<jump where dice.chance(97) { feedTick(between: last, now) }
    if dice.chance(8) { feedLate(before: last) }
    // Fed twice, or beyond the tick.
    if dice.chance(5) { feed(Int64.random(in: max(last, now - step)...now, using: &dice)) }
    if dice.chance(4) { feed(now + Int64.random(in: 1...step * 2, using: &dice)) }
    if dice.chance(2) { requeue(beyond: now) }
    reveal(through: now)
    if dice.chance(1) { relaunch(now) }
    if dice.chance(10) { series.trim(at: now, plan) }
    if dice.chance(1) { series.shrink(at: now, plan) }
    if dice.chance(2) { swap() }
    // The plain twin keeps more than it needs: what the windows see, and one entry before.
    let base = plain.upperBound(now - plan.reach - step) - 1
    if base >= plain.entries.startIndex { plain.trim(before: plain.entries[base].time) }
    compareState(now)
    if dice.chance(longest > 100 ? 10 : 80) { for (kind, ticks) in terms { compare(kind, ticks, now) } }
  }

  private mutating func feedTick(between last: Int64, _ now: Int64) {
    guard samplesPerTick > 0 else { return }
    let start = max(last, now - step)
    for place in 0..<Int64(samplesPerTick) {
      let even = start + (place + 1) * step / Int64(samplesPerTick)
      feed(jitters ? Int64.random(in: start + 1...now, using: &dice) : max(even, start + 1))
    }
  }

  private mutating func feedLate(before last: Int64) {
    guard maxLateness > 0 else { return }
    for _ in 0..<Int.random(in: 1...3, using: &dice) {
      let late = Int64.random(in: last - maxLateness...last, using: &dice)
      // Often the time of a known entry.
      if dice.chance(50), let known = plain.entries.last(where: { $0.time <= late && $0.time >= last - maxLateness }) {
        feed(known.time)
      } else {
        feed(late)
      }
    }
  }

  private mutating func feed(_ time: Int64) {
    if dice.chance(15) { value = 0 } else if dice.chance(70) { value += Double.random(in: 0...3, using: &dice) }
    if dice.chance(5) { value = -value }
    let entry = Entry(time: time, value: dice.chance(3) ? .nan : value)
    ahead.append(entry)
    if !series.append(time, entry.value, plan) { _ = series.insert(time, entry.value, plan) }
  }

  private mutating func reveal(through now: Int64) {
    let due = ahead.filter { $0.time <= now }
    ahead.removeAll { $0.time <= now }
    for entry in due { _ = plain.insert(entry) }
    _ = series.reveal(through: now, plan)
    expect(series.nextHidden == ahead.map(\.time).min(), "the earliest hidden entry")
  }

  private mutating func requeue(beyond now: Int64) {
    if dice.chance(50) {
      // Out, and in again in another way.
      for entry in series.takeHidden() { _ = series.insert(entry.time, entry.value, plan) }
    } else {
      _ = series.dropHidden(beyond: now)
      ahead.removeAll { $0.time > now }
    }
  }

  private mutating func relaunch(_ now: Int64) {
    let launched = now - Int64.random(in: 0...step * (longest + 2), using: &dice)
    plain.removeAll(before: launched)
    ahead.removeAll { $0.time < launched }
    series.removeAll(before: launched, plan)
  }

  private mutating func swap() {
    if dice.chance(50) {
      let copy = series.copy()
      series.destroy()
      series = copy
    }
    var next = RingSlab(bytes: series.lodging)
    series.move(into: &next)
    slab.destroy()
    slab = next
  }

  private mutating func compareState(_ now: Int64) {
    expect(series.newestTime == plain.entries.last?.time ?? .min, "the newest time")
    expect(series.newestValue.bitPattern == (plain.entries.last?.value ?? .nan).bitPattern, "the newest value")
    expect(series.isLive(at: now, staleAfter: staleAfter) == plain.isLive(at: now, staleAfter: staleAfter), "liveness")
    var wake = Wake(now: tick, step: step)
    let window = step * max(longest, 1)
    expect(
      series.hasSample(after: now - window, window: window, &wake)
        == plain.entries.contains { !$0.isEnd && $0.time > now - window }, "whether a sample came")
  }

  private mutating func compare(_ kind: WindowKind, _ ticks: Int64, _ now: Int64) {
    let tick = tick
    var wake = Wake(now: tick, step: step)
    var plainWake = Wake(now: tick, step: step)
    func plainTerm(_ tick: Int64, _ wake: inout Wake) -> Double {
      plain.term(
        kind, Window(now: tick * step, length: ticks * step, step: step), staleAfter: staleAfter, &wake)
    }
    let value = series.term(kind, ticks: ticks, plan, &wake)
    let expected = plainTerm(tick, &plainWake)
    comparisons += 1
    expect(
      value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN),
      "\(kind) over \(ticks) ticks at tick \(tick): \(value), expected \(expected)")
    expect(wake.tick >= plainWake.tick, "\(kind) over \(ticks) ticks at tick \(tick) wakes too early")
    guard dice.chance(5) else { return }
    // Until it wakes nothing changes.
    for later in tick + 1..<min(wake.tick, tick + ticks + 2, tick + 40) where later > tick {
      let again = plainTerm(later, &plainWake)
      expect(
        value.bitPattern == again.bitPattern || (value.isNaN && again.isNaN),
        "\(kind) over \(ticks) ticks has changed at tick \(later) without a wake: \(value), now \(again)")
    }
  }

  private mutating func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition, fault == nil { fault = what() }
  }
}

@Suite("Series and its plain twin")
struct SeriesComparisonTests {
  /// More by the environment: `SERIES_CASES=20000`.
  private static let scale = ProcessEnvironment.number("SERIES_CASES") ?? 200

  @Test(
    "agree to the bit on random lives",
    arguments: [
      (longest: 6, ticks: 60, share: 100), (20, 120, 50), (150, 400, 5), (700, 1_500, 1), (3_000, 5_000, 0),
    ])
  func agree(longest: Int64, ticks: Int, share: Int) {
    let cases = max(Self.scale * share / 100, 1)
    var comparisons = 0
    for seed in 0..<UInt64(cases) {
      var one = SeriesComparison(seed: seed &* 1_000_003 &+ UInt64(longest), longest: longest)
      one.run(ticks: ticks)
      comparisons += one.comparisons
      if let fault = one.fault {
        Issue.record("case \(seed): \(fault)")
        return
      }
    }
    #expect(comparisons > cases * 10)
  }
}
