import Criteria
import CriteriaDiagnostics
import CriteriaReaders

/// What one run of `eval` came to: decisions, worst first, and what became of everything that was read.
struct Evaluation {
  /// What the fleet was not asked about or not told.
  struct Beyond {
    /// Observations after the time of the decision.
    var future = 0
    /// Observations from before the history that is read.
    var older = 0
    /// Observations from before the instance's launch, as the inventory has it.
    var predecessor = 0
    /// Observations of ticks that earlier runs decided.
    var decided = 0
    /// Log lines that an earlier run fed.
    var again = 0
    /// Instances of the state that are gone from the fleet.
    var retired = 0
    /// Instances that the policy's selector leaves out.
    var notSelected = 0
    /// Instances of which nothing was observed by then.
    var withoutObservation = 0

    /// What was left out for its time: one clock that lies can move the time of the decision away from all the data.
    func aside(at time: Timestamp) -> String {
      let parts = [(older, "older than the history"), (future, "later")].filter { $0.0 > 0 }
      if parts.isEmpty { return "" }
      return "; the decision is for \(time), and of the observations "
        + parts.map { "\($0.0) \($0.0 == 1 ? "is" : "are") \($0.1)" }.joined(separator: ", ")
    }
  }

  let policy: Policy
  let input: AssembledInput
  let counts: ObservationCounts
  let decisions: [Decision]
  let beyond: Beyond
  let blastRadius: Double
  let assumesSteady: Bool
  /// About the fleet as a whole, also in the records of the instances concerned.
  let warnings: [String]

  init(
    policy: Policy, input: AssembledInput, counts: ObservationCounts, decisions: [Decision], beyond: Beyond,
    blastRadius: Double, assumesSteady: Bool
  ) {
    self.policy = policy
    self.input = input
    self.counts = counts
    self.beyond = beyond
    self.blastRadius = blastRadius
    self.assumesSteady = assumesSteady
    let replaced = decisions.count { $0.verdict == .replace }
    let share = decisions.isEmpty ? 0 : Double(replaced) / Double(decisions.count)
    let warnings =
      share > blastRadius
      ? [
        "\(replaced) of \(counted(decisions.count, "instance")) (\(percent(share))) \(replaced == 1 ? "is" : "are") to be "
          + "replaced at once; "
          + "the blast radius is \(percent(blastRadius))"
      ] : []
    self.warnings = warnings
    self.decisions = decisions.sorted(by: isWorse).map { decision in
      var decision = decision
      if decision.verdict == .replace { decision.warnings = warnings }
      return decision
    }
  }

  var replaceShare: Double {
    decisions.isEmpty ? 0 : Double(decisions.count { $0.verdict == .replace }) / Double(decisions.count)
  }

  func meets(_ conditions: Set<EvalCommand.Condition>) -> Bool {
    conditions.contains { condition in
      switch condition {
      case .partial: input.summary.isPartial
      case .keep, .watch, .quarantine, .replace, .unknown:
        decisions.contains { $0.verdict.rawValue == condition.rawValue }
      }
    }
  }

  /// How many of each verdict, worst first, those that do not occur left out.
  var verdicts: [(verdict: Verdict, count: Int)] {
    severity.compactMap { verdict in
      let count = decisions.count { $0.verdict == verdict }
      return count > 0 ? (verdict, count) : nil
    }
  }

  /// On how many instances each rule counts now, most first.
  var rules: [(name: String, count: Int)] {
    tally(decisions.flatMap { $0.rules.filter(\.counts).map(\.rule) })
  }

  /// On how many instances each missing signal keeps the verdict open, most first.
  var missing: [(name: String, count: Int)] { tally(decisions.flatMap { Set($0.missing.map(\.signal)).sorted() }) }

  private func tally(_ names: [String]) -> [(name: String, count: Int)] {
    Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).map { (name: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }
}

/// Worst first; an unknown verdict may be anything, so it comes before those that are known to be harmless.
private let severity: [Verdict] = [.replace, .quarantine, .unknown, .watch, .keep]

private func isWorse(_ a: Decision, _ b: Decision) -> Bool {
  func rank(_ decision: Decision) -> (Int, Int, Int64, Int64) {
    let place = severity.firstIndex(of: decision.verdict)!
    let worst = decision.possible.last.flatMap { severity.firstIndex(of: $0) } ?? 0
    return (place, worst, -decision.score.highThousandths, -decision.score.lowThousandths)
  }
  let (first, second) = (rank(a), rank(b))
  return first == second ? a.instance.utf8.lexicographicallyPrecedes(b.instance.utf8) : first < second
}

extension RuleReport {
  /// It adds to the score or has its effect, for sure.
  var counts: Bool {
    if isShadow || state == .excepted { return false }
    return effect.map { $0.stands == true } ?? (contribution.lowThousandths > 0)
  }
}

extension InputSummary {
  /// Something of what was given could not be used.
  var isPartial: Bool { problems.total > 0 || refused > 0 || unresolvedNames > 0 || withoutInstance > 0 }
}

func percent(_ share: Double) -> String {
  let tenths = (share * 1000).rounded() / 10
  return (tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)) + " %"
}

extension ObservationCounts {
  /// What was counted after `before`.
  func since(_ before: ObservationCounts) -> ObservationCounts {
    var counts = self
    for count in [
      \.accepted, \.irrelevant, \.ignored, \.late, \.future, \.duplicate, \.predecessor, \.refused, \.limited, \.stale,
    ] as [WritableKeyPath<ObservationCounts, Int>] {
      counts[keyPath: count] -= before[keyPath: count]
    }
    return counts
  }
}
