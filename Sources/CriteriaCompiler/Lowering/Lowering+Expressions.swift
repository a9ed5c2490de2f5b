import CriteriaEngine
import CriteriaSyntax

/// Where a clock's value and bound come from.
enum ClockPlace {
  case feature(Int)
  case derived(Int)
}

extension Lowering {
  // MARK: Numbers

  /// Emits what computes an expression, and gives the register of its result.
  mutating func lower(_ expr: NumberExpr) -> Int { at(expr.range) { $0.lowerNumber(expr) } }

  private mutating func lowerNumber(_ expr: NumberExpr) -> Int {
    switch expr {
    case .constant(let value, _): return constant(value)
    case .latest(let signal, _): return latest(signal, text: describe(expr))
    case .window(let function, let signal, let length, _):
      let kind = Program.Feature.Kind.window(WindowKind(function), signal: signal, window: length)
      let format = format(of: function, signal: signal)
      return program.features[feature(kind, signal: signal, text: describe(expr), format: format)].register
    case .since, .age:
      let place = clock(expr)
      // Not a side of a comparison: it may matter at every tick.
      noteThreshold(place, against: nil)
      return registers(of: place).value
    case .driftCount:
      return program.features[feature(.driftCount, signal: nil, text: "drift.count", format: .plain)].register
    case .driftRatio:
      return program.features[feature(.driftRatio, signal: nil, text: "drift.ratio", format: .ratio)].register
    case .reduced(let reduction, let inner, _, _): return reduced(reduction, inner, text: describe(expr))
    case .negate(let a, _): return emit(.negate, [lower(a)])
    case .arithmetic(let op, let a, let b, _):
      let operation: Instruction.Operation =
        switch op {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        }
      return emit(operation, [lower(a), lower(b)])
    case .abs(let a, _): return emit(.absolute, [lower(a)])
    case .min(let parts, _): return fold(.minimum, parts)
    case .max(let parts, _): return fold(.maximum, parts)
    case .clamp(let x, let a, let b, _): return emit(.clamp, [lower(x), lower(a), lower(b)])
    case .ramp(let x, let a, let b, _): return emit(.ramp, [lower(x), lower(a), lower(b)])
    case .spread(let a, let b, _): return emit(.spread, [lower(a), lower(b), spreadRegister()])
    }
  }

  private mutating func emit(_ operation: Instruction.Operation, _ sources: [Int]) -> Int {
    let target = newNumber()
    emit(
      Instruction(
        operation, target: target, a: sources[0], b: sources.count > 1 ? sources[1] : 0,
        c: sources.count > 2 ? sources[2] : 0))
    return target
  }

  private mutating func fold(_ operation: Instruction.Operation, _ parts: [NumberExpr]) -> Int {
    var result = lower(parts[0])
    for part in parts.dropFirst() { result = emit(operation, [result, lower(part)]) }
    return result
  }

  private mutating func spreadRegister() -> Int {
    if let known = program.spreadRegister { return known }
    let register = newNumber()
    program.spreadRegister = register
    return register
  }

  private mutating func latest(_ signal: Int, text: String) -> Int {
    let isFact: Bool
    if case .fact = policy.signals[signal].source { isFact = true } else { isFact = false }
    let kind: Program.Feature.Kind = isFact ? .factNumber(signal: signal) : .latest(signal: signal)
    let format = NumberFormat(policy.signals[signal].unit)
    return program.features[feature(kind, signal: signal, text: text, format: format)].register
  }

  private mutating func reduced(_ reduction: Reduction, _ inner: NumberExpr, text: String) -> Int {
    let format = reduction == .count ? NumberFormat.plain : format(of: inner)
    let index = derived(text) { lowering in
      let fragment = lowering.numberFragment(inner)
      let register = lowering.newNumber()
      return Program.Derived(
        kind: .reduced(Reducer(reduction)), fragment: fragment, register: register, text: text, format: format)
    }
    return program.derived[index].register
  }

  // MARK: Clocks

  private func isClock(_ expr: NumberExpr) -> Bool {
    switch expr {
    case .since, .age: true
    default: false
    }
  }

  private mutating func clock(_ expr: NumberExpr) -> ClockPlace {
    let text = describe(expr)
    guard case .since(let target, _) = expr else {
      return .feature(feature(.age, signal: nil, text: text, format: .seconds))
    }
    switch target {
    case .log(let signal), .condition(let signal), .info(let signal):
      return .feature(feature(.sinceSignal(signal: signal), signal: signal, text: text, format: .seconds))
    case .fact(let name):
      return .feature(feature(.sinceFact(name: code(name)), signal: nil, text: text, format: .seconds))
    case .truth(let inner):
      return .derived(
        derived(text) { lowering in
          let fragment = lowering.truthFragment(inner)
          let register = lowering.newNumber()
          let bound = lowering.newNumber()
          return Program.Derived(
            kind: .sinceTruth(boundRegister: bound, thresholds: []), fragment: fragment, register: register, text: text,
            format: .seconds)
        })
    }
  }

  private mutating func registers(of place: ClockPlace) -> (value: Int, bound: Int) {
    switch place {
    case .feature(let index):
      let bound = program.features[index].boundRegister ?? nanRegister()
      return (program.features[index].register, bound)
    case .derived(let index):
      guard case .sinceTruth(let bound, _) = program.derived[index].kind else {
        preconditionFailure("a clock that is not a clock")
      }
      return (program.derived[index].register, bound)
    }
  }

