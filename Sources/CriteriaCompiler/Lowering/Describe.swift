package import CriteriaEngine
import CriteriaSyntax

extension NumberFormat {
  package init(_ dimension: Dimension) {
    switch (dimension.bytes, dimension.time, dimension.mark) {
    case (0, 0, .ratio): self = .ratio
    case (0, 1, _): self = .seconds
    case (1, 0, _): self = .bytes
    case (1, -1, _): self = .bytesPerSecond
    case (0, -1, _): self = .perSecond
    default: self = .plain
    }
  }

  init(_ unit: Unit?) {
    guard let unit else {
      self = .plain
      return
    }
    self.init(Dimension(bytes: unit.bytes, time: unit.time, mark: unit.isRatio ? .ratio : .plain))
  }
}

/// Terms as a person would write them: `count(oom[10m])`. For evidence, and to tell equal ones.
extension Lowering {
  func format(of function: WindowFunction, signal: Int) -> NumberFormat {
    let unit = policy.signals[signal].unit
    switch function {
    case .count, .changes: return .plain
    case .rate where isLog(signal): return .perSecond
    case .rate, .slope:
      return NumberFormat(
        Dimension(bytes: unit?.bytes ?? 0, time: (unit?.time ?? 0) - 1, mark: unit?.isRatio ?? false ? .ratio : .plain))
    case .avg, .min, .max, .sum, .first, .last, .increase, .stddev, .p50, .p90, .p95, .p99: return NumberFormat(unit)
    }
  }

  private func isLog(_ signal: Int) -> Bool {
    if case .log = policy.signals[signal].source { true } else { false }
  }

  /// Good enough for showing a reduced name: quotients of like things are shares.
  func format(of expr: NumberExpr) -> NumberFormat {
    switch expr {
    case .latest(let signal, _): NumberFormat(policy.signals[signal].unit)
    case .window(let function, let signal, _, _): format(of: function, signal: signal)
    case .since, .age: .seconds
    case .driftRatio: .ratio
    case .constant, .driftCount: .plain
    case .ramp: .plain
    case .reduced(let reduction, let inner, _, _): reduction == .count ? .plain : format(of: inner)
    case .negate(let a, _), .abs(let a, _), .clamp(let a, _, _, _), .spread(let a, _, _): format(of: a)
    case .min(let parts, _), .max(let parts, _): format(of: parts[0])
    case .arithmetic(let op, let a, let b, _):
      switch op {
      case .add, .subtract: format(of: a)
      case .multiply: format(of: a) == .plain ? format(of: b) : format(of: a)
      case .divide:
        format(of: b) == .plain && format(of: a) != .plain
          ? format(of: a) : format(of: a) == format(of: b) ? quotient(a) : .plain
      }
    }
  }

  private func quotient(_ a: NumberExpr) -> NumberFormat { format(of: a) == .plain ? .plain : .ratio }

  private func name(_ signal: Int) -> String { policy.signals[signal].name }

