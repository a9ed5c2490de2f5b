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

  /// What one log came to.
  struct Outcome {
    /// Of each signal: lines that match, and lines at the match limit.
    var totals: [(hits: Int, limits: Int)]
    var lines = 0
    var bytes = 0
    var problems = ProblemLog(limit: 100)

    init(signals: Int) { totals = Array(repeating: (0, 0), count: signals) }

    mutating func add(_ other: Outcome) {
      for index in totals.indices {
        totals[index].hits += other.totals[index].hits
        totals[index].limits += other.totals[index].limits
      }
      lines += other.lines
      bytes += other.bytes
      problems.add(contentsOf: other.problems)
    }
  }

  let signals: [Signal]
  private let matcher: LogMatcher
  private let sources: SourceNames
  private let anySource: Bool
  /// By source: which signals read it.
  private var readers: [[Bool]] = []

  init(signals: [Signal], anySource: Bool) {
    self.signals = signals
    self.anySource = anySource
    matcher = LogMatcher(signals.map { .init($0.pattern.regex) })
    sources = SourceNames(wanted: anySource ? nil : signals.flatMap(\.pattern.sources))
  }

  /// Reads one file and calls `body` with its hits, in order of lines.
  mutating func read(_ spec: InputSpec, _ options: InputOptions, _ body: (Hit) throws -> Void) throws -> Outcome {
    var outcome = Outcome(signals: signals.count)
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
        if hit.outcome == .match {
          outcome.totals[hit.pattern].hits += 1
        } else {
          outcome.totals[hit.pattern].limits += 1
        }
        try body(shown(hit, record, batch, spec.path))
      }
    }
    outcome.lines = reader.counts.lines
    outcome.bytes = stream.bytesRead
    outcome.problems.add(contentsOf: reader.problems)
    return outcome
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
