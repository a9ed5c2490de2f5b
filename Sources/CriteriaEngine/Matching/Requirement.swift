import Glibc

/// Some bytes in a row, each of a set.
package struct ByteSequence: Hashable, Sendable {
  package var sets: [ByteSet]
  /// `\b` holds at its beginning, at its end.
  package var beginsAtBoundary = false
  package var endsAtBoundary = false

  package init(_ sets: [ByteSet]) { self.sets = sets }

  static let empty = ByteSequence([])

  /// Each byte is one, or one letter in both cases.
  package var isLiteral: Bool { sets.allSatisfy { $0.maskedValue != nil } }

  /// What the byte before it must be, or the line begins there; `nil`: any.
  package var before: ByteSet? { guardSet(beginsAtBoundary, beside: sets.first) }

  /// What the byte behind it must be, or the line ends there; `nil`: any.
  package var after: ByteSet? { guardSet(endsAtBoundary, beside: sets.last) }

  private func guardSet(_ isAtBoundary: Bool, beside set: ByteSet?) -> ByteSet? {
    guard isAtBoundary, let set, set.isSubset(of: .word) else { return nil }
    return ByteSet.word.complement
  }

  /// `before` and `after` say all about the boundaries at its ends.
  var guardsAreComplete: Bool {
    (!beginsAtBoundary || before != nil) && (!endsAtBoundary || after != nil)
  }

  /// - Complexity: O(n)
  package func occurs(at place: Int, in line: UnsafeRawBufferPointer) -> Bool {
    guard place + sets.count <= line.count else { return false }
    for index in sets.indices where !sets[index].contains(line[place + index]) { return false }
    if let before, place > 0, !before.contains(line[place - 1]) { return false }
    if let after, place + sets.count < line.count, !after.contains(line[place + sets.count]) { return false }
    return true
  }

  /// Bits of information: the logarithm of how rarely it occurs.
  package func bits(_ frequency: ByteFrequency) -> Double {
    var sum = 0.0
    // Rarer than this is as good as never.
    for index in sets.indices where sum < 40 {
      sum += frequency.bits(sets[index], after: index > 0 ? sets[index - 1] : nil)
    }
    return sum + Double(min(sets.count, 64)) / 16
  }
}

/// What must be in a line for a pattern to match: one of these sequences.
package struct Requirement: Hashable, Sendable {
  package var sequences: [ByteSequence]
  /// How far behind the start of a match such a sequence begins at most; `nil`: any distance.
  package var lead: Int?

  /// How often it is expected per byte of log: the less, the more the filter keeps away.
  func rate(_ frequency: ByteFrequency) -> Double {
    sequences.reduce(0) { $0 + exp2(-$1.bits(frequency)) }
  }

  /// What choosing it costs, to compare: besides its rate, that each sequence costs something however rare it is, and that
  /// of texts which are all rare by their letters the longest says most.
  func cost(_ frequency: ByteFrequency) -> Double {
    let shortest = sequences.map(\.sets.count).min() ?? 64
    let count = Double(sequences.count)
    // Where a match begins not far before it, less of the line is searched.
    let leadCost = lead.map { $0 <= 16 ? 1.0 : 1.1 } ?? 1.2
    return (rate(frequency) + count * count * 0x1p-20 * 16 / Double(min(max(shortest, 8), 64))) * leadCost
  }

  /// Without the sets at the ends of its sequences that say little: what is left is quicker to test.
  func trimmed(_ frequency: ByteFrequency) -> Requirement {
    var result = self
    var most = 0
    result.sequences = sequences.map { sequence in
      var sequence = sequence
      var removed = 0
      func isWorthless(_ set: ByteSet) -> Bool { set.maskedValue == nil }
      while let first = sequence.sets.first, isWorthless(first) {
        var rest = sequence
        rest.sets.removeFirst()
        rest.beginsAtBoundary = false
        guard rest.bits(frequency) > 18 else { break }
        sequence = rest
        removed += 1
      }
      while let last = sequence.sets.last, isWorthless(last) {
        var rest = sequence
        rest.sets.removeLast()
        rest.endsAtBoundary = false
        guard rest.bits(frequency) > 18 else { break }
        sequence = rest
      }
      most = max(most, removed)
      return sequence
    }
    result.lead = lead.map { $0 + most }
    return result
  }

  /// Where one of the sequences first begins, the plain way.
  ///
  /// - Complexity: O(line · sequences · their lengths); the filter exists to avoid it.
  package func firstOccurrence(in line: UnsafeRawBufferPointer) -> Int? {
    // By the first byte, most places are no beginning.
    var first = ByteSet.empty
    for sequence in sequences { first = first.union(sequence.sets[0]) }
    for place in line.indices where first.contains(line[place]) {
      for sequence in sequences where sequence.occurs(at: place, in: line) { return place }
    }
    return nil
  }
}

