import CriteriaDiagnostics

/// Parses what Prometheus calls a vector selector:
/// ```
/// selector = metric ["{" matchers "}"] | "{" matchers "}"      the latter with `__name__="…"` or a quoted name
/// matchers = [matcher {"," matcher} [","]]
/// matcher  = label ("=" | "!=" | "=~" | "!~") string | string
/// metric   = [A-Za-z_:][A-Za-z0-9_:]*      label = [A-Za-z_][A-Za-z0-9_]* | string
/// string   = "…" or '…' with Go's escapes, or `…` without
/// ```
struct MetricSelectorParser {
  private let bytes: [UInt8]
  private let map: ScalarMap
  private var offset = 0

  /// What is wrong, and where in the text.
  private struct Fault: Error {
    var problem: String
    var range: Range<Int>
  }

  static func parse(_ text: ExpressionText) -> (selector: MetricSelector?, fault: Diagnostic?) {
    var parser = Self(bytes: text.bytes, map: text.map)
    do {
      return (try parser.parseSelector(), nil)
    } catch {
      let length = text.bytes.count
      let range = min(error.range.lowerBound, length)..<min(error.range.upperBound, length)
      return (nil, .badSelector(error.problem, at: text.map[range]))
    }
  }

  private init(bytes: [UInt8], map: ScalarMap) {
    self.bytes = bytes
    self.map = map
  }

  private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() { while let byte, isSpace(byte) { offset += 1 } }

  private mutating func take(_ sign: String) -> Bool {
    guard bytes[offset...].starts(with: sign.utf8) else { return false }
    offset += sign.utf8.count
    return true
  }

  /// The next character, or the end, as a fault.
  private func unexpected(_ expected: String) -> Fault {
    guard byte != nil else { return Fault(problem: "expected \(expected), found its end", range: offset..<offset) }
    var end = offset + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return Fault(
      problem: "expected \(expected), found `\(String(decoding: bytes[offset..<end], as: UTF8.self))`",
      range: offset..<end)
  }

  private mutating func parseSelector() throws(Fault) -> MetricSelector {
    skipSpace()
    let start = offset
    while let byte, isNamePart(byte) || byte == UInt8(ascii: ":") {
      if offset == start, isDigit(byte) { break }
      offset += 1
    }
    var metric = offset > start ? String(decoding: bytes[start..<offset], as: UTF8.self) : nil
    skipSpace()
    var matchers: [MetricSelector.Matcher] = []
    if take("{") { try parseMatchers(&metric, &matchers) }
    skipSpace()
    if byte != nil { throw unexpected(metric == nil ? "a metric's name" : "`{` or the end") }
    guard let metric, !metric.isEmpty else {
      throw Fault(problem: "expected a metric's name", range: start..<bytes.count)
    }
    return MetricSelector(metric: metric, matchers: matchers)
  }

  private mutating func parseMatchers(_ metric: inout String?, _ matchers: inout [MetricSelector.Matcher]) throws(Fault)
  {
    skipSpace()
    while !take("}") {
      let start = offset
      let (label, isQuoted) = try parseLabel()
      skipSpace()
      if isQuoted, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") {
        try name(label, &metric, from: start)
      } else {
        let comparison = try parseOperator()
        skipSpace()
        let value = try parseString()
        if label == "__name__" {
          guard comparison == .equal else {
            throw Fault(problem: "a metric is named exactly: `__name__` takes `=` alone", range: start..<offset)
          }
          try name(value, &metric, from: start)
        } else {
          matchers.append(MetricSelector.Matcher(label: label, comparison: comparison, value: value))
        }
      }
      skipSpace()
      if take(",") { skipSpace() } else if byte != UInt8(ascii: "}") { throw unexpected("`,` or `}`") }
    }
  }

  private func name(_ name: String, _ metric: inout String?, from start: Int) throws(Fault) {
    if metric != nil { throw Fault(problem: "the metric is named twice", range: start..<offset) }
    metric = name
  }

  private mutating func parseLabel() throws(Fault) -> (String, isQuoted: Bool) {
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return (try parseString(), true) }
    let start = offset
    guard let first = byte, isNameStart(first) else { throw unexpected("a label's name or `}`") }
    while let byte, isNamePart(byte) { offset += 1 }
    return (String(decoding: bytes[start..<offset], as: UTF8.self), false)
  }

  private mutating func parseOperator() throws(Fault) -> MetricSelector.Operator {
    for sign in [MetricSelector.Operator.matches, .notMatches, .notEqual] where take(sign.rawValue) { return sign }
    if take("==") { throw Fault(problem: "selectors compare by `=`", range: offset - 2..<offset) }
    guard take("=") else { throw unexpected("`=`, `!=`, `=~` or `!~`") }
    return .equal
  }

  private mutating func parseString() throws(Fault) -> String {
    guard let quote = byte, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") || quote == UInt8(ascii: "`")
    else {
      throw unexpected("a quoted text")
    }
    let start = offset
    offset += 1
    var value: [UInt8] = []
    while let byte, byte != quote {
      if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
        value.append(contentsOf: try parseEscape())
      } else {
        value.append(byte)
        offset += 1
      }
    }
    guard byte != nil else { throw Fault(problem: "the quoted text does not end", range: start..<offset) }
    offset += 1
    return String(decoding: value, as: UTF8.self)
  }

  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
    UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): 92, UInt8(ascii: "'"): 39, UInt8(ascii: "\""): 34,
  ]

  private mutating func parseEscape() throws(Fault) -> [UInt8] {
    let start = offset
    offset += 1
    guard let letter = byte else { throw Fault(problem: "the quoted text does not end", range: start..<offset) }
    offset += 1
    if let plain = Self.escapes[letter] { return [plain] }
    let digits: Int? =
      switch letter {
      case UInt8(ascii: "x"): 2
      case UInt8(ascii: "u"): 4
      case UInt8(ascii: "U"): 8
      default: nil
      }
    if let digits, offset + digits <= bytes.count,
      let value = UInt32(String(decoding: bytes[offset..<offset + digits], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(value)
    {
      offset += digits
      return Array(String(Character(scalar)).utf8)
    }
    while let byte, byte & 0xC0 == 0x80 { offset += 1 }
    throw Fault(
      problem: "unknown escape `\(String(decoding: bytes[start..<offset], as: UTF8.self))`; a backslash is `\\\\`",
      range: start..<offset)
  }
}
