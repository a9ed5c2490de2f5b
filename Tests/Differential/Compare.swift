import Criteria
import CriteriaDiagnostics
import CriteriaSyntax
import Reference

/// What came of running a case through both.
enum Outcome {
  case agree(Facts)
  case differ(Difference)
  /// The policy does not check: a fault of the generator.
  case refused(String)
}

/// Where the engine and the reference part, and what each says.
struct Difference {
  var what: String
  var reference: String
  var engine: String
  /// The action at which it showed.
  var action: Int
}

/// What occurred in a case, for the histogram.
struct Facts {
  var occurred: Set<String> = []

  mutating func note(_ judgement: Judgement, after previous: Judgement?) {
    occurred.insert("verdict: \(judgement.verdict?.rawValue ?? "not judged")")
    for (index, rule) in judgement.rules.enumerated() {
      occurred.insert("state: \(rule.state.rawValue)")
      if rule.effect != .absent { occurred.insert("an effect is \(rule.effect)") }
      if rule.possible != rule.state && rule.state != .excepted {
        occurred.insert("state: \(rule.state.rawValue), possibly \(rule.possible.rawValue)")
      }
      guard let before = previous?.rules[index], before.key == rule.key else { continue }
      if before.state != rule.state { occurred.insert("sure: \(before.state.rawValue) → \(rule.state.rawValue)") }
      if before.possible != rule.possible {
        occurred.insert("possible: \(before.possible.rawValue) → \(rule.possible.rawValue)")
      }
    }
  }
}

func parse(_ text: String) -> PolicyFile? {
  var sources = SourceMap()
  let (file, diagnostics) = parsePolicy(SourceText(path: "random.yaml", text: text), into: &sources) { _ in
    preconditionFailure("a random policy uses no files")
  }
  return diagnostics.contains { $0.severity == .error } ? nil : file
}

/// Runs a case through the reference and the engine, and compares everything that both say.
func compare(_ one: Case) -> Outcome {
  let policy: Criteria.Policy
  do throws(PolicyErrors) {
    policy = try Criteria.Policy(text: one.draft.text, file: "random.yaml")
  } catch {
    return .refused(error.description)
  }
  guard let file = parse(one.draft.text) else { return .refused("does not parse") }
  var run = Run(one, policy, file)
  for index in one.actions.indices {
    if let difference = run.take(index) { return .differ(difference) }
  }
  return .agree(run.facts)
}

/// Both, side by side.
private struct Run: ~Copyable {
  let one: Case
  var reference: Interpreter
  var fleet: Fleet
  var facts = Facts()
  private var previous: [String: Judgement] = [:]
  private var instances: Set<String> = []

  init(_ one: Case, _ policy: Criteria.Policy, _ file: PolicyFile) {
    self.one = one
    reference = Interpreter(file)
    reference.assumeSteady = one.assumeSteady
    fleet = Fleet(policy, assumingSteady: one.assumeSteady)
    facts.occurred = one.traits.union(syntaxFacts(file))
    if one.assumeSteady { facts.occurred.insert("schedule: assumed steady") }
  }

  mutating func take(_ index: Int) -> Difference? {
    switch one.actions[index] {
    case .observe(let observation): return observe(observation, index)
    case .advance(let time): return advance(time, index)
    case .look(let instance, let time): return look(instance, time, index)
    }
  }

  private mutating func observe(_ observation: RawObservation, _ index: Int) -> Difference? {
    let expected = reference.observe(observation)
    instances.insert(observation.instance)
    let actual = fleet.take(observation)
    if (expected == .late) == (actual == .late) { return nil }
    return Difference(what: "receipt of \(observation)", reference: "\(expected)", engine: "\(actual)", action: index)
  }

  private mutating func advance(_ time: Int64, _ index: Int) -> Difference? {
    let changes = fleet.advance(to: Timestamp(milliseconds: time)).map(describe)
    var expected: [String] = []
    for judgement in reference.advance(to: time) {
      let before = previous[judgement.instance]
      facts.note(judgement, after: before)
      if before.map({ hasChanged($0, judgement) }) ?? true { expected.append(describe(judgement)) }
      previous[judgement.instance] = judgement
    }
    if expected != changes {
      return Difference(
        what: "changes until \(time)", reference: expected.joined(separator: "\n    "),
        engine: changes.joined(separator: "\n    "), action: index)
    }
    if reference.dropped.late != fleet.counts.late {
      return Difference(
        what: "how many were late", reference: "\(reference.dropped.late)", engine: "\(fleet.counts.late)",
        action: index)
    }
    for instance in instances.sorted() {
      if let difference = look(instance, time, index) { return difference }
    }
    return nil
  }

