import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaSyntax

/// What the parts of notations mean for signals of each kind.
extension Binder {
  /// Far beyond every case, without overflow.
  static let open: Int64 = 1 << 60

  // MARK: Numbers

  mutating func numberParts(_ given: SignalGiven, _ signal: CheckedPolicy.Signal) -> [NumberPart]? {
    let isCounter: Bool
    if case .counter = signal.source { isCounter = true } else { isCounter = false }
    let measure = Dimension(signal.unit)
    var parts: [NumberPart] = []
    var start: Int64 = 0
    for (place, segment) in given.segments.enumerated() {
      let isLast = place == given.segments.count - 1
      // `0 then +1 at 11m`: where the steps begin.
      let isBase: Bool
      switch (segment.kind, isLast ? nil : given.segments[place + 1].kind) {
      case (.value, .stepsAt?), (.value, .stepsEvery?): isBase = segment.length == nil
      default: isBase = false
      }
      if segment.length == nil, !isLast, !isBase {
        report(.endlessSegment(at: segment.range))
        return nil
      }
      let end = isBase ? start : segment.length.map { start + $0 } ?? Self.open
      guard let kind = numberKind(segment, signal, measure, isCounter: isCounter) else { return nil }
      parts.append(NumberPart(kind: kind, start: start, end: end))
      start = end
    }
    return parts
  }

  private mutating func numberKind(
    _ segment: Segment, _ signal: CheckedPolicy.Signal, _ measure: Dimension, isCounter: Bool
  ) -> NumberPart.Kind? {
    /// Its value, and whether it is one per time.
    func read(_ literal: NumberLiteral, mayBeRate: Bool) -> (value: Double, isRate: Bool)? {
      let found = Dimension(literal.unit)
      if literal.unit == nil, literal.digits == 0 { return (0, false) }
      if measure.joined(with: found) != nil { return (literal.value, false) }
      if mayBeRate, measure.perTime.joined(with: found) != nil { return (literal.value, true) }
      report(
        .wrongMeasure(
          signal.name, found: found.nounWithArticle, signal: signal.name, wanted: measure.nounWithArticle,
          help: help(literal, measure, mayBeRate: mayBeRate), at: segment.range))
      return nil
    }
    switch segment.kind {
    case .missing: return .missing
    case .ends: return .ends
    case .value(.number(let literal), let groups) where groups.isEmpty:
      guard let one = read(literal, mayBeRate: isCounter) else { return nil }
      return one.isRate ? .rate(one.value, one.value) : .level(one.value)
    case .ramp(let from, let to):
      guard let a = read(from, mayBeRate: isCounter), let b = read(to, mayBeRate: isCounter) else { return nil }
      return a.isRate || b.isRate ? .rate(a.value, b.value) : .ramp(a.value, b.value)
    case .stepsAt(let step, let times): return read(step, mayBeRate: false).map { .stepsAt($0.value, times.sorted()) }
    case .stepsEvery(let step, let period): return read(step, mayBeRate: false).map { .stepsEvery($0.value, period) }
    case .value(.text, _), .value(.number, _):
      report(wrong(segment, "text", signal.name, isCounter ? "a counter" : "a gauge"))
      return nil
    case .every, .at, .spread:
      report(wrong(segment, "events", signal.name, isCounter ? "a counter" : "a gauge"))
      return nil
    }
  }

  private func wrong(_ segment: Segment, _ found: String, _ signal: String, _ kind: String) -> Diagnostic {
    let help =
      switch kind {
      case "a counter": "such as `100/s for 10m`, `0 then +1 at 11m 12m`, `missing for 5m`"
      case "a gauge": "such as `20% for 5m then 95%`, `20% .. 95% over 10m`, `missing for 5m`"
      case "a log": "such as `every 3m`, `at 1m 4m {comm: java}`, `3 over 10m`, `missing for 5m`"
      default: "such as `\"True\" for 20m then \"False\" for 20m`, `missing for 5m`"
      }
    return .wrongNotation(found, signal: signal, kind: kind, help: help, at: segment.range)
  }

  private func help(_ literal: NumberLiteral, _ measure: Dimension, mayBeRate: Bool) -> String? {
    let digits =
      literal.digits == literal.digits.rounded() && literal.digits.magnitude < 1e15
      ? String(Int64(literal.digits)) : String(literal.digits)
    guard literal.unit == nil else { return nil }
    switch (measure.bytes, measure.time, measure.mark) {
    case (0, 0, .ratio): return "write `\(digits)%`"
    case (0, 1, _): return "write `\(digits)s`"
    case (1, 0, _): return "write `\(digits)B` or `\(digits)MiB`"
    case (0, -1, _): return "write `\(digits)/s`"
    case (1, -1, _): return "write `\(digits)B/s`"
    default: return nil
    }
  }

