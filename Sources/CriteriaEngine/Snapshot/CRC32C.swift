/// The CRC of Castagnoli's polynomial (RFC 3720, appendix B.4), eight bytes at a time.
struct CRC32C {
  /// Table k: what a byte becomes that k more bytes follow.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82F6_3B78 }
      tables[byte] = value
    }
    for place in 256..<tables.count {
      let before = tables[place - 256]
      tables[place] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  private var state: UInt32 = 0xFFFF_FFFF
  var value: UInt32 { ~state }

  /// - Complexity: O(n), about a nanosecond per byte or less.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var state = state
    Self.tables.withUnsafeBufferPointer { tables in
      var place = 0
      while place + 8 <= bytes.count {
        let word =
          bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian ^ UInt64(state)
        var next: UInt32 = 0
        for byte in 0..<8 {
          next ^= tables[(7 - byte) << 8 | Int(truncatingIfNeeded: word >> UInt64(8 * byte) & 0xFF)]
        }
        state = next
        place += 8
      }
      while place < bytes.count {
        state = state >> 8 ^ tables[Int((state ^ UInt32(bytes[place])) & 0xFF)]
        place += 1
      }
    }
    self.state = state
  }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }
}
