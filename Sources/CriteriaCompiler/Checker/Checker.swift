package import CriteriaDiagnostics
package import CriteriaEngine
package import CriteriaSyntax

/// Resolves names, finds types and dimensions, and applies the rules of the language.
///
/// - Parameter probesPatterns: Patterns are searched for lines that make them explode, which costs more than all else.
/// - Returns: The policy, unless there is an error; and everything found wrong, in the order of the files. What depends on
///   something faulty is not reported again.
/// - Complexity: O(text), named expressions written out; those are bounded (`Checker.sizeLimit`).
package func check(_ file: PolicyFile, probesPatterns: Bool = true) -> (CheckedPolicy?, [Diagnostic]) {
  var checker = Checker(file)
  checker.probesPatterns = probesPatterns
  let policy = checker.checkPolicy()
  let diagnostics = Diagnostics(checker.diagnostics)
  return (diagnostics.hasErrors ? nil : policy, diagnostics.sorted)
}

/// An expression with its type.
struct Typed {
  enum Value {
    case number(NumberExpr, Measure)
    case bool(BoolExpr)
    case string(StringExpr)
    /// A part is wrong and has been reported: whatever contains it stays silent.
    case faulty
  }
  var value: Value
  /// Nodes, and the longest way down, names written out.
  var size = 1
  var depth = 1

  static let faulty = Typed(value: .faulty)

  init(value: Value, size: Int = 1, depth: Int = 1) {
    self.value = value
    self.size = size
    self.depth = depth
  }

  init(_ value: Value, over parts: Typed...) { self.init(value, overAll: parts) }

  init(_ value: Value, overAll parts: [Typed]) {
    self.value = value
    size = parts.reduce(1) { $0 + $1.size }
    depth = 1 + (parts.map(\.depth).max() ?? 0)
  }

  var isFaulty: Bool { if case .faulty = value { true } else { false } }
  var isString: Bool { if case .string = value { true } else { false } }

  /// For sentences: `a number`, `true or false`, `a string`.
  var noun: String {
    switch value {
    case .number(_, let measure): (measure ?? .plain).nounWithArticle
    case .bool: "true or false"
    case .string: "a string"
    case .faulty: "something faulty"
    }
  }
}

/// The state of checking one policy file.
struct Checker {
  /// Nodes of one expression with its names written out, and of all of a policy, unused names included.
  static let sizeLimit = 10_000
  static let totalSizeLimit = 200_000
  /// Operators inside each other, names written out.
  static let depthLimit = 600
  /// Points. Sums of thousandths stay far from the end of 64 bits.
  static let worthLimit = 1e9

  /// What a name under `signals:` stands for.
  enum Meaning {
    case source(CheckedPolicy.SignalIndex)
    case expression(Int)
  }

  enum Progress {
    case untouched
    case underway
    case done(Typed)
  }

  let file: PolicyFile
  let step: Int64
  var diagnostics: [Diagnostic] = []
  var signals: [CheckedPolicy.Signal] = []
  /// Beside `signals`: their declarations.
  var declarations: [SignalDeclaration] = []
  /// Patterns that do not compile have no known groups: their uses are not reported.
  var hasUnknownGroups: Set<CheckedPolicy.SignalIndex> = []
  var regexes: [CheckedPolicy.SignalIndex: Regex] = [:]
  var probesPatterns = true
  var meanings: [String: Meaning] = [:]
  /// Names whose declarations were lost to faults that have been reported.
  let lostNames: Set<String>
  var expressions: [(declaration: SignalDeclaration, expr: Expr)] = []
  var progress: [Progress] = []
  /// The named expressions being resolved, outermost first.
  var trail: [Int] = []
  /// How deep `infer` is, through names.
  var nesting = 0
  var hasReportedDepth = false
  var totalSize = 0
  var hasReportedTotal = false

  init(_ file: PolicyFile) {
    self.file = file
    step = max(1, file.step?.value.milliseconds ?? 30_000)
    lostNames = Set(file.lostSignals.map(\.value))
  }

  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  func signalClass(_ index: CheckedPolicy.SignalIndex) -> SignalClass {
    switch signals[index].source {
    case .gauge: .gauge
    case .counter: .counter
    case .log(_, _, let value, _, _, _): value == nil ? .log : .logValue
    case .condition: .condition
    case .info: .info
    case .fact: .fact
    }
  }

