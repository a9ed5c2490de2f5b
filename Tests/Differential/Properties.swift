import Criteria
import CriteriaSyntax
import Reference

/// What must hold of any policy and any data, besides that both agree.
///
/// - Returns: What is broken, with the case; `nil` if all holds.
func brokenProperty(seed: UInt64) -> String? {
  var random = Random(seed: seed ^ 0x5EED)
  let one = makeCase(seed: seed, isSmall: true)
  if let broken = formatting(one.draft) ?? reordering(one, &random) ?? shifting(one, by: one.step << 20)
    ?? shiftingFreely(one)
    ?? nextChange(one, &random)
  {
    return "seed \(seed): \(broken)\n\(one.draft.listing)"
  }
  let careful = makeCase(seed: seed, keepsThePromise: true, isSmall: true)
  if let broken = promise(careful, &random) { return "seed \(seed): \(broken)\n\(careful.draft.listing)" }
  return nil
}

/// Everything that the engine says at each advance, times relative to `origin`, rules in order of name.
private func record(_ draft: Draft, _ actions: [Action], assumeSteady: Bool, origin: Int64 = 0) -> [String] {
  guard let policy = try? Criteria.Policy(draft) else { return ["refused"] }
  var fleet = Fleet(policy, assumingSteady: assumeSteady)
  var said: [String] = []
  for action in actions {
    switch action {
    case .observe(let observation): _ = fleet.take(observation)
    case .look: break
    case .advance(let time):
      for change in fleet.advance(to: Timestamp(milliseconds: time)) {
        said.append("\(change.at.milliseconds - origin) \(change.instance) \(change.verdict) \(change.possible)")
      }
      for instance in fleet.instances.sorted() {
        guard let decision = fleet.explain(instance, at: Timestamp(milliseconds: time), allRules: true) else {
          continue
        }
        let lines = lines(decision, origin: origin)
        said.append("\(time - origin) \(instance) \(lines[0])")
        said += lines.dropFirst().sorted()
      }
    }
  }
  return said
}

private func firstDifference(_ a: [String], _ b: [String]) -> String? {
  if a == b { return nil }
  let pair = zip(a, b).first { $0 != $1 }
  return "\(pair?.0 ?? "\(a.count) lines") / \(pair?.1 ?? "\(b.count) lines")"
}

/// The order of rules and signals never matters.
private func reordering(_ one: Case, _ random: inout Random) -> String? {
  var other = one.draft
  other.rules.shuffle(using: &random)
  other.signals.shuffle(using: &random)
  let difference = firstDifference(
    record(one.draft, one.actions, assumeSteady: one.assumeSteady),
    record(other, one.actions, assumeSteady: one.assumeSteady))
  return difference.map { "reordering changes the answer: \($0)" }
}

/// A shift by any multiple of the step shifts the answer, to the bit, where nothing depends on how windows are cut.
private func shiftingFreely(_ one: Case) -> String? {
  let cutByTicks = ["avg(", "sum(", "increase(", "rate(", "stddev(", "slope("]
  if cutByTicks.contains(where: one.draft.listing.contains) { return nil }
  // Not a multiple of a large power of two, but whole seconds.
  return shifting(one, by: one.step * 3000)
}

/// A shift of all times by a multiple of step · 2²⁰ shifts the answer, to the bit: the trees of sums are the same.
private func shifting(_ one: Case, by shift: Int64) -> String? {
  // A day on the calendar does not shift.
  if one.draft.listing.contains("expires:") { return nil }
  let shifted = one.actions.map { action -> Action in
    switch action {
    case .advance(let time): return .advance(time + shift)
    case .look(let instance, let time): return .look(instance, time + shift)
    case .observe(var observation):
      observation.time += shift
      switch observation.content {
      case .sample("boot_time", let labels, let value):
        observation.content = .sample(metric: "boot_time", labels: labels, value: value + Double(shift / 1000))
      case .condition(let type, let status, let reason, let since):
        observation.content = .condition(type: type, status: status, reason: reason, since: since.map { $0 + shift })
      case .facts(let facts, let labels, let desired, let launched):
        observation.content = .facts(facts, labels: labels, desired: desired, launched: launched.map { $0 + shift })
      case .sample, .line, .attach: break
      }
      return .observe(observation)
    }
  }
  let difference = firstDifference(
    record(one.draft, one.actions, assumeSteady: one.assumeSteady),
    record(one.draft, shifted, assumeSteady: one.assumeSteady, origin: shift))
  return difference.map { "shifting by \(shift) changes the answer: \($0)" }
}

