import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

/// A test that passes under a policy and fails under its mutant.
package struct KillingTest: Hashable, Sendable {
  /// A case as it goes under `tests:`, each line indented by two.
  package var text: String
  /// How it found the mutant out: `HotCPU is idle at 10m, not active`.
  package var difference: String
}

/// Looks for tests of one rule: each candidate runs under the policy once, and under every mutant that is asked about.
///
/// Candidates give every input of the rule a steady level (literals of the rule, one step beside them, in between), then one
/// steady level after another. That is bounded: what is not found may be there all the same.
struct KillSearch {
  /// Tests of a rule, and ticks that they may come to.
  static let candidateLimit = 1500
  static let tickLimit: Int64 = 3_000_000

  private let header: String
  private let file: TestFile
  private let compilation: Compilation
  private let subject: Subject
  /// What candidates run under: the rule alone where that shows what there is to show, else the policy.
  private let base: Subject
  private let rule: Int
  /// What tests are called after: several rules where it takes several.
  private let ruleName: String
  private let firstName: String
  private let ingredients: [Ingredient]
  private let settling: Int64
  private let step: Int64
  /// A series of the defaults that can be made to last, for rules that read none.
  private let carrier: (key: String, level: String)?
  private(set) var candidates: [Candidate] = []

  /// A level of each ingredient, or two, one after the other; −1: nothing is said of it.
  struct Plan: Hashable {
    var first: [Int]
    var second: [Int]?
  }

  struct Candidate {
    var plan: Plan
    var bound: BoundCase
    var stimulus: Stimulus
    /// Under the policy as it is.
    var course: Course
  }

  /// - Parameters:
  ///   - file: A test file of the policy, whose defaults the tests have.
  ///   - text: Its text.
  ///   - alone: The rule alone; `nil`: it has to be seen among the others.
  ///   - raw: A signal that is to be given as lines or samples.
  ///   - isSteady: Without levels that follow one another.
  init?(
    _ name: String, _ compilation: Compilation, _ subject: Subject, _ file: TestFile, _ text: SourceText,
    alone: Subject?, raw: String?, isSteady: Bool = false
  ) {
    guard let policy = compilation.file, let checked = compilation.checked,
      let declaration = policy.rules.first(where: { $0.name.value == name }),
      let index = (alone ?? subject).rules[name],
      let header = KillSearch.header(of: text)
    else { return nil }
    let ingredients = Ingredients(declaration, in: policy, checked)
    self.header = header
    self.file = file
    self.compilation = compilation
    self.subject = subject
    base = alone ?? subject
    rule = index
    ruleName = name
    firstName = name
    let defaults = (file.cases.first?.instances.first?.signals ?? []).filter { $0.origin != .ownCase }
    self.ingredients = ingredients.all(raw: raw).map { ingredient in
      var one = ingredient
      if !defaults.contains(where: { $0.signal.value == one.signal }) { one.signal = nil }
      return one
    }
    settling = ingredients.settling
    step = checked.step
    carrier = KillSearch.carrier(of: file, text)
    collect(isSteady: isSteady)
  }

  /// A search in which several rules stand together, for what only their sum shows; it has one candidate.
  ///
  /// - Returns: `nil` if one of them was never seen to stand, or if two ask for different things of one input.
  init?(combining searches: [KillSearch], named name: String) {
    var ingredients: [Ingredient] = []
    var levels: [String: String] = [:]
    for search in searches {
      guard let firing = search.firing else { return nil }
      for (ingredient, level) in zip(search.ingredients, firing) where level >= 0 {
        let notation = ingredient.levels[level]
        if let known = levels[ingredient.key] {
          if known != notation { return nil }
          continue
        }
        levels[ingredient.key] = notation
        var one = ingredient
        one.levels = [notation]
        ingredients.append(one)
      }
    }
    guard let first = searches.first else { return nil }
    (header, file, compilation, subject) = (first.header, first.file, first.compilation, first.subject)
    // Only together do they come to anything.
    base = first.subject
    guard let index = subject.rules[first.ruleName] else { return nil }
    (rule, step, carrier) = (index, first.step, first.carrier)
    ruleName = name
    firstName = first.ruleName
    self.ingredients = ingredients
    settling = searches.map(\.settling).max() ?? first.settling
    _ = add([Plan(first: Array(repeating: 0, count: ingredients.count))])
  }

