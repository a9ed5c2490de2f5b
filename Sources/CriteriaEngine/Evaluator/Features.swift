/// One tick of one instance: reads its state, fills registers, and learns when time alone will change something.
struct Tick {
  let workspace: Workspace
  let now: Int64
  var wake: Wake
  /// Signals of which several series live where one is wanted.
  var ambiguous: Set<Int> = []
  /// The matching `desired:` entry: `nil` if there is not exactly one certain match.
  private var desiredEntry: Int?
  /// `desired:` is absent, or has exactly one certain match.
  private var desiredIsSettled = true
  /// Why `desired:` says nothing, where it does not.
  private(set) var desiredProblem: String?

  init(_ workspace: Workspace, tick: Int64) {
    self.workspace = workspace
    let step = workspace.program.step
    now = tick * step
    wake = Wake(now: tick, step: step)
  }

  private func isFirst(_ instance: Instance) -> Bool {
    instance.firstTick.map { $0 == wake.now } ?? true
  }

  /// How long the instance has been known, in milliseconds.
  mutating func isKnown(for duration: Int64, _ instance: Instance) -> Bool {
    if workspace.assumesSteady { return true }
    guard let since = instance.knownSince else { return false }
    if now - since >= duration { return true }
    wake.at(since + duration)
    return false
  }

  // MARK: Rows

  mutating func updateKeys(_ instance: inout Instance) {
    for signal in workspace.layout.keyedMetrics {
      instance.metrics[workspace.layout.slot[signal]].updateKeys(
        at: now, signal: workspace.program.signals[signal], &wake)
    }
    for signal in workspace.layout.keyedLogs {
      instance.logs[workspace.layout.slot[signal]].updateKeys(at: now, signal: workspace.program.signals[signal], &wake)
    }
  }

  func isSeen(_ signal: Int, _ instance: Instance) -> Bool {
    let slot = workspace.layout.slot[signal]
    switch workspace.program.signals[signal].source {
    case .metric: return instance.metrics[slot].isSeen
    case .log: return instance.logs[slot].isSeen
    case .condition: return instance.conditions[slot].isSeen
    case .info: return instance.infos[slot].isSeen
    case .fact(let name, _): return instance.facts.facts[name] != nil
    }
  }

  /// The rows over some keyed signals, in order; the unknown row last.
  mutating func rows(over signals: [Int], _ instance: Instance) -> [Int32] {
    guard !signals.isEmpty else { return [0] }
    var rows: [Int32] = []
    var known: Set<Int32> = []
    var hasUnknown = false
    for signal in signals {
      let slot = workspace.layout.slot[signal]
      let one = workspace.program.signals[signal]
      let keys: [Int32]
      let isOverflowed: Bool
      if case .log = one.source {
        keys = instance.logs[slot].keys
        isOverflowed = instance.logs[slot].isOverflowed(at: now, retention: one.retention, &wake)
      } else {
        keys = instance.metrics[slot].keys
        isOverflowed = instance.metrics[slot].isOverflowed(at: now, retention: one.retention, &wake)
      }
      if isOverflowed || !isSeen(signal, instance) {
        hasUnknown = true
      } else {
        // The keys of one signal differ from one another.
        if signals.count == 1 {
          rows = keys
        } else {
          for key in keys where known.insert(key).inserted { rows.append(key) }
        }
      }
    }
    let keys = workspace.keys
    rows.sort { keys.precedes($0, $1) }
    return hasUnknown ? rows + [Row.unknownKey] : rows
  }

  // MARK: Registers

  /// Fills the registers of what does not depend on a row, in dependency order.
  mutating func fillShared(_ instance: inout Instance) {
    if let spread = workspace.program.spreadRegister { workspace.frame.numbers[spread] = instance.spread }
    matchDesired(instance)
    for feature in workspace.program.features where !feature.isKeyed { fill(feature, key: nil, instance) }
    for index in workspace.program.derived.indices { derive(index, &instance) }
  }

  private mutating func matchDesired(_ instance: Instance) {
    guard let entries = workspace.program.desired else { return }
    var certain: [Int] = []
    var hasUnknown = false
    for (index, entry) in entries.enumerated() {
      guard let condition = entry.condition else {
        certain.append(index)
        continue
      }
      for feature in condition.features { fill(workspace.program.features[feature], key: nil, instance) }
      switch run(condition) {
      case .yes: certain.append(index)
      case .unknown: hasUnknown = true
      case .no: break
      }
    }
    desiredIsSettled = certain.count == 1 && !hasUnknown
    desiredEntry = desiredIsSettled ? certain[0] : nil
    if certain.count > 1 {
      desiredProblem = "\(certain.count) entries of `desired` match"
    } else if !desiredIsSettled {
      desiredProblem = hasUnknown ? "unknown which entry of `desired` matches" : "no entry of `desired` matches"
    }
  }

