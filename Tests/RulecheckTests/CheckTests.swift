import Testing

@Suite("rulecheck check")
struct CheckTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      """
      version: 1
      policy: first
      signals:
        up: {gauge: up}
        unused: {gauge: cpu}
        quiet: {log: app, match: heartbeat}
      rules:
        - {rule: Gone, when: 'absent(up[5m])', then: replace}
        - {rule: Quiet, when: 'count(quiet[10m]) == 0', for: 5m, then: +50}
        - {rule: Blind, when: up == 0, then: +10, unknown: fires}
        - rule: Spared
          when: up == 0
          then: +10
          except: [{where: label.pool == "canary", expires: 2026-01-31, because: it is old}]
      """, to: "policies/first.yaml")
    try folder.write(
      "version: 1\npolicy: second\nsignals:\n  up: {gauge: up, unit: percent}\nrules:\n  - {rule: R, when: up > 90, then: +1}\n",
      to: "policies/deep/second.yml")
    try folder.write("version: 1\nsignals:\n  up: {gauge: up}\n", to: "policies/shared.yaml")
    try folder.write("not: [yaml", to: "policies/notes.txt")
  }

  private func check(_ arguments: [String]) throws -> Run { try rulecheck(["check"] + arguments, in: folder.path) }

  @Test("all faults of all files of a folder, exit 3; what is no policy is left out")
  func folders() throws {
    let run = try check(["policies", "--at", "2026-11-23"])
    #expect(run.status == 3)
    #expect(run.errors.contains("second.yml:6:"))
    #expect(run.errors.contains("`unused`"))
    #expect(!run.errors.contains("shared.yaml"))
    #expect(!run.errors.contains("notes.txt"))
    #expect(run.output.contains("policies/first.yaml: policy `first`, 4 rules"))
    #expect(!run.output.contains("second"))
  }

  @Test("warnings alone are exit 0, and what silence can fire is listed")
  func analyses() throws {
    let run = try check(["policies/first.yaml", "--at", "2026-11-23"])
    #expect(run.status == 0)
    #expect(run.errors.contains("warning"))
    let silence = try #require(run.output.components(after: "can fire although nothing was seen to happen"))
    for rule in ["Gone", "Quiet", "Blind"] { #expect(silence.contains(rule)) }
    #expect(run.output.contains("Quiet   fires 5m after it becomes true, looking back 10m"))
    let earlier = try check(["policies/first.yaml", "--at", "2026-01-15"])
    #expect(run.errors.contains("expired"))
    #expect(!earlier.errors.contains("expired"))
  }

  @Test("json holds diagnostics and analyses on standard output")
  func json() throws {
    let run = try check(["policies", "--format", "json", "--at", "2026-11-23"])
    #expect(run.status == 3)
    #expect(run.errors == "")
    let policies = try #require(try JSON(parsing: run.output)["policies"]?.elements)
    #expect(policies.map { $0["valid"] } == [.bool(false), .bool(true)])
    let fault = try #require(policies[0]["diagnostics"]?[0])
    #expect(fault["code"] == .string("E0212"))
    #expect(fault["line"] == .number(6))
    #expect(policies[1]["unusedSignals"] == .array([.string("unused")]))
    #expect(policies[1]["expiredExceptions"]?[0]?["rule"] == .string("Spared"))
    #expect(policies[1]["firesOnSilence"]?.elements.map { $0["rule"]?.text } == ["Gone", "Quiet", "Blind"])
    #expect(policies[1]["timeToFire"]?[1]?["waitSeconds"] == .number(300))
  }

  @Test("a file that is no text at all draws one error, not thousands of frames")
  func noText() throws {
    try folder.write((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }, to: "noise.yaml")
    let run = try check(["noise.yaml"])
    #expect(run.status == 3)
    #expect(run.errors.contains("error[E0003]"))
    #expect(run.errors.utf8.count < 2000)
  }

  @Test("a policy that cannot be read does not hide the faults of the others")
  func unreadableAmongOthers() throws {
    try folder.write(
      "version: 1\n" + String(repeating: "# long\n", count: 1_300_000) + "rules: []\n", to: "policies/big.yaml")
    let run = try check(["policies", "--at", "2026-11-23"])
    #expect(run.status == 1)
    #expect(run.errors.contains("big.yaml"))
    #expect(run.errors.contains("second.yml:6:"))
  }

  @Test("what cannot be read is exit 1", arguments: ["none.yaml", "policies/deep/none"])
  func unreadable(path: String) throws {
    let run = try check([path])
    #expect(run.status == 1)
    #expect(run.errors.contains(path))
  }

  private func folderWithPatterns() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      version: 1
      policy: patterns
      signals:
        plain: {log: kernel, match: 'Killed process'}
        text: {log: kernel, match: '(?i)panic: (\\w+)'}
        shape: {log: app, match: '\\b5\\d\\d\\b(?! x)'}
        every: {log: app, match: '(\\w)\\1'}
      rules:
        - {rule: A, when: 'count(plain[10m]) > 1 or count(text[10m]) > 1', then: +10}
        - {rule: B, when: 'count(shape[10m]) > 1 or count(every[10m]) > 1', then: +10}
      """, to: "policy.yaml")
    try folder.write(
      """
      Nov 23 01:00:00 host kernel: Killed process 12 (java)
      Nov 23 01:00:01 host kernel: a Panic: x
      Nov 23 01:00:02 host app: panic, status 512
      Nov 23 01:00:03 host app: xyz

      """, to: "some.log")
    return folder
  }

  @Test("--cost says how lines are searched for each pattern")
  func patternClasses() throws {
    let folder = try folderWithPatterns()
    let run = try rulecheck(["check", "policy.yaml", "--cost"], in: folder.path)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output.hasSuffix(
        """
          how lines are searched for each pattern:
            plain  literal
            text   filtered by text
            shape  filtered by classes
            every  every line

        """))
  }

  @Test("--sample tells what each pattern costs on a log, in both formats")
  func patternSample() throws {
    let folder = try folderWithPatterns()
    let run = try rulecheck(["check", "policy.yaml", "--cost", "--sample", "some.log"], in: folder.path)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("how lines are searched for each pattern, measured on 4 lines of some.log:"))
    #expect(run.output.contains("all together"))
    let machine = try rulecheck(
      ["check", "policy.yaml", "--cost", "--sample", "some.log", "--format", "json"], in: folder.path)
    let cost = try #require(try JSON(parsing: machine.output)["policies"]?[0]?["cost"])
    let patterns = try #require(cost["patterns"]).elements
    #expect(patterns.map { $0["class"]?.text } == ["literal", "filtered by text", "filtered by classes", "every line"])
    #expect(patterns.map { $0["linesSearched"]?.number } == [0, 1, 1, 4])
    #expect(patterns.map { $0["matches"]?.number } == [1, 1, 1, 1])
    #expect(patterns.allSatisfy { ($0["nanosecondsPerLine"]?.number ?? 0) > 0 })
    #expect(cost["sample"]?["lines"]?.number == 4)
    #expect(try rulecheck(["check", "policy.yaml", "--sample", "some.log"], in: folder.path).status == 1)
    #expect(try rulecheck(["check", "policy.yaml", "--cost", "--sample", "none.log"], in: folder.path).status == 1)
  }

  @Test("the starter policies are sound, and nothing is warned of")
  func starterPolicies() throws {
    let run = try rulecheck(["check", "rules", "Examples", "--at", "2026-11-23"])
    #expect(run.status == 0)
    #expect(run.errors == "")
  }
}

extension String {
  /// What follows the first occurrence of a text.
  fileprivate func components(after text: String) -> String? {
    firstRange(of: text).map { String(self[$0.upperBound...]) }
  }
}
