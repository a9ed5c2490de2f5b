/// What a tick shows of a policy, for whoever counts what tests have made happen.
extension InstanceView {
  package typealias RuleStates = (sure: RuleReport.State, possible: RuleReport.State)

  /// The rows of every rule, traced; in the order of the policy. A rule that is not applicable has none.
  package func traces() -> [[RuleTrace]] {
    var reader = Reader(self)
    return fleet.program.rules.indices.map { rule in
      standing(rule).isApplicable ? reader.rows(of: rule).map { reader.trace(rule, $0) } : []
    }
  }

  /// `excepted` or `n/a`, where that is how a rule stands, whatever its machines say.
  package func exceptedState(ofRule rule: Int) -> RuleReport.State? {
    if !standing(rule).isApplicable { return .notApplicable }
    return standing(rule).excepted == .yes ? .excepted : nil
  }

  /// How the row that speaks for a rule stands; a rule without rows is idle.
  package func states(ofRule rule: Int) -> RuleStates {
    var reader = Reader(self)
    return states(ofRule: rule, &reader)
  }

  /// Of every rule, in the order of the policy.
  package func states() -> [RuleStates] {
    var reader = Reader(self)
    return fleet.program.rules.indices.map { states(ofRule: $0, &reader) }
  }

  private func states(ofRule rule: Int, _ reader: inout Reader) -> RuleStates {
    if let state = exceptedState(ofRule: rule) { return (state, state) }
    guard let row = reader.look(at: rule).row else { return (.idle, .idle) }
    return (Self.name(row.sure.state), Self.name(row.possible.state))
  }

  /// The log signals, by index, of which some line has matched within what their windows keep.
  package var matchedLogs: [Int] {
    let reader = Reader(self)
    return fleet.program.signals.indices.filter { index in
      guard case .log = fleet.program.signals[index].source else { return false }
      return reader.newestMatch(index) != nil
    }
  }
}
