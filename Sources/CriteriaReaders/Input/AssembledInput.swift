package import CriteriaEngine

/// One observation as it is fed to a fleet.
package struct InputObservation: Hashable, Sendable {
  package var instance: String
  package var time: Timestamp
  package var observation: Observation
  package var origin: Origin
  /// How many it stands for: of the log lines of a tick that match nothing only the newest is kept.
  package var count: Int
  /// A line that no pattern of its source matches: it says only that it came.
  package var isUnmatched: Bool

  package init(
    instance: String, time: Timestamp, observation: Observation, origin: Origin, count: Int = 1,
    isUnmatched: Bool = false
  ) {
    self.instance = instance
    self.time = time
    self.observation = observation
    self.origin = origin
    self.count = count
    self.isUnmatched = isUnmatched
  }
}

/// A log stream that was given, so that its silence says something.
package struct InputAttachment: Hashable, Sendable {
  package var instance: String
  /// `*`: all sources.
  package var source: String
  /// Of the instance's first observation, or of the stream's first line if that is earlier: a log that was given was
  /// watched throughout.
  package var time: Timestamp

  package init(instance: String, source: String, time: Timestamp) {
    self.instance = instance
    self.source = source
    self.time = time
  }
}

/// Everything that was read, ready to be fed.
package struct AssembledInput: Sendable {
  /// Where `at` came from.
  package enum TimeOrigin: Sendable { case option, inputs, fallback }
  package var at: Timestamp
  package var timeOrigin: TimeOrigin
  /// The fleet: of the inventory, else the names that were seen. In byte order.
  package var instances: [String]
  /// In order of time; at equal times what the inventory says, then the order of the inputs.
  package var observations: [InputObservation]
  /// In order of time.
  package var attachments: [InputAttachment]
  package var summary: InputSummary
  /// Which instance a name means, where an inventory says so.
  package var identity: Identity?
}

extension AssembledInput {
  /// Where two that were read in different ways differ, in words; `nil`: they say the same, observations of one time and
  /// instance in any order.
  package func difference(from other: AssembledInput) -> String? {
    func texts(_ input: AssembledInput) -> [String] {
      let lines = input.observations.map {
        "\($0.time.milliseconds) \($0.instance) \($0.origin.file):\($0.origin.line) ×\($0.count) \($0.observation)"
      }
      let files = input.summary.files.map {
        "\($0.path) \($0.format) \($0.bytes) \($0.counts) \($0.problems.problems.map(\.description))"
      }
      let summary = input.summary
      return lines.sorted() + files
        + [
          "\(input.at) \(input.timeOrigin) \(input.instances)", "\(input.attachments)",
          "unmatched \(summary.unmatchedLines), folded \(summary.foldedLines), repaired \(summary.repairedLines)",
          "unanchored \(summary.unanchoredLines), unresolved \(summary.unresolved), problems \(summary.problems.total)",
        ]
    }
    let (mine, others) = (texts(self), texts(other))
    if mine == others { return nil }
    for (a, b) in zip(mine, others) where a != b { return "`\(a)`, expected `\(b)`" }
    return "\(mine.count) things, expected \(others.count)"
  }
}
