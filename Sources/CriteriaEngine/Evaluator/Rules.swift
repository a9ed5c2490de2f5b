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
    if isColumns { runKernel(rows) } else { runKernel(Int(rows[0])) }
    for index in plan.keyedRules.indices {
      let rule = Int(plan.keyedRules[index])
      for row in rows { stepKeys(of: rule, plan.rules.base + rule, Int(row)) }
    }
    for row in rows {
      let row = Int(row)
      let before = block.firstTick[row] == number ? nil : block.summaries[row]
      summarize(row)
      block.lastTick[row] = number
      block.wake[row] = wakes[place(row)].tick
      block.updateDueAfterTick(row)
      let after = block.summaries[row]
      if before?.verdict != after.verdict || before?.possibleSet != after.possibleSet
        || before?.selected != after.selected
      {
        changed(row, before, after)
      }
    }
  }

  // MARK: Rules without keys

  /// Runs the rules side by side.
  private mutating func runKernel(_ rows: UnsafeBufferPointer<Int32>) {
    let inputs = workspace.columnInputs
    inputs.evaluate(block.count, &workspace.strings)
    let scratch = inputs.scratch
    let (protect, quarantine, replace) = (scratch.protect, scratch.quarantine, scratch.replace)
    for row in rows {
      let row = Int(row)
      workspace.tallies[row] = Tally(
        low: scratch.low[row], high: scratch.high[row], protect: stands(protect, row),
        quarantine: stands(quarantine, row), replace: stands(replace, row))
    }
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: block.words) { active in
      active.initialize(repeating: 0)
      for row in rows { active[Int(row) / 64] |= 1 << UInt64(row % 64) }
      for index in plan.unkeyedRules.indices {
        let kernelRule = workspace.kernelRules[index]
        let when = scratch.column(kernelRule.when)
        if kernelRule.isPlain {
          for word in 0..<block.words {
            let isOn = when.isTrue[word]
            let mayBeOn = kernelRule.isIgnoring ? isOn : ~when.isFalse[word]
            follow(block.sure, block.sureBits, index, word, isOn, active[word])
            follow(block.possible, block.possibleBits, index, word, mayBeOn, active[word])
          }
          continue
        }
        let until = scratch.column(kernelRule.until)
        let worth = kernelRule.worth < 0 ? nil : scratch.numbers(kernelRule.worth)
        let rule = Int(plan.unkeyedRules[index])
        for row in rows {
          let row = Int(row)
          step(rule, row, when: truth(when, row), until: truth(until, row), worth: worth.map { $0[row] } ?? .nan)
        }
      }
    }
  }

  private func truth(_ column: KernelScratch.TruthColumn, _ row: Int) -> Truth {
    let (word, bit) = (row / 64, UInt64(row % 64))
    if column.isTrue[word] >> bit & 1 == 1 { return .yes }
    return column.isFalse[word] >> bit & 1 == 1 ? .no : .unknown
  }

  private func stands(_ column: KernelScratch.EffectColumn, _ row: Int) -> Truth {
    let (word, bit) = (row / 64, UInt64(row % 64))
    if column.isCertain[word] >> bit & 1 == 1 { return .yes }
    return column.isPossible[word] >> bit & 1 == 1 ? .unknown : .no
  }

  /// Machines of a plain rule change with its `when`: only those that do are touched.
  private func follow(
    _ machines: UnsafeMutablePointer<Machine>, _ bits: UnsafeMutablePointer<UInt64>, _ index: Int, _ word: Int,
    _ new: UInt64, _ active: UInt64
  ) {
    let place = index * block.words + word
    var flips = (bits[place] ^ new) & active
    bits[place] ^= flips
    while flips != 0 {
      let bit = flips.trailingZeroBitCount
      flips &= flips - 1
      machines[index * block.capacity + word * 64 + bit].follow(new >> UInt64(bit) & 1 == 1, at: now)
    }
  }

  /// Runs the rules of one instance.
  private mutating func runKernel(_ row: Int) {
    let kernel = workspace.kernel
    let (numbers, strings, truths) = (workspace.rowNumbers, workspace.rowStrings, workspace.rowTruths)
    for (place, register) in kernel.numberInputs.enumerated() { numbers[place] = frame.numbers[register] }
    for (place, register) in kernel.stringInputs.enumerated() { strings[place] = frame.strings[register] }
    for (place, register) in kernel.truthInputs.enumerated() { truths[place] = frame.truths[register] }
    let scratch = workspace.rowScratch
    if scratch.hasGiven {
      scratch.evaluate(numbers: numbers, strings: strings, truths: truths, &workspace.strings)
    } else {
      scratch.evaluate(numbers: numbers, strings: strings)
    }
    workspace.tallies[0] = Tally(
      low: scratch.rowLow, high: scratch.rowHigh, protect: scratch.rowProtect, quarantine: scratch.rowQuarantine,
      replace: scratch.rowReplace)
    let (word, bit) = (row / 64, UInt64(row % 64))
    for index in plan.unkeyedRules.indices {
      let kernelRule = workspace.kernelRules[index]
      let when = scratch.truth(kernelRule.rowWhen)
      if kernelRule.isPlain {
        let isOn: UInt64 = when == .yes ? 1 : 0
        let mayBeOn: UInt64 = when == .yes || (when == .unknown && !kernelRule.isIgnoring) ? 1 : 0
        follow(block.sure, block.sureBits, index, word, isOn << bit, 1 << bit)
        follow(block.possible, block.possibleBits, index, word, mayBeOn << bit, 1 << bit)
        continue
      }
      step(
        Int(plan.unkeyedRules[index]), row, when: when, until: scratch.truth(kernelRule.rowUntil),
        worth: kernelRule.rowWorth < 0 ? .nan : scratch.rowNumber(kernelRule.rowWorth))
    }
  }

  /// One step of an unkeyed rule.
  ///
  /// - Parameters:
  ///   - until: Means nothing where the rule has none.
  ///   - worth: In points, NaN = unknown.
  private mutating func step(_ index: Int, _ row: Int, when: Truth, until: Truth, worth: Double) {
    let rule = plan.rules.base + index
    let standing = block.standing + (index * block.capacity + row)
    let cell = Int(rule.pointee.place) * block.capacity + row
    if !rule.pointee.optionalSignals.isEmpty {
      if signals(rule.pointee.optionalSignals).contains(where: { !isSeen(Int($0), row) }) {
        standing.pointee = Standing(isApplicable: false)
        block.sure[cell] = Machine()
        block.possible[cell] = Machine()
        block.lastWorth[cell] = Worth(low: 0, high: 0)
        return
      }
      standing.pointee.isApplicable = true
    }
    step(
      &block.sure[cell], &block.possible[cell], rule, row, when: when, until: rule.pointee.hasUntil ? until : nil,
      isLeaving: false)
    let effect: Contribution
    if rule.pointee.effect == .add {
      let worth = worth.isNaN ? Worth(low: rule.pointee.low, high: rule.pointee.high) : Worth(low: worth, high: worth)
      let range = contribution(of: rule, block.sure[cell], block.possible[cell], now: worth, &block.lastWorth[cell])
      effect = Contribution(low: range.low, high: range.high)
    } else {
      let stands: Truth = block.sure[cell].isOn ? .yes : block.possible[cell].isOn ? .unknown : .no
      effect = Contribution(effect: stands)
    }
    add(effect, index, rule, row)
  }

  /// Adds what a rule comes to, after `except` and `mode: shadow`.
  private mutating func add(_ contribution: Contribution, _ index: Int, _ rule: UnsafePointer<Plan.Rule>, _ row: Int) {
    if rule.pointee.hasExcept {
      let (excepted, exception) = excepted(index, row)
      block.standing[index * block.capacity + row].excepted = excepted
      block.standing[index * block.capacity + row].exception = exception
    }
    let counted = counted(contribution, rule, block.standing[index * block.capacity + row].excepted)
    let place = place(row)
    workspace.tallies[place].low += counted.low
    workspace.tallies[place].high += counted.high
    workspace.tallies[place].add(rule.pointee.effect, counted.effect)
  }

  /// What of a contribution counts.
  func counted(_ contribution: Contribution, _ rule: UnsafePointer<Plan.Rule>, _ excepted: Truth) -> Contribution {
    if rule.pointee.isShadow { return Contribution() }
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
  ///   - until: `nil`: the rule has none.
  ///   - isLeaving: The row's key is gone: what is unknown clears it.
  private func step(
    _ sure: inout Machine, _ possible: inout Machine, _ rule: UnsafePointer<Plan.Rule>, _ row: Int, when: Truth,
    until: Truth?, isLeaving: Bool
  ) {
    var when = when
    if when == .unknown {
      switch rule.pointee.unknown {
      case .spreads: break
      case .ignored: when = .no
      case .fires: if isKnown(for: rule, row) { when = .yes }
      }
    }
    let (wait, hold, latch) = (rule.pointee.wait, rule.pointee.hold, rule.pointee.latch)
    let isSteady = workspace.assumesSteady && isFirst(row)
    sure.step(
      when: when == .yes, until: until.map { $0 != .no }, wait: wait, hold: hold, mayClear: !latch,
      isSteady: isSteady, at: now)
    possible.step(
      when: isLeaving ? when == .yes : when != .no, until: until.map { isLeaving ? $0 != .no : $0 == .yes },
      wait: wait, hold: hold, mayClear: !latch || !sure.isOn, isSteady: isSteady, at: now)
    if let deadline = sure.deadline(wait: wait, hold: hold) { wakes[place(row)].at(deadline) }
    if let deadline = possible.deadline(wait: wait, hold: hold) { wakes[place(row)].at(deadline) }
  }

  /// Whether the instance has been known, and all that the rule reads watched, for as long as the rule's longest window.
  private func isKnown(for rule: UnsafePointer<Plan.Rule>, _ row: Int) -> Bool {
    let since = signals(rule.pointee.signals).reduce(block.knownSince[row]) { max($0, workspace.watchedSince[Int($1)]) }
    return isKnown(for: rule.pointee.longestWindow, since: since, row)
  }

  /// The worth as the registers have it: a number, or the static range.
  func worth(of rule: UnsafePointer<Plan.Rule>, _ row: Int) -> Worth {
    let worth = frame.number(rule.pointee.worth, at: place(row), workspace)
    return worth.isNaN ? Worth(low: rule.pointee.low, high: rule.pointee.high) : Worth(low: worth, high: worth)
  }

  /// What one row contributes.
  ///
  /// - Parameter last: The worth at the last tick at which sure was active.
  /// - Returns: Thousandths.
  func contribution(
    of rule: UnsafePointer<Plan.Rule>, _ sure: Machine, _ possible: Machine, now: Worth, _ last: inout Worth
  ) -> (low: Int64, high: Int64) {
    if sure.state == .active { last = now }
    let counted: Worth =
      if sure.state == .active || rule.pointee.hold == 0 {
        now
      } else if sure.state == .holding, possible.state == .holding, sure.since == possible.since {
        last
      } else {
        Worth(low: rule.pointee.low, high: rule.pointee.high)
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

  private mutating func stepKeys(of number: Int, _ rule: UnsafePointer<Plan.Rule>, _ row: Int) {
    let standing = block.standing + (number * block.capacity + row)
    let place = Int(rule.pointee.place)
    if signals(rule.pointee.optionalSignals).contains(where: { !isSeen(Int($0), row) }) {
      standing.pointee = Standing(isApplicable: false)
      block.cold[row].keyed[place].rows = []
      return
    }
    standing.pointee.isApplicable = true
    let keys = keys(over: rule.pointee.keyedSignals, row)
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
          (rule.pointee.latch && ended.sure.state == .active) || ended.sure.state == .holding
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

  private mutating func step(_ one: inout Row, _ rule: UnsafePointer<Plan.Rule>, _ row: Int, isLeaving: Bool) {
    fill(key: one.key, features: rule.pointee.features, derived: rule.pointee.derived, row)
    var when = frame.truth(rule.pointee.when, at: place(row), workspace)
    // The row of unknown keys stands for keys that may not exist: nothing is sure there.
    if one.key == Row.unknownKey, when == .yes { when = .unknown }
    var until: Truth?
    if rule.pointee.hasUntil { until = frame.truth(rule.pointee.until, at: place(row), workspace) }
    step(&one.sure, &one.possible, rule, row, when: when, until: until, isLeaving: isLeaving)
    guard rule.pointee.effect == .add else { return }
    (one.low, one.high) = contribution(of: rule, one.sure, one.possible, now: worth(of: rule, row), &one.lastWorth)
  }

  /// The largest of the rows.
  func contribution(of rule: UnsafePointer<Plan.Rule>, _ rows: [Row]) -> Contribution {
    if rule.pointee.effect == .add {
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
