package import CriteriaEngine

/// One observation as it is fed to a fleet.
package struct InputObservation: Hashable, Sendable {
  package var instance: String
  package var time: Timestamp
  package var observation: Observation
  package var origin: Origin
  /// How many it stands for: of the log lines of a tick that match nothing only the newest is kept.
  package var count: Int

  package init(instance: String, time: Timestamp, observation: Observation, origin: Origin, count: Int = 1) {
    self.instance = instance
    self.time = time
    self.observation = observation
    self.origin = origin
    self.count = count
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
}
