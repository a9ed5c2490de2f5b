import CriteriaEngine

/// A small deterministic generator, so that a failure can be had again.
struct PatternDice: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }

  mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }
  mutating func pick<C: RandomAccessCollection>(_ items: C) -> C.Element {
    items[items.index(items.startIndex, offsetBy: below(items.count))]
  }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// Random patterns of all that PCRE2 has, over few letters, so that random text matches now and then.
struct RandomPatterns {
  var dice: PatternDice
  private var groups = 0

  init(seed: UInt64) { dice = PatternDice(seed: seed) }

  mutating func pattern() -> String {
    groups = 0
    if dice.chance(15) { return soup() }
    let flags = dice.chance(20) ? dice.pick(["(?i)", "(?x)", "(?s)", "(?m)", "(?xi)", "(?n)", "(?U)"]) : ""
    return flags + alternatives(0)
  }

  /// Tokens in any order: most are not even patterns.
  private mutating func soup() -> String {
    let tokens = [
      "a", "b", "ab", "error", "5", "\\d", "\\w", "\\b", "(", ")", "(?:", "(?i)", "(?-i)", "(?i:", "[", "]", "[^", "-",
      "|",
      "*", "+", "?", "{2}", "{1,2}", "{,2}", "{", "}", "\\Q", "\\E", "\\", "^", "$", ".", "(?=", "(?!", "(?<=", "(?<!",
      "(?>", "(?|", "\\1", "\\g{1}", "(?R)", "(?1)", "(?x)", " ", "#", "\\x41", "\\x{62}", "\\0", "\\12", "\\K", "\\R",
      "(*ACCEPT)", "(*COMMIT)", "(*F)", "(?#c)", "[:alpha:]", "\\G", "\\A", "\\Z", "\\N", "\\h", "\\H", "(?(1)a|b)",
      "++",
      "\\cA", "\\o{101}", "\\p{L}", "\\B", "\n", "é",
    ]
    return (0..<(1 + dice.below(9))).map { _ in dice.pick(tokens) }.joined()
  }

  private mutating func alternatives(_ depth: Int) -> String {
    let count = dice.chance(25) ? 2 + dice.below(2) : 1
    return (0..<count).map { _ in branch(depth) }.joined(separator: "|")
  }

  private mutating func branch(_ depth: Int) -> String {
    (0..<(1 + dice.below(depth == 0 ? 5 : 3))).map { _ in item(depth) }.joined()
  }

  private mutating func item(_ depth: Int) -> String {
    let quantifier =
      dice.chance(25)
      ? dice.pick(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "++", "?+", "{0}", "{3,9}"]) : ""
    switch dice.below(depth < 3 ? 16 : 9) {
    case 0, 1:
      return dice.pick(["error", "fail", "ab", "Killed", "disk", "a b", "x-y", ": ", "kernel", "sS"]) + quantifier
    case 2: return dice.pick(["[ab]{1,3}", "(?:a|b|5|k){1,2}", "(?:-\\d{1,3}){3}", "\\d{1,3}"])
    case 3: return dice.pick(["a", "b", "5", "k", " ", "-", "é", "\\.", "\\[", "S"]) + quantifier
    case 4:
      return dice.pick([
        "[abc]", "[^a]", "[a-f]", "[]x]", "[^]x]", "[\\d-]", "[[:alpha:]]", "[[:^digit:]5]", "[\\w.]", "[k-s]",
        "[\\x41-\\x43]",
        "[é]", "[^\\s]", "[a\\]b]", "[\\b]", "[\\101]", "[-a]", "[^\\W]", "[\\D]",
      ]) + quantifier
    case 5: return dice.pick(["\\d", "\\w", "\\s", "\\S", "\\D", "\\W", "\\h", "\\v", "\\R", "\\N", "."]) + quantifier
    case 6: return dice.pick(["\\b", "^", "$", "\\B", "\\A", "\\z", "\\b", "\\K", "\\b"])
    case 7: return dice.pick(["\\Qa.b\\E", "\\x41", "\\x{62}", "\\t", "\\101", "\\cM", "\\e", "\\Q*\\E", "(?#note)"])
    case 8: return groups > 0 && dice.chance(50) ? "\\\(1 + dice.below(groups))" : "ab"
    case 9: return "(?:" + alternatives(depth + 1) + ")" + quantifier
    case 10:
      groups += 1
      return (dice.chance(50) ? "(" : "(?<g\(groups)>") + alternatives(depth + 1) + ")" + quantifier
    case 11:
      return dice.pick(["(?=", "(?!", "(?>", "(?|"]) + alternatives(depth + 1) + ")"
        + (dice.chance(90) ? "" : quantifier)
    case 12: return dice.pick(["(?<=ab)", "(?<!a)", "(?<=\\d)", "(?<=error )", "(?<!k|s)"])
    case 13: return dice.pick(["(?i)", "(?-i)", "(?i:" + alternatives(depth + 1) + ")", "(?^)", "(?x: a b )"])
    case 14:
      return dice.chance(20) ? dice.pick(["(?R)?", "(?1)", "\\g<1>", "(*ACCEPT)", "(*SKIP)", "(*PRUNE)"]) : "error"
    default:
      // Products of these are more than an analysis can list.
      return dice.pick(["[ab]{1,3}", "(?:a|b|5|k){1,2}", "(?:-\\d{1,3}){3}", "(?:a|bc|5-){2}", "\\d{1,3}", "error"])
    }
  }

  /// A line without `\n`, of what patterns are made of.
  mutating func line() -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<dice.below(14) {
      switch dice.below(12) {
      case 0: bytes.append(UInt8.random(in: 0...255, using: &dice))
      case 1: bytes += Array("\r".utf8)
      case 2: bytes += Array(dice.pick(["é", "\u{17F}", "\u{212A}", "É"]).utf8)
      case 3, 4, 5:
        bytes += Array(dice.pick(["error", "ERROR", "fail", "Killed", "disk", "kernel", "x-y", "a b"]).utf8)
      default: bytes.append(dice.pick(Array("aabbcABCkKsS5501 -:.*_\t[]".utf8)))
      }
    }
    return bytes.filter { $0 != 0x0A }
  }

  /// A string of the language that the analysis takes a pattern to have, between others.
  mutating func sample(of node: PatternNode) -> [UInt8] {
    var bytes = dice.chance(50) ? line() : []
    append(node, to: &bytes)
    if dice.chance(50) { bytes += line() }
    return bytes.filter { $0 != 0x0A }
  }

  private mutating func append(_ node: PatternNode, to bytes: inout [UInt8]) {
    guard bytes.count < 400 else { return }
    switch node {
    case .empty, .boundary, .ahead, .behind: break
    case .set(let set):
      let members = set.bytes
      let plain = members.filter { "ab5kS e".utf8.contains($0) }
      if !members.isEmpty { bytes.append(dice.pick(plain.isEmpty || dice.chance(30) ? members : plain)) }
    case .anything: bytes += dice.chance(50) ? line() : []
    case .sequence(let nodes): for node in nodes { append(node, to: &bytes) }
    case .alternatives(let nodes): append(dice.pick(nodes), to: &bytes)
    case .repeated(let node, let least, let most):
      let more = min(3, (most ?? least + 3) - least)
      for _ in 0..<min(12, least + (more > 0 ? dice.below(more + 1) : 0)) { append(node, to: &bytes) }
    }
  }
}

extension PatternLimits {
  static func steps(_ steps: Int) -> PatternLimits {
    var limits = PatternLimits()
    limits.steps = steps
    return limits
  }
}
