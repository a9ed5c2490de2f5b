/// One line of a file as it is shown: tabs as spaces, harmful characters as escapes, and where each byte then stands.
struct SourceLine {
  /// From 1.
  let number: Int
  /// The bytes in the file that are shown, without the line break: all, or of a very long line those around a place.
  let bytes: Range<Int>
  /// Whether the line goes on before and after `bytes`.
  let isCut: (head: Bool, tail: Bool)
  private(set) var cells: [Cell] = []
  /// Bytes on each side of the place that are looked at.
  private static let reach = 2048

  /// What one character of the file becomes.
  struct Cell {
    var offset: Int
    var column: Int
    var width: Int
    var shown: String
  }

  /// - Parameter offset: The place around which a very long line is cut.
  init(_ index: Int, of source: SourceText, around offset: Int) {
    number = index + 1
    let start = source.lineStarts[index]
    var end = index + 1 < source.lineStarts.count ? source.lineStarts[index + 1] - 1 : source.bytes.count
    if end > start, source.bytes[end - 1] == 0x0D { end -= 1 }
    end = max(start, end)
    let place = min(max(offset, start), end)
    var from = max(start, place - Self.reach)
    let to = min(end, place + Self.reach)
    // Not within a character.
    while from > start, source.bytes[from] & 0xC0 == 0x80 { from -= 1 }
    bytes = from..<to
    isCut = (from > start, to < end)
    layOut(source.bytes)
  }

  private mutating func layOut(_ source: [UInt8]) {
    var offset = bytes.lowerBound
    var column = 0
    while offset < bytes.upperBound {
      let (scalar, length) = decode(source, at: offset, end: bytes.upperBound)
      var cell = Cell(offset: offset, column: column, width: 1, shown: "")
      if let scalar {
        if scalar == "\t" {
          cell.shown = String(repeating: " ", count: 4 - column % 4)
        } else {
          cell.shown =
            isHarmful(scalar) && scalar != "\u{FEFF}" ? escape(scalar) : scalar == "\u{FEFF}" ? "" : String(scalar)
        }
      } else {
        cell.shown = "\\x" + String(source[offset], radix: 16)
      }
      cell.width = displayWidth(cell.shown)
      cells.append(cell)
      column += cell.width
      offset += length
    }
  }

  /// Columns of what is shown.
  var width: Int { cells.last.map { $0.column + $0.width } ?? 0 }

  /// The column at which the character that holds `offset` begins; behind the last one: the line's width.
  func column(of offset: Int) -> Int {
    var low = 0
    var high = cells.count
    while low < high {
      let middle = (low + high) / 2
      if cells[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    if offset >= bytes.upperBound { return width }
    return low == 0 ? 0 : cells[low - 1].column
  }

  /// The text between two columns.
  func text(in columns: Range<Int>) -> String {
    var text = ""
    for cell in cells where cell.column >= columns.lowerBound && cell.column + cell.width <= columns.upperBound {
      text += cell.shown
    }
    return text
  }
}

/// One character of possibly broken UTF-8; `nil` for a byte that is none.
private func decode(_ bytes: [UInt8], at offset: Int, end: Int) -> (Unicode.Scalar?, Int) {
  let first = bytes[offset]
  if first < 0x80 { return (Unicode.Scalar(first), 1) }
  let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
  guard first >= 0xC2, first < 0xF5, offset + length <= end else { return (nil, 1) }
  var value = UInt32(first) & (0xFF >> UInt32(length + 1))
  for byte in bytes[offset + 1..<offset + length] {
    guard byte & 0xC0 == 0x80 else { return (nil, 1) }
    value = value << 6 | UInt32(byte & 0x3F)
  }
  guard let scalar = Unicode.Scalar(value), String(scalar).utf8.count == length else { return (nil, 1) }
  return (scalar, length)
}
