/// SHA-256 as FIPS 180-4 writes it.
func sha256(_ message: [UInt8]) -> [UInt8] {
  var padded = message + [0x80]
  while padded.count % 64 != 56 { padded.append(0) }
  padded += (0..<8).reversed().map { UInt8(truncatingIfNeeded: message.count * 8 >> ($0 * 8)) }

  var hash = primes(8).map { fraction(ofRoot: 2, of: $0) }
  let constants = primes(64).map { fraction(ofRoot: 3, of: $0) }
  func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
  for start in stride(from: 0, to: padded.count, by: 64) {
    var w = (0..<16).map { i in padded[(start + 4 * i)..<(start + 4 * i + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for i in 16..<64 {
      let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
      let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
      w.append(w[i - 16] &+ s0 &+ w[i - 7] &+ s1)
    }
    var h = hash
    for i in 0..<64 {
      let s1 = rotate(h[4], 6) ^ rotate(h[4], 11) ^ rotate(h[4], 25)
      let choice = h[4] & h[5] ^ ~h[4] & h[6]
      let t1 = h[7] &+ s1 &+ choice &+ constants[i] &+ w[i]
      let s0 = rotate(h[0], 2) ^ rotate(h[0], 13) ^ rotate(h[0], 22)
      let majority = h[0] & h[1] ^ h[0] & h[2] ^ h[1] & h[2]
      h = [t1 &+ s0 &+ majority, h[0], h[1], h[2], h[3] &+ t1, h[4], h[5], h[6]]
    }
    for i in 0..<8 { hash[i] &+= h[i] }
  }
  return hash.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
}

private func primes(_ count: Int) -> [UInt64] {
  var found: [UInt64] = []
  var candidate: UInt64 = 2
  while found.count < count {
    if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
    candidate += 1
  }
  return found
}

/// The first 32 bits of the fractional part of a square or cube root: the largest r with r^n ≤ prime · 2^(32 n).
private func fraction(ofRoot n: Int, of prime: UInt64) -> UInt32 {
  var root: UInt128 = 0
  for bit in (0..<36).reversed() {
    let candidate = root | 1 << UInt128(bit)
    let power = n == 2 ? candidate * candidate : candidate * candidate * candidate
    if power <= UInt128(prime) << UInt128(32 * n) { root = candidate }
  }
  return UInt32(truncatingIfNeeded: root)
}
