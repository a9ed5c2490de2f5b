import Testing

private let wrong = """
  version: 1
  policy: wrong
  signals:
    cpu: {gauge: node_cpu_busy_percent, unit: percent}
  rules:
    - rule: Hot
      when: avg(cpu[5m]) > 90
      for: 90
      then: +40
  """

@Suite struct AnnotationTests {
  @Test("github's annotations stand at the lines of the policy, with what breaks their form escaped")
  func github() throws {
    let folder = try TemporaryFolder()
    try folder.write(wrong, to: "a,b.yaml")
    let run = try rulecheck(["check", "--format", "github", "a,b.yaml"], in: folder.path)
    #expect(
      run.output == """
        ::error file=a%2Cb.yaml,line=7,endLine=7,col=26,endColumn=27,title=E0212::comparing a ratio with a plain number%0Ahelp: write `90%25`
        ::error file=a%2Cb.yaml,line=8,endLine=8,col=10,endColumn=11,title=E0106::`for` must be a duration, found `90`%0Ahelp: add a unit: `90s` or `90m`

        """)
    #expect(run.status == 3 && run.errors == "")
  }

  @Test("sarif has a result for each fault, with its place and its rule's page")
  func sarif() throws {
    let folder = try TemporaryFolder()
    try folder.write(wrong, to: "a b.yaml")
    let run = try rulecheck(["check", "--format", "sarif", "a b.yaml"], in: folder.path)
    let document = try JSON(parsing: run.output)
    #expect(document["version"] == .string("2.1.0") && run.status == 3)
    let log = try #require(document["runs"]?.elements.first)
    let rules = log["tool"]?["driver"]?["rules"]?.elements.map { $0["id"]?.text }
    #expect(rules == ["E0106", "E0212"])
    let results = log["results"]?.elements ?? []
    #expect(results.map { $0["ruleId"]?.text } == ["E0212", "E0106"])
    #expect(results.map { $0["ruleIndex"] } == [.number(1), .number(0)])
    let place = results.first?["locations"]?.elements.first?["physicalLocation"]
    #expect(place?["artifactLocation"]?["uri"]?.text == "a%20b.yaml")
    #expect(place?["region"]?["startLine"] == .number(7) && place?["region"]?["endColumn"] == .number(28))
    let sound = try rulecheck(["check", "--format", "sarif", "rules/linux-node.yaml"])
    #expect(sound.status == 0)
    #expect(try JSON(parsing: sound.output)["runs"]?.elements.first?["results"]?.elements.isEmpty == true)
  }

  @Test(
    "sarif reads back as sarif, by other hands",
    .enabled(if: hasPython("sarif_pydantic"), "python has no sarif_pydantic: scripts/test-tools installs it"))
  func sarifReadBack() throws {
    let folder = try TemporaryFolder()
    try folder.write(wrong, to: "a.yaml")
    let reader = """
      import sys
      from sarif_pydantic import Sarif
      for result in Sarif.model_validate_json(sys.stdin.read()).runs[0].results:
        place = result.locations[0].physical_location
        print(result.rule_id, result.level.value, place.artifact_location.uri, place.region.start_line)
      """
    let document = try rulecheck(["check", "--format", "sarif", "a.yaml"], in: folder.path).output
    let read = try run([python, "-c", reader], input: document)
    #expect(read.output == "E0212 error a.yaml 7\nE0106 error a.yaml 8\n", "\(read.errors)")
  }
}

@Suite struct ViewTests {
  private let inputs = [
    "eval", "-p", "Examples/web-nodes.yaml", "--inventory", "Examples/fleet.yaml", "--metrics", "Examples/metrics",
    "--logs",
    "Examples/logs", "--format", "jsonl",
  ]

  private func shown(_ options: [String], _ member: String = "instance") throws -> [String] {
    let run = try rulecheck(inputs + options)
    #expect(run.status == 0, "\(run.errors)")
    return try run.output.split(separator: "\n").map { try JSON(parsing: String($0))[member]?.text ?? "" }
  }

  @Test("--where takes an expression of the language over labels and facts")
  func filter() throws {
    #expect(try shown(["--where", "label.zone == \"a\"", "--sort", "instance"]) == ["i-0a1", "i-0a4", "i-0a7"])
    #expect(
      try shown(["--where", "label.zone in [\"a\", \"b\"] and not (label.zone == 'a')"]).allSatisfy { $0 != "i-0a1" })
    #expect(try shown(["--where", "label.nowhere == \"a\""]) == [])
    let run = try rulecheck(inputs + ["--where", "label.zone = \"a\""])
    #expect(run.status == 1 && run.errors.contains("--where: `=` is written `==` here"))
  }

  @Test("--sort orders, --group-by counts")
  func order() throws {
    #expect(try shown(["--sort", "instance"]) == (1...8).map { "i-0a\($0)" })
    #expect(try shown(["--sort", "score"]).first == "i-0a1")
    #expect(try shown(["--sort", "label.zone"]).first.map { ["i-0a1", "i-0a4", "i-0a7"].contains($0) } == true)
    #expect(try shown(["--group-by", "label.zone"], "group") == ["a", "b", "c"])
    #expect(try shown(["--group-by", "verdict"], "group") == ["keep", "quarantine", "replace", "unknown", "watch"])
    #expect(try rulecheck(inputs + ["--group-by", "score"]).status == 1)
    #expect(try rulecheck(inputs + ["--sort", "colour"]).status == 1)
  }

  @Test("the man page and the completions name every command")
  func manual() throws {
    let page = try rulecheck(["manual"]).output
    let completion = try rulecheck(["--generate-completion-script", "bash"]).output
    for command in ["check", "eval", "inspect", "inputs", "explain"] {
      #expect(page.contains(".SS \(command)\n") && completion.contains(command))
    }
  }
}
