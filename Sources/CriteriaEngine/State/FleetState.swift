/// What became of an observation at the door. Whether it finds a place is known at its tick (`ObservationCounts`).
public enum ObserveResult: Hashable, Sendable {
  /// Some signal or fact takes it.
  case accepted
  /// No signal of the policy reads it.
  case irrelevant
  /// A signal's `ignore` took it.
  case ignored
  /// More than `max_lateness` behind the last decided tick: dropped.
  case late
  /// From before the instance's launch: dropped.
  case predecessor
  /// The handle is of an instance that was removed: dropped.
  case stale
}

/// What observations came to, by kind; nothing is lost without being counted.
///
/// Of all instances, removed ones included, and since the fleet began: a snapshot carries them on.
public struct ObservationCounts: Hashable, Sendable {
  /// Taken at the door. Some of them show up under another kind as well, once their tick came.
  public var accepted = 0
  /// No signal of the policy reads it.
  public var irrelevant = 0
  /// Taken out by a signal's `ignore`.
  public var ignored = 0
  /// Too late: more than `max_lateness` behind the last decided tick.
  public var late = 0
  /// More than one step beyond the tick that was asked for.
  public var future = 0
  /// Replaced an observation of the same series and time.
  public var duplicate = 0
  /// From before the instance's launch.
  public var predecessor = 0
  /// A series or key beyond `max_keys`.
  public var refused = 0
  /// Lines on which a pattern hit its limit.
  public var limited = 0
  /// Fed through a handle of an instance that was removed.
  public var stale = 0
  /// All zero: to add the counts of shards into.
  public init() {}
}

/// An instance of a fleet, for feeding and asking without its name.
///
/// Good until the instance is removed or the policy replaced; then it is stale, and is never mistaken for another instance. Means nothing to
/// another fleet.
public struct InstanceHandle: Hashable, Sendable {
  let number: UInt32
  let generation: UInt32
}

/// One series of one instance, for feeding without names: ``Fleet/observe(_:of:at:)``.
///
/// Good for as long as its instance's handle.
public struct SeriesHandle: Hashable, Sendable {
  /// The instance that it is of.
  public let instance: InstanceHandle
  let template: UInt32
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
  let plan: Plan
  var door: Door
  private(set) var numbers: [String: UInt32] = [:]
  private(set) var blocks: [InstanceBlock] = []
  /// Rows whose instances were removed.
  private var freeNumbers: [UInt32] = []
  /// The templates of handles, which live as long as the fleet.
  private var handled: [SeriesTemplate] = []
  private var laneCapacity = 16
  private var directCapacity = 16

  /// What feeding by handle reads and writes for every sample: apart from the object, and without a reference in it.
  private struct Hot {
    /// By block.
    var lanes: UnsafeMutablePointer<Lane>
    /// By the template of a handle.
    var directs: UnsafeMutablePointer<Direct>
    /// The rows of all blocks.
    var rows = 0
    /// The time of the last decided tick, and the earliest that is not too late; `.min`: no tick yet.
    var decidedUntil = Int64.min
    var earliest = Int64.min
    var counts = ObservationCounts()
  }

  /// A block's memory.
  private struct Lane: BitwiseCopyable {
    var gates: UnsafeMutablePointer<Gate>
    var sets: UnsafeMutablePointer<SeriesSet>
    /// How many rows there is room for.
    var capacity: Int
  }

  /// The only way of a template's samples, if there is only one.
  private struct Direct {
    var isDirect = false
    var feed = Feed(signal: 0, slot: 0, identity: -1, key: 0, conversion: Conversion(), ignored: nil)
  }
  private var handledNumbers: [ObjectIdentifier: UInt32] = [:]
  package var counts: ObservationCounts { hot.pointee.counts }
  private let hot: UnsafeMutablePointer<Hot>
  /// What is observed before this is too late.
  var earliest: Int64 { hot.pointee.earliest }
  /// The last decided tick's number.
  package private(set) var lastTick: Int64?
  private let generation: UInt32
  /// Of every block: less than usual where few instances ever come.
  private let blockCapacity: Int
  /// Where provisional ticks run.
  private lazy var scratch = InstanceBlock(plan, capacity: 1)
  private lazy var ahead = InstanceBlock(plan, capacity: 1)
  /// How many instances of a block have to run at a tick to run side by side.
  package var columnThreshold = FleetState.usualThreshold {
    // Smaller blocks have no words of 64.
    didSet { precondition(blockCapacity == InstanceBlock.capacity, "columns in a small fleet") }
  }
  private static let usualThreshold = 16

