import CriteriaDiagnostics

/// A JSON value that keeps the order of its members and is laid out for people.
indirect enum SchemaNode {
  case object([(name: String, value: SchemaNode)])
  case array([SchemaNode])
  case string(String)
  case integer(Int)
  case bool(Bool)

  static func strings(_ texts: [String]) -> SchemaNode { .array(texts.map(SchemaNode.string)) }

  /// What fits into a line of 120 stands in one.
  func text(indent: Int = 0) -> String {
    let line = self.line
    if indent + line.utf8.count <= 110 { return line }
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch self {
    case .object(let members):
      let parts = members.map { inner + Self.quoted($0.name) + ": " + $0.value.text(indent: indent + 2) }
      return "{\n" + parts.joined(separator: ",\n") + "\n" + outer + "}"
    case .array(let elements):
      return "[\n" + elements.map { inner + $0.text(indent: indent + 2) }.joined(separator: ",\n") + "\n" + outer + "]"
    case .string, .integer, .bool: return line
    }
  }

  private var line: String {
    switch self {
    case .object(let members):
      "{" + members.map { Self.quoted($0.name) + ": " + $0.value.line }.joined(separator: ", ") + "}"
    case .array(let elements): "[" + elements.map(\.line).joined(separator: ", ") + "]"
    case .string(let text): Self.quoted(text)
    case .integer(let number): String(number)
    case .bool(let bool): bool ? "true" : "false"
    }
  }

  private static func quoted(_ text: String) -> String {
    var writer = JSONWriter()
    writer.value(text)
    return writer.text
  }
}
