/// One instance as of one tick, for whoever wants more than the verdict: reasons are worked out when they are asked for.
package struct InstanceView {
  let block: InstanceBlock
  let row: Int
  let tick: Int64
  let fleet: FleetState
  private var plan: Plan { fleet.plan }

  package var id: String { block.cold[row].id }
  package var summary: Summary { block.summaries[row] }
  /// The tick's time.
  package var at: Int64 { tick * fleet.program.step }
  /// When the instance was first seen.
  package var knownSince: Int64? { block.knownSince[row] == .max ? nil : block.knownSince[row] }

  /// The first tick's time at which the verdict changes if nothing more is observed; never too late.
  package var nextChange: Int64? { fleet.nextChange(of: block, row, after: tick).map { $0 * fleet.program.step } }

  /// What is unknown and blocks the verdict, and when it was last seen.
  package struct Missing: Hashable, Sendable {
    package var signal: String
    package var since: Int64?
    /// Why it is unknown, where it is not merely silent: never seen, several series, too many keys, a limit.
    package var reason: String?
  }

  /// Every rule in the order of the policy; `all` false leaves out those that are plainly idle or not applicable.
  package func rules(all: Bool) -> [RuleReport] {
    let count = plan.rules.indices.count { all || isReported($0) }
    if count == 0 { return [] }
    var reader = Reader(self)
    var reports: [RuleReport] = []
    reports.reserveCapacity(count)
    for index in plan.rules.indices where all || isReported(index) { reports.append(report(index, &reader)) }
    return reports
  }

  private func isReported(_ index: Int) -> Bool { standing(index).excepted != .no || !isIdle(index) }

  func standing(_ index: Int) -> Standing { block.standing[index * block.capacity + row] }

  private func isIdle(_ index: Int) -> Bool {
    let rule = plan.rules.base + index
    guard rule.pointee.isKeyed else {
      let cell = Int(rule.pointee.place) * block.capacity + row
      return block.sure[cell].state == .idle && block.possible[cell].state == .idle
    }
    return block.cold[row].keyed[Int(rule.pointee.place)].rows
      .allSatisfy { $0.sure.state == .idle && $0.possible.state == .idle }
  }

  /// Rules whose `protect` stands or may stand.
  package var protectedBy: [String] {
    guard summary.protected != .no else { return [] }
    var reader = Reader(self)
    return plan.rules.indices.compactMap { index in
      guard plan.rules[index].effect == .protect, reader.look(at: index).counted.effect != .no else { return nil }
      return reader.rules[index].name
    }
  }

  static func name(_ state: RuleState) -> RuleReport.State {
    switch state {
    case .idle: .idle
    case .pending: .pending
    case .active: .active
    case .holding: .holding
    }
  }

  private func report(_ index: Int, _ reader: inout Reader) -> RuleReport {
    let standing = standing(index)
    let (row, outcome) = reader.look(at: index)
    let sure = row.map { Self.name($0.sure.state) } ?? .idle
    let possible = row.map { Self.name($0.possible.state) } ?? .idle
    var reported = sure
    if !standing.isApplicable { reported = .notApplicable }
    if standing.excepted == .yes { reported = .excepted }
    let stands: Bool? = outcome.effect == .unknown ? nil : outcome.effect == .yes
    let effect: RuleReport.Effect? =
      switch (plan.rules.base + index).pointee.effect {
      case .add: nil
      case .replace: RuleReport.Effect(name: "replace", stands: stands)
      case .quarantine: RuleReport.Effect(name: "quarantine", stands: stands)
      case .protect: RuleReport.Effect(name: "protect", stands: stands)
      }
    // A rule without rows has no key to read: not what the registers still hold of another one.
    reader.fillText(row?.key ?? Row.unknownKey, of: index)
    let entered = row.map { sure == .idle && possible != .idle ? $0.possible.since : $0.sure.since }
    let known = knownSince.map { at - $0 } ?? 0
    let needed = reader.rules[index].for + reader.rules[index].longestWindow
    let waits = sure == .pending || possible != sure
    return RuleReport(
      rule: reader.rules[index].name, state: reported,
      possible: reported == sure && possible != sure ? possible : nil,
      contribution: Score(lowThousandths: outcome.low, highThousandths: outcome.high), effect: effect,
      since: entered == .min ? nil : entered.map(Timestamp.init(milliseconds:)), key: reader.key(row?.key, index),
      written: standing.isApplicable ? reader.why(index, row?.key) : "",
      evidence: reader.evidence(index, key: row?.key),
      labels: reader.rules[index].labels, isShadow: (plan.rules.base + index).pointee.isShadow,
      because: standing.exception < 0 ? nil : reader.rules[index].except[Int(standing.exception)].because,
      neededHistory: waits && known < needed ? needed : nil)
  }

  /// What is unknown in the rules that keep the verdict open, and in the selector.
  package var missing: [Missing] {
    var reader = Reader(self)
    var names: [String] = []
    func add(_ more: [String]) { for name in more where !names.contains(name) { names.append(name) } }
    for (index, rule) in fleet.program.rules.enumerated() {
      let counted = reader.look(at: index).counted
      guard counted.low != counted.high || counted.effect == .unknown else { continue }
      for row in reader.rows(of: index) where row.sure.state != row.possible.state || row.low != row.high {
        reader.fill(row.key, of: index)
        add(reader.unknowns(features: rule.features, derived: rule.derived, key: row.key))
      }
      for entry in rule.except { add(reader.unknowns(features: entry.condition.features, derived: [], key: 0)) }
    }
    if let selector = fleet.program.selector, summary.selected == .unknown {
      add(reader.unknowns(features: selector.features, derived: [], key: 0))
    }
    return names.map { name in
      Missing(signal: name, since: reader.lastSeen(name), reason: reader.reason(name))
    }
  }
}

