import Criteria
import Reference

/// The engine under one case, driven along a path.
struct Drive {
  let one: Case
  let path: Path
  let policy: Criteria.Policy
  private var shards: [Shard] = []
  /// The last decided tick's time.
  private var decided: Int64?
  private var ghosts: Set<String> = []
  private var random: Random
  /// What went wrong with the fleet itself: a snapshot that is refused, a policy that drops what it should keep.
  private(set) var fault: String?
  /// All that was ever observed of, in order of name.
  private(set) var instances: [String] = []

  /// A fleet that an array can hold, and the handles into it.
  final class Shard {
    var fleet: Fleet
    var series: [SeriesName: SeriesHandle] = [:]
    init(_ fleet: consuming Fleet) { self.fleet = fleet }

    /// `nil`: no signal reads it.
    func handle(_ name: SeriesName) -> SeriesHandle? {
      if let known = series[name] { return known }
      let handle = fleet.series(name.metric, name.labels, of: name.instance)
      series[name] = handle
      return handle
    }
  }

  struct SeriesName: Hashable {
    var instance: String
    var metric: String
    var labels: [String: String]
  }

  init(_ one: Case, _ policy: Criteria.Policy, along path: Path) {
    self.one = one
    self.path = path
    self.policy = policy
    random = Random(seed: one.seed ^ UInt64(path.rawValue) << 32)
    for _ in 0..<(path.contains(.sharded) ? random.int(2...4) : 1) {
      let shard = Shard(Fleet(policy, assumingSteady: one.assumeSteady))
      setThreshold(of: shard)
      shards.append(shard)
    }
  }

  private func setThreshold(of shard: Shard) {
    if path.contains(.singly) {
      shard.fleet.columnThreshold = .max
    } else if path.contains(.columns) {
      shard.fleet.columnThreshold = 1
    }
  }

  /// The shard that an instance belongs to.
  private func shard(of instance: String) -> Shard {
    if shards.count == 1 { return shards[0] }
    var hash: UInt64 = 14_695_981_039_346_656_037
    for byte in instance.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    return shards[Int(hash >> 7) % shards.count]
  }

  private static let ghostPrefix = "ghost of "

  // MARK: - Feeding

  /// Feeds what arrives between two advances, and runs the ticks up to `time`.
  ///
  /// - Parameter atTick: Called after every advance but the last one with the time of its tick.
  /// - Returns: The changes, in order.
  mutating func take(
    _ batch: [RawObservation], thenAdvanceTo time: Int64, atTick: (borrowing Drive, Int64) -> Void
  ) -> [Change] {
    var changes: [Change] = []
    var rest = path.contains(.shuffled) ? reordered(batch) : batch
    let last = floorDivide(time, one.step) * one.step
    if path.contains(.tickByTick) {
      let decided = decided ?? rest.map { tick(of: $0.time, step: one.step) - 1 }.min().map { $0 * one.step } ?? last
      let isLate = rest.split { $0.time <= decided }
      for observation in isLate.inside { feed(observation) }
      rest = isLate.outside
      for tick in stride(from: decided + one.step, to: last, by: Int64.Stride(one.step)) {
        let isDue = rest.split { $0.time <= tick }
        for observation in isDue.inside { feed(observation) }
        rest = isDue.outside
        changes += advance(to: tick)
        atTick(self, tick)
      }
    }
    for observation in rest { feed(observation) }
    changes += advance(to: time)
    decided = max(decided ?? last, last)
    return changes
  }

  mutating func feed(_ observation: RawObservation) {
    let place = instances.partitioningIndex { $0 >= observation.instance }
    if place == instances.count || instances[place] != observation.instance {
      instances.insert(observation.instance, at: place)
    }
    if path.contains(.restored), random.chance(3) { restart(shard(of: observation.instance)) }
    take(observation)
    if path.contains(.ghosts) { haunt(observation) }
    if path.contains(.looks), random.chance(20) { look(around: observation) }
  }

  private func take(_ observation: RawObservation) {
    let shard = shard(of: observation.instance)
    guard path.contains(.handles), case .sample(let metric, let labels, let value) = observation.content,
      let handle = shard.handle(SeriesName(instance: observation.instance, metric: metric, labels: labels))
    else {
      _ = shard.fleet.take(observation)
      return
    }
    _ = shard.fleet.observe(value, of: handle, at: Timestamp(milliseconds: observation.time))
  }

  /// Observations of one instance and time keep their order: there the last to arrive counts.
  private mutating func reordered(_ batch: [RawObservation]) -> [RawObservation] {
    struct Moment: Hashable {
      var instance: String
      var time: Int64
    }
    var queues: [Moment: ArraySlice<RawObservation>] = [:]
    for one in batch { queues[Moment(instance: one.instance, time: one.time), default: []].append(one) }
    return batch.shuffled(using: &random).map { queues[Moment(instance: $0.instance, time: $0.time)]!.removeFirst() }
  }

