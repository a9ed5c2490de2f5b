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
      }
    }
  }
}
