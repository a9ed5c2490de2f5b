import Criteria
import CriteriaCompiler
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

/// Where two that should say the same part, and what each says.
struct Difference {
  var what: String
  var reference: String
  var engine: String
  /// The action at which it showed, and how the engine was driven.
  var action = 0
  var path = Path.asTold

  init(what: String, reference: String, engine: String) {
    (self.what, self.reference, self.engine) = (what, reference, engine)
  }

  /// Of a record along another path than the first, which stands in for the reference: it knows of no reasons.
  init(_ told: Decision, _ decision: Decision) {
    let pair = (told.json, decision.json)
    let isInText = pair.0 != pair.1
    self.init(
      what: "the record of \(told.instance)", reference: isInText ? pair.0 : "\(told)",
      engine: isInText ? pair.1 : "\(decision)")
  }
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

/// The policy as the reference reads it.
func parse(_ draft: Draft) -> PolicyFile? {
  var sources = SourceMap()
  let text = SourceText(path: Draft.path, text: draft.text)
  let (file, diagnostics) = parsePolicy(text, into: &sources) { draft.read($0) }
  return diagnostics.contains { $0.severity == .error } ? nil : file
}

extension Interpreter {
  init(_ file: PolicyFile, of one: Case) {
    self.init(file)
    assumeSteady = one.assumeSteady
    hitsLimit = { MatchLimit.isHit($0, by: $1) }
  }
}

extension Criteria.Policy {
  init(_ draft: Draft) throws(PolicyErrors) {
    try self.init(compile(SourceText(path: Draft.path, text: draft.text)) { draft.read($0) })
  }
}

/// Runs a case through the reference and, along each of its paths, through the engine, and compares all that they say.
func compare(_ one: Case) -> Outcome {
  let policy: Criteria.Policy
  do throws(PolicyErrors) {
    policy = try Criteria.Policy(one.draft)
  } catch {
    return .refused(error.description)
  }
  guard let file = parse(one.draft) else { return .refused("does not parse") }
  var expected = Expected(one, file)
  if let difference = expected.difference(of: one, policy, along: .asTold) { return .differ(difference) }
  for path in one.paths where path != .asTold {
    if let difference = expected.difference(of: one, policy, along: path) { return .differ(difference) }
  }
  return .agree(expected.facts)
}

/// What the reference says of a case: the yardstick of every path.
private struct Expected {
  /// An instance at one action, or at one tick.
  struct Place: Hashable {
    var instance: String
    var at: Int64
  }
  /// What one `advance` came to.
  struct Advance {
    var changes: [String] = []
    var dropped = Dropped()
    /// Every instance at the last tick that ran.
    var standing: [String: Judgement] = [:]
    /// Of the instances that are looked at then: when, and what.
    var looks: [(instance: String, time: Int64, judgement: Judgement?)] = []
  }

  var facts = Facts()
  /// By action.
  private var advances: [Int: Advance] = [:]
  private var looks: [Int: Judgement] = [:]
  /// By tick.
  private var judgements: [Place: Judgement] = [:]
  /// The whole records of the first path, by action, for each of its looks: the others must give the same.
  private var records: [Int: [Decision?]] = [:]
  /// Some line is fed so far ahead that it is dropped.
  private var hasLinesAhead = false

  init(_ one: Case, _ file: PolicyFile) {
    var reference = Interpreter(file, of: one)
    facts.occurred = one.traits.union(syntaxFacts(file))
    if one.assumeSteady { facts.occurred.insert("schedule: assumed steady") }
    for path in one.paths {
      for (part, name) in Path.all where path.contains(part) { facts.occurred.insert("path: \(name)") }
      if path.rawValue.nonzeroBitCount > 1 { facts.occurred.insert("path: several together") }
    }
    var previous: [String: Judgement] = [:]
    var instances: Set<String> = []
    var newestLine = Int64.min
    let last = one.actions.lastIndex { if case .advance = $0 { true } else { false } }
    for (index, action) in one.actions.enumerated() {
      switch action {
      case .observe(let observation):
        instances.insert(observation.instance)
        _ = reference.observe(observation)
        if case .line = observation.content { newestLine = max(newestLine, observation.time) }
      case .look(let instance, let time): looks[index] = reference.decide(instance, at: time)
      case .advance(let time):
        var advance = Advance()
        if newestLine > time + one.step { hasLinesAhead = true }
        for judgement in reference.advance(to: time) {
          let before = previous[judgement.instance]
          facts.note(judgement, after: before)
          if before.map({ hasChanged($0, judgement) }) ?? true { advance.changes.append(describe(judgement)) }
          previous[judgement.instance] = judgement
          judgements[Place(instance: judgement.instance, at: judgement.tick)] = judgement
        }
        advance.dropped = reference.dropped
        advance.standing = previous
        // A look beyond a tick costs the reference a run of the whole fleet.
        for instance in Expected.choice(of: instances, index, one.seed) {
          advance.looks.append((instance, time, reference.decide(instance, at: time)))
        }
        if index == last {
          let tick = floorDivide(time, one.step) * one.step
          for instance in instances.sorted() {
            advance.looks.append((instance, tick, reference.decide(instance, at: tick)))
          }
        }
        advances[index] = advance
      }
    }
  }

  /// All of a small fleet, two of a large one, the same for every path.
  private static func choice(of instances: Set<String>, _ index: Int, _ seed: UInt64) -> [String] {
    let all = instances.sorted()
    if all.count <= 3 { return all }
    var random = Random(seed: seed &+ UInt64(index) &* 0x1_0001)
    return [random.pick(all), random.pick(all)]
  }

