@_spi(Internals) import CriteriaEngine

/// Patterns that explode, each with what it is fed: published examples of catastrophic backtracking, and kin of theirs.
private let hostile: [(pattern: String, pump: String)] = [
  ("(a+)+$", "a"), ("(?:a|b)+[:=]", "ab"), ("(a*)*b", "a"), ("(a|a)*b", "a"), ("(a|aa)+$", "a"), ("(.*)*x=\\d", "a"),
  ("^(\\w+\\s?)*$", "word "), ("(\\w+)+:", "w"), ("([a-z]+)*\\d", "a"), ("(.*a){12}x", "a"), ("(x+x+)+y", "x"),
  ("^(([a-z])+.)+[A-Z]([a-z])+$", "a"), ("(?:.*,){10}P", "1,"), ("(\\d+)+ms", "1"), ("([^=]+=?)+;", "a"),
  ("(\\S+\\s*)+end$", "a "), ("((ab)*)*c", "ab"), ("(a?){30}a{30}x", "a"), ("(.+)\\1+x", "ab"),
  ("(\\w+)\\w*\\1x", "ab"),
  ("(?=(a+))a*b\\1", "a"), ("\"(\\\\.|[^\"])*\"x", "\\\""), (".*a.*a.*b=", "a"), ("\\w+\\w+\\w+b=", "a"),
  ("^(?:[^,]*,)*x$", "a,"), ("(?:\\w+\\.)*\\w+@x", "a."),
]

/// Prints the worst time that a line of 16 KiB takes each of them, and what the answer is: a line is searched five times, and the
/// least counts.
func runHostile() throws {
  var rows: [String] = []
  var worst = 0.0
  for (pattern, pump) in hostile {
    let matcher = try MatchingBenchmark([pattern])
    var slowest = 0.0
    var limits = 0
    var hits = 0
    let body = String(repeating: pump, count: 16_384 / pump.utf8.count)
    // With all that a pattern looks for at an end, so that nothing can tell at once.
    let needs = "! =1 b d y x;: ms end foo c P \" =b x @x"
    for line in [body, body + "!", "\"" + body + needs, needs + body, needs + body + needs] {
      let bytes = Array(line.utf8)
      bytes.withUnsafeBytes { text in
        var best = Double.infinity
        for _ in 0..<5 {
          let time = ContinuousClock().measure { _ = matcher.hits(in: text) }
          best = min(best, Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) * 1e-15)
        }
        let found = matcher.hits(in: text)
        limits += found.limits
        hits += found.counts[0]
        slowest = max(slowest, best)
      }
    }
    worst = max(worst, slowest)
    rows.append(
      "{\"pattern\":\(quoted(pattern)),\"worstMilliseconds\":\(thousandths(slowest)),\"unknown\":\(limits),\"matches\":\(hits),\"noMatch\":\(5 - limits - hits)}"
    )
  }
  print(
    "{\"bytesPerLine\":16384,\"worstMilliseconds\":\(thousandths(worst)),\"patterns\":[\n\(rows.joined(separator: ",\n"))]}"
  )
}
