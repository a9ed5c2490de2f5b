import Criteria
import CriteriaReaders

/// What the bytes of a sample's instance, metric and labels stand for, so that the same series is taken apart once.
///
/// A feeder writes a series the same way each time; written otherwise it is found again, slower.
struct SeriesCache {
  struct Entry {
    var instance: String
    var metric: String
    var labels: [String: String]
  }

  /// Beyond it, it starts anew: series that come and go must not fill the memory.
  private static let mostEntries = 1 << 20
  private static let mostBytes = 1 << 28

  private var names = ByteTable()
  private var entries: [Entry] = []
  private var bytes = 0
  private var key: [UInt8] = []

  /// - Throws: What is wrong with names or labels, the first time that they come.
  mutating func entry(of line: StreamLine, in bytes: UnsafeRawBufferPointer) throws(JSONFault) -> Entry {
    key.removeAll(keepingCapacity: true)
    for text in [line.instance, line.name] {
      key.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end]))
      // No byte of JSON's strings.
      key.append(0)
    }
    if let labels = line.labels {
      key.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[labels.start..<labels.end]))
    }
    if let known = key.withUnsafeBytes({ names.find($0) }) { return entries[known] }
    guard case .sample(let metric, let labels, _) = try line.observation(in: bytes) else {
      preconditionFailure("a series of a line that is no sample")
    }
    let entry = Entry(instance: try line.instance(in: bytes), metric: metric, labels: labels)
    if entries.count == Self.mostEntries || self.bytes + key.count > Self.mostBytes { removeAll() }
    _ = key.withUnsafeBytes { names.intern($0) }
    self.bytes += key.count
    entries.append(entry)
    return entry
  }

  mutating func removeAll() {
    names = ByteTable()
    entries = []
    bytes = 0
  }
}