/// What is known of a pattern without running it.
package struct PatternAnalysis: Sendable {
  /// How lines are searched for it.
  package enum Class: String, Sendable, CaseIterable {
    case literal  // what must be there is the whole pattern: PCRE2 is not asked
    case filtered = "filtered by text"
    case classes = "filtered by classes"
    case everyLine = "every line"
  }

  package var requirement: Requirement?
  /// A line matches if it holds what is required, and else not.
  package var isWhole = false

  package var patternClass: Class {
    guard let requirement else { return .everyLine }
    if isWhole { return .literal }
    return requirement.sequences.allSatisfy(\.isLiteral) ? .filtered : .classes
  }

  /// How the time of a search may grow with the line: PCRE2's limit counts steps of some kinds only.
  package enum Growth: Int, Comparable, Sendable {
    package static func < (a: Growth, b: Growth) -> Bool { a.rawValue < b.rawValue }

    case bounded  // the limit sees it
    case lines  // .*a.*a.*a: the limit sees it, and a step goes over the whole line
    case runs  // \w+\w+b: as the square, and of many bytes a step
    case groups  // (?:a|b)+: as the square
    case references  // (.+)\\1: faster still
    case openReferences  // (\\w+)\\w*\\1: as the third power, and more
  }
  package var growth = Growth.groups

  /// Of a pattern that nothing is known of.
  package init() {}

  /// - Parameter utf: The pattern is compiled for characters instead of bytes.
  package init(_ pattern: String, utf: Bool, newlineIsLineFeed: Bool = true) {
    guard
      let parsed = try? PatternParser.parse(pattern, utf: utf, newlineIsLineFeed: newlineIsLineFeed)
    else { return }
    growth = Self.growth(of: parsed.root.byCharacter)
    for node in parsed.negated { growth = max(growth, Self.growth(of: node.byCharacter)) }
    var analyzer = RequirementAnalyzer(isPrecise: parsed.isPrecise)
    guard var found = analyzer.requirement(of: parsed.root) else { return }
    isWhole = analyzer.isPrecise && found.isWhole
    // In characters, a search may not begin inside one.
    if parsed.seesStart || utf { found.requirement.lead = nil }
    requirement = found.requirement
  }

  private static func growth(of root: PatternNode) -> Growth {
    let growth = root.growth
    if growth == .bounded, root.beginsWithTwoRuns { return .runs }
    if growth == .bounded, root.openRuns(before: []) > 2 { return .lines }
    if growth == .references, root.openRuns(before: []) > 1 { return .openReferences }
    return growth
  }
}

extension PatternNode {
  /// With one byte for each character: a repetition of characters is one of bytes then, whatever they are written as.
  fileprivate var byCharacter: PatternNode {
    switch self {
    case .empty, .boundary, .set, .anything: self
    case .repeated(.set(let set), 1, 4): .set(set)
    case .sequence(let nodes): .sequence(nodes.map(\.byCharacter))
    case .alternatives(let nodes): .alternatives(nodes.map(\.byCharacter))
    case .repeated(let node, let least, let most): .repeated(node.byCharacter, least: least, most: most)
    case .ahead(let node): .ahead(node.byCharacter)
    case .behind(let node): .behind(node.byCharacter)
    }
  }

