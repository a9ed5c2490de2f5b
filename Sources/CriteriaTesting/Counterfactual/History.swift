package import Criteria
import CriteriaEngine

/// Everything that was observed of one instance: what a decision can be replayed from.
package struct History: Sendable {
  /// What a test of a policy says of one signal, past its selector, scale and unit.
  package enum Told: Hashable, Sendable {
    /// In the signal's unit; what is not finite ends the series.
    case sample([String: String], Double)
    case event(groups: [String: String], value: Double?)
    case otherLine
    case attach
    case condition(status: String, reason: String)
    case conditionEnd(status: String)
    case info([String: String], String?)
  }

  package enum Content: Hashable, Sendable {
    case observed(Observation)
    case told(signal: Int, Told)
  }

  package struct Entry: Hashable, Sendable {
    package var time: Timestamp
    package var content: Content
    /// Where it was read, for evidence.
    package var origin: Origin?
    package init(_ observation: Observation, at time: Timestamp, origin: Origin? = nil) {
      self.init(.observed(observation), at: time, origin: origin)
    }
    package init(_ content: Content, at time: Timestamp, origin: Origin? = nil) {
      self.time = time
      self.content = content
      self.origin = origin
    }

    /// `nil`: it was said of a signal.
    package var observation: Observation? {
      if case .observed(let observation) = content { observation } else { nil }
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
  /// Of a test of a policy: its start, a tick. Nothing was observed before, and rules are idle until then.
  package var start: Timestamp?

  package init(
    instance: String, attachments: [Attachment] = [], entries: [Entry], assumesSteady: Bool = false,
    start: Timestamp? = nil
  ) {
    self.instance = instance
    self.attachments = attachments
    self.entries = entries
    self.assumesSteady = assumesSteady
    self.start = start
  }

  /// A fleet of this one instance, advanced to a time.
  package func fleet(under policy: Policy, to time: Timestamp) -> Fleet {
    var fleet = Fleet(policy, instances: 1, assumingSteady: assumesSteady)
    for one in attachments where one.time <= time { fleet.attach(log: one.source, of: instance, at: one.time) }
    if let start {
      for one in entries where one.time <= min(start, time) { fleet.observe(one, of: instance) }
      fleet.advance(to: start)
      fleet.restartRules()
    }
    for one in entries where one.time <= time && start.map({ one.time > $0 }) ?? true {
      fleet.observe(one, of: instance)
    }
    fleet.advance(to: time)
    return fleet
  }

  /// The decision at a tick, replayed from the first observation on; `nil` if nothing is known by then.
  package func decide(under policy: Policy, at tick: Timestamp) -> Decision? {
    fleet(under: policy, to: tick).explain(instance, at: tick, allRules: true)
  }
}

extension Fleet {
  /// Takes in one entry of a history; a handle of its series saves looking it up.
  mutating func observe(_ entry: History.Entry, of instance: String, series: SignalSeries? = nil) {
    switch entry.content {
    case .observed(let observation): observe(observation, of: instance, at: entry.time, origin: entry.origin)
    case .told(let signal, let told):
      let observation: SignalObservation =
        switch told {
        case .sample(let labels, let value): .sample(series ?? self.series(ofSignal: signal, labels), value)
        case .event(let groups, let value): .event(signal: signal, groups: groups, value: value)
        case .otherLine: .otherLine(signal: signal)
        case .attach: .attach(signal: signal)
        case .condition(let status, let reason): .condition(signal: signal, status: status, reason: reason)
        case .conditionEnd(let status): .conditionEnd(signal: signal, status: status)
        case .info(let labels, let value): .info(series ?? self.series(ofSignal: signal, labels), value)
        }
      observe(observation, of: instance, at: entry.time)
    }
  }
}
