import Criteria
import CriteriaCompiler
import CriteriaEngine
import CriteriaReaders
import CriteriaTesting

/// Why one instance stands as it does: the decision, its evidence, how it came about, and what would have changed it.
struct WhyAnswer {
  /// A direction in which the decision could change, and what would have changed it.
  struct Flip {
    /// `towardsReplace`, `towardsKeep`; for an unknown verdict `settles`; with `--rule` the name of what is wanted of the rule.
    var direction: String
    /// For people: what it would have been.
    var goal: String
    var changes: [NearestChange]
  }

  let decision: Decision
  /// By rule: its expressions with their values.
  let parts: [String: [TracedPart]]
  let policy: Policy
  let compilation: Compilation
  let history: History
  let rule: String?
  let timeline: Timeline
  let flips: [Flip]
  let search: SearchReport
  let timeOrigin: AssembledInput.TimeOrigin

  /// - Returns: `nil` if nothing is known of the instance at the tick.
  init?(
    _ history: History, _ compilation: Compilation, _ policy: Policy, at tick: Timestamp, rule: String?,
    source: AssembledInput.TimeOrigin
  ) {
    let fleet = history.fleet(under: policy, to: tick)
    guard let decision = fleet.explain(history.instance, at: tick, allRules: true) else { return nil }
    self.decision = decision
    let traced = fleet.view(history.instance, at: tick) { view in
      policy.program.rules.enumerated().map { ($1.name, tracedParts(ofRule: $0, in: view, compilation)) }
    }
    parts = Dictionary(traced ?? []) { first, _ in first }
    self.policy = policy
    self.compilation = compilation
    self.history = history
    self.rule = rule
    timeOrigin = source
    let wanted = rule.map { Self.wanted(ofRule: $0, decision) } ?? Self.wanted(decision)
    search = nearestChanges(in: history, under: policy, at: tick, to: wanted.map(\.goal))
    flips = zip(wanted, search.results).map { wanted, result in
      Flip(direction: wanted.direction, goal: result.goal, changes: result.changes)
    }
    timeline = Timeline(
      history, policy, upTo: tick, decision,
      terms: Self.terms(decision, rule, touched: flips.compactMap { $0.changes.first?.edit.signal }, policy))
  }

  /// The rules to show.
  var rules: [RuleReport] { decision.rules.filter { rule == nil || $0.rule == rule } }

  // MARK: What is asked for

  private static func wanted(_ decision: Decision) -> [(direction: String, goal: Goal)] {
    func goal(_ verdicts: Verdict...) -> Goal {
      Goal(verdicts.map(\.rawValue).joined(separator: " or ")) { verdicts.contains($0.verdict) }
    }
    // A quarantine keeps the instance, but out of service: it is no way towards keeping it.
    switch decision.verdict {
    case .keep: return [("towardsReplace", goal(.watch, .quarantine, .replace))]
    case .watch: return [("towardsReplace", goal(.quarantine, .replace)), ("towardsKeep", goal(.keep))]
    case .quarantine: return [("towardsReplace", goal(.replace)), ("towardsKeep", goal(.keep, .watch))]
    case .replace: return [("towardsKeep", goal(.keep, .watch))]
    case .unknown: return decision.possible.map { ("settles", goal($0)) }
    }
  }

  private static func wanted(ofRule name: String, _ decision: Decision) -> [(direction: String, goal: Goal)] {
    let report = decision.rules.first { $0.rule == name }
    let on = ("active", Goal.rule(name, in: [.active]))
    let off = ("idle", Goal.rule(name, in: [.idle]))
    switch report?.state {
    case .active, .holding: return report?.state == .holding ? [on, off] : [off]
    case .pending: return [on, off]
    case .idle, .excepted, .notApplicable, nil: return report?.possible == nil ? [on] : [on, off]
    }
  }

