import Glibc

/// What the newest header of a plain log says. A line without one takes its time, host and source over; before the first
/// header, those of the first that is found within 64 KiB.
struct PlainLogState {
  private(set) var style: LogHeaderStyle
  /// How the summary calls what was found.
  let format: String
  private(set) var namesSources = false
  private(set) var hosts = ByteTable()
  var lastBoot: Int64 { boots.last }
  private var boots = BootScale()
  private let sources: SourceNames
  /// All lines are of this source, whatever their tags; `nil`: the tag, else `defaultSource`.
  private let isSourceForced: Bool
  private let defaultSource: Int?
  /// Of the newest header.
  var time: RecordTime
  var host: Int?
  var source: Int?

  /// - Parameters:
  ///   - head: The first bytes of the log.
  ///   - source: The source of all lines, if it was said.
  ///   - defaultSource: The source of lines without a tag.
  ///   - zone: Milliseconds east of UTC, for times that do not say.
  init(
    _ head: UnsafeRawBufferPointer, source: String?, defaultSource: String, zone: Int64, sources: SourceNames
  ) {
    self.sources = sources
    isSourceForced = source != nil
    self.defaultSource = sources.look(up: source ?? defaultSource)
    self.source = self.defaultSource
    let first: [UInt8]?
    (style, time, first, format) = Self.examine(head, zone: zone)
    host = first.map { name in name.withUnsafeBytes { hosts.intern($0) } }
  }

  static let headSize = 1 << 16

  /// Decides from the first lines how headers are read, and which time and host the lines before the first header have.
  private static func examine(
    _ head: UnsafeRawBufferPointer, zone: Int64
  ) -> (LogHeaderStyle, RecordTime, host: [UInt8]?, format: String) {
    var style = LogHeaderStyle(zone: zone)
    var first: (header: LogHeader, host: [UInt8]?)?
    var forms: [LogHeader.Form: Int] = [:]
    var isoTags = 0
    for var part in head.split(separator: 0x0A) {
      if part.starts(with: "\u{FEFF}".utf8) { part = part.dropFirst(3) }
      let line = UnsafeRawBufferPointer(rebasing: part)
      guard let header = style.parse(line) else { continue }
      forms[header.form, default: 0] += 1
      if header.form == .iso, header.tag != nil { isoTags += 1 }
      if first == nil { first = (header, header.host.map { Array(line[$0]) }) }
    }
    // Programs' own messages look like host and tag now and then; a syslog daemon writes them on all lines.
    style.hasISOTags = isoTags > 0 && isoTags * 10 >= forms[.iso, default: 0] * 9
    let host = first.flatMap { $0.header.form != .iso || style.hasISOTags ? $0.host : nil }
    let names = forms.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map(\.key.rawValue)
    let format = names.isEmpty ? "no times" : names.joined(separator: ", ")
    return (style, first?.header.time ?? .unknown, host, "plain log, " + format)
  }

  /// Takes a line's header in.
  ///
  /// - Returns: `nil` if it has none.
  mutating func take(_ line: UnsafeRawBufferPointer) -> LogHeader? {
    guard let header = style.parse(line) else { return nil }
    time = boots.place(header.time)
    host = header.host.map { hosts.intern(UnsafeRawBufferPointer(rebasing: line[$0])) }
    if header.tag != nil { namesSources = true }
    if isSourceForced {
      source = defaultSource
    } else {
      source = header.tag.map { sources.look(up: UnsafeRawBufferPointer(rebasing: line[$0])) } ?? defaultSource
    }
    return header
  }
}

/// Plain log files: RFC 3164 and 5424, ISO 8601, kernel seconds, ctime in brackets, or no time at all.
///
/// A file that has no header within its first 64 KiB has no times.
package struct PlainLogReader: LogReader {
  package var namesSources: Bool { state.namesSources }
  package var hosts: ByteTable { state.hosts }
  package private(set) var counts = ReadCounts()
  package private(set) var problems: ProblemLog
  package var format: String { state.format }
  package var lastBoot: Int64 { state.lastBoot }
  private let lines: LineStream
  private var state: PlainLogState

  /// - Parameters:
  ///   - source: The source of all lines, if it was said.
  ///   - defaultSource: The source of lines without a tag.
  ///   - zone: Milliseconds east of UTC, for times that do not say.
  package init(
    _ lines: LineStream, source: String?, defaultSource: String, zone: Int64 = 0, sources: SourceNames,
    problemLimit: Int = 100
  ) {
    self.lines = lines
    problems = ProblemLog(limit: problemLimit)
    state = PlainLogState(
      lines.peek(PlainLogState.headSize), source: source, defaultSource: defaultSource, zone: zone, sources: sources)
  }

  package mutating func next(into batch: inout LogBatch) -> Bool {
    batch.removeAll()
    switch lines.step(&counts, &problems) {
    case .lines(let block):
      read(block, into: &batch)
      return true
    case .refused: return true
    case nil: return false
    }
  }

  private mutating func read(_ block: UnsafeRawBufferPointer, into batch: inout LogBatch) {
    var start = 0
    while start < block.count {
      var from = block.baseAddress! + start
      let newline = memchr(from, 0x0A, block.count - start)
      var length = newline.map { UnsafeRawPointer($0) - from } ?? block.count - start
      start += length + 1
      counts.lines += 1
      if length > lines.longestLine {
        lines.refuseLongLine(&counts, &problems)
        continue
      }
      if length > 0, from.load(fromByteOffset: length - 1, as: UInt8.self) == 0x0D { length -= 1 }
      if counts.lines == 1, length >= 3, memcmp(from, "\u{FEFF}", 3) == 0 {
        from += 3
        length -= 3
      }
      if length == 0 {
        counts.comments += 1
        continue
      }
      read(line: UnsafeRawBufferPointer(start: from, count: length), into: &batch)
    }
  }

  private mutating func read(line: UnsafeRawBufferPointer, into batch: inout LogBatch) {
    let header = state.take(line)
    if header == nil { counts.continued += 1 }
    if state.source == nil { counts.unwanted += 1 } else { counts.kept += 1 }
    batch.append(
      time: state.time, source: state.source, host: state.host, line: counts.lines,
      message: UnsafeRawBufferPointer(rebasing: line[(header?.message ?? 0)...]))
  }
}
