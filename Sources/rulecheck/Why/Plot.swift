import CriteriaDiagnostics
import CriteriaEngine

/// One curve over time for a terminal, in braille: 2 × 4 dots a character.
struct Plot {
  /// A row of the axis that is named: a bound, a band.
  struct Mark {
    var value: Double
    var label: String
  }

  let title: String
  /// Low and high at each moment (equal for what is known); `nil`: unknown.
  let values: [(low: Double, high: Double)?]
  let marks: [Mark]
  let rows: Int
  private let bottom: Double
  private let top: Double

  /// - Parameters:
  ///   - bounds: Of the axis at least; it grows with the values.
  ///   - label: Of a value on the axis.
  init(
    title: String, values: [(low: Double, high: Double)?], rows: Int, bounds: ClosedRange<Double>? = nil,
    marks: [Mark] = [], label: (Double) -> String
  ) {
    self.title = title
    self.values = values
    self.rows = rows
    let known = values.compactMap { $0 }
    var bottom = min(known.map(\.low).min() ?? 0, bounds?.lowerBound ?? .infinity)
    var top = max(known.map(\.high).max() ?? 1, bounds?.upperBound ?? -.infinity)
    if bottom == top {
      // A flat line: from zero if that is near enough to see it.
      if bottom >= 0 { bottom = 0 } else { top = 0 }
      if bottom == top { top = 1 }
    }
    (self.bottom, self.top) = (bottom, top)
    let ends = [Mark(value: top, label: label(top)), Mark(value: bottom, label: label(bottom))]
    self.marks = ends + marks.filter { $0.value > bottom && $0.value < top }
  }

  /// The widest of its labels.
  var labelWidth: Int { marks.map { displayWidth($0.label) }.max() ?? 0 }

  private func row(of value: Double, of count: Int) -> Int {
    let share = (value - bottom) / (top - bottom)
    return min(max(Int(((1 - share) * Double(count - 1)).rounded()), 0), count - 1)
  }

  /// - Parameters:
  ///   - columns: Of characters, for the curve alone.
  ///   - label: How wide the axis' labels are.
  func render(columns: Int, label width: Int) -> [String] {
    var dots = Array(repeating: UInt32(0), count: rows * columns)
    // Of a braille character: the bit of each dot, by row and column.
    let bits: [[UInt32]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    func set(_ x: Int, _ y: Int) { dots[y / 4 * columns + x / 2] |= bits[y % 4][x % 2] }
    let height = rows * 4
    let wide = columns * 2
    var before: (x: Int, high: Int, low: Int)?
    for x in 0..<wide {
      // As many moments as fall on a column of dots, or the one before where moments are few.
      let first = x * values.count / wide
      let last = max(first, (x + 1) * values.count / wide - 1)
      let here = values[first...last].compactMap { $0 }
      guard let low = here.map(\.low).min(), let high = here.map(\.high).max() else {
        before = nil
        continue
      }
      let (upper, lower) = (row(of: high, of: height), row(of: low, of: height))
      // Joined to the column before, so that a jump is a line.
      var (from, to) = (upper, lower)
      if let before, before.x == x - 1 { (from, to) = (min(upper, before.low), max(lower, before.high)) }
      // What lies between the ends of an interval is shaded.
      for y in from...to where y <= upper || y >= lower || (x + y) % 4 == 0 { set(x, y) }
      before = (x, upper, lower)
    }
    return (0..<rows).map { row in
      let label = marks.first { self.row(of: $0.value, of: rows) == row }?.label ?? ""
      let padding = String(repeating: " ", count: max(0, width - displayWidth(label)))
      var line = padding + label + (label.isEmpty ? " │" : " ┤")
      for column in 0..<columns {
        line.unicodeScalars.append(Unicode.Scalar(0x2800 + dots[row * columns + column])!)
      }
      return line
    }
  }
}

/// The axis of time under plots, and its labels.
func timeAxis(_ times: [Timestamp], columns: Int, label width: Int) -> [String] {
  guard let first = times.first, let last = times.last else { return [] }
  let isLong = last.milliseconds - first.milliseconds >= 86_400_000 || day(first) != day(last)
  func name(_ time: Timestamp) -> String {
    let text = time.description
    // 2026-11-23T05:48:37Z
    let clock = String(text.dropFirst(11).prefix(8))
    return isLong ? String(text.dropFirst(5).prefix(5)) + " " + clock.prefix(5) : clock
  }
  let labelWidth = name(first).count
  let count = max(2, min(4, (columns + 2) / (labelWidth + 4)))
  var axis = Array(repeating: Character("─"), count: columns)
  var labels = Array(repeating: Character(" "), count: columns + labelWidth)
  for index in 0..<count {
    let column = index * (columns - 1) / (count - 1)
    axis[column] = "┬"
    let moment = times[index * (times.count - 1) / (count - 1)]
    let place = min(column, columns - labelWidth)
    for (offset, character) in name(moment).enumerated() where place >= 0 { labels[place + offset] = character }
  }
  let indent = String(repeating: " ", count: width)
  var text = String(labels)
  while text.last == " " { text.removeLast() }
  return [indent + " └" + String(axis), String(repeating: " ", count: max(0, width - 3)) + "UTC  " + text]
}

private func day(_ time: Timestamp) -> Substring { time.description.prefix(10) }
