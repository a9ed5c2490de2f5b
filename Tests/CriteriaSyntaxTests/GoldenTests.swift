import CriteriaDiagnostics
import CriteriaSyntax
import Testing

/// `diagnostics/NAME.yaml` is a faulty policy, `NAME.expected` all that is said about it. `UPDATE_GOLDENS=1` rewrites them.
@Suite("Rendered diagnostics")
struct GoldenTests {
  private static let folder = "\(packageRoot)/Tests/CriteriaSyntaxTests/diagnostics"
  private static let names = files(in: folder).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }

  @Test("a faulty policy is answered as agreed", arguments: names)
  func golden(name: String) {
    let text = SourceText(path: "\(name).yaml", bytes: contents(of: "\(Self.folder)/\(name).yaml").bytes)
    var sources = SourceMap()
    let (_, diagnostics) = parsePolicy(text, into: &sources) { path in
      .failure(FileError(path: path, reason: "no such file or directory"))
    }
    let shown = render(Diagnostics(diagnostics).sorted, in: sources)
    let path = "\(Self.folder)/\(name).expected"
    if environment("UPDATE_GOLDENS") != nil { write(shown, to: path) }
    #expect(string(contents(of: path)) == shown)
    #expect(!diagnostics.isEmpty)
  }
}

@Suite("Quoting")
struct QuotingTests {
  @Test(
    "an unquoted text that YAML misreads is mended by its quoted form",
    arguments: [
      "when: \"web\" == label.role", "when: 'web' == label.role", "when: label.a == \"x: y\"",
      "when: label.a == \"x #1\" and up > 1 # why",
      "when: [1] == up", "when: {up}", "when: > 5", "when: \"it's\" == label.a", "until: @up", "until: `up`",
      "until: %", "why: {up} is up",
      "why: {up}", "why: {count(c[5m])} kills", "why: {count(c[5m])}", "why: note: this",
      "except: [{where: up in [1, 2], because: x}]",
    ])
  func quoted(line: String) throws {
    let start =
      "version: 1\npolicy: p\nrules:\n  - rule: A\n    then: +1\n    "
      + (line.hasPrefix("when") ? "" : "when: up\n    ")
    let document = start + line + "\n"
    let (_, diagnostics, _) = parse(document)
    let fault = try #require(diagnostics.first)
    #expect(diagnostics.map(\.code) == [.unquoted])
    let fix = try #require(fault.fix)
    var bytes = Array(document.utf8)
    bytes.replaceSubrange(fix.range.start..<fix.range.end, with: fix.text.utf8)
    // What is quoted may still be no expression; but it is one text.
    let codes = parse(String(decoding: bytes, as: UTF8.self)).diagnostics.map(\.code)
    #expect(!codes.contains(.unquoted) && !codes.contains(.yamlSyntax), "\(String(decoding: bytes, as: UTF8.self))")
  }
}
