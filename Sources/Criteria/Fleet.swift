import CriteriaEngine

/// The state of many instances under one policy: feed it observations, advance it, ask for decisions.
///
/// One owner: a fleet is not copied and not shared. For more than one core, shard the instances: `actor Shard { var fleet:
/// Fleet }`. It has no clock, no thread, and reads no file: time is what its callers say.
///
/// ```swift
/// var fleet = Fleet(policy)
/// fleet.observe(.line("Out of memory: Killed process 12 (java)", source: "kernel"), of: "i-0a1", at: now)
/// for change in fleet.advance(to: now) { … }
/// let decision = fleet.decide("i-0a1", at: now)
/// ```
public struct Fleet: ~Copyable {
  public let policy: Policy
  private let state: FleetState
  private let assumesSteady: Bool

  /// - Parameter assumingSteady: Every instance is taken to have stood as at its first tick since long ago: `for` counts as
  ///   elapsed, and each decision says so. For a single scrape, which has no history.
  public init(_ policy: Policy, assumingSteady: Bool = false) {
    self.policy = policy
    assumesSteady = assumingSteady
    state = FleetState(policy.program, assumesSteady: assumingSteady)
  }

  /// Takes in one observation of an instance; it counts from its tick on.
  ///
  /// The order of arrival within a tick does not matter, but for observations of one series at one time: the last wins.
  /// - Parameters:
  ///   - time: When it was seen, not when it arrived.
  ///   - origin: Where it was read, for evidence.
  /// - Complexity: O(signals that read that metric or source); a log line is searched by each of their patterns.
  @discardableResult
  public mutating func observe(
    _ observation: Observation, of instance: String, at time: Timestamp, origin: Origin? = nil
  ) -> ObserveResult {
    state.observe(observation, of: instance, at: time, origin: origin)
  }

  /// Says that a log source of an instance is being read, so that its silence counts as 0 matches.
  ///
  /// - Parameter source: `*` for all sources (a whole journal).
  @discardableResult
  public mutating func attach(log source: String, of instance: String, at time: Timestamp) -> ObserveResult {
    state.attach(log: source, of: instance, at: time)
  }

  /// Runs every tick up to `time` that has not run.
  ///
  /// What waits more than one step beyond `time` is dropped and counted: a clock that lies must not wait for ever.
  /// - Returns: The instances whose verdict changed, tick by tick, in order of time, then of name.
  @discardableResult
  public mutating func advance(to time: Timestamp) -> [Change] {
    var changes: [Change] = []
    state.advance(to: time) { changes.append(Change($0)) }
    return changes
  }

  /// What the policy says of an instance, with its reasons.
  ///
  /// At a decided tick: that decision. Beyond it: a provisional look at tick ⌈time / step⌉ from what was observed by `time`;
  /// nothing changes by it.
  /// - Parameter allRules: Reports idle rules too.
  /// - Returns: `nil` if nothing is known of the instance by then.
  public func decide(_ instance: String, at time: Timestamp, allRules: Bool = false) -> Decision? {
    state.look(at: instance, time).map { Decision($0, policy, allRules: allRules, assumesSteady: assumesSteady) }
  }

  /// The verdict alone; cheaper than a whole decision.
  public func verdict(of instance: String, at time: Timestamp) -> Verdict? {
    state.look(at: instance, time)?.summary.verdict
  }

  /// The instances that anything was ever observed of, in the order in which they came.
  public var instances: [String] { state.ids }

  /// The earliest time at which a verdict can change if nothing more is observed: early perhaps, never late. `nil`: never.
  public var nextDue: Timestamp? { state.nextDue }

  /// The time of the last decided tick; `nil` before the first.
  public var lastTick: Timestamp? {
    state.lastTick.map { Timestamp(milliseconds: $0 * policy.program.step) }
  }

  /// What became of everything observed.
  public var counts: ObservationCounts { state.counts }

  /// Forgets an instance.
  public mutating func remove(_ instance: String) { state.remove(instance) }
}

/// A verdict that changed at a tick.
public struct Change: Hashable, Sendable {
  public var instance: String
  public var at: Timestamp
  public var verdict: Verdict
  /// What an `unknown` verdict may be.
  public var possible: [Verdict]
  /// `nil` at the instance's first tick.
  public var previous: Verdict?
  /// False: the policy's selector leaves the instance out.
  public var isSelected: Bool

  init(_ change: StateChange) {
    instance = change.id
    at = Timestamp(milliseconds: change.at)
    verdict = change.after.verdict
    possible = change.after.possible.verdicts
    previous = change.before?.verdict
    isSelected = change.after.selected != .no
  }
}
