/// What is kept of one info signal on one instance: which label its series carried, over time.
struct InfoState {
  private(set) var timeline = Timeline()
  private(set) var refusedAt: Int64?
  /// The same, ends aside: `absent` is blind to overflow.
  private var refusedSampleAt: Int64?
  private(set) var isSeen = false
  /// Identities of the series met, by their numbers in the timeline.
  private(set) var identities: [Int32] = []
  /// The newest entry of each series: time, and the label's code (0: ended).
  private var newest: [(time: Int64, code: UInt32)] = []

  /// - Parameter code: Of the label; 0 ends the series.
  /// - Returns: False if the series is new and `maxKeys` are kept already.
  mutating func insert(time: Int64, identity: Int32, code: UInt32, maxKeys: Int) -> Bool {
    isSeen = true
    let series: Int
    if let known = identities.firstIndex(of: identity) {
      series = known
    } else {
      if identities.count >= maxKeys {
        refusedAt = max(refusedAt ?? time, time)
        if code != 0 { refusedSampleAt = max(refusedSampleAt ?? time, time) }
        return false
      }
      series = identities.count
      identities.append(identity)
      newest.append((.min, 0))
    }
    if time >= newest[series].time { newest[series] = (time, code) }
    timeline.insert(Timeline.Entry(time: time, series: number(of: series), code: code))
    return true
  }

  /// Series numbers in the timeline never come again, though places in `identities` do.
  private var numbers: [Int32] = []
  private var nextNumber: Int32 = 0
  private mutating func number(of series: Int) -> Int32 {
    while numbers.count <= series {
      numbers.append(nextNumber)
      nextNumber += 1
    }
    return numbers[series]
  }

  /// Forgets series older than the retention; what they said stays in the timeline.
  mutating func forget(at now: Int64, signal: Plan.Signal, maxLateness: Int64) {
    for index in identities.indices.reversed() where newest[index].time < now - signal.retention {
      identities.remove(at: index)
      newest.remove(at: index)
      numbers.remove(at: index)
    }
    timeline.trim(before: now - signal.retention - (signal.staleBase) - maxLateness)
  }

  mutating func removeAll(before time: Int64) {
    for index in identities.indices.reversed() where newest[index].time < time {
      identities.remove(at: index)
      newest.remove(at: index)
      numbers.remove(at: index)
    }
    timeline.removeAll(before: time)
    if let refusedAt, refusedAt < time { self.refusedAt = nil }
    if let refusedSampleAt, refusedSampleAt < time { self.refusedSampleAt = nil }
    isSeen = timeline.isSeen || refusedAt != nil
  }

  /// Whether a value of any series lies in the window.
  func hasValue(in window: Window, _ wake: inout Wake) -> Bool {
    var found = timeline.hasValue(after: window.now - window.length, window: window.length, &wake)
    if let refusedSampleAt, refusedSampleAt > window.now - window.length {
      wake.at(refusedSampleAt + window.length)
      found = true
    }
    return found
  }

  func isOverflowed(at now: Int64, retention: Int64, _ wake: inout Wake) -> Bool {
    guard let refusedAt, now - refusedAt <= retention else { return false }
    wake.after(refusedAt + retention)
    return true
  }

  /// The label of the live series with the newest sample; 0 (unknown) if two disagree.
  func value(at now: Int64, signal: Plan.Signal, _ wake: inout Wake) -> UInt32 {
    if isOverflowed(at: now, retention: signal.retention, &wake) { return 0 }
    let staleAfter = signal.staleAfter
    var found: (time: Int64, code: UInt32) = (.min, 0)
    for (time, code) in newest where code != 0 && now - time <= staleAfter {
      wake.after(time + staleAfter)
      if time > found.time {
        found = (time, code)
      } else if time == found.time, code != found.code {
        found.code = 0
      }
    }
    return found.code
  }
}

// MARK: Snapshots

extension InfoState {
  func encode(into writer: inout SnapshotWriter) {
    timeline.encode(into: &writer)
    writer.write(refusedAt)
    writer.write(refusedSampleAt)
    writer.write(isSeen)
    writer.write(nextNumber)
    writer.write(count: identities.count)
    for index in identities.indices {
      writer.write(identity: identities[index])
      writer.write(numbers[index])
      writer.write(newest[index].time)
      writer.write(code: newest[index].code)
    }
  }

  init(from reader: inout SnapshotReader) throws(SnapshotError) {
    timeline = try Timeline(from: &reader)
    refusedAt = try reader.optionalTime()
    refusedSampleAt = try reader.optionalTime()
    isSeen = try reader.bool()
    nextNumber = try reader.integer(Int32.self)
    // Far from where counting on would overflow.
    guard nextNumber >= 0, nextNumber < .max / 2 else { throw reader.damage("no number of a series") }
    for _ in 0..<(try reader.count(of: 20)) {
      identities.append(try reader.identity())
      numbers.append(try reader.integer(Int32.self))
      newest.append((try reader.time(), try reader.code()))
    }
  }
}
