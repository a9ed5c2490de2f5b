import Criteria
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

/// Single changes of a policy's constants, each run over the whole case: which failing checks they mend, and what they break.
struct ConstantSearch {
  /// How many policies are compiled and run for one case, and for one constant of it.
  static let tries = 96
  static let triesPerConstant = 12
  /// Observations and ticks of all tries together: long cases get fewer of them.
  static let work = 3_000_000
  /// Cases of more ticks are not traced tick by tick, so that their thresholds are left out.
  static let ticks = 3_000

  struct Change {
    /// `until` of HotCPU at 73%
    var text: String
    /// How far it is from what the policy says, as a share of it.
    var size: Double
    /// What fails with it.
    var failures: Set<String>
  }

  private struct Candidate {
    var range: SourceRange
    /// What stands there instead.
    var text: String
    var shown: String
    var size: Double
  }

  private let bound: BoundCase
  private let subject: Subject
  private let file: BoundFile
  private let failures: [FailedExpectation]
  private(set) var changes: [Change] = []
  /// How many policies were tried, and whether there were more to try.
  private(set) var tried = 0
  private(set) var isCutShort = false

  /// Tries the constants of some rules.
  init(_ failures: [FailedExpectation], _ bound: BoundCase, _ subject: Subject, _ file: BoundFile, rules: [String]) {
    (self.bound, self.subject, self.file, self.failures) = (bound, subject, file, failures)
    let budget = min(Self.tries, Self.work / max(1, bound.size + Int(bound.end / bound.step)))
    var lists = rules.flatMap { candidates(ofRule: $0) }
    // One of each constant in turn, the nearest first, so that a long list does not use up the tries.
    while tried < budget, !lists.isEmpty {
      for index in lists.indices where tried < budget {
        guard !lists[index].isEmpty else { continue }
        attempt(lists[index].removeFirst())
        tried += 1
      }
      lists.removeAll { $0.isEmpty }
    }
    isCutShort = !lists.isEmpty
    changes.sort { $0.size < $1.size }
  }

  /// The smallest changes that make one failing check pass and fail nothing that passed.
  func nearest(to failure: FailedExpectation) -> [String] {
    let before = Set(failures.map(\.identity))
    return changes.filter { !$0.failures.contains(failure.identity) && $0.failures.isSubset(of: before) }
      .prefix(2).map(\.text)
  }

  private mutating func attempt(_ candidate: Candidate) {
    guard let changed = subject.compilation.replacing(candidate.range, by: candidate.text), !changed.hasErrors,
      let other = try? Subject(changed, for: file)
    else { return }
    let failures = Set(run(bound, under: other).failures.map(\.identity))
    changes.append(Change(text: candidate.shown, size: candidate.size, failures: failures))
  }

  // MARK: Candidates

  /// For each constant of a rule, what it could be instead, the nearest first.
  private func candidates(ofRule name: String) -> [[Candidate]] {
    guard let rule = subject.compilation.file?.rules.first(where: { $0.name.value == name }),
      let index = subject.rules[name]
    else { return [] }
    var lists: [[Candidate]] = []
    for (label, expr) in [("when", rule.when)] + (rule.until.map { [("until", $0)] } ?? []) {
      lists += thresholds(in: expr).map { candidates($0, label, rule, index) }
    }
    for (label, length) in [("for", rule.for), ("hold", rule.hold)] {
      if let length { lists.append(candidates(length, label, rule)) }
    }
    if case .add(let worth, _) = rule.then, case .number(let literal, let range) = worth, literal.unit == nil {
      lists.append(candidates(literal, range, rule))
    }
    return lists.map { list in
      Array(list.sorted { $0.size < $1.size }.prefix(Self.triesPerConstant))
    }
  }

  private struct Threshold {
    var literal: NumberLiteral
    var range: SourceRange
    /// The comparison, and which of its operands is not the constant.
    var comparison: SourceRange
    var operand: Int
  }

