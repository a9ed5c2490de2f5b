import Criteria
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

/// Single changes of a policy's constants that would have passed a failing check, without failing another one.
struct ConstantSearch {
  /// How many policies are compiled and run for one constant, and for one failure.
  static let triesPerConstant = 48
  static let tries = 240
  /// Cases that are longer are not traced tick by tick.
  static let ticks = 3_000

  struct Change {
    /// `until` of HotCPU at 73%
    var text: String
    /// How far it is from what the policy says, as a share of it.
    var size: Double
  }

  let failure: FailedExpectation
  let bound: BoundCase
  let subject: Subject
  let file: BoundFile
  private let others: Set<String>
  private var tried = 0

  init(_ failure: FailedExpectation, _ bound: BoundCase, _ subject: Subject, _ file: BoundFile) {
    self.failure = failure
    self.bound = bound
    self.subject = subject
    self.file = file
    others = Set(run(bound, under: subject).failures.map(Self.identity))
  }

  private static func identity(_ failure: FailedExpectation) -> String {
    "\(failure.check.expectation).\(failure.check.check ?? -1).\(failure.instance)"
      + (failure.kind == .never ? "." + failure.rules.joined() : "")
  }

  // MARK: Trying

  /// Whether the case passes this check when a piece of the policy reads differently, and fails no other one that it passed.
  private mutating func passes(replacing range: SourceRange, by text: String) -> Bool {
    tried += 1
    guard tried <= Self.tries, let changed = subject.compilation.replacing(range, by: text), !changed.hasErrors,
      let subject = try? Subject(changed, for: file)
    else { return false }
    let failures = Set(run(bound, under: subject).failures.map(Self.identity))
    return !failures.contains(Self.identity(failure)) && failures.isSubset(of: others)
  }

  /// The changes of a rule's constants that pass, the smallest first.
  mutating func changes(ofRule name: String) -> [Change] {
    guard let rule = subject.compilation.file?.rules.first(where: { $0.name.value == name }),
      let index = subject.rules[name]
    else { return [] }
    var changes: [Change] = []
    for (label, expr) in [("when", rule.when)] + (rule.until.map { [("until", $0)] } ?? []) {
      for threshold in thresholds(in: expr) {
        if let change = nearest(threshold, label, rule, index) { changes.append(change) }
      }
    }
    for (label, length) in [("for", rule.for), ("hold", rule.hold)] {
      if let length, let change = nearest(length, label, rule) { changes.append(change) }
    }
    if case .add(let worth, _) = rule.then, case .number(let literal, let range) = worth,
      let change = nearest(literal, range, rule)
    {
      changes.append(change)
    }
    return changes.sorted { $0.size < $1.size }
  }

  // MARK: Thresholds

  private struct Threshold {
    var literal: NumberLiteral
    var isNegative: Bool
    var range: SourceRange
    /// The comparison, and which of its operands is not the constant.
    var comparison: SourceRange
    var operand: Int
  }

  private func thresholds(in expr: Expr) -> [Threshold] {
    switch expr {
    case .comparison(_, let a, let b, let range):
      func constant(_ side: Expr, other: Int) -> Threshold? {
        if case .number(let literal, let place) = side {
          return Threshold(literal: literal, isNegative: false, range: place, comparison: range, operand: other)
        }
        return nil
      }
      return [constant(a, other: 1), constant(b, other: 0)].compactMap(\.self)
    case .logical(_, let a, let b, _): return thresholds(in: a) + thresholds(in: b)
    case .not(let inner, _): return thresholds(in: inner)
    case .number, .string, .bool, .path, .window, .call, .negate, .arithmetic, .membership, .match: return []
    }
  }

  /// What the other side of a comparison was at the ticks of the case.
  private func values(_ threshold: Threshold, of rule: Int) -> [Double] {
    guard bound.end / bound.step <= Self.ticks else { return [] }
    let site = Site(
      source: threshold.comparison.source.index, start: threshold.comparison.start, end: threshold.comparison.end)
    var values: Set<Double> = []
    _ = run(bound, under: subject) { view, _ in
      guard view.id == failure.instance else { return }
      for row in view.trace(rule) {
        for step in row.when + row.until where step.site == site && step.operands.count > threshold.operand {
          if case .number(let value) = step.operands[threshold.operand] { values.insert(value) }
        }
      }
    }
    return values.sorted()
  }

  /// The nearest round number that passes: only where it goes past one of the values seen can anything change.
  private mutating func nearest(_ threshold: Threshold, _ label: String, _ rule: RuleDeclaration, _ index: Int) -> Change? {
    let unit = threshold.literal.unit
    let factor = NumberLiteral(digits: 1, unit: unit).value
    // In the unit of the literal.
    let seen = values(threshold, of: index).map { $0 / factor }
    guard !seen.isEmpty else { return nil }
    let now = threshold.literal.digits
    var gaps: [(low: Double, high: Double)] = zip(seen, seen.dropFirst()).map { ($0, $1) }
    let reach = max(seen[seen.count - 1].magnitude, now.magnitude, 1)
    gaps.insert((seen[0] - reach, seen[0]), at: 0)
    gaps.append((seen[seen.count - 1], seen[seen.count - 1] + reach))
    let candidates = gaps.compactMap { round(between: $0.low, $0.high, near: now) }
      .filter { $0 >= 0 && $0 != now }
      .sorted { ($0 - now).magnitude < ($1 - now).magnitude }
    for candidate in candidates.prefix(Self.triesPerConstant) {
      let text = written(candidate) + suffix(of: threshold.range)
      guard passes(replacing: threshold.range, by: text) else { continue }
      return Change(
        text: "`\(label)` of \(rule.name.value) at \(text)", size: (candidate - now).magnitude / max(now.magnitude, 1e-9))
    }
    return nil
  }

