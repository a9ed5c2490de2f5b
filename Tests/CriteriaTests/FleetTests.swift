import Criteria
import Testing

private func seconds(_ count: Double) -> Timestamp { Timestamp(seconds: count) }

private func fleet(_ body: String, step: String = "10s") throws -> Fleet {
  Fleet(try Policy(text: "version: 1\npolicy: p\nstep: \(step)\nreplace: 100\nwatch: 50\n\(body)"))
}

/// One gauge, one rule worth 60 while it is above 5.
private let hot = """
  signals: {x: {gauge: x, stale_after: 30s}}
  rules: [{rule: Hot, when: x > 5, then: +60}]
  """

@Suite("A fleet and time")
struct FleetTimeTests {
  @Test("what came is seen from its tick on, and not before")
  func ticks() throws {
    var fleet = try fleet(hot)
    fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(11))
    fleet.advance(to: seconds(10))
    let early = fleet.explain("a", at: seconds(10))
    #expect(early == nil)
    let changes = fleet.advance(to: seconds(20))
    #expect(changes.map(\.verdict) == [.watch])
    #expect(changes.map(\.at) == [seconds(20)])
  }

  @Test(
    "a value read out of a line is a decimal number or none",
    arguments: [
      ("16", "replace"), ("+1.6e1", "replace"), ("0x10", "unknown"), ("0x1p9", "unknown"), ("inf", "unknown"),
    ])
  func capturedNumbers(text: String, verdict: String) throws {
    var fleet = try fleet(
      """
      signals: {v: {log: app, match: 'v=(?<v>\\S*)', value: v}}
      rules: [{rule: High, when: "max(v[1m]) > 5", then: replace}]
      """)
    fleet.observe(.line("v=\(text)", source: "app"), of: "a", at: seconds(5))
    let decided = fleet.explain("a", at: seconds(5))?.verdict.rawValue
    #expect(decided == verdict)
  }

  @Test("a little late counts from the next tick on, too late is dropped and counted")
  func late() throws {
    var fleet = try fleet(hot)
    fleet.observe(.sample("x", [:], 1), of: "a", at: seconds(10))
    fleet.advance(to: seconds(100))
    let dropped = fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(79))
    #expect(dropped == .late)
    let accepted = fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(80))
    #expect(accepted == .accepted)
    let changes = fleet.advance(to: seconds(110))
    #expect(changes.map(\.verdict) == [.watch])
    #expect(fleet.counts.late == 1)
  }

  @Test("over a step beyond what is asked for is refused and counted")
  func future() throws {
    var fleet = try fleet(hot)
    fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(20))
    fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(31))
    fleet.advance(to: seconds(20))
    #expect(fleet.counts.future == 1)
  }

  @Test("an observation that feeds several signals is counted once, whatever befalls it")
  func counts() throws {
    var fleet = try fleet(
      """
      signals:
        a: {gauge: x, reduce: max, max_keys: 1}
        b: {gauge: x, reduce: min, max_keys: 1}
        c: {gauge: x, reduce: sum, max_keys: 1}
      rules: [{rule: R, when: a > 1 and b > 1 and c > 1, then: +1}]
      """)
    for time in [10.0, 10, 10] { fleet.observe(.sample("x", ["k": "1"], 1), of: "a", at: seconds(time)) }
    for key in ["2", "3"] { fleet.observe(.sample("x", ["k": key], 1), of: "a", at: seconds(10)) }
    fleet.observe(.sample("x", ["k": "1"], 1), of: "a", at: seconds(99))
    fleet.observe(.facts(launched: seconds(5)), of: "a", at: seconds(6))
    fleet.observe(.sample("x", ["k": "1"], 1), of: "a", at: seconds(4))
    fleet.advance(to: seconds(20))
    #expect(fleet.counts.duplicate == 2)
    #expect(fleet.counts.refused == 2)
    #expect(fleet.counts.future == 1)
  }

  @Test(
    "which series find room is a matter of time, then of arrival, however early their samples came",
    arguments: [
      (room: 1, first: [("b", 40), ("b", 15)], then: [("c", 15), ("c", 40)], refused: 2),
      (room: 2, first: [], then: [("b", 40), ("b", 15), ("c", 15), ("d", 12)], refused: 1),
    ])
  func room(_ room: Int, first: [(String, Double)], then: [(String, Double)], refused: Int) throws {
    var fleet = try fleet(
      """
      signals: {x: {gauge: x, by: [k], max_keys: \(room)}}
      rules: [{rule: A, when: x > 0, then: +60}]
      """)
    for (key, time) in first { fleet.observe(.sample("x", ["k": key], 1), of: "a", at: seconds(time)) }
    // What is over a step beyond it is dropped.
    fleet.advance(to: seconds(10))
    for (key, time) in then { fleet.observe(.sample("x", ["k": key], 1), of: "a", at: seconds(time)) }
    fleet.advance(to: seconds(40))
    #expect(fleet.counts.refused == refused)
  }

  @Test("a line refused as too far ahead does not stand for one that comes again in time")
  func futureLine() throws {
    var fleet = try fleet(
      """
      signals: {oom: {log: kernel, match: Killed}}
      rules: [{rule: A, when: "count(oom[1m]) > 0", then: +60}]
      """)
    fleet.observe(.line("fine", source: "kernel"), of: "a", at: seconds(45))
    fleet.advance(to: seconds(20))
    fleet.observe(.line("fine", source: "kernel"), of: "a", at: seconds(45))
    fleet.advance(to: seconds(50))
    #expect(fleet.decide("a", at: seconds(50))?.verdict == .keep)
  }

  @Test("a provisional look runs the ticks in between and changes nothing")
  func provisional() throws {
    var fleet = try fleet(hot)
    fleet.observe(.sample("x", [:], 9), of: "a", at: seconds(5))
    fleet.advance(to: seconds(10))
    fleet.observe(.sample("x", [:], 1), of: "a", at: seconds(12))
    let before = fleet.explain("a", at: seconds(11))?.verdict
    let after = fleet.explain("a", at: seconds(12))?.verdict
    let decided = fleet.explain("a", at: seconds(10))?.verdict
    #expect([before, after, decided] == [.watch, .keep, .watch])
  }

  @Test("all at once or tick by tick: the same decisions")
  func catchUp() throws {
    let policy = """
      signals: {x: {gauge: x, stale_after: 30s}}
      rules:
        - {rule: A, when: "avg(x[40s]) > 4", until: "avg(x[40s]) < 2", for: 20s, hold: 30s, then: +60}
      """
    let values: [Double] = [1, 9, 9, 9, 9, 1, 1, 1, 1, 0, 0, 9, 9, 9, 0, 0, 0, 0]
    var stepwise = try fleet(policy)
    var atOnce = try fleet(policy)
    var slow: [Change] = []
    for (index, value) in values.enumerated() {
      let at = seconds(Double(index) * 10 + 3)
      stepwise.observe(.sample("x", [:], value), of: "a", at: at)
      atOnce.observe(.sample("x", [:], value), of: "a", at: at)
      slow += stepwise.advance(to: at)
    }
    slow += stepwise.advance(to: seconds(300))
    let fast = atOnce.advance(to: seconds(300))
    #expect(slow == fast)
    #expect(slow.count > 2)
  }

  @Test(
    "nextChange is the tick at which a hold ends, a sample goes stale, or an age is reached",
    arguments: [
      ("hold", "{rule: A, when: x > 5, hold: 40s, then: +60}", 60.0),
      ("stale", "{rule: A, when: x > 5, then: +60}", 50.0),
      ("for", "{rule: A, when: x > 0, for: 20s, then: +60}", 40.0),
      ("age", "{rule: A, when: age > 200s, then: +60}", 110.0),
    ])
  func nextChange(name: String, rule: String, expected: Double) throws {
    var fleet = try fleet("signals: {x: {gauge: x, stale_after: 30s}}\nrules: [\(rule)]")
    fleet.observe(.facts(launched: seconds(-100)), of: "a", at: seconds(0))
    fleet.observe(.sample("x", [:], name == "stale" || name == "hold" ? 9 : 0), of: "a", at: seconds(10))
    if name == "hold" || name == "for" {
      fleet.observe(.sample("x", [:], name == "for" ? 1 : 0), of: "a", at: seconds(20))
    }
    fleet.advance(to: seconds(20))
    let decision = fleet.explain("a", at: seconds(20))
    // The last sample of `hold` goes stale after 50 s; the hold itself ends at 60 s. Both are changes of what is possible.
    let next = try #require(decision?.nextChange)
    #expect(next <= seconds(expected))
    let before = fleet.explain("a", at: seconds(20))?.verdict
    let atThat = fleet.explain("a", at: next)?.verdict
    #expect(before != atThat, "\(name)")
  }

  @Test("an instance launched again under its name starts anew")
  func relaunch() throws {
    var fleet = try fleet(
      """
      signals: {login: {log: sshd, match: Accepted}}
      rules: [{rule: Touched, when: "count(login[1h]) > 0", latch: true, then: quarantine}]
      """)
    fleet.observe(.line("Accepted publickey for root", source: "sshd"), of: "a", at: seconds(10))
    fleet.advance(to: seconds(20))
    #expect(fleet.decide("a", at: seconds(20))?.verdict == .quarantine)
    fleet.observe(.facts(launched: seconds(25)), of: "a", at: seconds(30))
    fleet.attach(log: "sshd", of: "a", at: seconds(30))
    fleet.advance(to: seconds(40))
    #expect(fleet.decide("a", at: seconds(40))?.verdict == .keep)
    let old = fleet.observe(.line("Accepted publickey for root", source: "sshd"), of: "a", at: seconds(24))
    #expect(old == .predecessor)
  }

  @Test("a removed instance is forgotten, the others stay")
  func remove() throws {
    var fleet = try fleet(hot)
    for id in ["a", "b", "c"] { fleet.observe(.sample("x", [:], 9), of: id, at: seconds(10)) }
    fleet.advance(to: seconds(10))
    fleet.remove("a")
    #expect(fleet.instances.sorted() == ["b", "c"])
    let gone = fleet.explain("a", at: seconds(10))
    #expect(gone == nil)
    #expect(fleet.decide("c", at: seconds(10))?.verdict == .watch)
  }
}

