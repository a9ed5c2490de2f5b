package import CriteriaEngine
import Glibc

/// Searches a plain log for patterns: headers are read of lines that a pattern may match, and of those that are unlike the lines
/// before them.
///
/// It finds what `PlainLogReader` and `LogBatch.scan` find.
package struct PlainLogSearch {
  /// A line that a pattern matches, or may: for all that is known of the pattern, its source is another matter.
  package struct Hit {
    /// From 1.
    package var line: Int
    package var source: Int
    /// Valid until `next` goes on.
    package var message: UnsafeRawBufferPointer
    package var pattern: Int
    /// `.match` or `.limit`.
    package var outcome: MatchOutcome
  }

  package private(set) var counts = ReadCounts()
  package private(set) var problems = ProblemLog(limit: 100)
  private let lines: LineStream
  private let matcher: LogMatcher
  private var state: PlainLogState
  private let known = KnownHeaders(step: nil)
  private var candidates: [(line: Int, pattern: Int, occurrence: Int)] = []
  /// Lines are gone by that have a known header. In a log where every line has another one that costs more than to read them.
  private var goesBy = true
  /// Blocks until it is tried again.
  private var untilGoingBy = 0
  private var linesRead = 0

  /// - Parameters:
  ///   - source: The source of all lines, if it was said.
  ///   - defaultSource: The source of lines without a tag.
  ///   - zone: Milliseconds east of UTC, for times that do not say.
  ///   - layouts: What the user said of how lines are laid out.
  /// - Returns: `nil`: the log is no plain one.
  package init?(
    _ lines: LineStream, for matcher: LogMatcher, source: String?, defaultSource: String, zone: Int64,
    sources: SourceNames, layouts: [LogFormat]
  ) {
    guard (recogniseLog(Head(of: lines), layouts: layouts)?.kind ?? .plain) == .plain else { return nil }
    self.lines = lines
    self.matcher = matcher
    state = PlainLogState(
      lines.peek(PlainLogState.headSize), source: source, defaultSource: defaultSource, zone: zone, sources: sources)
  }

  /// Searches the next lines, and calls `body` with each hit: in order of lines, and of patterns in a line.
  ///
  /// - Returns: False at the end.
  package mutating func next(_ body: (Hit) throws -> Void) rethrows -> Bool {
    switch lines.step(&counts, &problems) {
    case .lines(let block):
      try search(block, body)
      return true
    case .refused: return true
    case nil: return false
    }
  }

  private mutating func search(_ block: UnsafeRawBufferPointer, _ body: (Hit) throws -> Void) rethrows {
    candidates.removeAll(keepingCapacity: true)
    matcher.scanCandidates(block) { candidates.append(($1.lowerBound, $0, $2)) }
    let linesBefore = counts.lines
    linesRead = 0
    defer { choose(lines: counts.lines - linesBefore) }
    var place = 0
    var candidate = 0
    while place < block.count {
      let next = candidate < candidates.count ? candidates[candidate].line : block.count
      if goesBy, counts.lines > 0, place < next {
        place = known.goBy(block, from: place, to: next, longestLine: lines.longestLine, &counts)
        if place == block.count { break }
      }
      var end = candidate
      if place == next { while end < candidates.count, candidates[end].line == next { end += 1 } }
      place = try read(block, place, candidates[candidate..<end], body)
      candidate = end
    }
  }

  /// How the next block is searched.
  private mutating func choose(lines: Int) {
    if goesBy {
      guard linesRead > lines / 4, lines > 16 else { return }
      goesBy = false
      untilGoingBy = 16
      if let newest = known.newest { state.source = newest.meaning.source }
      known.forgetNewest()
    } else {
      untilGoingBy -= 1
      goesBy = untilGoingBy == 0
    }
  }

  private mutating func read(
    _ block: UnsafeRawBufferPointer, _ start: Int, _ candidates: ArraySlice<(line: Int, pattern: Int, occurrence: Int)>,
    _ body: (Hit) throws -> Void
  ) rethrows -> Int {
    let (range, next) = lines.line(of: block, at: start, &counts, &problems)
    guard let range else { return next }
    let line = UnsafeRawBufferPointer(rebasing: block[range])
    if let newest = known.newest { state.source = newest.meaning.source }
    let header = state.take(line)
    linesRead += 1
    if goesBy { remember(block, range.lowerBound, header) }
    guard let source = state.source else { return next }
    let begin = header?.message ?? 0
    let message = UnsafeRawBufferPointer(rebasing: line[begin...])
    func tell(_ pattern: Int, _ outcome: MatchOutcome) throws {
      if outcome == .noMatch { return }
      try body(Hit(line: counts.lines, source: source, message: message, pattern: pattern, outcome: outcome))
    }
    if beginsInWord(line, at: begin) {
      for pattern in matcher.patterns.indices { try tell(pattern, matcher.search(pattern, in: message)) }
    } else {
      for candidate in candidates {
        let occurrence = candidate.occurrence - range.lowerBound - begin
        // What is required may lie in the header only.
        try tell(
          candidate.pattern,
          occurrence >= 0
            ? matcher.confirm(candidate.pattern, message, from: occurrence)
            : matcher.search(candidate.pattern, in: message))
      }
    }
    return next
  }
}

extension PlainLogSearch {
  private func remember(_ block: UnsafeRawBufferPointer, _ place: Int, _ header: LogHeader?) {
    known.remember(
      block, place, header, .init(name: 0, host: nil, source: state.source), state.time, line: counts.lines,
      notBefore: nil, counts: false, hasISOTags: state.style.hasISOTags
    ) { _ in }
  }
}

/// Whether a message goes on in the middle of a word of its line: to patterns the word begins there.
func beginsInWord(_ line: UnsafeRawBufferPointer, at message: Int) -> Bool {
  message > 0 && message < line.count && ByteSet.word.contains(line[message - 1])
    && ByteSet.word.contains(line[message])
}
