import CriteriaDiagnostics
import CriteriaSyntax

/// Reads how a series, events, a status or a fact go over time:
/// ```
/// notation = segment {"then" segment}
/// segment  = (value | steps | events | "missing") ["for" duration] | ramp | "ends"
/// value    = number | word | string, with [groups] for a status          20%  100/s  "True" {reason: Down}
/// ramp     = number ".." number "over" duration                          20% .. 95% over 10m
/// steps    = "+" number ("at" time {time} | "every" duration)            +1 at 11m 12m
/// events   = ("every" duration | "at" time {time} | count "over" duration) [groups]
/// groups   = "{" name (":" | "=") (number | word | string) {"," …} "}"           {comm: java}
/// ```
/// Times after `at` count from the start of the case.
struct NotationParser {
  private enum Token: Equatable {
    case number(digits: String, unit: String?, rate: String?)
    case word(String)
    case string(String)
    case symbol(String)
    case end
  }
  /// Of one notation; more is no test that anybody reads.
  static let maxSegments = 1000

  private let bytes: [UInt8]
  private let map: ScalarMap
  private var tokens: [(token: Token, range: Range<Int>)] = []
  private var position = 0
  private(set) var diagnostics: [Diagnostic] = []

  init(_ text: ExpressionText) {
    bytes = text.bytes
    map = text.map
    lex()
  }

  /// - Returns: `nil` after a fault, which is in `diagnostics`.
  static func parse(_ text: ExpressionText) -> (segments: [Segment]?, diagnostics: [Diagnostic]) {
    var parser = Self(text)
    let segments = parser.diagnostics.isEmpty ? parser.notation() : nil
    return (parser.diagnostics.isEmpty ? segments : nil, parser.diagnostics)
  }

  /// `-5%`: a number alone.
  static func number(_ text: ExpressionText) -> NumberLiteral? {
    var parser = Self(text)
    guard parser.diagnostics.isEmpty, let number = parser.takeNumber(), parser.token == .end else { return nil }
    return number
  }

  /// `90% .. 95%`
  static func bounds(_ text: ExpressionText) -> (NumberLiteral, NumberLiteral)? {
    var parser = Self(text)
    guard parser.diagnostics.isEmpty, let low = parser.takeNumber(), parser.take(symbol: ".."),
      let high = parser.takeNumber(), parser.token == .end
    else { return nil }
    return (low, high)
  }

  /// `{mountpoint=/, fstype="ext4"}` behind a signal's name, or the whole of it for a row's key.
  static func labels(in text: Substring) -> [(name: String, value: String)]? {
    guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
    var rest = text.dropFirst().dropLast()[...]
    var labels: [(name: String, value: String)] = []
    func trim() { rest = rest.drop { $0 == " " } }
    while true {
      trim()
      if rest.isEmpty { return labels }
      let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      rest = rest.dropFirst(name.count)
      trim()
      guard !name.isEmpty, rest.first == "=" else { return nil }
      rest = rest.dropFirst()
      trim()
      let value: Substring
      if let quote = rest.first, quote == "\"" || quote == "'" {
        let body = rest.dropFirst()
        value = body.prefix { $0 != quote }
        guard value.endIndex < body.endIndex else { return nil }
        rest = body[body.index(after: value.endIndex)...]
      } else {
        value = rest.prefix { $0 != "," }
        rest = rest.dropFirst(value.count)
      }
      labels.append((String(name), value.last == " " ? String(value.dropLast()) : String(value)))
      trim()
      if rest.isEmpty { return labels }
      guard rest.first == "," else { return nil }
      rest = rest.dropFirst()
    }
  }

  // MARK: Tokens

