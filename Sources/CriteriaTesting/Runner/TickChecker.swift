import Criteria
import CriteriaCompiler
import CriteriaEngine
import CriteriaSyntax

/// A check that did not hold.
struct Finding {
  var expected: String
  var found: String
  var rules: [String]
}

/// Compares what is expected at one tick with what the engine says.
struct TickChecker {
  let view: InstanceView
  /// Of the case, in milliseconds since 1970.
  let start: Int64
  /// The record, all rules included, only worked out where it is read.
  let decision: Lazy<Decision>

  private func report(of rule: String) -> RuleReport? { decision.value.rules.first { $0.rule == rule } }

  /// - Returns: `nil` if it holds.
  func check(_ bound: BoundCheck, value: TracedValue?) -> Finding? {
    switch bound.check.kind {
    case .verdict(let wanted): return verdict(wanted)
    case .possible(let wanted):
      let found = view.summary.verdict == .unknown ? view.summary.possible : []
      if Set(found) == Set(wanted) { return nil }
      return Finding(
        expected: "possible: \(list(wanted.map(\.rawValue)))",
        found: found.isEmpty
          ? "certainly \(view.summary.verdict.rawValue)" : "possible: \(list(found.map(\.rawValue)))",
        rules: standing())
    case .score(let wanted): return score(wanted)
    case .because(let names):
      let standing = Set(standing())
      let absent = names.map(\.value).filter { !standing.contains($0) }
      if absent.isEmpty { return nil }
      return Finding(
        expected: "because of \(list(names.map(\.value)))",
        found: standing.isEmpty ? "no rule contributes" : "because of \(list(self.standing()))", rules: absent)
    case .state(let rule, let wanted):
      guard let report = report(of: rule.value), report.state != wanted else { return nil }
      let possible = report.possible.map { ", possibly \($0.rawValue)" } ?? ""
      return Finding(
        expected: "\(rule.value) \(wanted.rawValue)", found: "\(report.state.rawValue)\(possible)\(since(report))",
        rules: [rule.value])
    case .possibleState(let rule, let wanted):
      guard let report = report(of: rule.value) else { return nil }
      let found = report.possible ?? report.state
      if found == wanted { return nil }
      return Finding(expected: "\(rule.value) possibly \(wanted.rawValue)", found: found.rawValue, rules: [rule.value])
    case .key(let rule, let wanted):
      guard let report = report(of: rule.value) else { return nil }
      let matches = wanted.allSatisfy { key in report.key.contains { $0.name == key.name && $0.value == key.value } }
      if matches { return nil }
      func text(_ key: [(name: String, value: String)]) -> String {
        key.isEmpty ? "no key" : key.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
      }
      return Finding(
        expected: "\(rule.value) of \(text(wanted))", found: text(report.key.map { ($0.name, $0.value) }),
        rules: [rule.value])
    case .why(let rule, let wanted): return why(rule?.value, wanted)
    case .value(let check): return self.value(check, value ?? .unknown)
    case .missing(let names):
      let found = decision.value.missing.map(\.signal)
      let wanted = names.map(\.value)
      if wanted.isEmpty ? found.isEmpty : wanted.allSatisfy(found.contains) { return nil }
      return Finding(
        expected: wanted.isEmpty ? "nothing missing" : "missing: \(list(wanted))",
        found: found.isEmpty ? "nothing missing" : "missing: \(list(found))", rules: standing())
    case .nextChange(let wanted):
      let found = view.nextChange.map { $0 - start }
      if found == wanted?.milliseconds { return nil }
      func text(_ time: Int64?) -> String { time.map { Duration(milliseconds: $0).text } ?? "never" }
      return Finding(
        expected: "next change \(wanted == nil ? "" : "at ")\(text(wanted?.milliseconds))",
        found: "\(found == nil ? "" : "at ")\(text(found))", rules: standing())
    }
  }

  private func list(_ names: [String]) -> String { names.joined(separator: ", ") }

  private func since(_ report: RuleReport) -> String {
    report.since.map { " since \(Duration(milliseconds: max(0, $0.milliseconds - start)).text)" } ?? ""
  }

  /// The rules that contribute something, or may.
  private func standing() -> [String] {
    decision.value.rules.filter { report in
      if report.isShadow { return false }
      if let effect = report.effect { return effect.stands != false }
      return report.contribution.highThousandths > 0
    }.map(\.rule)
  }