  // MARK: Events

  mutating func eventParts(
    _ given: SignalGiven, _ signal: CheckedPolicy.Signal, value group: String?, groups known: [String],
    labels: [String: String]
  ) -> [EventPart]? {
    var parts: [EventPart] = []
    var start: Int64 = 0
    for (place, segment) in given.segments.enumerated() {
      if segment.length == nil, place < given.segments.count - 1 {
        report(.endlessSegment(at: segment.range))
        return nil
      }
      let written: Segment.Groups
      switch segment.kind {
      case .every(_, let groups), .at(_, let groups), .spread(_, let groups): written = groups
      case .missing: written = []
      case .value, .ramp, .stepsAt, .stepsEvery, .ends:
        report(wrong(segment, "values", signal.name, "a log"))
        return nil
      }
      var groups = labels
      var value: Double?
      for (name, scalar) in written {
        if !known.contains(name) {
          report(
            .unknownGroup(
              name, signal: signal.name, groups: known, nearest: nearest(name, among: known), at: segment.range))
        }
        groups[name] = text(scalar)
        if name == group { value = number(scalar, signal, segment) }
      }
      for name in labels.keys.sorted() where !known.contains(name) {
        report(
          .unknownGroup(
            name, signal: signal.name, groups: known, nearest: nearest(name, among: known), at: given.signal.range))
      }
      if case .missing = segment.kind {
      } else if !signal.by.allSatisfy({ groups[$0] != nil }) {
        report(.missingKeyLabels(signal.name, by: signal.by, at: segment.range))
      }
      let part = eventPart(segment, start: start, groups: groups, value: value)
      parts.append(part)
      start = part.end
    }
    return parts
  }

  func eventPart(_ segment: Segment, start: Int64, groups: [String: String], value: Double?) -> EventPart {
    let when: EventPart.When? =
      switch segment.kind {
      case .every(let period, _): .every(period)
      case .at(let times, _): .at(times)
      case .spread(let count, _): .spread(count)
      case .value, .ramp, .stepsAt, .stepsEvery, .missing, .ends: nil
      }
    return EventPart(
      when: when, groups: groups, value: value, start: start, end: segment.length.map { start + $0 } ?? Self.open)
  }

  private func text(_ scalar: Segment.Scalar) -> String {
    switch scalar {
    case .text(let text): return text
    case .number(let literal):
      let digits = literal.digits
      return digits == digits.rounded() && digits.magnitude < 1e15 ? String(Int64(digits)) : String(digits)
    }
  }

  private mutating func number(_ scalar: Segment.Scalar, _ signal: CheckedPolicy.Signal, _ segment: Segment) -> Double?
  {
    let measure = Dimension(signal.unit)
    let literal: NumberLiteral
    switch scalar {
    case .number(let number): literal = number
    case .text(let text):
      guard let digits = Double(text), digits.isFinite else { return nil }
      literal = NumberLiteral(digits: digits, unit: nil)
    }
    let found = Dimension(literal.unit)
    if literal.unit == nil, literal.digits == 0 { return 0 }
    if measure.joined(with: found) != nil { return literal.value }
    report(
      .wrongMeasure(
        signal.name, found: found.nounWithArticle, signal: signal.name, wanted: measure.nounWithArticle,
        help: help(literal, measure, mayBeRate: false), at: segment.range))
    return nil
  }

  // MARK: Texts

  mutating func textParts(_ segments: [Segment], of name: String, at range: SourceRange) -> [TextPart] {
    var parts: [TextPart] = []
    var start: Int64 = 0
    for (place, segment) in segments.enumerated() {
      if segment.length == nil, place < segments.count - 1 {
        report(.endlessSegment(at: segment.range))
        return parts
      }
      let end = segment.length.map { start + $0 } ?? Self.open
      switch segment.kind {
      case .value(let scalar, let groups):
        var reason = ""
        for (group, value) in groups {
          if group == "reason" {
            reason = text(value)
          } else {
            report(.unknownGroup(group, signal: name, groups: ["reason"], nearest: nil, at: segment.range))
          }
        }
        parts.append(TextPart(text: text(scalar), reason: reason, start: start, end: end))
      case .missing: parts.append(TextPart(text: nil, reason: "", start: start, end: end))
      case .ends: parts.append(TextPart(text: nil, reason: "", isEnd: true, start: start, end: start))
      case .ramp, .stepsAt, .stepsEvery, .every, .at, .spread:
        report(wrong(segment, "numbers or events", name, "a text"))
        return parts
      }
      start = end
    }
    return parts
  }
}
