/// One input's log lines, step by step: the seam that every log format joins. See `MetricReader`.
package protocol LogReader {
  /// Puts the next lines in place of those in `batch`: possibly none.
  ///
  /// - Returns: False when the input is at its end and nothing was added.
  mutating func next(into batch: inout LogBatch) -> Bool
  /// How the summary calls what was found.
  var format: String { get }
  /// Some line named its source itself: the file is a whole syslog rather than one stream.
  var namesSources: Bool { get }
  /// The hosts that lines name, by number.
  var hosts: ByteTable { get }
  /// Where the last boot begins on the scale of `sinceBoot`, milliseconds: not 0 if the file holds several.
  var lastBoot: Int64 { get }
  var counts: ReadCounts { get }
  var problems: ProblemLog { get }
}

/// How the lines of a log are laid out.
enum LogKind: Hashable, Sendable {
  /// Text with the headers that `PlainLogReader` knows, or without.
  case plain
  /// By one of the layouts that the user gave, by its place among them.
  case formatted(Int)
  /// A JSON object on each line.
  case json(JSONLogDialect)
}

/// Opens the reader for a log's format.
///
/// - Parameters:
///   - kind: `nil` tells it by the content.
///   - source: The source of all lines, if it was said.
///   - defaultSource: The source of lines that name none.
///   - zone: Milliseconds east of UTC, for times that do not say.
///   - layouts: What the user said of how lines are laid out.
///   - learns: Lines that are made like those before are read quicker; the same comes of it either way.
func logReader(
  _ lines: LineStream, kind: LogKind?, source: String?, defaultSource: String, zone: Int64 = 0,
  sources: SourceNames, layouts: [LogFormat] = [], problemLimit: Int = 100, learns: Bool = true
) -> any LogReader {
  switch kind ?? recogniseLog(Head(of: lines), layouts: layouts)?.kind ?? .plain {
  case .plain:
    PlainLogReader(
      lines, source: source, defaultSource: defaultSource, zone: zone, sources: sources, problemLimit: problemLimit)
  case .formatted(let index):
    FormattedLogReader(
      lines, layout: layouts[index], source: source, defaultSource: defaultSource, zone: zone, sources: sources,
      problemLimit: problemLimit)
  case .json(let dialect):
    JSONLogReader(
      lines, dialect: dialect, source: source, defaultSource: defaultSource, zone: zone, sources: sources,
      problemLimit: problemLimit, learns: learns)
  }
}

/// Opens a reader for what a log's content says that it is.
package func logReader(
  _ lines: LineStream, source: String?, defaultSource: String, zone: Int64 = 0, sources: SourceNames,
  layouts: [LogFormat] = []
) -> any LogReader {
  logReader(
    lines, kind: nil, source: source, defaultSource: defaultSource, zone: zone, sources: sources, layouts: layouts)
}
