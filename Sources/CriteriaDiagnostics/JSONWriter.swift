/// Writes JSON piece by piece, without building a tree; commas and escapes are its business.
///
/// Text is written as UTF-8; a number that is not finite becomes `null`.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init() {}

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Forgets what was written, keeps the memory.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  package mutating func key(_ name: String) {
    separate()
    quote(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func value(_ text: String) {
    separate()
    quote(text)
  }

  package mutating func value(_ number: Int) { raw(String(number)) }
  package mutating func value(_ number: Int64) { raw(String(number)) }
  package mutating func value(_ bool: Bool) { raw(bool ? "true" : "false") }
  package mutating func null() { raw("null") }

  /// Whole numbers without a fraction (`60`), others as the shortest decimal that reads back.
  package mutating func value(_ number: Double) {
    if !number.isFinite {
      null()
    } else if number == number.rounded(), abs(number) < 1e15 {
      raw(String(Int64(number)))
    } else {
      raw(number.description)
    }
  }

  package mutating func member(_ key: String, _ value: String) {
    self.key(key)
    self.value(value)
  }
  package mutating func member(_ key: String, _ value: Int) {
    self.key(key)
    self.value(value)
  }
  package mutating func member(_ key: String, _ value: Int64) {
    self.key(key)
    self.value(value)
  }
  package mutating func member(_ key: String, _ value: Double) {
    self.key(key)
    self.value(value)
  }
  package mutating func member(_ key: String, _ value: Bool) {
    self.key(key)
    self.value(value)
  }

  /// A line break between values, for JSON lines.
  package mutating func endLine() {
    bytes.append(0x0A)
    needsComma = false
  }

  /// Something that is JSON already.
  package mutating func raw(_ json: String) {
    separate()
    bytes.append(contentsOf: json.utf8)
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case 0x0A: bytes.append(contentsOf: "\\n".utf8)
      case 0x0D: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20, 0x7F:
        let digits = String(byte, radix: 16)
        bytes.append(contentsOf: ("\\u00" + (digits.count < 2 ? "0" : "") + digits).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

extension JSONWriter {
  /// A diagnostic as an object. Lines and columns count from 1, columns in Unicode scalars; ends are exclusive.
  package mutating func value(_ diagnostic: Diagnostic, in sources: SourceMap) {
    beginObject()
    member("severity", diagnostic.severity.rawValue)
    member("code", diagnostic.code.name)
    member("message", diagnostic.message)
    if let range = diagnostic.range { place(range, in: sources) }
    if let label = diagnostic.label { member("label", label) }
    if !diagnostic.labels.isEmpty {
      key("labels")
      beginArray()
      for label in diagnostic.labels {
        beginObject()
        place(label.range, in: sources)
        member("text", label.text)
        endObject()
      }
      endArray()
    }
    if let help = diagnostic.help { member("help", help) }
    if let fix = diagnostic.fix {
      key("fix")
      beginObject()
      place(fix.range, in: sources)
      member("replacement", fix.text)
      endObject()
    }
    endObject()
  }

  private mutating func place(_ range: SourceRange, in sources: SourceMap) {
    let source = sources[range.source]
    let start = source.position(at: range.start)
    let end = source.position(at: range.end)
    member("file", source.path)
    member("line", start.line)
    member("column", start.column)
    member("endLine", end.line)
    member("endColumn", end.column)
  }
}
