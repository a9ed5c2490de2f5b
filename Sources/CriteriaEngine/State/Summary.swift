/// What is to happen to an instance, as the policy has it.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
  case keep, watch, quarantine, replace, unknown
}

/// A set of verdicts, `unknown` aside.
package struct VerdictSet: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let keep = VerdictSet(rawValue: 1)
  package static let watch = VerdictSet(rawValue: 2)
  package static let quarantine = VerdictSet(rawValue: 4)
  package static let replace = VerdictSet(rawValue: 8)

  /// In order of severity.
  package var verdicts: [Verdict] {
    [(VerdictSet.keep, Verdict.keep), (.watch, .watch), (.quarantine, .quarantine), (.replace, .replace)]
      .filter { contains($0.0) }.map(\.1)
  }
}

/// A decision without its reasons: fixed in size.
package struct Summary: Hashable, Sendable {
  /// `no`: the selector leaves the instance out.
  package var selected = Truth.yes
  package var verdict = Verdict.unknown
  package var possible: VerdictSet = []
  /// Thousandths of a point.
  package var low: Int64 = 0
  package var high: Int64 = 0
  package var protected = Truth.no
  package init() {}
}

extension Summary {
  /// The outcomes over every score in [low, high] and every possible effect.
  static func outcomes(
    low: Int64, high: Int64, protect: Truth, quarantine: Truth, replace: Truth, watchAt: Int64, replaceAt: Int64
  ) -> VerdictSet {
    var set: VerdictSet = []
    if low < watchAt { set.insert(.keep) }
    if watchAt < replaceAt, low < replaceAt, high >= watchAt { set.insert(.watch) }
    if high >= replaceAt { set.insert(.replace) }
    switch replace {
    case .yes: set = .replace
    case .unknown: set.insert(.replace)
    case .no: break
    }
    switch quarantine {
    case .yes: set = .quarantine
    case .unknown: set.insert(.quarantine)
    case .no: break
    }
    guard protect != .no else { return set }
    var capped = set.intersection([.keep, .watch])
    if !set.isDisjoint(with: [.quarantine, .replace]) { capped.insert(.watch) }
    return protect == .yes ? capped : set.union(capped)
  }
}
