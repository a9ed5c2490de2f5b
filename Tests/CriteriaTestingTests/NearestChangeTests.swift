import Criteria
import CriteriaCompiler
import CriteriaEngine
import CriteriaTesting
import Testing

/// What would have changed a decision, on stories small enough to know the answer.
@Suite("The nearest change")
struct NearestChangeTests {
  /// A minute a step; samples and lines at each minute up to the tick at 30 m.
  private static let step: Int64 = 60_000
  private static let tick = Timestamp(milliseconds: 30 * step)

  private static func minute(_ number: Int64) -> Timestamp { Timestamp(milliseconds: number * step) }

  private static func policy(_ body: String) throws -> Policy {
    try Policy(text: "version: 1\npolicy: p\nstep: 1m\n" + body)
  }

  private static func series(
    _ metric: String, _ labels: [String: String] = [:], upTo last: Int64 = 30, _ value: (Int64) -> Double
  ) -> [History.Entry] {
    (1...last).map { History.Entry(.sample(metric, labels, value($0)), at: minute($0)) }
  }

  private static func history(_ entries: [History.Entry], logs: [String] = []) -> History {
    let order = entries.indices.sorted { (entries[$0].time, $0) < (entries[$1].time, $1) }
    return History(
      instance: "i-1", attachments: logs.map { History.Attachment(source: $0, time: minute(0)) },
      entries: order.map { entries[$0] })
  }

  /// A policy, what was observed, a verdict, and the words for the smallest change that leads there.
  struct Story: CustomTestStringConvertible, Sendable {
    var name: String
    var policy: String
    var history: @Sendable () -> History
    var goal: Verdict
    /// `nil`: none.
    var change: String?
    var testDescription: String { name }
  }

  private static let hot = """
    signals:
      cpu: {gauge: cpu, unit: percent}
    rules:
      - {rule: Hot, when: 'avg(cpu[5m]) > 90%', for: 5m, then: replace}
    """

