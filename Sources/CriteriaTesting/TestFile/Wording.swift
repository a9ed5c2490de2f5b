import Criteria
import CriteriaDiagnostics
import CriteriaSyntax

private func didYouMean(_ name: String?) -> String? { name.map { "did you mean `\($0)`?" } }

private func listed(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

// MARK: Files and cases

extension Diagnostic {
  static func testVersion(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .unsupportedVersion, "version `\(text)` is not supported", at: range, help: "write `version: 1`",
      fix: Fix(range, "1"))
  }

  static func unreadableTestUse(_ path: String, reason: String, at range: SourceRange) -> Self {
    Self(.error, .policyOfTest, "cannot read `\(path)`: \(reason)", at: range)
  }

  static func unreadablePolicy(_ path: String, reason: String, at range: SourceRange) -> Self {
    Self(
      .error, .policyOfTest, "cannot read the policy `\(path)`: \(reason)", at: range,
      help: "the path is seen from the folder of the test file")
  }

  static func invalidPolicy(_ path: String, errors: Int, at range: SourceRange) -> Self {
    Self(
      .error, .policyOfTest,
      "the policy `\(path)` is not valid (\(errors) error\(errors == 1 ? "" : "s"))", at: range,
      help: "its faults are reported with it; no case can run before they are mended")
  }

  static func noTests(at range: SourceRange) -> Self {
    Self(
      .error, .noTests, "a file of tests without a test", at: range, help: "add `- test: …` with `given` and `expect`")
  }

  static func noExpectation(_ name: String, at range: SourceRange) -> Self {
    Self(
      .error, .noExpectation, "the test `\(name)` expects nothing", at: range,
      help: "add `expect:`, such as `- {at: 10m, verdict: keep}`; without it the test could not fail")
  }

  static func sameCase(_ name: String, at range: SourceRange, first: SourceRange) -> Self {
    Self(
      .error, .sameCase, "a second test `\(name)`", at: range, label: "again",
      labels: range == first ? [] : [Label(first, "first here")],
      help: "give one of them another name: reports and `--run` tell tests by their names")
  }

  static func tooMuch(_ limit: String, at range: SourceRange) -> Self {
    Self(.error, .tooMuch, "this asks for too much: \(limit)", at: range)
  }

  // MARK: each

  static func emptyEach(at range: SourceRange) -> Self {
    Self(
      .error, .badEach, "`each` without a row: the test would never run", at: range, help: "write `each: [{v: 90%}]`")
  }

  static func unusedEach(_ name: String, at range: SourceRange) -> Self {
    Self(
      .error, .badEach, "`\(name)` of `each` is used nowhere in the test", at: range,
      help: "write `{\(name)}` where its value belongs")
  }

  static func unfilledName(_ name: String, at range: SourceRange) -> Self {
    Self(
      .error, .badEach, "`{\(name)}` is no name of this row of `each`", at: range,
      help: "every row needs a value for each name that the test uses")
  }

  // MARK: Given

  static func unknownInstanceKey(_ key: String, at range: SourceRange) -> Self {
    Self(
      .error, .unknownTestName, "unknown key `\(key)` of `instance`", at: range,
      help: "its keys are `age`, `label.NAME`, `fact.NAME`, `desired.NAME`")
  }

  static func noInstances(at range: SourceRange) -> Self {
    Self(.error, .noTests, "`instances` names none: nothing would be judged", at: range)
  }

  static func badLabels(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badNotation, "labels are written `{name=value, other=\"a value\"}`, found `\(text)`", at: range)
  }

  static func badLineTime(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badNotation, "expected when the lines come, found `\(text)`", at: range,
      help: "write `3m`, `1m 4m`, `every 3m for 20m` or `5 over 10m`")
  }

  static func badSeries(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badSamples, "`series` must be a metric with its labels, found `\(text)`", at: range,
      help: "write it as in promtool: `up{job=\"node\"}`")
  }

  static func badSamples(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badSamples, "`values` must be samples in promtool's notation, found `\(text)`", at: range,
      help: "such as `1 2 3`, `0+10x5`, `7x3`, `_`, `_x3`, `stale`")
  }

  static func badNotation(expected: String, found: String, at range: SourceRange) -> Self {
    Self(
      .error, .badNotation, "expected \(expected), found \(found.isEmpty ? "the end" : "`\(found)`")", at: range,
      help: "such as `20% for 5m then 95% for 20m`, `20% .. 95% over 10m`, `every 3m`, `at 1m 4m {comm: java}`, "
        + "`missing for 5m`")
  }

  static func unterminatedText(at range: SourceRange) -> Self {
    Self(.error, .badNotation, "this text does not end", at: range, help: "close it with the quote it begins with")
  }

  static func unknownTestUnit(_ text: String, meant: String?, at range: SourceRange) -> Self {
    Self(
      .error, .badNotation, "`\(text)` has a unit that nobody knows", at: range,
      help: didYouMean(meant)
        ?? "units are those of the policy language: `%`, `ms`, `s`, `m`, `KiB`, …; rates end in `/s`")
  }

  static func endlessSegment(at range: SourceRange) -> Self {
    Self(
      .error, .wrongNotation, "only the last part may go on to the end", at: range,
      help: "say for how long: `… for 5m then …`"
    )
  }

  static func wrongNotation(_ found: String, signal: String, kind: String, help: String, at range: SourceRange) -> Self
  {
    Self(.error, .wrongNotation, "`\(signal)` is \(kind): it takes no \(found)", at: range, help: help)
  }

  static func wrongMeasure(
    _ text: String, found: String, signal: String, wanted: String, help: String?, at range: SourceRange
  ) -> Self {
    Self(.error, .wrongMeasure, "`\(signal)` is \(wanted), and this is \(found)", at: range, label: found, help: help)
  }

  static func unknownSignal(_ name: String, nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .unknownTestName, "the policy has no signal `\(name)`", at: range, help: didYouMean(nearest),
      fix: nearest.map { Fix(range, $0) })
  }

  static func computedSignal(_ name: String, from bases: [String], at range: SourceRange) -> Self {
    Self(
      .error, .computedGiven, "`\(name)` is computed and cannot be given", at: range,
      help: bases.isEmpty ? "give what it is made of" : "give what it is made of: \(listed(bases))")
  }

  static func missingKeyLabels(_ signal: String, by: [String], at range: SourceRange) -> Self {
    Self(
      .error, .wrongNotation, "`\(signal)` has one value per \(listed(by)): which one is this?", at: range,
      help: "write `\(signal){\(by.map { $0 + "=…" }.joined(separator: ", "))}: …`")
  }

  static func unusedGiven(_ name: String, why: String, at range: SourceRange) -> Self {
    Self(
      .error, .unusedGiven, "`\(name)` is given and nothing reads it: \(why)", at: range,
      help: "take it out, or test what it was meant to change")
  }

  static func sameSeries(_ name: String, at range: SourceRange, first: SourceRange) -> Self {
    Self(
      .error, .sameCase, "`\(name)` is given twice", at: range, labels: [Label(first, "first here")],
      help: "one series is one line; use `then`")
  }

  static func unknownGroup(_ name: String, signal: String, groups: [String], nearest: String?, at range: SourceRange)
    -> Self
  {
    Self(
      .error, .unknownTestName, "`\(name)` is no group of the pattern of `\(signal)`", at: range,
      help: didYouMean(nearest) ?? (groups.isEmpty ? "it has no named groups" : "its groups are \(listed(groups))"))
  }
}

