import CriteriaEngine

/// SplitMix64.
struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func chance(_ percent: Int) -> Bool { int(0...99) < percent }
  mutating func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &self)! }
}

/// What one instance comes to: compared to the bit, where all NaN are one.
struct Outcome: Equatable {
  var whens: [Truth?] = []
  var untils: [Truth?] = []
  var excepts: [[Truth]] = []
  var worths: [UInt64?] = []
  var selector: Truth?
  var low: Int64 = 0
  var high: Int64 = 0
  var protect = Truth.no
  var quarantine = Truth.no
  var replace = Truth.no
}

private func bits(_ value: Double) -> UInt64 { (value.isNaN ? .nan : value).bitPattern }

/// Makes any program, not only such as the compiler lowers to.
struct ProgramMaker {
  var random: Random
  private var program = Program()
  private var numbers: [Int] = []
  private var bounds: [Int] = []
  private var strings: [Int] = []
  private var truths: [Int] = []

  init(seed: UInt64) { random = Random(state: seed) }

  static let values: [Double] = [
    0, -0.0, 1, 2, 3, -1, 0.5, 0.1, 10, 100, 1e300, -1e300, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
    -.leastNonzeroMagnitude, 0.0005, 33.3335,
  ]

  mutating func make() -> Program {
    program.strings = ["", "a", "b", "web", "db", "v1", "v2"] + (0..<80).map { "s\($0)" }
    program.regexes = [try! Regex(pattern: "^[abw]"), try! Regex(pattern: "1$")]
    for index in 0..<random.int(1...9) { addNumber(index) }
    for index in 0..<random.int(1...4) {
      let register = newString()
      add(.fact(name: UInt32(index + 1)), register)
      strings.append(register)
    }
    for index in 0..<random.int(0...3) {
      let register = newTruth()
      add(.absent(signal: 0, window: Int64(index)), register)
      truths.append(register)
    }
    for value in Self.values + [.infinity, -.infinity, .nan] where random.chance(40) {
      let register = newNumber()
      program.numberConstants.append((register, value))
      numbers.append(register)
    }
    for code in [UInt32(1), 2, 5, 70] where random.chance(50) {
      let register = newString()
      program.stringConstants.append((register, code))
      strings.append(register)
    }
    for value in [Truth.yes, .no] where random.chance(30) {
      let register = newTruth()
      program.truthConstants.append((register, value))
      truths.append(register)
    }
    // Nobody writes these.
    if random.chance(30) { numbers.append(newNumber()) }
    if random.chance(30) { truths.append(newTruth()) }
    for _ in 0..<3 {
      program.numberLists.append((0..<random.int(0...4)).map { _ in random.pick(Self.values) })
      program.stringLists.append((0..<random.int(0...5)).map { _ in UInt32(random.int(1...87)) })
    }
    for index in 0..<random.int(1...12) { program.rules.append(makeRule(index)) }
    if random.chance(30) { program.selector = truth() }
    return program
  }

  private mutating func newNumber() -> Int {
    program.numberRegisters += 1
    return program.numberRegisters - 1
  }
  private mutating func newString() -> Int {
    program.stringRegisters += 1
    return program.stringRegisters - 1
  }
  private mutating func newTruth() -> Int {
    program.truthRegisters += 1
    return program.truthRegisters - 1
  }

  private mutating func add(_ kind: Program.Feature.Kind, _ register: Int, bound: Int? = nil) {
    program.features.append(
      Program.Feature(
        kind: kind, register: register, boundRegister: bound, text: "f", format: .plain, signal: nil, isKeyed: false))
  }

  private mutating func addNumber(_ index: Int) {
    let register = newNumber()
    numbers.append(register)
    if random.chance(25) {
      let bound = newNumber()
      bounds.append(bound)
      add(.sinceFact(name: UInt32(index)), register, bound: bound)
    } else {
      add(.factNumber(signal: index), register)
    }
  }

