// meaning.md §12: what holds of an instance at a tick.

import CriteriaSyntax

package enum Verdict: String, Sendable, Hashable, CaseIterable { case keep, watch, quarantine, replace, unknown }

/// Everything that is decided about one instance at one tick.
package struct Judgement: Sendable, Hashable {
  package var instance: String
  package var tick: Int64
  /// `nil`: the selector does not choose the instance.
  package var verdict: Verdict?
  /// What the selector says; `nil`: unknown.
  package var isSelected: Bool?
  /// What the verdict may be; just the verdict where it is known.
  package var possible: Set<Verdict>
  /// Thousandths of a point.
  package var low: Int64
  package var high: Int64
  /// In the order of the policy.
  package var rules: [RuleReport]
}

package struct RuleReport: Sendable, Hashable {
  package var rule: String
  package var state: RuleState
  /// What the possible machine is in.
  package var possible: RuleState
  /// Thousandths of a point.
  package var low: Int64
  package var high: Int64
  /// When the reported state was entered; `nil` where no machine is reported.
  package var since: Int64?
  package var possibleSince: Int64?
  /// The key of the reported row; `nil` without one.
  package var key: [String]?
  /// Of `replace`, `quarantine`, `protect`: whether the effect is there.
  package var effect = Presence.absent
}

/// Whether an effect holds.
package enum Presence: Int, Sendable, Comparable {
  case absent, possible, certain
  package static func < (a: Presence, b: Presence) -> Bool { a.rawValue < b.rawValue }
  /// What may be the case.
  var cases: [Bool] {
    switch self {
    case .absent: [false]
    case .possible: [false, true]
    case .certain: [true]
    }
  }
}

extension Instance {
  /// Runs one tick, whose observations have been applied.
  ///
  /// - Returns: `nil` while the instance is not known.
  mutating func judge(at tick: Int64, _ policy: Policy, assumeSteady: Bool, mask: Interpreter.Mask?) -> Judgement? {
    guard knownSince != nil else { return nil }
    func evaluation() -> Evaluation {
      Evaluation(
        instance: self, policy: policy, tick: tick, isFirstTick: !hasBeenJudged, assumeSteady: assumeSteady, mask: mask)
    }
    updateKeys(evaluation())
    for clock in policy.clocks {
      let evaluation = evaluation()
      let before = clocks
      clocks = clocks.filter { $0.key.site != clock.site }
      for row in evaluation.rows(of: clock.keyed) {
        let key = ClockKey(site: clock.site, row: row)
        clocks[key] = (before[key] ?? .unknown).next(evaluation.evaluate(clock.condition, in: row).bool, at: tick)
      }
    }

    let now = evaluation()
    var reports: [RuleReport] = []
    var low: Int64 = 0
    var high: Int64 = 0
    var protect = Presence.absent
    var quarantine = Presence.absent
    var replace = Presence.absent
    for rule in policy.rules {
      let isApplicable = rule.optional.allSatisfy { now.isSeen(policy.signals[$0]!) }
      let rows = isApplicable ? now.step(rule, machines[rule.name] ?? [:]) : [:]
      machines[rule.name] = rows
      var report = now.report(rule, rows, isApplicable: isApplicable)
      var presence = now.presence(rows)
      switch now.exception(rule) {
      case true?:
        presence = .absent
        (report.low, report.high) = (0, 0)
        if isApplicable { report.state = .excepted }
      case nil:
        presence = min(presence, .possible)
        report.low = 0
      case false?: break
      }
      if rule.shadow {
        presence = .absent
        (report.low, report.high) = (0, 0)
      }
      if case .add = rule.effect {} else { report.effect = presence }
      reports.append(report)
      low += report.low
      high += report.high
      switch rule.effect {
      case .add: break
      case .protect: protect = max(protect, presence)
      case .quarantine: quarantine = max(quarantine, presence)
      case .replace: replace = max(replace, presence)
      }
    }

    var possible: Set<Verdict> = []
    // An outcome can only change at these scores.
    for score in [low, high, policy.watch, policy.replace] where low <= score && score <= high {
      for p in protect.cases {
        for q in quarantine.cases {
          for r in replace.cases { possible.insert(policy.outcome(score, protect: p, quarantine: q, replace: r)) }
        }
      }
    }
    let isSelected = policy.selector.map { now.evaluate($0, in: .only).bool } ?? true
    let verdict: Verdict? =
      switch isSelected {
      case true?: possible.count == 1 ? possible.first : .unknown
      case false?: nil
      case nil: .unknown
      }
    hasBeenJudged = true
    let judgement = Judgement(
      instance: id, tick: tick, verdict: verdict, isSelected: isSelected, possible: possible, low: low, high: high,
      rules: reports)
    latest = judgement
    return judgement
  }
}

extension Policy {
  fileprivate func outcome(_ score: Int64, protect: Bool, quarantine: Bool, replace: Bool) -> Verdict {
    let free: Verdict =
      if quarantine { .quarantine } else if replace || score >= self.replace { .replace } else if score >= watch {
        .watch
      } else { .keep }
    return protect && (free == .quarantine || free == .replace) ? .watch : free
  }
}

extension Evaluation {
  /// Kleene's or over the entries of `except`, each counting before its `expires`.
  fileprivate func exception(_ rule: Policy.Rule) -> Bool? {
    let answers = rule.except.map { entry -> Bool? in
      if let expires = entry.expires, tick >= expires.value { return false }
      return evaluate(entry.condition, in: .only).bool
    }
    return answers.contains(true) ? true : answers.contains(nil) ? nil : false
  }

  fileprivate func presence(_ rows: RuleMachines) -> Presence {
    rows.values.map { $0.sure.counts ? .certain : $0.possible.counts ? .possible : .absent }.max() ?? .absent
  }

  /// The row that a rule is reported by, and what all of them contribute.
  fileprivate func report(_ rule: Policy.Rule, _ rows: RuleMachines, isApplicable: Bool) -> RuleReport {
    guard isApplicable else {
      return RuleReport(rule: rule.name, state: .notApplicable, possible: .notApplicable, low: 0, high: 0)
    }
    let isEffect = if case .add = rule.effect { false } else { true }
    /// Greater is more worth telling; the first of equals is told.
    func weight(_ machines: RowMachines) -> [Int64] {
      var weight =
        isEffect
        ? [machines.sure.counts ? 1 : 0, machines.possible.counts ? 1 : 0] : [machines.high, machines.low]
      if weight == [0, 0] { weight += [Int64(machines.sure.phase.rawValue), Int64(machines.possible.phase.rawValue)] }
      return weight
    }
    let inOrder = rows.sorted { $0.key < $1.key }
    var reported = inOrder.first
    for one in inOrder.dropFirst() where weight(reported!.value).lexicographicallyPrecedes(weight(one.value)) {
      reported = one
    }
    let told = reported?.value
    var key: [String]?
    if case .key(let parts)? = reported?.key { key = parts }
    return RuleReport(
      rule: rule.name, state: told?.sure.state ?? .idle, possible: told?.possible.state ?? .idle,
      low: rows.values.map(\.low).max() ?? 0, high: rows.values.map(\.high).max() ?? 0, since: told?.sure.since,
      possibleSince: told?.possible.since, key: key)
  }
}
