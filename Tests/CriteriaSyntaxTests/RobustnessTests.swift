import CriteriaDiagnostics
import CriteriaSyntax
import Testing

/// Whatever comes in, nothing traps, and what is reported lies inside the text.
@Suite("Hostile input")
struct RobustnessTests {
  private static let pieces = [
    "version: 1\n", "policy: p\n", "signals:\n", "  a: {gauge: x", ", unit: percent}\n", "rules:\n", "  - rule: A\n",
    "    when: ",
    "up", "avg(up[5m])", " > ", "90%", " and ", "not ", "(", ")", "[", "]", "{", "}", "\"", "'", "\\", "\n", "\r\n",
    "\t", "  ", "- ",
    ": ", "&a ", "*a", "!!str ", "|\n", ">2-\n", "# ", "%", "1e999", "99999999999999999999d", "0.", ".5", "1h30m", "日本",
    "🚀", "\u{2028}",
    "\u{FEFF}", "\0", "---\n", "...\n", "then: +1\n", "why: \"{x}\"", "{{", "in [", "=~", "a.b", "[5m]",
    "expires: 2026-12-31", "?", "`", "@",
    "<<: *a\n", "by: [", "log: [a, b]\n", "match: '(?<x>'\n", "ignore: '< 0'", "step: 0.0000001ms\n", "watch: 1e308\n",
    "-", "+",
  ]

  private func text(_ random: inout Seeded) -> [UInt8] {
    var bytes: [UInt8] = []
    switch Int.random(in: 0..<4, using: &random) {
    case 0: bytes = (0..<Int.random(in: 0..<80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    case 1:
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        bytes += Array(Self.pieces.randomElement(using: &random)!.utf8)
      }
    case 2:
      // A good policy with a few bytes changed, taken out or put in.
      bytes = Array(PolicyTests.everything.utf8)
      for _ in 0..<Int.random(in: 1..<6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1..<20, using: &random)))
        default: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random)!.utf8, at: place)
        }
        if bytes.isEmpty { break }
      }
    default:
      bytes = Array("version: 1\npolicy: p\nrules:\n  - rule: A\n    then: +1\n    when: ".utf8)
      for _ in 0..<Int.random(in: 0..<15, using: &random) {
        bytes += Array(Self.pieces.randomElement(using: &random)!.utf8)
      }
    }
    return bytes
  }

  @Test("random bytes and broken policies are answered, not trapped on", arguments: 0..<16)
  func randomTexts(seed: Int) {
    var random = Seeded(UInt64(seed) &* 991)
    for _ in 0..<250 {
      let bytes = text(&random)
      var sources = SourceMap()
      let (file, diagnostics) = parsePolicy(SourceText(path: "x", bytes: bytes), into: &sources) { path in
        .failure(FileError(path: path, reason: "none"))
      }
      #expect(file != nil || !diagnostics.isEmpty)
      for diagnostic in diagnostics {
        for range in [diagnostic.range, diagnostic.fix?.range].compactMap(\.self) + diagnostic.labels.map(\.range) {
          #expect(0 <= range.start && range.start <= range.end && range.end <= bytes.count)
        }
      }
      #expect(render(diagnostics, in: sources).isEmpty == diagnostics.isEmpty)
      _ = yamlEvents(SourceText(path: "x", bytes: bytes), as: SourceID(index: 0))
      let text = SourceText(path: "x", bytes: bytes)
      let (expression, faults) = parseExpression(ExpressionText(text, as: SourceID(index: 0)))
      #expect((expression == nil) == !faults.isEmpty)
    }
  }

  @Test(
    "numbers beyond all bounds are refused",
    arguments: [
      "replace: 1e999", "watch: 99999999999999999999999", "replace: -1", "watch: 0", "replace: nan", "replace: 0x10",
      "step: 99999999999999999999d",
      "step: -5m", "step: 0.5ms", "step: 5", "step: 1h30m", "max_lateness: 36526d", "version: 2", "version: 1.0",
      "replace: 1_000", "step: ''",
    ])
  func bounds(line: String) {
    let (file, diagnostics, _) = parse("version: 1\npolicy: p\n\(line)\nrules: []\n")
    #expect(file != nil)
    #expect(!diagnostics.filter { $0.code != .emptyValue || line.hasSuffix("''") }.isEmpty)
  }
}
