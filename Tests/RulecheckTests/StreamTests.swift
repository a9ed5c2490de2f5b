import Criteria
import Glibc
import Testing

@Suite("stream")
struct StreamTests {
  static let policy = "Examples/stream/policy.yaml"

  /// Lines that cannot be used, each in its own way.
  static let faulty = [
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","smaple":"up","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up"}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":"1"}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":NaN}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":01}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":1e999}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":1,"value":2}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","labels":{"a":1},"value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","labels":{"a":"1","a":"2"},"value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","labels":["a"],"value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","line":"x","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","line":"x","source":"kernel","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"","sample":"up","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"a\u0000b","sample":"up","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"\ud83d","sample":"up","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"é","sample":"up","value":x}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1"}"#,
    #"{"instance":"i-1","sample":"up","value":1}"#,
    #"{"at":"2026-11-23 01:00:00Z","instance":"i-1","sample":"up","value":1}"#,
    #"{"at":"2026-11-23","instance":"i-1","sample":"up","value":1}"#,
    #"{"at":"2026-11-23T01:00:00","instance":"i-1","sample":"up","value":1}"#,
    #"{"at":"2026-02-30T01:00:00Z","instance":"i-1","sample":"up","value":1}"#,
    #"{"at":"2026-11-23T24:00:00Z","instance":"i-1","sample":"up","value":1}"#,
    #"{"at":1795395600,"instance":"i-1","sample":"up","value":1}"#,
    #"{"at":1795395600000000,"instance":"i-1","sample":"up","value":1}"#,
    #"{"at":1795395600000.5,"instance":"i-1","sample":"up","value":1}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":1}}"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up","value":1"#,
    #"{"at":"2026-11-23T01:00:00Z","instance":"i-1","sample":"up"#,
    #"{'tick':1}"#, "[]", "true", "\u{FEFF}{}", "{}", #"{"snapshot":true}"#, #"{"quit":false}"#,
    #"{"explain":"i-1"}"#,
  ]

  @Test("an incident from its first observation to its end")
  func incident() throws {
    let arguments = ["stream", "-p", Self.policy]
    let run = try rulecheck(arguments, input: readText(root + "/Examples/stream/incident.ndjson"))
    try expectGolden(transcript(arguments, run), "stream-incident.txt")
  }

  @Test("each line that cannot be used is answered with its place, the reason and a remedy, and counted")
  func errors() throws {
    let run = try rulecheck(["stream", "-p", Self.policy], input: Self.faulty.joined(separator: "\n") + "\n")
    var text = ""
    let answers = run.output.split(separator: "\n").map(String.init)
    #expect(answers.count == Self.faulty.count + 1)
    for (line, answer) in zip(Self.faulty, answers) { text += "\(line)\n  \(answer)\n" }
    try expectGolden(text, "stream-errors.txt")
    #expect(try JSON(parsing: answers.last ?? "")["end"]?["errors"] == .number(Double(Self.faulty.count)))
    #expect(run.status == 0)
  }

  @Test("what it reads and writes fits the schema", arguments: ["changes", "all", "records"])
  func schema(emission: String) throws {
    let schema = try JSON(parsing: readText(root + "/docs/stream.schema.json"))
    let record = JSONSchema(root: try JSON(parsing: readText(root + "/docs/decision.schema.json")))
    let input = try readText(root + "/Examples/stream/incident.ndjson")
    let run = try rulecheck(["stream", "-p", Self.policy, "--emit", emission], input: input)
    for line in input.split(separator: "\n") where !line.contains("vlaue") {
      #expect(try faults(of: String(line), by: "input", in: schema) == [], "\(line)")
    }
    for line in run.output.split(separator: "\n") {
      #expect(try faults(of: String(line), by: "output", in: schema) == [], "\(line)")
      if let decision = try JSON(parsing: String(line))["decision"] { #expect(record.faults(of: decision) == []) }
    }
  }

  private func faults(of line: String, by name: String, in schema: JSON) throws -> [String] {
    guard case .object(var members) = schema else { return ["no schema"] }
    members["anyOf"] = .array([.object(["$ref": .string("#/$defs/\(name)")])])
    return JSONSchema(root: .object(members)).faults(of: try JSON(parsing: line))
  }

  @Test("its records are those of the library")
  func records() throws {
    let run = try rulecheck(
      ["stream", "-p", Self.policy, "--emit", "records"],
      input: """
        {"at":1795395600000,"instance":"i-1","attach":"*"}
        {"at":1795395600000,"instance":"i-1","sample":"node_load1","value":9}
        {"at":1795395601000,"instance":"i-2","sample":"node_load1","labels":{"a":"1"},"value":9}
        {"at":1795395601000,"instance":"i-2","sample":"node_load1","labels":{"a":"2"},"value":9}
        {"at":1795395700000,"instance":"i-1","line":"Killed process 1 (java)","source":"kernel","origin":{"file":"k.log","line":7}}
        {"tick":1795396020000}

        """)
    var fleet = Fleet(try Policy(contentsOf: root + "/" + Self.policy))
    func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
    fleet.attach(log: "*", of: "i-1", at: time(1_795_395_600_000))
    fleet.observe(.sample("node_load1", [:], 9), of: "i-1", at: time(1_795_395_600_000))
    fleet.observe(.sample("node_load1", ["a": "1"], 9), of: "i-2", at: time(1_795_395_601_000))
    fleet.observe(.sample("node_load1", ["a": "2"], 9), of: "i-2", at: time(1_795_395_601_000))
    fleet.observe(
      .line("Killed process 1 (java)", source: "kernel"), of: "i-1", at: time(1_795_395_700_000),
      origin: Origin(file: "k.log", line: 7))
    let now = time(1_795_396_020_000)
    fleet.advance(to: now)
    let expected = ["i-1", "i-2"].map { "{\"decision\":" + (fleet.explain($0, at: now)?.json ?? "") + "}" }
    #expect(run.output.split(separator: "\n").prefix(2).map(String.init) == expected)
  }

  @Test("a line beyond the longest is refused, and reading goes on", arguments: [100, 70_000, 200_000])
  func longLines(length: Int) throws {
    let long =
      #"{"at":1795395600000,"instance":"i-1","line":"\#(String(repeating: "x", count: length))","source":"kernel"}"#
    let run = try rulecheck(
      ["stream", "-p", Self.policy, "--max-line", "\(length)"], input: "\(long)\n{\"tick\":1795395600000}\n\(long)\n{}")
    let answers = try run.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(answers.map { $0["error"]?["line"] } == [.number(1), nil, .number(3), .number(4), nil])
    #expect(answers.last?["end"]?["lines"] == .number(4))
  }

  @Test("who asks is answered without sending more")
  func answersAtOnce() throws {
    let stream = try RunningStream(["-p", Self.policy])
    stream.write("{\"tick\":1795395600000}\n")
    #expect(stream.readLine()?.hasPrefix("{\"tick\":") == true)
    stream.write("nonsense\n")
    #expect(stream.readLine()?.hasPrefix("{\"error\":") == true)
    stream.write("{\"explain\":\"i-1\"}")
    stream.closeInput()
    #expect(stream.readLine()?.hasPrefix("{\"error\":") == true)
    #expect(stream.readLine()?.hasPrefix("{\"end\":") == true)
    #expect(stream.wait() == 0)
  }

  @Test("it reads only as fast as its answers are read, and loses none")
  func backPressure() throws {
    let stream = try RunningStream(["-p", Self.policy])
    let lines = String(repeating: "nonsense\n", count: 1000)
    var taken = 0
    // Its answers are not read: once both pipes and one block are full, nothing more is taken.
    while stream.tryToWrite(lines, within: 0.5) {
      taken += 1000
      try #require(taken < 1_000_000, "it reads on though nobody reads its answers")
    }
    stream.finishWritingWhileReading()
    var answers = 0
    var last: String?
    while let line = stream.readLine() {
      if line.hasPrefix("{\"error\":") { answers += 1 }
      last = line
    }
    #expect(answers >= taken)
    #expect(try JSON(parsing: last ?? "")["end"]?["errors"] == .number(Double(answers)))
    #expect(stream.wait() == 0)
  }

  @Test("it stops when nobody reads its answers any more")
  func brokenPipe() throws {
    let stream = try RunningStream(["-p", Self.policy])
    stream.closeOutput()
    stream.write("nonsense\n")
    #expect(stream.wait() == 1)
  }

  @Test(
    "the callers of the examples",
    arguments: [("python3", ["Examples/stream/caller.py"]), ("go", ["run", "Examples/stream/caller.go"])])
  func callers(program: String, arguments: [String]) throws {
    let folders = (environmentPath + ":/usr/bin:/bin:/usr/local/go/bin").split(separator: ":")
    let places: [String] = folders.map { "\($0)/\(program)" }
    let found = places.first { access($0, X_OK) == 0 }
    guard let found else {
      print("skipped: \(program) is not installed")
      return
    }
    let scratch = try TemporaryFolder()
    let result = try run(
      [found] + arguments + [Self.policy],
      environment: ["HOME=\(scratch.path)", "GOCACHE=\(scratch.path)/go", "GO111MODULE=off"])
    #expect(
      result.output == """
        change i-0a1 2026-11-23T01:00:00Z None -> unknown
        change i-0a1 2026-11-23T01:01:00Z unknown -> keep
        change i-0a1 2026-11-23T01:03:00Z keep -> replace

        """, "\(result.errors)")
    #expect(result.status == 0)
  }

  private var environmentPath: String { getenv("PATH").map { String(cString: $0) } ?? "" }
}
