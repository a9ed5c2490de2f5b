package import CriteriaEngine

/// The state of many instances under one policy: feed it observations, advance it, ask for decisions.
///
/// One owner: a fleet is not copied and not shared. For more than one core, shard the instances: `actor Shard { var fleet:
/// Fleet }`. It has no clock, no thread, and reads no file: time is what its callers say.
///
/// ```swift
/// var fleet = Fleet(policy)
/// fleet.observe(.line("Out of memory: Killed process 12 (java)", source: "kernel"), of: "i-0a1", at: now)
/// for change in fleet.advance(to: now) { … }
/// let summary = fleet.decide("i-0a1")
/// let record = fleet.explain("i-0a1", at: now)
/// ```
public struct Fleet: ~Copyable {
  /// The policy that decides; ``replacePolicy(_:)`` changes it.
  public private(set) var policy: Policy
  private var state: FleetState
  private let assumesSteady: Bool

  /// A fleet without instances: they come with what is observed of them.
  ///
  /// - Parameters:
  ///   - policy: Shared with any number of other fleets.
  ///   - assumingSteady: Every instance is taken to have stood as at its first tick since long ago: `for` counts as elapsed, and
  ///     each decision says so. For a single scrape, which has no history.
  public init(_ policy: Policy, assumingSteady: Bool = false) {
    self.policy = policy
    assumesSteady = assumingSteady
    state = FleetState(policy.program, assumesSteady: assumingSteady, prepared: policy.prepared)
  }

  /// How many instances of a block of 256 have to run at a tick to run side by side; fewer run one at a time.
  ///
  /// It changes no decision: for tests that compare the two.
  package var columnThreshold: Int {
    get { state.columnThreshold }
    set { state.columnThreshold = newValue }
  }

  /// Takes in one observation of an instance; it counts from its tick on.
  ///
  /// The order of arrival within a tick does not matter, but for observations of one series at one time: the last wins.
  /// - Parameters:
  ///   - observation: What was seen.
  ///   - instance: Its name; it is made if it is new.
  ///   - time: When it was seen, not when it arrived.
  ///   - origin: Where it was read, for evidence.
  /// - Returns: What became of it at the door. What is accepted may still turn out to be one series too many, or a second sample
  ///   at its time: ``counts`` has it then.
  /// - Complexity: O(signals that read that metric or source), and the look-up of its names; a log line is searched by each of their
  ///   patterns.
  @discardableResult
  public mutating func observe(
    _ observation: Observation, of instance: String, at time: Timestamp, origin: Origin? = nil
  ) -> ObserveResult {
    state.observe(observation, of: instance, at: time, origin: origin)
  }

  /// A series of an instance, to feed many samples of it: the names are looked up once.
  ///
  /// The instance is made if it is new. A handle is good until its instance is removed.
  /// - Parameters:
  ///   - metric: Its name, as in a policy's selector.
  ///   - labels: The labels that tell the series apart.
  ///   - instance: Its name.
  /// - Returns: `nil` if no signal of the policy reads such a series.
  /// - Complexity: O(labels + signals that read that metric).
  public mutating func series(_ metric: String, _ labels: [String: String] = [:], of instance: String) -> SeriesHandle?
  {
    state.series(metric, labels, of: instance)
  }

  /// Takes in one sample of a series; NaN and ±Inf end it.
  ///
  /// - Returns: ``ObserveResult/stale`` if the instance was removed since the handle was made.
  /// - Complexity: O(1) in order of time; allocates nothing in the steady state.
  @discardableResult
  public mutating func observe(_ value: Double, of series: SeriesHandle, at time: Timestamp) -> ObserveResult {
    state.observe(value, of: series, at: time)
  }

  /// Takes in a text of lines of one log source, all seen at one time: a chunk of a file, a batch from a shipper.
  ///
  /// It decides as `.line` does for each of them, at the speed at which text can be searched. Lines end with `\n` or `\r\n`;
  /// those that match nothing count as one observation.
  /// - Parameters:
  ///   - text: Whole lines, the messages without their headers.
  ///   - source: What the log is of, such as `kernel`.
  ///   - instance: Its name; it is made if it is new.
  ///   - time: When the lines were seen.
  /// - Returns: How many lines match a pattern of the source, or meet its match limit.
  @discardableResult
  public mutating func observe(
    lines text: UnsafeRawBufferPointer, source: String, of instance: String, at time: Timestamp
  ) -> Int {
    state.observe(lines: text, source: source, of: instance, at: time)
  }

  /// Says that a log source of an instance is being read, so that its silence counts as 0 matches.
  ///
  /// A line attaches its source by itself, from its time on. Without either, the terms of log signals are unknown: nobody looked.
  /// - Parameters:
  ///   - source: Such as `kernel`; `*` for all sources (a whole journal).
  ///   - instance: Its name; it is made if it is new.
  ///   - time: From when on.
  @discardableResult
  public mutating func attach(log source: String, of instance: String, at time: Timestamp) -> ObserveResult {
    state.attach(log: source, of: instance, at: time)
  }

