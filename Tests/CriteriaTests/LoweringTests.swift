import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaEngine
import Testing

@Suite("Lowering")
struct LoweringTests {
  @Test("each instruction knows the text of its expression")
  func sites() throws {
    let text = """
      version: 1
      policy: p
      signals: {x: {gauge: x}, y: {gauge: y}}
      rules: [{rule: A, when: not (x + 1 > y) or x == 2, then: +1}]
      """
    let program = try #require(compile(SourceText(path: "p.yaml", text: text)).program)
    let bytes = Array(text.utf8)
    let texts = program.sites.map { String(decoding: bytes[Int($0.start)..<Int($0.end)], as: UTF8.self) }
    #expect(program.instructions.count == program.sites.count)
    #expect(texts == ["x + 1", "x + 1 > y", "not (x + 1 > y)", "x == 2", "not (x + 1 > y) or x == 2"])
  }

  @Test("a term that stands twice is one feature")
  func sharing() throws {
    let text = """
      version: 1
      policy: p
      signals: {oom: {log: kernel, match: Killed}}
      rules:
        - {rule: A, when: 'count(oom[10m]) > 2', then: +1, why: '{count(oom[10m])} kills'}
        - {rule: B, when: 'count(oom[10m]) > 5', then: +1}
      """
    let program = try #require(compile(SourceText(path: "p.yaml", text: text)).program)
    #expect(program.features.map(\.text) == ["count(oom[10m])"])
  }

  @Test(
    "a selector's pattern means the same where it is checked and where it is anchored",
    arguments: ["(*UTF)a", "(*NO_JIT)a", "(?x) a # and nothing else", "\\Qa.b", "a|b"])
  func anchoredPatterns(pattern: String) {
    let text = """
      version: 1
      policy: p
      signals:
        x: {gauge: 'x{l=~"\(pattern.replacing("\\", with: "\\\\"))"}'}
      rules:
        - {rule: A, when: x > 1, then: +1}
      """
    #expect(compile(SourceText(path: "p.yaml", text: text)).program != nil)
  }
}
