/// Up to 256 instances and everything that is kept of them: by signal, and by instance inside a signal, so that a tick walks
/// along memory. An instance keeps its row for as long as it is there.
final class InstanceBlock {
  static let capacity = 256
  /// Columns of registers stand a little farther apart than 256, or each row's registers would share a few cache sets.
  static let stride = 264

  let plan: Plan
  let capacity: Int
  /// Rows in use or once in use.
  private(set) var count = 0
  let isUsed: UnsafeMutablePointer<Bool>
  let cold: UnsafeMutablePointer<ColdState>
  /// `u` of `spread`, in [0, 1).
  let spread: UnsafeMutablePointer<Double>
  /// Milliseconds; `.max`: not known yet.
  let knownSince: UnsafeMutablePointer<Int64>
  /// The number of the tick at which it was first judged; `.max`: not yet.
  let firstTick: UnsafeMutablePointer<Int64>
  /// `.min`: not judged yet.
  let lastTick: UnsafeMutablePointer<Int64>
  /// The next tick at which something can change without new data; `.max`: never.
  let wake: UnsafeMutablePointer<Int64>
  let gates: UnsafeMutablePointer<Gate>
  let summaries: UnsafeMutablePointer<Summary>
  /// [metric][row]
  let sets: UnsafeMutablePointer<SeriesSet>
  /// By metric: where the rings of its series stand.
  let slabs: UnsafeMutablePointer<RingSlab>
  /// By row: when the next sample waits in a window, as of its last tick.
  let hiddenUntil: UnsafeMutablePointer<Int64>
  /// [unkeyed rule][row]
  let sure: UnsafeMutablePointer<Machine>
  let possible: UnsafeMutablePointer<Machine>
  /// Which machines of plain rules are active, as bits: [unkeyed rule][row / 64].
  let sureBits: UnsafeMutablePointer<UInt64>
  let possibleBits: UnsafeMutablePointer<UInt64>
  let words: Int
  /// The worth at the last tick at which sure was active, in points: [unkeyed rule][row].
  let lastWorth: UnsafeMutablePointer<Worth>
  /// [rule][row]
  let standing: UnsafeMutablePointer<Standing>

  /// - Parameter generation: Of handles of the first instances of its rows.
  init(_ plan: Plan, capacity: Int = InstanceBlock.capacity, generation: UInt32 = 0) {
    self.plan = plan
    self.capacity = capacity
    isUsed = Self.column(false, capacity)
    cold = .allocate(capacity: capacity)
    spread = Self.column(0, capacity)
    knownSince = Self.column(.max, capacity)
    firstTick = Self.column(.max, capacity)
    lastTick = Self.column(.min, capacity)
    wake = Self.column(.max, capacity)
    gates = Self.column(Gate(generation: generation), capacity)
    summaries = Self.column(Summary(), capacity)
    // On lines of the cache: two sets take three of them.
    sets = UnsafeMutableRawPointer.allocate(
      byteCount: max(capacity * plan.metrics.count, 1) * MemoryLayout<SeriesSet>.stride, alignment: 64
    )
    .bindMemory(to: SeriesSet.self, capacity: capacity * plan.metrics.count)
    sets.initialize(repeating: SeriesSet(), count: capacity * plan.metrics.count)
    slabs = Self.column(RingSlab(bytes: 0), plan.metrics.count)
    hiddenUntil = Self.column(.max, capacity)
    sure = Self.column(Machine(), capacity * plan.unkeyedRules.count)
    possible = Self.column(Machine(), capacity * plan.unkeyedRules.count)
    words = (capacity + 63) / 64
    sureBits = Self.column(0, words * plan.unkeyedRules.count)
    possibleBits = Self.column(0, words * plan.unkeyedRules.count)
    lastWorth = Self.column(Worth(low: 0, high: 0), capacity * plan.unkeyedRules.count)
    standing = Self.column(Standing(), capacity * plan.rules.count)
  }

  private static func column<T>(_ value: T, _ count: Int) -> UnsafeMutablePointer<T> {
    let column = UnsafeMutablePointer<T>.allocate(capacity: max(count, 1))
    column.initialize(repeating: value, count: count)
    return column
  }

  deinit {
    for row in 0..<count where isUsed[row] { clear(row) }
    isUsed.deallocate()
    cold.deallocate()
    spread.deallocate()
    for column in [knownSince, firstTick, lastTick, wake] { column.deallocate() }
    gates.deallocate()
    summaries.deallocate()
    UnsafeMutableRawPointer(sets).deallocate()
    for slot in plan.metrics.indices { slabs[slot].destroy() }
    slabs.deallocate()
    hiddenUntil.deallocate()
    sure.deallocate()
    possible.deallocate()
    sureBits.deallocate()
    possibleBits.deallocate()
    lastWorth.deallocate()
    standing.deallocate()
  }

  // MARK: Rows

  /// Makes room for an instance: in the row given, or in the next one.
  func add(_ id: String, row: Int? = nil, launchedMetrics: Int) -> Int {
    let row = row ?? count
    count = max(count, row + 1)
    isUsed[row] = true
    (cold + row).initialize(to: ColdState(id: id, plan, launchedMetrics: launchedMetrics))
    spread[row] = spreadFraction(of: id)
    reset(row)
    return row
  }

  private func reset(_ row: Int) {
    knownSince[row] = .max
    firstTick[row] = .max
    lastTick[row] = .min
    wake[row] = .max
    gates[row] = Gate(generation: gates[row].generation)
    summaries[row] = Summary()
    resetRules(row)
  }