@Suite("Unknown runs through everything")
struct UnknownTests {
  @Test("no data is unknown, names the signal, and never a replace")
  func missing() throws {
    var fleet = try fleet(hot)
    fleet.observe(.facts([:], labels: [:]), of: "a", at: seconds(0))
    fleet.advance(to: seconds(10))
    let decision = fleet.explain("a", at: seconds(10))
    #expect(decision?.verdict == .unknown)
    #expect(decision?.possible == [.keep, .watch])
    #expect(decision?.missing.map(\.signal) == ["x"])
  }

  @Test(
    "what no signal feeds says why it is unknown",
    arguments: [
      (["role": "db"], "desired.image", "2 entries of `desired` match"),
      (["role": "web"], "desired.image", "not in the matching entry of `desired`"),
      (["role": "x"], "desired.image", "no entry of `desired` matches"),
      (nil, "desired.image", "unknown which entry of `desired` matches"),
      (nil, #"label["a.b/c"]"#, "labels were never told"), ([:], "age", "the launch is not known"),
      ([:], "fact.image", "never told"),
    ] as [([String: String]?, String, String)])
  func reasons(labels: [String: String]?, term: String, reason: String) throws {
    var fleet = try fleet(
      """
      desired:
        - {where: label.role == "db", image: a}
        - {where: 'label.role == "db" or label.role == "web"', kernel: b}
      rules:
        - {rule: Drift, when: drifted(image), then: replace}
        - {rule: Zone, when: 'label["a.b/c"] == "x"', then: replace}
        - {rule: Old, when: age > 1d, then: replace}
      """)
    fleet.observe(.facts([:], labels: labels), of: "a", at: seconds(0))
    fleet.advance(to: seconds(10))
    let decision = fleet.explain("a", at: seconds(10))
    #expect(decision?.missing.first { $0.signal == term }?.reason == reason)
  }

  @Test("a sample that is fresh is not missing: it takes two to make a rate")
  func oneSample() throws {
    var fleet = try fleet(
      """
      signals: {x: {counter: x}}
      rules: [{rule: Fast, when: "rate(x[1m]) > 1/s", then: replace}]
      """)
    fleet.observe(.sample("x", [:], 1), of: "a", at: seconds(10))
    fleet.advance(to: seconds(10))
    let missing = fleet.explain("a", at: seconds(10))?.missing
    #expect(missing?.map(\.reason) == ["its samples give no value"])
  }

  @Test("what is there and says nothing is not missing either")
  func presentAndUnknown() throws {
    var fleet = try fleet(
      """
      signals:
        disk: {fact: disk, unit: GiB}
        ready: {condition: Ready}
        slow: {log: app, match: 'took (?<ms>[0-9]+) ms', value: ms, unit: ms}
      rules:
        - {rule: Small, when: disk < 10GiB, then: replace}
        - {rule: NotReady, when: 'ready != "True" and since(ready) > 5m', then: replace}
        - {rule: Slow, when: 'max(slow[1m]) > 1s', then: replace}
      """)
    fleet.attach(log: "app", of: "a", at: seconds(10))
    fleet.observe(.facts(["disk": "500GB"]), of: "a", at: seconds(10))
    fleet.observe(.condition("Ready", "False"), of: "a", at: seconds(10))
    fleet.advance(to: seconds(10))
    let missing = fleet.explain("a", at: seconds(10))?.missing
    #expect(
      missing?.map(\.reason) == [
        "`500GB` is no number", "its last change was not seen", "no match in its windows",
      ])
  }

