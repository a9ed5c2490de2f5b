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
  var counts: ReadCounts { get }
  var problems: ProblemLog { get }
}
