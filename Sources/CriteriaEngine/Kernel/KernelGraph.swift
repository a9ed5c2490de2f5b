/// The expressions of a program's unkeyed rules as a graph in which equal expressions are one node.
///
/// Truths are made of a few kinds of leaves and of one kind of inner node, *and*: a comparison is `a > b` or `a == b`, an *or*
/// is the negation of an *and* of negations, and a negation is a mark on a reference. What is constant is folded, by the
/// same arithmetic as the plain evaluator's.
struct KernelGraph {
  enum Arithmetic: UInt8, Hashable { case add, subtract, multiply, divide, minimum, maximum }

  enum NumberNode: Hashable {
    /// A place in `numberInputs`.
    case input(Int)
    /// By its bits; all that are NaN are one.
    case constant(UInt64)
    case negate(Int)
    case absolute(Int)
    case arithmetic(Arithmetic, Int, Int)
    /// The share above a bound, in widths, times a factor.
    case ramp(Int, from: UInt64, width: UInt64, factor: UInt64)
    /// The first where it is known, else the second.
    case select(Int, Int)
  }

  enum StringNode: Hashable {
    case input(Int)
    case constant(UInt32)
  }

  enum TruthNode: Hashable {
    case yes
    case unknown
    case input(Int)
    case greater(Int, Int)
    case equal(Int, Int)
    /// A string whose code, less `base`, is a bit of the mask.
    case member(Int, base: UInt32, mask: UInt64)
    case sameString(Int, Int)
    case matches(string: Int, regex: Int)
    /// True where one is true, false where the other is false.
    case split(isTrue: TruthRef, isFalse: TruthRef)
    case and(TruthRef, TruthRef)
  }

  struct TruthRef: Hashable, Comparable {
    var node: Int
    var isNegated = false
    /// What is unknown stays so.
    static prefix func ! (a: TruthRef) -> TruthRef {
      a == KernelGraph.unknown ? a : TruthRef(node: a.node, isNegated: !a.isNegated)
    }
    static func < (a: TruthRef, b: TruthRef) -> Bool {
      a.node != b.node ? a.node < b.node : !a.isNegated && b.isNegated
    }
  }

  private(set) var numbers: [NumberNode] = []
  private(set) var strings: [StringNode] = []
  private(set) var truths: [TruthNode] = [.yes, .unknown]
  /// Registers, in order of first use.
  private(set) var numberInputs: [Int] = []
  private(set) var stringInputs: [Int] = []
  private(set) var truthInputs: [Int] = []

  static let yes = TruthRef(node: 0)
  static let no = TruthRef(node: 0, isNegated: true)
  static let unknown = TruthRef(node: 1)

  private var numberIndex: [NumberNode: Int] = [:]
  private var stringIndex: [StringNode: Int] = [:]
  private var truthIndex: [TruthNode: Int] = [.yes: 0, .unknown: 1]
  private let program: Program
  /// What registers hold before code runs. A register that nobody fills is unknown.
  private var numberLeaves: [Int: NumberNode] = [:]
  private var stringLeaves: [Int: StringNode] = [:]
  private var truthLeaves: [Int: TruthRef] = [:]
  private var fedNumbers: Set<Int> = []
  private var fedStrings: Set<Int> = []
  private var fedTruths: Set<Int> = []
  /// What the fragment under construction has written.
  private var writtenNumbers: [Int: Int] = [:]
  private var writtenTruths: [Int: TruthRef] = [:]

  init(_ program: Program) {
    self.program = program
    for (register, value) in program.numberConstants { numberLeaves[register] = .constant(Self.bits(value)) }
    for (register, code) in program.stringConstants { stringLeaves[register] = .constant(code) }
    for (register, value) in program.truthConstants {
      truthLeaves[register] =
        switch value {
        case .yes: Self.yes
        case .no: Self.no
        case .unknown: Self.unknown
        }
    }
    for feature in program.features {
      switch feature.kind {
      case .latest, .window, .sinceSignal, .sinceFact, .age, .driftCount, .driftRatio, .factNumber:
        fedNumbers.insert(feature.register)
        if let bound = feature.boundRegister { fedNumbers.insert(bound) }
      case .absent: fedTruths.insert(feature.register)
      case .fact, .label, .desired, .status, .reason, .info, .capture: fedStrings.insert(feature.register)
      }
    }
    for one in program.derived {
      fedNumbers.insert(one.register)
      if case .sinceTruth(let bound, _) = one.kind { fedNumbers.insert(bound) }
    }
    if let spread = program.spreadRegister { fedNumbers.insert(spread) }
  }

