import CKernels

/// The operations that compute a graph's results, and the place of every value in the tables that they read and write.
///
/// Numbers: inputs, constants, then places for results, each used again once its last reader has run. Planes: all zeros, all
/// ones, two for each truth input and each regular expression, then two for each other truth.
struct KernelPlan {
  /// The planes of what is certainly true and certainly false.
  struct Planes: Hashable {
    var isTrue: Int32
    var isFalse: Int32
  }

  private(set) var operations: [ck_op] = []
  private(set) var constants: [Double] = []
  private(set) var planeCount: Int32 = 2
  private(set) var numberCount = 0
  let inputs: Int
  let stringInputs: Int
  /// Regular expressions that the caller of the operations runs before them, and where the answers go.
  private(set) var matches: [(string: KernelGraph.StringNode, regex: Int, planes: Planes)] = []

  private let graph: KernelGraph
  private var places: [Int: Int32] = [:]
  private var planes: [Int: Planes] = [:]
  private var constantPlaces: [UInt64: Int32] = [:]
  /// Results, in order, before they have places: node, and the operation that makes it.
  private var results: [(node: Int, operation: Int)] = []
  /// The last operation that reads a number's node; `Int.max` for what is read from outside.
  private var lastReads: [Int: Int] = [:]

  init(_ graph: KernelGraph) {
    self.graph = graph
    inputs = graph.numberInputs.count
    stringInputs = graph.stringInputs.count
    planes[KernelGraph.yes.node] = Planes(isTrue: 1, isFalse: 0)
    planes[KernelGraph.unknown.node] = Planes(isTrue: 0, isFalse: 0)
    for (node, truth) in graph.truths.enumerated() {
      guard case .input(let index) = truth else { continue }
      planes[node] = Planes(isTrue: Int32(2 + 2 * index), isFalse: Int32(3 + 2 * index))
    }
    planeCount += Int32(2 * graph.truthInputs.count)
    for (node, truth) in graph.truths.enumerated() {
      guard case .matches(let string, let regex) = truth else { continue }
      let own = newPlanes()
      planes[node] = own
      matches.append((graph.strings[string], regex, own))
    }
  }

  private mutating func newPlanes() -> Planes {
    planeCount += 2
    return Planes(isTrue: planeCount - 2, isFalse: planeCount - 1)
  }

  // MARK: Truths

  /// The planes of a truth, which the operations so far compute.
  mutating func truth(_ ref: KernelGraph.TruthRef) -> Planes {
    let own = truth(node: ref.node)
    return ref.isNegated ? Planes(isTrue: own.isFalse, isFalse: own.isTrue) : own
  }

  private mutating func truth(node: Int) -> Planes {
    if let known = planes[node] { return known }
    let result: Planes
    switch graph.truths[node] {
    case .yes, .unknown, .input, .matches: preconditionFailure("a truth without planes that has some from the start")
    case .greater(let a, let b): result = compare(a, b, CK_GREATER, CK_GREATER_C)
    case .equal(let a, let b): result = compare(a, b, CK_EQUAL, CK_EQUAL_C)
    case .member(let string, let base, let mask):
      result = newPlanes()
      let place = place(string: string)
      emit(CK_MEMBER, result) {
        $0.a = place
        $0.base = base
        $0.mask = mask
      }
    case .sameString(let a, let b):
      result = newPlanes()
      let (left, right) = (place(string: a), place(string: b))
      emit(CK_SAME_STRING, result) {
        $0.a = left
        $0.b = right
      }
    case .split(let isTrue, let isFalse):
      result = Planes(isTrue: truth(isTrue).isTrue, isFalse: truth(isFalse).isFalse)
    case .and(let a, let b):
      let (left, right) = (truth(a), truth(b))
      result = newPlanes()
      emit(CK_AND, result) {
        ($0.a, $0.b, $0.c, $0.d) = (left.isTrue, right.isTrue, left.isFalse, right.isFalse)
      }
    }
    planes[node] = result
    return result
  }

  private mutating func compare(_ a: Int, _ b: Int, _ registers: Kind, _ withConstant: Kind) -> Planes {
    need(a)
    let constant = graph.constant(b)
    if constant == nil { need(b) }
    let result = newPlanes()
    if let constant {
      emit(withConstant, result) { $0.x = constant }
      read(a)
    } else {
      emit(registers, result) { _ in }
      read(a, b)
    }
    return result
  }

  private func place(string node: Int) -> Int32 {
    guard case .input(let index) = graph.strings[node] else { preconditionFailure("a constant string in a leaf") }
    return Int32(index)
  }

  typealias Kind = Int

  private mutating func emit(_ kind: Kind, _ planes: Planes, _ fill: (inout ck_op) -> Void) {
    var operation = ck_op()
    operation.kind = UInt16(kind)
    operation.t = planes.isTrue
    operation.f = planes.isFalse
    fill(&operation)
    operations.append(operation)
  }

  // MARK: Numbers

  /// Has a number computed, to be read from outside.
  mutating func output(number node: Int) {
    need(node)
    lastReads[node] = .max
    if case .constant(let bits) = graph.numbers[node] { _ = constantPlace(bits) }
  }

  /// The operands of each operation, by node, until places are given.
  private var reads: [(operation: Int, a: Int?, b: Int?)] = []

  /// The operation emitted last reads these.
  private mutating func read(_ a: Int, _ b: Int? = nil) {
    let operation = operations.count - 1
    reads.append((operation, a, b))
    for node in [a, b].compactMap(\.self) { lastReads[node] = max(lastReads[node] ?? 0, operation) }
  }

