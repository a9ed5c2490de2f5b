import Testing

/// The policy of the design's §2 and the tests of its §6, as they stand there.
private let examples = root + "/Tests/RulecheckTests/Fixtures/testing"

@Suite("rulecheck test")
struct TestCommandTests {
  @Test("runs the example of the design as it is written")
  func design() throws {
    let run = try rulecheck(["test", "web-nodes.test.yaml"], in: examples)
    #expect(run.output == "3 tests · 3 passed · 1 file\n")
    #expect(run.errors == "")
    #expect(run.status == 0)
  }
}

private func has(_ command: String) -> Bool { (try? run(["sh", "-c", command]))?.status == 0 }

/// One file for each kind of failure, with all that is shown of it.
private typealias Case = (name: String, given: String, expect: String)

private let kinds: [Case] = [
  ("verdict", "cpu: 95% for 1h", "{at: 30m, verdict: watch}"),
  ("score", "oom: every 3m", "{at: 9m, score: 50}"),
  ("possible", "cpu: missing for 1h", "{at: 30m, possible: [keep, watch]}"),
  ("because", "cpu: 95% for 1h", "{at: 8m, because: [HotCPU]}"),
  (
    "state", "cpu: 20% for 5m then 95% for 20m then 80% for 10m then 60% for 25m",
    "{at: 36m, rule: HotCPU, state: active}"
  ),
  ("key", "\"io\": \"every 1m {dev: sda}\"", "{at: 5m, rule: FailingDisk, key: {dev: sdb}}"),
  ("why", "oom: \"every 3m {comm: java}\"", "{at: 9m, rule: OOMLoop, why: last victim postgres}"),
  ("value", "errors: 3/s for 1h", "{at: 10m, value: failed, is: 2%}"),
  ("missing", "cpu: missing for 1h", "{at: 30m, missing: [up]}"),
  ("nextChange", "oom: at 1m 2m 3m", "{at: 3m, nextChange: 10m}"),
  ("timeline", "oom: every 3m", "{timeline: keep until 12m then watch}"),
  ("never", "up: 0 for 1h", "{never: [Unreachable]}"),
]

extension TestCommandTests {
  private func testFile(_ cases: [Case]) -> String {
    var text = """
      version: 1
      policy: web-nodes.yaml
      defaults:
        up: 1 for 1h
        cpu: 20% for 1h
        errors: 0/s for 1h
        reqs: 100/s for 1h
        instance: {age: 3d, label.role: web, fact.image: ami-0f3, desired.image: ami-0f3}
      tests:

      """
    for one in cases { text += "  - test: \(one.name)\n    given: {\(one.given)}\n    expect: [\(one.expect)]\n" }
    return text
  }

  private func prepared(_ text: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["web-nodes.yaml", "signals/linux.yaml"] { try folder.write(readText(examples + "/" + name), to: name) }
    try folder.write(text, to: "a.test.yaml")
    return folder
  }

  @Test("each kind of failure is shown as people are to see it", arguments: kinds.map { $0.name })
  func kind(name: String) throws {
    let folder = try prepared(testFile(kinds.filter { $0.name == name }))
    let arguments = ["test", "a.test.yaml"]
    let run = try rulecheck(arguments, in: folder.path)
    #expect(run.status == 2)
    try expectGolden(transcript(arguments, run), "test-\(name).txt")
  }

  @Test("faults of a test file are frames, and exit 3; other files run all the same")
  func invalid() throws {
    let folder = try prepared(testFile([kinds[0]]).split(separator: "95%").joined(separator: "95"))
    try folder.write(testFile([("b", "oom: every 3m", "{at: 9m, score: 60}")]), to: "b.test.yaml")
    let arguments = ["test", "."]
    let run = try rulecheck(arguments, in: folder.path)
    #expect(run.status == 3)
    try expectGolden(transcript(arguments, run), "test-invalid.txt")
  }

  private static let choiceRows: [(options: [String], status: Int32, summary: String)] = [
    (["--run", "good"], 0, "1 test · 1 passed · 1 not run · 1 file\n"),
    (["--run", "nothing like it"], 1, "0 tests · 0 passed · 2 not run · 1 file\n"),
    ([], 2, "2 tests · 1 passed · 1 failed · 1 file\n"),
    (["--fail-fast"], 2, "1 test · 0 passed · 1 failed · 1 not run · 1 file\n"),
    (["--jobs", "1"], 2, "2 tests · 1 passed · 1 failed · 1 file\n"),
  ]

  @Test("exit codes and choices", arguments: choiceRows.indices)
  func choices(row: Int) throws {
    let (options, status, summary) = Self.choiceRows[row]
    let cases: [Case] = [
      ("bad", "oom: every 3m", "{at: 9m, score: 50}"), ("good", "oom: every 3m", "{at: 9m, score: 60}"),
    ]
    let folder = try prepared(testFile(cases))
    let run = try rulecheck(["test", "."] + options, in: folder.path)
    #expect(run.status == status)
    #expect(run.output.hasSuffix(summary), "\(run.output)")
  }