  // MARK: Fragments

  mutating func truth(_ fragment: Program.Fragment) -> TruthRef {
    run(fragment)
    return truthAt(Int32(fragment.result))
  }

  mutating func number(_ fragment: Program.Fragment) -> Int {
    run(fragment)
    return numberAt(Int32(fragment.result))
  }

  func constant(_ node: Int) -> Double? {
    if case .constant(let bits) = numbers[node] { Double(bitPattern: bits) } else { nil }
  }

  // MARK: The whole

  /// The numbers and truths that some truths and numbers need, themselves among them; each after what it needs.
  func reachable(truths roots: [TruthRef], numbers numberRoots: [Int]) -> (truths: [Int], numbers: [Int]) {
    var isTruthNeeded = Array(repeating: false, count: truths.count)
    var isNumberNeeded = Array(repeating: false, count: numbers.count)
    for root in roots { isTruthNeeded[root.node] = true }
    for root in numberRoots { isNumberNeeded[root] = true }
    // A node is made after what it needs.
    for node in truths.indices.reversed() where isTruthNeeded[node] {
      switch truths[node] {
      case .yes, .unknown, .input, .member, .sameString, .matches: break
      case .greater(let a, let b), .equal(let a, let b):
        isNumberNeeded[a] = true
        isNumberNeeded[b] = true
      case .split(let a, let b), .and(let a, let b):
        isTruthNeeded[a.node] = true
        isTruthNeeded[b.node] = true
      }
    }
    for node in numbers.indices.reversed() where isNumberNeeded[node] {
      for operand in operands(node) { isNumberNeeded[operand] = true }
    }
    return (truths.indices.filter { isTruthNeeded[$0] }, numbers.indices.filter { isNumberNeeded[$0] })
  }

  func operands(_ node: Int) -> [Int] {
    switch numbers[node] {
    case .input, .constant: []
    case .negate(let a), .absolute(let a), .ramp(let a, _, _, _): [a]
    case .arithmetic(_, let a, let b), .select(let a, let b): [a, b]
    }
  }

  /// Whether an operation computes a number, which is neither an input nor a constant.
  func isComputed(number node: Int) -> Bool { !operands(node).isEmpty }

  /// Whether an operation computes a truth: it is not given, and not only another name for others.
  func isComputed(truth node: Int) -> Bool {
    switch truths[node] {
    case .yes, .unknown, .input, .split: false
    case .greater, .equal, .member, .sameString, .matches, .and: true
    }
  }

  /// Orders the number inputs so that those that more constants are compared with come first: rows are compared side by side.
  mutating func orderInputs(for reachable: [Int]) {
    var thresholds = Array(repeating: 0, count: numberInputs.count)
    for node in reachable {
      guard case .greater(let a, let b) = truths[node], case .input(let input) = numbers[a], constant(b) != nil else {
        continue
      }
      thresholds[input] += 1
    }
    let order = numberInputs.indices.sorted { (thresholds[$0], $1) > (thresholds[$1], $0) }
    var places = Array(repeating: 0, count: order.count)
    for (place, input) in order.enumerated() { places[input] = place }
    numberInputs = order.map { numberInputs[$0] }
    for node in numbers.indices {
      if case .input(let input) = numbers[node] { numbers[node] = .input(places[input]) }
    }
  }

  /// What a number is never above; infinity where that does not follow from how it is computed.
  func bound(_ node: Int) -> Double {
    switch numbers[node] {
    case .constant(let bits): return Double(bitPattern: bits)
    case .ramp(_, _, _, let factor): return Swift.max(0, Double(bitPattern: factor))
    case .arithmetic(.minimum, let a, let b): return Swift.min(bound(a), bound(b))
    // Rounded as the values are, and rounding keeps order.
    case .arithmetic(.add, let a, let b): return bound(a) + bound(b)
    case .arithmetic(.multiply, let a, let b):
      if let factor = constant(a), factor > 0 { return factor * bound(b) }
      if let factor = constant(b), factor > 0 { return factor * bound(a) }
      return .infinity
    case .arithmetic(.maximum, let a, let b): return Swift.max(bound(a), bound(b))
    case .input, .negate, .absolute, .select, .arithmetic(.subtract, _, _), .arithmetic(.divide, _, _):
      return .infinity
    }
  }

  private mutating func run(_ fragment: Program.Fragment) {
    writtenNumbers.removeAll(keepingCapacity: true)
    writtenTruths.removeAll(keepingCapacity: true)
    for index in fragment.code { step(program.instructions[index]) }
  }

