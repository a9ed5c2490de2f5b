import CriteriaEngine
import Testing

@Suite("what a line must hold for a pattern to match")
struct RequirementTests {
  /// As text: literals as they are, sets in brackets, alternatives sorted.
  private func text(_ pattern: String, utf: Bool = false) -> String {
    let analysis = PatternAnalysis(pattern, utf: utf)
    guard let requirement = analysis.requirement else { return "-" }
    let sequences = requirement.sequences.map { sequence in
      sequence.sets.map { set -> String in
        if set.count == 1 { return String(decoding: set.bytes, as: UTF8.self) }
        if set.maskedValue?.mask == 0xDF { return "<\(String(decoding: set.bytes.suffix(1), as: UTF8.self))>" }
        return set == .digits ? "<0>" : "<..>"
      }.joined()
    }
    return (analysis.isWhole ? "=" : "") + sequences.sorted().joined(separator: "|")
  }

  @Test(
    "is found from its syntax",
    arguments: [
      (#"Out of memory"#, "=Out of memory"),
      (#"Killed process \d+ (.+) total-vm:\d+kB"#, "Killed process "),
      (#"EXT4-fs error .*"#, "EXT4-fs error "),
      (#"a\.b\[c\]"#, "=a.b[c]"),
      (#"\Qa.b*\Ec"#, "=a.b*c"),
      (#"panic|segfault|core dumped"#, "=core dumped|panic|segfault"),
      (#"(?i)panic"#, "=<p><a><n><i><c>"),
      (#"a(?i)bc|error"#, "=<e><r><r><o><r>|a<b><c>"),
      (#"(?:x(?i)y)error"#, "=x<y>error"),
      (#"\b5\d\d\b"#, "=5<0><0>"),
      (#"status: [45]\d\d"#, "=status: <..><0><0>"),
      (#"\b\d{1,3}(\.\d{1,3}){3}:\d{2,5}\b"#, ".<0>.<0>:|.<0><0><0>:|<0>.<0><0>:|<0><0>.<0>:"),
      (#"(abc)+def"#, "abcdef"),
      (#"(abc)?def"#, "=abcdef|def"),
      (#"(abc)*error"#, "error"),
      (#"(?=.*fatal)."#, "fatal"),
      (#"(?<=user )(?!root)\w"#, "user "),
      (#"x{3}"#, "=xxx"),
      (#"NIC (Copper )?Link is Down"#, "=NIC Copper Link is Down|NIC Link is Down"),
      (#"(?x) NIC \s+ Link  # a comment"#, "NIC"),
      (#"[[:alpha:]]error"#, "=<..>error"),
      (#"error$"#, "error"),
      (#"foo\Kerror"#, "fooerror"),
      (#"\x45\x52\x52\x4f\x52"#, "=ERROR"),
      (#"(\w+) \1"#, "-"),
      (#"e"#, "-"),
      (#""#, "-"),
      (#"error|x*"#, "-"),
      (#"error|"#, "-"),
      (#"(*COMMIT)error"#, "-"),
      (#"(error(*ACCEPT)never)"#, "-"),
      (#"(?(?=x)error|failure)"#, "-"),
      (#"(?C1)error"#, "-"),
      (#"error{,3}"#, "-"),
      (#"a\nb"#, "="),
    ])
  func requirement(_ pattern: String, _ expected: String) throws {
    #expect(text(pattern) == expected)
    // Only of what PCRE2 takes too.
    _ = try Regex(pattern: pattern)
  }

  @Test("in characters, letters that others fold to are not required")
  func folding() throws {
    #expect(!text("(?i)disk", utf: true).contains("<k>"))
    let required = PatternAnalysis("dísk", utf: true).requirement
    #expect(required?.sequences.map { $0.sets.flatMap(\.bytes) } == [Array("dísk".utf8)])
    let regex = try Regex(pattern: "(?i)disk panel", utf: true)
    let line = "di\u{17F}\u{212A} panel"
    #expect(RegexScanner().search(regex, in: line) == .match)
    #expect(LogMatcher([.init(regex)]).search(0, in: line) == .match)
  }

  @Test("a line that PCRE2 matches passes, and a pattern that is all text is its requirement", arguments: 0..<8)
  func randomPatterns(seed: UInt64) throws {
    var random = RandomPatterns(seed: seed + 1)
    let scanner = RegexScanner()
    var compiled = 0
    var matches = 0
    var required = 0
    var whole = 0
    for _ in 0..<1000 {
      let pattern = random.pattern()
      let utf = random.dice.chance(20)
      guard let regex = try? Regex(pattern: pattern, utf: utf, limits: .steps(10_000)) else { continue }
      compiled += 1
      let analysis = regex.analysis
      if analysis.requirement != nil { required += 1 }
      if analysis.isWhole { whole += 1 }
      let matcher = LogMatcher([.init(regex)], scanner: scanner)
      let parsed = try? PatternParser.parse(pattern, utf: utf)
      for _ in 0..<8 {
        let subject =
          parsed.map { random.dice.chance(70) ? random.sample(of: $0.root) : random.line() } ?? random.line()
        subject.withUnsafeBytes { line in
          let expected = scanner.search(regex, in: line)
          let span = expected == .match ? scanner.matchedRange : nil
          if expected == .match { matches += 1 }
          let passes = analysis.requirement.map { $0.firstOccurrence(in: line) != nil } ?? true
          let shown = String(decoding: subject, as: UTF8.self).debugDescription
          if expected == .match { #expect(passes, "\(pattern.debugDescription) matches \(shown)") }
          if analysis.isWhole, expected != .limit {
            #expect(passes == (expected == .match), "\(pattern.debugDescription) is all text, in \(shown)")
          }
          // From where it begins to be searched, it finds the same.
          let found = matcher.search(0, in: line)
          if expected != .limit { #expect(found == expected, "\(pattern.debugDescription) in \(shown)") }
          if found == .match, expected == .match, !analysis.isWhole {
            #expect(scanner.matchedRange == span, "\(pattern.debugDescription) in \(shown)")
          }
        }
      }
    }
    #expect(compiled > 500)
    #expect(matches > 1000)
    #expect(required > 100)
    #expect(whole > 30)
  }
}

extension LogMatcher {
  func search(_ pattern: Int, in subject: String) -> MatchOutcome {
    var subject = subject
    return subject.withUTF8 { search(pattern, in: UnsafeRawBufferPointer($0)) }
  }
}
