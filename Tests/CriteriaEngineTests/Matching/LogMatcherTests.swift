import CriteriaEngine
import Glibc
import Testing

/// What PCRE2 says, pattern by pattern, line by line: nothing of the filter is used.
private func naiveHits(_ regexes: [Regex], _ text: [UInt8]) -> [LogMatcher.Hit] {
  let scanner = RegexScanner()
  var hits: [LogMatcher.Hit] = []
  text.withUnsafeBytes { bytes in
    var start = 0
    while start < bytes.count {
      let newline = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let end = newline > start && bytes[newline - 1] == 0x0D ? newline - 1 : newline
      for (index, regex) in regexes.enumerated() {
        let outcome = scanner.search(regex, in: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        if outcome != .noMatch { hits.append(.init(pattern: index, line: start..<end, outcome: outcome)) }
      }
      start = newline + 1
    }
  }
  return hits
}

extension LogMatcher {
  fileprivate func hits(_ text: [UInt8]) -> [Hit] {
    var hits: [Hit] = []
    text.withUnsafeBytes { bytes in
      // Nothing behind the text may be read: a page that cannot be read follows.
      let pages = (bytes.count / 4096 + 2) * 4096
      let map = mmap(nil, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
      mprotect(map + pages - 4096, 4096, PROT_NONE)
      let copy = UnsafeMutableRawBufferPointer(start: map + pages - 4096 - bytes.count, count: bytes.count)
      copy.copyMemory(from: bytes)
      scan(UnsafeRawBufferPointer(copy)) { hits.append($0) }
      munmap(map, pages)
    }
    return hits
  }
}

/// Pattern sets and real logs beside the repository; `nil` where they are absent.
private let shared: String? = {
  if let data = getenv("CRITERIA_SHARED_DATA") { return String(cString: data) + "/.." }
  var path = #filePath
  for _ in 0..<4 { path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
  path += "/../shared"
  return access(path + "/anchors/logmatch/patterns", R_OK) == 0 && access(path + "/data/logs/loghub", R_OK) == 0
    ? path : nil
}()

private func file(_ path: String, upTo limit: Int = .max) -> [UInt8] {
  guard let file = fopen(path, "r") else { return [] }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while bytes.count < limit {
    let count = fread(&chunk, 1, min(chunk.count, limit - bytes.count), file)
    if count == 0 { break }
    bytes += chunk[..<count]
  }
  return bytes
}

/// The patterns of a set: what is before the first tab of each line.
private func patternSet(_ name: String) throws -> [Regex] {
  let text = String(decoding: file((shared ?? "") + "/anchors/logmatch/patterns/\(name).tsv"), as: UTF8.self)
  return try text.split(separator: "\n").map { try Regex(pattern: String($0.prefix { $0 != "\t" })) }
}

/// All kernels that this machine has, with blocks from a line to many.
private let ways: [(MatchingLevel, Int, Bool)] = MatchingLevel.available.flatMap { level in
  [(level, 1, false), (level, 333, true), (level, 128 << 10, false), (level, 64 << 10, true)]
}

@Suite("matching lines")
struct LogMatcherTests {
  private func expectSame(_ patterns: [String], _ text: [UInt8], sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let regexes = try patterns.map { try Regex(pattern: $0, limits: .steps(20_000)) }
    expectSame(regexes, text, sourceLocation: sourceLocation)
  }

  private func expectSame(_ regexes: [Regex], _ text: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    // Where PCRE2 alone hits its limit, knowing more is no fault; then one more search says what is right.
    let naive = naiveHits(regexes, text)
    let limits = Set(
      naive.filter { $0.outcome == .limit }.map { LogMatcher.Hit(pattern: $0.pattern, line: $0.line, outcome: .match) })
    func comparable(_ hits: [LogMatcher.Hit]) -> [LogMatcher.Hit] {
      hits.filter { $0.outcome == .match && !limits.contains($0) }
    }
    for (level, block, adapts) in ways {
      let matcher = LogMatcher(regexes.map { .init($0) }, block: block, level: level, adapts: adapts)
      let found = comparable(matcher.hits(text))
      let expected = comparable(naive)
      guard found != expected else { continue }
      let missing = Set(expected).subtracting(found).first
      let wrong = Set(found).subtracting(expected).first
      for (what, hit) in [("missing", missing), ("wrong", wrong)] {
        guard let hit else { continue }
        Issue.record(
          "\(what), \(level), block \(block): \(regexes[hit.pattern].pattern.debugDescription) in \(String(decoding: text[hit.line], as: UTF8.self).debugDescription)",
          sourceLocation: sourceLocation)
      }
      if missing == nil, wrong == nil {
        Issue.record("another order: \(level), \(block)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test(
    "line ends, and what may be in lines",
    arguments: [
      ("", []), ("\n", [0..<0]), ("\n\n", [0..<0, 1..<1]), ("end", [0..<3]), ("end\n", [0..<3]), ("end\r\n", [0..<3]),
      ("end\r", [0..<3]), ("\r\n", [0..<0]), ("end\r\r\n", []), ("a end\nend", [0..<5, 6..<9]), ("en\nd", []),
      ("the end\u{0}", []), ("\u{0}end\n", [0..<4]), ("e\u{0}nd", []), ("é end\n", [0..<6]),
    ] as [(String, [Range<Int>])])
  func lines(text: String, expected: [Range<Int>]) throws {
    let bytes = Array(text.utf8)
    let patterns = ["end$", "^$"]
    let regexes = try patterns.map { try Regex(pattern: $0) }
    let found = LogMatcher(regexes.map { .init($0) }).hits(bytes)
    #expect(found.map(\.line) == expected)
    expectSame(regexes, bytes)
  }

  @Test("a match never spans lines, and does not reach into a line's end")
  func spans() throws {
    let text = Array("error\nfailed\r\nerror failed\r\n\nerror\r\n".utf8)
    try expectSame(
      [
        "error.failed", "error\\sfailed", "error\\s", "(?s)error.+", "error[^x]failed", "failed\\b", "failed\\s*$",
        "\\serror",
        "error\\R", "r\\nf", "failed\\W",
      ], text)
  }

  @Test("invalid UTF-8 is bytes, and in characters no match")
  func invalidUTF8() throws {
    let text: [UInt8] =
      Array("disk \u{E9}rror\n".utf8) + [0x64, 0xFF, 0x69, 0x0A] + Array("disk ".utf8) + [0xC3, 0x0A]
    try expectSame(["disk", "d.i", "\\xFF", "disk \\xC3", "disk [^a]", "\\xC3\\xA9rror"], text)
    let regexes = [
      try Regex(pattern: "disk .", utf: true), try Regex(pattern: "érror", utf: true),
      try Regex(pattern: "d.i", utf: true),
    ]
    expectSame(regexes, text)
  }

  @Test("many patterns of all lengths, few and short ones, and ones that nothing is known of")
  func mixtures() throws {
    var dice = PatternDice(seed: 7)
    let words = [
      "disk", "error", "link", "kernel", "timeout", "daemon", "memory", "Failure", "node", "x9", "reset", "0x",
    ]
    func phrase(_ count: Int) -> String {
      (0..<count).map { _ in dice.pick(words) }.joined(separator: dice.pick([" ", ": ", "-"]))
    }
    var patterns: [String] = []
    for _ in 0..<300 {
      let text = phrase(1 + dice.below(5))
      switch dice.below(6) {
      case 0: patterns.append("(?i)" + text)
      case 1: patterns.append(text + " \\d+")
      case 2: patterns.append("\\b" + text + "\\b")
      case 3: patterns.append(text.replacing(" ", with: "\\s+"))
      default: patterns.append(text)
      }
    }
    patterns += ["\\d\\d", "(\\w)\\1", "^$", ".", "\\b\\d{1,3}(\\.\\d{1,3}){3}:\\d{2,5}\\b"]
    var text: [UInt8] = []
    for _ in 0..<400 {
      text += Array((phrase(1 + dice.below(8)) + (dice.chance(30) ? " \(dice.below(1000))" : "")).utf8)
      text += Array(dice.pick(["\n", "\r\n", " 10.0.0.1:8080\n", "\n\n"]).utf8)
    }
    try expectSame(patterns, text)
    try expectSame(Array(patterns.prefix(12)), text)
    try expectSame(Array(patterns.prefix(60)), text)
    try expectSame(patterns.filter { $0.utf8.count < 9 }, text)
  }

  @Test("random patterns over random lines are what PCRE2 says", arguments: 0..<6)
  func randomPatterns(seed: UInt64) throws {
    var random = RandomPatterns(seed: seed + 100)
    for _ in 0..<12 {
      var regexes: [Regex] = []
      while regexes.count < 40 {
        let utf = random.dice.chance(10)
        if let regex = try? Regex(pattern: random.pattern(), utf: utf, limits: .steps(5_000)) { regexes.append(regex) }
      }
      var text: [UInt8] = []
      for _ in 0..<60 {
        if random.dice.chance(60), let node = try? PatternParser.parse(random.dice.pick(regexes).pattern, utf: false) {
          text += random.sample(of: node.root)
        } else {
          text += random.line()
        }
        text += Array(random.dice.pick(["\n", "\n", "\r\n"]).utf8)
      }
      if random.dice.chance(50) { text += random.line() }
      expectSame(regexes, text)
    }
  }

  @Test("a match limit is neither a match nor none, and a line that is too long is one")
  func limits() throws {
    let regex = try Regex(pattern: "x(a+)+$")
    let hostile = Array(("x" + String(repeating: "a", count: 4000) + "b\n").utf8)
    let matcher = LogMatcher([.init(regex), .init(try Regex(pattern: "aab"))], longestLine: 5000)
    #expect(matcher.hits(hostile).map(\.outcome) == [.limit, .match])
    let long = Array(("x" + String(repeating: "a", count: 6000) + "\n").utf8)
    #expect(matcher.hits(long).map(\.outcome) == [.limit])
    #expect(matcher.hits(Array("xaaa\n".utf8)).map(\.outcome) == [.match])
  }

  @Test(
    "a pattern that explodes is unknown of a line that makes it, not `no match`",
    arguments: [
      ("(a+)+$", "", "a", "!"), ("(?:a|b)+[:=]", "", "ab", "!a:"), ("(a*)*b", "", "a", "!b"),
      ("(a|a)*b", "", "a", "!b"), ("(a|aa)+$", "", "a", "!"), ("(.*)*x=\\d", "x=1", "a", ""),
      ("^(\\w+\\s?)*$", "", "word ", "!"), ("(\\w+)+:", "", "w", "!w:"), ("([a-z]+)*\\d", "", "a", "!1"),
      ("(.*a){12}x", "ax", "a", ""), ("(x+x+)+y", "", "x", "!xxy"), ("^(([a-z])+.)+[A-Z]([a-z])+$", "", "a", " Ab!"),
      ("(?:.*,){10}P", ",P", "1,", ""), ("(\\d+)+ms", "", "1", "!1ms"), ("([^=]+=?)+;", "", "a", "==a=;"),
      ("(\\S+\\s*)+end$", "", "a", " end!"), ("((ab)*)*c", "", "ab", "!c"),
      ("(a?){30}a{30}x", "", "a", "!aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaax"), ("(.+)\\1+x", "", "ab", "!aax"),
      ("(\\w+)\\w*\\1x", "", "ab", "!aax"), ("(?=(a+))a*b\\1", "", "a", "!aba"),
      ("\"(\\w+|[^\"])*\"x", "\"x\"", "a", "!x"), ("(.*a.*a.*a)*b=", "b=", "a", ""), (".*a.*a.*a.*b=", "b=", "a", ""),
      ("\\w+\\w+\\w+\\w+b=", "", "a", "!wwwwb="), ("\\w+\\w+b=", "", "a", "!wwb="), ("\\S+.*bar", "! bar ", "a", ""),
      ("(?:\\w+\\.?)*\\w+@x", "", "a.", "!aa@x"), ("^(\\s*\\w+\\s*;?)+$", "", "w ", "!"),
      ("^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*@", "", "a", "!@"),
    ])
  func explosions(pattern: String, before: String, pump: String, after: String) throws {
    let regex = try Regex(pattern: pattern)
    let matcher = LogMatcher([.init(regex)])
    // How long it takes, the benchmark `match --hostile` tells. Where longer lines are not searched, those that are.
    for length in [16_384, min(16_384, regex.longestSubject)] {
      let copies = (length - before.utf8.count - after.utf8.count) / pump.utf8.count
      let line = before + String(repeating: pump, count: copies) + after
      let outcome = matcher.search(0, in: line)
      #expect(outcome == .limit || (outcome == .match && length < 16_384), "\(length) bytes: \(outcome)")
      #expect(matcher.hits(Array(line.utf8)).map(\.outcome) == [outcome])
    }
  }

  @Test(
    "what a pattern may do decides how long lines may be that it is searched in",
    arguments: [
      (#"Killed process \d+ \((.*)\)"#, Int.max), (#"(?:a|b)+[:=]"#, 1095), (#"\w+\w+b="#, 1732),
      (#"\b(\w{6,})\b.*\b\1\b"#, 424), (#"^(\S+) .* \1\b"#, 424), (#"([0-9a-f])\1{3,}"#, 424), (#"(\w+)=\w*;\1"#, 424),
      (#"(\w+)\w*\1x"#, 100), (#"(.+)\1+x"#, 100), (#"(.*)(.*)\1\2x"#, 100), (#"((a|b)+)\1x"#, 100),
      (#"^(\S+) .* \1 \S+$"#, 424), (#"(\w+): \d+ ?"#, Int.max), (#"(\w+) \1 ?"#, 424), (#"x(?!(\w+)\w*\1y)"#, 100),
      (#"a(?!(?:a|b)+[:=])"#, 1095), (#"(?:(\w+)|-)\w*\1x"#, 100), (#"(?:(\w+)\w*)?\1x"#, 100),
      (#"(\w{1,64})\w{1,64}\1x"#, 100), (#"(\w{1,8}) .* \1"#, 424), (#"(<)?user=(\w+)(?(1)>) failed"#, 1095),
      (#"(a|b)+(?1)+x"#, 424), (#"\((?:[^()\n]++|(?R))*\)$"#, 424), (#"(*UCP)(\w+)\w*\1x"#, 100),
    ])
  func longestSubject(pattern: String, longest: Int) throws {
    #expect(try Regex(pattern: pattern).longestSubject == longest)
  }

  @Test(
    "in characters the same holds as in bytes",
    arguments: [
      (#"Killed process \d+ \((.*)\)"#, Int.max), (#"^(\S+) .* \1\b"#, 424), (#"(\w+)\w*\1x"#, 100),
      (#"(?:a|b)+[:=]"#, 1095),
    ])
  func longestSubjectOfCharacters(pattern: String, longest: Int) throws {
    #expect(try Regex(pattern: pattern, utf: true).longestSubject == longest)
  }

  @Test(
    "a line longer than `max_line` that holds what the pattern requires is unknown",
    arguments: [
      ("Killed process \\d+", "Killed process 12", 17, MatchOutcome.match),
      ("Killed process \\d+", "Killed process 123", 17, .limit),
      ("Killed process \\d+", "Killed procesz 123", 17, .noMatch),
      ("Killed process", "Killed process 123", 17, .match), ("(\\w)\\1", "aabb", 3, .limit),
    ])
  func longestLine(pattern: String, line: String, longest: Int, expected: MatchOutcome) throws {
    var limits = PatternLimits()
    limits.line = longest
    let matcher = LogMatcher([.init(try Regex(pattern: pattern, limits: limits))])
    #expect(matcher.search(0, in: line) == expected)
    #expect(matcher.hits(Array(line.utf8)).map(\.outcome) == (expected == .noMatch ? [] : [expected]))
  }

  @Test("wherever a block ends, the hits are the same")
  func everyBlock() throws {
    let regexes = try ["end$", "^$", "(?i)panic", "\\b5\\d\\d\\b", "a.*z", "(\\w)\\1", "Killed process \\d+ \\("].map {
      try Regex(pattern: $0)
    }
    let text = Array(
      "the end\r\n\n512 PANIC\na z\n\u{0}end\nKilled process 12 (java)\n\r\naa\nxend \nend\r\nKilled process 5 (x".utf8)
    let expected = naiveHits(regexes, text)
    #expect(expected.count > 8)
    for level in MatchingLevel.available {
      for block in 1...(text.count + 1) {
        let matcher = LogMatcher(regexes.map { .init($0) }, block: block, level: level)
        #expect(matcher.hits(text) == expected, "\(level), blocks of \(block)")
      }
    }
  }

  @Test(
    "a pattern that explodes is found by a line that shows it",
    arguments: [
      ("(a+)+$", true), ("^(\\w+\\s?)*$", true), ("(a|a)*b", true), ("x(\\w+)+:", true), ("(.*a){12}x", true),
      ("(\\S+\\s*)+end$", true),
      ("Killed process (\\d+)", false), ("^\\w+(?:\\s\\w+)*$", false), ("(?:foo|bar)+", false),
      ("\\b(\\d{1,3}\\.){3}\\d+", false),
      ("error: .* in \\S+ at \\d+", false), ("", false),
    ])
  func explodingLine(pattern: String, explodes: Bool) throws {
    let regex = try Regex(pattern: pattern)
    let line = regex.explodingLine()
    #expect((line != nil) == explodes, "\(line ?? "")")
    if let line { #expect(RegexScanner().search(regex, in: line) == .limit) }
  }

  @Test("a line of 64 MiB is one line")
  func longLine() throws {
    var text = [UInt8](repeating: UInt8(ascii: "-"), count: 64 << 20)
    text.replaceSubrange((text.count - 6)..., with: Array("error\n".utf8))
    let matcher = LogMatcher([.init(try Regex(pattern: "error")), .init(try Regex(pattern: "error$"))])
    var hits: [LogMatcher.Hit] = []
    text.withUnsafeBytes { bytes in matcher.scan(bytes) { hits.append($0) } }
    #expect(hits.map(\.line) == [0..<(text.count - 1), 0..<(text.count - 1)])
  }

  @Test(
    "real patterns are filtered", .enabled(if: shared != nil, "../shared is absent"),
    arguments: [("npd16", 16), ("web12", 10), ("wide100", 100), ("wide1000", 900)])
  func fraction(set: String, least: Int) throws {
    let regexes = try patternSet(set)
    #expect(regexes.count { $0.analysis.requirement != nil } >= least)
  }

  @Test(
    "real patterns over real logs are what PCRE2 says", .enabled(if: shared != nil, "../shared is absent"),
    arguments: [("npd16", 40_000), ("web12", 40_000), ("wide100", 20_000), ("wide1000", 8_000), ("hard8", 8_000)])
  func realLogs(set: String, bytes: Int) throws {
    let regexes = try patternSet(set)
    var text: [UInt8] = []
    for system in ["Linux", "Apache", "BGL", "HDFS", "OpenStack", "Windows", "Zookeeper", "HealthApp"] {
      for path in ["/\(system).log", "/\(system)/\(system)_2k.log", "/\(system)/\(system).log"] {
        text += file((shared ?? "") + "/data/logs/loghub" + path, upTo: bytes)
      }
    }
    #expect(text.count > bytes)
    expectSame(regexes, text)
  }

  @Test("a search of one line is what a scan finds")
  func search() throws {
    let patterns = ["Killed process (\\d+)", "(?i)\\berror\\b", "^\\S+ x", "5\\d\\d"]
    let matcher = LogMatcher(try patterns.map { .init(try Regex(pattern: $0)) })
    for line in ["Killed process 12", "an Error", "a x", "x 512 y", "", "terror", "error\nKilled process 3"] {
      for index in patterns.indices {
        let regex = matcher.patterns[index].regex
        #expect(
          matcher.search(index, in: line) == RegexScanner().search(regex, in: line), "\(patterns[index]) in \(line)")
      }
    }
  }
}
