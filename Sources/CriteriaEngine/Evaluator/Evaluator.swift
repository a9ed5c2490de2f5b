/// The registers of one evaluation. Constants are in place from the start; features are written before code runs.
package struct Frame: Sendable {
  package var numbers: [Double]
  package var truths: [Truth]
  package var strings: [UInt32]

  package init(_ program: Program) {
    numbers = Array(repeating: .nan, count: program.numberRegisters)
    truths = Array(repeating: .unknown, count: program.truthRegisters)
    strings = Array(repeating: 0, count: program.stringRegisters)
    for (register, value) in program.numberConstants { numbers[register] = value }
    for (register, code) in program.stringConstants { strings[register] = code }
    for (register, value) in program.truthConstants { truths[register] = value }
  }
}

extension Program {
  /// Runs a fragment over the registers.
  ///
  /// Unknown in gives unknown out, as Kleene has it for truths; a number that is not finite is unknown.
  /// - Complexity: O(instructions); allocates nothing, but for a regular expression over a string not met before.
  package func run(_ fragment: Fragment, _ frame: inout Frame, _ strings: inout Interner) {
    for index in fragment.code { step(instructions[index], &frame, &strings) }
  }

  private func step(_ instruction: Instruction, _ frame: inout Frame, _ strings: inout Interner) {
    let target = Int(instruction.target)
    let a = Int(instruction.a)
    let b = Int(instruction.b)
    let c = Int(instruction.c)
    let d = Int(instruction.d)
    switch instruction.operation {
    case .negate: frame.numbers[target] = -frame.numbers[a]
    case .add: frame.numbers[target] = finite(frame.numbers[a] + frame.numbers[b])
    case .subtract: frame.numbers[target] = finite(frame.numbers[a] - frame.numbers[b])
    case .multiply: frame.numbers[target] = finite(frame.numbers[a] * frame.numbers[b])
    case .divide: frame.numbers[target] = finite(frame.numbers[a] / frame.numbers[b])
    case .absolute: frame.numbers[target] = frame.numbers[a].magnitude
    case .minimum: frame.numbers[target] = minimum(frame.numbers[a], frame.numbers[b])
    case .maximum: frame.numbers[target] = maximum(frame.numbers[a], frame.numbers[b])
    case .clamp:
      frame.numbers[target] = minimum(maximum(frame.numbers[a], frame.numbers[b]), frame.numbers[c])
    case .ramp:
      let from = frame.numbers[b]
      let share = finite(finite(frame.numbers[a] - from) / finite(frame.numbers[c] - from))
      frame.numbers[target] = minimum(maximum(share, 0), 1)
    case .spread:
      frame.numbers[target] = finite(
        (frame.numbers[a] - frame.numbers[b]) + (2 * frame.numbers[b]) * frame.numbers[c])
    case .less: frame.truths[target] = compare(.less, frame.numbers[a], frame.numbers[b])
    case .lessOrEqual: frame.truths[target] = compare(.lessOrEqual, frame.numbers[a], frame.numbers[b])
    case .greater: frame.truths[target] = compare(.greater, frame.numbers[a], frame.numbers[b])
    case .greaterOrEqual: frame.truths[target] = compare(.greaterOrEqual, frame.numbers[a], frame.numbers[b])
    case .equal: frame.truths[target] = compare(.equal, frame.numbers[a], frame.numbers[b])
    case .notEqual: frame.truths[target] = compare(.notEqual, frame.numbers[a], frame.numbers[b])
    case .clockLess: frame.truths[target] = frame.compareClocks(.less, a, b, c, d)
    case .clockLessOrEqual: frame.truths[target] = frame.compareClocks(.lessOrEqual, a, b, c, d)
    case .clockGreater: frame.truths[target] = frame.compareClocks(.greater, a, b, c, d)
    case .clockGreaterOrEqual: frame.truths[target] = frame.compareClocks(.greaterOrEqual, a, b, c, d)
    case .clockEqual: frame.truths[target] = frame.compareClocks(.equal, a, b, c, d)
    case .clockNotEqual: frame.truths[target] = frame.compareClocks(.notEqual, a, b, c, d)
    case .numberIn:
      let value = frame.numbers[a]
      frame.truths[target] = value.isNaN ? .unknown : Truth(numberLists[b].contains(value))
    case .stringEqual:
      let (left, right) = (frame.strings[a], frame.strings[b])
      frame.truths[target] = left == 0 || right == 0 ? .unknown : Truth(left == right)
    case .stringNotEqual:
      let (left, right) = (frame.strings[a], frame.strings[b])
      frame.truths[target] = left == 0 || right == 0 ? .unknown : Truth(left != right)
    case .stringIn:
      let code = frame.strings[a]
      frame.truths[target] = code == 0 ? .unknown : Truth(stringLists[b].contains(code))
    case .stringMatches: frame.truths[target] = strings.matches(code: frame.strings[a], regexes[b], number: b)
    case .not: frame.truths[target] = !frame.truths[a]
    case .and: frame.truths[target] = frame.truths[a] && frame.truths[b]
    case .or: frame.truths[target] = frame.truths[a] || frame.truths[b]
    case .truthEqual: frame.truths[target] = same(frame.truths[a], frame.truths[b])
    case .truthNotEqual: frame.truths[target] = !same(frame.truths[a], frame.truths[b])
    }
  }
}

func finite(_ value: Double) -> Double { value.isFinite ? value : .nan }

// `Double.minimum` prefers the number beside a NaN; here NaN is unknown and wins.
func minimum(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : (b < a ? b : a) }
func maximum(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : (b > a ? b : a) }

private func compare(_ comparison: Comparison, _ a: Double, _ b: Double) -> Truth {
  a.isNaN || b.isNaN ? .unknown : Truth(comparison.holds(a, b))
}

private func same(_ a: Truth, _ b: Truth) -> Truth { a == .unknown || b == .unknown ? .unknown : Truth(a == b) }

extension Frame {
  /// Compares where a side may be a clock that is only known to be at least its bound.
  fileprivate func compareClocks(_ comparison: Comparison, _ a: Int, _ b: Int, _ boundA: Int, _ boundB: Int) -> Truth {
    let (left, right) = (numbers[a], numbers[b])
    if !left.isNaN, !right.isNaN { return Truth(comparison.holds(left, right)) }
    if left.isNaN, !right.isNaN { return atLeast(numbers[boundA], comparison, right) }
    if right.isNaN, !left.isNaN { return atLeast(numbers[boundB], comparison.flipped, left) }
    return .unknown
  }

  /// What can be said of `x op e` for an x of which only `x ≥ bound` is known.
  private func atLeast(_ bound: Double, _ comparison: Comparison, _ e: Double) -> Truth {
    // An unknown bound compares false everywhere.
    switch comparison {
    case .greater: bound > e ? .yes : .unknown
    case .greaterOrEqual: bound >= e ? .yes : .unknown
    case .less: bound >= e ? .no : .unknown
    case .lessOrEqual: bound > e ? .no : .unknown
    case .equal: bound > e ? .no : .unknown
    case .notEqual: bound > e ? .yes : .unknown
    }
  }
}
