// meaning.md §8: `since`, exact or at least a bound.

import CriteriaDiagnostics
import CriteriaSyntax

/// Which clock of a boolean: where its `since` stands, and in which row.
struct ClockKey: Hashable, Sendable {
  var site: SourceRange
  var row: Row
}

/// What a clock carries from tick to tick.
enum ClockState: Sendable, Hashable {
  case unknown
  case `false`
  /// True without a break since this tick; `isExact` if the tick before was false.
  case `true`(since: Int64, isExact: Bool)

  func next(_ truth: Bool?, at tick: Int64) -> ClockState {
    switch (truth, self) {
    case (nil, _): .unknown
    case (false?, _): .false
    case (true?, .true): self
    case (true?, .false): .true(since: tick, isExact: true)
    case (true?, .unknown): .true(since: tick, isExact: false)
    }
  }
}

extension Evaluation {
  func since(_ argument: Expr, at site: SourceRange, in row: Row) -> Value {
    if let path = argument.path, policy.names[path.first.value] == nil {
      if path.first.value == "fact" { return sinceFact(path.rest[0].value) }
      let signal = policy.signals[path.first.value]!
      return switch signal.kind {
      case .log(let log): sinceLog(signal, log, in: row)
      case .condition: sinceCondition(signal)
      case .info: sinceInfo(signal)
      case .fact(let name): sinceFact(name.value)
      case .gauge, .counter, .expression: preconditionFailure("`since` of a number")
      }
    }
    // In a row that its own signals lack, it is not watched.
    let state =
      instance.clocks[ClockKey(site: site, row: row)]
      ?? instance.clocks[ClockKey(site: site, row: .only)]
      ?? .unknown
    return switch state {
    case .unknown: .unknown
    case .false: .known(0)
    case .true(let start, isExact: true): elapsed(start)
    case .true(let start, isExact: false): atLeast(tick - start)
    }
  }

  private func elapsed(_ start: Int64) -> Value { .known(Double(tick - start) / 1000) }

  private func atLeast(_ milliseconds: Int64) -> Value {
    .atLeast(isFirstTick && assumeSteady ? .infinity : Double(milliseconds) / 1000)
  }

  private func sinceLog(_ signal: Signal, _ log: LogSource, in row: Row) -> Value {
    var sought = signal
    if signal.reduce != nil { sought.by = [] }
    return logTerm(sought, log, in: row) { events in
      if let newest = events.last, tick - newest.time <= signal.retention { return elapsed(newest.time) }
      let attached = tick - instance.streams.attachedSince(log, by: tick)!
      let isForgotten = instance.logs[signal.name]?.all.contains { tick - $0.time > signal.retention } ?? false
      return atLeast(isForgotten ? min(attached, signal.retention) : attached)
    }
  }

  private func sinceCondition(_ signal: Signal) -> Value {
    guard let entry = current(signal) else { return .unknown }
    if let since = entry.since { return elapsed(min(since, tick)) }
    return sinceRun(shownValues(of: signal).map { ($0.time, $0.value) })
  }

  private func sinceInfo(_ signal: Signal) -> Value {
    let shown = shownValues(of: signal).map { ($0.time, $0.value) }
    // The newest value seen may belong to a series that has ended while another one lives.
    guard let value = info(signal), value == shown.last?.1 else { return .unknown }
    return sinceRun(shown)
  }

  private func sinceFact(_ name: String) -> Value {
    if let signal = infoNamed(name), info(signal) != nil { return sinceInfo(signal) }
    return sinceRun((instance.inventory.facts[name] ?? []).map { ($0.time, $0.value) })
  }

  /// The last run of equal values.
  private func sinceRun(_ shown: [(time: Int64, value: String)]) -> Value {
    guard let newest = shown.last else { return .unknown }
    let run = shown.reversed().prefix { $0.value == newest.value }
    return run.count < shown.count ? elapsed(run.last!.time) : atLeast(tick - run.last!.time)
  }

  /// A comparison in which one side is only known to be at least a bound.
  func compareBound(_ comparison: ComparisonOperator, _ bound: Double, _ e: Double) -> Value {
    switch comparison {
    case .greater: bound > e ? .known(true) : .unknown
    case .greaterOrEqual: bound >= e ? .known(true) : .unknown
    case .less: bound >= e ? .known(false) : .unknown
    case .lessOrEqual: bound > e ? .known(false) : .unknown
    case .equal: bound > e ? .known(false) : .unknown
    case .notEqual: bound > e ? .known(true) : .unknown
    }
  }
}
