package import CriteriaDiagnostics
package import CriteriaSyntax

/// What kind of value an expression has.
package enum ExpressionType: Sendable {
  /// `nil`: the literal 0, which fits every dimension.
  case number(Dimension?)
  case truth
  case text
}

/// The type of an expression that stands outside a policy and speaks of its signals.
///
/// - Returns: No type after a fault. `by`: the labels of its rows; empty where it has one value.
package func type(of expr: Expr, in file: PolicyFile) -> (
  type: ExpressionType?, by: [String], diagnostics: [Diagnostic]
) {
  var checker = Checker(file)
  checker.declareSignals()
  // The policy's own faults are reported with the policy.
  checker.diagnostics = []
  let typed = checker.infer(expr)
  let leaves = checker.leaves(of: typed)
  let by = checker.commonKeys(of: leaves) ?? []
  let type: ExpressionType? =
    switch typed.value {
    case .number(_, let measure): .number(measure)
    case .bool: .truth
    case .string: .text
    case .faulty: nil
    }
  return (checker.diagnostics.contains { $0.severity == .error } ? nil : type, by, checker.diagnostics)
}

/// A policy with rules behind its own that compute expressions and do nothing: rule `rules.count + i` is the i-th probe.
///
/// Its signals keep the `stale_after` that they have; what a longer window needs is kept as well.
/// - Parameter probes: Each with its type, both as `type(of:in:)` took and gave them.
package func compileProbes(
  _ probes: [(expr: Expr, type: ExpressionType)], beside compilation: Compilation
) -> Compilation? {
  guard var file = compilation.file, let checked = compilation.checked else { return nil }
  let stale = Dictionary(checked.signals.map { ($0.name, $0.staleAfter) }, uniquingKeysWith: { first, _ in first })
  for index in file.signals.indices where file.signals[index].staleAfter == nil {
    guard let known = stale[file.signals[index].name.value], let length = known else { continue }
    file.signals[index].staleAfter = Located(Duration(milliseconds: length), file.signals[index].range)
  }
  for (number, probe) in probes.enumerated() {
    let range = probe.expr.range
    let when: Expr =
      switch probe.type {
      case .truth: probe.expr
      // Both sides are the value; what the comparison reads is what was asked for.
      case .number, .text: .comparison(.equal, probe.expr, probe.expr, range)
      }
    let zero = Expr.number(NumberLiteral(digits: 0, unit: nil), range)
    var rule = RuleDeclaration(
      name: Located("value \(number + 1)", range), when: when, then: .add(zero, range), range: range)
    rule.shadow = Located(true, range)
    file.rules.append(rule)
  }
  let compiled = compile(file, compilation.sources, [])
  return compiled.program == nil ? nil : compiled
}
