import Testing

@Suite("rulecheck why")
struct WhyTests {
  private static let inputs = ExampleTests.inputs

  @Test(
    "what it says of the example fleet is known",
    arguments: [
      ("why-replace.txt", ["i-0a1"]), ("why-quarantine.txt", ["i-0a3"]), ("why-keep.txt", ["i-0a4"]),
      ("why-unknown.txt", ["i-0a5"]), ("why-protected.txt", ["i-0a6"]), ("why-watch.txt", ["web-8.example.net"]),
      ("why-drift.txt", ["i-0a2", "--rule", "ImageDrift"]), ("why-rule.txt", ["i-0a8", "--rule", "OOMLoop"]),
      ("why-rule.json.txt", ["i-0a8", "--rule", "DiskFull", "--format", "json"]),
      ("why-unknown-instance.txt", ["i-Oa8"]), ("why-unknown-rule.txt", ["i-0a8", "--rule", "DiskFul"]),
    ])
  func golden(name: String, arguments: [String]) throws {
    let arguments = ["why"] + arguments + Self.inputs
    try expectGolden(transcript(arguments, rulecheck(arguments)), name)
  }

  @Test("its documents fit the schema, and tell what eval tells", arguments: 1...8)
  func document(number: Int) throws {
    let schema = JSONSchema(root: try JSON(parsing: readText(root + "/docs/why.schema.json")))
    let records = JSONSchema(root: try JSON(parsing: readText(root + "/docs/decision.schema.json")))
    let instance = "i-0a\(number)"
    let run = try rulecheck(["why", instance, "--format", "json"] + Self.inputs)
    #expect(run.status == 0, "\(run.errors)")
    let document = try JSON(parsing: run.output)
    #expect(schema.faults(of: document) == [])
    let decision = try #require(document["decision"])
    #expect(records.faults(of: decision) == [])
    let eval = try rulecheck(["eval", "--all-rules", "--format", "jsonl"] + Self.inputs)
    let record = try eval.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
      .first { $0["instance"]?.text == instance }
    for field in ["at", "verdict", "score", "rules", "missing", "nextChange", "protectedBy", "policy"] {
      #expect(decision[field] == record?[field], "\(field)")
    }
    let times = document["timeline"]?["times"]?.elements ?? []
    #expect(times.last == decision["at"])
    for name in ["verdicts", "low", "high"] { #expect(document["timeline"]?[name]?.elements.count == times.count) }
    #expect(document["timeline"]?["verdicts"]?.elements.last == decision["verdict"])
  }

  @Test("a saved decision is shown as it says, and nothing can be tried on it")
  func record() throws {
    let folder = try TemporaryFolder()
    for format in ["jsonl", "json"] {
      let eval = try rulecheck(["eval", "--format", format, "-o", folder.path + "/saved." + format] + Self.inputs)
      #expect(eval.status == 0, "\(eval.errors)")
    }
    let lines = try rulecheck(["why", "i-0a1", "--record", "saved.jsonl"], in: folder.path)
    try expectGolden(transcript(["why", "i-0a1", "--record", "saved.jsonl"], lines), "why-record.txt")
    let document = try rulecheck(["why", "i-0a1", "--record", "saved.json"], in: folder.path)
    // Warnings about the fleet are in both.
    #expect(document.output == lines.output)
    let machine = try rulecheck(["why", "i-0a1", "--record", "saved.json", "--format", "json"], in: folder.path)
    #expect(try JSON(parsing: machine.output)["verdict"] == .string("replace"))
    let other = try rulecheck(["why", "i-0a9", "--record", "saved.jsonl"], in: folder.path)
    #expect(other.status == 1)
    #expect(other.errors.contains("no decision about `i-0a9` in `saved.jsonl`, did you mean `i-0a1`"))
    let policy = try rulecheck(["why", "i-0a1", "--record", "../../../Examples/web-nodes.yaml"], in: folder.path)
    #expect(policy.status == 1)
  }

  @Test(
    "what does not go together is refused",
    arguments: [
      (["i-0a1"], "expected --policy and inputs, or --record"),
      (["i-0a1", "-p", "Examples/web-nodes.yaml"], "expected at least one of --metrics, --logs and --inventory"),
      (["i-0a1", "--record", "x", "-p", "y"], "give one or the other"),
      (["i-0a1", "--record", "nowhere.jsonl"], "nowhere.jsonl"),
    ])
  func usage(arguments: [String], message: String) throws {
    let run = try rulecheck(["why"] + arguments)
    #expect(run.status == 1)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test("a run of Prometheus is explained", .enabled(if: sharedData != nil, "../shared/data is absent"))
  func prometheusRun() throws {
    let folder = try TemporaryFolder()
    try folder.write(SharedDataTests.windowPolicy, to: "policy.yaml")
    let dump = try #require(sharedData) + "/prometheus-run/tsdb-dump-node.txt.gz"
    let arguments = ["why", "node-2", "-p", "policy.yaml", "--metrics"]
    let run = try rulecheck(arguments + [dump, "--at", "1795396812"], in: folder.path)
    // Where the data are differs from machine to machine.
    try expectGolden(transcript(arguments + ["DUMP", "--at", "1795396812"], run), "why-prometheus.txt")
  }
}
