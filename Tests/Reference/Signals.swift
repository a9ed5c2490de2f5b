// meaning.md §5: from series to signals.

import CriteriaSyntax

/// Which row of a rule an expression is evaluated in.
enum Row: Hashable, Sendable, Comparable {
  /// The one row of what reads no keyed signal.
  case only
  case key([String])
  /// Stands for keys that are not known yet.
  case unknown

  /// Keys in byte order of their parts, the unknown row last.
  static func < (a: Row, b: Row) -> Bool {
    switch (a, b) {
    case (.key(let a), .key(let b)): a.lexicographicallyPrecedes(b, by: precedes)
    case (.unknown, _), (_, .only): false
    case (_, .unknown), (.only, _): true
    }
  }
}

extension Evaluation {
  /// A term of a gauge or counter: `f` of each series that counts, made one value.
  func metricTerm(_ signal: Signal, in row: Row, _ f: (Series) -> Double?) -> Value {
    guard let record = instance.metrics[signal.name] else { return .unknown }
    if record.isOverflowed(at: tick, retention: signal.retention) { return .unknown }
    let live = record.sorted.filter { $0.isLive(at: tick, staleAfter: signal.staleAfter) }
    if let reduction = signal.reduce { return reduce(reduction, live.map(f)) }
    var ofRow = live
    if signal.isKeyed {
      guard case .key(let key) = row else { return .unknown }
      ofRow = live.filter { $0.key(signal.by) == key }
    }
    return ofRow.count == 1 ? .known(f(ofRow[0])) : .unknown
  }

  /// §5.1: those without a value are left out; of none, unknown.
  func reduce(_ reduction: Reduction, _ values: [Double?]) -> Value {
    let known = values.compactMap { $0 }
    if known.isEmpty { return .unknown }
    let sum = known.dropFirst().reduce(known[0], +)
    return switch reduction {
    case .sum: .known(sum)
    case .avg: .known(sum / Double(known.count))
    case .min: .known(known.min()!)
    case .max: .known(known.max()!)
    case .count: .known(Double(known.count))
    }
  }

  /// §5.5.
  func isSeen(_ signal: Signal) -> Bool {
    switch signal.kind {
    case .gauge, .counter, .info: instance.metrics[signal.name]?.isSeen ?? false
    case .log(let log): instance.streams.attachedSince(log, by: tick) != nil
    case .condition: instance.conditions[signal.name]?.isSeen ?? false
    case .fact(let name): instance.inventory.facts[name.value] != nil || infoNamed(name.value).map(isSeen) ?? false
    case .expression: true
    }
  }

  /// §3, the last row of the table.
  func absent(_ signal: Signal, _ length: Int64) -> Value {
    let window = self.window(length)
    let times: [Int64]
    switch signal.kind {
    case .gauge, .counter, .info:
      let all = instance.metrics[signal.name]?.everything.values.flatMap(\.samples) ?? []
      times = all.map(\.time)
    case .log: times = instance.logs[signal.name]?.all.map(\.time) ?? []
    case .condition: times = instance.conditions[signal.name]?.entries(\.self).map(\.time) ?? []
    case .fact, .expression: preconditionFailure("`absent` of what has no window")
    }
    if times.contains(where: window.contains) { return .known(false) }
    return isKnown(for: length) ? .known(true) : .unknown
  }

  /// Whether the instance has been known for so long.
  func isKnown(for length: Int64) -> Bool {
    if assumeSteady { return true }
    return tick - instance.knownSince! >= length
  }
}
