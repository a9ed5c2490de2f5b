import CKernels

/// A term over a window as of one tick: what is the same for all series that it is asked of.
struct WindowTerm: BitwiseCopyable {
  let kind: WindowKind
  /// The window's ticks are `first` to `last`.
  let ticks: Int64
  let first: Int64
  let last: Int64
  /// The time of `last`.
  let now: Int64
  /// The same for the kernel; its `kind` is `noForm` where that cannot work it out.
  private(set) var form: ck_window

  static let noForm: Int32 = -1

  init(_ kind: WindowKind, ticks: Int64, last: Int64, _ plan: SeriesPlan) {
    self.kind = kind
    self.ticks = ticks
    self.last = last
    first = last &- ticks &+ 1
    now = plan.scale.time(of: last)
    form = ck_window(last: last, ticks: ticks, step: plan.step)
    if form.length > 0 { form.kind = Self.form(of: kind) }
  }

  /// Another term over the same window.
  func with(_ kind: WindowKind) -> WindowTerm { WindowTerm(kind: kind, of: self) }

  private init(kind: WindowKind, of other: WindowTerm) {
    self.kind = kind
    (ticks, first, last, now, form) = (other.ticks, other.first, other.last, other.now, other.form)
    if form.length > 0 { form.kind = Self.form(of: kind) }
  }

  static func form(of kind: WindowKind) -> Int32 {
    switch kind {
    case .avg: Int32(CK_WINDOW_AVG)
    case .sum: Int32(CK_WINDOW_SUM)
    case .min: Int32(CK_WINDOW_MIN)
    case .max: Int32(CK_WINDOW_MAX)
    case .increase: Int32(CK_WINDOW_INCREASE)
    case .rate: Int32(CK_WINDOW_RATE)
    case .changes: Int32(CK_WINDOW_CHANGES)
    case .count, .first, .last, .slope, .stddev, .percentile: noForm
    }
  }

  /// Whether the kernel does it for many series at once that have one sample in each tick of the window.
  func hasColumnForm(_ signal: Plan.Signal, _ plan: SeriesPlan) -> Bool {
    // They are live, and each has the one before it for a base.
    hasForm(plan) && signal.reducer == nil && signal.staleAfter >= plan.step
  }

  /// Whether the kernel does it for series that have one sample in each tick.
  @inline(__always)
  func hasForm(_ plan: SeriesPlan) -> Bool {
    // Of two samples a tick apart, the earlier one has to be a base for the later one.
    form.kind != Self.noForm && (!kind.isGrowth || plan.staleAfter >= 2 &* plan.step)
  }

  /// The term of one series whose newest `entries` visible entries are samples of the first ticks of the window, one each.
  ///
  /// - Parameter run: So many entries up to the newest are samples of consecutive ticks.
  /// - Returns: `nil`: it has to be worked out in another way.
  @inline(__always)
  func regular(_ series: Series, _ entries: Int, run: Int, _ plan: SeriesPlan) -> Double? {
    // The sample before the window, in the tick before, is the base of its first pair.
    let isGrowth = kind.isGrowth
    guard hasForm(plan), run >= (isGrowth ? entries &+ 1 : entries) else { return nil }
    var (form, value) = (form, 0.0)
    withUnsafePointer(to: &form) { window in
      withUnsafeMutablePointer(to: &value) { value in
        var term = ck_term(
          window: window, ring: series.ring(ofLast: isGrowth ? entries &+ 1 : entries), kind: window.pointee.kind,
          entries: Int32(truncatingIfNeeded: entries), out: value)
        ck_window_terms(&term, 1)
      }
    }
    return value
  }
}

extension ck_window {
  /// Without a kind. One of more ticks than are scanned has no length.
  init(last: Int64, ticks: Int64, step: Int64) {
    self.init(kind: WindowTerm.noForm, length: 0, cut: 0, step: step)
    guard ticks <= Int64(Series.scanLimit) else { return }
    length = Int32(ticks)
    // The exponents of the maximal aligned blocks that the window is cut into.
    var block = last &- ticks &+ 1
    var shift: UInt64 = 0
    while block <= last {
      let exponent = min(block.trailingZeroBitCount, 63 &- (last &- block &+ 1).leadingZeroBitCount)
      cut |= UInt64(exponent) &<< shift
      shift &+= 4
      block &+= 1 &<< Int64(exponent)
    }
  }
}

/// The sum of 2ᵏ values as a full binary tree.
@inline(__always)
func sumOfBlock(_ p: UnsafePointer<Double>, _ count: Int) -> Double {
  switch count {
  case 1: p[0]
  case 2: p[0] + p[1]
  case 4: (p[0] + p[1]) + (p[2] + p[3])
  case 8: ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]))
  default: sumOfLongBlock(p, count)
  }
}

private func sumOfLongBlock(_ p: UnsafePointer<Double>, _ count: Int) -> Double {
  if count == 8 { return sumOfBlock(p, 8) }
  return sumOfLongBlock(p, count &>> 1) + sumOfLongBlock(p + count &>> 1, count &>> 1)
}

/// `sum ÷ count`, between the least and the greatest of the values; NaN if it is not finite.
@inline(__always)
func meanOf(_ sum: Double, _ values: UnsafePointer<Double>, _ count: Int) -> Double {
  let mean = sum / Double(count)
  let (low, high) = (leastOf(values, count), greatestOf(values, count))
  // Of equal ones the sign of zero counts, so they take the long way.
  if low < mean, mean < high { return mean }
  return mean.isFinite ? min(max(mean, low), high) : .nan
}

/// Of equal zeros of either sign the first.
@inline(__always)
func leastOf(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
  var least = values[0]
  for index in 1..<max(count, 1) { least = values[index] < least ? values[index] : least }
  return least
}

@inline(__always)
func greatestOf(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
  var greatest = values[0]
  for index in 1..<max(count, 1) { greatest = values[index] > greatest ? values[index] : greatest }
  return greatest
}