  // MARK: Verdict and score

  private func verdict(_ wanted: Outcome) -> Finding? {
    let found: Outcome = view.summary.isSelected ? .verdict(view.summary.verdict) : .unjudged
    if found == wanted { return nil }
    var text = found.description
    if found == .verdict(.unknown) { text += " (\(view.summary.possible.map(\.rawValue).joined(separator: " or ")))" }
    return Finding(
      expected: wanted.description, found: "\(text), score \(scoreText(view.summary.low, view.summary.high))",
      rules: standing())
  }

  private func score(_ wanted: ScoreBounds) -> Finding? {
    let (low, high) = (view.summary.low, view.summary.high)
    let holds: Bool
    let text: String
    switch wanted {
    case .exactly(let score): (holds, text) = (low == score && high == score, points(score))
    case .within(let from, let to): (holds, text) = (low >= from && high <= to, "\(points(from))..\(points(to))")
    case .interval(let from, let to): (holds, text) = (low == from && high == to, "[\(points(from)), \(points(to))]")
    }
    if holds { return nil }
    return Finding(expected: "score \(text)", found: scoreText(low, high), rules: standing())
  }

  private func points(_ thousandths: Int64) -> String { short(Double(thousandths) / 1000) }

  private func scoreText(_ low: Int64, _ high: Int64) -> String {
    low == high ? points(low) : "[\(points(low)), \(points(high))]"
  }

  // MARK: Reasons and values

  private func why(_ rule: String?, _ wanted: String) -> Finding? {
    let reports =
      rule.map { name in decision.value.rules.filter { $0.rule == name } }
      ?? decision.value.rules.filter { $0.state != .idle || $0.possible != nil }
    let texts = reports.map(\.why)
    if texts.contains(where: { $0.contains(wanted) }) { return nil }
    return Finding(
      expected: "a reason with “\(wanted)”",
      found: texts.isEmpty ? "no rule says anything" : texts.map { "“\($0)”" }.joined(separator: ", "),
      rules: reports.map(\.rule))
  }

  private func value(_ check: ValueCheck, _ found: TracedValue) -> Finding? {
    let holds: Bool =
      switch (check.expected, found) {
      case (.unknown, .unknown), (.unknown, .atLeast): true
      case (.truth(let wanted), .truth(let truth)): wanted == truth
      case (.number(let wanted), .number(let number)): isNear(number, wanted.value)
      case (.within(let low, let high), .number(let number)): number >= low.value && number <= high.value
      case (_, .string(let text)): check.expectedText == text
      default: false
      }
    if holds { return nil }
    return Finding(
      expected: check.expectedText == "true" ? "\(check.text)" : "\(check.text) is \(check.expectedText)",
      found: describe(found, like: check), rules: [])
  }

  /// A decimal is not what comes out of a division: twelve digits are enough.
  private func isNear(_ a: Double, _ b: Double) -> Bool {
    a == b || (a - b).magnitude <= 1e-12 * max(a.magnitude, b.magnitude)
  }

  private func describe(_ value: TracedValue, like check: ValueCheck) -> String {
    switch value {
    case .unknown: return "unknown"
    case .truth(let truth): return truth ? "true" : "false"
    case .string(let text): return "“\(text)”"
    case .atLeast(let seconds): return "unknown, at least \(duration(seconds))"
    case .number(let number): return text(number, format(of: check))
    }
  }

  private func format(of check: ValueCheck) -> NumberFormat {
    let literal: NumberLiteral
    switch check.expected {
    case .number(let number), .within(let number, _): literal = number
    case .text, .truth, .unknown: return .plain
    }
    guard let unit = literal.unit else { return .plain }
    switch (unit.bytes, unit.time) {
    case (0, 0): return unit.isRatio ? .ratio : .plain
    case (0, 1): return .seconds
    case (1, 0): return .bytes
    case (0, -1): return .perSecond
    case (1, -1): return .bytesPerSecond
    default: return .plain
    }
  }
}

/// A value that is worked out when it is first read.
final class Lazy<Value> {
  private let make: () -> Value
  private(set) lazy var value = make()
  init(_ make: @escaping () -> Value) { self.make = make }
}
