import CriteriaDiagnostics

/// One token of an expression; `range` counts bytes of the scalar's decoded text.
struct Token {
  enum Kind: Equatable {
    case number(digits: String, unit: String?, rate: String?)
    case string(String)
    case name(String)
    /// An operator or bracket, as the grammar writes it.
    case symbol(String)
    /// Something wrong, already reported.
    case broken
    case end
  }
  var kind: Kind
  var range: Range<Int>
}

/// Cuts an expression into tokens:
/// ```
/// name   = [A-Za-z_][A-Za-z0-9_]*
/// number = digits ["." digits] [unit]      a unit stands directly after the digits and ends at a word boundary
/// unit   = "%" | ms s m h d w | B KiB MiB GiB TiB kB MB GB TB, optionally "/" (s|m|h|d); or "/" (s|m|h|d)
/// string = '…' or "…" with \\ \" \' \n \t
/// symbol = ( ) [ ] , . + - * / < <= > >= == != =~
/// ```
/// What other languages write (`&&`, `=`, `<>`) is reported, with its fix, and read as what it means here, so that the
/// rest of the expression is checked as well.
struct Lexer {
  private let bytes: [UInt8]
  private let limits: Range<Int>
  private let map: ScalarMap
  private var offset: Int
  private(set) var tokens: [Token] = []
  private(set) var diagnostics: [Diagnostic] = []

  /// All tokens of `bytes[range]`, the last one `end`.
  static func lex(_ bytes: [UInt8], in range: Range<Int>, map: ScalarMap) -> (
    tokens: [Token], diagnostics: [Diagnostic]
  ) {
    var lexer = Self(bytes: bytes, limits: range, map: map, offset: range.lowerBound)
    lexer.lexAll()
    return (lexer.tokens, lexer.diagnostics)
  }

  private init(bytes: [UInt8], limits: Range<Int>, map: ScalarMap, offset: Int) {
    self.bytes = bytes
    self.limits = limits
    self.map = map
    self.offset = offset
  }

  private func byte(at offset: Int) -> UInt8? { offset < limits.upperBound ? bytes[offset] : nil }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private mutating func add(_ kind: Token.Kind, from start: Int, to end: Int) {
    tokens.append(Token(kind: kind, range: start..<end))
    offset = end
  }

  private mutating func lexAll() {
    while let byte = byte(at: offset) {
      if isSpace(byte) {
        offset += 1
      } else if isDigit(byte) {
        lexNumber()
      } else if isNameStart(byte) {
        let end = endOfWord(from: offset)
        add(.name(text(offset..<end)), from: offset, to: end)
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        lexString(quote: byte)
      } else {
        lexSymbol(byte)
      }
    }
    add(.end, from: limits.upperBound, to: limits.upperBound)
  }

  // MARK: Symbols

  /// Longest first.
  private static let symbols = [
    "<=", ">=", "==", "!=", "=~", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "<", ">",
  ]

  /// What people write elsewhere, longest first, and what it is here.
  private static let foreign: [(String, means: Token.Kind, write: String)] = [
    ("===", .symbol("=="), "=="), ("!==", .symbol("!="), "!="), ("<>", .symbol("!="), "!="),
    ("&&", .name("and"), "and"),
    ("||", .name("or"), "or"), ("=>", .symbol(">="), ">="), ("=<", .symbol("<="), "<="), ("≤", .symbol("<="), "<="),
    ("≥", .symbol(">="), ">="), ("≠", .symbol("!="), "!="), ("=", .symbol("=="), "=="), ("!", .name("not"), "not"),
    ("×", .symbol("*"), "*"), ("÷", .symbol("/"), "/"),
  ]

  private func starts(with symbol: String) -> Bool {
    // Nearly all of them differ in the first byte.
    guard symbol.utf8.first == bytes[offset] else { return false }
    let end = offset + symbol.utf8.count
    return end <= limits.upperBound && bytes[offset..<end].elementsEqual(symbol.utf8)
  }