  /// It begins with two repetitions, without end, of bytes that both may take: of a line of nothing else a search tries at each
  /// place all ways to divide what follows, and the limit is counted anew at each place.
  fileprivate var beginsWithTwoRuns: Bool {
    var runs: [ByteSet] = []
    /// - Returns: Whether what follows may belong to the beginning too.
    func visit(_ node: PatternNode) -> Bool {
      switch node {
      case .boundary: return true
      case .sequence(let nodes): return nodes.allSatisfy(visit)
      case .repeated(.set(let set), let least, let most):
        if (most ?? .max) > 64 { runs.append(set) } else if least > 0 { return false }
        return runs.count < 2
      case .repeated(let node, 1, 1): return visit(node)
      case .empty, .set, .anything, .alternatives, .repeated, .ahead, .behind: return false
      }
    }
    _ = visit(self)
    // `.*` is tried at the line's beginning only.
    guard runs.count == 2, runs[0].union(ByteSet(0x0A)) != .all else { return false }
    return !runs[0].intersection(runs[1]).isEmpty
  }

  /// Long repetitions that may end at many places for all that follows them: each makes the ways to divide a line as many times
  /// more as the line is long.
  fileprivate func openRuns(before rest: [PatternNode]) -> Int {
    switch self {
    case .empty, .boundary, .set, .anything: return 0
    case .sequence(let nodes):
      return nodes.indices.reduce(0) { $0 + nodes[$1].openRuns(before: nodes[($1 + 1)...] + rest) }
    case .alternatives(let nodes): return nodes.map { $0.openRuns(before: rest) }.max() ?? 0
    // What follows the end of an assertion, as of the pattern, is not looked for again.
    case .ahead(let node), .behind(let node): return node.openRuns(before: [])
    case .repeated(.set(let set), _, let most): return (most ?? .max) <= 16 || set.isClosed(by: rest[...]) ? 0 : 1
    case .repeated(.anything, _, let most): return (most ?? .max) > 16 ? 1 : 0
    case .repeated(let node, _, let most):
      let most = most ?? .max
      if most <= 1 { return node.openRuns(before: rest) }
      return most > 64 ? 2 : min(most, 3) * node.openRuns(before: [.anything])
    }
  }

  fileprivate var growth: PatternAnalysis.Growth {
    switch self {
    case .empty, .boundary, .set: return .bounded
    case .anything: return .references
    case .sequence(let nodes), .alternatives(let nodes):
      let all = nodes.map(\.growth)
      return all.contains(.references) ? .references : all.contains(.groups) ? .groups : .bounded
    case .repeated(let node, _, let most):
      if node.growth == .references { return .references }
      if case .set = node { return .bounded }
      return (most ?? .max) > 64 ? .groups : node.growth
    case .ahead(let node), .behind(let node): return node.growth
    }
  }
}

extension ByteSet {
  /// Whether a repetition of these bytes can only end where they do, since what must follow is none of them, or nothing.
  fileprivate func isClosed(by rest: ArraySlice<PatternNode>) -> Bool {
    for (index, node) in zip(rest.indices, rest) {
      switch node {
      case .empty: continue
      case .sequence(let nodes): return isClosed(by: (nodes + rest[(index + 1)...])[...])
      case .repeated(let node, 1, 1): return isClosed(by: ([node] + rest[(index + 1)...])[...])
      case .boundary: return intersection(.word).isEmpty || union(.word) == .word
      case .set(let next): return intersection(next).isEmpty
      case .repeated(.set(let next), let least, _):
        guard intersection(next).isEmpty else { return false }
        if least > 0 { return true }
      case .anything, .alternatives, .repeated, .ahead, .behind: return false
      }
    }
    return true
  }
}

/// Finds the rarest requirement of a pattern, from its parts up.
private struct RequirementAnalyzer {
  /// What is known of a part of a pattern.
  struct Part {
    /// All it can match, if that is a short list.
    var exact: [ByteSequence]?
    /// Every match begins, ends with one of these; `[.empty]` says nothing.
    var prefixes: [ByteSequence] = [.empty]
    var suffixes: [ByteSequence] = [.empty]
    /// The best requirement that lies inside; the lead counts from the part's beginning.
    var best: Requirement?
    /// Of a match's length; `nil`: any.
    var most: Int?

