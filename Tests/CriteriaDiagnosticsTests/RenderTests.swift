import CriteriaDiagnostics
import Testing

@Suite("Frames")
struct RenderTests {
  private func frame(
    _ text: String, _ range: Range<Int>, label: String? = nil, labels: [(Range<Int>, String)] = [], help: String? = nil,
    colour: Bool = false, width: Int = 120
  ) -> String {
    var sources = SourceMap()
    let id = sources.add(SourceText(path: "rules/api.yaml", text: text))
    let diagnostic = Diagnostic(
      .error, DiagnosticCode("E0212"), "comparing a ratio with a plain number",
      at: SourceRange(id, range.lowerBound, range.upperBound),
      label: label, labels: labels.map { .init(SourceRange(id, $0.0.lowerBound, $0.0.upperBound), $0.1) }, help: help)
    return render(diagnostic, in: sources, colour: colour, width: width)
  }

  /// Where `part` stands in `text`, in bytes.
  private func place(_ part: String, in text: String) -> Range<Int> {
    let bytes = Array(text.utf8)
    let wanted = Array(part.utf8)
    let start = (0...bytes.count - wanted.count).first { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }!
    return start..<start + wanted.count
  }

  @Test("two places of a line are marked, the right one with its words beside it")
  func twoPlaces() {
    let text = String(repeating: "#\n", count: 17) + "    when: avg(cpu[5m]) > 90\n"
    let shown = frame(
      text, place("90", in: text), label: "plain number", labels: [(place("avg(cpu[5m])", in: text), "ratio")],
      help: "write `90%`")
    #expect(
      shown == """
        error[E0212]: comparing a ratio with a plain number
          --> rules/api.yaml:18:26
        18 |     when: avg(cpu[5m]) > 90
           |           ------------   ^^ plain number
           |           ratio
           = help: write `90%`

        """)
  }

  @Test(
    "marks stand under wide characters, tabs and escapes",
    arguments: [
      ("a: 日本 x", "x", "a: 日本 x", 8, 1), ("a:\tx", "x", "a:  x", 4, 1),
      ("a: \u{1B}[31m x", "x", "a: \\u{1b}[31m x", 14, 1),
      ("a: e\u{301} x", "x", "a: e\u{301} x", 5, 1), ("a: 🚀 x", "x", "a: 🚀 x", 6, 1),
      ("a: \u{202E} x", "x", "a: \\u{202e} x", 12, 1), ("x: 日本", "日本", "x: 日本", 3, 4),
      ("\u{FEFF}x: y", "y", "x: y", 3, 1),
    ])
  func alignment(text: String, part: String, shown: String, column: Int, width: Int) {
    let lines = frame(text, place(part, in: text)).split(separator: "\n").map(String.init)
    #expect(lines[2] == "1 | " + shown)
    #expect(lines[3] == "  | " + String(repeating: " ", count: column) + String(repeating: "^", count: width))
  }

  @Test("three places of a line get a row of words each, from right to left")
  func threePlaces() {
    let text = "when: a < b < c"
    let shown = frame(
      text, place("c", in: text), labels: [(place("a", in: text), "first"), (place("b", in: text), "second")])
    #expect(
      shown.split(separator: "\n").suffix(4).joined(separator: "\n") == """
        1 | when: a < b < c
          |       -   -   ^
          |       |   second
          |       first
        """)
  }

  @Test("of a place over many lines the first and the last are shown")
  func manyLines() {
    let text = "a:\n  - one\n  - two\n  - three\nb: 1\n"
    #expect(
      frame(text, place("one\n  - two\n  - three", in: text), label: "all this") == """
        error[E0212]: comparing a ratio with a plain number
         --> rules/api.yaml:2:5
        2 |   - one
          |     ^^^
        3 |   - two
        4 |   - three
          |   ^^^^^^^ all this

        """)
  }

  @Test("lines far apart are separated by dots")
  func farApart() {
    let text = "a: 1\nb\nc\nd\na: 2\n"
    #expect(
      frame(text, place("a: 2", in: text), label: "again", labels: [(0..<1, "first here")]) == """
        error[E0212]: comparing a ratio with a plain number
         --> rules/api.yaml:5:1
        1 | a: 1
          | - first here
        ...
        5 | a: 2
          | ^^^^ again

        """)
  }

  @Test("an empty place is one caret; at the end of the file as well")
  func emptyPlace() {
    #expect(frame("a: x", 4..<4).hasSuffix("1 | a: x\n  |     ^\n"))
    #expect(frame("", 0..<0).hasSuffix(" --> rules/api.yaml:1:1\n"))
    #expect(frame("a\n", 2..<2).hasSuffix("2 |\n  | ^\n"))
  }

  @Test("a long line is cut around the place")
  func longLine() {
    let text = "a: " + String(repeating: "x ", count: 500) + "HERE" + String(repeating: " y", count: 500)
    let lines = frame(text, place("HERE", in: text), width: 40).split(separator: "\n")
    #expect(lines[2] == "1 | …x x x x x HERE y y y y y y y y y y y y y…")
    #expect(lines[3] == "  |            ^^^^")
  }

  @Test("a place in another file is shown under its own path")
  func otherFile() {
    var sources = SourceMap()
    let first = sources.add(SourceText(path: "a.yaml", text: "up: 1\n"))
    let second = sources.add(SourceText(path: "b.yaml", text: "\n\nup: 2\n"))
    let diagnostic = Diagnostic(
      .warning, DiagnosticCode("E0120"), "a second signal `up`", at: SourceRange(second, 2, 4),
      labels: [.init(SourceRange(first, 0, 2), "first here")])
    #expect(
      render(diagnostic, in: sources) == """
        warning[E0120]: a second signal `up`
         --> b.yaml:3:1
        3 | up: 2
          | ^^
         ::: a.yaml:1:1
        1 | up: 1
          | -- first here

        """)
  }

  @Test("colour adds escapes and nothing else; user text cannot add any")
  func colours() {
    let text = "a: \u{1B}[31mx"
    let plain = frame(text, place("x", in: text), label: "\u{1B}[0m", help: "h\u{7}")
    #expect(!plain.contains("\u{1B}") && !plain.contains("\u{7}"))
    var coloured = frame(text, place("x", in: text), label: "\u{1B}[0m", help: "h\u{7}", colour: true)
    #expect(coloured.contains("\u{1B}[1;31merror[E0212]\u{1B}[0m"))
    for code in ["1;31", "1;34", "1", "0"] { coloured = coloured.split(separator: "\u{1B}[\(code)m").joined() }
    #expect(coloured == plain)
  }

  @Test("bytes that are not UTF-8 are shown as numbers")
  func brokenText() {
    var sources = SourceMap()
    let id = sources.add(SourceText(path: "a", bytes: [0x61, 0xFF, 0xC3, 0x62]))
    let diagnostic = Diagnostic(.error, DiagnosticCode("E0003"), "not UTF-8", at: SourceRange(id, 1, 2))
    #expect(render(diagnostic, in: sources).hasSuffix("1 | a\\xff\\xc3b\n  |  ^^^^\n"))
  }

  @Test("of a line of megabytes only the neighbourhood of the place is looked at", .timeLimit(.minutes(1)))
  func lineOfMegabytes() {
    var sources = SourceMap()
    let word = "é cpuu "
    let id = sources.add(SourceText(path: "a", text: String(repeating: word, count: 200_000)))
    let faults = stride(from: 0, to: 200_000, by: 50).map { index in
      let start = index * word.utf8.count + 3
      return Diagnostic(
        .error, DiagnosticCode("E0210"), "unknown", at: SourceRange(id, start, start + 4),
        labels: [.init(SourceRange(id, 3, 7), "far away")])
    }
    let frames = render(faults, in: sources, width: 21).split(separator: "\n\n")
    #expect(frames.count == 4_000)
    let expected = """
      error[E0210]: unknown
       --> a:1:699653
      1 | …uu é cpuu é cpuu é cp…
        |       ^^^^
      """
    #expect(frames[1999].hasPrefix(expected), "\(frames[1999])")
  }
}

