// meaning.md §9: the value of an expression at one tick, in one row.

package import CriteriaDiagnostics
import CriteriaSyntax

/// Where a term stands in the policy's text.
package typealias TermSite = SourceRange

enum Value: Equatable {
  case unknown
  case number(Double)
  /// Only `since` says this; as a number it is unknown.
  case atLeast(Double)
  case string(String)
  case bool(Bool)

  /// Not finite is unknown.
  static func known(_ value: Double?) -> Value { finite(value).map { .number($0) } ?? .unknown }
  static func known(_ value: String?) -> Value { value.map { .string($0) } ?? .unknown }
  static func known(_ value: Bool?) -> Value { value.map { .bool($0) } ?? .unknown }

  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
}

/// What an expression is evaluated against: an instance at a tick.
struct Evaluation {
  let instance: Instance
  let policy: Policy
  let tick: Int64
  let isFirstTick: Bool
  let assumeSteady: Bool
  let mask: Interpreter.Mask?

  func window(_ length: Int64) -> Window { Window(length: length, end: tick, step: policy.step) }

  func evaluate(_ expression: Expr, in row: Row) -> Value {
    switch expression {
    case .number(let literal, _): return .known(literal.value)
    case .string(let string, _): return .known(string)
    case .bool(let bool, _): return .known(bool)
    case .path(let path): return isMasked(path.range) ? .unknown : evaluate(path, in: row)
    case .window: preconditionFailure("a window outside a call")
    case .call(let function, let arguments, let range): return call(function.value, arguments, at: range, in: row)
    case .not(let operand, _): return .known(evaluate(operand, in: row).bool.map { !$0 })
    case .negate(let operand, _): return .known(evaluate(operand, in: row).number.map { -$0 })
    case .logical(let operation, let left, let right, _):
      let (a, b) = (evaluate(left, in: row).bool, evaluate(right, in: row).bool)
      return switch operation {
      case .and: .known(a == false || b == false ? false : a == nil || b == nil ? nil : true)
      case .or: .known(a == true || b == true ? true : a == nil || b == nil ? nil : false)
      }
    case .arithmetic(let operation, let left, let right, _):
      guard let a = evaluate(left, in: row).number, let b = evaluate(right, in: row).number else { return .unknown }
      return switch operation {
      case .add: .known(a + b)
      case .subtract: .known(a - b)
      case .multiply: .known(a * b)
      case .divide: .known(a / b)
      }
    case .comparison(let comparison, let left, let right, _):
      return compareValues(comparison, evaluate(left, in: row), evaluate(right, in: row))
    case .membership(let operand, let list, _):
      let value = evaluate(operand, in: row)
      if value == .unknown { return .unknown }
      let answers = list.map { compareValues(.equal, value, evaluate($0)).bool }
      return answers.contains(true) ? .known(true) : answers.contains(nil) ? .unknown : .known(false)
    case .match(let operand, let pattern, _):
      return .known(evaluate(operand, in: row).string.map { Pattern(pattern.value).isFound(in: $0) })
    }
  }

  private func evaluate(_ literal: Literal) -> Value {
    switch literal.value {
    case .number(let number): .known(number.value)
    case .string(let string): .known(string)
    case .bool(let bool): .known(bool)
    }
  }

  private func isMasked(_ site: TermSite) -> Bool { mask?(site, instance.id, tick) ?? false }

  // MARK: - Names

  private func evaluate(_ path: Path, in row: Row) -> Value {
    let first = path.first.value
    let rest = path.rest.map(\.value)
    if let named = policy.names[first] {
      guard let reduction = named.reduce else { return evaluate(named.expression, in: row) }
      let rows = self.rows(of: policy.keyedSignals(of: [named.expression]))
      if rows.isEmpty {
        // No key is the empty one: its logs are silent, its metrics unknown.
        return reduction == .count ? .known(0) : .known(evaluate(named.expression, in: .key([])).number)
      }
      return reduce(reduction, rows.map { evaluate(named.expression, in: $0).number })
    }
    if let signal = policy.signals[first] { return latest(signal, rest, in: row) }
    switch first {
    case "age": return .known(age)
    case "fact": return .known(fact(rest[0]))
    case "label": return .known(label(rest[0]))
    case "desired": return .known(desired(rest[0]))
    case "drift": return .known(drift().map { rest[0] == "count" ? $0.count : $0.count / $0.names })
    default: preconditionFailure("a name that the checker does not know: \(first)")
    }
  }

