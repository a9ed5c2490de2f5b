import CriteriaDiagnostics

/// A table for people: columns padded to their widest cell, the last one as long as it is, or wrapped on a terminal.
struct Table {
  struct Cell {
    var text: String
    var colour: Colour?
    init(_ text: String, _ colour: Colour? = nil) {
      self.text = text
      self.colour = colour
    }
  }

  private let header: [String]
  private var rows: [(cells: [Cell], parts: [String])] = []

  /// - Parameter header: The names of the columns; the last one is that of the parts.
  init(header: [String]) { self.header = header }

  /// - Parameter parts: What the last column says, joined by ` · ` where it fits.
  mutating func add(_ cells: [Cell], parts: [String]) {
    precondition(cells.count == header.count - 1, "a row with too few cells")
    rows.append((cells, parts))
  }

  /// - Parameter width: Of the terminal; `nil`: lines may be as long as they are.
  func render(colours: Bool, width: Int?) -> String {
    var widths = header.dropLast().map { displayWidth($0) }
    for row in rows {
      for (index, cell) in row.cells.enumerated() { widths[index] = max(widths[index], displayWidth(cell.text)) }
    }
    let indent = widths.reduce(0) { $0 + $1 + 2 }
    var text = ""
    for (index, name) in header.dropLast().enumerated() { text += pad(name, to: widths[index]) }
    text += header[header.count - 1] + "\n"
    for row in rows {
      var line = ""
      for (index, cell) in row.cells.enumerated() {
        let padding = String(repeating: " ", count: widths[index] + 2 - displayWidth(cell.text))
        line += (cell.colour.map { paint(cell.text, colours ? $0 : nil) } ?? cell.text) + padding
      }
      line += wrap(row.parts, indent: indent, width: width)
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }

  /// The parts on one line, or as many lines as they need, broken between parts.
  private func wrap(_ parts: [String], indent: Int, width: Int?) -> String {
    guard let width, indent + 20 < width else { return parts.joined(separator: " · ") }
    var text = ""
    var used = indent
    for (index, part) in parts.enumerated() {
      let length = displayWidth(part)
      if index > 0 {
        if used + 3 + length > width {
          text += "\n" + String(repeating: " ", count: indent)
          used = indent
        } else {
          text += " · "
          used += 3
        }
      }
      text += part
      used += length
    }
    return text
  }

  private func pad(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: width + 2 - displayWidth(text))
  }
}

/// `1 error`, `2 errors`.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(plural ?? noun + "s")"
}
