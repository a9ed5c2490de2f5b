import Glibc

// What the benchmark `match` calls. `package` symbols are invisible to other packages.

/// Patterns over a text of lines, by the matcher and the plain way.
@_spi(Internals) public final class MatchingBenchmark {
  /// A pattern that does not compile.
  public struct InvalidPattern: Error {
    public let pattern: String
    public let message: String
  }

  private let regexes: [Regex]
  private var matcher: LogMatcher

  /// The kernels that this machine has, the quickest last.
  public static var levels: [String] { MatchingLevel.available.map { "\($0)" } }

  /// - Parameters:
  ///   - level: One of `levels`; `nil`: the quickest.
  ///   - steps: PCRE2's match limit; `nil`: as policies have it.
  public init(_ patterns: [String], level: String? = nil, steps: Int? = nil) throws {
    var limits = PatternLimits()
    if let steps { limits.steps = steps }
    regexes = try patterns.map { pattern in
      do {
        return try Regex(pattern: pattern, limits: limits)
      } catch let error as RegexError {
        throw InvalidPattern(pattern: pattern, message: error.message)
      }
    }
    let kernel = MatchingLevel.available.first { "\($0)" == level } ?? .best
    matcher = LogMatcher(regexes.map { .init($0) }, level: kernel)
  }

  public var level: String { "\(matcher.level)" }
  /// How each pattern is searched for.
  public var classes: [String] { regexes.map { $0.analysis.patternClass.rawValue } }
  /// The longest line that each is searched in.
  public var longestSubjects: [Int] { regexes.map(\.longestSubject) }
  /// Bytes that PCRE2's compiled patterns take.
  public var patternBytes: Int { regexes.reduce(0) { $0 + $1.memory.pattern } }
  /// Bytes of the machine code made of them.
  public var machineCodeBytes: Int { regexes.reduce(0) { $0 + $1.memory.machineCode } }
  /// Bytes that the filter's tables take, without what PCRE2 takes.
  public var tableBytes: Int { matcher.memory }

  /// Lines on which each pattern matches; those at a limit are in `limits`.
  public func hits(in text: UnsafeRawBufferPointer) -> (counts: [Int], limits: Int) {
    var counts = [Int](repeating: 0, count: regexes.count)
    var limits = 0
    counts.withUnsafeMutableBufferPointer { counts in
      matcher.scan(text) { hit in
        if hit.outcome == .match { counts[hit.pattern] += 1 } else { limits += 1 }
      }
    }
    return (counts, limits)
  }

  /// Lines that the filter lets through, by pattern.
  public func candidates(in text: UnsafeRawBufferPointer) -> [Int] {
    var counts = [Int](repeating: 0, count: regexes.count)
    matcher.scanCandidates(text) { pattern, _, _ in counts[pattern] += 1 }
    return counts
  }

  /// The same as `hits`, each pattern on each line.
  public func naiveHits(in text: UnsafeRawBufferPointer) -> (counts: [Int], limits: Int) {
    let scanner = RegexScanner()
    var counts = [Int](repeating: 0, count: regexes.count)
    var limits = 0
    var start = 0
    while start < text.count {
      let newline = memchr(text.baseAddress! + start, 0x0A, text.count - start)
      let end = newline.map { UnsafeRawPointer($0) - text.baseAddress! } ?? text.count
      let length = end > start && text[end - 1] == 0x0D ? end - start - 1 : end - start
      let line = UnsafeRawBufferPointer(start: text.baseAddress! + start, count: length)
      for index in regexes.indices {
        switch scanner.search(regexes[index], in: line) {
        case .match: counts[index] += 1
        case .limit: limits += 1
        case .noMatch: break
        }
      }
      start = end + 1
    }
    return (counts, limits)
  }
}
