/// What the rules of one instance add up to, while they are walked.
struct Tally: BitwiseCopyable {
  var low: Int64 = 0
  var high: Int64 = 0
  var protect = Truth.no
  var quarantine = Truth.no
  var replace = Truth.no

  mutating func add(_ effect: Plan.Rule.Effect, _ stands: Truth) {
    switch effect {
    case .add: break
    case .protect: protect = protect || stands
    case .quarantine: quarantine = quarantine || stands
    case .replace: replace = replace || stands
    }
  }
}

/// What a rule contributes: points in thousandths, and whether its effect stands.
struct Contribution {
  var low: Int64 = 0
  var high: Int64 = 0
  var effect = Truth.no
}

extension Tick {
  /// Decides about some rows, from their state as it is.
  ///
  /// - Parameter rows: Known by now.
  mutating func run(
    _ rows: UnsafeBufferPointer<Int32>, changed: (_ row: Int, _ before: Summary?, _ after: Summary) -> Void
  ) {
    for row in rows {
      prepare(Int(row))
      workspace.tallies[place(Int(row))] = Tally()
      // The first tick is told by not having been judged before it.
      if block.firstTick[Int(row)] == .max { block.firstTick[Int(row)] = number }
    }
    if plan.keyedMetrics.count + plan.keyedLogs.count > 0 { for row in rows { updateKeys(Int(row)) } }
    fillShared(rows)
    for index in plan.unkeyedRules.indices {
      let rule = Int(plan.unkeyedRules[index])
      for row in rows { step(rule, plan.rules[rule], Int(row)) }
    }
    for index in plan.keyedRules.indices {
      let rule = Int(plan.keyedRules[index])
      for row in rows { stepKeys(of: rule, plan.rules[rule], Int(row)) }
    }
    for row in rows {
      let row = Int(row)
      let before = block.firstTick[row] == number ? nil : block.summaries[row]
      summarize(row)
      block.lastTick[row] = number
      block.wake[row] = wakes[place(row)].tick
      block.updateDue(row, after: now)
      let after = block.summaries[row]
      if before?.verdict != after.verdict || before?.possibleSet != after.possibleSet
        || before?.selected != after.selected
      {
        changed(row, before, after)
      }
    }
  }

  // MARK: Rules without keys

  private mutating func step(_ index: Int, _ rule: Plan.Rule, _ row: Int) {
    let standing = block.standing + (index * block.capacity + row)
    let cell = Int(rule.place) * block.capacity + row
    if !rule.optionalSignals.isEmpty {
      if signals(rule.optionalSignals).contains(where: { !isSeen(Int($0), row) }) {
        standing.pointee = Standing(isApplicable: false)
        block.sure[cell] = Machine()
        block.possible[cell] = Machine()
        block.lastWorth[cell] = Worth(low: 0, high: 0)
        return
      }
      standing.pointee.isApplicable = true
    }
    step(&block.sure[cell], &block.possible[cell], rule, row, isUnknownKey: false, isLeaving: false)
    let effect: Contribution
    if rule.effect == .add {
      let range = contribution(
        of: rule, block.sure[cell], block.possible[cell], now: worth(of: rule, row), &block.lastWorth[cell])
      effect = Contribution(low: range.low, high: range.high)
    } else {
      let stands: Truth = block.sure[cell].isOn ? .yes : block.possible[cell].isOn ? .unknown : .no
      effect = Contribution(effect: stands)
    }
    add(effect, index, rule, row)
  }

  /// Adds what a rule comes to, after `except` and `mode: shadow`.
  private mutating func add(_ contribution: Contribution, _ index: Int, _ rule: Plan.Rule, _ row: Int) {
    if rule.hasExcept {
      let (excepted, exception) = excepted(index, row)
      block.standing[index * block.capacity + row].excepted = excepted
      block.standing[index * block.capacity + row].exception = exception
    }
    let counted = counted(contribution, rule, block.standing[index * block.capacity + row].excepted)
    let place = place(row)
    workspace.tallies[place].low += counted.low
    workspace.tallies[place].high += counted.high
    workspace.tallies[place].add(rule.effect, counted.effect)
  }

  /// What of a contribution counts.
  func counted(_ contribution: Contribution, _ rule: Plan.Rule, _ excepted: Truth) -> Contribution {
    if rule.isShadow { return Contribution() }
    var counted = contribution
    switch excepted {
    case .no: break
    case .unknown:
      counted.low = 0
      if counted.effect == .yes { counted.effect = .unknown }
    case .yes: counted = Contribution()
    }
    return counted
  }

  /// One step of both machines of a row.
  ///
  /// - Parameters:
  ///   - isUnknownKey: The row stands for keys that may not exist: nothing is sure there.
  ///   - isLeaving: The row's key is gone: what is unknown clears it.
  private func step(
    _ sure: inout Machine, _ possible: inout Machine, _ rule: Plan.Rule, _ row: Int, isUnknownKey: Bool, isLeaving: Bool
  ) {
    let place = place(row)
    var when = frame.truth(rule.when, at: place, workspace)
    if isUnknownKey, when == .yes { when = .unknown }
    if when == .unknown {
      switch rule.unknown {
      case .spreads: break
      case .ignored: when = .no
      case .fires: if isKnown(for: rule.longestWindow, row) { when = .yes }
      }
    }
    var until: Truth?
    if case .some(let fragment) = rule.until { until = frame.truth(fragment, at: place, workspace) }
    let isSteady = workspace.assumesSteady && isFirst(row)
    sure.step(
      when: when == .yes, until: until.map { $0 != .no }, wait: rule.wait, hold: rule.hold, mayClear: !rule.latch,
      isSteady: isSteady, at: now)
    possible.step(
      when: isLeaving ? when == .yes : when != .no, until: until.map { isLeaving ? $0 != .no : $0 == .yes },
      wait: rule.wait, hold: rule.hold, mayClear: !rule.latch || !sure.isOn, isSteady: isSteady, at: now)
    if let deadline = sure.deadline(wait: rule.wait, hold: rule.hold) { wakes[place].at(deadline) }
    if let deadline = possible.deadline(wait: rule.wait, hold: rule.hold) { wakes[place].at(deadline) }
  }

