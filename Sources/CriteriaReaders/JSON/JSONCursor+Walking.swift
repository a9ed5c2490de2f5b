// For readers of what others write: the members of an object in any order, what is of no interest passed over.

extension JSONFault {
  /// - Parameter expected: What was expected, as a message goes on after the word; what was found, `message` tells.
  init(offset: Int, expected: String) { self.init(at: offset, "expected \(expected)", remedy: "") }

  /// The byte at which it stands.
  var place: Int { offset ?? 0 }

  /// `expected a number, found `x``
  func message(in text: UnsafeRawBufferPointer) -> String {
    if !remedy.isEmpty { return reason }
    guard place < text.count else { return reason + ", found the end" }
    let rest = text[place...]
    let token = rest.prefix {
      $0 > 0x20 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") && $0 != UInt8(ascii: "]")
    }
    return reason + ", found \(excerpt(token.isEmpty ? rest.prefix(1) : token))"
  }

  /// The same where the text shown begins at the fault.
  func messageAt(start: UnsafeRawBufferPointer) -> String {
    JSONFault(at: 0, reason, remedy: remedy).message(in: start)
  }
}

extension JSONCursor {
  enum Kind: Sendable { case object, array, string, number, bool, null, end }

  /// What comes next; blanks before it are taken.
  mutating func kind() throws(JSONFault) -> Kind {
    switch peek() {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    default:
      if isAtEnd { return .end }
      throw JSONFault(offset: at, expected: "a JSON value")
    }
  }

  mutating func beginObject() throws(JSONFault) { try begin(UInt8(ascii: "{"), "`{`") }
  mutating func beginArray() throws(JSONFault) { try begin(UInt8(ascii: "["), "`[`") }

  private mutating func begin(_ bracket: UInt8, _ expected: String) throws(JSONFault) {
    guard take(bracket) else { throw JSONFault(offset: at, expected: expected) }
  }

  /// The next key of an object, its `:` taken; `nil` after its `}`.
  ///
  /// - Parameter isFirst: True after `beginObject`; kept up to date.
  mutating func nextKey(_ isFirst: inout Bool) throws(JSONFault) -> JSONText? {
    guard try goesOn(UInt8(ascii: "}"), "`,` or `}`", &isFirst) else { return nil }
    guard peek() == UInt8(ascii: "\"") else { throw JSONFault(offset: at, expected: "a key in double quotes") }
    let key = try text()
    guard take(UInt8(ascii: ":")) else { throw JSONFault(offset: at, expected: "`:` after the key") }
    return key
  }

  /// Whether an array goes on; its `]` is taken if not.
  ///
  /// - Parameter isFirst: True after `beginArray`; kept up to date.
  mutating func nextElement(_ isFirst: inout Bool) throws(JSONFault) -> Bool {
    try goesOn(UInt8(ascii: "]"), "`,` or `]`", &isFirst)
  }

  private mutating func goesOn(_ end: UInt8, _ expected: String, _ isFirst: inout Bool) throws(JSONFault) -> Bool {
    if take(end) { return false }
    if !isFirst {
      guard take(UInt8(ascii: ",")) else { throw JSONFault(offset: at, expected: expected) }
      _ = peek()
    }
    isFirst = false
    return true
  }

  mutating func text() throws(JSONFault) -> JSONText {
    guard peek() == UInt8(ascii: "\"") else { throw JSONFault(offset: at, expected: "a string in double quotes") }
    return try string("a string in double quotes")
  }

  /// The digits of a number, of JSON's form.
  mutating func number() throws(JSONFault) -> UnsafeRawBufferPointer {
    _ = peek()
    guard !isAtEnd, bytes[at] == UInt8(ascii: "-") || bytes[at] &- 48 < 10 else {
      throw JSONFault(offset: at, expected: "a number")
    }
    return rawBytes(try number("a number"))
  }

  mutating func null() throws(JSONFault) {
    guard takeNull() else { throw JSONFault(offset: at, expected: "`null`") }
  }

  /// Takes one value of any kind and depth, checking its form. It takes no stack.
  mutating func skipValue() throws(JSONFault) {
    // Of each open bracket, whether it is an object's.
    var isObject: [Bool] = []
    var isFirst = true
    while true {
      // Here a value begins.
      switch try kind() {
      case .object:
        try beginObject()
        isObject.append(true)
        isFirst = true
      case .array:
        try beginArray()
        isObject.append(false)
        isFirst = true
      case .string: _ = try text()
      case .number: _ = try number()
      case .bool: _ = try bool("`true` or `false`")
      case .null: try null()
      case .end: throw JSONFault(offset: at, expected: "a JSON value")
      }
      // Here one has ended, or a bracket was opened.
      while let inObject = isObject.last {
        let goesOn = try inObject ? nextKey(&isFirst) != nil : nextElement(&isFirst)
        if goesOn { break }
        isObject.removeLast()
        isFirst = false
      }
      if isObject.isEmpty { return }
    }
  }

  /// Nothing but blanks may be left.
  mutating func end() throws(JSONFault) {
    _ = peek()
    guard isAtEnd else { throw JSONFault(offset: at, expected: "the end of the JSON value") }
  }

  /// The bytes between the quotes, escapes as they stand; or those of a number.
  func rawBytes(_ text: JSONText) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])
  }

  /// Appends what the string stands for, as UTF-8. Invalid UTF-8 is passed on as it is.
  func append(_ text: JSONText, to target: inout [UInt8]) {
    if text.hasEscapes {
      target.append(contentsOf: string(of: text).utf8)
    } else {
      target.append(contentsOf: rawBytes(text))
    }
  }

  /// A number, also one in quotes: the nearest double. `"NaN"` and `"+Inf"` are numbers then.
  mutating func looseDouble() throws(JSONFault) -> Double {
    _ = peek()
    let start = at
    if try kind() == .string {
      let text = try text()
      if let value = parseDouble(rawBytes(text)) { return value }
      throw JSONFault(offset: text.start - 1, expected: "a number")
    }
    if let value = parseDouble(try number()) { return value }
    throw JSONFault(offset: start, expected: "a number that a double can hold")
  }
}

func isJSONBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
