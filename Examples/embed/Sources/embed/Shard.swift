import Criteria

/// What was seen of one instance at one scrape. Plain values: they go from the world to the shard that owns the instance.
struct Scrape: Sendable {
  var instance: String
  var launched: Timestamp
  var up: Double
  var disk: Double
  var errors: Double
  var lines: [String]
}

// sharding begins
/// A part of the fleet, and the one owner of its state: an actor runs on one core at a time, and shards run side by side.
actor Shard {
  private var fleet: Fleet
  private var handles: [String: (up: SeriesHandle?, disk: SeriesHandle?, errors: SeriesHandle?)] = [:]

  init(_ policy: Policy, restoring snapshot: [UInt8]?) throws {
    fleet = try snapshot.map { try Fleet(policy, restoring: $0) } ?? Fleet(policy)
  }

  /// Feeds what was seen, runs the ticks up to `time`, and says which verdicts changed.
  func advance(_ scrapes: [Scrape], to time: Timestamp) -> [Change] {
    for scrape in scrapes { feed(scrape, at: time) }
    return fleet.advance(to: time)
  }

  private func feed(_ scrape: Scrape, at time: Timestamp) {
    let name = scrape.instance
    if handles[name] == nil {
      // Once for each instance: names are looked up here, and never again.
      fleet.observe(.facts(launched: scrape.launched), of: name, at: time)
      fleet.attach(log: "kernel", of: name, at: time)
      handles[name] = (
        fleet.series("up", of: name), fleet.series("disk_used_ratio", of: name), fleet.series("errors_total", of: name)
      )
    }
    guard let series = handles[name] else { return }
    for (handle, value) in [(series.up, scrape.up), (series.disk, scrape.disk), (series.errors, scrape.errors)] {
      if let handle { fleet.observe(value, of: handle, at: time) }
    }
    for line in scrape.lines { fleet.observe(.line(line, source: "kernel"), of: name, at: time) }
  }

  /// Whether the instance is still to be replaced, by all that is known now, and why.
  func confirm(_ instance: String, at time: Timestamp) -> String? {
    guard fleet.peek(instance, at: time)?.verdict == .replace else { return nil }
    let rules = fleet.explain(instance, at: time)?.rules ?? []
    return rules.filter { $0.state == .active || $0.state == .holding }.map(\.rule).joined(separator: " ")
  }

  func remove(_ instance: String) {
    fleet.remove(instance)
    handles[instance] = nil
  }

  func snapshot() -> [UInt8] { fleet.snapshot() }

  var counts: ObservationCounts { fleet.counts }
}

/// The whole fleet, cut by the names of instances.
struct Shards: Sendable {
  let shards: [Shard]

  /// The shard that owns an instance: always the same one, in every run. `hashValue` differs from run to run, and a restored shard
  /// would miss its instances; so this is FNV-1a.
  func owner(of instance: String) -> Int {
    let hash = instance.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return Int(hash % UInt64(shards.count))
  }

  /// One tick of all shards, side by side. The changes are merged in order of name, so that the result does not depend on which
  /// shard is done first, nor on how many there are.
  func advance(_ scrapes: [Scrape], to time: Timestamp) async -> [Change] {
    var parts = Array(repeating: [Scrape](), count: shards.count)
    for scrape in scrapes { parts[owner(of: scrape.instance)].append(scrape) }
    let changes = await withTaskGroup(of: [Change].self) { group in
      for (shard, part) in zip(shards, parts) {
        group.addTask { await shard.advance(part, to: time) }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    return changes.sorted { ($0.at, $0.instance) < ($1.at, $1.instance) }
  }
}
// sharding ends
