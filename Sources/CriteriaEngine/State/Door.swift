/// A sample's way into one signal's window.
struct Feed: BitwiseCopyable {
  var signal: Int32
  /// Among the metrics.
  var slot: Int32
  var identity: Int32
  var key: Int32
  var conversion: Conversion
  var ignored: Ignored?

  struct Ignored: BitwiseCopyable {
    var comparison: Comparison
    var bound: Double
  }

  /// - Returns: NaN ends the series; `nil`: the signal ignores the sample.
  @inline(__always) func value(of raw: Double) -> Double? {
    guard raw.isFinite else { return .nan }
    if let ignored, ignored.comparison.holds(raw, ignored.bound) { return nil }
    let value = conversion.apply(raw)
    return value.isFinite ? value : .nan
  }
}

/// What the samples of one metric with one set of labels come to: worked out once, whatever instance they are of.
final class SeriesTemplate {
  /// Something else that a sample feeds.
  enum Other {
    case info(signal: Int, identity: Int32, label: UInt32)
    case condition(signal: Int, status: UInt32)
    case launched(metric: Int, identity: Int32)
  }
  let feeds: [Feed]
  let others: [Other]

  /// A sample may be written into its window ahead of its tick: no other signal reads its metric.
  let isDirect: Bool

  init(feeds: [Feed], others: [Other], isDirect: Bool) {
    self.feeds = feeds
    self.others = others
    self.isDirect = isDirect && feeds.count == 1
  }

  var isRelevant: Bool { !feeds.isEmpty || !others.isEmpty }

  /// - Returns: `nil`: every signal ignores it.
  func payloads(of value: Double) -> [Pending.Payload]? {
    var payloads: [Pending.Payload] = []
    for feed in feeds {
      guard let value = feed.value(of: value) else { continue }
      payloads.append(.sample(signal: feed.signal, identity: feed.identity, key: feed.key, value: value))
    }
    for other in others {
      switch other {
      case .info(let signal, let identity, let label):
        payloads.append(.info(signal: signal, identity: identity, code: value.isFinite ? label : 0))
      case .condition(let signal, let status):
        if value == 1 {
          payloads.append(.condition(signal: signal, code: status, reason: 1, since: nil))
        } else if !value.isFinite {
          payloads.append(.conditionEnd(signal: signal, code: status))
        } else {
          payloads.append(.presence)
        }
      case .launched(let metric, let identity):
        if value.isFinite { payloads.append(.launched(metric: metric, identity: identity, value: value)) }
      }
    }
    return payloads.isEmpty && !feeds.isEmpty ? nil : payloads
  }
}

/// Matches observations to the signals that read them.
struct Door {
  private struct SeriesName: Hashable {
    var metric: String
    var labels: [String: String]
  }

  private let program: Program
  private let plan: Plan
  /// Signals and `launched:` entries by metric name.
  private var byMetric: [String: [Int]] = [:]
  private var launchedByMetric: [String: [Int]] = [:]
  private var byCondition: [String: [Int]] = [:]
  private var logs: [Int] = []
  /// By source, the signals that read it; forgotten all at once when there are too many.
  private var bySource: [String: [Int]] = [:]
  /// What was worked out for names; forgotten all at once when there are too many.
  private var bare: [String: SeriesTemplate] = [:]
  private var templates: [SeriesName: SeriesTemplate] = [:]
  static let templateLimit = 65_536

  init(_ program: Program, _ plan: Plan) {
    self.program = program
    self.plan = plan
    for (index, signal) in program.signals.enumerated() {
      switch signal.source {
      case .metric(let selector, _, _), .info(let selector, _): byMetric[selector.metric, default: []].append(index)
      case .log: logs.append(index)
      case .condition(let type, let from, _, _):
        // Whether an inventory tells it or a metric, it is the same condition.
        byCondition[type, default: []].append(index)
        if let from { byMetric[from.metric, default: []].append(index) }
      case .fact: break
      }
    }
    for (index, selector) in program.launched.enumerated() {
      launchedByMetric[selector.metric, default: []].append(index)
    }
  }