    static let nothing = Part(exact: [.empty], most: 0)
    static let anything = Part()

    var asPrefixes: [ByteSequence] { exact ?? prefixes }
    var asSuffixes: [ByteSequence] { exact ?? suffixes }
  }

  private static let maximalCount = 32
  private static let maximalLength = 96
  /// Of what every match begins or ends with.
  private static let maximalEdge = 24
  /// More than one place in this many bytes, and looking at every line is as good.
  private static let worstRate = 1.0 / 96

  var isPrecise: Bool
  private let frequency = ByteFrequency.typical

  init(isPrecise: Bool) { self.isPrecise = isPrecise }

  mutating func requirement(of root: PatternNode) -> (requirement: Requirement, isWhole: Bool)? {
    let part = part(of: root)
    if let exact = part.exact, !exact.contains(where: \.sets.isEmpty) {
      let requirement = Requirement(sequences: unique(exact), lead: 0)
      if exact.allSatisfy(\.guardsAreComplete), isPrecise, requirement.rate(frequency) <= Self.worstRate {
        return (requirement, true)
      }
    }
    let settled = settle(part)
    guard let best = settled.best, best.rate(frequency) <= Self.worstRate else { return nil }
    return (best.trimmed(frequency), false)
  }

  private mutating func part(of node: PatternNode) -> Part {
    switch node {
    case .empty: return .nothing
    case .boundary:
      var sequence = ByteSequence.empty
      sequence.beginsAtBoundary = true
      sequence.endsAtBoundary = true
      return Part(exact: [sequence], most: 0)
    case .set(let set): return Part(exact: set.isEmpty ? [] : [ByteSequence([set])], most: 1)
    case .anything: return .anything
    case .sequence(let nodes): return sequence(nodes)
    case .alternatives(let nodes): return alternatives(nodes.map { part(of: $0) })
    case .repeated(let node, let least, let most): return repeated(part(of: node), least, most)
    case .ahead(let node):
      // What is looked at lies behind this place, so its lead is right.
      return Part(exact: nil, best: settle(part(of: node)).best, most: 0)
    case .behind(let node):
      // It lies before this place, and so not further behind the start than that.
      var best = settle(part(of: node)).best
      best?.lead = 0
      return Part(exact: nil, best: best, most: 0)
    }
  }

  private mutating func sequence(_ nodes: [PatternNode]) -> Part {
    var result = Part.nothing
    var index = 0
    while index < nodes.count {
      // Runs of single bytes are most of a pattern: taken at once.
      var run: [ByteSet] = []
      while index < nodes.count, case .set(let set) = nodes[index], !set.isEmpty, run.count < Self.maximalLength {
        run.append(set)
        index += 1
      }
      if run.isEmpty {
        result = concatenated(result, part(of: nodes[index]))
        index += 1
      } else {
        result = concatenated(result, Part(exact: [ByteSequence(run)], most: run.count))
      }
    }
    return result
  }

  private mutating func alternatives(_ parts: [Part]) -> Part {
    var most: Int? = 0
    for part in parts { most = most.flatMap { sum in part.most.map { max(sum, $0) } } }
    let exact = parts.reduce([ByteSequence]?.some([])) { all, part in all.flatMap { all in part.exact.map { all + $0 } }
    }
    if let exact {
      let sequences = unique(exact)
      if sequences.count <= Self.maximalCount { return Part(exact: sequences, most: most) }
    }
    let settled = parts.map { settle($0) }
    var best: Requirement? = Requirement(sequences: [], lead: 0)
    for part in settled {
      guard let known = best, let one = part.best else {
        best = nil
        break
      }
      best = Requirement(
        sequences: unique(known.sequences + one.sequences),
        lead: known.lead.flatMap { lead in one.lead.map { max(lead, $0) } })
    }
    return Part(
      prefixes: shortened(unique(settled.flatMap(\.prefixes)), fromEnd: false),
      suffixes: shortened(unique(settled.flatMap(\.suffixes)), fromEnd: true), best: best, most: most)
  }

