import CKernels

/// The compact form of one instance: numbers in a file (inputs, results, constants), and at most 64 truths in one register.
///
/// There is none for a program with more truths than that.
struct KernelRows {
  /// The place of each truth, and of each number.
  private(set) var places: [Int: Int32] = [:]
  private(set) var numberPlaces: [Int: Int32] = [:]
  private(set) var numberCount = 0
  /// Constants and where they are in the file.
  private(set) var constants: [(place: Int32, value: Double)] = []
  private var runs: [ck_run] = []
  private var steps: [ck_step] = []
  private var layers: [ck_layer] = []
  private var greater: [ck_leaf] = []
  private var equal: [ck_leaf] = []
  private var words: [ck_word] = []
  private var levels: [ck_level] = []
  private let graph: KernelGraph
  private static let limit = 64

  /// A truth in the register.
  struct Place: Hashable {
    var place: Int32
    var isNegated: Bool
  }

  /// Worths of rules that the kernel sums, which nothing else reads: computed where they are added.
  private let ownRamps: Set<Int>

  /// - Parameters:
  ///   - reachable: What results need; each node after what it needs.
  ///   - worths: Those of the rules that the kernel sums.
  init?(_ graph: KernelGraph, _ reachable: (truths: [Int], numbers: [Int]), worths: [Int]) {
    guard reachable.truths.count <= Self.limit else { return nil }
    self.graph = graph
    var ramps: Set<Int> = []
    for worth in worths { if case .ramp = graph.numbers[worth] { ramps.insert(worth) } }
    for node in reachable.numbers { ramps.subtract(graph.operands(node)) }
    for node in reachable.truths {
      switch graph.truths[node] {
      case .greater(let a, let b), .equal(let a, let b): ramps.subtract([a, b])
      default: break
      }
    }
    ownRamps = ramps
    for node in reachable.numbers {
      if case .input(let input) = graph.numbers[node] { numberPlaces[node] = Int32(input) }
    }
    // Inputs are copied eight at a time.
    numberCount = (graph.numberInputs.count + 7) / 8 * 8
    placeNumbers(reachable.numbers)
    guard placeTruths(reachable.truths) else { return nil }
    addLeaves(reachable.truths)
    addLevels(reachable.truths)
  }

  /// Whether a worth is computed where it is added.
  func isOwnRamp(_ worth: Int) -> Bool { ownRamps.contains(worth) }

  func place(_ ref: KernelGraph.TruthRef) -> Place { Place(place: places[ref.node]!, isNegated: ref.isNegated) }

  // MARK: Numbers

  private mutating func placeNumbers(_ nodes: [Int]) {
    // Steps of one kind at one depth are one run.
    var depths: [Int: Int] = [:]
    var groups: [Int: [Int: [ck_step]]] = [:]
    for node in nodes {
      switch graph.numbers[node] {
      case .input: break
      case .constant(let bits):
        numberPlaces[node] = Int32(numberCount)
        constants.append((Int32(numberCount), Double(bitPattern: bits)))
        numberCount += 1
      default:
        let depth = 1 + (graph.operands(node).compactMap { depths[$0] }.max() ?? 0)
        depths[node] = depth
        numberPlaces[node] = Int32(numberCount)
        numberCount += 1
        if ownRamps.contains(node) { continue }
        let (kind, step) = step(node)
        groups[depth, default: [:]][kind, default: []].append(step)
      }
    }
    for (_, kinds) in groups.sorted(by: { $0.key < $1.key }) {
      for (kind, group) in kinds.sorted(by: { $0.key < $1.key }) {
        runs.append(ck_run(kind: Int32(kind), first: Int32(steps.count), count: Int32(group.count), unused: 0))
        steps += group
      }
    }
  }

  private func step(_ node: Int) -> (kind: Int, ck_step) {
    let form = graph.form(node)
    var step = ck_step()
    step.t = numberPlaces[node]!
    step.a = numberPlaces[form.a]!
    if let b = form.b { step.b = numberPlaces[b]! }
    (step.x, step.y, step.z) = (form.x, form.y, form.z)
    return (form.kind, step)
  }

  // MARK: Truths

