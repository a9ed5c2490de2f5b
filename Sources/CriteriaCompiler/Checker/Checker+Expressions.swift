import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

extension Checker {
  /// Finds the type of an expression and resolves its names.
  mutating func infer(_ expr: Expr) -> Typed {
    nesting += 1
    defer { nesting -= 1 }
    // Names can chain expressions that are each within the parser's limits: refuse before the stack ends.
    guard nesting <= Self.depthLimit else {
      if !hasReportedDepth { report(.expansionTooDeep(limit: Self.depthLimit, at: expr.range)) }
      hasReportedDepth = true
      return .faulty
    }
    switch expr {
    case .number(let literal, let range):
      let isZero = literal.digits == 0 && literal.unit == nil
      return Typed(value: .number(.constant(literal.value, range), isZero ? nil : Dimension(literal.unit)))
    case .string(let string, let range): return Typed(value: .string(.constant(string, range)))
    case .bool(let bool, let range): return Typed(value: .bool(.constant(bool, range)))
    case .path(let path): return resolve(path)
    case .window(let path, _, let range):
      report(.strayWindow(at: range, signal: path.first.value))
      return .faulty
    case .call(let name, let arguments, let range): return call(name, arguments, range)
    case .not(let inner, let range): return not(inner, range)
    case .negate(let inner, let range): return negate(inner, range)
    case .logical(let sign, let left, let right, let range): return logical(sign, left, right, range)
    case .arithmetic(let sign, let left, let right, let range): return arithmetic(sign, left, right, range)
    case .comparison(let sign, let left, let right, let range): return comparison(sign, left, right, range)
    case .membership(let inner, let list, let range): return membership(inner, list, range)
    case .match(let inner, let pattern, let range): return match(inner, pattern, range)
    }
  }

  // MARK: Logic

  private mutating func not(_ inner: Expr, _ range: SourceRange) -> Typed {
    let typed = infer(inner)
    guard let truth = truth(typed, inner, needed: "`not`") else { return .faulty }
    return Typed(.bool(.not(truth, range)), over: typed)
  }

  private mutating func logical(
    _ sign: LogicalOperator, _ left: Expr, _ right: Expr, _ range: SourceRange
  ) -> Typed {
    let (a, b) = (infer(left), infer(right))
    let x = truth(a, left, needed: "`\(sign.rawValue)`")
    let y = truth(b, right, needed: "`\(sign.rawValue)`")
    guard let x, let y else { return .faulty }
    return Typed(.bool(sign == .and ? .and(x, y, range) : .or(x, y, range)), over: a, b)
  }

  /// What `needed` takes: true or false. Reports anything else.
  mutating func truth(_ typed: Typed, _ expr: Expr, needed: String) -> BoolExpr? {
    switch typed.value {
    case .bool(let truth): return truth
    case .faulty: return nil
    case .number, .string:
      report(.notATruth(needed, found: typed.noun, at: expr.range, fix: truthFix(typed, expr)))
      return nil
    }
  }

  /// A condition's status used as if it were true or false.
  private func truthFix(_ typed: Typed, _ expr: Expr) -> Diagnostic.Fix? {
    guard case .string(.status) = typed.value, case .path(let path) = expr else { return nil }
    return Diagnostic.Fix(path.range, "\(print(expr)) == \"True\"")
  }

  // MARK: Numbers

  /// What `needed` takes: a number. Reports anything else.
  mutating func number(_ typed: Typed, _ expr: Expr, needed: String) -> (expr: NumberExpr, measure: Measure)? {
    switch typed.value {
    case .number(let number, let measure): return (number, measure)
    case .faulty: return nil
    case .bool, .string:
      report(.notANumber(needed, found: typed.noun, at: expr.range, help: numberHelp(typed)))
      return nil
    }
  }

  /// How a string that stands for a number can become one.
  private func numberHelp(_ typed: Typed) -> String? {
    guard case .string(.fact(let name, _)) = typed.value else { return nil }
    return Wording.factAsNumber(name)
  }

  private mutating func negate(_ inner: Expr, _ range: SourceRange) -> Typed {
    let typed = infer(inner)
    guard let (expr, measure) = number(typed, inner, needed: "`-`") else { return .faulty }
    return Typed(.number(.negate(expr, range), measure), over: typed)
  }

