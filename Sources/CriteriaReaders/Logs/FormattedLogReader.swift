import CriteriaEngine

/// Logs whose lines the user describes by a regular expression.
///
/// A line that the expression does not match goes with the line before it, as a stack trace does; before the first that
/// matches, it is refused. A line whose `time` is no time is refused.
///
/// - Complexity: One search per line.
struct FormattedLogReader: LogReader {
  private(set) var namesSources = false
  private(set) var hosts = ByteTable()
  private(set) var counts = ReadCounts()
  private(set) var problems: ProblemLog
  var format: String { "log format `\(layout.pattern)`" }
  var lastBoot: Int64 { boots.last }
  private var boots = BootScale()
  private let lines: LineStream
  private let layout: LogFormat
  private let scanner = RegexScanner()
  private let zone: Int64
  private let sources: SourceNames
  private let isSourceForced: Bool
  private let defaultSource: Int?
  /// Of the newest line that matched.
  private var newest: (time: RecordTime, host: Int?, source: Int?)?

  /// The parameters are those of `PlainLogReader`.
  init(
    _ lines: LineStream, layout: LogFormat, source: String?, defaultSource: String, zone: Int64, sources: SourceNames,
    problemLimit: Int
  ) {
    self.lines = lines
    self.layout = layout
    self.zone = zone
    self.sources = sources
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
    if line.isEmpty {
      counts.comments += 1
      return
    }
    var message = 0..<line.count
    switch scanner.search(layout.regex, in: line) {
    case .match:
      guard let time = time(in: line) else { return }
      newest = (boots.place(time), host(in: line), source(in: line))
      message = group(layout.message) ?? (scanner.range(ofGroup: 0)!.upperBound..<line.count)
    case .noMatch:
      guard newest != nil else {
        refuse(.syntax, column: 0, "expected a line that `--log-format` matches, found \(excerpt(line))")
        return
      }
      counts.continued += 1
    case .limit:
      refuse(.syntax, column: 0, "`--log-format` needs too many steps on this line")
      return
    }
    guard let newest else { return }
    if newest.source == nil { counts.unwanted += 1 } else { counts.kept += 1 }
    batch.append(
      time: newest.time, source: newest.source, host: newest.host, line: counts.lines,
      message: UnsafeRawBufferPointer(rebasing: line[message]))
  }

  private func group(_ number: Int?) -> Range<Int>? { number.flatMap { scanner.range(ofGroup: $0) } }

  private mutating func time(in line: UnsafeRawBufferPointer) -> RecordTime? {
    guard let range = group(layout.time) else { return .unknown }
    if let time = parseLogTime(UnsafeRawBufferPointer(rebasing: line[range]), zone: zone) { return time }
    let column = line[..<range.lowerBound].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    refuse(.time, column: column, "expected a time in the group `time`, found \(excerpt(line[range]))")
    return nil
  }

  private mutating func host(in line: UnsafeRawBufferPointer) -> Int? {
    guard let range = group(layout.instance), !range.isEmpty else { return nil }
    return hosts.intern(UnsafeRawBufferPointer(rebasing: line[range]))
  }

  private mutating func source(in line: UnsafeRawBufferPointer) -> Int? {
    guard let range = group(layout.source), !range.isEmpty else { return defaultSource }
    namesSources = true
    return isSourceForced ? defaultSource : sources.look(up: UnsafeRawBufferPointer(rebasing: line[range]))
  }

  private mutating func refuse(_ kind: InputProblem.Kind, column: Int, _ message: @autoclosure () -> String) {
    counts.refused += 1
    let (file, line) = (lines.bytes.name, counts.lines)
    problems.add(kind) { InputProblem(kind, file: file, line: line, column: column, message()) }
  }
}
