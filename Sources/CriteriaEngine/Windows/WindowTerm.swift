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
  /// The exponents of the maximal aligned blocks that the window is cut into, four bits each, the oldest lowest. Of windows
  /// that are scanned, not of longer ones.
  private let cut: UInt64

  init(_ kind: WindowKind, ticks: Int64, last: Int64, _ plan: SeriesPlan) {
    self.kind = kind
    self.ticks = ticks
    self.last = last
    first = last &- ticks &+ 1
    now = plan.scale.time(of: last)
    var cut: UInt64 = 0
    if ticks <= Int64(Series.scanLimit) {
      var block = first
      var shift: UInt64 = 0
      while block <= last {
        let exponent = min(block.trailingZeroBitCount, 63 &- (last &- block &+ 1).leadingZeroBitCount)
        cut |= UInt64(exponent) &<< shift
        shift &+= 4
        block &+= 1 &<< Int64(exponent)
      }
    }
    self.cut = cut
  }

  /// Another term over the same window.
  func with(_ kind: WindowKind) -> WindowTerm { WindowTerm(kind: kind, of: self) }

  private init(kind: WindowKind, of other: WindowTerm) {
    self.kind = kind
    (ticks, first, last, now, cut) = (other.ticks, other.first, other.last, other.now, other.cut)
  }

  /// How many series do it at once that have one sample in each tick of the window; `nil`: not at all.
  func columnForm(_ signal: Plan.Signal, _ plan: SeriesPlan) -> ck_window? {
    let step = plan.step
    // They are live, and each has the one before it for a base.
    guard ticks <= Int64(Series.scanLimit), signal.reducer == nil, signal.staleAfter >= step,
      !kind.isGrowth || plan.staleAfter >= 2 * step
    else { return nil }
    let form =
      switch kind {
      case .avg: CK_WINDOW_AVG
      case .sum: CK_WINDOW_SUM
      case .min: CK_WINDOW_MIN
      case .max: CK_WINDOW_MAX
      case .increase: CK_WINDOW_INCREASE
      case .rate: CK_WINDOW_RATE
      case .changes: CK_WINDOW_CHANGES
      case .count, .first, .last, .slope, .stddev, .percentile: -1
      }
    return form < 0 ? nil : ck_window(kind: Int32(form), length: Int32(ticks), cut: cut, step: step)
  }

  /// The tree sum of values of the window's first ticks, one each.
  ///
  /// - Parameter count: At least 1; at most `ticks`, which is at most `scanLimit`.
  @inline(__always)
  func sum(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    var cut = cut
    var values = values
    var left = count
    var size = 1 &<< Int(cut & 15)
    // Not 0 + the first block: −0 would become 0.
    var sum = left >= size ? sumOfBlock(values, size) : sumOfBeginning(values, left)
    while left > size {
      values += size
      left &-= size
      cut &>>= 4
      size = 1 &<< Int(cut & 15)
      sum += left >= size ? sumOfBlock(values, size) : sumOfBeginning(values, left)
    }
    return sum
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

/// The same of a block that has values in its first ticks only.
private func sumOfBeginning(_ p: UnsafePointer<Double>, _ count: Int) -> Double {
  let size = 1 &<< (63 &- count.leadingZeroBitCount)
  if size == count { return sumOfBlock(p, size) }
  return sumOfBlock(p, size) + sumOfBeginning(p + size, count &- size)
}

extension Series {
  /// A term over the newest `entries` visible entries, where those are samples of the first ticks of the window, one each.
  ///
  /// - Returns: `nil`: it has to be worked out in another way.
  @inline(__always)
  func regularTerm(_ term: WindowTerm, _ entries: Int, _ plan: SeriesPlan) -> Double? {
    switch term.kind {
    case .avg: withValues(count &- entries, entries) { meanOf(term.sum($0, entries), $0, entries) }
    case .sum: withValues(count &- entries, entries) { finite(term.sum($0, entries)) }
    case .min: withValues(count &- entries, entries) { leastOf($0, entries) }
    case .max: withValues(count &- entries, entries) { greatestOf($0, entries) }
    case .count: Double(entries)
    case .first: value(at: count &- entries)
    case .last: newestValue
    case .increase, .rate, .changes: regularGrowth(term, entries, plan)
    case .slope, .stddev, .percentile: nil
    }
  }

  private func regularGrowth(_ term: WindowTerm, _ entries: Int, _ plan: SeriesPlan) -> Double? {
    // The sample before the window, in the tick before, is the base.
    guard Int(run) > entries, plan.staleAfter >= 2 &* plan.step else { return nil }
    let start = count &- entries
    return withValues(start &- 1, entries &+ 1) { values in
      if term.kind == .changes {
        var changes = 0
        for index in 0..<entries { changes &+= values[index] != values[index &+ 1] ? 1 : 0 }
        return Double(changes)
      }
      return withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.scanLimit) { parts in
        let parts = parts.baseAddress.unsafelyUnwrapped
        for index in 0..<entries {
          let (p, q) = (values[index], values[index &+ 1])
          // A drop is a reset: the counter began again at 0.
          parts[index] = q >= p ? q - p : q
        }
        let increase = term.sum(parts, entries)
        if term.kind == .increase { return finite(increase) }
        // Samples mostly come one step apart, and divisions are slow.
        let step = plan.step
        let seconds = Double(step) / 1000
        var before = time(at: start &- 1)
        for index in 0..<entries {
          let time = time(at: start &+ index)
          parts[index] = time &- before == step ? seconds : Double(time &- before) / 1000
          before = time
        }
        return finite(increase / term.sum(parts, entries))
      }
    }
  }
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
