import CriteriaDiagnostics
import CriteriaSyntax

/// A policy with its defaults filled in, and with its names looked up where they are used.
struct Policy: Sendable {
  var step: Int64
  /// Thousandths of a point.
  var replace: Int64
  var watch: Int64
  var maxLateness: Int64
  var selector: Expr?
  var launched: [MetricSelector]
  var desired: [DesiredEntry]?
  /// The sources of evidence, by name.
  var signals: [String: Signal] = [:]
  /// The named expressions (`is:`).
  var names: [String: Named] = [:]
  var rules: [Rule] = []
  /// Every `since` of a boolean, inner ones before those that hold them.
  var clocks: [Clock] = []

  struct Named: Sendable {
    var expression: Expr
    var reduce: Reduction?
  }

  struct Rule: Sendable {
    var name: String
    var when: Expr
    var until: Expr?
    var `for`: Int64
    var hold: Int64?
    var latch: Bool
    var effect: Effect
    /// The static range of the worth, in points.
    var range: ClosedRange<Double>
    var unknown: RuleDeclaration.Unknown?
    var except: [ExceptEntry]
    var shadow: Bool
    /// The keyed signals that make its rows.
    var keyed: [String]
    var optional: [String]
    var longestWindow: Int64
  }

  struct Clock: Sendable {
    /// Where the `since` stands in the text: what tells one from another.
    var site: SourceRange
    var condition: Expr
    var keyed: [String]
  }

  init(_ file: PolicyFile) {
    step = file.step?.value.milliseconds ?? 30_000
    let replacePoints = file.replace?.value ?? 100
    replace = thousandths(replacePoints)
    watch = thousandths(file.watch?.value ?? replacePoints / 2)
    maxLateness = file.maxLateness?.value.milliseconds ?? 2 * step
    selector = file.selector
    launched = file.launched.map(\.value)
    desired = file.desired

    for declaration in file.signals {
      if case .expression(let expression) = declaration.kind {
        names[declaration.name.value] = Named(expression: expression, reduce: declaration.reduce?.value)
      } else {
        signals[declaration.name.value] = Signal(declaration)
      }
    }
    noteWindows(in: file)
    for name in signals.keys { signals[name]!.fillInStaleness() }
    for declaration in file.rules { rules.append(resolve(declaration)) }

    var sites: Set<SourceRange> = []
    for expression in allExpressions(of: file) {
      visit(expression, throughNames: false) { inner in
        if let clock = clock(at: inner), sites.insert(clock.site).inserted { clocks.append(clock) }
      }
    }
    // An inner clock may stand in a named expression; following the names, it is the one that holds fewer others.
    clocks = sortedInnerFirst(clocks)
  }

  private func resolve(_ declaration: RuleDeclaration) -> Rule {
    var parts = [declaration.when]
    if let until = declaration.until { parts.append(until) }
    var range = 0.0...0.0
    if case .add(let worth, _) = declaration.then {
      parts.append(worth)
      range = staticRange(of: worth)
    }
    var optional: Set<String> = []
    var longest: Int64 = 0
    for part in parts {
      visit(part, throughNames: true) { inner in
        for name in signalNames(in: inner) where signals[name]!.isOptional { optional.insert(name) }
        if case .window(_, let length, _) = inner { longest = max(longest, length.milliseconds) }
      }
    }
    return Rule(
      name: declaration.name.value, when: declaration.when, until: declaration.until,
      for: declaration.for?.value.milliseconds ?? 0,
      hold: declaration.hold.map(\.value.milliseconds).flatMap { $0 == 0 ? nil : $0 },
      latch: declaration.latch?.value ?? false, effect: declaration.then, range: range,
      unknown: declaration.unknown?.value, except: declaration.except, shadow: declaration.shadow?.value ?? false,
      keyed: keyedSignals(of: parts), optional: optional.sorted(), longestWindow: longest)
  }

  // MARK: - Windows

  private mutating func noteWindows(in file: PolicyFile) {
    for expression in allExpressions(of: file) {
      var ofSince: Set<SourceRange> = []
      visit(expression, throughNames: false) { inner in
        // What `since` speaks of is not read for its value.
        if case .call(let function, let arguments, _) = inner, function.value == "since" {
          ofSince.insert(arguments[0].range)
        }
        if let path = inner.path, ofSince.contains(path.range) { return }
        guard let window = window(of: inner), signals[window.signal] != nil else { return }
        signals[window.signal]!.longestWindow = max(signals[window.signal]!.longestWindow, window.length)
      }
    }
  }

  /// The window of one node, over the signal that it names. A log is looked back at without one, too: a day by `since`.
  private func window(of node: Expr) -> (signal: String, length: Int64)? {
    if case .window(let path, let length, _) = node { return (path.first.value, length.milliseconds) }
    if let path = node.path, let signal = signals[path.first.value], signal.isLog {
      return (path.first.value, signal.staleAfter ?? latestOfLogStaleAfter)
    }
    guard case .call(let function, let arguments, _) = node, function.value == "since", let path = arguments[0].path,
      signals[path.first.value]?.isLog ?? false
    else { return nil }
    return (path.first.value, sinceOfLogWindow)
  }

