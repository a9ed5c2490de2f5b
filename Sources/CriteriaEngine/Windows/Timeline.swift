/// What a condition, an info signal or a fact said over time, in order of time.
struct Timeline {
  struct Entry {
    var time: Int64
    /// Which series of an info signal; 0 otherwise.
    var series: Int32 = 0
    /// The value's string code; 0: this series ended.
    var code: UInt32
    var reason: UInt32 = 0
    /// When the condition last changed, by its own account.
    var since: Int64?
    /// Once a later time is known: how often the value had changed, this one counted.
    fileprivate(set) var changes: UInt32 = 0
    /// Once a later time is known: it is the value of its time.
    fileprivate(set) var isValue = false
    /// And the series that gave the value before had ended since.
    fileprivate(set) var isAfterEnd = false

    init(time: Int64, series: Int32 = 0, code: UInt32, reason: UInt32 = 0, since: Int64? = nil) {
      (self.time, self.series, self.code, self.reason, self.since) = (time, series, code, reason, since)
    }
  }

  /// A stretch of equal values.
  struct Run {
    var code: UInt32
    var start: Int64
    /// The newest entry of the stretch.
    var last: Int64
    /// Another value was seen before it.
    var isExact: Bool

    /// The run after one more value.
    fileprivate static func extended(_ run: Run?, by entry: Entry) -> Run {
      guard var run, run.code == entry.code else {
        return Run(code: entry.code, start: entry.time, last: entry.time, isExact: run != nil)
      }
      run.last = entry.time
      return run
    }
  }

  private(set) var entries: [Entry] = []
  /// The run that the forgotten entries ended in.
  private var forgotten: Run?
  private(set) var isSeen = false
  /// What the entries come to before those of the newest time, which another series may still contradict.
  private var settled = Settled()

  private struct Settled {
    /// So many entries.
    var count = 0
    var run: Run?
    /// The series that gave the newest value.
    var base: Int32?
    /// Its series has ended since.
    var baseHasEnded = false
    var changes: UInt32 = 0
  }

  /// - Complexity: O(1) in order of time, else O(n).
  mutating func insert(_ entry: Entry) {
    isSeen = true
    guard let last = entries.last, last.time >= entry.time else {
      settleNewest()
      entries.append(entry)
      return
    }
    var index = entries.count
    while index > 0, entries[index - 1].time > entry.time { index -= 1 }
    var same = index
    while same > 0, entries[same - 1].time == entry.time {
      same -= 1
      if entries[same].series == entry.series {
        // The last to come wins.
        entries.remove(at: same)
        index -= 1
        break
      }
    }
    entries.insert(entry, at: index)
    guard entry.time < last.time else { return }
    settled = Settled(run: forgotten)
    settleAll()
  }

  private mutating func settleAll() {
    guard let newest = entries.last?.time else { return }
    while entries[settled.count].time < newest { settleNext() }
  }

  private mutating func settleNewest() { if settled.count < entries.count { settleNext() } }

  /// Takes in the entries of the next time.
  private mutating func settleNext() {
    let start = settled.count
    let (end, value) = group(start)
    for index in start..<end { entries[index].isValue = false }
    if let value {
      let entry = entries[value]
      entries[value].isValue = true
      entries[value].isAfterEnd = settled.baseHasEnded
      if settled.base != nil, settled.run?.code != entry.code { settled.changes += 1 }
      settled.run = Run.extended(settled.run, by: entry)
      settled.base = entry.series
      settled.baseHasEnded = false
    }
    for index in start..<end {
      if entries[index].code == 0, entries[index].series == settled.base { settled.baseHasEnded = true }
      entries[index].changes = settled.changes
    }
    settled.count = end
  }

  /// The entries of one time, from `start` on, and which of them is its value: none if all are ends, or if two differ.
  private func group(_ start: Int) -> (end: Int, value: Int?) {
    var end = start
    var value: Int?
    var isAmbiguous = false
    while end < entries.count, entries[end].time == entries[start].time {
      if entries[end].code != 0 {
        if let value, entries[value].code != entries[end].code { isAmbiguous = true }
        value = end
      }
      end += 1
    }
    return (end, isAmbiguous ? nil : value)
  }