  /// - Complexity: The engine's, and the reference's once for all paths.
  mutating func difference(of one: Case, _ policy: Criteria.Policy, along path: Path) -> Difference? {
    var drive = Drive(one, policy, along: path)
    var batch: [RawObservation] = []
    for (index, action) in one.actions.enumerated() {
      var found: Difference?
      switch action {
      case .observe(let observation):
        if path == .asTold { drive.feed(observation) } else { batch.append(observation) }
      case .look(let instance, let time):
        if path != .asTold { continue }
        found = difference(drive.decision(of: instance, at: time), looks[index], instance, time)
      case .advance(let time):
        let changes = drive.take(batch, thenAdvanceTo: time) { drive, tick in
          if found == nil { found = difference(drive, atTick: tick, one) }
        }
        batch = []
        found = found ?? difference(drive, changes, at: index)
      }
      if var found {
        found.action = index
        found.path = path
        return found
      }
    }
    return nil
  }

  /// After an advance of the story.
  private mutating func difference(_ drive: borrowing Drive, _ changes: [Change], at index: Int) -> Difference? {
    let expected = advances[index]!
    if let fault = drive.fault { return Difference(what: "the fleet itself", reference: "nothing", engine: fault) }
    let actual = changes.map(describe)
    if expected.changes != actual {
      return Difference(
        what: "changes", reference: expected.changes.joined(separator: "\n    "),
        engine: actual.joined(separator: "\n    "))
    }
    if var dropped = drive.dropped, dropped != expected.dropped {
      // Of the lines of one tick that match nothing, one stands for all.
      if hasLinesAhead { dropped.future = expected.dropped.future }
      if dropped == expected.dropped { return nil }
      return Difference(what: "what was dropped", reference: "\(expected.dropped)", engine: "\(dropped)")
    }
    var found: [Decision?] = []
    if let difference = difference(drive.summaries(), expected) { return difference }
    for (instance, time, judgement) in expected.looks {
      let decision = drive.decision(of: instance, at: time)
      if let difference = difference(decision, judgement, instance, time) { return difference }
      if let difference = difference(drive.summary(of: instance, at: time), decision, instance, time) {
        return difference
      }
      found.append(decision.map(comparable))
    }
    guard let told = records[index] else {
      records[index] = found
      return nil
    }
    for case (let told?, let decision?) in zip(told, found) where told != decision {
      return Difference(told, decision)
    }
    return nil
  }

  /// Of all instances at the last tick that ran.
  private func difference(_ summaries: [String: Summary], _ expected: Advance) -> Difference? {
    for (instance, judgement) in expected.standing where judgement.verdict != nil || summaries[instance] != nil {
      let reference = lines(judgement)[0]
      let engine = summaries[instance].map(describe) ?? "not judged"
      if reference != engine {
        return Difference(what: "the summary of \(instance)", reference: reference, engine: engine)
      }
    }
    guard summaries.count <= expected.standing.count else {
      return Difference(
        what: "who is judged", reference: "\(expected.standing.keys.sorted())", engine: "\(summaries.keys.sorted())")
    }
    return nil
  }

  private func difference(
    _ summary: Summary?, _ decision: Decision?, _ instance: String, _ time: Int64
  ) -> Difference? {
    let record = decision.map { $0.isSelected ? lines($0)[0] : "not judged" } ?? "nothing is known"
    let short = summary.map { $0.isSelected ? describe($0) : "not judged" } ?? "nothing is known"
    return record == short
      ? nil : Difference(what: "the summary of \(instance) at \(time)", reference: record, engine: short)
  }

  /// Without the times of what is no longer kept: when a series is forgotten for good depends on which ticks are run.
  private func comparable(_ decision: Decision) -> Decision {
    var decision = decision
    for index in decision.missing.indices { decision.missing[index].since = nil }
    for rule in decision.rules.indices {
      for index in decision.rules[rule].evidence.indices where decision.rules[rule].evidence[index].value == .unknown {
        decision.rules[rule].evidence[index].newest = nil
      }
    }
    return decision
  }

  /// At a tick that the story passes over.
  private func difference(_ drive: borrowing Drive, atTick tick: Int64, _ one: Case) -> Difference? {
    for instance in Expected.choice(of: Set(drive.instances), Int(truncatingIfNeeded: tick), one.seed) {
      let judgement = judgements[Place(instance: instance, at: tick)]
      if let difference = difference(drive.decision(of: instance, at: tick), judgement, instance, tick) {
        return difference
      }
    }
    return nil
  }

  private func difference(
    _ decision: Decision?, _ judgement: Judgement?, _ instance: String, _ time: Int64
  ) -> Difference? {
    let expected = judgement.map { lines($0) } ?? ["nothing is known"]
    let actual = decision.map { lines($0) } ?? ["nothing is known"]
    if expected == actual { return nil }
    let count = max(expected.count, actual.count)
    let differing = (0..<count).map { i in (i < expected.count ? expected[i] : "", i < actual.count ? actual[i] : "") }
      .filter { $0 != $1 }
    return Difference(
      what: "\(instance) at \(time)", reference: differing.map(\.0).joined(separator: "\n    "),
      engine: differing.map(\.1).joined(separator: "\n    "))
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

private func describe(_ summary: Summary) -> String {
  let word = summary.verdict == .unknown ? words(summary.possible.map(\.rawValue)) : summary.verdict.rawValue
  return "\(word) \(summary.low)…\(summary.high)"
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
