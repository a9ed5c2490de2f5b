import CriteriaDiagnostics
package import CriteriaEngine
import CriteriaSyntax

/// Turns a checked policy into a program. Cannot fail: the checker has compiled every pattern already.
package func lower(_ policy: CheckedPolicy) -> Program {
  var lowering = Lowering(policy)
  return lowering.run()
}

/// The program under construction: distinct features once each, and a register for every value.
struct Lowering {
  let policy: CheckedPolicy
  var program = Program()
  /// The instructions of the fragment under construction.
  private var code: [Instruction] = []
  private var codeSites: [Site] = []
  /// The expression that is being lowered.
  private var site = Site(source: 0, start: 0, end: 0)
  private var codes: [String: UInt32] = ["": 1]
  private var numbers: [UInt64: Int] = [:]
  private var strings: [UInt32: Int] = [:]
  private var truths: [Bool: Int] = [:]
  private var featureIndex: [Program.Feature.Kind: Int] = [:]
  private var derivedIndex: [String: Int] = [:]
  /// A register that is never written: NaN.
  private var unwritten: Int?
  /// Text for people may read a clock without waking anybody.
  private var isForPeople = false
  /// What the fragment under construction reads.
  var reads = Reads()

  struct Reads {
    var features: Set<Int> = []
    var derived: Set<Int> = []
    var keyedSignals: Set<Int> = []
    var signals: Set<Int> = []
  }

  init(_ policy: CheckedPolicy) { self.policy = policy }

  mutating func run() -> Program {
    program.step = policy.step
    program.replace = policy.replace
    program.watch = policy.watch
    program.maxLateness = policy.maxLateness
    program.launched = policy.launched.map(selector)
    let captures = capturesRead()
    for (index, signal) in policy.signals.enumerated() {
      var lowered = lower(signal, at: index, captures: captures[index] ?? [])
      lowered.definition = definition(of: signal)
      program.signals.append(lowered)
    }
    program.selector = policy.selector.map { truthFragment($0) }
    program.desired = policy.desired.map { entries in
      entries.map { entry in
        let condition = entry.condition.map { truthFragment($0) }
        let facts = entry.facts.sorted { $0.key < $1.key }.map { (name: code($0.key), value: code($0.value)) }
        return Program.Desired(condition: condition, facts: facts)
      }
    }
    for rule in policy.rules {
      var lowered = lower(rule)
      lowered.definition = definition(of: rule)
      program.rules.append(lowered)
    }
    program.strings = codes.sorted { $0.value < $1.value }.map(\.key)
    return program
  }

  // MARK: Registers

  mutating func newNumber() -> Int {
    program.numberRegisters += 1
    return program.numberRegisters - 1
  }

  mutating func newTruth() -> Int {
    program.truthRegisters += 1
    return program.truthRegisters - 1
  }

  mutating func newString() -> Int {
    program.stringRegisters += 1
    return program.stringRegisters - 1
  }

  mutating func nanRegister() -> Int {
    let register = unwritten ?? newNumber()
    unwritten = register
    return register
  }

  mutating func constant(_ value: Double) -> Int {
    if let known = numbers[value.bitPattern] { return known }
    let register = newNumber()
    numbers[value.bitPattern] = register
    program.numberConstants.append((register, value))
    return register
  }

  mutating func constant(_ value: Bool) -> Int {
    if let known = truths[value] { return known }
    let register = newTruth()
    truths[value] = register
    program.truthConstants.append((register, Truth(value)))
    return register
  }

  mutating func constant(_ text: String) -> Int {
    let code = code(text)
    if let known = strings[code] { return known }
    let register = newString()
    strings[code] = register
    program.stringConstants.append((register, code))
    return register
  }

  mutating func code(_ text: String) -> UInt32 {
    if let known = codes[text] { return known }
    let code = UInt32(codes.count + 1)
    codes[text] = code
    return code
  }

  mutating func emit(_ instruction: Instruction) {
    code.append(instruction)
    codeSites.append(site)
  }

  /// What `body` emits belongs to the expression at `range`.
  mutating func at(_ range: SourceRange, _ body: (inout Lowering) -> Int) -> Int {
    let outer = site
    site = Site(source: range.source.index, start: range.start, end: range.end)
    defer { site = outer }
    return body(&self)
  }

  // MARK: Features

  /// The feature of a kind, made if it is new; the fragment under construction reads it.
  mutating func feature(_ kind: Program.Feature.Kind, signal: Int?, text: String, format: NumberFormat) -> Int {
    let isKeyed = signal.map { hasRows($0, kind) } ?? false
    if let signal {
      reads.signals.insert(signal)
      if isKeyed { reads.keyedSignals.insert(signal) }
    }
    let index: Int
    if let known = featureIndex[kind] {
      index = known
    } else {
      var bound: Int?
      let register: Int
      switch kind {
      case .sinceSignal, .sinceFact:
        register = newNumber()
        bound = newNumber()
      case .latest, .window, .age, .driftCount, .driftRatio, .factNumber: register = newNumber()
      case .absent: register = newTruth()
      case .fact, .label, .desired, .status, .reason, .info, .capture: register = newString()
      }
      index = program.features.count
      program.features.append(
        Program.Feature(
          kind: kind, register: register, boundRegister: bound, text: text, format: format, signal: signal,
          isKeyed: isKeyed))
      featureIndex[kind] = index
    }
    reads.features.insert(index)
    return index
  }

