import Glibc

// What the fuzzers in Tests/Fuzz call. `package` symbols are invisible to other packages.

/// Takes the first lines of some bytes, up to an empty one, as patterns, and the rest as a log: on each kernel and with blocks
/// of any size, the hits must be PCRE2's.
@_spi(Internals) public func fuzzMatching(_ bytes: UnsafeRawBufferPointer) {
  var regexes: [Regex] = []
  var place = 0
  var limits = PatternLimits()
  limits.steps = 2000
  while place < bytes.count {
    let end = bytes[place...].firstIndex(of: 0x0A) ?? bytes.count
    let line = bytes[place..<end]
    place = end + 1
    if line.isEmpty { break }
    guard regexes.count < 12 else { continue }
    let isUTF = line.first == UInt8(ascii: "~")
    let text = String(decoding: isUTF ? line.dropFirst() : line, as: UTF8.self)
    if let regex = try? Regex(pattern: text, utf: isUTF, limits: limits) { regexes.append(regex) }
  }
  let text = UnsafeRawBufferPointer(rebasing: bytes[min(place, bytes.count)...])
  // Where PCRE2 alone meets its limit, to know more is no fault.
  var expected: Set<LogMatcher.Hit> = []
  var open: Set<LogMatcher.Hit> = []
  let scanner = RegexScanner()
  var start = 0
  while start < text.count {
    let newline = text[start...].firstIndex(of: 0x0A) ?? text.count
    let line = start..<(newline > start && text[newline - 1] == 0x0D ? newline - 1 : newline)
    for (index, regex) in regexes.enumerated() {
      let hit = LogMatcher.Hit(pattern: index, line: line, outcome: .match)
      switch scanner.search(regex, in: UnsafeRawBufferPointer(rebasing: text[line])) {
      case .match: expected.insert(hit)
      case .limit: open.insert(hit)
      case .noMatch: break
      }
    }
    start = newline + 1
  }
  for level in MatchingLevel.available {
    for block in [1, 50, 1 << 17] {
      let matcher = LogMatcher(regexes.map { .init($0) }, block: block, level: level)
      var found: Set<LogMatcher.Hit> = []
      matcher.scan(text) { if $0.outcome == .match { found.insert($0) } }
      precondition(
        found.subtracting(open) == expected.subtracting(open),
        "\(level), block \(block): \(found.symmetricDifference(expected).map { (regexes[$0.pattern].pattern, $0.line) })"
      )
    }
  }
}

/// Takes bytes as a pattern: reading it, finding what it requires and how it explodes must end.
@_spi(Internals) public func fuzzPattern(_ bytes: UnsafeRawBufferPointer) {
  let text = String(decoding: bytes.prefix(400), as: UTF8.self)
  for isUTF in [false, true] {
    _ = PatternAnalysis(text, utf: isUTF)
    _ = (try? Regex(pattern: text, utf: isUTF))?.explodingLine()
  }
}
