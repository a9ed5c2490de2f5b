/// One instance as of one tick, for whoever wants more than the verdict: reasons are worked out when they are asked for.
package struct InstanceView {
  let instance: Instance
  let tick: Int64
  let fleet: FleetState

  package var id: String { instance.id }
  package var summary: Summary { instance.summary }
  /// The tick's time.
  package var at: Int64 { tick * fleet.program.step }
  /// When the instance was first seen.
  package var knownSince: Int64? { instance.knownSince }

  /// The first tick's time at which the verdict changes if nothing more is observed; never too late.
  package var nextChange: Int64? { fleet.nextChange(of: instance, after: tick).map { $0 * fleet.program.step } }

  /// Why a rule stands as it does.
  package struct RuleReport: Sendable {
    package enum State: String, Sendable {
      case idle, pending, active, holding, excepted
      case notApplicable = "n/a"
    }
    package var rule: String
    package var state: State
    /// What the possible machine says, where that differs.
    package var possible: State?
    /// Thousandths.
    package var low: Int64
    package var high: Int64
    /// `replace`, `quarantine`, `protect`: whether it stands.
    package var effect: (name: String, stands: Truth)?
    /// When the state was entered; `nil` for idle from the start.
    package var since: Int64?
    package var key: [(label: String, value: String)]
    package var why: String
    package var evidence: [Evidence]
    package var labels: [(name: String, value: String)]
    package var isShadow: Bool
    package var because: String?
    /// The rule needs this much history in all, and the instance is known for less.
    package var needs: (history: Int64, known: Int64)?
  }

  /// One term that a rule read.
  package struct Evidence: Sendable {
    package enum Value: Hashable, Sendable {
      case number(Double, NumberFormat)
      case string(String)
      case truth(Bool)
      /// A clock of which only this much is known: seconds.
      case atLeast(Double)
      case unknown
    }
    package var term: String
    package var value: Value
    /// The newest observation behind it.
    package var newest: Int64?
    package var origin: Origin?
  }

  /// What is unknown and blocks the verdict, and when it was last seen.
  package struct Missing: Hashable, Sendable {
    package var signal: String
    package var since: Int64?
    /// Why it is unknown, where it is not merely silent: never seen, several series, too many keys, a limit.
    package var reason: String?
  }

  /// Every rule in the order of the policy; `all` false leaves out those that are plainly idle or not applicable.
  package func rules(all: Bool) -> [RuleReport] {
    var reader = Reader(self)
    return fleet.program.rules.indices.compactMap { index in
      let outcome = instance.rules[index]
      let row = reportedRow(index)
      let isIdle = outcome.excepted == .no && (row.map { $0.sure.state == .idle && $0.possible.state == .idle } ?? true)
      if !all, isIdle { return nil }
      return report(index, row, &reader)
    }
  }

  /// Rules whose `protect` stands or may stand.
  package var protectedBy: [String] {
    zip(fleet.program.rules, instance.rules).compactMap { rule, outcome in
      guard case .protect = rule.effect, outcome.effect != .no else { return nil }
      return rule.name
    }
  }

  /// The row that speaks for a rule.
  private func reportedRow(_ index: Int) -> Row? {
    let rows = instance.rules[index].rows
    let contributes: (Row) -> [Int64]
    if case .add = fleet.program.rules[index].effect {
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

  private func state(_ state: RuleState) -> RuleReport.State {
    switch state {
    case .idle: .idle
    case .pending: .pending
    case .active: .active
    case .holding: .holding
    }
  }

  private func report(_ index: Int, _ row: Row?, _ reader: inout Reader) -> RuleReport {
    let rule = fleet.program.rules[index]
    let outcome = instance.rules[index]
    let sure = row.map { state($0.sure.state) } ?? .idle
    let possible = row.map { state($0.possible.state) } ?? .idle
    var reported = sure
    if !outcome.isApplicable { reported = .notApplicable }
    if outcome.excepted == .yes { reported = .excepted }
    let effect: (name: String, stands: Truth)? =
      switch rule.effect {
      case .add: nil
      case .replace: ("replace", outcome.effect)
      case .quarantine: ("quarantine", outcome.effect)
      case .protect: ("protect", outcome.effect)
      }
    // A rule without rows has no key to read: not what the registers still hold of another one.
    reader.fill(row?.key ?? Row.unknownKey, of: rule)
    let entered = row.map { sure == .idle && possible != .idle ? $0.possible.since : $0.sure.since }
    let known = instance.knownSince.map { at - $0 } ?? 0
    let needed = rule.for + rule.longestWindow
    let waits = sure == .pending || possible != sure
    return RuleReport(
      rule: rule.name, state: reported, possible: reported == sure && possible != sure ? possible : nil,
      low: outcome.low,
      high: outcome.high, effect: effect, since: entered == .min ? nil : entered, key: reader.key(row?.key, rule),
      why: outcome.isApplicable ? reader.why(rule, key: row?.key) : "", evidence: reader.evidence(rule, key: row?.key),
      labels: rule.labels, isShadow: rule.shadow,
      because: outcome.exception.flatMap { rule.except[$0].because },
      needs: waits && known < needed ? (needed, known) : nil)
  }

  /// What is unknown in the rules that keep the verdict open, and in the selector.
  package var missing: [Missing] {
    var reader = Reader(self)
    var names: [String] = []
    func add(_ more: [String]) { for name in more where !names.contains(name) { names.append(name) } }
    for (rule, outcome) in zip(fleet.program.rules, instance.rules) {
      guard outcome.low != outcome.high || outcome.effect == .unknown else { continue }
      for row in outcome.rows where row.sure.state != row.possible.state || row.low != row.high {
        reader.fill(row.key, of: rule)
        add(reader.unknowns(features: rule.features, derived: rule.derived, key: row.key))
      }
      for entry in rule.except { add(reader.unknowns(features: entry.condition.features, derived: [], key: 0)) }
    }
    if let selector = fleet.program.selector, instance.summary.selected == .unknown {
      add(reader.unknowns(features: selector.features, derived: [], key: 0))
    }
    return names.map { name in
      Missing(signal: name, since: reader.lastSeen(name), reason: reader.reason(name))
    }
  }
}

/// Reads an instance again at the tick of a view, with the engine's own registers.
private struct Reader {
  let view: InstanceView
  private var instance: Instance
  private var tick: Tick
  private var workspace: Workspace { view.fleet.workspace }
  private var program: Program { view.fleet.program }

  init(_ view: InstanceView) {
    self.view = view
    instance = view.instance
    tick = Tick(view.fleet.workspace, tick: view.tick)
    tick.fillShared(&instance)
  }

  mutating func fill(_ key: Int32, of rule: Program.Rule) {
    tick.fillRow(key, features: rule.features, derived: rule.derived, instance)
    for part in rule.why ?? [] {
      switch part {
      case .number(let fragment, _), .string(let fragment), .truth(let fragment):
        tick.fillRow(key, features: fragment.features, derived: fragment.derived, instance)
      case .text, .key: break
      }
    }
  }

  func key(_ key: Int32?, _ rule: Program.Rule) -> [(label: String, value: String)] {
    guard let key, key > 0 else { return [] }
    return zip(rule.by, workspace.keys.parts[Int(key)]).map { (label: $0, value: $1) }
  }

  func why(_ rule: Program.Rule, key: Int32?) -> String {
    guard let parts = rule.why else { return terms(rule, key: key) }
    return parts.map { part in
      switch part {
      case .text(let text): return text
      case .number(let fragment, let format):
        let value = tick.number(fragment)
        if value.isNaN, let bound = bound(of: fragment.result) { return "at least \(duration(bound))" }
        return CriteriaEngine.text(value, format)
      case .string(let fragment):
        let code = tick.string(fragment)
        return code == 0 ? "unknown" : workspace.strings[code]
      case .truth(let fragment):
        switch tick.run(fragment) {
        case .yes: return "true"
        case .no: return "false"
        case .unknown: return "unknown"
        }
      case .key(let index):
        guard let key, key > 0 else { return "unknown" }
        return workspace.keys.parts[Int(key)][index]
      }
    }.joined()
  }

  /// A rule without `why` says what it read.
  private func terms(_ rule: Program.Rule, key: Int32?) -> String {
    let place = self.key(key, rule).map { " (\($0.label) \($0.value))" }.joined()
    return evidence(rule, key: nil).map { evidence in
      switch evidence.value {
      case .number(let value, let format): "\(evidence.term) \(CriteriaEngine.text(value, format))"
      case .string(let value): "\(evidence.term) `\(value)`"
      case .truth(let value): value ? evidence.term : "not \(evidence.term)"
      case .atLeast(let seconds): "\(evidence.term) at least \(duration(seconds))"
      case .unknown: "\(evidence.term) unknown"
      }
    }.joined(separator: ", ") + place
  }

  /// What is known of the clock in a register that is not exact; `nil` for all else.
  private func bound(of register: Int) -> Double? {
    var place = program.features.first { $0.boundRegister != nil && $0.register == register }?.boundRegister
    for one in program.derived where one.register == register {
      if case .sinceTruth(let bound, _) = one.kind { place = bound }
    }
    return place.map { workspace.frame.numbers[$0] }.flatMap { $0.isNaN ? nil : $0 }
  }

  private func number(in register: Int, _ format: NumberFormat) -> InstanceView.Evidence.Value {
    let value = workspace.frame.numbers[register]
    if !value.isNaN { return .number(value, format) }
    return bound(of: register).map { .atLeast($0) } ?? .unknown
  }

  private func featuresRead(_ rule: Program.Rule) -> [Program.Feature] { rule.features.map { program.features[$0] } }

  func value(of feature: Program.Feature) -> InstanceView.Evidence.Value {
    switch feature.kind {
    case .latest, .window, .sinceSignal, .sinceFact, .age, .driftCount, .driftRatio, .factNumber:
      return number(in: feature.register, feature.format)
    case .absent:
      let value = workspace.frame.truths[feature.register]
      return value == .unknown ? .unknown : .truth(value == .yes)
    case .fact, .label, .desired, .status, .reason, .info, .capture:
      let code = workspace.frame.strings[feature.register]
      return code == 0 ? .unknown : .string(workspace.strings[code])
    }
  }

  func evidence(_ rule: Program.Rule, key: Int32?) -> [InstanceView.Evidence] {
    rule.derived.map { index in
      InstanceView.Evidence(
        term: program.derived[index].text,
        value: number(in: program.derived[index].register, program.derived[index].format), newest: nil, origin: nil)
    }
      + featuresRead(rule).map { feature in
        var evidence = InstanceView.Evidence(term: feature.text, value: value(of: feature), newest: nil, origin: nil)
        guard let signal = feature.signal else { return evidence }
        let slot = workspace.layout.slot[signal]
        let row = feature.isKeyed ? key : nil
        switch program.signals[signal].source {
        case .metric: evidence.newest = instance.metrics[slot].newest(key: row, at: tick.now)
        case .log:
          let newest = instance.logs[slot].newest(key: row)
          evidence.newest = newest?.time
          evidence.origin = newest?.origin
        case .condition: evidence.newest = instance.conditions[slot].newest?.time
        case .info: evidence.newest = instance.infos[slot].timeline.newest?.time
        case .fact(let name, _): evidence.newest = instance.facts.facts[name]?.newest?.time
        }
        return evidence
      }
  }

  /// The signals (or facts) behind features that are unknown now.
  func unknowns(features: [Int], derived: [Int], key: Int32) -> [String] {
    var names: [String] = []
    for index in features {
      let feature = program.features[index]
      switch value(of: feature) {
      case .unknown, .atLeast: break
      case .number, .string, .truth: continue
      }
      names.append((feature.signal ?? info(of: feature)).map { program.signals[$0].name } ?? feature.text)
    }
    for index in derived where workspace.frame.numbers[program.derived[index].register].isNaN {
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

  func lastSeen(_ name: String) -> Int64? {
    guard let signal = signal(named: name) else { return nil }
    let slot = workspace.layout.slot[signal]
    switch program.signals[signal].source {
    case .metric: return instance.metrics[slot].newestSample
    case .log: return instance.logs[slot].lastLine
    case .condition: return instance.conditions[slot].newest?.time
    case .info: return instance.infos[slot].timeline.newest?.time
    case .fact(let name, _): return instance.facts.facts[name]?.newest?.time
    }
  }

  func reason(_ name: String) -> String? {
    guard let signal = signal(named: name) else { return reason(ofFact: name) }
    let one = program.signals[signal]
    let slot = workspace.layout.slot[signal]
    var wake = Wake(now: view.tick, step: program.step)
    func overflow(_ isOverflowed: Bool) -> String? { isOverflowed ? "more than \(one.maxKeys) series or keys" : nil }
    switch one.source {
    case .metric:
      if tick.ambiguous.contains(signal) { return "several series: \(clash(signal).joined(separator: " and "))" }
      if !instance.metrics[slot].isSeen { return "never seen" }
      if instance.metrics[slot].newestSample == nil { return "its series has ended" }
      let overflowed = instance.metrics[slot].isOverflowed(at: tick.now, retention: one.retention, &wake)
      if !overflowed, let newest = instance.metrics[slot].newestSample, tick.now - newest <= one.staleAfter ?? .max {
        return "its samples give no value"
      }
      return overflow(overflowed)
    case .log:
      let state = instance.logs[slot]
      if !state.isSeen { return "no log source of it is attached" }
      if let limitAt = state.limitAt, tick.now - limitAt <= one.retention { return "its pattern hit the match limit" }
      if state.isOverflowed(at: tick.now, retention: one.retention, &wake) { return overflow(true) }
      return state.isKnown(at: tick.now, signal: one, &wake) ? "no match in its windows" : nil
    case .condition:
      guard let newest = instance.conditions[slot].newest else { return "never seen" }
      if newest.code == 0 { return "its series has ended" }
      return tick.now - newest.time <= one.staleAfter ?? .max ? "its last change was not seen" : nil
    case .info:
      if !instance.infos[slot].isSeen { return "never seen" }
      return overflow(instance.infos[slot].isOverflowed(at: tick.now, retention: one.retention, &wake))
    case .fact(let name, _):
      return instance.facts.facts[name]?.newest.map { "`\(workspace.strings[$0.code])` is no number" } ?? "never told"
    }
  }

  /// Of what no signal feeds: `age`, `desired.image`.
  private func reason(ofFact text: String) -> String {
    switch program.features.first(where: { $0.text == text })?.kind {
    case .desired(let name):
      if let problem = tick.desiredProblem, instance.facts.desired[name] == nil { return problem }
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
    let state = instance.metrics[workspace.layout.slot[signal]]
    return state.liveIdentities(at: tick.now, staleAfter: one.staleAfter ?? .max).prefix(2).map { identity in
      let parts = identity.split(separator: 0, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      let pairs = stride(from: 0, to: parts.count - 1, by: 2).map { "\(parts[$0])=\"\(parts[$0 + 1])\"" }
      return "{\(pairs.joined(separator: ", "))}"
    }
  }
}