  private func hasRows(_ signal: Int, _ kind: Program.Feature.Kind) -> Bool {
    // `absent` speaks of the signal as a whole.
    if case .absent = kind { return false }
    return program.signals[signal].isKeyed
  }

  /// A derived feature, made if one of the same text is not there yet.
  mutating func derived(_ text: String, make: (inout Lowering) -> Program.Derived) -> Int {
    let index: Int
    if let known = derivedIndex[text] {
      index = known
    } else {
      let outer = reads
      reads = Reads()
      let one = make(&self)
      reads = outer
      index = program.derived.count
      program.derived.append(one)
      derivedIndex[text] = index
    }
    let one = program.derived[index]
    reads.derived.insert(index)
    reads.signals.formUnion(one.fragment.signals)
    if case .sinceTruth = one.kind { reads.keyedSignals.formUnion(one.fragment.keyedSignals) }
    return index
  }

  /// A clock that is compared with something else than a constant may matter at any tick.
  mutating func noteThreshold(_ clock: ClockPlace, against other: NumberExpr?) {
    if isForPeople { return }
    let threshold: Program.Threshold? =
      switch other {
      case .constant(let value, _): .constant(value)
      case .negate(.constant(let value, _), _): .constant(-value)
      case .spread(.constant(let a, _), .constant(let b, _), _): .spread(a, b)
      default: nil
      }
    switch clock {
    case .feature(let index):
      if let threshold {
        program.features[index].thresholds?.append(threshold)
      } else {
        program.features[index].thresholds = nil
      }
    case .derived(let index):
      guard case .sinceTruth(let bound, var thresholds) = program.derived[index].kind else { return }
      if let threshold { thresholds?.append(threshold) } else { thresholds = nil }
      program.derived[index].kind = .sinceTruth(boundRegister: bound, thresholds: thresholds)
    }
  }

  // MARK: Signals

  private mutating func lower(
    _ signal: CheckedPolicy.Signal, at index: CheckedPolicy.SignalIndex, captures: [String]
  ) -> Program.Signal {
    let source: Program.Signal.Source
    var retention = max(signal.longestWindow, signal.staleAfter ?? 0)
    switch signal.source {
    case .gauge(let metric, let scale, let ignore), .counter(let metric, let scale, let ignore):
      source = .metric(
        selector(metric), Conversion(scale: scale, unit: unit(signal.unit)),
        ignore: ignore.map { (Comparison($0.comparison), $0.bound) })
    case .log(let sources, _, let value, _, _, _):
      guard let regex = policy.regexes[index] else { preconditionFailure("unchecked pattern reached lowering") }
      // Its `stale_after` is about lines of any kind, not about events.
      retention = signal.longestWindow
      source = .log(
        Program.LogPattern(
          sources: sources, regex: regex, value: value,
          conversion: Conversion(unit: unit(signal.unit)), captures: captures))
    case .condition(let type, let from, let typeLabel, let statusLabel):
      source = .condition(type: type, from: from.map(selector), typeLabel: typeLabel, statusLabel: statusLabel)
    case .info(let metric, let label): source = .info(selector(metric), label: label)
    case .fact(let name): source = .fact(name: code(name), Conversion(unit: unit(signal.unit)))
    }
    return Program.Signal(
      name: signal.name, source: source, by: signal.by, reduce: signal.reduce.map(Reducer.init),
      staleAfter: signal.staleAfter, retention: retention, maxKeys: signal.maxKeys,
      instanceLabel: signal.instanceLabel ?? "instance")
  }

  private func unit(_ unit: Unit?) -> Conversion.Unit {
    guard let unit, unit.numerator != unit.denominator else { return .none }
    if unit.numerator % unit.denominator == 0 { return .multiply(Double(unit.numerator / unit.denominator)) }
    if unit.denominator % unit.numerator == 0 { return .divide(Double(unit.denominator / unit.numerator)) }
    return .multiply(Double(unit.numerator) / Double(unit.denominator))
  }

  private func selector(_ selector: MetricSelector) -> Selector {
    Selector(
      metric: selector.metric,
      matchers: selector.matchers.map { matcher in
        switch matcher.comparison {
        case .equal: (matcher.label, .equal(matcher.value))
        case .notEqual: (matcher.label, .notEqual(matcher.value))
        case .matches: (matcher.label, .matches(anchored(matcher.value)))
        case .notMatches: (matcher.label, .notMatches(anchored(matcher.value)))
        }
      })
  }

