import CriteriaTesting
import Testing

@Suite("What tests expect")
struct AssertionTests {
  /// What fails of one case, as `kind at: expected | found`.
  private func failures(_ given: String, _ expect: String) throws -> [String] {
    let suite = load(givenCase(given, expect: expect), policy: everyKind)
    try #require(faults(suite) == [])
    let (bound, subject) = try #require(suite.ready)
    return run(bound.cases[0], under: subject).failures.map {
      "\($0.kind.rawValue) \($0.at / 60_000)m: \($0.expected) | \($0.found)"
    }
  }

  /// Hot for 10 minutes from the third on; everything else of the policy is known and quiet.
  private static let hot = """
    cpu: 20% for 3m then 95% for 10m then 60% for 17m, "free{mountpoint=/}": 5GiB for 30m, reqs: 1/s for 30m, \
    busy: 1% for 30m, slow: "every 1m {ms: 20ms}", beat: every 1m, ready: True for 30m, image: ami-1 for 30m, \
    instance: {fact.cores: "8", desired.image: ami-1, age: 1d, label.pool: main}
    """

  @Test(
    "that hold",
    arguments: [
      "[{at: 7m, verdict: keep, score: 0}]",
      "[{at: 12m, verdict: watch, score: 60, because: [Hot]}]",
      "[{at: 12m, score: 50..70}]",
      "[{at: 12m, score: '50 .. 60'}]",
      "[{at: [11m, 12m, 13m], verdict: watch}]",
      "[{at: 9m, rule: Hot, state: pending}, {at: 12m, rule: Hot, state: active}]",
      "[{at: 6m, value: 'avg(cpu[5m])', is: 80%}]",
      "[{at: 6m, value: 'avg(cpu[5m])', is: 70%..80%}]",
      "[{at: 6m, value: 'avg(cpu[5m]) < 90%'}]",
      "[{at: 6m, value: 'avg(cpu[5m]) > 90%', is: false}]",
      "[{at: 7m, value: 'max(cpu[20m]) > 90%'}]",
      "[{at: 7m, value: ready, is: 'True'}]",
      "[{at: 7m, value: fact.cores, is: 8}]",
      "[{at: 7m, value: 'min(free[5m])', is: 5GiB, key: {mountpoint: /}}]",
      "[{at: 7m, value: since(oom), is: unknown}]",
      "[{timeline: keep until 10m then watch until 15m then keep}]",
      "[{never: [Killed, replace, unknown]}]",
      "[{at: 12m, missing: []}]",
      "[{at: 12m, rule: Full, why: '5 GiB left'}]",
      "[{at: 12m, rule: Full, key: {mountpoint: /}}]",
    ])
  func holds(expect: String) throws { #expect(try failures(Self.hot, expect) == []) }

  @Test(
    "that do not, with what was found",
    arguments: [
      ("[{at: 12m, verdict: keep}]", ["verdict 12m: keep | watch, score 60"]),
      ("[{at: 12m, score: 40}]", ["score 12m: score 40 | 60"]),
      ("[{at: 12m, score: 0..59}]", ["score 12m: score 0..59 | 60"]),
      ("[{at: 12m, score: [0, 60]}]", ["score 12m: score [0, 60] | 60"]),
      ("[{at: 12m, because: [Hot, Killed]}]", ["because 12m: because of Hot, Killed | because of Hot"]),
      ("[{at: 7m, because: [Hot]}]", ["because 7m: because of Hot | no rule contributes"]),
      ("[{at: 9m, rule: Hot, state: active}]", ["state 9m: Hot active | pending since 7m"]),
      ("[{at: 12m, rule: Hot, possible: idle}]", ["state 12m: Hot possibly idle | active"]),
      ("[{at: 12m, possible: [keep, watch]}]", ["possible 12m: possible: keep, watch | certainly watch"]),
      ("[{at: 6m, value: 'avg(cpu[5m])', is: 50%}]", ["value 6m: avg(cpu[5m]) is 50% | 80 %"]),
      ("[{at: 6m, value: 'avg(cpu[5m]) > 90%'}]", ["value 6m: avg(cpu[5m]) > 90% | false"]),
      ("[{at: 7m, value: ready, is: 'False'}]", ["value 7m: ready is False | “True”"]),
      (
        "[{timeline: keep until 9m then watch until 15m then keep}]", ["timeline 9m: watch | keep"]
      ),
      ("[{timeline: keep until 10m then watch}]", ["timeline 15m: watch | keep"]),
      ("[{never: [Hot, watch]}]", ["never 10m: Hot never active | active", "never 10m: never watch | watch"]),
      ("[{at: 12m, missing: [cpu]}]", ["missing 12m: missing: cpu | nothing missing"]),
      ("[{at: 12m, rule: Hot, why: 90 %}]", ["why 12m: a reason with “90 %” | “avg(cpu[5m]) 95 %”"]),
      ("[{at: 12m, rule: Full, key: {mountpoint: /data}}]", ["key 12m: Full of mountpoint=/data | mountpoint=/"]),
    ])
  func fails(expect: String, expected: [String]) throws { #expect(try failures(Self.hot, expect) == expected) }

  @Test("missing data makes an interval, and says what is missing")
  func interval() throws {
    let given = Self.hot.split(separator: ",").dropFirst().joined(separator: ",")
    let expect = "[{at: 12m, verdict: unknown, possible: [keep, watch], score: [0, 60], missing: [cpu]}]"
    #expect(try failures("cpu: 20% for 3m then missing for 27m," + given, expect) == [])
    #expect(
      try failures("cpu: 20% for 3m then missing for 27m," + given, "[{at: 12m, verdict: keep}]") == [
        "verdict 12m: keep | unknown (keep or watch), score [0, 60]"
      ])
  }

  @Test("several instances stand side by side")
  func instances() throws {
    let text = """
      version: 1
      policy: p.yaml
      defaults: {oom: every 1m for 10m}
      tests:
        - test: a
          instances:
            a: {instance: {label.pool: main, age: 1d}}
            b: {oom: at 2m for 10m, instance: {label.pool: canary}}
          expect:
            - {at: 5m, of: a, rule: Killed, state: active}
            - {at: 5m, of: b, rule: Killed, state: idle}
            - {at: 5m, of: b, rule: Canary, state: active}
            - {of: a, never: [quarantine]}
            - {at: 5m, rule: Killed, state: active}
      """
    let (bound, subject) = try #require(load(text, policy: everyKind).ready)
    let result = run(bound.cases[0], under: subject)
    #expect(result.failures.map { "\($0.instance) \($0.expected) | \($0.found)" } == ["b Killed active | idle"])
    #expect(result.timelines.map(\.instance) == ["a", "b"])
  }

  @Test("`given` replaces per name, `instance` merges per key")
  func merging() throws {
    let text = """
      version: 1
      policy: p.yaml
      defaults: {cpu: 95% for 30m, "free{mountpoint=/}": 1MiB for 30m, instance: {age: 1d, label.pool: canary}}
      tests:
        - test: a
          given: {"free{mountpoint=/data}": 5GiB for 30m, instance: {age: 1m}}
          expect:
            - {at: 20m, rule: Hot, state: active}
            - {at: 20m, rule: Full, state: idle, key: {mountpoint: /data}}
            - {at: 5m, rule: Young, state: active}
            - {at: 20m, rule: Canary, state: active}
      """
    let (bound, subject) = try #require(load(text, policy: everyKind).ready)
    #expect(run(bound.cases[0], under: subject).failures.map(\.expected) == [])
  }

  @Test("`date` sets the day, and with it what has expired")
  func date() throws {
    let policy = """
      version: 1
      policy: p
      signals: {cpu: {gauge: cpu, unit: percent}}
      rules:
        - rule: Hot
          when: cpu > 90%
          then: +60
          except: [{where: label.pool == "canary", expires: 2026-06-30, because: canaries}]
      """
    func state(_ date: String) throws -> [String] {
      let text = """
        version: 1
        policy: p.yaml
        date: \(date)
        tests:
          - test: a
            given: {cpu: 95% for 5m, instance: {label.pool: canary}}
            expect: [{at: 2m, rule: Hot, state: excepted}]
        """
      let (bound, subject) = try #require(load(text, policy: policy).ready)
      return run(bound.cases[0], under: subject).failures.map(\.found)
    }
    #expect(try state("2026-06-30") == [])
    let expired = try state("2026-07-01")
    #expect(expired == ["active since 30s"])
  }

  @Test("literal lines go through the patterns, samples through the selectors")
  func raw() throws {
    let given = """
      logs: {kernel: {1m: ["Killed process 7 (java)", "Killed process 8 (node)", "all is well", "Killed process 9 (sh)"]}}, \
      samples: [{series: 'node_cpu_busy_percent{x="y"}', values: '95x20'}]
      """
    #expect(
      try failures(
        given,
        "[{at: 2m, rule: Killed, state: active, why: '3 kills, last sh'}, {at: 2m, value: cpu, is: 95%}, {at: 10m, rule: Hot, state: active}]"
      ) == [])
  }