  private mutating func look(_ instance: String, _ time: Int64, _ index: Int) -> Difference? {
    let expected = reference.decide(instance, at: time).map { lines($0) } ?? ["nothing is known"]
    let decision = fleet.decide(instance, at: Timestamp(milliseconds: time), allRules: true)
    let actual = decision.map { lines($0) } ?? ["nothing is known"]
    if expected == actual { return nil }
    let differing = zip(expected, actual).filter { $0 != $1 }
    return Difference(
      what: "\(instance) at \(time)", reference: differing.map(\.0).joined(separator: "\n    "),
      engine: differing.map(\.1).joined(separator: "\n    "), action: index)
  }
}

extension Fleet {
  /// Feeds what the reference is fed.
  mutating func take(_ observation: RawObservation) -> ObserveResult {
    let time = Timestamp(milliseconds: observation.time)
    switch observation.content {
    case .attach(let source): return attach(log: source, of: observation.instance, at: time)
    case .sample(let metric, let labels, let value):
      return observe(.sample(metric, labels, value), of: observation.instance, at: time)
    case .line(let text, let source): return observe(.line(text, source: source), of: observation.instance, at: time)
    case .condition(let type, let status, let reason, let since):
      return observe(
        .condition(type, status, reason: reason, since: since.map(Timestamp.init(milliseconds:))),
        of: observation.instance, at: time)
    case .facts(let facts, let labels, let desired, let launched):
      return observe(
        .facts(facts, labels: labels, desired: desired, launched: launched.map(Timestamp.init(milliseconds:))),
        of: observation.instance, at: time)
    }
  }
}

// MARK: - Both in the same words

func hasChanged(_ a: Judgement, _ b: Judgement) -> Bool {
  a.verdict != b.verdict || a.possible != b.possible || a.isSelected != b.isSelected
}

private func describe(_ judgement: Judgement) -> String {
  let verdict = judgement.verdict.map { $0 == .unknown ? words(judgement.possible.map(\.rawValue)) : $0.rawValue }
  return "\(judgement.tick) \(judgement.instance) \(verdict ?? "not judged")"
}

private func describe(_ change: Change) -> String {
  let verdict = change.verdict == .unknown ? words(change.possible.map(\.rawValue)) : change.verdict.rawValue
  return "\(change.at.milliseconds) \(change.instance) \(change.isSelected ? verdict : "not judged")"
}

private func words(_ possible: [String]) -> String { "unknown (\(possible.sorted().joined(separator: ", ")))" }

/// One line for the verdict, one for each rule.
func lines(_ judgement: Judgement) -> [String] {
  guard let verdict = judgement.verdict else { return ["not judged"] + judgement.rules.map { line($0) } }
  let word = verdict == .unknown ? words(judgement.possible.map(\.rawValue)) : verdict.rawValue
  return ["\(word) \(judgement.low)…\(judgement.high)"] + judgement.rules.map { line($0) }
}

private func line(_ rule: Reference.RuleReport) -> String {
  var line = "\(rule.rule): \(rule.state.rawValue)"
  if rule.state == .excepted || rule.state == .notApplicable { return line }
  if rule.possible != rule.state { line += ", possibly \(rule.possible.rawValue)" }
  line += " \(rule.low)…\(rule.high)"
  if rule.effect != .absent { line += " \(rule.effect)" }
  let since = rule.state == .idle ? rule.possible == .idle ? nil : rule.possibleSince : rule.since
  if let since { line += " since \(since)" }
  if let key = rule.key { line += " \(key)" }
  return line
}

/// The same of the engine's.
///
/// - Parameter origin: What times are relative to.
func lines(_ decision: Decision, origin: Int64 = 0) -> [String] {
  let rules = decision.rules.map { line($0, origin) }
  guard decision.isSelected else { return ["not judged"] + rules }
  let word =
    decision.verdict == .unknown ? words(decision.possible.map(\.rawValue)) : decision.verdict.rawValue
  return ["\(word) \(decision.score.lowThousandths)…\(decision.score.highThousandths)"] + rules
}

private func line(_ rule: Criteria.RuleReport, _ origin: Int64) -> String {
  var line = "\(rule.rule): \(rule.state.rawValue)"
  if rule.state == .excepted || rule.state == .notApplicable { return line }
  if let possible = rule.possible { line += ", possibly \(possible.rawValue)" }
  line += " \(rule.contribution.lowThousandths)…\(rule.contribution.highThousandths)"
  if let effect = rule.effect, effect.stands != false { line += effect.stands == nil ? " possible" : " certain" }
  let isIdle = rule.state == .idle && rule.possible == nil
  if let since = rule.since, !isIdle { line += " since \(since.milliseconds - origin)" }
  if !rule.key.isEmpty { line += " \(rule.key.map(\.value))" }
  return line
}
