import CriteriaDiagnostics
import CriteriaSyntax

extension Checker {
  /// A rule with its names resolved; `nil` if something it needs is faulty.
  mutating func checkRule(_ rule: RuleDeclaration) -> CheckedPolicy.Rule? {
    let when = condition(rule.when, in: "when")
    let until = rule.until.map { condition($0, in: "until") }
    let effect = checkEffect(rule.then)
    checkTimes(rule)
    checkMachine(rule)
    let except = rule.except.map { entry in
      (entry, standing(entry.condition, in: "where"))
    }

    var leaves = (when?.leaves ?? []) + ((until ?? nil)?.leaves ?? [])
    if case .add(let worth, _)? = effect { leaves += worth.leaves }
    let keys = commonKeys(of: leaves)
    let optional = Set(leaves.compactMap(\.signal).filter { signals[$0].isOptional }).sorted()
    checkOptional(optional, leaves, rule)
    let why = rule.why.map { checkReason($0, keys: keys) }

    guard let when, let effect, let keys else { return nil }
    if case .some(.none) = until { return nil }
    // `since` of a log looks back a day, but is not a window that has to fill first.
    let windows = leaves.map { leaf in
      if case .since = leaf.term { return Int64(0) }
      return leaf.window
    }
    return CheckedPolicy.Rule(
      name: rule.name.value, when: when, until: until ?? nil, for: rule.for?.value.milliseconds ?? 0,
      hold: rule.hold?.value.milliseconds ?? 0, latch: rule.latch?.value ?? false, effect: effect, why: why,
      unknown: rule.unknown?.value,
      except: except.compactMap { entry, condition in
        condition.map {
          CheckedPolicy.Rule.Except(condition: $0, expires: entry.expires?.value, because: entry.because?.value)
        }
      },
      shadow: rule.shadow?.value ?? false, labels: rule.labels.map { ($0.name.value, $0.value.value) }, by: keys,
      optionalSignals: optional, longestWindow: windows.max() ?? 0, range: rule.range)
  }

  /// An expression of a rule that is true or false.
  private mutating func condition(_ expr: Expr, in key: String) -> BoolExpr? {
    truth(charged(infer(expr), at: expr.range), expr, needed: "`\(key)`")
  }

  // MARK: Selectors

  /// `selector` and `where`: conditions over what is known of an instance, not over what is observed of it.
  mutating func standing(_ expr: Expr, in key: String) -> BoolExpr? {
    guard let condition = condition(expr, in: key) else { return nil }
    var isStanding = true
    for leaf in condition.leaves {
      switch leaf.term {
      case .fact, .label: continue
      case .latest(let index):
        if signalClass(index) == .fact { continue }
        let isInfo = signalClass(index) == .info
        report(.notStanding(signals[index].name, in: key, info: isInfo ? signals[index].name : nil, at: leaf.range))
      case .window(_, let index, _), .absent(let index, _), .since(let index, _):
        report(.notStanding(signals[index].name, in: key, info: nil, at: leaf.range))
      case .sinceFact: report(.notStanding("since", in: key, info: nil, at: leaf.range))
      case .age: report(.notStanding("age", in: key, info: nil, at: leaf.range))
      case .drift: report(.notStanding("drift", in: key, info: nil, at: leaf.range))
      case .drifted: report(.notStanding("drifted", in: key, info: nil, at: leaf.range))
      case .desired: report(.notStanding("desired", in: key, info: nil, at: leaf.range))
      }
      isStanding = false
    }
    return isStanding ? condition : nil
  }

  // MARK: Effects

  private mutating func checkEffect(_ effect: Effect) -> CheckedPolicy.Rule.Effect? {
    switch effect {
    case .replace: return .replace
    case .quarantine: return .quarantine
    case .protect: return .protect
    case .add(let expr, _):
      let typed = charged(infer(expr), at: expr.range)
      guard let (worth, measure) = number(typed, expr, needed: "a worth") else { return nil }
      guard join(measure, .plain) != nil else {
        report(.worthNotPlain(measure ?? .plain, at: expr.range, fix: worthFix(expr)))
        return nil
      }
      return bounds(of: worth, at: expr.range).map { .add(worth, range: $0) }
    }
  }