  private mutating func makeRule(_ index: Int) -> Program.Rule {
    let when = truth()
    let effect: Program.Rule.Effect =
      switch random.int(0...7) {
      case 0: .protect
      case 1: .quarantine
      case 2: .replace
      default: .add(worth: number(), low: random.pick([0, 1, 0.0005]), high: random.pick([10, 70.5, 1e12, 3e6]))
      }
    var one = rule(index, when: when, effect: effect)
    one.unknown = random.pick([.spreads, .spreads, .spreads, .ignored, .fires])
    if random.chance(15) { one.until = truth() }
    if random.chance(10) { one.for = 30_000 }
    if random.chance(10) { one.hold = 30_000 }
    if random.chance(5) { one.latch = true }
    if random.chance(5) { one.shadow = true }
    if random.chance(5) { one.optionalSignals = [0] }
    if random.chance(10) { one.keyedSignals = [0] }
    if random.chance(10) { one.except = [Program.Rule.Except(condition: truth(), expires: nil, because: nil)] }
    return one
  }

  /// A few instructions and the register that matters; parts of others are used again.
  private mutating func number() -> Program.Fragment {
    let start = program.instructions.count
    let (outerNumbers, outerTruths) = (numbers, truths)
    for _ in 0..<random.int(0...4) { emitNumber() }
    let result = random.chance(80) ? numbers.last! : random.pick(numbers)
    (numbers, truths) = (outerNumbers, outerTruths)
    return fragment(start..<program.instructions.count, result)
  }

  private mutating func truth() -> Program.Fragment {
    let start = program.instructions.count
    let (outerNumbers, outerTruths) = (numbers, truths)
    for _ in 0..<random.int(1...8) { random.chance(25) ? emitNumber() : emitTruth() }
    if truths.isEmpty { emitLeaf() }
    let result = random.chance(85) ? truths.last! : random.pick(truths)
    (numbers, truths) = (outerNumbers, outerTruths)
    return fragment(start..<program.instructions.count, result)
  }

  private mutating func emitNumber() {
    let operation = random.pick(
      [.negate, .add, .subtract, .multiply, .divide, .absolute, .minimum, .maximum, .clamp, .ramp, .ramp, .spread]
        as [Instruction.Operation])
    let target = newNumber()
    program.instructions.append(
      Instruction(
        operation, target: target, a: random.pick(numbers), b: random.pick(numbers), c: random.pick(numbers)))
    numbers.append(target)
  }

  private mutating func emitTruth() {
    if truths.count < 2 || random.chance(50) { return emitLeaf() }
    let operation = random.pick(
      [.not, .and, .and, .and, .or, .or, .or, .truthEqual, .truthNotEqual] as [Instruction.Operation])
    let target = newTruth()
    program.instructions.append(
      Instruction(operation, target: target, a: random.pick(truths), b: random.pick(truths)))
    truths.append(target)
  }

  private mutating func emitLeaf() {
    let target = newTruth()
    let (number, other) = (random.pick(numbers), random.pick(numbers))
    let (string, text) = (random.pick(strings), random.pick(strings))
    let plain: [Instruction.Operation] = [.less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual]
    let clocks: [Instruction.Operation] = [
      .clockLess, .clockLessOrEqual, .clockGreater, .clockGreaterOrEqual, .clockEqual, .clockNotEqual,
    ]
    let unwritten = newNumber()
    let instruction: Instruction =
      switch random.int(0...9) {
      case 0: Instruction(.numberIn, target: target, a: number, b: random.int(0...2))
      case 1: Instruction(random.pick([.stringEqual, .stringNotEqual]), target: target, a: string, b: text)
      case 2: Instruction(.stringIn, target: target, a: string, b: random.int(0...2))
      case 3: Instruction(.stringMatches, target: target, a: string, b: random.int(0...1))
      case 4, 5:
        Instruction(
          random.pick(clocks), target: target, a: number, b: other, c: random.pick(bounds + [unwritten]),
          d: random.pick(bounds + [unwritten]))
      default: Instruction(random.pick(plain), target: target, a: number, b: other)
      }
    program.instructions.append(instruction)
    truths.append(target)
  }
}