  /// The identities that remembered templates use must not be given to others.
  mutating func forgetTemplates() {
    bare = [:]
    templates = [:]
  }

  // MARK: Metrics

  /// - Complexity: O(1) for a name met before, else O(signals of the metric).
  mutating func template(_ metric: String, _ labels: [String: String], _ workspace: Workspace) -> SeriesTemplate {
    if labels.isEmpty {
      if let known = bare[metric] { return known }
      let new = makeTemplate(metric, labels, workspace)
      // A metric that no signal reads must not fill the table.
      if new.isRelevant { bare[metric] = new }
      return new
    }
    guard byMetric[metric] != nil || launchedByMetric[metric] != nil else { return Self.irrelevant }
    let name = SeriesName(metric: metric, labels: labels)
    if let known = templates[name] { return known }
    if templates.count >= Self.templateLimit { templates.removeAll(keepingCapacity: true) }
    let new = makeTemplate(metric, labels, workspace)
    templates[name] = new
    return new
  }

  private static var irrelevant: SeriesTemplate { SeriesTemplate(feeds: [], others: [], isDirect: false) }

  private func makeTemplate(_ metric: String, _ labels: [String: String], _ workspace: Workspace) -> SeriesTemplate {
    var feeds: [Feed] = []
    var others: [SeriesTemplate.Other] = []
    for index in byMetric[metric] ?? [] {
      let signal = program.signals[index]
      func identity() -> Int32 { workspace.identities.number(seriesIdentity(labels, without: signal.instanceLabel)) }
      switch signal.source {
      case .metric(let selector, let conversion, let ignore):
        guard selector.matches(labels, workspace.scanner) else { continue }
        let key = signal.isKeyed ? workspace.keys.number(signal.by.map { labels[$0] ?? "" }) : 0
        feeds.append(
          Feed(
            signal: Int32(index), slot: plan.signals[index].slot, identity: identity(), key: key,
            conversion: conversion, ignored: ignore.map { Feed.Ignored(comparison: $0.0, bound: $0.1) }))
      case .info(let selector, let label):
        guard selector.matches(labels, workspace.scanner) else { continue }
        others.append(.info(signal: index, identity: identity(), label: workspace.strings.code(labels[label] ?? "")))
      case .condition(let type, let from?, let typeLabel, let statusLabel):
        guard labels[typeLabel] == type, from.matches(labels, workspace.scanner) else { continue }
        let status = workspace.strings.code(conditionStatus(labels[statusLabel] ?? ""))
        others.append(.condition(signal: index, status: status))
      case .condition, .log, .fact: break
      }
    }
    for index in launchedByMetric[metric] ?? [] where program.launched[index].matches(labels, workspace.scanner) {
      let identity = workspace.identities.number(seriesIdentity(labels, without: "instance"))
      others.append(.launched(metric: index, identity: identity))
    }
    // Where one sample goes several ways, it could not be told how often it was dropped, or which series came first.
    let isOnlyReader = (byMetric[metric] ?? []).count == 1 && launchedByMetric[metric] == nil
    return SeriesTemplate(feeds: feeds, others: others, isDirect: isOnlyReader)
  }

  private func conditionStatus(_ label: String) -> String {
    switch label {
    case "true": "True"
    case "false": "False"
    case "unknown": "Unknown"
    default: label
    }
  }

  // MARK: Conditions and facts

  func payloads(
    condition type: String, _ status: String, reason: String?, since: Timestamp?, _ workspace: Workspace
  ) -> [Pending.Payload] {
    (byCondition[type] ?? []).map {
      .condition(
        signal: $0, code: workspace.strings.code(status), reason: workspace.strings.code(reason ?? ""),
        since: since?.milliseconds.clampedToTime)
    }
  }

  func payload(
    facts: [String: String], labels: [String: String]?, desired: [String: String]?, launched: Timestamp?,
    _ workspace: Workspace
  ) -> Pending.Payload {
    .facts(
      ToldFacts(
        facts: codes(facts, workspace), labels: labels.map { codes($0, workspace) },
        desired: codes(desired ?? [:], workspace), launched: launched?.milliseconds.clampedToTime))
  }