  @Test("a series that has only ended was seen")
  func ended() throws {
    var fleet = try fleet(hot)
    fleet.observe(.sample("x", [:], .nan), of: "a", at: seconds(10))
    fleet.advance(to: seconds(10))
    let missing = fleet.explain("a", at: seconds(10))?.missing
    #expect(missing?.map(\.reason) == ["its series has ended"])
  }

  @Test("two series where one is wanted: unknown, and both are named")
  func clash() throws {
    var fleet = try fleet(hot)
    fleet.observe(.sample("x", ["cpu": "0"], 1), of: "a", at: seconds(5))
    fleet.observe(.sample("x", ["cpu": "1"], 1), of: "a", at: seconds(5))
    fleet.advance(to: seconds(10))
    let decision = fleet.explain("a", at: seconds(10))
    #expect(decision?.verdict == .unknown)
    #expect(decision?.missing.first?.reason == #"several series: {cpu="0"} and {cpu="1"}"#)
  }

  @Test("a line on which the pattern hits its limit makes the signal unknown, never 0")
  func limit() throws {
    var fleet = try fleet(
      """
      signals: {bad: {log: kernel, match: '(a+)+$', match_limit: 1000}}
      rules: [{rule: A, when: "count(bad[1m]) > 0", then: +60}]
      """)
    fleet.observe(.line(String(repeating: "a", count: 30) + "b", source: "kernel"), of: "a", at: seconds(5))
    fleet.advance(to: seconds(10))
    #expect(fleet.decide("a", at: seconds(10))?.verdict == .unknown)
    #expect(fleet.counts.limited == 1)
    fleet.advance(to: seconds(80))
    #expect(fleet.decide("a", at: seconds(80))?.verdict == .keep)
  }

