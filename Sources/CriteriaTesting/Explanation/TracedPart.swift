package import CriteriaCompiler
package import CriteriaDiagnostics
package import CriteriaEngine
import CriteriaSyntax

/// One expression of a rule, or of a named signal that it reads, with its values: what `test` and `why` draw.
package struct TracedPart: Sendable {
  /// `when`, `until`, `then`, or the name of the signal.
  package var label: String
  /// On one line, whatever its layout in the policy.
  package var text: String
  package var marks: [Mark]
  /// In the policy.
  package var range: SourceRange
}

/// What the expressions of a rule came to when it was last run for an instance: of the row that it reports.
///
/// - Parameter index: Of the rule, in the program.
package func tracedParts(ofRule index: Int, in view: InstanceView, _ compilation: Compilation) -> [TracedPart] {
  guard let rule = compilation.file?.rules[index] else { return [] }
  var writer = PartWriter(compilation, view.reportedTrace(index))
  return writer.parts(of: rule)
}

/// Puts the values of a trace to the expressions of a rule as they are written.
private struct PartWriter {
  private let compilation: Compilation
  private let file: PolicyFile
  private let trace: RuleTrace?
  private var steps: [Site: TraceStep] = [:]
  private var terms: [String: RuleReport.Evidence.Value] = [:]
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

  mutating func parts(of rule: RuleDeclaration) -> [TracedPart] {
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

  private mutating func part(_ label: String, _ expr: Expr, _ value: TracedValue?) -> TracedPart {
    let range = expr.range
    source = range.source
    text = FlatText(compilation.sources[range.source].bytes[range.start..<range.end], at: range.start)
    marks = []
    visit(expr, value)
    return TracedPart(label: label, text: text.text, marks: marks, range: range)
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
