/// One line that a log signal's pattern matched.
struct LogEvent {
  var time: Int64
  /// What `value:` read, converted; NaN if the signal has none or it did not read.
  var value: Double
  /// The groups that the policy reads, in the order of `LogPattern.captures`.
  var captures: [String]
  var origin: Origin?
}

/// The events of one key that lie within the retention.
///
/// When they came is kept of all of them; what they said only of the newest, and of those with a number that number.
struct EventStream {
  let key: Int32
  /// The key's parts as bytes, for a fixed order.
  let identity: [UInt8]
  /// In ascending order, equal ones once for each event.
  private(set) var times: ArraySlice<Int64>
  /// Of equal times, the last to arrive.
  private(set) var newest: LogEvent
  /// The numbers that `value:` read.
  private(set) var samples: SampleBox?

  init(key: Int32, identity: [UInt8], _ event: LogEvent, _ plan: SeriesPlan) {
    self.key = key
    self.identity = identity
    times = []
    newest = event
    insert(event, plan)
  }

  var isEmpty: Bool { times.isEmpty }

  /// - Complexity: O(1) in order of time, else O(what is later).
  mutating func insert(_ event: LogEvent, _ plan: SeriesPlan) {
    if let last = times.last, last > event.time {
      times.insert(event.time, at: upperBound(event.time))
    } else {
      times.append(event.time)
      newest = event
    }
    guard !event.value.isNaN else { return }
    if samples == nil {
      samples = SampleBox(Series(identity: 0, key: key))
    } else if !isKnownUniquelyReferenced(&samples) {
      samples = samples.map { SampleBox($0.series.copy()) }
    }
    samples?.insert(event.time, event.value, plan)
  }

