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
    package var parts: [Part]
  }
  /// One expression of a rule, or of a named signal that it reads, with its values.
  package struct Part: Sendable {
    /// `when`, `until`, `then`, or the name of the signal.
    package var label: String
    /// On one line, whatever its layout in the policy.
    package var text: String
    package var marks: [Mark]
    /// In the policy.
    package var range: SourceRange
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
  fileprivate var replays = 5_000
  package init() {}
}

/// How many rules a failure shows at most.
private let shownRules = 4

/// Explains the failures of one case: runs it once more up to each of them, and reads what its rules came to there.
///
/// - Parameter budget: For single changes of the policy's constants and of what the case gives that would have passed; each is run.
///   What is used of it is taken away. It counts tries and not time, so that the same failures always have the same changes.
package func explain(
  _ failures: [FailedExpectation], of bound: BoundCase, under subject: Subject, in file: BoundFile, _ budget: inout SearchBudget
) -> [Explanation] {
  let start = subject.start(of: bound)
  let stimulus = Stimulus(bound, start: start)
  var explanations = failures.map { failure in
    Explanation(rules: rules(behind: failure, bound, subject, stimulus, start), nearest: nil)
  }
  if budget.cases > 0, !failures.isEmpty {
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
    let reports = view.rules(all: true) { $0 }
    var names = failure.rules
    // What nobody named: the rules that stand, else those on their way, else those that read what the case gives.
    if names.isEmpty { names = reports.filter { $0.state == .active || $0.state == .holding }.map(\.rule) }
    if names.isEmpty { names = reports.filter { $0.state == .pending || $0.possible != nil }.map(\.rule) }
    if names.isEmpty { names = rulesReading(bound, subject) }
    return names.prefix(shownRules).compactMap { name in
      guard let index = subject.rules[name], let report = reports.first(where: { $0.rule == name }),
        let declaration = subject.compilation.file?.rules.first(where: { $0.name.value == name })
      else { return nil }
      var writer = PartWriter(subject.compilation, view.reportedTrace(index))
      return Explanation.Rule(
        name: name, state: state(report, start: start), range: declaration.name.range,
        parts: writer.parts(of: declaration))
    }
  } ?? []
}

