/// How a table of metrics is laid out, read from its header and its first rows.
///
/// *Long*: a row is a sample; a column names the metric, one holds the value. *Wide*: a row is a time, each column of
/// numbers is a metric. In both the columns of texts are labels.
struct MetricTable: Sendable {
  enum Column: Equatable, Sendable {
    case time
    /// Long: the metric's name.
    case metric
    /// Long: the value.
    case value
    case label(String)
    /// Wide: a metric of that name.
    case number(String)
  }

  let delimiter: UInt8
  let columns: [Column]
  let isLong: Bool
  /// The column that is the instance too, though it is not called so.
  let host: Int?

  /// What the summary says of it.
  var why: String {
    let numbers = columns.compactMap { if case .number(let name) = $0 { "`\(name)`" } else { nil } }
    let shown = numbers.prefix(3).joined(separator: ", ") + (numbers.count > 3 ? ", …" : "")
    return isLong
      ? "its header has a time, a metric and a value" : "its header has a time and columns of numbers: \(shown)"
  }
}

/// Why a text is not a table of metrics.
struct NoTable: Error { var why: String }

/// - Throws: If the header or the first row is not that of such a table.
func metricTable(_ head: Head) throws(NoTable) -> MetricTable {
  var lines = head.lines
  var header: UnsafeRawBufferPointer?
  while let line = lines.next() {
    if line.isEmpty || line[0] == UInt8(ascii: "#") { continue }
    header = line
    break
  }
  guard let header, let delimiter = CSVLine.delimiter(of: header) else {
    throw NoTable(why: "its first line is no header of a table")
  }
  var fields = CSVLine(delimiter: delimiter)
  _ = fields.split(header)
  let names = fields.fields.indices.map { fields.text($0, in: header) }
  if let repeated = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
    throw NoTable(why: "its header has the column \(excerpt(names[repeated].utf8)) twice")
  }
  let roles = names.map { ColumnRole($0) }
  guard let time = roles.firstIndex(of: .time) else { throw NoTable(why: "its header has no column of times") }

  // Which columns hold numbers is told by the first rows.
  var isNumber = Array(repeating: true, count: names.count)
  var rows = 0
  while rows < 100, let line = lines.next() {
    if line.isEmpty || fields.split(line) != nil || fields.fields.count != names.count { continue }
    if rows == 0, moment(fields.bytes(time, in: line), zone: 0) == nil {
      throw NoTable(why: "what stands below \(excerpt(names[time].utf8)) is no time")
    }
    rows += 1
    for index in names.indices where isNumber[index] {
      let cell = fields.bytes(index, in: line)
      if !isMissing(cell), parseDouble(cell) == nil { isNumber[index] = false }
    }
  }
  guard rows > 0 else { throw NoTable(why: "its header has no row of as many fields below it") }
  let host = roles.contains(.instance) ? nil : roles.firstIndex(of: .host)
  if let metric = roles.firstIndex(of: .metric), let value = roles.firstIndex(of: .value), isNumber[value] {
    let columns: [MetricTable.Column] = names.indices.map { index in
      switch index {
      case time: .time
      case metric: .metric
      case value: .value
      default: .label(roles[index] == .instance ? "instance" : names[index])
      }
    }
    return MetricTable(delimiter: delimiter, columns: columns, isLong: true, host: host)
  }
  // Tables of anything else may well have a time somewhere; those of metrics begin with it, or with whose they are.
  let leading = roles.prefix(time).allSatisfy { $0 == .instance || $0 == .host }
  guard leading else {
    throw NoTable(
      why: "its time is neither the first column, nor the next to the instance, nor are there `metric` and `value`")
  }
  let columns: [MetricTable.Column] = names.indices.map { index in
    if index == time { return .time }
    let isLabel = !isNumber[index] || roles[index] == .instance || roles[index] == .host
    return isLabel ? .label(roles[index] == .instance ? "instance" : names[index]) : .number(names[index])
  }
  guard columns.contains(where: { if case .number = $0 { true } else { false } }) else {
    throw NoTable(why: "it has no column of numbers")
  }
  return MetricTable(delimiter: delimiter, columns: columns, isLong: false, host: host)
}

/// A cell that is a moment; seconds since the start are none. Milliseconds since 1970.
func moment(_ cell: UnsafeRawBufferPointer, zone: Int64) -> Int64? {
  if case .absolute(let time)? = parseLogTime(cell, zone: zone), time.magnitude < 1 << 52 { return time }
  // A day without a time of day is its first moment.
  guard cell.count == 10 else { return nil }
  return parseTime(String(decoding: cell, as: UTF8.self), zone: zone)
}
