import CriteriaDiagnostics
import CriteriaSyntax

extension Checker {
  mutating func call(_ name: Name, _ arguments: [Expr], _ range: SourceRange) -> Typed {
    let entries = FunctionTable.callable(name.value)
    guard !entries.isEmpty else {
      // Faults inside the arguments are news all the same.
      for argument in arguments { lookAt(argument) }
      reportUnknownFunction(name)
      return .faulty
    }
    // `min` and `max` take a window, or two numbers and more.
    let takesWindow = arguments.count == 1
    let entry = entries.first { entry in
      if case .numeric = entry.shape { return entries.count == 1 || !takesWindow }
      return takesWindow || entries.count == 1
    }
    switch (entry ?? entries[0]).shape {
    case .window(let function, let takes, let result):
      return window(function, takes: takes, result: result, name, arguments, range)
    case .absent: return absent(name, arguments, range)
    case .since: return since(name, arguments, range)
    case .drifted: return drifted(name, arguments, range)
    case .numeric(let function, let arity): return numeric(function, arity: arity, name, arguments, range)
    case .term: preconditionFailure("a term taken for a function")
    }
  }

  /// Finds the faults of an expression whose value nothing can use.
  private mutating func lookAt(_ argument: Expr) {
    if case .window = argument { return }
    _ = infer(argument)
  }

  private mutating func reportUnknownFunction(_ name: Name) {
    let elsewhere = [
      "mean": "avg", "average": "avg", "median": "p50", "delta": "increase", "std": "stddev", "deriv": "slope",
      "total": "sum", "quantile": "p99", "absent_over_time": "absent", "count_over_time": "count",
    ]
    let bare = name.value.hasSuffix("_over_time") ? String(name.value.dropLast("_over_time".count)) : name.value
    let callable = Set(FunctionTable.entries.map(\.name)).filter { !FunctionTable.callable($0).isEmpty }
    let near =
      elsewhere[name.value] ?? (callable.contains(bare) ? bare : nearest(name.value, among: callable.sorted()))
    report(.unknownFunction(name.value, nearest: near, at: name.range))
  }

  // MARK: Windows

  /// The signal and the window of `f(x[w])`; reports what is not that.
  private mutating func windowed(
    _ name: Name, _ arguments: [Expr], _ range: SourceRange
  ) -> (index: CheckedPolicy.SignalIndex, window: Int64, path: Path)? {
    guard arguments.count == 1 else {
      for argument in arguments { lookAt(argument) }
      report(.wrongArity(name.value, expected: "one window of a signal", found: arguments.count, at: range))
      return nil
    }
    switch arguments[0] {
    case .window(let path, let duration, let whole):
      guard let index = source(path, in: name, whole) else { return nil }
      checkMultiple(duration, of: "a window", at: SourceRange(whole.source, path.range.end, whole.end), brackets: true)
      return (index, duration.milliseconds, path)
    case .path(let path):
      if let index = source(path, in: name, path.range) { reportMissingWindow(name, index, path) }
    case .number, .string, .bool, .call, .not, .negate, .logical, .arithmetic, .comparison, .membership, .match:
      let mark = diagnostics.count
      let typed = infer(arguments[0])
      if !typed.isFaulty || diagnostics.count == mark {
        report(.notAWindow(name.value, at: arguments[0].range))
      }
    }
    return nil
  }

  private mutating func reportMissingWindow(_ name: Name, _ index: CheckedPolicy.SignalIndex, _ path: Path) {
    report(.missingWindow(name.value, signal: path.first.value, at: path.range))
  }

  /// The source of evidence that a window is taken of.
  private mutating func source(_ path: Path, in function: Name, _ whole: SourceRange) -> CheckedPolicy.SignalIndex? {
    let name = path.first.value
    if builtInNames.contains(name) || !path.rest.isEmpty {
      if builtInNames.contains(name) || meanings[name] != nil {
        report(.windowOfTerm(print(.path(path)), function: function.value, at: whole))
      } else {
        reportUnknown(path.first)
      }
      return nil
    }
    switch meanings[name] {
    case .source(let index)?: return index
    case .expression(let index)?:
      // A faulty name has been reported where it is declared.
      let typed = resolveExpression(index, from: path.range)
      if !typed.isFaulty {
        report(.windowOfExpression(name, function: function.value, declared: expressions[index].expr.range, at: whole))
      }
      return nil
    case nil:
      reportUnknown(path.first)
      return nil
    }
  }

