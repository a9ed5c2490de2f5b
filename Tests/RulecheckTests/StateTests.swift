import Glibc
import Testing

/// Twenty minutes of two instances, as files that grow.
private struct Story {
  static let start: Int64 = 1_795_395_600
  let folder: TemporaryFolder
  let policy: String

  init() throws {
    folder = try TemporaryFolder()
    policy = try folder.write(Self.policyText(wait: "2m"), to: "policy.yaml")
  }

  static func policyText(wait: String) -> String {
    """
    version: 1
    policy: story
    step: 30s
    signals:
      oom:  {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
      load: {gauge: node_load1}
      temp: {gauge: node_temp, optional: true}
    rules:
      - {rule: OOMLoop, when: "count(oom[10m]) >= 3", for: 1m, then: replace, why: "{count(oom[10m])} kills, last {oom.comm}"}
      - {rule: Busy, when: "min(load[1m]) > 6", for: \(wait), hold: 3m, then: +50}
      - {rule: Steep, when: "slope(load[5m]) > 1/m", then: +10}
      - {rule: Warm, when: "max(temp[1m]) > 80", then: +10}
    """
  }

  private func samples(from: Int64, to: Int64) -> String {
    var text = ""
    for second in stride(from: Self.start, through: to, by: 15) where second > from {
      let minute = (second - Self.start) / 60
      for (instance, load) in [("i-1", minute % 12), ("i-2", minute % 7 + 4)] {
        text += "{__name__=\"node_load1\", instance=\"\(instance)\"} \(load) \(second)000\n"
      }
    }
    return text
  }

  private func lines(from: Int64, to: Int64) -> String {
    var text = ""
    for second in stride(from: Self.start, through: to, by: 7) where second > from {
      let clock = second - Self.start
      let time = "2026-11-23T01:\(two(clock / 60)):\(two(clock % 60))Z"
      if clock % 210 == 0 {
        // Twice the same line at the same time is two lines.
        for _ in 0..<2 { text += "\(time) i-1 kernel: Killed process \(clock) (java)\n" }
      } else {
        text += "\(time) i-1 kernel: nothing to see\n"
      }
    }
    return text
  }

  private func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }

  /// Writes what there is at a time (of what came after `since`), in seconds from the start, and runs `eval` on it.
  func eval(
    at seconds: Int64, since: Int64 = -1, _ options: [String] = [], before: [String] = [], policy: String? = nil
  ) throws -> Run {
    try folder.write(samples(from: Self.start + since, to: Self.start + seconds), to: "metrics.txt")
    try folder.write(lines(from: Self.start + since, to: Self.start + seconds), to: "kernel.log")
    let arguments =
      [
        "eval", "-p", policy ?? self.policy, "--metrics", "metrics.txt", "--logs", "i-1:kernel=kernel.log", "--at",
        "\(Self.start + seconds)", "--format", "jsonl", "--all-rules",
      ] + options
    return try run(before + [rulecheckPath] + arguments, in: folder.path)
  }

  /// Instance, verdict, score and the states of rules, without the evidence.
  func standing(_ run: Run) throws -> [String] {
    try run.output.split(separator: "\n").map { line in
      let record = try JSON(parsing: String(line))
      let rules = record["rules"]?.elements.map { "\($0["rule"]?.text ?? "") \($0["state"]?.text ?? "")" } ?? []
      return "\(record["instance"]?.text ?? "") \(record["verdict"]?.text ?? "") \(rules)"
    }
  }
}

@Suite("eval --state")
struct StateTests {
  static let times: [Int64] = [70, 147, 230, 300, 301, 360, 425, 600, 700, 701, 890, 930, 1000, 1140]

