/// One thing seen of one instance at one time, as it is fed: nothing resolved, nothing converted.
package struct RawObservation: Sendable, Hashable {
  package enum Content: Sendable, Hashable {
    case sample(metric: String, labels: [String: String], value: Double)
    case line(String, source: String)
    case condition(type: String, status: String, reason: String?, since: Int64?)
    case facts([String: String], labels: [String: String]?, desired: [String: String]?, launched: Int64?)
    /// From now on silence of this log source (`*`: of all) means that nothing happened.
    case attach(source: String)
  }
  package var instance: String
  /// Milliseconds since 1970.
  package var time: Int64
  package var content: Content

  package init(_ content: Content, of instance: String, at time: Int64) {
    self.instance = instance
    self.time = time
    self.content = content
  }
}

/// What became of an observation when it was fed.
package enum Receipt: Sendable, Hashable {
  case accepted
  /// No signal of the policy takes it: it is as if it had never come.
  case irrelevant
  case late
}

/// How many observations were not used, and why.
package struct Dropped: Sendable, Hashable {
  package var late = 0
  package var future = 0
  package var predecessor = 0
  /// Samples and log events of a series or key beyond `max_keys`.
  package var refused = 0
  /// Samples of gauges and counters that took the place of one of the same series and time.
  package var duplicate = 0
  /// Lines on which a pattern hit its match limit.
  package var limited = 0
  package init() {}

  /// What one observation came to is counted once, however many signals it feeds.
  mutating func count(_ one: Dropped) {
    predecessor += min(1, one.predecessor)
    refused += min(1, one.refused)
    duplicate += min(1, one.duplicate)
    limited += min(1, one.limited)
  }
}