  private mutating func arithmetic(
    _ sign: ArithmeticOperator, _ left: Expr, _ right: Expr, _ range: SourceRange
  ) -> Typed {
    let (a, b) = (infer(left), infer(right))
    let x = number(a, left, needed: "`\(sign.rawValue)`")
    let y = number(b, right, needed: "`\(sign.rawValue)`")
    guard let x, let y else { return .faulty }
    let measure: Measure
    switch sign {
    case .add, .subtract:
      guard let joined = join(x.measure, y.measure) else {
        reportSum(sign, Operand(left, x.measure), Operand(right, y.measure))
        return .faulty
      }
      measure = joined
    case .multiply: measure = (x.measure ?? .plain).times(y.measure ?? .plain)
    case .divide: measure = (x.measure ?? .plain).divided(by: y.measure ?? .plain)
    }
    return Typed(.number(.arithmetic(sign, x.expr, y.expr, range), measure), over: a, b)
  }

  /// The measure of two numbers side by side; `nil` if they do not fit. The literal 0 fits all.
  func join(_ a: Measure, _ b: Measure) -> Measure? {
    guard let x = a else { return .some(b) }
    guard let y = b else { return .some(a) }
    return x.joined(with: y).map { .some($0) }
  }

  // MARK: Comparisons

  private mutating func comparison(
    _ sign: ComparisonOperator, _ left: Expr, _ right: Expr, _ range: SourceRange
  ) -> Typed {
    let (a, b) = inferPair(left, right)
    let isEquality = sign == .equal || sign == .notEqual
    switch (a.value, b.value) {
    case (.faulty, _), (_, .faulty): return .faulty
    case (.number(let x, let m), .number(let y, let n)):
      if join(m, n) == nil {
        reportComparison(Operand(left, m), Operand(right, n))
        return .faulty
      }
      return Typed(.bool(.compare(sign, x, y, range)), over: a, b)
    case (.string(let x), .string(let y)) where isEquality:
      checkStatus(x, right, y)
      checkStatus(y, left, x)
      return Typed(.bool(.compareStrings(equal: sign == .equal, x, y, range)), over: a, b)
    case (.bool(let x), .bool(let y)) where isEquality:
      return Typed(.bool(.compareBools(equal: sign == .equal, x, y, range)), over: a, b)
    case (.string, .string), (.bool, .bool):
      report(.notOrdered(sign, found: a.isString ? "strings" : "truth values", at: range))
    case (.number, .string), (.number, .bool), (.string, .number), (.string, .bool), (.bool, .number), (.bool, .string):
      reportTypes(left, a, right, b)
    }
    return .faulty
  }

  /// Both sides; a bare word beside a string gets the advice that it lacks quotes.
  private mutating func inferPair(_ left: Expr, _ right: Expr) -> (Typed, Typed) {
    if let word = unknownWord(right) {
      let other = infer(left)
      reportWord(word, beside: other)
      return (other, .faulty)
    }
    if let word = unknownWord(left) {
      let other = infer(right)
      reportWord(word, beside: other)
      return (.faulty, other)
    }
    return (infer(left), infer(right))
  }

  private func unknownWord(_ expr: Expr) -> Name? {
    guard case .path(let path) = expr, path.rest.isEmpty, meanings[path.first.value] == nil,
      !builtInNames.contains(path.first.value), !lostNames.contains(path.first.value)
    else { return nil }
    return path.first
  }

  private mutating func reportWord(_ word: Name, beside other: Typed) {
    switch other.value {
    // Beside a text in quotes it is more likely a label than another text.
    case .string(.constant): reportUnknown(word)
    case .string: report(.unquotedString(word.value, at: word.range))
    case .bool where ["true", "false"].contains(word.value.lowercased()):
      report(.capitalTruth(word.value, at: word.range))
    case .bool, .number, .faulty: reportUnknown(word)
    }
  }

