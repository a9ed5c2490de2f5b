import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@Suite("YAML")
struct YAMLTests {
  @Test("scalars keep their text, whatever another reader would make of them")
  func scalars() {
    let (node, diagnostics) = parseYAML("a: [no, 1:30, 0o7, 1.20, ~, '', null, \"null\"]\n")
    #expect(diagnostics == [])
    #expect(node?["a"]?.sequence?.map { $0.scalar?.text } == ["no", "1:30", "0o7", "1.20", "~", "", "null", "null"])
    #expect(node?["a"]?.sequence?.map { $0.scalar?.isNull } == [false, false, false, false, true, false, true, false])
  }

  @Test("JSON is YAML")
  func json() {
    let (node, diagnostics) = parseYAML("{\"a\":[1,{\"b\":null}],\"c\":\"\\u00e9\\n\\/\",\"d\":{}}")
    #expect(diagnostics == [])
    #expect(node?["c"]?.scalar?.text == "é\n/")
    #expect(node?["a"]?.sequence?[1]["b"]?.scalar?.isNull == true)
  }

  @Test("a byte order mark and CRLF move nothing")
  func byteOrderMark() throws {
    let text = SourceText(path: "a", text: "\u{FEFF}é: x\r\nb: 日 y\r\n")
    let (parsed, diagnostics) = parseYAML(text, as: SourceID(index: 0))
    #expect(diagnostics == [])
    let pairs = try #require(parsed?.mapping)
    #expect(pairs.map(\.key.text) == ["é", "b"])
    #expect(
      pairs.map { String(decoding: text.bytes[$0.value.range.start..<$0.value.range.end], as: UTF8.self) } == [
        "x", "日 y",
      ])
  }

  @Test("an alias shows what its anchor stands at, and where it stands itself")
  func aliases() throws {
    let (node, diagnostics) = parseYAML("a: &x [1]\nb: *x\n")
    #expect(diagnostics == [])
    let alias = try #require(node?["b"])
    #expect(alias.range == node?["a"]?.range)
    #expect(alias.aliasRange == SourceRange(SourceID(index: 0), 13, 15))
  }

  @Test(
    "what is refused says why",
    arguments: [
      ("a: 1\na: 2\n", .duplicateKey), ("a: 1\n\"a\": 2\n", .duplicateKey), ("a: *b\n", .badAlias),
      ("a: &a [*a]\n", .badAlias),
      ("? [a]\n: b\n", .keyNotScalar), ("a: !x b\n", .unsupportedTag), ("---\na\n---\nb\n", .severalDocuments),
      ("", .emptyFile),
      ("# only\n", .emptyFile), ("a: \u{85}b\n", .lineSeparator), ("a: b\0\n", .controlCharacter),
      ("a: b\u{FEFF}\n", .controlCharacter),
      ("a: [\n", .yamlSyntax), ("a: 'b\n", .yamlSyntax), ("\ta: b\n", .yamlSyntax),
      ("%YAML 9.9\n---\na\n", .yamlSyntax),
    ] as [(String, DiagnosticCode)])
  func refusals(text: String, code: DiagnosticCode) {
    #expect(parseYAML(text).diagnostics.map(\.code) == [code])
  }

  @Test("core tags say nothing new, escapes of separators are text")
  func accepted() {
    let (node, diagnostics) = parseYAML("a: !!str 1\nb: \"\\N\\L\\P\"\nc: ! x\n")
    #expect(diagnostics == [])
    #expect(node?["b"]?.scalar?.text == "\u{85}\u{2028}\u{2029}")
  }

  @Test("several faults of one tree are all reported")
  func severalFaults() {
    let (node, diagnostics) = parseYAML("a: 1\na: 2\nb: *c\nd: !x e\nf: {g: 1, g: 2}\n")
    #expect(diagnostics.map(\.code) == [.duplicateKey, .badAlias, .unsupportedTag, .duplicateKey])
    #expect(node?["a"]?.scalar?.text == "1")
  }

  @Test("limits hold at their edge")
  func limits() {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(parseYAML(nested(100)).diagnostics == [])
    #expect(parseYAML(nested(101)).diagnostics.map(\.code) == [.tooDeep])
    #expect(parseYAML("a: &a \(nested(98))\nb: [*a]\n").diagnostics == [])
    #expect(parseYAML("a: &a \(nested(99))\nb: [*a]\n").diagnostics.map(\.code) == [.tooDeep])

    let limits = YAMLLimits(bytes: 30, nodes: 6, depth: 3)
    #expect(parseYAML("[a, b, c, d, e]", limits: limits).diagnostics == [])
    #expect(parseYAML("[a, b, c, d, e, f]", limits: limits).diagnostics.map(\.code) == [.tooManyNodes])
    #expect(parseYAML("[&a [b, c], d, e]", limits: limits).diagnostics == [])
    #expect(parseYAML("[&a [b], *a, *a]", limits: limits).diagnostics.map(\.code) == [.tooManyNodes])
    #expect(parseYAML(String(repeating: "a", count: 30), limits: limits).diagnostics == [])
    #expect(parseYAML(String(repeating: "a", count: 31), limits: limits).diagnostics.map(\.code) == [.fileTooLarge])
  }

  @Test("what costs libyaml much is cut off early", .timeLimit(.minutes(1)))
  func cost() {
    let clock = ContinuousClock()
    let hostile = [
      String(repeating: "[", count: 1 << 20), String(repeating: "{", count: 1 << 20),
      String(repeating: "- ", count: 1 << 19),
      String(repeating: "? ", count: 1 << 19), String(repeating: "a: &b\n", count: 1 << 16),
      String(repeating: "\"", count: 1 << 20),
      "a: \"" + String(repeating: "\\x41", count: 1 << 18) + "\"", "a: |\n" + String(repeating: " \n", count: 1 << 18),
      "[" + String(repeating: "a,", count: 1 << 19) + "]", String(repeating: "[a: ", count: 1 << 18),
      "a: >\n" + String(repeating: " b\n", count: 1 << 18),
    ]
    for text in hostile {
      let time = clock.measure { _ = parse(text) }
      #expect(time < .seconds(5), "\(text.prefix(10))")
    }
  }
}
