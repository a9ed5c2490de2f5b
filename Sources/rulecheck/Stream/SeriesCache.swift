import Criteria
import CriteriaReaders

/// What the bytes of a sample's instance, metric and labels stand for, so that the same series is taken apart once.
///
/// A feeder writes a series the same way each time; written otherwise it is found again, slower.
struct SeriesCache {
  private struct Entry {
    /// `nil`: no signal reads it.
    var handle: SeriesHandle?
    /// For what has no handle.
    var metric: String
    var labels: [String: String]
    /// Of `instances`, and how often that one had been removed.
    var instance: Int
    var removals: Int
  }

  private struct Instance {
    var name: String
    var removals = 0
  }

  /// Beyond it, it starts anew: series that come and go must not fill the memory.
  private static let mostEntries = 1 << 20
  private static let mostBytes = 1 << 28

  private var names = ByteTable()
  private var entries: [Entry] = []
  private var instances: [Instance] = []
  private var places: [String: Int] = [:]
  private var bytes = 0
  private var key: [UInt8] = []

  /// Feeds the sample of a line.
  ///
  /// - Throws: What is wrong with names or labels, the first time that they come.
  mutating func feed(
    _ line: StreamLine, _ bytes: UnsafeRawBufferPointer, at time: Timestamp, to fleet: inout Fleet
  ) throws(JSONFault) {
    key.removeAll(keepingCapacity: true)
    for text in [line.instance, line.name] {
      key.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end]))
      // No byte of JSON's strings.
      key.append(0)
    }
    if let labels = line.labels {
      key.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[labels.start..<labels.end]))
    }
    let known = key.withUnsafeBytes { names.find($0) }
    let index: Int
    if let known { index = known } else { index = try add(line, bytes, &fleet) }
    let instance = entries[index].instance
    if entries[index].removals != instances[instance].removals {
      entries[index].removals = instances[instance].removals
      entries[index].handle = fleet.series(
        entries[index].metric, entries[index].labels, of: instances[instance].name)
    }
    if let handle = entries[index].handle {
      fleet.observe(line.value, of: handle, at: time)
    } else {
      let observation = Observation.sample(entries[index].metric, entries[index].labels, line.value)
      fleet.observe(observation, of: instances[instance].name, at: time)
    }
  }

  private mutating func add(
    _ line: StreamLine, _ bytes: UnsafeRawBufferPointer, _ fleet: inout Fleet
  ) throws(JSONFault) -> Int {
    guard case .sample(let metric, let labels, _) = try line.observation(in: bytes) else {
      preconditionFailure("a series of a line that is no sample")
    }
    let name = try line.instance(in: bytes)
    if entries.count == Self.mostEntries || self.bytes + key.count > Self.mostBytes { self = SeriesCache(key: key) }
    let instance = places[name] ?? instances.count
    if instance == instances.count {
      instances.append(Instance(name: name))
      places[name] = instance
    }
    entries.append(
      Entry(
        handle: fleet.series(metric, labels, of: name), metric: metric, labels: labels, instance: instance,
        removals: instances[instance].removals))
    self.bytes += key.count
    return key.withUnsafeBytes { names.intern($0) }
  }

  init() {}
  private init(key: [UInt8]) { self.key = key }

  /// The instance was removed from the fleet: its handles are stale.
  mutating func remove(_ name: String) {
    if let place = places[name] { instances[place].removals += 1 }
  }
}
