/// A JSON value, as the records are judged by: strict (RFC 8259), and names may not repeat.
indirect enum JSON: Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  struct Malformed: Error {
    var message: String
    var offset: Int
  }

  init(parsing text: String) throws {
    var parser = JSONParser(bytes: Array(text.utf8))
    self = try parser.document()
  }

  subscript(name: String) -> JSON? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  subscript(index: Int) -> JSON? {
    if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
  }

  var elements: [JSON] {
    if case .array(let elements) = self { elements } else { [] }
  }

  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var next = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws -> JSON {
    let value = try value()
    skipSpace()
    guard next == bytes.count else { throw fault("expected the end") }
    return value
  }

  private func fault(_ message: String) -> JSON.Malformed { JSON.Malformed(message: message, offset: next) }

  private var current: UInt8? { next < bytes.count ? bytes[next] : nil }

  private mutating func skipSpace() {
    while let byte = current, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { next += 1 }
  }

  private mutating func take(_ text: String) -> Bool {
    guard bytes[next...].starts(with: text.utf8) else { return false }
    next += text.utf8.count
    return true
  }

  private mutating func value() throws -> JSON {
    skipSpace()
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    switch current {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "{"): return .object(try object())
    default: return .number(try number())
    }
  }

  private mutating func array() throws -> [JSON] {
    next += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return [] }
    while true {
      elements.append(try value())
      skipSpace()
      if take("]") { return elements }
      guard take(",") else { throw fault("expected `,` or `]`") }
    }
  }

  private mutating func object() throws -> [String: JSON] {
    next += 1
    var members: [String: JSON] = [:]
    skipSpace()
    if take("}") { return [:] }
    while true {
      skipSpace()
      let name = try string()
      skipSpace()
      guard take(":") else { throw fault("expected `:`") }
      guard members.updateValue(try value(), forKey: name) == nil else { throw fault("`\(name)` twice") }
      skipSpace()
      if take("}") { return members }
      guard take(",") else { throw fault("expected `,` or `}`") }
    }
  }

  private mutating func string() throws -> String {
    guard take("\"") else { throw fault("expected a string") }
    var units: [UInt16] = []
    var run: [UInt8] = []
    func flushed(_ run: [UInt8]) throws -> [UInt16] {
      guard let text = String(validating: run, as: UTF8.self) else { throw fault("not UTF-8") }
      return Array(text.utf16)
    }
    while let byte = current {
      next += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: units + (try flushed(run)), as: UTF16.self)
      case 0..<0x20: throw fault("a control character")
      case UInt8(ascii: "\\"):
        units += try flushed(run)
        run = []
        units.append(try escape())
      default: run.append(byte)
      }
    }
    throw fault("the string does not end")
  }

  private mutating func escape() throws -> UInt16 {
    guard let byte = current else { throw fault("the string does not end") }
    next += 1
    switch byte {
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
    case UInt8(ascii: "u"):
      guard next + 4 <= bytes.count,
        let unit = UInt16(String(decoding: bytes[next..<(next + 4)], as: UTF8.self), radix: 16)
      else { throw fault("expected four hexadecimal digits") }
      next += 4
      return unit
    default: throw fault("unknown escape")
    }
  }

  private mutating func number() throws -> Double {
    let start = next
    while let byte = current, "+-.0123456789eE".utf8.contains(byte) { next += 1 }
    let text = String(decoding: bytes[start..<next], as: UTF8.self)
    let digits = text.drop { $0 == "-" }
    guard let value = Double(text), value.isFinite, let first = digits.first, first.isNumber, digits.last!.isNumber,
      !(first == "0" && digits.dropFirst().first?.isNumber == true)
    else { throw fault("expected a value") }
    return value
  }
}
