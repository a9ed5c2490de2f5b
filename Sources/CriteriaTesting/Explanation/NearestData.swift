import Criteria
import CriteriaDiagnostics
import CriteriaEngine

/// Single changes of what a case gives that make its failing checks pass: looked for at the tick at which each failed, as `why`
/// does, and then run over the whole case.
struct DataSearch {
  /// Instances and ticks of one case at which changes are looked for, the first ones.
  static let moments = 5
  /// Of one moment; the observations fed over all of its replays.
  static let replays = 500
  static let observations = 300_000
  /// Changes of one failure that are run over the whole case, and the observations and ticks of all of these runs.
  static let runs = 8
  static let work = 1_000_000

  struct Answer {
    var changes: [Explanation.Nearest.Data] = []
    var replays = 0
    /// A limit was met.
    var isCutShort = false
  }

  private let bound: BoundCase
  private let subject: Subject
  private let stimulus: Stimulus
  private let start: Int64
  private let before: Set<String>
  /// By failure.
  private(set) var answers: [Answer]

  /// - Parameter budget: How often anything may be replayed; what is used of it is taken away.
  init(
    _ failures: [FailedExpectation], _ bound: BoundCase, _ subject: Subject, _ stimulus: Stimulus, start: Int64,
    budget: inout Int
  ) {
    (self.bound, self.subject, self.stimulus, self.start) = (bound, subject, stimulus, start)
    before = Set(failures.map(\.identity))
    answers = failures.map { _ in Answer() }
    struct Moment: Hashable {
      var instance: String
      var at: Int64
    }
    var moments: [(moment: Moment, failures: [Int])] = []
    for (index, failure) in failures.enumerated() {
      let moment = Moment(instance: failure.instance, at: failure.at)
      if let known = moments.firstIndex(where: { $0.moment == moment }) {
        moments[known].failures.append(index)
      } else {
        moments.append((moment, [index]))
      }
    }
    for (number, one) in moments.enumerated() {
      if number < Self.moments, budget > 0 {
        search(one.failures, failures, &budget)
      } else {
        for index in one.failures { answers[index].isCutShort = true }
      }
    }
  }

  /// Of failures of one instance at one tick.
  private mutating func search(_ indices: [Int], _ failures: [FailedExpectation], _ budget: inout Int) {
    let first = failures[indices[0]]
    guard let instance = bound.instances.firstIndex(where: { $0.name == first.instance }) else { return }
    let history = History(stimulus, bound, instance: instance, start: start, subject.signals)
    let wanted = indices.compactMap { index in goal(of: failures[index]).map { (index, $0) } }
    let asksForValue = wanted.contains { failures[$0.0].kind == .value }
    let policy = asksForValue ? subject.probes ?? subject.policy : subject.policy
    var limits = SearchLimits()
    (limits.replays, limits.observations) = (min(Self.replays, budget), Self.observations)
    // The time of an assertion is its own.
    limits.waits = false
    let tick = Timestamp(milliseconds: start + first.at)
    let report = nearestChanges(in: history, under: policy, at: tick, to: wanted.map(\.1), limits: limits)
    budget -= report.replays
    for ((index, _), result) in zip(wanted, report.results) {
      answers[index].replays = report.replays
      answers[index].isCutShort = report.isCutShort
      verify(result.changes, of: failures[index], index, instance, history)
    }
  }

  /// Keeps what passes: changes that fail nothing else if there are any, else the nearest.
  private mutating func verify(
    _ changes: [NearestChange], of failure: FailedExpectation, _ index: Int, _ instance: Int, _ history: History
  ) {
    var runs = min(Self.runs, Self.work / max(1, bound.size + Int(bound.end / bound.step)))
    var passing: [Explanation.Nearest.Data] = []
    var breaking: Explanation.Nearest.Data?
    let readings = Readings(history, subject.policy.program)
    for change in changes {
      for edit in versions(of: change.edit, failure) where passing.count < 2 {
        guard runs > 0 else {
          answers[index].isCutShort = true
          break
        }
        runs -= 1
        let failing = Set(failures(with: edit, of: history, instance).map(\.identity))
        if failing.contains(failure.identity) { continue }
        let broken = failing.subtracting(before).count
        var text = readings.sentence(edit, since: Timestamp(milliseconds: start))
        if broken > 0 { text += ", but then \(broken == 1 ? "another expectation fails" : "\(broken) others fail")" }
        let data = Explanation.Nearest.Data(text: text, edit: edit, breaks: broken)
        if broken == 0 { passing.append(data) } else if breaking == nil { breaking = data }
        break
      }
    }
    answers[index].changes = passing.isEmpty ? [breaking].compactMap(\.self) : passing
  }

  private func failures(with edit: Edit, of history: History, _ instance: Int) -> [FailedExpectation] {
    let edited = edit.applied(to: history, under: subject.policy)
    return run(bound, under: subject, stimulus: stimulus.replacing(instance, by: edited, start: start)).failures
  }

  /// What speaks of the whole case may need the change to last.
  private func versions(of edit: Edit, _ failure: FailedExpectation) -> [Edit] {
    guard failure.kind == .timeline || failure.kind == .never, failure.at < bound.end, edit.to.milliseconds > start
    else {
      return [edit]
    }
    var longer = edit
    longer.to = Timestamp(milliseconds: start + bound.end)
    return [edit, longer]
  }

  /// What the check asks for, at the tick at which it failed.
  private func goal(of failure: FailedExpectation) -> Goal? {
    let expectation = bound.expectations[failure.check.expectation]
    let (start, subject) = (start, subject)
    func goal(_ isReached: @escaping (InstanceView, Lazy<Decision>) -> Bool) -> Goal {
      var goal = Goal(failure.expected, isReached)
      goal.isBetween = true
      goal.rules = failure.rules
      return goal
    }
    if let number = failure.check.check {
      let check = expectation.checks[number]
      return goal { view, decision in
        let value = check.value.map { subject.probedValue(view, $0, check.check) }
        return TickChecker(view: view, start: start, decision: decision).check(check, value: value) == nil
      }
    }
    func verdict(_ view: InstanceView) -> Outcome {
      view.summary.isSelected ? .verdict(view.summary.verdict) : .unjudged
    }
    switch expectation.expectation.kind {
    case .at: return nil
    case .timeline(let parts):
      let part = parts.first { $0.until.map { failure.at < $0.value.milliseconds } ?? true }
      return part.map { part in goal { view, _ in verdict(view) == part.verdict } }
    case .never:
      if let rule = failure.rules.first.flatMap({ subject.rules[$0] }) {
        return goal { view, _ in !view.stands(rule) }
      }
      return Outcome(word: failure.found).map { outcome in
        goal { view, _ in verdict(view) != outcome }
      }
    }
  }
}
