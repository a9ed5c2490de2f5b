import Testing

/// One policy, one metric: enough to see how `eval` ends, what it shows and what it refuses.
@Suite("rulecheck eval")
struct EvalTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      """
      version: 1
      policy: small
      step: 30s
      signals:
        up: {gauge: up}
        oom: {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)', optional: true}
      rules:
        - {rule: Down, when: up == 0, then: replace, why: it does not answer}
        - {rule: OOM, when: 'count(oom[10m]) > 0', then: +50, why: "{oom.comm} was killed"}
      """, to: "policy.yaml")
    try folder.write(
      """
      up{instance="a"} 1 1795410000000
      up{instance="b"} 0 1795410000000
      up{instance="c"} 1 1795400000000
      """, to: "up.prom")
  }

  private func eval(_ arguments: [String], input: String = "") throws -> Run {
    try rulecheck(["eval", "-p", "policy.yaml"] + arguments, in: folder.path, input: input)
  }

  // MARK: How it ends

  @Test(
    "exit 2 says that a condition of --fail-on is met, and results are written all the same",
    arguments: [
      ("replace", 2), ("unknown", 2), ("quarantine", 0), ("watch,quarantine", 0), ("watch,replace", 2), ("partial", 0),
    ])
  func failOn(list: String, status: Int32) throws {
    let run = try eval(["--metrics", "up.prom", "--fail-on", list])
    #expect(run.status == status)
    #expect(run.output.contains("Down replace: it does not answer"))
  }

  @Test("inputs used in part meet --fail-on partial, and are refused by --strict")
  func partial() throws {
    try folder.write("up{instance=\"a\"} 1 1795410000000\nup{instance=\"b\" 1\n", to: "bad.prom")
    let run = try eval(["--metrics", "bad.prom", "--fail-on", "partial"])
    #expect(run.status == 2)
    #expect(run.errors.contains("bad.prom:2:"))
    #expect(run.output.contains("1 refused"))
    let strict = try eval(["--metrics", "bad.prom", "--strict"])
    #expect(strict.status == 1)
    #expect(strict.output == "")
  }

  @Test("logs that are read at once decide, count and complain as one after the other", arguments: [2, 3, 16])
  func jobs(_ jobs: Int) throws {
    for node in 0..<12 {
      let lines = (0..<50).map {
        "Nov 23 05:00:\(10 + $0) node-\(node % 5) \($0 % 3 == 0 ? "kernel" : "app"): line \($0)"
      }
      let kill = node % 3 == 0 ? ["Nov 23 05:01:00 node-\(node % 5) kernel: Killed process \(node) (java)"] : []
      try folder.write((lines + kill).joined(separator: "\n") + "\n", to: "logs/\(node).log")
      if node % 4 == 0 {
        let fine = String(repeating: "{\"time\": \"2026-11-23T05:00:00Z\", \"message\": \"fine\"}\n", count: 20)
        try folder.write(fine + "{\"message\": \n", to: "logs/\(node)-bad.json")
      }
    }
    let arguments = ["--metrics", "up.prom", "--logs", "logs", "--at", "2026-11-23T05:02:00Z", "--format", "json"]
    let one = try eval(arguments + ["--jobs", "1"])
    let several = try eval(arguments + ["--jobs", "\(jobs)"])
    #expect(one.output.contains("was killed"))
    #expect(one.errors.contains("4-bad.json:21:"))
    #expect(several.output == one.output)
    #expect(several.errors == one.errors)
    #expect(try eval(arguments + ["--jobs", "0"]).errors.contains("--jobs must be at least 1"))
  }

  @Test("what one clock that lies has left out is told where it leaves nothing")
  func lyingClock() throws {
    let run = try eval(["--metrics", "up.prom", "--at", "2099-01-01T00:00:00Z"])
    #expect(run.status == 1)
    #expect(run.errors.contains("no input feeds `up`"))
    #expect(run.errors.contains("the decision is for 2099-01-01T00:00:00Z, and of the observations 3 are older"))
  }

  @Test("what a policy only asks whether it is absent need not be fed")
  func onlyAbsent() throws {
    let folder = try TemporaryFolder()
    let policy = try folder.write(
      """
      version: 1
      policy: witness
      signals:
        up:    {gauge: up}
        alive: {log: systemd, match: '.'}
      rules:
        - {rule: Down, when: 'up == 0 and absent(alive[5m])', then: replace}
      """, to: "policy.yaml")
    let metrics = try folder.write("up{instance=\"a\"} 0 0\nup{instance=\"a\"} 0 300000\n", to: "up.prom")
    let run = try rulecheck(["eval", "-p", policy, "--metrics", metrics, "--at", "300", "--format", "jsonl"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try JSON(parsing: run.output)["verdict"] == .string("replace"))
  }

  @Test(
    "what cannot be read is exit 1, with its name",
    arguments: [
      (["--metrics", "none.prom"], "none.prom"), (["--metrics", "up.prom", "-p", "none.yaml"], "none.yaml"),
      (["--metrics", "up.prom", "--at", "yesterday"], "yesterday"),
      (["--metrics", "up.prom", "--only", "reboot"], "reboot"),
      (["--metrics", "up.prom", "--history", "7 days"], "7 days"),
      (["--metrics", "up.prom", "-o", "no/such/folder"], "no/such/folder"),
      (["--inventory", "up.prom"], "up.prom"),
    ])
  func unreadable(arguments: [String], name: String) throws {
    let run = try rulecheck(
      ["eval"] + (arguments.contains("-p") ? [] : ["-p", "policy.yaml"]) + arguments, in: folder.path)
    #expect(run.status == 1)
    #expect(run.errors.contains(name))
  }

  @Test("an invalid policy is exit 3, whatever the inputs")
  func invalidPolicy() throws {
    try folder.write(
      "version: 1\npolicy: x\nsignals:\n  up: {gauge: up}\nrules:\n  - {rule: R, when: up > 90%, then: +1}\n",
      to: "bad.yaml")
    let run = try rulecheck(["eval", "-p", "bad.yaml", "--metrics", "up.prom"], in: folder.path)
    #expect(run.status == 3)
    #expect(run.output == "")
    #expect(run.errors.contains("bad.yaml:6:"))
  }

  @Test("nothing to judge, or nothing that feeds a rule, is exit 1 unless it is allowed")
  func empty() throws {
    try folder.write("", to: "empty.prom")
    let none = try eval(["--metrics", "empty.prom"])
    #expect(none.status == 1)
    #expect(none.errors.contains("no instances"))
    try folder.write("other{instance=\"a\"} 1 1795410000000\n", to: "other.prom")
    try folder.write("instances: [{id: a}]\n", to: "fleet.yaml")
    let unfed = try eval(["--metrics", "other.prom", "--inventory", "fleet.yaml"])
    #expect(unfed.status == 1)
    #expect(unfed.errors.contains("`up`"))
    let allowed = try eval(["--metrics", "other.prom", "--inventory", "fleet.yaml", "--allow-empty"])
    #expect(allowed.status == 0)
    #expect(allowed.output.contains("keep..replace"))
  }

  // MARK: What it shows

  @Test("the worst comes first, and --only leaves the rest out")
  func order() throws {
    let run = try eval(["--metrics", "up.prom"])
    let names = run.output.split(separator: "\n").dropFirst().prefix(3).map { String($0.prefix(1)) }
    #expect(names == ["b", "c", "a"])
    let only = try eval(["--metrics", "up.prom", "--only", "keep,unknown"])
    #expect(!only.output.contains("it does not answer"))
    #expect(only.output.contains("3 instances"))
  }

  @Test("more than the blast radius is warned of, also in the record, and never fails")
  func blastRadius() throws {
    let run = try eval(["--metrics", "up.prom", "--format", "jsonl"])
    #expect(run.status == 0)
    #expect(run.errors.contains("warning: 1 of 3 instances (33.3 %) is to be replaced at once"))
    let records = try run.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
    let warned = records.filter { $0["warnings"] != nil }.map { $0["instance"]?.text }
    #expect(warned == ["b"])
    let wide = try eval(["--metrics", "up.prom", "--format", "jsonl", "--blast-radius", "34%"])
    #expect(!wide.errors.contains("warning"))
    #expect(!wide.output.contains("warnings"))
  }

  @Test("log text cannot steer a terminal, nor a name")
  func controlCharacters() throws {
    try folder.write("Killed process 1 (\u{1B}[31mevil\u{7}\u{202E})\n", to: "kernel.log")
    let inputs = ["--metrics", "up.prom", "--logs", "a:kernel=kernel.log", "--at", "1795410000"]
    let run = try eval(inputs)
    #expect(run.output.contains("\\u{1b}[31mevil\\u{7}\\u{202e} was killed"))
    #expect(!run.output.contains("\u{1B}"))
    let record = try eval(inputs + ["--format", "jsonl"])
    #expect(!record.output.contains("\u{1B}"))
  }

  @Test("-o writes to a file")
  func outputFile() throws {
    let run = try eval(["--metrics", "up.prom", "-o", "out.txt"])
    #expect(run.status == 0)
    #expect(run.output == "")
    #expect(try folder.read("out.txt").contains("it does not answer"))
  }

  // MARK: What it counts

  @Test("nothing is lost without being counted")
  func counts() throws {
    try folder.write(
      """
      up{instance="a"} 1 1795410000000
      up{instance="a"} 1 1795410000000
      up{instance="a:9100"} 1 1795410001000
      up{instance="z"} 1 1795410000000
      up{instance="a"} 1 1795410600000
      up{instance="b"} 1 1795300000000
      up{instance="b"} 1 1795409000000
      up{instance="b"} one 1795410000000
      down{instance="b"} 1 1795410000000
      """, to: "mixed.prom")
    try folder.write(
      """
      - {id: a}
      - {id: b, launched: 2026-11-23T04:00:00Z}
      - {id: s, state: stopped}
      """, to: "fleet.yaml")
    let run = try eval([
      "--metrics", "mixed.prom", "--inventory", "fleet.yaml", "--at", "1795410005", "--format", "json",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let lost = try JSON(parsing: run.output)["summary"]?["inputs"]?["lost"]
    #expect(lost?["unwanted"] == .number(1))
    #expect(lost?["refused"] == .number(1))
    #expect(lost?["unresolved"] == .number(1))
    #expect(lost?["future"] == .number(1))
    #expect(lost?["predecessor"] == .number(1))
    #expect(lost?["duplicate"] == .number(1))
    #expect(lost?["skippedInstances"] == .number(1))
    #expect(run.errors.contains("`z`"))
  }

  @Test("lines that match nothing are counted one by one, though only the newest of a tick is kept")
  func unmatchedLines() throws {
    try folder.write(
      (0..<60).map { "2026-11-23T05:\($0 < 40 ? "00" : "59"):\(10 + $0 % 40) a kernel: nothing \($0)\n" }.joined(),
      to: "kernel.log")
    try folder.write("[{id: a, launched: 2026-11-23T05:10:00Z}]", to: "fleet.yaml")
    let run = try eval([
      "--metrics", "up.prom", "--logs", "kernel.log", "--at", "2026-11-23T05:30:00Z", "--inventory", "fleet.yaml",
      "--allow-empty",
    ])
    #expect(run.output.contains("· 20 after that time · 41 from before the launch"), "\(run.output)")
  }

  @Test("where only the selector is open, the verdict is the one outcome with a question mark")
  func openSelector() throws {
    let policy = try folder.read("policy.yaml")
    try folder.write("selector: label.role == 'web'\n" + policy, to: "web.yaml")
    try folder.write("[{id: a}, {id: b}, {id: c}]", to: "fleet.yaml")
    let run = try rulecheck(
      ["eval", "-p", "web.yaml", "--metrics", "up.prom", "--inventory", "fleet.yaml"],
      in: folder.path)
    #expect(run.output.contains("b         replace?"), "\(run.output) \(run.errors)")
  }

  @Test("a fact signal is fed by the inventory")
  func factSignal() throws {
    try folder.write(
      """
      version: 1
      policy: cores
      signals: {cores: {fact: cores}}
      rules: [{rule: Many, when: cores > 4, then: +1, why: "{cores} cores"}]
      """, to: "cores.yaml")
    try folder.write(#"[{"id": "a", "facts": {"cores": 8}}]"#, to: "fleet.json")
    let run = try rulecheck(["eval", "-p", "cores.yaml", "--inventory", "fleet.json"], in: folder.path)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("Many +1: 8 cores"))
    try folder.write(#"[{"id": "a", "facts": {"core": 8}}]"#, to: "fleet.json")
    let unfed = try rulecheck(["eval", "-p", "cores.yaml", "--inventory", "fleet.json"], in: folder.path)
    #expect(unfed.status == 1)
    #expect(unfed.errors.contains("`cores`"))
  }

  @Test("a name that could mean two instances is an error")
  func ambiguous() throws {
    try folder.write("[{id: x, aliases: [a]}, {id: y, aliases: [a]}]", to: "fleet.json")
    let run = try eval(["--metrics", "up.prom", "--inventory", "fleet.json", "--allow-empty"])
    #expect(run.status == 1)
    #expect(run.errors.contains("`a` could mean `x`, `y`"))
  }

  @Test("a history that is shorter than the data leaves the rest out and says so")
  func history() throws {
    try folder.write("up{instance=\"a\"} 1 1795410000000\nup{instance=\"a\"} 1 1790000000000\n", to: "old.prom")
    let run = try eval(["--metrics", "old.prom", "--history", "1d"])
    #expect(run.output.contains("1 older than the history"))
  }
}
