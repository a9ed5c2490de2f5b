import Testing

@Suite("rulecheck match")
struct MatchTests {
  private let policy = """
    version: 1
    policy: p
    watch: 50
    replace: 100
    signals:
      oom:  {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
      io:   {log: kernel, match: '(?i)i/o error'}
      slow: {log: 'app*', match: 'took \\d+ ms$'}
    rules:
      - {rule: OOM, when: 'count(oom[10m]) > 2', then: +60}
      - {rule: IO, when: 'count(io[10m]) > 2', then: +60}
      - {rule: Slow, when: 'count(slow[10m]) > 2', then: +60}
    """
  private let log = """
    Nov 23 01:00:00 host kernel: Killed process 12 (java) total-vm:1kB
    Nov 23 01:00:01 host app-1[3]: took 12 ms
    Nov 23 01:00:02 host kernel: Buffer I/O error, I/O ERROR\r
    Nov 23 01:00:03 host other: Killed process 13 (java)
    Nov 23 01:00:04 host app-1[3]: took 12 ms or so

    """

  private func match(_ arguments: [String], input: String) throws -> Run {
    let folder = try TemporaryFolder()
    let path = try folder.write(policy, to: "policy.yaml")
    return try rulecheck(["match", "-p", path] + arguments, input: input)
  }

  @Test("shows the messages that patterns hit, of their sources only")
  func human() throws {
    let run = try match(["-"], input: log)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output == """
        -:1: oom: Killed process 12 (java) total-vm:1kB
        -:2: slow: took 12 ms
        -:3: io: Buffer I/O error, I/O ERROR

        """)
    #expect(run.errors.contains("oom: 1 match\nio: 1 match\nslow: 1 match\n5 lines, "))
  }

  @Test("as JSON, with what matched")
  func json() throws {
    let run = try match(["-", "--signal", "oom", "--format", "jsonl", "--any-source"], input: log)
    let lines = try run.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(lines.map { $0["line"]?.number } == [1, 4])
    #expect(lines[0]["match"]?.text == "Killed process 12 (java)")
    #expect(lines[0]["message"]?.text == "Killed process 12 (java) total-vm:1kB")
  }

  @Test("counts only")
  func counts() throws {
    let run = try match(["-", "-c"], input: log)
    #expect(run.output == "1\toom\n1\tio\n1\tslow\n")
  }

  @Test("several logs are searched at once, and their hits come in the order of the logs")
  func severalLogs() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(policy, to: "policy.yaml")
    let names = (1...9).map { "\($0).log" }
    for (index, name) in names.enumerated() {
      // The first ones are the longest: the others wait for them.
      let lines = (0..<(index < 2 ? 30_000 : 10)).map {
        "Nov 23 01:00:00 host kernel: Killed process \($0) (\(name))\n"
      }
      try folder.write(lines.joined(), to: name)
    }
    let run = try rulecheck(["match", "-p", path] + names, in: folder.path)
    #expect(run.status == 0)
    let hits = run.output.split(separator: "\n").map { $0.prefix { $0 != ":" } }
    #expect(hits.count == 60_070)
    #expect(hits == hits.sorted())
    #expect(run.errors.contains("oom: 60070 matches"))
    let broken = try rulecheck(["match", "-p", path, "1.log", "none.log", "2.log"], in: folder.path)
    #expect(broken.status == 1)
    #expect(broken.errors.contains("none.log"))
    #expect(broken.output.split(separator: "\n").allSatisfy { $0.hasPrefix("1.log") })
  }

  @Test("a signal that is not there, and a policy without logs")
  func failures() throws {
    let run = try match(["-", "--signal", "om"], input: log)
    #expect(run.status == 1)
    #expect(run.errors.contains("no log signal `om`, expected one of `oom`, `io`, `slow`"))
  }
}