  private mutating func step(_ i: Instruction) {
    let target = Int(i.target)
    switch i.operation {
    case .negate: writtenNumbers[target] = negate(numberAt(i.a))
    case .add: writtenNumbers[target] = arithmetic(.add, numberAt(i.a), numberAt(i.b))
    case .subtract: writtenNumbers[target] = arithmetic(.subtract, numberAt(i.a), numberAt(i.b))
    case .multiply: writtenNumbers[target] = arithmetic(.multiply, numberAt(i.a), numberAt(i.b))
    case .divide: writtenNumbers[target] = arithmetic(.divide, numberAt(i.a), numberAt(i.b))
    case .absolute: writtenNumbers[target] = absolute(numberAt(i.a))
    case .minimum: writtenNumbers[target] = arithmetic(.minimum, numberAt(i.a), numberAt(i.b))
    case .maximum: writtenNumbers[target] = arithmetic(.maximum, numberAt(i.a), numberAt(i.b))
    case .clamp:
      let above = arithmetic(.maximum, numberAt(i.a), numberAt(i.b))
      writtenNumbers[target] = arithmetic(.minimum, above, numberAt(i.c))
    case .ramp: writtenNumbers[target] = ramp(numberAt(i.a), numberAt(i.b), numberAt(i.c))
    case .spread:
      // (a − b) + (2·b)·u; that a step on the way is not finite always makes the result so.
      let b = numberAt(i.b)
      let low = arithmetic(.subtract, numberAt(i.a), b)
      let width = arithmetic(.multiply, constant(2), b)
      writtenNumbers[target] = arithmetic(.add, low, arithmetic(.multiply, width, numberAt(i.c)))
    case .less: writtenTruths[target] = greater(numberAt(i.b), numberAt(i.a))
    case .lessOrEqual: writtenTruths[target] = !greater(numberAt(i.a), numberAt(i.b))
    case .greater: writtenTruths[target] = greater(numberAt(i.a), numberAt(i.b))
    case .greaterOrEqual: writtenTruths[target] = !greater(numberAt(i.b), numberAt(i.a))
    case .equal: writtenTruths[target] = equal(numberAt(i.a), numberAt(i.b))
    case .notEqual: writtenTruths[target] = !equal(numberAt(i.a), numberAt(i.b))
    case .clockLess:
      let (a, leastA, b, leastB) = clocks(i)
      writtenTruths[target] = clockGreater(b, leastB, a, leastA)
    case .clockLessOrEqual:
      let (a, leastA, b, leastB) = clocks(i)
      writtenTruths[target] = clockGreaterOrEqual(b, leastB, a, leastA)
    case .clockGreater:
      let (a, leastA, b, leastB) = clocks(i)
      writtenTruths[target] = clockGreater(a, leastA, b, leastB)
    case .clockGreaterOrEqual:
      let (a, leastA, b, leastB) = clocks(i)
      writtenTruths[target] = clockGreaterOrEqual(a, leastA, b, leastB)
    case .clockEqual:
      let (a, leastA, b, leastB) = clocks(i)
      writtenTruths[target] = clockEqual(a, leastA, b, leastB)
    case .clockNotEqual:
      let (a, leastA, b, leastB) = clocks(i)
      writtenTruths[target] = !clockEqual(a, leastA, b, leastB)
    case .numberIn:
      let value = numberAt(i.a)
      writtenTruths[target] = program.numberLists[Int(i.b)].reduce(greater(value, value)) {
        // Nothing is greater than itself: false where the value is known, what a list without elements gives.
        $1.isNaN ? $0 : or($0, equal(value, constant($1)))
      }
    case .stringEqual: writtenTruths[target] = sameString(stringAt(i.a), stringAt(i.b))
    case .stringNotEqual: writtenTruths[target] = !sameString(stringAt(i.a), stringAt(i.b))
    case .stringIn: writtenTruths[target] = member(stringAt(i.a), program.stringLists[Int(i.b)])
    case .stringMatches:
      writtenTruths[target] = TruthRef(node: intern(.matches(string: stringAt(i.a), regex: Int(i.b))))
    case .not: writtenTruths[target] = !truthAt(i.a)
    case .and: writtenTruths[target] = and(truthAt(i.a), truthAt(i.b))
    case .or: writtenTruths[target] = or(truthAt(i.a), truthAt(i.b))
    case .truthEqual: writtenTruths[target] = same(truthAt(i.a), truthAt(i.b))
    case .truthNotEqual: writtenTruths[target] = !same(truthAt(i.a), truthAt(i.b))
    }
  }