  private mutating func compare(_ comparison: Comparison, _ left: NumberExpr, _ right: NumberExpr) -> Int {
    let hasClock = isClock(left) || isClock(right)
    let a = side(left, against: right)
    let b = side(right, against: left)
    let target = newTruth()
    emit(
      Instruction(
        comparison.operation(clocks: hasClock), target: target, a: a.value, b: b.value, c: hasClock ? a.bound : 0,
        d: hasClock ? b.bound : 0))
    return target
  }

  private mutating func side(_ expr: NumberExpr, against other: NumberExpr) -> (value: Int, bound: Int) {
    guard isClock(expr) else { return (lower(expr), nanRegister()) }
    let place = clock(expr)
    noteThreshold(place, against: other)
    return registers(of: place)
  }

  // MARK: Truths

  mutating func lower(_ expr: BoolExpr) -> Int { at(expr.range) { $0.lowerTruth(expr) } }

  private mutating func lowerTruth(_ expr: BoolExpr) -> Int {
    switch expr {
    case .constant(let value, _): return constant(value)
    case .compare(let op, let a, let b, _): return compare(Comparison(op), a, b)
    case .numberIn(let a, let list, _):
      program.numberLists.append(list)
      return emitTruth(.numberIn, lower(a), program.numberLists.count - 1)
    case .compareStrings(let equal, let a, let b, _):
      return emitTruth(equal ? .stringEqual : .stringNotEqual, lower(a), lower(b))
    case .stringIn(let a, let list, _):
      let codes = list.map { code($0) }
      program.stringLists.append(codes)
      return emitTruth(.stringIn, lower(a), program.stringLists.count - 1)
    case .matches(let a, let pattern, _):
      program.regexes.append(regex(pattern))
      return emitTruth(.stringMatches, lower(a), program.regexes.count - 1)
    case .compareBools(let equal, let a, let b, _):
      return emitTruth(equal ? .truthEqual : .truthNotEqual, lower(a), lower(b))
    case .absent(let signal, let length, _):
      let kind = Program.Feature.Kind.absent(signal: signal, window: length)
      return program.features[feature(kind, signal: signal, text: describe(expr), format: .plain)].register
    case .drifted(let name, let range):
      return emitTruth(.stringNotEqual, lower(.fact(name, range)), lower(.desired(name, range)))
    case .not(let a, _): return emitTruth(.not, lower(a), 0)
    case .and(let a, let b, _): return emitTruth(.and, lower(a), lower(b))
    case .or(let a, let b, _): return emitTruth(.or, lower(a), lower(b))
    }
  }

  private mutating func emitTruth(_ operation: Instruction.Operation, _ a: Int, _ b: Int) -> Int {
    let target = newTruth()
    emit(Instruction(operation, target: target, a: a, b: b))
    return target
  }

  // MARK: Strings

  mutating func lower(_ expr: StringExpr) -> Int {
    let (kind, signal): (Program.Feature.Kind, Int?)
    switch expr {
    case .constant(let text, _): return constant(text)
    case .fact(let name, _): (kind, signal) = (.fact(name: code(name)), nil)
    case .label(let name, _): (kind, signal) = (.label(name: code(name)), nil)
    case .desired(let name, _): (kind, signal) = (.desired(name: code(name)), nil)
    case .status(let index, _): (kind, signal) = (.status(signal: index), index)
    case .reason(let index, _): (kind, signal) = (.reason(signal: index), index)
    case .info(let index, _): (kind, signal) = (.info(signal: index), index)
    case .capture(let index, let group, _):
      guard case .log(let pattern) = program.signals[index].source, let place = pattern.captures.firstIndex(of: group)
      else {
        preconditionFailure("a capture that no pass collected")
      }
      (kind, signal) = (.capture(signal: index, index: place), index)
    }
    return program.features[feature(kind, signal: signal, text: describe(expr), format: .plain)].register
  }
}

// MARK: Names of one stage in another

extension Comparison {
  init(_ op: ComparisonOperator) {
    switch op {
    case .less: self = .less
    case .lessOrEqual: self = .lessOrEqual
    case .greater: self = .greater
    case .greaterOrEqual: self = .greaterOrEqual
    case .equal: self = .equal
    case .notEqual: self = .notEqual
    }
  }
}

extension Reducer {
  init(_ reduction: Reduction) {
    switch reduction {
    case .sum: self = .sum
    case .avg: self = .avg
    case .min: self = .min
    case .max: self = .max
    case .count: self = .count
    }
  }
}

extension WindowKind {
  init(_ function: WindowFunction) {
    switch function {
    case .avg: self = .avg
    case .min: self = .min
    case .max: self = .max
    case .sum: self = .sum
    case .first: self = .first
    case .last: self = .last
    case .count: self = .count
    case .rate: self = .rate
    case .increase: self = .increase
    case .changes: self = .changes
    case .slope: self = .slope
    case .stddev: self = .stddev
    case .p50: self = .percentile(50)
    case .p90: self = .percentile(90)
    case .p95: self = .percentile(95)
    case .p99: self = .percentile(99)
    }
  }
}
