/// Shows diagnostics to people: message, place, the lines concerned with marks under them, advice.
///
/// - Parameters:
///   - colour: ANSI colours, for terminals.
///   - width: Columns of source text; longer lines are cut around the place.
/// - Returns: Frames separated by empty lines; empty without diagnostics. Ends with a line break.
package func render(
  _ diagnostics: [Diagnostic], in sources: SourceMap, colour: Bool = false, width: Int = 120
) -> String {
  diagnostics.map { render($0, in: sources, colour: colour, width: width) }.joined(separator: "\n")
}

/// One diagnostic's frame.
package func render(_ diagnostic: Diagnostic, in sources: SourceMap, colour: Bool = false, width: Int = 120) -> String {
  var frame = Frame(diagnostic, sources, Palette(isOn: colour), width: max(width, 20))
  return frame.render()
}

/// ANSI escapes, or nothing.
private struct Palette {
  var isOn: Bool

  enum Role {
    case error, warning, note, gutter, secondary, strong

    fileprivate var code: String {
      switch self {
      case .error: "1;31"
      case .warning: "1;33"
      case .note: "1;36"
      case .gutter, .secondary: "1;34"
      case .strong: "1"
      }
    }
  }

  func paint(_ text: String, _ role: Role) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(role.code)m\(text)\u{1B}[0m" : text
  }
}

private struct Frame {
  /// A stretch of one line to be marked.
  private struct Mark {
    var columns: Range<Int>
    var isPrimary: Bool
    var label: String
  }

  private let diagnostic: Diagnostic
  private let sources: SourceMap
  private let palette: Palette
  private let width: Int
  private var gutter = 0
  private var lines: [String] = []

  init(_ diagnostic: Diagnostic, _ sources: SourceMap, _ palette: Palette, width: Int) {
    self.diagnostic = diagnostic
    self.sources = sources
    self.palette = palette
    self.width = width
  }

  private var role: Palette.Role {
    switch diagnostic.severity {
    case .error: .error
    case .warning: .warning
    case .note: .note
    }
  }

