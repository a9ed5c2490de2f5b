extension Frame {
  /// Runs a fragment over the registers of one place: the plain evaluator, which says what every faster form has to give.
  ///
  /// Unknown in gives unknown out, as Kleene has it for truths; a number that is not finite is unknown.
  /// - Complexity: O(instructions); allocates nothing, but for a regular expression over a string not met before.
  func run(_ fragment: Plan.Fragment, at place: Int, _ workspace: Workspace) {
    let instructions = workspace.plan.instructions
    var index = Int(fragment.start)
    while index < Int(fragment.end) {
      step(instructions[index], place, workspace)
      index += 1
    }
  }

  /// The same at the first place, for whoever compares a faster form with it.
  package func run(_ fragment: Program.Fragment, _ workspace: Workspace) {
    run(Plan.Fragment(code: fragment), at: 0, workspace)
  }

  func truth(_ fragment: Plan.Fragment, at place: Int, _ workspace: Workspace) -> Truth {
    run(fragment, at: place, workspace)
    return truths[Int(fragment.result) * stride + place]
  }

  func number(_ fragment: Plan.Fragment, at place: Int, _ workspace: Workspace) -> Double {
    run(fragment, at: place, workspace)
    return numbers[Int(fragment.result) * stride + place]
  }

  private func step(_ instruction: Instruction, _ place: Int, _ workspace: Workspace) {
    let target = Int(instruction.target) * stride + place
    let a = Int(instruction.a) * stride + place
    let b = Int(instruction.b) * stride + place
    let c = Int(instruction.c) * stride + place
    let d = Int(instruction.d) * stride + place
    /// For operands that are no registers.
    let list = Int(instruction.b)
    switch instruction.operation {
    case .negate: numbers[target] = -numbers[a]
    case .add: numbers[target] = finite(numbers[a] + numbers[b])
    case .subtract: numbers[target] = finite(numbers[a] - numbers[b])
    case .multiply: numbers[target] = finite(numbers[a] * numbers[b])
    case .divide: numbers[target] = finite(numbers[a] / numbers[b])
    case .absolute: numbers[target] = numbers[a].magnitude
    case .minimum: numbers[target] = minimum(numbers[a], numbers[b])
    case .maximum: numbers[target] = maximum(numbers[a], numbers[b])
    case .clamp: numbers[target] = minimum(maximum(numbers[a], numbers[b]), numbers[c])
    case .ramp:
      let from = numbers[b]
      let share = finite(finite(numbers[a] - from) / finite(numbers[c] - from))
      numbers[target] = minimum(maximum(share, 0), 1)
    case .spread: numbers[target] = finite((numbers[a] - numbers[b]) + (2 * numbers[b]) * numbers[c])
    case .less: truths[target] = compare(.less, numbers[a], numbers[b])
    case .lessOrEqual: truths[target] = compare(.lessOrEqual, numbers[a], numbers[b])
    case .greater: truths[target] = compare(.greater, numbers[a], numbers[b])
    case .greaterOrEqual: truths[target] = compare(.greaterOrEqual, numbers[a], numbers[b])
    case .equal: truths[target] = compare(.equal, numbers[a], numbers[b])
    case .notEqual: truths[target] = compare(.notEqual, numbers[a], numbers[b])
    case .clockLess: truths[target] = compareClocks(.less, a, b, c, d)
    case .clockLessOrEqual: truths[target] = compareClocks(.lessOrEqual, a, b, c, d)
    case .clockGreater: truths[target] = compareClocks(.greater, a, b, c, d)
    case .clockGreaterOrEqual: truths[target] = compareClocks(.greaterOrEqual, a, b, c, d)
    case .clockEqual: truths[target] = compareClocks(.equal, a, b, c, d)
    case .clockNotEqual: truths[target] = compareClocks(.notEqual, a, b, c, d)
    case .numberIn:
      let value = numbers[a]
      truths[target] = value.isNaN ? .unknown : Truth(workspace.program.numberLists[list].contains(value))
    case .stringEqual:
      let (left, right) = (strings[a], strings[b])
      truths[target] = left == 0 || right == 0 ? .unknown : Truth(left == right)
    case .stringNotEqual:
      let (left, right) = (strings[a], strings[b])
      truths[target] = left == 0 || right == 0 ? .unknown : Truth(left != right)
    case .stringIn:
      let code = strings[a]
      truths[target] = code == 0 ? .unknown : Truth(workspace.program.stringLists[list].contains(code))
    case .stringMatches:
      truths[target] = workspace.strings.matches(code: strings[a], workspace.program.regexes[list], number: list)
    case .not: truths[target] = !truths[a]
    case .and: truths[target] = truths[a] && truths[b]
    case .or: truths[target] = truths[a] || truths[b]
    case .truthEqual: truths[target] = same(truths[a], truths[b])
    case .truthNotEqual: truths[target] = !same(truths[a], truths[b])
    }
  }

  /// Compares where a side may be a clock that is only known to be at least its bound.
  private func compareClocks(_ comparison: Comparison, _ a: Int, _ b: Int, _ boundA: Int, _ boundB: Int) -> Truth {
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

func finite(_ value: Double) -> Double { value.isFinite ? value : .nan }

// `Double.minimum` prefers the number beside a NaN; here NaN is unknown and wins.
func minimum(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : (b < a ? b : a) }
func maximum(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : (b > a ? b : a) }

private func compare(_ comparison: Comparison, _ a: Double, _ b: Double) -> Truth {
  a.isNaN || b.isNaN ? .unknown : Truth(comparison.holds(a, b))
}

private func same(_ a: Truth, _ b: Truth) -> Truth { a == .unknown || b == .unknown ? .unknown : Truth(a == b) }
