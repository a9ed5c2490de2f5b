import Criteria
import CriteriaDiagnostics
import Testing

@testable import CriteriaTesting

/// What a failing check would have passed with, were the case's data otherwise.
@Suite("The nearest change of a case's data")
struct NearestDataTests {
  /// A case, what is printed first, and the same written by hand into what the case gives, which passes.
  private struct Example {
    var given: String
    var expect: String
    var change: String?
    var instead: String?
  }

  private static let examples: [Example] = [
    // Hot for three minutes by 4m; before that, every tick looks hot.
    Example(
      given: "cpu: 95% for 20m", expect: "{at: 4m, rule: Hot, state: idle}",
      change: "`cpu` lower by 5.01 percentage points for all of the time up to 4m (newest 90 % instead of 95 %)",
      instead: "cpu: 89.99% for 5m then 95% for 15m"),
    Example(
      given: "cpu: 80% for 20m", expect: "{at: 10m, rule: Hot, state: active}",
      change: "`cpu` higher by 10.1 percentage points for the 8m up to 10m (newest 90.1 % instead of 80 %)",
      instead: "cpu: 80% for 3m then 90.1% for 8m then 80% for 9m"),
    Example(
      given: "oom: every 3m for 20m", expect: "{at: 10m, rule: Killed, state: idle}",
      change: "1 line of `oom` fewer in the 10m up to 10m", instead: "oom: at 3m 6m"),
    Example(
      given: "ready: True for 20m", expect: "{at: 10m, rule: NotReady, state: active}",
      change: "`ready` was `False` for the 3m up to 10m",
      instead: "ready: True for 8m then False for 3m then True for 9m"),
    Example(
      given: "instance: {age: 3d}, cpu: 20% for 20m", expect: "{at: 5m, rule: Young, state: active}",
      change: "launched 3d later", instead: "instance: {age: 0s}, cpu: 20% for 20m"),
    Example(
      given: "\"free{mountpoint=/a}\": 4GiB for 20m, \"free{mountpoint=/b}\": 512MiB for 20m",
      expect: "{at: 10m, rule: Full, state: idle}",
      change: "`free` {mountpoint /b} higher by 512 MiB for the 5m up to 10m (newest 1 GiB instead of 512 MiB)",
      instead: "\"free{mountpoint=/a}\": 4GiB for 20m, \"free{mountpoint=/b}\": 1GiB for 20m"),
    Example(
      given: "cpu: 95% for 20m", expect: "{never: [Hot]}",
      change: "`cpu` lower by 5.01 percentage points for all of the time up to 20m (newest 90 % instead of 95 %)",
      instead: "cpu: 89.99% for 20m"),
    Example(
      given: "cpu: 95% for 20m", expect: "{at: 10m, value: 'avg(cpu[5m])', is: 85%..88%}",
      change: "`cpu` lower by 8.8 percentage points for the 4m up to 10m (newest 86.2 % instead of 95 %)",
      instead: "cpu: 95% for 7m then 86.2% for 4m"),
    // It would take another policy.
    Example(given: "cpu: 20% for 20m", expect: "{at: 9m, score: 17}", change: nil, instead: nil),
  ]

  private func ready(_ given: String, _ expect: String) throws -> (bound: BoundFile, subject: Subject) {
    let suite = load(givenCase(given, expect: "[\(expect)]"), policy: everyKind)
    try #require(faults(suite) == [])
    let ready = suite.ready
    return try #require(ready)
  }

  @Test("is named, and what it says passes when it is written", arguments: examples.indices)
  func example(row: Int) throws {
    let one = Self.examples[row]
    let (bound, subject) = try ready(one.given, one.expect)
    let result = run(bound.cases[0], under: subject)
    try #require(result.failures.count == 1, "\(result.failures)")
    var budget = SearchBudget()
    let explanation = explain(result.failures, of: bound.cases[0], under: subject, in: bound, &budget)[0]
    #expect(explanation.nearest?.data.first?.text == one.change)
    guard let instead = one.instead else { return }
    let (other, same) = try ready(instead, one.expect)
    #expect(run(other.cases[0], under: same).failures.map(\.found) == [])
  }
}

/// The tests of `rules/` with every expectation of a verdict turned round: what is named must pass, and cost is bounded.
@Suite("Changes of data named for failures under rules/")
struct NearestDataPropertyTests {
  @Test("pass when the case is run with them, one after another", arguments: ["http-service", "immutable"])
  func pass(name: String) throws {
    let path = packageRoot + "/rules/\(name).test.yaml"
    let suite = try loadSuite(path)
    let (bound, subject) = try #require(suite.ready)
    var budget = SearchBudget(replays: 600)
    var named = 0
    for one in bound.cases.prefix(5) {
      var wrong = one
      for index in one.expectations.indices {
        for check in one.expectations[index].checks.indices {
          if case .verdict(let verdict) = one.expectations[index].checks[check].check.kind {
            wrong.expectations[index].checks[check].check.kind = .verdict(
              .verdict(verdict == .verdict(.keep) ? .replace : .keep))
          }
        }
      }
      let failures = run(wrong, under: subject).failures
      let explanations = explain(failures, of: wrong, under: subject, in: bound, &budget)
      let start = subject.start(of: wrong)
      let stimulus = Stimulus(wrong, start: start)
      for (failure, explanation) in zip(failures, explanations) {
        for data in explanation.nearest?.data ?? [] {
          named += 1
          let place = try #require(wrong.instances.firstIndex { $0.name == failure.instance })
          let history = History(stimulus, wrong, instance: place, start: start, subject.signals)
          let edited = data.edit.applied(to: history, under: subject.policy)
          let again = run(wrong, under: subject, stimulus: stimulus.replacing(place, by: edited, start: start))
          #expect(!again.failures.map(\.identity).contains(failure.identity), "\(one.test.title): \(data.text)")
          let broken = Set(again.failures.map(\.identity)).subtracting(failures.map(\.identity))
          #expect(broken.count == data.breaks, "\(one.test.title): \(data.text)")
        }
      }
    }
    print("\(name): \(named) changes named and run")
    #expect(named >= 2)
  }
}