  @Test("runs that go on decide what a run over the whole history decides, though logs are given again")
  func chain() throws {
    let story = try Story()
    var verdicts: Set<String> = []
    for (index, time) in Self.times.enumerated() {
      let whole = try story.eval(at: time)
      let chained = try story.eval(at: time, ["--state", "state"])
      #expect(chained.status == 0, "\(chained.errors)")
      #expect(chained.output == whole.output, "at \(time)")
      #expect(chained.errors.contains("is not there yet") == (index == 0))
      if index > 3 { #expect(chained.errors.contains("fed by earlier runs") || time > 890) }
      verdicts.formUnion(try story.standing(chained))
    }
    // It is a story, not a silence.
    for word in ["i-1 replace", "OOMLoop pending", "OOMLoop active", "Busy holding", "Busy active", "Steep active"] {
      #expect(verdicts.contains { $0.contains(word) }, "\(word)")
    }
  }

  @Test("runs need no history: each is given only what is new")
  func withoutHistory() throws {
    let story = try Story()
    var last: Int64 = -1
    for time in Self.times {
      let whole = try story.eval(at: time)
      let chained = try story.eval(at: time, since: last, ["--state", "state"])
      #expect(try story.standing(chained) == story.standing(whole), "at \(time)")
      last = time
    }
  }

  @Test("the same run again decides the same")
  func again() throws {
    let story = try Story()
    _ = try story.eval(at: 300, ["--state", "state"])
    let first = try story.eval(at: 650, ["--state", "state"])
    let second = try story.eval(at: 650, ["--state", "state"])
    #expect(first.output == second.output)
    let third = try story.eval(at: 700, ["--state", "state"])
    #expect(try third.output == story.eval(at: 700).output)
  }

  @Test("kill -9 at any point loses nothing: the next run goes on")
  func killed() throws {
    let story = try Story()
    let began = ContinuousClock.now
    _ = try story.eval(at: 60, ["--state", "state"])
    // Of a run that nothing disturbs: the shortest yet, for others may have kept the machine busy.
    var length = (ContinuousClock.now - began) / .seconds(1)
    var killed = 0
    for (index, time) in stride(from: Int64(90), through: 1150, by: 45).enumerated() {
      // From the middle of a run to shortly after its end: most of it is reading and writing.
      for place in 0..<3 {
        let share = 0.4 + Double((index * 7 + place * 5) % 16) / 20
        let run = try story.eval(
          at: time, ["--state", "state"], before: ["timeout", "-s", "KILL", "\(length * share)"])
        if run.status != 0 { killed += 1 } else { length = min(length, run.seconds) }
      }
      let whole = try story.eval(at: time)
      let run = try story.eval(at: time, ["--state", "state"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output == whole.output, "at \(time)")
    }
    #expect(killed > 10)
    #expect(
      try list(story.folder.path).filter { $0.hasPrefix("state") }.allSatisfy { ["state", "state.lock"].contains($0) })
  }

  @Test("one run at a time: another is refused, or waits")
  func locked() throws {
    let story = try Story()
    _ = try story.eval(at: 60, ["--state", "state"])
    let refused = try story.eval(at: 90, ["--state", "state"], before: ["flock", "state.lock"])
    #expect(refused.status == 1)
    #expect(refused.errors.contains("uses the state `state`"))
    #expect(refused.errors.contains("--state-wait"))
    #expect(refused.output == "")
    let script = "flock state.lock sleep 1 & sleep 0.3; exec \"$0\" \"$@\""
    let waited = try story.eval(at: 90, ["--state", "state", "--state-wait", "30s"], before: ["sh", "-c", script])
    #expect(waited.status == 0, "\(waited.errors)")
  }

  @Test("another policy: what fits is kept, the rest is said")
  func policyChanged() throws {
    let story = try Story()
    _ = try story.eval(at: 660, ["--state", "state"])
    let other = try story.folder.write(Story.policyText(wait: "3m"), to: "other.yaml")
    let run = try story.eval(at: 700, ["--state", "state"], policy: other)
    #expect(run.status == 0)
    #expect(run.errors.contains("the policy has changed since the last run: rule `Busy` dropped: its `for` is another"))
    #expect(!run.errors.contains("rule `OOMLoop`"))
    let whole = try story.eval(at: 700)
    let rules = try story.standing(run).joined(separator: "\n")
    #expect(rules.contains("OOMLoop active"))
    #expect(try story.standing(whole).joined().contains("OOMLoop active"))
  }

  @Test(
    "a state that cannot be used is refused, and stays",
    arguments: [
      ("", "not the state of a fleet"), ("hello", "not the state of a fleet"), ("cut", "cut off"), ("flip", "checksum"),
    ])
  func unusable(how: String, message: String) throws {
    let story = try Story()
    _ = try story.eval(at: 300, ["--state", "state"])
    var bytes = try readBytes(story.folder.path + "/state")
    switch how {
    case "cut": bytes.removeLast(10)
    case "flip": bytes[bytes.count / 2] ^= 4
    default: bytes = Array(how.utf8)
    }
    try story.folder.write(bytes, to: "state")
    let run = try story.eval(at: 400, ["--state", "state"])
    #expect(run.status == 1)
    #expect(run.errors.contains("cannot use the state `state`") && run.errors.contains(message), "\(run.errors)")
    #expect(try readBytes(story.folder.path + "/state") == bytes)
  }

  @Test("what cannot be told apart in the next run, or lies before the last, is refused")
  func refused() throws {
    let story = try Story()
    _ = try story.eval(at: 300, ["--state", "state"])
    let back = try story.eval(at: 200, ["--state", "state"])
    #expect(back.status == 1 && back.errors.contains("a decided tick is never redone"), "\(back.errors)")
    try story.folder.write("Killed process 1 (java)\n", to: "untimed.log")
    let untimed = try story.eval(at: 400, ["--state", "state", "--logs", "i-1:kernel=untimed.log"])
    #expect(untimed.status == 1 && untimed.errors.contains("no time of its own"), "\(untimed.errors)")
    let elsewhere = try story.eval(at: 400, ["--state", "no/such/folder/state"])
    #expect(elsewhere.status == 1 && elsewhere.errors.contains("cannot lock the state"))
  }

  @Test("who is gone from the inventory is forgotten")
  func retired() throws {
    let story = try Story()
    try story.folder.write("instances: [{id: i-1}, {id: i-2}]\n", to: "fleet.yaml")
    _ = try story.eval(at: 300, ["--state", "state", "--inventory", "fleet.yaml"])
    try story.folder.write("instances: [{id: i-1}]\n", to: "fleet.yaml")
    let run = try story.eval(at: 360, ["--state", "state", "--inventory", "fleet.yaml"])
    #expect(run.errors.contains("1 instance gone from the fleet"), "\(run.errors)")
    #expect(try story.standing(run).count == 1)
  }

  @Test("stream goes on from its state, and says what it begins with")
  func stream() throws {
    let folder = try TemporaryFolder()
    let lines = try readText(root + "/Examples/stream/incident.ndjson").split(separator: "\n").map(String.init)
    let whole = try rulecheck(["stream", "-p", "Examples/stream/policy.yaml"], input: lines.joined(separator: "\n"))
    let arguments = ["stream", "-p", "Examples/stream/policy.yaml", "--state", folder.path + "/state"]
    var changes: [String] = []
    for part in [lines[..<6], lines[6..<10], lines[10...]] {
      let run = try rulecheck(arguments, input: part.joined(separator: "\n") + "\n{\"snapshot\":true}\n")
      #expect(run.status == 0, "\(run.errors)")
      let answers = run.output.split(separator: "\n").map(String.init)
      #expect(answers.first?.hasPrefix("{\"restored\":") == true)
      changes += answers.filter { $0.hasPrefix("{\"change\"") || $0.hasPrefix("{\"decision\"") }
    }
    let expected = whole.output.split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("{\"change\"") || $0.hasPrefix("{\"decision\"") }
    #expect(changes == expected)
  }
}
