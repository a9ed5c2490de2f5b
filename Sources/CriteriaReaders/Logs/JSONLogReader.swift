import Glibc

/// Logs as JSON objects, one a line: the journal (`journalctl -o json`), docker's `json-file`, and programs of all kinds.
///
/// A member that holds something else than expected is passed over; a line without a message is refused.
struct JSONLogReader: LogReader {
  private(set) var namesSources: Bool
  private(set) var hosts = ByteTable()
  private(set) var counts = ReadCounts()
  private(set) var problems: ProblemLog
  let format: String
  var lastBoot: Int64 { 0 }
  private let lines: LineStream
  private let dialect: JSONLogDialect
  private let zone: Int64
  private let sources: SourceNames
  private let isSourceForced: Bool
  private let defaultSource: Int?
  /// Of the line before: what has no time was written with it.
  private var newestTime = RecordTime.unknown
  private var shapes = JSONShapes()
  /// Lines are taken for what those before them were; the same comes of it either way.
  private let learns: Bool
  /// What the texts of the line before meant: mostly the next line has the same.
  private var lastTime = Remembered<RecordTime>()
  private var lastHost = Remembered<Int>()
  private var lastSource = Remembered<Int?>()

  init(
    _ lines: LineStream, dialect: JSONLogDialect, source: String?, defaultSource: String, zone: Int64,
    sources: SourceNames, problemLimit: Int, learns: Bool = true
  ) {
    self.lines = lines
    self.dialect = dialect
    self.learns = learns
    self.zone = zone
    self.sources = sources
    format = dialect.rawValue
    // A journal is all that a machine logs.
    namesSources = dialect == .journal
    problems = ProblemLog(limit: problemLimit)
    isSourceForced = source != nil
    self.defaultSource = sources.look(up: source ?? defaultSource)
  }

