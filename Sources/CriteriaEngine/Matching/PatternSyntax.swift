/// A PCRE2 pattern, as far as it says what must be in a line for it to match.
///
/// The language of a node holds at least what PCRE2 lets it match: an approximation is always a larger one.
package indirect enum PatternNode: Hashable, Sendable {
  case empty  // what takes no bytes and is not looked into: ^, $, (?!…)
  case boundary  // \b
  case set(ByteSet)  // a, [a-z], \d, .
  case anything  // \1, (?R): any bytes or none
  case sequence([PatternNode])  // ab
  case alternatives([PatternNode])  // a|b
  case repeated(PatternNode, least: Int, most: Int?)  // a{2,5}
  case ahead(PatternNode)  // (?=a)
  case behind(PatternNode)  // (?<=a)
}

/// Reads the syntax of PCRE2 10.30 and later, and gives up on what it is not sure of: a pattern that is not understood is
/// searched on every line, which is slow and never wrong.
///
/// ```text
/// alternatives = branch {"|" branch}        branch = {item [quantifier]}
/// item = literal | "." | class | escape | group | assertion | "\Q" … "\E"
/// quantifier = ("*" | "+" | "?" | "{" n ["," [m]] "}") ["?" | "+"]
/// group = "(" ["?" (":" | "|" | ">" | "<name>" | "P<name>" | "'name'" | flags ":" | "=" | "!" | "<=" | "<!")] alternatives ")"
/// ```
package struct PatternParser {
  package struct Unsupported: Error {}

  package struct Result: Sendable {
    package var root: PatternNode
    /// The language of `root` is just what PCRE2 matches, in lines without `\n`.
    package var isPrecise: Bool
    /// It can tell where the search began (`\G`).
    package var seesStart: Bool
    /// What must not match, somewhere: `(?!…)`. Nothing is required by it, but it is searched for.
    package var negated: [PatternNode] = []
  }

  private struct Flags {
    var ignoresCase = false
    var isExtended = false
    var isExtendedMore = false
  }

  /// One item of a class or of text: some bytes that stand for one character.
  private struct Character {
    /// The bytes it may be, if it is one byte.
    var set: ByteSet
    /// It may also be a character of two to four bytes.
    var mayBeLong = false
    /// Nothing but `set`; else `set` may hold too much.
    var isExact = true
    /// The code, if it is one character: what a range can begin or end with.
    var code: UInt32?
    /// A class in brackets: `(?i)` was applied inside.
    var isClass = false
  }

  private let pattern: [UInt8]
  private let utf: Bool
  private let dotIsAllButLineFeed: Bool
  private var place = 0
  private var flags = Flags()
  private var isPrecise = true
  private var seesStart = false
  private var negated: [PatternNode] = []
  private var depth = 0

  /// - Parameters:
  ///   - utf: Compiled with `PCRE2_UTF` and `PCRE2_UCP`.
  ///   - newlineIsLineFeed: How this PCRE2 was built; else `.` leaves out more than `\n`.
  package static func parse(
    _ pattern: String, utf: Bool, newlineIsLineFeed: Bool = true
  ) throws(Unsupported) -> Result {
    var parser = PatternParser(pattern: Array(pattern.utf8), utf: utf, newlineIsLineFeed: newlineIsLineFeed)
    let root = try parser.alternatives()
    guard parser.place == parser.pattern.count else { throw Unsupported() }
    return Result(root: root, isPrecise: parser.isPrecise, seesStart: parser.seesStart, negated: parser.negated)
  }

  private init(pattern: [UInt8], utf: Bool, newlineIsLineFeed: Bool) {
    self.pattern = pattern
    self.utf = utf
    dotIsAllButLineFeed = newlineIsLineFeed
  }

  // MARK: Text

  private var current: UInt8? { place < pattern.count ? pattern[place] : nil }

  private func peek(_ distance: Int) -> UInt8? {
    place + distance < pattern.count ? pattern[place + distance] : nil
  }

  private func isAt(_ text: StaticString) -> Bool {
    guard place + text.utf8CodeUnitCount <= pattern.count else { return false }
    return (0..<text.utf8CodeUnitCount).allSatisfy { pattern[place + $0] == text.utf8Start[$0] }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    guard isAt(text) else { return false }
    place += text.utf8CodeUnitCount
    return true
  }

  private mutating func next() throws(Unsupported) -> UInt8 {
    guard place < pattern.count else { throw Unsupported() }
    place += 1
    return pattern[place - 1]
  }

  /// Up to and with `end`.
  private mutating func skip(through end: UInt8) throws(Unsupported) {
    while try next() != end {}
  }

  // MARK: Structure

  private mutating func alternatives() throws(Unsupported) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    // PCRE2's own limit is 250.
    guard depth < 200 else { throw Unsupported() }
    // Flags that a branch sets hold in the branches behind it too, up to the end of the group.
    var branches = [try branch()]
    while take("|") { branches.append(try branch()) }
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func branch() throws(Unsupported) -> PatternNode {
    var items: [PatternNode] = []
    var isQuoting = false
    /// The last of `items` can be repeated.
    var canRepeat = false
    while let byte = current {
      if isQuoting {
        if take("\\E") {
          isQuoting = false
        } else {
          items.append(node(try textCharacter()))
          canRepeat = true
        }
        continue
      }
      if take("\\Q") {
        isQuoting = true
        continue
      }
      if take("\\E") { continue }
      if take("(?#") {
        try skip(through: UInt8(ascii: ")"))
        continue
      }
      if flags.isExtended, try takeIgnored() { continue }
      if byte == UInt8(ascii: "|") || byte == UInt8(ascii: ")") { break }
      if let (least, most) = try quantifier() {
        guard canRepeat, let item = items.popLast() else { throw Unsupported() }
        items.append(.repeated(item, least: least, most: most))
        canRepeat = false
        if flags.isExtended {
          // What a quantifier behind ignored space means differs between versions.
          let before = place
          while try takeIgnored() {}
          if place != before, let behind = current, "*+?{".utf8.contains(behind) { throw Unsupported() }
        }
        continue
      }
      if let item = try item() {
        items.append(item)
        canRepeat = true
      } else {
        canRepeat = false
      }
    }
    return items.count == 1 ? items[0] : .sequence(items)
  }

  /// Space and comments under `(?x)`.
  private mutating func takeIgnored() throws(Unsupported) -> Bool {
    guard let byte = current else { return false }
    if utf, byte >= 0x80 { throw Unsupported() }  // some characters beyond ASCII are space here
    if ByteSet.space.contains(byte) {
      place += 1
      return true
    }
    guard byte == UInt8(ascii: "#") else { return false }
    guard dotIsAllButLineFeed else { throw Unsupported() }
    while let byte = current {
      place += 1
      if byte == 0x0A { break }
    }
    return true
  }

  private mutating func quantifier() throws(Unsupported) -> (least: Int, most: Int?)? {
    var result: (least: Int, most: Int?)
    switch current {
    case UInt8(ascii: "*"): result = (0, nil)
    case UInt8(ascii: "+"): result = (1, nil)
    case UInt8(ascii: "?"): result = (0, 1)
    case UInt8(ascii: "{"):
      guard let (bounds, length) = try bounds() else { return nil }
      place += length - 1
      result = bounds
    default: return nil
    }
    place += 1
    if current == UInt8(ascii: "?") {
      place += 1
    } else if current == UInt8(ascii: "+") {
      place += 1
      isPrecise = false  // possessive: less than the language
    }
    if let most = result.most, most < result.least { throw Unsupported() }
    return result
  }

  /// `{2}`, `{2,}`, `{2,5}` at this place, with its length; `nil`: a brace that is text.
  private func bounds() throws(Unsupported) -> ((least: Int, most: Int?), Int)? {
    guard let end = pattern[place...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
    let inside = pattern[(place + 1)..<end]
    // `{,5}` and spaces inside are text in some versions and a quantifier in others.
    let mayBeQuantifier =
      inside.contains { ByteSet.digits.contains($0) }
      && inside.allSatisfy { ByteSet.digits.contains($0) || $0 == 0x2C || $0 == 0x20 || $0 == 0x09 }
    guard mayBeQuantifier else { return nil }
    let parts = inside.split(separator: 0x2C, omittingEmptySubsequences: false)
    guard parts.count <= 2, let least = number(parts[0]) else { throw Unsupported() }
    let length = end - place + 1
    if parts.count == 1 { return ((least, least), length) }
    if parts[1].isEmpty { return ((least, nil), length) }
    guard let most = number(parts[1]) else { throw Unsupported() }
    return ((least, most), length)
  }

  private func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 5, digits.allSatisfy({ ByteSet.digits.contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// `nil`: flags, which cannot be repeated and match nothing.
  private mutating func item() throws(Unsupported) -> PatternNode? {
    switch current {
    case UInt8(ascii: "("): return try group()
    case UInt8(ascii: "["): return try node(characterClass())
    case UInt8(ascii: "\\"):
      place += 1
      return try escape()
    case UInt8(ascii: "."):
      place += 1
      if !dotIsAllButLineFeed { isPrecise = false }
      return node(Character(set: .all, mayBeLong: utf))
    case UInt8(ascii: "^"), UInt8(ascii: "$"):
      place += 1
      isPrecise = false
      return .empty
    default: return node(try textCharacter())
    }
  }

  /// A character that stands for itself.
  private mutating func textCharacter() throws(Unsupported) -> Character {
    let byte = try next()
    guard utf, byte >= 0x80 else { return literal(UInt32(byte)) }
    var code = UInt32(byte)
    let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
    code &= 0x7F >> UInt32(length)
    for _ in 1..<length { code = code << 6 | UInt32(try next() & 0x3F) }
    return literal(code)
  }

  private func literal(_ code: UInt32) -> Character {
    guard code < 0x80 || !utf else {
      return Character(set: .empty, mayBeLong: true, isExact: false, code: code)
    }
    let set = ByteSet(UInt8(truncatingIfNeeded: code))
    return Character(set: set, code: code)
  }

  /// One character as a node; `(?i)` widens it here.
  private mutating func node(_ character: Character) -> PatternNode {
    if let code = character.code, code >= 0x80, utf {
      isPrecise = false
      if flags.ignoresCase { return longCharacter(.letters) }
      return .sequence(Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8).map { .set(ByteSet($0)) })
    }
    var set = character.set
    if flags.ignoresCase, !character.isClass { set = set.caseFolded }
    // Characters beyond ASCII fold to these: U+212A to k, U+017F to s.
    let foldsToLong = utf && flags.ignoresCase && !set.intersection(ByteSet("kKsS".utf8)).isEmpty
    if character.mayBeLong || foldsToLong {
      isPrecise = false
      return longCharacter(set)
    }
    if !character.isExact { isPrecise = false }
    // A line holds no `\n`.
    set.remove(0x0A)
    return .set(set)
  }

  /// A character of one byte in `set`, or of several bytes.
  private func longCharacter(_ set: ByteSet) -> PatternNode {
    var set = set.union(ByteSet.ascii.complement)
    set.remove(0x0A)
    return .repeated(.set(set), least: 1, most: 4)
  }

  private mutating func group() throws(Unsupported) -> PatternNode? {
    let outer = flags
    place += 1
    // Verbs and what may stand at the start of a pattern: they change what the rest means.
    if current == UInt8(ascii: "*") { throw Unsupported() }
    var wrap: (PatternNode) -> PatternNode = { $0 }
    var isNegated = false
    if take("?") {
      switch try next() {
      case UInt8(ascii: ":"), UInt8(ascii: "|"): break
      case UInt8(ascii: ">"): isPrecise = false
      case UInt8(ascii: "="):
        isPrecise = false
        wrap = { .ahead($0) }
      case UInt8(ascii: "!"):
        isPrecise = false
        isNegated = true
      case UInt8(ascii: "<"):
        if take("=") {
          isPrecise = false
          wrap = { .behind($0) }
        } else if take("!") {
          isPrecise = false
          isNegated = true
        } else {
          try name(until: UInt8(ascii: ">"))
        }
      case UInt8(ascii: "'"): try name(until: UInt8(ascii: "'"))
      case UInt8(ascii: "P"):
        if take("<") {
          try name(until: UInt8(ascii: ">"))
        } else if take(">") || take("=") {
          return try anything(until: UInt8(ascii: ")"))
        } else {
          throw Unsupported()
        }
      case UInt8(ascii: "&"), UInt8(ascii: "R"): return try anything(until: UInt8(ascii: ")"))
      case UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try anything(until: UInt8(ascii: ")"))
      case UInt8(ascii: "-"):
        if let byte = current, ByteSet.digits.contains(byte) { return try anything(until: UInt8(ascii: ")")) }
        place -= 1
        if try !setFlags() { return nil }
      case UInt8(ascii: "i"), UInt8(ascii: "m"), UInt8(ascii: "s"), UInt8(ascii: "x"), UInt8(ascii: "n"),
        UInt8(ascii: "J"), UInt8(ascii: "U"), UInt8(ascii: "^"):
        place -= 1
        if try !setFlags() { return nil }
      default: throw Unsupported()  // conditions, callouts, and what later versions add
      }
    }
    let inner = try alternatives()
    guard take(")") else { throw Unsupported() }
    flags = outer
    guard isNegated else { return wrap(inner) }
    negated.append(inner)
    return .empty
  }

  /// - Returns: Whether a group with these flags begins here; else they hold from here on.
  private mutating func setFlags() throws(Unsupported) -> Bool {
    var sets = true
    var new = flags
    if take("^") { new = Flags() }
    while true {
      switch try next() {
      case UInt8(ascii: "-"):
        guard sets else { throw Unsupported() }
        sets = false
      case UInt8(ascii: "i"): new.ignoresCase = sets
      case UInt8(ascii: "x"):
        new.isExtended = sets
        new.isExtendedMore = false
        if take("x") { new.isExtendedMore = sets }
      case UInt8(ascii: "m"), UInt8(ascii: "s"), UInt8(ascii: "n"), UInt8(ascii: "J"), UInt8(ascii: "U"): break
      case UInt8(ascii: ")"):
        flags = new
        return false
      case UInt8(ascii: ":"):
        flags = new
        return true
      default: throw Unsupported()
      }
    }
  }

  private mutating func name(until end: UInt8) throws(Unsupported) {
    while true {
      let byte = try next()
      if byte == end { return }
      guard ByteSet.word.contains(byte) || byte >= 0x80 else { throw Unsupported() }
    }
  }

  /// A call of a group or a reference to what one matched.
  private mutating func anything(until end: UInt8) throws(Unsupported) -> PatternNode {
    try skip(through: end)
    isPrecise = false
    return .anything
  }

  // MARK: Escapes

  /// Behind the backslash, outside a class.
  private mutating func escape() throws(Unsupported) -> PatternNode {
    if let character = try escapedCharacter(inClass: false) { return node(character) }
    switch try next() {
    case UInt8(ascii: "b"):
      if !utf { return .boundary }
      isPrecise = false
      return .empty
    case UInt8(ascii: "G"):
      seesStart = true
      isPrecise = false
      return .empty
    case UInt8(ascii: "B"), UInt8(ascii: "A"), UInt8(ascii: "Z"), UInt8(ascii: "z"), UInt8(ascii: "K"):
      isPrecise = false
      return .empty
    case UInt8(ascii: "R"), UInt8(ascii: "C"):
      isPrecise = false
      return .repeated(.set(ByteSet.all), least: 1, most: 3)
    case UInt8(ascii: "X"):
      isPrecise = false
      return .repeated(.set(ByteSet.all), least: 1, most: nil)
    case UInt8(ascii: "N"):
      guard current != UInt8(ascii: "{") else { throw Unsupported() }
      if !dotIsAllButLineFeed { isPrecise = false }
      return node(Character(set: .all, mayBeLong: utf))
    case UInt8(ascii: "k"): return try reference()
    case UInt8(ascii: "g"):
      if let byte = current, "{<'".utf8.contains(byte) { return try reference() }
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { place += 1 }
      return try numbered()
    case UInt8(ascii: "1")...UInt8(ascii: "9"): return try numbered(least: 0)
    default: throw Unsupported()
    }
  }

  private mutating func reference() throws(Unsupported) -> PatternNode {
    switch try next() {
    case UInt8(ascii: "{"): return try anything(until: UInt8(ascii: "}"))
    case UInt8(ascii: "<"): return try anything(until: UInt8(ascii: ">"))
    case UInt8(ascii: "'"): return try anything(until: UInt8(ascii: "'"))
    default: throw Unsupported()
    }
  }

  /// A reference, or up to three octal digits and text behind them: any bytes in each case.
  private mutating func numbered(least: Int = 1) throws(Unsupported) -> PatternNode {
    let start = place
    while let byte = current, ByteSet.digits.contains(byte) { place += 1 }
    guard place - start >= least else { throw Unsupported() }
    // A quantifier would repeat the last digit only.
    if place - start + 1 - least > 1, let byte = current, "*+?{".utf8.contains(byte) { throw Unsupported() }
    isPrecise = false
    return .anything
  }

  /// An escape that stands for one character, here behind its backslash; `nil`, and nothing taken: it is none.
  private mutating func escapedCharacter(inClass: Bool) throws(Unsupported) -> Character? {
    guard let byte = current else { throw Unsupported() }
    if !ByteSet.letters.union(ByteSet.digits).contains(byte) { return try textCharacter() }
    let start = place
    place += 1
    switch byte {
    case UInt8(ascii: "a"): return literal(0x07)
    case UInt8(ascii: "e"): return literal(0x1B)
    case UInt8(ascii: "f"): return literal(0x0C)
    case UInt8(ascii: "n"): return literal(0x0A)
    case UInt8(ascii: "r"): return literal(0x0D)
    case UInt8(ascii: "t"): return literal(0x09)
    case UInt8(ascii: "x"): return try hexadecimal()
    case UInt8(ascii: "0"): return octal(first: 0, digits: 2)
    case UInt8(ascii: "1")...UInt8(ascii: "7") where inClass:
      let character = octal(first: UInt32(byte - 0x30), digits: 2)
      guard let code = character.code, code < 0x100 else { throw Unsupported() }
      return character
    case UInt8(ascii: "b") where inClass: return literal(0x08)
    case UInt8(ascii: "o"):
      guard take("{") else { throw Unsupported() }
      return try code(radix: 8)
    case UInt8(ascii: "c"):
      let control = try next()
      guard control >= 0x20, control < 0x7F else { throw Unsupported() }
      let upper = ByteSet.lower.contains(control) ? control - 0x20 : control
      return literal(UInt32(upper ^ 0x40))
    case UInt8(ascii: "d"): return shorthand(.digits)
    case UInt8(ascii: "D"): return shorthand(.digits, isNegated: true)
    case UInt8(ascii: "w"): return shorthand(.word)
    case UInt8(ascii: "W"): return shorthand(.word, isNegated: true)
    case UInt8(ascii: "s"): return shorthand(.space)
    case UInt8(ascii: "S"): return shorthand(.space, isNegated: true)
    case UInt8(ascii: "h"): return shorthand(ByteSet(utf ? [0x09, 0x20] : [0x09, 0x20, 0xA0]))
    case UInt8(ascii: "H"): return shorthand(ByteSet(utf ? [0x09, 0x20] : [0x09, 0x20, 0xA0]), isNegated: true)
    case UInt8(ascii: "v"): return shorthand(ByteSet(utf ? [0x0A, 0x0B, 0x0C, 0x0D] : [0x0A, 0x0B, 0x0C, 0x0D, 0x85]))
    case UInt8(ascii: "V"):
      return shorthand(ByteSet(utf ? [0x0A, 0x0B, 0x0C, 0x0D] : [0x0A, 0x0B, 0x0C, 0x0D, 0x85]), isNegated: true)
    case UInt8(ascii: "p"), UInt8(ascii: "P"):
      if take("{") { try skip(through: UInt8(ascii: "}")) } else { place += 1 }
      guard place <= pattern.count else { throw Unsupported() }
      return Character(set: .all, mayBeLong: utf, isExact: false)
    default:
      place = start
      return nil
    }
  }

  private func shorthand(_ set: ByteSet, isNegated: Bool = false) -> Character {
    let bytes = utf ? set.intersection(.ascii) : set
    let result = isNegated ? (utf ? bytes.complement.intersection(.ascii) : bytes.complement) : bytes
    return Character(set: result, mayBeLong: utf)
  }

  private mutating func hexadecimal() throws(Unsupported) -> Character {
    if take("{") { return try code(radix: 16) }
    var code: UInt32 = 0
    for _ in 0..<2 {
      guard let byte = current, let digit = hexValue(byte) else { break }
      code = code << 4 | digit
      place += 1
    }
    return literal(code)
  }

  private mutating func octal(first: UInt32, digits: Int) -> Character {
    var code = first
    for _ in 0..<digits {
      guard let byte = current, (0x30...0x37).contains(byte) else { break }
      code = code << 3 | UInt32(byte - 0x30)
      place += 1
    }
    return literal(code)
  }

  /// `1F600}`: the braces' inside and the closing one.
  private mutating func code(radix: UInt32) throws(Unsupported) -> Character {
    var code: UInt32 = 0
    var count = 0
    while true {
      let byte = try next()
      if byte == UInt8(ascii: "}") { break }
      guard let digit = hexValue(byte), digit < radix, count < 8 else { throw Unsupported() }
      code = code * radix + digit
      count += 1
    }
    guard count > 0, code <= (utf ? 0x10FFFF : 0xFF) else { throw Unsupported() }
    return literal(code)
  }

  private func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - 0x30)
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - 0x61 + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - 0x41 + 10)
    default: nil
    }
  }

  // MARK: Classes

  private mutating func characterClass() throws(Unsupported) -> Character {
    if isAt("[[:<:]]") || isAt("[[:>:]]") { throw Unsupported() }
    place += 1
    let isNegated = take("^")
    var set = ByteSet.empty
    var mayBeLong = false
    var isExact = true
    var isFirst = true
    while true {
      guard let byte = current else { throw Unsupported() }
      if byte == UInt8(ascii: "]"), !isFirst { break }
      if isAt("\\Q") || isAt("\\E") { throw Unsupported() }
      if flags.isExtendedMore, byte == 0x20 || byte == 0x09 { throw Unsupported() }
      isFirst = false
      let character = try classCharacter()
      if let low = character.code, isAt("-"), let after = peek(1), after != UInt8(ascii: "]") {
        place += 1
        if isAt("\\Q") || isAt("\\E") { throw Unsupported() }
        if flags.isExtendedMore, after == 0x20 || after == 0x09 { throw Unsupported() }
        let end = try classCharacter()
        // What `[a-\d]` means is not worth knowing.
        guard let high = end.code, high >= low else { throw Unsupported() }
        let limit: UInt32 = utf ? 0x7F : 0xFF
        if low <= limit { set = set.union(ByteSet(UInt8(low)...UInt8(min(high, limit)))) }
        if high > limit {
          mayBeLong = true
          isExact = false
        }
        continue
      }
      set = set.union(character.set)
      if character.mayBeLong { mayBeLong = true }
      if !character.isExact { isExact = false }
    }
    place += 1
    if flags.ignoresCase {
      set = set.caseFolded
      // U+212A and U+017F fold to ASCII letters.
      if mayBeLong { set = set.union(.letters) }
    }
    guard isNegated else {
      return Character(set: set, mayBeLong: mayBeLong, isExact: isExact, isClass: true)
    }
    // What is left out must be known; what may be too much must not be left out.
    if !isExact || (flags.ignoresCase && mayBeLong) {
      return Character(set: .all, mayBeLong: utf, isExact: false, isClass: true)
    }
    let rest = utf ? set.complement.intersection(.ascii) : set.complement
    return Character(set: rest, mayBeLong: utf, isClass: true)
  }

  private mutating func classCharacter() throws(Unsupported) -> Character {
    if isAt("[:") || isAt("[.") || isAt("[=") { return try posixClass() }
    if take("\\") {
      guard let character = try escapedCharacter(inClass: true) else { throw Unsupported() }
      return character
    }
    return try textCharacter()
  }

  private mutating func posixClass() throws(Unsupported) -> Character {
    guard take("[:") else { throw Unsupported() }
    let isNegated = take("^")
    for (name, set) in Self.posixClasses where isAt(name) {
      place += name.utf8CodeUnitCount
      guard take(":]"), current != UInt8(ascii: "-") else { throw Unsupported() }
      return shorthand(set, isNegated: isNegated)
    }
    throw Unsupported()
  }

  private static let graph = ByteSet(UInt8(0x21)...0x7E)
  private static let posixClasses: [(StaticString, ByteSet)] = [
    ("alpha", .letters), ("lower", .lower), ("upper", .upper), ("alnum", ByteSet.letters.union(.digits)),
    ("ascii", .ascii), ("blank", ByteSet([0x20, 0x09])), ("cntrl", ByteSet(UInt8(0)...0x1F).union(ByteSet(0x7F))),
    ("digit", .digits), ("graph", graph), ("print", graph.union(ByteSet(0x20))),
    ("punct", graph.intersection(ByteSet.letters.union(.digits).complement)), ("space", .space), ("word", .word),
    ("xdigit", ByteSet("0123456789abcdefABCDEF".utf8)),
  ]
}
