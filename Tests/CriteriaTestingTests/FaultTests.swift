import Criteria
import CriteriaCompiler
import CriteriaSyntax
import CriteriaTesting
import Testing

@Suite("What is wrong with test files")
struct FaultTests {
  @Test(
    "every code has a page, whose sample draws it and whose mended form draws nothing",
    arguments: testPages.map(\.code.name))
  func pages(code: String) throws {
    let page = try #require(testPages.first { $0.code.name == code })
    guard case .policy(let failing) = page.failing else { return }
    let faulty = faults(load(failing, policy: pagesPolicy))
    #expect(faulty.contains { $0.hasPrefix(code) }, "\(faulty)\n\(failing)")
    let mended = load(page.mended, policy: pagesPolicy)
    #expect(faults(mended) == [], "\(page.mended)")
    #expect(mended.isValid)
  }

  @Test("no code is without a page")
  func codes() { #expect(testPages.map(\.code) == testPages.map(\.code).filter(testCodes.contains)) }

  @Test(
    "given: what does not fit its signal, at its place",
    arguments: [
      ("cppu: 20% for 5m", "E0605 5:13 the policy has no signal `cppu`"),
      ("cpu: 20 for 5m", "E0610 5:18 `cpu` is a ratio, and this is a plain number"),
      ("cpu: 20%/s for 5m", "E0610 5:18 `cpu` is a ratio, and this is a ratio per time"),
      ("cpu: 20% then 30% for 5m", "E0609 5:18 only the last part may go on to the end"),
      ("cpu: every 3m", "E0609 5:18 `cpu` is a gauge: it takes no events"),
      ("cpu: True for 3m", "E0609 5:18 `cpu` is a gauge: it takes no text"),
      ("oom: 3 for 5m", "E0609 5:18 `oom` is a log: it takes no values"),
      ("ready: 20% .. 30% over 5m", "E0609 5:20 `ready` is a text: it takes no numbers or events"),
      ("free: 1GiB for 5m", "E0609 5:13 `free` has one value per `mountpoint`: which one is this?"),
      ("io: at 3m for 5m", "E0609 5:17 `io` has one value per `dev`: which one is this?"),
      ("oom: 'at 3m {com: java} for 5m'", "E0605 5:19 `com` is no group of the pattern of `oom`"),
      ("cpu: 20% over 5m", "E0608 5:22 expected a whole number before `over`, or `FROM .. TO over`, found `over`"),
      ("cpu: 20% for 5", "E0608 5:26 expected a duration such as `5m`, found `5`"),
      ("cpu: 20% for 5m now", "E0608 5:29 expected `then`, `for` or the end, found `now`"),
      ("cpu: 20pct for 5m", "E0608 5:18 `20pct` has a unit that nobody knows"),
      ("cpu: '{v} for 5m'", "E0613 5:19 `{v}` is no name of this row of `each`"),
      (
        "cpu: 1% for 20m, oom: every 1ms for 20m",
        "E0611 5:35 this asks for too much: 1200000 observations; the limit is 1000000"
      ),
      ("cpu: 1% for 1000w", "E0611 5:18 this asks for too much: 10080000 ticks of 1m; the limit is 1000000"),
      ("cores: 8 for 5m", "E0620 5:13 `cores` reads a fact and cannot be given"),
      ("instance: {agee: 3d}", "E0605 5:24 unknown key `agee` of `instance`"),
      (
        "instance: {label.role: web}",
        "E0607 5:24 `label.role` is given and nothing reads it: no rule, selector or `desired` entry of the policy reads it"
      ),
      (
        "cpu: 1% for 5m, logs: {sshd: {1m: a}}",
        "E0607 5:36 `sshd` is given and nothing reads it: no log signal reads this source"
      ),
      ("cpu: 1% for 5m, logs: {kernel: {soon: a}}", "E0608 5:45 expected when the lines come, found `soon`"),
      ("cpu: 1% for 5m, oom: at 10m", "E0606 5:34 10m is after the data ends, at 5m"),
      ("cpu: 1% for 5m, oom: every 1m for 3m then at 10m", "E0606 5:34 10m is after the data ends, at 5m"),
      ("cpu: 1% for 5m, reqs: 0 then +1 at 10m", "E0606 5:35 10m is after the data ends, at 5m"),
      ("oom: every 1m for 10m then at 5m", "E0609 5:18 5m is outside of its part, which begins at 10m"),
      ("oom: at 1m 9m for 5m then every 1m for 9m", "E0609 5:18 9m is outside of its part, which goes from 0s to 5m"),
      ("reqs: 0 for 5m then +1 at 3m for 9m", "E0609 5:19 3m is outside of its part, which goes from 5m to 14m"),
      (
        "samples: [{series: up, values: '1x3'}]",
        "E0607 5:44 `up` is given and nothing reads it: no signal reads this metric"
      ),
      (
        "samples: [{series: node_cpu_busy_percent, values: '1..3'}]",
        "E0616 5:63 `values` must be samples in promtool's notation, found `1..3`"
      ),
    ])
  func given(given: String, expected: String) {
    #expect(
      faults(load(givenCase(given), policy: everyKind)).contains(expected),
      "\(faults(load(givenCase(given), policy: everyKind)))")
  }