  /// Runs every tick up to `time` that has not run.
  ///
  /// What waits more than one step beyond `time` is dropped and counted: a clock that lies must not wait for ever.
  /// A decided tick is never decided again; a `time` at or before ``lastTick`` runs none. Ticks in which nothing can change are skipped,
  /// so that a month of silence costs little.
  /// - Returns: The instances whose verdict changed, tick by tick, in order of time, then of name.
  /// - Complexity: O(instances that were observed or are due, for each tick).
  @discardableResult
  public mutating func advance(to time: Timestamp) -> [Change] {
    var changes: [Change] = []
    state.advance(to: time) { changes.append(Change($0)) }
    return changes
  }

  /// How an instance stood at the last tick that ran.
  ///
  /// - Returns: `nil` if no tick ran for it, or the handle is stale.
  /// - Complexity: O(1); allocates nothing.
  public func decide(_ instance: InstanceHandle) -> Summary? { state.summary(of: instance) }

  /// How an instance stood at the last tick that ran; `nil` if no tick ran for it.
  ///
  /// - Complexity: O(length of the name).
  public func decide(_ instance: String) -> Summary? { state.summary(of: instance) }

  /// What the policy says of an instance at tick ⌈time / step⌉.
  ///
  /// At a decided tick: that decision. Beyond it: a provisional look, from what was observed by `time`; nothing changes by it.
  /// - Returns: `nil` if nothing is known of the instance by then, or the handle is stale.
  /// - Complexity: O(rules and their windows) for a look; O(1) for the last tick.
  public func decide(_ instance: InstanceHandle, at time: Timestamp) -> Summary? {
    state.look(at: instance, time) { $0.summary }
  }

  /// The same by name.
  public func decide(_ instance: String, at time: Timestamp) -> Summary? {
    state.find(instance).flatMap { decide($0, at: time) }
  }

  /// Decides again from all that is known by `time`, just before acting on a decision: nothing changes by it.
  ///
  /// Unlike `decide(_:at:)`, this looks at the next tick where `time` is at or before the last one, so that what came late
  /// counts too.
  /// - Returns: `nil` if nothing is known of the instance by then, or the handle is stale.
  /// - Complexity: O(rules and their windows).
  public func peek(_ instance: InstanceHandle, at time: Timestamp) -> Summary? {
    state.look(at: instance, time, isAfterLastTick: true) { $0.summary }
  }

  /// The same by name.
  public func peek(_ instance: String, at time: Timestamp) -> Summary? {
    state.find(instance).flatMap { peek($0, at: time) }
  }

  /// Every instance that the policy judges, as it stood at the last tick, in no order that means anything.
  ///
  /// - Complexity: O(instances); allocates nothing.
  public func decideAll(_ body: (InstanceHandle, Summary) -> Void) {
    state.forEachSummary { handle, summary in
      if summary.isSelected { body(handle, summary) }
    }
  }

  /// The whole record of a decision, with rules, reasons and evidence.
  ///
  /// - Parameters:
  ///   - instance: Its handle.
  ///   - time: As for `decide(_:at:)`.
  ///   - allRules: Reports idle rules too.
  /// - Returns: `nil` if nothing is known of the instance by then.
  public func explain(_ instance: InstanceHandle, at time: Timestamp, allRules: Bool = false) -> Decision? {
    // Not the policy itself: a copy of it retains all its parts.
    let (name, digest, assumesSteady) = (policy.name, policy.digest, assumesSteady)
    return state.look(at: instance, time) {
      Decision($0, policyName: name, policyDigest: digest, allRules: allRules, assumesSteady: assumesSteady)
    }
  }

  /// The same by name.
  public func explain(_ instance: String, at time: Timestamp, allRules: Bool = false) -> Decision? {
    state.find(instance).flatMap { explain($0, at: time, allRules: allRules) }
  }

  /// The handle of an instance that anything was ever observed of; `nil` for others.
  public func instance(_ name: String) -> InstanceHandle? { state.find(name) }

  /// The name of an instance; `nil` if it was removed.
  public func name(of instance: InstanceHandle) -> String? { state.id(of: instance) }

  /// The instances that anything was ever observed of, and that were not removed.
  ///
  /// - Complexity: O(instances): an array of their names.
  public var instances: [String] { state.ids }

  /// The earliest time at which a verdict can change if nothing more is observed: early perhaps, never late. `nil`: never.
  public var nextDue: Timestamp? { state.nextDue }

  /// What became of everything observed.
  public var counts: ObservationCounts { state.counts }

  /// Forgets an instance: its state is freed, its handles are stale. Observed again, it is a new one.
  public mutating func remove(_ instance: String) { state.remove(instance) }

  // MARK: For tests of policies

  /// A fleet of so many instances and never more: it takes little memory if they are few.
  package init(_ policy: Policy, instances: Int, assumingSteady: Bool = false) {
    self.policy = policy
    assumesSteady = assumingSteady
    state = FleetState(
      policy.program, assumesSteady: assumingSteady, prepared: policy.prepared, instances: instances)
  }