/// Reads an instance again at the tick of a view, with the engine's own registers.
struct Reader {
  let view: InstanceView
  let rules: [Program.Rule]
  private let features: [Program.Feature]
  private var tick: Tick
  var workspace: Workspace { view.fleet.workspace }
  private var program: Program { view.fleet.program }
  private var block: InstanceBlock { view.block }

  init(_ view: InstanceView) {
    self.view = view
    rules = view.fleet.program.rules
    features = view.fleet.program.features
    tick = Tick(view.fleet.workspace, view.block, number: view.tick, columns: false, isReading: true)
    tick.prepare(view.row)
    var row = Int32(view.row)
    withUnsafePointer(to: &row) { tick.fillShared(UnsafeBufferPointer(start: $0, count: 1)) }
  }

  /// The rows of a rule, with what they contributed at the tick of the view.
  mutating func rows(of index: Int) -> [Row] {
    let rule = view.fleet.plan.rules.base + index
    if rule.pointee.isKeyed { return block.cold[view.row].keyed[Int(rule.pointee.place)].rows }
    return [onlyRow(of: index)]
  }

  /// The row of a rule without keys.
  private mutating func onlyRow(of index: Int) -> Row {
    let rule = view.fleet.plan.rules.base + index
    let cell = Int(rule.pointee.place) * block.capacity + view.row
    var row = Row(key: 0)
    (row.sure, row.possible) = (block.sure[cell], block.possible[cell])
    row.lastWorth = block.lastWorth[cell]
    if rule.pointee.effect == .add, row.sure.isOn || row.possible.isOn {
      fill(0, of: index)
      (row.low, row.high) = tick.contribution(
        of: rule, row.sure, row.possible, now: tick.worth(of: rule, view.row), &row.lastWorth)
    }
    return row
  }

  /// The row that speaks for a rule, and what the rule contributed after `except` and `mode: shadow`.
  mutating func look(at index: Int) -> (row: Row?, counted: Contribution) {
    let rule = view.fleet.plan.rules.base + index
    let excepted = view.standing(index).excepted
    if rule.pointee.isKeyed {
      let rows = rows(of: index)
      return (speaker(for: index, rows), tick.counted(tick.contribution(of: rule, rows), rule, excepted))
    }
    let row = onlyRow(of: index)
    let came =
      rule.pointee.effect == .add
      ? Contribution(low: row.low, high: row.high)
      : Contribution(effect: row.sure.isOn ? .yes : row.possible.isOn ? .unknown : .no)
    return (row, tick.counted(came, rule, excepted))
  }

