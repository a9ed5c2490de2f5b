import CriteriaCompiler
import CriteriaEngine
import CriteriaSyntax

/// Something that a test can give to a rule, and the ways worth trying.
struct Ingredient {
  enum Form {
    /// A signal's course, by its name.
    case series
    /// Under `instance`.
    case fact
    /// A source under `logs`; levels are the times and the line.
    case lines
    /// A series under `samples`; levels are raw values.
    case samples
  }
  var key: String
  var form: Form
  /// Notations that go on for ever, the plainest first.
  var levels: [String]
  /// Whether two of them can follow one another; events stand at times of their own.
  var canChange: Bool
  /// The signal that raw samples are of.
  var signal: String?
}

/// What one rule reads and compares with: where its tests have to be looked for.
struct Ingredients {
  private let checked: CheckedPolicy
  private let rule: CheckedPolicy.Rule
  private let leaves: [Leaf]
  /// Canonical values of the literals, one step up and down as well.
  private var numbers: [(value: Double, bytes: Int, time: Int, isRatio: Bool)] = []
  private var strings: [String] = []
  private var windows: [Int64] = []

  init(_ rule: RuleDeclaration, in file: PolicyFile, _ checked: CheckedPolicy) {
    self.checked = checked
    self.rule = checked.rules.first { $0.name == rule.name.value }!
    var leaves = self.rule.when.leaves + (self.rule.until?.leaves ?? [])
    if case .add(let worth, _) = self.rule.effect { leaves += worth.leaves }
    for entry in self.rule.except { leaves += entry.condition.leaves }
    if let selector = checked.selector { leaves += selector.leaves }
    self.leaves = leaves
    var seen: Set<String> = []
    var exprs = [rule.when] + (rule.until.map { [$0] } ?? []) + rule.except.map(\.condition)
    if case .add(let worth, _) = rule.then { exprs.append(worth) }
    if let selector = file.selector { exprs.append(selector) }
    for expr in exprs { visit(expr, file, &seen) }
  }

  // MARK: What it compares with

  private mutating func visit(_ expr: Expr, _ file: PolicyFile, _ seen: inout Set<String>) {
    switch expr {
    case .number(let literal, _): add(literal)
    case .string(let text, _): strings.append(text)
    case .bool: break
    case .path(let path): visit(path.first.value, file, &seen)
    case .window(let path, let length, _):
      windows.append(length.milliseconds)
      visit(path.first.value, file, &seen)
    case .call(_, let arguments, _): for argument in arguments { visit(argument, file, &seen) }
    case .not(let inner, _), .negate(let inner, _): visit(inner, file, &seen)
    case .logical(_, let a, let b, _), .arithmetic(_, let a, let b, _), .comparison(_, let a, let b, _):
      visit(a, file, &seen)
      visit(b, file, &seen)
    case .membership(let inner, let list, _):
      visit(inner, file, &seen)
      for literal in list {
        switch literal.value {
        case .number(let number): add(number)
        case .string(let text): strings.append(text)
        case .bool: break
        }
      }
    case .match(let inner, _, _): visit(inner, file, &seen)
    }
  }

  private mutating func visit(_ name: String, _ file: PolicyFile, _ seen: inout Set<String>) {
    guard seen.insert(name).inserted, let signal = file.signals.first(where: { $0.name.value == name }),
      case .expression(let expr) = signal.kind
    else { return }
    visit(expr, file, &seen)
  }

  private mutating func add(_ literal: NumberLiteral) {
    let written = decimal(literal.digits)
    for text in [written, stepped(written, up: true), stepped(written, up: false)] {
      guard let digits = text.flatMap(Double.init) else { continue }
      let value = literal.unit?.canonical(digits) ?? digits
      numbers.append((value, literal.unit?.bytes ?? 0, literal.unit?.time ?? 0, literal.unit?.isRatio ?? false))
    }
  }

  // MARK: What a test gives

  /// How long a rule needs to see anything: its windows, then its `for` and its `hold`.
  var settling: Int64 { max(rule.longestWindow, checked.step) + rule.for + rule.hold }