  // MARK: Registers

  private mutating func numberAt(_ register: Int32) -> Int {
    let register = Int(register)
    if let written = writtenNumbers[register] { return written }
    if let leaf = numberLeaves[register] { return intern(leaf) }
    guard fedNumbers.contains(register) else { return constant(.nan) }
    let leaf = NumberNode.input(numberInputs.count)
    numberInputs.append(register)
    numberLeaves[register] = leaf
    return intern(leaf)
  }

  private mutating func stringAt(_ register: Int32) -> Int {
    let register = Int(register)
    if let leaf = stringLeaves[register] { return intern(leaf) }
    let leaf: StringNode = fedStrings.contains(register) ? .input(stringInputs.count) : .constant(0)
    if case .input = leaf { stringInputs.append(register) }
    stringLeaves[register] = leaf
    return intern(leaf)
  }

  private mutating func truthAt(_ register: Int32) -> TruthRef {
    let register = Int(register)
    if let written = writtenTruths[register] { return written }
    if let leaf = truthLeaves[register] { return leaf }
    guard fedTruths.contains(register) else { return Self.unknown }
    let leaf = TruthRef(node: intern(TruthNode.input(truthInputs.count)))
    truthInputs.append(register)
    truthLeaves[register] = leaf
    return leaf
  }

  // MARK: Numbers

  private static func bits(_ value: Double) -> UInt64 { (value.isNaN ? .nan : value).bitPattern }

  private mutating func intern(_ node: NumberNode) -> Int {
    if let known = numberIndex[node] { return known }
    numbers.append(node)
    numberIndex[node] = numbers.count - 1
    return numbers.count - 1
  }

  private mutating func constant(_ value: Double) -> Int { intern(.constant(Self.bits(value))) }

  private mutating func negate(_ a: Int) -> Int {
    if let a = constant(a) { return constant(-a) }
    return intern(.negate(a))
  }

  private mutating func absolute(_ a: Int) -> Int {
    if let a = constant(a) { return constant(a.magnitude) }
    return intern(.absolute(a))
  }

  private mutating func arithmetic(_ operation: Arithmetic, _ a: Int, _ b: Int) -> Int {
    let (x, y) = (constant(a), constant(b))
    if let x, let y { return constant(apply(operation, x, y)) }
    if x?.isNaN == true || y?.isNaN == true { return constant(.nan) }
    if operation == .multiply, let scaled = scale(a, y) ?? scale(b, x) { return intern(scaled) }
    return intern(.arithmetic(operation, a, b))
  }

  /// A ramp times a constant: a share is at most 1, so that the product stays finite.
  private func scale(_ node: Int, _ factor: Double?) -> NumberNode? {
    guard let factor, factor.isFinite, case .ramp(let x, let from, let width, Self.bits(1)) = numbers[node] else {
      return nil
    }
    return .ramp(x, from: from, width: width, factor: Self.bits(factor))
  }

  /// clamp((x − a) ÷ (b − a), 0, 1)
  private mutating func ramp(_ x: Int, _ a: Int, _ b: Int) -> Int {
    let width = arithmetic(.subtract, b, a)
    if let from = constant(a), let width = constant(width), constant(x) == nil, !from.isNaN, !width.isNaN {
      return intern(.ramp(x, from: Self.bits(from), width: Self.bits(width), factor: Self.bits(1)))
    }
    let share = arithmetic(.divide, arithmetic(.subtract, x, a), width)
    return arithmetic(.minimum, arithmetic(.maximum, share, constant(0)), constant(1))
  }

  private mutating func select(_ a: Int, _ b: Int) -> Int {
    if let a = constant(a), !a.isNaN { return constant(a) }
    if constant(a) != nil { return b }
    if constant(b)?.isNaN == true || a == b { return a }
    return intern(.select(a, b))
  }

  // MARK: Truths

  private mutating func intern(_ node: StringNode) -> Int {
    if let known = stringIndex[node] { return known }
    strings.append(node)
    stringIndex[node] = strings.count - 1
    return strings.count - 1
  }

  private mutating func intern(_ node: TruthNode) -> Int {
    if let known = truthIndex[node] { return known }
    truths.append(node)
    truthIndex[node] = truths.count - 1
    return truths.count - 1
  }

  private static func ref(_ value: Bool) -> TruthRef { value ? yes : no }