  /// What follows the digits of a literal.
  private func suffix(of range: SourceRange) -> String {
    let text = String(decoding: subject.compilation.sources[range.source].bytes[range.start..<range.end], as: UTF8.self)
    return String(text.drop { $0.isNumber || $0 == "." })
  }

  /// A number strictly between two, with as few digits as will do, as near as may be.
  private func round(between low: Double, _ high: Double, near wanted: Double) -> Double? {
    guard low < high else { return nil }
    for exponent in stride(from: 6, through: -6, by: -1) {
      for multiple in [5.0, 2.0, 1.0] {
        let grain = multiple * power(10, exponent)
        // Coarser than a tenth of where it goes is not near any more.
        if grain > max(wanted.magnitude, low.magnitude, high.magnitude) / 10, exponent > -6 { continue }
        let first = (low / grain).rounded(.down) * grain + grain
        let last = (high / grain).rounded(.up) * grain - grain
        guard first > low, last < high, first <= last else { continue }
        let nearest = min(max((wanted / grain).rounded() * grain, first), last)
        // Powers of ten are not exact in binary.
        return (nearest * 1e6).rounded() / 1e6
      }
    }
    return nil
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent.magnitude).reduce(1.0) { value, _ in exponent < 0 ? value / base : value * base }
  }

  private func written(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
  }

  // MARK: Times and points

  private mutating func nearest(_ length: Located<Duration>, _ label: String, _ rule: RuleDeclaration) -> Change? {
    let step = bound.step
    let now = length.value.milliseconds
    for distance in 1...Int64(Self.triesPerConstant / 2) {
      for candidate in [now - distance * step, now + distance * step] where candidate >= 0 {
        let text = candidate == 0 ? "0s" : Duration(milliseconds: candidate).text
        guard passes(replacing: length.range, by: text) else { continue }
        return Change(
          text: "`\(label)` of \(rule.name.value) at \(text)",
          size: Double((candidate - now).magnitude) / Double(max(now, step)))
      }
    }
    return nil
  }

  private mutating func nearest(_ worth: NumberLiteral, _ range: SourceRange, _ rule: RuleDeclaration) -> Change? {
    guard worth.unit == nil else { return nil }
    let program = subject.policy.program
    var candidates: [Double] = []
    let score = scoreWhenItFailed()
    for wanted in [program.watch, program.replace, program.watch - 1000, program.replace - 1000] + (wantedScore.map { [$0] } ?? []) {
      candidates.append(worth.digits + Double(wanted - score) / 1000)
    }
    for candidate in candidates.filter({ $0 >= 0 && $0 != worth.digits && $0 <= 1e9 })
      .sorted(by: { ($0 - worth.digits).magnitude < ($1 - worth.digits).magnitude })
    {
      guard passes(replacing: range, by: written(candidate)) else { continue }
      return Change(
        text: "\(rule.name.value) worth +\(written(candidate))",
        size: (candidate - worth.digits).magnitude / max(worth.digits, 1))
    }
    return nil
  }

  private var wantedScore: Int64? {
    guard let number = failure.check.check else { return nil }
    guard case .score(let bounds) = bound.expectations[failure.check.expectation].checks[number].check.kind else { return nil }
    switch bounds {
    case .exactly(let score), .within(let score, _): return score
    case .interval: return nil
    }
  }

  private func scoreWhenItFailed() -> Int64 {
    let start = subject.start(of: bound)
    var driver = Driver(subject.policy, bound, subject.signals, start: start)
    _ = driver.advance(to: failure.at, Stimulus(bound, start: start))
    return driver.view(failure.instance, at: failure.at) { $0.summary.low } ?? 0
  }
}

/// What would have passed, smallest first, each of it tried.
func nearestConstants(
  for failure: FailedExpectation, of bound: BoundCase, under subject: Subject, in file: BoundFile, rules: [String]
) -> [String] {
  var search = ConstantSearch(failure, bound, subject, file)
  var changes: [ConstantSearch.Change] = []
  for rule in rules { changes += search.changes(ofRule: rule) }
  return changes.sorted { $0.size < $1.size }.prefix(2).map(\.text)
}

extension Compilation {
  /// The policy with a piece of one of its files replaced; `nil` if it has no file.
  func replacing(_ range: SourceRange, by text: String) -> Compilation? {
    guard let first = sources.texts.first else { return nil }
    var texts: [String: SourceText] = [:]
    for (index, source) in sources.texts.enumerated() {
      var bytes = source.bytes
      if index == range.source.index { bytes.replaceSubrange(range.start..<range.end, with: text.utf8) }
      texts[source.path] = SourceText(path: source.path, bytes: bytes)
    }
    guard let policy = texts[first.path] else { return nil }
    return compile(policy) { path in
      texts[path].map { .success($0) } ?? .failure(FileError(path: path, reason: "no such file"))
    }
  }
}
