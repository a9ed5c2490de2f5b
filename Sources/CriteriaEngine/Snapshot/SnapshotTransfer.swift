/// How the state of one policy becomes that of another: which signals and rules are the same in both.
///
/// Of the same policy, all are.
struct SnapshotTransfer {
  /// Which captures of a log's events are kept, and in which order they stand then.
  struct Captures {
    /// How many there were.
    var count: Int
    var places: [Int]
  }

  struct Signal {
    var source: Plan.Signal.Source
    var name: String
    /// How many parts its keys have.
    var keyParts: Int
    /// Which signal of the policy it is now; `nil`: none.
    var target: Int?
    var captures = Captures(count: 0, places: [])
  }

  struct Rule {
    var isKeyed: Bool
    /// How many parts the keys of its rows have.
    var keyParts: Int
    /// How many `except` entries it had.
    var excepts: Int
    var target: Int?
    /// The `except` entries are as they were.
    var keepsException: Bool
  }

  var signals: [Signal] = []
  var rules: [Rule] = []
  /// Clocks and `launched:` entries: which of the policy's they are now.
  var derived: [Int?] = []
  var launched: [Int?] = []
  /// What became of each signal, rule and clock.
  var report: [StateTransfer] = []
  /// The policy is another one: what is due has to be worked out anew.
  var isOther = false
  /// Milliseconds of the step that ticks were counted in.
  var step: Int64 = 0
}

/// What became of a part of the state when a policy was replaced.
public struct StateTransfer: Hashable, Sendable, CustomStringConvertible {
  /// What can be kept or dropped. The raw values are for messages.
  public enum Part: String, Hashable, Sendable {
    /// What was observed of a signal.
    case signal
    /// The states of a rule's machines.
    case rule
    /// The `since` of an expression.
    case clock
    /// A metric that says when instances were launched.
    case launched
  }
  /// What it is.
  public var part: Part
  /// The signal's or rule's; of a clock, the expression.
  public var name: String
  /// Otherwise it begins anew, or is gone.
  public var isKept: Bool
  /// Why it is dropped, or what is to be known of what is kept; lower case, without full stop.
  public var reason: String

  /// ``signal `cpu` dropped: its `unit` is another``
  public var description: String { "\(part.rawValue) `\(name)` \(isKept ? "kept" : "dropped"): \(reason)" }
}
