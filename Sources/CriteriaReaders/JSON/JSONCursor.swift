import Glibc

/// What is wrong with a piece of JSON: where, what was expected and found, and what to do about it.
package struct JSONFault: Error, Hashable, Sendable {
  /// In bytes, from 0; `nil` if it is of the whole text.
  package var offset: Int?
  /// Lower case, without full stop, as all messages are.
  package var reason: String
  package var remedy: String

  package init(at offset: Int?, _ reason: String, remedy: String) {
    self.offset = offset
    self.reason = reason
    self.remedy = remedy
  }
}

/// A string as it stands between its quotes, or a number as it is written: a range of bytes.
package struct JSONText: Sendable {
  package var start = 0
  package var end = 0
  /// It has a `\`, so its bytes are not its characters.
  package var hasEscapes = false
  package init() {}
  package var isEmpty: Bool { start == end }
}

/// Takes JSON (RFC 8259) apart in place, one token after another, strictly; it builds no tree and allocates nothing.
///
/// Whoever uses it says what comes next, so a wrong token is known where it stands. Depth is the caller's: nothing here recurses.
/// That strings are UTF-8 is to be checked over the whole text (`isValidUTF8`), once.
package struct JSONCursor {
  package let bytes: UnsafeRawBufferPointer
  package private(set) var at = 0

  package init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    at = offset
  }

  package var isAtEnd: Bool { at >= bytes.count }

  /// The byte that comes next, after space; 0 at the end.
  package mutating func peek() -> UInt8 {
    skipSpace()
    return at < bytes.count ? bytes[at] : 0
  }

  @inline(__always)
  private mutating func skipSpace() {
    while at < bytes.count {
      let byte = bytes[at]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      at += 1
    }
  }

  /// Takes a bracket, colon or comma if it comes next.
  package mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte, at < bytes.count else { return false }
    at += 1
    return true
  }

  /// Takes a bracket, colon or comma that has to come next.
  package mutating func expect(_ byte: UInt8, _ what: StaticString) throws(JSONFault) {
    guard take(byte) else { throw wrong("\(what)") }
  }

  /// The fault that something else was expected where the cursor stands.
  package mutating func wrong(_ expected: String) -> JSONFault {
    skipSpace()
    return JSONFault(at: at, "expected \(expected), found \(found)", remedy: remedy)
  }

  private var found: String {
    guard at < bytes.count else { return "the end" }
    switch bytes[at] {
    case UInt8(ascii: "\""): return "a string"
    case UInt8(ascii: "{"): return "an object"
    case UInt8(ascii: "["): return "an array"
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return "a number"
    default: break
    }
    for word in ["true", "false", "null"] where bytes[at...].starts(with: word.utf8) { return "`\(word)`" }
    let rest = bytes[(at + 1)...].prefix { $0 > 0x20 && $0 != 0x2C && $0 != 0x7D }
    return excerpt(bytes[at..<rest.endIndex])
  }

  private var remedy: String {
    guard at < bytes.count else { return "write each object on a line of its own, whole" }
    switch bytes[at] {
    case UInt8(ascii: "'"): return "JSON quotes with `\"`"
    case 0xEF: return "write UTF-8 without a byte order mark"
    case UInt8(ascii: "N"), UInt8(ascii: "I"):
      return "JSON knows no such number: write `\"NaN\"`, `\"+Inf\"` or `\"-Inf\"`"
    default: return "let a JSON library write the line"
    }
  }

  /// A string's bytes, without its quotes.
  package mutating func string(_ what: StaticString) throws(JSONFault) -> JSONText {
    guard take(UInt8(ascii: "\"")) else { throw wrong("\(what)") }
    var text = JSONText()
    text.start = at
    var place = at
    while true {
      // Eight bytes at a time as long as none of them is special.
      while place + 8 <= bytes.count, !hasSpecial(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) {
        place += 8
      }
      guard place < bytes.count else {
        throw JSONFault(
          at: text.start - 1, "the string that begins here does not end",
          remedy: "write each object on a line of its own, whole; a line break in a string is `\\n`")
      }
      let byte = bytes[place]
      if byte == UInt8(ascii: "\"") { break }
      if byte < 0x20 {
        throw JSONFault(
          at: place, "a control character (\(byte)) in a string", remedy: "write it as \(escape(of: byte))")
      }
      if byte == UInt8(ascii: "\\") {
        text.hasEscapes = true
        place += try escapeLength(at: place)
      } else {
        place += 1
      }
    }
    text.end = place
    at = place + 1
    return text
  }

  /// Whether a quote, a backslash or a control character may be among eight bytes; sometimes true without need.
  @inline(__always)
  private func hasSpecial(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    let any = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word)
    return any & (ones &* 0x80) != 0
  }

  private func escape(of byte: UInt8) -> String {
    switch byte {
    case 0x0A: return "`\\n`"
    case 0x0D: return "`\\r`"
    case 0x09: return "`\\t`"
    default:
      let digits = String(byte, radix: 16)
      return "`\\u00" + (digits.utf8.count < 2 ? "0" : "") + digits + "`"
    }
  }

  /// How many bytes the escape at a backslash takes; a surrogate pair is one escape.
  private func escapeLength(at place: Int) throws(JSONFault) -> Int {
    switch place + 1 < bytes.count ? bytes[place + 1] : 0 {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "u"):
      guard let unit = hex(at: place + 2) else { break }
      guard unit & 0xF800 == 0xD800 else { return 6 }
      guard unit < 0xDC00, place + 7 < bytes.count, bytes[place + 6] == UInt8(ascii: "\\"),
        bytes[place + 7] == UInt8(ascii: "u"), let low = hex(at: place + 8), low & 0xFC00 == 0xDC00
      else {
        throw JSONFault(
          at: place, "half a surrogate pair, which is no character", remedy: "write both halves, or the character")
      }
      return 12
    default: break
    }
    throw JSONFault(
      at: place, "a `\\` that begins no escape",
      remedy: "a backslash itself is `\\\\`; let a JSON library write the line")
  }

  private func hex(at place: Int) -> UInt32? {
    guard place + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for index in place..<(place + 4) {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 0x30)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - 0x57)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - 0x37)
      default: return nil
      }
    }
    return value
  }

  /// A number's bytes, as the grammar of JSON has it: no leading `+` or zero, no bare point.
  package mutating func number(_ what: StaticString) throws(JSONFault) -> JSONText {
    skipSpace()
    var text = JSONText()
    text.start = at
    var place = at
    func digits(_ from: Int) -> Int {
      var end = from
      while end < bytes.count, bytes[end] &- 48 < 10 { end += 1 }
      return end
    }
    if place < bytes.count, bytes[place] == UInt8(ascii: "-") { place += 1 }
    let whole = digits(place)
    guard whole > place else { throw wrong("\(what)") }
    guard whole == place + 1 || bytes[place] != UInt8(ascii: "0") else { throw badNumber() }
    place = whole
    if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
      let end = digits(place + 1)
      guard end > place + 1 else { throw badNumber() }
      place = end
    }
    if place < bytes.count, bytes[place] | 0x20 == UInt8(ascii: "e") {
      place += 1
      if place < bytes.count, bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") { place += 1 }
      let end = digits(place)
      guard end > place else { throw badNumber() }
      place = end
    }
    text.end = place
    at = place
    return text
  }

  private func badNumber() -> JSONFault {
    JSONFault(
      at: at, "\(excerpt(bytes[at...].prefix { $0 != 0x2C && $0 != 0x7D && $0 > 0x20 })) is no number of JSON",
      remedy: "digits on both sides of the point, no leading zero or plus")
  }

  /// `true` or `false`.
  package mutating func bool(_ what: StaticString) throws(JSONFault) -> Bool {
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    throw wrong("\(what)")
  }

  /// Takes `null` if it comes next.
  package mutating func takeNull() -> Bool { takeWord("null") }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    skipSpace()
    let count = word.utf8CodeUnitCount
    guard at + count <= bytes.count, memcmp(bytes.baseAddress! + at, word.utf8Start, count) == 0 else { return false }
    at += count
    return true
  }

  /// Nothing but space may follow.
  package mutating func expectEnd() throws(JSONFault) {
    skipSpace()
    if at < bytes.count {
      throw JSONFault(
        at: at, "expected the end of the line, found \(found)", remedy: "write each object on a line of its own")
    }
  }

  // MARK: Values of what was found

  /// A string's characters.
  package func string(of text: JSONText) -> String {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])
    guard text.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    var result: [UInt8] = []
    result.reserveCapacity(raw.count)
    var place = text.start
    while place < text.end {
      let byte = bytes[place]
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        place += 1
        continue
      }
      let letter = bytes[place + 1]
      guard letter == UInt8(ascii: "u") else {
        result.append(unescaped(letter))
        place += 2
        continue
      }
      var scalar = hex(at: place + 2)!
      place += 6
      if scalar & 0xFC00 == 0xD800 {
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + hex(at: place + 2)! & 0x3FF
        place += 6
      }
      result.append(contentsOf: String(Character(Unicode.Scalar(scalar)!)).utf8)
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func unescaped(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: letter
    }
  }

  /// Whether a string without escapes is just these bytes.
  package func equals(_ text: JSONText, _ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    return text.end - text.start == count
      && (count == 0 || memcmp(bytes.baseAddress! + text.start, word.utf8Start, count) == 0)
  }
}

/// Bytes ≥ 0x80, if there are any, form characters of UTF-8.
package func isASCIIOrUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
  var place = 0
  var high: UInt64 = 0
  while place + 8 <= bytes.count {
    high |= bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
    place += 8
  }
  while place < bytes.count {
    high |= UInt64(bytes[place])
    place += 1
  }
  return high & 0x8080_8080_8080_8080 == 0 || isValidUTF8(bytes)
}
