import CriteriaEngine

/// A line that a pattern matches, where that is easy: the first alternative, everything optional left out.
///
/// - Returns: `nil` if what came out does not match: look-arounds, back-references, rare escapes.
func sampleLine(of pattern: String) -> String? {
  var sampler = PatternSampler(Array(pattern.unicodeScalars))
  let line = sampler.alternatives()
  guard let regex = try? Regex(pattern: pattern, utf: true),
    RegexScanner().search(regex, in: line) == .match, !line.isEmpty
  else { return nil }
  return line
}

private struct PatternSampler {
  private let scalars: [Unicode.Scalar]
  private var place = 0

  init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    place += 1
    return true
  }

  /// Up to the closing bracket or the end; only the first counts.
  mutating func alternatives() -> String {
    let first = sequence()
    while take("|") { _ = sequence() }
    return first
  }

  private mutating func sequence() -> String {
    var text = ""
    while let scalar = next, scalar != "|", scalar != ")" {
      let atom = atom()
      text += String(repeating: atom, count: repetitions())
    }
    return text
  }

  private mutating func atom() -> String {
    defer { place += 1 }
    let scalar = scalars[place]
    switch scalar {
    case "^", "$": return ""
    case ".": return "x"
    case "\\": return escape()
    case "[": return characterClass()
    case "(": return group()
    default: return String(scalar)
    }
  }

  /// Ends on its last scalar.
  private mutating func escape() -> String {
    place += 1
    guard let scalar = next else { return "" }
    switch scalar {
    case "d": return "1"
    case "w", "S", "D", "N": return "x"
    case "s", "h", "W": return " "
    case "b", "B", "A", "z", "Z", "G", "K": return ""
    case "t": return "\t"
    default: return String(scalar)
    }
  }

  private mutating func characterClass() -> String {
    place += 1
    let isNegated = take("^")
    var members: [String] = []
    while place < scalars.count, scalars[place] != "]" || members.isEmpty {
      members.append(scalars[place] == "\\" ? escape() : String(scalars[place]))
      place += 1
    }
    if !isNegated { return members.first ?? "" }
    return ["x", "1", " ", "-"].first { !members.contains($0) } ?? "x"
  }

  private mutating func group() -> String {
    place += 1
    var isLook = false
    if take("?") {
      if take(":") || take("i") || take("s") || take("m") || take("x") {
        while let scalar = next, scalar != ")", scalar != ":", scalars[place - 1] != ":" { place += 1 }
        _ = scalars[place - 1] != ":" && take(":")
      } else if take("P") || next == "<" || next == "'" {
        place += 1
        if next == "=" || next == "!" {
          isLook = true
        } else {
          while let scalar = next, scalar != ">", scalar != "'" { place += 1 }
        }
        place += 1
      } else {
        isLook = true
        place += 1
      }
    }
    let text = place <= scalars.count ? alternatives() : ""
    // The closing bracket is where the atom ends.
    return isLook ? "" : text
  }

  private mutating func repetitions() -> Int {
    guard let scalar = next else { return 1 }
    var count = 1
    switch scalar {
    case "*", "?": count = 0
    case "+": count = 1
    case "{":
      let digits = scalars[(place + 1)...].prefix { $0.value >= 0x30 && $0.value <= 0x39 }
      guard !digits.isEmpty else { return 1 }
      count = min(Int(String(String.UnicodeScalarView(digits))) ?? 1, 100)
      while let scalar = next, scalar != "}" { place += 1 }
    default: return 1
    }
    place += 1
    // Lazy and possessive ones match the same.
    _ = take("?") || take("+")
    return count
  }
}