  /// Forgets entries before `time`, but not what run they were in.
  mutating func trim(before time: Int64) {
    // One look at the oldest entry; a scan only when there is much to gain.
    guard entries.count > 16, entries[0].time < time else { return }
    let count = entries.firstIndex { $0.time >= time } ?? entries.count
    // The newest entry stays, whatever its age: it is the value.
    let cut = min(count, entries.count - 1)
    guard cut > 8 else { return }
    // Entries of one time belong together.
    var end = cut
    while end > 0, entries[end - 1].time == entries[end].time { end -= 1 }
    // The newest time is not among them, so all of it is settled.
    for entry in entries[..<end] where entry.isValue { forgotten = Run.extended(forgotten, by: entry) }
    entries.removeFirst(end)
    settled.count -= end
  }

  mutating func removeAll(before time: Int64) {
    entries.removeAll { $0.time < time }
    if let run = forgotten {
      // Where within the forgotten stretch the first entry after `time` stood is lost: at `time` at the latest.
      let isOwn = run.start >= time
      forgotten =
        run.last < time
        ? nil : Run(code: run.code, start: max(run.start, time), last: run.last, isExact: isOwn && run.isExact)
    }
    isSeen = !entries.isEmpty || forgotten != nil
    settled = Settled(run: forgotten)
    settleAll()
  }

  /// Of a condition: an end that ends nothing any more was never an entry.
  mutating func removeLeadingEnds() {
    guard forgotten == nil else { return }
    entries.removeFirst(entries.firstIndex { $0.code != 0 } ?? entries.count)
    isSeen = !entries.isEmpty
    settled = Settled()
    settleAll()
  }

  /// The newest entry, an end too.
  var newest: Entry? { entries.last }

  /// The stretch of equal values that the newest value is in.
  var run: Run? {
    guard settled.count < entries.count, let value = group(settled.count).value else { return settled.run }
    return Run.extended(settled.run, by: entries[value])
  }

  /// `changes` over (start, now]: `nil` if no value lies in the window.
  ///
  /// - Complexity: O(log n), but for ends around the beginning of the window.
  func changes(from start: Int64, staleAfter: Int64, window length: Int64, _ wake: inout Wake) -> Double? {
    // The newest time is not settled: what its value, if it has one, adds to the rest.
    let newest = settled.count < entries.count ? group(settled.count).value : nil
    let isChange = newest.map { settled.base != nil && settled.run?.code != entries[$0].code } ?? false
    let total = settled.changes &+ (isChange ? 1 : 0)

    var first = upperBound(start)
    let before = first
    while first < settled.count, !entries[first].isValue { first += 1 }
    let isNewest = first >= settled.count
    if isNewest {
      guard let newest, entries[newest].time > start else { return nil }
      first = newest
    }
    wake.at(entries[first].time + length)
    // How often the value had changed with the window's first one, and whether it did then.
    let changes = isNewest ? total : entries[first].changes
    var base = min(before, settled.count) - 1
    while base >= 0, !entries[base].isValue { base -= 1 }
    guard base >= 0 else { return Double(total &- changes) }
    let isAfterEnd = isNewest ? settled.baseHasEnded : entries[first].isAfterEnd
    let counts =
      entries[base].code != entries[first].code && !isAfterEnd && entries[first].time - entries[base].time <= staleAfter
    return Double(total &- changes) + (counts ? 1 : 0)
  }

  private func upperBound(_ time: Int64) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func hasValue(after start: Int64, window length: Int64, _ wake: inout Wake) -> Bool {
    guard let entry = entries.last(where: { $0.code != 0 }), entry.time > start else { return false }
    wake.at(entry.time + length)
    return true
  }
}

// MARK: Snapshots

extension Timeline {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(isSeen)
    writer.write(count: entries.count)
    for entry in entries {
      writer.write(entry.time)
      writer.write(entry.series)
      writer.write(code: entry.code)
      writer.write(code: entry.reason)
      writer.write(entry.since)
    }
    writer.write(forgotten != nil)
    if let run = forgotten {
      writer.write(code: run.code)
      writer.write(run.start)
      writer.write(run.last)
      writer.write(run.isExact)
    }
  }

  init(from reader: inout SnapshotReader) throws(SnapshotError) {
    isSeen = try reader.bool()
    let count = try reader.count(of: 21)
    entries.reserveCapacity(count)
    for _ in 0..<count {
      let time = try reader.time(from: entries.last?.time)
      let series = try reader.integer(Int32.self)
      let entry = Entry(
        time: time, series: series, code: try reader.code(), reason: try reader.code(),
        since: try reader.optionalTime())
      entries.append(entry)
    }
    if try reader.bool() {
      forgotten = Run(
        code: try reader.code(), start: try reader.time(), last: try reader.time(), isExact: try reader.bool())
    }
    settled = Settled(run: forgotten)
    settleAll()
  }
}
