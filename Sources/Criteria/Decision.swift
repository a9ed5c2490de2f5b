package import CriteriaEngine

/// What a policy says of one instance at one tick, and why: the record that is returned, printed and logged.
///
/// Made on request by ``Fleet/explain(_:at:allRules:)-(String,_,_)``: texts and evidence are built then, so that ``Summary`` stays small.
/// It is a plain value, to be kept and sent. ``json`` is the same as one line of text.
public struct Decision: Hashable, Sendable {
  /// An interval of points, each end in whole thousandths so that no order of adding matters.
  ///
  /// What is unknown widens it: the ends are equal where everything that counts is known.
  public struct Score: Hashable, Sendable {
    /// What is certain, in thousandths of a point.
    public var lowThousandths: Int64
    /// What is possible, in thousandths of a point; never below ``lowThousandths``.
    public var highThousandths: Int64
    /// What is certain, in points.
    public var low: Double { Double(lowThousandths) / 1000 }
    /// What is possible, in points.
    public var high: Double { Double(highThousandths) / 1000 }
    /// An interval from its ends, in thousandths of a point.
    public init(lowThousandths: Int64, highThousandths: Int64) {
      self.lowThousandths = lowThousandths
      self.highThousandths = highThousandths
    }
  }

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

  init(_ view: InstanceView, _ policy: Policy, allRules: Bool, assumesSteady: Bool) {
    let summary = view.summary
    instance = view.id
    at = Timestamp(milliseconds: view.at)
    verdict = summary.verdict
    possible = summary.verdict == .unknown ? summary.possible : []
    score = Score(lowThousandths: summary.low, highThousandths: summary.high)
    rules = view.rules(all: allRules) { RuleReport($0) }
    missing =
      summary.verdict == .unknown
      ? view.missing.map {
        Missing(signal: $0.signal, since: $0.since.map(Timestamp.init(milliseconds:)), reason: $0.reason)
      } : []
    protectedBy = view.protectedBy
    nextChange = view.nextChange.map(Timestamp.init(milliseconds:))
    knownSince = view.knownSince.map(Timestamp.init(milliseconds:))
    policyName = policy.name
    policyDigest = policy.digest
    isSelected = summary.selected != .no
    self.assumesSteady = assumesSteady
  }
}

/// How one rule stands at a tick: its state, what it contributes, why, and the evidence that it read.
public struct RuleReport: Hashable, Sendable {
  /// Where a rule is between idle and active. The raw values are those of records.
  public enum State: String, Hashable, Sendable {
    /// Nothing holds.
    case idle
    /// `when` is true, and `for` runs.
    case pending
    /// It counts.
    case active
    /// It has cleared, and counts until `hold` is over.
    case holding
    /// An `except` entry spares the instance: its machines run, and it contributes nothing.
    case excepted
    /// A signal that it reads is `optional`, and the instance never showed it.
    case notApplicable = "n/a"
  }

  /// A rule's effect other than points.
  public struct Effect: Hashable, Sendable {
    /// `replace`, `quarantine`, `protect`.
    public var name: String
    /// `nil`: it may stand.
    public var stands: Bool?
  }

  /// One term that the rule read.
  public struct Evidence: Hashable, Sendable {
    /// What the term was.
    public enum Value: Hashable, Sendable {
      /// The number in canonical units, and as a person reads it.
      case number(Double, text: String)
      /// A fact, a label, a status, a group of a pattern.
      case string(String)
      /// Of a condition inside an expression.
      case truth(Bool)
      /// Of a `since` whose beginning was not seen.
      case atLeast(seconds: Double)
      /// Not observed, stale, or not finite.
      case unknown
    }
    /// As the policy writes it: `avg(cpu[5m])`.
    public var term: String
    /// What it was at the tick.
    public var value: Value
    /// The newest observation behind it.
    public var newest: Timestamp?
    /// Where that observation was read, if whoever fed it said so.
    public var line: Origin?
    /// The signal that the term reads, if it reads one.
    public var signal: String?
  }

  /// The rule's name.
  public var rule: String
  /// What is sure.
  public var state: State
  /// What may be, where that differs from what is sure.
  public var possible: State?
  /// What it adds to the score: 0 for effects, for `mode: shadow`, and while it does not count.
  public var contribution: Decision.Score
  /// `nil` for rules that add points.
  public var effect: Effect?
  /// The tick at which the state was entered.
  public var since: Timestamp?
  /// The row that speaks for a rule over keys: label and value.
  public var key: [Label]
  /// The rule's `why`, its expressions replaced by their values; without one, what the rule read.
  public var why: String
  /// The terms that it read, each once.
  public var evidence: [Evidence]
  /// The rule's `labels`, as the policy has them.
  public var labels: [Label]
  /// `mode: shadow`: reported, contributes nothing.
  public var isShadow: Bool
  /// The reason of the `except` entry that holds.
  public var because: String?
  /// Milliseconds of history that the rule needs and the instance does not have yet.
  public var neededHistory: Int64?

  /// A name and a text.
  public struct Label: Hashable, Sendable {
    /// The label's name.
    public var name: String
    /// Its text; `""` where a series lacks the label.
    public var value: String
  }

  init(_ report: InstanceView.RuleReport) {
    rule = report.rule
    state = State(report.state)
    possible = report.possible.map(State.init)
    contribution = Decision.Score(lowThousandths: report.low, highThousandths: report.high)
    effect = report.effect.map { Effect(name: $0.name, stands: $0.stands == .unknown ? nil : $0.stands == .yes) }
    since = report.since.map(Timestamp.init(milliseconds:))
    key = report.key.map { Label(name: $0.label, value: $0.value) }
    why = report.why
    evidence = report.evidence.map(Evidence.init)
    labels = report.labels.map { Label(name: $0.name, value: $0.value) }
    isShadow = report.isShadow
    because = report.because
    neededHistory = report.needs?.history
  }
}

extension RuleReport.State {
  init(_ state: InstanceView.RuleReport.State) {
    switch state {
    case .idle: self = .idle
    case .pending: self = .pending
    case .active: self = .active
    case .holding: self = .holding
    case .excepted: self = .excepted
    case .notApplicable: self = .notApplicable
    }
  }
}

extension RuleReport.Evidence {
  init(_ evidence: InstanceView.Evidence) {
    term = evidence.term
    value =
      switch evidence.value {
      case .number(let number, let text): .number(number, text: text)
      case .string(let string): .string(string)
      case .truth(let truth): .truth(truth)
      case .atLeast(let seconds): .atLeast(seconds: seconds)
      case .unknown: .unknown
      }
    newest = evidence.newest.map(Timestamp.init(milliseconds:))
    line = evidence.origin
    signal = evidence.signal
  }
}
