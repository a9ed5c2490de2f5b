package import CriteriaDiagnostics

/// The text of an expression, and where its bytes stand in the file.
package struct ExpressionText: Sendable {
  package var bytes: [UInt8]
  package var map: ScalarMap

  package init(_ scalar: YAMLScalar, in source: SourceText) {
    self.bytes = Array(scalar.text.utf8)
    self.map = scalar.map(in: source)
  }

  /// A whole file, or a text of the command line, that is nothing but an expression.
  package init(_ text: SourceText, as source: SourceID) {
    self.bytes = text.bytes
    self.map = ScalarMap(identity: SourceRange(source, 0, text.bytes.count))
  }
}

/// Parses an expression.
///
/// - Returns: `nil` where something is wrong; the diagnostics then hold every fault that can be told apart.
package func parseExpression(_ text: ExpressionText) -> (expression: Expr?, diagnostics: [Diagnostic]) {
  var parser = Parser(text, in: 0..<text.bytes.count)
  let expression = parser.parseAll()
  return (parser.diagnostics.isEmpty ? expression : nil, parser.diagnostics)
}

/// Parses, loosest first:
/// ```
/// effect = "+" prod | "replace" | "quarantine" | "protect"
/// expr = and {"or" and}      and = neg {"and" neg}      neg = ["not"] cmp
/// cmp  = sum [op sum | "in" list | "=~" string]         op  = "<" "<=" ">" ">=" "==" "!="
/// sum  = prod {("+"|"-") prod}      prod = unary {("*"|"/") unary}      unary = ["-"] atom
/// atom = number | string | "true" | "false" | call | path | "(" expr ")"
/// call = name "(" [arg {"," arg}] ")"     arg = path window | expr     window = "[" duration "]"
/// path = name {"." name | "[" string "]"}
/// list = "[" literal {"," literal} "]"    literal = ["-"] number | string | "true" | "false"
/// ```
/// A production returns `nil` if it failed and has said so; its caller goes on, so that one run reports all faults.
struct Parser {
  /// Brackets and calls inside each other.
  static let nesting = 64
  /// Operators of one expression: bounds the height of a tree that grows to one side, as `a + a + a` does.
  static let operators = 500
  /// Bytes of one expression.
  static let size = 16 << 10

  let text: ExpressionText
  let tokens: [Token]
  private(set) var position = 0
  private(set) var diagnostics: [Diagnostic]
  var depth = 0
  private var operatorCount = 0
  /// A limit was met: what follows says nothing.
  private var hasGivenUp = false

  init(_ text: ExpressionText, in range: Range<Int>) {
    self.text = text
    guard range.count <= Self.size else {
      tokens = [Token(kind: .end, range: range.upperBound..<range.upperBound)]
      diagnostics = [.expressionTooLarge("longer than \(Self.size) bytes", at: text.map[range])]
      hasGivenUp = true
      return
    }
    (tokens, diagnostics) = Lexer.lex(text.bytes, in: range, map: text.map)
  }

  // MARK: Tokens

  var token: Token { tokens[position] }
  var kind: Token.Kind { token.kind }
  var next: Token.Kind { tokens[min(position + 1, tokens.count - 1)].kind }

  mutating func advance() { if position < tokens.count - 1 { position += 1 } }