  /// Every expression that the policy's text holds, each once.
  private func allExpressions(of file: PolicyFile) -> [Expr] {
    var found: [Expr] = []
    for declaration in file.signals {
      if case .expression(let expression) = declaration.kind { found.append(expression) }
    }
    if let selector = file.selector { found.append(selector) }
    for entry in file.desired ?? [] { if let condition = entry.condition { found.append(condition) } }
    for rule in file.rules {
      found.append(rule.when)
      if let until = rule.until { found.append(until) }
      if case .add(let worth, _) = rule.then { found.append(worth) }
      for entry in rule.except { found.append(entry.condition) }
      for part in rule.why?.parts ?? [] { if case .expression(let expression) = part { found.append(expression) } }
    }
    return found
  }

  // MARK: - Keys

  /// The keyed signals that expressions read: not those under a `reduce:`, nor in `absent`, which is never keyed.
  func keyedSignals(of expressions: [Expr]) -> [String] {
    var found: Set<String> = []
    for expression in expressions {
      visit(expression, throughNames: true, intoReduced: false, intoAbsent: false) { inner in
        for name in signalNames(in: inner) where signals[name]!.isKeyed { found.insert(name) }
      }
    }
    return found.sorted()
  }

  /// The signals that this one node names; not those of the nodes in it.
  private func signalNames(in node: Expr) -> [String] {
    let name: String
    switch node {
    case .path(let path): name = path.first.value
    case .window(let path, _, _): name = path.first.value
    default: return []
    }
    return signals[name] == nil ? [] : [name]
  }

  // MARK: - Clocks

  /// The clock of a `since` whose argument is a boolean expression.
  private func clock(at node: Expr) -> Clock? {
    guard case .call(let function, let arguments, let range) = node, function.value == "since" else { return nil }
    if let path = arguments[0].path, names[path.first.value] == nil { return nil }
    return Clock(site: range, condition: arguments[0], keyed: keyedSignals(of: arguments))
  }

  private func sortedInnerFirst(_ clocks: [Clock]) -> [Clock] {
    func depth(_ clock: Clock) -> Int {
      var inside = 0
      visit(clock.condition, throughNames: true) { if self.clock(at: $0) != nil { inside += 1 } }
      return inside
    }
    return clocks.map { (depth($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  // MARK: - Walking

  /// Calls `body` with every node, those of named expressions too if `throughNames`.
  func visit(
    _ expression: Expr, throughNames: Bool, intoReduced: Bool = true, intoAbsent: Bool = true, _ body: (Expr) -> Void
  ) {
    func walk(_ node: Expr) {
      body(node)
      switch node {
      case .number, .string, .bool, .window: break
      case .path(let path):
        if throughNames, path.rest.isEmpty, let named = names[path.first.value], intoReduced || named.reduce == nil {
          walk(named.expression)
        }
      case .call(let function, let arguments, _):
        // The argument of `drifted` is the name of a fact, not of a signal.
        if function.value == "drifted" || function.value == "absent" && !intoAbsent { break }
        // `since` of a `fact` signal speaks of the fact.
        if function.value == "since", let path = arguments[0].path, case .fact? = signals[path.first.value]?.kind {
          break
        }
        arguments.forEach(walk)
      case .not(let operand, _), .negate(let operand, _), .membership(let operand, _, _), .match(let operand, _, _):
        walk(operand)
      case .logical(_, let left, let right, _), .arithmetic(_, let left, let right, _),
        .comparison(_, let left, let right, _):
        walk(left)
        walk(right)
      }
    }
    walk(expression)
  }
}

/// `since` of a log looks this far back.
let sinceOfLogWindow: Int64 = 24 * 3_600_000

/// Points as whole thousandths, half away from zero.
func thousandths(_ points: Double) -> Int64 { Int64((points * 1000).rounded(.toNearestOrAwayFromZero)) }

/// A source of evidence: everything declared under `signals:` except named expressions.
struct Signal: Sendable {
  var name: String
  var kind: SignalKind
  var unit: Unit?
  /// Sorted.
  var by: [String]
  var reduce: Reduction?
  var isOptional: Bool
  /// The label that holds the instance: it does not tell series apart.
  var instanceLabel: String
  var maxKeys: Int
  var longestWindow: Int64 = 0
  /// Milliseconds; `nil`: never stale.
  var staleAfter: Int64?

  init(_ declaration: SignalDeclaration) {
    name = declaration.name.value
    kind = declaration.kind
    unit = declaration.unit?.value
    by = declaration.by.map(\.value).sorted(by: precedes)
    reduce = declaration.reduce?.value
    isOptional = declaration.isOptional?.value ?? false
    instanceLabel = declaration.instance?.value ?? "instance"
    staleAfter = declaration.staleAfter?.value.milliseconds
    maxKeys = 64
    switch kind {
    case .gauge(let source), .counter(let source): maxKeys = source.maxKeys?.value ?? 64
    case .log, .condition, .info, .fact, .expression: break
    }
  }

  /// §2.4. Only once the windows over it are known.
  mutating func fillInStaleness() {
    if staleAfter != nil { return }
    switch kind {
    case .gauge, .counter, .info: staleAfter = longestWindow == 0 ? 300_000 : min(300_000, longestWindow)
    case .condition: staleAfter = 900_000
    case .log, .fact, .expression: break
    }
  }

  /// §2.5.
  var retention: Int64 { isLog ? longestWindow : max(longestWindow, staleAfter ?? 0) }
  var isKeyed: Bool { !by.isEmpty && reduce == nil }
  var isLog: Bool { if case .log = kind { true } else { false } }
}

extension Expr {
  var path: Path? { if case .path(let path) = self { path } else { nil } }
}

/// The order of bytes, in which names, keys and series are sorted.
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