/// Columns for every register that a feature writes, and what the plain evaluator and the kernel make of them.
struct RandomColumns {
  let count: Int
  private var numbers: [Int: [Double]] = [:]
  private var strings: [Int: [UInt32]] = [:]
  private var truths: [Int: [Truth]] = [:]
  private let program: Program
  private var interner: Interner
  /// What the plain evaluator works in.
  private let workspace: Workspace

  init(_ program: Program, count: Int, _ random: inout Random) {
    self.init(program, count: count) { _ in
      random.chance(20)
        ? .nan : random.chance(5) ? random.pick([.infinity, -.infinity]) : random.pick(ProgramMaker.values)
    }
    for register in strings.keys.sorted() {
      strings[register] = (0..<count).map { _ in
        random.chance(20) ? 0 : UInt32(random.pick([1, 2, 3, 4, 5, 6, 7, 20, 70, 71, 87]))
      }
    }
    for register in truths.keys.sorted() {
      truths[register] = (0..<count).map { _ in random.pick([.yes, .no, .unknown]) }
    }
  }

  init(_ program: Program, count: Int, number: (Int) -> Double) {
    self.count = count
    self.program = program
    interner = Interner(program.strings)
    workspace = Workspace(program)
    for feature in program.features {
      switch feature.kind {
      case .absent: truths[feature.register] = Array(repeating: .unknown, count: count)
      case .fact: strings[feature.register] = Array(repeating: 0, count: count)
      default: numbers[feature.register] = (0..<count).map(number)
      }
      if let bound = feature.boundRegister { numbers[bound] = (0..<count).map(number) }
    }
  }

  /// What the plain evaluator says, with the arithmetic of contributions.
  mutating func plain(_ program: Program, row: Int) -> Outcome {
    var outcome = Outcome()
    func fresh() -> Frame {
      let frame = Frame(program)
      for (register, column) in numbers { frame.numbers[register] = column[row] }
      for (register, column) in strings { frame.strings[register] = column[row] }
      for (register, column) in truths { frame.truths[register] = column[row] }
      return frame
    }
    func truth(_ fragment: Program.Fragment) -> Truth {
      let frame = fresh()
      frame.run(fragment, workspace)
      return frame.truths[fragment.result]
    }
    for rule in program.rules {
      guard rule.keyedSignals.isEmpty else {
        outcome.whens.append(nil)
        continue
      }
      var when = truth(rule.when)
      outcome.whens.append(when)
      outcome.untils.append(rule.until.map { truth($0) })
      outcome.excepts.append(rule.except.map { truth($0.condition) })
      var worth: Double?
      if case .add(let fragment, _, _) = rule.effect {
        let frame = fresh()
        frame.run(fragment, workspace)
        worth = frame.numbers[fragment.result]
      }
      outcome.worths.append(worth.map(bits))
      let isPlain =
        rule.for == 0 && rule.hold == 0 && rule.until == nil && !rule.latch && rule.except.isEmpty && !rule.shadow
        && rule.optionalSignals.isEmpty && rule.unknown != .fires
      guard isPlain else { continue }
      if rule.unknown == .ignored, when == .unknown { when = .no }
      switch rule.effect {
      case .add(_, let low, let high):
        let (least, most) = worth!.isNaN ? (low, high) : (worth!, worth!)
        if when == .yes { outcome.low += thousandths(least) }
        if when != .no { outcome.high += thousandths(most) }
      case .protect: outcome.protect = outcome.protect || when
      case .quarantine: outcome.quarantine = outcome.quarantine || when
      case .replace: outcome.replace = outcome.replace || when
      }
    }
    outcome.selector = program.selector.map { truth($0) }
    return outcome
  }

  private func thousandths(_ points: Double) -> Int64 {
    Int64((min(max(points, 0), 1e12) * 1000).rounded(.toNearestOrAwayFromZero))
  }