  /// First the comparisons of inputs with constants, layer by layer, then the others.
  private mutating func placeTruths(_ nodes: [Int]) -> Bool {
    var thresholds = Array(repeating: [(node: Int, value: Double)](), count: graph.numberInputs.count)
    var others: [Int] = []
    for node in nodes {
      if case .greater(let a, let b) = graph.truths[node], case .input(let input) = graph.numbers[a],
        let value = graph.constant(b)
      {
        thresholds[input].append((node, value))
      } else {
        others.append(node)
      }
    }
    var next: Int32 = 0
    for depth in 0..<(thresholds.map(\.count).max() ?? 0) {
      // Inputs with more thresholds come first: those with enough of them for this layer are the first ones.
      let width = thresholds.prefix { $0.count > depth }.count
      for first in stride(from: 0, to: width, by: 8) {
        let count = min(8, width - first)
        var values = Array(repeating: Double.nan, count: 8)
        for input in first..<(first + count) {
          values[input - first] = thresholds[input][depth].value
          places[thresholds[input][depth].node] = next + Int32(input - first)
        }
        var layer = ck_layer()
        layer.thresholds = (
          values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]
        )
        layer.first = Int32(first)
        layer.mask = UInt32(1 << count - 1)
        layer.shift = UInt64(next)
        layers.append(layer)
        next += Int32(count)
      }
    }
    for node in others {
      places[node] = next
      next += 1
    }
    return next <= Self.limit
  }

  private mutating func addLeaves(_ nodes: [Int]) {
    for node in nodes {
      switch graph.truths[node] {
      case .yes, .unknown, .input, .matches, .and, .split: break
      case .greater(let a, let b):
        if case .input = graph.numbers[a], graph.constant(b) != nil { continue }
        greater.append(leaf(node, a, b))
      case .equal(let a, let b): equal.append(leaf(node, a, b))
      case .member(let string, let base, let mask):
        words.append(
          ck_word(
            kind: Int32(CK_MEMBER), place: places[node]!, a: input(string), b: 0, base: base, unused: 0, mask: mask))
      case .sameString(let a, let b):
        words.append(
          ck_word(
            kind: Int32(CK_SAME_STRING), place: places[node]!, a: input(a), b: input(b), base: 0, unused: 0, mask: 0))
      }
    }
  }

  private func input(_ string: Int) -> Int32 {
    guard case .input(let input) = graph.strings[string] else { preconditionFailure("a constant string in a leaf") }
    return Int32(input)
  }

  private func leaf(_ node: Int, _ a: Int, _ b: Int) -> ck_leaf {
    ck_leaf(place: places[node]!, a: numberPlaces[a]!, b: numberPlaces[b]!)
  }

  private mutating func addLevels(_ nodes: [Int]) {
    var depths: [Int: Int] = [:]
    for node in nodes {
      let (a, b, isSplit): (KernelGraph.TruthRef, KernelGraph.TruthRef, Bool)
      switch graph.truths[node] {
      case .and(let left, let right): (a, b, isSplit) = (left, right, false)
      case .split(let isTrue, let isFalse): (a, b, isSplit) = (isTrue, isFalse, true)
      case .yes, .unknown, .input, .greater, .equal, .member, .sameString, .matches: continue
      }
      let depth = max(depths[a.node] ?? 0, depths[b.node] ?? 0)
      depths[node] = depth + 1
      if depth == levels.count {
        var level = ck_level()
        withUnsafeMutableBytes(of: &level.sign_a) { $0.initializeMemory(as: Int8.self, repeating: 1) }
        withUnsafeMutableBytes(of: &level.sign_b) { $0.initializeMemory(as: Int8.self, repeating: 1) }
        levels.append(level)
      }
      let place = Int(places[node]!)
      let bit = UInt64(1) << UInt64(place)
      withUnsafeMutableBytes(of: &levels[depth].a) { $0[place] = UInt8(places[a.node]!) }
      withUnsafeMutableBytes(of: &levels[depth].b) { $0[place] = UInt8(places[b.node]!) }
      withUnsafeMutableBytes(of: &levels[depth].mask_bytes) { $0[place] = 0xFF }
      if a.isNegated {
        levels[depth].negate_a |= bit
        withUnsafeMutableBytes(of: &levels[depth].sign_a) { $0[place] = 0xFF }
      }
      if b.isNegated {
        levels[depth].negate_b |= bit
        withUnsafeMutableBytes(of: &levels[depth].sign_b) { $0[place] = 0xFF }
      }
      if isSplit {
        levels[depth].splits |= bit
        withUnsafeMutableBytes(of: &levels[depth].split_bytes) { $0[place] = 0xFF }
      }
      levels[depth].mask |= bit
    }
  }

  // MARK: Results

  /// The truths that the caller gives: inputs and answers of regular expressions, by place in the register.
  func given() -> (inputs: [Int32], matches: [Int32], constants: UInt64) {
    var inputs = Array(repeating: Int32(-1), count: graph.truthInputs.count)
    var matches: [Int32] = []
    var constants: UInt64 = 0
    for (node, truth) in graph.truths.enumerated() {
      let place = places[node]
      switch truth {
      case .yes: if let place { constants |= 1 << UInt64(place) }
      case .input(let input): inputs[input] = place ?? -1
      case .matches: matches.append(place ?? -1)
      case .unknown, .greater, .equal, .member, .sameString, .split, .and: break
      }
    }
    return (inputs, matches, constants)
  }

  /// What rules that the kernel sums come to, in the order of the outcomes: constant worths, graded ones, effects.
  struct Outcome {
    var when: KernelGraph.TruthRef
    var ignoresUnknown: Bool
    var kind: Kind
    enum Kind {
      /// In thousandths.
      case constant(low: Int64, high: Int64)
      case ramp(worth: Int, low: Int64, high: Int64)
      case graded(worth: Int, low: Int64, high: Int64)
      case effect
    }
  }

  /// The compact form in one piece of memory, which the caller frees.
  ///
  /// - Parameter outcomes: Fewer than 64.
  func flatten(_ outcomes: [Outcome]) -> (UnsafePointer<ck_compact>, UnsafeMutableRawPointer) {
    var compact = ck_compact()
    withUnsafeMutableBytes(of: &compact.signs) { $0.initializeMemory(as: Int8.self, repeating: 1) }
    var weights: [(low: Int64, high: Int64)] = []
    var ramps: [ck_ramp] = []
    var graded: [ck_graded] = []
    for (index, outcome) in outcomes.enumerated() {
      let bit = UInt64(1) << UInt64(index)
      let place = place(outcome.when)
      withUnsafeMutableBytes(of: &compact.outcomes) { $0[index] = UInt8(place.place) }
      if place.isNegated {
        compact.negate |= bit
        withUnsafeMutableBytes(of: &compact.signs) { $0[index] = 0xFF }
      }
      if outcome.ignoresUnknown { compact.ignores |= bit }
      switch outcome.kind {
      case .constant(let low, let high): weights.append((low, high))
      case .ramp(let worth, let low, let high):
        let form = graph.form(worth)
        ramps.append(
          ck_ramp(
            a: numberPlaces[form.a]!, value: numberPlaces[worth]!, x: form.x, y: form.y, z: form.z, low: low,
            high: high))
      case .graded(let worth, let low, let high):
        graded.append(ck_graded(t: 0, h: 0, flip: 0, value: numberPlaces[worth]!, low: low, high: high))
      case .effect: break
      }
    }
    let tables = (weights.count + 7) / 8
    var lows = Array(repeating: Int64(0), count: tables * 256)
    var highs = lows
    for (index, weight) in weights.enumerated() {
      for bits in 0..<256 where bits >> (index % 8) & 1 == 1 {
        lows[index / 8 * 256 + bits] += weight.low
        highs[index / 8 * 256 + bits] += weight.high
      }
    }
    var flat = FlatMemory()
    let header = flat.reserve(ck_compact.self, 1)
    let runTable = flat.reserve(ck_run.self, runs.count)
    let stepTable = flat.reserve(ck_step.self, steps.count)
    let layerTable = flat.reserve(ck_layer.self, layers.count)
    let greaterTable = flat.reserve(ck_leaf.self, greater.count)
    let equalTable = flat.reserve(ck_leaf.self, equal.count)
    let rampTable = flat.reserve(ck_ramp.self, ramps.count)
    let wordTable = flat.reserve(ck_word.self, words.count)
    let levelTable = flat.reserve(ck_level.self, levels.count)
    let gradedTable = flat.reserve(ck_graded.self, graded.count)
    let lowTable = flat.reserve(Int64.self, lows.count)
    let highTable = flat.reserve(Int64.self, highs.count)
    flat.allocate()
    compact.runs = UnsafePointer(flat.store(runs, at: runTable))
    compact.steps = UnsafePointer(flat.store(steps, at: stepTable))
    compact.layers = UnsafePointer(flat.store(layers, at: layerTable))
    compact.greater = UnsafePointer(flat.store(greater, at: greaterTable))
    compact.equal = UnsafePointer(flat.store(equal, at: equalTable))
    compact.ramps = UnsafePointer(flat.store(ramps, at: rampTable))
    compact.words = UnsafePointer(flat.store(words, at: wordTable))
    compact.levels = UnsafePointer(flat.store(levels, at: levelTable))
    compact.graded = UnsafePointer(flat.store(graded, at: gradedTable))
    compact.lows = UnsafePointer(flat.store(lows, at: lowTable))
    compact.highs = UnsafePointer(flat.store(highs, at: highTable))
    compact.input_count = Int32(graph.numberInputs.count)
    compact.run_count = Int32(runs.count)
    compact.layer_count = Int32(layers.count)
    compact.greater_count = Int32(greater.count)
    compact.equal_count = Int32(equal.count)
    compact.ramp_count = Int32(ramps.count)
    compact.word_count = Int32(words.count)
    compact.level_count = Int32(levels.count)
    compact.graded_count = Int32(graded.count)
    compact.table_count = Int32(tables)
    compact.weight_count = Int32(weights.count)
    compact.truth_count = Int32(places.values.max() ?? -1) + 1
    compact.outcome_count = Int32(outcomes.count)
    return (UnsafePointer(flat.store([compact], at: header)), flat.base)
  }
}
