import CriteriaDiagnostics

/// Parses `then:`: `effect = "+" prod | "replace" | "quarantine" | "protect"`.
func parseEffect(_ text: ExpressionText) -> (effect: Effect?, diagnostics: [Diagnostic]) {
  var parser = Parser(text, in: 0..<text.bytes.count)
  let whole = text.map[0..<text.bytes.count]
  if parser.take("+") {
    let worth = parser.parseProduct()
    parser.expectEnd()
    return (parser.diagnostics.isEmpty ? worth.map { .add($0, whole) } : nil, parser.diagnostics)
  }
  if parser.tokens.count == 2, case .name(let name) = parser.kind {
    switch name {
    case "replace": return (.replace(whole), [])
    case "quarantine": return (.quarantine(whole), [])
    case "protect": return (.protect(whole), [])
    default: break
    }
  }
  let written = String(decoding: text.bytes, as: UTF8.self)
  let expression = Parser.parsed(text)
  if let expression {
    if case .negate = expression { return (nil, [.negativeEffect(written, at: whole)]) }
    if case .number = expression { return (nil, [.effectWithoutPlus(written, at: whole)]) }
    if case .path(let path) = expression, path.rest.isEmpty {
      return (
        nil,
        [.unknownEffect(written, nearest: nearest(written, among: ["replace", "quarantine", "protect"]), at: whole)]
      )
    }
    return (nil, [.effectWithoutPlus(written, at: whole)])
  }
  return (nil, parser.diagnostics.isEmpty ? [.unknownEffect(written, nearest: nil, at: whole)] : parser.diagnostics)
}

extension Parser {
  fileprivate static func parsed(_ text: ExpressionText) -> Expr? { parseExpression(text).expression }
}

/// Parses the text of `why:`: `{expr}` is replaced by its value, `{{` and `}}` are braces.
func parseTemplate(_ text: ExpressionText, at range: SourceRange) -> (template: Template?, diagnostics: [Diagnostic]) {
  let bytes = text.bytes
  var parts: [Template.Part] = []
  var diagnostics: [Diagnostic] = []
  var literal: [UInt8] = []
  var offset = 0
  func flush() {
    if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
    literal = []
  }
  while offset < bytes.count {
    let byte = bytes[offset]
    let isDoubled = offset + 1 < bytes.count && bytes[offset + 1] == byte
    switch byte {
    case UInt8(ascii: "{") where isDoubled, UInt8(ascii: "}") where isDoubled:
      literal.append(byte)
      offset += 2
    case UInt8(ascii: "}"):
      diagnostics.append(.loneBrace(at: text.map[offset..<offset + 1]))
      offset += 1
    case UInt8(ascii: "{"):
      guard let end = endOfPlaceholder(bytes, from: offset + 1) else {
        diagnostics.append(.openBrace(at: text.map[offset..<offset + 1]))
        return (nil, diagnostics)
      }
      flush()
      var parser = Parser(text, in: offset + 1..<end)
      if let expression = parser.parseAll() { parts.append(.expression(expression)) }
      diagnostics += parser.diagnostics
      offset = end + 1
    default:
      literal.append(byte)
      offset += 1
    }
  }
  flush()
  return (diagnostics.isEmpty ? Template(parts: parts, range: range) : nil, diagnostics)
}

/// The `}` that ends a placeholder; braces inside strings do not count.
private func endOfPlaceholder(_ bytes: [UInt8], from start: Int) -> Int? {
  var quote: UInt8?
  var offset = start
  while offset < bytes.count {
    let byte = bytes[offset]
    if let open = quote {
      if byte == UInt8(ascii: "\\") { offset += 1 } else if byte == open { quote = nil }
    } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      quote = byte
    } else if byte == UInt8(ascii: "}") {
      return offset
    }
    offset += 1
  }
  // A stray apostrophe hides the end: take the first brace, so that the expression's own fault is shown.
  return bytes[start...].firstIndex(of: UInt8(ascii: "}"))
}
