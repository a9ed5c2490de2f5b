/// What is to happen to an instance, as the policy has it.
///
/// The raw values are those of records.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
  /// Nothing to be done.
  case keep
  /// Somebody should look: the score has reached `watch`.
  case watch
  /// Out of service, but not to be destroyed: a rule says `quarantine`.
  case quarantine
  /// To be replaced: a rule says so, or the score has reached `replace`.
  case replace
  /// What was observed does not settle it: several verdicts are possible.
  case unknown
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

  /// The verdict that is in it, if it is one.
  var only: Verdict? {
    switch self {
    case .keep: .keep
    case .watch: .watch
    case .quarantine: .quarantine
    case .replace: .replace
    default: nil
    }
  }
}

/// A decision without its reasons: fixed in size, made without allocation.
public struct Summary: Hashable, Sendable {
  /// `no`: the selector leaves the instance out.
  package var selected = Truth.yes
  /// The one outcome over everything that the unknown may turn out to be; ``Verdict/unknown`` if there are several.
  public package(set) var verdict = Verdict.unknown
  package var possibleSet: VerdictSet = []
  /// Thousandths of a point: what is certain.
  public package(set) var low: Int64 = 0
  /// Thousandths of a point: what is possible.
  public package(set) var high: Int64 = 0
  package var protected = Truth.no
  package init() {}

  /// False: the policy's selector leaves the instance out.
  public var isSelected: Bool { selected != .no }
  /// What an `unknown` verdict may be, in order of severity; the verdict itself if it is known.
  public var possible: [Verdict] { possibleSet.verdicts }
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