  private func thresholds(in expr: Expr) -> [Threshold] {
    switch expr {
    case .comparison(_, let a, let b, let range):
      func constant(_ side: Expr, other: Int) -> Threshold? {
        guard case .number(let literal, let place) = side else { return nil }
        return Threshold(literal: literal, range: place, comparison: range, operand: other)
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
    let place = threshold.comparison
    let site = Site(source: place.source.index, start: place.start, end: place.end)
    var values: Set<Double> = []
    _ = run(bound, under: subject) { view, _ in
      for row in view.trace(rule) {
        for step in row.when + row.until where step.site == site && step.operands.count > threshold.operand {
          if case .number(let value) = step.operands[threshold.operand] { values.insert(value) }
        }
      }
    }
    return values.sorted()
  }

  /// Round numbers between the values that were seen: only by going past one of them can a threshold change anything.
  private func candidates(
    _ threshold: Threshold, _ label: String, _ rule: RuleDeclaration, _ index: Int
  ) -> [Candidate] {
    let factor = NumberLiteral(digits: 1, unit: threshold.literal.unit).value
    // In the unit of the literal.
    let seen = values(threshold, of: index).map { $0 / factor }
    guard let first = seen.first, let last = seen.last else { return [] }
    let now = threshold.literal.digits
    var numbers: Set<Double> = []
    if (seen + [now]).allSatisfy({ $0 == $0.rounded() }), threshold.literal.unit == nil {
      // Counts.
      for value in seen { numbers.formUnion([value - 1, value, value + 1]) }
    } else {
      let reach = max(last.magnitude, now.magnitude, 1)
      let gaps = [(first - reach, first)] + Array(zip(seen, seen.dropFirst())) + [(last, last + reach)]
      for (low, high) in gaps { if let number = round(between: low, high, near: now) { numbers.insert(number) } }
    }
    let bytes = subject.compilation.sources[threshold.range.source].bytes[threshold.range.start..<threshold.range.end]
    let suffix = String(decoding: bytes, as: UTF8.self).drop { $0.isNumber || $0 == "." }
    return numbers.filter { $0 >= 0 && $0 != now }.map { number in
      let text = written(number) + suffix
      return Candidate(
        range: threshold.range, text: text, shown: "`\(label)` of \(rule.name.value) at \(text)",
        size: (number - now).magnitude / max(now.magnitude, 1e-9))
    }
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

  private func candidates(_ length: Located<Duration>, _ label: String, _ rule: RuleDeclaration) -> [Candidate] {
    let now = length.value.milliseconds
    return (1...Int64(Self.triesPerConstant)).flatMap { distance -> [Candidate] in
      [now - distance * bound.step, now + distance * bound.step].filter { $0 > 0 || (label == "for" && $0 == 0) }.map {
        length in
        let text = length == 0 ? "0s" : Duration(milliseconds: length).text
        return Candidate(
          range: self.range(of: rule, label), text: text, shown: "`\(label)` of \(rule.name.value) at \(text)",
          size: Double((length - now).magnitude) / Double(max(now, bound.step)))
      }
    }
  }

  private func range(of rule: RuleDeclaration, _ label: String) -> SourceRange {
    (label == "for" ? rule.for?.range : rule.hold?.range) ?? rule.range
  }

  /// What would bring the score to a border of the bands, or to what was expected.
  private func candidates(_ worth: NumberLiteral, _ range: SourceRange, _ rule: RuleDeclaration) -> [Candidate] {
    let program = subject.policy.program
    var numbers: Set<Double> = []
    for failure in failures {
      guard let score = failure.score else { continue }
      for wanted in [program.watch, program.replace, program.watch - 1000, program.replace - 1000]
        + expectedScore(of: failure)
      {
        numbers.insert(worth.digits + Double(wanted - score) / 1000)
      }
    }
    return numbers.filter { $0 >= 0 && $0 != worth.digits && $0 <= 1e9 }.map { number in
      Candidate(
        range: range, text: written(number), shown: "\(rule.name.value) worth +\(written(number))",
        size: (number - worth.digits).magnitude / max(worth.digits, 1))
    }
  }

  private func expectedScore(of failure: FailedExpectation) -> [Int64] {
    guard let number = failure.check.check else { return [] }
    guard case .score(let bounds) = bound.expectations[failure.check.expectation].checks[number].check.kind else {
      return []
    }
    switch bounds {
    case .exactly(let score), .within(let score, _): return [score]
    case .interval: return []
    }
  }
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