  /// Runs a fragment whose result is a truth.
  func run(_ fragment: Program.Fragment) -> Truth {
    workspace.program.run(fragment, &workspace.frame, &workspace.strings)
    return workspace.frame.truths[fragment.result]
  }

  func number(_ fragment: Program.Fragment) -> Double {
    workspace.program.run(fragment, &workspace.frame, &workspace.strings)
    return workspace.frame.numbers[fragment.result]
  }

  func string(_ fragment: Program.Fragment) -> UInt32 {
    workspace.program.run(fragment, &workspace.frame, &workspace.strings)
    return workspace.frame.strings[fragment.result]
  }

  /// Fills the keyed registers that some code reads, for one row.
  mutating func fillRow(_ key: Int32, features: [Int], derived: [Int], _ instance: Instance) {
    for index in features where workspace.program.features[index].isKeyed {
      fill(workspace.program.features[index], key: key, instance)
    }
    for index in derived {
      let one = workspace.program.derived[index]
      guard case .sinceTruth(let bound, let thresholds) = one.kind, !one.fragment.keyedSignals.isEmpty else { continue }
      let clock = instance.clocks[index].clock(of: key)?.clock ?? .unknown
      write(clock, register: one.register, boundRegister: bound, thresholds: thresholds, instance)
    }
  }

  private mutating func derive(_ index: Int, _ instance: inout Instance) {
    let one = workspace.program.derived[index]
    let keys = rows(over: one.fragment.keyedSignals, instance)
    switch one.kind {
    case .reduced(let reducer):
      var reduction = Reduction(reducer)
      for key in keys {
        fillRow(key, features: one.fragment.features, derived: one.fragment.derived, instance)
        reduction.add(number(one.fragment))
      }
      workspace.frame.numbers[one.register] = keys.isEmpty ? silence(one, reducer, instance) : reduction.result
    case .sinceTruth(let bound, let thresholds):
      let before = instance.clocks[index]
      var clocks: [TruthClock] = []
      for key in keys {
        fillRow(key, features: one.fragment.features, derived: one.fragment.derived, instance)
        var clock = before.clock(of: key) ?? TruthClock(key: key)
        clock.step(run(one.fragment), at: now)
        clocks.append(clock)
      }
      // In order of key, to be found again.
      clocks.sort { $0.key < $1.key }
      instance.clocks[index] = clocks
      if one.fragment.keyedSignals.isEmpty {
        write(clocks[0].clock, register: one.register, boundRegister: bound, thresholds: thresholds, instance)
      }
    }
  }

  /// A reduced name without any row: what it is over a log that is attached and silent.
  private mutating func silence(_ one: Program.Derived, _ reducer: Reducer, _ instance: Instance) -> Double {
    if reducer == .count { return 0 }
    fillRow(Row.silentKey, features: one.fragment.features, derived: one.fragment.derived, instance)
    return number(one.fragment)
  }

  // MARK: One feature

  private mutating func fill(_ feature: Program.Feature, key: Int32?, _ instance: Instance) {
    let register = feature.register
    switch feature.kind {
    case .latest(let signal): workspace.frame.numbers[register] = term(nil, signal, 0, feature, key, instance)
    case .window(let kind, let signal, let length):
      workspace.frame.numbers[register] =
        isTimeline(signal)
        ? changes(signal, length, instance) : term(kind, signal, length, feature, key, instance)
    case .sinceSignal(let signal):
      let clock = feature.isKeyed && key == Row.unknownKey ? .unknown : since(signal, feature, key, instance)
      write(
        clock, register: register, boundRegister: feature.boundRegister ?? register, thresholds: feature.thresholds,
        instance)
    case .sinceFact(let name):
      write(
        sinceFact(name, instance), register: register, boundRegister: feature.boundRegister ?? register,
        thresholds: feature.thresholds, instance)
    case .age:
      let launched = launchTime(instance)
      let clock: Clock = launched.map { $0 <= now ? .exact(origin: $0) : .unknown } ?? .unknown
      if let launched, launched > now { wake.at(launched) }
      write(clock, register: register, boundRegister: nil, thresholds: feature.thresholds, instance)
    case .driftCount: workspace.frame.numbers[register] = drift(instance)?.count ?? .nan
    case .driftRatio:
      let drift = drift(instance)
      let ratio = drift.map { $0.count / Double($0.names) } ?? .nan
      workspace.frame.numbers[register] = ratio.isFinite ? ratio : .nan
    case .factNumber(let signal):
      guard case .fact(let name, let conversion) = workspace.program.signals[signal].source else { return }
      let code = factCode(name, instance)
      let value = code == 0 ? .nan : decimal(workspace.strings[code]).map(conversion.apply) ?? .nan
      workspace.frame.numbers[register] = value.isFinite ? value : .nan
    case .absent(let signal, let length): workspace.frame.truths[register] = absent(signal, length, instance)
    case .fact(let name): workspace.frame.strings[register] = factCode(name, instance)
    case .label(let name):
      // Code 1 is the empty string.
      workspace.frame.strings[register] = instance.facts.labels.map { $0[name]?.value ?? 1 } ?? 0
    case .desired(let name): workspace.frame.strings[register] = desiredCode(name, instance)
    case .status(let signal): workspace.frame.strings[register] = condition(signal, instance)?.code ?? 0
    case .reason(let signal): workspace.frame.strings[register] = condition(signal, instance)?.reason ?? 0
    case .info(let signal): workspace.frame.strings[register] = info(signal, instance)
    case .capture(let signal, let index):
      workspace.frame.strings[register] = capture(signal, index, feature.isKeyed ? key : nil, instance)
    }
  }

