/// Metrics as JSON objects, one a line:
/// - long: `{"time": …, "instance": "i-1", "metric": "cpu", "value": 0.5, "labels": {…}}`
/// - wide: `{"time": …, "instance": "i-1", "cpu": 0.5, "mem": 12}`, each number a metric
/// - a series: `{"metric": {"__name__": "cpu", …}, "values": […], "timestamps": […]}`, in milliseconds, as
///   VictoriaMetrics exports it, or with the pairs `[seconds, value]` of Prometheus' API.
///
/// Further members that are strings are labels; `null` is no value; `true` and `false` are 1 and 0.
struct NDJSONMetricReader: MetricReader {
  let format = MetricFormat.ndjson
  private(set) var counts = ReadCounts()
  private(set) var problems: ProblemLog
  private let lines: LineStream
  private let names: MetricNames
  private let zone: Int64
  private var roles: [String: ColumnRole] = [:]

  /// One member of a line's object.
  private struct Member {
    var key: JSONText
    var role: ColumnRole
    var kind: JSONCursor.Kind
    /// Where its value begins.
    var start: Int
  }
  private var members: [Member] = []

  init(_ lines: LineStream, names: MetricNames, zone: Int64, problemLimit: Int) {
    self.lines = lines
    self.names = names
    self.zone = zone
    problems = ProblemLog(limit: problemLimit)
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
    if line.allSatisfy(isJSONBlank) {
      counts.comments += 1
      return
    }
    batch.openSample()
    do throws(JSONFault) {
      if let offset = firstInvalidUTF8(line) { throw JSONFault(offset: offset, expected: "UTF-8") }
      try findMembers(line)
      if let metric = members.first(where: { $0.role == .metric }), metric.kind == .object {
        try readSeries(line, metric, into: &batch)
      } else {
        try readRow(line, into: &batch)
      }
    } catch {
      counts.refused += 1
      let (file, number) = (lines.bytes.name, counts.lines)
      problems.add(.syntax) {
        InputProblem(
          .syntax, file: file, line: number, column: CSVLine.column(of: error.place, in: line), error.message(in: line)
        )
      }
    }
    batch.endShared()
  }

  private mutating func findMembers(_ line: UnsafeRawBufferPointer) throws(JSONFault) {
    members.removeAll(keepingCapacity: true)
    var cursor = JSONCursor(line)
    guard try cursor.kind() == .object else { throw JSONFault(offset: 0, expected: "an object on each line") }
    try cursor.beginObject()
    var isFirst = true
    while let key = try cursor.nextKey(&isFirst) {
      let kind = try cursor.kind()
      members.append(Member(key: key, role: role(of: cursor.string(of: key)), kind: kind, start: cursor.at))
      try cursor.skipValue()
    }
    try cursor.end()
  }

  private mutating func role(of name: String) -> ColumnRole {
    if let known = roles[name] { return known }
    let role = ColumnRole(name)
    // A writer that makes up keys must not make us remember them all.
    if roles.count < 4096 { roles[name] = role }
    return role
  }

  // MARK: Rows

  private mutating func readRow(_ line: UnsafeRawBufferPointer, into batch: inout MetricBatch) throws(JSONFault) {
    guard let timeMember = members.first(where: { $0.role == .time }) else {
      throw JSONFault(offset: 0, expected: "an object with a `time`")
    }
    let time = try time(timeMember, line)
    let metric = members.first { $0.role == .metric && $0.kind == .string }
    let value = members.first { $0.role == .value }
    let hasInstance = members.contains { $0.role == .instance }
    var host: String?
    for member in members where member.start != metric?.start || value == nil {
      var cursor = JSONCursor(line, at: member.start)
      switch (member.role, member.kind) {
      case (.time, _): break
      case (.labels, .object): try batch.append(labelsOf: &cursor)
      case (_, .string) where member.role != .value:
        let text = cursor.string(of: try cursor.text())
        guard !text.isEmpty else { break }
        try label(member.role == .instance ? "instance" : cursor.string(of: member.key), text, member.start, in: &batch)
        if member.role == .host, !hasInstance, host == nil { host = text }
      case (.instance, .number), (.host, .number):
        let text = String(decoding: try cursor.number(), as: UTF8.self)
        try label(member.role == .instance ? "instance" : cursor.string(of: member.key), text, member.start, in: &batch)
        if member.role == .host, !hasInstance, host == nil { host = text }
      default: break
      }
    }
    if let host { batch.append(label: "instance", host) }
    if let metric, let value {
      var cursor = JSONCursor(line, at: metric.start)
      try sample(cursor.string(of: try cursor.text()), value, line, time, into: &batch)
    } else {
      var found = false
      for member in members where [.value, .other, .metric].contains(member.role) {
        guard member.kind == .number || member.kind == .bool || (member.role == .value && member.kind == .string) else {
          if member.kind == .null { found = true }
          continue
        }
        found = true
        try sample(JSONCursor(line).string(of: member.key), member, line, time, into: &batch)
      }
      guard found else { throw JSONFault(offset: 0, expected: "an object with a number") }
    }
  }

  private func label(_ name: String, _ text: String, _ place: Int, in batch: inout MetricBatch) throws(JSONFault) {
    guard !text.utf8.contains(0), !name.utf8.contains(0) else {
      throw JSONFault(offset: place, expected: "a label without NUL")
    }
    batch.append(label: name, text)
  }

