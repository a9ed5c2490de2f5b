/// The candidate that `name` was most likely meant to be: what "did you mean" offers.
///
/// The distance counts insertions, deletions, substitutions and swaps of neighbours; another case is free. A candidate
/// further away than a third of the name is none.
/// - Returns: The nearest candidate; of equally near ones the first in byte order. `nil` if none is near.
/// - Complexity: O(candidates · length · distance); names beyond 64 bytes are not compared.
package func nearest(_ name: String, among candidates: some Sequence<String>) -> String? {
  let wanted = lowercased(name)
  guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
  let bound = max(1, wanted.count / 3)
  var best: (distance: Int, name: String)?
  var table = DistanceTable()
  for candidate in candidates where candidate != name {
    let offered = lowercased(candidate)
    // Nothing further away than the best so far matters.
    let limit = min(best?.distance ?? bound, max(wanted.count, offered.count) - 1)
    guard offered.count <= 64, let distance = table.distance(wanted, offered, within: limit) else { continue }
    if best == nil || (distance, candidate) < (best!.distance, best!.name) { best = (distance, candidate) }
  }
  return best?.name
}

private func lowercased(_ text: String) -> [UInt8] {
  // Thousands of signals may be offered for thousands of unknown names; most of both are ASCII.
  guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return Array(text.lowercased().utf8) }
  return text.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
}

/// Damerau and Levenshtein's distance, in the variant that edits no part of the text twice.
private struct DistanceTable {
  private var beforeLast: [Int] = []
  private var last: [Int] = []
  private var current: [Int] = []

  /// - Returns: `nil` if it is beyond `limit`: only a band of that width around the diagonal is worked out.
  mutating func distance(_ a: [UInt8], _ b: [UInt8], within limit: Int) -> Int? {
    guard limit >= 0, abs(a.count - b.count) <= limit else { return nil }
    let beyond = limit + 1
    last = Array(0...b.count)
    current = Array(repeating: beyond, count: b.count + 1)
    beforeLast = current
    for i in a.indices {
      let band = max(0, i - limit)...min(b.count, i + limit)
      current[0] = i + 1
      if band.lowerBound > 0 { current[band.lowerBound] = beyond }
      var least = current[0]
      for j in band where j < b.count {
        var cost = min(last[j + 1] + 1, current[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        current[j + 1] = cost
        least = min(least, cost)
      }
      if band.upperBound + 2 <= b.count { current[band.upperBound + 2] = beyond }
      // A swap of neighbours reaches back over one row, so this one alone does not end it.
      if least > beyond { return nil }
      (beforeLast, last, current) = (last, current, beforeLast)
    }
    return last[b.count] <= limit ? last[b.count] : nil
  }
}