  /// - Parameter raw: A signal that is to be given as it comes in, not as what it means: lines, samples.
  func all(raw: String? = nil) -> [Ingredient] {
    var found: [Ingredient] = []
    var signals: [Int] = []
    func fact(_ key: String, _ levels: [String]) {
      if !found.contains(where: { $0.key == key }) {
        found.append(Ingredient(key: key, form: .fact, levels: levels, canChange: false))
      }
    }
    let texts = unique(strings + ["other"])
    for leaf in leaves {
      if let signal = leaf.signal, !signals.contains(signal) { signals.append(signal) }
      switch leaf.term {
      case .age: fact("age", ages())
      case .fact(let name), .sinceFact(let name): fact("fact.\(name)", texts)
      case .label(let name): fact("label.\(name)", texts)
      case .desired(let name): fact("desired.\(name)", texts)
      case .drifted(let name):
        fact("fact.\(name)", ["a", "b"])
        fact("desired.\(name)", ["a", "b"])
      case .latest, .window, .absent, .since, .drift: break
      }
    }
    for signal in signals {
      if let one = checked.signals[signal].name == raw ? rawIngredient(signal) : ingredient(signal) {
        found.append(one)
      }
    }
    return found
  }

  private func ingredient(_ index: Int) -> Ingredient? {
    let signal = checked.signals[index]
    let labels =
      signal.by.isEmpty || signal.reduce != nil ? "" : "{" + signal.by.map { "\($0)=k1" }.joined(separator: ", ") + "}"
    func given(_ levels: [String], canChange: Bool = true) -> Ingredient {
      Ingredient(
        key: signal.name + labels, form: .series, levels: unique(levels) + ["missing"], canChange: canChange)
    }
    switch signal.source {
    case .gauge: return given(levels(Dimension(signal.unit)))
    case .counter: return given(rates(Dimension(signal.unit)))
    case .condition:
      return given((unique(strings) + ["True", "False"]).map { "\"\($0)\"" })
    case .info: return given((unique(strings) + ["a", "b"]).map { "\"\($0)\"" })
    case .fact(let name):
      return Ingredient(
        key: "fact.\(name)", form: .fact, levels: unique(levels(Dimension(signal.unit))), canChange: false)
    case .log(_, _, let value, _, _, let groups):
      let named = signal.by.isEmpty || signal.reduce == nil ? [] : signal.by.map { "\($0): k1" }
      return given(
        events(named, groups.contains(value ?? "") ? value : nil, Dimension(signal.unit)),
        canChange: false)
    }
  }