  private mutating func term(
    _ kind: WindowKind?, _ signal: Int, _ length: Int64, _ feature: Program.Feature, _ key: Int32?, _ instance: Instance
  ) -> Double {
    if feature.isKeyed, key == Row.unknownKey { return .nan }
    let one = workspace.program.signals[signal]
    let window = Window(now: now, length: length, step: workspace.program.step)
    let slot = workspace.layout.slot[signal]
    let row = feature.isKeyed ? key : nil
    if case .log = one.source { return instance.logs[slot].term(kind, window, signal: one, key: row, &wake) }
    var isAmbiguous = false
    let value = instance.metrics[slot].term(kind, window, signal: one, key: row, &wake, ambiguous: &isAmbiguous)
    if isAmbiguous { ambiguous.insert(signal) }
    return value
  }

  private func isTimeline(_ signal: Int) -> Bool {
    switch workspace.program.signals[signal].source {
    case .condition, .info: true
    case .metric, .log, .fact: false
    }
  }

  private mutating func changes(_ signal: Int, _ length: Int64, _ instance: Instance) -> Double {
    let one = workspace.program.signals[signal]
    let slot = workspace.layout.slot[signal]
    let staleAfter = one.staleAfter ?? .max
    if case .condition = one.source {
      guard condition(signal, instance) != nil else { return .nan }
      return instance.conditions[slot].changes(from: now - length, staleAfter: staleAfter, window: length, &wake)
        ?? .nan
    }
    guard info(signal, instance) != 0 else { return .nan }
    return instance.infos[slot].timeline
      .changes(from: now - length, staleAfter: staleAfter, window: length, &wake) ?? .nan
  }

  private mutating func absent(_ signal: Int, _ length: Int64, _ instance: Instance) -> Truth {
    let slot = workspace.layout.slot[signal]
    let window = Window(now: now, length: length, step: workspace.program.step)
    let came =
      switch workspace.program.signals[signal].source {
      case .metric: instance.metrics[slot].hasSample(in: window, &wake)
      case .log: instance.logs[slot].hasEvent(in: window, &wake)
      case .info: instance.infos[slot].hasValue(in: window, &wake)
      case .condition: instance.conditions[slot].hasValue(after: now - length, window: length, &wake)
      case .fact(let name, _):
        instance.facts.facts[name]?.hasValue(after: now - length, window: length, &wake) ?? false
      }
    if came { return .no }
    return isKnown(for: length, instance) ? .yes : .unknown
  }

  private mutating func condition(_ signal: Int, _ instance: Instance) -> Timeline.Entry? {
    let staleAfter = workspace.program.signals[signal].staleAfter ?? .max
    guard let newest = instance.conditions[workspace.layout.slot[signal]].newest, newest.code != 0,
      now - newest.time <= staleAfter
    else { return nil }
    wake.after(newest.time + staleAfter)
    return newest
  }

  private mutating func info(_ signal: Int, _ instance: Instance) -> UInt32 {
    instance.infos[workspace.layout.slot[signal]].value(at: now, signal: workspace.program.signals[signal], &wake)
  }

  private mutating func capture(_ signal: Int, _ index: Int, _ key: Int32?, _ instance: Instance) -> UInt32 {
    let one = workspace.program.signals[signal]
    let state = instance.logs[workspace.layout.slot[signal]]
    guard key != Row.unknownKey, state.isKnown(at: now, signal: one, &wake), let newest = state.newest(key: key) else {
      return 0
    }
    wake.after(newest.time + one.retention)
    return workspace.strings.code(newest.captures[index])
  }

  // MARK: Facts

  /// The info signal of that name where it is known, else what facts told.
  private mutating func factCode(_ name: UInt32, _ instance: Instance) -> UInt32 {
    if let signal = infoSignal(name) {
      let code = info(signal, instance)
      if code != 0 { return code }
    }
    return instance.facts.facts[name]?.newest?.code ?? 0
  }