  /// Statuses that differ from `True`, `False` and `Unknown` in case alone can never be met by a condition's metric.
  private mutating func checkStatus(_ status: StringExpr, _ literal: Expr, _ string: StringExpr) {
    guard case .status = status, case .constant(let word, let range) = string,
      let usual = ["True", "False", "Unknown"].first(where: { $0.lowercased() == word.lowercased() }), usual != word
    else { return }
    report(.statusInOtherCase(word, usual: usual, at: range))
  }

  private mutating func reportTypes(_ left: Expr, _ a: Typed, _ right: Expr, _ b: Typed) {
    var help: String?
    var fix: Diagnostic.Fix?
    for (own, other, expr) in [(a, b, right), (b, a, left)] {
      if case .string(.fact(let name, _)) = own.value, case .number = other.value { help = Wording.factAsNumber(name) }
      if case .string(.status) = own.value, case .bool(.constant(let truth, let range)) = other.value {
        fix = Diagnostic.Fix(range, truth ? "\"True\"" : "\"False\"")
      } else if case .string = own.value, case .number(let literal, let range) = expr {
        // Labels such as `"8"` are strings whatever they look like.
        fix = help == nil ? Diagnostic.Fix(range, "\"\(decimal(literal.digits))\(literal.unit?.name ?? "")\"") : nil
      }
    }
    report(.comparingTypes(a.noun, left.range, b.noun, at: right.range, help: help, fix: fix))
  }

  private mutating func membership(_ inner: Expr, _ list: [Literal], _ range: SourceRange) -> Typed {
    let typed = infer(inner)
    switch typed.value {
    case .faulty: return .faulty
    case .bool:
      report(.membershipOfTruth(at: inner.range))
      return .faulty
    case .number(let number, let measure):
      let values = list.map { self.number(of: $0, beside: Operand(inner, measure)) }
      if values.contains(nil) { return .faulty }
      return Typed(.bool(.numberIn(number, values.compactMap { $0 }, range)), over: typed)
    case .string(let string):
      let values = list.map { self.string(of: $0, beside: string, inner) }
      if values.contains(nil) { return .faulty }
      return Typed(.bool(.stringIn(string, values.compactMap { $0 }, range)), over: typed)
    }
  }

  private mutating func number(of literal: Literal, beside operand: Operand) -> Double? {
    guard case .number(let number) = literal.value else {
      report(
        .comparingTypes(
          (operand.measure ?? .plain).nounWithArticle, operand.expr.range, noun(of: literal), at: literal.range))
      return nil
    }
    let isZero = number.digits == 0 && number.unit == nil
    let element = Operand(.number(number, literal.range), isZero ? nil : Dimension(number.unit))
    if join(operand.measure, element.measure) == nil {
      reportComparison(operand, element)
      return nil
    }
    return number.value
  }

  private mutating func string(of literal: Literal, beside string: StringExpr, _ inner: Expr) -> String? {
    guard case .string(let value) = literal.value else {
      report(.comparingTypes("a string", inner.range, noun(of: literal), at: literal.range))
      return nil
    }
    checkStatus(string, inner, .constant(value, literal.range))
    return value
  }

  private func noun(of literal: Literal) -> String {
    switch literal.value {
    case .number(let number): Dimension(number.unit).nounWithArticle
    case .string: "a string"
    case .bool: "true or false"
    }
  }

  private mutating func match(_ inner: Expr, _ pattern: Located<String>, _ range: SourceRange) -> Typed {
    let typed = infer(inner)
    do {
      _ = try Regex(pattern: pattern.value)
    } catch {
      report(.badPattern(error.message, at: place(error.offset, in: pattern), pattern: pattern.range))
      return .faulty
    }
    switch typed.value {
    case .faulty: return .faulty
    case .string(let string): return Typed(.bool(.matches(string, pattern: pattern.value, range)), over: typed)
    case .number, .bool:
      report(.notAString("`=~`", found: typed.noun, at: inner.range))
      return .faulty
    }
  }

  /// Where a pattern's byte stands; the whole literal if escapes or line breaks lie between.
  private func place(_ offset: Int, in pattern: Located<String>) -> SourceRange {
    let range = pattern.range
    let count = pattern.value.utf8.count
    guard range.end - range.start == count + 2 else { return range }
    let start = range.start + 1 + min(offset, count)
    return SourceRange(range.source, start, start + 1)
  }
}