  /// Feeds the same to another instance that nobody asks about, and forgets one now and then.
  private mutating func haunt(_ observation: RawObservation) {
    if random.chance(4), let gone = ghosts.sorted().randomElement(using: &random) {
      let shard = shard(of: gone)
      shard.fleet.remove(gone)
      ghosts.remove(gone)
      // What is fed to the removed one must reach nobody, whoever has its place now.
      for (name, handle) in shard.series where name.instance == gone {
        _ = shard.fleet.observe(1e9, of: handle, at: Timestamp(milliseconds: observation.time))
      }
      shard.series = shard.series.filter { $0.key.instance != gone }
    }
    guard random.chance(50) else { return }
    var copy = observation
    copy.instance = Drive.ghostPrefix + observation.instance
    take(copy)
    ghosts.insert(copy.instance)
  }

  /// Asks this and that, which must change nothing.
  private mutating func look(around observation: RawObservation) {
    let fleet = shard(of: observation.instance)
    let time = Timestamp(milliseconds: observation.time + Int64(random.int(-3...6)) * one.step / 2)
    switch random.int(0...6) {
    case 0: _ = fleet.fleet.nextDue
    case 1: _ = fleet.fleet.decide(random.pick(instances), at: time)
    case 2: _ = fleet.fleet.peek(random.pick(instances), at: time)
    case 3: fleet.fleet.decideAll { _, _ in }
    case 4: _ = fleet.fleet.explain(observation.instance, at: time, allRules: random.chance(50))
    case 5: _ = fleet.fleet.peek(observation.instance, at: time)
    default: _ = fleet.fleet.decide(observation.instance, at: time)
    }
  }

  // MARK: - Ticks

  private mutating func advance(to time: Int64) -> [Change] {
    var changes: [Change] = []
    for shard in shards {
      if path.contains(.restored), random.chance(30) { restart(shard) }
      changes += shard.fleet.advance(to: Timestamp(milliseconds: time))
      if path.contains(.restored), random.chance(30) { restart(shard) }
    }
    if path.contains(.ghosts) { changes.removeAll { $0.instance.hasPrefix(Drive.ghostPrefix) } }
    if shards.count > 1 { changes.sort { ($0.at, $0.instance) < ($1.at, $1.instance) } }
    return changes
  }

  /// Goes on with what a snapshot says of a fleet.
  private mutating func restart(_ shard: Shard) {
    let bytes = shard.fleet.snapshot()
    do throws(SnapshotError) {
      shard.fleet = try Fleet(policy, restoring: bytes, assumingSteady: one.assumeSteady)
    } catch {
      fault = "a fleet cannot read what it wrote: \(error)"
    }
    if shard.fleet.snapshot() != bytes { fault = "the snapshot of what was restored is another one" }
    // Handles are of the fleet that gave them out.
    shard.series = [:]
    setThreshold(of: shard)
  }

  /// The whole record of an instance.
  func decision(of instance: String, at time: Int64) -> Decision? {
    let shard = shard(of: instance)
    let time = Timestamp(milliseconds: time)
    if path.contains(.handles) {
      return shard.fleet.instance(instance).flatMap { shard.fleet.explain($0, at: time, allRules: true) }
    }
    return shard.fleet.explain(instance, at: time, allRules: true)
  }

  /// The short answer to the same question.
  func summary(of instance: String, at time: Int64) -> Summary? {
    let shard = shard(of: instance)
    let time = Timestamp(milliseconds: time)
    if path.contains(.handles) { return shard.fleet.instance(instance).flatMap { shard.fleet.decide($0, at: time) } }
    return shard.fleet.decide(instance, at: time)
  }

  /// How all judged instances stood at the last tick, asked in all three ways, which must agree.
  func summaries() -> [String: Summary] {
    var found: [String: Summary] = [:]
    for shard in shards {
      shard.fleet.decideAll { handle, summary in
        guard let name = shard.fleet.name(of: handle), !name.hasPrefix(Drive.ghostPrefix) else { return }
        // A contradiction becomes an answer that no reference gives.
        let isSame = shard.fleet.decide(handle) == summary && shard.fleet.decide(name) == summary
        found[name] = isSame ? summary : Summary()
      }
    }
    return found
  }

  /// What was dropped; `nil` where others than the case's instances are counted too.
  var dropped: Dropped? {
    if path.contains(.ghosts) { return nil }
    var sum = Dropped()
    for shard in shards {
      let counts = shard.fleet.counts
      sum.late += counts.late
      sum.future += counts.future
      sum.predecessor += counts.predecessor
      sum.refused += counts.refused
      sum.duplicate += counts.duplicate
      sum.limited += counts.limited
    }
    return sum
  }
}

extension Array {
  /// Those that hold and those that do not, each in their order.
  fileprivate func split(_ isInside: (Element) -> Bool) -> (inside: [Element], outside: [Element]) {
    var parts: (inside: [Element], outside: [Element]) = ([], [])
    for element in self { if isInside(element) { parts.inside.append(element) } else { parts.outside.append(element) } }
    return parts
  }

  /// - Complexity: O(log n).
  fileprivate func partitioningIndex(where belongsInSecond: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if belongsInSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// ⌈time / step⌉.
func tick(of time: Int64, step: Int64) -> Int64 { -floorDivide(-time, step) }

func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
  let quotient = a / b
  return a % b < 0 ? quotient - 1 : quotient
}