@Suite("Diagnostics")
struct DiagnosticsTests {
  private let file = SourceID(index: 0)

  @Test("they come in the order of the text, equal ones once")
  func order() {
    func one(_ start: Int?) -> Diagnostic {
      Diagnostic(.error, DiagnosticCode("E0001"), "x", at: start.map { SourceRange(file, $0, $0 + 1) })
    }
    let all = Diagnostics([one(5), one(1), one(nil), one(5)])
    #expect(all.sorted.map { $0.range?.start } == [nil, 1, 5])
    #expect(all.hasErrors)
  }

  @Test(
    "the nearest name is the one meant",
    arguments: [
      ("whne", "when"), ("untill", "until"), ("Gauge", "gauge"), ("hodl", "hold"), ("xyz", nil), ("w", nil), ("", nil),
      ("cpu_busy_percnt", "cpu_busy_percent"),
    ] as [(String, String?)])
  func nearestName(name: String, expected: String?) {
    #expect(nearest(name, among: ["when", "until", "gauge", "hold", "then", "cpu_busy_percent"]) == expected)
  }

  @Test("as JSON they carry places, labels and the fix")
  func json() {
    var sources = SourceMap()
    let id = sources.add(SourceText(path: "a.yaml", text: "é: \"x\"\nb: 90\n"))
    let diagnostic = Diagnostic(
      .error, DiagnosticCode("E0212"), "a \"quoted\" \u{1} message", at: SourceRange(id, 11, 13),
      labels: [.init(SourceRange(id, 4, 7), "é")], help: "write `90%`", fix: .init(SourceRange(id, 13, 13), "%"))
    var writer = JSONWriter()
    writer.beginArray()
    writer.value(diagnostic, in: sources)
    writer.endArray()
    #expect(
      writer.text == """
        [{"severity":"error","code":"E0212","message":"a \\"quoted\\" \\u0001 message","file":"a.yaml","line":2,"column":4,\
        "endLine":2,"endColumn":6,"labels":[{"file":"a.yaml","line":1,"column":4,"endLine":1,"endColumn":7,"text":"é"}],\
        "help":"write `90%`","fix":{"file":"a.yaml","line":2,"column":6,"endLine":2,"endColumn":6,"replacement":"%"}}]
        """)
  }

  @Test(
    "numbers are written as JSON reads them",
    arguments: [(60.0, "60"), (0.1, "0.1"), (-0.0, "0"), (.nan, "null"), (.infinity, "null"), (1e300, "1e+300")])
  func numbers(value: Double, expected: String) {
    var writer = JSONWriter()
    writer.value(value)
    #expect(writer.text == expected)
  }
}
