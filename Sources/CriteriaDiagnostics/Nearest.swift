/// The candidate that `name` was most likely meant to be: what "did you mean" offers.
///
/// The distance counts insertions, deletions, substitutions and swaps of neighbours; another case is free. A candidate
/// further away than a third of the name is none.
/// - Returns: The nearest candidate; of equally near ones the first in byte order. `nil` if none is near.
/// - Complexity: O(candidates · length²); names beyond 64 bytes are not compared.
package func nearest(_ name: String, among candidates: some Sequence<String>) -> String? {
  let wanted = Array(name.lowercased().utf8)
  guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
  let bound = max(1, wanted.count / 3)
  var best: (distance: Int, name: String)?
  for candidate in candidates where candidate != name {
    let offered = Array(candidate.lowercased().utf8)
    guard offered.count <= 64, abs(offered.count - wanted.count) <= bound else { continue }
    let distance = editDistance(wanted, offered)
    guard distance <= bound, distance < max(wanted.count, offered.count) else { continue }
    if best == nil || (distance, candidate) < (best!.distance, best!.name) { best = (distance, candidate) }
  }
  return best?.name
}

/// Damerau and Levenshtein's distance, in the variant that edits no part of the text twice.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in a.indices {
    var current = [i + 1] + [Int](repeating: 0, count: b.count)
    for j in b.indices {
      var cost = min(last[j + 1] + 1, current[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      current[j + 1] = cost
    }
    (beforeLast, last) = (last, current)
  }
  return last[b.count]
}