// MARK: Expectations

extension Diagnostic {
  static func missingTime(at range: SourceRange) -> Self {
    Self(
      .error, .incompleteExpectation, "an expectation needs `at`", at: range,
      help: "or one of `timeline` and `never`, which speak of the whole case")
  }

  static func emptyExpectation(at range: SourceRange) -> Self {
    Self(
      .error, .emptyExpectation, "this entry says nothing that could be wrong", at: range,
      help: "add `verdict`, `score`, `because`, `rule` with `state`, `why`, `value`, `missing` or `nextChange`")
  }

  static func emptyList(_ key: String, at range: SourceRange) -> Self {
    Self(.error, .emptyExpectation, "`\(key)` names nothing: that always holds", at: range)
  }

  static func besideWholeCase(_ key: String, _ other: String, at range: SourceRange) -> Self {
    Self(
      .error, .incompleteExpectation, "`\(key)` beside `\(other)`, which speaks of the whole case", at: range,
      help: "give it an entry of its own")
  }

  static func ruleWithoutState(_ rule: String, at range: SourceRange) -> Self {
    Self(
      .error, .incompleteExpectation, "which state of `\(rule)`?", at: range,
      help: "add `state: active`, or `why:` with a part of its reason")
  }

  static func stateWithoutRule(at range: SourceRange) -> Self {
    Self(.error, .incompleteExpectation, "`state` of which rule?", at: range, help: "add `rule: NAME`")
  }

  static func keyWithoutRule(at range: SourceRange) -> Self {
    Self(.error, .incompleteExpectation, "`key` of what?", at: range, help: "add `rule: NAME` or `value: EXPRESSION`")
  }

  static func isWithoutValue(at range: SourceRange) -> Self {
    Self(.error, .incompleteExpectation, "`is` of what?", at: range, help: "add `value: EXPRESSION`")
  }

