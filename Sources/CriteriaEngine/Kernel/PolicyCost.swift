/// What a policy costs to decide, known before it runs.
package struct PolicyCost: Sendable {
  /// How a rule is decided.
  package enum Form: String, Sendable {
    /// The kernel sums its contribution: it has no state.
    case summed
    /// The kernel runs its conditions; what it contributes follows from its machines.
    case stateful
    /// Its instructions run once for each of its keys.
    case keyed
  }

  package struct Rule: Sendable {
    package var name: String
    package var form: Form
    /// Operations on one instance (of a keyed rule, on each key), as if no other rule were there.
    package var operations: Int
    /// What it reads, as a person would write it.
    package var features: [String]
  }

  /// A log signal's pattern.
  package struct Pattern: Sendable {
    package var signal: String
    package var regex: Regex
    package var kind: PatternAnalysis.Class { regex.analysis.patternClass }
  }

  package var rules: [Rule]
  /// Of the log signals, in order of the policy.
  package var patterns: [Pattern]
  /// Operations of the kernel on one instance: what several rules share counts once, keyed rules not at all.
  package var operations: Int
  /// The distinct features of all rules.
  package var features: Int
  /// What a fleet keeps of an instance whose series are sampled once a step.
  package var memory: MemoryCost
  /// The same by signal, for gauges and counters.
  package var signals: [(name: String, bytes: Int)]
  /// How one instance is decided, and over which loops columns run on this processor.
  package var rowForm: Kernel.RowForm
  package var path: Kernel.Path

  package init(_ program: Program) {
    let kernel = Kernel(program)
    var compilation = KernelCompilation(program)
    compilation.run(.compact)
    operations = compilation.operations
    let memory = MemoryCost(program)
    self.memory = memory
    signals = memory.signals.map { (program.signals[$0.signal].name, $0.bytes) }
    rowForm = kernel.rowForm
    path = kernel.path
    patterns = program.signals.compactMap { signal in
      guard case .log(let pattern) = signal.source else { return nil }
      return Pattern(signal: signal.name, regex: pattern.regex)
    }
    features = program.features.count + program.derived.count
    rules = program.rules.enumerated().map { index, rule in
      let isKeyed = !rule.keyedSignals.isEmpty
      return Rule(
        name: rule.name, form: isKeyed ? .keyed : rule.isPlain ? .summed : .stateful,
        operations: isKeyed ? rule.instructionCount : compilation.operations(ofRule: index),
        features: rule.features.map { program.features[$0].text } + rule.derived.map { program.derived[$0].text })
    }
  }
}

extension Program.Rule {
  fileprivate var instructionCount: Int {
    var fragments = [when] + except.map(\.condition)
    if let until { fragments.append(until) }
    if case .add(let worth, _, _) = effect { fragments.append(worth) }
    return fragments.reduce(0) { $0 + $1.code.count }
  }
}
