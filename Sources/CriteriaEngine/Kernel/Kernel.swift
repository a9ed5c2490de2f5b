import CKernels

/// The unkeyed rules of a program, compiled once more: for columns of instances, and for one instance.
///
/// It answers exactly what the plain evaluator answers (`Program.run`, and the arithmetic of contributions), to the bit. It
/// is immutable and shared by any number of fleets and threads; what changes is in a `KernelScratch`, of which each thread
/// has its own. A decision allocates nothing and counts no references.
package final class Kernel: @unchecked Sendable {
  /// Which loops run. All give the same results.
  package enum Path: String, Sendable, CaseIterable { case best, avx512, avx2, sse2, portable }

  /// One unkeyed rule, and where its results are.
  package struct Rule: Sendable {
    /// In `Program.rules`.
    package let index: Int
    /// The kernel adds up its contribution itself; see `Kernel.isPlain`.
    package let isPlain: Bool
    let when: KernelPlan.Planes
    let until: KernelPlan.Planes?
    let except: [KernelPlan.Planes]
    /// The place of the worth in the numbers; nil for other effects than `add`.
    let worth: Int32?
    /// The same where one instance is decided.
    let rowWhen: RowTruth
    let rowUntil: RowTruth?
    let rowExcept: [RowTruth]
    let rowWorth: Int32?
    /// The worth where it is the same for all instances, in points; NaN if it is unknown.
    package let constantWorth: Double?
  }

  /// A truth of one instance: in the list form its planes; in the compact form its place, and 1 if it is negated.
  struct RowTruth: BitwiseCopyable, Sendable {
    var isTrue: Int32
    var isFalse: Int32
  }

  /// How one instance is decided: by the compact form, or, with more than 64 truths, by a list of operations.
  package enum RowForm: String, Sendable { case compact, list }

  /// Input registers that the caller fills, in the order of the columns (of the values of a row).
  package let numberInputs: [Int]
  package let stringInputs: [Int]
  package let truthInputs: [Int]
  /// By the index in `Program.rules`: unkeyed, without `for`, `hold`, `until`, `latch`, `except`, not in shadow, nothing
  /// optional, and `unknown` spreads or is ignored. Such a rule has no state: the kernel sums its contribution.
  package let isPlain: [Bool]
  /// By the index in `Program.rules`; nil for keyed rules.
  package let rules: [Rule?]
  /// Its regular expressions need the text of strings.
  package var readsText: Bool { matchCount > 0 }
  /// How many regular expressions it asks for.
  package var matchCount: Int { plan.matches.count }
  /// The loops that run; never `best`.
  package let path: Path

  let plan: KernelPlan
  let regexes: [Regex]
  let selector: KernelPlan.Planes?
  let rowSelector: RowTruth?
  /// Points into `memory`.
  let program: UnsafePointer<ck_program>
  let runColumns: ck_run_columns
  let runRow: ck_run_row
  /// The compact form of one instance, and what it is run with.
  let compact: CompactForm?
  private let memory: UnsafeMutableRawPointer

  struct CompactForm {
    let rows: KernelRows
    let form: UnsafePointer<ck_compact>
    let memory: UnsafeMutableRawPointer
    let run: ck_run_compact
    let given: (inputs: [Int32], matches: [Int32], constants: UInt64)
    /// Of the outcomes: the rules that protect, quarantine, replace.
    let effects: [UInt64]
  }

  package var rowForm: RowForm { compact == nil ? .list : .compact }

  /// - Parameters:
  ///   - path: `best` takes the widest that this processor has; so does a path that it does not have.
  ///   - rowForm: The list of operations does for every program.
  /// - Complexity: O(instructions of the program).
  package init(_ program: Program, path: Path = .best, rowForm: RowForm = .compact) {
    let runner = Runner(path)
    var compilation = KernelCompilation(program)
    compilation.run(rowForm)
    numberInputs = compilation.graph.numberInputs
    stringInputs = compilation.graph.stringInputs
    truthInputs = compilation.graph.truthInputs
    isPlain = compilation.isPlain
    rules = compilation.rules
    plan = compilation.plan
    selector = compilation.selector
    rowSelector = compilation.rowSelector
    regexes = program.regexes
    self.path = runner.path
    runColumns = runner.columns
    runRow = runner.row
    (self.program, memory) = compilation.flatten()
    if let rows = compilation.rows, let (form, memory) = compilation.compact {
      compact = CompactForm(
        rows: rows, form: form, memory: memory, run: runner.compact, given: rows.given(),
        effects: compilation.effectMasks)
    } else {
      compact = nil
    }
  }

  deinit {
    memory.deallocate()
    compact?.memory.deallocate()
  }
}

