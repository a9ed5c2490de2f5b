// meaning.md §7: conditions, infos, facts, drift, age.

import CriteriaSyntax

struct ConditionEntry: Sendable, Hashable {
  var time: Int64
  var status: String
  var reason: String?
  /// What the entry itself says of its last change.
  var since: Int64?
}

/// What one condition signal has shown on one instance.
struct ConditionRecord: Sendable {
  enum Shown: Sendable {
    case entry(ConditionEntry)
    /// A series of the condition's metric ended; it counts if the status was the current one.
    case end(status: String)
  }
  private var shown: [(time: Int64, order: Int, series: Identity?, what: Shown)] = []

  mutating func told(_ entry: ConditionEntry, order: Int) {
    insert(.entry(entry), at: entry.time, order: order, series: nil)
  }

  mutating func insert(_ what: Shown, at time: Int64, order: Int, series: Identity?) {
    // The last to arrive of one time replaces; of two series of a metric, only the same one.
    shown.removeAll { old in
      guard old.time == time else { return false }
      if series != nil && old.series == series { return true }
      if case .entry = old.what, case .entry = what { return true }
      return false
    }
    shown.append((time, order, series, what))
    shown.sort { ($0.time, $0.order) < ($1.time, $1.order) }
  }

  var isSeen: Bool { shown.contains { if case .entry = $0.what { true } else { false } } }

  mutating func forget(before launch: Int64) { shown.removeAll { $0.time < launch } }

  /// Entries in order of time, and the ends that counted.
  func entries<T>(_ body: ([ConditionEntry]) -> T) -> T { body(history.compactMap { $0.entry }) }

  /// `entry` is `nil` for an end.
  var history: [(time: Int64, entry: ConditionEntry?)] {
    var found: [(time: Int64, entry: ConditionEntry?)] = []
    var current: String?
    for one in shown {
      switch one.what {
      case .entry(let entry):
        found.append((one.time, entry))
        current = entry.status
      case .end(let status) where status == current:
        found.append((one.time, nil))
        current = nil
      case .end: break
      }
    }
    return found
  }
}

extension ConditionSource {
  func takes(_ metric: String, _ labels: [String: String]) -> Bool {
    guard let from else { return false }
    return from.value.matches(metric, labels) && labels[typeLabel?.value ?? "type"] ?? "" == type.value
  }
}

extension Instance {
  /// §7.1, `from:`.
  mutating func applySample(
    _ metric: String, _ labels: [String: String], _ value: Double, _ source: ConditionSource, of signal: Signal,
    at arrival: Arrival
  ) {
    guard source.takes(metric, labels) else { return }
    var status = labels[source.statusLabel?.value ?? "status"] ?? ""
    status = ["true": "True", "false": "False", "unknown": "Unknown"][status] ?? status
    let series = Identity(labels.without(signal.instanceLabel))
    if value == 1 {
      let entry = ConditionEntry(time: arrival.time, status: status, reason: nil, since: nil)
      conditions[signal.name, default: ConditionRecord()].insert(
        .entry(entry), at: arrival.time, order: arrival.order, series: series)
    } else if !value.isFinite {
      conditions[signal.name, default: ConditionRecord()].insert(
        .end(status: status), at: arrival.time, order: arrival.order, series: series)
    }
  }
}

/// Facts, labels and wishes, each with the time at which it was told.
struct Inventory: Sendable {
  typealias Told = [(time: Int64, value: String)]
  var facts: [String: Told] = [:]
  var labels: [String: Told] = [:]
  var desired: [String: Told] = [:]
  /// When labels were told at all, even if none.
  var labelTimes: [Int64] = []
  var launched: Int64?

  mutating func told(facts new: [String: String], labels: [String: String]?, desired: [String: String]?, at time: Int64)
  {
    func merge(_ new: [String: String], into old: inout [String: Told]) {
      for (name, value) in new {
        old[name, default: []].removeAll { $0.time == time }
        old[name]!.append((time, value))
        old[name]!.sort { $0.time < $1.time }
      }
    }
    merge(new, into: &facts)
    merge(labels ?? [:], into: &self.labels)
    merge(desired ?? [:], into: &self.desired)
    if labels != nil { labelTimes.append(time) }
  }

  mutating func forget(before launch: Int64) {
    func keep(_ all: [String: Told]) -> [String: Told] {
      all.mapValues { $0.filter { $0.time >= launch } }.filter { !$0.value.isEmpty }
    }
    facts = keep(facts)
    labels = keep(labels)
    desired = keep(desired)
    labelTimes.removeAll { $0 < launch }
  }
}

/// The samples of one of the policy's `launched:` metrics.
struct LaunchRecord: Sendable {
  var samples: [(time: Int64, series: Identity, value: Double)] = []

  mutating func insert(_ value: Double, _ series: Identity, at time: Int64) {
    samples.removeAll { $0.time == time && $0.series == series }
    samples.append((time, series, value))
  }
  mutating func forget(before launch: Int64) { samples.removeAll { $0.time < launch } }

