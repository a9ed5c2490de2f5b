import CriteriaDiagnostics
import CriteriaSyntax

/// A number that stands beside another one.
struct Operand {
  var expr: Expr
  var measure: Measure

  init(_ expr: Expr, _ measure: Measure) {
    self.expr = expr
    self.measure = measure
  }

  var dimension: Dimension { measure ?? .plain }

  /// A literal without unit: most often the side to mend.
  var plainLiteral: (digits: Double, range: SourceRange)? {
    switch expr {
    case .number(let literal, let range): literal.unit == nil ? (literal.digits, range) : nil
    case .negate(let inner, _): Operand(inner, measure).plainLiteral
    case .string, .bool, .path, .window, .call, .not, .logical, .arithmetic, .comparison, .membership, .match: nil
    }
  }

  var isLiteral: Bool {
    switch expr {
    case .number: true
    case .negate(let inner, _): Operand(inner, measure).isLiteral
    case .string, .bool, .path, .window, .call, .not, .logical, .arithmetic, .comparison, .membership, .match: false
    }
  }
}

/// What to say about two numbers that do not fit.
struct Advice {
  var help: String?
  var fix: Diagnostic.Fix?
}

extension Checker {
  mutating func reportComparison(_ left: Operand, _ right: Operand) {
    let (primary, other) = left.isLiteral && !right.isLiteral ? (left, right) : (right, left)
    let advice = advice(left, right)
    report(
      .comparingDimensions(
        left.dimension, right.dimension, at: primary.expr.range, label: primary.dimension.noun,
        other: Diagnostic.Label(other.expr.range, other.dimension.noun), help: advice.help, fix: advice.fix))
  }

  mutating func reportSum(_ sign: ArithmeticOperator, _ left: Operand, _ right: Operand) {
    let (primary, other) = left.isLiteral && !right.isLiteral ? (left, right) : (right, left)
    let advice = advice(left, right)
    report(
      .addingDimensions(
        sign, left.dimension, right.dimension, at: primary.expr.range, label: primary.dimension.noun,
        other: Diagnostic.Label(other.expr.range, other.dimension.noun), help: advice.help, fix: advice.fix))
  }

  mutating func reportArguments(_ function: String, _ left: Operand, _ right: Operand) {
    let (primary, other) = left.isLiteral && !right.isLiteral ? (left, right) : (right, left)
    let advice = advice(left, right)
    report(
      .mixedArguments(
        function, left.dimension, right.dimension, at: primary.expr.range, label: primary.dimension.noun,
        other: Diagnostic.Label(other.expr.range, other.dimension.noun), help: advice.help, fix: advice.fix))
  }

  /// How to make two numbers fit: the literal's unit if there is one to mend, else the signal's.
  private func advice(_ left: Operand, _ right: Operand) -> Advice {
    for (own, other) in [(right, left), (left, right)] {
      if let literal = own.plainLiteral, let advice = advice(for: literal, wanted: other.dimension) { return advice }
    }
    for (own, other) in [(left, right), (right, left)] where own.dimension == .plain && other.dimension == .ratio {
      if let literal = pinningLiteral(own.expr), let advice = advice(for: literal, wanted: .ratio) { return advice }
    }
    for (own, other) in [(left, right), (right, left)] where own.dimension == .plain && other.dimension != .plain {
      if let name = signalWithoutUnit(own.expr) {
        return Advice(help: Wording.declareUnit(name, as: other.dimension))
      }
    }
    return Advice()
  }

  private func advice(for literal: (digits: Double, range: SourceRange), wanted: Dimension) -> Advice? {
    func fixed(_ text: String) -> Advice { Advice(fix: Diagnostic.Fix(literal.range, text)) }
    if wanted == .ratio {
      let asShare = "\(decimal(literal.digits))%"
      let asMultiple = "\(decimal((literal.digits * 1e8).rounded() / 1e6))%"
      if literal.digits <= 1 { return fixed(asMultiple) }
      // `8` may mean 8 % or 8 times as much.
      if literal.digits < 10 { return Advice(help: Wording.shareOrMultiple(asShare, asMultiple)) }
      return fixed(asShare)
    }
    return wanted.canonicalSuffix.map { fixed(decimal(literal.digits) + $0) }
  }

  /// In `1 - a / b` the literal makes a plain number of a quotient that could be a share.
  private func pinningLiteral(_ expr: Expr) -> (digits: Double, range: SourceRange)? {
    guard case .arithmetic(let sign, let left, let right, _) = expr, sign == .add || sign == .subtract else {
      return nil
    }
    for (own, other) in [(left, right), (right, left)] {
      // A copy looks at the other side: its faults have been reported.
      var copy = self
      if let literal = Operand(own, nil).plainLiteral, case .number(_, let measure?) = copy.infer(other).value,
        measure.isDimensionless, measure.mark == .either
      {
        return literal
      }
    }
    return nil
  }

  /// The gauge, counter or fact behind a term, if its declaration says no unit.
  private func signalWithoutUnit(_ expr: Expr) -> String? {
    let path: Path
    switch expr {
    case .path(let bare): path = bare
    case .call(_, let arguments, _):
      guard case .window(let windowed, _, _)? = arguments.first else { return nil }
      path = windowed
    case .number, .string, .bool, .window, .not, .negate, .logical, .arithmetic, .comparison, .membership, .match:
      return nil
    }
    guard path.rest.isEmpty, case .source(let index)? = meanings[path.first.value], signals[index].unit == nil else {
      return nil
    }
    switch signalClass(index) {
    case .gauge, .counter, .fact, .logValue: return path.first.value
    case .log, .condition, .info: return nil
    }
  }
}
