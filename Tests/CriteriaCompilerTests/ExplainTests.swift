import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@testable import CriteriaCompiler

@Suite("Explain pages")
struct ExplainTests {
  /// 2026-01-01, between the exceptions of the pages.
  private let now: Int64 = 1_767_225_600_000

  @Test("every code has one page, and no page is about another code")
  func complete() {
    let codes = (syntaxCodes + checkerCodes).map(\.name)
    #expect(explainPages.map(\.code.name).sorted() == codes.sorted())
    #expect(Set(codes).count == codes.count)
  }

  @Test("a failing policy has its page's fault and no other", arguments: explainPages.map(\.code.name))
  func failing(code: String) throws {
    let page = try #require(explainPages.first { $0.code.name == code })
    let found: [String]
    switch page.failing {
    case .policy(let text): found = checkPolicy(text, now: now).codes
    case .file(_, let bytes): found = checkPolicy(bytes: bytes(), now: now).codes
    case .command(let command):
      var sources = SourceMap()
      let path = command.split(separator: " ").last.map(String.init) ?? ""
      found = loadPolicy(at: path, into: &sources).diagnostics.map(\.code.name)
    }
    // What is never used because of the fault is noted, and beside the point. An alias of nothing leaves nothing behind.
    let beside: Set<String> = code == "E0011" ? ["W0404", "E0104"] : ["W0404"]
    #expect(Set(found.filter { $0 == code || !beside.contains($0) }) == [code])
  }

  @Test("a mended policy has nothing to complain about", arguments: explainPages.map(\.code.name))
  func mended(code: String) throws {
    let page = try #require(explainPages.first { $0.code.name == code })
    #expect(checkPolicy(page.mended, now: now).diagnostics.map(\.message) == [])
  }

  @Test("every function's example checks", arguments: FunctionTable.entries.map(\.example))
  func functions(example: String) {
    let text = """
      version: 1
      policy: example
      \(FunctionTable.exampleSignals)
      rules:
        - rule: Example
          when: '\(example)'
          then: +40
      """
    #expect(checkPolicy(text).diagnostics.filter { $0.severity != .note }.map(\.message) == [])
  }

  @Test("every window function and every function of numbers is in the table")
  func table() {
    for function in WindowFunction.allCases {
      let isThere = FunctionTable.entries.contains { entry in
        if case .window(function, _, _) = entry.shape { entry.name == function.rawValue } else { false }
      }
      #expect(isThere, "\(function)")
    }
  }

  @Test("all that can be explained is", arguments: explainableNames)
  func explained(name: String) throws {
    let text = try #require(explain(name))
    #expect(text.hasSuffix("\n"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 140 })
  }

  @Test("codes are found in any case, and unknown names are not")
  func lookUp() {
    #expect(explain("e0212") == explain("E0212"))
    #expect(explain("E9999") == nil)
    #expect(explain("min")?.contains("min(a, b, …)") == true)
    #expect(explain("min")?.contains("min(x[w])") == true)
  }
}
