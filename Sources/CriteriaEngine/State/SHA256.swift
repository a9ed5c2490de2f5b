/// SHA-256 (FIPS 180-4), for `spread` and policy digests: short inputs, never secrets.
package struct SHA256 {
  private static let constants: [UInt32] = {
    // The first 32 bits of the fractional parts of the cube roots of the first 64 primes, found with integers.
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < 64 {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { root($0, power: 3) }
  }()
  private static let initial: [UInt32] = [2, 3, 5, 7, 11, 13, 17, 19].map { root($0, power: 2) }

  /// The first 32 bits after the point of a square or cube root: ⌊root(n) · 2³²⌋ mod 2³².
  private static func root(_ n: UInt64, power: Int) -> UInt32 {
    var low: UInt64 = 0
    var high: UInt64 = 1 << 37
    while high - low > 1 {
      let middle = (low + high) / 2
      if isAtMost(middle, power: power, n) { low = middle } else { high = middle }
    }
    return UInt32(truncatingIfNeeded: low)
  }

  /// x^power ≤ n · 2^(32·power), in 128 bits.
  private static func isAtMost(_ x: UInt64, power: Int, _ n: UInt64) -> Bool {
    var product = UInt128(x)
    for _ in 1..<power { product *= UInt128(x) }
    return product <= UInt128(n) << UInt128(32 * power)
  }

  private var state = SHA256.initial
  private var buffer: [UInt8] = []
  private var count: UInt64 = 0

  package init() {}

  package mutating func update(_ bytes: [UInt8]) {
    for byte in bytes {
      buffer.append(byte)
      if buffer.count == 64 { compress() }
    }
    count += UInt64(bytes.count)
  }

  package mutating func finalize() -> [UInt8] {
    let bits = count * 8
    buffer.append(0x80)
    if buffer.count > 56 {
      while buffer.count < 64 { buffer.append(0) }
      compress()
    }
    while buffer.count < 56 { buffer.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      buffer.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    compress()
    return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
  }

  private mutating func compress() {
    SHA256.constants.withUnsafeBufferPointer { compress($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  private mutating func compress(_ constants: UnsafeBufferPointer<UInt32>) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
      buffer.withUnsafeBytes { bytes in
        for i in 0..<16 { w[i] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)) }
      }
      for i in 16..<64 {
        let a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3)
        let b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10)
        w[i] = w[i - 16] &+ a &+ w[i - 7] &+ b
      }
      var (a, b, c, d) = (state[0], state[1], state[2], state[3])
      var (e, f, g, h) = (state[4], state[5], state[6], state[7])
      for i in 0..<64 {
        let choice = (e & f) ^ (~e & g)
        let sumE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let first = h &+ sumE &+ choice &+ constants[i] &+ w[i]
        let majority = (a & b) ^ (a & c) ^ (b & c)
        let sumA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        (h, g, f, e) = (g, f, e, d &+ first)
        (d, c, b, a) = (c, b, a, first &+ sumA &+ majority)
      }
      state.withUnsafeMutableBufferPointer { state in
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
      }
    }
  }

  @inline(__always)
  private func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
}

/// `u` of `spread`: the first 8 bytes, big endian, of SHA-256(id) ÷ 2⁶⁴.
package func spreadFraction(of id: String) -> Double {
  var hash = SHA256()
  hash.update(Array(id.utf8))
  let bits = hash.finalize()[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  return Double(bits) / 0x1p64
}
