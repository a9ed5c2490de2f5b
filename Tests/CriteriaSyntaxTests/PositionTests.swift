import CriteriaDiagnostics
import CriteriaSyntax
import Testing

/// Every subexpression's span in the file, read as the file's style has it, is that subexpression.
@Suite("Positions")
struct PositionTests {
  @Test("in five scalar styles, through aliases, with CRLF and wide characters", arguments: 0..<16)
  func spans(seed: Int) throws {
    var random = Seeded(UInt64(seed) &* 77 &+ 5)
    for round in 0..<60 {
      var generator = ExpressionGenerator(random: Seeded(random.next()))
      let expression = generator.expression(depth: 4)
      // A call around it lets every text begin as a plain scalar may.
      let written = "f(\(print(expression)))"
      for style in YAMLScalar.Style.allCases {
        guard style != .plain || isPlainSafe(written) else { continue }
        let usesAlias = Bool.random(using: &random)
        let usesCRLF = Bool.random(using: &random)
        let scalar = encode(written, style, indent: usesAlias ? 3 : 8, &random)
        var document = Bool.random(using: &random) ? "\u{FEFF}" : ""
        document += "# 日本 🚀 é\nversion: 1\npolicy: \"pol\\u0069cy\" # ü\n"
        if usesAlias { document += "description: &e \(scalar)\n" }
        document += "rules:\n  - rule: A\n    when: \(usesAlias ? "*e" : scalar)\n    then: +1 # 終\n"
        if usesCRLF {
          document = document.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        }

        let (file, diagnostics, sources) = parse(document)
        #expect(diagnostics == [], "seed \(seed), round \(round):\n\(document)")
        let when = try #require(file?.rules.first?.when, "\(document)")
        check(when, style, sources, document)
        try #require(dump(when) == "(f \(dump(expression)))", "\(document)")
      }
    }
  }