  /// `+60%` was meant as `+60`.
  private func worthFix(_ expr: Expr) -> Diagnostic.Fix? {
    guard case .number(let literal, let range) = expr, literal.unit?.name == "%" else { return nil }
    return Diagnostic.Fix(range, decimal(literal.digits))
  }

  private mutating func bounds(of worth: NumberExpr, at range: SourceRange) -> ClosedRange<Double>? {
    let values = worth.valueRange
    guard values.isFinite, values.high <= Self.worthLimit else {
      report(.worthUnbounded(values, limit: Self.worthLimit, at: range))
      return nil
    }
    guard values.low >= 0 else {
      report(.worthNegative(values, at: range))
      return nil
    }
    // −0 is 0.
    return values.low + 0...values.high + 0
  }

  // MARK: Times and states

  private mutating func checkTimes(_ rule: RuleDeclaration) {
    for (key, duration) in [("for", rule.for), ("hold", rule.hold)] {
      if let duration { checkMultiple(duration.value, of: "`\(key)`", at: duration.range) }
    }
  }

  private mutating func checkMachine(_ rule: RuleDeclaration) {
    if let latch = rule.latch, latch.value {
      if let until = rule.until { report(.latchBeside("until", latch: latch.range, at: until.range)) }
      if let hold = rule.hold { report(.latchBeside("hold", latch: latch.range, at: hold.range)) }
    }
    if let unknown = rule.unknown, unknown.value == .ignore, let effect = stopping(rule.then) {
      report(.ignoreOn(effect.name, effect: effect.range, at: unknown.range))
    }
  }

  private mutating func checkOptional(
    _ optional: [CheckedPolicy.SignalIndex], _ leaves: [Leaf], _ rule: RuleDeclaration
  ) {
    guard let effect = stopping(rule.then) else { return }
    for index in optional {
      guard let leaf = leaves.first(where: { $0.signal == index }) else { continue }
      report(.optionalOn(effect.name, signal: signals[index].name, effect: effect.range, at: leaf.range))
    }
  }

  /// The effects that may stop a replacement: not applying them must not happen silently.
  private func stopping(_ effect: Effect) -> (name: String, range: SourceRange)? {
    switch effect {
    case .quarantine(let range): ("quarantine", range)
    case .protect(let range): ("protect", range)
    case .add, .replace: nil
    }
  }

  // MARK: Reasons

  /// - Parameter keys: `nil` if those of the rule are at odds.
  private mutating func checkReason(_ template: Template, keys: [String]?) -> [CheckedPolicy.Rule.WhyPart] {
    template.parts.compactMap { part in
      switch part {
      case .text(let text): return .text(text)
      case .expression(let expr): return reasonPart(expr, keys: keys)
      }
    }
  }

  private mutating func reasonPart(_ expr: Expr, keys: [String]?) -> CheckedPolicy.Rule.WhyPart? {
    if case .path(let path) = expr, path.rest.isEmpty {
      let name = path.first
      let isKey = keys?.contains(name.value) == true
      if meanings[name.value] == nil && !builtInNames.contains(name.value) {
        if isKey { return .key(name.value) }
        if keys == nil { return nil }
        if let near = nearest(name.value, among: keys ?? []) {
          report(.unknownName(name.value, nearest: near, isFunction: false, at: name.range))
          return nil
        }
      } else if isKey {
        report(.keyShadowed(name.value, at: name.range))
      }
    }
    let typed = charged(infer(expr), at: expr.range)
    checkReasonKeys(typed, keys: keys)
    switch typed.value {
    case .number(let number, let measure): return .number(number, type: measure ?? .plain)
    case .string(let string): return .string(string)
    case .bool(let truth): return .bool(truth)
    case .faulty: return nil
    }
  }

  /// A reason speaks of one row of its rule: what it reads must have that row.
  private mutating func checkReasonKeys(_ typed: Typed, keys: [String]?) {
    guard let keys else { return }
    for leaf in leaves(of: typed) where !leaf.isReduced {
      guard let index = leaf.keyedSignal, !self.keys(of: index).isEmpty, self.keys(of: index) != keys else { continue }
      report(.reasonOfOtherKeys(signals[index].name, self.keys(of: index), rule: keys, at: leaf.range))
      return
    }
  }
}
