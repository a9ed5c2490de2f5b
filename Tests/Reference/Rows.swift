// meaning.md §10: a rule over keyed signals is evaluated per key.

import CriteriaSyntax

extension Evaluation {
  /// The keys that live now.
  func livingKeys(of signal: Signal) -> Set<[String]> {
    if signal.isLog {
      guard let record = instance.logs[signal.name] else { return [] }
      return Set(record.events.filter { tick - $0.time <= signal.retention }.map(\.key))
    }
    guard let record = instance.metrics[signal.name] else { return [] }
    return Set(
      record.series.values.filter { $0.isLive(at: tick, staleAfter: signal.staleAfter) }.map { $0.key(signal.by) })
  }

  func isOverflowed(_ signal: Signal) -> Bool {
    signal.isLog
      ? instance.logs[signal.name]?.isOverflowed(at: tick, retention: signal.retention) ?? false
      : instance.metrics[signal.name]?.isOverflowed(at: tick, retention: signal.retention) ?? false
  }

  /// The rows of what reads these keyed signals, in order.
  func rows(of keyed: [String]) -> [Row] {
    if keyed.isEmpty { return [.only] }
    let signals = keyed.map { policy.signals[$0]! }
    let known = signals.filter { isSeen($0) && !isOverflowed($0) }
    let keys = Set(known.flatMap { instance.keys[$0.name] ?? [] })
    let hasUnknown = known.count < signals.count
    return (keys.map { Row.key($0) } + (hasUnknown ? [.unknown] : [])).sorted()
  }
}

extension Instance {
  /// K(t): the living keys of each signal; if none lives, those of the tick before.
  mutating func updateKeys(_ evaluation: Evaluation) {
    for signal in evaluation.policy.signals.values where signal.isKeyed {
      let living = evaluation.livingKeys(of: signal)
      if !living.isEmpty { keys[signal.name] = Array(living) }
    }
  }
}
