import CriteriaCompiler
package import CriteriaDiagnostics
package import CriteriaSyntax

/// Every mutant of a policy, in the order of the text; some may not compile, some may mean the same.
package func mutants(of file: PolicyFile, _ sources: SourceMap) -> [Mutant] {
  var mutations = Mutations(file: file, sources: sources)
  mutations.collect()
  return mutations.found.enumerated().sorted { a, b in
    (a.element.range.source.index, a.element.range.start, a.offset)
      < (b.element.range.source.index, b.element.range.start, b.offset)
  }.map(\.element)
}

private struct Mutations {
  let file: PolicyFile
  let sources: SourceMap
  private(set) var found: [Mutant] = []
  private var owner = ""
  /// An anchor used twice is one text.
  private var seen: Set<String> = []

  init(file: PolicyFile, sources: SourceMap) {
    self.file = file
    self.sources = sources
  }

  private var step: Int64 { file.step?.value.milliseconds ?? 30_000 }

  mutating func collect() {
    owner = Mutant.policyOwner
    for value in [file.watch, file.replace] { if let value { constant(value.range) } }
    let used = usedNames()
    for signal in file.signals where used.contains(signal.name.value) { collect(signal) }
    for rule in file.rules { collect(rule) }
  }

  /// The signals that rules, exceptions and selectors read, through names too: a fault in another one changes nothing.
  private func usedNames() -> Set<String> {
    var used: Set<String> = []
    func read(_ name: String) {
      guard used.insert(name).inserted, let signal = file.signals.first(where: { $0.name.value == name }),
        case .expression(let expr) = signal.kind
      else { return }
      visit(expr)
    }
    func visit(_ expr: Expr) {
      switch expr {
      case .number, .string, .bool: break
      case .path(let path), .window(let path, _, _):
        read(path.first.value)
        // `fact.image` is an info signal of that name, where there is one.
        for part in path.rest { read(part.value) }
      case .call(_, let arguments, _): for argument in arguments { visit(argument) }
      case .not(let inner, _), .negate(let inner, _), .membership(let inner, _, _), .match(let inner, _, _):
        visit(inner)
      case .logical(_, let a, let b, _), .arithmetic(_, let a, let b, _), .comparison(_, let a, let b, _):
        visit(a)
        visit(b)
      }
    }
    if let selector = file.selector { visit(selector) }
    for entry in file.desired ?? [] { if let condition = entry.condition { visit(condition) } }
    for rule in file.rules {
      visit(rule.when)
      if let until = rule.until { visit(until) }
      if case .add(let worth, _) = rule.then { visit(worth) }
      for entry in rule.except { visit(entry.condition) }
    }
    return used
  }

  private mutating func collect(_ signal: SignalDeclaration) {
    owner = signal.name.value
    switch signal.kind {
    case .expression(let expr): visit(expr)
    case .log(let source): pattern(source.match.value, source.matchOffsets, source.match.range.source)
    case .gauge, .counter, .condition, .info, .fact: break
    }
    if let unit = signal.unit, let other = ["percent": "ratio", "ratio": "percent"][unit.value.name] {
      replace(.unit, unit.range, by: other)
    }
    if let optional = signal.isOptional { flip(optional) }
  }

  private mutating func collect(_ rule: RuleDeclaration) {
    owner = rule.name.value
    visit(rule.when)
    if let until = rule.until {
      visit(until)
      replace(.until, until.range, by: "true")
    }
    if let wait = rule.for { self.wait(wait) }
    if let hold = rule.hold { wait(hold) }
    if let latch = rule.latch { flip(latch) }
    if let unknown = rule.unknown { replace(.missing, unknown.range, by: unknown.value == .fires ? "ignore" : "fires") }
    switch rule.then {
    case .add(let worth, let range):
      visit(worth)
      replace(.effect, range, by: "+0")
    case .replace(let range), .quarantine(let range), .protect(let range): replace(.effect, range, by: "+0")
    }
    for entry in rule.except { visit(entry.condition) }
  }

  // MARK: Expressions

  private mutating func visit(_ expr: Expr) {
    switch expr {
    case .number(_, let range): constant(range)
    case .string, .bool, .path: break
    case .window(_, let length, let range): window(length, range)
    case .call(_, let arguments, _): for argument in arguments { visit(argument) }
    case .not(let inner, _), .negate(let inner, _): visit(inner)
    case .logical(let sign, let left, let right, _):
      visit(left)
      visit(right)
      if let place = place(of: sign.rawValue, between: left, right) {
        replace(.connective, place, by: sign == .and ? "or" : "and")
      }
      for operand in [left, right] { replace(.operand, operand.range, by: sign == .and ? "true" : "false") }
    case .arithmetic(_, let left, let right, _):
      visit(left)
      visit(right)
    case .comparison(let sign, let left, let right, _):
      visit(left)
      visit(right)
      if let place = place(of: sign.rawValue, between: left, right) {
        replace(.comparison, place, by: neighbour(of: sign).rawValue)
      }
    case .membership(let inner, let list, _):
      visit(inner)
      for literal in list { element(literal) }
    case .match(let inner, _, _): visit(inner)
    }
  }

  private func neighbour(of sign: ComparisonOperator) -> ComparisonOperator {
    switch sign {
    case .less: .lessOrEqual
    case .lessOrEqual: .less
    case .greater: .greaterOrEqual
    case .greaterOrEqual: .greater
    case .equal: .notEqual
    case .notEqual: .equal
    }
  }