  /// - Parameter assumesSteady: Every instance has stood as at its first tick since long ago.
  /// - Parameter generation: Where the generations of handles begin, so that those of a state before are stale.
  /// - Parameter instances: Never more than these, where that is known: a small fleet takes little memory.
  init(
    _ program: Program, assumesSteady: Bool, generation: UInt32, prepared: PreparedProgram? = nil, instances: Int? = nil
  ) {
    self.program = program
    self.generation = generation
    // From the threshold on, instances run side by side, in words of 64.
    let few = instances.flatMap { $0 < Self.usualThreshold ? max($0, 1) : nil }
    blockCapacity = few ?? InstanceBlock.capacity
    workspace = Workspace(program, assumesSteady: assumesSteady, prepared: prepared)
    plan = workspace.plan
    door = Door(program, plan)
    hot = .allocate(capacity: 1)
    hot.initialize(to: Hot(lanes: .allocate(capacity: laneCapacity), directs: .allocate(capacity: directCapacity)))
  }

  deinit {
    hot.pointee.lanes.deallocate()
    hot.pointee.directs.deallocate()
    hot.deallocate()
  }

  private func grow<T>(_ table: inout UnsafeMutablePointer<T>, _ capacity: inout Int, count: Int) {
    guard count == capacity else { return }
    let larger = UnsafeMutablePointer<T>.allocate(capacity: 2 * capacity)
    larger.moveInitialize(from: table, count: count)
    table.deallocate()
    table = larger
    capacity *= 2
  }

  package convenience init(
    _ program: Program, assumesSteady: Bool = false, prepared: PreparedProgram? = nil, instances: Int? = nil
  ) {
    self.init(program, assumesSteady: assumesSteady, generation: 0, prepared: prepared, instances: instances)
  }

  // MARK: Instances

  package var ids: [String] {
    blocks.flatMap { block in (0..<block.count).compactMap { block.isUsed[$0] ? block.cold[$0].id : nil } }
  }

  /// A row for an instance that is new; `nil` if it is not.
  func add(_ id: String) -> (InstanceBlock, Int)? { numbers[id] == nil ? place(number(of: id)) : nil }

  /// Beyond the generations of all handles that were given out.
  package var nextGeneration: UInt32 {
    var last = generation
    for block in blocks { for row in 0..<block.count { last = max(last, block.gates[row].generation) } }
    return last + 1
  }

  var instanceCount: Int { numbers.count }

  /// Goes on after a tick that another fleet decided.
  func resume(at tick: Int64?, _ counts: ObservationCounts) {
    hot.pointee.counts = counts
    lastTick = tick
    hot.pointee.decidedUntil = tick.map { $0 * plan.step } ?? .min
    hot.pointee.earliest = tick == nil ? .min : hot.pointee.decidedUntil - plan.maxLateness
  }

  func place(_ number: UInt32) -> (InstanceBlock, Int) {
    (blocks[Int(number) / InstanceBlock.capacity], Int(number) % InstanceBlock.capacity)
  }

  func number(of id: String) -> UInt32 {
    if let known = numbers[id] { return known }
    let number = freeNumbers.popLast() ?? UInt32(numbers.count)
    let index = Int(number) / InstanceBlock.capacity
    if index == blocks.count {
      precondition(index == 0 || blockCapacity == InstanceBlock.capacity, "more instances than were announced")
      let block = InstanceBlock(plan, capacity: blockCapacity, generation: generation)
      grow(&hot.pointee.lanes, &laneCapacity, count: index)
      (hot.pointee.lanes + index).initialize(to: Lane(gates: block.gates, sets: block.sets, capacity: blockCapacity))
      blocks.append(block)
      hot.pointee.rows += blockCapacity
    }
    precondition(Int(number) % InstanceBlock.capacity < blockCapacity, "more instances than were announced")
    _ = blocks[index].add(id, row: Int(number) % InstanceBlock.capacity, launchedMetrics: program.launched.count)
    numbers[id] = number
    return number
  }

  private func find(_ handle: InstanceHandle) -> (InstanceBlock, Int)? {
    guard Int(handle.number) / InstanceBlock.capacity < blocks.count else { return nil }
    let (block, row) = place(handle.number)
    return block.isUsed[row] && block.gates[row].generation == handle.generation ? (block, row) : nil
  }

