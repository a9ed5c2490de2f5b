import CriteriaSyntax

/// The signals of the policy's own file that nothing reads. Those of `use:` files are shared: not every policy needs all.
///
/// What an unused name reads counts as used: one finding is enough. An info signal is used by `fact.NAME` and `drifted(NAME)`, and all of them by `drift.count` and `drift.ratio`.
func unusedSignals(of file: PolicyFile) -> [Name] {
  var finder = UseFinder(file)
  finder.run()
  return file.signals.filter { signal in
    signal.name.range.source == file.range.source && !finder.used.contains(signal.name.value)
  }.map(\.name)
}

private struct UseFinder {
  let file: PolicyFile
  private(set) var used: Set<String> = []
  private var named: [Expr] = []
  private var infos: [String] = []

  init(_ file: PolicyFile) {
    self.file = file
    for signal in file.signals {
      switch signal.kind {
      case .expression(let expr): named.append(expr)
      case .info: infos.append(signal.name.value)
      case .gauge, .counter, .log, .condition, .fact: break
      }
    }
  }

  mutating func run() {
    for expr in named { visit(expr) }
    if let selector = file.selector { visit(selector) }
    for entry in file.desired ?? [] { if let condition = entry.condition { visit(condition) } }
    for rule in file.rules {
      visit(rule.when)
      if let until = rule.until { visit(until) }
      if case .add(let worth, _) = rule.then { visit(worth) }
      for entry in rule.except { visit(entry.condition) }
      for case .expression(let expr) in rule.why?.parts ?? [] { visit(expr) }
    }
  }

  private mutating func visit(_ path: Path) {
    switch path.first.value {
    case "fact": if let name = path.rest.first { used.insert(name.value) }
    case "drift": used.formUnion(infos)
    default: used.insert(path.first.value)
    }
  }

  private mutating func visit(_ expr: Expr) {
    switch expr {
    case .number, .string, .bool: break
    case .path(let path), .window(let path, _, _): visit(path)
    case .call(_, let arguments, _): for argument in arguments { visit(argument) }
    case .not(let inner, _), .negate(let inner, _), .membership(let inner, _, _), .match(let inner, _, _): visit(inner)
    case .logical(_, let left, let right, _), .arithmetic(_, let left, let right, _),
      .comparison(_, let left, let right, _):
      visit(left)
      visit(right)
    }
  }
}