/// The loops of one path.
private struct Runner {
  var path: Kernel.Path
  var columns: ck_run_columns
  var row: ck_run_row
  var compact: ck_run_compact

  init(_ path: Kernel.Path) {
    row = ck_row_portable
    compact = ck_compact_portable
    #if arch(x86_64)
      // What is asked for, as far as this processor has it.
      let wanted: Int32 =
        switch path {
        case .best, .avx512: 3
        case .avx2: 2
        case .sse2: 1
        case .portable: 0
        }
      switch min(wanted, ck_width()) {
      case 3: (self.path, columns) = (.avx512, ck_columns_avx512)
      case 2: (self.path, columns) = (.avx2, ck_columns_avx2)
      case 1: (self.path, columns) = (.sse2, ck_columns_sse2)
      default: (self.path, columns) = (.portable, ck_columns_portable)
      }
      if self.path == .avx512 { compact = ck_compact_avx512 }
      if self.path == .avx2 { compact = ck_compact_avx2 }
    #else
      (self.path, columns) = (.portable, ck_columns_portable)
    #endif
  }
}

/// A kernel under construction.
struct KernelCompilation {
  let program: Program
  var graph: KernelGraph
  var plan: KernelPlan
  var isPlain: [Bool] = []
  var rules: [Kernel.Rule?] = []
  var selector: KernelPlan.Planes?
  private var weights: [ck_weight] = []
  private var graded: [(value: Int, entry: ck_graded)] = []
  private var effects: [ck_effect] = []
  private(set) var rows: KernelRows?
  private(set) var rowSelector: Kernel.RowTruth?
  private(set) var compact: (UnsafePointer<ck_compact>, UnsafeMutableRawPointer)?
  /// The rules that the kernel sums.
  private(set) var plainRoots: [(when: KernelGraph.TruthRef, worth: Int?, rule: Program.Rule)] = []
  private var constantOutcomes: [KernelRows.Outcome] = []
  private var rampOutcomes: [KernelRows.Outcome] = []
  private var gradedOutcomes: [KernelRows.Outcome] = []
  private var effectOutcomes: [KernelRows.Outcome] = []
  private var effectNumbers: [Int] = []
  /// By effect: its rules among the outcomes.
  var effectMasks: [UInt64] {
    let first = constantOutcomes.count + rampOutcomes.count + gradedOutcomes.count
    var masks: [UInt64] = [0, 0, 0]
    for (index, number) in effectNumbers.enumerated() { masks[number] |= 1 << UInt64(first + index) }
    return masks
  }

  /// What a rule comes to in the graph; nil for keyed rules.
  private var roots: [Roots?] = []

  private struct Roots {
    var when: KernelGraph.TruthRef
    var until: KernelGraph.TruthRef?
    var except: [KernelGraph.TruthRef]
    var worth: Int?
  }

  init(_ program: Program) {
    self.program = program
    graph = KernelGraph(program)
    plan = KernelPlan(graph)
  }

