extension Regex {
  /// A short line on which the pattern meets its match limit, if one is found: its steps explode.
  ///
  /// - Complexity: Some dozens of searches up to the limit, each well under a millisecond with the default one.
  package func explodingLine() -> String? {
    // With one repetition the steps from one place are no more than the line is long.
    guard let root = try? PatternParser.parse(pattern, utf: isUTF).root, root.degree > 1 else { return nil }
    var search = ExplosionSearch(regex: self)
    search.visit(root, before: [], after: [])
    return search.found.map { String(decoding: $0, as: UTF8.self) }
  }
}

extension PatternNode {
  /// Steps grow at most with this power of the line's length; 9: who knows.
  fileprivate var degree: Int {
    switch self {
    case .empty, .boundary, .set: 0
    case .anything: 9
    case .sequence(let nodes): nodes.reduce(0) { min(9, $0 + $1.degree) }
    case .alternatives(let nodes): nodes.contains { $0.degree > 0 } ? 9 : 0
    case .repeated(.set, _, let most): (most ?? .max) > 8 ? 1 : 0
    case .repeated(let node, _, let most): (most ?? .max) > 1 ? 9 : node.degree
    case .ahead(let node), .behind(let node): node.degree
    }
  }
}

/// Repeats what an unbounded repetition takes, and then breaks the match off.
private struct ExplosionSearch {
  let regex: Regex
  private let scanner = RegexScanner()
  private(set) var found: [UInt8]?
  private var tries = 0
  /// Longer lines are stopped at by their length alone, which says nothing.
  private let length: Int

  init(regex: Regex) {
    self.regex = regex
    length = min(regex.longestSubject, 2000) * 15 / 16
  }

  mutating func visit(_ node: PatternNode, before: [UInt8], after: [UInt8]) {
    guard found == nil, tries < 64, before.count + after.count < 256 else { return }
    switch node {
    case .empty, .boundary, .set, .anything: break
    case .sequence(let nodes):
      // Without a repetition there is nothing to pump.
      for index in nodes.indices where nodes[index].degree > 0 {
        visit(
          nodes[index], before: before + nodes[..<index].flatMap(Self.sample),
          after: nodes[(index + 1)...].flatMap(Self.sample) + after)
      }
    case .alternatives(let nodes): for node in nodes { visit(node, before: before, after: after) }
    case .repeated(let node, _, let most):
      if (most ?? .max) > 8 { pump(Self.sample(node), before: before, after: after) }
      visit(node, before: before, after: after)
    case .ahead(let node), .behind(let node): visit(node, before: before, after: after)
    }
  }

  private mutating func pump(_ unit: [UInt8], before: [UInt8], after: [UInt8]) {
    guard !unit.isEmpty, unit.count < 64, length > 0 else { return }
    // What follows comes behind the break, for PCRE2 looks first whether a line holds it at all.
    for breaking in ["!", " ", "x", "\t"] where found == nil && tries < 64 {
      tries += 1
      let copies = max(2, (length - before.count - after.count) / unit.count)
      var pumped = before
      pumped.reserveCapacity(length + 64)
      for _ in 0..<copies { pumped += unit }
      for line in [pumped + Array(breaking.utf8) + after, pumped + after + Array(breaking.utf8)]
      where found == nil && line.count <= regex.longestSubject {
        if line.withUnsafeBytes({ scanner.search(regex, in: $0) }) == .limit { found = line }
      }
    }
  }

  /// The plainest thing that a node matches.
  private static func sample(_ node: PatternNode) -> [UInt8] {
    switch node {
    case .empty, .boundary, .ahead, .behind, .anything: return []
    case .set(let set):
      let plain = Array("a1 =:-".utf8).first { set.contains($0) }
      return (plain ?? set.first).map { [$0] } ?? []
    case .sequence(let nodes): return nodes.flatMap(sample)
    case .alternatives(let nodes): return nodes.first.map(sample) ?? []
    case .repeated(let node, let least, let most):
      return most == 0 ? [] : (0..<min(max(least, 1), 16)).flatMap { _ in sample(node) }
    }
  }
}