  @Test(
    "expectations: what could not fail, at its place",
    arguments: [
      ("[{at: 1m}]", "E0603 6:14 this entry says nothing that could be wrong"),
      ("[{verdict: keep}]", "E0604 6:14 an expectation needs `at`"),
      ("[{at: 1m, because: []}]", "E0603 6:32 `because` names nothing: that always holds"),
      ("[{at: 1m, rule: Hot}]", "E0604 6:29 which state of `Hot`?"),
      ("[{at: 1m, state: idle}]", "E0604 6:23 `state` of which rule?"),
      ("[{at: 1m, is: 3}]", "E0604 6:23 `is` of what?"),
      ("[{at: 1m, timeline: keep}]", "E0604 6:15 `at` beside `timeline`, which speaks of the whole case"),
      ("[{at: 1m, rule: Hott, state: idle}]", "E0605 6:29 the policy has no rule `Hott`"),
      ("[{at: 1m, because: [Hott]}]", "E0605 6:33 the policy has no rule `Hott`"),
      ("[{never: [Hott]}]", "E0605 6:23 the policy has no rule `Hott`"),
      ("[{at: 1m, missing: [cpuu]}]", "E0605 6:33 the policy has no signal `cpuu`"),
      ("[{at: 1m, of: i-2, verdict: keep}]", "E0605 6:27 the case has no instance `i-2`"),
      ("[{at: 6m, verdict: keep}]", "E0606 6:19 6m is after the data ends, at 5m"),
      ("[{at: 0, verdict: keep}]", "E0612 6:19 the first tick judged is at 1m"),
      ("[{at: 90s, verdict: keep}]", "E0612 6:19 90s is between ticks: the policy's step is 1m"),
      ("[{timeline: keep until 6m then watch}]", "E0606 6:36 6m is after the data ends, at 5m"),
      ("[{timeline: keep until 2m then watch until 1m}]", "E0614 6:56 the times of a timeline go up"),
      ("[{at: 1m, score: high}]", "E0615 6:30 `score` must be points"),
      ("[{at: 1m, value: 'avg(cpu[5m]) > 90'}]", "E0212 6:46 comparing a ratio with a plain number"),
      ("[{at: 1m, value: 'avg(cpu[5m])'}]", "E0615 6:30 the expression is a number: it is never `true`"),
      ("[{at: 1m, value: 'avg(cpu[5m])', is: 20}]", "E0610 6:50 `avg(cpu[5m])` is a ratio, and this is a plain number"),
      ("[{at: 1m, value: 'min(free[5m])', is: 1GiB}]", "E0604 6:30 `min(free[5m])` has one value per `mountpoint`"),
      ("[{at: 1m, rule: Full, key: {dev: sda}}]", "E0605 6:40 the keys here are `mountpoint`"),
    ])
  func expectations(expect: String, expected: String) {
    let found = faults(load(givenCase("cpu: 20% for 5m", expect: expect), policy: everyKind))
    #expect(found.contains(expected), "\(found)")
  }

  @Test("all faults of a file are reported at once, in its order")
  func all() {
    let text = """
      version: 2
      policy: p.yaml
      defaults: {cpu: 20 for 5m, mem: 1% for 5m}
      tests:
        - test: a
        - {test: b, expect: [{at: 9d, verdict: keep}], giben: {}}
      """
    let found = faults(load(text, policy: everyKind))
    #expect(found.map { $0.prefix(5) } == ["E0111", "E0610", "E0605", "E0602", "E0101"], "\(found)")
  }

  @Test("an instance's series may be named like another policy's where defaults are shared")
  func shared() {
    let text =
      "version: 1\npolicy: p.yaml\nuse: [d.yaml]\ntests: [{test: a, expect: [{at: 1m, rule: Hot, state: idle}]}]\n"
    let defaults = "version: 1\ndefaults: {cpu: 20% for 5m, other: 3 for 1h, instance: {fact.foreign: x}}\n"
    #expect(faults(load(text, policy: everyKind, shared: ["d.yaml": defaults])) == [])
  }
}

@Suite("The keys of test files")
struct TestKeyTests {
  @Test("verdicts and states are those of the engine")
  func words() {
    #expect(Set(TestKeys.outcomes) == Set(Verdict.allCases.map(\.rawValue) + ["unjudged"]))
    #expect(TestKeys.states.allSatisfy { RuleReport.State(rawValue: $0) != nil })
  }
}