  /// The worth as the registers have it: a number, or the static range.
  func worth(of rule: Plan.Rule, _ row: Int) -> Worth {
    let worth = frame.number(rule.worth, at: place(row), workspace)
    return worth.isNaN ? Worth(low: rule.low, high: rule.high) : Worth(low: worth, high: worth)
  }

  /// What one row contributes.
  ///
  /// - Parameter last: The worth at the last tick at which sure was active.
  /// - Returns: Thousandths.
  func contribution(of rule: Plan.Rule, _ sure: Machine, _ possible: Machine, now: Worth, _ last: inout Worth) -> (
    low: Int64, high: Int64
  ) {
    if sure.state == .active { last = now }
    let counted: Worth =
      if sure.state == .active || rule.hold == 0 {
        now
      } else if sure.state == .holding, possible.state == .holding, sure.since == possible.since {
        last
      } else {
        Worth(low: rule.low, high: rule.high)
      }
    return (sure.isOn ? thousandths(counted.low) : 0, possible.isOn ? thousandths(counted.high) : 0)
  }

  private func excepted(_ index: Int, _ row: Int) -> (Truth, Int32) {
    var result = Truth.no
    var which: Int32 = -1
    for (index, entry) in workspace.program.rules[index].except.enumerated() {
      if let expires = entry.expires {
        if now >= expires { continue }
        wakes[place(row)].at(expires)
      }
      let truth = frame.truth(Plan.Fragment(code: entry.condition), at: place(row), workspace)
      if truth == .yes, which < 0 { which = Int32(index) }
      result = result || truth
    }
    return (result, which)
  }

  // MARK: Rules with keys

  private mutating func stepKeys(of number: Int, _ rule: Plan.Rule, _ row: Int) {
    let standing = block.standing + (number * block.capacity + row)
    let place = Int(rule.place)
    if signals(rule.optionalSignals).contains(where: { !isSeen(Int($0), row) }) {
      standing.pointee = Standing(isApplicable: false)
      block.cold[row].keyed[place].rows = []
      return
    }
    standing.pointee.isApplicable = true
    let keys = keys(over: rule.keyedSignals, row)
    let before = block.cold[row].keyed[place].rows
    var rows: [Row] = []
    // Both are in the order of keys, so one walk along them finds each row's predecessor.
    var old = 0
    var new = 0
    while old < before.count || new < keys.count {
      let isEnded =
        old < before.count && (new == keys.count || workspace.keys.precedes(before[old].key, keys[new]))
      if isEnded {
        var ended = before[old]
        old += 1
        step(&ended, rule, row, isLeaving: true)
        let isHeld =
          (rule.latch && ended.sure.state == .active) || ended.sure.state == .holding
          || ended.possible.state == .holding
        if isHeld { rows.append(ended) }
        continue
      }
      var one = Row(key: keys[new])
      new += 1
      if old < before.count, before[old].key == one.key {
        one = before[old]
        old += 1
      }
      step(&one, rule, row, isLeaving: false)
      rows.append(one)
    }
    block.cold[row].keyed[place].rows = rows
    add(contribution(of: rule, rows), number, rule, row)
  }

  private mutating func step(_ one: inout Row, _ rule: Plan.Rule, _ row: Int, isLeaving: Bool) {
    fill(key: one.key, features: rule.features, derived: rule.derived, row)
    step(
      &one.sure, &one.possible, rule, row, isUnknownKey: one.key == Row.unknownKey, isLeaving: isLeaving)
    guard rule.effect == .add else { return }
    (one.low, one.high) = contribution(
      of: rule, one.sure, one.possible, now: worth(of: rule, row), &one.lastWorth)
  }

  /// The largest of the rows.
  func contribution(of rule: Plan.Rule, _ rows: [Row]) -> Contribution {
    if rule.effect == .add {
      return Contribution(low: rows.reduce(0) { max($0, $1.low) }, high: rows.reduce(0) { max($0, $1.high) })
    }
    return Contribution(
      effect: rows.contains { $0.sure.isOn } ? .yes : rows.contains { $0.possible.isOn } ? .unknown : .no)
  }

  // MARK: The verdict

  private mutating func summarize(_ row: Int) {
    let tally = workspace.tallies[place(row)]
    var summary = Summary()
    summary.selected = plan.selector.map { frame.truth($0, at: place(row), workspace) } ?? .yes
    summary.low = tally.low
    summary.high = tally.high
    summary.protected = tally.protect
    summary.possibleSet = Summary.outcomes(
      low: tally.low, high: tally.high, protect: tally.protect, quarantine: tally.quarantine, replace: tally.replace,
      watchAt: plan.watchAt, replaceAt: plan.replaceAt)
    summary.verdict = summary.selected == .yes ? summary.possibleSet.only ?? .unknown : .unknown
    block.summaries[row] = summary
  }
}

/// Points as whole thousandths, half away from zero.
func thousandths(_ points: Double) -> Int64 {
  Int64((min(max(points, 0), 1e12) * 1000).rounded(.toNearestOrAwayFromZero))
}
