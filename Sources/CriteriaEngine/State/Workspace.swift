/// What a fleet shares between its instances: the program, the registers, and the codes of strings and keys.
///
/// One owner at a time; never shared between threads.
final class Workspace {
  let program: Program
  let layout: Layout
  var frame: Frame
  var strings: Interner
  var keys = KeyTable()
  let scanner = RegexScanner()
  /// Every instance stands as it stood at its first tick since long ago.
  let assumesSteady: Bool

  init(_ program: Program, assumesSteady: Bool) {
    self.program = program
    self.assumesSteady = assumesSteady
    layout = Layout(program)
    frame = Frame(program)
    strings = Interner(program.strings)
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