  package func find(_ id: String) -> InstanceHandle? {
    numbers[id].map { number in
      let (block, row) = place(number)
      return InstanceHandle(number: number, generation: block.gates[row].generation)
    }
  }

  package func id(of handle: InstanceHandle) -> String? { find(handle).map { $0.cold[$1].id } }

  /// Forgets an instance; its handles are stale from now on.
  package func remove(_ id: String) {
    guard let number = numbers.removeValue(forKey: id) else { return }
    let (block, row) = place(number)
    block.clear(row)
    freeNumbers.append(number)
  }

  // MARK: Observing

  /// Takes in an observation; it counts from its tick on.
  /// - Complexity: O(signals of that metric or source); a line is searched by each of its signals' patterns.
  package func observe(_ observation: Observation, of id: String, at time: Timestamp, origin: Origin?) -> ObserveResult
  {
    let moment = time.milliseconds.clampedToTime
    if moment < hot.pointee.earliest { return count(.late) }
    let (block, row) = place(number(of: id))
    switch observation {
    case .sample(let metric, let labels, let value):
      return feed(value, door.template(metric, labels, workspace), block, row, at: moment)
    case .line(let text, let source):
      return enqueue(door.payloads(line: text, source: source, origin, workspace), block, row, at: moment)
    case .condition(let type, let status, let reason, let since):
      let payloads = door.payloads(condition: type, status, reason: reason, since: since, workspace)
      return enqueue(payloads, block, row, at: moment)
    case .facts(let facts, let labels, let desired, let launched):
      let payload = door.payload(
        facts: facts, labels: labels, desired: desired, launched: launched, workspace)
      return enqueue([payload], block, row, at: moment)
    }
  }

  /// A series of an instance, for `observe(_:of:at:)`; `nil` if no signal reads it.
  package func series(_ metric: String, _ labels: [String: String], of id: String) -> SeriesHandle? {
    let template = door.template(metric, labels, workspace)
    guard template.isRelevant else { return nil }
    let number = number(of: id)
    let (block, row) = place(number)
    let known = ObjectIdentifier(template)
    let index = handledNumbers[known] ?? UInt32(handled.count)
    if Int(index) == handled.count {
      grow(&hot.pointee.directs, &directCapacity, count: handled.count)
      var direct = Direct()
      if template.isDirect { direct = Direct(isDirect: true, feed: template.feeds[0]) }
      (hot.pointee.directs + handled.count).initialize(to: direct)
      handled.append(template)
      handledNumbers[known] = index
    }
    let instance = InstanceHandle(number: number, generation: block.gates[row].generation)
    return SeriesHandle(instance: instance, template: index)
  }

  /// Takes in one sample of a series.
  /// - Complexity: O(1) in order of time.
  package func observe(_ value: Double, of series: SeriesHandle, at time: Timestamp) -> ObserveResult {
    let moment = time.milliseconds.clampedToTime
    let number = Int(series.instance.number)
    // What comes in order, of a series that is there, takes the short way.
    if moment > hot.pointee.decidedUntil, number < hot.pointee.rows {
      let lane = hot.pointee.lanes + number / InstanceBlock.capacity
      let row = number % InstanceBlock.capacity
      let gate = lane.pointee.gates + row
      let direct = hot.pointee.directs + Int(series.template)
      if gate.pointee.generation == series.instance.generation, direct.pointee.isDirect, !gate.pointee.mustQueue,
        moment >= gate.pointee.launched, let value = direct.pointee.feed.value(of: value)
      {
        let slot = Int(direct.pointee.feed.slot)
        let set = lane.pointee.sets + (slot * lane.pointee.capacity + row)
        if set.pointee.append(moment, value, identity: direct.pointee.feed.identity, plan: plan.series[slot]) {
          gate.pointee.wait(until: moment, after: hot.pointee.decidedUntil)
          hot.pointee.counts.accepted += 1
          return .accepted
        }
      }
    }
    return observeSlowly(value, of: series, at: moment)
  }

  @inline(never)
  private func observeSlowly(_ value: Double, of series: SeriesHandle, at moment: Int64) -> ObserveResult {
    if moment < hot.pointee.earliest { return count(.late) }
    guard let (block, row) = find(series.instance) else { return count(.stale) }
    return feed(value, handled[Int(series.template)], block, row, at: moment)
  }

