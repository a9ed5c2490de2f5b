extension Tick {
  /// Works out one feature of one row, and writes it into its register.
  ///
  /// - Parameter key: `nil` for a feature without keys.
  mutating func fill(_ feature: Plan.Feature, key: Int32?, _ row: Int) {
    let register = Int(feature.register) * frame.stride + place(row)
    switch feature.kind {
    case .latest(let signal): frame.numbers[register] = term(nil, signal, 0, feature, key, row)
    case .window(let kind, let signal, let length):
      switch plan.signals[signal].source {
      case .condition, .info: frame.numbers[register] = changes(signal, length, row)
      case .metric, .log, .fact: frame.numbers[register] = term(kind, signal, length, feature, key, row)
      }
    case .sinceSignal(let signal):
      let clock = feature.isKeyed && key == Row.unknownKey ? .unknown : since(signal, feature, key, row)
      write(clock, feature, row)
    case .sinceFact(let name): write(sinceFact(name, row), feature, row)
    case .age:
      let launched = launchTime(row)
      if let launched, launched > now { wakes[place(row)].at(launched) }
      write(launched.map { $0 <= now ? .exact(origin: $0) : .unknown } ?? .unknown, feature, row)
    case .driftCount: frame.numbers[register] = drift(row)?.count ?? .nan
    case .driftRatio:
      let ratio = drift(row).map { $0.count / Double($0.names) } ?? .nan
      frame.numbers[register] = ratio.isFinite ? ratio : .nan
    case .factNumber(let signal):
      guard case .fact(let name, let conversion) = workspace.program.signals[signal].source else { return }
      let code = factCode(name, row)
      let value = code == 0 ? .nan : decimal(workspace.strings[code]).map(conversion.apply) ?? .nan
      frame.numbers[register] = value.isFinite ? value : .nan
    case .absent(let signal, let length): frame.truths[register] = absent(signal, length, row)
    case .fact(let name): frame.strings[register] = factCode(name, row)
    case .label(let name):
      // Code 1 is the empty string.
      frame.strings[register] = block.cold[row].facts.labels.map { $0[name]?.value ?? 1 } ?? 0
    case .desired(let name): frame.strings[register] = desiredCode(name, row)
    case .status(let signal): frame.strings[register] = condition(signal, row)?.code ?? 0
    case .reason(let signal): frame.strings[register] = condition(signal, row)?.reason ?? 0
    case .info(let signal): frame.strings[register] = info(signal, row)
    case .capture(let signal, let index):
      frame.strings[register] = capture(signal, index, feature.isKeyed ? key : nil, row)
    }
  }

  private func write(_ clock: Clock, _ feature: Plan.Feature, _ row: Int) {
    write(
      clock, register: feature.register, boundRegister: feature.boundRegister, thresholds: feature.thresholds,
      isRestless: feature.isRestless, row)
  }

  private mutating func term(
    _ kind: WindowKind?, _ signal: Int, _ length: Int64, _ feature: Plan.Feature, _ key: Int32?, _ row: Int
  ) -> Double {
    if feature.isKeyed, key == Row.unknownKey { return .nan }
    let one = plan.signals[signal]
    let slot = Int(one.slot)
    let key = feature.isKeyed ? key : nil
    if one.source == .log {
      let window = Window(now: now, length: length, step: plan.step)
      return block.cold[row].logs[slot]
        .term(kind, window, signal: one, plan: plan.numbers[slot], key: key, &wakes[place(row)])
    }
    var isAmbiguous = false
    let value = block.set(slot, row).pointee
      .term(
        kind.map { WindowTerm($0, ticks: length / plan.step, last: number, plan.series[slot]) }, key: key, at: now,
        signal: one, plan: plan.series[slot], identities: workspace.identities, &wakes[place(row)],
        ambiguous: &isAmbiguous)
    if isAmbiguous { ambiguous.insert(signal) }
    return value
  }

  private func changes(_ signal: Int, _ length: Int64, _ row: Int) -> Double {
    let one = plan.signals[signal]
    let slot = Int(one.slot)
    if one.source == .condition {
      guard condition(signal, row) != nil else { return .nan }
      return block.cold[row].conditions[slot]
        .changes(from: now - length, staleAfter: one.staleAfter, window: length, &wakes[place(row)]) ?? .nan
    }
    guard info(signal, row) != 0 else { return .nan }
    return block.cold[row].infos[slot].timeline
      .changes(from: now - length, staleAfter: one.staleAfter, window: length, &wakes[place(row)]) ?? .nan
  }

  private func absent(_ signal: Int, _ length: Int64, _ row: Int) -> Truth {
    let slot = Int(plan.signals[signal].slot)
    let window = Window(now: now, length: length, step: plan.step)
    let place = place(row)
    let came: Bool
    switch workspace.program.signals[signal].source {
    case .metric: came = block.set(slot, row).pointee.hasSample(in: window, &wakes[place])
    case .log: came = block.cold[row].logs[slot].hasEvent(in: window, &wakes[place])
    case .info: came = block.cold[row].infos[slot].hasValue(in: window, &wakes[place])
    case .condition:
      came = block.cold[row].conditions[slot].hasValue(after: now - length, window: length, &wakes[place])
    case .fact(let name, _):
      came =
        block.cold[row].facts.facts[name]?.hasValue(after: now - length, window: length, &wakes[place]) ?? false
    }
    if came { return .no }
    return isKnown(for: length, since: max(block.knownSince[row], workspace.watchedSince[signal]), row)
      ? .yes : .unknown
  }

  private func condition(_ signal: Int, _ row: Int) -> Timeline.Entry? {
    let staleAfter = plan.signals[signal].staleAfter
    guard let newest = block.cold[row].conditions[Int(plan.signals[signal].slot)].newest, newest.code != 0,
      now - newest.time <= staleAfter
    else { return nil }
    if staleAfter < .max { wakes[place(row)].after(newest.time + staleAfter) }
    return newest
  }

  private func info(_ signal: Int, _ row: Int) -> UInt32 {
    let one = plan.signals[signal]
    return block.cold[row].infos[Int(one.slot)].value(at: now, signal: one, &wakes[place(row)])
  }

  private func capture(_ signal: Int, _ index: Int, _ key: Int32?, _ row: Int) -> UInt32 {
    let one = plan.signals[signal]
    guard key != Row.unknownKey,
      block.cold[row].logs[Int(one.slot)].isKnown(at: now, signal: one, &wakes[place(row)]),
      let newest = block.cold[row].logs[Int(one.slot)].newest(key: key)
    else { return 0 }
    wakes[place(row)].after(newest.time + one.retention)
    return workspace.strings.code(newest.captures[index])
  }

  // MARK: Facts

  /// The info signal of that name where it is known, else what facts told.
  private func factCode(_ name: UInt32, _ row: Int) -> UInt32 {
    if let signal = infoSignal(name) {
      let code = info(signal, row)
      if code != 0 { return code }
    }
    return block.cold[row].facts.facts[name]?.newest?.code ?? 0
  }

  private func infoSignal(_ name: UInt32) -> Int? {
    if plan.infos.count == 0 { return nil }
    return workspace.infoByName[name]
  }

  private func desiredCode(_ name: UInt32, _ row: Int) -> UInt32 {
    if let told = block.cold[row].facts.desired[name] { return told.value }
    let match = desiredMatch(row)
    guard match.entry >= 0, let entries = workspace.program.desired else { return 0 }
    return entries[Int(match.entry)].facts.first { $0.name == name }?.value ?? 0
  }

  /// How many desired facts differ, of how many; `nil` if that is unknown.
  private func drift(_ row: Int) -> (count: Double, names: Int)? {
    let match = desiredMatch(row)
    guard match.isSettled else { return nil }
    var names = Set(block.cold[row].facts.desired.keys)
    if match.entry >= 0, let entries = workspace.program.desired {
      names.formUnion(entries[Int(match.entry)].facts.map(\.name))
    }
    if workspace.program.desired == nil, names.isEmpty { return nil }
    var count = 0.0
    for name in names {
      let (actual, desired) = (factCode(name, row), desiredCode(name, row))
      if actual == 0 || desired == 0 { return nil }
      if actual != desired { count += 1 }
    }
    return (count, names.count)
  }

  private func launchTime(_ row: Int) -> Int64? {
    let launched = block.gates[row].launched
    if launched > .min { return launched }
    guard let seconds = block.cold[row].launchedMetrics.lazy.compactMap({ $0 }).first?.value else { return nil }
    let milliseconds = (seconds * 1000).rounded(.down)
    return milliseconds.magnitude < 1e17 ? Int64(milliseconds) : nil
  }

  // MARK: since

  private func since(_ signal: Int, _ feature: Plan.Feature, _ key: Int32?, _ row: Int) -> Clock {
    let one = plan.signals[signal]
    let slot = Int(one.slot)
    switch workspace.program.signals[signal].source {
    case .log:
      return block.cold[row].logs[slot]
        .since(at: now, signal: one, key: feature.isKeyed ? key : nil, &wakes[place(row)])
    case .condition:
      guard let newest = condition(signal, row) else { return .unknown }
      if let since = newest.since { return .exact(origin: min(since, now)) }
      return clock(of: block.cold[row].conditions[slot].run)
    case .info: return sinceInfo(signal, info(signal, row), row)
    case .fact(let name, _): return sinceFact(name, row)
    case .metric: return .unknown
    }
  }

  private func sinceFact(_ name: UInt32, _ row: Int) -> Clock {
    if let signal = infoSignal(name) {
      let value = info(signal, row)
      if value != 0 { return sinceInfo(signal, value, row) }
    }
    return clock(of: block.cold[row].facts.facts[name]?.run)
  }

  /// Unknown where the newest value seen is not the one that holds: its series has ended while another lives.
  private func sinceInfo(_ signal: Int, _ value: UInt32, _ row: Int) -> Clock {
    let run = block.cold[row].infos[Int(plan.signals[signal].slot)].timeline.run
    return run?.code == value ? clock(of: run) : .unknown
  }

  private func clock(of run: Timeline.Run?) -> Clock {
    guard let run else { return .unknown }
    return run.isExact ? .exact(origin: run.start) : .atLeast(origin: run.start, isMoving: true)
  }
}

/// A decimal number as facts and captures write it; `nil` if it does not read as one.
package func decimal(_ text: String) -> Double? {
  // Swift reads hexadecimal numbers and words too.
  guard text.utf8.allSatisfy(isDecimal), let value = Double(text), value.isFinite else { return nil }
  return value
}

private func isDecimal(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
    UInt8(ascii: "e"),
    UInt8(ascii: "E"):
    true
  default: false
  }
}
