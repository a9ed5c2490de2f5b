import CKernels
import Testing

@testable import CriteriaEngine

@Suite("Window terms of many series at once")
struct WindowColumnTests {
  static let step: Int64 = 30_000
  static let kinds: [WindowKind] = [.avg, .sum, .min, .max, .increase, .rate, .changes]

  /// One sample in each tick, at uneven moments, with zeros of both signs and resets among the values.
  private func series(_ number: Int, _ plan: SeriesPlan, from first: Int64, through last: Int64) -> Series {
    var series = Series(identity: Int32(number), key: 0)
    for tick in first...last {
      var random = UInt64(bitPattern: tick) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(number) &* 0xbf58_476d_1ce4_e5b9
      random ^= random >> 31
      let value = [0, -0.0, Double(random % 1000) / 7, -Double(random % 90) * 1.9e306, 0.1][Int(random >> 40 % 5)]
      let early = number % 3 == 0 ? 0 : Int64(random >> 20) & 16383
      _ = series.append(tick * Self.step - early, value, plan)
      _ = series.reveal(through: tick * Self.step, plan)
    }
    return series
  }

  @Test("are those of each series alone, to the bit", arguments: kinds, [1, 2, 3, 10, 31, 64] as [Int64])
  func agree(kind: WindowKind, ticks: Int64) throws {
    let plan = SeriesPlan(
      step: Self.step, terms: [(kind, ticks * Self.step)], longestWindow: 0, staleAfter: 300_000, maxLateness: 60_000)
    defer { plan.destroy() }
    let signal = Plan.Signal(
      source: .metric, slot: 0, isKeyed: false, reducer: nil, staleAfter: 300_000, retention: 300_000, maxKeys: 64)
    for last in 1_000_000...1_000_017 as ClosedRange<Int64> {
      // Rings that stand alike and rings that do not, and a number that four does not divide.
      let starts = (0..<23).map { last - ticks - 2 - Int64($0 < 9 ? 5 : $0 * $0 % 70) }
      var all = starts.enumerated().map { series($0, plan, from: $1, through: last) }
      defer { for index in all.indices { all[index].destroy() } }
      let term = WindowTerm(kind, ticks: ticks, last: last, plan)
      #expect(term.hasColumnForm(signal, plan))
      var form = term.form
      let rings = all.map { $0.ring(ofLast: Int(ticks) + (kind.isGrowth ? 1 : 0)) }
      var values = [Double](repeating: 0, count: rings.count)
      ck_windows(&form, rings, rings.count, &values)
      for index in all.indices {
        var wake = Wake(now: last, step: Self.step)
        let alone = all[index].termSlowly(kind, ticks: ticks, plan, &wake)
        #expect(alone.bitPattern == values[index].bitPattern, "series \(index): \(alone) and \(values[index])")
      }
    }
  }

  @Test(
    "of one series are what the plain way gives, to the bit, while the window runs dry", arguments: kinds,
    [1, 2, 7, 10, 31, 64] as [Int64])
  func agreeAlone(kind: WindowKind, ticks: Int64) throws {
    let plan = SeriesPlan(
      step: Self.step, terms: [(kind, ticks * Self.step)], longestWindow: 0, staleAfter: 300_000, maxLateness: 60_000)
    defer { plan.destroy() }
    var compared = 0
    for number in 0..<40 {
      let newest = 1_000_000 + Int64(number)
      var one = series(number, plan, from: newest - ticks - Int64(number % 9), through: newest)
      defer { one.destroy() }
      for last in newest...newest + ticks {
        let term = WindowTerm(kind, ticks: ticks, last: last, plan)
        let entries = Int(ticks - (last - newest))
        guard entries > 0, let value = term.regular(one, entries, run: Int(one.run), plan) else { continue }
        var wake = Wake(now: last, step: Self.step)
        let plain = one.termSlowly(kind, ticks: ticks, plan, &wake)
        #expect(value.bitPattern == plain.bitPattern, "series \(number), \(entries) entries: \(value) and \(plain)")
        compared += 1
      }
    }
    #expect(compared == 40 * Int(ticks))
  }

  @Test(
    "of several terms at once are each what the plain way gives, to the bit, however they are grouped",
    arguments: 0..<200)
  func agreeInGroups(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let lengths: [Int64] = [1, 3, 10, 37, 64]
    let plans = Self.kinds.map { kind in
      SeriesPlan(
        step: Self.step, terms: lengths.map { (kind, $0 * Self.step) }, longestWindow: 0, staleAfter: 300_000,
        maxLateness: 60_000)
    }
    defer { for plan in plans { plan.destroy() } }
    let last: Int64 = 1_000_000 + Int64(random.below(70))
    var windows = lengths.map { ck_window(last: last, ticks: $0, step: Self.step) }
    var all: [(series: Series, kind: Int, window: Int)] = []
    defer { for index in all.indices { all[index].series.destroy() } }
    var values = [Double](repeating: 0, count: 9)
    var terms: [ck_term] = []
    windows.withUnsafeMutableBufferPointer { windows in
      values.withUnsafeMutableBufferPointer { values in
        for index in 0..<1 + random.below(9) {
          // Mostly like the one before, so that there are groups.
          let isAlike = index > 0 && random.below(4) > 0
          let window = isAlike ? all[index - 1].window : random.below(lengths.count)
          let kind = random.below(Self.kinds.count)
          let newest =
            isAlike ? terms[index - 1].newest(last, lengths[window]) : last - Int64(random.below(Int(lengths[window])))
          let first = newest - lengths[window] - Int64(random.below(70))
          let one = series(random.below(1000), plans[kind], from: first, through: newest)
          all.append((one, kind, window))
          let entries = Int(lengths[window] - (last - newest))
          terms.append(
            ck_term(
              window: windows.baseAddress! + window,
              ring: one.ring(ofLast: entries + (Self.kinds[kind].isGrowth ? 1 : 0)),
              kind: WindowTerm.form(of: Self.kinds[kind]), entries: Int32(entries), out: values.baseAddress! + index))
        }
        ck_window_terms(terms, terms.count)
      }
    }
    for index in all.indices {
      let (kind, ticks) = (Self.kinds[all[index].kind], lengths[all[index].window])
      var wake = Wake(now: last, step: Self.step)
      let plain = all[index].series.termSlowly(kind, ticks: ticks, plans[all[index].kind], &wake)
      #expect(
        plain.bitPattern == values[index].bitPattern,
        "\(kind) over \(ticks) ticks with \(terms[index].entries) samples: \(values[index]) and \(plain)")
    }
  }
}

extension ck_term {
  /// The tick of its newest sample, in a window of so many ticks.
  fileprivate func newest(_ last: Int64, _ ticks: Int64) -> Int64 { last - (ticks - Int64(entries)) }
}

/// Numbers that look random and are the same for the same seed.
private struct SplitMix {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ z >> 31) % UInt64(bound))
  }
}
