package import Criteria
package import CriteriaCompiler
import CriteriaEngine

/// A policy under test: compiled once, for all cases.
package struct Subject: Sendable {
  package let compilation: Compilation
  package let policy: Policy
  /// The policy with rules behind its own that compute what `value` asks for; `nil` where nothing does.
  let probes: Policy?
  /// The index of each signal and rule by its name.
  let signals: [String: Int]
  let rules: [String: Int]
  /// Of the first probe.
  let firstProbe: Int
  /// By probe: whether it is true or false, not a number or a text.
  let probesTruth: [Bool]

  /// - Parameters:
  ///   - compilation: Of the policy that the file was bound to, or of one that has its signals and rules by name: a mutant.
  ///   - file: Whose `value`s it has to compute.
  /// - Throws: If the policy, or an expression of `value` under it, is not valid.
  package init(_ compilation: Compilation, for file: BoundFile) throws(PolicyErrors) {
    policy = try Policy(compilation)
    self.compilation = compilation
    if !file.values.isEmpty, let probed = compileProbes(file.values, beside: compilation) {
      probes = try Policy(probed)
    } else {
      probes = nil
    }
    let program = policy.program
    func places(_ names: [String]) -> [String: Int] {
      Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
    signals = places(program.signals.map(\.name))
    rules = places(program.rules.map(\.name))
    firstProbe = program.rules.count
    probesTruth = file.values.map { if case .truth = $0.type { true } else { false } }
  }

  /// One rule of a policy alone: how it stands does not depend on the others, and takes a fraction of the time to find out. Only the
  /// signals that it reads are known by name, so that nothing else is fed.
  ///
  /// - Returns: `nil` if there is no such rule.
  init?(ofRule name: String, _ compilation: Compilation) {
    guard var checked = compilation.checked else { return nil }
    checked.rules.removeAll { $0.name != name }
    guard checked.rules.count == 1 else { return nil }
    var alone = compilation
    alone.checked = checked
    let program = lower(checked)
    alone.program = program
    guard let policy = try? Policy(alone) else { return nil }
    self.policy = policy
    self.compilation = alone
    probes = nil
    var signals: [String: Int] = [:]
    for index in program.signals.indices {
      let isRead = program.signalsRead.contains(index) || program.features.contains { $0.signal == index }
      // Drift may read any of them.
      if isRead || program.signals[index].isInfo { signals[program.signals[index].name] = index }
    }
    self.signals = signals
    rules = [name: 0]
    firstProbe = 1
    probesTruth = []
  }

  /// The value that a check asks for, of an instance under the probes.
  func probedValue(_ view: InstanceView, _ probe: Int, _ check: Check) -> TracedValue {
    guard case .value(let value) = check.kind else { return .unknown }
    let rows = view.trace(firstProbe + probe)
    let row =
      value.key.isEmpty
      ? rows.first
      : rows.first { row in
        value.key.allSatisfy { key in row.row.key.contains { $0.name == key.name && $0.value == key.value } }
      }
    guard let row else { return .unknown }
    // A number or a text is compared with itself: the operand is the value.
    return probesTruth[probe] ? row.whenResult : row.when.last?.operands.first ?? .unknown
  }

  /// The first tick of a case, in milliseconds since 1970: its day, moved to the grid of ticks.
  func start(of bound: BoundCase) -> Int64 {
    let step = policy.program.step
    let day = bound.test.day
    return (day + step - 1) / step * step
  }
}