  static let stories: [Story] = [
    Story(
      name: "a share lower by percentage points", policy: hot, history: { history(series("cpu") { _ in 95 }) },
      goal: .keep,
      change: "`cpu` lower by 5.01 percentage points for the last 5m (newest 90 % instead of 95 %)"),
    Story(
      name: "a share higher, over window and `for`", policy: hot, history: { history(series("cpu") { _ in 80 }) },
      goal: .replace, change: "`cpu` higher by 10.1 percentage points for the last 10m (newest 90.1 % instead of 80 %)"),
    Story(
      name: "a flag moves by one",
      policy: """
        signals:
          up: {gauge: up}
        rules:
          - {rule: Down, when: 'max(up[5m]) == 0', then: replace}
        """, history: { history(series("up") { _ in 0 }) }, goal: .keep,
      change: "`up` higher by 1 for the last 1m (newest 1 instead of 0)"),
    Story(
      name: "values whose difference is infinite",
      policy: """
        signals:
          size: {gauge: size}
        rules:
          - {rule: Huge, when: 'max(size[5m]) > 0', then: replace}
        """, history: { history(series("size") { $0 < 20 ? -1.5e308 : 1.5e308 }) }, goal: .keep,
      change:
        "`size` lower by 1.5099999999999998e+308 for the last 5m (newest -9.999999999999737e+305 instead of 1.5e+308)"),
    Story(
      name: "fewer lines",
      policy: """
        signals:
          oom: {log: kernel, match: 'Killed process'}
        rules:
          - {rule: Loop, when: 'count(oom[10m]) >= 3', then: replace}
        """,
      history: {
        history(
          (26...30).map { History.Entry(.line("Killed process 1", source: "kernel"), at: minute($0)) }, logs: ["kernel"]
        )
      }, goal: .keep, change: "3 lines of `oom` fewer in the last 10m"),
    Story(
      name: "lines of a pattern that never matched",
      policy: """
        signals:
          oom: {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
          up: {gauge: up}
        rules:
          - {rule: Loop, when: 'count(oom[10m]) >= 3', then: replace, why: "{oom.comm}"}
        """, history: { history(series("up") { _ in 1 }, logs: ["kernel"]) }, goal: .replace,
      change: "3 lines of `oom` more at 1970-01-01T00:30:00Z"),
    Story(
      name: "a counter that grows more slowly",
      policy: """
        signals:
          errors: {counter: errors}
        rules:
          - {rule: Failing, when: 'increase(errors[5m]) > 60', then: replace}
        """, history: { history(series("errors") { Double($0 * 30) }) }, goal: .keep,
      change: "`errors` growing slower by 0.301/s for the last 5m"),
    Story(
      name: "another fact",
      policy: """
        rules:
          - {rule: Drift, when: drifted(image), for: 5m, then: replace}
        """,
      history: {
        history([History.Entry(.facts(["image": "a"], desired: ["image": "b"]), at: minute(1))])
      }, goal: .keep, change: "`fact.image` was `b` for the last 1m"),
    Story(
      name: "another status",
      policy: """
        signals:
          ready: {condition: Ready}
        rules:
          - {rule: NotReady, when: 'ready != "True"', for: 3m, then: replace}
        """,
      history: {
        history((1...30).map { History.Entry(.condition("Ready", "False"), at: minute($0)) })
      }, goal: .keep, change: "`ready` was `True` for the last 1m"),
    Story(
      name: "more time",
      policy: """
        signals:
          up: {gauge: up}
        rules:
          - {rule: Down, when: up == 0, for: 40m, then: replace}
        """, history: { history(series("up") { _ in 0 }) }, goal: .replace,
      change: "11m more in which all stays as it is"),
    Story(
      name: "silence that ends",
      policy: """
        signals:
          up: {gauge: up}
        rules:
          - {rule: Down, when: up == 0, then: replace}
        """, history: { history(series("up", upTo: 10) { _ in 1 }) }, goal: .keep,
      change: "`up` heard of until now, as it was last"),
    Story(
      name: "a metric that comes with a value",
      policy: """
        signals:
          up: {gauge: up}
          cpu: {gauge: cpu}
        rules:
          - {rule: Down, when: up == 0, then: replace}
          - {rule: Any, when: cpu > 5, then: +10}
        """, history: { history(series("cpu") { _ in 1 }) }, goal: .replace,
      change: "`up` heard of for the last 1m, at 0"),
    Story(
      name: "what was only just not enough: any amount",
      policy: """
        signals:
          load: {gauge: load}
        rules:
          - {rule: Busy, when: load > 2.5, then: replace}
        """, history: { history(series("load") { _ in 2.5 }) }, goal: .replace,
      change: "`load` higher by any amount for the last 1m"),
    Story(
      name: "two faults at once have no single remedy",
      policy: """
        signals:
          a: {gauge: a}
          b: {gauge: b}
        rules:
          - {rule: A, when: a == 1, then: replace}
          - {rule: B, when: b == 1, then: replace}
        """, history: { history(series("a") { _ in 1 } + series("b") { _ in 1 }) }, goal: .keep, change: nil),
    Story(
      name: "the key that is full",
      policy: """
        signals:
          avail: {gauge: avail, unit: bytes, by: [mountpoint]}
          size: {gauge: size, unit: bytes, by: [mountpoint]}
        rules:
          - {rule: Full, when: avail / size < 5%, then: replace}
        """,
      history: {
        history(
          ["/", "/srv"].flatMap { mount in
            series("avail", ["mountpoint": mount]) { _ in mount == "/" ? 1_048_576 * 500 : 1_048_576 * 10 }
              + series("size", ["mountpoint": mount]) { _ in 1_048_576 * 1000 }
          })
      }, goal: .keep,
      change: "`avail` {mountpoint /srv} higher by 40.1 MiB for the last 1m (newest 50.1 MiB instead of 10 MiB)"),
  ]

