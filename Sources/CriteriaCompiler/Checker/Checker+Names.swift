import CriteriaDiagnostics
import CriteriaSyntax

extension Checker {
  /// A path that stands alone: a signal's latest value, a named expression, or a fact.
  mutating func resolve(_ path: Path) -> Typed {
    let name = path.first.value
    if builtInNames.contains(name) { return resolveBuiltIn(path) }
    guard let meaning = meanings[name] else {
      reportUnknown(path.first)
      return .faulty
    }
    switch meaning {
    case .expression(let index):
      if let member = path.rest.first {
        report(.memberOfExpression(member.value, of: name, at: member.range))
        return .faulty
      }
      return resolveExpression(index, from: path.range)
    case .source(let index):
      return path.rest.isEmpty ? latest(index, path.range) : member(path, of: index)
    }
  }

  mutating func reportUnknown(_ name: Name) {
    if file.hasUnreadUses || lostNames.contains(name.value) { return }
    let near = nearest(name.value, among: Array(meanings.keys) + builtInNames)
    let isFunction = FunctionTable.callable(name.value).first != nil
    report(.unknownName(name.value, nearest: near, isFunction: isFunction, at: name.range))
  }

  private mutating func latest(_ index: CheckedPolicy.SignalIndex, _ range: SourceRange) -> Typed {
    let signal = signals[index]
    let dimension = signal.reduce == .count ? Dimension.plain : Dimension(signal.unit)
    switch signalClass(index) {
    case .counter:
      // How many series there are does not depend on their values.
      if signal.reduce != .count { report(.rawCounter(signal.name, at: range)) }
      return Typed(value: .number(.latest(index, range), dimension))
    case .gauge, .fact, .logValue: return Typed(value: .number(.latest(index, range), dimension))
    case .log:
      report(.bareLog(signal.name, at: range))
      return .faulty
    case .condition: return Typed(value: .string(.status(index, range)))
    case .info: return Typed(value: .string(.info(index, range)))
    }
  }

  /// `ready.reason`, `oom.comm`.
  private mutating func member(_ path: Path, of index: CheckedPolicy.SignalIndex) -> Typed {
    let signal = signals[index]
    let member = path.rest[0]
    if path.rest.count > 1 {
      report(.tooManyParts(of: path.first.value, at: path.rest[1].range))
      return .faulty
    }
    switch signal.source {
    case .condition:
      if member.value == "reason" { return Typed(value: .string(.reason(index, path.range))) }
      report(.unknownMember(member.value, of: signal.name, isA: "condition", known: ["reason"], at: member.range))
    case .log(_, _, _, _, _, let groups):
      if groups.contains(member.value) { return Typed(value: .string(.capture(index, member.value, path.range))) }
      if !hasUnknownGroups.contains(index) {
        report(.unknownGroup(member.value, of: declarations[index].name, groups: groups, at: member.range))
      }
    case .gauge, .counter, .info, .fact:
      let kind = signalClass(index).rawValue
      report(.unknownMember(member.value, of: signal.name, isA: kind, known: [], at: member.range))
    }
    return .faulty
  }

  private mutating func resolveBuiltIn(_ path: Path) -> Typed {
    let first = path.first.value
    if first == "age" {
      if let member = path.rest.first {
        report(.tooManyParts(of: "age", at: member.range))
        return .faulty
      }
      return Typed(value: .number(.age(path.range), .time))
    }
    guard let part = path.rest.first else {
      report(.bareBuiltIn(first, at: path.range))
      return .faulty
    }
    if path.rest.count > 1 {
      let whole = path.rest.map(\.value).joined(separator: ".")
      report(.dottedName(first, whole, at: path.range, canQuote: first != "drift"))
      return .faulty
    }
    switch first {
    case "fact": return Typed(value: .string(.fact(part.value, path.range)))
    case "label": return Typed(value: .string(.label(part.value, path.range)))
    case "desired": return Typed(value: .string(.desired(part.value, path.range)))
    default: return drift(part, path.range)
    }
  }

  private mutating func drift(_ part: Name, _ range: SourceRange) -> Typed {
    switch part.value {
    case "count": return Typed(value: .number(.driftCount(range), .plain))
    case "ratio": return Typed(value: .number(.driftRatio(range), .ratio))
    default:
      report(.unknownMember(part.value, of: "drift", isA: nil, known: ["count", "ratio"], at: part.range))
      return .faulty
    }
  }
}
