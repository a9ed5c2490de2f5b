/// What became of an observation at the door. Whether it finds a place is known at its tick (`ObservationCounts`).
public enum ObserveResult: Hashable, Sendable {
  case accepted
  /// No signal of the policy reads it.
  case irrelevant
  /// A signal's `ignore` took it.
  case ignored
  /// More than `max_lateness` behind the last decided tick: dropped.
  case late
  /// From before the instance's launch: dropped.
  case predecessor
}

/// An instance whose verdict changed at a tick.
package struct StateChange: Sendable {
  package var id: String
  package var at: Int64
  package var before: Summary?
  package var after: Summary
}

/// The state of many instances under one program; one owner, no clock, no thread.
package final class FleetState {
  package let program: Program
  let workspace: Workspace
  private let door: Door
  private(set) var instances: [String: Int] = [:]
  private(set) var boxes: [Box] = []
  package private(set) var counts = ObservationCounts()
  /// The last decided tick's number.
  package private(set) var lastTick: Int64?

  /// A reference, so that an instance is changed in place and can be left out of a copy.
  final class Box {
    var instance: Instance
    init(_ instance: Instance) { self.instance = instance }
  }

  /// - Parameter assumesSteady: Every instance has stood as at its first tick since long ago.
  package init(_ program: Program, assumesSteady: Bool = false) {
    self.program = program
    workspace = Workspace(program, assumesSteady: assumesSteady)
    door = Door(program)
  }

  package var ids: [String] { boxes.map(\.instance.id) }

  private func box(of id: String) -> Box {
    if let index = instances[id] { return boxes[index] }
    let box = Box(Instance(id: id, program: program, layout: workspace.layout))
    instances[id] = boxes.count
    boxes.append(box)
    return box
  }

  func existing(_ id: String) -> Box? { instances[id].map { boxes[$0] } }

  /// Takes in an observation; it counts from its tick on.
  /// - Complexity: O(signals of that metric or source); a line is searched by each of its signals' patterns.
  package func observe(_ observation: Observation, of id: String, at time: Timestamp, origin: Origin?) -> ObserveResult
  {
    let moment = time.milliseconds.clampedToTime
    if isTooLate(moment) {
      counts.late += 1
      return .late
    }
    let instance = box(of: id)
    let payloads: [Pending.Payload]
    switch door.match(observation, origin: origin, workspace) {
    case .irrelevant:
      counts.irrelevant += 1
      return .irrelevant
    case .ignored:
      counts.ignored += 1
      return .ignored
    case .matched(let found): payloads = found
    }
    if let launched = instance.instance.facts.launched, moment < launched {
      counts.predecessor += 1
      return .predecessor
    }
    counts.accepted += 1
    var isFirst = true
    for payload in payloads {
      if case .line(let signal, nil, _, false) = payload,
        instance.instance.isAnnounced(signal, at: moment, workspace)
      {
        continue
      }
      instance.instance.enqueue(Pending(time: moment, payload: payload, isFirst: isFirst))
      isFirst = false
    }
    return .accepted
  }

  /// Says that a log source (`*`: every source) of an instance is being read: from now on its silence counts.
  package func attach(log source: String, of id: String, at time: Timestamp) -> ObserveResult {
    let moment = time.milliseconds.clampedToTime
    if isTooLate(moment) {
      counts.late += 1
      return .late
    }
    let signals = door.signals(ofSource: source)
    let instance = box(of: id)
    counts.accepted += 1
    if signals.isEmpty { instance.instance.enqueue(Pending(time: moment, payload: .presence)) }
    for (index, signal) in signals.enumerated() {
      instance.instance.enqueue(Pending(time: moment, payload: .attach(signal: signal), isFirst: index == 0))
    }
    return .accepted
  }

  private func isTooLate(_ moment: Int64) -> Bool {
    guard let lastTick else { return false }
    return moment < lastTick * program.step - program.maxLateness
  }

  /// Runs every tick up to `time` that has not run, and says whose verdicts changed.
  ///
  /// Ticks at which nothing can change for an instance are left out for it.
  package func advance(to time: Timestamp, _ body: (StateChange) -> Void) {
    let moment = time.milliseconds.clampedToTime
    dropFuture(beyond: moment)
    let last = moment >= 0 ? moment / program.step : -tickNumber(of: -moment, step: program.step)
    guard lastTick.map({ last > $0 }) ?? true else { return }
    // All instances tick by tick would keep the changes in order of time; by instance is faster, so they are sorted after.
    var changes: [StateChange] = []
    for box in boxes { run(&box.instance, after: lastTick, through: last) { changes.append($0) } }
    lastTick = last
    changes.sort { ($0.at, $0.id) < ($1.at, $1.id) }
    for change in changes { body(change) }
  }

  private func dropFuture(beyond moment: Int64) {
    for box in boxes {
      let dropped = box.instance.pending.count { $0.time > moment + program.step && $0.isFirst }
      guard dropped > 0 else { continue }
      counts.future += dropped
      box.instance.pending.removeAll { $0.time > moment + program.step }
      // What stood for later lines of its tick is gone.
      for log in box.instance.announced.indices { box.instance.announced[log] = nil }
    }
  }

  /// Runs the ticks in (after, last] at which something can change.
  private func run(_ instance: inout Instance, after: Int64?, through last: Int64, _ body: (StateChange) -> Void) {
    while true {
      instance.sortPending()
      var next = instance.wake
      if let first = instance.pending.first {
        let tick = tickNumber(of: first.time, step: program.step)
        // A late one counts from the next tick on.
        next = min(next, after.map { max(tick, $0 + 1) } ?? tick)
        if let done = instance.lastTick { next = max(next, done + 1) }
      }
      guard next <= last else { return }
      runTick(next, &instance, body)
    }
  }

  private func runTick(_ number: Int64, _ instance: inout Instance, _ body: (StateChange) -> Void) {
    let now = number * program.step
    if let done = instance.lastTick, done < number - 1 {
      instance.forget(at: now - program.step, program: program, layout: workspace.layout)
    }
    instance.apply(through: now, workspace, &counts)
    decide(number, &instance, body)
  }

  private func decide(_ number: Int64, _ instance: inout Instance, _ body: (StateChange) -> Void) {
    let now = number * program.step
    instance.forget(at: now, program: program, layout: workspace.layout)
    guard let since = instance.knownSince, since <= now else {
      instance.wake = .max
      return
    }
    let before = instance.firstTick == nil ? nil : instance.summary
    instance.decide(tick: number, workspace)
    let after = instance.summary
    if before?.verdict != after.verdict || before?.possible != after.possible || before?.selected != after.selected {
      body(StateChange(id: instance.id, at: now, before: before, after: after))
    }
  }

  /// The instance as of `time`: as it stands if that tick is decided, else as it would be.
  ///
  /// - Returns: `nil` if nothing of the instance is known by then. The second value is the tick's time.
  package func look(at id: String, _ time: Timestamp) -> InstanceView? {
    guard let box = existing(id) else { return nil }
    let moment = time.milliseconds.clampedToTime
    let target = tickNumber(of: moment, step: program.step)
    if let lastTick, target <= lastTick {
      guard box.instance.firstTick != nil else { return nil }
      return InstanceView(instance: box.instance, tick: lastTick, fleet: self)
    }
    var copy = box.instance
    let kept = counts
    defer { counts = kept }
    copy.sortPending()
    copy.pending.removeAll { $0.time > moment }
    run(&copy, after: lastTick, through: target) { _ in }
    guard copy.firstTick != nil else { return nil }
    return InstanceView(instance: copy, tick: target, fleet: self)
  }

  /// The first tick after `tick` at which the verdict changes if nothing more is observed; `nil`: never.
  ///
  /// Never later than the true one: after many ticks without a change it gives the next at which one is possible.
  func nextChange(of instance: Instance, after tick: Int64) -> Int64? {
    var copy = instance
    copy.pending = []
    let kept = counts
    defer { counts = kept }
    var hops = 0
    while copy.wake < .max {
      let next = max(copy.wake, tick + 1)
      if hops == 256 { return next }
      var changed = false
      runTick(next, &copy) { _ in changed = true }
      if changed { return next }
      hops += 1
    }
    return nil
  }

  /// The earliest tick's time at which some verdict can change without new data; may be early, never late.
  package var nextDue: Timestamp? {
    let earliest = boxes.map(\.instance.wake).min() ?? .max
    return earliest == .max ? nil : Timestamp(milliseconds: earliest * program.step)
  }

  /// Forgets an instance.
  package func remove(_ id: String) {
    guard let index = instances.removeValue(forKey: id) else { return }
    let last = boxes.removeLast()
    if index < boxes.count {
      boxes[index] = last
      instances[last.instance.id] = index
    }
  }
}

extension Instance {
  mutating func enqueue(_ item: Pending) {
    if let last = pending.last, last.time > item.time { isSorted = false }
    pending.append(item)
  }
}

extension Instance {
  /// Whether an earlier line of this tick already says that the stream is there: most lines match nothing, and a million of
  /// them must not wait one by one.
  mutating func isAnnounced(_ signal: Int, at time: Int64, _ workspace: Workspace) -> Bool {
    guard workspace.program.signals[signal].staleAfter == nil else { return false }
    let slot = workspace.layout.slot[signal]
    let step = workspace.program.step
    if let known = announced[slot], known <= time, tickNumber(of: known, step: step) == tickNumber(of: time, step: step)
    {
      return true
    }
    announced[slot] = time
    return false
  }
}

extension Int64 {
  /// Within ±285,000 years of 1970, so that sums of times and windows never overflow.
  fileprivate var clampedToTime: Int64 { Swift.min(Swift.max(self, -9_000_000_000_000_000), 9_000_000_000_000_000) }
}
