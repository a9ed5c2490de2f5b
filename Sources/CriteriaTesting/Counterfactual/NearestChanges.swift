package import Criteria
package import CriteriaEngine

/// What a decision is to be, to ask what would have made it so.
package struct Goal {
  /// For people: `keep`, `HotCPU active`.
  package var name: String
  /// More of what reaches it may miss it again, so that less is tried as well.
  var isBetween = false
  /// It is of these rules, whose signals are tried first.
  var rules: [String] = []
  /// Whether an instance is as wanted; the record of it, all rules included, is only made where it is read.
  var isReached: (InstanceView, Lazy<Decision>) -> Bool

  package init(_ name: String, _ isReached: @escaping (Decision) -> Bool) {
    self.init(name) { (_, decision: Lazy<Decision>) in isReached(decision.value) }
  }

  init(_ name: String, _ isReached: @escaping (InstanceView, Lazy<Decision>) -> Bool) {
    self.name = name
    self.isReached = isReached
  }

  package static func verdict(_ verdict: Verdict) -> Goal { Goal(verdict.rawValue) { $0.verdict == verdict } }

  package static func rule(_ name: String, in states: Set<RuleReport.State>) -> Goal {
    var goal = Goal(name + " " + states.map(\.rawValue).sorted().joined(separator: " or ")) { decision in
      decision.rules.contains { $0.rule == name && states.contains($0.state) && $0.possible == nil }
    }
    goal.rules = [name]
    return goal
  }
}

/// One edit that reaches a goal, and what the decision is then.
package struct NearestChange {
  package var edit: Edit
  /// In (0, 1], see `nearestChanges`.
  package var size: Double
  package var decision: Decision
  /// What the edit says, for people.
  package var text = ""
}

/// How much a search may cost.
package struct SearchLimits {
  package var replays = 2000
  /// Over all replays.
  package var observations = 20_000_000
  /// More time in which all stays as it is counts as a change.
  package var waits = true
  package init() {}
}

/// What a search for a goal came to.
package struct NearestChanges {
  package var goal: String
  /// Smallest first; at most one of each kind for each signal.
  package var changes: [NearestChange]
}

package struct SearchReport {
  /// In the order of the goals.
  package var results: [NearestChanges]
  package var replays: Int
  /// A limit was met: smaller changes may exist.
  package var isCutShort: Bool
}

/// For each goal, the single changes to what was observed that would have reached it: each is tried by replaying the history with
/// it, and only what did reach the goal is returned.
///
/// Tried are, over spans that end at the tick: the samples of each metric that rules read, higher or lower; counters that grow
/// faster or slower; fewer or more matching log lines; another value of a condition, fact, label or info; a later or earlier
/// launch; silent signals that go on, or that come with a value; and more time in which all stays as it is.
///
/// **Smallest** is by size, a share in (0, 1] so that kinds compare:
/// - samples higher or lower by x: x ÷ the greatest magnitude that the signal had, or has after the change; growth likewise;
/// - lines: their number ÷ the number there would be, before or after, whichever is more;
/// - time: the wait ÷ (the wait + the longest that the policy's rules look back);
/// - a launch: the shift ÷ the age, before or after, whichever is more;
/// - another value, and samples that come: 1, whatever the values.
///
/// Of equal sizes the shorter span goes first, then fewer lines. A quantity is bisected until x reaches the goal and x ÷ 2 does not, then to
/// 0.1 %, then rounded away from zero to three digits where that still holds. Signals of whole numbers (up to 10,000) move by whole
/// numbers. A goal that a large change reaches and larger ones miss again may be overlooked, and so may one that takes two changes.
/// No observation older than the policy's rules look back is touched.
///
/// - Parameters:
///   - history: What was observed after the tick does not count.
///   - tick: The time of a tick at which the instance is known.
/// - Complexity: At most `limits`; a replay takes what was observed over the time that the policy's rules look back. Some 20 replays
///   for each signal, key and span, and 20 more for each change found.
package func nearestChanges(
  in history: History, under policy: Policy, at tick: Timestamp, to goals: [Goal], limits: SearchLimits = SearchLimits()
) -> SearchReport {
  var search = Search(history, policy, tick, goals, limits)
  search.run()
  return search.report
}
