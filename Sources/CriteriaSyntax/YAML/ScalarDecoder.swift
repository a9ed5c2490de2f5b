import CriteriaDiagnostics

/// Decodes a scalar a second time, from the file, to learn where each byte of its text comes from.
///
/// libyaml gives the decoded text but no positions inside it. The result counts only if it equals libyaml's text, so
/// that this decoder can be wrong about a position at most, never about a value.
struct ScalarDecoder {
  private let bytes: [UInt8]
  private(set) var text: [UInt8] = []
  private(set) var map: ScalarMap

  private init(_ bytes: [UInt8], source: SourceID, origin: Int) {
    self.bytes = bytes
    self.map = ScalarMap(source: source, origin: origin)
  }

  /// The map of a scalar that stands at `range` and that libyaml decoded as `text`.
  ///
  /// - Returns: If the two decodings differ, a map that has every byte at the whole scalar.
  /// - Complexity: O(length of the scalar) for each indentation that a block scalar may have.
  static func map(of text: String, style: YAMLScalar.Style, at range: SourceRange, in bytes: [UInt8]) -> ScalarMap {
    var wanted = text
    func matches(_ decoder: Self) -> Bool {
      wanted.withUTF8 { $0.count == decoder.text.count && $0.elementsEqual(decoder.text) }
    }
    var decoder = Self(bytes, source: range.source, origin: range.start)
    switch style {
    case .plain:
      decoder.decodePlain(range.start..<range.end)
    case .singleQuoted, .doubleQuoted:
      decoder.map = ScalarMap(source: range.source, origin: range.start + 1)
      decoder.decodeQuoted(range.start + 1..<max(range.start + 1, range.end - 1), isDouble: style == .doubleQuoted)
    case .literal, .folded:
      for indent in decoder.possibleIndents(from: range.start) {
        decoder = Self(bytes, source: range.source, origin: range.start)
        decoder.decodeBlock(from: range.start, indent: indent, isLiteral: style == .literal)
        if matches(decoder) { return decoder.map }
      }
    }
    if matches(decoder) { return decoder.map }
    var whole = ScalarMap(source: range.source, origin: range.start)
    whole.put(text.utf8.count, from: range.start..<range.end)
    return whole
  }

  private mutating func copy(_ range: Range<Int>) {
    text.append(contentsOf: bytes[range])
    map.copy(from: range.lowerBound, count: range.count)
  }

  private mutating func put(_ decoded: [UInt8], from range: Range<Int>) {
    text.append(contentsOf: decoded)
    map.put(decoded.count, from: range)
  }

  private func isBlank(_ offset: Int) -> Bool { bytes[offset] == 0x20 || bytes[offset] == 0x09 }

  private func isBreak(_ offset: Int) -> Bool { bytes[offset] == 0x0A || bytes[offset] == 0x0D }

  /// The line break at `offset`: `\n`, `\r\n` or `\r`.
  private func lineBreak(at offset: Int) -> Range<Int> {
    let isPair = bytes[offset] == 0x0D && offset + 1 < bytes.count && bytes[offset + 1] == 0x0A
    return offset..<offset + (isPair ? 2 : 1)
  }