  private mutating func repeated(_ part: Part, _ least: Int, _ most: Int?) -> Part {
    let longest = most.flatMap { most in part.most.map { $0.multipliedReportingOverflow(by: most) } }
    let length = longest.flatMap { $0.overflow ? nil : $0.partialValue }
    if let most, most <= 16, let exact = part.exact {
      var all: [ByteSequence] = []
      var copies = Part.nothing
      var isShort = true
      for count in 0...most {
        if count > 0 { copies = concatenated(copies, part) }
        guard let some = copies.exact, all.count + some.count <= Self.maximalCount else {
          isShort = false
          break
        }
        if count >= least { all += some }
      }
      if isShort, !exact.isEmpty { return Part(exact: unique(all), most: length) }
    }
    guard least > 0 else { return Part(most: length) }
    // At least `least` copies, of which the first begin a match and the last end it.
    var copies = part
    for _ in 1..<max(1, min(least, 8)) { copies = concatenated(copies, part) }
    if least <= 8, most == least { return copies }
    copies = settle(copies)
    copies.exact = nil
    copies.most = length
    return copies
  }

  private mutating func concatenated(_ first: Part, _ second: Part) -> Part {
    let most = first.most.flatMap { a in second.most.map { a + $0 } }
    if let a = first.exact, let b = second.exact, a.count * b.count <= Self.maximalCount,
      (a.map(\.sets.count).max() ?? 0) + (b.map(\.sets.count).max() ?? 0) <= Self.maximalLength
    {
      return Part(exact: joined(a, b), most: most)
    }
    // From here on something is given up, but not its requirement.
    let left = settle(first)
    let right = settle(second)
    var best = left.best
    consider(&best, shifted(right.best, by: first.most))
    let across = joinedShort(first.asSuffixes, second.asPrefixes, cutting: .both)
    consider(&best, Requirement(sequences: unique(across), lead: first.most))
    if across.count > 4 {
      // Shorter ones are fewer.
      let ends = first.asSuffixes.map { limited($0, to: 4, fromEnd: true) }
      let starts = second.asPrefixes.map { limited($0, to: 4, fromEnd: false) }
      let short = joinedShort(unique(ends), unique(starts), cutting: .both)
      consider(&best, Requirement(sequences: unique(short), lead: first.most))
    }
    let prefixes = first.exact.map { joinedShort($0, second.asPrefixes, cutting: .second) } ?? first.prefixes
    let suffixes = second.exact.map { joinedShort(first.asSuffixes, $0, cutting: .first) } ?? second.suffixes
    return Part(
      prefixes: shortened(prefixes, fromEnd: false), suffixes: shortened(suffixes, fromEnd: true), best: best,
      most: most)
  }

  private func shifted(_ requirement: Requirement?, by distance: Int?) -> Requirement? {
    guard var requirement else { return nil }
    requirement.lead = requirement.lead.flatMap { lead in distance.map { $0 + lead } }
    return requirement
  }

  /// With what its list says as a requirement of its own.
  private mutating func settle(_ part: Part) -> Part {
    var part = part
    if let exact = part.exact {
      consider(&part.best, Requirement(sequences: unique(exact), lead: 0))
      part.prefixes = shortened(exact, fromEnd: false)
      part.suffixes = shortened(exact, fromEnd: true)
    } else {
      consider(&part.best, Requirement(sequences: unique(part.prefixes), lead: 0))
      // Where a suffix begins is not further from the start than the end is.
      consider(&part.best, Requirement(sequences: unique(part.suffixes), lead: part.most))
    }
    return part
  }

  private func consider(_ best: inout Requirement?, _ other: Requirement?) {
    guard let other, !other.sequences.contains(where: \.sets.isEmpty) else { return }
    guard let known = best else {
      best = other
      return
    }
    if other.cost(frequency) < known.cost(frequency) { best = other }
  }

