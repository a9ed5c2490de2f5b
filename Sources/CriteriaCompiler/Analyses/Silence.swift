import CriteriaDiagnostics
import CriteriaSyntax

/// How missing data or silence can fire a rule.
///
/// Looks only where silence makes `when` true: `not (count(x[5m]) >= 1)` fires in silence, `count(x[5m]) >= 1` does not.
func silences(of rule: CheckedPolicy.Rule, in policy: CheckedPolicy) -> [Analysis.Silence] {
  var finder = SilenceFinder(rule: rule, policy: policy)
  if rule.unknown == .fires { finder.addUnknownFires() }
  finder.visit(rule.when, isTrue: true)
  return finder.found
}

/// How a number moves with a term in it.
private struct Direction: OptionSet {
  let rawValue: Int
  static let up = Direction(rawValue: 1)
  static let down = Direction(rawValue: 2)
  var flipped: Direction {
    Direction((contains(.up) ? [.down] : []) + (contains(.down) ? [.up] : []))
  }
}

private struct SilenceFinder {
  let rule: CheckedPolicy.Rule
  let policy: CheckedPolicy
  var found: [Analysis.Silence] = []

  init(rule: CheckedPolicy.Rule, policy: CheckedPolicy) {
    self.rule = rule
    self.policy = policy
  }

  mutating func addUnknownFires() {
    found.append(
      Analysis.Silence(
        rule: rule.name, cause: .unknownFires, signal: nil, range: rule.range,
        text: "fires when what it reads is unknown (`unknown: fires`)"))
  }

  private mutating func add(_ cause: Analysis.Silence.Cause, _ index: CheckedPolicy.SignalIndex, _ range: SourceRange) {
    let signal = policy.signals[index].name
    let text =
      switch cause {
      case .unknownFires: preconditionFailure("`unknown: fires` is not about one signal")
      case .absent: "fires when nothing of `\(signal)` comes (`absent`)"
      case .quietLog: "fires when log `\(signal)` is silent"
      case .longSince: "fires when log `\(signal)` has been silent for long"
      }
    let silence = Analysis.Silence(rule: rule.name, cause: cause, signal: signal, range: range, text: text)
    // A term that stands on both sides of an `or` is one finding.
    if !found.contains(where: { $0.cause == cause && $0.range == range }) { found.append(silence) }
  }

  /// - Parameter isTrue: Whether the rule fires by this being true, or by its being false.
  mutating func visit(_ expr: BoolExpr, isTrue: Bool) {
    switch expr {
    case .constant, .numberIn, .compareStrings, .stringIn, .matches, .drifted:
      if case .numberIn(let number, let values, _) = expr { visitMembership(number, values, isTrue: isTrue) }
    case .absent(let index, _, let range): if isTrue { add(.absent, index, range) }
    case .not(let inner, _): visit(inner, isTrue: !isTrue)
    case .and(let left, let right, _), .or(let left, let right, _):
      visit(left, isTrue: isTrue)
      visit(right, isTrue: isTrue)
    case .compareBools(_, let left, let right, _):
      for side in [left, right] {
        visit(side, isTrue: true)
        visit(side, isTrue: false)
      }
    case .compare(let sign, let left, let right, _):
      visitComparison(isTrue ? sign : sign.negated, left, right)
    }
  }

  private mutating func visitMembership(_ number: NumberExpr, _ values: [Double], isTrue: Bool) {
    switch number {
    case .window(let function, let index, _, let range) where isEvents(function, index):
      if values.contains(0) == isTrue { add(.quietLog, index, range) }
    default: break
    }
  }

  private mutating func visitComparison(_ sign: ComparisonOperator, _ left: NumberExpr, _ right: NumberExpr) {
    if let bound = right.valueRange.point, visitPlain(left, sign, bound) { return }
    if let bound = left.valueRange.point, visitPlain(right, sign.mirrored, bound) { return }
    switch sign {
    case .less, .lessOrEqual:
      visit(left, firesWhen: .down)
      visit(right, firesWhen: .up)
    case .greater, .greaterOrEqual:
      visit(left, firesWhen: .up)
      visit(right, firesWhen: .down)
    case .equal, .notEqual:
      visit(left, firesWhen: [.up, .down])
      visit(right, firesWhen: [.up, .down])
    }
  }

