// meaning.md §1: from observations to ticks.

package import CriteriaSyntax

/// The plain reference interpreter: a policy and raw observations in, what holds at every tick out.
///
/// It is slow on purpose. At each tick every term is computed anew from the observations that are visible then; what is
/// carried from tick to tick is only what the language defines so: machines, clocks of `since`, key sets, overflow.
/// It takes policies that the checker accepts.
package struct Interpreter: Sendable {
  let policy: Policy
  private var instances: [String: Instance] = [:]
  /// Fed, and not yet seen by any tick; in order of arrival.
  private var waiting: [Arrival] = []
  private var arrivals = 0
  /// The last decided tick, in milliseconds.
  package private(set) var decided: Int64?
  private var lateOrFuture = Dropped()

  /// State that what is there at an instance's first tick has stood like this for ever.
  package var assumeSteady = false
  /// Whether searching a line for a pattern hits its match limit: counted by PCRE2's steps, which nothing else knows.
  package var hitsLimit: (@Sendable (_ pattern: String, _ line: String) -> Bool)?
  /// Makes terms unknown: given where a term stands in the text, the instance, and the tick.
  package var mask: Mask?
  package typealias Mask = @Sendable (_ term: TermSite, _ instance: String, _ tick: Int64) -> Bool

  package init(_ file: PolicyFile) { policy = Policy(file) }

  /// What was not used so far.
  package var dropped: Dropped {
    var sum = lateOrFuture
    for instance in instances.values {
      sum.predecessor += instance.dropped.predecessor
      sum.refused += instance.dropped.refused
      sum.duplicate += instance.dropped.duplicate
      sum.limited += instance.dropped.limited
    }
    return sum
  }

  package mutating func observe(_ observation: RawObservation) -> Receipt {
    if let decided, observation.time < decided - policy.maxLateness {
      lateOrFuture.late += 1
      return .late
    }
    if !policy.takes(observation) { return .irrelevant }
    waiting.append(Arrival(order: arrivals, observation: observation))
    arrivals += 1
    return .accepted
  }

  /// Runs every tick up to `time` that has not run, and returns what holds at each.
  package mutating func advance(to time: Int64) -> [Judgement] {
    let tooFar = waiting.count { $0.time > time + policy.step }
    lateOrFuture.future += tooFar
    waiting.removeAll { $0.time > time + policy.step }
    return run(through: floorDivide(time, policy.step) * policy.step)
  }

  /// The decision at `time`: of the last decided tick, or, beyond it, a provisional look that changes nothing.
  ///
  /// - Returns: `nil` if the instance is not known then.
  package func decide(_ instance: String, at time: Int64) -> Judgement? {
    if let decided, time <= decided { return instances[instance]?.latest }
    var copy = self
    copy.waiting.removeAll { $0.time > time }
    _ = copy.run(through: tick(of: time, step: policy.step) * policy.step)
    return copy.instances[instance]?.latest
  }

  /// Forgets what no tick has seen yet.
  package mutating func dropWaiting() { waiting = [] }

  private mutating func run(through last: Int64) -> [Judgement] {
    defer { decided = max(decided ?? last, last) }
    guard var next = decided.map({ $0 + policy.step }) ?? earliestTick else { return [] }
    var judgements: [Judgement] = []
    while next <= last {
      judgements += run(tick: next)
      decided = next
      next += policy.step
    }
    return judgements
  }

  private var earliestTick: Int64? {
    waiting.map(\.time).min().map { tick(of: $0, step: policy.step) * policy.step }
  }

  private mutating func run(tick: Int64) -> [Judgement] {
    let due = waiting.filter { $0.time <= tick }.sorted { ($0.time, $0.order) < ($1.time, $1.order) }
    waiting.removeAll { $0.time <= tick }
    for arrival in due {
      let id = arrival.observation.instance
      instances[id, default: Instance(id: id)].apply(arrival, policy, hitsLimit)
    }
    var judgements: [Judgement] = []
    for id in instances.keys.sorted(by: precedes) {
      instances[id]!.forget(at: tick, policy)
      if let judgement = instances[id]!.judge(at: tick, policy, assumeSteady: assumeSteady, mask: mask) {
        judgements.append(judgement)
      }
    }
    return judgements
  }
}

/// An observation and its place in the order of arrival.
struct Arrival: Sendable {
  var order: Int
  var observation: RawObservation
  var time: Int64 { observation.time }
}

/// The number of the tick that an observation at `time` belongs to: ⌈time / step⌉.
func tick(of time: Int64, step: Int64) -> Int64 { -floorDivide(-time, step) }

func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
  let quotient = a / b
  return a % b < 0 ? quotient - 1 : quotient
}
