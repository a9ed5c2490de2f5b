import CriteriaSyntax

/// The JSON Schema (draft 2020-12) of one of our YAML files, from the tables that its parser reads by.
///
/// It describes what a reader of YAML makes of the file, so that `+60` is a number and `60` a text where it is quoted. It is for
/// completion and for first mistakes; `rulecheck check` knows more.
struct KeySchema {
  /// In tests, `{name}` may stand wherever a text may.
  let hasPlaceholders: Bool
  private var definitions: [(name: String, value: SchemaNode)] = []

  static func policy() -> SchemaNode {
    document("Policy", "A policy, as `rulecheck check` reads it.", PolicyKeys.policy, hasPlaceholders: false)
  }

  static func signals() -> SchemaNode {
    document("Shared signals", "A file that policies name under `use`.", PolicyKeys.shared, hasPlaceholders: false)
  }

  static func test() -> SchemaNode {
    document("Tests", "Tests of a policy, as `rulecheck test` reads them.", TestKeys.file, hasPlaceholders: true)
  }

  static func defaults() -> SchemaNode {
    document("Shared defaults", "A file that test files name under `use`.", TestKeys.shared, hasPlaceholders: false)
  }

  private static func document(
    _ title: String, _ description: String, _ fields: ValueKind.Fields, hasPlaceholders: Bool
  ) -> SchemaNode {
    var schema = KeySchema(hasPlaceholders: hasPlaceholders)
    let members = schema.members(fields)
    return .object(
      [
        ("$schema", .string("https://json-schema.org/draft/2020-12/schema")), ("title", .string(title)),
        ("description", .string(description)),
      ] + members + [("$defs", .object(schema.definitions))])
  }

  private init(hasPlaceholders: Bool) { self.hasPlaceholders = hasPlaceholders }

  // MARK: Mappings

  private mutating func members(_ fields: ValueKind.Fields) -> [(name: String, value: SchemaNode)] {
    var properties: [(name: String, value: SchemaNode)] = []
    for key in fields.keys { properties.append((key.name, described(key.value, key.summary))) }
    var members: [(name: String, value: SchemaNode)] = [("type", .string("object"))]
    if !fields.required.isEmpty { members.append(("required", .strings(fields.required))) }
    members.append(("properties", .object(properties)))
    members.append(("additionalProperties", fields.others.map { node($0) } ?? .bool(false)))
    return members
  }

  private mutating func described(_ kind: ValueKind, _ summary: String) -> SchemaNode {
    guard case .object(let members) = node(kind) else { return node(kind) }
    return .object([("description", .string(summary))] + members)
  }

  /// A mapping that several places share, by reference.
  private mutating func reference(_ fields: ValueKind.Fields) -> SchemaNode {
    let name = fields.what.split(separator: " ").dropFirst(1).joined(separator: "-").filter { $0 != "`" }
    if !definitions.contains(where: { $0.name == name }) {
      let place = definitions.count
      definitions.append((name, .bool(true)))
      definitions[place].value = .object(members(fields))
    }
    return .object([("$ref", .string("#/$defs/\(name)"))])
  }

  // MARK: Values

  private mutating func node(_ kind: ValueKind) -> SchemaNode {
    switch kind {
    case .fields(let fields): return reference(fields)
    case .named(let value):
      return .object([("type", .strings(["object", "null"])), ("additionalProperties", node(value))])
    case .list(let element, let orOne):
      let list = SchemaNode.object([("type", .string("array")), ("items", node(element))])
      return orOne ? anyOf([node(element), list]) : list
    case .anyOf(let kinds): return anyOf(kinds.map { node($0) })
    default:
      let plain = scalar(kind)
      guard hasPlaceholders, !isText(kind) else { return plain }
      return anyOf([plain, .object([("type", .string("string")), ("pattern", .string("\\{"))])])
    }
  }

  private func isText(_ kind: ValueKind) -> Bool {
    switch kind {
    case .text, .template, .pattern, .path, .expression, .selector: true
    default: false
    }
  }

  private func anyOf(_ nodes: [SchemaNode]) -> SchemaNode { .object([("anyOf", .array(nodes))]) }

  private func scalar(_ kind: ValueKind) -> SchemaNode {
    func text(_ pattern: String) -> SchemaNode {
      .object([("type", .string("string")), ("pattern", .string(pattern))])
    }
    func oneOf(_ words: [String]) -> SchemaNode { .object([("enum", .strings(words))]) }
    switch kind {
    case .version: return .object([("enum", .array([.integer(1), .string("1")]))])
    // What YAML takes for a number is text all the same.
    case .text, .template, .pattern, .expression:
      return .object([("type", .strings(["string", "number", "boolean"]))])
    case .name(let extra):
      // A `-` stands for itself only at the end of a class.
      let signs = extra.filter { $0 != "-" } + extra.filter { $0 == "-" }
      return text("^[A-Za-z_][A-Za-z0-9_\(signs)]*$")
    case .effect:
      return anyOf([
        oneOf(["replace", "quarantine", "protect"]), text("^\\+"),
        .object([("type", .string("number")), ("minimum", .integer(0))]),
      ])
    case .selector, .path: return .object([("type", .string("string"))])
    case .duration: return text("^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d|w)$")
    case .date: return text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    case .unit:
      let names = (Units.words + Units.literals).map(\.name)
      return anyOf([oneOf(names), text("^[A-Za-z%]*/(\(Units.rates.joined(separator: "|")))$")])
    case .bound: return text("^(<=?|>=?|==|!=) ?-?[0-9]")
    case .number: return .object([("type", .string("number"))])
    case .integer(let range):
      return .object([
        ("type", .string("integer")), ("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound)),
      ])
    case .boolean: return .object([("type", .string("boolean"))])
    case .choice(let words): return oneOf(words)
    case .list, .fields, .named, .anyOf: preconditionFailure("no scalar: \(kind)")
    }
  }
}