  private func latest(_ signal: Signal, _ rest: [String], in row: Row) -> Value {
    switch signal.kind {
    case .gauge, .counter: return metricTerm(signal, in: row) { $0.samples.last!.value }
    case .log(let log):
      if let group = rest.first { return capture(group, of: signal, log, in: row) }
      return logTerm(signal, log, in: row) { latest(of: signal, $0) }
    case .condition: return .known(rest.isEmpty ? current(signal)?.status : current(signal).map { $0.reason ?? "" })
    case .info: return .known(info(signal))
    case .fact(let name):
      let number = fact(name.value).flatMap(decimal)
      return .known(number.map { signal.unit?.canonical($0) ?? $0 })
    case .expression: preconditionFailure("a named expression is no signal")
    }
  }

  // MARK: - Calls

  private func call(_ function: String, _ arguments: [Expr], at site: SourceRange, in row: Row) -> Value {
    switch function {
    case "since", "drifted", "absent": if isMasked(site) { return .unknown }
    default: break
    }
    switch function {
    case "since": return since(arguments[0], at: site, in: row)
    case "drifted":
      var name = arguments[0].path!.first.value
      if case .fact(let fact)? = policy.signals[name]?.kind { name = fact.value }
      return .known(drifted(name))
    default: break
    }
    if case .window(let path, let length, _) = arguments[0] {
      if isMasked(site) { return .unknown }
      return term(function, of: policy.signals[path.first.value]!, length.milliseconds, in: row)
    }
    let numbers = arguments.compactMap { evaluate($0, in: row).number }
    if numbers.count < arguments.count { return .unknown }
    func clamp(_ x: Double, _ a: Double, _ b: Double) -> Double { min(max(x, a), b) }
    switch function {
    case "abs": return .known(Swift.abs(numbers[0]))
    case "min": return .known(numbers.min()!)
    case "max": return .known(numbers.max()!)
    case "clamp": return .known(clamp(numbers[0], numbers[1], numbers[2]))
    case "ramp":
      let share = (numbers[0] - numbers[1]) / (numbers[2] - numbers[1])
      return .known(share.isNaN ? nil : clamp(share, 0, 1))
    case "spread": return .known((numbers[0] - numbers[1]) + (2 * numbers[1]) * fixedPoint(of: instance.id))
    default: preconditionFailure("a function that the checker does not know: \(function)")
    }
  }

  private func term(_ function: String, of signal: Signal, _ length: Int64, in row: Row) -> Value {
    if function == "absent" { return absent(signal, length) }
    switch signal.kind {
    case .gauge, .counter:
      return metricTerm(signal, in: row) { series in
        WindowedSeries(window: window(length), entries: series.entries, staleAfter: signal.staleAfter).value(
          of: function)
      }
    case .log(let log): return logTerm(signal, log, in: row) { window(function, of: signal, $0, length) }
    case .condition, .info: return changes(of: signal, length)
    case .fact, .expression: preconditionFailure("a window over what has none")
    }
  }

  // MARK: - Comparisons

  private func compareValues(_ comparison: ComparisonOperator, _ a: Value, _ b: Value) -> Value {
    switch (a, b) {
    case (.number(let a), .number(let b)): .known(compare(comparison, a, b))
    case (.atLeast(let bound), .number(let e)): compareBound(comparison, bound, e)
    case (.number(let e), .atLeast(let bound)): compareBound(comparison.mirrored, bound, e)
    case (.string(let a), .string(let b)): .known((a == b) == (comparison == .equal))
    case (.bool(let a), .bool(let b)): .known((a == b) == (comparison == .equal))
    default: .unknown
    }
  }
}

func compare(_ comparison: ComparisonOperator, _ a: Double, _ b: Double) -> Bool {
  switch comparison {
  case .less: a < b
  case .lessOrEqual: a <= b
  case .greater: a > b
  case .greaterOrEqual: a >= b
  case .equal: a == b
  case .notEqual: a != b
  }
}

extension ComparisonOperator {
  /// `a < b` is `b > a`.
  var mirrored: ComparisonOperator {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .equal: .equal
    case .notEqual: .notEqual
    }
  }
}

/// Each instance's own fixed point in [0, 1): the first eight bytes of its id's SHA-256.
func fixedPoint(of instance: String) -> Double {
  let digest = sha256(Array(instance.utf8))
  return Double(digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) / 18_446_744_073_709_551_616
}
