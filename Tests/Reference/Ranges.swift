// meaning.md §11: the static range of a worth.

import CriteriaSyntax

extension Policy {
  /// What a number can be, whatever the data: interval arithmetic. 0 · ∞ is 0, since what is infinite is unknown.
  func staticRange(of expression: Expr) -> ClosedRange<Double> {
    switch expression {
    case .number(let literal, _): return literal.value...literal.value
    case .path(let path): return staticRange(of: path)
    case .negate(let operand, _):
      let range = staticRange(of: operand)
      return -range.upperBound ... -range.lowerBound
    case .arithmetic(let operation, let left, let right, _):
      return combine(operation, staticRange(of: left), staticRange(of: right))
    case .call(let function, let arguments, _): return staticRange(of: function.value, arguments)
    case .string, .bool, .window, .not, .logical, .comparison, .membership, .match: return everything
    }
  }

  private func staticRange(of path: Path) -> ClosedRange<Double> {
    switch (path.first.value, path.rest.first?.value) {
    case ("age", nil), ("drift", "count"): return 0 ... .infinity
    case ("drift", "ratio"): return 0...1
    default: break
    }
    guard let named = names[path.first.value] else { return everything }
    switch named.reduce {
    case .count: return 0 ... .infinity
    case .sum: return everything
    case .avg, .min, .max, nil: return staticRange(of: named.expression)
    }
  }

  private func combine(
    _ operation: ArithmeticOperator, _ a: ClosedRange<Double>, _ b: ClosedRange<Double>
  ) -> ClosedRange<Double> {
    switch operation {
    case .add: return hull([a.lowerBound + b.lowerBound, a.upperBound + b.upperBound])
    case .subtract: return hull([a.lowerBound - b.upperBound, a.upperBound - b.lowerBound])
    case .multiply:
      func product(_ x: Double, _ y: Double) -> Double { x == 0 || y == 0 ? 0 : x * y }
      return hull([
        product(a.lowerBound, b.lowerBound), product(a.lowerBound, b.upperBound), product(a.upperBound, b.lowerBound),
        product(a.upperBound, b.upperBound),
      ])
    case .divide:
      if b.contains(0) { return everything }
      func quotient(_ x: Double, _ y: Double) -> Double { x == 0 || y.isInfinite ? 0 : x / y }
      return hull([
        quotient(a.lowerBound, b.lowerBound), quotient(a.lowerBound, b.upperBound),
        quotient(a.upperBound, b.lowerBound),
        quotient(a.upperBound, b.upperBound),
      ])
    }
  }

  private func staticRange(of function: String, _ arguments: [Expr]) -> ClosedRange<Double> {
    switch function {
    case "count", "changes", "stddev", "since": return 0 ... .infinity
    default: break
    }
    if case .window = arguments[0] { return everything }
    let ranges = arguments.map(staticRange)
    let lows = ranges.map(\.lowerBound)
    let highs = ranges.map(\.upperBound)
    switch function {
    case "abs":
      let ends = [Swift.abs(lows[0]), Swift.abs(highs[0])]
      return (ranges[0].contains(0) ? 0 : ends.min()!)...ends.max()!
    case "min": return lows.min()!...highs.min()!
    case "max": return lows.max()!...highs.max()!
    case "clamp": return min(max(lows[0], lows[1]), lows[2])...min(max(highs[0], highs[1]), highs[2])
    case "ramp": return 0...1
    case "spread":
      let least = combine(.subtract, ranges[0], ranges[1])
      return combine(.add, least, combine(.multiply, combine(.multiply, 2...2, ranges[1]), 0...1))
    default: return everything
    }
  }

  private var everything: ClosedRange<Double> { -.infinity ... .infinity }

  private func hull(_ ends: [Double]) -> ClosedRange<Double> {
    ends.contains(where: \.isNaN) ? everything : ends.min()!...ends.max()!
  }
}
