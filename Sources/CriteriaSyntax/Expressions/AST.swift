package import CriteriaDiagnostics

/// An expression as written, before names and types are resolved.
package indirect enum Expr: Sendable {
  case number(NumberLiteral, SourceRange)  // 90%  4KiB/s
  case string(String, SourceRange)  // "web"
  case bool(Bool, SourceRange)  // true
  case path(Path)  // up  fact.image  label["a/b"]
  case window(Path, Duration, SourceRange)  // cpu[5m], only as an argument of a call
  case call(Name, [Expr], SourceRange)  // avg(cpu[5m])
  case not(Expr, SourceRange)  // not a
  case negate(Expr, SourceRange)  // -a
  case logical(LogicalOperator, Expr, Expr, SourceRange)  // a and b
  case arithmetic(ArithmeticOperator, Expr, Expr, SourceRange)  // a + b
  case comparison(ComparisonOperator, Expr, Expr, SourceRange)  // a > b
  case membership(Expr, [Literal], SourceRange)  // a in ["x", "y"]
  case match(Expr, pattern: Located<String>, SourceRange)  // a =~ "re"

  package var range: SourceRange {
    switch self {
    case .number(_, let range), .string(_, let range), .bool(_, let range), .window(_, _, let range),
      .call(_, _, let range),
      .not(_, let range), .negate(_, let range), .logical(_, _, _, let range), .arithmetic(_, _, _, let range),
      .comparison(_, _, _, let range), .membership(_, _, let range), .match(_, _, let range):
      range
    case .path(let path): path.range
    }
  }
}

package enum LogicalOperator: String, Sendable { case and, or }
package enum ArithmeticOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
}
package enum ComparisonOperator: String, Sendable, CaseIterable {
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "=="
  case notEqual = "!="
}

/// A name in the text and where it stands.
package typealias Name = Located<String>

/// `up`, `oom.comm`, `label["topology.kubernetes.io/zone"]`: a first name and the parts after it.
package struct Path: Sendable {
  package var first: Name
  package var rest: [Name]
  package var range: SourceRange
  package init(first: Name, rest: [Name] = [], range: SourceRange) {
    self.first = first
    self.rest = rest
    self.range = range
  }
}

/// A value and where it stands in the text.
package struct Located<Value: Sendable>: Sendable {
  package var value: Value
  package var range: SourceRange
  package init(_ value: Value, _ range: SourceRange) {
    self.value = value
    self.range = range
  }
}

/// One element of the list after `in`.
package struct Literal: Sendable {
  package enum Value: Sendable {
    case number(NumberLiteral)  // the sign is already applied
    case string(String)
    case bool(Bool)
  }
  package var value: Value
  package var range: SourceRange
  package init(_ value: Value, _ range: SourceRange) {
    self.value = value
    self.range = range
  }
}

/// Milliseconds; what `5m` in a window, `for:` or `step:` says.
package struct Duration: Hashable, Sendable, Comparable {
  package var milliseconds: Int64
  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package static func < (a: Duration, b: Duration) -> Bool { a.milliseconds < b.milliseconds }
}

/// A number as written: its digits, its unit, and its value in canonical units.
package struct NumberLiteral: Sendable {
  /// The digits as read: the double nearest to the decimal.
  package var digits: Double
  package var unit: Unit?
  package init(digits: Double, unit: Unit?) {
    self.digits = digits
    self.unit = unit
  }
  /// In seconds, bytes, a share of one, or their quotients: `90%` is 0.9, by one rounded operation.
  package var value: Double { unit?.canonical(digits) ?? digits }
}

/// A unit of measure: what it measures, and its factor as an exact fraction.
package struct Unit: Hashable, Sendable {
  /// As written: `%`, `KiB/s`, `percent`.
  package var name: String
  /// The exponents of its dimension.
  package var bytes: Int
  package var time: Int
  /// A share: `%`, `ratio`. Only where both exponents are 0.
  package var isRatio: Bool
  /// The factor is `numerator / denominator`.
  package var numerator: Int64
  package var denominator: Int64

  package init(
    name: String, bytes: Int = 0, time: Int = 0, isRatio: Bool = false, numerator: Int64 = 1, denominator: Int64 = 1
  ) {
    self.name = name
    self.bytes = bytes
    self.time = time
    self.isRatio = isRatio
    self.numerator = numerator
    self.denominator = denominator
  }

  /// The value in canonical units, by one rounded operation: `%` and `ms` divide, most others multiply.
  ///
  /// Literals and samples convert by this one function, so that `90%` equals a sample of 90 with `unit: percent`.
  package func canonical(_ value: Double) -> Double {
    if numerator % denominator == 0 { return value * Double(numerator / denominator) }
    if denominator % numerator == 0 { return value / Double(denominator / numerator) }
    return value * (Double(numerator) / Double(denominator))
  }
}
