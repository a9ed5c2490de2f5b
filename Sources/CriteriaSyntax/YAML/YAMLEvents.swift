package import CriteriaDiagnostics

/// The events of a file in the notation of yaml-test-suite, one a line: `+MAP`, `=VAL :text`, `=ALI *a`.
///
/// Only what YAML itself forbids ends it; keys may stand twice, documents follow each other.
/// - Returns: The events up to the first fault, and the fault.
package func yamlEvents(_ text: SourceText, as source: SourceID) -> (events: [String], fault: Diagnostic?) {
  if let refused = checkCharacters(text.bytes, in: source).first { return ([], refused) }
  let reader = YAMLEventReader(text.bytes)
  var lines: [String] = []
  while true {
    do {
      let event = try reader.next()
      lines.append(notation(of: event))
      if case .streamEnd = event.kind { return (lines, nil) }
    } catch {
      return (lines, .yamlSyntax(error, in: text, source))
    }
  }
}

private func notation(of event: YAMLEvent) -> String {
  let properties = (event.anchor.map { " &\($0)" } ?? "") + (event.tag.map { " <\($0)>" } ?? "")
  switch event.kind {
  case .streamStart: return "+STR"
  case .streamEnd: return "-STR"
  case .documentStart(let isExplicit): return isExplicit ? "+DOC ---" : "+DOC"
  case .documentEnd(let isExplicit): return isExplicit ? "-DOC ..." : "-DOC"
  case .mappingStart(let isFlow): return "+MAP" + (isFlow ? " {}" : "") + properties
  case .mappingEnd: return "-MAP"
  case .sequenceStart(let isFlow): return "+SEQ" + (isFlow ? " []" : "") + properties
  case .sequenceEnd: return "-SEQ"
  case .alias(let name): return "=ALI *\(name)"
  case .scalar(let text, let style): return "=VAL\(properties) \(sign(of: style))\(escaped(text))"
  }
}

private func sign(of style: YAMLScalar.Style) -> String {
  switch style {
  case .plain: ":"
  case .singleQuoted: "'"
  case .doubleQuoted: "\""
  case .literal: "|"
  case .folded: ">"
  }
}

private func escaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{8}": result += "\\b"
    case "\0": result += "\\0"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
