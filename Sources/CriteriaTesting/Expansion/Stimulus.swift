import Criteria
package import CriteriaEngine
import CriteriaSyntax

/// The observations of one case in order of time: what its notations come to.
package struct Stimulus: Sendable {
  package enum What: Sendable {
    /// `source`: the index among the instance's sources.
    case sample(source: Int, Double)
    case event(source: Int, groups: [String: String], value: Double?)
    case otherLine(source: Int)
    case attach(signal: String)
    case condition(source: Int, status: String, reason: String)
    case conditionEnd(source: Int, status: String)
    case info(source: Int, String?)
    /// What carries its own names.
    case content(History.Content)
  }
  package struct Feed: Sendable {
    /// Milliseconds from the start of the case.
    package var time: Int64
    package var instance: Int
    package var what: What
  }
  package private(set) var feeds: [Feed] = []

  /// - Parameter start: Of the case, in milliseconds since 1970.
  package init(_ bound: BoundCase, start: Int64) {
    feeds.reserveCapacity(bound.size)
    for (index, instance) in bound.instances.enumerated() {
      let expansion = Expansion(bound: bound, instance: index)
      for signal in instance.attached { add(Feed(time: 0, instance: index, what: .attach(signal: signal))) }
      for told in instance.facts {
        add(Feed(time: told.time, instance: index, what: .content(.observed(expansion.facts(told, start: start)))))
      }
      for (place, source) in instance.sources.enumerated() { expansion.source(source, place, &feeds) }
      for lines in instance.lines { expansion.lines(lines, &feeds) }
      for samples in instance.samples { expansion.samples(samples, &feeds) }
    }
    // Swift's sort is stable: of one time, the order of the file.
    feeds.sort { $0.time < $1.time }
  }

  private mutating func add(_ feed: Feed) { feeds.append(feed) }

  /// What a case gives, but for one instance what a history says.
  func replacing(_ instance: Int, by history: History, start: Int64) -> Stimulus {
    var other = self
    other.feeds.removeAll { $0.instance == instance }
    other.feeds += history.entries.map {
      Feed(time: $0.time.milliseconds - start, instance: instance, what: .content($0.content))
    }
    other.feeds.sort { $0.time < $1.time }
    return other
  }
}

extension History {
  /// What a case gives of one of its instances.
  ///
  /// - Parameters:
  ///   - start: Of the case, in milliseconds since 1970.
  ///   - signals: The policy's, by name.
  init(_ stimulus: Stimulus, _ bound: BoundCase, instance: Int, start: Int64, _ signals: [String: Int]) {
    let sources = bound.instances[instance].sources
    func told(_ source: Int, _ told: ([String: String]) -> Told) -> Content? {
      signals[sources[source].signal].map { .told(signal: $0, told(sources[source].labels)) }
    }
    let entries = stimulus.feeds.compactMap { feed -> Entry? in
      guard feed.instance == instance else { return nil }
      let content: Content? =
        switch feed.what {
        case .sample(let source, let value): told(source) { .sample($0, value) }
        case .event(let source, let groups, let value): told(source) { _ in .event(groups: groups, value: value) }
        case .otherLine(let source): told(source) { _ in .otherLine }
        case .attach(let signal): signals[signal].map { .told(signal: $0, .attach) }
        case .condition(let source, let status, let reason):
          told(source) { _ in .condition(status: status, reason: reason) }
        case .conditionEnd(let source, let status): told(source) { _ in .conditionEnd(status: status) }
        case .info(let source, let value): told(source) { .info($0, value) }
        case .content(let content): content
        }
      return content.map { Entry($0, at: Timestamp(milliseconds: start + feed.time)) }
    }
    self.init(
      instance: bound.instances[instance].name, entries: entries, start: Timestamp(milliseconds: start))
  }
}

private struct Expansion {
  let bound: BoundCase
  let instance: Int

  func feed(_ time: Int64, _ what: Stimulus.What) -> Stimulus.Feed {
    Stimulus.Feed(time: time, instance: instance, what: what)
  }

  func facts(_ told: BoundFacts, start: Int64) -> Observation {
    .facts(
      told.facts, labels: told.labels, desired: told.desired.isEmpty ? nil : told.desired,
      launched: told.age.map { Timestamp(milliseconds: start - $0) })
  }

