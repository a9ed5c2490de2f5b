/// How one row of a rule stands.
package struct RuleRow: Sendable {
  package var key: [RuleReport.Label]
  /// There may be keys that nobody knows of.
  package var isUnknown: Bool
  package var sure: RuleReport.State
  package var possible: RuleReport.State
  /// When the sure machine entered its state; `nil`: it never left idle.
  package var since: Int64?
}

/// A value that an expression had at a tick.
package enum TracedValue: Hashable, Sendable {
  case number(Double)
  case truth(Bool)
  case string(String)
  /// Of a `since` whose beginning was not seen: seconds.
  case atLeast(Double)
  case unknown
}

/// One instruction as it ran: what it read, and what came out.
package struct TraceStep: Sendable {
  /// Where its expression stands in the text.
  package var site: Site
  package var operation: Instruction.Operation
  /// The operands that are registers, in order.
  package var operands: [TracedValue]
  package var result: TracedValue
}

/// The value of every sub-expression of one row of a rule at one tick: the rule's own program, run once more.
package struct RuleTrace: Sendable {
  package var row: RuleRow
  package var when: [TraceStep]
  package var until: [TraceStep]
  package var worth: [TraceStep]
  /// What each of them came to; also where it is a term alone, without an instruction. `nil`: the rule has none.
  package var whenResult: TracedValue
  package var untilResult: TracedValue?
  package var worthResult: TracedValue?
  /// The terms and named values that it read, by their text (`count(oom[10m])`).
  package var terms: [RuleReport.Evidence]
}

extension InstanceView {
  /// Whether a rule stands for certain: active or holding in some row, and not excepted.
  ///
  /// - Complexity: O(rows), without reading any term.
  package func stands(_ rule: Int) -> Bool {
    if standing(rule).excepted == .yes || !standing(rule).isApplicable { return false }
    let one = fleet.plan.rules[rule]
    if one.isKeyed { return block.cold[row].keyed[Int(one.place)].rows.contains { $0.sure.isOn } }
    return block.sure[Int(one.place) * block.capacity + row].isOn
  }

  /// The rows of a rule, in the order of their keys, traced.
  package func trace(_ rule: Int) -> [RuleTrace] {
    var reader = Reader(self)
    return reader.rows(of: rule).map { reader.trace(rule, $0) }
  }

  /// The row that speaks for a rule, traced; `nil`: the rule has no rows now.
  package func reportedTrace(_ rule: Int) -> RuleTrace? {
    var reader = Reader(self)
    return reader.look(at: rule).row.map { reader.trace(rule, $0) }
  }
}

extension Reader {
  mutating func trace(_ index: Int, _ row: Row) -> RuleTrace {
    let rule = view.fleet.program.rules[index]
    fill(row.key, of: index)
    let when = steps(of: rule.when)
    let until = rule.until.map { steps(of: $0) }
    var worth: (steps: [TraceStep], result: TracedValue)?
    if case .add(let fragment, _, _) = rule.effect {
      worth = (steps(of: fragment), numberValue(fragment.result))
    }
    return RuleTrace(
      row: RuleRow(
        key: key(row.key, index), isUnknown: row.key == Row.unknownKey, sure: InstanceView.name(row.sure.state),
        possible: InstanceView.name(row.possible.state), since: row.sure.since == .min ? nil : row.sure.since),
      when: when, until: until ?? [], worth: worth?.steps ?? [],
      whenResult: truthValue(rule.when.result), untilResult: rule.until.map { truthValue($0.result) },
      worthResult: worth?.result, terms: evidence(index, key: row.key))
  }

  private func steps(of fragment: Program.Fragment) -> [TraceStep] {
    workspace.row.run(Plan.Fragment(code: fragment), at: 0, workspace)
    return fragment.code.map { index in
      let instruction = view.fleet.program.instructions[index]
      return TraceStep(
        site: view.fleet.program.sites[index], operation: instruction.operation, operands: operands(instruction),
        result: result(instruction))
    }
  }

  private func operands(_ instruction: Instruction) -> [TracedValue] {
    let (a, b, c) = (Int(instruction.a), Int(instruction.b), Int(instruction.c))
    switch instruction.operation {
    case .negate, .absolute, .numberIn: return [numberValue(a)]
    case .add, .subtract, .multiply, .divide, .minimum, .maximum, .spread, .less, .lessOrEqual, .greater,
      .greaterOrEqual, .equal, .notEqual:
      return [numberValue(a), numberValue(b)]
    case .clamp, .ramp: return [numberValue(a), numberValue(b), numberValue(c)]
    case .clockLess, .clockLessOrEqual, .clockGreater, .clockGreaterOrEqual, .clockEqual, .clockNotEqual:
      return [clockValue(a, bound: c), clockValue(b, bound: Int(instruction.d))]
    case .stringEqual, .stringNotEqual: return [stringValue(a), stringValue(b)]
    case .stringIn, .stringMatches: return [stringValue(a)]
    case .not: return [truthValue(a)]
    case .and, .or, .truthEqual, .truthNotEqual: return [truthValue(a), truthValue(b)]
    }
  }

  private func result(_ instruction: Instruction) -> TracedValue {
    let target = Int(instruction.target)
    return switch instruction.operation {
    case .negate, .add, .subtract, .multiply, .divide, .absolute, .minimum, .maximum, .clamp, .ramp, .spread:
      numberValue(target)
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .clockLess, .clockLessOrEqual,
      .clockGreater, .clockGreaterOrEqual, .clockEqual, .clockNotEqual, .numberIn, .stringEqual, .stringNotEqual,
      .stringIn, .stringMatches, .not, .and, .or, .truthEqual, .truthNotEqual:
      truthValue(target)
    }
  }

  private func numberValue(_ register: Int) -> TracedValue {
    let value = workspace.row.numbers[register]
    return value.isNaN ? .unknown : .number(value)
  }

  private func clockValue(_ register: Int, bound: Int) -> TracedValue {
    let value = workspace.row.numbers[register]
    if !value.isNaN { return .number(value) }
    let least = workspace.row.numbers[bound]
    return least.isNaN ? .unknown : .atLeast(least)
  }

  private func truthValue(_ register: Int) -> TracedValue {
    switch workspace.row.truths[register] {
    case .yes: .truth(true)
    case .no: .truth(false)
    case .unknown: .unknown
    }
  }

  private func stringValue(_ register: Int) -> TracedValue {
    let code = workspace.row.strings[register]
    return code == 0 ? .unknown : .string(workspace.strings[code])
  }
}