  private mutating func lexSymbol(_ byte: UInt8) {
    if byte == UInt8(ascii: "."), let next = self.byte(at: offset + 1), isDigit(next), !followsOperand {
      let end = endOfDigits(from: offset + 1)
      diagnostics.append(.numberShape(text(offset..<end), fix: "0" + text(offset..<end), at: map[offset..<end]))
      add(.number(digits: "0" + text(offset..<end), unit: nil, rate: nil), from: offset, to: end)
      return
    }
    for (symbol, means, write) in Self.foreign where starts(with: symbol) {
      // `==`, `!=` and `=~` begin like a foreign sign but are ours.
      if Self.symbols.contains(where: { $0.utf8.count > symbol.utf8.count && starts(with: $0) }) { continue }
      let end = offset + symbol.utf8.count
      // `!ready` needs a space that `!` did not.
      let needsSpace = symbol == "!" && self.byte(at: end).map { !isSpace($0) } == true
      let fix = (needsSpace ? write + " " : spaced(write, symbol, end))
      diagnostics.append(.foreignOperator(symbol, write: write, fix: fix, at: map[offset..<end]))
      add(means, from: offset, to: end)
      return
    }
    for symbol in Self.symbols where starts(with: symbol) {
      add(.symbol(symbol), from: offset, to: offset + symbol.utf8.count)
      return
    }
    let end = endOfCharacter(from: offset)
    // A run of the same strange character is one fault.
    var stop = end
    while stop < limits.upperBound, text(stop..<endOfCharacter(from: stop)) == text(offset..<end) {
      stop = endOfCharacter(from: stop)
    }
    diagnostics.append(.strangeCharacter(text(offset..<end), at: map[offset..<stop]))
    add(.broken, from: offset, to: stop)
  }

  /// Words need spaces around them where signs did not.
  private func spaced(_ write: String, _ symbol: String, _ end: Int) -> String {
    guard write.utf8.first.map(isNameStart) == true else { return write }
    let before = offset > limits.lowerBound && !isSpace(bytes[offset - 1]) ? " " : ""
    let after = byte(at: end).map { !isSpace($0) } == true ? " " : ""
    return before + write + after
  }

  /// Whether the last token can end an operand, so that a `.` goes on a path.
  private var followsOperand: Bool {
    switch tokens.last?.kind {
    case .name, .number, .string: true
    case .symbol(let symbol): symbol == ")" || symbol == "]"
    case .broken, .end, nil: false
    }
  }

  // MARK: Numbers

  private mutating func lexNumber() {
    let start = offset
    var end = endOfDigits(from: start)
    var digits = text(start..<end)
    if byte(at: end) == UInt8(ascii: ".") {
      let fraction = endOfDigits(from: end + 1)
      if fraction > end + 1 {
        end = fraction
        digits = text(start..<end)
      } else if byte(at: end + 1).map(isNameStart) != true {
        diagnostics.append(.numberShape(text(start..<end + 1), fix: digits, at: map[start..<end + 1]))
        end += 1
      }
    }
    if byte(at: end) == UInt8(ascii: "%") {
      finishNumber(digits, unit: "%", from: start, to: end + 1)
    } else if let next = byte(at: end), isNameStart(next) {
      lexUnitWord(digits, from: start, word: end..<endOfWord(from: end))
    } else if let next = separatedUnit(after: end) {
      let unit = text(next)
      let stop = rate(at: next.upperBound)?.upperBound ?? next.upperBound
      let written = text(start..<stop)
      diagnostics.append(
        .spaceBeforeUnit(written, fix: digits + text(next.lowerBound..<stop), at: map[start..<stop]))
      finishNumber(digits, unit: unit, from: start, to: next.upperBound)
    } else {
      finishNumber(digits, unit: nil, from: start, to: end)
    }
  }

  /// A unit after spaces: after a number nothing else can begin with such a word.
  private func separatedUnit(after end: Int) -> Range<Int>? {
    var offset = end
    while let byte = byte(at: offset), isSpace(byte) { offset += 1 }
    guard offset > end, let next = byte(at: offset) else { return nil }
    if next == UInt8(ascii: "%") { return offset..<offset + 1 }
    guard isNameStart(next) else { return nil }
    let word = offset..<endOfWord(from: offset)
    return Units.unit(text(word)) == nil ? nil : word
  }

  /// Directly after the digits or the unit: `/` and a unit of time, up to a word boundary.
  private func rate(at end: Int) -> Range<Int>? {
    guard byte(at: end) == UInt8(ascii: "/"), let next = byte(at: end + 1), isNameStart(next) else { return nil }
    let word = end + 1..<endOfWord(from: end + 1)
    // `100/s(x)`, `100/m.x` and `100/d["x"]` divide by something called so.
    if let after = byte(at: word.upperBound), "(.[".utf8.contains(after) { return nil }
    return Units.rates.contains(text(word)) ? word : nil
  }

  private mutating func finishNumber(_ digits: String, unit: String?, from start: Int, to end: Int) {
    let rate = rate(at: end)
    add(.number(digits: digits, unit: unit, rate: rate.map(text)), from: start, to: rate?.upperBound ?? end)
  }

