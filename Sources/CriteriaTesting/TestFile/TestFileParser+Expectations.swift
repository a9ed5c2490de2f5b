import Criteria
import CriteriaDiagnostics
import CriteriaSyntax

extension TestFileParser {
  mutating func expectations(_ pair: YAMLPair?) -> [Expectation] {
    guard let pair else { return [] }
    return (reader.list(pair, allowsOne: false) ?? []).compactMap { expectation($0) }
  }

  private mutating func expectation(_ node: YAMLNode) -> Expectation? {
    guard let fields = reader.fields(of: node, as: TestKeys.expectation) else { return nil }
    let instance = fields["of"].flatMap { reader.string($0) }
    let range = reader.opening(of: node)
    let whole = ["timeline", "never"].compactMap { fields[$0] }
    guard let first = whole.first else { return atTime(node, fields, instance, range) }
    // These speak of the whole case; anything else in the entry would be left out without a word.
    for pair in node.mapping ?? [] where pair.key.text != "of" && pair.key.range != first.key.range {
      report(.besideWholeCase(pair.key.text, first.key.text, at: pair.key.range))
    }
    if first.key.text == "timeline" {
      return timeline(first).map { Expectation(kind: .timeline($0), instance: instance, range: range) }
    }
    let names = self.names(first)
    if names.isEmpty { return nil }
    return Expectation(kind: .never(names), instance: instance, range: range)
  }

  private mutating func atTime(_ node: YAMLNode, _ fields: Fields, _ instance: Name?, _ range: SourceRange)
    -> Expectation?
  {
    guard let at = fields["at"] else {
      report(.missingTime(at: range))
      return nil
    }
    let times: [Located<Duration>] =
      if let list = at.value.sequence {
        list.compactMap { time(YAMLPair(key: at.key, value: $0)) }
      } else {
        time(at).map { [$0] } ?? []
      }
    let faults = reader.diagnostics.count
    let checks = self.checks(fields)
    if checks.isEmpty, reader.diagnostics.count == faults { report(.emptyExpectation(at: range)) }
    if times.isEmpty || checks.isEmpty { return nil }
    return Expectation(kind: .at(times, checks), instance: instance, range: range)
  }

  private mutating func time(_ pair: YAMLPair) -> Located<Duration>? {
    if pair.value.scalar?.text == "0" { return Located(Duration(milliseconds: 0), pair.value.range) }
    return reader.duration(pair, mayBeZero: true)
  }

  private mutating func names(_ pair: YAMLPair?) -> [Name] {
    guard let pair else { return [] }
    let names = (reader.list(pair) ?? []).compactMap { node in
      reader.scalar(node, pair.key.text, expected: "a name").map { Name($0.text, reader.content(of: $0)) }
    }
    return names
  }

  // MARK: At a time

  private mutating func checks(_ fields: Fields) -> [Check] {
    var checks: [Check] = []
    func add(_ kind: Check.Kind?, _ pair: YAMLPair?) {
      if let kind, let pair { checks.append(Check(kind: kind, range: reader.place(of: pair.value))) }
    }
    add(outcome(fields["verdict"]).map { .verdict($0) }, fields["verdict"])
    add(score(fields["score"]).map { .score($0) }, fields["score"])
    if fields["because"] != nil {
      let names = self.names(fields["because"])
      // An empty list would hold of everything.
      if names.isEmpty, let pair = fields["because"], pair.value.sequence?.isEmpty == true {
        report(.emptyList("because", at: reader.place(of: pair.value)))
      }
      if !names.isEmpty { add(.because(names), fields["because"]) }
    }
    let rule = reader.string(fields["rule"])
    if let rule {
      add(state(fields["state"]).map { .state(rule: rule, $0) }, fields["state"])
      add(state(fields["possible"]).map { .possibleState(rule: rule, $0) }, fields["possible"])
      if fields["value"] == nil { add(key(fields["key"]).map { .key(rule: rule, $0) }, fields["key"]) }
      if fields["state"] == nil, fields["why"] == nil, fields["possible"] == nil,
        fields["key"] == nil || fields["value"] != nil
      {
        report(.ruleWithoutState(rule.value, at: rule.range))
      }
    } else if fields["rule"] == nil {
      if let pair = fields["state"] { report(.stateWithoutRule(at: pair.key.range)) }
      add(possible(fields["possible"]).map { .possible($0) }, fields["possible"])
      if let pair = fields["key"], fields["value"] == nil { report(.keyWithoutRule(at: pair.key.range)) }
    }
    add(reader.string(fields["why"]).map { .why(rule: rule, $0.value) }, fields["why"])
    add(value(fields).map { .value($0) }, fields["value"])
    if let pair = fields["missing"], reader.list(pair) != nil { add(.missing(names(pair)), pair) }
    add(nextChange(fields["nextChange"]), fields["nextChange"])
    return checks
  }

  private mutating func outcome(_ pair: YAMLPair?) -> Outcome? {
    guard let pair, let scalar = reader.scalar(pair.value, pair.key.text, expected: "a verdict") else { return nil }
    if let outcome = Outcome(word: scalar.text) { return outcome }
    report(.unknownVerdict(scalar.text, nearest: nearest(scalar.text, among: Outcome.words), at: scalar.range))
    return nil
  }

  private mutating func possible(_ pair: YAMLPair?) -> [Verdict]? {
    guard let pair else { return nil }
    let names = self.names(pair)
    var verdicts: [Verdict] = []
    for name in names {
      if let verdict = Verdict(rawValue: name.value), verdict != .unknown {
        verdicts.append(verdict)
      } else {
        report(.unknownVerdict(name.value, nearest: nearest(name.value, among: Outcome.words), at: name.range))
      }
    }
    return verdicts.isEmpty ? nil : verdicts
  }