  mutating func run(_ rowForm: Kernel.RowForm) {
    for rule in program.rules {
      guard rule.keyedSignals.isEmpty else {
        roots.append(nil)
        continue
      }
      var worth: Int?
      let when = graph.truth(rule.when)
      let until = rule.until.map { graph.truth($0) }
      if case .add(let fragment, _, _) = rule.effect { worth = graph.number(fragment) }
      roots.append(
        Roots(when: when, until: until, except: rule.except.map { graph.truth($0.condition) }, worth: worth))
    }
    let selectorRoot = program.selector.map { graph.truth($0) }
    isPlain = program.rules.map(\.isPlain)
    let truths = roots.compactMap(\.self).flatMap { [$0.when] + ($0.until.map { [$0] } ?? []) + $0.except }
    let needed = graph.reachable(
      truths: truths + (selectorRoot.map { [$0] } ?? []), numbers: roots.compactMap { $0?.worth })
    graph.orderInputs(for: needed.truths)
    // An outcome is a bit of 64, of which one stays free.
    if rowForm == .compact, zip(roots, isPlain).count(where: { $0 != nil && $1 }) < 64 {
      rows = KernelRows(graph, needed, worths: plainWorths(roots))
    }
    plan = KernelPlan(graph)
    var places: [(when: KernelPlan.Planes, until: KernelPlan.Planes?, except: [KernelPlan.Planes])?] = []
    for case let root in roots {
      guard let root else {
        places.append(nil)
        continue
      }
      places.append(
        (plan.truth(root.when), root.until.map { plan.truth($0) }, root.except.map { plan.truth($0) }))
      if let worth = root.worth { plan.output(number: worth) }
    }
    selector = selectorRoot.map { plan.truth($0) }
    plan.finish()
    for (index, rule) in program.rules.enumerated() {
      guard let root = roots[index], let place = places[index] else {
        rules.append(nil)
        continue
      }
      rules.append(
        Kernel.Rule(
          index: index, isPlain: isPlain[index], when: place.when, until: place.until, except: place.except,
          worth: root.worth.map { plan.place(number: $0) }, rowWhen: rowTruth(root.when),
          rowUntil: root.until.map { rowTruth($0) }, rowExcept: root.except.map { rowTruth($0) },
          rowWorth: root.worth.map { rows?.numberPlaces[$0] ?? plan.place(number: $0) },
          constantWorth: root.worth.flatMap { graph.constant($0) }))
      if isPlain[index] {
        plainRoots.append((root.when, root.worth, rule))
        addUp(rule, root.when, place.when, worth: root.worth)
      }
    }
    rowSelector = selectorRoot.map { rowTruth($0) }
    compact = rows?.flatten(constantOutcomes + rampOutcomes + gradedOutcomes + effectOutcomes)
  }

  private func plainWorths(_ roots: [Roots?]) -> [Int] {
    zip(roots, isPlain).compactMap { root, isPlain in isPlain ? root?.worth : nil }
  }

  private mutating func rowTruth(_ ref: KernelGraph.TruthRef) -> Kernel.RowTruth {
    if let place = rows?.place(ref) { return Kernel.RowTruth(isTrue: place.place, isFalse: place.isNegated ? 1 : 0) }
    let planes = plan.truth(ref)
    return Kernel.RowTruth(isTrue: planes.isTrue, isFalse: planes.isFalse)
  }

  private mutating func addUp(
    _ rule: Program.Rule, _ ref: KernelGraph.TruthRef, _ when: KernelPlan.Planes, worth: Int?
  ) {
    func outcome(_ kind: KernelRows.Outcome.Kind) -> KernelRows.Outcome {
      KernelRows.Outcome(when: ref, ignoresUnknown: rule.unknown == .ignored, kind: kind)
    }
    // It is possible where it is not false; if the unknown is ignored, where it is true.
    let (plane, flip): (Int32, UInt64) = rule.unknown == .ignored ? (when.isTrue, 0) : (when.isFalse, .max)
    switch rule.effect {
    case .add(_, let low, let high):
      guard let worth else { preconditionFailure("a rule that adds nothing") }
      if let constant = graph.constant(worth) {
        let (low, high) = constant.isNaN ? (low, high) : (constant, constant)
        constantOutcomes.append(outcome(.constant(low: thousandths(low), high: thousandths(high))))
        weights.append(
          ck_weight(t: when.isTrue, h: plane, flip: flip, low: thousandths(low), high: thousandths(high)))
      } else {
        if rows?.isOwnRamp(worth) == true {
          rampOutcomes.append(outcome(.ramp(worth: worth, low: thousandths(low), high: thousandths(high))))
        } else {
          gradedOutcomes.append(outcome(.graded(worth: worth, low: thousandths(low), high: thousandths(high))))
        }
        graded.append(
          (
            worth,
            ck_graded(
              t: when.isTrue, h: plane, flip: flip, value: plan.place(number: worth), low: thousandths(low),
              high: thousandths(high))
          ))
      }
    case .protect, .quarantine, .replace:
      let number =
        switch rule.effect {
        case .protect: 0
        case .quarantine: 1
        case .replace, .add: 2
        }
      effectOutcomes.append(outcome(.effect))
      effectNumbers.append(number)
      effects.append(ck_effect(t: when.isTrue, h: plane, flip: flip, effect: Int32(number)))
    }
  }