  private func time(_ member: Member, _ line: UnsafeRawBufferPointer) throws(JSONFault) -> Int64 {
    var cursor = JSONCursor(line, at: member.start)
    let text: UnsafeRawBufferPointer
    switch member.kind {
    case .string: text = cursor.rawBytes(try cursor.text())
    case .number: text = try cursor.number()
    case .object, .array, .bool, .null, .end: throw JSONFault(offset: member.start, expected: "a time")
    }
    guard let time = moment(text, zone: zone) else { throw JSONFault(offset: member.start, expected: "a time") }
    return time
  }

  private mutating func sample(
    _ name: String, _ member: Member, _ line: UnsafeRawBufferPointer, _ time: Int64, into batch: inout MetricBatch
  ) throws(JSONFault) {
    var name = name
    guard !name.isEmpty else { throw JSONFault(offset: member.start, expected: "a metric name") }
    if member.kind == .null { return }
    guard let metric = name.withUTF8({ names.look(up: UnsafeRawBufferPointer($0)) }) else {
      counts.unwanted += 1
      return
    }
    var cursor = JSONCursor(line, at: member.start)
    let value = member.kind == .bool ? (try cursor.bool("`true` or `false`") ? 1 : 0) : try cursor.looseDouble()
    counts.kept += 1
    batch.appendSharing(metric: metric, value: value, time: time, line: counts.lines)
  }

  // MARK: Series

  private mutating func readSeries(
    _ line: UnsafeRawBufferPointer, _ metric: Member, into batch: inout MetricBatch
  ) throws(JSONFault) {
    let cursor = JSONCursor(line)
    guard let values = members.first(where: { cursor.equals($0.key, "values") || cursor.equals($0.key, "value") }),
      values.kind == .array
    else { throw JSONFault(offset: 0, expected: "a series with `values`") }
    let times = members.first { cursor.equals($0.key, "timestamps") && $0.kind == .array }
    guard let number = try wanted(metric, line) else {
      counts.unwanted += 1
      return
    }
    var labels = JSONCursor(line, at: metric.start)
    try batch.append(labelsOf: &labels)
    var value = JSONCursor(line, at: values.start)
    var isFirst = true
    try value.beginArray()
    if let times {
      var time = JSONCursor(line, at: times.start)
      var isFirstTime = true
      try time.beginArray()
      while try value.nextElement(&isFirst) {
        guard try time.nextElement(&isFirstTime) else {
          throw JSONFault(offset: time.at - 1, expected: "as many timestamps as values")
        }
        let place = time.at
        let milliseconds = try time.looseDouble()
        guard abs(milliseconds) < 4e15 else {
          throw JSONFault(offset: place, expected: "milliseconds within 100,000 years of 1970")
        }
        if try value.kind() == .null {
          try value.null()
          continue
        }
        append(number, try value.looseDouble(), Int64(milliseconds), to: &batch)
      }
      if try time.nextElement(&isFirstTime) {
        throw JSONFault(offset: time.at, expected: "as many values as timestamps")
      }
    } else if cursor.equals(values.key, "value") {
      let (time, sample) = try pair(&value, &isFirst)
      append(number, sample, time, to: &batch)
    } else {
      while try value.nextElement(&isFirst) {
        var inner = true
        try value.beginArray()
        let (time, sample) = try pair(&value, &inner)
        append(number, sample, time, to: &batch)
      }
    }
  }

  /// Seconds and a value, up to the `]`.
  private func pair(_ cursor: inout JSONCursor, _ isFirst: inout Bool) throws(JSONFault) -> (Int64, Double) {
    guard try cursor.nextElement(&isFirst) else { throw JSONFault(offset: cursor.at, expected: "a time and a value") }
    let place = cursor.at
    let seconds = try cursor.looseDouble()
    guard abs(seconds) < 4e12 else { throw JSONFault(offset: place, expected: "seconds within 100,000 years of 1970") }
    guard try cursor.nextElement(&isFirst) else {
      throw JSONFault(offset: cursor.at, expected: "a value behind the time")
    }
    let value = try cursor.looseDouble()
    guard try !cursor.nextElement(&isFirst) else {
      throw JSONFault(offset: cursor.at, expected: "`]` behind time and value")
    }
    return (Int64((seconds * 1000).rounded()), value)
  }

  private mutating func append(_ metric: Int, _ value: Double, _ time: Int64, to batch: inout MetricBatch) {
    counts.kept += 1
    batch.appendSharing(metric: metric, value: value, time: time, line: counts.lines)
  }

  private func wanted(_ metric: Member, _ line: UnsafeRawBufferPointer) throws(JSONFault) -> Int? {
    var cursor = JSONCursor(line, at: metric.start)
    try cursor.beginObject()
    var isFirst = true
    var name: String?
    while let key = try cursor.nextKey(&isFirst) {
      let value = try cursor.text()
      if cursor.equals(key, "__name__") { name = cursor.string(of: value) }
    }
    guard var name, !name.isEmpty else { throw JSONFault(offset: metric.start, expected: "labels with `__name__`") }
    return name.withUTF8 { names.look(up: UnsafeRawBufferPointer($0)) }
  }
}
