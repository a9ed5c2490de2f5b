/// One line that a log signal's pattern matched.
struct LogEvent {
  var time: Int64
  /// What `value:` read, converted; NaN if the signal has none or it did not read.
  var value: Double
  /// The groups that the policy reads, in the order of `LogPattern.captures`.
  var captures: [String]
  var origin: Origin?
}

/// The events of one key, in order of time; equal times in the order of arrival.
struct EventStream {
  let key: Int32
  /// The key's parts as bytes, for a fixed order.
  let identity: [UInt8]
  private(set) var events: ArraySlice<LogEvent> = []

  init(key: Int32, identity: [UInt8]) {
    self.key = key
    self.identity = identity
  }

  mutating func insert(_ event: LogEvent) {
    if let last = events.last, last.time > event.time {
      events.insert(event, at: upperBound(event.time))
    } else {
      events.append(event)
    }
  }

  func upperBound(_ time: Int64) -> Int {
    var low = events.startIndex
    var high = events.endIndex
    while low < high {
      let middle = (low + high) / 2
      if events[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  mutating func trim(before time: Int64) {
    guard let first = events.first, first.time < time else { return }
    events = events[upperBound(time - 1)...]
    if events.startIndex > 64, events.startIndex > events.count { events = ArraySlice(Array(events)) }
  }
}

/// What is kept of one log signal on one instance.
struct LogState {
  /// In order of identity; one stream with key 0 for a signal without `by`.
  private(set) var streams: [EventStream] = []
  /// When a source of the signal was first attached.
  private(set) var attachedAt: Int64?
  /// The newest line of any kind of its sources.
  private(set) var lastLine: Int64?
  /// The newest line on which the pattern hit its limit.
  private(set) var limitAt: Int64?
  private(set) var refusedAt: Int64?
  /// An event was forgotten: `since` is at least the retention.
  private(set) var hasForgotten = false
  private(set) var keys: [Int32] = []
  private var byKey = KeyIndex()

  var isSeen: Bool { attachedAt != nil }

  mutating func attach(at time: Int64) { attachedAt = min(attachedAt ?? time, time) }
  mutating func sawLine(at time: Int64) { lastLine = max(lastLine ?? time, time) }
  mutating func hitLimit(at time: Int64) { limitAt = max(limitAt ?? time, time) }

  /// - Returns: False (refused) if the key is new and `maxKeys` are kept already.
  mutating func insert(_ event: LogEvent, identity: [UInt8], maxKeys: Int, key: () -> Int32) -> Bool {
    let index = position(of: identity)
    if index < streams.count, streams[index].identity == identity {
      streams[index].insert(event)
      return true
    }
    if streams.count >= maxKeys {
      refusedAt = max(refusedAt ?? event.time, event.time)
      return false
    }
    var stream = EventStream(key: key(), identity: identity)
    stream.insert(event)
    streams.insert(stream, at: index)
    byKey.invalidate()
    return true
  }

  private func position(of identity: [UInt8]) -> Int {
    var low = 0
    var high = streams.count
    while low < high {
      let middle = (low + high) / 2
      if streams[middle].identity.lexicographicallyPrecedes(identity) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func stream(of key: Int32) -> EventStream? {
    for candidate in byKey.candidates(for: key, of: streams.count) {
      let stream = streams[byKey.place(candidate, for: key)]
      if stream.key == key { return stream }
    }
    return nil
  }

  mutating func forget(at now: Int64, signal: Plan.Signal) {
    for index in streams.indices {
      if let first = streams[index].events.first, first.time < now - signal.retention {
        hasForgotten = true
        streams[index].trim(before: now - signal.retention)
      }
    }
    if streams.contains(where: { $0.events.isEmpty }) {
      streams.removeAll { $0.events.isEmpty }
      byKey.invalidate()
    }
  }

  /// Everything before `time` was a predecessor's.
  mutating func removeAll(before time: Int64) {
    for index in streams.indices { streams[index].trim(before: time) }
    streams.removeAll { $0.events.isEmpty }
    byKey.invalidate()
    func kept(_ moment: Int64?) -> Int64? { moment.flatMap { $0 < time ? nil : $0 } }
    // Whoever reads a log goes on reading it.
    attachedAt = attachedAt.map { max($0, time) }
    lastLine = kept(lastLine)
    limitAt = kept(limitAt)
    refusedAt = kept(refusedAt)
    hasForgotten = false
    keys = []
  }

  /// Attached, a line recently enough, no limit hit and no key refused within the retention.
  func isKnown(at now: Int64, signal: Plan.Signal, _ wake: inout Wake) -> Bool {
    guard attachedAt != nil else { return false }
    var known = true
    if let limitAt, now - limitAt <= signal.retention {
      wake.after(limitAt + signal.retention)
      known = false
    }
    if isOverflowed(at: now, retention: signal.retention, &wake) { known = false }
    if signal.staleAfter < .max {
      guard let lastLine, now - lastLine <= signal.staleAfter else { return false }
      wake.after(lastLine + signal.staleAfter)
    }
    return known
  }

  func isOverflowed(at now: Int64, retention: Int64, _ wake: inout Wake) -> Bool {
    guard let refusedAt, now - refusedAt <= retention else { return false }
    wake.after(refusedAt + retention)
    return true
  }

  mutating func updateKeys(at now: Int64, signal: Plan.Signal, _ wake: inout Wake) {
    byKey.rebuild(streams.count) { streams[$0].key }
    var live: [Int32] = []
    for stream in streams {
      guard let last = stream.events.last, now - last.time <= signal.retention else { continue }
      wake.after(last.time + signal.retention)
      live.append(stream.key)
    }
    if !live.isEmpty { keys = live }
  }

  /// A term of the signal at `window.now`; NaN is unknown. `kind` nil: the bare name.
  func term(_ kind: WindowKind?, _ window: Window, signal: Plan.Signal, key: Int32?, _ wake: inout Wake) -> Double {
    guard isKnown(at: window.now, signal: signal, &wake) else { return .nan }
    if let reducer = signal.reducer { return reduced(reducer, kind, window, signal, &wake) }
    return stream(of: key ?? 0).map { value(of: $0, kind, window, signal, &wake) } ?? Self.silence(kind)
  }

  private func reduced(
    _ reducer: Reducer, _ kind: WindowKind?, _ window: Window, _ signal: Plan.Signal, _ wake: inout Wake
  ) -> Double {
    var reduction = Reduction(reducer)
    for stream in streams {
      guard let last = stream.events.last, window.now - last.time <= signal.retention else { continue }
      wake.after(last.time + signal.retention)
      reduction.add(value(of: stream, kind, window, signal, &wake))
    }
    if streams.isEmpty { return reducer == .count ? 0 : Self.silence(kind) }
    return reduction.result
  }

  /// The term over no events.
  static func silence(_ kind: WindowKind?) -> Double {
    switch kind {
    case .count, .rate: 0
    default: .nan
    }
  }

  private func value(
    of stream: EventStream, _ kind: WindowKind?, _ window: Window, _ signal: Plan.Signal, _ wake: inout Wake
  ) -> Double {
    guard let kind else {
      let limit = signal.staleAfter < .max ? signal.staleAfter : 300_000
      guard let newest = stream.events.last(where: { !$0.value.isNaN }), window.now - newest.time <= limit else {
        return .nan
      }
      wake.after(newest.time + limit)
      return newest.value
    }
    let inside = stream.events[stream.upperBound(window.now - window.length)...]
    guard let oldest = inside.first else { return Self.silence(kind) }
    wake.at(oldest.time + window.length)
    switch kind {
    case .count: return Double(inside.count)
    case .rate: return Double(inside.count) / (Double(window.length) / 1000)
    default:
      var samples = LegacySeries(identity: [], key: 0)
      samples.append(events: inside)
      return samples.term(kind, window, staleAfter: signal.staleAfter, &wake)
    }
  }

  func hasEvent(in window: Window, _ wake: inout Wake) -> Bool {
    var found = false
    if let refusedAt, refusedAt > window.now - window.length {
      wake.at(refusedAt + window.length)
      found = true
    }
    for stream in streams {
      for event in stream.events[stream.upperBound(window.now - window.length)...] {
        wake.at(event.time + window.length)
        found = true
      }
    }
    return found
  }

  /// The newest event (of one key) within the retention.
  func newest(key: Int32?) -> LogEvent? {
    if let key { return stream(of: key)?.events.last }
    var newest: LogEvent?
    for stream in streams {
      if let last = stream.events.last, newest.map({ $0.time <= last.time }) ?? true { newest = last }
    }
    return newest
  }

  /// `since` of the log: exact or a bound, with the moment from which the clock runs (`nil`: the bound stands still).
  func since(at now: Int64, signal: Plan.Signal, key: Int32?, _ wake: inout Wake) -> Clock {
    guard isKnown(at: now, signal: signal, &wake), let attachedAt else { return .unknown }
    if let newest = newest(key: key) {
      wake.after(newest.time + signal.retention)
      return .exact(origin: newest.time)
    }
    if hasForgotten, now - attachedAt > signal.retention {
      return .atLeast(origin: now - signal.retention, isMoving: false)
    }
    return .atLeast(origin: attachedAt, isMoving: true)
  }
}

extension LegacySeries {
  /// Takes the values of events as samples; equal times all count.
  fileprivate mutating func append(events: ArraySlice<LogEvent>) {
    for event in events where !event.value.isNaN {
      appendKeepingEqualTimes(Entry(time: event.time, value: event.value))
    }
  }
}

/// What `since` knows.
enum Clock {
  case unknown
  case exact(origin: Int64)
  /// `isMoving`: the bound grows with time.
  case atLeast(origin: Int64, isMoving: Bool)
  /// False for a boolean expression: exactly 0.
  case zero
}
