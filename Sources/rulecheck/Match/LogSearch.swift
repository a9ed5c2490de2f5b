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

    mutating func add(_ outcome: MatchOutcome, of signal: Int) {
      if outcome == .match { totals[signal].hits += 1 } else { totals[signal].limits += 1 }
    }

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
    if var search = PlainLogSearch(
      lineStream, for: matcher, source: spec.source, defaultSource: spec.baseName ?? "stdin", zone: options.zone,
      sources: sources, layouts: options.logFormats)
    {
      while try search.next({ hit in
        guard isRead(hit.source, by: hit.pattern) else { return }
        outcome.add(hit.outcome, of: hit.pattern)
        try body(shown(hit.message, hit.line, hit.pattern, hit.outcome, spec.path))
      }) {}
      outcome.lines = search.counts.lines
      outcome.bytes = stream.bytesRead
      outcome.problems.add(contentsOf: search.problems)
      return outcome
    }
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
        outcome.add(hit.outcome, of: hit.pattern)
        let shown = batch.withMessage(of: record) { message in
          self.shown(message, record.line, hit.pattern, hit.outcome, spec.path)
        }
        try body(shown)
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

  private func shown(
    _ message: UnsafeRawBufferPointer, _ line: Int, _ pattern: Int, _ outcome: MatchOutcome, _ path: String
  ) -> Hit {
    func text(_ range: Range<Int>) -> String { String(decoding: message[range], as: UTF8.self) }
    var match = message.count..<message.count
    if outcome == .match, matcher.scanner.search(signals[pattern].pattern.regex, in: message) == .match {
      match = matcher.scanner.matchedRange
    }
    return Hit(
      path: path, line: line, signal: signals[pattern].name, before: text(0..<match.lowerBound), match: text(match),
      after: text(match.upperBound..<message.count), isLimit: outcome == .limit)
  }
}
