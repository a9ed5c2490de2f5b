// meaning.md §11: what a rule remembers of its row, and what it contributes.

import CriteriaSyntax

/// What a rule is reported to be in.
package enum RuleState: String, Sendable, Hashable, CaseIterable {
  case idle, pending, active, holding, excepted
  case notApplicable = "n/a"
}

/// One of the two machines of a row.
struct Machine: Sendable, Hashable {
  enum Phase: Int, Sendable, Comparable {
    case idle, pending, holding, active
    static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }
  }
  var phase = Phase.idle
  /// The tick at which the phase was entered.
  var since: Int64

  /// Whether it adds to the score.
  var counts: Bool { phase == .active || phase == .holding }
  var state: RuleState {
    switch phase {
    case .idle: .idle
    case .pending: .pending
    case .active: .active
    case .holding: .holding
    }
  }

  private mutating func enter(_ phase: Phase, at tick: Int64) {
    self.phase = phase
    since = tick
  }

  /// One step.
  ///
  /// - Parameters:
  ///   - until: `nil` if the rule has none.
  ///   - mayClear: Whether an active machine may clear, which a latch forbids.
  mutating func step(when: Bool, until: Bool?, for: Int64, hold: Int64?, mayClear: Bool, at tick: Int64) {
    if phase == .active {
      if when || !(until ?? true) || !mayClear { return }
      enter(hold == nil ? .idle : .holding, at: tick)
      return
    }
    if phase == .holding {
      if tick - since >= hold! {
        enter(.idle, at: tick)
      } else {
        if when { enter(.active, at: tick) }
        return
      }
    }
    if phase == .idle && when { enter(.pending, at: tick) }
    if phase == .pending {
      if !when {
        enter(.idle, at: tick)
      } else if tick - since >= `for` {
        enter(.active, at: tick)
      }
    }
  }
}

/// Both machines of one row, and the worth at the last tick at which the rule was surely active.
struct RowMachines: Sendable {
  var sure: Machine
  var possible: Machine
  var activeWorth = 0.0...0.0
  /// What it contributes now, and whether its effect is certain or possible.
  var low: Int64 = 0
  var high: Int64 = 0

  init(at tick: Int64) {
    sure = Machine(since: tick)
    possible = Machine(since: tick)
  }
}

typealias RuleMachines = [Row: RowMachines]

extension Evaluation {
  /// §11 for one row at one tick.
  ///
  /// - Parameter isLeaving: Its key is gone: what is unknown clears it (§10.3).
  func step(_ rule: Policy.Rule, _ row: Row, _ before: RowMachines?, isLeaving: Bool = false) -> RowMachines {
    var machines = before ?? RowMachines(at: tick)
    let until = rule.until.map { evaluate($0, in: row).bool }
    var when = evaluate(rule.when, in: row).bool
    // There may be no key at all.
    if row == .unknown && when == true { when = nil }
    if when == nil {
      switch rule.unknown {
      case .fires: if isKnown(for: rule.longestWindow) { when = true }
      case .ignore: when = false
      case nil: break
      }
    }
    let elapsed = isFirstTick && assumeSteady ? 0 : rule.for
    machines.sure.step(
      when: when ?? false, until: until.map { $0 ?? true }, for: elapsed, hold: rule.hold, mayClear: !rule.latch,
      at: tick)
    machines.possible.step(
      when: when ?? !isLeaving, until: until.map { $0 ?? isLeaving }, for: elapsed, hold: rule.hold,
      mayClear: !rule.latch || machines.sure.phase != .active, at: tick)
    contribute(rule, row, &machines)
    return machines
  }

  private func contribute(_ rule: Policy.Rule, _ row: Row, _ machines: inout RowMachines) {
    machines.low = 0
    machines.high = 0
    guard case .add(let expression, _) = rule.effect else { return }
    let now = evaluate(expression, in: row).number
    var worth = now.map { $0...$0 } ?? rule.range
    if machines.sure.phase == .active {
      machines.activeWorth = worth
    } else if rule.hold != nil {
      let bothHold = machines.sure.phase == .holding && machines.possible.phase == .holding
      worth = bothHold && machines.sure.since == machines.possible.since ? machines.activeWorth : rule.range
    }
    if machines.sure.counts { machines.low = thousandths(worth.lowerBound) }
    if machines.possible.counts { machines.high = thousandths(worth.upperBound) }
  }

  /// All rows of a rule at one tick, those that linger among them.
  func step(_ rule: Policy.Rule, _ before: RuleMachines) -> RuleMachines {
    var after: RuleMachines = [:]
    for row in rows(of: rule.keyed) { after[row] = step(rule, row, before[row]) }
    for (row, machines) in before where after[row] == nil {
      let last = step(rule, row, machines, isLeaving: true)
      let lingers =
        rule.latch && last.sure.phase == .active || last.sure.phase == .holding || last.possible.phase == .holding
      if lingers { after[row] = last }
    }
    return after
  }
}
