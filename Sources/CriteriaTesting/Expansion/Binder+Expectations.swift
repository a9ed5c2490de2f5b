import Criteria
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaSyntax

extension Binder {
  mutating func bind(_ expectation: Expectation, _ test: TestCase, end: Int64, _ longest: SourceRange?)
    -> BoundExpectation
  {
    var bound = BoundExpectation(expectation: expectation)
    if let name = expectation.instance, !test.instances.contains(where: { $0.name == name.value }) {
      let names = test.instances.map(\.name)
      report(.unknownInstance(name.value, names: names, nearest: nearest(name.value, among: names), at: name.range))
    }
    switch expectation.kind {
    case .at(let times, let checks):
      for time in times { self.time(time, end: end, longest, isAssertion: true) }
      bound.checks = checks.map { bind($0) }
    case .timeline(let parts):
      for part in parts { if let until = part.until { time(until, end: end, longest, isAssertion: false) } }
    case .never(let names):
      for name in names where Outcome(word: name.value) == nil { checkRule(name, also: Outcome.words) }
    }
    return bound
  }

  private mutating func time(_ time: Located<Duration>, end: Int64, _ longest: SourceRange?, isAssertion: Bool) {
    let at = time.value.milliseconds
    if at > end {
      report(.afterTheData(at, end: end, at: time.range, last: longest))
    } else if isAssertion, at < checked.step {
      report(.beforeFirstTick(step: checked.step, at: time.range))
    } else if at % checked.step != 0 {
      report(.offTheGrid(at, step: checked.step, at: time.range))
    }
  }

  private mutating func checkRule(_ name: Name, also: [String] = []) {
    if rules.contains(name.value) { return }
    let known = checked.rules.map(\.name) + also
    report(.unknownRule(name.value, nearest: nearest(name.value, among: known), at: name.range))
  }

  private mutating func bind(_ check: Check) -> BoundCheck {
    var bound = BoundCheck(check: check)
    switch check.kind {
    case .verdict, .possible, .score, .nextChange: break
    case .because(let names): for name in names { checkRule(name) }
    case .state(let rule, _), .possibleState(let rule, _): checkRule(rule)
    case .why(let rule, _): if let rule { checkRule(rule) }
    case .key(let rule, let key):
      checkRule(rule)
      if let one = checked.rules.first(where: { $0.name == rule.value }), !key.allSatisfy({ one.by.contains($0.name) })
      {
        report(.wrongKey(key.map(\.name), by: one.by, at: check.range))
      }
    case .missing(let names):
      for name in names where signals[name.value] == nil && !isFactName(name.value) {
        let known = checked.signals.map(\.name)
        report(.unknownSignal(name.value, nearest: nearest(name.value, among: known), at: name.range))
      }
    case .value(let value): bound.value = bind(value, check)
    }
    return bound
  }

  /// What a record calls the things that no signal feeds.
  private func isFactName(_ name: String) -> Bool {
    name == "age" || name == "drift.count" || name == "drift.ratio"
      || ["fact.", "label.", "desired."].contains { name.hasPrefix($0) }
  }

  private mutating func bind(_ value: ValueCheck, _ check: Check) -> Int? {
    let (type, by, faults) = CriteriaCompiler.type(of: value.expression, in: file)
    let whole = value.expression.range
    for var fault in faults where fault.severity == .error {
      // Labels may point into the policy, which this file's frames do not show.
      fault.labels.removeAll { $0.range.start < whole.start || $0.range.end > whole.end }
      report(fault)
    }
    guard let type else { return nil }
    if !by.isEmpty, value.key.isEmpty {
      report(.severalRows(value.text, by: by, at: check.range))
    } else if Set(value.key.map(\.name)) != Set(by) {
      report(.wrongKey(value.key.map(\.name), by: by, at: check.range))
    }
    expect(value.expected, of: type, value)
    values.append((value.expression, type))
    return values.count - 1
  }

  private mutating func expect(_ expected: ValueCheck.Expected, of type: ExpressionType, _ value: ValueCheck) {
    func number(_ literal: NumberLiteral, _ measure: Dimension?) {
      guard let measure, literal.unit != nil || literal.digits != 0 else { return }
      let found = Dimension(literal.unit)
      if measure.joined(with: found) != nil { return }
      report(
        .wrongMeasure(
          value.text, found: found.nounWithArticle, signal: value.text, wanted: measure.nounWithArticle,
          help: measure.mark == .ratio && literal.unit == nil ? "write a share with `%`" : nil, at: value.expectedRange)
      )
    }
    switch (type, expected) {
    case (_, .unknown), (.truth, .truth), (.text, .text): break
    // A text may look like a number or a word of the language.
    case (.text, .number), (.text, .truth): break
    case (.number(let measure), .number(let literal)): number(literal, measure)
    case (.number(let measure), .within(let low, let high)):
      number(low, measure)
      number(high, measure)
    case (.number, _): report(.badExpectedValue(value.expectedText, found: "a number", at: value.expectedRange))
    case (.truth, _): report(.badExpectedValue(value.expectedText, found: "true or false", at: value.expectedRange))
    case (.text, _): report(.badExpectedValue(value.expectedText, found: "a text", at: value.expectedRange))
    }
  }
}
