// meaning.md §3: the value of a function of a window, for one series.

/// Two samples of one series that follow each other, ends skipped.
struct Pair {
  var from: Sample
  var to: Sample
  var hasEndBetween: Bool
}

/// A list of entries, seen through a window.
struct WindowedSeries {
  var window: Window
  /// All, in order of time; of one time in order of arrival.
  var entries: [Entry]
  /// How old the base of a pair may be that lies before the window; `nil`: any age.
  var staleAfter: Int64?

  var samples: [Sample] {
    entries.compactMap { entry in
      window.contains(entry.time) ? entry.value.map { Sample(time: entry.time, value: $0) } : nil
    }
  }

  /// The pairs whose later sample lies in the window, and whose earlier one counts.
  var pairs: [Pair] {
    var found: [Pair] = []
    var previous: Sample?
    var hasEndBetween = false
    for entry in entries {
      guard let value = entry.value else {
        hasEndBetween = true
        continue
      }
      let sample = Sample(time: entry.time, value: value)
      if let previous { found.append(Pair(from: previous, to: sample, hasEndBetween: hasEndBetween)) }
      previous = sample
      hasEndBetween = false
    }
    return found.filter { pair in
      if !window.contains(pair.to.time) { return false }
      if window.contains(pair.from.time) { return true }
      return !pair.hasEndBetween && staleAfter.map { pair.to.time - pair.from.time <= $0 } ?? true
    }
  }

  /// - Returns: `nil`: unknown.
  func value(of function: String) -> Double? {
    let samples = samples
    if samples.isEmpty { return nil }
    return finite(value(of: function, samples))
  }

  private func value(of function: String, _ samples: [Sample]) -> Double? {
    let values = samples.map(\.value)
    switch function {
    case "first": return values.first
    case "last": return values.last
    case "min": return values.min()
    case "max": return values.max()
    case "count": return Double(values.count)
    case "sum": return foldTree(samples, window, as: Sum.self)!.value
    case "avg":
      let average = foldTree(samples, window, as: Sum.self)!.value / Double(values.count)
      return min(max(average, values.min()!), values.max()!)
    case "increase": return increase ?? 0
    case "rate":
      let spans = pairs.map { Sample(time: $0.to.time, value: Double($0.to.time - $0.from.time) / 1000) }
      guard let increase, let span = foldTree(spans, window, as: Sum.self) else { return nil }
      return increase / span.value
    case "changes": return Double(pairs.count { $0.from.value != $0.to.value })
    case "stddev":
      let moments = foldTree(samples, window, as: Moments.self)!
      return (moments.m2 / moments.n).squareRoot()
    case "slope":
      let moments = foldTree(samples, window, as: SlopeMoments.self)!
      return moments.ctt == 0 ? nil : moments.ctx / moments.ctt
    case "p50": return nearestRank(50, samples)
    case "p90": return nearestRank(90, samples)
    case "p95": return nearestRank(95, samples)
    case "p99": return nearestRank(99, samples)
    default: preconditionFailure("a function that the checker does not know: \(function)")
    }
  }

  /// `nil` without a pair.
  private var increase: Double? {
    let steps = pairs.map { pair in
      let (p, q) = (pair.from.value, pair.to.value)
      return Sample(time: pair.to.time, value: q >= p ? q - p : q)
    }
    return foldTree(steps, window, as: Sum.self)?.value
  }

  private func nearestRank(_ percent: Int, _ samples: [Sample]) -> Double? {
    let perStep = Dictionary(grouping: samples) { tick(of: $0.time, step: window.step) }
    if perStep.values.contains(where: { $0.count > 256 }) { return nil }
    let rank = (percent * samples.count + 99) / 100
    return samples.map(\.value).sorted()[rank - 1]
  }
}

/// A result that is not finite is unknown.
func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
