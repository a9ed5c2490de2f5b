import Criteria
import CriteriaEngine

/// A log line that was fed: how often, and when it was written (milliseconds).
struct FedLine {
  var count: UInt32
  var time: Int64
}

/// What a state file holds: the fleet, and what the next run of `eval` must know of the inputs that it will be given again.
struct SavedRun {
  /// "RCR" between a high bit, line breaks and an end-of-file character, as in a fleet's own snapshot.
  private static let magic: [UInt8] = [0x89, 0x52, 0x43, 0x52, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Log lines that were fed and are not too late to be taken in again, by their hashes.
  var fed: [UInt64: FedLine] = [:]
  /// The newest observation of each instance, milliseconds.
  var lastSeen: [String: Int64] = [:]
  /// `Fleet.snapshot()`.
  var fleet: [UInt8] = []

  init() {}

  init(_ bytes: [UInt8]) throws(SnapshotError) {
    var result: Result<Void, SnapshotError> = .success(())
    bytes.withUnsafeBytes { bytes in
      do throws(SnapshotError) {
        var reader = try Snapshot.open(bytes, magic: Self.magic)
        for _ in 0..<(try reader.count(of: 20)) {
          let hash = try reader.integer(UInt64.self)
          fed[hash] = FedLine(count: try reader.integer(UInt32.self), time: try reader.int64())
        }
        for _ in 0..<(try reader.count(of: 12)) {
          let name = try reader.string()
          lastSeen[name] = try reader.int64()
        }
        fleet = reader.rest()
      } catch { result = .failure(error) }
    }
    try result.get()
  }

  /// Equal contents give equal bytes.
  var bytes: [UInt8] {
    var writer = SnapshotWriter.framed
    writer.write(count: fed.count)
    for (hash, line) in fed.sorted(by: { $0.key < $1.key }) {
      writer.write(hash)
      writer.write(line.count)
      writer.write(line.time)
    }
    writer.write(count: lastSeen.count)
    for (name, time) in lastSeen.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      writer.write(name)
      writer.write(time)
    }
    writer.append(fleet)
    return writer.sealed(magic: Self.magic)
  }
}

/// A state file in use: read, and written again at the end.
final class RunState {
  let file: StateFile
  private(set) var saved = SavedRun()
  /// The file was there.
  private(set) var isFound = false

  /// Locks and reads the file.
  init(_ path: String, patience: Int64) throws(Failure) {
    file = try StateFile(locking: path, patience: patience)
    guard let bytes = try file.read() else { return }
    isFound = true
    do throws(SnapshotError) {
      saved = try SavedRun(bytes)
    } catch {
      throw Failure("cannot use the state `\(path)`: \(error)")
    }
  }

  /// The fleet that goes on, or a new one.
  ///
  /// - Parameter report: Gets what became of signals and rules, if the policy is not that of the state.
  func fleet(_ policy: Policy, assumingSteady: Bool, report: inout [StateTransfer]) throws(Failure) -> Fleet {
    guard isFound else { return Fleet(policy, assumingSteady: assumingSteady) }
    defer { saved.fleet = [] }
    do throws(SnapshotError) {
      return try Fleet(policy, adopting: saved.fleet, assumingSteady: assumingSteady, report: &report)
    } catch {
      throw Failure("cannot use the state `\(file.path)`: \(error)")
    }
  }

  /// Writes a fleet's state in place of that of before.
  func save(_ fleet: borrowing Fleet, fed: [UInt64: FedLine]? = nil, lastSeen: [String: Int64]? = nil) throws(Failure) {
    if let fed { saved.fed = fed }
    if let lastSeen { saved.lastSeen = lastSeen }
    saved.fleet = fleet.snapshot()
    try file.write(saved.bytes)
    saved.fleet = []
  }
}

/// FNV-1a, 64 bits: of a log line as it was observed. The same in every run, unlike Swift's own hashes.
struct LineHash {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  init(_ text: String, source: String, of instance: String, at time: Timestamp) {
    add(instance.utf8)
    add(source.utf8)
    add(text.utf8)
    withUnsafeBytes(of: time.milliseconds.littleEndian) { add($0) }
  }

  private mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    // What is no byte of UTF-8 ends each part.
    value = (value ^ 0xFF) &* 0x100_0000_01B3
  }
}

/// What keeps `eval` from feeding twice what its inputs hold again: logs are given whole in each run.
///
/// A decided tick is never redone, so what lies further back than `max_lateness` behind the last one is passed over. Of what
/// lies nearer, samples, conditions and facts that come again say the same again; lines would count twice, so each is known
/// by its hash: of a line that stands n times in the inputs and was fed m times, n − m are new.
struct Rereading {
  /// The last tick that an earlier run decided; `nil`: this is the first run.
  let last: Timestamp?
  /// Earlier ones are too late.
  private let earliest: Int64
  /// From here on the next run must know lines.
  private let horizon: Int64
  private let before: [UInt64: FedLine]
  /// Lines of this run, those that were passed over too.
  private var met: [UInt64: FedLine] = [:]
  private(set) var lastSeen: [String: Int64]

  init(_ saved: SavedRun, last: Timestamp?, policy: Policy, at: Timestamp) {
    self.last = last
    before = saved.fed
    lastSeen = saved.lastSeen
    let program = policy.program
    earliest = last.map { $0.milliseconds - program.maxLateness } ?? .min
    let step = program.step
    let now = at.milliseconds
    let decided = now >= 0 ? now / step * step : (now - step + 1) / step * step
    horizon = decided - program.maxLateness
  }

  /// It belongs to ticks that earlier runs decided.
  func isDecided(_ time: Timestamp) -> Bool { time.milliseconds < earliest }

  /// When something is fed that holds throughout, and so has no time of its own: not before the last tick.
  func moved(_ time: Timestamp, upTo at: Timestamp) -> Timestamp {
    guard let last, time <= last else { return time }
    return min(Timestamp(milliseconds: last.milliseconds + 1), at)
  }

  /// - Returns: False for a line that an earlier run fed.
  mutating func isNew(_ text: String, source: String, of instance: String, at time: Timestamp) -> Bool {
    let hash = LineHash(text, source: source, of: instance, at: time).value
    let count = (met[hash]?.count ?? 0) + 1
    met[hash] = FedLine(count: count, time: time.milliseconds)
    return count > before[hash]?.count ?? 0
  }

  mutating func see(_ instance: String, at time: Timestamp) {
    lastSeen[instance] = max(lastSeen[instance] ?? .min, time.milliseconds)
  }

  mutating func forget(_ instance: String) { lastSeen[instance] = nil }

  /// What the next run must know.
  var fed: [UInt64: FedLine] {
    met.merging(before) { $0.count > $1.count ? $0 : $1 }.filter { $0.value.time >= horizon }
  }
}
