import Criteria
import CriteriaCompiler
package import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

/// What stood behind a failure: what its rules read when it failed, and what would have passed.
package struct Explanation: Sendable {
  package struct Rule: Sendable {
    package var name: String
    /// `pending since 9m`
    package var state: String
    /// Its name, in the policy.
    package var range: SourceRange
    package var parts: [TracedPart]
  }
  package var rules: [Rule]
  /// `nil`: it was not looked for.
  package var nearest: Nearest?

  /// Single changes that make the check pass, each of which was run; the smallest first.
  package struct Nearest: Sendable {
    /// Of the policy's constants: `until` of HotCPU at 73%.
    package var policy: [String]
    /// Of what the case gives.
    package var data: [Data]
    /// How many policies were run, and how often the case was replayed with other data.
    package var policies: Int
    package var replays: Int
    /// A limit was met, so that nearer ones may exist.
    package var isCutShort: Bool

    package var isEmpty: Bool { policy.isEmpty && data.isEmpty }
    /// For people, behind “would pass with”.
    package var all: [String] { policy + data.map(\.text) }

    package struct Data: Sendable {
      /// `cpu` lower by 17 percentage points for the 5m up to 10m
      package var text: String
      /// Of the history of the instance that failed.
      package var edit: Edit
      /// What else fails with it, that passed; nothing, if any change does without.
      package var breaks: Int
    }
  }
}

/// How much may be tried to find what would have passed, for all failures of a file: after a large change all of its tests fail, and
/// nobody reads what hundreds would take.
package struct SearchBudget: Sendable {
  /// The first failing cases.
  package static let cases = 20
  fileprivate var cases = SearchBudget.cases
  /// With other data.
  fileprivate var replays: Int
  package init(replays: Int = 5_000) { self.replays = replays }
}

/// How many rules a failure shows at most.
private let shownRules = 4

/// Explains the failures of one case: runs it once more up to each of them, and reads what its rules came to there.
///
/// - Parameter budget: For single changes of the policy's constants and of what the case gives that would have passed; each is run.
///   What is used of it is taken away. It counts tries and not time, so that the same failures always have the same changes.
package func explain(
  _ failures: [FailedExpectation], of bound: BoundCase, under subject: Subject, in file: BoundFile,
  _ budget: inout SearchBudget
) -> [Explanation] {
  if failures.isEmpty { return [] }
  let start = subject.start(of: bound)
  let stimulus = Stimulus(bound, start: start)
  var explanations = failures.map { failure in
    Explanation(rules: rules(behind: failure, bound, subject, stimulus, start), nearest: nil)
  }
  if budget.cases > 0 {
    budget.cases -= 1
    var rules: [String] = []
    for explanation in explanations {
      for rule in explanation.rules where !rules.contains(rule.name) { rules.append(rule.name) }
    }
    let search = ConstantSearch(failures, bound, subject, file, rules: rules)
    let data = DataSearch(failures, bound, subject, stimulus, start: start, budget: &budget.replays)
    for index in failures.indices {
      let answer = data.answers[index]
      explanations[index].nearest = Explanation.Nearest(
        policy: search.nearest(to: failures[index]), data: answer.changes, policies: search.tried,
        replays: answer.replays, isCutShort: search.isCutShort || answer.isCutShort)
    }
  }
  return explanations
}

private func rules(
  behind failure: FailedExpectation, _ bound: BoundCase, _ subject: Subject, _ stimulus: Stimulus, _ start: Int64
) -> [Explanation.Rule] {
  var driver = Driver(subject.policy, bound, subject.signals, start: start)
  _ = driver.advance(to: failure.at, stimulus)
  return driver.view(failure.instance, at: failure.at) { view -> [Explanation.Rule] in
    let reports = view.rules(all: true)
    var names = failure.rules
    // What nobody named: the rules that stand, else those on their way, else those that read what the case gives.
    if names.isEmpty { names = reports.filter { $0.state == .active || $0.state == .holding }.map(\.rule) }
    if names.isEmpty { names = reports.filter { $0.state == .pending || $0.possible != nil }.map(\.rule) }
    if names.isEmpty { names = rulesReading(bound, subject) }
    return names.prefix(shownRules).compactMap { name in
      guard let index = subject.rules[name], let report = reports.first(where: { $0.rule == name }),
        let declaration = subject.compilation.file?.rules.first(where: { $0.name.value == name })
      else { return nil }
      return Explanation.Rule(
        name: name, state: state(report, start: start), range: declaration.name.range,
        parts: tracedParts(ofRule: index, in: view, subject.compilation))
    }
  } ?? []
}

private func state(_ report: RuleReport, start: Int64) -> String {
  var text = report.state.rawValue
  if let possible = report.possible { text += ", possibly \(possible.rawValue)" }
  if let since = report.since?.milliseconds, since > start {
    text += " since \(Duration(milliseconds: since - start).text)"
  }
  if !report.key.isEmpty { text += " (\(report.key.map { "\($0.name) \($0.value)" }.joined(separator: ", ")))" }
  return text
}

/// The rules that read what the case itself gives.
private func rulesReading(_ bound: BoundCase, _ subject: Subject) -> [String] {
  let given = Set(
    bound.test.instances.flatMap { instance in
      instance.signals.filter { $0.origin == .ownCase }.compactMap { subject.signals[$0.signal.value] }
    })
  return subject.policy.program.rules.filter { !given.isDisjoint(with: $0.signals) }.map(\.name)
}