  /// Multiples of the scrape interval in [start, end), as far as the case goes.
  private func scrapes(_ start: Int64, _ end: Int64) -> StrideThrough<Int64> {
    let first = (start + bound.scrape - 1) / bound.scrape * bound.scrape
    return stride(from: first, through: min(end - 1, bound.end), by: Int64.Stride(bound.scrape))
  }

  func source(_ source: BoundSource, _ place: Int, _ feeds: inout [Stimulus.Feed]) {
    switch source.course {
    case .numbers(let parts): numbers(parts, place, &feeds)
    case .events(let parts): events(source, parts, place, &feeds)
    case .condition(let parts):
      var last = ""
      for part in parts {
        if part.isEnd, part.start <= bound.end {
          feeds.append(feed(part.start, .conditionEnd(source: place, status: last)))
        }
        guard let text = part.text else { continue }
        last = text
        for time in scrapes(part.start, part.end) {
          feeds.append(feed(time, .condition(source: place, status: text, reason: part.reason)))
        }
      }
    case .info(let parts):
      for part in parts {
        if part.isEnd, part.start <= bound.end { feeds.append(feed(part.start, .info(source: place, nil))) }
        guard let text = part.text else { continue }
        for time in scrapes(part.start, part.end) { feeds.append(feed(time, .info(source: place, text))) }
      }
    }
  }

  /// A counter goes on from where the part before left it.
  private func numbers(_ parts: [NumberPart], _ place: Int, _ feeds: inout [Stimulus.Feed]) {
    var level = 0.0
    for part in parts {
      let length = Double(part.end - part.start) / 1000
      func fill(_ value: (Int64) -> Double) {
        for time in scrapes(part.start, part.end) {
          feeds.append(feed(time, .sample(source: place, value(time))))
        }
      }
      switch part.kind {
      case .missing: break
      case .ends: if part.start <= bound.end { feeds.append(feed(part.start, .sample(source: place, .nan))) }
      case .level(let value):
        level = value
        fill { _ in value }
      case .ramp(let from, let to):
        fill { from + (to - from) * (Double($0 - part.start) / 1000 / length) }
        level = to
      case .rate(let from, let to):
        let base = level
        let change = from == to ? 0 : (to - from) / length
        func grown(_ seconds: Double) -> Double { base + from * seconds + change * seconds * seconds / 2 }
        fill { grown(Double($0 - part.start) / 1000) }
        if part.end < Binder.open { level = grown(length) }
      case .stepsAt(let step, let times):
        let base = level
        fill { time in base + step * Double(times.count { $0 <= time }) }
        level = base + step * Double(times.count { $0 < part.end })
      case .stepsEvery(let step, let period):
        let base = level
        fill { base + step * Double(($0 - part.start) / period) }
        if part.end < Binder.open { level = base + step * Double((part.end - 1 - part.start) / period) }
      }
    }
  }

  private func events(_ source: BoundSource, _ parts: [EventPart], _ place: Int, _ feeds: inout [Stimulus.Feed]) {
    let first = parts.first { $0.when != nil }?.start ?? (parts.isEmpty ? 0 : nil)
    // A stream that is only missing is never attached.
    guard let first else { return }
    if first <= bound.end { feeds.append(feed(first, .attach(signal: source.signal))) }
    if source.keepsAlive {
      let alive = parts.isEmpty ? [(first, Binder.open)] : parts.filter { $0.when != nil }.map { ($0.start, $0.end) }
      for (start, end) in alive {
        for time in scrapes(start, end) { feeds.append(feed(time, .otherLine(source: place))) }
      }
    }
    for part in parts {
      for time in part.times(until: bound.end + 1) where time <= bound.end {
        feeds.append(feed(time, .event(source: place, groups: part.groups, value: part.value)))
      }
    }
  }

  func lines(_ lines: BoundLines, _ feeds: inout [Stimulus.Feed]) {
    for time in lines.part.times(until: bound.end + 1) where time <= bound.end {
      for line in lines.lines { feeds.append(feed(time, .content(.observed(.line(line, source: lines.source))))) }
    }
  }

  func samples(_ given: SamplesGiven, _ feeds: inout [Stimulus.Feed]) {
    let labels = Dictionary(given.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    var time: Int64 = 0
    for value in given.values {
      if let value, time <= bound.end {
        feeds.append(feed(time, .content(.observed(.sample(given.metric, labels, value)))))
      }
      time += bound.scrape
    }
  }
}
