/// The types that OpenMetrics knows, each with the endings of its samples' names.
enum OpenMetricsType: String {
  case counter, gauge, summary, histogram, gaugehistogram, info, stateset, unknown

  var suffixes: [String] {
    switch self {
    case .counter: ["_total", "_created"]
    case .summary: ["", "_count", "_sum", "_created"]
    case .histogram: ["_count", "_sum", "_bucket", "_created"]
    case .gaugehistogram: ["_gcount", "_gsum", "_bucket"]
    case .info: ["_info"]
    case .gauge, .stateset, .unknown: [""]
    }
  }
}

/// One metric family of an exposition, and what its samples must agree on: the rules of OpenMetrics that reach beyond a
/// line.
///
/// Memory is that of the label sets of one family.
struct OpenMetricsFamily {
  let name: [UInt8]
  private(set) var type: OpenMetricsType?
  private var unit: [UInt8]?
  private var hasHelp = false
  private(set) var hasSamples = false
  /// Label sets that came, without those labels that differ within a group.
  private var groups = ByteTable()
  private var group: Int?
  private var groupTime: Double?
  private var histogram: Histogram?

  init(_ name: [UInt8], type: OpenMetricsType? = nil) {
    self.name = name
    self.type = type
  }

  /// What a sample's name has behind the family's; `nil` if it is none of this family's.
  func suffix(of sample: [UInt8]) -> String? {
    guard sample.count >= name.count, sample.starts(with: name) else { return nil }
    let suffix = String(decoding: sample[name.count...], as: UTF8.self)
    return (type ?? .unknown).suffixes.contains(suffix) ? suffix : nil
  }

  /// The names that no other family may have, its own first.
  var claimedNames: [[UInt8]] {
    let suffixes = [""] + (type ?? .unknown).suffixes.filter { !$0.isEmpty }
    return suffixes.map { name + Array($0.utf8) }
  }

  // MARK: Metadata

  /// - Returns: What is wrong with it; `nil` if nothing is.
  mutating func help() -> String? {
    if hasSamples { return "expected metadata before the samples" }
    if hasHelp { return "expected one HELP for each metric" }
    hasHelp = true
    return nil
  }

  mutating func type(_ text: String) -> String? {
    if hasSamples { return "expected metadata before the samples" }
    if type != nil { return "expected one TYPE for each metric" }
    guard let known = OpenMetricsType(rawValue: text) else {
      return "expected a type such as `gauge` or `counter`, found \(excerpt(text.utf8))"
    }
    type = known
    return unitProblem
  }

  mutating func unit(_ text: [UInt8]) -> String? {
    if hasSamples { return "expected metadata before the samples" }
    if unit != nil { return "expected one UNIT for each metric" }
    unit = text
    return unitProblem
  }

  private var unitProblem: String? {
    guard let unit, !unit.isEmpty else { return nil }
    if !name.suffix(unit.count + 1).elementsEqual([UInt8(ascii: "_")] + unit) || name.count == unit.count {
      return "expected a metric whose name ends in its unit \(excerpt(unit)), found \(excerpt(name))"
    }
    if type == .info || type == .stateset { return "expected no unit for the type `\(type!.rawValue)`" }
    return nil
  }

  // MARK: Samples

