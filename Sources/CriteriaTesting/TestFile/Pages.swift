package import CriteriaCompiler
import CriteriaDiagnostics

/// What `rulecheck explain` says of test files. The samples are test files; those around them are about this policy.
package let testPages: [ExplainPage] = [
  page(
    .noTests, "a test file tests nothing", "It has no tests, or a test has no instance to judge.",
    failing: file(tests: "[]"), mended: file()),
  page(
    .noExpectation, "a test expects nothing",
    "A test without `expect` could never fail, so it would look like a test and be none.",
    failing: file("given: {cpu: 95% for 20m}", expect: nil), mended: file("given: {cpu: 95% for 20m}")),
  page(
    .emptyExpectation, "an expectation says nothing",
    "An entry that names a time and nothing that must hold then, or an empty list of names, holds of everything.",
    failing: file(expect: "- {at: 5m}"), mended: file(expect: "- {at: 5m, verdict: keep}")),
  page(
    .incompleteExpectation, "an expectation is incomplete",
    "`at` says when; `state` and `key` need a `rule` (or a `value`), `is` needs a `value`; `timeline` and `never` stand alone.",
    failing: file(expect: "- {at: 5m, state: idle}"), mended: file(expect: "- {at: 5m, rule: HotCPU, state: idle}")),
  page(
    .unknownTestName, "a name that the policy does not have",
    "Signals, rules, the groups of patterns and the instances of a case are looked up, so that a test cannot pass because it "
      + "speaks of something else.",
    failing: file(expect: "- never: [HotCpu]"), mended: file(expect: "- never: [HotCPU]")),
  page(
    .afterTheData, "an assertion after the data ends",
    "After the last sample everything is only missing. A case lasts as long as the longest series that says for how long it goes.",
    failing: file("given: {cpu: 95% for 20m}", expect: "- {at: 2h, verdict: keep}"),
    mended: file("given: {cpu: 95% for 2h}", expect: "- {at: 2h, verdict: watch}")),
  page(
    .unusedGiven, "something is given that nothing reads",
    "No rule and no selector of the policy reads it, so it cannot change what is decided: the name is another one than was meant, "
      + "or the rule is gone.",
    failing: file("given: {mem: 50% for 20m}", expect: "- never: [HotCPU]"), mended: file(expect: "- never: [HotCPU]")),
  page(
    .badNotation, "a notation does not read",
    "How a signal goes is written in segments: `20% for 5m then 95% for 20m`, `20% .. 95% over 10m`, `100/s for 10m`, "
      + "`0 then +1 at 11m 12m`, `every 3m`, `at 1m 4m {comm=java}`, `3 over 10m`, `missing for 5m`.",
    failing: file("given: {cpu: 95% during 20m}"), mended: file("given: {cpu: 95% for 20m}")),
  page(
    .wrongNotation, "a notation for another kind of signal",
    "Gauges take values and ramps, counters rates and steps, logs events, conditions and infos texts. Only the last segment may go "
      + "on without saying for how long. A signal with `by` needs its key: `avail{mountpoint=/}`.",
    failing: file("given: {cpu: every 3m}"), mended: file("given: {cpu: 95% for 20m}")),
  page(
    .wrongMeasure, "a value of another dimension",
    "Values are written in what the signal measures, after its unit and scale: a share as `95%`, bytes as `5GiB`, time as `30s`.",
    failing: file("given: {cpu: 95 for 20m}"), mended: file("given: {cpu: 95% for 20m}")),
  page(
    .tooMuch, "a test asks for too much",
    "Series, cases and files are bounded, so that no test can hang or fill the memory: a million samples a line, two million "
      + "observations and a million ticks a case.",
    failing: file("given: {cpu: 95% for 5000w}"), mended: file("given: {cpu: 95% for 20m}")),
  page(
    .offTheGrid, "a time between ticks",
    "Decisions are made at multiples of the policy's `step`, the first one step after the start.",
    failing: file(expect: "- {at: 90s, verdict: keep}"), mended: file(expect: "- {at: 2m, verdict: keep}")),
  page(
    .badEach, "a row of `each` does not fit its test",
    "Every name of a row must be used as `{name}`, and every `{name}` must be in each row.",
    failing: file("each: [{v: 95%}]"),
    mended: file("each: [{v: 95%}]\n    given: {cpu: \"{v} for 20m\"}")),
  page(
    .badTimeline, "a timeline does not read",
    "A timeline names the verdict at every tick: `keep until 9m then watch until 19m then replace`. Each verdict holds until "
      + "before its time.",
    failing: file(expect: "- timeline: keep 9m watch"), mended: file(expect: "- timeline: keep")),
  page(
    .badExpected, "something is expected that cannot be",
    "Verdicts are `keep`, `watch`, `quarantine`, `replace`, `unknown` and `unjudged`; states `idle`, `pending`, `active`, `holding`, "
      + "`excepted`, `n/a`; a score is `60`, `50..70` or `[0, 40]`.",
    failing: file(expect: "- {at: 5m, verdict: kept}"), mended: file(expect: "- {at: 5m, verdict: keep}")),
  page(
    .badSamples, "samples do not read",
    "`samples` are series and values as promtool has them: `0+10x5`, `7x3`, `_x2`, `stale`.",
    failing: file("given: {samples: [{series: node_cpu, values: 1..3}]}"),
    mended: file("given: {samples: [{series: node_cpu, values: 95x20}]}")),
  page(
    .sameCase, "two of one name",
    "Reports and `--run` tell tests by their names, and one series of an instance is one line.",
    failing: file(
      tests: "[{test: a, expect: [{at: 5m, verdict: keep}]}, {test: a, expect: [{at: 6m, verdict: keep}]}]"),
    mended: file(tests: "[{test: a, expect: [{at: 5m, verdict: keep}]}, {test: b, expect: [{at: 6m, verdict: keep}]}]")),
  page(
    .policyOfTest, "the policy of a test cannot be used",
    "`policy` (and `use`) are paths from the folder of the test file. A policy that is not valid runs no tests.",
    failing: file(policy: "nowhere.yaml"), mended: file()),
  page(
    .endlessCase, "nothing says how long a case lasts",
    "Every series goes on to the end, and no assertion names a time.",
    failing: file("given: {cpu: 20%}", expect: "- never: [HotCPU]"),
    mended: file("given: {cpu: 20% for 20m}", expect: "- never: [HotCPU]")),
  page(
    .computedGiven, "something computed is given",
    "A named expression follows from its signals, and a `fact` signal from the instance's facts; give those.",
    failing: file("given: {load: 5}"), mended: file("given: {cpu: 95% for 20m}")),
]

/// The policy that the samples of these pages test.
package let pagesPolicy = """
  version: 1
  policy: example
  step: 1m
  signals:
    cpu: {gauge: node_cpu, unit: percent}
    mem: {gauge: node_mem, unit: percent}
    load: {is: cpu * 2}
  rules:
    - {rule: HotCPU, when: "avg(cpu[5m]) > 90%", then: +60}
    - {rule: Load, when: load > 300%, then: +10}

  """

private func page(_ code: DiagnosticCode, _ title: String, _ why: String, failing: String, mended: String)
  -> ExplainPage
{
  ExplainPage(code, title, why, failing: failing, mended: mended)
}

/// A test file around what a page is about.
private func file(_ lines: String = "", expect: String? = "- {at: 5m, verdict: keep}", policy: String = "example.yaml")
  -> String
{
  var text = "version: 1\npolicy: \(policy)\ndefaults: {cpu: 20% for 20m}\ntests:\n  - test: an example\n"
  if !lines.isEmpty { text += "    \(lines)\n" }
  if let expect { text += "    expect:\n      \(expect)\n" }
  return text
}

private func file(tests: String) -> String {
  "version: 1\npolicy: example.yaml\ndefaults: {cpu: 20% for 20m}\ntests: \(tests)\n"
}
