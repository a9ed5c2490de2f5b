/// Reads a state, value by value, in the order in which `SnapshotWriter` wrote them.
///
/// Nothing that the bytes say is believed: a number is checked against what it counts or points into before it is used, and
/// nothing is allocated that the bytes left could not fill. So hostile bytes cost no more than their own length.
package struct SnapshotReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var at: Int
  /// What the snapshot's numbers of strings and identities are in the fleet; the first string is unknown.
  var codes: [UInt32] = [0]
  var identities: [Int32] = []
  /// The parts of each key, whose numbers are the fleet's.
  var keys: [[String]] = [[]]

  init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0) {
    self.bytes = bytes
    at = start
  }

  var left: Int { bytes.count - at }

  func damage(_ what: String) -> SnapshotError { .corrupt(what, at: at) }

  @inline(__always)
  package mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(SnapshotError) -> T {
    let size = MemoryLayout<T>.size
    guard left >= size else { throw damage("the end") }
    defer { at += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }

  mutating func uint8() throws(SnapshotError) -> UInt8 { try integer(UInt8.self) }
  package mutating func int64() throws(SnapshotError) -> Int64 { try integer(Int64.self) }
  mutating func double() throws(SnapshotError) -> Double {
    Double(bitPattern: try integer(UInt64.self))
  }

  mutating func bool() throws(SnapshotError) -> Bool {
    let value = try uint8()
    guard value < 2 else { throw damage("\(value) is neither yes nor no") }
    return value == 1
  }

  /// A moment within the bounds that all times keep, so that sums of times never overflow.
  mutating func time() throws(SnapshotError) -> Int64 {
    let value = try int64()
    guard value.magnitude <= timeBound else { throw damage("a time beyond all times") }
    return value
  }

  /// A moment, or the given stand-in for none.
  mutating func time(or none: Int64) throws(SnapshotError) -> Int64 {
    let value = try int64()
    guard value == none || value.magnitude <= timeBound else {
      throw damage("a time beyond all times")
    }
    return value
  }

  /// A moment no earlier than the one before.
  mutating func time(from earliest: Int64?) throws(SnapshotError) -> Int64 {
    let value = try time()
    guard value >= earliest ?? .min else { throw damage("times that are not in order") }
    return value
  }

  mutating func optionalTime() throws(SnapshotError) -> Int64? { try bool() ? try time() : nil }

  mutating func optional() throws(SnapshotError) -> Int64? { try bool() ? try int64() : nil }

  /// How many of something follow.
  ///
  /// - Parameter size: The least bytes that one of them takes; not 0, or a count could promise more than there is.
  package mutating func count(of size: Int) throws(SnapshotError) -> Int {
    let count = Int(try integer(UInt32.self))
    guard count <= left / size else {
      throw damage("\(count) of something for which there is no room")
    }
    return count
  }

  package mutating func string() throws(SnapshotError) -> String {
    let count = try count(of: 1)
    let slice = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)])
    guard let string = String(validating: slice, as: UTF8.self) else {
      throw damage("text that is not UTF-8")
    }
    at += count
    return string
  }

  mutating func data() throws(SnapshotError) -> [UInt8] {
    let count = try count(of: 1)
    defer { at += count }
    return [UInt8](bytes[at..<(at + count)])
  }

  /// All that is left.
  package mutating func rest() -> [UInt8] {
    defer { at = bytes.count }
    return [UInt8](bytes[at...])
  }

  /// A number in 0 ..< `count`.
  mutating func index(below count: Int, _ what: StaticString) throws(SnapshotError) -> Int {
    let value = Int(try integer(UInt32.self))
    guard value < count else { throw damage("\(what) \(value) of \(count)") }
    return value
  }

  mutating func code() throws(SnapshotError) -> UInt32 {
    codes[try index(below: codes.count, "string")]
  }
  mutating func identity() throws(SnapshotError) -> Int32 {
    identities[try index(below: identities.count, "series")]
  }

  /// A key of so many parts.
  mutating func key(parts: Int) throws(SnapshotError) -> Int32 {
    let key = try index(below: keys.count, "key")
    guard keys[key].count == parts else { throw damage("a key of \(keys[key].count) parts, not \(parts)") }
    return Int32(key)
  }

  /// A key, or the stand-in for one.
  mutating func key(or other: Int32) throws(SnapshotError) -> Int32 {
    let value = try integer(Int32.self)
    guard value == other || (value >= 0 && value < keys.count) else {
      throw damage("key \(value) of \(keys.count)")
    }
    return value
  }

  /// Thousandths of a point, far from where a sum would overflow.
  mutating func score() throws(SnapshotError) -> Int64 {
    let value = try int64()
    guard value.magnitude <= 1_000_000_000_000_000 else {
      throw damage("a score beyond all scores")
    }
    return value
  }

  mutating func truth() throws(SnapshotError) -> Truth {
    guard let truth = Truth(rawValue: try uint8()) else { throw damage("no truth value") }
    return truth
  }

  mutating func expectEnd() throws(SnapshotError) {
    guard left == 0 else { throw damage("\(left) bytes too many") }
  }
}

/// In milliseconds. Times that are observed keep a tighter one, and what is due after them lies not so far beyond; no sum or
/// difference of some such times overflows.
let timeBound: UInt64 = 1 << 60