  // MARK: Cost

  /// Operations on one instance: those of the list, regular expressions, and a sum per rule that the kernel sums.
  var operations: Int {
    plan.operations.count + plan.matches.count + weights.count + graded.count + effects.count
  }

  /// Operations that one unkeyed rule needs.
  func operations(ofRule index: Int) -> Int {
    guard let root = roots[index] else { return 0 }
    let truths = [root.when] + (root.until.map { [$0] } ?? []) + root.except
    let needed = graph.reachable(truths: truths, numbers: root.worth.map { [$0] } ?? [])
    return needed.numbers.count { graph.isComputed(number: $0) } + needed.truths.count { graph.isComputed(truth: $0) }
      + (isPlain[index] ? 1 : 0)
  }

  /// The compiled form in one piece of memory, which the caller frees.
  func flatten() -> (UnsafePointer<ck_program>, UnsafeMutableRawPointer) {
    var flat = FlatMemory()
    let header = flat.reserve(ck_program.self, 1)
    let operations = flat.reserve(ck_op.self, plan.operations.count)
    let weightTable = flat.reserve(ck_weight.self, weights.count)
    let gradedTable = flat.reserve(ck_graded.self, graded.count)
    let effectTable = flat.reserve(ck_effect.self, effects.count)
    flat.allocate()
    var program = ck_program()
    program.ops = UnsafePointer(flat.store(plan.operations, at: operations))
    program.weights = UnsafePointer(flat.store(weights, at: weightTable))
    program.graded = UnsafePointer(flat.store(graded.map(\.entry), at: gradedTable))
    program.effects = UnsafePointer(flat.store(effects, at: effectTable))
    program.op_count = Int32(plan.operations.count)
    program.weight_count = Int32(weights.count)
    program.graded_count = Int32(graded.count)
    program.effect_count = Int32(effects.count)
    program.inputs = Int32(plan.inputs)
    program.is_narrow = isNarrow ? 1 : 0
    return (UnsafePointer(flat.store([program], at: header)), flat.base)
  }

  /// No sum of contributions leaves 31 bits.
  private var isNarrow: Bool {
    var sum: Int64 = 0
    for weight in weights { sum += max(weight.low, weight.high) }
    for (node, entry) in graded {
      let bound = graph.bound(node)
      sum += max(entry.low, entry.high, bound.isNaN ? 0 : thousandths(bound))
    }
    return sum < Int64(Int32.max)
  }
}

extension Program.Rule {
  /// It has no state: what it contributes follows from the registers alone.
  var isPlain: Bool {
    keyedSignals.isEmpty && `for` == 0 && hold == 0 && until == nil && !latch && except.isEmpty && !shadow
      && optionalSignals.isEmpty && unknown != .fires
  }
}

/// Arrays laid end to end in one allocation.
struct FlatMemory {
  private(set) var base = UnsafeMutableRawPointer(bitPattern: 64)!
  private var size = 0

  /// The place of an array, from the start.
  mutating func reserve<T>(_: T.Type, _ count: Int) -> Int {
    // Whole cache lines, so that wide loads never straddle.
    let place = size
    size += (count * MemoryLayout<T>.stride + 63) / 64 * 64
    return place
  }

  mutating func allocate() { base = .allocate(byteCount: max(size, 64), alignment: 64) }

  func store<T>(_ values: [T], at place: Int) -> UnsafeMutablePointer<T> {
    let start = (base + place).bindMemory(to: T.self, capacity: values.count)
    values.withUnsafeBufferPointer { source in
      if let first = source.baseAddress { start.initialize(from: first, count: source.count) }
    }
    return start
  }

  /// Room for values that are all the same.
  func fill<T: BitwiseCopyable>(_ value: T, _ count: Int, at place: Int) -> UnsafeMutablePointer<T> {
    let start = (base + place).bindMemory(to: T.self, capacity: count)
    start.initialize(repeating: value, count: count)
    return start
  }
}
