/// Matches observations to the signals that read them.
struct Door {
  enum Outcome {
    case irrelevant
    case ignored
    case matched([Pending.Payload])
  }

  private let program: Program
  /// Signals and `launched:` entries by metric name.
  private var byMetric: [String: [Int]] = [:]
  private var launchedByMetric: [String: [Int]] = [:]
  private var byCondition: [String: [Int]] = [:]
  private var logs: [Int] = []

  init(_ program: Program) {
    self.program = program
    for (index, signal) in program.signals.enumerated() {
      switch signal.source {
      case .metric(let selector, _, _), .info(let selector, _): byMetric[selector.metric, default: []].append(index)
      case .log: logs.append(index)
      case .condition(let type, let from, _, _):
        if let from {
          byMetric[from.metric, default: []].append(index)
        } else {
          byCondition[type, default: []].append(index)
        }
      case .fact: break
      }
    }
    for (index, selector) in program.launched.enumerated() {
      launchedByMetric[selector.metric, default: []].append(index)
    }
  }

  func match(_ observation: Observation, origin: Origin?, _ workspace: Workspace) -> Outcome {
    switch observation {
    case .sample(let metric, let labels, let value): match(metric, labels, value, workspace)
    case .line(let text, let source): match(text, source, origin, workspace)
    case .condition(let type, let status, let reason, let since):
      matched(
        (byCondition[type] ?? []).map {
          .condition(
            signal: $0, code: workspace.strings.code(status), reason: workspace.strings.code(reason ?? ""),
            since: since?.milliseconds)
        })
    case .facts(let facts, let labels, let desired, let launched):
      .matched([
        .facts(
          facts: codes(facts, workspace), labels: labels.map { codes($0, workspace) },
          desired: codes(desired ?? [:], workspace), launched: launched?.milliseconds)
      ])
    }
  }

  private func matched(_ payloads: [Pending.Payload]) -> Outcome { payloads.isEmpty ? .irrelevant : .matched(payloads) }

  private func codes(_ pairs: [String: String], _ workspace: Workspace) -> [(name: UInt32, value: UInt32)] {
    pairs.sorted { $0.key < $1.key }.map { (workspace.strings.code($0.key), workspace.strings.code($0.value)) }
  }

  // MARK: Metrics

  private func match(_ metric: String, _ labels: [String: String], _ value: Double, _ workspace: Workspace) -> Outcome {
    var payloads: [Pending.Payload] = []
    var isIgnored = false
    for index in byMetric[metric] ?? [] {
      let signal = program.signals[index]
      switch signal.source {
      case .metric(let selector, let conversion, let ignore):
        guard selector.matches(labels, workspace) else { continue }
        if let (comparison, bound) = ignore, value.isFinite, comparison.holds(value, bound) {
          isIgnored = true
          continue
        }
        let key = signal.isKeyed ? signal.by.map { labels[$0] ?? "" } : []
        let converted = value.isFinite ? conversion.apply(value) : .nan
        payloads.append(
          .sample(
            signal: index, identity: seriesIdentity(labels, without: signal.instanceLabel), key: key,
            value: converted.isFinite ? converted : .nan))
      case .info(let selector, let label):
        guard selector.matches(labels, workspace) else { continue }
        let code = value.isFinite ? workspace.strings.code(labels[label] ?? "") : 0
        payloads.append(
          .info(signal: index, identity: seriesIdentity(labels, without: signal.instanceLabel), code: code))
      case .condition(let type, let from?, let typeLabel, let statusLabel):
        guard labels[typeLabel] == type, from.matches(labels, workspace) else { continue }
        let code = workspace.strings.code(conditionStatus(labels[statusLabel] ?? ""))
        if value == 1 {
          payloads.append(.condition(signal: index, code: code, reason: 1, since: nil))
        } else if !value.isFinite {
          payloads.append(.conditionEnd(signal: index, code: code))
        } else {
          payloads.append(.presence)
        }
      case .condition, .log, .fact: break
      }
    }
    for index in launchedByMetric[metric] ?? []
    where value.isFinite && program.launched[index].matches(labels, workspace) {
      payloads.append(.launched(metric: index, identity: seriesIdentity(labels, without: "instance"), value: value))
    }
    return payloads.isEmpty && isIgnored ? .ignored : matched(payloads)
  }

  private func conditionStatus(_ label: String) -> String {
    switch label {
    case "true": "True"
    case "false": "False"
    case "unknown": "Unknown"
    default: label
    }
  }

  // MARK: Logs

  /// The log signals that read a source; `*` stands for every source.
  func signals(ofSource source: String) -> [Int] {
    logs.filter { index in
      guard case .log(let pattern) = program.signals[index].source else { return false }
      return source == "*" || pattern.reads(source)
    }
  }

  private func match(_ text: String, _ source: String, _ origin: Origin?, _ workspace: Workspace) -> Outcome {
    var text = text
    return text.withUTF8 { bytes in
      let subject = UnsafeRawBufferPointer(bytes)
      return matched(signals(ofSource: source).map { search(subject, signal: $0, origin, workspace) })
    }
  }

  private func search(
    _ subject: UnsafeRawBufferPointer, signal index: Int, _ origin: Origin?, _ workspace: Workspace
  ) -> Pending.Payload {
    let signal = program.signals[index]
    guard case .log(let pattern) = signal.source else { preconditionFailure("a log's signal is not a log") }
    let scanner = workspace.scanner
    switch scanner.search(pattern.regex, in: subject) {
    case .noMatch: return .line(signal: index, event: nil, key: [], hitLimit: false)
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

extension Selector {
  /// A missing label is `""`, as in Prometheus.
  func matches(_ labels: [String: String], _ workspace: Workspace) -> Bool {
    matchers.allSatisfy { label, test in
      let value = labels[label] ?? ""
      switch test {
      case .equal(let wanted): return value == wanted
      case .notEqual(let unwanted): return value != unwanted
      case .matches(let regex): return workspace.scanner.search(regex, in: value) == .match
      case .notMatches(let regex): return workspace.scanner.search(regex, in: value) == .noMatch
      }
    }
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