  mutating func columns(_ kernel: Kernel, _ scratch: KernelScratch, start: Int) -> [Outcome] {
    // Exactly as long as the columns are: what reads beyond their end is found by the address sanitizer.
    var owned: [UnsafeMutableRawPointer] = []
    defer { for pointer in owned { pointer.deallocate() } }
    func copy<T: BitwiseCopyable>(_ values: [T]) -> UnsafePointer<T> {
      let pointer = UnsafeMutablePointer<T>.allocate(capacity: max(1, values.count))
      pointer.initialize(from: values, count: values.count)
      owned.append(UnsafeMutableRawPointer(pointer))
      return UnsafePointer(pointer)
    }
    func plane(_ column: [Truth], _ value: Truth) -> UnsafePointer<UInt64> {
      copy(
        stride(from: 0, to: count, by: 64).map { first in
          (first..<min(count, first + 64)).reduce(UInt64(0)) {
            $0 | (column[$1] == value ? 1 << UInt64($1 - first) : 0)
          }
        })
    }
    let numbers = kernel.numberInputs.map { copy(self.numbers[$0]!) }
    let strings = kernel.stringInputs.map { copy(self.strings[$0]!) }
    let truths = kernel.truthInputs.flatMap { [plane(self.truths[$0]!, .yes), plane(self.truths[$0]!, .no)] }
    scratch.evaluate(numbers: numbers, strings: strings, truths: truths, start: start, count: count - start, &interner)
    return (0..<(count - start)).map { row in
      func bit(_ plane: UnsafePointer<UInt64>) -> Bool { plane[row / 64] >> UInt64(row % 64) & 1 == 1 }
      func truth(_ column: KernelScratch.TruthColumn) -> Truth {
        bit(column.isTrue) ? .yes : bit(column.isFalse) ? .no : .unknown
      }
      func effect(_ column: KernelScratch.EffectColumn) -> Truth {
        bit(column.isCertain) ? .yes : bit(column.isPossible) ? .unknown : .no
      }
      var outcome = Outcome()
      for rule in kernel.rules {
        guard let rule else {
          outcome.whens.append(nil)
          continue
        }
        outcome.whens.append(truth(scratch.when(rule)))
        outcome.untils.append(scratch.until(rule).map(truth))
        outcome.excepts.append(
          program.rules[rule.index].except.indices.map { truth(scratch.except(rule, $0)) })
        outcome.worths.append(scratch.worth(rule).map { bits($0[row]) })
      }
      outcome.selector = scratch.selector.map(truth)
      outcome.low = scratch.low[row]
      outcome.high = scratch.high[row]
      outcome.protect = effect(scratch.protect)
      outcome.quarantine = effect(scratch.quarantine)
      outcome.replace = effect(scratch.replace)
      return outcome
    }
  }

  mutating func row(_ kernel: Kernel, _ scratch: KernelScratch, _ row: Int) -> Outcome {
    let numbers = kernel.numberInputs.map { self.numbers[$0]![row] }
    let strings = kernel.stringInputs.map { self.strings[$0]![row] }
    let truths = kernel.truthInputs.map { self.truths[$0]![row] }
    scratch.evaluate(numbers: numbers, strings: strings, truths: truths, &interner)
    var outcome = Outcome()
    for rule in kernel.rules {
      guard let rule else {
        outcome.whens.append(nil)
        continue
      }
      outcome.whens.append(scratch.rowWhen(rule))
      outcome.untils.append(scratch.rowUntil(rule))
      outcome.excepts.append(program.rules[rule.index].except.indices.map { scratch.rowExcept(rule, $0) })
      outcome.worths.append(scratch.rowWorth(rule).map(bits))
    }
    outcome.selector = scratch.rowSelector
    outcome.low = scratch.rowLow
    outcome.high = scratch.rowHigh
    outcome.protect = scratch.rowProtect
    outcome.quarantine = scratch.rowQuarantine
    outcome.replace = scratch.rowReplace
    return outcome
  }
}