  func count(_ result: ObserveResult) -> ObserveResult {
    switch result {
    case .accepted: hot.pointee.counts.accepted += 1
    case .irrelevant: hot.pointee.counts.irrelevant += 1
    case .ignored: hot.pointee.counts.ignored += 1
    case .late: hot.pointee.counts.late += 1
    case .predecessor: hot.pointee.counts.predecessor += 1
    case .stale: hot.pointee.counts.stale += 1
    }
    return result
  }

  /// A sample goes straight into its window if it is ahead of the last tick, else into the queue.
  @inline(__always)
  private func feed(_ value: Double, _ template: SeriesTemplate, _ block: InstanceBlock, _ row: Int, at time: Int64)
    -> ObserveResult
  {
    guard template.isDirect, time > hot.pointee.decidedUntil, time >= block.gates[row].launched,
      !block.gates[row].mustQueue
    else {
      return feedSlowly(value, template, block, row, at: time)
    }
    let feed = template.feeds[0]
    guard let value = feed.value(of: value) else { return count(.ignored) }
    let slot = Int(feed.slot)
    let isIn = block.set(slot, row).pointee
      .feed(
        Entry(time: time, value: value), identity: feed.identity, key: feed.key,
        signal: plan.signals[Int(feed.signal)], plan: plan.series[slot])
    if !isIn {
      block.queueHidden(row, slot, signal: feed.signal)
      block.enqueue(
        Pending(
          time: time, payload: .sample(signal: feed.signal, identity: feed.identity, key: feed.key, value: value)), row)
    }
    block.gates[row].wait(until: time, after: hot.pointee.decidedUntil)
    hot.pointee.counts.accepted += 1
    return .accepted
  }

  @inline(never)
  private func feedSlowly(
    _ value: Double, _ template: SeriesTemplate, _ block: InstanceBlock, _ row: Int, at time: Int64
  )
    -> ObserveResult
  {
    guard let payloads = template.payloads(of: value) else { return count(.ignored) }
    return enqueue(payloads, block, row, at: time)
  }

  func enqueue(_ payloads: [Pending.Payload], _ block: InstanceBlock, _ row: Int, at time: Int64)
    -> ObserveResult
  {
    if payloads.isEmpty { return count(.irrelevant) }
    if time < block.gates[row].launched { return count(.predecessor) }
    var isFirst = true
    for payload in payloads {
      var payload = payload
      if case .unmatchedLine(let signals) = payload {
        let news = block.cold[row].news(of: signals, at: time, plan)
        if news.isEmpty { continue }
        if news.count < signals.count { payload = .unmatchedLine(signals: news) }
      }
      block.enqueue(Pending(time: time, payload: payload, isFirst: isFirst), row)
      isFirst = false
    }
    block.gates[row].wait(until: time, after: hot.pointee.decidedUntil)
    return count(.accepted)
  }

  /// Says that a log source (`*`: every source) of an instance is being read: from now on its silence counts.
  package func attach(log source: String, of id: String, at time: Timestamp) -> ObserveResult {
    let moment = time.milliseconds.clampedToTime
    if moment < hot.pointee.earliest { return count(.late) }
    let signals = door.signals(ofSource: source)
    let (block, row) = place(number(of: id))
    if signals.isEmpty { block.enqueue(Pending(time: moment, payload: .presence), row) }
    for (index, signal) in signals.enumerated() {
      block.enqueue(Pending(time: moment, payload: .attach(signal: signal), isFirst: index == 0), row)
    }
    block.gates[row].wait(until: moment, after: hot.pointee.decidedUntil)
    return count(.accepted)
  }

  // MARK: Advancing

  /// Runs every tick up to `time` that has not run, and says whose verdicts changed.
  ///
  /// Ticks at which nothing can change for an instance are left out for it.
  package func advance(to time: Timestamp, _ body: (StateChange) -> Void) {
    let moment = time.milliseconds.clampedToTime
    dropFuture(beyond: moment)
    let last = moment >= 0 ? moment / plan.step : -tickNumber(of: -moment, step: plan.step)
    guard lastTick.map({ last > $0 }) ?? true else { return }
    var changes: [StateChange] = []
    for block in blocks { run(block, through: last) { changes.append($0) } }
    lastTick = last
    hot.pointee.decidedUntil = last * plan.step
    hot.pointee.earliest = hot.pointee.decidedUntil - plan.maxLateness
    if workspace.identities.isFull { sweepIdentities() }
    changes.sort { ($0.at, $0.id) < ($1.at, $1.id) }
    for change in changes { body(change) }
  }