  private func rawIngredient(_ index: Int) -> Ingredient? {
    let signal = checked.signals[index]
    switch signal.source {
    case .log(let sources, let pattern, _, let utf, _, _):
      let source = (sources.first ?? "any").filter { $0 != "*" && $0 != "?" }
      let example = (try? Regex(pattern: pattern, utf: utf)).flatMap { exampleLine(for: $0) }
      let lines = [example, "nothing of note"].compactMap(\.self)
      let levels = counts.flatMap { count in lines.map { "'\(times(count))': '\($0.replacing("'", with: "''"))'" } }
      return Ingredient(
        key: source.isEmpty || source == "any" ? "app" : source, form: .lines, levels: levels, canChange: false)
    case .gauge(let selector, _, _), .counter(let selector, _, _):
      let labels = selector.matchers.filter { $0.comparison == .equal }.map { "\($0.label)=\"\($0.value)\"" }
      let keys = signal.by.map { "\($0)=\"k1\"" }
      let all = labels + keys
      let series = selector.metric + (all.isEmpty ? "" : "{\(all.joined(separator: ","))}")
      let values = values(Dimension(signal.unit)).flatMap { [$0, $0 * 100] }
      return Ingredient(
        key: series, form: .samples, levels: unique(values.map { digits($0) }), canChange: false,
        signal: signal.name)
    case .condition, .info, .fact: return ingredient(index)
    }
  }

  private func unique(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return Array(texts.filter { seen.insert($0).inserted }.prefix(24))
  }

  /// The literals that fit, those in between, and for shares of something else the parts of a hundred.
  private func levels(_ measure: Dimension) -> [String] {
    values(measure).map { text($0, measure) }
  }

  private func values(_ measure: Dimension) -> [Double] {
    let isShare = measure.bytes == 0 && measure.time == 0 && measure.mark == .ratio
    var parts: [Double] = isShare ? [0, 1] : [0, 1, 100]
    // Shares and multiples of other signals: those are at a hundred.
    if !isShare {
      for number in numbers where number.bytes == 0 && number.time == 0 { parts.append(number.value * 100) }
    }
    return fitting(measure) + parts
  }

  /// The literals of a dimension, those in between, and one far above.
  private func fitting(_ measure: Dimension) -> [Double] {
    let isShare = measure.bytes == 0 && measure.time == 0 && measure.mark == .ratio
    var fitting: [Double] = []
    for number in numbers where number.bytes == measure.bytes && number.time == measure.time {
      if number.isRatio == isShare { fitting.append(number.value) }
    }
    let sorted = Set(fitting).sorted()
    for (low, high) in zip(sorted, sorted.dropFirst()) { fitting.append((low + high) / 2) }
    if let last = sorted.last { fitting.append(last * 2) }
    return fitting
  }

  /// Steady rates, single steps, and rates that come to a literal within a window.
  private func rates(_ measure: Dimension) -> [String] {
    let mark = measure.time == 1 ? Dimension.Mark.ratio : measure.mark
    let perTime = Dimension(bytes: measure.bytes, time: measure.time - 1, mark: mark)
    var rates: [Double] = fitting(perTime) + [0, 1, 100]
    for number in numbers where number.isRatio { rates.append(number.value * 100) }
    let amounts = fitting(measure)
    let first = written(checked.step * 2)
    var levels: [String] = []
    for rate in rates where rate >= 0 { levels.append(text(rate, perTime)) }
    for amount in amounts + [1, 100] where amount > 0 {
      levels.append("0 then +\(text(amount, measure)) at \(first)")
    }
    for window in Set(windows).sorted() {
      for amount in amounts where amount >= 0 { levels.append(text(amount * 1000 / Double(window), perTime)) }
    }
    return levels
  }

  /// How many events the literals ask for.
  private var counts: [Int] {
    var counts: Set<Int> = [1]
    for number in numbers where number.bytes == 0 && number.time == 0 && !number.isRatio {
      let value = number.value
      if value >= 1, value <= 60, value == value.rounded() { counts.insert(Int(value)) }
    }
    return counts.sorted()
  }

  /// One a step.
  private func times(_ count: Int) -> String {
    (1...count).map { written(Int64($0) * checked.step) }.joined(separator: " ")
  }

  private func events(_ groups: [String], _ value: String?, _ measure: Dimension) -> [String] {
    let values = value.map { name in self.values(measure).map { "\(name): \(text($0, measure))" } } ?? [""]
    return counts.flatMap { count in
      values.map { value in
        let all = (groups + (value.isEmpty ? [] : [value])).joined(separator: ", ")
        return "at \(times(count))" + (all.isEmpty ? "" : " {\(all)}")
      }
    }
  }

  /// Ages that meet a literal within the case, and between the ends of `spread`.
  private func ages() -> [String] {
    var times: Set<Int64> = []
    for number in numbers where number.bytes == 0 && number.time == 1 { times.insert(Int64(number.value * 1000)) }
    var ages: Set<Int64> = [0]
    for time in times {
      for age in [time - 2 * checked.step, time, time + checked.step] { ages.insert(age) }
      for other in times where other < time {
        ages.insert(time - other)
        ages.insert(time + other)
      }
    }
    if let low = times.min(), let high = ages.max() {
      for part in 1..<16 as Range<Int64> { ages.insert((low + (high - low) * part / 16) / checked.step * checked.step) }
    }
    return ages.filter { $0 >= 0 }.sorted().map { written($0) }
  }

  /// `90%` is 0.9, and 0.9 · 100 is not 90: twelve digits are what somebody would write.
  private func digits(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return "0" }
    var scale = 1.0
    while (value * scale).magnitude < 1e11, scale < 1e15 { scale *= 10 }
    return decimal((value * scale).rounded() / scale)
  }

  private func text(_ value: Double, _ measure: Dimension) -> String {
    switch (measure.bytes, measure.time, measure.mark) {
    case (0, 0, .ratio): return digits(value * 100) + "%"
    case (0, 1, _): return digits(value) + "s"
    case (1, 0, _): return digits(value) + "B"
    case (1, -1, _): return digits(value) + "B/s"
    case (0, -1, .ratio): return digits(value * 100) + "%/s"
    case (0, -1, _): return digits(value) + "/s"
    default: return digits(value)
    }
  }
}