  private mutating func lex() {
    var offset = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      let start = offset
      if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
        offset += 1
      } else if byte >= 0x30, byte <= 0x39 {
        offset = lexNumber(from: start)
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        offset += 1
        while offset < bytes.count, bytes[offset] != byte { offset += 1 }
        guard offset < bytes.count else {
          diagnostics.append(.unterminatedText(at: map[start..<offset]))
          return
        }
        add(.string(text(start + 1..<offset)), start..<offset + 1)
        offset += 1
      } else if byte == UInt8(ascii: "."), offset + 1 < bytes.count, bytes[offset + 1] == byte {
        add(.symbol(".."), start..<start + 2)
        offset += 2
      } else if "{}:=,+-".utf8.contains(byte) {
        add(.symbol(text(start..<start + 1)), start..<start + 1)
        offset += 1
      } else {
        while offset < bytes.count, !" \t\n\r{},:=\"'".utf8.contains(bytes[offset]) { offset += 1 }
        add(.word(text(start..<offset)), start..<offset)
      }
    }
    add(.end, bytes.count..<bytes.count)
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private mutating func add(_ token: Token, _ range: Range<Int>) { tokens.append((token, range)) }

  /// Digits with a unit directly behind them; anything else that begins with a digit is a word (`10.0.0.1`).
  private mutating func lexNumber(from start: Int) -> Int {
    func digits(_ from: Int) -> Int {
      var end = from
      while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 { end += 1 }
      return end
    }
    func letters(_ from: Int) -> Int {
      var end = from
      while end < bytes.count, bytes[end] | 0x20 >= 0x61, bytes[end] | 0x20 <= 0x7A { end += 1 }
      return end
    }
    var end = digits(start)
    if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "."), digits(end + 1) > end + 1 { end = digits(end + 1) }
    let number = text(start..<end)
    var unit: String?
    if end < bytes.count, bytes[end] == UInt8(ascii: "%") {
      unit = "%"
      end += 1
    } else if letters(end) > end {
      unit = text(end..<letters(end))
      end = letters(end)
    }
    var rate: String?
    if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "/"), letters(end + 1) > end + 1 {
      rate = text(end + 1..<letters(end + 1))
      end = letters(end + 1)
    }
    // A range may stand without spaces: `50..70`.
    let isDone =
      end == bytes.count || " \t\n\r{},:".utf8.contains(bytes[end]) || text(end..<min(end + 2, bytes.count)) == ".."
    if isDone {
      add(.number(digits: number, unit: unit, rate: rate), start..<end)
      return end
    }
    while end < bytes.count, !" \t\n\r{},:=\"'".utf8.contains(bytes[end]) { end += 1 }
    add(.word(text(start..<end)), start..<end)
    return end
  }

  private var token: Token { tokens[position].token }
  private var here: SourceRange { map[tokens[position].range] }

  private mutating func take(symbol: String) -> Bool {
    guard token == .symbol(symbol) else { return false }
    position += 1
    return true
  }

  private mutating func take(word: String) -> Bool {
    guard token == .word(word) else { return false }
    position += 1
    return true
  }

  private mutating func expected(_ what: String) {
    guard diagnostics.isEmpty else { return }
    diagnostics.append(.badNotation(expected: what, found: shown(position), at: here))
  }

  private func shown(_ index: Int) -> String { text(tokens[index].range) }

  // MARK: Grammar

  private mutating func notation() -> [Segment] {
    var segments: [Segment] = []
    repeat {
      guard let segment = segment() else { return segments }
      segments.append(segment)
      if segments.count > Self.maxSegments {
        diagnostics.append(.tooMuch("a notation has at most \(Self.maxSegments) segments", at: here))
        return segments
      }
    } while take(word: "then")
    if token != .end { expected("`then`, `for` or the end") }
    return segments
  }

  private mutating func segment() -> Segment? {
    let start = position
    guard let kind = kind() else { return nil }
    var length: Int64?
    switch kind {
    case .ramp, .spread:
      guard take(word: "over") || diagnostics.isEmpty == false else {
        expected("`over` and a duration")
        return nil
      }
      guard let duration = duration() else { return nil }
      length = duration
    case .value, .stepsAt, .stepsEvery, .every, .at, .missing:
      if take(word: "for") {
        guard let duration = duration() else { return nil }
        length = duration
      }
    case .ends: length = 0
    }
    // The groups of `3 over 10m {comm: java}` come last.
    var whole = kind
    if case .spread(let count, _) = kind, token == .symbol("{") {
      guard let groups = groups() else { return nil }
      whole = .spread(count, groups)
    }
    return Segment(
      kind: whole, length: length, range: map[tokens[start].range.lowerBound..<tokens[position - 1].range.upperBound])
  }

  private mutating func kind() -> Segment.Kind? {
    if take(word: "missing") { return .missing }
    if take(word: "ends") { return .ends }
    if take(word: "every") {
      guard let period = duration(), let groups = groups() else { return nil }
      return .every(period, groups)
    }
    if take(word: "at") {
      guard let times = times(), let groups = groups() else { return nil }
      return .at(times, groups)
    }
    if take(symbol: "+") {
      guard let step = takeNumber() else {
        expected("a number after `+`")
        return nil
      }
      if take(word: "at") { return times().map { .stepsAt(step, $0) } }
      if take(word: "every") { return duration().map { .stepsEvery(step, $0) } }
      expected("`at` and times, or `every` and a duration")
      return nil
    }
    if let number = takeNumber() {
      if take(symbol: "..") {
        guard let other = takeNumber() else {
          expected("a number after `..`")
          return nil
        }
        return .ramp(number, other)
      }
      if token == .word("over") {
        guard number.unit == nil, number.digits >= 1, number.digits == number.digits.rounded(), number.digits <= 1e9
        else {
          expected("a whole number before `over`, or `FROM .. TO over`")
          return nil
        }
        return .spread(Int(number.digits), [])
      }
      return .value(.number(number), [])
    }
    switch token {
    case .word(let text) where !["then", "for", "over"].contains(text), .string(let text):
      position += 1
      guard let groups = groups() else { return nil }
      return .value(.text(text), groups)
    default:
      if token == .symbol("{") {
        diagnostics.append(.unfilledName(shown(min(position + 1, tokens.count - 1)), at: here))
      }
      expected("a value, `every`, `at` or `missing`")
      return nil
    }
  }

  private mutating func takeNumber() -> NumberLiteral? {
    let start = position
    let isNegative = take(symbol: "-")
    guard case .number(let digits, let unit, let rate) = token, let value = Double(digits) else {
      position = start
      return nil
    }
    let known = unit == nil && rate == nil ? nil : Units.unit(unit, per: rate)
    if unit != nil || rate != nil, known == nil {
      diagnostics.append(.unknownTestUnit(shown(position), meant: unit.flatMap { Units.meant(by: $0) }, at: here))
    }
    position += 1
    return NumberLiteral(digits: isNegative ? -value : value, unit: known)
  }

  private mutating func duration() -> Int64? {
    guard case .number(let digits, let unit?, nil) = token, let length = Duration(digits: digits, unit: unit) else {
      expected("a duration such as `5m`")
      return nil
    }
    guard length.milliseconds > 0 else {
      expected("a duration longer than 0")
      return nil
    }
    position += 1
    return length.milliseconds
  }

  private mutating func times() -> [Int64]? {
    var times: [Int64] = []
    while case .number(let digits, let unit, nil) = token {
      guard
        let time = unit.flatMap({ Duration(digits: digits, unit: $0) })
          ?? (digits == "0" ? Duration(milliseconds: 0) : nil)
      else { break }
      times.append(time.milliseconds)
      position += 1
    }
    if times.isEmpty {
      expected("a time such as `4m`")
      return nil
    }
    return times
  }

  private mutating func groups() -> Segment.Groups? {
    guard take(symbol: "{") else { return [] }
    var groups: Segment.Groups = []
    while !take(symbol: "}") {
      guard case .word(let name) = token else {
        expected("a group's name")
        return nil
      }
      position += 1
      // `=` spares quotes: YAML reads `: ` in an unquoted text as a mapping.
      guard take(symbol: ":") || take(symbol: "=") else {
        expected("`:` or `=`")
        return nil
      }
      // A group is text; what reads as a number is one only where the signal's `value:` wants it.
      let start = position
      if case .string(let text) = token {
        position += 1
        groups.append((name, .text(text)))
      } else {
        while ![.symbol(","), .symbol("}"), .end].contains(token) { position += 1 }
        guard position > start else {
          expected("a value")
          return nil
        }
        let written = text(tokens[start].range.lowerBound..<tokens[position - 1].range.upperBound)
        let end = position
        position = start
        let number = takeNumber()
        if let number, position == end, number.unit != nil {
          groups.append((name, .number(number)))
        } else {
          groups.append((name, .text(written)))
        }
        position = end
      }
      if !take(symbol: ",") {
        guard take(symbol: "}") else {
          expected("`,` or `}`")
          return nil
        }
        break
      }
    }
    return groups
  }
}
