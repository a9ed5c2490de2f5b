@_spi(Internals) import CriteriaEngine

/// A pattern that explodes, and the line that makes it: `before`, many of `pump`, `after`. Somewhere the line holds all that the
/// pattern requires, so that nothing can tell at once; but it lies where backtracking does not get to.
private struct Hostile {
  let pattern: String
  let before: String
  let pump: String
  let after: String

  init(_ pattern: String, _ before: String, _ pump: String, _ after: String) {
    (self.pattern, self.before, self.pump, self.after) = (pattern, before, pump, after)
  }

  func line(_ length: Int) -> [UInt8] {
    let copies = max(0, length - before.utf8.count - after.utf8.count) / pump.utf8.count
    return Array((before + String(repeating: pump, count: copies) + after).utf8)
  }
}

/// Published examples of catastrophic backtracking, and kin of theirs.
private let hostile: [Hostile] = [
  Hostile("(a+)+$", "", "a", "!"), Hostile("(?:a|b)+[:=]", "", "ab", "!a:"), Hostile("(a*)*b", "", "a", "!b"),
  Hostile("(a|a)*b", "", "a", "!b"), Hostile("(a|aa)+$", "", "a", "!"), Hostile("(.*)*x=\\d", "x=1", "a", ""),
  Hostile("^(\\w+\\s?)*$", "", "word ", "!"), Hostile("(\\w+)+:", "", "w", "!w:"),
  Hostile("([a-z]+)*\\d", "", "a", "!1"),
  Hostile("(.*a){12}x", "ax", "a", ""), Hostile("(x+x+)+y", "", "x", "!xxy"),
  Hostile("^(([a-z])+.)+[A-Z]([a-z])+$", "", "a", " Ab!"), Hostile("(?:.*,){10}P", ",P", "1,", ""),
  Hostile("(\\d+)+ms", "", "1", "!1ms"), Hostile("([^=]+=?)+;", "", "a", "==a=;"),
  Hostile("(\\S+\\s*)+end$", "", "a", " end!"),
  Hostile("((ab)*)*c", "", "ab", "!c"),
  Hostile("(a?){30}a{30}x", "", "a", "!" + String(repeating: "a", count: 40) + "x"),
  Hostile("(.+)\\1+x", "", "ab", "!aax"), Hostile("(\\w+)\\w*\\1x", "", "ab", "!aax"),
  Hostile("(?=(a+))a*b\\1", "", "a", "!aba"), Hostile("\"(\\w+|[^\"])*\"x", "\"x\"", "a", "!x"),
  Hostile("(.*a.*a.*a)*b=", "b=", "a", ""), Hostile(".*a.*a.*a.*b=", "b=", "a", ""),
  Hostile("\\w+\\w+\\w+\\w+b=", "", "a", "!wwwwb="), Hostile("(?:\\w+\\.?)*\\w+@x", "", "a.", "!aa@x"),
  Hostile("^(\\s*\\w+\\s*;?)+$", "", "w ", "!"),
  Hostile("^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*@", "", "a", "!@"),
]

private enum Verdict: String { case match, noMatch, unknown }

private func verdict(_ line: [UInt8], _ search: (UnsafeRawBufferPointer) -> (counts: [Int], limits: Int)) -> Verdict {
  let found = line.withUnsafeBytes(search)
  return found.limits > 0 ? .unknown : found.counts[0] > 0 ? .match : .noMatch
}

/// Milliseconds: the least of five.
private func time(_ line: [UInt8], _ matcher: MatchingBenchmark) -> Double {
  line.withUnsafeBytes { text in
    (0..<5).map { _ in
      let time = ContinuousClock().measure { _ = matcher.hits(in: text) }
      return Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) * 1e-15
    }.min()!
  }
}

/// Prints of each pattern the worst time that a line of 16 KiB takes, and what is said of the line aimed at it. A pattern that can
/// explode is not searched in lines beyond a length of its own: the aimed line of that length is timed too, where PCRE2 itself
/// must give up.
///
/// Fails if an aimed line is said not to match which PCRE2 alone, with ten times the steps, does not say of it.
func runHostile() throws {
  let length = 16_384
  var rows: [String] = []
  var worst = 0.0
  var worstSearched = 0.0
  for one in hostile {
    let matcher = try MatchingBenchmark([one.pattern])
    let patient = try MatchingBenchmark([one.pattern], steps: 1_000_000)
    let aimed = one.line(length)
    let longest = min(length, matcher.longestSubjects[0])
    let searched = one.line(longest)
    let body = Array(String(repeating: one.pump, count: length / one.pump.utf8.count).utf8)
    let slowest = [aimed, body, body + Array("!".utf8)].map { time($0, matcher) }.max()!
    let slowestSearched = time(searched, matcher)
    worst = max(worst, slowest)
    worstSearched = max(worstSearched, slowestSearched)
    let said = verdict(aimed, matcher.hits)
    let saidOfSearched = verdict(searched, matcher.hits)
    let alone = verdict(searched, patient.naiveHits)
    for (line, said) in [(aimed, said), (searched, saidOfSearched)] where said == .noMatch {
      if verdict(line, patient.naiveHits) != .noMatch {
        fail("`\(one.pattern)` says that a line does not match, and cannot know")
      }
    }
    rows.append(
      "{\"pattern\":\(quoted(one.pattern)),\"class\":\(quoted(matcher.classes[0])),\"worstMilliseconds\":\(thousandths(slowest))"
        + ",\"verdict\":\"\(said)\",\"longestSearched\":\(longest),\"millisecondsThere\":\(thousandths(slowestSearched)),\"verdictThere\":\"\(saidOfSearched)\""
        + ",\"withTenTimesTheSteps\":\"\(alone)\"}")
  }
  print(
    "{\"bytesPerLine\":\(length),\"patterns\":\(hostile.count),\"worstMilliseconds\":\(thousandths(worst)),\"worstOfLongestSearched\":\(thousandths(worstSearched)),\"lines\":[\n"
      + rows.joined(separator: ",\n") + "]}")
}