  private func infoSignal(_ name: UInt32) -> Int? {
    let text = workspace.strings[name]
    return workspace.layout.infos.first { workspace.program.signals[$0].name == text }
  }

  private func desiredCode(_ name: UInt32, _ instance: Instance) -> UInt32 {
    if let told = instance.facts.desired[name] { return told.value }
    guard let desiredEntry, let entry = workspace.program.desired?[desiredEntry] else { return 0 }
    return entry.facts.first { $0.name == name }?.value ?? 0
  }

  /// How many desired facts differ, of how many; `nil` if that is unknown.
  private mutating func drift(_ instance: Instance) -> (count: Double, names: Int)? {
    guard desiredIsSettled else { return nil }
    var names = Set(instance.facts.desired.keys)
    if let desiredEntry, let entry = workspace.program.desired?[desiredEntry] {
      names.formUnion(entry.facts.map(\.name))
    }
    if workspace.program.desired == nil, names.isEmpty { return nil }
    var count = 0.0
    for name in names {
      let (actual, desired) = (factCode(name, instance), desiredCode(name, instance))
      if actual == 0 || desired == 0 { return nil }
      if actual != desired { count += 1 }
    }
    return (count, names.count)
  }

  private func launchTime(_ instance: Instance) -> Int64? {
    if let launched = instance.facts.launched { return launched }
    guard let seconds = instance.launchedMetrics.lazy.compactMap({ $0 }).first?.value else { return nil }
    let milliseconds = (seconds * 1000).rounded(.down)
    return milliseconds.magnitude < 1e17 ? Int64(milliseconds) : nil
  }

  // MARK: Clocks

  private mutating func since(_ signal: Int, _ feature: Program.Feature, _ key: Int32?, _ instance: Instance) -> Clock {
    let one = workspace.program.signals[signal]
    let slot = workspace.layout.slot[signal]
    switch one.source {
    case .log:
      return instance.logs[slot].since(at: now, signal: one, key: feature.isKeyed ? key : nil, &wake)
    case .condition:
      guard let newest = condition(signal, instance) else { return .unknown }
      if let since = newest.since { return .exact(origin: min(since, now)) }
      return clock(of: instance.conditions[slot].run)
    case .info:
      return sinceInfo(signal, info(signal, instance), instance)
    case .fact(let name, _): return sinceFact(name, instance)
    case .metric: return .unknown
    }
  }

  private mutating func sinceFact(_ name: UInt32, _ instance: Instance) -> Clock {
    if let signal = infoSignal(name) {
      let value = info(signal, instance)
      if value != 0 { return sinceInfo(signal, value, instance) }
    }
    return clock(of: instance.facts.facts[name]?.run)
  }

  /// Unknown where the newest value seen is not the one that holds: its series has ended while another lives.
  private func sinceInfo(_ signal: Int, _ value: UInt32, _ instance: Instance) -> Clock {
    let run = instance.infos[workspace.layout.slot[signal]].timeline.run
    return run?.code == value ? clock(of: run) : .unknown
  }

  private func clock(of run: Timeline.Run?) -> Clock {
    guard let run else { return .unknown }
    return run.isExact ? .exact(origin: run.start) : .atLeast(origin: run.start, isMoving: true)
  }

  /// Writes what a clock shows, and asks to be woken when it meets what it is compared with.
  private mutating func write(
    _ clock: Clock, register: Int, boundRegister: Int?, thresholds: [Program.Threshold]?, _ instance: Instance
  ) {
    var value = Double.nan
    var bound = Double.nan
    var origin: Int64?
    switch clock {
    case .unknown: break
    case .zero: value = 0
    case .exact(let start):
      value = Double(now - start) / 1000
      origin = start
    case .atLeast(let start, let isMoving):
      bound = workspace.assumesSteady && isFirst(instance) ? .infinity : Double(now - start) / 1000
      origin = isMoving ? start : nil
      // The infinite bound of a steady instance holds for its first tick alone.
      if bound == .infinity { wake.nextTick() }
    }
    workspace.frame.numbers[register] = value
    if let boundRegister, boundRegister != register { workspace.frame.numbers[boundRegister] = bound }
    guard let origin else { return }
    guard let thresholds else {
      wake.nextTick()
      return
    }
    for threshold in thresholds {
      switch threshold {
      case .constant(let seconds): wake.clock(from: origin, meets: seconds)
      case .spread(let a, let b): wake.clock(from: origin, meets: (a - b) + (2 * b) * instance.spread)
      }
    }
  }
}

extension Row {
  /// No key has this number: the row over no events.
  static let silentKey: Int32 = -2
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
