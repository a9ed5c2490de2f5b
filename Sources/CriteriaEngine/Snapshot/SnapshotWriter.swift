/// Writes a state, value by value; `SnapshotReader` reads them in the same order.
struct SnapshotWriter {
  var bytes: [UInt8] = []
  /// The strings and identities that the state refers to, in the order in which they were met.
  private(set) var codes: [UInt32] = []
  private(set) var identities: [Int32] = []
  private var numberOfCode: [UInt32: UInt32] = [:]
  private var numberOfIdentity: [Int32: UInt32] = [:]

  init() {}

  /// With room for the frame at the front.
  static var framed: SnapshotWriter {
    var writer = SnapshotWriter()
    writer.bytes = [UInt8](repeating: 0, count: Snapshot.headerSize)
    return writer
  }

  mutating func write(_ value: UInt8) { bytes.append(value) }
  mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

  @inline(__always)
  mutating func write<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// To the bit, NaN's too.
  mutating func write(_ value: Double) { write(value.bitPattern) }

  mutating func write(_ value: Int64?) {
    write(value != nil)
    if let value { write(value) }
  }

  /// A length, at most 2³² − 1; `SnapshotReader.count` reads it.
  mutating func write(count: Int) {
    precondition(count >= 0 && count <= Int(UInt32.max), "a count that no snapshot holds")
    write(UInt32(count))
  }

  mutating func write(_ string: String) {
    var string = string
    string.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  mutating func write(_ data: [UInt8]) { data.withUnsafeBytes { write($0) } }

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
