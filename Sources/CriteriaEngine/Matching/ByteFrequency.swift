import Glibc

/// How often bytes come in logs: what is rare is worth looking for.
///
/// It decides how fast lines are searched, never what is found.
package struct ByteFrequency: Sendable {
  /// The share of each byte.
  private var shares: [Double]

  /// What log text of any origin looks like, by kinds of bytes.
  package static let typical = ByteFrequency(shares: (0...255).map { typicalShare(UInt8($0)) })

  private init(shares: [Double]) { self.shares = shares }

  /// As counted in a text; bytes that did not occur are rare, not impossible.
  package init(of text: UnsafeRawBufferPointer) {
    var counts = [Int](repeating: 1, count: 256)
    for byte in text { counts[Int(byte)] += 1 }
    let total = Double(text.count + 256)
    shares = counts.map { Double($0) / total }
  }

  package func share(of set: ByteSet) -> Double {
    if set.count > 250 { return 1 }
    var sum = 0.0
    set.visit { sum += shares[Int($0)] }
    return min(1, sum)
  }

  /// How much seeing a byte of `set` says, given the set before it: bits.
  package func bits(_ set: ByteSet, after previous: ByteSet?) -> Double {
    let bits = -log2(max(share(of: set), 1e-6))
    // Digits come in runs, words too: the second one of a class is no news.
    if let previous, previous == set, set.count > 2 { return min(bits, 0.7) }
    return min(bits, 8)
  }

  private static func typicalShare(_ byte: UInt8) -> Double {
    switch byte {
    case 0x20: 0.12
    case UInt8(ascii: "0"), UInt8(ascii: "1"): 0.045
    case UInt8(ascii: "2")...UInt8(ascii: "9"): 0.03
    case _ where "etaoinsr".utf8.contains(byte): 0.035
    case _ where "dlcumphfg".utf8.contains(byte): 0.02
    case _ where "bkvwxy".utf8.contains(byte): 0.008
    case UInt8(ascii: "a")...UInt8(ascii: "z"): 0.003
    case _ where ".:-/".utf8.contains(byte): 0.022
    case _ where ",=()[]_".utf8.contains(byte): 0.009
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): 0.007
    case 0x21..<0x7F: 0.002
    case 0x80...0xFF: 0.0005
    default: 0.0003
    }
  }
}