  /// A term beside a constant: silence is 0 events, or a `since` beyond all bounds.
  private mutating func visitPlain(_ term: NumberExpr, _ sign: ComparisonOperator, _ bound: Double) -> Bool {
    switch term {
    case .window(let function, let index, _, let range) where isEvents(function, index):
      if sign.holds(0, bound) { add(.quietLog, index, range) }
      return true
    case .since(.log(let index), let range):
      if sign.holds(.infinity, bound) { add(.longSince, index, range) }
      return true
    default: return false
    }
  }

  private func isEvents(_ function: WindowFunction, _ index: CheckedPolicy.SignalIndex) -> Bool {
    guard case .log = policy.signals[index].source else { return false }
    return function == .count || function == .rate
  }

  /// - Parameter direction: Which way the number has to move for the rule to fire.
  private mutating func visit(_ expr: NumberExpr, firesWhen direction: Direction) {
    switch expr {
    case .constant, .latest, .age, .driftCount, .driftRatio: break
    case .window(let function, let index, _, let range):
      // Silence makes them fall.
      if isEvents(function, index), direction.contains(.down) { add(.quietLog, index, range) }
    case .since(.log(let index), let range):
      if direction.contains(.up) { add(.longSince, index, range) }
    case .since(.truth(let truth), _):
      if direction.contains(.up) { visit(truth, isTrue: true) }
      if direction.contains(.down) { visit(truth, isTrue: false) }
    case .since(.condition, _), .since(.info, _), .since(.fact, _): break
    case .reduced(_, let inner, _, _): visit(inner, firesWhen: direction)
    case .negate(let inner, _): visit(inner, firesWhen: direction.flipped)
    case .abs(let inner, _):
      visit(inner, firesWhen: inner.valueRange.low >= 0 ? direction : [.up, .down])
    case .arithmetic(let sign, let left, let right, _): visit(sign, left, right, firesWhen: direction)
    case .min(let parts, _), .max(let parts, _): for part in parts { visit(part, firesWhen: direction) }
    case .clamp(let value, let low, let high, _):
      for part in [value, low, high] { visit(part, firesWhen: direction) }
    case .ramp(let value, let from, let to, _):
      let isDownward = (from.valueRange.point ?? 0) > (to.valueRange.point ?? 0)
      visit(value, firesWhen: isDownward ? direction.flipped : direction)
      visit(from, firesWhen: [.up, .down])
      visit(to, firesWhen: [.up, .down])
    case .spread(let middle, let width, _):
      visit(middle, firesWhen: direction)
      visit(width, firesWhen: [.up, .down])
    }
  }

  private mutating func visit(
    _ sign: ArithmeticOperator, _ left: NumberExpr, _ right: NumberExpr, firesWhen direction: Direction
  ) {
    switch sign {
    case .add:
      visit(left, firesWhen: direction)
      visit(right, firesWhen: direction)
    case .subtract:
      visit(left, firesWhen: direction)
      visit(right, firesWhen: direction.flipped)
    case .multiply:
      visit(left, firesWhen: scaled(direction, by: right))
      visit(right, firesWhen: scaled(direction, by: left))
    case .divide:
      visit(left, firesWhen: scaled(direction, by: right))
      // A quotient falls as its divisor grows, where both are positive.
      visit(right, firesWhen: scaled(direction, by: left).flipped)
    }
  }

  /// The way a factor has to move; a factor beside it of unknown sign allows both.
  private func scaled(_ direction: Direction, by other: NumberExpr) -> Direction {
    let range = other.valueRange
    if range.low >= 0 { return direction }
    return range.high <= 0 ? direction.flipped : [.up, .down]
  }
}

extension ComparisonOperator {
  /// The comparison that is true where this one is false.
  var negated: Self {
    switch self {
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    case .equal: .notEqual
    case .notEqual: .equal
    }
  }

  /// The comparison with its sides exchanged.
  var mirrored: Self {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .equal, .notEqual: self
    }
  }

  func holds(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .equal: a == b
    case .notEqual: a != b
    }
  }
}
