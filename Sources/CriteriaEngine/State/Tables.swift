/// The label sets that tell series apart, as numbers.
///
/// Labels come and go with pods and processes for as long as a fleet lives, so numbers that nothing uses are given again.
final class IdentityTable {
  private var entries: [[UInt8]] = [[]]
  private var numbers: [[UInt8]: Int32] = [[]: 0]
  private var free: [Int32] = []
  /// How many entries make a sweep worth while.
  private(set) var limit = 4096

  /// The number of an identity; 0 is that of no labels.
  func number(_ identity: [UInt8]) -> Int32 {
    if let known = numbers[identity] { return known }
    let number: Int32
    if let reused = free.popLast() {
      number = reused
      entries[Int(number)] = identity
    } else {
      number = Int32(entries.count)
      entries.append(identity)
    }
    numbers[identity] = number
    return number
  }

  subscript(number: Int32) -> [UInt8] { entries[Int(number)] }

  var isFull: Bool { numbers.count > limit }
  var capacity: Int { entries.count }

  /// Forgets every identity that is not in use.
  func sweep(_ isUsed: [Bool]) {
    for number in 1..<entries.count where !isUsed[number] {
      guard numbers[entries[number]] == Int32(number) else { continue }
      numbers[entries[number]] = nil
      entries[number] = []
      free.append(Int32(number))
    }
    limit = max(4096, 2 * numbers.count)
  }
}

/// Keys (the values of a signal's `by` labels) as numbers; 0 is the key of what is not keyed.
struct KeyTable {
  private(set) var parts: [[String]] = [[]]
  private var identities: [[UInt8]] = [[]]
  private var numbers: [[UInt8]: Int32] = [:]

  mutating func number(_ parts: [String]) -> Int32 {
    if parts.isEmpty { return 0 }
    let identity = keyIdentity(parts)
    if let known = numbers[identity] { return known }
    let number = Int32(self.parts.count)
    self.parts.append(parts)
    identities.append(identity)
    numbers[identity] = number
    return number
  }

  /// Byte order of the parts; the unknown row comes last.
  func precedes(_ a: Int32, _ b: Int32) -> Bool {
    if a == b || a == Row.unknownKey { return false }
    if b == Row.unknownKey { return true }
    return identities[Int(a)].lexicographicallyPrecedes(identities[Int(b)])
  }
}

/// A key's parts as bytes, each ended by NUL; nothing for what is not keyed.
func keyIdentity(_ parts: [String]) -> [UInt8] {
  var identity: [UInt8] = []
  for part in parts {
    identity += part.utf8
    identity.append(0)
  }
  return identity
}