  @Test("a line longer than `max_line` that may match makes the signal unknown, and the decision names the limit")
  func longestLine() throws {
    var fleet = try fleet(
      """
      signals: {bad: {log: kernel, match: 'took \\d+ ms', max_line: 20}}
      rules: [{rule: A, when: "count(bad[1m]) > 0", then: +60}]
      """)
    fleet.observe(.line("all of this is long, and holds nothing", source: "kernel"), of: "a", at: seconds(5))
    fleet.observe(.line("all of this is long, and took 12 ms", source: "kernel"), of: "b", at: seconds(5))
    fleet.observe(.line("it took 12 ms", source: "kernel"), of: "c", at: seconds(5))
    fleet.advance(to: seconds(10))
    #expect(["a", "b", "c"].map { fleet.decide($0, at: seconds(10))?.verdict } == [.keep, .unknown, .watch])
    #expect(fleet.counts.limited == 1)
    #expect(fleet.explain("b", at: seconds(10))?.missing.first?.reason?.contains("limit") == true)
  }

  @Test("a log that is attached and silent counts 0, one never attached is unknown")
  func silence() throws {
    let policy = """
      signals: {oom: {log: kernel, match: Killed}}
      rules: [{rule: A, when: "count(oom[1m]) > 0", then: +60}]
      """
    var fleet = try fleet(policy)
    fleet.attach(log: "kernel", of: "attached", at: seconds(0))
    fleet.attach(log: "*", of: "all", at: seconds(0))
    fleet.attach(log: "auth", of: "other", at: seconds(0))
    fleet.advance(to: seconds(10))
    let verdicts = ["attached", "all", "other"].map { fleet.decide($0, at: seconds(10))?.verdict }
    #expect(verdicts == [.keep, .keep, .unknown])
  }