  private func speaker(for index: Int, _ rows: [Row]) -> Row? {
    if rows.count < 2 { return rows.first }
    let contributes: (Row) -> [Int64]
    if view.fleet.plan.rules[index].effect == .add {
      contributes = { [$0.high, $0.low] }
    } else {
      contributes = { [$0.sure.isOn ? 1 : 0, $0.possible.isOn ? 1 : 0] }
    }
    func rank(_ state: RuleState) -> Int64 {
      switch state {
      case .idle: 0
      case .pending: 1
      case .holding: 2
      case .active: 3
      }
    }
    let isSilent = rows.allSatisfy { contributes($0).allSatisfy { $0 == 0 } }
    func order(_ row: Row) -> [Int64] {
      isSilent ? [rank(row.sure.state), rank(row.possible.state)] : contributes(row)
    }
    var best: Row?
    // Rows stand in the order of their keys: the first of equals wins.
    for row in rows where best.map({ order($0).lexicographicallyPrecedes(order(row)) }) ?? true { best = row }
    return best
  }

  mutating func fill(_ key: Int32, of index: Int) {
    let rule = view.fleet.plan.rules[index]
    tick.fill(key: key, features: rule.features, derived: rule.derived, view.row)
  }

  /// The same, and what its text reads.
  mutating func fillText(_ key: Int32, of index: Int) {
    fill(key, of: index)
    guard let why = rules[index].why else { return }
    for part in why {
      switch part {
      case .number(let fragment, _), .string(let fragment), .truth(let fragment):
        tick.fill(key: key, features: fragment.features, derived: fragment.derived, view.row)
      case .text, .key: break
      }
    }
  }

  private func number(_ fragment: Program.Fragment) -> Double {
    workspace.row.number(Plan.Fragment(code: fragment), at: 0, workspace)
  }

  private func truth(_ fragment: Program.Fragment) -> Truth {
    workspace.row.truth(Plan.Fragment(code: fragment), at: 0, workspace)
  }

  private func string(_ fragment: Program.Fragment) -> UInt32 {
    workspace.row.run(Plan.Fragment(code: fragment), at: 0, workspace)
    return workspace.row.strings[fragment.result]
  }

  func key(_ key: Int32?, _ index: Int) -> [RuleReport.Label] {
    guard let key, key > 0 else { return [] }
    return zip(rules[index].by, workspace.keys.parts[Int(key)]).map { RuleReport.Label(name: $0, value: $1) }
  }

  /// What the rule's own `why` comes to; `nil`: it has none.
  func why(_ index: Int, _ key: Int32?) -> String? {
    guard let parts = rules[index].why else { return nil }
    var why = ""
    for part in parts {
      switch part {
      case .text(let text): why += text
      case .number(let fragment, let format):
        let value = number(fragment)
        if value.isNaN, let bound = bound(of: fragment.result) {
          why += "at least \(duration(bound))"
        } else {
          why += CriteriaEngine.text(value, format)
        }
      case .string(let fragment):
        let code = string(fragment)
        why += code == 0 ? "unknown" : workspace.strings[code]
      case .truth(let fragment):
        switch truth(fragment) {
        case .yes: why += "true"
        case .no: why += "false"
        case .unknown: why += "unknown"
        }
      case .key(let index):
        if let key, key > 0 { why += workspace.keys.parts[Int(key)][index] } else { why += "unknown" }
      }
    }
    return why
  }

  /// The time of a log signal's newest match that its windows keep.
  func newestMatch(_ signal: Int) -> Int64? {
    block.cold[view.row].logs[Int(view.fleet.plan.signals[signal].slot)].newest(key: nil)?.time
  }

  /// What is known of the clock in a register that is not exact; `nil` for all else.
  private func bound(of register: Int) -> Double? {
    var place = program.features.first { $0.boundRegister != nil && $0.register == register }?.boundRegister
    for one in program.derived where one.register == register {
      if case .sinceTruth(let bound, _) = one.kind { place = bound }
    }
    return place.map { workspace.row.numbers[$0] }.flatMap { $0.isNaN ? nil : $0 }
  }

  func number(in register: Int, _ format: NumberFormat) -> RuleReport.Evidence.Reading {
    let value = workspace.row.numbers[register]
    if !value.isNaN { return .number(value, format) }
    return bound(of: register).map { .atLeast(seconds: $0) } ?? .unknown
  }