  mutating func next(into batch: inout LogBatch) -> Bool {
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

  private mutating func read(_ line: UnsafeRawBufferPointer, into batch: inout LogBatch) {
    if line.allSatisfy(isJSONBlank) {
      counts.comments += 1
      return
    }
    if let shape = shapes.find(line), read(line, of: shape, into: &batch) { return }
    do throws(JSONFault) {
      try readObject(line, into: &batch)
      if learns { shapes.learn(line, dialect) }
    } catch {
      counts.refused += 1
      let (file, number) = (lines.bytes.name, counts.lines)
      problems.add(.syntax) {
        InputProblem(
          .syntax, file: file, line: number, column: CSVLine.column(of: error.place, in: line), error.message(in: line)
        )
      }
    }
  }

  /// A line that is made like one before: what comes of it is what comes of `readObject`.
  ///
  /// - Returns: False if `readObject` must tell.
  private mutating func read(_ line: UnsafeRawBufferPointer, of shape: JSONShape, into batch: inout LogBatch) -> Bool {
    func plain(_ member: Int) -> UnsafeRawBufferPointer? {
      let text = shape.value(member)
      return text.hasEscapes || text.isEmpty ? nil : UnsafeRawBufferPointer(rebasing: line[text.start..<text.end])
    }
    var newTime: RecordTime?
    if let member = shape.time {
      guard let text = plain(member), let time = lastTime.meaning(of: text) ?? time(text, shape.timeRole) else {
        return false
      }
      lastTime.remember(text, time)
      newTime = time
    }
    var host: Int?
    if let member = shape.host {
      guard let text = plain(member) else { return false }
      host = lastHost.meaning(of: text) ?? hosts.intern(text)
      lastHost.remember(text, host!)
    }
    var source = defaultSource
    if !isSourceForced, let member = shape.source {
      guard let text = plain(member) else { return false }
      source = lastSource.meaning(of: text) ?? sources.look(up: text)
      lastSource.remember(text, source)
    }
    if let newTime { newestTime = newTime }
    let text = shape.value(shape.message)
    if source == nil {
      counts.unwanted += 1
      batch.append(
        time: newestTime, source: nil, host: host, line: counts.lines,
        message: UnsafeRawBufferPointer(rebasing: line[..<0]))
    } else {
      counts.kept += 1
      append(text, JSONCursor(line), host: host, source: source, into: &batch)
    }
    return true
  }

  private func append(
    _ text: JSONText, _ cursor: JSONCursor, host: Int?, source: Int?, into batch: inout LogBatch
  ) {
    withText(of: text, cursor) { bytes in
      // Docker keeps the end of the line.
      let isEnded = bytes.last == 0x0A
      batch.append(
        time: newestTime, source: source, host: host, line: counts.lines,
        message: isEnded ? UnsafeRawBufferPointer(rebasing: bytes.dropLast()) : bytes)
    }
  }

  /// What a line's object says, as far as it is of interest.
  private struct Fields {
    var time: RecordTime?
    var message: (text: JSONText, rank: Int)?
    /// Where an array of bytes begins: how the journal writes what is not text.
    var messageBytes: Int?
    var isTooLarge = false
    var host: (text: JSONText, rank: Int)?
    var source: (text: JSONText, rank: Int)?
    var isKernel = false
  }

  private mutating func readObject(_ line: UnsafeRawBufferPointer, into batch: inout LogBatch) throws(JSONFault) {
    var cursor = JSONCursor(line)
    guard try cursor.kind() == .object else { throw JSONFault(offset: 0, expected: "an object on each line") }
    try cursor.beginObject()
    var fields = Fields()
    var isFirst = true
    while let key = try cursor.nextKey(&isFirst) { try read(member: key, &cursor, &fields) }
    try cursor.end()
    guard fields.message != nil || fields.messageBytes != nil else {
      throw JSONFault(
        offset: 0,
        expected: fields.isTooLarge
          ? "a message; the journal left it out as too large (`journalctl --all` writes it)"
          : "an object with a message")
    }
    if let time = fields.time { newestTime = time }
    let host = fields.host.map { host in withText(of: host.text, cursor) { hosts.intern($0) } }
    let source = source(of: fields, cursor)
    if source == nil { counts.unwanted += 1 } else { counts.kept += 1 }
    if let message = fields.message?.text {
      append(message, cursor, host: host, source: source, into: &batch)
    } else if let start = fields.messageBytes {
      var array = JSONCursor(line, at: start)
      let bytes = try byteArray(&array)
      bytes.withUnsafeBytes {
        batch.append(time: newestTime, source: source, host: host, line: counts.lines, message: $0)
      }
    }
  }

  private func source(of fields: Fields, _ cursor: JSONCursor) -> Int? {
    if isSourceForced { return defaultSource }
    if let source = fields.source, source.text.end > source.text.start {
      var decoded: [UInt8] = []
      cursor.append(source.text, to: &decoded)
      return decoded.withUnsafeBytes { sources.look(up: $0) }
    }
    return fields.isKernel ? sources.look(up: "kernel") : defaultSource
  }

  private func read(member key: JSONText, _ cursor: inout JSONCursor, _ fields: inout Fields) throws(JSONFault) {
    let kind = try cursor.kind()
    let start = cursor.at
    guard let (role, rank) = dialect.role(of: cursor.rawBytes(key)) else {
      try cursor.skipValue()
      return
    }
    switch (role, kind) {
    case (.microseconds, .string), (.microseconds, .number), (.time, .string), (.time, .number):
      let text = kind == .string ? cursor.rawBytes(try cursor.text()) : try cursor.number()
      guard let time = time(text, role) else { throw JSONFault(offset: start, expected: "a time") }
      if fields.time == nil || rank == 0 { fields.time = time }
    case (.message, .string):
      let text = try cursor.text()
      if rank <= fields.message?.rank ?? .max { fields.message = (text, rank) }
    case (.message, .array):
      fields.messageBytes = start
      try cursor.skipValue()
    case (.message, .null):
      fields.isTooLarge = dialect == .journal
      try cursor.null()
    case (.host, .string):
      let text = try cursor.text()
      if rank <= fields.host?.rank ?? .max, text.end > text.start { fields.host = (text, rank) }
    case (.source, .string):
      let text = try cursor.text()
      if rank <= fields.source?.rank ?? .max { fields.source = (text, rank) }
    case (.transport, .string):
      let text = try cursor.text()
      fields.isKernel = cursor.equals(text, "kernel")
    case (.host, .array), (.source, .array):
      // A field that the journal holds several times: the first of them.
      try cursor.beginArray()
      var isFirst = true
      var count = 0
      while try cursor.nextElement(&isFirst) {
        count += 1
        guard count == 1, try cursor.kind() == .string else {
          try cursor.skipValue()
          continue
        }
        let text = try cursor.text()
        if role == .host { fields.host = (text, rank) } else { fields.source = (text, rank) }
      }
    default: try cursor.skipValue()
    }
  }

  private func time(_ text: UnsafeRawBufferPointer, _ role: JSONLogDialect.Role) -> RecordTime? {
    if role == .microseconds {
      guard let value = parseInteger(text), value.magnitude < 1 << 62 else { return nil }
      return .absolute(value / 1000)
    }
    return parseLogTime(text, zone: zone)
  }

  private func byteArray(_ cursor: inout JSONCursor) throws(JSONFault) -> [UInt8] {
    var bytes: [UInt8] = []
    var isFirst = true
    try cursor.beginArray()
    while try cursor.nextElement(&isFirst) {
      let at = cursor.at
      // A message that came several times, as texts: they are its lines.
      if try cursor.kind() == .string {
        if !bytes.isEmpty { bytes.append(0x0A) }
        cursor.append(try cursor.text(), to: &bytes)
        continue
      }
      guard let value = parseInteger(try cursor.number()), 0...255 ~= value else {
        throw JSONFault(offset: at, expected: "a byte")
      }
      bytes.append(UInt8(value))
    }
    return bytes
  }
}

/// What a text meant when it came last.
private struct Remembered<Meaning> {
  private var text: [UInt8] = []
  private var meaning: Meaning?

