import CriteriaEngine
import CriteriaReaders
import Glibc
import Testing

private let minute: Int64 = 60_000

private func stream(_ text: String, _ name: String = "x") -> ByteStream { ByteStream(Array(text.utf8), name: name) }

/// A folder of its own for files, removed afterwards.
private func withFiles<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
  var template = Array("/tmp/readers-XXXXXX".utf8CString)
  let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
  defer {
    for name in files.keys { unlink(folder + "/" + name) }
    let parents = Set(files.keys.compactMap { $0.contains("/") ? String($0.split(separator: "/")[0]) : nil })
    for parent in parents { rmdir(folder + "/" + parent) }
    rmdir(folder)
  }
  for (name, text) in files {
    if let slash = name.lastIndex(of: "/") { mkdir(folder + "/" + name[..<slash], 0o700) }
    let file = try #require(fopen(folder + "/" + name, "w"))
    fputs(text, file)
    fclose(file)
  }
  return try body(folder)
}

@Suite struct InputAssemblerTests {
  @Test("observations come in order of time, equal times in the order of the inputs")
  func order() {
    var input = InputAssembler()
    input.read(
      metrics: stream("a{instance=\"n:9100\"} 1 2000\na{instance=\"n:9100\"} 2 1000\nb{instance=\"m\"} 3\n"),
      InputSpec(path: "x"))
    input.read(metrics: stream("c 4 1000\n", "y"), InputSpec(path: "y", instance: "n"))
    let result = input.finish(fallback: 7)
    #expect(result.at == Timestamp(milliseconds: 2000) && result.timeOrigin == .inputs)
    #expect(result.instances == ["m", "n"])
    #expect(
      result.observations == [
        InputObservation(
          instance: "n", time: Timestamp(milliseconds: 1000), observation: .sample("a", ["instance": "n:9100"], 2),
          origin: Origin(file: "x", line: 2)),
        InputObservation(
          instance: "n", time: Timestamp(milliseconds: 1000), observation: .sample("c", [:], 4),
          origin: Origin(file: "y", line: 1)),
        InputObservation(
          instance: "n", time: Timestamp(milliseconds: 2000), observation: .sample("a", ["instance": "n:9100"], 1),
          origin: Origin(file: "x", line: 1)),
        InputObservation(
          instance: "m", time: Timestamp(milliseconds: 2000), observation: .sample("b", ["instance": "m"], 3),
          origin: Origin(file: "x", line: 3)),
      ])
    #expect(result.summary.kept == 4 && result.summary.lines == 4)
  }

  @Test("the label that holds the instance may differ per metric, and a sample may be of two instances")
  func instanceLabels() {
    let filter = InputFilter(metrics: ["a": ["node"], "b": ["instance", "node"], "c": ["instance"]], logs: [])
    var input = InputAssembler(filter: filter)
    let text = "a{instance=\"ksm\",node=\"n\"} 1 1\nb{instance=\"ksm\",node=\"n\"} 1 2\nc{node=\"n\"} 1 3\nd 1 4\n"
    input.read(metrics: stream(text), InputSpec(path: "x"))
    let result = input.finish(fallback: 0)
    #expect(result.observations.map(\.instance) == ["n", "ksm", "n"])
    #expect(result.summary.withoutInstance == 1 && result.summary.unwanted == 1)
    #expect(result.summary.problems.counts == [.instance: 1])
  }

  @Test("a raw scrape is of the instance that was said, else of its file's name, at the time of the decision")
  func rawScrape() {
    var input = InputAssembler()
    input.read(metrics: stream("up 1\n", "dir/n-1.prom"), InputSpec(path: "dir/n-1.prom"))
    input.read(metrics: stream("up 1\n", "dir/n-2.prom"), InputSpec(path: "dir/n-2.prom", instance: "i-2"))
    input.read(metrics: stream("up 1\n", "-"), InputSpec(path: "-"))
    let result = input.finish(fallback: 500)
    #expect(result.timeOrigin == .fallback)
    #expect(result.observations.map(\.instance) == ["n-1", "i-2"])
    #expect(result.observations.allSatisfy { $0.time == result.at && $0.time.milliseconds == 500 })
    #expect(result.summary.withoutInstance == 1)
  }

  @Test("open times are settled by the time of the decision", arguments: [nil, 1_000_000_000_000] as [Int64?])
  func openTimes(boot: Int64?) {
    var options = InputOptions()
    options.at = 1_798_761_600_000 + 10 * minute  // 2027-01-01T00:10:00Z
    options.boot = boot
    var input = InputAssembler(options: options)
    input.read(log: stream("[  10.000000] a\n[  70.000000] b\n"), InputSpec(path: "k", instance: "n"))
    input.read(
      log: stream("Dec 31 23:59:00 h x: c\nJan  1 12:00:00 h x: d\nJan  3 00:00:00 h x: e\n"),
      InputSpec(path: "s", instance: "n"))
    input.read(log: stream("none\n"), InputSpec(path: "u", instance: "n"))
    let result = input.finish(fallback: 0)
    let byMessage = Dictionary(
      uniqueKeysWithValues: result.observations.map { item in
        guard case .line(let message, _) = item.observation else { return ("", Int64(0)) }
        return (message, item.time.milliseconds)
      })
    let at = options.at!
    #expect(byMessage["a"] == (boot.map { $0 + 10_000 } ?? at - minute))
    #expect(byMessage["b"] == (boot.map { $0 + 70_000 } ?? at))
    #expect(byMessage["c"] == at - 11 * minute)
    // Half a day ahead is a clock that is off; three days ahead was last year.
    #expect(byMessage["d"] == at - 10 * minute + 12 * 60 * minute)
    #expect(byMessage["e"] == at - 10 * minute + 2 * 86_400_000 - 365 * 86_400_000)
    #expect(byMessage["none"] == at)
  }

  @Test("kernel seconds that fall back are another boot, which comes after", arguments: [nil, 9_000_000] as [Int64?])
  func boots(boot: Int64?) {
    var options = InputOptions()
    options.at = 10_000_000
    options.boot = boot
    var input = InputAssembler(options: options)
    let text = "[  500.0] a\n[  499.0] b\n[    0.0] c\n[  600.0] d\n[    1.0] e\n[    2.0] f\n"
    input.read(log: stream(text), InputSpec(path: "console.log"))
    let last = boot ?? 9_998_000
    let expected: [Int64] = [-601_000, -600_000, -600_000, 0, 1000, 2000].map { $0 + last }
    #expect(input.finish(fallback: 0).observations.map(\.time.milliseconds) == expected)
  }

  @Test("a leap day is found in the last leap year")
  func leapDay() {
    var options = InputOptions()
    options.at = 1_795_395_723_000  // 2026-11-23
    var input = InputAssembler(options: options)
    input.read(log: stream("Feb 29 00:00:00 h x: y\n"), InputSpec(path: "s"))
    #expect(input.finish(fallback: 0).observations.map(\.time.milliseconds) == [1_709_164_800_000])
  }

  @Test("one stream attaches its source, a syslog all sources of the hosts it names, a silent file its own")
  func attachments() throws {
    var input = InputAssembler()
    input.read(log: stream("2026-11-23T01:00:00Z one\n"), InputSpec(path: "n-1/app.log", instance: "n-1"))
    input.read(
      log: stream("2026-11-23T01:00:01Z h1 a: x\n2026-11-23T01:00:02Z h2 b: y\n2026-11-23T01:00:03Z h1 c: z\n"),
      InputSpec(path: "syslog"))
    input.read(log: stream("2026-11-23T01:00:04Z h3 a: x\n"), InputSpec(path: "auth.log", source: "auth"))
    input.read(log: stream(""), InputSpec(path: "kernel.log", instance: "n-2"))
    let result = input.finish(fallback: 0)
    let start: Int64 = 1_795_395_600_000
    #expect(
      result.attachments
        == [
          InputAttachment(instance: "n-1", source: "app", time: Timestamp(milliseconds: start)),
          InputAttachment(instance: "h1", source: "*", time: Timestamp(milliseconds: start + 1000)),
          InputAttachment(instance: "h2", source: "*", time: Timestamp(milliseconds: start + 2000)),
          InputAttachment(instance: "n-2", source: "kernel", time: result.at),
          InputAttachment(instance: "h3", source: "auth", time: Timestamp(milliseconds: start + 4000)),
        ].sorted { ($0.time, $0.instance) < ($1.time, $1.instance) })
    #expect(result.instances == ["h1", "h2", "h3", "n-1", "n-2"])
  }

  @Test("a log that broke off says nothing by its silence")
  func brokenOff() {
    var input = InputAssembler()
    let packed = gzip(Array("2026-11-23T01:00:00Z h a: x\n2026-11-23T01:00:01Z h a: y\n".utf8))
    input.read(log: ByteStream(Array(packed.dropLast(4)), name: "x"), InputSpec(path: "syslog", source: "s"))
    input.read(log: ByteStream([0x1F, 0x8B], name: "x"), InputSpec(path: "kernel.log", instance: "n"))
    let result = input.finish(fallback: 0)
    #expect(result.attachments == [])
    #expect(result.instances == ["h"] && result.observations.count == 2)
    #expect(result.summary.problems.total == 2)
  }

  @Test("a log that was given was watched from its instance's first observation on")
  func attachedThroughout() {
    var input = InputAssembler()
    input.read(metrics: stream("up{instance=\"n\"} 1 1000\nup{instance=\"n\"} 1 61000\n"), InputSpec(path: "x"))
    input.read(log: stream("1970-01-01T00:00:30Z late\n"), InputSpec(path: "app.log", instance: "n"))
    input.read(log: stream(""), InputSpec(path: "kernel.log", instance: "n"))
    let result = input.finish(fallback: 0)
    #expect(
      result.attachments
        == ["app", "kernel"].map {
          InputAttachment(instance: "n", source: $0, time: Timestamp(milliseconds: 1000))
        })
  }

  @Test("log lines that are not UTF-8 are repaired and counted")
  func repaired() {
    var input = InputAssembler()
    input.read(log: ByteStream([0x61, 0xFF, 0x0A, 0x62], name: "x"), InputSpec(path: "x"))
    let result = input.finish(fallback: 0)
    #expect(result.observations.map(\.observation) == [.line("a\u{FFFD}", source: "x"), .line("b", source: "x")])
    #expect(result.summary.repairedLines == 1)
  }

  @Test("a folder of scrapes is one instance a file")
  func metricsFolder() throws {
    try withFiles(["i-1.prom": "up 1 5\n", "i-2.prom": "up 0 5\n", "i-3/a.prom": "up 1 6"]) { folder in
      var input = InputAssembler()
      try input.readMetrics(try parseMetricsSpec(folder))
      #expect(input.finish(fallback: 0).observations.map(\.instance) == ["i-1", "i-2", "i-3"])
    }
  }

  @Test("a folder of instances attaches all their sources")
  func folders() throws {
    let files = [
      "i-1/kernel.log": "Nov 23 01:00:00 other kernel: a\n", "i-1/app.log.gz": "b\n", "i-2/kernel.log": "",
      "i-1/.hidden": "x",
    ]
    try withFiles(files) { folder in
      var options = InputOptions()
      options.at = 1_795_395_660_000
      var input = InputAssembler(options: options)
      try input.readLogs(try parseLogsSpec(folder))
      let result = input.finish(fallback: 0)
      #expect(result.instances == ["i-1", "i-2"] && result.attachments.map(\.source) == ["*", "*"])
      #expect(
        result.observations.map(\.observation) == [.line("a", source: "kernel"), .line("b", source: "app")])
      #expect(result.observations.map(\.origin.line) == [1, 1])
      #expect(
        result.summary.files.map(\.path)
          == ["i-1/app.log.gz", "i-1/kernel.log", "i-2/kernel.log"].map { folder + "/" + $0 })
      #expect(throws: InputError.self) { try input.readLogs(InputSpec(path: folder + "/nope")) }
    }
  }

  @Test("lines that no pattern matches leave the first of their stream and the newest of each tick")
  func unmatched() throws {
    let pattern = InputFilter.LogPattern(sources: ["kernel"], regex: try Regex(pattern: "oom"))
    var options = InputOptions()
    options.step = minute
    var input = InputAssembler(filter: InputFilter(metrics: [:], logs: [pattern]), options: options)
    var text = ""
    for second in 0..<300 {
      let time = "2026-11-23T01:0\(second / 60):\(second % 60 < 10 ? "0" : "")\(second % 60)Z"
      text += "\(time) h kernel: \(second % 100 == 50 ? "oom" : "fine") \(second)\n\(time) h other: oom\n"
    }
    input.read(log: stream(text), InputSpec(path: "syslog"))
    let result = input.finish(fallback: 0)
    let messages = result.observations.map { item -> String in
      guard case .line(let message, "kernel") = item.observation else { return "?" }
      return message
    }
    // Ticks end at whole minutes, which belong to the tick before.
    let expected = [
      "fine 0", "oom 50", "fine 60", "fine 120", "oom 150", "fine 180", "fine 240", "oom 250", "fine 299",
    ]
    #expect(messages == expected)
    #expect(
      result.summary.unmatchedLines == 297 && result.summary.foldedLines == 291 && result.summary.kept == 300
        && result.summary.unwanted == 300)
  }

  @Test(
    "an inventory names the fleet; what it does not know is listed, what is ambiguous is an error, what is stopped is skipped"
  )
  func inventory() throws {
    let fleet = """
      - {id: i-1, aliases: [web-1.a], launched: 1, labels: {role: web}, facts: {image: x}, desired: {image: y}}
      - {id: i-2, aliases: [web-2.a], state: stopped}
      - {id: i-3, aliases: [db.a], conditions: {Ready: {status: "False", since: 30}}}
      - {id: i-4, aliases: [db.b]}
      """
    try withFiles(["fleet.yaml": fleet]) { folder in
      var options = InputOptions()
      options.at = 100_000
      options.conditionRefresh = 30_000
      var input = InputAssembler(options: options)
      try input.readInventory(folder + "/fleet.yaml")
      let text =
        "up{instance=\"web-1:1\"} 1 50000\nup{instance=\"web-2:1\"} 1 50000\nup{instance=\"db\"} 1 1\nup{instance=\"webb-1.a\"} 1 1\nup{instance=\"webb-1.a\"} 1 2\n"
      input.read(metrics: stream(text), InputSpec(path: "x"))
      let result = input.finish(fallback: 0)
      #expect(result.instances == ["i-1", "i-3", "i-4"])
      let summary = result.summary
      #expect(summary.skippedInstances == 1 && summary.skippedObservations == 1)
      #expect(
        summary.ambiguous == [.init(name: "db", count: 1, candidates: ["i-3", "i-4"])]
          && summary.ambiguousObservations == 1)
      #expect(summary.unresolved == [.init(name: "webb-1.a", count: 2, nearest: "web-1.a")])
      #expect(summary.unresolvedNames == 1 && summary.unresolvedObservations == 2)
      let origin = Origin(file: folder + "/fleet.yaml", line: 1)
      #expect(
        result.observations.filter { $0.instance == "i-1" } == [
          InputObservation(
            instance: "i-1", time: Timestamp(milliseconds: 50_000),
            observation: .facts([:], labels: ["role": "web"], launched: Timestamp(milliseconds: 1000)), origin: origin),
          InputObservation(
            instance: "i-1", time: Timestamp(milliseconds: 50_000),
            observation: .sample("up", ["instance": "web-1:1"], 1),
            origin: Origin(file: "x", line: 1)),
          InputObservation(
            instance: "i-1", time: Timestamp(milliseconds: 100_000),
            observation: .facts(["image": "x"], desired: ["image": "y"]),
            origin: origin),
        ])
      let ready = Observation.condition("Ready", "False", since: Timestamp(milliseconds: 30_000))
      #expect(
        result.observations.filter { $0.observation == ready }.map(\.time.milliseconds) == [
          30_000, 60_000, 90_000, 100_000,
        ])
      #expect(result.observations.contains { $0.instance == "i-4" && $0.observation == .facts() })
    }
  }

  @Test("a condition that began before the launch is told from the launch on")
  func conditionBeforeLaunch() throws {
    let fleet = "- {id: a, launched: 1000, conditions: {Ready: {status: 'False', since: 500}}}"
    try withFiles(["fleet.yaml": fleet]) { folder in
      var options = InputOptions()
      options.at = 1_100_000
      options.conditionRefresh = 60_000
      options.conditionHistory = 3_600_000
      var input = InputAssembler(options: options)
      try input.readInventory(folder + "/fleet.yaml")
      let ready = Observation.condition("Ready", "False", since: Timestamp(milliseconds: 500_000))
      let told = input.finish(fallback: 0).observations.filter { $0.observation == ready }
      #expect(told.map(\.time.milliseconds) == [1_000_000, 1_060_000, 1_100_000])
    }
  }

  @Test("inventories that share an alias merge; what they say differently is a conflict, and the first stays")
  func merging() throws {
    let files = [
      "a.yaml": "- {id: i-1, aliases: [web-1], labels: {role: web}}\n- {id: i-2, aliases: [web-2]}\n",
      "b.yaml":
        "- {id: web-1, aliases: [10.0.0.1], labels: {role: db, zone: a}, launched: 5}\n- {id: x, aliases: [i-1, i-2]}\n- {id: i-9}\n",
    ]
    try withFiles(files) { folder in
      var input = InputAssembler()
      for name in files.keys.sorted() { try input.readInventory(folder + "/" + name) }
      input.read(metrics: stream("up{instance=\"10.0.0.1:9100\"} 1 7000\n"), InputSpec(path: "x"))
      let result = input.finish(fallback: 0)
      #expect(result.instances == ["i-1", "i-2", "i-9", "x"])
      #expect(
        result.observations.first?.observation
          == .facts([:], labels: ["role": "web", "zone": "a"], launched: Timestamp(milliseconds: 5000)))
      #expect(
        result.summary.problems.problems.map(\.message) == [
          "`labels.role` of `i-1` is not what \(folder)/a.yaml:1 says; the first stays",
          "`x` shares names with `i-1`, `i-2`, expected one instance with one entry in each inventory",
        ])
    }
  }

  @Test("facts, desired and conditions hold from the first observation on if all is assumed to be steady")
  func assumeSteady() throws {
    try withFiles(["f.json": #"{"instances": [{"id": "n", "facts": {"a": "b"}, "conditions": {"Ready": "True"}}]}"#]) {
      folder in
      var options = InputOptions()
      options.assumeSteady = true
      var input = InputAssembler(options: options)
      try input.readInventory(folder + "/f.json")
      input.read(metrics: stream("up{instance=\"n\"} 1 1000\nup{instance=\"n\"} 1 61000\n"), InputSpec(path: "x"))
      let result = input.finish(fallback: 0)
      #expect(result.observations.map(\.time.milliseconds) == [1000, 1000, 1000, 61000, 61000])
      #expect(result.observations[0].observation == .facts(["a": "b"]))
    }
  }

  @Test("whatever is read, every sample and line is kept or counted, in order, for every chunk size", arguments: 0..<60)
  func nothingIsLost(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed) + 500)
    let names = ["i-1", "web-1:9100", "WEB-1.x.y", "db", "gone", "nobody", ""]
    func name() -> String { names.randomElement(using: &random)! }
    var metrics = ""
    var log = ""
    for _ in 0..<Int.random(in: 0...60, using: &random) {
      let time = Int.random(in: -5...4_000_000, using: &random)
      metrics += ["a", "b", "c", "#", "1", ""].randomElement(using: &random)!
      metrics +=
        "{instance=\"\(name())\"} \(Int.random(in: -3...3, using: &random)) \(Bool.random(using: &random) ? "\(time)" : "")\n"
      let header = [
        "1970-01-01T00:\(Int.random(in: 10...59, using: &random)):00Z \(name()) kernel: ", "[ \(time).5] ",
        "Feb 29 00:00:00 \(name()) app: ",
        "Dec 31 23:59:59 \(name()): ", "<9>", "\u{1}", "Jan  1 00:00:00 db x[1]: ",
      ].randomElement(using: &random)!
      log += header + ["oom", "fine", "", "\r"].randomElement(using: &random)! + "\n"
    }
    let at: Int64? = [nil, 0, 1_000_000, 1_795_395_723_000].randomElement(using: &random)!
    let hasInventory = Bool.random(using: &random)
    let inventory = """
      [{id: i-1, aliases: [web-1.a.b]}, {id: i-2, aliases: [db.a], launched: 5}, {id: i-3, aliases: [db.b], conditions: {R: {status: x, since: -9}}},
       {id: gone, state: stopped}]
      """
    try withFiles(["f.yaml": inventory]) { folder in
      func read(chunk: Int) throws -> AssembledInput {
        var options = InputOptions()
        options.at = at
        options.chunk = chunk
        let pattern = InputFilter.LogPattern(sources: ["k*", "x", "s"], regex: try Regex(pattern: "oom"))
        var input = InputAssembler(
          filter: InputFilter(metrics: ["a": ["instance"], "b": ["node", "instance"]], logs: [pattern]),
          options: options)
        if hasInventory { try input.readInventory(folder + "/f.yaml") }
        input.read(metrics: ByteStream(Array(metrics.utf8), name: "m", chunk: chunk), InputSpec(path: "m"))
        input.read(log: ByteStream(Array(log.utf8), name: "l", chunk: chunk), InputSpec(path: "s.log"))
        input.read(
          log: ByteStream(gzip(Array(log.utf8)), name: "g", chunk: chunk),
          InputSpec(path: "t.log", instance: "web-1", source: "x"))
        return input.finish(fallback: 77)
      }
      let whole = try read(chunk: 1 << 18)
      for chunk in [1, 7] {
        let other = try read(chunk: chunk)
        #expect(
          other.observations == whole.observations && other.attachments == whole.attachments && other.at == whole.at)
      }
      for (a, b) in zip(whole.observations, whole.observations.dropFirst()) { #expect(a.time <= b.time) }
      let summary = whole.summary
      for file in summary.files where file.format != "inventory" {
        let counts = file.counts
        #expect(counts.lines == counts.comments + counts.kept + counts.unwanted + counts.refused)
      }
      let fed = whole.observations.filter { ["m", "l", "g"].contains($0.origin.file) }.reduce(0) { $0 + $1.count }
      let lost =
        summary.withoutInstance + summary.unresolvedObservations + summary.ambiguousObservations
        + summary.skippedObservations
      let readings = summary.files.filter { $0.format != "inventory" }.reduce(0) { $0 + $1.counts.kept }
      #expect(readings == fed + lost)
    }
  }

  @Test("an instance with neither metrics nor logs is judged at the time of the decision")
  func inventoryAlone() throws {
    try withFiles(["f.yaml": "[{id: n, launched: 5}]"]) { folder in
      var input = InputAssembler()
      try input.readInventory(folder + "/f.yaml")
      let result = input.finish(fallback: 9000)
      #expect(result.instances == ["n"] && result.observations.allSatisfy { $0.time.milliseconds == 9000 })
    }
  }

  @Test(
    "the dump of a real run: each instance's samples, at the median of their newest times",
    .enabled(if: sharedData != nil, "needs ../shared/data"))
  func realDump() throws {
    let path = sharedData! + "/prometheus-run/tsdb-dump-node.txt.gz"
    let wanted = ["up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes", "demo_config_hash_info"]
    let filter = InputFilter(metrics: Dictionary(uniqueKeysWithValues: wanted.map { ($0, ["instance"]) }), logs: [])
    var input = InputAssembler(filter: filter)
    try input.readMetrics(InputSpec(path: path))
    let result = input.finish(fallback: 0)
    let lines = try contents(path).split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    let expected = lines.count { line in wanted.contains { line.hasPrefix("{__name__=\"\($0)\"") } }
    #expect(result.observations.count == expected && expected > 500)
    #expect(result.summary.files[0].counts.lines == lines.count && result.summary.problems.total == 0)
    #expect(result.instances == ["node-1", "node-2", "node-3"] && result.timeOrigin == .inputs)
    for (a, b) in zip(result.observations, result.observations.dropFirst()) { #expect(a.time <= b.time) }
  }
}
