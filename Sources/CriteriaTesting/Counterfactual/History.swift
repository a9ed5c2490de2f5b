package import Criteria

/// Everything that was observed of one instance: what a decision can be replayed from.
package struct History: Sendable {
  package struct Entry: Hashable, Sendable {
    package var time: Timestamp
    package var observation: Observation
    /// Where it was read, for evidence.
    package var origin: Origin?
    package init(_ observation: Observation, at time: Timestamp, origin: Origin? = nil) {
      self.time = time
      self.observation = observation
      self.origin = origin
    }
  }

  /// A log source that is read from a time on, so that its silence says something.
  package struct Attachment: Hashable, Sendable {
    package var source: String
    package var time: Timestamp
    package init(source: String, time: Timestamp) {
      self.source = source
      self.time = time
    }
  }

  package var instance: String
  package var attachments: [Attachment]
  /// In order of time; those of equal time in the order in which they are fed.
  package var entries: [Entry]
  /// As for `Fleet(_:assumingSteady:)`.
  package var assumesSteady: Bool

  package init(instance: String, attachments: [Attachment] = [], entries: [Entry], assumesSteady: Bool = false) {
    self.instance = instance
    self.attachments = attachments
    self.entries = entries
    self.assumesSteady = assumesSteady
  }

  /// A fleet of this one instance, advanced to a time.
  package func fleet(under policy: Policy, to time: Timestamp) -> Fleet {
    var fleet = Fleet(policy, assumingSteady: assumesSteady)
    for one in attachments where one.time <= time { fleet.attach(log: one.source, of: instance, at: one.time) }
    for one in entries where one.time <= time {
      fleet.observe(one.observation, of: instance, at: one.time, origin: one.origin)
    }
    fleet.advance(to: time)
    return fleet
  }

  /// The decision at a tick, replayed from the first observation on; `nil` if nothing is known by then.
  package func decide(under policy: Policy, at tick: Timestamp) -> Decision? {
    fleet(under: policy, to: tick).explain(instance, at: tick, allRules: true)
  }
}