  /// All machines, rows and clocks start anew.
  func resetRules(_ row: Int) {
    for rule in plan.unkeyedRules.indices {
      sure[rule * capacity + row] = Machine()
      possible[rule * capacity + row] = Machine()
      lastWorth[rule * capacity + row] = Worth(low: 0, high: 0)
      sureBits[rule * words + row / 64] &= ~(1 << UInt64(row % 64))
      possibleBits[rule * words + row / 64] &= ~(1 << UInt64(row % 64))
    }
    for rule in plan.rules.indices { standing[rule * capacity + row] = Standing() }
    for index in cold[row].clocks.indices { cold[row].clocks[index] = [] }
    for index in cold[row].keyed.indices { cold[row].keyed[index] = KeyedRule() }
  }

  /// Forgets the instance of a row.
  func clear(_ row: Int) {
    isUsed[row] = false
    (cold + row).deinitialize(count: 1)
    for slot in plan.metrics.indices {
      sets[slot * capacity + row].destroy()
      sets[slot * capacity + row] = SeriesSet()
    }
    gates[row] = Gate(generation: gates[row].generation &+ 1)
  }

  /// A copy of one row as row 0 of `scratch`, which then belongs to whoever plays with it, until this row changes.
  ///
  /// - Parameter isFed: Whether the copy takes in what stands in line. If not, it reads the samples where they are.
  func copy(_ row: Int, to scratch: InstanceBlock, isFed: Bool) {
    if scratch.count > 0, scratch.isUsed[0] { scratch.clear(0) }
    scratch.count = 1
    scratch.isUsed[0] = true
    (scratch.cold).initialize(to: cold[row])
    scratch.spread[0] = spread[row]
    scratch.knownSince[0] = knownSince[row]
    scratch.firstTick[0] = firstTick[row]
    scratch.lastTick[0] = lastTick[row]
    scratch.wake[0] = wake[row]
    scratch.gates[0] = gates[row]
    scratch.summaries[0] = summaries[row]
    let other = scratch.capacity
    for slot in plan.metrics.indices { scratch.sets[slot * other] = sets[slot * capacity + row].copy(isFed: isFed) }
    for rule in plan.unkeyedRules.indices {
      scratch.sure[rule * other] = sure[rule * capacity + row]
      scratch.possible[rule * other] = possible[rule * capacity + row]
      scratch.lastWorth[rule * other] = lastWorth[rule * capacity + row]
      scratch.sureBits[rule * scratch.words] = sureBits[rule * words + row / 64] >> UInt64(row % 64) & 1
      scratch.possibleBits[rule * scratch.words] = possibleBits[rule * words + row / 64] >> UInt64(row % 64) & 1
    }
    for rule in plan.rules.indices { scratch.standing[rule * other] = standing[rule * capacity + row] }
  }

  @inline(__always) func set(_ slot: Int, _ row: Int) -> UnsafeMutablePointer<SeriesSet> {
    sets + (slot * capacity + row)
  }

  // MARK: What waits

  /// Lets an observation stand in line for its tick.
  func enqueue(_ item: Pending, _ row: Int) {
    gates[row].hasQueue = true
    cold[row].enqueue(item)
  }

  /// A sample stands in line since it is out of order, or its series may find no room: what waits in the windows of its signal has
  /// to stand there too. Which series find room is a matter of time and of arrival, and a window knows nothing of arrival.
  func queueHidden(_ row: Int, _ slot: Int, signal: Int32) {
    gates[row].mustQueue = true
    gates[row].hasQueue = true
    var items: [Pending] = []
    set(slot, row).pointee.takeHidden { identity, key, entry in
      items.append(
        Pending(time: entry.time, payload: .sample(signal: signal, identity: identity, key: key, value: entry.value)))
    }
    // It came before what is queued.
    cold[row].pending.insert(contentsOf: items, at: cold[row].pending.startIndex)
    cold[row].isSorted = false
  }

  /// The same right after a tick of the row, when it is known what waits in the windows.
  func updateDueAfterTick(_ row: Int) {
    var due = hiddenUntil[row]
    if gates[row].hasQueue { due = min(due, cold[row].firstPending) }
    gates[row].dueAt = wake[row] == .max ? due : min(due, wake[row] * plan.step)
  }

  /// Works out when a row has to run next, from what waits and from its wake.
  ///
  /// - Parameter done: The time of the last decided tick: what is late counts from the next tick on.
  func updateDue(_ row: Int, after done: Int64) {
    var due = Int64.max
    for slot in plan.metrics.indices { due = min(due, sets[slot * capacity + row].nextHidden) }
    if gates[row].hasQueue {
      cold[row].sortPending()
      due = min(due, cold[row].firstPending)
    }
    if due <= done { due = done + 1 }
    gates[row].dueAt = wake[row] == .max ? due : min(due, wake[row] * plan.step)
  }
}

/// What feeding an instance looks at, in one place of memory.
struct Gate {
  /// When the instance was launched, as facts told: milliseconds; `.min`: unknown.
  var launched = Int64.min
  /// The latest time of anything that waits; `.min`: nothing.
  var furthest = Int64.min
  /// A time in the next tick that has to run: for the row's wake, or for what waits. `.max`: none.
  var dueAt = Int64.max
  /// Counts the instances that had this row: a handle of another one is stale.
  var generation: UInt32 = 0
  /// Samples wait in the queue too, since their order decides which series find room.
  var mustQueue = false
  /// Something may stand in the queue: what is far from here is not looked at without need.
  var hasQueue = false

  /// Something waits for its tick.
  ///
  /// - Parameter done: The time of the last decided tick: what is late counts from the next tick on.
  @inline(__always) mutating func wait(until time: Int64, after done: Int64) {
    if time > furthest { furthest = time }
    let due = time > done ? time : done + 1
    if due < dueAt { dueAt = due }
  }
}

/// A worth, in points: from … to.
struct Worth {
  var low: Double
  var high: Double
}
