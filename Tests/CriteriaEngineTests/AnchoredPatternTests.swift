import CriteriaEngine
import Testing

@Suite("Anchored patterns")
struct AnchoredPatternTests {
  @Test(
    "an anchored pattern matches the whole subject or not at all",
    arguments: [
      ("a|b", "b", MatchOutcome.match), ("a|ab", "ab", .match), ("a|b", "ab", .noMatch), ("a", "a\n", .noMatch),
      ("", "", .match), ("", "a", .noMatch), (".*", "any", .match), ("(?x) a # not b", "a", .match),
      ("\\Qa.b", "a.b", .match), ("\\Qa.b", "axb", .noMatch), ("(*UTF)é", "é", .match), ("(*NO_JIT)ab", "ab", .match),
      ("(a+)+", String(repeating: "a", count: 2_000) + "b", .limit),
    ])
  func anchored(pattern: String, subject: String, expected: MatchOutcome) throws {
    let regex = try Regex(pattern: pattern, isAnchored: true)
    #expect(RegexScanner().search(regex, in: subject) == expected)
  }
}
