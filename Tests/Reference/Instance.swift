// meaning.md §1.6–1.8: what one instance has shown, sorted by signal, and its predecessors.

import CriteriaSyntax

/// Everything that is known of one instance, and what is carried from tick to tick.
struct Instance: Sendable {
  let id: String
  var dropped = Dropped()
  /// The visible observations: of gauges, counters and infos, by signal.
  var metrics: [String: MetricRecord] = [:]
  var logs: [String: LogRecord] = [:]
  var streams = Streams()
  var conditions: [String: ConditionRecord] = [:]
  var inventory = Inventory()
  var launchMetrics: [Int: LaunchRecord] = [:]
  var knownSince: Int64?

  /// Carried from tick to tick.
  var machines: [String: RuleMachines] = [:]
  var clocks: [ClockKey: ClockState] = [:]
  var keys: [String: [[String]]] = [:]
  var hasBeenJudged = false
  var latest: Judgement?

  init(id: String) { self.id = id }

  /// Takes one observation, in the order of time.
  mutating func apply(_ arrival: Arrival, _ policy: Policy, _ hitsLimit: ((String, String) -> Bool)?) {
    let before = dropped
    dropped = Dropped()
    defer {
      let now = dropped
      dropped = before
      dropped.count(now)
    }
    let time = arrival.time
    if let launched = inventory.launched, time < launched {
      dropped.predecessor += 1
      return
    }
    switch arrival.observation.content {
    case .sample(let metric, let labels, let value):
      applySample(metric, labels, value, at: arrival, policy)
    case .line(let text, let source):
      streams.note(line: source, at: time)
      for signal in policy.signals.values {
        guard case .log(let log) = signal.kind, log.takes(source: source) else { continue }
        if hitsLimit?(log.match.value, text) ?? false {
          dropped.limited += 1
          logs[signal.name, default: LogRecord()].limited.append(time)
        } else {
          applyLine(text, signal, log, at: arrival)
        }
      }
    case .attach(let source):
      streams.note(attached: source, at: time)
    case .condition(let type, let status, let reason, let since):
      for signal in policy.signals.values {
        guard case .condition(let source) = signal.kind, source.type.value == type else { continue }
        conditions[signal.name, default: ConditionRecord()].told(
          ConditionEntry(time: time, status: status, reason: reason, since: since), order: arrival.order)
      }
    case .facts(let facts, let labels, let desired, let launched):
      if let launched, launched <= time, launched > inventory.launched ?? .min { begin(at: launched, policy) }
      inventory.told(facts: facts, labels: labels, desired: desired, at: time)
    }
    knownSince = min(knownSince ?? time, time)
  }

  /// §1.8: what was seen before belongs to a predecessor of the same name.
  private mutating func begin(at launch: Int64, _ policy: Policy) {
    inventory.launched = launch
    guard let since = knownSince, since < launch else { return }
    for name in metrics.keys {
      let isInfo = if case .info? = policy.signals[name]?.kind { true } else { false }
      metrics[name]!.forget(before: launch, isInfo: isInfo)
    }
    for name in logs.keys { logs[name]!.forget(before: launch) }
    for name in conditions.keys { conditions[name]!.forget(before: launch) }
    for index in launchMetrics.keys { launchMetrics[index]!.forget(before: launch) }
    streams.forget(before: launch)
    inventory.forget(before: launch)
    knownSince = launch
    machines = [:]
    clocks = [:]
    keys = [:]
    latest = nil
  }
}