  mutating func take(_ symbol: String) -> Bool {
    guard kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func take(word: String) -> Bool {
    guard kind == .name(word) else { return false }
    advance()
    return true
  }

  func range(_ bytes: Range<Int>) -> SourceRange { text.map[bytes] }

  var here: SourceRange { range(token.range) }

  /// From the token at `start` to the last one taken.
  func span(from start: Int) -> SourceRange {
    let first = tokens[start].range.lowerBound
    return range(first..<max(first, tokens[max(position - 1, start)].range.upperBound))
  }

  func written(from start: Int) -> String {
    let first = tokens[start].range.lowerBound
    return String(
      decoding: text.bytes[first..<max(first, tokens[max(position - 1, start)].range.upperBound)], as: UTF8.self)
  }

  var tokenText: String {
    kind == .end ? "" : String(decoding: text.bytes[token.range], as: UTF8.self)
  }

  mutating func report(_ diagnostic: Diagnostic) {
    if !hasGivenUp { diagnostics.append(diagnostic) }
  }

  /// To the token at `position`, as if nothing after it had been read.
  mutating func goBack(to position: Int, forgettingFrom mark: Int) {
    self.position = position
    diagnostics.removeSubrange(mark...)
  }

  /// Says what was expected here; a token that the lexer has reported already is not reported again.
  mutating func unexpected(_ expected: String, help: String? = nil) {
    if kind == .broken { return }
    report(.unexpectedToken(tokenText, expected: expected, at: here, help: help))
  }

  /// Skips to where an operand ends at the latest, past whole brackets.
  mutating func skip() {
    var open = 0
    while kind != .end {
      if case .symbol(let symbol) = kind {
        if symbol == "(" || symbol == "[" { open += 1 }
        if symbol == ")" || symbol == "]" {
          if open == 0 { return }
          open -= 1
        }
        if symbol == ",", open == 0 { return }
      }
      if open == 0, kind == .name("and") || kind == .name("or") { return }
      advance()
    }
  }

  mutating func giveUp(_ limit: String) {
    report(.expressionTooLarge(limit, at: here))
    hasGivenUp = true
    while kind != .end { advance() }
  }

  mutating func countOperator() -> Bool {
    operatorCount += 1
    if operatorCount == Self.operators + 1 { giveUp("more than \(Self.operators) operators") }
    return operatorCount <= Self.operators
  }

  // MARK: Whole texts

  mutating func parseAll() -> Expr? {
    if kind == .end {
      report(.emptyExpression(at: here))
      return nil
    }
    let expression = parseExpr()
    expectEnd()
    return expression
  }

  /// What stands after a complete expression is a fault; so are the faults in it.
  mutating func expectEnd() {
    while kind != .end, !hasGivenUp {
      let before = position
      unexpected("an operator", help: foreignWord)
      if case .symbol(let symbol) = kind, symbol == ")" || symbol == "]" || symbol == "," { advance() } else { skip() }
      while kind == .name("and") || kind == .name("or") {
        advance()
        _ = parseExpr()
      }
      if position == before { advance() }
    }
  }

  /// `AND` and its like, where an operator is due.
  private var foreignWord: String? {
    if case .name(let name) = kind, let own = Self.word(name) { return "write `\(own)`" }
    return nil
  }

  /// The language's word that `name` is, but for its case.
  private static func word(_ name: String) -> String? {
    let lower = name.lowercased()
    return lower != name && ["and", "or", "not", "in"].contains(lower) ? lower : nil
  }

  /// Takes `word`, also in capitals, which is reported and read as meant.
  private mutating func takeOperator(_ word: String) -> Bool {
    if take(word: word) { return true }
    guard case .name(let name) = kind, Self.word(name) == word else { return false }
    report(.foreignOperator(name, write: word, fix: word, at: here))
    advance()
    return true
  }

  // MARK: Logic

  mutating func parseExpr() -> Expr? {
    let start = position
    var left = parseAnd()
    while takeOperator("or") {
      guard countOperator() else { return nil }
      let right = parseAnd()
      left = join(left, right) { .logical(.or, $0, $1, span(from: start)) }
    }
    return left
  }

  private mutating func parseAnd() -> Expr? {
    let start = position
    var left = parseNot()
    while takeOperator("and") {
      guard countOperator() else { return nil }
      let right = parseNot()
      left = join(left, right) { .logical(.and, $0, $1, span(from: start)) }
    }
    return left
  }

  func join(_ left: Expr?, _ right: Expr?, _ make: (Expr, Expr) -> Expr) -> Expr? {
    guard let left, let right else { return nil }
    return make(left, right)
  }

  private mutating func parseNot() -> Expr? {
    let start = position
    // A signal may be called `NOT`: only before something that begins an operand is it the operator.
    let isForeign =
      if case .name(let name) = kind, Self.word(name) == "not", beginsOperand(next) { true } else { false }
    guard kind == .name("not") || isForeign else { return parseComparison() }
    _ = takeOperator("not")
    guard countOperator() else { return nil }
    if kind == .name("not") {
      report(
        .unexpectedToken(
          "not", expected: "a comparison", at: here, help: "two `not` cancel out, or write `not (not …)`"))
      while take(word: "not") {}
      _ = parseComparison()
      return nil
    }
    return parseComparison().map { .not($0, span(from: start)) }
  }

  private func beginsOperand(_ kind: Token.Kind) -> Bool {
    switch kind {
    case .number, .string, .broken: true
    case .name(let name): !["and", "or", "in"].contains(name)
    case .symbol(let symbol): symbol == "("
    case .end: false
    }
  }

  // MARK: Comparisons

  private var comparison: ComparisonOperator? {
    if case .symbol(let symbol) = kind { ComparisonOperator(rawValue: symbol) } else { nil }
  }

  mutating func parseComparison() -> Expr? {
    let start = position
    let left = parseSum()
    let result: Expr?
    if let comparison {
      guard countOperator() else { return nil }
      advance()
      let middle = position
      let right = parseSum()
      if self.comparison != nil { return chained(from: start, middle: middle) }
      result = join(left, right) { .comparison(comparison, $0, $1, span(from: start)) }
    } else if takeOperator("in") {
      guard countOperator() else { return nil }
      let list = parseList()
      result = left.flatMap { left in list.map { .membership(left, $0, span(from: start)) } }
    } else if kind == .symbol("=~") {
      guard countOperator() else { return nil }
      advance()
      result = parsePattern(after: left, from: start)
    } else {
      return left
    }
    if comparison != nil { return chained(from: start, middle: nil) }
    return result
  }

  private mutating func parsePattern(after left: Expr?, from start: Int) -> Expr? {
    guard case .string(let pattern) = kind else {
      unexpected("a quoted pattern after `=~`")
      _ = parseSum()
      return nil
    }
    let located = Located(pattern, here)
    advance()
    return left.map { .match($0, pattern: located, span(from: start)) }
  }

  /// `a < b < c`: reported once for the whole chain, with the conjunction that was meant.
  ///
  /// - Parameter middle: Where the operand that both comparisons share begins, if it is one.
  private mutating func chained(from start: Int, middle: Int?) -> Expr? {
    let sign = token
    var parts = [written(from: start)]
    var last = middle
    while let comparison {
      let shared = last.map { written(from: $0) }
      advance()
      let operand = position
      _ = parseSum()
      if let shared, let tail = parts.last, !tail.isEmpty {
        parts.append("\(shared) \(comparison.rawValue) \(written(from: operand))")
      } else {
        last = nil
      }
      if last != nil { last = operand }
    }
    let fix = last == nil ? nil : parts.joined(separator: " and ")
    report(.chainedComparison(fix: fix, sign: range(sign.range), at: span(from: start)))
    return nil
  }

  mutating func parseList() -> [Literal]? {
    guard take("[") else {
      unexpected("a list after `in`", help: "write `in [\"a\", \"b\"]`")
      _ = parseSum()
      return nil
    }
    var literals: [Literal] = []
    var isWhole = true
    while true {
      if let literal = parseLiteral() {
        literals.append(literal)
      } else {
        isWhole = false
        skip()
      }
      if take(",") { continue }
      if take("]") { return isWhole ? literals : nil }
      // A faulty element has been reported; only a missing sign after a good one is news.
      if isWhole { unexpected("`,` or `]`") }
      skip()
      if !take(",") {
        _ = take("]")
        return nil
      }
      isWhole = false
    }
  }

  private mutating func parseLiteral() -> Literal? {
    let start = position
    if take("-") {
      guard case .number = kind else {
        unexpected("a number after `-`")
        return nil
      }
      guard var number = parseNumber() else { return nil }
      number.digits = -number.digits
      return Literal(.number(number), span(from: start))
    }
    switch kind {
    case .number: return parseNumber().map { Literal(.number($0), span(from: start)) }
    case .string(let value):
      advance()
      return Literal(.string(value), span(from: start))
    case .name("true"), .name("false"):
      let value = kind == .name("true")
      advance()
      return Literal(.bool(value), span(from: start))
    case .name(let name):
      report(
        .unexpectedToken(
          name, expected: "a literal", at: here, help: "a text needs quotes: `\"\(name)\"`", fix: "\"\(name)\""))
      return nil
    case .symbol, .broken, .end:
      unexpected("a number, a string, `true` or `false`")
      return nil
    }
  }
}