  @Test("an optional signal never seen makes its rule not applicable; once seen, its absence is unknown")
  func optional() throws {
    var fleet = try fleet(
      """
      signals: {wear: {gauge: wear, unit: ratio, optional: true, stale_after: 30s}}
      rules: [{rule: Worn, when: wear > 90%, then: +60}]
      """)
    fleet.observe(.facts([:], labels: [:]), of: "diskless", at: seconds(0))
    fleet.observe(.sample("wear", [:], 0.1), of: "disk", at: seconds(5))
    fleet.advance(to: seconds(100))
    let rule = fleet.explain("diskless", at: seconds(100), allRules: true)?.rules.first
    #expect(rule?.state == .notApplicable)
    #expect(fleet.decide("diskless", at: seconds(100))?.verdict == .keep)
    #expect(fleet.decide("disk", at: seconds(100))?.verdict == .unknown)
  }

  @Test("a clock whose beginning was not seen shows what is known of it")
  func bounds() throws {
    var fleet = try fleet(
      """
      signals: {oom: {log: kernel, match: Killed}}
      rules:
        - {rule: Told, when: since(oom) > 20s, then: +10, why: "quiet for {since(oom)}"}
        - {rule: Silent, when: since(oom) > 20s, then: +10}
      """)
    fleet.attach(log: "kernel", of: "a", at: seconds(0))
    fleet.advance(to: seconds(90))
    let decision = fleet.explain("a", at: seconds(90))
    #expect(decision?.rules.map(\.why) == ["quiet for at least 1m30s", "since(oom) at least 1m30s"])
    #expect(decision?.json.contains(#""term":"since(oom)","value":null,"atLeast":90"#) == true)
  }

  @Test("the worst key speaks for a rule over keys")
  func keys() throws {
    var fleet = try fleet(
      """
      signals: {free: {gauge: free, unit: ratio, by: [mountpoint]}}
      rules: [{rule: Full, when: free < 10%, then: "+60 * ramp(free, 10%, 0%)", why: "{free} left on {mountpoint}"}]
      """)
    for (mountpoint, free) in [("/", 0.05), ("/var", 0.02), ("/home", 0.5)] {
      fleet.observe(.sample("free", ["mountpoint": mountpoint], free), of: "a", at: seconds(5))
    }
    fleet.advance(to: seconds(10))
    let decision = fleet.explain("a", at: seconds(10))
    #expect(decision?.score.lowThousandths == 48_000)
    #expect(decision?.rules.first?.why == "2 % left on /var")
    #expect(decision?.rules.first?.key.map(\.value) == ["/var"])
  }
}

@Suite("Errors of a policy")
struct PolicyErrorTests {
  @Test("all faults come at once, with file, line and column")
  func allAtOnce() {
    let text = """
      version: 1
      policy: p
      signals: {cpu: {gauge: cpu, unit: percent}}
      rules:
        - {rule: A, when: "avg(cpu[5m]) > 90", then: +60}
        - {rule: B, when: cqu > 90%, then: +60}
      """
    do {
      _ = try Policy(text: text, file: "bad.yaml")
      Issue.record("compiled")
    } catch {
      let errors = error.diagnostics.filter { $0.severity == .error }
      #expect(errors.map(\.line) == [5, 6])
      #expect(errors.first?.code == "E0212")
      #expect(errors.allSatisfy { $0.file == "bad.yaml" })
      #expect(error.description.contains("help: write `90%`"))
    }
  }
}