  /// A fleet that goes on, of so many instances and never more.
  package init(_ policy: Policy, instances: Int, restoring snapshot: [UInt8], assumingSteady: Bool)
    throws(SnapshotError)
  {
    let restored = try FleetState.restored(
      from: snapshot, policy.program, digest: policy.digest, assumesSteady: assumingSteady, adopting: false,
      prepared: policy.prepared, instances: instances)
    self.policy = policy
    assumesSteady = assumingSteady
    state = restored.state
  }

  package func series(ofSignal index: Int, _ labels: [String: String]) -> SignalSeries {
    state.series(ofSignal: index, labels)
  }

  /// Takes in what is said of one signal, past its selector, scale and unit.
  @discardableResult
  package mutating func observe(_ observation: SignalObservation, of instance: String, at time: Timestamp)
    -> ObserveResult
  {
    state.observe(observation, of: instance, at: time)
  }

  /// All rules start anew with the next tick.
  package mutating func restartRules() { state.restartRules() }

  /// An instance with all that the engine knows of it, as for `explain(_:at:)`.
  package func view<R>(_ instance: String, at time: Timestamp, _ body: (InstanceView) -> R) -> R? {
    state.find(instance).flatMap { state.look(at: $0, time, body) }
  }

  /// What makes the record of a view, all rules included; to be called while the view is good.
  package func decider(_ view: InstanceView) -> () -> Decision {
    let (policy, assumesSteady) = (policy, assumesSteady)
    return {
      Decision(
        view, policyName: policy.name, policyDigest: policy.digest, allRules: true, assumesSteady: assumesSteady)
    }
  }

  // MARK: Snapshots

  /// The whole state as bytes, checksummed: what `init(_:restoring:)` takes. Equal states give equal bytes.
  ///
  /// - Complexity: O(state): 16 bytes per sample and a few hundred per instance.
  public func snapshot() -> [UInt8] { state.snapshot(digest: policy.digest) }

  /// A fleet that goes on where another one was when its snapshot was made: from there on it decides the same, to the bit.
  ///
  /// - Parameters:
  ///   - policy: The one that the snapshot is of.
  ///   - snapshot: What ``snapshot()`` gave.
  ///   - assumingSteady: As it was said then.
  /// - Throws: If the bytes are cut off, changed, of something else, of a newer format, or of another policy.
  public init(_ policy: Policy, restoring snapshot: [UInt8], assumingSteady: Bool = false) throws(SnapshotError) {
    let restored = try FleetState.restored(
      from: snapshot, policy.program, digest: policy.digest, assumesSteady: assumingSteady, adopting: false,
      prepared: policy.prepared)
    self.policy = policy
    assumesSteady = assumingSteady
    state = restored.state
  }

  /// A fleet that goes on under a policy that may be another one than that of the snapshot, as `replacePolicy` says.
  ///
  /// - Parameters:
  ///   - policy: The one to go on under.
  ///   - snapshot: Of a fleet under that policy or another.
  ///   - assumingSteady: As it was said then.
  ///   - report: Gets what became of each signal and rule of the snapshot's policy.
  /// - Throws: If the bytes are cut off, changed, of something else, or of a newer format.
  public init(
    _ policy: Policy, adopting snapshot: [UInt8], assumingSteady: Bool = false, report: inout [StateTransfer]
  ) throws(SnapshotError) {
    let restored = try FleetState.restored(
      from: snapshot, policy.program, digest: policy.digest, assumesSteady: assumingSteady, adopting: true,
      prepared: policy.prepared)
    self.policy = policy
    assumesSteady = assumingSteady
    state = restored.state
    report = restored.report
  }

  /// Goes on under another policy.
  ///
  /// What was known of instances stays: facts, labels, launches, since when they are known. The state of a signal stays if its
  /// definition is the same, that of a rule if `when`, `until`, `for`, `hold`, `latch` and `unknown` are the same and the state
  /// of what it reads stays; both go by name. The rest begins anew, and what the old policy did not watch counts as watched from
  /// the last tick on, so that nothing is taken for absent that nobody looked at. Verdicts stay as they were until the next tick.
  ///
  /// All handles are stale afterwards: ask for them anew.
  /// - Returns: What became of each signal and rule of the old policy.
  @discardableResult
  public mutating func replacePolicy(_ new: Policy) -> [StateTransfer] {
    do throws(SnapshotError) {
      let restored = try FleetState.restored(
        from: snapshot(), new.program, digest: new.digest, assumesSteady: assumesSteady, adopting: true,
        generation: state.nextGeneration, prepared: new.prepared)
      policy = new
      restored.state.columnThreshold = state.columnThreshold
      state = restored.state
      return restored.report
    } catch {
      preconditionFailure("a fleet that cannot read what it wrote: \(error)")
    }
  }

  /// The time of the last decided tick; `nil` before the first.
  public var lastTick: Timestamp? {
    state.lastTick.map { Timestamp(milliseconds: $0 * policy.program.step) }
  }
}

/// A verdict that changed at a tick.
public struct Change: Hashable, Sendable {
  /// The name under which the instance was observed.
  public var instance: String
  /// The tick's time.
  public var at: Timestamp
  /// What it is from this tick on.
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
    possible = change.after.possible
    previous = change.before?.verdict
    isSelected = change.after.selected != .no
  }
}
