/// Judges values by the part of JSON Schema that our schema files use; a keyword beyond it is a fault of the schema.
struct JSONSchema {
  let root: JSON

  /// What is wrong with a value; empty if nothing is.
  func faults(of value: JSON, at path: String = "$") -> [String] { faults(of: value, by: root, at: path) }

  private func faults(of value: JSON, by schema: JSON, at path: String) -> [String] {
    guard case .object(let keywords) = schema else { return ["\(path): the schema is not an object"] }
    var faults: [String] = []
    for (keyword, argument) in keywords.sorted(by: { $0.key < $1.key }) {
      switch keyword {
      case "$schema", "$id", "$defs", "title", "description", "required", "properties", "additionalProperties": break
      case "$ref":
        let name = argument.text?.split(separator: "/").last.map(String.init) ?? ""
        guard let target = root["$defs"]?[name] else { return ["\(path): no such reference: \(name)"] }
        faults += self.faults(of: value, by: target, at: path)
      case "type":
        let allowed = argument.text.map { [$0] } ?? argument.elements.compactMap(\.text)
        if !allowed.contains(where: { isOf($0, value) }) {
          faults.append("\(path): \(value) is not of type \(allowed)")
        }
      case "enum":
        if !argument.elements.contains(value) { faults.append("\(path): \(value) is not one of \(argument.elements)") }
      case "pattern":
        if let text = value.text, let pattern = try? Regex(argument.text ?? ""), text.firstMatch(of: pattern) == nil {
          faults.append("\(path): \(text) does not match \(argument.text ?? "")")
        }
      case "minimum":
        if let number = value.number, let least = argument.number, number < least {
          faults.append("\(path): \(number) is too small")
        }
      case "items":
        for (index, element) in value.elements.enumerated() {
          faults += self.faults(of: element, by: argument, at: "\(path)[\(index)]")
        }
      case "anyOf":
        let tries = argument.elements.map { self.faults(of: value, by: $0, at: path) }
        if !tries.contains([]) { faults += ["\(path): none of the alternatives fits"] + tries.flatMap { $0 } }
      default: faults.append("\(path): the schema uses `\(keyword)`, which this test does not know")
      }
    }
    if case .object(let members) = value { faults += self.faults(ofMembers: members, by: schema, at: path) }
    return faults
  }

  private func faults(ofMembers members: [String: JSON], by schema: JSON, at path: String) -> [String] {
    var faults: [String] = []
    for name in (schema["required"]?.elements ?? []).compactMap(\.text) where members[name] == nil {
      faults.append("\(path): `\(name)` is missing")
    }
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      if let property = schema["properties"]?[name] {
        faults += self.faults(of: member, by: property, at: "\(path).\(name)")
      } else if schema["additionalProperties"] == .bool(false) {
        faults.append("\(path): `\(name)` is not in the schema")
      } else if let rest = schema["additionalProperties"], case .object = rest {
        faults += self.faults(of: member, by: rest, at: "\(path).\(name)")
      }
    }
    return faults
  }

  private func isOf(_ type: String, _ value: JSON) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
      ("object", .object):
      true
    case ("integer", .number(let number)): number == number.rounded()
    default: false
    }
  }
}
