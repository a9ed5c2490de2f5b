import Testing

@Suite("The example fleet")
struct ExampleTests {
  static let inputs = [
    "-p", "Examples/web-nodes.yaml", "--inventory", "Examples/fleet.yaml", "--metrics", "Examples/metrics", "--logs",
    "Examples/logs",
  ]

  @Test(
    "the demo prints what it is known to print",
    arguments: [
      ("demo-check.txt", ["check", "Examples/web-nodes.yaml", "--at", "2026-11-23"]),
      ("demo-eval.txt", ["eval"] + inputs),
      ("demo-eval.jsonl.txt", ["eval"] + inputs + ["--format", "jsonl"]),
    ])
  func golden(name: String, arguments: [String]) throws {
    try expectGolden(transcript(arguments, rulecheck(arguments)), name)
  }

  @Test("it shows a replace, a quarantine, an unknown, a watch and a keep")
  func verdicts() throws {
    let run = try rulecheck(["eval"] + Self.inputs + ["--format", "json"])
    #expect(run.status == 0)
    let document = try JSON(parsing: run.output)
    var verdicts: [String: String] = [:]
    for decision in document["decisions"]?.elements ?? [] {
      verdicts[try #require(decision["instance"]?.text)] = decision["verdict"]?.text
    }
    #expect(
      verdicts == [
        "i-0a1": "replace", "i-0a2": "watch", "i-0a3": "quarantine", "i-0a4": "keep", "i-0a5": "unknown",
        "i-0a6": "watch",
        "i-0a7": "replace", "i-0a8": "watch",
      ])
    #expect(document["summary"]?["verdicts"]?["replace"] == .number(2))
    #expect(document["summary"]?["blastRadius"]?["exceeded"] == .bool(true))
  }

  @Test("its records fit the schema", arguments: [[], ["--all-rules"], ["--assume-steady"]])
  func schema(options: [String]) throws {
    let schema = JSONSchema(root: try JSON(parsing: readText(root + "/docs/decision.schema.json")))
    let run = try rulecheck(["eval"] + Self.inputs + ["--format", "jsonl"] + options)
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 8)
    for line in lines { #expect(schema.faults(of: try JSON(parsing: String(line))) == []) }
  }

  @Test("gzip, a pipe, one file or a folder: the same decisions")
  func waysIn() throws {
    let rest = ["-p", "Examples/web-nodes.yaml", "--at", "2026-11-23T05:48:40Z", "--format", "jsonl"]
    let file = "Examples/metrics/i-0a1.prom"
    let logs = ["--logs", "Examples/logs/i-0a1/kernel.log"]
    let named = try rulecheck(["eval", "--allow-empty", "--metrics", file] + logs + rest)
    let piped = try rulecheck(
      ["eval", "--allow-empty", "--metrics", "i-0a1:-"] + logs + rest, input: readText(root + "/" + file))
    #expect(named.status == 0, "\(named.errors)")
    #expect(named.output.contains("\"instance\":\"i-0a1\""))
    #expect(piped.output == named.output)
  }
}
