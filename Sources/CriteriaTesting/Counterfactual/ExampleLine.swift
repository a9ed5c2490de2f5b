package import CriteriaEngine

/// A line that a pattern matches, as short and plain as its syntax allows; `nil` where the syntax is not understood well enough.
///
/// What it proposes is searched: only a line that does match is returned.
package func exampleLine(for regex: Regex) -> String? {
  guard let parsed = try? PatternParser.parse(regex.pattern, utf: regex.isUTF) else { return nil }
  guard let bytes = example(of: parsed.root), let text = String(validating: bytes, as: UTF8.self) else { return nil }
  return RegexScanner().search(regex, in: text) == .match ? text : nil
}

/// - Returns: `nil`: nothing is in its language.
private func example(of node: PatternNode) -> [UInt8]? {
  switch node {
  case .empty, .anything, .ahead, .behind: return []
  case .boundary: return []
  case .set(let set): return representative(of: set).map { [$0] }
  case .sequence(let parts):
    var bytes: [UInt8] = []
    for part in parts {
      guard let more = example(of: part) else { return nil }
      bytes += more
    }
    return bytes
  case .alternatives(let branches): return branches.lazy.compactMap { example(of: $0) }.first
  case .repeated(let inner, let least, let most):
    // One where none will do reads more like a log line: `(?<ms>\d*)`.
    let count = max(least, min(1, most ?? 1))
    guard let once = example(of: inner) else { return least == 0 ? [] : nil }
    return Array(repeatElement(once, count: min(count, 1000)).joined())
  }
}

/// A letter, a digit, or else what can be printed.
private func representative(of set: ByteSet) -> UInt8? {
  let preferred: [ClosedRange<UInt8>] = [0x31...0x39, 0x61...0x7A, 0x41...0x5A, 0x30...0x30, 0x20...0x7E]
  // A set of one letter in both cases is that letter without regard to case.
  for range in preferred {
    if let byte = set.bytes.first(where: { range.contains($0) }) { return byte }
  }
  return set.bytes.first { $0 != 0x0A && $0 < 0x80 }
}