  /// Takes one sample of the family.
  ///
  /// - Parameter labels: Names and values, in the order of the line.
  /// - Returns: What is wrong with it; `nil` if nothing is.
  mutating func add(
    _ sample: OpenMetricsSample, suffix: String, labels: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]
  ) -> (kind: InputProblem.Kind, message: String)? {
    hasSamples = true
    let type = type ?? .unknown
    func value(of label: String) -> ArraySlice<UInt8>? { labels.first { $0.name.elementsEqual(label.utf8) }?.value }
    // Of a histogram's samples the group is what they have in common.
    var apart: [UInt8]?
    var bound = 0.0
    if suffix == "_bucket" {
      apart = Array("le".utf8)
      guard let text = value(of: "le"), let number = number(text), !number.isNaN,
        number != .infinity || text.elementsEqual("+Inf".utf8)
      else { return (.label, "expected a label `le` with a number or `+Inf`") }
      bound = number
    }
    if type == .summary, suffix.isEmpty {
      apart = Array("quantile".utf8)
      guard let quantile = value(of: "quantile").flatMap(number), 0...1 ~= quantile else {
        return (.label, "expected a label `quantile` from 0 to 1")
      }
    }
    if type == .stateset {
      apart = name
      guard labels.contains(where: { $0.name.elementsEqual(name) }) else {
        return (.label, "expected the label \(excerpt(name)), which names the state")
      }
    }
    if let problem = valueProblem(sample.value, suffix, type) { return (.value, problem) }
    if sample.hasExemplar, suffix != "_bucket", !(type == .counter && suffix == "_total") {
      return (.syntax, "expected exemplars on buckets and counters only")
    }
    let key = type == .info ? [] : groupKey(labels, without: apart)
    let past = groups.count
    let number = key.withUnsafeBytes { groups.intern($0) }
    var problem: (InputProblem.Kind, String)?
    if group != nil, number != group, number < past {
      problem = (.conflict, "expected the samples of one label set to stand together")
    } else if group == number {
      if (sample.time == nil) != (groupTime == nil) {
        problem = (.time, "expected a time on all samples of a label set, or on none")
      } else if let time = sample.time, let groupTime, groupTime > time, type != .info {
        problem = (.time, "expected times in order within a label set")
      }
    }
    if problem == nil, type == .histogram || type == .gaugehistogram {
      if histogram == nil || number != group || sample.time != groupTime {
        // What the set before was lacking is said of its last line, by `finishGroup`.
        pending = histogram.flatMap { $0.problem }
        histogram = Histogram()
      }
      problem = histogram!.add(suffix, bound, sample.value).map { (.conflict, $0) }
    }
    group = number
    groupTime = sample.time
    return problem
  }

  /// What was lacking in the label set before the sample that came last.
  private var pending: String?

  /// Of the label set that is complete now, or with `isEnd` of the last one: what it lacks.
  mutating func finishGroup(isEnd: Bool) -> String? {
    if isEnd {
      defer { histogram = nil }
      return histogram?.problem
    }
    defer { pending = nil }
    return pending
  }

  private func number(_ text: ArraySlice<UInt8>) -> Double? { text.withUnsafeBytes { parseDouble($0) } }

  private func groupKey(
    _ labels: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)], without name: [UInt8]?
  ) -> [UInt8] {
    let kept = labels.filter { label in name.map { !label.name.elementsEqual($0) } ?? true }
    let sorted = kept.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    return Array(sorted.map { Array($0.name) + [0] + Array($0.value) + [0] }.joined())
  }

  private func valueProblem(_ value: Double, _ suffix: String, _ type: OpenMetricsType) -> String? {
    let isCount = ["_bucket", "_count", "_gcount"].contains(suffix)
    if isCount || ["_total", "_sum", "_gsum"].contains(suffix), value.isNaN {
      return "expected a number that is not NaN"
    }
    if isCount, value != value.rounded() || value.isInfinite { return "expected a whole number" }
    if isCount || ["_total", "_sum"].contains(suffix), value < 0 { return "expected a number that is not negative" }
    if type == .stateset, value != 0, value != 1 { return "expected 0 or 1 for a state" }
    if type == .info, value != 1 { return "expected 1 for an info" }
    if type == .summary, suffix.isEmpty, value < 0 { return "expected a quantile that is not negative" }
    return nil
  }

  /// The buckets, sum and count of one label set at one time.
  private struct Histogram {
    private var bound: Double?
    private var last = 0.0
    private var count: Double?
    private var hasSum = false
    private var hasGaugeSum = false
    private var hasNegativeBounds = false
    private var hasNegativeGaugeSum = false

    /// - Returns: What is wrong with the sample itself.
    mutating func add(_ suffix: String, _ bound: Double, _ value: Double) -> String? {
      switch suffix {
      case "_bucket":
        if bound < 0 { hasNegativeBounds = true }
        if let before = self.bound, bound <= before { return "expected buckets in order of `le`" }
        if value < last { return "expected buckets that count at least as much as those before" }
        self.bound = bound
        last = value
      case "_count", "_gcount": count = value
      case "_sum": hasSum = true
      case "_gsum":
        hasGaugeSum = true
        if value < 0 { hasNegativeGaugeSum = true }
      default: break
      }
      return nil
    }

    /// What the whole of it lacks.
    var problem: String? {
      if bound != .infinity { return "expected a bucket with `le=\"+Inf\"`" }
      if let count, count != last { return "expected a count that equals the bucket `+Inf`" }
      if hasSum || hasGaugeSum, count == nil { return "expected a count beside the sum" }
      if !hasSum, !hasGaugeSum, count != nil { return "expected a sum beside the count" }
      if hasNegativeBounds, hasSum { return "expected no sum where buckets are negative" }
      if !hasNegativeBounds, hasNegativeGaugeSum { return "expected a sum that is not negative, as no bucket is" }
      return nil
    }
  }
}
