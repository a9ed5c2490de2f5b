/// Writes a state, value by value; `SnapshotReader` reads them in the same order.
package struct SnapshotWriter {
  var bytes: [UInt8] = []
  /// The strings and identities that the state refers to, in the order in which they were met.
  private(set) var codes: [UInt32] = []
  private(set) var identities: [Int32] = []
  /// What codes stand for: what is kept by name is written in the order of names, since codes depend on what came first.
  var strings: [String] = []
  private var numberOfCode: [UInt32: UInt32] = [:]
  private var numberOfIdentity: [Int32: UInt32] = [:]

  init() {}

  /// With room for the frame at the front.
  package static var framed: SnapshotWriter {
    var writer = SnapshotWriter()
    writer.bytes = [UInt8](repeating: 0, count: Snapshot.headerSize)
    return writer
  }

  mutating func write(_ value: UInt8) { bytes.append(value) }
  mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

  @inline(__always)
  package mutating func write<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// To the bit, NaN's too.
  mutating func write(_ value: Double) { write(value.bitPattern) }

  mutating func write(_ value: Int64?) {
    write(value != nil)
    if let value { write(value) }
  }

  /// A length, at most 2³² − 1; `SnapshotReader.count` reads it.
  package mutating func write(count: Int) {
    precondition(count >= 0 && count <= Int(UInt32.max), "a count that no snapshot holds")
    write(UInt32(count))
  }

  package mutating func write(_ string: String) {
    var string = string
    string.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  /// Bytes as they are, to the end of the snapshot.
  package mutating func append(_ data: [UInt8]) { bytes += data }

  package mutating func write(_ data: [UInt8]) { data.withUnsafeBytes { write($0) } }

  private mutating func write(_ data: UnsafeRawBufferPointer) {
    write(count: data.count)
    bytes.append(contentsOf: data)
  }

  /// The code of a string, which the snapshot's table will hold.
  mutating func write(code: UInt32) {
    if code == 0 { return write(code) }
    let number = numberOfCode[code] ?? UInt32(codes.count + 1)
    if number > codes.count {
      codes.append(code)
      numberOfCode[code] = number
    }
    write(number)
  }

  /// Codes that are names, in the order of names.
  func ordered(_ names: some Collection<UInt32>) -> [UInt32] {
    names.sorted { strings[Int($0)].utf8.lexicographicallyPrecedes(strings[Int($1)].utf8) }
  }

  /// The number of an identity, which the snapshot's table will hold.
  mutating func write(identity: Int32) {
    let number = numberOfIdentity[identity] ?? UInt32(identities.count)
    if number == identities.count {
      identities.append(identity)
      numberOfIdentity[identity] = number
    }
    write(number)
  }

  mutating func write(_ truth: Truth) { write(truth.rawValue) }
}