  private mutating func window(
    _ function: WindowFunction, takes: Set<SignalClass>, result: FunctionEntry.Result, _ name: Name,
    _ arguments: [Expr],
    _ range: SourceRange
  ) -> Typed {
    guard let (index, window, path) = windowed(name, arguments, range) else { return .faulty }
    let signal = signals[index]
    let kind = signalClass(index)
    guard takes.contains(kind) else {
      report(
        .wrongSignal(
          function, signal: signal.name, kind: kind, declared: declarations[index].name.range, at: path.range))
      return .faulty
    }
    if kind == .counter, FunctionTable.misleadOverCounters.contains(function) {
      report(.counterOver(function, signal: signal.name, at: range))
    }
    let own = Dimension(signal.unit)
    let isRateOfEvents = function == .rate && (kind == .log || kind == .logValue)
    let dimension: Dimension =
      switch result {
      case .plain: .plain
      case .same: own
      case .perTime: isRateOfEvents ? Dimension.plain.perTime : own.perTime
      }
    let counted = signal.reduce == .count ? Dimension.plain : dimension
    return Typed(value: .number(.window(function, index, window, range), counted))
  }

  private mutating func absent(_ name: Name, _ arguments: [Expr], _ range: SourceRange) -> Typed {
    guard let (index, window, path) = windowed(name, arguments, range) else { return .faulty }
    if signalClass(index) == .fact {
      report(
        .wrongSignal(
          nil, signal: signals[index].name, kind: .fact, declared: declarations[index].name.range, at: path.range))
      return .faulty
    }
    return Typed(value: .bool(.absent(index, window, range)))
  }

  /// `range` spans what the fix replaces.
  mutating func checkMultiple(_ duration: Duration, of what: String, at range: SourceRange, brackets: Bool = false) {
    if brackets, duration.milliseconds / step > maxStepsInWindow {
      // Whole seconds, which is what people would write.
      let least = (duration.milliseconds + maxStepsInWindow * 1000 - 1) / (maxStepsInWindow * 1000) * 1000
      report(
        .tooManySteps(
          duration, step: Duration(milliseconds: step), least: Duration(milliseconds: least), at: range))
    }
    let remainder = duration.milliseconds % step
    guard remainder != 0 else { return }
    let below = duration.milliseconds - remainder
    let nearest = below > 0 && remainder * 2 < step ? below : below + step
    let text = Duration(milliseconds: nearest).text
    report(
      .notAMultiple(
        what, duration, step: Duration(milliseconds: step), at: range,
        fix: Diagnostic.Fix(range, brackets ? "[\(text)]" : text)))
  }

  // MARK: since, drifted

  private mutating func since(_ name: Name, _ arguments: [Expr], _ range: SourceRange) -> Typed {
    guard arguments.count == 1 else {
      for argument in arguments { lookAt(argument) }
      report(.wrongArity(name.value, expected: "one signal, fact or condition", found: arguments.count, at: range))
      return .faulty
    }
    func found(_ target: SinceTarget) -> Typed {
      Typed(value: .number(.since(target, range), .time), size: 2, depth: 2)
    }
    switch arguments[0] {
    case .window(let path, _, let whole):
      report(.windowInSince(path.first.value, at: SourceRange(whole.source, path.range.end, whole.end)))
      return .faulty
    case .path(let path) where path.first.value == "fact" && path.rest.count == 1:
      return found(.fact(path.rest[0].value))
    case .path(let path) where path.rest.isEmpty:
      if case .source(let index)? = meanings[path.first.value] {
        switch signals[index].source {
        case .log: return found(.log(index))
        case .condition: return found(.condition(index))
        case .info: return found(.info(index))
        case .fact(let fact): return found(.fact(fact))
        case .gauge, .counter:
          report(.sinceOfNumber(path.first.value, at: path.range))
          return .faulty
        }
      }
    case .path, .number, .string, .bool, .call, .not, .negate, .logical, .arithmetic, .comparison, .membership, .match:
      break
    }
    let typed = infer(arguments[0])
    switch typed.value {
    case .bool(let truth): return Typed(.number(.since(.truth(truth), range), .time), over: typed)
    case .faulty: return .faulty
    case .number, .string:
      report(.sinceOfOther(found: typed.noun, at: arguments[0].range))
      return .faulty
    }
  }