  private func codes(_ pairs: [String: String], _ workspace: Workspace) -> [(name: UInt32, value: UInt32)] {
    pairs.sorted { $0.key < $1.key }.map { (workspace.strings.code($0.key), workspace.strings.code($0.value)) }
  }

  // MARK: Logs

  /// The log signals that read a source; `*` stands for every source.
  func signals(ofSource source: String) -> [Int] {
    logs.filter { index in
      guard case .log(let pattern) = program.signals[index].source else { return false }
      return source == "*" || pattern.reads(source)
    }
  }

  private mutating func readers(of source: String) -> [Int] {
    if let known = bySource[source] { return known }
    if bySource.count >= Self.sourceLimit { bySource.removeAll(keepingCapacity: true) }
    let new = signals(ofSource: source)
    bySource[source] = new
    return new
  }
  private static let sourceLimit = 1024

  /// What matches, by itself, and what does not, all in one.
  mutating func payloads(
    line text: String, source: String, _ origin: Origin?, _ workspace: Workspace
  ) -> [Pending.Payload] {
    let readers = readers(of: source)
    var text = text
    return text.withUTF8 { bytes in
      let subject = UnsafeRawBufferPointer(bytes)
      var found: [Pending.Payload] = []
      var matching: [Int] = []
      for index in Self.candidates(readers, in: subject, workspace) {
        guard let payload = search(subject, signal: index, origin, workspace) else { continue }
        found.append(payload)
        matching.append(index)
      }
      if matching.count == readers.count { return found }
      let others = matching.isEmpty ? readers : readers.filter { !matching.contains($0) }
      return [.unmatchedLine(signals: others)] + found
    }
  }

  /// Those of the signals whose patterns a line may match: one look for all of them. A message of several lines, or with a
  /// line's end, is no line to a `LogMatcher`.
  private static func candidates(_ readers: [Int], in subject: UnsafeRawBufferPointer, _ workspace: Workspace) -> [Int]
  {
    guard readers.count > 2, !subject.isEmpty, subject.last != 0x0D, !subject.contains(0x0A) else { return readers }
    var found: [Int] = []
    workspace.logMatcher.scanCandidates(subject) { pattern, _, _ in
      let signal = workspace.logSignals[pattern]
      if readers.contains(signal) { found.append(signal) }
    }
    return found
  }

  /// - Returns: `nil`: the line does not match.
  private func search(
    _ subject: UnsafeRawBufferPointer, signal index: Int, _ origin: Origin?, _ workspace: Workspace
  ) -> Pending.Payload? {
    let signal = program.signals[index]
    guard case .log(let pattern) = signal.source else { preconditionFailure("a log's signal is not a log") }
    let scanner = workspace.scanner
    switch scanner.search(line: subject, for: pattern.regex) {
    case .noMatch: return nil
    case .limit: return .line(signal: index, event: nil, key: [], hitLimit: true)
    case .match: break
    }
    func group(_ name: String) -> String { scanner.capture(name, of: pattern.regex, in: subject) ?? "" }
    let raw = pattern.value.flatMap { decimal(group($0)) }
    let value = raw.map(pattern.conversion.apply) ?? .nan
    let event = LogEvent(
      time: 0, value: value.isFinite ? value : .nan, captures: pattern.captures.map(group), origin: origin)
    // With `reduce` as well: the keys are what is reduced.
    return .line(signal: index, event: event, key: signal.by.map(group), hitLimit: false)
  }
}
/// Labels as `name NUL value NUL`, sorted by name as bytes: what tells one series from another.
func seriesIdentity(_ labels: [String: String], without instanceLabel: String) -> [UInt8] {
  var identity: [UInt8] = []
  let names = labels.keys.filter { $0 != instanceLabel }
  for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
    identity += name.utf8
    identity.append(0)
    identity += (labels[name] ?? "").utf8
    identity.append(0)
  }
  return identity
}
