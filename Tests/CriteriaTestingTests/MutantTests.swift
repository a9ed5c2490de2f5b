import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaEngine
import Testing

@testable import CriteriaTesting

@Suite("Mutants")
struct MutantTests {
  private func compilation(_ rule: String, signals: String = "") throws -> Compilation {
    let text = """
      version: 1
      policy: p
      step: 1m
      signals:
        up: {gauge: up}
        cpu: {gauge: cpu, unit: percent}
        oom: {log: kernel, match: 'Killed process (?<pid>\\d+)'}
        xid: {gauge: xid}
        \(signals)
      rules:
        - {rule: A, \(rule)}
      """
    let compilation = compile(SourceText(path: "p.yaml", text: text))
    try #require(compilation.program != nil, "\(render(compilation.diagnostics, in: compilation.sources))")
    return compilation
  }

  private func changes(_ rule: String, signals: String = "", of owner: String = "A") throws -> [String] {
    let compilation = try compilation(rule, signals: signals)
    let file = try #require(compilation.file)
    return mutants(of: file, compilation.sources).filter { $0.owner == owner }.map(\.change)
  }

  @Test(
    "each constant, sign and connective of a rule once",
    arguments: [
      ("when: up == 0, then: replace", ["== → !=", "0 → 1", "0 → -1", "replace → +0"]),
      (
        "when: cpu > 90% and not (up != 1), then: +60",
        [
          "cpu > 90% → true", "> → >=", "90% → 91%", "90% → 89%", "and → or", "not (up != 1) → true", "!= → ==",
          "1 → 2", "1 → 0", "+60 → +0", "60 → 61", "60 → 59",
        ]
      ),
      (
        "when: 'avg(cpu[10m]) >= 0.5%', until: 'avg(cpu[1m]) < 10%', for: 5m, hold: 1m, then: protect",
        [
          "cpu[10m] → cpu[5m]", ">= → >", "0.5% → 0.6%", "0.5% → 0.4%", "avg(cpu[1m]) < 10% → true", "< → <=",
          "10% → 11%", "10% → 9%", "5m → 2m", "5m → 6m", "5m → 4m", "1m → 0s", "1m → 2m", "protect → +0",
        ]
      ),
      (
        "when: 'xid in [48, 64]', then: +1, latch: true",
        ["48 → 49", "64 → 65", "+1 → +0", "1 → 2", "1 → 0", "true → false"]
      ),
      (
        "when: (up == 0 or cpu > 1%), then: +1, unknown: fires",
        [
          "up == 0 → false", "== → !=", "0 → 1", "0 → -1", "or → and", "cpu > 1% → false", "> → >=", "1% → 2%",
          "1% → 0%", "+1 → +0", "1 → 2", "1 → 0", "fires → ignore",
        ]
      ),
    ])
  func changes(rule: String, expected: [String]) throws { #expect(try changes(rule) == expected) }

  @Test(
    "signals have mutants too",
    arguments: [
      (
        "oom", "count(oom[5m]) > 1", "",
        ["match Killed process (?<pid>\\d+) → no line", "match Killed process (?<pid>\\d+) → every line"]
      ),
      ("cpu", "cpu > 1%", "", ["percent → ratio"]),
      ("worn", "worn > 1", "worn: {gauge: worn, optional: true}", ["true → false"]),
      ("zero", "zero", "zero: {is: cpu > 0}", ["> → >=", "0 → 1", "0 → -1"]),
      ("hot", "hot", "hot: {is: cpu > 90%}", ["> → >=", "90% → 91%", "90% → 89%"]),
      ("cpu", "up == 0", "", []),
    ])
  func signals(name: String, when: String, declaration: String, expected: [String]) throws {
    let found = try changes("when: '\(when)', then: +1", signals: declaration, of: name)
    #expect(found == expected)
  }

  @Test("a mutant is a policy's text with one edit, and compiles like any")
  func edits() throws {
    let original = try compilation("when: cpu > 90% and up == 1, then: +60")
    let file = try #require(original.file)
    for mutant in mutants(of: file, original.sources) where mutant.owner == "A" {
      let compiled = try #require(original.replacing(mutant.range, by: mutant.replacement))
      let checked = try #require(compiled.checked, "\(mutant.change)")
      #expect(try PolicyMeaning(checked) != PolicyMeaning(#require(original.checked)), "\(mutant.change)")
    }
  }

  @Test(
    "one step of the last written digit",
    arguments: [
      ("90%", "91%", "89%"), ("0.02", "0.03", "0.01"), ("1.0", "1.1", "0.9"), ("0", "1", "-1"),
      ("9.9GiB/s", "10.0GiB/s", "9.8GiB/s"),
      ("-1", "0", "-2"), ("0.1m", "0.2m", "0.0m"),
    ])
  func steps(literal: String, up: String, down: String) {
    #expect(stepped(literal, up: true) == up)
    #expect(stepped(literal, up: false) == down)
  }

  @Test("comments accept mutants by name")
  func comments() throws {
    let text = """
      version: 1
      policy: p
      watch: 50   # survives (50 → 51): nobody scores 50
      signals:
        cpu: {gauge: cpu}   # survives (a → b; c → d (e)): twice
      rules:
        - rule: A
          # survives (> → >=): never equal
          when: cpu > 1
          then: +1
        - {rule: B, when: cpu > 2, then: +1}
        # survives: no change
      """
    let compilation = compile(SourceText(path: "p.yaml", text: text))
    let file = try #require(compilation.file)
    let (found, faults) = acceptances(of: file, compilation.sources)
    #expect(
      found.map { "\($0.owner): \($0.change): \($0.because)" } == [
        "policy: 50 → 51: nobody scores 50", "cpu: a → b: twice",
        "cpu: c → d (e): twice", "A: > → >=: never equal",
      ])
    #expect(faults.map { $0.code.name } == ["E0630"])
  }