  @Test("it is among those that a person would name, and does what it says", arguments: stories)
  func story(_ story: Story) throws {
    let policy = try Self.policy(story.policy)
    let history = story.history()
    let report = nearestChanges(in: history, under: policy, at: Self.tick, to: [.verdict(story.goal)])
    let texts = report.results[0].changes.map(\.text)
    if let change = story.change { #expect(texts.contains(change), "\(texts)") } else { #expect(texts == []) }
    #expect(!report.isCutShort)
    for change in report.results[0].changes {
      let failures = counterfactualFaults(change, of: history, under: policy, at: Self.tick) {
        $0.verdict == story.goal
      }
      #expect(failures == [])
    }
  }

  @Test("a goal may be the state of a rule")
  func ruleState() throws {
    let policy = try Self.policy(Self.hot)
    let history = Self.history(Self.series("cpu") { _ in 95 })
    let report = nearestChanges(
      in: history, under: policy, at: Self.tick, to: [.rule("Hot", in: [.idle]), .rule("Hot", in: [.active])])
    #expect(report.results[0].changes.first?.text.hasPrefix("`cpu` lower by 5.01") == true)
    // It is active already: nothing is to be changed.
    #expect(report.results[1].goal == "Hot active" && report.results[1].changes.isEmpty)
  }

  @Test("a limit ends it, and it says so")
  func limits() throws {
    let policy = try Self.policy(Self.hot)
    let history = Self.history(Self.series("cpu") { _ in 95 })
    var limits = SearchLimits()
    limits.replays = 5
    let report = nearestChanges(in: history, under: policy, at: Self.tick, to: [.verdict(.keep)], limits: limits)
    #expect(report.isCutShort)
    #expect(report.replays <= 6)
  }

  @Test(
    "a line made up for a pattern matches it",
    arguments: [
      ("Killed process \\d+ \\((?<comm>[^)]+)\\)", "Killed process 1 (1)"),
      ("^Accepted \\w+ for (?<user>\\S+)", "Accepted 1 for 1"),
      ("(?i)i/o error|hung", nil), ("a{3,}b?", "aaab"), ("x(?=y)y", "xy"),
    ] as [(String, String?)])
  func exampleLines(pattern: String, expected: String?) throws {
    let policy = try Self.policy(
      "signals:\n  s: {log: kernel, match: '\(pattern)'}\nrules:\n  - {rule: R, when: 'count(s[5m]) > 0', then: replace}\n"
    )
    let history = Self.history([], logs: ["kernel"])
    let report = nearestChanges(in: history, under: policy, at: Self.tick, to: [.verdict(.replace)])
    guard case .moreLines(_, let count, let text, _)? = report.results[0].changes.first?.edit.kind else {
      Issue.record("no lines were proposed: \(report.results[0].changes.map(\.text))")
      return
    }
    #expect(count == 1)
    if let expected { #expect(text == expected) }
  }
}

/// What is wrong with a change: applied to the data and run again from the start it must reach the goal, and half of it must not.
func counterfactualFaults(
  _ change: NearestChange, of history: History, under policy: Policy, at tick: Timestamp, goal: (Decision) -> Bool
) -> [String] {
  var faults: [String] = []
  func decide(_ edit: Edit) -> Decision? {
    edit.applied(to: history, under: policy).decide(under: policy, at: max(edit.to, tick))
  }
  let decision = decide(change.edit)
  if decision.map(goal) != true { faults.append("\(change.edit) does not reach the goal") }
  if decision?.verdict != change.decision.verdict || decision?.score != change.decision.score {
    faults.append("\(change.edit): another decision than was promised")
  }
  if let half = change.edit.half, let decision = decide(half), goal(decision) {
    faults.append("half of \(change.edit) reaches the goal too")
  }
  if case .wait = change.edit.kind, change.edit.length > policy.program.step {
    var shorter = change.edit
    shorter.to = Timestamp(milliseconds: shorter.to.milliseconds - policy.program.step)
    if let decision = decide(shorter), goal(decision) { faults.append("\(change.edit): a tick less is enough") }
  }
  if !(change.size > 0 && change.size <= 1) { faults.append("\(change.edit): a size of \(change.size)") }
  return faults
}
