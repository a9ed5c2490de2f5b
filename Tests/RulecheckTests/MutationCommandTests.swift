import Glibc
import Testing

private let fixtures = root + "/Tests/RulecheckTests/Fixtures/mutation"

private func read(_ name: String) throws -> String { try readText(fixtures + "/" + name) }

/// A folder with the fixture's policy, changed perhaps, and one of its test files.
private func copy(_ test: String, replacing old: String = "", with new: String = "") throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  let policy = try read("node.yaml")
  if !old.isEmpty { try #require(policy.contains(old), "the policy does not say `\(old)`") }
  try folder.write(old.isEmpty ? policy : policy.replacing(old, with: new, maxReplacements: 1), to: "node.yaml")
  try folder.write(try read(test), to: test)
  return folder
}

@Suite("rulecheck test --coverage")
struct CoverageCommandTests {
  @Test("a table of the policy's lines", arguments: ["thin", "thorough"])
  func table(tests: String) throws {
    let arguments = ["test", "\(tests).test.yaml", "--coverage"]
    let run = try rulecheck(arguments, in: fixtures)
    try expectGolden(transcript(arguments, run), "coverage-\(tests).txt")
  }

  @Test("less than asked for is a negative result")
  func least() throws {
    let enough = try rulecheck(["test", "thin.test.yaml", "--coverage-min", "30"], in: fixtures)
    #expect(enough.status == 0)
    let tooLittle = try rulecheck(["test", "thin.test.yaml", "--coverage-min", "99%"], in: fixtures)
    #expect(tooLittle.status == 2)
    #expect(tooLittle.errors.hasPrefix("rulecheck: node.yaml: "))
    #expect(tooLittle.errors.hasSuffix(" covered, --coverage-min asks for 99%\n"))
  }

  @Test(
    "genhtml reads the trace file", .enabled(if: access("/usr/bin/genhtml", X_OK) == 0, "needs genhtml (package lcov)"))
  func traceFile() throws {
    let folder = try copy("thin.test.yaml")
    let test = try rulecheck(["test", "thin.test.yaml", "--coverage-lcov", "trace.info"], in: folder.path)
    #expect(test.status == 0)
    try expectGolden(try folder.read("trace.info"), "coverage.info")
    let page = try run(
      ["genhtml", "--branch-coverage", "--output-directory", "html", "trace.info"], in: folder.path,
      environment: ["LC_ALL=C"])
    #expect(page.status == 0, "\(page.output)\(page.errors)")
    #expect(page.output.contains("lines......: "), "\(page.output)")
    #expect(page.output.contains("branches...: "), "\(page.output)")
    #expect(try folder.read("html/index.html").contains("LCOV"))
  }
}

@Suite("rulecheck test --mutate")
struct MutationCommandTests {
  @Test("survivors with their lines and the tests that would kill them", arguments: ["thin", "thorough"])
  func survivors(tests: String) throws {
    let arguments = ["test", "\(tests).test.yaml", "--mutate"]
    let run = try rulecheck(arguments, in: fixtures)
    try expectGolden(transcript(arguments, run), "mutate-\(tests).txt")
    #expect(run.status == (tests == "thorough" ? 0 : 2))
    #expect(run.errors == "")
  }