  private func dropFuture(beyond moment: Int64) {
    let limit = moment + plan.step
    for block in blocks {
      for row in 0..<block.count where block.isUsed[row] && block.gates[row].furthest > limit {
        dropFuture(beyond: limit, block, row)
      }
    }
  }

  private func dropFuture(beyond limit: Int64, _ block: InstanceBlock, _ row: Int) {
    hot.pointee.counts.future += block.cold[row].pending.count { $0.time > limit && $0.isFirst }
    block.cold[row].pending.removeAll { $0.time > limit }
    for slot in plan.metrics.indices {
      hot.pointee.counts.future += block.set(slot, row).pointee.dropHidden(beyond: limit)
    }
    // What stood for later lines of its tick is gone.
    for log in block.cold[row].announced.indices { block.cold[row].announced[log] = nil }
    block.gates[row].furthest = limit
    if block.cold[row].pending.isEmpty {
      block.gates[row].mustQueue = false
      block.gates[row].hasQueue = false
    }
    block.updateDue(row, after: hot.pointee.decidedUntil)
  }

  /// Runs the ticks of a block through `last` at which something can change.
  private func run(_ block: InstanceBlock, through last: Int64, _ body: (StateChange) -> Void) {
    let end = last * plan.step
    while true {
      var next = Int64.max
      for row in 0..<block.count { next = min(next, block.gates[row].dueAt) }
      guard next <= end else { return }
      let tick = tickNumber(of: next, step: plan.step)
      run(block, tick: tick, body)
    }
  }