  /// A word directly after digits: a unit, or one of the things people take for a number.
  private mutating func lexUnitWord(_ digits: String, from start: Int, word: Range<Int>) {
    let name = text(word)
    if Units.unit(name) != nil {
      finishNumber(digits, unit: name, from: start, to: word.upperBound)
      return
    }
    if let (parts, end) = compoundDuration(from: start) {
      var total: Int64? = 0
      for (digits, unit) in parts {
        guard let sum = total, let part = Duration(digits: digits, unit: unit) else {
          total = nil
          break
        }
        total = sum + part.milliseconds
      }
      let fix = total.map { Duration(milliseconds: $0).text }
      diagnostics.append(.compoundDuration(text(start..<end), fix: fix, at: map[start..<end]))
      add(total == nil ? .broken : .number(digits: "\(total!)", unit: "ms", rate: nil), from: start, to: end)
      return
    }
    let range = map[start..<word.upperBound]
    if let plain = plainNumber(text(start..<word.upperBound)) {
      diagnostics.append(.numberShape(text(start..<word.upperBound), fix: plain, at: range))
      add(.number(digits: plain, unit: nil, rate: nil), from: start, to: word.upperBound)
    } else {
      let meant = Units.meant(by: name) ?? nearest(name, among: Units.literals.map(\.name))
      diagnostics.append(.unknownUnit(name, meant: meant, at: map[word]))
      let end = rate(at: word.upperBound)?.upperBound ?? word.upperBound
      add(.broken, from: start, to: end)
    }
  }

  /// `1h30m`: at least two numbers with units of time, up to a word boundary.
  private func compoundDuration(from start: Int) -> (parts: [(String, String)], end: Int)? {
    var parts: [(String, String)] = []
    var offset = start
    while let byte = byte(at: offset), isDigit(byte) {
      let digits = endOfDigits(from: offset)
      var unit = digits
      while let letter = self.byte(at: unit), isLetter(letter) { unit += 1 }
      guard Units.unit(text(digits..<unit))?.time == 1 else { return nil }
      parts.append((text(offset..<digits), text(digits..<unit)))
      offset = unit
    }
    if let byte = byte(at: offset), isNamePart(byte) { return nil }
    return parts.count > 1 ? (parts, offset) : nil
  }

  /// `1e3` and `10_000` without the notation that the language lacks.
  private func plainNumber(_ written: String) -> String? {
    let joined = written.filter { $0 != "_" }
    if joined.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }) { return joined }
    let parts = joined.lowercased().split(separator: "e", omittingEmptySubsequences: false)
    guard parts.count == 2, let exponent = Int(parts[1]), (0...18).contains(exponent),
      parts[0].allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." })
    else { return nil }
    let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let fraction = halves.count == 2 ? String(halves[1]) : ""
    guard fraction.count <= exponent else { return nil }
    return halves[0] + fraction + String(repeating: "0", count: exponent - fraction.count)
  }

  // MARK: Strings

  private mutating func lexString(quote: UInt8) {
    let start = offset
    var end = start + 1
    var value: [UInt8] = []
    while let byte = byte(at: end), byte != quote {
      guard byte == UInt8(ascii: "\\") else {
        value.append(byte)
        end += 1
        continue
      }
      guard end + 1 < limits.upperBound else {
        end += 1
        break
      }
      let stop = endOfCharacter(from: end + 1)
      switch bytes[end + 1] {
      case UInt8(ascii: "n"): value.append(0x0A)
      case UInt8(ascii: "t"): value.append(0x09)
      case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): value.append(bytes[end + 1])
      default:
        diagnostics.append(.badEscape(text(end..<stop), at: map[end..<stop]))
        value.append(contentsOf: bytes[end..<stop])
      }
      end = stop
    }
    guard byte(at: end) == quote else {
      diagnostics.append(.unterminatedString(quote: String(UnicodeScalar(quote)), at: map[start..<end]))
      add(.broken, from: start, to: limits.upperBound)
      return
    }
    add(.string(String(decoding: value, as: UTF8.self)), from: start, to: end + 1)
  }

  // MARK: Characters

  private func endOfDigits(from start: Int) -> Int {
    var end = start
    while let byte = byte(at: end), isDigit(byte) { end += 1 }
    return end
  }

  private func endOfWord(from start: Int) -> Int {
    var end = start
    while let byte = byte(at: end), isNamePart(byte) { end += 1 }
    return end
  }

  private func endOfCharacter(from start: Int) -> Int {
    var end = start + 1
    while let byte = byte(at: end), byte & 0xC0 == 0x80 { end += 1 }
    return end
  }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
func isNameStart(_ byte: UInt8) -> Bool { isLetter(byte) || byte == UInt8(ascii: "_") }
func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }
