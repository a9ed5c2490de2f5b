import CriteriaSyntax

/// The values that an expression can take when it is known: an interval, possibly unbounded.
///
/// Every end is computed by the operations of evaluation itself; rounding is monotone, so no value escapes.
package struct ValueRange: Hashable, Sendable {
  package var low: Double
  package var high: Double

  package init(_ low: Double, _ high: Double) {
    self.low = low
    self.high = high
  }

  static let all = ValueRange(-.infinity, .infinity)
  static let nonNegative = ValueRange(0, .infinity)
  static let share = ValueRange(0, 1)

  /// The one value, if there is just one.
  package var point: Double? { low == high && low.isFinite ? low : nil }
  var isFinite: Bool { low.isFinite && high.isFinite }

  static func + (a: Self, b: Self) -> Self { ValueRange(a.low + b.low, a.high + b.high).repaired }
  static func - (a: Self, b: Self) -> Self { ValueRange(a.low - b.high, a.high - b.low).repaired }
  static prefix func - (a: Self) -> Self { ValueRange(-a.high, -a.low) }

  static func * (a: Self, b: Self) -> Self {
    // 0 · ∞ stands for 0 times something finite: an infinite value would be unknown.
    func product(_ x: Double, _ y: Double) -> Double { x == 0 || y == 0 ? 0 : x * y }
    return hull([
      product(a.low, b.low), product(a.low, b.high), product(a.high, b.low), product(a.high, b.high),
    ])
  }

  static func / (a: Self, b: Self) -> Self {
    guard b.low > 0 || b.high < 0 else { return .all }
    func quotient(_ x: Double, _ y: Double) -> Double { x == 0 || y.isInfinite ? 0 : x / y }
    return hull([
      quotient(a.low, b.low), quotient(a.low, b.high), quotient(a.high, b.low), quotient(a.high, b.high),
    ])
  }

  static func min(_ a: Self, _ b: Self) -> Self { ValueRange(Swift.min(a.low, b.low), Swift.min(a.high, b.high)) }
  static func max(_ a: Self, _ b: Self) -> Self { ValueRange(Swift.max(a.low, b.low), Swift.max(a.high, b.high)) }

  var magnitude: Self {
    if low >= 0 { return self }
    if high <= 0 { return -self }
    return ValueRange(0, Swift.max(-low, high))
  }

  private static func hull(_ ends: [Double]) -> Self {
    ValueRange(ends.min() ?? -.infinity, ends.max() ?? .infinity).repaired
  }

  /// ∞ − ∞ says nothing.
  private var repaired: Self {
    ValueRange(low.isNaN ? -.infinity : low, high.isNaN ? .infinity : high)
  }
}

extension NumberExpr {
  /// What is known of its values before any observation: exact for constants.
  ///
  /// - Complexity: O(nodes).
  package var valueRange: ValueRange {
    switch self {
    case .constant(let value, _): ValueRange(value, value)
    case .latest: .all
    case .window(let function, _, _, _):
      switch function {
      case .count, .changes, .stddev: .nonNegative
      case .avg, .min, .max, .sum, .first, .last, .rate, .increase, .slope, .p50, .p90, .p95, .p99: .all
      }
    case .since, .age, .driftCount: .nonNegative
    case .driftRatio: .share
    case .reduced(let reduction, let inner, _, _):
      switch reduction {
      case .min, .max, .avg: inner.valueRange
      case .count: .nonNegative
      case .sum: .all
      }
    case .negate(let inner, _): -inner.valueRange
    case .arithmetic(let operation, let left, let right, _):
      switch operation {
      case .add: left.valueRange + right.valueRange
      case .subtract: left.valueRange - right.valueRange
      case .multiply: left.valueRange * right.valueRange
      case .divide: left.valueRange / right.valueRange
      }
    case .abs(let inner, _): inner.valueRange.magnitude
    case .min(let parts, _): parts.dropFirst().reduce(parts[0].valueRange) { .min($0, $1.valueRange) }
    case .max(let parts, _): parts.dropFirst().reduce(parts[0].valueRange) { .max($0, $1.valueRange) }
    case .clamp(let value, let low, let high, _):
      .min(.max(value.valueRange, low.valueRange), high.valueRange)
    case .ramp: .share
    case .spread(let middle, let width, _):
      // u lies in 0..<1.
      (middle.valueRange - width.valueRange) + (ValueRange(2, 2) * width.valueRange) * .share
    }
  }
}
