/// Tables of metrics as CSV, long or wide; the delimiter is told by the header.
///
/// A row is refused if its time is none or its fields are not as many as the header's; a cell that is neither a number nor
/// empty is refused alone.
struct CSVMetricReader: MetricReader {
  let format = MetricFormat.csv
  private(set) var counts = ReadCounts()
  private(set) var problems: ProblemLog
  private let lines: LineStream
  private let table: MetricTable
  private let names: MetricNames
  private let zone: Int64
  private var fields: CSVLine
  private var sawHeader = false
  /// Of each column of numbers, the metric, if it is wanted.
  private let metrics: [Int?]

  init(_ lines: LineStream, table: MetricTable, names: MetricNames, zone: Int64, problemLimit: Int) {
    self.lines = lines
    self.table = table
    self.names = names
    self.zone = zone
    fields = CSVLine(delimiter: table.delimiter)
    problems = ProblemLog(limit: problemLimit)
    metrics = table.columns.map { column in
      guard case .number(var name) = column else { return nil }
      return name.withUTF8 { names.look(up: UnsafeRawBufferPointer($0)) }
    }
  }

  mutating func next(into batch: inout MetricBatch) -> Bool {
    batch.removeAll()
    switch lines.step(&counts, &problems) {
    case .lines(let block):
      var rest = LinesOfBlock(block)
      while let line = rest.next() {
        counts.lines += 1
        if line.count > lines.longestLine {
          lines.refuseLongLine(&counts, &problems)
        } else {
          read(counts.lines == 1 ? withoutMark(line) : line, into: &batch)
        }
      }
      return true
    case .refused: return true
    case nil: return false
    }
  }

  private mutating func read(_ line: UnsafeRawBufferPointer, into batch: inout MetricBatch) {
    if line.isEmpty || !sawHeader {
      // Before the header there may be remarks.
      if !line.isEmpty, line[0] != UInt8(ascii: "#") { sawHeader = true }
      counts.comments += 1
      return
    }
    if let fault = fields.split(line) {
      let (offset, expected) = fault
      refuse(.syntax, offset, line, "expected \(expected)")
      return
    }
    guard fields.fields.count == table.columns.count else {
      let found = fields.fields.count
      let expected = table.columns.count
      refuse(.syntax, nil, line, "expected \(expected) fields, found \(found)")
      return
    }
    let timeColumn = table.columns.firstIndex(of: .time)!
    let cell = fields.bytes(timeColumn, in: line)
    guard let time = moment(cell, zone: zone) else {
      refuse(.time, fields.fields[timeColumn].start, line, "expected a time, found \(excerpt(cell))")
      return
    }
    batch.openSample()
    guard appendLabels(line, to: &batch) else {
      batch.dropSample()
      return
    }
    if table.isLong { readLong(line, time, into: &batch) } else { readWide(line, time, into: &batch) }
    batch.endShared()
  }

  private mutating func readLong(_ line: UnsafeRawBufferPointer, _ time: Int64, into batch: inout MetricBatch) {
    let metricColumn = table.columns.firstIndex(of: .metric)!
    var name = fields.text(metricColumn, in: line)
    guard !name.isEmpty else {
      refuse(.syntax, fields.fields[metricColumn].start, line, "expected a metric name, found nothing")
      return
    }
    guard let metric = name.withUTF8({ names.look(up: UnsafeRawBufferPointer($0)) }) else {
      counts.unwanted += 1
      return
    }
    sample(table.columns.firstIndex(of: .value)!, metric, line, time, into: &batch)
  }

  private mutating func readWide(_ line: UnsafeRawBufferPointer, _ time: Int64, into batch: inout MetricBatch) {
    for (index, column) in table.columns.enumerated() {
      guard case .number = column else { continue }
      if let metric = metrics[index] {
        sample(index, metric, line, time, into: &batch)
      } else if !isMissing(fields.bytes(index, in: line)) {
        counts.unwanted += 1
      }
    }
  }

  private mutating func sample(
    _ column: Int, _ metric: Int, _ line: UnsafeRawBufferPointer, _ time: Int64, into batch: inout MetricBatch
  ) {
    let cell = fields.bytes(column, in: line)
    guard let value = parseDouble(cell) else {
      if !isMissing(cell) {
        refuse(.value, fields.fields[column].start, line, "expected a number, found \(excerpt(cell))")
      }
      return
    }
    counts.kept += 1
    batch.appendSharing(metric: metric, value: value, time: time, line: counts.lines)
  }

  /// - Returns: False if a label cannot be used; the row is refused then.
  private mutating func appendLabels(_ line: UnsafeRawBufferPointer, to batch: inout MetricBatch) -> Bool {
    for (index, column) in table.columns.enumerated() {
      guard case .label(let name) = column, fields.fields[index].end > fields.fields[index].start else { continue }
      let bytes = fields.bytes(index, in: line)
      guard isValidUTF8(bytes), !bytes.contains(0) else {
        refuse(.label, fields.fields[index].start, line, "expected UTF-8 without NUL, found \(excerpt(bytes))")
        return false
      }
      let text = fields.text(index, in: line)
      batch.append(label: name, text)
      if index == table.host { batch.append(label: "instance", text) }
    }
    return true
  }

  private mutating func refuse(
    _ kind: InputProblem.Kind, _ offset: Int?, _ line: UnsafeRawBufferPointer, _ message: @autoclosure () -> String
  ) {
    counts.refused += 1
    let (file, number) = (lines.bytes.name, counts.lines)
    problems.add(kind) {
      InputProblem(
        kind, file: file, line: number, column: offset.map { CSVLine.column(of: $0, in: line) } ?? 0, message())
    }
  }
}