  @Test("the tests that it prints, pasted into the file, pass and kill")
  func pasted() throws {
    let folder = try copy("thin.test.yaml")
    let before = try rulecheck(["test", "thin.test.yaml", "--mutate"], in: folder.path)
    // What is to be pasted is indented by two; a case begins with two more and a dash.
    var cases: [String] = []
    for line in before.output.split(separator: "\n") {
      if line.hasPrefix("    - test: ") {
        cases.append(String(line.dropFirst(2)))
      } else if line.hasPrefix("      "), !cases.isEmpty, !line.contains("^"), !line.contains("|") {
        cases[cases.count - 1] += "\n" + line.dropFirst(2)
      }
    }
    #expect(cases.count > 20)
    try folder.write(try read("thin.test.yaml") + cases.map { $0 + "\n" }.joined(), to: "thin.test.yaml")
    let after = try rulecheck(["test", "thin.test.yaml", "--mutate"], in: folder.path)
    #expect(
      after.output.hasPrefix("\(5 + cases.count) tests · \(5 + cases.count) passed"), "\(after.output.prefix(300))")
    #expect(!after.output.contains("this test kills it"), "\(after.output)")
  }

  @Test("failing tests are mended first")
  func failing() throws {
    let folder = try copy("thin.test.yaml", replacing: "then: replace", with: "then: +10")
    let run = try rulecheck(["test", "thin.test.yaml", "--mutate"], in: folder.path)
    #expect(run.output.hasSuffix("no mutants: all tests have to pass first\n"), "\(run.output)")
    #expect(run.status == 2)
  }

  @Test("a comment accepts a survivor, and must be needed")
  func accepted() throws {
    let folder = try copy(
      "thorough.test.yaml", replacing: "until: avg(cpu[4m]) < 75%",
      with: "until: avg(cpu[4m]) < 75.5%   # survives (< → <=; 75.5% → 75.4%): the tests go in steps of half a percent")
    let run = try rulecheck(["test", "thorough.test.yaml", "--mutate"], in: folder.path)
    #expect(run.status == 2, "75.5% is not hot any more")
    let needless = try copy(
      "thorough.test.yaml", replacing: "then: +20", with: "then: +20   # survives (20 → 21; 20 → 22): nobody counts")
    let refused = try rulecheck(["test", "thorough.test.yaml", "--mutate"], in: needless.path)
    #expect(refused.status == 3)
    #expect(
      refused.errors.contains("error[E0631]: the mutant `20 → 21` of `Worn` is killed: nothing is to be accepted"))
    #expect(refused.errors.contains("error[E0631]: `Worn` has no mutant `20 → 22`"))
  }

  /// One fault of each kind that people make.
  private static let faults: [(name: String, old: String, new: String)] = [
    ("threshold", "> 90%", "> 91%"),
    ("unit", "unit: percent", "unit: ratio"),
    ("operator", ">= 3", "> 3"),
    ("window", "count(oom[10m])", "count(oom[5m])"),
    ("for", "for: 5m", "for: 2m"),
    ("until", "until: avg(cpu[4m]) < 75%", "until: avg(cpu[4m]) < 85%"),
    ("regex", "Killed process", "process"),
    ("effect", "then: +40", "then: +30"),
    ("guard", " and increase(reqs[4m]) >= 200", ""),
    ("missing", "optional: true", "optional: false"),
  ]

  @Test("a policy broken in ten ways fails thorough tests", arguments: faults)
  func broken(name: String, old: String, new: String) throws {
    let folder = try copy("thorough.test.yaml", replacing: old, with: new)
    #expect(try rulecheck(["test", "thorough.test.yaml"], in: folder.path).status == 2)
  }

  @Test("what thin tests do not notice, mutation points at", arguments: faults)
  func pointedAt(name: String, old: String, new: String) throws {
    let folder = try copy("thin.test.yaml", replacing: old, with: new)
    let test = try rulecheck(["test", "thin.test.yaml"], in: folder.path)
    if test.status == 2 { return }
    let policy = try folder.read("node.yaml")
    let sound = try read("node.yaml")
    // The line that is broken.
    let lines = (
      policy.split(separator: "\n", omittingEmptySubsequences: false),
      sound.split(separator: "\n", omittingEmptySubsequences: false)
    )
    let line = try #require(zip(lines.0, lines.1).enumerated().first { $1.0 != $1.1 }).offset + 1
    let run = try rulecheck(["test", "thin.test.yaml", "--mutate"], in: folder.path)
    #expect(run.status == 2)
    #expect(run.output.contains("survived  node.yaml:\(line):"), "\(run.output)")
  }
}
