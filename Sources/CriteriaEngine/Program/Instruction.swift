/// Kleene's third value beside the two.
package enum Truth: UInt8, Sendable, BitwiseCopyable {
  case no = 0
  case yes = 1
  case unknown = 2

  package init(_ value: Bool) { self = value ? .yes : .no }

  package static prefix func ! (a: Truth) -> Truth {
    switch a {
    case .no: .yes
    case .yes: .no
    case .unknown: .unknown
    }
  }

  package static func && (a: Truth, b: Truth) -> Truth {
    if a == .no || b == .no { return .no }
    return a == .yes && b == .yes ? .yes : .unknown
  }

  package static func || (a: Truth, b: Truth) -> Truth {
    if a == .yes || b == .yes { return .yes }
    return a == .no && b == .no ? .no : .unknown
  }
}

/// One step over registers: `target ← operation(a, b, c, d)`. Which file a register is of follows from the operation.
package struct Instruction: Sendable, BitwiseCopyable {
  package enum Operation: UInt8, Sendable, BitwiseCopyable {
    // numbers ← numbers
    case negate, add, subtract, multiply, divide, absolute, minimum, maximum, clamp, ramp
    /// (a − b) + (2·b) · u, where c is the register of u.
    case spread
    // truths ← numbers
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
    /// The same with clocks: a and b are values, c and d the registers of their bounds (or of a NaN).
    case clockLess, clockLessOrEqual, clockGreater, clockGreaterOrEqual, clockEqual, clockNotEqual
    /// b: index into `numberLists`.
    case numberIn
    // truths ← strings
    case stringEqual, stringNotEqual
    /// b: index into `stringLists`.
    case stringIn
    /// b: index into `regexes`.
    case stringMatches
    // truths ← truths
    case not, and, or, truthEqual, truthNotEqual
  }
  package var operation: Operation
  package var target: Int32
  package var a: Int32
  package var b: Int32
  package var c: Int32
  package var d: Int32
  package init(_ operation: Operation, target: Int, a: Int, b: Int = 0, c: Int = 0, d: Int = 0) {
    self.operation = operation
    self.target = Int32(target)
    self.a = Int32(a)
    self.b = Int32(b)
    self.c = Int32(c)
    self.d = Int32(d)
  }
}

extension Comparison {
  /// The operation on plain numbers, or on clocks.
  package func operation(clocks: Bool) -> Instruction.Operation {
    switch self {
    case .less: clocks ? .clockLess : .less
    case .lessOrEqual: clocks ? .clockLessOrEqual : .lessOrEqual
    case .greater: clocks ? .clockGreater : .greater
    case .greaterOrEqual: clocks ? .clockGreaterOrEqual : .greaterOrEqual
    case .equal: clocks ? .clockEqual : .equal
    case .notEqual: clocks ? .clockNotEqual : .notEqual
    }
  }
}