  private func check(_ expression: Expr, _ style: YAMLScalar.Style, _ sources: SourceMap, _ document: String) {
    for part in parts(of: expression) {
      let slice = decoded(text(at: part.range, in: sources), style)
      // A window is an expression only inside a call.
      let text = if case .window = part { "f(\(slice))" } else { slice }
      let expected = if case .window = part { "(f \(dump(part)))" } else { dump(part) }
      let parsed = parseExpression(text).expression
      #expect(parsed.map(dump) == expected, "`\(slice)` in\n\(document)")
    }
    for name in names(of: expression) {
      let slice = decoded(text(at: name.range, in: sources), style)
      let isQuoted = slice.hasPrefix("\"")
      #expect(
        isQuoted ? parseExpression(slice).expression.map(dump) == "\"\(name.value)\"" : slice == name.value,
        "\(document)")
    }
  }

  private func parts(of expression: Expr) -> [Expr] {
    let below: [Expr] =
      switch expression {
      case .number, .string, .bool, .path, .window: []
      case .call(_, let arguments, _): arguments
      case .not(let inner, _), .negate(let inner, _), .membership(let inner, _, _), .match(let inner, _, _): [inner]
      case .logical(_, let left, let right, _), .arithmetic(_, let left, let right, _),
        .comparison(_, let left, let right, _):
        [left, right]
      }
    return [expression] + below.flatMap(parts)
  }

  private func names(of expression: Expr) -> [Name] {
    parts(of: expression).flatMap { part -> [Name] in
      switch part {
      case .path(let path), .window(let path, _, _): [path.first] + path.rest
      case .call(let name, _, _): [name]
      case .match(_, let pattern, _): [pattern]
      case .number, .string, .bool, .not, .negate, .logical, .arithmetic, .comparison, .membership: []
      }
    }
  }

  // MARK: Writing a text in a style

  private func isPlainSafe(_ text: String) -> Bool {
    !text.contains(" #") && !text.contains(": ") && !text.contains(":\n")
  }

  /// The pieces between the spaces that are not inside strings.
  private func pieces(_ text: String) -> [String] {
    var pieces = [""]
    var isString = false
    var isEscape = false
    for character in text {
      if character == "\"", !isEscape { isString.toggle() }
      isEscape = character == "\\" && !isEscape
      if character == " ", !isString { pieces.append("") } else { pieces[pieces.count - 1].append(character) }
    }
    return pieces
  }

  private func encode(_ text: String, _ style: YAMLScalar.Style, indent: Int, _ random: inout Seeded) -> String {
    let pieces = pieces(text)
    let margin = String(repeating: " ", count: indent)
    var result = ""
    func breaks(_ random: inout Seeded) -> Bool { Int.random(in: 0..<4, using: &random) == 0 }
    switch style {
    case .plain, .singleQuoted:
      for (index, piece) in pieces.enumerated() {
        // A line must not begin with what ends a plain scalar, and single letters make no keys.
        let mayBreak = style == .singleQuoted || !piece.hasPrefix("#")
        if index > 0 { result += mayBreak && breaks(&random) ? "  \n\(margin)" : " " }
        result +=
          style == .plain
          ? piece : piece.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
      }
      return style == .plain ? result : "'\(result)'"
    case .doubleQuoted:
      for (index, piece) in pieces.enumerated() {
        if index > 0 {
          result += breaks(&random) ? (Bool.random(using: &random) ? "\n\(margin)" : " \\\n\(margin)") : " "
        }
        for scalar in piece.unicodeScalars {
          switch scalar {
          case "\"": result += "\\\""
          case "\\": result += "\\\\"
          default:
            if Int.random(in: 0..<12, using: &random) == 0 {
              let digits = String(scalar.value, radix: 16)
              result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            } else {
              result.unicodeScalars.append(scalar)
            }
          }
        }
      }
      return "\"\(result)\""
    case .literal, .folded:
      var lines = [""]
      for (index, piece) in pieces.enumerated() {
        if index > 0 { if breaks(&random) { lines.append("") } else { lines[lines.count - 1] += " " } }
        // Lines indented more keep their breaks when folded.
        if lines[lines.count - 1].isEmpty, lines.count > 1, breaks(&random) { lines[lines.count - 1] = "  " }
        lines[lines.count - 1] += piece
      }
      let chomping = ["", "-", "+"].randomElement(using: &random)!
      let header = (style == .literal ? "|" : ">") + chomping + (Bool.random(using: &random) ? " # 日" : "")
      let empty = Bool.random(using: &random) ? "\n" : ""
      return header + "\n" + empty + lines.map { margin + $0 }.joined(separator: "\n") + (chomping == "+" ? "\n" : "")
    }
  }

  /// A slice of the file as YAML reads it.
  private func decoded(_ slice: String, _ style: YAMLScalar.Style) -> String {
    var text = slice.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n")
    if style == .doubleQuoted {
      text = text.split(separator: " \\\n", omittingEmptySubsequences: false).joined(separator: "\n")
    }
    text = text.split(separator: "\n").map { String($0.drop { $0 == " " }) }.joined(separator: " ")
    switch style {
    case .plain, .literal, .folded: return text
    case .singleQuoted: return text.split(separator: "''", omittingEmptySubsequences: false).joined(separator: "'")
    case .doubleQuoted:
      var result = ""
      var rest = Array(text.unicodeScalars)[...]
      while let scalar = rest.popFirst() {
        if scalar != "\\" {
          result.unicodeScalars.append(scalar)
        } else if rest.first == "U" {
          let digits = String(String.UnicodeScalarView(rest.dropFirst().prefix(8)))
          result.unicodeScalars.append(Unicode.Scalar(UInt32(digits, radix: 16)!)!)
          rest = rest.dropFirst(9)
        } else if let next = rest.popFirst() {
          result.unicodeScalars.append(next)
        }
      }
      return result
    }
  }

  @Test(
    "each byte of a pattern knows its place",
    arguments: [
      (#"'a\d ''x'' b'"#, #"a\d 'x' b"#), (#""a\\d \"x\" \u65e5b""#, #"a\d "x" 日b"#), (#"a\d x日b"#, #"a\d x日b"#),
      ("|-\n      a\\d x日b\n      c", "a\\d x日b\nc"), (">\n      a\\d\n      x日b\n", "a\\d x日b\n"),
      ("\"a\\\n      b\\x41\"", "abA"),
      ("'a\n\n\n      b'", "a\n\nb"), ("\"a  \n   b\"", "a b"), ("|2\n       x\n      y\n", " x\ny\n"),
      ("|+\n\n      x\n\n", "\nx\n\n\n"),
      ("\"\\t\\e\\_\\L\"", "\t\u{1B}\u{A0}\u{2028}"), ("''", ""), ("&a !!str 'x'", "x"),
      ("&a\n      # c\n      x y", "x y"),
    ])
  func patternOffsets(written: String, value: String) throws {
    for lineBreak in ["\n", "\r\n"] {
      let document =
        "version: 1\npolicy: é\nsignals:\n  a:\n    log: kernel\n    match: \(written)\n    # end\nrules: []\n"
        .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineBreak)
      let (file, _, sources) = parse(document)
      guard case .log(let log) = try #require(file?.signals.first).kind else {
        Issue.record("no log")
        return
      }
      #expect(log.match.value == value)
      let bytes = sources.texts[0].bytes
      #expect(log.matchOffsets.count == value.utf8.count + 1)
      for (index, byte) in value.utf8.enumerated() {
        let place = bytes[log.matchOffsets[index]]
        // An escape or a folded break stands for other bytes; everything else is itself.
        #expect(
          place == byte || [0x5C, 0x0D, 0x0A, 0x20].contains(place) || (place == 0x27 && byte == 0x27),
          "\(index) in \(document)")
      }
      #expect(log.matchOffsets == log.matchOffsets.sorted())
    }
  }
}