  func upperBound(_ time: Int64) -> Int {
    var low = times.startIndex
    var high = times.endIndex
    while low < high {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Forgets events before `time`; numbers are forgotten with their windows.
  mutating func trim(before time: Int64) {
    guard let first = times.first, first < time else { return }
    times = times[upperBound(time - 1)...]
    // A slice keeps the whole buffer: copy once more than half of it is dead.
    if times.startIndex > 64, times.startIndex > times.count { times = ArraySlice(Array(times)) }
  }

  /// Forgets everything before `time`: it was a predecessor's.
  mutating func removeAll(before time: Int64, _ plan: SeriesPlan) {
    trim(before: time)
    guard let samples else { return }
    var series = samples.series.copy()
    series.removeAll(before: time, plan)
    self.samples = SampleBox(series)
  }
}

/// A series with an owner.
///
/// Shared by the copies of a stream until one of them takes in a sample. Terms remember what they worked out, which all may
/// see.
final class SampleBox {
  var series: Series
  /// - Parameter series: Belongs to the box from now on.
  init(_ series: Series) { self.series = series }
  deinit { series.destroy() }

  func insert(_ time: Int64, _ value: Double, _ plan: SeriesPlan) {
    _ = series.insert(time, value, plan)
    _ = series.reveal(through: .max, plan)
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
  /// No event is older than this.
  private var oldest = Int64.max

  var isSeen: Bool { attachedAt != nil }

  mutating func attach(at time: Int64) { attachedAt = min(attachedAt ?? time, time) }
  mutating func sawLine(at time: Int64) { lastLine = max(lastLine ?? time, time) }
  mutating func hitLimit(at time: Int64) { limitAt = max(limitAt ?? time, time) }

  /// - Returns: False (refused) if the key is new and `maxKeys` are kept already.
  mutating func insert(
    _ event: LogEvent, identity: [UInt8], maxKeys: Int, plan: SeriesPlan, key: () -> Int32
  ) -> Bool {
    let index = position(of: identity)
    if index < streams.count, streams[index].identity == identity {
      streams[index].insert(event, plan)
      oldest = min(oldest, event.time)
      return true
    }
    if streams.count >= maxKeys {
      refusedAt = max(refusedAt ?? event.time, event.time)
      return false
    }
    streams.insert(EventStream(key: key(), identity: identity, event, plan), at: index)
    oldest = min(oldest, event.time)
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

  private func place(of key: Int32) -> Int? {
    for candidate in byKey.candidates(for: key, of: streams.count) {
      let place = byKey.place(candidate, for: key)
      if streams[place].key == key { return place }
    }
    return nil
  }

  /// - Complexity: O(1) unless an event is due.
  mutating func forget(at now: Int64, signal: Plan.Signal) {
    let horizon = now - signal.retention
    guard oldest < horizon else { return }
    hasForgotten = true
    for index in streams.indices { streams[index].trim(before: horizon) }
    removeEmpty()
  }

  private mutating func removeEmpty() {
    if streams.contains(where: \.isEmpty) {
      streams.removeAll(where: \.isEmpty)
      byKey.invalidate()
    }
    oldest = streams.reduce(.max) { min($0, $1.times.first ?? .max) }
  }

  /// Everything before `time` was a predecessor's.
  mutating func removeAll(before time: Int64, plan: SeriesPlan) {
    for index in streams.indices { streams[index].removeAll(before: time, plan) }
    removeEmpty()
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
    for index in streams.indices where now - streams[index].newest.time <= signal.retention {
      wake.after(streams[index].newest.time + signal.retention)
      live.append(streams[index].key)
    }
    if !live.isEmpty, live != keys { keys = live }
  }

  /// A term of the signal at `window.now`; NaN is unknown. `kind` nil: the bare name.
  ///
  /// - Parameter plan: What the terms read of the numbers.
  /// - Complexity: O(log n) for each key; over numbers see `Series.term`.
  func term(
    _ kind: WindowKind?, _ window: Window, signal: Plan.Signal, plan: SeriesPlan, key: Int32?,
    _ wake: inout Wake
  ) -> Double {
    guard isKnown(at: window.now, signal: signal, &wake) else { return .nan }
    guard let reducer = signal.reducer else {
      return place(of: key ?? 0).map { value(of: $0, kind, window, signal, plan, &wake) } ?? Self.silence(kind)
    }
    if streams.isEmpty { return reducer == .count ? 0 : Self.silence(kind) }
    var reduction = Reduction(reducer)
    for index in streams.indices where window.now - streams[index].newest.time <= signal.retention {
      wake.after(streams[index].newest.time + signal.retention)
      reduction.add(value(of: index, kind, window, signal, plan, &wake))
    }
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
    of place: Int, _ kind: WindowKind?, _ window: Window, _ signal: Plan.Signal, _ plan: SeriesPlan,
    _ wake: inout Wake
  ) -> Double {
    switch kind {
    case nil:
      let limit = signal.staleAfter < .max ? signal.staleAfter : 300_000
      guard let series = streams[place].samples?.series, series.isLive(at: window.now, staleAfter: limit) else {
        return .nan
      }
      wake.after(series.newestTime + limit)
      return series.newestValue
    case .count, .rate:
      let start = streams[place].upperBound(window.now - window.length)
      let count = streams[place].times.endIndex - start
      if count == 0 { return 0 }
      wake.at(streams[place].times[start] + window.length)
      return kind == .count ? Double(count) : Double(count) / (Double(window.length) / 1000)
    case let kind?:
      return streams[place].samples?.series.term(kind, ticks: window.length / window.step, plan, &wake) ?? .nan
    }
  }

  /// Whether an event came in the window, of a refused key too; the time at which that ends is told to `wake`.
  func hasEvent(in window: Window, _ wake: inout Wake) -> Bool {
    var newest = refusedAt ?? .min
    for index in streams.indices { newest = max(newest, streams[index].newest.time) }
    guard newest > window.now - window.length else { return false }
    wake.at(newest + window.length)
    return true
  }

  /// The newest event (of one key) within the retention; at one time, that of the greatest key.
  func newest(key: Int32?) -> LogEvent? {
    if let key { return place(of: key).map { streams[$0].newest } }
    var found: Int?
    for index in streams.indices
    where found.map({ streams[$0].newest.time <= streams[index].newest.time }) ?? true { found = index }
    return found.map { streams[$0].newest }
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

/// What `since` knows.
enum Clock {
  case unknown
  case exact(origin: Int64)
  /// `isMoving`: the bound grows with time.
  case atLeast(origin: Int64, isMoving: Bool)
  /// False for a boolean expression: exactly 0.
  case zero
}

// MARK: Snapshots

extension LogEvent {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(time)
    writer.write(value)
    writer.write(count: captures.count)
    for capture in captures { writer.write(capture) }
    writer.write(origin != nil)
    if let origin {
      writer.write(origin.file)
      writer.write(Int64(origin.line))
    }
  }

  /// - Parameter captures: Which of the captures are kept, in which order.
  init(from reader: inout SnapshotReader, captures kept: SnapshotTransfer.Captures) throws(SnapshotError) {
    time = try reader.time()
    value = try reader.double()
    var all: [String] = []
    for _ in 0..<(try reader.count(of: 4)) { all.append(try reader.string()) }
    guard all.count == kept.count else { throw reader.damage("\(all.count) captures where \(kept.count) are read") }
    captures = kept.places.map { all[$0] }
    if try reader.bool() {
      let file = try reader.string()
      guard let line = Int(exactly: try reader.int64()) else { throw reader.damage("no line's number") }
      origin = Origin(file: file, line: line)
    }
  }
}

extension EventStream {
  func encode(into writer: inout SnapshotWriter) {
    newest.encode(into: &writer)
    writer.write(count: times.count)
    for time in times { writer.write(time) }
    let series = samples.flatMap { $0.series.isEmpty ? nil : $0.series }
    writer.write(series != nil)
    series?.encode(into: &writer)
  }

  init(
    from reader: inout SnapshotReader, key: Int32, identity: [UInt8], _ signal: SnapshotTransfer.Signal,
    _ plan: SeriesPlan
  ) throws(SnapshotError) {
    self.key = key
    self.identity = identity
    newest = try LogEvent(from: &reader, captures: signal.captures)
    times = []
    for _ in 0..<(try reader.count(of: 8)) { times.append(try reader.time(from: times.last)) }
    guard times.last == newest.time else { throw reader.damage("events without the newest of them") }
    if try reader.bool() { samples = SampleBox(try Series(from: &reader, plan, keyParts: signal.keyParts)) }
  }
}

extension LogState {
  func encode(into writer: inout SnapshotWriter) {
    for time in [attachedAt, lastLine, limitAt, refusedAt] { writer.write(time) }
    writer.write(hasForgotten)
    writer.write(count: keys.count)
    for key in keys { writer.write(key) }
    writer.write(count: streams.count)
    for stream in streams {
      // Its identity is its key's.
      writer.write(stream.key)
      stream.encode(into: &writer)
    }
  }

  /// - Parameter plan: What the windows over its numbers need.
  init(
    from reader: inout SnapshotReader, _ signal: SnapshotTransfer.Signal, _ plan: SeriesPlan
  ) throws(SnapshotError) {
    attachedAt = try reader.optionalTime()
    lastLine = try reader.optionalTime()
    limitAt = try reader.optionalTime()
    refusedAt = try reader.optionalTime()
    hasForgotten = try reader.bool()
    for _ in 0..<(try reader.count(of: 4)) { keys.append(try reader.key(parts: signal.keyParts)) }
    for _ in 0..<(try reader.count(of: 38)) {
      let key = try reader.key(parts: signal.keyParts)
      let identity = keyIdentity(reader.keys[Int(key)])
      guard streams.last.map({ $0.identity.lexicographicallyPrecedes(identity) }) ?? true else {
        throw reader.damage("keys that are not in order")
      }
      let stream = try EventStream(from: &reader, key: key, identity: identity, signal, plan)
      oldest = min(oldest, stream.times[stream.times.startIndex])
      streams.append(stream)
    }
  }
}
