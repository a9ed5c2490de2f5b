import CriteriaEngine

/// The scores that two programs, the same but for `watch` or `replace`, judge differently, in thousandths.
struct ScoreGap {
  /// One, or two where `watch` is half of `replace`.
  private let gaps: [Range<Int64>]
  /// The rules that add a constant worth, in thousandths.
  private let worths: [(rule: String, worth: Int64)]
  /// The rules whose worth depends on signals: it can be anything up to this.
  private let graded: [(rule: String, most: Int64)]

  /// - Returns: `nil` if the bands are the same.
  init?(_ program: Program?, _ mutant: Program?) {
    guard let program, let mutant else { return nil }
    gaps = [(program.watch, mutant.watch), (program.replace, mutant.replace)].filter { $0.0 != $0.1 }
      .map { min($0, $1)..<max($0, $1) }
    if gaps.isEmpty { return nil }
    var worths: [(rule: String, worth: Int64)] = []
    var graded: [(rule: String, most: Int64)] = []
    for rule in program.rules where !rule.shadow {
      guard case .add(_, let least, let most) = rule.effect else { continue }
      let thousandths = Int64((most * 1000).rounded(.toNearestOrAwayFromZero))
      if least == most { worths.append((rule.name, thousandths)) } else { graded.append((rule.name, thousandths)) }
    }
    (self.worths, self.graded) = (worths, graded)
  }

  /// Whether no rules together can come to such a score.
  ///
  /// A rule adds its worth or nothing, also at either end of what is uncertain: scores are sums of some of the worths.
  var isEmpty: Bool {
    if !graded.isEmpty { return false }
    var sums: Set<Int64> = [0]
    for (_, worth) in worths {
      sums.formUnion(sums.map { $0 + worth })
      if sums.count > 1 << 16 { return false }
    }
    return !sums.contains(where: contains)
  }

  private func contains(_ score: Int64) -> Bool { gaps.contains { $0.contains(score) } }

  var reason: String {
    let places = gaps.map { gap in
      "at least \(short(Double(gap.lowerBound) / 1000)) and below \(short(Double(gap.upperBound) / 1000))"
    }
    return "no sum of the rules' worths is \(places.joined(separator: ", nor "))"
  }

  /// Rules that may come to such a score alone.
  var single: [String] {
    let least = gaps.map(\.lowerBound).min() ?? 0
    return worths.filter { contains($0.worth) }.map(\.rule) + graded.filter { $0.most >= least }.map(\.rule)
  }

  /// Rules, two or three, that come to such a score together.
  var sums: [[String]] {
    var found: [[String]] = []
    for (a, first) in worths.enumerated() {
      for (b, second) in worths.enumerated() where b > a {
        let pair = first.worth + second.worth
        if contains(pair) { found.append([first.rule, second.rule]) }
        for third in worths[(b + 1)...] where contains(pair + third.worth) {
          found.append([first.rule, second.rule, third.rule])
        }
      }
    }
    return found.sorted { $0.count < $1.count }
  }
}
