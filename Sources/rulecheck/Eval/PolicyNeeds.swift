import CriteriaEngine
import CriteriaReaders

/// What a policy asks of the inputs.
struct PolicyNeeds {
  private let program: Program

  init(_ program: Program) { self.program = program }

  /// What the readers keep; the rest is only counted.
  var filter: InputFilter {
    var metrics: [String: [String]] = [:]
    var logs: [InputFilter.LogPattern] = []
    var conditions: Set<String> = []
    func add(_ selector: Selector, _ label: String) {
      if !(metrics[selector.metric] ?? []).contains(label) { metrics[selector.metric, default: []].append(label) }
    }
    for signal in program.signals {
      switch signal.source {
      case .metric(let selector, _, _), .info(let selector, _): add(selector, signal.instanceLabel)
      case .condition(let type, let from, _, _):
        conditions.insert(type)
        if let from { add(from, signal.instanceLabel) }
      case .log(let pattern): logs.append(InputFilter.LogPattern(sources: pattern.sources, regex: pattern.regex))
      case .fact: break
      }
    }
    for selector in program.launched { add(selector, "instance") }
    return InputFilter(metrics: metrics, logs: logs, conditions: conditions)
  }

  /// How far back the policy's rules can look, in milliseconds: shorter histories would change what they say.
  var history: Int64 {
    let rules = program.rules.map { $0.for + $0.hold + $0.longestWindow }.max() ?? 0
    let signals = program.signals.map(\.retention).max() ?? 0
    return rules + signals + program.step
  }
}

/// The signals that rules need and no input has fed yet, on any instance.
struct UnfedSignals {
  private let program: Program
  private let scanner = RegexScanner()
  /// Indices of signals, by what would feed them: only those that still wait are looked at.
  private var byMetric: [String: [Int]] = [:]
  private var byCondition: [String: [Int]] = [:]
  private var byFact: [String: [Int]] = [:]
  private var logs: [Int] = []
  /// Conditions that one of their two ways has fed.
  private var told: Set<Int> = []

  init(_ program: Program) {
    self.program = program
    var needed: Set<Int> = []
    for rule in program.rules {
      needed.formUnion(Set(rule.signals + rule.keyedSignals).subtracting(rule.optionalSignals))
    }
    // What is only asked whether it is absent need not be there.
    var absent: Set<Int> = []
    var read: Set<Int> = []
    for feature in program.features {
      if case .absent(let signal, _) = feature.kind {
        absent.insert(signal)
      } else if let signal = feature.signal {
        read.insert(signal)
      }
    }
    needed.subtract(absent.subtracting(read))
    for index in needed.sorted() {
      switch program.signals[index].source {
      case .metric(let selector, _, _), .info(let selector, _): byMetric[selector.metric, default: []].append(index)
      case .condition(let type, let from, _, _):
        byCondition[type, default: []].append(index)
        if let from { byMetric[from.metric, default: []].append(index) }
      case .fact(let name, _): byFact[program.string(name), default: []].append(index)
      case .log: logs.append(index)
      }
    }
  }

  /// In the order of the policy.
  var names: [String] {
    let waiting = logs + [byMetric, byCondition, byFact].flatMap { $0.values.flatMap { $0 } }
    return Set(waiting).subtracting(told).sorted().map { program.signals[$0].name }
  }

  /// - Complexity: O(1) once everything of its kind is fed.
  mutating func see(_ observation: Observation) {
    switch observation {
    case .sample(let metric, let labels, _):
      guard let waiting = byMetric[metric], !waiting.isEmpty else { return }
      let fed = waiting.filter { matches(program.signals[$0], labels) }
      if fed.isEmpty { return }
      told.formUnion(fed)
      byMetric[metric] = waiting.filter { !fed.contains($0) }
    case .line(_, let source): see(log: source)
    case .condition(let type, _, _, _): told.formUnion(byCondition.removeValue(forKey: type) ?? [])
    case .facts(let facts, _, _, _): for name in facts.keys { byFact[name] = nil }
    }
  }

  /// - Parameter source: `*`: all sources.
  mutating func see(log source: String) {
    logs.removeAll { index in
      guard case .log(let pattern) = program.signals[index].source else { return false }
      return source == "*" || pattern.reads(source)
    }
  }

  private func matches(_ signal: Program.Signal, _ labels: [String: String]) -> Bool {
    switch signal.source {
    case .metric(let selector, _, _), .info(let selector, _): selector.matches(labels, scanner)
    case .condition(let type, let from?, let typeLabel, _): labels[typeLabel] == type && from.matches(labels, scanner)
    case .condition, .log, .fact: false
    }
  }
}