  private func length(_ milliseconds: Int64) -> String {
    for (unit, size) in [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
      as [(String, Int64)]
    where milliseconds % size == 0 { return "\(milliseconds / size)\(unit)" }
    return "\(milliseconds)ms"
  }

  /// All digits: two terms of one text are taken for one.
  private func exact(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
  }

  func describe(_ expr: NumberExpr) -> String {
    switch expr {
    case .constant(let value, _): exact(value)
    case .latest(let signal, _): name(signal)
    case .window(let function, let signal, let window, _): "\(function.rawValue)(\(name(signal))[\(length(window))])"
    case .since(let target, _): "since(\(describe(target)))"
    case .age: "age"
    case .driftCount: "drift.count"
    case .driftRatio: "drift.ratio"
    case .reduced(let reduction, let inner, _, _): "\(reduction.rawValue) of \(describe(inner))"
    case .negate(let a, _): "-\(describe(a))"
    case .arithmetic(let op, let a, let b, _): "(\(describe(a)) \(op.rawValue) \(describe(b)))"
    case .abs(let a, _): "abs(\(describe(a)))"
    case .min(let parts, _): "min(\(parts.map(describe).joined(separator: ", ")))"
    case .max(let parts, _): "max(\(parts.map(describe).joined(separator: ", ")))"
    case .clamp(let x, let a, let b, _): "clamp(\(describe(x)), \(describe(a)), \(describe(b)))"
    case .ramp(let x, let a, let b, _): "ramp(\(describe(x)), \(describe(a)), \(describe(b)))"
    case .spread(let a, let b, _): "spread(\(describe(a)), \(describe(b)))"
    }
  }

  private func describe(_ target: SinceTarget) -> String {
    switch target {
    case .log(let signal), .condition(let signal), .info(let signal): name(signal)
    case .fact(let name): "fact.\(name)"
    case .truth(let expr): describe(expr)
    }
  }

  func describe(_ expr: BoolExpr) -> String {
    switch expr {
    case .constant(let value, _): "\(value)"
    case .compare(let op, let a, let b, _): "\(describe(a)) \(op.rawValue) \(describe(b))"
    case .numberIn(let a, let list, _): "\(describe(a)) in [\(list.map(exact).joined(separator: ", "))]"
    case .compareStrings(let equal, let a, let b, _): "\(describe(a)) \(equal ? "==" : "!=") \(describe(b))"
    case .stringIn(let a, let list, _): "\(describe(a)) in [\(list.map { "\"\($0)\"" }.joined(separator: ", "))]"
    case .matches(let a, let pattern, _): "\(describe(a)) =~ \"\(pattern)\""
    case .compareBools(let equal, let a, let b, _): "(\(describe(a))) \(equal ? "==" : "!=") (\(describe(b)))"
    case .absent(let signal, let window, _): "absent(\(name(signal))[\(length(window))])"
    case .drifted(let name, _): "drifted(\(name))"
    case .not(let a, _): "not (\(describe(a)))"
    case .and(let a, let b, _): "(\(describe(a))) and (\(describe(b)))"
    case .or(let a, let b, _): "(\(describe(a))) or (\(describe(b)))"
    }
  }

  func describe(_ expr: StringExpr) -> String {
    switch expr {
    case .constant(let text, _): "\"\(text)\""
    case .fact(let name, _): "fact\(member(name))"
    case .label(let name, _): "label\(member(name))"
    case .desired(let name, _): "desired\(member(name))"
    case .status(let signal, _), .info(let signal, _): name(signal)
    case .reason(let signal, _): "\(name(signal)).reason"
    case .capture(let signal, let group, _): "\(name(signal)).\(group)"
    }
  }
}

// MARK: Walking

extension NumberExpr {
  /// Visits every string inside.
  func forEachString(_ visit: (StringExpr) -> Void) {
    switch self {
    case .constant, .latest, .window, .age, .driftCount, .driftRatio: break
    case .since(let target, _): if case .truth(let expr) = target { expr.forEachString(visit) }
    case .reduced(_, let a, _, _), .negate(let a, _), .abs(let a, _): a.forEachString(visit)
    case .arithmetic(_, let a, let b, _), .spread(let a, let b, _):
      a.forEachString(visit)
      b.forEachString(visit)
    case .min(let parts, _), .max(let parts, _): for part in parts { part.forEachString(visit) }
    case .clamp(let x, let a, let b, _), .ramp(let x, let a, let b, _):
      for part in [x, a, b] { part.forEachString(visit) }
    }
  }
}

extension BoolExpr {
  func forEachString(_ visit: (StringExpr) -> Void) {
    switch self {
    case .constant, .absent, .drifted: break
    case .compare(_, let a, let b, _):
      a.forEachString(visit)
      b.forEachString(visit)
    case .numberIn(let a, _, _): a.forEachString(visit)
    case .compareStrings(_, let a, let b, _):
      visit(a)
      visit(b)
    case .stringIn(let a, _, _), .matches(let a, _, _): visit(a)
    case .compareBools(_, let a, let b, _), .and(let a, let b, _), .or(let a, let b, _):
      a.forEachString(visit)
      b.forEachString(visit)
    case .not(let a, _): a.forEachString(visit)
    }
  }
}
