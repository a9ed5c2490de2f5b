// meaning.md §2: samples become series.

import CriteriaSyntax

/// A sample, or the end of its series.
struct Entry: Sendable {
  var time: Int64
  /// Canonical units; `nil`: an end.
  var value: Double?
}

/// One series of one signal on one instance: what it has shown, in order of time.
struct Series: Sendable {
  var labels: [String: String]
  var entries: [Entry] = []

  var samples: [Sample] { entries.compactMap { entry in entry.value.map { Sample(time: entry.time, value: $0) } } }

  /// The values of labels, `""` where missing.
  func key(_ by: [String]) -> [String] { by.map { labels[$0] ?? "" } }

  /// §2.4.
  func isLive(at tick: Int64, staleAfter: Int64?) -> Bool {
    guard let newest = entries.last, newest.value != nil else { return false }
    return staleAfter.map { tick - newest.time <= $0 } ?? true
  }

  /// - Returns: Whether it took the place of another: the last to arrive replaces.
  @discardableResult
  mutating func insert(_ entry: Entry) -> Bool {
    let place = entries.firstIndex { $0.time >= entry.time } ?? entries.count
    if place < entries.count, entries[place].time == entry.time {
      entries[place] = entry
      return true
    }
    entries.insert(entry, at: place)
    return false
  }
}

struct Sample: Sendable {
  var time: Int64
  var value: Double
}

/// The labels of a series, for order and equality: `name NUL value NUL`, sorted by name as bytes.
struct Identity: Hashable, Comparable, Sendable {
  var bytes: [UInt8]
  init(_ labels: [String: String]) {
    bytes = labels.sorted { precedes($0.key, $1.key) }.flatMap { Array($0.key.utf8) + [0] + Array($0.value.utf8) + [0] }
  }
  static func < (a: Identity, b: Identity) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// All series of one gauge, counter or info signal on one instance.
struct MetricRecord: Sendable {
  var series: [Identity: Series] = [:]
  /// Of info signals: also what series that are forgotten have shown, since a change is remembered longer.
  var everything: [Identity: Series] = [:]
  /// The times of what `max_keys` refused.
  var refused: [Int64] = []
  /// §5.5.
  private(set) var isSeen = false

  /// In order of identity.
  var sorted: [Series] { series.sorted { $0.key < $1.key }.map(\.value) }

  enum Insertion { case added, replaced, refused }

  mutating func insert(_ entry: Entry, labels: [String: String], maxKeys: Int) -> Insertion {
    isSeen = true
    let identity = Identity(labels)
    everything[identity, default: Series(labels: labels)].insert(entry)
    if series[identity] == nil && series.count >= maxKeys {
      refused.append(entry.time)
      return .refused
    }
    return series[identity, default: Series(labels: labels)].insert(entry) ? .replaced : .added
  }

  func isOverflowed(at tick: Int64, retention: Int64) -> Bool { refused.contains { tick - $0 <= retention } }

  /// §2.5.
  mutating func forget(at tick: Int64, retention: Int64) {
    series = series.filter { tick - $0.value.entries.last!.time <= retention }
  }

  mutating func forget(before launch: Int64, isInfo: Bool) {
    func keepingNew(_ all: [Identity: Series]) -> [Identity: Series] {
      all.mapValues { Series(labels: $0.labels, entries: $0.entries.filter { $0.time >= launch }) }
        .filter { !$0.value.entries.isEmpty }
    }
    series = keepingNew(series)
    everything = keepingNew(everything)
    refused.removeAll { $0 < launch }
    isSeen = !(isInfo ? everything : series).isEmpty || !refused.isEmpty
  }

}

extension Instance {
  /// §2.1–2.3.
  mutating func applySample(
    _ metric: String, _ labels: [String: String], _ raw: Double, at arrival: Arrival, _ policy: Policy
  ) {
    let time = arrival.time
    for signal in policy.signals.values {
      switch signal.kind {
      case .gauge(let source), .counter(let source):
        guard source.takes(metric, labels, raw) else { continue }
        var value = raw
        if let scale = source.scale { value *= scale.value }
        if let unit = signal.unit { value = unit.canonical(value) }
        store(value.isFinite ? value : nil, labels, signal, at: time)
      case .info(let selector, _):
        guard selector.value.matches(metric, labels) else { continue }
        store(raw.isFinite ? raw : nil, labels, signal, at: time)
      case .condition(let source):
        applySample(metric, labels, raw, source, of: signal, at: arrival)
      case .log, .fact, .expression: continue
      }
    }
    for (index, selector) in policy.launched.enumerated() where selector.matches(metric, labels) && raw.isFinite {
      launchMetrics[index, default: LaunchRecord()].insert(raw, Identity(labels.without("instance")), at: time)
    }
  }

  private mutating func store(_ value: Double?, _ labels: [String: String], _ signal: Signal, at time: Int64) {
    let insertion = metrics[signal.name, default: MetricRecord()].insert(
      Entry(time: time, value: value), labels: labels.without(signal.instanceLabel), maxKeys: signal.maxKeys)
    switch insertion {
    case .added: break
    case .replaced: if case .info = signal.kind {} else { dropped.duplicate += 1 }
    case .refused: dropped.refused += 1
    }
  }

  /// Series and log keys whose time has run out; after the tick's observations, before its terms.
  mutating func forget(at tick: Int64, _ policy: Policy) {
    for (name, signal) in policy.signals {
      metrics[name]?.forget(at: tick, retention: signal.retention)
      if signal.isLog { logs[name]?.forget(at: tick, retention: signal.retention) }
    }
  }
}

extension MetricSource {
  func takes(_ metric: String, _ labels: [String: String], _ raw: Double) -> Bool {
    selector.value.matches(metric, labels) && !(ignore?.value.takes(raw) ?? false)
  }
}

extension Ignore {
  func takes(_ raw: Double) -> Bool { raw.isFinite && compare(comparison, raw, bound) }
}

extension MetricSelector {
  /// Anchored, as in Prometheus; a missing label is `""`.
  func matches(_ name: String, _ labels: [String: String]) -> Bool {
    if name != metric { return false }
    return matchers.allSatisfy { matcher in
      let value = labels[matcher.label] ?? ""
      return switch matcher.comparison {
      case .equal: value == matcher.value
      case .notEqual: value != matcher.value
      case .matches: Pattern(matcher.value).matchesWhole(value)
      case .notMatches: !Pattern(matcher.value).matchesWhole(value)
      }
    }
  }
}

extension Policy {
  /// Whether any signal has a use for it.
  func takes(_ observation: RawObservation) -> Bool {
    switch observation.content {
    case .sample(let metric, let labels, let raw):
      signals.values.contains { signal in
        switch signal.kind {
        case .gauge(let source), .counter(let source): source.takes(metric, labels, raw)
        case .info(let selector, _): selector.value.matches(metric, labels)
        case .condition(let source): source.takes(metric, labels)
        case .log, .fact, .expression: false
        }
      } || launched.contains { $0.matches(metric, labels) }
    case .line(_, let source):
      signals.values.contains { if case .log(let log) = $0.kind { log.takes(source: source) } else { false } }
    case .condition(let type, _, _, _):
      signals.values.contains { if case .condition(let source) = $0.kind { source.type.value == type } else { false } }
    case .facts, .attach: true
    }
  }
}

extension [String: String] {
  func without(_ name: String) -> [String: String] {
    var copy = self
    copy[name] = nil
    return copy
  }
}