  private func anchored(_ pattern: String) -> Regex {
    do {
      return try Regex(pattern: pattern, isAnchored: true)
    } catch {
      preconditionFailure("unchecked pattern reached lowering: \(error)")
    }
  }

  func regex(_ pattern: String) -> Regex {
    do {
      return try Regex(pattern: pattern)
    } catch {
      preconditionFailure("unchecked pattern reached lowering: \(error)")
    }
  }

  /// Per log signal, the groups that some expression reads.
  private func capturesRead() -> [Int: [String]] {
    var found: [Int: [String]] = [:]
    func visit(_ expr: StringExpr) {
      if case .capture(let signal, let group, _) = expr, !(found[signal] ?? []).contains(group) {
        found[signal, default: []].append(group)
      }
    }
    if let selector = policy.selector { selector.forEachString(visit) }
    for entry in policy.desired ?? [] { entry.condition?.forEachString(visit) }
    for rule in policy.rules {
      rule.when.forEachString(visit)
      rule.until?.forEachString(visit)
      if case .add(let worth, _) = rule.effect { worth.forEachString(visit) }
      for entry in rule.except { entry.condition.forEachString(visit) }
      for part in rule.why ?? [] {
        switch part {
        case .number(let expr, _): expr.forEachString(visit)
        case .string(let expr): visit(expr)
        case .bool(let expr): expr.forEachString(visit)
        case .text, .key: break
        }
      }
    }
    return found
  }

  // MARK: Rules

  private mutating func lower(_ rule: CheckedPolicy.Rule) -> Program.Rule {
    let when = truthFragment(rule.when)
    let until = rule.until.map { truthFragment($0) }
    let effect: Program.Rule.Effect
    var parts = [when] + (until.map { [$0] } ?? [])
    switch rule.effect {
    case .add(let worth, let range):
      let fragment = numberFragment(worth)
      parts.append(fragment)
      effect = .add(worth: fragment, low: range.lowerBound, high: range.upperBound)
    case .replace: effect = .replace
    case .quarantine: effect = .quarantine
    case .protect: effect = .protect
    }
    let except = rule.except.map {
      Program.Rule.Except(condition: truthFragment($0.condition), expires: $0.expires, because: $0.because)
    }
    let why = rule.why.map { parts in parts.map { lower($0, by: rule.by) } }
    func union(_ list: (Program.Fragment) -> [Int]) -> [Int] {
      let all = parts.flatMap(list).sorted()
      return zip(all, all.dropFirst()).filter { $0 != $1 }.map(\.0) + all.suffix(1)
    }
    return Program.Rule(
      name: rule.name, when: when, until: until, for: rule.for, hold: rule.hold, latch: rule.latch, effect: effect,
      why: why,
      unknown: rule.unknown.map { $0 == .fires ? .fires : .ignored } ?? .spreads, except: except, shadow: rule.shadow,
      labels: rule.labels.map { RuleReport.Label(name: $0.name, value: $0.value) }, by: rule.by,
      keyedSignals: union(\.keyedSignals), signals: union(\.signals),
      features: union(\.features), derived: union(\.derived), optionalSignals: rule.optionalSignals,
      longestWindow: rule.longestWindow)
  }

  private mutating func lower(_ part: CheckedPolicy.Rule.WhyPart, by: [String]) -> Program.Rule.WhyPart {
    isForPeople = true
    defer { isForPeople = false }
    return switch part {
    case .text(let text): .text(text)
    case .number(let expr, let type): .number(numberFragment(expr), NumberFormat(type))
    case .string(let expr): .string(stringFragment(expr))
    case .bool(let expr): .truth(truthFragment(expr))
    case .key(let label): by.firstIndex(of: label).map { .key($0) } ?? .text("{\(label)}")
    }
  }

  // MARK: Fragments

  private mutating func fragment(_ body: (inout Lowering) -> Int) -> Program.Fragment {
    let outerReads = reads
    reads = Reads()
    // Derived features met on the way put their own fragments into the program first.
    let outer = (code: code, sites: codeSites)
    (code, codeSites) = ([], [])
    let result = body(&self)
    let start = program.instructions.count
    program.instructions += code
    program.sites += codeSites
    (code, codeSites) = outer
    let own = reads
    reads = outerReads
    return Program.Fragment(
      code: start..<program.instructions.count, result: result, features: own.features.sorted(),
      derived: own.derived.sorted(),
      keyedSignals: own.keyedSignals.sorted(), signals: own.signals.sorted())
  }

  mutating func truthFragment(_ expr: BoolExpr) -> Program.Fragment { fragment { $0.lower(expr) } }
  mutating func numberFragment(_ expr: NumberExpr) -> Program.Fragment { fragment { $0.lower(expr) } }
  mutating func stringFragment(_ expr: StringExpr) -> Program.Fragment { fragment { $0.lower(expr) } }
}
