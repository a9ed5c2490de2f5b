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