  mutating func render() -> String {
    let title = "\(diagnostic.severity.rawValue)[\(diagnostic.code)]"
    lines.append(palette.paint(title, role) + palette.paint(": " + escaped(diagnostic.message), .strong))
    if let range = diagnostic.range {
      let labels = diagnostic.labels
      // The file of the diagnostic first, then those of other labels.
      var order = [range.source]
      for label in labels where !order.contains(label.range.source) { order.append(label.range.source) }
      gutter =
        order.map { source in
          let ends = (labels.map(\.range) + [range]).filter { $0.source == source }.map { lineIndices($0).upperBound }
          return String((ends.max() ?? 0) + 1).count
        }.max() ?? 1
      for source in order { renderFile(source, isFirst: source == range.source) }
    }
    if let help = diagnostic.help {
      let indent = String(repeating: " ", count: gutter + 1)
      lines.append(palette.paint(indent + "=", .gutter) + " " + palette.paint("help:", .strong) + " " + escaped(help))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func lineIndices(_ range: SourceRange) -> ClosedRange<Int> {
    let source = sources[range.source]
    let first = source.position(at: range.start).line - 1
    // A range that ends with a line break belongs to the lines before it.
    let last = source.position(at: max(range.start, range.end - 1)).line - 1
    return first...max(first, last)
  }

  private mutating func renderFile(_ id: SourceID, isFirst: Bool) {
    let source = sources[id]
    let labels = diagnostic.labels.filter { $0.range.source == id }
    var spans = labels.map { (range: $0.range, isPrimary: false, label: $0.text) }
    if isFirst, let range = diagnostic.range { spans.append((range, true, diagnostic.label ?? "")) }
    let start = spans.last?.range.start ?? 0
    let position = source.position(at: start)
    let arrow = String(repeating: " ", count: gutter) + (isFirst ? "-->" : ":::")
    lines.append(palette.paint(arrow, .gutter) + " \(escaped(source.path)):\(position.line):\(position.column)")
    guard !source.bytes.isEmpty else { return }

    var marks: [Int: [Mark]] = [:]
    var shown: [Int: SourceLine] = [:]
    for span in spans {
      let indices = lineIndices(span.range)
      // Of a span over many lines, its first and last one.
      for index in Set([indices.lowerBound, indices.upperBound]) {
        let place = index == position.line - 1 ? start : span.range.start
        let line = shown[index] ?? SourceLine(index, of: source, around: place)
        shown[index] = line
        if span.range.end < line.bytes.lowerBound || span.range.start > line.bytes.upperBound { continue }
        let from = index == indices.lowerBound ? line.column(of: span.range.start) : indent(of: line)
        let to = index == indices.upperBound ? endColumn(of: span.range, in: line) : line.width
        let label = index == indices.upperBound ? escaped(span.label) : ""
        marks[index, default: []].append(
          Mark(columns: from..<max(to, from + 1), isPrimary: span.isPrimary, label: label))
      }
    }
    var last: Int?
    for index in shown.keys.sorted() {
      if let last, index > last + 2 {
        lines.append(palette.paint("...", .gutter))
      } else if let last, index == last + 2 {
        renderLine(SourceLine(last + 1, of: source, around: start), [])
      }
      renderLine(shown[index]!, marks[index] ?? [])
      last = index
    }
  }

  private func indent(of line: SourceLine) -> Int {
    line.cells.first { $0.shown.contains { $0 != " " } }?.column ?? 0
  }

  private func endColumn(of range: SourceRange, in line: SourceLine) -> Int {
    range.end <= range.start
      ? line.column(of: range.start) + 1 : max(line.column(of: range.end), line.column(of: range.end - 1) + 1)
  }

  /// A source line, the marks under it, and the marks' words.
  private mutating func renderLine(_ line: SourceLine, _ marks: [Mark]) {
    let (visible, hasHead, hasTail) = cut(line, around: marks)
    let head = hasHead ? "…" : ""
    let text = head + line.text(in: visible) + (hasTail ? "…" : "")
    let number = String(line.number)
    let prefix = String(repeating: " ", count: gutter - number.count) + number + " |"
    lines.append(palette.paint(prefix, .gutter) + (text.isEmpty ? "" : " " + text))
    guard !marks.isEmpty else { return }

    // In columns of what is shown.
    let shift = hasHead ? 1 - visible.lowerBound : -visible.lowerBound
    let end = visible.upperBound + shift + 1
    let moved = marks.compactMap { mark -> Mark? in
      let start = max(mark.columns.lowerBound, visible.lowerBound) + shift
      let stop = min(mark.columns.upperBound + shift, end)
      return stop > start ? Mark(columns: start..<stop, isPrimary: mark.isPrimary, label: mark.label) : nil
    }
    // Right to left; of equal starts the primary one is written beside the marks.
    var pending = moved.sorted {
      ($0.columns.lowerBound, $0.isPrimary ? 1 : 0) > ($1.columns.lowerBound, $1.isPrimary ? 1 : 0)
    }
    let marksEnd = moved.map(\.columns.upperBound).max() ?? 0
    var row = Row()
    for mark in pending.filter({ !$0.isPrimary }) + pending.filter(\.isPrimary) {
      row.fill(mark.columns, mark.isPrimary ? "^" : "-", mark.isPrimary ? role : .secondary)
    }
    if let first = pending.first, first.columns.upperBound == marksEnd {
      if !first.label.isEmpty { row.put(" " + first.label, at: marksEnd, first.isPrimary ? role : .secondary) }
      pending.removeFirst()
    }
    append(row)
    pending.removeAll { $0.label.isEmpty }
    while let mark = pending.first {
      pending.removeFirst()
      var row = Row()
      for other in pending { row.put("|", at: other.columns.lowerBound, other.isPrimary ? role : .secondary) }
      row.put(mark.label, at: mark.columns.lowerBound, mark.isPrimary ? role : .secondary)
      append(row)
    }
  }

  private mutating func append(_ row: Row) {
    let bar = palette.paint(String(repeating: " ", count: gutter + 1) + "|", .gutter)
    lines.append(bar + " " + row.text(palette))
  }

  /// The columns to show: all, or a stretch with the primary mark in it.
  private func cut(_ line: SourceLine, around marks: [Mark]) -> (Range<Int>, hasHead: Bool, hasTail: Bool) {
    guard line.width > width else { return (0..<line.width, line.isCut.head, line.isCut.tail) }
    let focus = (marks.first(where: \.isPrimary) ?? marks.first)?.columns ?? 0..<1
    let first = marks.map(\.columns.lowerBound).min() ?? 0
    // Start at the first mark if all fits, at the primary one otherwise, with some text before it.
    let anchor = focus.lowerBound - first < width / 2 ? first : focus.lowerBound
    let start = max(0, min(anchor - width / 4, line.width - width))
    let visible = start..<min(line.width, start + width)
    return (
      visible, visible.lowerBound > 0 || line.isCut.head, visible.upperBound < line.width || line.isCut.tail
    )
  }
}

/// A row of marks, painted by role.
private struct Row {
  private var cells: [(text: String, role: Palette.Role?)] = []

  mutating func fill(_ columns: Range<Int>, _ mark: String, _ role: Palette.Role) {
    for column in columns {
      reserve(column + 1)
      cells[column] = (mark, role)
    }
  }

  mutating func put(_ text: String, at column: Int, _ role: Palette.Role) {
    reserve(column + 1)
    cells[column] = (text, role)
  }

  private mutating func reserve(_ count: Int) {
    while cells.count < count { cells.append((" ", nil)) }
  }

  func text(_ palette: Palette) -> String {
    var result = ""
    var index = 0
    while index < cells.count {
      let role = cells[index].role
      var run = ""
      while index < cells.count, cells[index].role == role {
        run += cells[index].text
        index += 1
      }
      result += role.map { palette.paint(run, $0) } ?? run
    }
    return result
  }
}
