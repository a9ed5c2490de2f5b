import CriteriaSyntax

/// How often each thing must occur, so that agreeing means something.
let expectedOccurrences: [String] =
  [
    "avg", "min", "max", "sum", "first", "last", "count", "rate", "increase", "changes", "slope", "stddev", "p50",
    "p90",
    "p95", "p99", "absent",
  ].map { "window: \($0)" }
  + ["abs", "min", "max", "clamp", "ramp", "spread", "drifted", "since"].map { "function: \($0)" }
  + [
    "since: a log", "since: a condition", "since: an info", "since: a fact", "since: an expression", "drift.count",
    "drift.ratio", "age", "fact", "label", "desired", "a reason", "a capture", "in", "=~", "and", "or", "not", "+", "-",
    "*",
    "/", "a comparison of truths",
  ].map { $0.hasPrefix("since") ? $0 : "expression: \($0)" }
  + ["gauge", "counter", "log", "log with value", "condition", "condition from a metric", "info", "fact", "expression"]
  .map { "signal: \($0)" }
  + [
    "by", "reduce", "optional", "stale_after", "ignore", "scale", "unit", "max_keys", "instance", "by in a log",
    "reduce in a log", "match_limit",
  ]
  .map { "signal key: \($0)" }
  + ["until", "for", "hold", "latch", "unknown: fires", "unknown: ignore", "except", "expires", "shadow", "why"]
  .map { "rule: \($0)" }
  + ["points", "graded points", "replace", "quarantine", "protect"].map { "effect: \($0)" }
  + ["selector", "desired", "launched", "max_lateness", "use"].map { "policy: \($0)" }
  + ["idle", "pending", "active", "holding", "excepted", "n/a"].map { "state: \($0)" }
  + [
    "idle, possibly pending", "idle, possibly active", "idle, possibly holding", "pending, possibly active",
    "holding, possibly active",
  ].map { "state: \($0)" }
  + [
    "idle → pending", "idle → active", "pending → active", "pending → idle", "active → idle", "active → holding",
    "holding → active", "holding → idle",
  ].flatMap { ["sure: \($0)", "possible: \($0)"] }
  + ["keep", "watch", "quarantine", "replace", "unknown", "not judged"].map { "verdict: \($0)" }
  + ["an effect is certain", "an effect is possible"]
  + [
    "late", "future", "duplicate", "a series ends", "a series comes", "a series goes", "a gap", "a counter resets",
    "attached in silence", "a relaunch", "a crowded step", "many samples a tick", "regular scrapes",
    "a scrape misses one", "a match limit is hit", "4 to 40 instances",
  ].map { "observation: \($0)" }
  + [
    "tick by tick", "catching up", "shuffled", "the clock jumps", "a look between ticks", "assumed steady",
  ].map { "schedule: \($0)" }
  + Path.all.map { "path: \($0.name)" } + ["path: several together"]

/// What a policy's text holds.
func syntaxFacts(_ file: PolicyFile) -> Set<String> {
  var facts: Set<String> = []
  var kinds: [String: SignalKind] = [:]
  for signal in file.signals { kinds[signal.name.value] = signal.kind }
  for signal in file.signals { note(signal, &facts, kinds) }
  if let selector = file.selector {
    facts.insert("policy: selector")
    note(selector, &facts, kinds)
  }
  if file.desired != nil { facts.insert("policy: desired") }
  if !file.launched.isEmpty { facts.insert("policy: launched") }
  if !file.uses.isEmpty { facts.insert("policy: use") }
  if file.maxLateness != nil { facts.insert("policy: max_lateness") }
  for rule in file.rules { note(rule, &facts, kinds) }
  return facts
}

private func note(_ signal: SignalDeclaration, _ facts: inout Set<String>, _ kinds: [String: SignalKind]) {
  var keys: [(String, Bool)] = [
    ("by", !signal.by.isEmpty), ("reduce", signal.reduce != nil), ("optional", signal.isOptional != nil),
    ("stale_after", signal.staleAfter != nil), ("unit", signal.unit != nil), ("instance", signal.instance != nil),
  ]
  switch signal.kind {
  case .gauge(let source), .counter(let source):
    if case .gauge = signal.kind { facts.insert("signal: gauge") } else { facts.insert("signal: counter") }
    keys += [("ignore", source.ignore != nil), ("scale", source.scale != nil), ("max_keys", source.maxKeys != nil)]
  case .log(let source):
    facts.insert(source.value == nil ? "signal: log" : "signal: log with value")
    keys += [
      ("by in a log", !signal.by.isEmpty), ("reduce in a log", signal.reduce != nil),
      ("match_limit", source.matchLimit != nil),
    ]
  case .condition(let source):
    facts.insert(source.from == nil ? "signal: condition" : "signal: condition from a metric")
  case .info: facts.insert("signal: info")
  case .fact: facts.insert("signal: fact")
  case .expression(let expression):
    facts.insert("signal: expression")
    note(expression, &facts, kinds)
  }
  for (key, isThere) in keys where isThere { facts.insert("signal key: \(key)") }
}

