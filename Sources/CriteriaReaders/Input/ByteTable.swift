import Glibc

/// Byte strings, each once, numbered from 0 in the order in which they came: names, label sets.
///
/// Seeded like every Swift hash, so inputs cannot be made to collide.
///
/// - Complexity: O(length) per look-up, without allocation unless the string is new.
package struct ByteTable: Sendable {
  private var arena: [UInt8] = []
  /// Where each string ends in `arena`; it starts where the one before ends.
  private var ends: [Int] = []
  private var hashes: [Int] = []
  /// Index + 1 of the string in each slot; 0 is empty. A power of two, at most half full.
  private var slots: [Int32] = Array(repeating: 0, count: 16)

  package init() {}

  package var count: Int { ends.count }

  package subscript(index: Int) -> ArraySlice<UInt8> { arena[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

  package func string(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

  package func find(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let slot = slots[place(of: bytes, hash: hash(bytes))]
    return slot == 0 ? nil : Int(slot) - 1
  }

  /// The number of a string, which is added if it is new.
  package mutating func intern(_ bytes: UnsafeRawBufferPointer) -> Int {
    let value = hash(bytes)
    let place = place(of: bytes, hash: value)
    if slots[place] != 0 { return Int(slots[place]) - 1 }
    arena.append(contentsOf: bytes)
    ends.append(arena.count)
    hashes.append(value)
    slots[place] = Int32(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return ends.count - 1
  }

  package mutating func intern(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
  }

  package func find(_ text: String) -> Int? {
    var text = text
    return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
  }

  private func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: bytes)
    return hasher.finalize()
  }

  /// The slot that holds the string, or the empty one where it belongs.
  private func place(of bytes: UnsafeRawBufferPointer, hash: Int) -> Int {
    let mask = slots.count - 1
    var place = hash & mask
    while slots[place] != 0 {
      let index = Int(slots[place]) - 1
      if hashes[index] == hash, equals(index, bytes) { return place }
      place = (place + 1) & mask
    }
    return place
  }

  private func equals(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == bytes.count else { return false }
    guard let other = bytes.baseAddress, bytes.count > 0 else { return true }
    return arena.withUnsafeBytes { memcmp($0.baseAddress! + start, other, bytes.count) == 0 }
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for (index, hash) in hashes.enumerated() {
      var place = hash & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = Int32(index + 1)
    }
  }
}