  private mutating func drifted(_ name: Name, _ arguments: [Expr], _ range: SourceRange) -> Typed {
    guard arguments.count == 1, case .path(let path) = arguments[0] else {
      report(.driftedNeedsName(found: arguments.first.map(print), at: arguments.first?.range ?? range))
      return .faulty
    }
    // `drifted(fact.image)` says the same as `drifted(image)`.
    if path.first.value == "fact", path.rest.count == 1 {
      report(.driftedNeedsName(found: print(arguments[0]), at: path.range, fix: path.rest[0].value))
      return .faulty
    }
    guard path.rest.isEmpty else {
      report(.driftedNeedsName(found: print(arguments[0]), at: path.range))
      return .faulty
    }
    switch meanings[path.first.value] {
    case nil: return Typed(value: .bool(.drifted(path.first.value, range)))
    case .source(let index)?:
      switch signals[index].source {
      case .info: return Typed(value: .bool(.drifted(path.first.value, range)))
      case .fact(let fact): return Typed(value: .bool(.drifted(fact, range)))
      case .gauge, .counter, .log, .condition:
        report(.driftedOfSignal(path.first.value, kind: signalClass(index).rawValue, at: path.range))
      }
    case .expression?:
      report(.driftedOfSignal(path.first.value, kind: "named expression", at: path.range))
    }
    return .faulty
  }

  // MARK: Numeric functions

  private mutating func numeric(
    _ function: FunctionEntry.Numeric, arity: ClosedRange<Int>, _ name: Name, _ arguments: [Expr], _ range: SourceRange
  ) -> Typed {
    var parts: [Typed] = []
    var operands: [(expr: NumberExpr, operand: Operand)] = []
    for argument in arguments {
      if case .window(let path, _, let whole) = argument {
        report(.windowInNumeric(name.value, signal: path.first.value, argument: print(argument), at: whole))
        parts.append(.faulty)
        continue
      }
      let typed = infer(argument)
      parts.append(typed)
      if let (expr, measure) = number(typed, argument, needed: "`\(name.value)`") {
        operands.append((expr, Operand(argument, measure)))
      }
    }
    guard arity.contains(arguments.count) else {
      let bound = arity.lowerBound
      let expected =
        arity.upperBound == bound ? "\(bound) \(bound == 1 ? "number" : "numbers")" : "\(bound) numbers or more"
      report(.wrongArity(name.value, expected: expected, found: arguments.count, at: range))
      return .faulty
    }
    guard operands.count == arguments.count, let measure = joined(operands.map(\.operand), name.value) else {
      return .faulty
    }
    let values = operands.map(\.expr)
    guard checkBounds(function, values, at: range) else { return .faulty }
    let result: NumberExpr =
      switch function {
      case .abs: .abs(values[0], range)
      case .min: .min(values, range)
      case .max: .max(values, range)
      case .clamp: .clamp(values[0], values[1], values[2], range)
      case .ramp: .ramp(values[0], values[1], values[2], range)
      case .spread: .spread(values[0], values[1], range)
      }
    return Typed(.number(result, function == .ramp ? .plain : measure), overAll: parts)
  }

  /// The measure that all arguments share; reports the first that does not fit.
  private mutating func joined(_ operands: [Operand], _ function: String) -> Measure? {
    var common = operands[0]
    for operand in operands.dropFirst() {
      guard let measure = join(common.measure, operand.measure) else {
        reportArguments(function, common, operand)
        return nil
      }
      common = Operand(common.measure == nil ? operand.expr : common.expr, measure)
    }
    return .some(common.measure)
  }

  private mutating func checkBounds(_ function: FunctionEntry.Numeric, _ values: [NumberExpr], at range: SourceRange)
    -> Bool
  {
    switch function {
    case .abs, .min, .max, .spread: return true
    case .ramp:
      guard let a = values[1].valueRange.point, let b = values[2].valueRange.point, a == b else { return true }
      report(.emptyRamp(at: range))
    case .clamp:
      guard let low = values[1].valueRange.point, let high = values[2].valueRange.point, low > high else { return true }
      report(.reversedClamp(at: range))
    }
    return false
  }
}