  static func unknownVerdict(_ text: String, nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .badExpected, "`\(text)` is no verdict", at: range,
      help: didYouMean(nearest) ?? "verdicts are \(listed(Outcome.words))", fix: nearest.map { Fix(range, $0) })
  }

  static func unknownState(_ text: String, nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .badExpected, "`\(text)` is no state of a rule", at: range,
      help: didYouMean(nearest) ?? "states are `idle`, `pending`, `active`, `holding`, `excepted`, `n/a`",
      fix: nearest.map { Fix(range, $0) })
  }

  static func badScore(at range: SourceRange) -> Self {
    Self(
      .error, .badExpected, "`score` must be points", at: range,
      help: "`60` is exactly that, `50..70` lies within, `[0, 40]` is this interval of an uncertain score")
  }

  static func badTimeline(expected: String, found: String, at range: SourceRange) -> Self {
    Self(
      .error, .badTimeline, "expected \(expected), found \(found.isEmpty ? "the end" : "`\(found)`")", at: range,
      help: "a timeline reads `keep until 9m then watch until 19m then replace`")
  }

  static func timelineOrder(at range: SourceRange) -> Self {
    Self(.error, .badTimeline, "the times of a timeline go up", at: range)
  }

  static func unknownRule(_ name: String, nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .unknownTestName, "the policy has no rule `\(name)`", at: range, help: didYouMean(nearest),
      fix: nearest.map { Fix(range, $0) })
  }

  static func unknownInstance(_ name: String, names: [String], nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .unknownTestName, "the case has no instance `\(name)`", at: range,
      help: didYouMean(nearest) ?? "its instances are \(listed(names))", fix: nearest.map { Fix(range, $0) })
  }

  static func afterTheData(_ time: Int64, end: Int64, at range: SourceRange, last: SourceRange?) -> Self {
    Self(
      .error, .afterTheData,
      "\(Duration(milliseconds: time).text) is after the data ends, at \(Duration(milliseconds: end).text)",
      at: range, labels: last.map { [Label($0, "this lasts longest")] } ?? [],
      help: "let the data go on, or assert earlier")
  }

  static func beforeFirstTick(step: Int64, at range: SourceRange) -> Self {
    Self(
      .error, .offTheGrid, "the first tick judged is at \(Duration(milliseconds: step).text)", at: range,
      help: "write `at: \(Duration(milliseconds: step).text)`")
  }

  static func offTheGrid(_ time: Int64, step: Int64, at range: SourceRange) -> Self {
    let next = Duration(milliseconds: (time + step - 1) / step * step).text
    return Self(
      .error, .offTheGrid,
      "\(Duration(milliseconds: time).text) is between ticks: the policy's step is \(Duration(milliseconds: step).text)",
      at: range, help: "write `\(next)`", fix: Fix(range, next))
  }

  static func endlessCase(at range: SourceRange) -> Self {
    Self(
      .error, .endlessCase, "nothing says how long this case lasts", at: range,
      help: "give some series a length, such as `1 for 1h`, or assert something at a time")
  }

  static func badExpectedValue(_ text: String, found: String, at range: SourceRange) -> Self {
    Self(.error, .badExpected, "the expression is \(found): it is never `\(text)`", at: range)
  }
}

extension Diagnostic {
  static func outsideOfPart(_ time: Int64, _ start: Int64, _ end: Int64?, at range: SourceRange) -> Self {
    func text(_ time: Int64) -> String { Duration(milliseconds: time).text }
    let part = end.map { "goes from \(text(start)) to \(text($0))" } ?? "begins at \(text(start))"
    return Self(
      .error, .wrongNotation, "\(text(time)) is outside of its part, which \(part)", at: range,
      help: "times count from the start of the case")
  }

  static func factsStay(_ name: String, at range: SourceRange) -> Self {
    Self(
      .error, .wrongNotation, "`\(name)` cannot go missing: what was told of an instance stays told", at: range,
      help: "leave it out from the start (`missing` takes a default back), or give it another value")
  }

  static func factSignal(_ name: String, fact: String, at range: SourceRange) -> Self {
    Self(
      .error, .computedGiven, "`\(name)` reads a fact and cannot be given", at: range,
      help: "give the fact: `instance: {fact.\(fact): \"…\"}`")
  }

  static func severalRows(_ text: String, by: [String], at range: SourceRange) -> Self {
    Self(
      .error, .incompleteExpectation, "`\(text)` has one value per \(by.map { "`\($0)`" }.joined(separator: ", "))",
      at: range,
      help: "say which one: `key: {\(by.map { $0 + ": …" }.joined(separator: ", "))}`")
  }

  static func wrongKey(_ found: [String], by: [String], at range: SourceRange) -> Self {
    Self(
      .error, .unknownTestName,
      by.isEmpty
        ? "this has one value, not one per key" : "the keys here are \(by.map { "`\($0)`" }.joined(separator: ", "))",
      at: range, help: "found \(found.map { "`\($0)`" }.joined(separator: ", "))")
  }
}