  @Test("what cannot be read is exit 1")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    #expect(try rulecheck(["test", "nowhere.test.yaml"], in: folder.path).status == 1)
    let run = try rulecheck(["test", "."], in: folder.path)
    #expect(run.status == 1)
    #expect(run.errors.contains("no files *.test.yaml in `.`"))
    #expect(try rulecheck(["test", ".", "--run", "("], in: folder.path).status == 1)
  }

  @Test("the formats for machines", arguments: ["tap", "github", "json", "jsonl"])
  func formats(format: String) throws {
    let cases: [Case] = [
      ("good", "oom: every 3m", "{at: 9m, score: 60}"), ("bad # 1", "oom: every 3m", "{at: 9m, score: 50}"),
    ]
    let folder = try prepared(testFile(cases))
    let arguments = ["test", "a.test.yaml", "--format", format]
    let run = try rulecheck(arguments, in: folder.path)
    #expect(run.status == 2)
    try expectGolden(transcript(arguments, run), "test-format-\(format).txt")
  }

  @Test("a job's summary goes where GitHub says")
  func jobSummary() throws {
    let folder = try prepared(testFile([("bad", "oom: every 3m", "{at: 9m, score: 50}")]))
    let run = try rulecheck(
      ["test", "a.test.yaml", "--format", "github"], in: folder.path,
      environment: ["NO_COLOR=1", "GITHUB_STEP_SUMMARY=\(folder.path)/summary.md"])
    #expect(run.status == 2)
    #expect(
      try folder.read("summary.md") == """
        ### Policy tests: 1 of 1 failed

        | file | tests | failed | |
        | --- | ---: | ---: | --- |
        | a.test.yaml | 1 | 1 |  |

        - **bad** (a.test.yaml)
          - at 9m: expected score 50, found 60


        """)
  }

  @Test(
    "JUnit's XML reads back with junitparser",
    .enabled(if: hasPython("junitparser"), "junitparser is not installed (scripts/test-tools)"))
  func junit() throws {
    let cases: [Case] = [
      ("good", "oom: every 3m", "{at: 9m, score: 60}"), ("bad <&\"", "oom: every 3m", "{at: 9m, score: 50}"),
    ]
    let folder = try prepared(
      testFile(cases).split(separator: "test: bad <&\"").joined(
        separator: "test: 'bad <&\"'"))
    try folder.write("version: 1\n", to: "b.test.yaml")
    _ = try rulecheck(["test", ".", "--format", "junit", "-o", "out.xml"], in: folder.path)
    let script = """
      import junitparser
      xml = junitparser.JUnitXml.fromfile('out.xml')
      print(xml.tests, xml.failures, xml.errors)
      for suite in xml:
          for case in suite:
              print(suite.name, case.classname, case.name, [type(r).__name__ + ': ' + r.message for r in case.result])
      """
    try folder.write(script, to: "read.py")
    let read = try run([python, "read.py"], in: folder.path)
    #expect(
      read.output == """
        3 1 1
        ./a.test.yaml ./a good []
        ./a.test.yaml ./a bad <&" ['Failure: at 9m: expected score 50, found 60']
        ./b.test.yaml ./b is valid ['Error: ./b.test.yaml:1:1: a test file needs the key `policy` (E0102)']

        """, "\(read.errors)")
  }

  @Test("TAP reads with prove", .enabled(if: has("command -v prove"), "prove is not installed"))
  func tap() throws {
    let cases: [Case] = [
      ("good", "oom: every 3m", "{at: 9m, score: 60}"), ("bad # 1", "oom: every 3m", "{at: 9m, score: 50}"),
    ]
    let folder = try prepared(testFile(cases))
    _ = try rulecheck(["test", "a.test.yaml", "--format", "tap", "-o", "out.tap"], in: folder.path)
    let read = try run(["prove", "--exec", "cat", "out.tap"], in: folder.path)
    #expect((read.output + read.errors).contains("Failed 1/2 subtests"), "\(read.output)\(read.errors)")
    _ = try rulecheck(["test", "a.test.yaml", "--run", "good", "--format", "tap", "-o", "out.tap"], in: folder.path)
    #expect(try run(["prove", "--exec", "cat", "out.tap"], in: folder.path).status == 0)
  }

  @Test("many files in parallel are reported in their order")
  func order() throws {
    let folder = try prepared(testFile([("a", "oom: every 3m", "{at: 9m, score: 60}")]))
    for number in 10..<30 {
      try folder.write(testFile([("t\(number)", "oom: every 3m", "{at: 9m, score: 60}")]), to: "t\(number).test.yaml")
    }
    let run = try rulecheck(["test", ".", "-v", "--jobs", "8"], in: folder.path)
    let titles = run.output.split(separator: "\n").dropLast().map { String($0.split(separator: " ").last ?? "") }
    #expect(titles == ["a"] + (10..<30).map { "t\($0)" })
  }

  @Test("--watch runs again when the policy or a used file changes")
  func watching() throws {
    let folder = try prepared(testFile([("a", "oom: every 3m", "{at: 9m, score: 60}")]))
    let script = """
      rulecheck test a.test.yaml --watch > out 2> err & p=$!
      wait_for() { for i in $(seq 100); do [ "$(grep -c passed out)" -ge "$1" ] && [ "$(grep -c watching err)" -ge "$1" ] && return 0; sleep 0.1; done; return 1; }
      wait_for 1 || { kill $p; exit 1; }
      sed -i 's/then: +60/then: +61/' web-nodes.yaml
      wait_for 2 || { kill $p; exit 2; }
      echo '# changed' >> signals/linux.yaml
      wait_for 3 || { kill $p; exit 3; }
      kill $p
      """
    try folder.write(script, to: "watch.sh")
    #expect(try run(["sh", "watch.sh"], in: folder.path).status == 0)
    let output = try folder.read("out")
    #expect(output.contains("1 test · 1 passed · 1 file"))
    #expect(output.contains("found     61"))
  }
}
