import Criteria

/// Acts on verdicts, not on all at once: at most `pace` replacements run at a time, and each takes three minutes.
struct Orchestrator {
  /// What happened to one kind of fault.
  struct Tally: Equatable {
    var replaced = 0
    /// From the first minute of the fault to the order to replace.
    var minutes: [Int] = []
    /// To be replaced once, and well again by the time it was its turn.
    var spared = 0
  }

  private let shards: Shards
  private let pace: Int
  var world: World
  /// To be replaced, in the order in which that was decided.
  private var waiting: [String] = []
  private var running: [(instance: String, done: Int)] = []
  private(set) var tallies: [Fault: Tally] = [:]
  private(set) var reasons: [String: Int] = [:]
  private(set) var mostAtOnce = 0

  init(_ world: World, _ shards: Shards, pace: Int) {
    self.world = world
    self.shards = shards
    self.pace = pace
  }

  mutating func run(minutes: Int) async {
    for _ in 0..<(minutes * 60 / World.step) {
      let scrapes = world.tick()
      for change in await shards.advance(scrapes, to: world.time) { take(change) }
      await finish()
      await act()
    }
  }

  private mutating func take(_ change: Change) {
    if change.verdict == .replace, !waiting.contains(change.instance) { waiting.append(change.instance) }
    // What is no longer to be replaced stays in the queue: `peek` has the last word.
  }

  private mutating func finish() async {
    for one in running where one.done <= world.now {
      world.replace(one.instance)
      await shards.shards[shards.owner(of: one.instance)].remove(one.instance)
    }
    running.removeAll { $0.done <= world.now }
  }

  private mutating func act() async {
    while running.count < pace, !waiting.isEmpty {
      let instance = waiting.removeFirst()
      guard let known = world.instances[instance], !running.contains(where: { $0.instance == instance }) else {
        continue
      }
      var tally = tallies[known.fault] ?? Tally()
      // It has waited for its turn: ask again, right before it is too late.
      if let why = await shards.shards[shards.owner(of: instance)].confirm(instance, at: world.time) {
        tally.replaced += 1
        tally.minutes.append(world.now / 60 - known.onset)
        reasons[why, default: 0] += 1
        running.append((instance, world.now + 180))
      } else {
        tally.spared += 1
      }
      tallies[known.fault] = tally
    }
    mostAtOnce = max(mostAtOnce, running.count)
  }

  /// What an orchestrator keeps of its own over a restart. Here it stays in memory; yours would write it beside the snapshots.
  func resumed(with shards: Shards) -> Orchestrator {
    var other = Orchestrator(world, shards, pace: pace)
    (other.waiting, other.running, other.tallies) = (waiting, running, tallies)
    (other.reasons, other.mostAtOnce) = (reasons, mostAtOnce)
    return other
  }
}
