package import CriteriaEngine

/// What a policy says of one instance at one tick, and why: the record that is returned, printed and logged.
///
/// Made on request by ``Fleet/explain(_:at:allRules:)-(String,_,_)``: reasons and evidence are worked out then, so that ``Summary`` stays small.
/// It is a plain value, to be kept and sent. ``json`` is the same as one line of text.
public struct Decision: Hashable, Sendable {
  /// A signal that is unknown and keeps the verdict open.
  public struct Missing: Hashable, Sendable {
    /// The signal's name, or a fact as policies write it: `fact.image`.
    public var signal: String
    /// Its newest observation; `nil` if it was never seen.
    public var since: Timestamp?
    /// Why it is unknown, where it is not merely silent: never seen, several series, too many keys, a limit.
    public var reason: String?
  }

  /// The name under which the instance was observed.
  public var instance: String
  /// The tick's time.
  public var at: Timestamp
  /// The one outcome over everything that the unknown may turn out to be; ``Verdict/unknown`` if there are several.
  public var verdict: Verdict
  /// The verdicts that an `unknown` one may be, in order of severity; empty otherwise.
  public var possible: [Verdict]
  /// The sum of the rules' contributions.
  public var score: Score
  /// Those that are not plainly idle, or all if asked for; in the order of the policy.
  public var rules: [RuleReport]
  /// What keeps an `unknown` verdict open; empty for any other.
  public var missing: [Missing]
  /// The rules whose `protect` stands or may stand.
  public var protectedBy: [String]
  /// The earliest tick at which the verdict changes if nothing more is observed: never too late. `nil`: never.
  public var nextChange: Timestamp?
  /// When the instance was first observed.
  public var knownSince: Timestamp?
  /// ``Policy/name`` of the policy that decided.
  public var policyName: String
  /// ``Policy/digest`` of the policy that decided.
  public var policyDigest: String
  /// False: the policy's selector leaves the instance out.
  public var isSelected: Bool
  /// Made under the assumption that the instance had stood like this for long.
  public var assumesSteady: Bool
  /// What whoever runs the fleet found wrong with acting on it, such as too many replacements at once. Empty from `Fleet`.
  public var warnings: [String] = []

  init(_ view: InstanceView, policyName: String, policyDigest: String, allRules: Bool, assumesSteady: Bool) {
    let summary = view.summary
    instance = view.id
    at = Timestamp(milliseconds: view.at)
    verdict = summary.verdict
    possible = summary.verdict == .unknown ? summary.possible : []
    score = Score(lowThousandths: summary.low, highThousandths: summary.high)
    rules = view.rules(all: allRules)
    missing =
      summary.verdict == .unknown
      ? view.missing.map {
        Missing(signal: $0.signal, since: $0.since.map(Timestamp.init(milliseconds:)), reason: $0.reason)
      } : []
    protectedBy = view.protectedBy
    nextChange = view.nextChange.map(Timestamp.init(milliseconds:))
    knownSince = view.knownSince.map(Timestamp.init(milliseconds:))
    self.policyName = policyName
    self.policyDigest = policyDigest
    isSelected = summary.selected != .no
    self.assumesSteady = assumesSteady
  }
}