  /// Milliseconds since 1970, of the newest sample; at the same time, of the greatest identity.
  var launched: Int64? {
    samples.max { ($0.time, $0.series) < ($1.time, $1.series) }.map {
      Int64(max(-1e18, min(1e18, ($0.value * 1000).rounded(.down))))
    }
  }
}

extension Evaluation {
  /// The entry of a condition that holds now.
  func current(_ signal: Signal) -> ConditionEntry? {
    guard let newest = instance.conditions[signal.name]?.history.last, let entry = newest.entry else { return nil }
    return signal.staleAfter.map { tick - entry.time <= $0 } ?? true ? entry : nil
  }

  /// §7.2.
  func info(_ signal: Signal) -> String? {
    guard case .info(_, let label) = signal.kind, let record = instance.metrics[signal.name],
      !record.isOverflowed(at: tick, retention: signal.retention)
    else { return nil }
    let live = record.sorted.filter { $0.isLive(at: tick, staleAfter: signal.staleAfter) }
    let newest = live.map { $0.entries.last!.time }.max()
    let values = Set(
      live.filter { $0.entries.last!.time == newest }.map { $0.labels[label?.value ?? signal.name] ?? "" })
    return values.count == 1 ? values.first : nil
  }

  /// What an info or a condition has shown, one value a time, with the times of what ended each.
  func shownValues(of signal: Signal) -> [(time: Int64, value: String, end: Int64?)] {
    switch signal.kind {
    case .condition:
      let history = instance.conditions[signal.name]?.history ?? []
      return history.compactMap { one in
        one.entry.map { entry in
          (one.time, entry.status, history.first { $0.entry == nil && $0.time >= one.time }?.time)
        }
      }
    case .info(_, let label):
      var byTime: [Int64: [(value: String, end: Int64?)]] = [:]
      for series in instance.metrics[signal.name]?.everything.values.map(\.self) ?? [] {
        for sample in series.samples {
          let end = series.entries.first { $0.value == nil && $0.time > sample.time }?.time
          byTime[sample.time, default: []].append((series.labels[label?.value ?? signal.name] ?? "", end))
        }
      }
      return byTime.sorted { $0.key < $1.key }.compactMap { time, shown in
        if Set(shown.map(\.value)).count > 1 { return nil }
        return (time, shown[0].value, shown.compactMap(\.end).min())
      }
    case .gauge, .counter, .log, .fact, .expression: return []
    }
  }

  /// §7.3.
  func changes(of signal: Signal, _ length: Int64) -> Value {
    let window = self.window(length)
    let isKnown = if case .condition = signal.kind { current(signal) != nil } else { info(signal) != nil }
    let shown = shownValues(of: signal)
    if !isKnown || !shown.contains(where: { window.contains($0.time) }) { return .unknown }
    let changes = zip(shown, shown.dropFirst()).count { p, q in
      if p.value == q.value || !window.contains(q.time) { return false }
      if window.contains(p.time) { return true }
      return q.time - p.time <= signal.staleAfter! && !(p.end.map { $0 < q.time } ?? false)
    }
    return .number(Double(changes))
  }

  /// The info signal whose name is that of a fact.
  func infoNamed(_ name: String) -> Signal? {
    guard let signal = policy.signals[name], case .info = signal.kind else { return nil }
    return signal
  }

  /// §7.4.
  func fact(_ name: String) -> String? {
    if let signal = infoNamed(name), let value = info(signal) { return value }
    return instance.inventory.facts[name]?.last?.value
  }

  func label(_ name: String) -> String? {
    if instance.inventory.labelTimes.isEmpty { return nil }
    return instance.inventory.labels[name]?.last?.value ?? ""
  }

  /// The one entry of `desired:` that matches for certain.
  private var matchingEntry: DesiredEntry? {
    let answers = (policy.desired ?? []).map { entry in
      (entry, entry.condition.map { evaluate($0, in: .only) } ?? .bool(true))
    }
    let matching = answers.filter { $0.1 == .bool(true) }
    return matching.count == 1 && !answers.contains { $0.1.bool == nil } ? matching[0].0 : nil
  }

  func desired(_ name: String) -> String? {
    if let told = instance.inventory.desired[name]?.last { return told.value }
    return matchingEntry?.facts.first { $0.name.value == name }?.value.value
  }

  /// §7.5.
  func drifted(_ name: String) -> Bool? {
    guard let fact = fact(name), let desired = desired(name) else { return nil }
    return fact != desired
  }

  func drift() -> (count: Double, names: Double)? {
    var names = Set(instance.inventory.desired.keys)
    if policy.desired != nil {
      guard let entry = matchingEntry else { return nil }
      names.formUnion(entry.facts.map(\.name.value))
    }
    if names.isEmpty { return nil }
    var count = 0.0
    for name in names {
      guard let drifted = drifted(name) else { return nil }
      if drifted { count += 1 }
    }
    return (count, Double(names.count))
  }

  /// §7.6, in seconds.
  var age: Double? {
    let seen = policy.launched.indices.compactMap { instance.launchMetrics[$0]?.launched }
    guard let launched = instance.inventory.launched ?? seen.first, launched <= tick else { return nil }
    return Double(tick - launched) / 1000
  }
}
