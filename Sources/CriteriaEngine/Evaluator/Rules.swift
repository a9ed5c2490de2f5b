extension Instance {
  /// Decides at one tick, from the state as it is.
  ///
  /// - Returns: The next tick at which something can change without new data.
  mutating func decide(tick number: Int64, _ workspace: Workspace) {
    var tick = Tick(workspace, tick: number)
    if firstTick == nil { firstTick = number }
    let isFirst = firstTick == number
    tick.updateKeys(&self)
    tick.fillShared(&self)
    for index in rules.indices { step(rule: index, isFirst: isFirst, &tick) }
    summarize(&tick)
    lastTick = number
    wake = tick.wake.tick
  }

  private mutating func step(rule index: Int, isFirst: Bool, _ tick: inout Tick) {
    let rule = tick.workspace.program.rules[index]
    if rule.optionalSignals.contains(where: { !tick.isSeen($0, self) }) {
      rules[index] = RuleOutcome(isApplicable: false)
      return
    }
    rules[index].isApplicable = true
    let keys = tick.rows(over: rule.keyedSignals, self)
    let keyTable = tick.workspace.keys
    let before = rules[index].rows
    var rows: [Row] = []
    // Both are in the order of keys, so one walk along them finds each row's predecessor.
    var place = 0
    func stepEnded(until key: Int32?) {
      while place < before.count, key.map({ keyTable.precedes(before[place].key, $0) }) ?? true {
        var row = before[place]
        place += 1
        tick.fillRow(row.key, features: rule.features, derived: rule.derived, self)
        step(&row, of: rule, isFirst: isFirst, isLeaving: true, &tick)
        let isHeld =
          (rule.latch && row.sure.state == .active) || row.sure.state == .holding || row.possible.state == .holding
        if isHeld { rows.append(row) }
      }
    }
    for key in keys {
      stepEnded(until: key)
      var row = Row(key: key)
      if place < before.count, before[place].key == key {
        row = before[place]
        place += 1
      }
      tick.fillRow(key, features: rule.features, derived: rule.derived, self)
      step(&row, of: rule, isFirst: isFirst, isLeaving: false, &tick)
      rows.append(row)
    }
    stepEnded(until: nil)
    rules[index].rows = rows
    contribute(rule: index, &tick)
  }

  /// - Parameter isLeaving: The row's key is gone: what is unknown clears it.
  private func step(
    _ row: inout Row, of rule: Program.Rule, isFirst: Bool, isLeaving: Bool, _ tick: inout Tick
  ) {
    var when = tick.run(rule.when)
    // The unknown row stands for keys that may not exist: nothing is sure there.
    if row.key == Row.unknownKey, when == .yes { when = .unknown }
    if when == .unknown {
      switch rule.unknown {
      case .spreads: break
      case .ignored: when = .no
      case .fires: if tick.isKnown(for: rule.longestWindow, self) { when = .yes }
      }
    }
    let until = rule.until.map { tick.run($0) }
    let isSteady = isFirst && tick.workspace.assumesSteady
    row.sure.step(
      when: when == .yes, until: until.map { $0 != .no }, wait: rule.for, hold: rule.hold, mayClear: !rule.latch,
      isSteady: isSteady, at: tick.now)
    row.possible.step(
      when: isLeaving ? when == .yes : when != .no, until: until.map { isLeaving ? $0 != .no : $0 == .yes },
      wait: rule.for, hold: rule.hold,
      mayClear: !rule.latch || !row.sure.isOn, isSteady: isSteady, at: tick.now)
    for machine in [row.sure, row.possible] {
      if let deadline = machine.deadline(wait: rule.for, hold: rule.hold) { tick.wake.at(deadline) }
    }
    guard case .add(let fragment, let low, let high) = rule.effect else { return }
    let worth = tick.number(fragment)
    let now = worth.isNaN ? (low: low, high: high) : (low: worth, high: worth)
    if row.sure.state == .active { row.lastWorth = now }
    let counted: (low: Double, high: Double) =
      if row.sure.state == .active || rule.hold == 0 {
        now
      } else if row.sure.state == .holding, row.possible.state == .holding, row.sure.since == row.possible.since {
        row.lastWorth
      } else {
        (low, high)
      }
    row.low = row.sure.isOn ? thousandths(counted.low) : 0
    row.high = row.possible.isOn ? thousandths(counted.high) : 0
  }

  private mutating func contribute(rule index: Int, _ tick: inout Tick) {
    let rule = tick.workspace.program.rules[index]
    (rules[index].excepted, rules[index].exception) = excepted(rule, &tick)
    var low: Int64 = 0
    var high: Int64 = 0
    var effect = Truth.no
    switch rule.effect {
    case .add:
      low = rules[index].rows.map(\.low).max() ?? 0
      high = rules[index].rows.map(\.high).max() ?? 0
    case .replace, .quarantine, .protect:
      effect =
        rules[index].rows.contains { $0.sure.isOn }
        ? .yes : rules[index].rows.contains { $0.possible.isOn } ? .unknown : .no
    }
    switch rules[index].excepted {
    case .no: break
    case .unknown:
      low = 0
      if effect == .yes { effect = .unknown }
    case .yes: (low, high, effect) = (0, 0, .no)
    }
    if rule.shadow { (low, high, effect) = (0, 0, .no) }
    rules[index].low = low
    rules[index].high = high
    rules[index].effect = effect
  }

  private func excepted(_ rule: Program.Rule, _ tick: inout Tick) -> (Truth, Int?) {
    var result = Truth.no
    var which: Int?
    for (index, entry) in rule.except.enumerated() {
      if let expires = entry.expires {
        if tick.now >= expires { continue }
        tick.wake.at(expires)
      }
      let truth = tick.run(entry.condition)
      if truth == .yes, which == nil { which = index }
      result = result || truth
    }
    return (result, which)
  }

  private mutating func summarize(_ tick: inout Tick) {
    let program = tick.workspace.program
    var summary = Summary()
    summary.selected = program.selector.map { tick.run($0) } ?? .yes
    var quarantine = Truth.no
    var replace = Truth.no
    for (rule, outcome) in zip(program.rules, rules) {
      summary.low += outcome.low
      summary.high += outcome.high
      switch rule.effect {
      case .add: break
      case .protect: summary.protected = summary.protected || outcome.effect
      case .quarantine: quarantine = quarantine || outcome.effect
      case .replace: replace = replace || outcome.effect
      }
    }
    summary.possible = Summary.outcomes(
      low: summary.low, high: summary.high, protect: summary.protected, quarantine: quarantine, replace: replace,
      watchAt: program.watch, replaceAt: program.replace)
    let verdicts = summary.possible.verdicts
    summary.verdict = verdicts.count == 1 && summary.selected == .yes ? verdicts[0] : .unknown
    self.summary = summary
  }
}

/// Points as whole thousandths, half away from zero.
func thousandths(_ points: Double) -> Int64 {
  Int64((min(max(points, 0), 1e12) * 1000).rounded(.toNearestOrAwayFromZero))
}
