/// One series of one signal, for feeding it past selectors, scales and units.
package struct SignalSeries: Hashable, Sendable {
  let signal: Int
  let identity: Int32
  let key: Int32
}

/// What a test of a policy says of a signal, in the signal's own terms: what a metric's sample or a log's line would have come to.
package enum SignalObservation: Sendable {
  /// A value after scale and unit; one that is not finite ends the series.
  case sample(SignalSeries, Double)
  /// A line that the pattern matched: its groups, and what `value:` reads, after the unit.
  case event(signal: Int, groups: [String: String], value: Double?)
  /// A line that the pattern does not match.
  case otherLine(signal: Int)
  case attach(signal: Int)
  case condition(signal: Int, status: String, reason: String)
  /// The condition ends; its status was this.
  case conditionEnd(signal: Int, status: String)
  /// The label's value of an info signal; `nil` ends the series.
  case info(SignalSeries, String?)
}

extension FleetState {
  /// A series of a metric or info signal.
  ///
  /// - Parameter labels: What tells it from other series of the signal; of a signal with `by`, its key's labels among them.
  package func series(ofSignal index: Int, _ labels: [String: String]) -> SignalSeries {
    let signal = program.signals[index]
    return SignalSeries(
      signal: index, identity: workspace.identities.number(seriesIdentity(labels, without: signal.instanceLabel)),
      key: signal.isKeyed ? workspace.keys.number(signal.by.map { labels[$0] ?? "" }) : 0)
  }

  /// Takes in what a test says of a signal: no other signal sees it, even one of the same metric or source.
  package func observe(_ observation: SignalObservation, of id: String, at time: Timestamp) -> ObserveResult {
    let moment = time.milliseconds.clampedToTime
    if moment < earliest { return count(.late) }
    let (block, row) = place(number(of: id))
    return enqueue([payload(of: observation)], block, row, at: moment)
  }

  /// All rules start anew with the next tick, which runs for every instance: what was observed stays.
  package func restartRules() {
    guard let lastTick else { return }
    for block in blocks {
      for row in 0..<block.count where block.isUsed[row] {
        block.resetRules(row)
        block.wake[row] = lastTick + 1
        block.updateDue(row, after: lastTick * plan.step)
      }
    }
  }

  private func payload(of observation: SignalObservation) -> Pending.Payload {
    switch observation {
    case .sample(let series, let value):
      return .sample(
        signal: Int32(series.signal), identity: series.identity, key: series.key, value: value.isFinite ? value : .nan)
    case .event(let index, let groups, let value):
      let signal = program.signals[index]
      guard case .log(let pattern) = signal.source else { preconditionFailure("an event of a signal that is no log") }
      let event = LogEvent(
        time: 0, value: value ?? .nan, captures: pattern.captures.map { groups[$0] ?? "" }, origin: nil)
      return .line(signal: index, event: event, key: signal.by.map { groups[$0] ?? "" }, hitLimit: false)
    case .otherLine(let index): return .unmatchedLine(signals: [index])
    case .attach(let index): return .attach(signal: index)
    case .condition(let index, let status, let reason):
      return .condition(
        signal: index, code: workspace.strings.code(status), reason: workspace.strings.code(reason), since: nil)
    case .conditionEnd(let index, let status):
      return .conditionEnd(signal: index, code: workspace.strings.code(status))
    case .info(let series, let value):
      return .info(
        signal: series.signal, identity: series.identity, code: value.map { workspace.strings.code($0) } ?? 0)
    }
  }
}