  /// What a feature comes to.
  private func reading(of index: Int) -> RuleReport.Evidence.Reading {
    let feature = view.fleet.plan.features[index]
    let register = Int(feature.register)
    switch feature.kind {
    case .latest, .window, .sinceSignal, .sinceFact, .age, .driftCount, .driftRatio, .factNumber:
      return number(in: register, features[index].format)
    case .absent:
      let value = workspace.row.truths[register]
      return value == .unknown ? .unknown : .truth(value == .yes)
    case .fact, .label, .desired, .status, .reason, .info, .capture:
      let code = workspace.row.strings[register]
      return code == 0 ? .unknown : .string(workspace.strings[code])
    }
  }

  /// Whether a feature is unknown, but perhaps for a bound.
  private func isUnknown(_ index: Int) -> Bool {
    let feature = view.fleet.plan.features[index]
    let register = Int(feature.register)
    switch feature.kind {
    case .latest, .window, .sinceSignal, .sinceFact, .age, .driftCount, .driftRatio, .factNumber:
      return workspace.row.numbers[register].isNaN
    case .absent: return workspace.row.truths[register] == .unknown
    case .fact, .label, .desired, .status, .reason, .info, .capture: return workspace.row.strings[register] == 0
    }
  }

  func evidence(_ index: Int, key: Int32?) -> [RuleReport.Evidence] {
    let derived = rules[index].derived
    let read = rules[index].features
    var evidence: [RuleReport.Evidence] = []
    evidence.reserveCapacity(derived.count + read.count)
    for index in derived {
      let one = program.derived[index]
      evidence.append(RuleReport.Evidence(term: one.text, reading: number(in: one.register, one.format)))
    }
    for index in read {
      let (newest, origin) = newest(behind: index, key)
      evidence.append(
        RuleReport.Evidence(
          term: features[index].text, reading: reading(of: index), newest: newest.map(Timestamp.init(milliseconds:)),
          line: origin, signal: features[index].signal.map { program.signals[$0].name }))
    }
    return evidence
  }

  /// The newest observation behind a feature.
  private func newest(behind index: Int, _ key: Int32?) -> (Int64?, Origin?) {
    guard let signal = features[index].signal else {
      if case .fact(let name) = features[index].kind { return (told(name), nil) }
      return (nil, nil)
    }
    let slot = Int(view.fleet.plan.signals[signal].slot)
    let key = view.fleet.plan.features[index].isKeyed ? key : nil
    switch view.fleet.plan.signals[signal].source {
    case .metric: return (block.set(slot, view.row).pointee.newest(key: key), nil)
    case .log:
      let newest = block.cold[view.row].logs[slot].newest(key: key)
      return (newest?.time, newest?.origin)
    case .condition: return (block.cold[view.row].conditions[slot].newest?.time, nil)
    case .info: return (block.cold[view.row].infos[slot].timeline.newest?.time, nil)
    case .fact:
      guard case .fact(let name, _) = program.signals[signal].source else { return (nil, nil) }
      return (block.cold[view.row].facts.facts[name]?.newest?.time, nil)
    }
  }

  /// When a fact was last told, by the info signal of its name or else as a fact.
  private func told(_ name: UInt32) -> Int64? {
    if let index = signal(named: workspace.strings[name]), case .info = program.signals[index].source,
      let entry = block.cold[view.row].infos[Int(view.fleet.plan.signals[index].slot)].timeline.newest, entry.code != 0
    {
      return entry.time
    }
    return block.cold[view.row].facts.facts[name]?.newest?.time
  }

  /// The signals (or facts) behind features that are unknown now.
  func unknowns(features: [Int], derived: [Int], key: Int32) -> [String] {
    var names: [String] = []
    for index in features where isUnknown(index) {
      let feature = self.features[index]
      names.append((feature.signal ?? info(of: feature)).map { program.signals[$0].name } ?? feature.text)
    }
    for index in derived where workspace.row.numbers[program.derived[index].register].isNaN {
      names += program.derived[index].fragment.signals.map { program.signals[$0].name }
    }
    return names
  }

  /// The info signal that a fact is read from.
  private func info(of feature: Program.Feature) -> Int? {
    guard case .fact(let code) = feature.kind, let index = signal(named: workspace.strings[code]) else { return nil }
    if case .info = program.signals[index].source { return index }
    return nil
  }

  private func signal(named name: String) -> Int? { program.signals.firstIndex { $0.name == name } }

