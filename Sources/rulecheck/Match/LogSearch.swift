import CriteriaEngine
import CriteriaReaders

/// Searches logs for the patterns of a policy.
struct LogSearch {
  struct Signal {
    var name: String
    var pattern: Program.LogPattern
  }

  /// A line that a pattern matches, its message in three parts.
  struct Hit {
    var path: String
    var line: Int
    var signal: String
    var before: String
    var match: String
    var after: String
    /// Whether it matches is not known; the message is in `before`.
    var isLimit: Bool
  }

  let signals: [Signal]
  private(set) var totals: [(hits: Int, limits: Int)]
  private(set) var lines = 0
  private(set) var bytes = 0
  private(set) var problems = ProblemLog(limit: 100)
  private let matcher: LogMatcher
  private let sources: SourceNames
  private let anySource: Bool
  /// By source: which signals read it.
  private var readers: [[Bool]] = []

  init(signals: [Signal], anySource: Bool) {
    self.signals = signals
    self.anySource = anySource
    totals = signals.map { _ in (0, 0) }
    matcher = LogMatcher(signals.map { .init($0.pattern.regex) })
    sources = SourceNames(wanted: anySource ? nil : signals.flatMap(\.pattern.sources))
  }

  /// Reads one file and calls `body` with its hits, in order of lines.
  mutating func read(_ spec: InputSpec, _ options: InputOptions, _ body: (Hit) throws -> Void) throws {
    let stream = try ByteStream(opening: spec.path, chunk: options.chunk)
    let lineStream = LineStream(stream, chunk: options.chunk, longestLine: options.longestLine)
    var reader = logReader(
      lineStream, source: spec.source, defaultSource: spec.baseName ?? "stdin", zone: options.zone, sources: sources,
      layouts: options.logFormats)
    var batch = LogBatch()
    var found: [(record: Int, hit: LogBatch.Hit)] = []
    while reader.next(into: &batch) {
      found.removeAll(keepingCapacity: true)
      batch.scan(with: matcher) { found.append((record: $0.record, hit: $0)) }
      for (index, hit) in found {
        let record = batch.records[index]
        guard let source = record.source, isRead(source, by: hit.pattern) else { continue }
        if hit.outcome == .match { totals[hit.pattern].hits += 1 } else { totals[hit.pattern].limits += 1 }
        try body(shown(hit, record, batch, spec.path))
      }
    }
    lines += reader.counts.lines
    bytes += stream.bytesRead
    problems.add(contentsOf: reader.problems)
  }

  private mutating func isRead(_ source: Int, by pattern: Int) -> Bool {
    while readers.count <= source {
      let name = sources.name(readers.count)
      readers.append(signals.map { anySource || $0.pattern.reads(name) })
    }
    return readers[source][pattern]
  }

  private func shown(_ hit: LogBatch.Hit, _ record: LogBatch.Record, _ batch: LogBatch, _ path: String) -> Hit {
    batch.withMessage(of: record) { message in
      func text(_ range: Range<Int>) -> String { String(decoding: message[range], as: UTF8.self) }
      var match = message.count..<message.count
      if hit.outcome == .match, matcher.scanner.search(signals[hit.pattern].pattern.regex, in: message) == .match {
        match = matcher.scanner.matchedRange
      }
      return Hit(
        path: path, line: record.line, signal: signals[hit.pattern].name, before: text(0..<match.lowerBound),
        match: text(match), after: text(match.upperBound..<message.count), isLimit: hit.outcome == .limit)
    }
  }
}