  private var computed: Set<Int> = []

  private mutating func need(_ node: Int) {
    switch graph.numbers[node] {
    case .input: return
    case .constant(let bits):
      _ = constantPlace(bits)
      return
    case .negate, .absolute, .ramp, .select, .arithmetic: break
    }
    guard computed.insert(node).inserted else { return }
    let form = graph.form(node)
    need(form.a)
    if let b = form.b { need(b) }
    emit(form.kind, Planes(isTrue: 0, isFalse: 0)) {
      ($0.x, $0.y, $0.z) = (form.x, form.y, form.z)
    }
    results.append((node, operations.count - 1))
    read(form.a, form.b)
  }

  private mutating func constantPlace(_ bits: UInt64) -> Int32 {
    if let known = constantPlaces[bits] { return known }
    constants.append(Double(bitPattern: bits))
    constantPlaces[bits] = Int32(inputs + constants.count - 1)
    return Int32(inputs + constants.count - 1)
  }

  // MARK: Places

  /// Gives every number its place. Call it when everything is emitted.
  mutating func finish() {
    numberCount = inputs + constants.count
    var free: [Int32] = []
    var dying: [Int: [Int]] = [:]
    var makers: [Int: Int] = [:]
    for (node, operation) in results {
      makers[operation] = node
      if let last = lastReads[node], last != .max { dying[last, default: []].append(node) }
    }
    var operands: [Int: (a: Int?, b: Int?)] = [:]
    for (operation, a, b) in reads { operands[operation] = (a, b) }
    var fetched: Set<Int32> = []
    for index in operations.indices {
      if let (a, b) = operands[index] {
        if let a { operations[index].a = place(number: a) }
        if let b { operations[index].b = place(number: b) }
        if let a, case .input = graph.numbers[a], fetched.insert(operations[index].a).inserted {
          operations[index].fetch |= 1
        }
        if let b, case .input = graph.numbers[b], fetched.insert(operations[index].b).inserted {
          operations[index].fetch |= 2
        }
      }
      for node in dying[index] ?? [] { free.append(places[node]!) }
      // A result may take the place of an operand: rows are read before they are written.
      if let node = makers[index] {
        let place = free.popLast() ?? Int32(numberCount)
        if place == Int32(numberCount) { numberCount += 1 }
        places[node] = place
        operations[index].t = place
      }
    }
  }

  /// Where a number is, once `finish` has run.
  func place(number node: Int) -> Int32 {
    switch graph.numbers[node] {
    case .input(let index): Int32(index)
    case .constant(let bits): constantPlaces[bits]!
    default: places[node]!
    }
  }
}

extension KernelGraph {
  /// The kind of operation that computes a number, its operands that are no constants of the operation, and those constants.
  typealias Form = (kind: Int, a: Int, b: Int?, x: Double, y: Double, z: Double)

  func form(_ node: Int) -> Form {
    return switch numbers[node] {
    case .input, .constant: preconditionFailure("a number that nothing computes")
    case .negate(let a): (CK_NEGATE, a, nil, 0, 0, 0)
    case .absolute(let a): (CK_ABSOLUTE, a, nil, 0, 0, 0)
    case .ramp(let a, let from, let width, let factor):
      (CK_RAMP, a, nil, Double(bitPattern: from), Double(bitPattern: width), Double(bitPattern: factor))
    case .select(let a, let b): (CK_SELECT, a, b, 0, 0, 0)
    case .arithmetic(let operation, let a, let b): form(operation, a, b)
    }
  }

  private func form(_ operation: Arithmetic, _ a: Int, _ b: Int) -> Form {
    return switch (operation, constant(a), constant(b)) {
    case (.add, _, let x?): (CK_ADD_C, a, nil, x, 0, 0)
    case (.add, let x?, _): (CK_ADD_C, b, nil, x, 0, 0)
    case (.subtract, _, let x?): (CK_ADD_C, a, nil, -x, 0, 0)
    case (.subtract, let x?, _): (CK_C_SUBTRACT, b, nil, x, 0, 0)
    case (.multiply, _, let x?): (CK_MULTIPLY_C, a, nil, x, 0, 0)
    case (.multiply, let x?, _): (CK_MULTIPLY_C, b, nil, x, 0, 0)
    case (.divide, _, let x?): (CK_DIVIDE_C, a, nil, x, 0, 0)
    case (.divide, let x?, _): (CK_C_DIVIDE, b, nil, x, 0, 0)
    case (.minimum, _, let x?): (CK_MINIMUM_C, a, nil, x, 0, 0)
    case (.maximum, _, let x?): (CK_MAXIMUM_C, a, nil, x, 0, 0)
    // Which of equal sides is taken shows only between zeros.
    case (.minimum, let x?, _) where x != 0: (CK_MINIMUM_C, b, nil, x, 0, 0)
    case (.maximum, let x?, _) where x != 0: (CK_MAXIMUM_C, b, nil, x, 0, 0)
    case (.add, nil, nil): (CK_ADD, a, b, 0, 0, 0)
    case (.subtract, nil, nil): (CK_SUBTRACT, a, b, 0, 0, 0)
    case (.multiply, nil, nil): (CK_MULTIPLY, a, b, 0, 0, 0)
    case (.divide, nil, nil): (CK_DIVIDE, a, b, 0, 0, 0)
    case (.minimum, _, nil): (CK_MINIMUM, a, b, 0, 0, 0)
    case (.maximum, _, nil): (CK_MAXIMUM, a, b, 0, 0, 0)
    }
  }
}
