import CPCRE2

/// Why a pattern does not compile, and where.
package struct RegexError: Error, Sendable {
  /// PCRE2's own words.
  package var message: String
  /// The byte of the pattern at which PCRE2 gave up.
  package var offset: Int
}

/// What searching one subject came to. A limit is neither a hit nor a miss.
package enum MatchOutcome: Sendable { case match, noMatch, limit }

/// Beyond what a search is given up: its answer is then not known.
package struct PatternLimits: Hashable, Sendable {
  /// Of PCRE2's `match_limit`.
  package var steps = 100_000
  /// Bytes of a line; patterns that can explode have a lower limit of their own.
  package var line = Int.max
  package init() {}
}

/// A compiled PCRE2 pattern: immutable, shared between fleets and threads.
///
/// JIT is always on where PCRE2 has it: JIT and interpreter count `match_limit` differently, so a policy must not meet both.
package final class Regex: @unchecked Sendable {
  package let pattern: String
  package let isUTF: Bool
  /// The names of its groups, in order of their numbers.
  package let groups: [String]
  fileprivate let code: OpaquePointer
  fileprivate let groupNumbers: [String: Int]
  fileprivate let matchLimit: UInt32
  fileprivate let hasJIT: Bool
  /// Bytes: in longer subjects it is not searched, since its time could grow beyond what `matchLimit` counts.
  package let longestSubject: Int
  /// What a subject without `\n` must hold for it to match.
  package let analysis: PatternAnalysis

  /// - Parameters:
  ///   - utf: Characters instead of bytes; invalid UTF-8 then matches nothing.
  ///   - isAnchored: It must match the whole subject. By PCRE2's options: text put around a pattern would change what
  ///     `(*…)` at its start, `(?x)` and `\Q` mean.
  ///   - limits: Before the answer is `.limit`.
  package init(
    pattern: String, utf: Bool = false, isAnchored: Bool = false, limits: PatternLimits = PatternLimits()
  ) throws(RegexError) {
    var matchLimit = limits.steps
    var error: Int32 = 0
    var offset = 0
    // `\C` splits characters; NEVER_BACKSLASH_C keeps it away in UTF mode.
    var options = utf ? PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF : 0
    if isAnchored { options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED }
    var text = pattern
    let compiled = text.withUTF8 { bytes in
      // An empty pattern has no base address.
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(bytes.count, 1)) { copy in
        for (index, byte) in bytes.enumerated() { copy[index] = byte }
        return pcre2_compile_8(copy.baseAddress, bytes.count, options, &error, &offset, nil)
      }
    }
    guard let compiled else {
      throw RegexError(message: Self.message(error), offset: min(offset, pattern.utf8.count))
    }
    // In characters, PCRE2's own way in checks the text.
    // `(*NO_JIT)` makes compiling a success that makes nothing.
    var size = 0
    let isCompiled = pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE) == 0
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_JITSIZE), &size)
    hasJIT = isCompiled && size > 0 && !utf
    let analysis =
      isAnchored
      ? PatternAnalysis() : PatternAnalysis(pattern, utf: utf, newlineIsLineFeed: Self.newlineIsLineFeed)
    self.analysis = analysis
    var backReferences: UInt32 = 0
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_BACKREFMAX), &backReferences)
    var growth = isAnchored ? .bounded : analysis.growth
    // They stand where the analysis did not get to. A condition, `(?(1)…)`, counts as one and is none.
    if growth < .references, backReferences > 0, Self.mayReferBack(pattern) { growth = .openReferences }
    // Measured: at these lengths the worst patterns take less than five milliseconds, with the default limit.
    let bound: Double
    switch growth {
    case .bounded: bound = .infinity
    case .groups: bound = (Double(matchLimit) * 12).squareRoot()
    case .runs:
      bound = (Double(matchLimit) * 30).squareRoot()
      // A step goes over many bytes.
      matchLimit = max(1, matchLimit / 4)
    case .lines:
      bound = .infinity
      matchLimit = max(1, matchLimit / 4)
    case .references: bound = (Double(matchLimit) * 1.8).squareRoot()
    case .openReferences:
      // Calls of groups are counted; of attempts at a back-reference few are.
      bound = (Double(matchLimit) * (backReferences > 0 ? 0.1 : 1.8)).squareRoot()
      // Between two steps that are counted there are many that are not.
      matchLimit = max(1, matchLimit / 10)
    }
    longestSubject = bound.isInfinite ? limits.line : min(Int(bound), limits.line)
    self.code = compiled
    self.pattern = pattern
    isUTF = utf
    self.matchLimit = UInt32(clamping: matchLimit)
    (groups, groupNumbers) = Self.readGroups(compiled)
  }

  deinit { pcre2_code_free_8(code) }

  /// Some way to write a back-reference stands in it.
  private static func mayReferBack(_ pattern: String) -> Bool {
    let bytes = Array(pattern.utf8)
    for (byte, next) in zip(bytes, bytes.dropFirst()) {
      switch (byte, next) {
      case (UInt8(ascii: "\\"), UInt8(ascii: "1")...UInt8(ascii: "9")), (UInt8(ascii: "\\"), UInt8(ascii: "g")),
        (UInt8(ascii: "\\"), UInt8(ascii: "k")), (UInt8(ascii: "P"), UInt8(ascii: "=")):
        return true
      default: continue
      }
    }
    return false
  }

  /// Bytes that PCRE2 keeps of it: the compiled pattern, and the machine code made of it.
  package var memory: (pattern: Int, machineCode: Int) {
    func size(_ what: Int32) -> Int {
      var size = 0
      pcre2_pattern_info_8(code, UInt32(what), &size)
      return size
    }
    return (size(PCRE2_INFO_SIZE), size(PCRE2_INFO_JITSIZE))
  }

  /// The number of a named group.
  package func number(of group: String) -> Int? { groupNumbers[group] }

  /// How this PCRE2 was built.
  private static let newlineIsLineFeed: Bool = {
    var newline: UInt32 = 0
    pcre2_config_8(UInt32(PCRE2_CONFIG_NEWLINE), &newline)
    return newline == UInt32(PCRE2_NEWLINE_LF)
  }()

  private static func message(_ error: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(error, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, Int(length))], as: UTF8.self)
  }

  private static func readGroups(_ code: OpaquePointer) -> ([String], [String: Int]) {
    var count: UInt32 = 0
    var entrySize: UInt32 = 0
    var table: UnsafePointer<UInt8>?
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &entrySize)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
    var numbered: [(Int, String)] = []
    if let table {
      for index in 0..<Int(count) {
        let entry = table + index * Int(entrySize)
        let number = Int(entry[0]) << 8 | Int(entry[1])
        numbered.append((number, String(cString: entry + 2)))
      }
    }
    numbered.sort { $0.0 < $1.0 }
    return (numbered.map(\.1), Dictionary(numbered.map { ($0.1, $0.0) }, uniquingKeysWith: { first, _ in first }))
  }
}

