import Criteria
import CriteriaDiagnostics

// What `stream` writes: objects with one member each, whose name says what it is (docs/stream.schema.json).

extension JSONWriter {
  /// One answer on a line of its own.
  mutating func answer(_ name: String, _ members: (inout JSONWriter) -> Void) {
    beginObject()
    key(name)
    beginObject()
    members(&self)
    endObject()
    endObject()
    endLine()
  }

  mutating func answer(_ change: Change) {
    answer("change") {
      $0.member("instance", change.instance)
      $0.member("at", change.at.description)
      $0.member("verdict", change.verdict.rawValue)
      if change.verdict == .unknown { $0.member("possible", change.possible) }
      $0.key("previous")
      if let previous = change.previous { $0.value(previous.rawValue) } else { $0.null() }
      $0.member("selected", change.isSelected)
    }
  }

  mutating func answer(_ summary: Summary, of instance: String, at time: Timestamp) {
    answer("summary") {
      $0.member("instance", instance)
      $0.member("at", time.description)
      $0.member("verdict", summary.verdict.rawValue)
      if summary.verdict == .unknown { $0.member("possible", summary.possible) }
      $0.key("score")
      $0.beginObject()
      $0.member("low", Double(summary.low) / 1000)
      $0.member("high", Double(summary.high) / 1000)
      $0.endObject()
    }
  }

  mutating func answer(_ decision: Decision) {
    beginObject()
    key("decision")
    decision.write(to: &self)
    endObject()
    endLine()
  }

  mutating func member(_ key: String, _ time: Timestamp?) {
    self.key(key)
    if let time { value(time.description) } else { null() }
  }

  private mutating func member(_ key: String, _ verdicts: [Verdict]) {
    self.key(key)
    beginArray()
    for verdict in verdicts { value(verdict.rawValue) }
    endArray()
  }

  /// What became of the observations so far.
  mutating func member(_ counts: ObservationCounts) {
    key("counts")
    beginObject()
    member("accepted", counts.accepted)
    member("irrelevant", counts.irrelevant)
    member("ignored", counts.ignored)
    member("late", counts.late)
    member("future", counts.future)
    member("duplicate", counts.duplicate)
    member("predecessor", counts.predecessor)
    member("refused", counts.refused)
    member("limited", counts.limited)
    endObject()
  }
}
