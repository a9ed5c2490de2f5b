/// A set of bytes.
package struct ByteSet: Hashable, Sendable {
  private var words: SIMD4<UInt64>

  package static let empty = ByteSet(words: .zero)
  package static let all = ByteSet(words: SIMD4(repeating: .max))

  private init(words: SIMD4<UInt64>) { self.words = words }

  package init(_ bytes: some Sequence<UInt8>) {
    words = .zero
    for byte in bytes { insert(byte) }
  }

  package init(_ byte: UInt8) {
    words = .zero
    insert(byte)
  }

  package mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

  package mutating func remove(_ byte: UInt8) { words[Int(byte >> 6)] &= ~(1 << UInt64(byte & 63)) }

  package func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

  package var count: Int {
    words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount + words[3].nonzeroBitCount
  }

  package var isEmpty: Bool { words == .zero }

  package var complement: ByteSet { ByteSet(words: ~words) }

  package func union(_ other: ByteSet) -> ByteSet { ByteSet(words: words | other.words) }

  package func intersection(_ other: ByteSet) -> ByteSet { ByteSet(words: words & other.words) }

  package func isSubset(of other: ByteSet) -> Bool { words & other.words == words }

  /// In ascending order.
  package var bytes: [UInt8] {
    var result: [UInt8] = []
    visit { result.append($0) }
    return result
  }

  /// In ascending order.
  package func visit(_ body: (UInt8) -> Void) {
    for index in 0..<4 {
      var word = words[index]
      while word != 0 {
        body(UInt8(64 * index + word.trailingZeroBitCount))
        word &= word - 1
      }
    }
  }

  /// The least one.
  package var first: UInt8? {
    for index in 0..<4 where words[index] != 0 { return UInt8(64 * index + words[index].trailingZeroBitCount) }
    return nil
  }

  /// Its bytes as the bits of four words, least significant first: what the C kernels test.
  package var bitmap: [UInt64] { [words[0], words[1], words[2], words[3]] }

  /// With the other case of its ASCII letters.
  package var caseFolded: ByteSet {
    // Letters are in word 1: `A` is its bit 1, `a` its bit 33.
    var result = self
    let letters: UInt64 = 0x07FF_FFFE
    let upper = words[1] & letters
    let lower = (words[1] >> 32) & letters
    result.words[1] |= lower | upper << 32
    return result
  }

  /// What all members are under `mask`, if one test of one byte tells the set: `(byte & mask) == value`.
  ///
  /// That is so of one byte, of a letter in both cases, and of any byte.
  package var maskedValue: (value: UInt8, mask: UInt8)? {
    let size = count
    if size == 256 { return (0, 0) }
    guard size <= 2, let least = first else { return nil }
    if size == 1 { return (least, 0xFF) }
    return contains(least | 0x20) && least & 0x20 == 0 ? (least, 0xDF) : nil
  }

  package static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
  package static let lower = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
  package static let upper = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
  package static let letters = lower.union(upper)
  /// `\w` without Unicode.
  package static let word = letters.union(digits).union(ByteSet(UInt8(ascii: "_")))
  /// `\s` without Unicode.
  package static let space = ByteSet([0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D])
  package static let ascii = ByteSet(UInt8(0)...0x7F)
}