/// What one thread needs to run patterns: match data, limits, and a JIT stack, for any number of `Regex`.
///
/// The JIT's default stack of 32 KiB ends on ordinary long lines; this one grows to 1 MiB.
package final class RegexScanner {
  private let data: OpaquePointer
  private let context: OpaquePointer
  private let stack: OpaquePointer?
  /// What `context` holds.
  private var limit: UInt32?

  package init() {
    // 64 pairs: more named groups than a log pattern has; further groups are matched, not reported.
    data = pcre2_match_data_create_8(64, nil)
    context = pcre2_match_context_create_8(nil)
    stack = pcre2_jit_stack_create_8(32 << 10, 1 << 20, nil)
    pcre2_jit_stack_assign_8(context, nil, stack.map(UnsafeMutableRawPointer.init))
  }

  deinit {
    pcre2_match_data_free_8(data)
    pcre2_match_context_free_8(context)
    pcre2_jit_stack_free_8(stack)
  }

  /// Searches `subject`; captures of this call are read with `capture` before the next one.
  ///
  /// - Parameter start: No match begins before it; what lies before is still looked at, as by `\b`.
  /// - Returns: `.limit` if the match limit or the JIT stack was exhausted, or the subject is too long: the answer is not known.
  package func search(_ regex: Regex, in subject: UnsafeRawBufferPointer, from start: Int = 0) -> MatchOutcome {
    if subject.count > regex.longestSubject { return .limit }
    if regex.matchLimit != limit {
      limit = regex.matchLimit
      pcre2_set_match_limit_8(context, regex.matchLimit)
    }
    let empty: StaticString = ""
    let base = subject.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty.utf8Start
    let result =
      regex.hasJIT
      ? pcre2_jit_match_8(regex.code, base, subject.count, start, 0, data, context)
      : pcre2_match_8(regex.code, base, subject.count, start, 0, data, context)
    if result >= 0 { return .match }
    return result == PCRE2_ERROR_NOMATCH || isInvalidUTF(result) ? .noMatch : .limit
  }

  /// Searches a line, or a part of one, with the answer that a `LogMatcher` gives: where PCRE2 alone would meet its limit, what
  /// the pattern requires may still say that there is no match, or where to begin.
  package func search(line subject: UnsafeRawBufferPointer, for regex: Regex) -> MatchOutcome {
    let outcome = search(regex, in: subject)
    // Requirements are of lines.
    guard outcome == .limit, let requirement = regex.analysis.requirement, !subject.contains(0x0A) else {
      return outcome
    }
    guard let occurrence = requirement.firstOccurrence(in: subject) else { return .noMatch }
    if regex.analysis.isWhole { return .match }
    guard let lead = requirement.lead, occurrence > lead else { return outcome }
    return search(regex, in: subject, from: occurrence - lead)
  }

  package func search(_ regex: Regex, in subject: String) -> MatchOutcome {
    var subject = subject
    return subject.withUTF8 { search(regex, in: UnsafeRawBufferPointer($0)) }
  }

  /// Where in its subject the last match lies.
  ///
  /// `\K` may move its beginning, in an assertion even behind its end: then it is empty.
  package var matchedRange: Range<Int> {
    guard let vector = pcre2_get_ovector_pointer_8(data) else { return 0..<0 }
    return min(vector[0], vector[1])..<vector[1]
  }

  /// The capture of a group of the last match; `nil` if the group took no part or does not exist.
  package func capture(_ group: String, of regex: Regex, in subject: UnsafeRawBufferPointer) -> String? {
    guard let number = regex.groupNumbers[group], number < Int(pcre2_get_ovector_count_8(data)),
      let vector = pcre2_get_ovector_pointer_8(data)
    else { return nil }
    let start = vector[2 * number]
    let end = vector[2 * number + 1]
    guard start >= 0, end >= start, end <= subject.count else { return nil }
    return String(decoding: subject[start..<end], as: UTF8.self)
  }

  /// Where a group of the last match lies in its subject; `nil` if the group took no part. 0 is the whole match.
  package func range(ofGroup number: Int) -> Range<Int>? {
    guard number < Int(pcre2_get_ovector_count_8(data)), let vector = pcre2_get_ovector_pointer_8(data) else {
      return nil
    }
    let start = vector[2 * number]
    let end = vector[2 * number + 1]
    return start >= 0 && end >= start ? start..<end : nil
  }

  private func isInvalidUTF(_ result: Int32) -> Bool {
    result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21
  }
}
