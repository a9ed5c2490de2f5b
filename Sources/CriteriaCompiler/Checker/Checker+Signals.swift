import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

/// Words that mean something of their own at the start of a path.
let builtInNames = ["age", "fact", "label", "desired", "drift"]

extension Checker {
  mutating func declareSignals() {
    for declaration in file.signals {
      let name = declaration.name.value
      if builtInNames.contains(name) { report(.reservedSignalName(name, at: declaration.name.range)) }
      // The parser has reported the second one.
      guard meanings[name] == nil else { continue }
      switch declaration.kind {
      case .expression(let expr):
        meanings[name] = .expression(expressions.count)
        expressions.append((declaration, expr))
        progress.append(.untouched)
      case .gauge, .counter, .log, .condition, .info, .fact:
        meanings[name] = .source(signals.count)
        declarations.append(declaration)
        signals.append(signal(declaration, at: signals.count))
      }
    }
  }

  private mutating func signal(
    _ declaration: SignalDeclaration, at index: CheckedPolicy.SignalIndex
  ) -> CheckedPolicy.Signal {
    var maxKeys = 64
    let source: CheckedPolicy.Signal.Source
    switch declaration.kind {
    case .gauge(let metric), .counter(let metric):
      checkPatterns(of: metric.selector)
      checkReducedBy(declaration)
      maxKeys = metric.maxKeys?.value ?? maxKeys
      let (selector, scale, ignore) = (metric.selector.value, metric.scale?.value, metric.ignore?.value)
      if case .gauge = declaration.kind {
        source = .gauge(selector, scale: scale, ignore: ignore)
      } else {
        source = .counter(selector, scale: scale, ignore: ignore)
      }
    case .log(let log): source = self.log(log, of: declaration, at: index)
    case .condition(let condition): source = self.condition(condition, of: declaration)
    case .info(let selector, let label):
      checkPatterns(of: selector)
      if label == nil { report(.infoWithoutLabel(declaration.name.value, at: declaration.name.range)) }
      source = .info(selector.value, label: label?.value ?? "")
    case .fact(let name): source = .fact(name.value)
    case .expression: preconditionFailure("a named expression taken for a source of evidence")
    }
    return CheckedPolicy.Signal(
      name: declaration.name.value, source: source, unit: declaration.unit?.value,
      by: Set(declaration.by.map(\.value)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
      reduce: declaration.reduce?.value, staleAfter: declaration.staleAfter?.value.milliseconds,
      isOptional: declaration.isOptional?.value ?? false, instanceLabel: declaration.instance?.value, longestWindow: 0,
      maxKeys: maxKeys)
  }

  private mutating func checkReducedBy(_ declaration: SignalDeclaration) {
    if let first = declaration.by.first, let reduce = declaration.reduce {
      report(.byBesideReduce(declaration.name.value, reduce: reduce, at: first.range))
    }
  }

  private mutating func log(
    _ log: LogSource, of declaration: SignalDeclaration, at index: CheckedPolicy.SignalIndex
  ) -> CheckedPolicy.Signal.Source {
    var groups: [String] = []
    do {
      let regex = try Regex(pattern: log.match.value, utf: log.utf, limits: log.limits)
      regexes[index] = regex
      groups = regex.groups
      if probesPatterns, let line = regex.explodingLine() { report(.explodingPattern(line, at: log.match.range)) }
    } catch {
      hasUnknownGroups.insert(index)
      report(.badPattern(error.message, at: place(error.offset, in: log), pattern: log.match.range))
    }
    if !hasUnknownGroups.contains(index) {
      for name in declaration.by + (log.value.map { [$0] } ?? []) where !groups.contains(name.value) {
        report(.unknownGroup(name.value, of: declaration.name, groups: groups, at: name.range))
      }
    }
    if let reduce = declaration.reduce, declaration.by.isEmpty {
      report(.reduceWithoutKeys(declaration.name.value, isLog: true, at: reduce.range))
    }
    if let unit = declaration.unit, log.value == nil {
      report(.unitWithoutValue(declaration.name.value, at: unit.range))
    }
    return .log(
      sources: log.sources.map(\.value), pattern: log.match.value, value: log.value?.value, utf: log.utf,
      limits: log.limits, groups: groups)
  }

  /// Where PCRE2's offset lies in the file.
  private func place(_ offset: Int, in log: LogSource) -> SourceRange {
    let range = log.match.range
    guard offset < log.matchOffsets.count, log.matchOffsets.count >= log.match.value.utf8.count else {
      return SourceRange(range.source, range.end, range.end)
    }
    let start = log.matchOffsets[offset]
    let end = offset + 1 < log.matchOffsets.count ? log.matchOffsets[offset + 1] : start + 1
    return SourceRange(range.source, start, max(end, start + 1))
  }

  private mutating func condition(
    _ condition: ConditionSource, of declaration: SignalDeclaration
  ) -> CheckedPolicy.Signal.Source {
    if let from = condition.from {
      checkPatterns(of: from)
      for (key, label) in [("type", condition.typeLabel), ("status", condition.statusLabel)] where label == nil {
        report(.conditionWithoutLabel(declaration.name.value, key: key, at: from.range))
      }
    } else {
      for (key, label) in [("type", condition.typeLabel), ("status", condition.statusLabel)] {
        if let label { report(.labelWithoutFrom(declaration.name.value, key: key, at: label.range)) }
      }
    }
    return .condition(
      condition.type.value, from: condition.from?.value, typeLabel: condition.typeLabel?.value ?? "",
      statusLabel: condition.statusLabel?.value ?? "")
  }

  /// The regular expressions among a selector's matchers.
  mutating func checkPatterns(of selector: Located<MetricSelector>) {
    for matcher in selector.value.matchers where matcher.comparison == .matches || matcher.comparison == .notMatches {
      do {
        _ = try Regex(pattern: matcher.value, isAnchored: true)
      } catch {
        report(.badMatcher(matcher, error.message, at: selector.range))
      }
    }
  }

  // MARK: Named expressions

  /// The named expression with its names resolved; each is checked once.
  ///
  /// - Parameter use: Where it is read; `nil` for its own turn.
  mutating func resolveExpression(_ index: Int, from use: SourceRange?) -> Typed {
    let (declaration, expr) = expressions[index]
    switch progress[index] {
    case .done(let typed): return typed
    case .underway:
      let cycle = trail[trail.firstIndex(of: index)!...].map { expressions[$0].declaration.name }
      report(.cycle(cycle, at: use ?? declaration.name.range))
      return .faulty
    case .untouched: break
    }
    progress[index] = .underway
    trail.append(index)
    var typed = charged(infer(expr), at: declaration.name.range)
    if let reduce = declaration.reduce { typed = reduced(typed, by: reduce, declaration) } else { checkKeys(of: typed) }
    trail.removeLast()
    progress[index] = .done(typed)
    return typed
  }

  /// Different keys inside one name are a fault of the name, whoever reads it.
  private mutating func checkKeys(of typed: Typed) { _ = commonKeys(of: leaves(of: typed)) }

  private mutating func reduced(
    _ typed: Typed, by reduce: Located<Reduction>, _ declaration: SignalDeclaration
  ) -> Typed {
    switch typed.value {
    case .faulty: return typed
    case .bool, .string:
      report(.reduceOfNonNumber(declaration.name.value, found: typed.noun, at: reduce.range))
      return .faulty
    case .number(let inner, let measure):
      guard let keys = commonKeys(of: inner.leaves) else { return .faulty }
      guard !keys.isEmpty else {
        report(.reduceWithoutKeys(declaration.name.value, isLog: false, at: reduce.range))
        return .faulty
      }
      let result = reduce.value == .count ? Dimension.plain : measure
      return Typed(
        .number(.reduced(reduce.value, inner, by: keys, expressions[trail.last!].expr.range), result), over: typed)
    }
  }

  /// The `by` that keyed terms share; empty without any, `nil` (and reported) if they differ.
  mutating func commonKeys(of leaves: [Leaf]) -> [String]? {
    var first: (index: CheckedPolicy.SignalIndex, range: SourceRange)?
    for leaf in leaves where !leaf.isReduced {
      guard let index = leaf.keyedSignal, !keys(of: index).isEmpty else { continue }
      guard let known = first else {
        first = (index, leaf.range)
        continue
      }
      if keys(of: known.index) != keys(of: index) {
        report(
          .differentKeys(
            signals[index].name, keys(of: index), at: leaf.range, signals[known.index].name, keys(of: known.index),
            first: known.range))
        return nil
      }
    }
    return first.map { keys(of: $0.index) } ?? []
  }

  /// The expression, unless it, or the whole policy, has outgrown its limit with all names written out.
  mutating func charged(_ typed: Typed, at range: SourceRange) -> Typed {
    guard typed.size <= Self.sizeLimit && typed.depth <= Self.depthLimit else {
      report(
        typed.size > Self.sizeLimit
          ? .expansionTooLarge(nodes: typed.size, limit: Self.sizeLimit, at: range)
          : .expansionTooDeep(limit: Self.depthLimit, at: range))
      return .faulty
    }
    totalSize += typed.size
    guard totalSize > Self.totalSizeLimit else { return typed }
    if !hasReportedTotal { report(.policyTooLarge(limit: Self.totalSizeLimit, at: range)) }
    hasReportedTotal = true
    return .faulty
  }
}

extension Leaf {
  /// The signal whose keys it takes part in; `absent` has none.
  var keyedSignal: CheckedPolicy.SignalIndex? {
    if case .absent = term { return nil }
    return signal
  }
}

extension LogSource {
  fileprivate var limits: PatternLimits {
    var limits = PatternLimits()
    if let matchLimit { limits.steps = matchLimit.value }
    if let maxLine { limits.line = maxLine.value }
    return limits
  }
}