  @Test("a case under another policy of the same names runs as it is; the first failure may end it")
  func otherPolicy() throws {
    let suite = load(
      givenCase(Self.hot, expect: "[{at: 12m, verdict: watch}, {at: 13m, score: 60}]"), policy: everyKind)
    let (bound, subject) = try #require(suite.ready)
    #expect(run(bound.cases[0], under: subject).passed)
    let changed = load(givenCase(Self.hot), policy: everyKind.split(separator: "+60").joined(separator: "+40"))
    let other = try Subject(try #require(changed.compilation), for: bound)
    #expect(run(bound.cases[0], under: other).failures.count == 2)
    #expect(run(bound.cases[0], under: other, RunOptions(stopsAtFirstFailure: true)).failures.count == 1)
    var ticks: [Int64] = []
    _ = run(bound.cases[0], under: subject) { _, time in ticks.append(time / 60_000) }
    #expect(ticks == Array(1...30))
  }

  @Test("the first tick judged is one step after the start, and all rules are idle until then")
  func firstTick() throws {
    let given = "cpu: 95% for 10m, oom: at 0 0 0, ready: False for 10m, instance: {age: 5m}"
    #expect(
      try failures(
        given,
        """
        [{at: 3m, rule: Hot, state: pending}, {at: 4m, rule: Hot, state: active}, {at: 1m, rule: NotReady, state: pending},
        {at: 2m, rule: NotReady, state: pending}, {at: 3m, rule: NotReady, state: active}, {at: 1m, rule: Killed, state: active},
        {at: 1m, rule: Young, state: active}, {at: 5m, rule: Young, state: idle}]
        """.split(separator: "\n").joined(separator: " ")) == [])
  }