  /// Levels at which the rule stands at the end.
  private var firing: [Int]? {
    candidates.first { $0.plan.second == nil && $0.course.last?.sure == .active }?.plan.first
  }

  /// A test file without its tests.
  private static func header(of text: SourceText) -> String? {
    let (node, _) = parseYAML(text, as: SourceID(index: 0))
    guard let tests = node?.mapping?.first(where: { $0.key.text == "tests" }) else { return nil }
    var bytes = text.bytes
    bytes.removeSubrange(tests.key.range.start..<max(tests.key.range.end, tests.value.range.end))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `up: 1 for 1h` of the defaults, without its length.
  private static func carrier(of file: TestFile, _ text: SourceText) -> (key: String, level: String)? {
    for given in file.cases.first?.instances.first?.signals ?? [] where given.origin == .defaults {
      guard given.segments.count == 1, given.segments[0].length != nil, case .value = given.segments[0].kind,
        given.range.source.index == 0
      else { continue }
      let notation = String(decoding: text.bytes[given.range.start..<given.range.end], as: UTF8.self)
      let labels = given.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
      guard let end = notation.firstRange(of: " for ") else { continue }
      return (given.signal.value + (labels.isEmpty ? "" : "{\(labels)}"), String(notation[..<end.lowerBound]))
    }
    return nil
  }

  // MARK: Candidates

  private mutating func collect(isSteady: Bool) {
    var ticks: Int64 = 0
    var seen: Set<Plan> = []
    func isSpent(_ search: borrowing KillSearch) -> Bool {
      search.candidates.count >= Self.candidateLimit || ticks > Self.tickLimit
    }
    var batch: [Plan] = []
    func flush(_ search: inout KillSearch) {
      ticks += search.add(batch)
      batch = []
    }
    for plan in steadyPlans() where !isSpent(self) && seen.insert(plan).inserted {
      batch.append(plan)
      if batch.count == Self.batch { flush(&self) }
    }
    flush(&self)
    if isSteady { return }
    // What fires, and what does not: hysteresis, windows and waits show when one follows the other.
    let steady = candidates
    let firing = steady.filter { $0.course.contains { $0.sure == .active } }.prefix(3).map(\.plan.first)
    let others = steady.filter { one in !one.course.contains { $0.sure == .active } }.map(\.plan.first)
    let starts = firing.isEmpty ? Array(others.prefix(8)) : Array(firing)
    for first in starts {
      for second in others where !isSpent(self) && second != first {
        for plan in [Plan(first: first, second: second), Plan(first: second, second: first)]
        where seen.insert(plan).inserted {
          batch.append(plan)
          if batch.count == Self.batch { flush(&self) }
        }
      }
    }
    flush(&self)
  }

  /// All combinations of levels, or so many of them in a fixed disorder.
  private func steadyPlans() -> [Plan] {
    let sizes = ingredients.map { $0.levels.count + 1 }
    let all = sizes.reduce(1) { min($0 * $1, 1 << 40) }
    func plan(_ number: Int) -> Plan {
      var rest = number
      return Plan(
        first: sizes.map { size in
          defer { rest /= size }
          return rest % size - 1
        })
    }
    if all <= 1000 { return (0..<all).map(plan) }
    var state: UInt64 = 1
    return (0..<400).map { _ in
      // A linear congruential generator (Knuth's MMIX): the same search every time.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return plan(Int(state >> 20) % all)
    }
  }

  /// - Returns: The ticks that they came to.
  private mutating func add(_ plans: [Plan]) -> Int64 {
    var ticks: Int64 = 0
    for (plan, bound) in zip(plans, bindAll(plans)) {
      guard let bound else { continue }
      let stimulus = Stimulus(bound, start: subject.start(of: bound))
      let course = Course(bound, stimulus, base, rule: rule)
      candidates.append(Candidate(plan: plan, bound: bound, stimulus: stimulus, course: course))
      ticks += bound.end / step
    }
    return ticks
  }

  /// How many cases are read at once: their defaults only once.
  private static let batch = 100

  private func length(of plan: Plan) -> Int64 { (plan.second == nil ? 1 : 2) * settling + 4 * step }

  private func bindAll(_ plans: [Plan]) -> [BoundCase?] {
    func text(_ index: Int) -> String {
      let length = length(of: plans[index])
      return caseText(
        plans[index], name: "search \(index)", until: length, at: length, "verdict: keep", isLong: false)
    }
    let cases = plans.count > 1 ? bind(plans.indices.map(text).joined(), count: plans.count) : nil
    return plans.indices.map { index in
      let length = length(of: plans[index])
      // Where something is wrong with one of them, or with its length, each is read by itself.
      if let one = cases?[index], one.end >= length { return one }
      return bind(plans[index], name: "search", until: length, at: length, "verdict: keep")?.bound
    }
  }

  // MARK: Texts

  /// A case and its text: without lengths, or where that is too short, because defaults end, with them.
  ///
  /// - Parameters:
  ///   - end: How long the case is to be.
  ///   - at: When something is expected.
  private func bind(
    _ plan: Plan, name: String, until end: Int64, at: Int64, _ expected: String
  ) -> (text: String, bound: BoundCase)? {
    for isLong in [end != at, true] {
      let text = caseText(plan, name: name, until: end, at: at, expected, isLong: isLong)
      if let bound = bind(text, count: 1)?.first, bound.end >= at { return (text, bound) }
    }
    return nil
  }

  private func caseText(
    _ plan: Plan, name: String, until end: Int64, at: Int64, _ expected: String, isLong: Bool
  ) -> String {
    var given: [String] = []
    var parts: [Ingredient.Form: [String]] = [:]
    let turn = settling + 2 * step
    var lasts = !isLong
    for (index, ingredient) in ingredients.enumerated() {
      let first = plan.first[index]
      let second = plan.second?[index]
      guard first >= 0 || (second ?? -1) >= 0 && ingredient.canChange else { continue }
      var notation = first < 0 ? "missing" : ingredient.levels[first]
      switch ingredient.form {
      case .fact: parts[.fact, default: []].append("\(ingredient.key): \(quoted(notation))")
      case .lines: parts[.lines, default: []].append("\(ingredient.key): {\(notation)}")
      case .samples:
        // Beside what the defaults say of it, it would be a second series.
        if let signal = ingredient.signal { given.append("\(signal): missing") }
        parts[.samples, default: []].append("{series: '\(ingredient.key)', values: \(notation)x\(end / step)}")
      case .series:
        let next = second.map { $0 < 0 ? "missing" : ingredient.levels[$0] }
        // What steps at a time of its own cannot be cut.
        if ingredient.canChange, let next, second != first, end > turn, !notation.contains(" "), !next.contains(" ") {
          notation += " for \(written(turn)) then \(next) for \(written(end - turn))"
          lasts = true
        } else if !lasts {
          notation += " for \(written(end))"
          lasts = true
        }
        given.append("\(quoted(ingredient.key)): \(quoted(notation))")
      }
    }
    if !lasts, let carrier, !given.contains(where: { $0.hasPrefix(quoted(carrier.key) + ":") }) {
      given.append("\(quoted(carrier.key)): \(quoted("\(carrier.level) for \(written(end))"))")
    }
    for (form, key, brackets) in [
      (Ingredient.Form.fact, "instance", "{}"), (.lines, "logs", "{}"), (.samples, "samples", "[]"),
    ] {
      guard let parts = parts[form] else { continue }
      given.append("\(key): \(brackets.first!)\(parts.joined(separator: ", "))\(brackets.last!)")
    }
    var lines = ["- test: \(quoted(name))"]
    if given.count == 1 {
      lines.append("  given: {\(given[0])}")
    } else if !given.isEmpty {
      lines.append("  given:")
      lines += given.map { "    \($0)" }
    }
    lines.append("  expect: [{at: \(written(at)), \(expected)}]")
    return lines.map { "  \($0)\n" }.joined()
  }

  private func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || " ._%/+-".utf8.contains(byte)
    }
    // A comma, a brace or a colon would end it, a hash hide the rest.
    return isPlain ? text : "'\(text.replacing("'", with: "''"))'"
  }

  /// - Returns: `nil` if anything is wrong with any of them.
  private func bind(_ cases: String, count: Int) -> [BoundCase]? {
    var sources = SourceMap()
    let text = SourceText(path: file.path, text: header + "\ntests:\n" + cases)
    let (parsed, faults) = parseTestFile(text, into: &sources) { path in
      Result { () throws(FileError) in try readFile(path, limit: YAMLLimits.policy.bytes) }
    }
    guard let parsed, !faults.contains(where: { $0.severity == .error }) else { return nil }
    let bound = CriteriaTesting.bind(parsed, to: compilation)
    let isSound = !bound.diagnostics.contains { $0.severity == .error } && bound.file.cases.count == count
    return isSound ? bound.file.cases : nil
  }

  // MARK: Killing

  /// The smallest test found that tells a mutant from the policy.
  ///
  /// - Parameters:
  ///   - alone: The mutant's rule alone, if the candidates ran so.
  ///   - tried: Goes up by the candidates that ran.
  func kill(_ mutant: Subject, alone: Subject?, change: String, tried: inout Int) -> KillingTest? {
    for candidate in candidates {
      tried += 1
      let theirs = Course(candidate.bound, candidate.stimulus, alone ?? mutant, rule: rule)
      guard candidate.course != theirs else { continue }
      if let test = shrunk(candidate.plan, mutant, change) { return test }
    }
    return nil
  }

  /// Leaves out what the test does not need, as long as it still kills.
  private func shrunk(_ plan: Plan, _ mutant: Subject, _ change: String) -> KillingTest? {
    guard var best = test(plan, mutant, change) else { return nil }
    var plan = plan
    if plan.second != nil, let simpler = test(Plan(first: plan.first), mutant, change) {
      (plan, best) = (Plan(first: plan.first), simpler)
    }
    for index in ingredients.indices where plan.first[index] >= 0 || (plan.second?[index] ?? -1) >= 0 {
      var smaller = plan
      smaller.first[index] = -1
      smaller.second?[index] = -1
      if let test = test(smaller, mutant, change) { (plan, best) = (smaller, test) }
    }
    return best
  }

  /// A test out of a plan, which has passed under the policy and failed under the mutant.
  private func test(_ plan: Plan, _ mutant: Subject, _ change: String) -> KillingTest? {
    let length = length(of: plan)
    guard let index = subject.rules[firstName], mutant.rules[firstName] == index,
      let (_, bound) = bind(plan, name: "search", until: length, at: length, "verdict: keep")
    else { return nil }
    let stimulus = Stimulus(bound, start: subject.start(of: bound))
    let ours = Course(bound, stimulus, subject, rule: index)
    let theirs = Course(bound, stimulus, mutant, rule: index)
    guard let (at, our, their) = ours.difference(from: theirs),
      let (expected, difference) = expectation(our, their, at)
    else { return nil }
    // To the tick that tells, or if that changes something, as long as it was tried.
    for end in [at, length] {
      guard let (text, bound) = bind(plan, name: "\(ruleName): \(change)", until: end, at: at, expected),
        run(bound, under: subject).passed, !run(bound, under: mutant).passed
      else { continue }
      return KillingTest(text: text, difference: difference)
    }
    return nil
  }

  private func expectation(_ ours: Standing, _ theirs: Standing, _ at: Int64) -> (text: String, difference: String)? {
    func said(_ what: String, _ ours: String, _ theirs: String) -> String {
      "\(what) \(ours) at \(written(at)), not \(theirs)"
    }
    if ours.sure != theirs.sure {
      let state = ours.sure.rawValue
      return ("rule: \(ruleName), state: \(state)", said("\(ruleName) is", state, theirs.sure.rawValue))
    }
    if ours.possible != theirs.possible, ours.possible != ours.sure {
      let state = ours.possible.rawValue
      return ("rule: \(ruleName), possible: \(state)", said("\(ruleName) may be", state, theirs.possible.rawValue))
    }
    if ours.verdict != theirs.verdict {
      return (
        "verdict: \(ours.verdict.rawValue)", said("the verdict is", ours.verdict.rawValue, theirs.verdict.rawValue)
      )
    }
    if ours.low != theirs.low || ours.high != theirs.high {
      return ("score: \(score(ours))", said("the score is", score(ours), score(theirs)))
    }
    return nil
  }

  private func score(_ standing: Standing) -> String {
    func points(_ thousandths: Int64) -> String { decimal(Double(thousandths) / 1000) }
    return standing.low == standing.high
      ? points(standing.low) : "[\(points(standing.low)), \(points(standing.high))]"
  }
}