  private func run(_ block: InstanceBlock, tick: Int64, _ body: (StateChange) -> Void) {
    let now = tick * plan.step
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: block.count) { rows in
      var count = 0
      for row in 0..<block.count where block.gates[row].dueAt <= now {
        rows[count] = Int32(row)
        count += 1
      }
      let due = UnsafeMutableBufferPointer(rebasing: rows[0..<count])
      if count >= columnThreshold {
        runTick(tick, block, due, columns: true, body)
      } else {
        for place in 0..<count {
          runTick(tick, block, UnsafeMutableBufferPointer(rebasing: rows[place...place]), columns: false, body)
        }
      }
    }
  }

  private func runTick(
    _ number: Int64, _ block: InstanceBlock, _ due: UnsafeMutableBufferPointer<Int32>, columns: Bool,
    _ body: (StateChange) -> Void
  ) {
    block.begin(number, due, workspace, &hot.pointee.counts)
    let now = number * plan.step
    var count = 0
    for place in due.indices {
      let row = Int(due[place])
      if block.knownSince[row] <= now {
        due[count] = Int32(row)
        count += 1
      } else {
        block.wake[row] = .max
        block.updateDue(row, after: now)
      }
    }
    guard count > 0 else { return }
    let rows = UnsafeBufferPointer(rebasing: due[0..<count])
    var tick = Tick(workspace, block, number: number, columns: columns)
    tick.run(rows) { row, before, after in
      body(StateChange(id: block.cold[row].id, at: now, before: before, after: after))
    }
  }

  // MARK: Asking

  /// How an instance stood at the last tick that ran for it; `nil` if none did.
  /// - Complexity: O(1), no allocation.
  package func summary(of handle: InstanceHandle) -> Summary? {
    guard let (block, row) = find(handle), block.firstTick[row] < .max else { return nil }
    return block.summaries[row]
  }

  package func summary(of id: String) -> Summary? { find(id).flatMap(summary) }

  package func forEachSummary(_ body: (InstanceHandle, Summary) -> Void) {
    for (index, block) in blocks.enumerated() {
      for row in 0..<block.count where block.isUsed[row] && block.firstTick[row] < .max {
        let number = UInt32(index * InstanceBlock.capacity + row)
        body(InstanceHandle(number: number, generation: block.gates[row].generation), block.summaries[row])
      }
    }
  }

  /// The instance as of `time`: as it stands if that tick is decided, else as it would be.
  ///
  /// - Parameter isAfterLastTick: The look is at the tick after the last one at least.
  /// - Returns: `nil` if nothing of the instance is known by then.
  package func look<R>(
    at handle: InstanceHandle, _ time: Timestamp, isAfterLastTick: Bool = false, _ body: (InstanceView) -> R
  ) -> R? {
    guard let (block, row) = find(handle) else { return nil }
    let moment = time.milliseconds.clampedToTime
    var target = tickNumber(of: moment, step: plan.step)
    if let lastTick, isAfterLastTick, target <= lastTick { target = lastTick + 1 }
    if let lastTick, target <= lastTick {
      guard block.firstTick[row] < .max else { return nil }
      return body(InstanceView(block: block, row: row, tick: lastTick, fleet: self))
    }
    let kept = counts
    defer { hot.pointee.counts = kept }
    block.copy(row, to: scratch, isFed: block.gates[row].hasQueue)
    defer { scratch.clear(0) }
    dropAhead(of: moment, scratch)
    run(scratch, through: target) { _ in }
    guard scratch.firstTick[0] < .max else { return nil }
    return body(InstanceView(block: scratch, row: 0, tick: target, fleet: self))
  }

  /// Leaves in a copy only what was observed by `moment`.
  private func dropAhead(of moment: Int64, _ scratch: InstanceBlock) {
    if scratch.gates[0].hasQueue {
      scratch.cold[0].sortPending()
      scratch.cold[0].pending.removeAll { $0.time > moment }
    }
    for slot in plan.metrics.indices { _ = scratch.set(slot, 0).pointee.dropHidden(beyond: moment) }
    scratch.updateDue(0, after: hot.pointee.decidedUntil)
  }

  /// The first tick after `tick` at which the verdict changes if nothing more is observed; `nil`: never.
  ///
  /// Never later than the true one: after many ticks without a change it gives the next at which one is possible.
  func nextChange(of block: InstanceBlock, _ row: Int, after tick: Int64) -> Int64? {
    if block.wake[row] == .max { return nil }
    let copy = ahead
    block.copy(row, to: copy, isFed: false)
    defer { copy.clear(0) }
    copy.gates[0].hasQueue = false
    copy.hiddenUntil[0] = .max
    for slot in plan.metrics.indices { copy.set(slot, 0).pointee.ignoreHidden() }
    var only: Int32 = 0
    return withUnsafePointer(to: &only) { row in
      let rows = UnsafeBufferPointer(start: row, count: 1)
      var hops = 0
      while copy.wake[0] < .max {
        let next = max(copy.wake[0], tick + 1)
        if hops == 256 { return next }
        // Nothing comes, but something may be forgotten.
        copy.forget(0, at: next * plan.step)
        var changed = false
        var run = Tick(workspace, copy, number: next, columns: false)
        run.run(rows) { _, _, _ in changed = true }
        if changed { return next }
        hops += 1
      }
      return nil
    }
  }

  /// The earliest tick's time at which some verdict can change without new data; may be early, never late.
  package var nextDue: Timestamp? {
    var earliest = Int64.max
    for block in blocks {
      for row in 0..<block.count where block.isUsed[row] { earliest = min(earliest, block.wake[row]) }
    }
    return earliest == .max ? nil : Timestamp(milliseconds: earliest * plan.step)
  }

  // MARK: Tables

  /// Gives the numbers of identities that nothing uses any more to others.
  private func sweepIdentities() {
    door.forgetTemplates()
    var isUsed = [Bool](repeating: false, count: workspace.identities.capacity)
    isUsed[0] = true
    for template in handled {
      for feed in template.feeds { isUsed[Int(feed.identity)] = true }
      for other in template.others {
        switch other {
        case .info(_, let identity, _), .launched(_, let identity): isUsed[Int(identity)] = true
        case .condition: break
        }
      }
    }
    for block in blocks {
      for row in 0..<block.count where block.isUsed[row] {
        for slot in plan.metrics.indices { block.set(slot, row).pointee.eachSeries { isUsed[Int($0.identity)] = true } }
        block.cold[row].forEachIdentity { isUsed[Int($0)] = true }
      }
    }
    workspace.identities.sweep(isUsed)
  }
}

extension ColdState {
  /// The identities that anything but the metrics' windows refers to.
  fileprivate func forEachIdentity(_ body: (Int32) -> Void) {
    for info in infos { for identity in info.identities { body(identity) } }
    for case let metric? in launchedMetrics { body(metric.identity) }
    for item in pending {
      switch item.payload {
      case .sample(_, let identity, _, _), .info(_, let identity, _), .launched(_, let identity, _): body(identity)
      case .attach, .unmatchedLine, .line, .condition, .conditionEnd, .facts, .presence: break
      }
    }
  }
}

extension Int64 {
  /// Within ±285,000 years of 1970, so that sums of times and windows never overflow.
  var clampedToTime: Int64 { Swift.min(Swift.max(self, -momentBound), momentBound) }
}

/// The bound of what is observed and asked for, in milliseconds.
let momentBound: Int64 = 9_000_000_000_000_000