private func state(_ report: InstanceView.RuleReport, start: Int64) -> String {
  var text = report.state.rawValue
  if let possible = report.possible { text += ", possibly \(possible.rawValue)" }
  if let since = report.since, since > start { text += " since \(Duration(milliseconds: since - start).text)" }
  if !report.key.isEmpty { text += " (\(report.key.map { "\($0.label) \($0.value)" }.joined(separator: ", ")))" }
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

/// Puts the values of a trace to the expressions of a rule as they are written.
private struct PartWriter {
  private let compilation: Compilation
  private let file: PolicyFile
  private let trace: RuleTrace?
  private var steps: [Site: TraceStep] = [:]
  private var terms: [String: InstanceView.Evidence.Value] = [:]
  /// Named expressions that were met, to be shown below.
  private var names: [SignalDeclaration] = []
  private var text: FlatText
  /// The file of the expression that is being written.
  private var source = SourceID(index: 0)
  private var marks: [Mark] = []

  init(_ compilation: Compilation, _ trace: RuleTrace?) {
    guard let file = compilation.file else { preconditionFailure("an invalid policy was run") }
    self.compilation = compilation
    self.file = file
    self.trace = trace
    text = FlatText([], at: 0)
    for step in (trace?.when ?? []) + (trace?.until ?? []) + (trace?.worth ?? []) { steps[step.site] = step }
    for term in trace?.terms ?? [] { terms[term.term] = term.value }
  }

  mutating func parts(of rule: RuleDeclaration) -> [Explanation.Part] {
    var parts = [part("when", rule.when, trace?.whenResult)]
    if let until = rule.until { parts.append(part("until", until, trace?.untilResult)) }
    if case .add(let worth, _) = rule.then {
      let part = part("then", worth, trace?.worthResult)
      // A constant says nothing.
      if !part.marks.isEmpty { parts.append(part) }
    }
    var shown: Set<String> = []
    while let one = names.first {
      names.removeFirst()
      guard shown.insert(one.name.value).inserted, case .expression(let expr) = one.kind else { continue }
      let part = part(one.name.value, expr, nil)
      if !part.marks.isEmpty { parts.append(part) }
    }
    return parts
  }

  private mutating func part(_ label: String, _ expr: Expr, _ value: TracedValue?) -> Explanation.Part {
    let range = expr.range
    source = range.source
    text = FlatText(compilation.sources[range.source].bytes[range.start..<range.end], at: range.start)
    marks = []
    visit(expr, value)
    return Explanation.Part(label: label, text: text.text, marks: marks, range: range)
  }

  private func step(of expr: Expr) -> TraceStep? {
    let range = expr.range
    return steps[Site(source: range.source.index, start: range.start, end: range.end)]
  }

  private mutating func mark(_ offset: Int, _ expr: Expr, _ value: TracedValue?) {
    guard let value = self.value(of: expr) ?? value.map({ shown($0, expr) }) else { return }
    marks.append(Mark(column: text.column(of: offset), text: value))
  }

  /// Of a term or an instruction; `nil` where the trace has neither.
  private func value(of expr: Expr) -> String? {
    if let step = step(of: expr) {
      let result = shown(step.result, expr)
      // What is compared stands nowhere in `drifted(image)`.
      if case .call = expr, step.operands.count == 2, case .stringNotEqual = step.operation {
        return "\(result) (\(shown(step.operands[0], expr)), desired \(shown(step.operands[1], expr)))"
      }
      return result
    }
    guard let term = terms[print(expr)] else { return nil }
    switch term {
    case .number(_, let text): return text
    case .string(let string): return "“\(string)”"
    case .truth(let truth): return truth ? "true" : "false"
    case .atLeast(let seconds): return "at least \(duration(seconds))"
    case .unknown: return "unknown"
    }
  }

  private func shown(_ value: TracedValue, _ expr: Expr) -> String {
    switch value {
    case .number(let number):
      if case .number(let measure?)? = CriteriaCompiler.type(of: expr, in: file).type {
        return CriteriaEngine.text(number, NumberFormat(measure))
      }
      return short(number)
    case .truth(let truth): return truth ? "true" : "false"
    case .string(let string): return "“\(string)”"
    case .atLeast(let seconds): return "at least \(duration(seconds))"
    case .unknown: return "unknown"
    }
  }

  /// - Parameter value: As whoever reads it saw it.
  private mutating func visit(_ expr: Expr, _ value: TracedValue?) {
    let operands = step(of: expr)?.operands ?? []
    func operand(_ index: Int) -> TracedValue? { index < operands.count ? operands[index] : nil }
    switch expr {
    case .number, .string, .bool, .window: break
    case .path(let path):
      if path.rest.isEmpty, let named = file.signals.first(where: { $0.name.value == path.first.value }),
        case .expression(let inner) = named.kind
      {
        names.append(named)
        mark(path.range.start, expr, value ?? step(of: inner)?.result)
      } else {
        mark(path.range.start, expr, value)
      }
    case .call(_, let arguments, let range):
      mark(range.start, expr, value)
      for (index, argument) in arguments.enumerated() { visit(argument, operand(index)) }
    case .not(let inner, let range), .negate(let inner, let range):
      mark(range.start, expr, value)
      visit(inner, operand(0))
    case .logical(_, let a, let b, _), .arithmetic(_, let a, let b, _), .comparison(_, let a, let b, _):
      visit(a, operand(0))
      mark(signOffset(between: a, b), expr, value)
      visit(b, operand(1))
    case .membership(let inner, _, let range), .match(let inner, _, let range):
      visit(inner, operand(0))
      mark(signOffset(after: inner.range.end, before: range.end), expr, value)
    }
  }

  private func signOffset(between a: Expr, _ b: Expr) -> Int { signOffset(after: a.range.end, before: b.range.start) }

  /// Where the operator stands: the first character behind an operand and its brackets.
  private func signOffset(after start: Int, before end: Int) -> Int {
    let bytes = compilation.sources[source].bytes
    var offset = start
    while offset < min(end, bytes.count), " \t\r\n)".utf8.contains(bytes[offset]) { offset += 1 }
    return offset
  }
}