  private mutating func greater(_ a: Int, _ b: Int) -> TruthRef {
    let (x, y) = (constant(a), constant(b))
    if x?.isNaN == true || y?.isNaN == true { return Self.unknown }
    if let x, let y { return Self.ref(x > y) }
    // The constant stands on the right: c > x where x is not above the number before c.
    if let x, x != -.infinity { return !TruthRef(node: intern(.greater(b, constant(x.nextDown)))) }
    return TruthRef(node: intern(.greater(a, b)))
  }

  private mutating func equal(_ a: Int, _ b: Int) -> TruthRef {
    let (x, y) = (constant(a), constant(b))
    if x?.isNaN == true || y?.isNaN == true { return Self.unknown }
    if let x, let y { return Self.ref(x == y) }
    return TruthRef(node: intern(x != nil || (y == nil && b < a) ? .equal(b, a) : .equal(a, b)))
  }

  /// The two sides of a comparison of clocks; `least` is what a side is at least where it is not known.
  private mutating func clocks(_ i: Instruction) -> (a: Int, leastA: Int, b: Int, leastB: Int) {
    let (a, b) = (numberAt(i.a), numberAt(i.b))
    return (a, select(a, numberAt(i.c)), b, select(b, numberAt(i.d)))
  }

  /// `a > b`: true where even the least a is greater, false where a is not above even the least b.
  private mutating func clockGreater(_ a: Int, _ leastA: Int, _ b: Int, _ leastB: Int) -> TruthRef {
    split(isTrue: greater(leastA, b), isFalse: greater(a, leastB))
  }

  /// `a >= b`, likewise.
  private mutating func clockGreaterOrEqual(_ a: Int, _ leastA: Int, _ b: Int, _ leastB: Int) -> TruthRef {
    split(isTrue: !greater(b, leastA), isFalse: !greater(leastB, a))
  }

  private mutating func clockEqual(_ a: Int, _ leastA: Int, _ b: Int, _ leastB: Int) -> TruthRef {
    if leastA == a, leastB == b { return equal(a, b) }
    return split(isTrue: equal(a, b), isFalse: !or(greater(leastA, b), greater(leastB, a)))
  }

  /// True where one is true, false where the other is false. Never are both.
  private mutating func split(isTrue: TruthRef, isFalse: TruthRef) -> TruthRef {
    if isTrue == isFalse { return isTrue }
    return TruthRef(node: intern(.split(isTrue: isTrue, isFalse: isFalse)))
  }

  private mutating func sameString(_ a: Int, _ b: Int) -> TruthRef {
    switch (strings[a], strings[b]) {
    case (.constant(0), _), (_, .constant(0)): return Self.unknown
    case (.constant(let x), .constant(let y)): return Self.ref(x == y)
    case (.constant(let code), _): return member(b, [code])
    case (_, .constant(let code)): return member(a, [code])
    case (.input, .input): return TruthRef(node: intern(.sameString(min(a, b), max(a, b))))
    }
  }

  private mutating func member(_ string: Int, _ list: [UInt32]) -> TruthRef {
    if case .constant(let code) = strings[string] { return code == 0 ? Self.unknown : Self.ref(list.contains(code)) }
    var codes = Set(list).subtracting([0]).sorted()[...]
    if codes.isEmpty { return TruthRef(node: intern(.member(string, base: 1, mask: 0))) }
    var result: TruthRef?
    while let first = codes.first {
      let base = codes.last! < 64 ? 0 : first
      let near = codes.prefix { $0 - base < 64 }
      codes = codes.dropFirst(near.count)
      let mask = near.reduce(UInt64(0)) { $0 | 1 << UInt64($1 - base) }
      let one = TruthRef(node: intern(.member(string, base: base, mask: mask)))
      result = result.map { or($0, one) } ?? one
    }
    return result!
  }

  private mutating func and(_ a: TruthRef, _ b: TruthRef) -> TruthRef {
    if a == Self.no || b == Self.no { return Self.no }
    if a == Self.yes || a == b { return b }
    if b == Self.yes { return a }
    return TruthRef(node: intern(.and(min(a, b), max(a, b))))
  }

  private mutating func or(_ a: TruthRef, _ b: TruthRef) -> TruthRef {
    !and(!a, !b)
  }

  private mutating func same(_ a: TruthRef, _ b: TruthRef) -> TruthRef {
    or(and(a, b), and(!a, !b))
  }
}

/// As the plain evaluator has it.
private func apply(_ operation: KernelGraph.Arithmetic, _ a: Double, _ b: Double) -> Double {
  switch operation {
  case .add: finite(a + b)
  case .subtract: finite(a - b)
  case .multiply: finite(a * b)
  case .divide: finite(a / b)
  case .minimum: minimum(a, b)
  case .maximum: maximum(a, b)
  }
}
