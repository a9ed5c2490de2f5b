import CriteriaDiagnostics

/// An expression with the language's spacing and the author's spelling: numbers, quotes and brackets stay as they are.
///
/// - Returns: `nil` if the text does not parse.
package func spaced(expression text: String) -> String? {
  func canonical(_ text: String) -> String? {
    let (expression, faults) = parseExpression(lone(text))
    return faults.isEmpty ? expression.map(print) : nil
  }
  guard let meaning = canonical(text), let spaced = respaced(text), canonical(spaced) == meaning else { return nil }
  return spaced
}

/// The same for what stands after `then:`.
package func spaced(effect text: String) -> String? {
  func canonical(_ text: String) -> String? {
    switch parseEffect(lone(text)).effect {
    case .add(let worth, _): "+" + print(worth)
    case .replace: "replace"
    case .quarantine: "quarantine"
    case .protect: "protect"
    case nil: nil
    }
  }
  guard let meaning = canonical(text), let spaced = respaced(text), canonical(spaced) == meaning else { return nil }
  return spaced
}

private func lone(_ text: String) -> ExpressionText {
  ExpressionText(SourceText(path: "", text: text), as: SourceID(index: 0))
}

private func respaced(_ text: String) -> String? {
  let text = lone(text)
  let (tokens, faults) = Lexer.lex(text.bytes, in: 0..<text.bytes.count, map: text.map)
  guard faults.isEmpty else { return nil }
  var result = ""
  var last: Token.Kind?
  var lastIsUnary = false
  for token in tokens where token.kind != .end {
    var kind = token.kind
    // A part of a path is a name, even if it is `and`.
    if last == .symbol("."), case .name = kind { kind = .name("part") }
    if let last, needsSpace(between: last, kind), !lastIsUnary { result += " " }
    result += String(decoding: text.bytes[token.range], as: UTF8.self)
    lastIsUnary = (kind == .symbol("-") || kind == .symbol("+")) && !(last.map(endsOperand) ?? false)
    last = kind
  }
  return result
}

private let words: Set<String> = ["and", "or", "not", "in"]

private func endsOperand(_ kind: Token.Kind) -> Bool {
  switch kind {
  case .number, .string: true
  case .name(let name): !words.contains(name)
  case .symbol(let symbol): symbol == ")" || symbol == "]"
  case .broken, .end: false
  }
}

private func needsSpace(between left: Token.Kind, _ right: Token.Kind) -> Bool {
  switch (left, right) {
  case (.symbol("("), _), (.symbol("["), _), (.symbol("."), _): false
  case (_, .symbol(")")), (_, .symbol("]")), (_, .symbol(",")), (_, .symbol(".")): false
  // A call, a window, a part of a path.
  case (_, .symbol("(")), (_, .symbol("[")): !endsOperand(left)
  default: true
  }
}