  @Test("the nearest constants that pass are named, each tried")
  func nearest() throws {
    func nearest(_ expect: String) throws -> [String] {
      let (bound, subject) = try #require(load(givenCase(Self.hot, expect: expect), policy: everyKind).ready)
      let result = run(bound.cases[0], under: subject)
      var budget = SearchBudget()
      return explain(result.failures, of: bound.cases[0], under: subject, in: bound, &budget).flatMap {
        $0.nearest?.policy ?? []
      }
    }
    let free = try nearest("[{at: 9m, rule: Hot, state: active}]")
    #expect(free == ["`when` of Hot at 75%", "`when` of Hot at 70%"])
    #expect(try nearest("[{at: 12m, score: 45}]").contains("Hot worth +45"))
    // What the other expectation needs would be broken.
    let bound = try nearest("[{at: 9m, rule: Hot, state: active}, {at: 6m, rule: Hot, state: idle}]")
    #expect(bound == ["`for` of Hot at 2m", "`for` of Hot at 1m"])
  }
}

@Suite("Values under an expression")
struct DrawingTests {
  private static let drawings: [(marks: [(Int, String)], lines: [String])] = [
    ([], []),
    ([(0, "5 %"), (7, "true")], ["|      |", "5 %    true"]),
    ([(0, "0.123"), (2, "false")], ["| |", "| false", "0.123"]),
    ([(0, "a"), (3, "bbbb"), (6, "c")], ["|  |  |", "a  |  c", "   bbbb"]),
  ]

  @Test("stand where their sub-expression begins, and never run into each other", arguments: drawings.indices)
  func drawing(row: Int) {
    let (marks, lines) = Self.drawings[row]
    #expect(draw(marks.map { Mark(column: $0.0, text: $0.1) }) == lines)
  }
}