  /// The labels of its rows; empty if it has one value.
  func keys(of index: CheckedPolicy.SignalIndex) -> [String] {
    signals[index].reduce == nil ? signals[index].by : []
  }

  mutating func checkPolicy() -> CheckedPolicy {
    declareSignals()
    for index in expressions.indices { _ = resolveExpression(index, from: nil) }
    let selector = file.selector.flatMap { standing($0, in: "selector") }
    let desired = file.desired.map { entries in entries.map { checkDesired($0) } }
    let rules = file.rules.compactMap { checkRule($0) }
    let replace = file.replace?.value ?? 100
    let watch = file.watch?.value ?? replace / 2
    // Both given are compared where they are read.
    if let given = file.watch, file.replace == nil, given.value > replace {
      report(.watchAboveDefaultReplace(given.value, replace: replace, at: given.range))
    }
    noteWindows(of: rules)
    var checked = CheckedPolicy(
      name: file.name?.value ?? "", description: file.description?.value, selector: selector, step: step,
      replace: thousandths(replace), watch: max(1, thousandths(watch)),
      maxLateness: file.maxLateness?.value.milliseconds ?? 2 * step, launched: checkLaunched(), desired: desired,
      signals: signals, rules: rules)
    checked.regexes = regexes
    return checked
  }

  private mutating func checkLaunched() -> [MetricSelector] {
    for selector in file.launched { checkPatterns(of: selector) }
    return file.launched.map(\.value)
  }

  private mutating func checkDesired(_ entry: DesiredEntry) -> CheckedPolicy.Desired {
    CheckedPolicy.Desired(
      condition: entry.condition.flatMap { standing($0, in: "where") },
      facts: Dictionary(entry.facts.map { ($0.name.value, $0.value.value) }, uniquingKeysWith: { first, _ in first }))
  }

  /// Windows count wherever they stand, so that a signal's default `stale_after` does not depend on who reads it.
  private mutating func noteWindows(of rules: [CheckedPolicy.Rule]) {
    var leaves: [Leaf] = []
    for case .done(let typed) in progress { leaves += self.leaves(of: typed) }
    for rule in rules {
      leaves += rule.when.leaves + (rule.until?.leaves ?? [])
      if case .add(let worth, _) = rule.effect { leaves += worth.leaves }
      for part in rule.why ?? [] { leaves += part.leaves }
    }
    for leaf in leaves {
      guard let index = leaf.signal else { continue }
      signals[index].longestWindow = max(signals[index].longestWindow, leaf.window, lookBack(of: leaf, at: index))
    }
    for index in signals.indices where signals[index].staleAfter == nil {
      signals[index].staleAfter = defaultStaleness(of: index)
    }
  }

  /// The newest event of a log counts without a window, too: its number, its captures.
  private func lookBack(of leaf: Leaf, at index: CheckedPolicy.SignalIndex) -> Int64 {
    guard case .latest = leaf.term, case .log = signals[index].source else { return 0 }
    return signals[index].staleAfter ?? 300_000
  }

  private func defaultStaleness(of index: CheckedPolicy.SignalIndex) -> Int64? {
    let fiveMinutes: Int64 = 300_000
    let window = signals[index].longestWindow
    return switch signals[index].source {
    case .gauge, .counter, .info: window == 0 ? fiveMinutes : min(fiveMinutes, window)
    case .condition: 900_000
    case .log, .fact: nil
    }
  }

  func leaves(of typed: Typed) -> [Leaf] {
    switch typed.value {
    case .number(let expr, _): expr.leaves
    case .bool(let expr): expr.leaves
    case .string(let expr): expr.leaves
    case .faulty: []
    }
  }
}

extension CheckedPolicy.Rule.WhyPart {
  package var leaves: [Leaf] {
    switch self {
    case .text, .key: []
    case .number(let expr, _): expr.leaves
    case .bool(let expr): expr.leaves
    case .string(let expr): expr.leaves
    }
  }
}

/// Points as whole thousandths, half away from zero.
package func thousandths(_ points: Double) -> Int64 { Int64((points * 1000).rounded(.toNearestOrAwayFromZero)) }