  /// What to draw: the numbers that rules which matter read, at most a few.
  ///
  /// Rules matter that count, may count or wait to; else the first that the nearest change is about.
  private static func terms(
    _ decision: Decision, _ rule: String?, touched: [Int], _ policy: Policy
  ) -> [Timeline.Term] {
    let limit = 4
    var rules = decision.rules.filter { report in
      if let rule { return report.rule == rule }
      return report.state == .active || report.state == .holding || report.state == .pending || report.possible != nil
    }
    if rules.isEmpty {
      let names = Set(touched.map { policy.program.signals[$0].name })
      rules = decision.rules.filter { $0.evidence.contains { $0.signal.map(names.contains) ?? false } }
    }
    var terms: [Timeline.Term] = []
    for report in rules {
      for one in report.evidence where terms.count < limit {
        let format = policy.program.format(ofTerm: one.term)
        guard let format, !terms.contains(where: { $0.term == one.term && $0.key == report.key }) else { continue }
        // Age goes up with time, as everybody knows.
        if one.term == "age" { continue }
        terms.append(Timeline.Term(rule: report.rule, term: one.term, key: report.key, format: format))
      }
    }
    return terms
  }
}

extension Program {
  /// How a term's numbers are shown; `nil`: it is no number.
  fileprivate func format(ofTerm text: String) -> NumberFormat? {
    if let derived = derived.first(where: { $0.text == text }) { return derived.format }
    guard let feature = features.first(where: { $0.text == text }) else { return nil }
    switch feature.kind {
    case .latest, .window, .sinceSignal, .sinceFact, .age, .driftCount, .driftRatio, .factNumber: return feature.format
    case .absent, .fact, .label, .desired, .status, .reason, .info, .capture: return nil
    }
  }
}

/// How the score and some terms went, tick by tick.
struct Timeline {
  struct Term: Hashable {
    var rule: String
    var term: String
    /// Of the row that is followed.
    var key: [RuleReport.Label]
    var format: NumberFormat
  }

  struct Point {
    var time: Timestamp
    var verdict: Verdict
    var score: Score
    /// By term; `nil`: unknown, or another row spoke for the rule.
    var values: [Double?]
  }

  /// Ticks that are looked at, at most; of longer histories every n-th.
  static let limit = 1000

  let terms: [Term]
  private(set) var points: [Point] = []

  init(_ history: History, _ policy: Policy, upTo tick: Timestamp, _ decision: Decision, terms: [Term]) {
    self.terms = terms
    let step = policy.program.step
    let first = (decision.knownSince ?? tick).milliseconds
    let begin = min((first + step - 1) / step * step, tick.milliseconds)
    let ticks = (tick.milliseconds - begin) / step + 1
    let stride = (ticks + Int64(Self.limit) - 1) / Int64(Self.limit) * step
    var fleet = Fleet(policy, assumingSteady: history.assumesSteady)
    var attachments = history.attachments[...]
    var entries = history.entries[...]
    // So that the last one is the tick itself.
    var time = tick.milliseconds - (tick.milliseconds - begin) / stride * stride
    while time <= tick.milliseconds {
      let at = Timestamp(milliseconds: time)
      // What lies ahead is fed later: a fleet does not let it wait for long.
      while let next = attachments.first, next.time <= at {
        fleet.attach(log: next.source, of: history.instance, at: next.time)
        attachments.removeFirst()
      }
      while let next = entries.first, next.time <= at {
        if let observation = next.observation {
          fleet.observe(observation, of: history.instance, at: next.time, origin: next.origin)
        }
        entries.removeFirst()
      }
      fleet.advance(to: at)
      if let decision = fleet.explain(history.instance, at: at, allRules: true) { points.append(point(decision)) }
      time += stride
    }
  }

  private func point(_ decision: Decision) -> Point {
    let values = terms.map { term -> Double? in
      guard let report = decision.rules.first(where: { $0.rule == term.rule }), report.key == term.key,
        case .number(let number, _)? = report.evidence.first(where: { $0.term == term.term })?.value
      else { return nil }
      return number
    }
    return Point(time: decision.at, verdict: decision.verdict, score: decision.score, values: values)
  }
}
