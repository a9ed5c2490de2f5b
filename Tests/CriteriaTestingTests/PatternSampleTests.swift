import Testing

@testable import CriteriaTesting

@Suite("Lines that patterns match")
struct PatternSampleTests {
  @Test(
    "the first alternative, without what is optional",
    arguments: [
      ("Killed process \\d+ \\((?<comm>[^)]+)\\)", "Killed process 1 (x)"), ("^Accepted \\w+ for ", "Accepted x for "),
      ("I/O error, dev (?<dev>\\w+)", "I/O error, dev x"), ("a(?:b|c)?d{3}", "addd"), ("(?i)panic", "panic"),
      ("NVRM: Xid \\((?<pci>[^)]+)\\): (?<xid>48|64),", "NVRM: Xid (x): 48,"), ("foo|bar", "foo"),
    ])
  func samples(pattern: String, line: String) { #expect(sampleLine(of: pattern) == line) }

  @Test("what it cannot do it says", arguments: ["(a)\\1b(?=c)", "x*"])
  func refusals(pattern: String) { #expect(sampleLine(of: pattern) == nil) }
}
