import CriteriaDiagnostics

/// A value, to be drawn under a column of an expression.
package struct Mark: Hashable, Sendable {
  package var column: Int
  package var text: String
  package init(column: Int, text: String) {
    self.column = column
    self.text = text
  }
}

/// Values under an expression, each below where its sub-expression begins (or its operator stands):
/// ```
/// failed > 2% and increase(reqs[5m]) >= 200
/// |      |    |   |                  |
/// |      |    |   30000              true
/// |      true |
/// 5 %         true
/// ```
/// - Returns: The lines below the expression; none without marks.
package func draw(_ marks: [Mark]) -> [String] {
  let marks = marks.sorted { $0.column < $1.column }
  if marks.isEmpty { return [] }
  var lines: [[(column: Int, text: String)]] = [marks.map { ($0.column, "|") }]
  for mark in marks.reversed() {
    let end = mark.column + displayWidth(mark.text)
    // On the first line where there is room before what stands there already.
    var place = 1
    while place < lines.count, let leftmost = lines[place].map(\.column).min(), leftmost <= end { place += 1 }
    if place == lines.count { lines.append([]) }
    lines[place].append((mark.column, mark.text))
    for line in 1..<max(1, place) { lines[line].append((mark.column, "|")) }
  }
  return lines.map { parts in
    var text = ""
    var width = 0
    for part in parts.sorted(by: { $0.column < $1.column }) {
      // Two sub-expressions that begin at one column show the outer one's bar once.
      guard part.column >= width else { continue }
      text += String(repeating: " ", count: part.column - width) + part.text
      width = part.column + displayWidth(part.text)
    }
    return text
  }
}

/// A piece of a file on one line: line breaks and what follows them are one space.
struct FlatText {
  private(set) var text = ""
  private let start: Int
  /// For each byte, and for the end, the column at which it is shown.
  private var columns: [Int] = []

  init(_ bytes: ArraySlice<UInt8>, at start: Int) {
    self.start = start
    var kept: [UInt8] = []
    var isFolding = false
    var marks: [Int] = []
    for byte in bytes {
      marks.append(kept.count)
      if byte == 0x0A || byte == 0x0D {
        if !isFolding { while kept.last == 0x20 { kept.removeLast() } }
        if !isFolding { kept.append(0x20) }
        isFolding = true
      } else if isFolding, byte == 0x20 || byte == 0x09 {
        continue
      } else {
        isFolding = false
        kept.append(byte)
      }
    }
    marks.append(kept.count)
    text = escaped(String(decoding: kept, as: UTF8.self))
    // Only ASCII in almost all policies: then a byte is a column.
    columns = marks.map { displayWidth(String(decoding: kept[..<min($0, kept.count)], as: UTF8.self)) }
  }

  func column(of offset: Int) -> Int { columns.isEmpty ? 0 : columns[min(max(offset - start, 0), columns.count - 1)] }
}
