import Testing

@testable import CriteriaEngine

@Suite("What is kept of a log signal")
struct LogStateTests {
  private static let step: Int64 = 1000
  private static let window: Int64 = 20_000

  private static let kinds: [WindowKind?] = [
    nil, .count, .rate, .avg, .min, .max, .sum, .first, .last, .changes, .stddev, .slope, .percentile(90),
  ]

  private func signal(_ reducer: Reducer?) -> Plan.Signal {
    Plan.Signal(
      source: .log, slot: 0, isKeyed: reducer == nil, reducer: reducer, staleAfter: .max, retention: Self.window,
      maxKeys: 8)
  }

  private let plan = SeriesPlan(
    step: step, terms: kinds.compactMap { $0 }.map { ($0, window) }, longestWindow: 0, staleAfter: nil,
    maxLateness: 2000, isLog: true)

  /// What a term is over some events, taken together anew.
  private func expected(_ kind: WindowKind?, _ events: [LogEvent], _ window: Window) -> Double {
    let inside = events.filter { $0.time > window.now - window.length }
    var wake = Wake(now: window.now / Self.step, step: Self.step)
    var samples = PlainSeries()
    for event in inside where !event.value.isNaN {
      samples.appendKeepingEqualTimes(Entry(time: event.time, value: event.value))
    }
    switch kind {
    case nil: return samples.entries.last?.value ?? .nan
    case .count: return Double(inside.count)
    case .rate: return Double(inside.count) / 20
    case let kind?: return samples.term(kind, window, staleAfter: .max, &wake)
    }
  }

  @Test("terms over events are what they are over the events taken anew", arguments: 0..<40 as Range<UInt64>)
  func comparison(seed: UInt64) {
    var dice = Dice(seed: seed)
    var state = LogState()
    state.attach(at: 0)
    // In order of time, equal times in the order of arrival.
    var all: [(key: Int32, event: LogEvent)] = []
    for tick in 1...150 as ClosedRange<Int64> {
      let now = tick * Self.step
      for _ in 0..<dice.pick([0, 0, 1, 2, 9]) {
        let late = dice.chance(20) ? Int64.random(in: 0...2000, using: &dice) : Int64.random(in: 0..<1000, using: &dice)
        // Times are coarse, so that some are equal.
        let event = LogEvent(
          time: max(now - late, 0) / 250 * 250, value: dice.chance(20) ? .nan : Double.random(in: -5...5, using: &dice),
          captures: ["\(all.count)"], origin: nil)
        let key = Int32.random(in: 1...3, using: &dice)
        let isInserted = state.insert(event, identity: [UInt8(key)], maxKeys: 8, plan: plan, key: { key })
        #expect(isInserted)
        all.insert((key, event), at: all.firstIndex { $0.event.time > event.time } ?? all.count)
      }
      state.forget(at: now, signal: signal(nil))
      all.removeAll { $0.event.time < now - Self.window }
      if dice.chance(2) {
        let launched = now - Int64.random(in: 0...Self.window, using: &dice)
        state.removeAll(before: launched, plan: plan)
        all.removeAll { $0.event.time < launched }
      }
      // A look ahead on a copy leaves no trace.
      var ahead = state
      let guess = LogEvent(time: now, value: 99, captures: [""], origin: nil)
      _ = ahead.insert(guess, identity: [1], maxKeys: 8, plan: plan, key: { 1 })

      let window = Window(now: now, length: Self.window, step: Self.step)
      var wake = Wake(now: tick, step: Self.step)
      state.updateKeys(at: now, signal: signal(nil), &wake)
      for kind in Self.kinds {
        var reduction = Reduction(.sum)
        for key in 1...3 as ClosedRange<Int32> {
          let events = all.filter { $0.key == key }.map(\.event)
          let value = state.term(kind, window, signal: signal(nil), plan: plan, key: key, &wake)
          let plain = expected(kind, events, window)
          #expect(value.bitPattern == plain.bitPattern || (value.isNaN && plain.isNaN), "\(kind as Any) of key \(key)")
          if !events.isEmpty { reduction.add(plain) }
        }
        let sum = state.term(kind, window, signal: signal(.sum), plan: plan, key: nil, &wake)
        let plain = all.isEmpty ? LogState.silence(kind) : reduction.result
        #expect(sum.bitPattern == plain.bitPattern || (sum.isNaN && plain.isNaN), "\(kind as Any) of all keys")
      }
      let came = state.hasEvent(in: window, &wake)
      #expect(came == all.contains { $0.event.time > now - Self.window })
      let newest = all.filter { $0.event.time == all.last?.event.time }.map(\.key).max()
      #expect(state.newest(key: nil)?.captures == all.last { $0.key == newest }?.event.captures)
    }
  }
}
