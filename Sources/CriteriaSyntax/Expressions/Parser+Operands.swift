import CriteriaDiagnostics

// The productions from `sum` down: arithmetic, atoms, calls, paths, windows and numbers.
extension Parser {
  // MARK: Arithmetic

  private var additive: ArithmeticOperator? {
    kind == .symbol("+") ? .add : kind == .symbol("-") ? .subtract : nil
  }

  private var multiplicative: ArithmeticOperator? {
    kind == .symbol("*") ? .multiply : kind == .symbol("/") ? .divide : nil
  }

  mutating func parseSum() -> Expr? {
    let start = position
    var left = parseProduct()
    while let sign = additive {
      guard countOperator() else { return nil }
      advance()
      let right = parseProduct()
      left = join(left, right) { .arithmetic(sign, $0, $1, span(from: start)) }
    }
    return left
  }

  mutating func parseProduct() -> Expr? {
    let start = position
    var left = parseUnary()
    while let sign = multiplicative {
      guard countOperator() else { return nil }
      advance()
      let right = parseUnary()
      left = join(left, right) { .arithmetic(sign, $0, $1, span(from: start)) }
    }
    return left
  }

  private mutating func parseUnary() -> Expr? {
    let start = position
    guard take("-") else { return parseAtom() }
    guard countOperator() else { return nil }
    return parseAtom().map { .negate($0, span(from: start)) }
  }

  // MARK: Atoms

  private mutating func parseAtom() -> Expr? {
    let start = position
    switch kind {
    case .number: return parseNumber().map { .number($0, span(from: start)) }
    case .string(let value):
      advance()
      return .string(value, span(from: start))
    case .name("true"), .name("false"):
      let value = kind == .name("true")
      advance()
      return .bool(value, span(from: start))
    case .name(let name) where ["and", "or", "in", "not"].contains(name):
      let help = name == "not" ? "put it in brackets: `(not …)`" : nil
      unexpected("an operand", help: help)
      if name == "not" {
        advance()
        _ = parseComparison()
      }
      return nil
    case .name: return next == .symbol("(") ? parseCall() : parseBarePath()
    case .symbol("("): return parseGroup()
    case .symbol("["):
      unexpected("an operand", help: "a list stands only after `in`")
      skipBracket()
      return nil
    case .symbol, .broken, .end:
      unexpected("an operand")
      skip()
      return nil
    }
  }

  private mutating func skipBracket() {
    advance()
    repeat { skip() } while take(",")
    _ = take("]")
  }

  private mutating func enter() -> Bool {
    depth += 1
    if depth > Self.nesting { giveUp("brackets nested more than \(Self.nesting) deep") }
    return depth <= Self.nesting
  }

  private mutating func parseGroup() -> Expr? {
    let open = here
    guard enter() else { return nil }
    defer { depth -= 1 }
    advance()
    let inner = parseExpr()
    if take(")") { return inner }
    if inner != nil || kind != .end { unclosed("(", open) }
    skipToClosing()
    return nil
  }

  private mutating func unclosed(_ bracket: String, _ open: SourceRange) {
    if kind == .broken { return }
    let closing = bracket == "(" ? ")" : "]"
    report(.unclosedBracket(tokenText, closing: closing, open: open, at: here))
  }

  /// After a fault inside round brackets: to their end.
  private mutating func skipToClosing() {
    while kind != .end {
      skip()
      if take(")") { return }
      if kind == .end { return }
      let isWord = kind == .name("and") || kind == .name("or")
      advance()
      // Go on with the other operands: their faults count too.
      if isWord { _ = parseExpr() }
    }
  }

  private mutating func parseCall() -> Expr? {
    let start = position
    guard case .name(let name) = kind, enter() else { return nil }
    defer { depth -= 1 }
    let function = Name(name, here)
    advance()
    let open = here
    advance()
    var arguments: [Expr] = []
    if take(")") { return .call(function, [], span(from: start)) }
    var isWhole = true
    while true {
      if let argument = parseArgument() { arguments.append(argument) } else { isWhole = false }
      if take(",") { continue }
      if take(")") { return isWhole ? .call(function, arguments, span(from: start)) : nil }
      if isWhole { unclosed("(", open) }
      isWhole = false
      skip()
      if take(",") { continue }
      if take(")") { return nil }
      if kind == .end { return nil }
      // A word such as `and` after a fault: go on behind it.
      advance()
    }
  }

  private mutating func parseArgument() -> Expr? {
    guard case .name(let name) = kind, next != .symbol("("), !["not", "true", "false"].contains(name) else {
      return parseExpr()
    }
    let start = position
    let mark = diagnostics.count
    if let path = parsePath(), kind == .symbol("["), diagnostics.count == mark {
      guard let window = parseWindow() else { return nil }
      let expression = Expr.window(path, window, span(from: start))
      if case .symbol(let symbol) = kind, symbol == "," || symbol == ")" { return expression }
      if kind == .end { return expression }
      report(.windowInside(written(from: start), at: span(from: start)))
      skip()
      return nil
    }
    // No window: read it again as the expression it begins.
    goBack(to: start, forgettingFrom: mark)
    return parseExpr()
  }

  private mutating func parseBarePath() -> Expr? {
    let start = position
    guard let path = parsePath() else { return nil }
    guard kind == .symbol("[") else { return .path(path) }
    let window = parseWindow()
    if window != nil { report(.bareWindow(written(from: start), at: span(from: start))) }
    return nil
  }

  /// Stops before a `[` that does not hold a string.
  private mutating func parsePath() -> Path? {
    let start = position
    guard case .name(let name) = kind else { return nil }
    var path = Path(first: Name(name, here), range: here)
    advance()
    while true {
      if kind == .symbol(".") {
        advance()
        guard case .name(let part) = kind else {
          unexpected("a name after `.`")
          return nil
        }
        path.rest.append(Name(part, here))
        advance()
      } else if kind == .symbol("["), case .string(let part) = next {
        advance()
        path.rest.append(Name(part, here))
        advance()
        guard take("]") else {
          unexpected("`]`")
          skip()
          _ = take("]")
          return nil
        }
      } else {
        path.range = span(from: start)
        return path
      }
    }
  }

  private mutating func parseWindow() -> Duration? {
    let open = here
    advance()
    guard case .number(let digits, let unit, let rate) = kind else {
      unexpected("a duration such as `5m`")
      skip()
      _ = take("]")
      return nil
    }
    let duration = parseDuration(digits: digits, unit: unit, rate: rate, at: here)
    advance()
    guard take("]") else {
      if duration != nil { unclosed("[", open) }
      skip()
      _ = take("]")
      return nil
    }
    return duration
  }

  private mutating func parseDuration(digits: String, unit: String?, rate: String?, at range: SourceRange) -> Duration?
  {
    guard rate == nil, let unit, Units.unit(unit)?.time == 1 else {
      report(.windowUnit(digits, at: range))
      return nil
    }
    guard let duration = Duration(digits: digits, unit: unit), duration.milliseconds > 0 else {
      report(.badDuration(digits + unit, at: range))
      return nil
    }
    return duration
  }

  mutating func parseNumber() -> NumberLiteral? {
    guard case .number(let digits, let unit, let rate) = kind else { return nil }
    let range = here
    advance()
    let literal = NumberLiteral(
      digits: Double(digits) ?? .infinity, unit: unit == nil && rate == nil ? nil : Units.unit(unit, per: rate))
    guard literal.digits.isFinite, literal.value.isFinite else {
      report(.numberTooLarge(at: range))
      return nil
    }
    return literal
  }
}
