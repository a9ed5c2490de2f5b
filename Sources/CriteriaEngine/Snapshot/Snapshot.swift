// snapshot = magic version:u32 length:u64 crc:u32 payload         all little endian
// payload  = digest definitions tables fleet {instance}
//
// `length` counts the payload's bytes, `crc` is the CRC-32C of all that stands before it and of the payload.
// Numbers of strings, keys and identities are those of the snapshot's own tables.

/// The frame around a state: what says that it is one, whole and unchanged.
package enum Snapshot {
  /// A high bit, both kinds of line break and an end-of-file character: what mangles text mangles them too.
  package static let magic: [UInt8] = [0x89, 0x52, 0x43, 0x53, 0x0D, 0x0A, 0x1A, 0x0A]
  static let version: UInt32 = 1
  static let headerSize = 24

  /// Puts the frame around a payload, for which room was left at the front.
  fileprivate static func seal(_ bytes: inout [UInt8], magic: [UInt8]) {
    var header = SnapshotWriter()
    header.bytes = magic
    header.write(version)
    header.write(UInt64(bytes.count - headerSize))
    bytes.replaceSubrange(0..<20, with: header.bytes)
    let crc = bytes.withUnsafeBytes { checksum($0) }
    for byte in 0..<4 { bytes[20 + byte] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * byte)) }
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32C()
    crc.update(UnsafeRawBufferPointer(rebasing: bytes[..<20]))
    crc.update(UnsafeRawBufferPointer(rebasing: bytes[headerSize...]))
    return crc.value
  }

  /// A reader of the payload of bytes that are whole and unchanged.
  ///
  /// - Parameter magic: Its eight first bytes, which say what it is.
  package static func open(
    _ bytes: UnsafeRawBufferPointer, magic: [UInt8] = Snapshot.magic
  ) throws(SnapshotError) -> SnapshotReader {
    guard bytes.prefix(magic.count).elementsEqual(magic.prefix(bytes.count)), !bytes.isEmpty else {
      throw .foreign
    }
    guard bytes.count >= headerSize else { throw .truncated(bytes.count, of: UInt64(headerSize)) }
    let version = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
    let crc = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
    guard version <= self.version else { throw .newer(version) }
    guard version > 0 else { throw .corrupt("format 0", at: 8) }
    let there = UInt64(bytes.count - headerSize)
    guard there >= length else { throw .truncated(bytes.count, of: length &+ UInt64(headerSize)) }
    guard there == length else { throw .tooLong }
    guard checksum(bytes) == crc else { throw .checksum }
    return SnapshotReader(bytes, from: headerSize)
  }
}

extension SnapshotWriter {
  /// What was written, in its frame.
  package consuming func sealed(magic: [UInt8] = Snapshot.magic) -> [UInt8] {
    var bytes = bytes
    Snapshot.seal(&bytes, magic: magic)
    return bytes
  }
}