  private mutating func state(_ pair: YAMLPair?) -> RuleReport.State? {
    guard let pair, let scalar = reader.scalar(pair.value, pair.key.text, expected: "a state") else { return nil }
    if let state = RuleReport.State(rawValue: scalar.text) { return state }
    report(.unknownState(scalar.text, nearest: nearest(scalar.text, among: TestKeys.states), at: scalar.range))
    return nil
  }

  /// `60`, `50..70`, `[0, 40]`.
  private mutating func score(_ pair: YAMLPair?) -> ScoreBounds? {
    guard let pair else { return nil }
    func points(_ text: String) -> Int64? {
      guard let value = Double(text), value >= 0, value <= 1e12, text.allSatisfy({ $0.isNumber || $0 == "." }) else {
        return nil
      }
      return Int64((value * 1000).rounded(.toNearestOrAwayFromZero))
    }
    if let list = pair.value.sequence {
      let ends = list.compactMap { $0.scalar.flatMap { points($0.text) } }
      if list.count == 2, ends.count == 2, ends[0] <= ends[1] { return .interval(ends[0], ends[1]) }
    } else if let scalar = reader.scalar(pair.value, "score", expected: "a score") {
      if let exact = points(scalar.text) { return .exactly(exact) }
      if let dots = scalar.text.firstRange(of: ".."),
        let low = points(trimmed(scalar.text[..<dots.lowerBound])),
        let high = points(trimmed(scalar.text[dots.upperBound...])), low <= high
      {
        return .within(low, high)
      }
    } else {
      return nil
    }
    report(.badScore(at: reader.place(of: pair.value)))
    return nil
  }

  private func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  private mutating func key(_ pair: YAMLPair?) -> [(name: String, value: String)]? {
    guard let pair, let pairs = reader.mapping(pair.value, "`key`") else { return nil }
    return pairs.compactMap { one in
      reader.scalar(one.value, one.key.text, expected: "a text").map { (one.key.text, $0.text) }
    }
  }

  private mutating func nextChange(_ pair: YAMLPair?) -> Check.Kind? {
    guard let pair else { return nil }
    if pair.value.scalar?.text == "never" { return .nextChange(nil) }
    return reader.duration(pair, mayBeZero: true).map { .nextChange($0.value) }
  }

  // MARK: Values

  private mutating func value(_ fields: Fields) -> ValueCheck? {
    guard let pair = fields["value"] else {
      if let lone = fields["is"] { report(.isWithoutValue(at: lone.key.range)) }
      return nil
    }
    guard let scalar = reader.quotable(pair, expected: "an expression"), let expression = reader.expression(pair) else {
      return nil
    }
    let key = fields["key"].flatMap { self.key($0) } ?? []
    guard let wanted = fields["is"] else {
      return ValueCheck(
        expression: expression, text: scalar.text, expected: .truth(true), expectedText: "true",
        expectedRange: scalar.range, key: key)
    }
    guard let text = reader.scalar(wanted.value, "is", expected: "a value") else { return nil }
    return ValueCheck(
      expression: expression, text: scalar.text, expected: expected(text),
      expectedText: text.text, expectedRange: text.range, key: key)
  }

  private func expected(_ scalar: YAMLScalar) -> ValueCheck.Expected {
    let text = ExpressionText(scalar, in: reader.text)
    if let bounds = NotationParser.bounds(text) { return .within(bounds.0, bounds.1) }
    if let number = NotationParser.number(text) { return .number(number) }
    switch scalar.text {
    case "true": return .truth(true)
    case "false": return .truth(false)
    case "unknown": return .unknown
    default: return .text(scalar.text)
    }
  }

  // MARK: Timelines

  /// `keep until 9m then watch until 19m then replace`
  private mutating func timeline(_ pair: YAMLPair) -> [TimelinePart]? {
    guard let scalar = reader.scalar(pair.value, "timeline", expected: "verdicts such as `keep until 9m then watch`")
    else { return nil }
    let map = ExpressionText(scalar, in: reader.text).map
    var words: [(text: String, range: SourceRange)] = []
    let bytes = Array(scalar.text.utf8)
    var offset = 0
    while offset < bytes.count {
      var end = offset
      while end < bytes.count, bytes[end] > 0x20 { end += 1 }
      if end > offset { words.append((String(decoding: bytes[offset..<end], as: UTF8.self), map[offset..<end])) }
      offset = end + 1
    }
    var parts: [TimelinePart] = []
    var index = 0
    func fault(_ expected: String) -> Diagnostic {
      let word = index < words.count ? words[index] : ("", scalar.range)
      return .badTimeline(expected: expected, found: word.0, at: word.1)
    }
    while true {
      guard index < words.count, let verdict = Outcome(word: words[index].text) else {
        report(fault("a verdict (\(Outcome.words.joined(separator: ", ")))"))
        return nil
      }
      var part = TimelinePart(verdict: verdict, until: nil, range: words[index].range)
      index += 1
      if index == words.count {
        parts.append(part)
        return parts
      }
      guard words[index].text == "until", index + 1 < words.count else {
        report(fault("`until` and a time"))
        return nil
      }
      index += 1
      let digits = words[index].text.prefix { $0.isNumber || $0 == "." }
      guard let time = Duration(digits: String(digits), unit: String(words[index].text.dropFirst(digits.count))) else {
        report(fault("a time such as `9m`"))
        return nil
      }
      if let last = parts.last?.until, last.value >= time {
        report(.timelineOrder(at: words[index].range))
        return nil
      }
      part.until = Located(time, words[index].range)
      parts.append(part)
      index += 1
      if index == words.count { return parts }
      guard words[index].text == "then" else {
        report(fault("`then`"))
        return nil
      }
      index += 1
    }
  }
}
