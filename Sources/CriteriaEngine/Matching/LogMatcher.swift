import CMatching
import Glibc

/// Finds which patterns match which lines of a text: what PCRE2 finds line by line, in a fraction of the time.
///
/// Of each pattern it is known what must be in a line for it to match; lines that hold nothing of the kind are never looked
/// at. A class, since its tables follow what the first lines look like: one for each thread.
///
/// Lines end with `\n`; a `\r` before it is no part of them, nor of the last line without `\n`. They hold any bytes, NUL and
/// invalid UTF-8 included. No match spans lines.
package final class LogMatcher {
  package struct Pattern: Sendable {
    package let regex: Regex
    package let analysis: PatternAnalysis

    package init(_ regex: Regex) {
      self.regex = regex
      analysis = regex.analysis
    }
  }

  /// That a pattern matches a line, or that nobody knows.
  package struct Hit: Hashable, Sendable {
    package var pattern: Int
    /// Where the line lies in the text, without its end.
    package var line: Range<Int>
    /// `.match` or `.limit`.
    package var outcome: MatchOutcome
    package init(pattern: Int, line: Range<Int>, outcome: MatchOutcome) {
      self.pattern = pattern
      self.line = line
      self.outcome = outcome
    }
  }

  package let patterns: [Pattern]
  /// PCRE2 is not asked about longer lines; whether they match is then unknown.
  package let longestLine: Int
  package let level: MatchingLevel
  /// What matched last can be read from it within `body` of `scan`.
  package let scanner: RegexScanner
  /// How many bytes are filtered before matches are confirmed: they are still in the cache then.
  private let block: Int
  private let entries: [LineFilter.Entry]
  /// Per pattern, what `confirm` needs, without counting references.
  private let confirmations: UnsafeMutableBufferPointer<Confirmation>
  /// Patterns that are searched on every line.
  private let everyLine: [Int]
  private var filter: LineFilter
  private let scratch: UnsafeMutablePointer<cm_scratch>
  /// Bytes seen until the windows are chosen anew; `nil`: they stay.
  private var untilSample: Int?

  private struct Confirmation {
    var regex: Unmanaged<Regex>  // `patterns` keeps it
    var isWhole: Bool
    var lead: Int
  }

  /// - Parameters:
  ///   - longestLine: In bytes.
  ///   - block: Whole lines of about so many bytes are dealt with at a time.
  ///   - level: Which kernels to use.
  ///   - adapts: The windows are chosen anew from the first lines. Finds the same either way.
  package init(
    _ patterns: [Pattern], longestLine: Int = 64 << 20, block: Int = 128 << 10, level: MatchingLevel = .best,
    adapts: Bool = true, scanner: RegexScanner = RegexScanner()
  ) {
    self.patterns = patterns
    self.longestLine = longestLine
    self.level = level
    self.block = max(1, min(block, 1 << 30))
    self.scanner = scanner
    var entries: [LineFilter.Entry] = []
    var everyLine: [Int] = []
    for (index, pattern) in patterns.enumerated() {
      if let requirement = pattern.analysis.requirement {
        entries += requirement.sequences.map { (index, $0) }
      } else {
        everyLine.append(index)
      }
    }
    confirmations = .allocate(capacity: patterns.count)
    for (index, pattern) in patterns.enumerated() {
      confirmations.initializeElement(
        at: index,
        to: Confirmation(
          regex: .passUnretained(pattern.regex), isWhole: pattern.analysis.isWhole,
          lead: pattern.analysis.requirement?.lead ?? Int.max))
    }
    self.entries = entries
    self.everyLine = everyLine
    filter = LineFilter(entries, level: level, traffic: .typical)
    untilSample = adapts && !entries.isEmpty ? 0 : nil
    scratch = .allocate(capacity: 1)
    scratch.initialize(to: cm_scratch())
    scratch.pointee.last = .allocate(capacity: max(1, patterns.count))
    scratch.pointee.last.initialize(repeating: 0, count: max(1, patterns.count))
  }

  deinit {
    confirmations.deallocate()
    free(scratch.pointee.candidates)
    scratch.pointee.last.deallocate()
    scratch.deallocate()
  }

  /// Bytes that the filter's tables take.
  package var memory: Int { filter.memory }

  /// Calls `body` with each hit, in order of lines, and of patterns in a line.
  ///
  /// - Parameter text: Whole lines, the last one perhaps without its end.
  /// - Complexity: No allocation per line.
  package func scan(_ text: UnsafeRawBufferPointer, _ body: (Hit) -> Void) {
    scanCandidates(text) { pattern, line, occurrence in
      let outcome = confirm(pattern, UnsafeRawBufferPointer(rebasing: text[line]), from: occurrence - line.lowerBound)
      if outcome != .noMatch { body(Hit(pattern: pattern, line: line, outcome: outcome)) }
    }
  }

  /// Searches one line, or a part of one; what matched can be read from `scanner`.
  package func search(_ pattern: Int, in subject: UnsafeRawBufferPointer) -> MatchOutcome {
    if subject.count > longestLine { return .limit }
    return scanner.search(line: subject, for: patterns[pattern].regex)
  }

  // MARK: Confirming

  /// The answer for a line, or a part of one, that holds what the pattern requires; what matched can be read from `scanner`, save
  /// of a pattern that is all text.
  ///
  /// - Parameter occurrence: Where what is required begins first in it.
  package func confirm(_ index: Int, _ subject: UnsafeRawBufferPointer, from occurrence: Int) -> MatchOutcome {
    let confirmation = confirmations[index]
    if confirmation.isWhole { return .match }
    if subject.count > longestLine { return .limit }
    let start = max(0, occurrence - min(occurrence, confirmation.lead))
    return confirmation.regex._withUnsafeGuaranteedRef { scanner.search($0, in: subject, from: start) }
  }

  // MARK: Finding

  /// Calls `body` with each line and pattern that may match, in order of lines, and of patterns in a line, and where what is
  /// required begins first: for readers that search only a part of a line, and ask `confirm` or `search` about it.
  package func scanCandidates(
    _ text: UnsafeRawBufferPointer, _ body: (_ pattern: Int, _ line: Range<Int>, _ occurrence: Int) -> Void
  ) {
    var start = 0
    while start < text.count {
      let end = endOfBlock(text, from: start)
      let part = UnsafeRawBufferPointer(rebasing: text[start..<end])
      adapt(to: part)
      filter.scan(part, scratch)
      let candidates = UnsafeMutableBufferPointer(start: scratch.pointee.candidates, count: scratch.pointee.count)
      Self.sort(candidates)
      if everyLine.isEmpty {
        var last: (line: UInt32, pattern: UInt32)?
        for candidate in candidates {
          // Two tables may have found the same.
          if let last, last.line == candidate.line, last.pattern == candidate.pattern { continue }
          last = (candidate.line, candidate.pattern)
          body(
            Int(candidate.pattern), start + Int(candidate.line)..<start + Int(candidate.end), start + Int(candidate.at))
        }
      } else {
        scanEveryLine(part, at: start, candidates, body)
      }
      start = end
    }
  }

  private func scanEveryLine(
    _ part: UnsafeRawBufferPointer, at start: Int, _ candidates: UnsafeMutableBufferPointer<cm_candidate>,
    _ body: (_ pattern: Int, _ line: Range<Int>, _ occurrence: Int) -> Void
  ) {
    let base = part.baseAddress!.assumingMemoryBound(to: UInt8.self)
    var next = 0
    var line = 0
    while line < part.count {
      let newline = cm_line_end(base, line, part.count)
      var end = newline
      if end > line, base[end - 1] == 0x0D { end -= 1 }
      var always = 0
      var last = -1
      while true {
        let isCandidate = next < candidates.count && Int(candidates[next].line) == line
        let candidate = isCandidate ? Int(candidates[next].pattern) : Int.max
        let other = always < everyLine.count ? everyLine[always] : Int.max
        if candidate == .max, other == .max { break }
        if candidate < other {
          if candidate != last { body(candidate, start + line..<start + end, start + Int(candidates[next].at)) }
          last = candidate
          next += 1
        } else {
          body(other, start + line..<start + end, start + line)
          always += 1
        }
      }
      line = newline + 1
    }
  }

  /// Behind the last line that fits into a block, or behind the first one if none does.
  private func endOfBlock(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard text.count - start > block else { return text.count }
    var end = start + block
    while end > start, text[end - 1] != 0x0A { end -= 1 }
    if end > start { return end }
    let base = text.baseAddress!.assumingMemoryBound(to: UInt8.self)
    return min(text.count, cm_line_end(base, start + block, text.count) + 1)
  }

  private func adapt(to part: UnsafeRawBufferPointer) {
    guard let seen = untilSample else { return }
    untilSample = seen + part.count
    guard part.count >= 16 << 10 else { return }
    filter = LineFilter(entries, level: level, traffic: Traffic(sample: part))
    untilSample = nil
  }

  /// By line, pattern, place. They come almost sorted, or as a few sorted runs.
  private static func sort(_ unsorted: UnsafeMutableBufferPointer<cm_candidate>) {
    var candidates = unsorted
    func key(_ candidate: cm_candidate) -> (UInt64, UInt32) {
      (UInt64(candidate.line) << 32 | UInt64(candidate.pattern), candidate.at)
    }
    guard var last = candidates.first.map(key) else { return }
    for index in candidates.indices.dropFirst() {
      let new = key(candidates[index])
      if new < last {
        candidates.sort { key($0) < key($1) }
        return
      }
      last = new
    }
  }
}