  /// Each of one list before each of the other.
  private mutating func joined(_ first: [ByteSequence], _ second: [ByteSequence]) -> [ByteSequence] {
    var all: [ByteSequence] = []
    all.reserveCapacity(first.count * second.count)
    for a in first {
      for b in second {
        if a.sets.isEmpty || b.sets.isEmpty {
          var sequence = a.sets.isEmpty ? b : a
          sequence.beginsAtBoundary = a.beginsAtBoundary || (a.sets.isEmpty && b.beginsAtBoundary)
          sequence.endsAtBoundary = b.endsAtBoundary || (b.sets.isEmpty && a.endsAtBoundary)
          all.append(sequence)
          continue
        }
        if a.endsAtBoundary || b.beginsAtBoundary {
          let left = a.sets.last!
          let right = b.sets.first!
          let leftIsWord = left.isSubset(of: .word)
          let rightIsWord = right.isSubset(of: .word)
          let leftIsNot = left.intersection(.word).isEmpty
          let rightIsNot = right.intersection(.word).isEmpty
          if leftIsWord && rightIsWord || leftIsNot && rightIsNot { continue }  // never a boundary
          if !(leftIsWord && rightIsNot || leftIsNot && rightIsWord) { isPrecise = false }
        }
        var sequence = a
        sequence.sets += b.sets
        sequence.endsAtBoundary = b.endsAtBoundary
        all.append(sequence)
      }
    }
    return all
  }

  private enum Cut { case first, second, both }

  /// The same for lists of which the sequences may be cut on their far sides, down to a number that is worth having.
  ///
  /// - Parameter cut: Which list may be: what every match begins with keeps its beginning, what it ends with its end.
  private mutating func joinedShort(_ first: [ByteSequence], _ second: [ByteSequence], cutting: Cut) -> [ByteSequence] {
    var first = first
    var second = second
    while first.count * second.count > Self.maximalCount {
      let cutsFirst = cutting == .first || (cutting == .both && first.count >= second.count)
      // Cutting makes more of them equal.
      if cutsFirst, first.contains(where: { !$0.sets.isEmpty }) {
        first = cut(first, fromEnd: true)
      } else if cutting != .first, second.contains(where: { !$0.sets.isEmpty }) {
        second = cut(second, fromEnd: false)
      } else if first.contains(where: { !$0.sets.isEmpty }), cutting == .both {
        first = cut(first, fromEnd: true)
      } else {
        // Nothing is known of what is before, or behind.
        return [.empty]
      }
    }
    return joined(first, second)
  }

  /// One byte shorter than the longest is, at the far end: `fromEnd` keeps the last bytes.
  private func cut(_ sequences: [ByteSequence], fromEnd: Bool) -> [ByteSequence] {
    let length = max(0, (sequences.map(\.sets.count).max() ?? 0) - 1)
    return unique(sequences.map { limited($0, to: length, fromEnd: fromEnd) })
  }

  private func limited(_ sequence: ByteSequence, to length: Int, fromEnd: Bool) -> ByteSequence {
    guard sequence.sets.count > length else { return sequence }
    var result = sequence
    if fromEnd {
      result.sets = Array(sequence.sets.suffix(length))
      result.beginsAtBoundary = false
    } else {
      result.sets = Array(sequence.sets.prefix(length))
      result.endsAtBoundary = false
    }
    // A boundary of nothing was that of the byte that is gone.
    if length == 0 { result = .empty }
    return result
  }

  /// Few and short enough; `fromEnd`: they keep their ends.
  private func shortened(_ sequences: [ByteSequence], fromEnd: Bool) -> [ByteSequence] {
    var sequences = unique(sequences.map { limited($0, to: Self.maximalEdge, fromEnd: fromEnd) })
    while sequences.count > Self.maximalCount { sequences = cut(sequences, fromEnd: fromEnd) }
    return sequences
  }

  private func unique(_ sequences: [ByteSequence]) -> [ByteSequence] {
    if sequences.count < 2 { return sequences }
    if sequences.count <= 8 {
      return sequences.indices.filter { !sequences[..<$0].contains(sequences[$0]) }.map { sequences[$0] }
    }
    var seen: Set<ByteSequence> = []
    return sequences.filter { seen.insert($0).inserted }
  }
}
