import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@Suite("YAML, against shared data")
struct YAMLDataTests {
  static let suite = "\(sharedData)/yaml/yaml-test-suite"
  static let bombs = "\(sharedData)/yaml/bombs"

  /// Rows of a CSV file without its header.
  private static func rows(_ path: String) -> [[String]] {
    string(contents(of: path)).split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Where libyaml 0.2.5 differs from YAML 1.2. A case that comes out right must leave this list.
  private static let deviations: Set<String> = [
    // Refused though valid: empty keys, a `:` or a tab in places where YAML 1.1 had none, bare documents after `...`,
    // comments alone, directives reserved for the future.
    "2JQS", "7Z25", "DK95-00", "DK95-03", "DK95-04", "HM87-00", "K3WX", "M2N8-00", "M7A3", "MUS6-05", "MUS6-06", "NHX8",
    "QT73", "SM9W-01", "UT92", "VJP3-01",
    // Taken though invalid: a comment without a space before it, a tab as indentation inside a quoted text, directives
    // without `...`, and broken directives.
    "9JBA", "DK95-01", "EB22", "MUS6-00", "MUS6-01",
    // Read otherwise: `[?x]`, a block text that ends with the file, an anchor with a `:`.
    "HM87-01", "JEF9-02", "Y2GN",
  ]

  @Test(
    "the verdicts and values of yaml-test-suite hold, but for libyaml's own deviations",
    .enabled(if: exists(suite), "needs ../shared"))
  func testSuite() throws {
    var wrong: Set<String> = []
    for row in Self.rows("\(Self.suite)/expected.csv") {
      let (events, fault) = yamlEvents(contents(of: "\(Self.suite)/\(row[0]).yaml"), as: SourceID(index: 0))
      var isRight = (fault == nil) == (row[1] == "valid")
      if fault == nil, row[1] == "valid", row[2] == "yes" {
        let expected = string(contents(of: "\(Self.suite)/\(row[0]).json"))
        var reader = EventValues(events)
        let ours = reader.documents()
        let theirs = jsonValues(expected)
        if ours != theirs { isRight = false }
      }
      if !isRight { wrong.insert(row[0]) }
    }
    #expect(wrong == Self.deviations)
  }

  @Test("hostile files end quickly, with the right verdict", .enabled(if: exists(bombs), "needs ../shared"))
  func hostileFiles() {
    for row in Self.rows("\(Self.bombs)/expected.csv") {
      let text = contents(of: "\(Self.bombs)/\(row[0])")
      let clock = ContinuousClock()
      var result: (node: YAMLNode?, diagnostics: [Diagnostic]) = (nil, [])
      let time = clock.measure { result = parseYAML(text, as: SourceID(index: 0)) }
      #expect(time < .seconds(1), "\(row[0])")
      #expect(result.diagnostics.isEmpty == (row[1] == "accept"), "\(row[0]): \(result.diagnostics)")
    }
  }
}