  /// Between two operands stand their brackets, blanks and the operator, nothing else.
  private func place(of sign: String, between left: Expr, _ right: Expr) -> SourceRange? {
    let source = left.range.source
    guard source == right.range.source, left.range.end <= right.range.start else { return nil }
    let gap = sources[source].bytes[left.range.end..<right.range.start]
    let wanted = Array(sign.utf8)
    // A sign may be written as an escape in a quoted text: then there is none to be found.
    guard gap.count >= wanted.count else { return nil }
    for start in gap.startIndex...(gap.endIndex - wanted.count)
    where gap[start..<start + wanted.count].elementsEqual(wanted) {
      return SourceRange(source, start, start + wanted.count)
    }
    return nil
  }

  // MARK: Edits

  private func text(_ range: SourceRange) -> String {
    String(decoding: sources[range.source].bytes[range.start..<range.end], as: UTF8.self)
  }

  private mutating func replace(_ kind: Mutant.Kind, _ range: SourceRange, by text: String, shown: String? = nil) {
    guard seen.insert("\(range.source.index) \(range.start) \(range.end) \(text)").inserted else { return }
    let before = self.text(range).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    found.append(
      Mutant(kind: kind, owner: owner, range: range, replacement: text, change: shown ?? "\(before) → \(text)"))
  }

  /// One step of the last written digit, up and down.
  private mutating func constant(_ range: SourceRange) {
    for up in [true, false] { if let text = stepped(text(range), up: up) { replace(.constant, range, by: text) } }
  }

  /// An element of a list is missing as well if it is another one.
  private mutating func element(_ literal: Literal) {
    switch literal.value {
    case .number: if let text = stepped(text(literal.range), up: true) { replace(.constant, literal.range, by: text) }
    case .string, .bool: break
    }
  }

  private mutating func window(_ length: Duration, _ range: SourceRange) {
    let half = length.milliseconds / 2 / step * step
    let bytes = sources[range.source].bytes[range.start..<range.end]
    guard half > 0, let open = bytes.lastIndex(of: UInt8(ascii: "[")),
      let close = bytes.lastIndex(of: UInt8(ascii: "]"))
    else { return }
    replace(
      .window, SourceRange(range.source, open + 1, close), by: written(half),
      shown: "\(text(range)) → \(text(SourceRange(range.source, range.start, open)))[\(written(half))]")
  }

  private mutating func wait(_ wait: Located<Duration>) {
    let length = wait.value.milliseconds
    for other in [length / 2 / step * step, length + step, length - step] where other >= 0 && other != length {
      replace(.wait, wait.range, by: written(other))
    }
  }

  private mutating func flip(_ truth: Located<Bool>) {
    replace(.missing, truth.range, by: truth.value ? "false" : "true")
  }

  /// `…|` matches every line, `(?!)…` none.
  private mutating func pattern(_ pattern: String, _ offsets: [Int], _ source: SourceID) {
    let count = pattern.utf8.count
    guard count > 0, offsets.count >= count else { return }
    let (first, last) = (offsets[0], offsets[count - 1])
    // The last character may be longer than a byte, or written as an escape.
    let bytes = sources[source].bytes
    guard last < bytes.count, bytes[last] == pattern.utf8.last else { return }
    let short = pattern.count > 40 ? pattern.prefix(39) + "…" : pattern[...]
    replace(.pattern, SourceRange(source, last + 1, last + 1), by: "|", shown: "match \(short) → every line")
    replace(.pattern, SourceRange(source, first, first), by: "(?!)", shown: "match \(short) → no line")
  }
}

/// `90%` → `91%`, `0.02` → `0.03`, `5` → `4`; below 0 with a sign.
///
/// - Returns: `nil` for what begins with no digits, or with too many.
package func stepped(_ literal: String, up: Bool) -> String? {
  let isNegative = literal.hasPrefix("-")
  let rest = isNegative ? literal.dropFirst() : literal[...]
  let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let unit = rest.dropFirst(number.count)
  let decimals = number.firstIndex(of: ".").map { number.distance(from: $0, to: number.endIndex) - 1 } ?? 0
  guard let digits = Int64(number.filter { $0 != "." }), digits < 1 << 53 else { return nil }
  let value = (isNegative ? -digits : digits) + (up ? 1 : -1)
  var text = String(value.magnitude)
  if decimals > 0 {
    text = String(repeating: "0", count: max(0, decimals + 1 - text.count)) + text
    text.insert(".", at: text.index(text.endIndex, offsetBy: -decimals))
  }
  return (value < 0 ? "-" : "") + text + unit
}

/// A duration in the largest unit that divides it.
func written(_ milliseconds: Int64) -> String {
  if milliseconds == 0 { return "0s" }
  let units: [(String, Int64)] = [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
  for (unit, size) in units where milliseconds % size == 0 { return "\(milliseconds / size)\(unit)" }
  return "\(milliseconds)ms"
}

extension Mutant {
  /// A literal 0 fits every dimension, 1 does not: the same with the unit under which it compiles, if there is one.
  func withUnit(in compilation: Compilation) -> Mutant {
    guard kind == .constant, change.hasPrefix("0 → ") else { return self }
    for unit in ["", "%", "s", "B", "/s", "B/s"] {
      var one = self
      one.replacement += unit
      one.change += unit
      if compilation.replacing(range, by: one.replacement)?.hasErrors == false { return one }
    }
    return self
  }
}