  private func isLast(_ new: UnsafeRawBufferPointer) -> Bool {
    text.count == new.count && text.withUnsafeBytes { memcmp($0.baseAddress!, new.baseAddress!, new.count) } == 0
  }

  /// - Returns: `nil` for another text than the last one.
  func meaning(of new: UnsafeRawBufferPointer) -> Meaning? { isLast(new) ? meaning : nil }

  mutating func remember(_ new: UnsafeRawBufferPointer, _ found: Meaning) {
    if isLast(new) { return }
    text.removeAll(keepingCapacity: true)
    text.append(contentsOf: new)
    meaning = found
  }
}

/// The bytes that a string stands for.
private func withText<R>(of text: JSONText, _ cursor: JSONCursor, _ body: (UnsafeRawBufferPointer) -> R) -> R {
  if !text.hasEscapes { return body(cursor.rawBytes(text)) }
  var decoded: [UInt8] = []
  cursor.append(text, to: &decoded)
  return decoded.withUnsafeBytes(body)
}

/// Whose names the members of a log's objects bear.
enum JSONLogDialect: String {
  case journal = "journal json"
  case docker = "docker json log"
  case other = "json log"

  enum Role { case microseconds, time, message, host, source, transport }

  /// - Returns: What a member says, and how good it is at that, 0 the best; `nil` for one that is of no interest.
  func role(of key: UnsafeRawBufferPointer) -> (Role, Int)? {
    switch self {
    case .journal:
      if key.elementsEqual("__REALTIME_TIMESTAMP".utf8) { return (.microseconds, 0) }
      if key.elementsEqual("MESSAGE".utf8) { return (.message, 0) }
      if key.elementsEqual("_HOSTNAME".utf8) { return (.host, 0) }
      if key.elementsEqual("SYSLOG_IDENTIFIER".utf8) { return (.source, 0) }
      if key.elementsEqual("_COMM".utf8) { return (.source, 1) }
      if key.elementsEqual("_TRANSPORT".utf8) { return (.transport, 0) }
      return nil
    case .docker:
      if key.elementsEqual("time".utf8) { return (.time, 0) }
      if key.elementsEqual("log".utf8) { return (.message, 0) }
      return nil
    case .other:
      guard key.count <= 12, let known = otherKeys[String(decoding: key, as: UTF8.self).lowercased()] else {
        return nil
      }
      return known
    }
  }
}

private let otherKeys: [String: (JSONLogDialect.Role, Int)] = [
  "time": (.time, 0), "timestamp": (.time, 0), "@timestamp": (.time, 0), "ts": (.time, 1), "datetime": (.time, 1),
  "message": (.message, 0), "msg": (.message, 0), "log": (.message, 1), "body": (.message, 2), "text": (.message, 2),
  "instance": (.host, 0), "hostname": (.host, 1), "host": (.host, 1), "node": (.host, 2),
  "source": (.source, 0), "app": (.source, 1), "service": (.source, 1), "program": (.source, 1), "logger": (.source, 2),
]
