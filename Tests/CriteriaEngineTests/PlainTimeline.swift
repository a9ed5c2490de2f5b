@testable import CriteriaEngine

/// The plain twin of `Timeline`: every question walks over all entries.
struct PlainTimeline {
  typealias Entry = Timeline.Entry
  typealias Run = Timeline.Run

  private(set) var entries: [Entry] = []
  /// The run that the forgotten entries ended in.
  private var forgotten: Run?
  private(set) var isSeen = false

  mutating func insert(_ entry: Entry) {
    isSeen = true
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
    forgotten = runs(of: entries[..<end])
    entries.removeFirst(end)
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
  }

  /// Of a condition: an end that ends nothing any more was never an entry.
  mutating func removeLeadingEnds() {
    guard forgotten == nil else { return }
    entries.removeFirst(entries.firstIndex { $0.code != 0 } ?? entries.count)
    isSeen = !entries.isEmpty
  }

  /// The newest entry, an end too.
  var newest: Entry? { entries.last }

  /// The stretch of equal values that the newest value is in.
  var run: Run? { runs(of: entries[...]) }

  private func runs(of entries: ArraySlice<Entry>) -> Run? {
    var run = forgotten
    forEachValue(in: entries) { time, entry, _ in
      if run?.code == entry.code {
        run!.last = time
      } else {
        run = Run(code: entry.code, start: time, last: time, isExact: run != nil)
      }
    }
    return run
  }

  /// The values in order of time: ends skipped, and times at which two series said different things left out.
  ///
  /// - Parameter body: Gets the time, an entry, and whether an end came since the value before.
  private func forEachValue(in entries: ArraySlice<Entry>, _ body: (Int64, Entry, [Int32]) -> Void) {
    var index = entries.startIndex
    var ended: [Int32] = []
    while index < entries.endIndex {
      let time = entries[index].time
      var value: Entry?
      var isAmbiguous = false
      var endedNow: [Int32] = []
      while index < entries.endIndex, entries[index].time == time {
        let entry = entries[index]
        if entry.code == 0 {
          endedNow.append(entry.series)
        } else if let known = value, known.code != entry.code {
          isAmbiguous = true
        } else {
          value = entry
        }
        index += 1
      }
      if let value, !isAmbiguous {
        body(time, value, ended)
        ended = []
      }
      // An end at the very time of the next value lies before it for a base that is older.
      ended += endedNow
    }
  }

  /// `changes` over (now − length, now]: `nil` if no value lies in the window.
  func changes(from start: Int64, staleAfter: Int64, window length: Int64, _ wake: inout Wake) -> Double? {
    var previous: (time: Int64, entry: Entry)?
    var previousEnded = false
    var count = 0
    var any = false
    var oldest: Int64?
    forEachValue(in: entries[...]) { time, entry, ended in
      if let base = previous, ended.contains(base.entry.series) { previousEnded = true }
      if time > start {
        if oldest == nil { oldest = time }
        any = true
        if let base = previous, base.entry.code != entry.code {
          if base.time > start || (!previousEnded && time - base.time <= staleAfter) { count += 1 }
        }
      }
      previous = (time, entry)
      previousEnded = false
    }
    if let oldest { wake.at(oldest + length) }
    return any ? Double(count) : nil
  }

  func hasValue(after start: Int64, window length: Int64, _ wake: inout Wake) -> Bool {
    guard let entry = entries.last(where: { $0.code != 0 }), entry.time > start else { return false }
    wake.at(entry.time + length)
    return true
  }
}
