/// Where the series of each key stand: a rule over n keys would otherwise look at n² series a tick.
struct KeyIndex {
  /// Sorted by key, then place.
  private var entries: [(key: Int32, place: Int)] = []
  /// The series have changed places since; until `rebuild`, all of them are looked at.
  private var isStale = true

  mutating func invalidate() { isStale = true }

  /// - Complexity: O(1) if nothing has changed, else O(n log n).
  mutating func rebuild(_ count: Int, key: (Int) -> Int32) {
    guard isStale else { return }
    isStale = false
    entries.removeAll(keepingCapacity: true)
    for place in 0..<count { entries.append((key(place), place)) }
    entries.sort { ($0.key, $0.place) < ($1.key, $1.place) }
  }

  /// What to ask `place` for: every series that may have `key` (`nil`: any) is among them, in order.
  func candidates(for key: Int32?, of count: Int) -> Range<Int> {
    guard let key, !isStale else { return 0..<count }
    let start = lowerBound(key)
    var end = start
    while end < entries.count, entries[end].key == key { end += 1 }
    return start..<end
  }

  func place(_ candidate: Int, for key: Int32?) -> Int {
    key == nil || isStale ? candidate : entries[candidate].place
  }

  /// In order of key.
  func forEachPlace(_ body: (Int) -> Void) { for entry in entries { body(entry.place) } }

  private func lowerBound(_ key: Int32) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