  @Test(
    "a band may move where no score can lie",
    arguments: [
      ([60, 40, 20], "replace: 100", "replace: 99", true), ([60, 40, 20], "replace: 100", "replace: 101", false),
      ([60, 40, 20], "watch: 50", "watch: 51", true), ([60, 50], "watch: 50", "watch: 51", false),
      ([], "watch: 50", "watch: 51", true),
    ])
  func bands(worths: [Int], band: String, mutated: String, isEmpty: Bool) throws {
    func program(_ bands: String) throws -> Program {
      let other = bands.hasPrefix("watch") ? "replace: 100" : "watch: 50"
      var text = "version: 1\npolicy: p\n\(bands)\n\(other)\nsignals: {x: {gauge: x}}\nrules:\n"
      for (index, worth) in worths.enumerated() {
        text += "  - {rule: R\(index), when: x > \(index), then: +\(worth)}\n"
      }
      text += "  - {rule: Down, when: x < 0, then: replace}\n"
      return try #require(compile(SourceText(path: "p.yaml", text: text)).program)
    }
    let gap = try #require(try ScoreGap(program(band), program(mutated)))
    #expect(gap.isEmpty == isEmpty)
  }

  @Test("graded rules can come to any score")
  func graded() throws {
    func program(_ watch: Int) throws -> Program {
      let text = """
        version: 1
        policy: p
        watch: \(watch)
        replace: 100
        signals: {x: {gauge: x}}
        rules: [{rule: A, when: x > 1, then: '+80 * ramp(x, 1, 2)'}]
        """
      return try #require(compile(SourceText(path: "p.yaml", text: text)).program)
    }
    let gap = try #require(try ScoreGap(program(50), program(51)))
    #expect(!gap.isEmpty)
    #expect(gap.single == ["A"])
    #expect(try ScoreGap(program(50), program(50)) == nil)
  }
}