  private func newestSample(_ slot: Int) -> Int64? {
    let newest = block.set(slot, view.row).pointee.newestSample()
    return newest == .min ? nil : newest
  }

  func lastSeen(_ name: String) -> Int64? {
    guard let signal = signal(named: name) else { return nil }
    let slot = Int(view.fleet.plan.signals[signal].slot)
    switch program.signals[signal].source {
    case .metric: return newestSample(slot)
    case .log: return block.cold[view.row].logs[slot].lastLine
    case .condition: return block.cold[view.row].conditions[slot].newest?.time
    case .info: return block.cold[view.row].infos[slot].timeline.newest?.time
    case .fact(let name, _): return block.cold[view.row].facts.facts[name]?.newest?.time
    }
  }

  func reason(_ name: String) -> String? {
    guard let signal = signal(named: name) else { return reason(ofFact: name) }
    let one = program.signals[signal]
    let slot = Int(view.fleet.plan.signals[signal].slot)
    var wake = Wake(now: view.tick, step: program.step)
    func overflow(_ isOverflowed: Bool) -> String? { isOverflowed ? "more than \(one.maxKeys) series or keys" : nil }
    switch one.source {
    case .metric:
      if tick.ambiguous.contains(signal) { return "several series: \(clash(signal).joined(separator: " and "))" }
      if !block.set(slot, view.row).pointee.isSeen { return "never seen" }
      if newestSample(slot) == nil { return "its series has ended" }
      let overflowed = block.set(slot, view.row).pointee.isOverflowed(at: tick.now, retention: one.retention, &wake)
      if !overflowed, let newest = newestSample(slot), tick.now - newest <= one.staleAfter ?? .max {
        return "its samples give no value"
      }
      return overflow(overflowed)
    case .log:
      let state = block.cold[view.row].logs[slot]
      if !state.isSeen { return "no log source of it is attached" }
      if let limitAt = state.limitAt, tick.now - limitAt <= one.retention { return "its pattern hit the match limit" }
      if state.isOverflowed(at: tick.now, retention: one.retention, &wake) { return overflow(true) }
      return state.isKnown(at: tick.now, signal: view.fleet.plan.signals[signal], &wake)
        ? "no match in its windows" : nil
    case .condition:
      guard let newest = block.cold[view.row].conditions[slot].newest else { return "never seen" }
      if newest.code == 0 { return "its series has ended" }
      return tick.now - newest.time <= one.staleAfter ?? .max ? "its last change was not seen" : nil
    case .info:
      if !block.cold[view.row].infos[slot].isSeen { return "never seen" }
      return overflow(block.cold[view.row].infos[slot].isOverflowed(at: tick.now, retention: one.retention, &wake))
    case .fact(let name, _):
      return block.cold[view.row].facts.facts[name]?.newest.map { "`\(workspace.strings[$0.code])` is no number" }
        ?? "never told"
    }
  }

  /// Of what no signal feeds: `age`, `desired.image`.
  private func reason(ofFact text: String) -> String {
    switch program.features.first(where: { $0.text == text })?.kind {
    case .desired(let name):
      if let problem = tick.desiredProblem, block.cold[view.row].facts.desired[name] == nil { return problem }
      return program.desired == nil ? "never told" : "not in the matching entry of `desired`"
    case .driftCount, .driftRatio: return tick.desiredProblem ?? "a fact or what is desired of it is not known"
    case .age: return "the launch is not known"
    case .label: return "labels were never told"
    default: return "never told"
    }
  }

  /// The first two of the series that live side by side where one is wanted.
  private func clash(_ signal: Int) -> [String] {
    let one = program.signals[signal]
    let set = block.set(Int(view.fleet.plan.signals[signal].slot), view.row)
    return set.pointee.liveIdentities(at: tick.now, staleAfter: one.staleAfter ?? .max, workspace.identities).prefix(2)
      .map { identity in
        let parts = identity.split(separator: 0, omittingEmptySubsequences: false).map {
          String(decoding: $0, as: UTF8.self)
        }
        let pairs = stride(from: 0, to: parts.count - 1, by: 2).map { "\(parts[$0])=\"\(parts[$0 + 1])\"" }
        return "{\(pairs.joined(separator: ", "))}"
      }
  }
}
