package import CriteriaDiagnostics

/// Coverage as lcov's trace file, for `genhtml` and for editors: a rule is a function, a point a branch.
///
/// - Parameter sources: The policy's texts.
package func lcov(_ map: CoverageMap, _ hits: CoverageHits, _ sources: SourceMap) -> String {
  var text = ""
  for (index, source) in sources.texts.enumerated() {
    let rows = map.rows.filter { $0.range?.source.index == index }
    if rows.isEmpty { continue }
    text += "TN:\nSF:\(source.path)\n"
    text += functions(rows, map, hits, source)
    text += lines(rows, map, hits, source)
    text += "end_of_record\n"
  }
  return text
}

private func functions(_ rows: [CoverageRow], _ map: CoverageMap, _ hits: CoverageHits, _ source: SourceText) -> String
{
  var text = ""
  var (found, hit) = (0, 0)
  for row in rows where row.kind == .rule {
    guard let range = row.range else { continue }
    // A rule that never came true was never entered.
    let count = row.points.filter { map.points[$0].goal == .when(.yes) }.reduce(0) { $0 + hits.counts[$1] }
    text += "FN:\(source.position(at: range.start).line),\(row.owner)\nFNDA:\(count),\(row.owner)\n"
    found += 1
    hit += count > 0 ? 1 : 0
  }
  return text + "FNF:\(found)\nFNH:\(hit)\n"
}

private func lines(_ rows: [CoverageRow], _ map: CoverageMap, _ hits: CoverageHits, _ source: SourceText) -> String {
  var text = ""
  var counts: [Int: Int] = [:]
  var (found, hit) = (0, 0)
  for (block, row) in rows.enumerated() {
    guard let range = row.range else { continue }
    let line = source.position(at: range.start).line
    let isReached = row.points.contains { hits.counts[$0] > 0 }
    for (branch, point) in row.points.enumerated() {
      let count = hits.counts[point]
      text += "BRDA:\(line),\(block),\(branch),\(isReached ? "\(count)" : "-")\n"
      counts[line] = max(counts[line] ?? 0, count)
      found += 1
      hit += count > 0 ? 1 : 0
    }
  }
  text += "BRF:\(found)\nBRH:\(hit)\n"
  for (line, count) in counts.sorted(by: { $0.key < $1.key }) { text += "DA:\(line),\(count)\n" }
  return text + "LF:\(counts.count)\nLH:\(counts.values.count { $0 > 0 })\n"
}
