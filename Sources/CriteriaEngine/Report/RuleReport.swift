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

/// How one rule stands at a tick: its state, what it contributes, why, and the evidence that it read.
///
/// Plain values. Numbers become text when a text is asked for.
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
    let reading: Reading
    /// What it was at the tick.
    public var value: Value { reading.value }
    /// The newest observation behind it.
    public var newest: Timestamp?
    /// Where that observation was read, if whoever fed it said so.
    public var line: Origin?
    /// The signal that the term reads, if it reads one.
    public var signal: String?
  }

  /// A name and a text.
  public struct Label: Hashable, Sendable {
    /// The label's name.
    public var name: String
    /// Its text; `""` where a series lacks the label.
    public var value: String
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The rule's name.
  public var rule: String
  /// What is sure.
  public var state: State
  /// What may be, where that differs from what is sure.
  public var possible: State?
  /// What it adds to the score: 0 for effects, for `mode: shadow`, and while it does not count.
  public var contribution: Score
  /// `nil` for rules that add points.
  public var effect: Effect?
  /// The tick at which the state was entered.
  public var since: Timestamp?
  /// The row that speaks for a rule over keys: label and value.
  public package(set) var key: [Label]
  /// What the rule's own `why` came to, and `""` for a rule that does not apply; `nil`: it is made of the evidence.
  let written: String?
  /// The terms that it read, each once.
  public package(set) var evidence: [Evidence]
  /// The rule's `labels`, as the policy has them.
  public var labels: [Label]
  /// `mode: shadow`: reported, contributes nothing.
  public var isShadow: Bool
  /// The reason of the `except` entry that holds.
  public var because: String?
  /// Milliseconds of history that the rule needs and the instance does not have yet.
  public var neededHistory: Int64?

  /// The rule's `why`, its expressions replaced by their values; without one, what the rule read.
  ///
  /// - Complexity: The text is made at each look.
  public var why: String {
    if let written { return written }
    var text = ""
    for (index, one) in evidence.enumerated() {
      if index > 0 { text += ", " }
      if case .truth(false) = one.reading { text += "not " }
      text += one.term
      switch one.reading {
      case .number(let number, let format): text += " " + CriteriaEngine.text(number, format)
      case .string(let value): text += " `\(value)`"
      case .truth: break
      case .atLeast(let seconds): text += " at least \(duration(seconds))"
      case .unknown: text += " unknown"
      }
    }
    for label in key { text += " (\(label.name) \(label.value))" }
    return text
  }
}

extension RuleReport.Evidence {
  /// A value as it was read, before anybody asks for its text.
  enum Reading: Hashable, Sendable {
    case number(Double, NumberFormat)
    case string(String)
    case truth(Bool)
    case atLeast(seconds: Double)
    case unknown

    var value: Value {
      switch self {
      case .number(let number, let format): .number(number, text: CriteriaEngine.text(number, format))
      case .string(let string): .string(string)
      case .truth(let truth): .truth(truth)
      case .atLeast(let seconds): .atLeast(seconds: seconds)
      case .unknown: .unknown
      }
    }
  }
}