  private mutating func decodePlain(_ range: Range<Int>) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      if isBlank(offset) || isBreak(offset) {
        offset = fold(from: offset, to: range.upperBound)
      } else {
        copy(offset..<offset + 1)
        offset += 1
      }
    }
  }

  /// Blanks and line breaks inside a flow scalar: one break reads as a space, more as one break less.
  private mutating func fold(from start: Int, to end: Int, afterEscapedBreak: Bool = false) -> Int {
    var offset = start
    while offset < end, isBlank(offset) { offset += 1 }
    var breaks: [Range<Int>] = []
    let blanks = start..<offset
    while offset < end, isBlank(offset) || isBreak(offset) {
      if isBreak(offset) { breaks.append(lineBreak(at: offset)) }
      offset = isBreak(offset) ? breaks[breaks.count - 1].upperBound : offset + 1
    }
    if afterEscapedBreak {
      for one in breaks { put([0x0A], from: one) }
    } else if breaks.isEmpty {
      copy(blanks)
    } else if breaks.count == 1 {
      put([0x20], from: blanks.lowerBound..<breaks[0].upperBound)
    } else {
      for one in breaks.dropFirst() { put([0x0A], from: one) }
    }
    return offset
  }

  private mutating func decodeQuoted(_ range: Range<Int>, isDouble: Bool) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      if isBlank(offset) || isBreak(offset) {
        offset = fold(from: offset, to: range.upperBound)
      } else if !isDouble, bytes[offset] == UInt8(ascii: "'"), offset + 1 < range.upperBound {
        put([UInt8(ascii: "'")], from: offset..<offset + 2)
        offset += 2
      } else if isDouble, bytes[offset] == UInt8(ascii: "\\"), offset + 1 < range.upperBound {
        if isBreak(offset + 1) {
          offset = fold(from: lineBreak(at: offset + 1).upperBound, to: range.upperBound, afterEscapedBreak: true)
        } else {
          offset = unescape(at: offset, to: range.upperBound)
        }
      } else {
        copy(offset..<offset + 1)
        offset += 1
      }
    }
  }

  private mutating func unescape(at offset: Int, to end: Int) -> Int {
    let digits: Int
    switch bytes[offset + 1] {
    case UInt8(ascii: "x"): digits = 2
    case UInt8(ascii: "u"): digits = 4
    case UInt8(ascii: "U"): digits = 8
    case let letter:
      put(Self.escapes[letter] ?? [], from: offset..<offset + 2)
      return offset + 2
    }
    let stop = min(offset + 2 + digits, end)
    let value = UInt32(String(decoding: bytes[offset + 2..<stop], as: UTF8.self), radix: 16) ?? 0
    put(Array(String(Unicode.Scalar(value).map(Character.init) ?? "\u{FFFD}").utf8), from: offset..<stop)
    return stop
  }

  /// YAML's one-letter escapes, with the UTF-8 of what they stand for.
  private static let escapes: [UInt8: [UInt8]] = [
    UInt8(ascii: "0"): [0], UInt8(ascii: "a"): [7], UInt8(ascii: "b"): [8], UInt8(ascii: "t"): [9], 9: [9],
    UInt8(ascii: "n"): [10], UInt8(ascii: "v"): [11], UInt8(ascii: "f"): [12], UInt8(ascii: "r"): [13],
    UInt8(ascii: "e"): [27], UInt8(ascii: " "): [32], UInt8(ascii: "\""): [34], UInt8(ascii: "/"): [47],
    UInt8(ascii: "\\"): [92], UInt8(ascii: "N"): [0xC2, 0x85], UInt8(ascii: "_"): [0xC2, 0xA0],
    UInt8(ascii: "L"): [0xE2, 0x80, 0xA8], UInt8(ascii: "P"): [0xE2, 0x80, 0xA9],
  ]

  /// The first line after a block scalar's header (`|2-  # why`), and the header's chomping sign.
  private func header(at start: Int) -> (body: Int, chomping: UInt8?) {
    var offset = start + 1
    var chomping: UInt8?
    while offset < bytes.count, !isBreak(offset), !isBlank(offset), bytes[offset] != UInt8(ascii: "#") {
      if bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") { chomping = bytes[offset] }
      offset += 1
    }
    while offset < bytes.count, !isBreak(offset) { offset += 1 }
    return (offset < bytes.count ? lineBreak(at: offset).upperBound : offset, chomping)
  }

  /// How far the content may be indented: what its first lines show, then all that an explicit indentation could mean.
  private func possibleIndents(from start: Int) -> [Int] {
    var offset = header(at: start).body
    var widest = 1
    while offset < bytes.count {
      let line = offset
      while offset < bytes.count, bytes[offset] == 0x20 { offset += 1 }
      widest = max(widest, offset - line)
      guard offset < bytes.count, isBreak(offset) else { break }
      offset = lineBreak(at: offset).upperBound
    }
    // Deeper than this only a hostile file indents; its positions may be coarse.
    return [widest] + (1...64).filter { $0 < widest }.reversed()
  }

  private mutating func decodeBlock(from start: Int, indent: Int, isLiteral: Bool) {
    let (body, chomping) = header(at: start)
    var offset = body
    var last: Range<Int>?
    var lastWasBlank = false
    var breaks = emptyLines(at: &offset, indent: indent)
    while offset < bytes.count, column(of: offset) == indent {
      let isIndentedMore = isBlank(offset)
      if let last {
        if !isLiteral, !lastWasBlank, !isIndentedMore {
          if breaks.isEmpty { put([0x20], from: last) }
        } else {
          put([0x0A], from: last)
        }
      }
      for one in breaks { put([0x0A], from: one) }
      lastWasBlank = isIndentedMore
      let content = offset
      while offset < bytes.count, !isBreak(offset) { offset += 1 }
      copy(content..<offset)
      last = nil
      if offset < bytes.count {
        last = lineBreak(at: offset)
        offset = last!.upperBound
      }
      breaks = emptyLines(at: &offset, indent: indent)
    }
    if chomping != UInt8(ascii: "-"), let last { put([0x0A], from: last) }
    if chomping == UInt8(ascii: "+") { for one in breaks { put([0x0A], from: one) } }
  }

  /// Skips indentation and empty lines, and stops at content or at less indented text.
  private func emptyLines(at offset: inout Int, indent: Int) -> [Range<Int>] {
    var breaks: [Range<Int>] = []
    while true {
      let line = offset
      while offset < bytes.count, offset - line < indent, bytes[offset] == 0x20 { offset += 1 }
      guard offset < bytes.count, isBreak(offset) else { return breaks }
      breaks.append(lineBreak(at: offset))
      offset = breaks[breaks.count - 1].upperBound
    }
  }

  /// Only spaces lie before `offset` where this matters, so bytes are columns.
  private func column(of offset: Int) -> Int {
    var start = offset
    while start > 0, !isBreak(start - 1) { start -= 1 }
    return offset - start
  }
}