/// `nextChange` is never later than the tick at which the verdict changes without new data.
private func nextChange(_ one: Case, _ random: inout Random) -> String? {
  guard let file = parse(one.draft), let policy = try? Criteria.Policy(one.draft) else {
    return "refused"
  }
  var reference = Interpreter(file, of: one)
  var fleet = Fleet(policy, assumingSteady: one.assumeSteady)
  for action in one.actions {
    switch action {
    case .look: break
    case .observe(let observation):
      _ = reference.observe(observation)
      _ = fleet.take(observation)
    case .advance(let time):
      _ = reference.advance(to: time)
      fleet.advance(to: Timestamp(milliseconds: time))
      guard random.chance(12), let decided = reference.decided else { continue }
      for instance in fleet.instances {
        let at = Timestamp(milliseconds: decided)
        guard let decision = fleet.explain(instance, at: at), let now = reference.decide(instance, at: decided) else {
          continue
        }
        var later = reference
        later.dropWaiting()
        let future = later.advance(to: decided + 30 * one.step).filter { $0.instance == instance }
        guard let change = future.first(where: { hasChanged(now, $0) }) else { continue }
        if decision.nextChange.map({ $0.milliseconds > change.tick }) ?? true {
          let said = decision.nextChange.map { "\($0.milliseconds)" } ?? "never"
          return "at \(decided) nextChange of \(instance) is \(said), but it changes at \(change.tick)"
        }
      }
    }
  }
  return nil
}

// MARK: - The promise

/// Unknown terms, and signals that are never fed, may make a verdict unknown, never another one.
private func promise(_ one: Case, _ random: inout Random) -> String? {
  // When an instance is first seen is not what is to be lost: every one is, at the start.
  var instances: Set<String> = []
  var start = Int64.max
  for action in one.actions {
    switch action {
    case .observe(let observation):
      instances.insert(observation.instance)
      start = min(start, observation.time)
    case .advance(let time): start = min(start, time)
    case .look: break
    }
  }
  let presence = instances.sorted().map { instance in
    Action.observe(RawObservation(.facts([:], labels: nil, desired: nil, launched: nil), of: instance, at: start))
  }
  let actions = presence + one.actions
  let whole = judge(one, actions, mask: nil)
  let salt = random.next()
  let share = UInt64(random.pick([2, 10, 50]))
  let masked = judge(one, actions) { site, _, tick in
    var hash = Random(seed: salt ^ UInt64(site.start) &* 0x1_0001 ^ UInt64(bitPattern: tick))
    return hash.next() % 100 < share
  }
  if let broken = breach(whole, masked) { return "masking terms: \(broken)" }

  let lost = random.pick(["m0", "m1", "m2", "logs", "Ready", "node_condition"])
  let fed = actions.filter { action in
    guard case .observe(let observation) = action else { return true }
    switch observation.content {
    case .sample(let metric, _, _): return metric != lost
    case .line, .attach: return lost != "logs"
    case .condition(let type, _, _, _): return type != lost
    case .facts: return true
    }
  }
  return breach(whole, judge(one, fed, mask: nil)).map { "never feeding \(lost): \($0)" }
}

private func judge(_ one: Case, _ actions: [Action], mask: Interpreter.Mask?) -> [Judgement] {
  guard let file = parse(one.draft) else { return [] }
  var reference = Interpreter(file, of: one)
  reference.mask = mask
  var judgements: [Judgement] = []
  for action in actions {
    switch action {
    case .observe(let observation): _ = reference.observe(observation)
    case .advance(let time): judgements += reference.advance(to: time)
    case .look: break
    }
  }
  return judgements
}

private func breach(_ whole: [Judgement], _ less: [Judgement]) -> String? {
  struct Place: Hashable {
    var instance: String
    var tick: Int64
  }
  var known: [Place: Judgement] = [:]
  for judgement in whole { known[Place(instance: judgement.instance, tick: judgement.tick)] = judgement }
  for judgement in less {
    guard let before = known[Place(instance: judgement.instance, tick: judgement.tick)] else { continue }
    if judgement.verdict == before.verdict || judgement.verdict == .unknown { continue }
    return "at \(judgement.tick) \(judgement.instance)\n  whole: \(lines(before))\n  less: \(lines(judgement))"
  }
  return nil
}