private func note(_ rule: RuleDeclaration, _ facts: inout Set<String>, _ kinds: [String: SignalKind]) {
  note(rule.when, &facts, kinds)
  if let until = rule.until { note(until, &facts, kinds) }
  switch rule.then {
  case .add(let worth, _):
    if case .number = worth { facts.insert("effect: points") } else { facts.insert("effect: graded points") }
    note(worth, &facts, kinds)
  case .replace: facts.insert("effect: replace")
  case .quarantine: facts.insert("effect: quarantine")
  case .protect: facts.insert("effect: protect")
  }
  for entry in rule.except { note(entry.condition, &facts, kinds) }
  let keys: [(String, Bool)] = [
    ("until", rule.until != nil), ("for", rule.for != nil), ("hold", rule.hold != nil), ("latch", rule.latch != nil),
    ("unknown: fires", rule.unknown?.value == .fires), ("unknown: ignore", rule.unknown?.value == .ignore),
    ("except", !rule.except.isEmpty), ("expires", rule.except.contains { $0.expires != nil }),
    ("shadow", rule.shadow != nil), ("why", rule.why != nil),
  ]
  for (key, isThere) in keys where isThere { facts.insert("rule: \(key)") }
}

private func note(_ expression: Expr, _ facts: inout Set<String>, _ kinds: [String: SignalKind]) {
  func insert(_ fact: String) { facts.insert("expression: " + fact) }
  switch expression {
  case .number, .string, .bool, .window: break
  case .path(let path):
    switch (path.first.value, path.rest.first?.value) {
    case ("age", _): insert("age")
    case ("drift", let part?): insert("drift.\(part)")
    case ("fact", _), ("label", _), ("desired", _): insert(path.first.value)
    case (let name, _?):
      if case .condition? = kinds[name] { insert("a reason") } else { insert("a capture") }
    case (_, nil): break
    }
  case .call(let name, let arguments, _):
    if case .window? = arguments.first {
      facts.insert("window: \(name.value)")
    } else {
      facts.insert("function: \(name.value)")
    }
    if name.value == "since" { facts.insert("since: " + target(arguments[0], kinds)) }
    for argument in arguments { note(argument, &facts, kinds) }
  case .not(let inner, _):
    insert("not")
    note(inner, &facts, kinds)
  case .negate(let inner, _): note(inner, &facts, kinds)
  case .logical(let sign, let left, let right, _):
    insert(sign.rawValue)
    note(left, &facts, kinds)
    note(right, &facts, kinds)
  case .arithmetic(let sign, let left, let right, _):
    insert(sign.rawValue)
    note(left, &facts, kinds)
    note(right, &facts, kinds)
  case .comparison(_, let left, let right, _):
    if case .logical = left { insert("a comparison of truths") }
    if case .comparison = left { insert("a comparison of truths") }
    note(left, &facts, kinds)
    note(right, &facts, kinds)
  case .membership(let inner, _, _):
    insert("in")
    note(inner, &facts, kinds)
  case .match(let inner, _, _):
    insert("=~")
    note(inner, &facts, kinds)
  }
}

private func target(_ argument: Expr, _ kinds: [String: SignalKind]) -> String {
  guard case .path(let path) = argument else { return "an expression" }
  if path.first.value == "fact" { return "a fact" }
  switch kinds[path.first.value] {
  case .log: return "a log"
  case .condition: return "a condition"
  case .info: return "an info"
  case .fact: return "a fact"
  case .gauge, .counter, .expression, nil: return "an expression"
  }
}

/// Counts in how many cases each thing occurred.
struct Histogram {
  private(set) var counts: [String: Int] = [:]
  private(set) var cases = 0

  mutating func add(_ facts: Facts) {
    cases += 1
    for fact in facts.occurred { counts[fact, default: 0] += 1 }
  }

  mutating func add(_ other: Histogram) {
    cases += other.cases
    counts.merge(other.counts) { $0 + $1 }
  }

  func share(_ name: String) -> Double { Double(counts[name] ?? 0) / Double(max(1, cases)) * 100 }

  func print() {
    for name in Set(counts.keys).union(expectedOccurrences).sorted() {
      Swift.print("  \(decimal((share(name) * 10).rounded() / 10))%\t\(name)")
    }
  }

  /// What occurs in too few cases.
  func rare(below percent: Double) -> [String] { expectedOccurrences.filter { share($0) < percent } }
}
