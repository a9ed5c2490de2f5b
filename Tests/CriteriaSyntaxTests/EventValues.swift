/// A loaded YAML value, as canonical JSON text.
///
/// Built from the events in yaml-test-suite's notation, with the scalars of YAML 1.2's core schema.
struct EventValues {
  private var events: ArraySlice<String>
  private var anchors: [String: String] = [:]

  init(_ events: [String]) { self.events = events[...] }

  mutating func documents() -> [String] {
    var values: [String] = []
    while let event = events.popFirst() {
      if event.hasPrefix("+DOC") { values.append(node()) }
    }
    return values
  }

  private mutating func node() -> String {
    guard let event = events.popFirst() else { return "" }
    if event.hasPrefix("=ALI *") { return anchors[String(event.dropFirst(6))] ?? "?" }
    var rest = event.dropFirst(4)
    var anchor: String?
    var tag: String?
    while rest.first == " " {
      rest.removeFirst()
      if rest.hasPrefix("{}") || rest.hasPrefix("[]") {
        rest.removeFirst(2)
      } else if rest.first == "&" {
        let end = rest.firstIndex(of: " ") ?? rest.endIndex
        anchor = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[end...]
      } else if rest.first == "<" {
        let end = rest.firstIndex(of: ">")!
        tag = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
      } else {
        break
      }
    }
    let value: String
    if event.hasPrefix("+MAP") {
      value = mapping()
    } else if event.hasPrefix("+SEQ") {
      var items: [String] = []
      while events.first != "-SEQ" { items.append(node()) }
      events.removeFirst()
      value = "[" + items.joined(separator: ",") + "]"
    } else {
      value = scalar(style: rest.first ?? ":", unescaped(rest.dropFirst()), tag: tag)
    }
    if let anchor { anchors[anchor] = value }
    return value
  }

  private mutating func mapping() -> String {
    var pairs: [String: String] = [:]
    while events.first != "-MAP" {
      let key = node()
      pairs[key.hasPrefix("\"") ? key : quoted(key == "null" ? "" : key)] = node()
    }
    events.removeFirst()
    return "{" + pairs.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
  }

  private func unescaped(_ text: Substring) -> String {
    var result = ""
    var isEscape = false
    for character in text.unicodeScalars {
      if isEscape {
        result.unicodeScalars.append(
          ["n": "\n", "r": "\r", "t": "\t", "b": "\u{8}", "0": "\0"][character] ?? character)
        isEscape = false
      } else if character == "\\" {
        isEscape = true
      } else {
        result.unicodeScalars.append(character)
      }
    }
    return result
  }

  private func scalar(style: Character, _ text: String, tag: String?) -> String {
    if tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" { return plain(text) }
    if tag == "tag:yaml.org,2002:null" { return "null" }
    if style != ":" || tag != nil { return quoted(text) }
    return plain(text)
  }

  private func plain(_ text: String) -> String {
    switch text {
    case "", "~", "null", "Null", "NULL": return "null"
    case "true", "True", "TRUE": return "true"
    case "false", "False", "FALSE": return "false"
    default: break
    }
    let isNumber = text.allSatisfy { "0123456789+-.eE".contains($0) } && text.contains { $0.isNumber }
    if isNumber, let value = Double(text) { return value.description }
    return quoted(text)
  }
}

func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// The values of a JSON text, one after the other, in the same canonical form.
func jsonValues(_ text: String) -> [String] {
  var reader = JSONValues(bytes: Array(text.utf8))
  return reader.all()
}

private struct JSONValues {
  let bytes: [UInt8]
  var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func all() -> [String] {
    var values: [String] = []
    skip()
    while offset < bytes.count {
      values.append(value())
      skip()
    }
    return values
  }

  private mutating func skip() { while offset < bytes.count, [32, 10, 13, 9].contains(bytes[offset]) { offset += 1 } }

  private mutating func value() -> String {
    skip()
    switch bytes[offset] {
    case UInt8(ascii: "{"):
      var pairs: [String: String] = [:]
      offset += 1
      skip()
      while bytes[offset] != UInt8(ascii: "}") {
        let key = value()
        skip()
        offset += 1
        pairs[key] = value()
        skip()
        if bytes[offset] == UInt8(ascii: ",") { offset += 1 }
        skip()
      }
      offset += 1
      return "{" + pairs.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
    case UInt8(ascii: "["):
      var items: [String] = []
      offset += 1
      skip()
      while bytes[offset] != UInt8(ascii: "]") {
        items.append(value())
        skip()
        if bytes[offset] == UInt8(ascii: ",") { offset += 1 }
        skip()
      }
      offset += 1
      return "[" + items.joined(separator: ",") + "]"
    case UInt8(ascii: "\""): return quoted(string())
    default:
      let start = offset
      while offset < bytes.count, !" \n\r\t,]}".utf8.contains(bytes[offset]) { offset += 1 }
      let word = String(decoding: bytes[start..<offset], as: UTF8.self)
      return Double(word)?.description ?? word
    }
  }

  private mutating func string() -> String {
    var result: [UInt8] = []
    offset += 1
    while bytes[offset] != UInt8(ascii: "\"") {
      if bytes[offset] == UInt8(ascii: "\\") {
        offset += 1
        switch bytes[offset] {
        case UInt8(ascii: "n"): result.append(10)
        case UInt8(ascii: "t"): result.append(9)
        case UInt8(ascii: "r"): result.append(13)
        case UInt8(ascii: "b"): result.append(8)
        case UInt8(ascii: "f"): result.append(12)
        case UInt8(ascii: "u"):
          let digits = String(decoding: bytes[offset + 1...offset + 4], as: UTF8.self)
          result += Array(String(Character(Unicode.Scalar(UInt32(digits, radix: 16)!)!)).utf8)
          offset += 4
        case let other: result.append(other)
        }
      } else {
        result.append(bytes[offset])
      }
      offset += 1
    }
    offset += 1
    return String(decoding: result, as: UTF8.self)
  }
}
