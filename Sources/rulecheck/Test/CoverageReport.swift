import CriteriaDiagnostics
import CriteriaTesting

/// What the tests of one policy made happen.
struct CoverageReport {
  var path: String
  var map: CoverageMap
  var hits: CoverageHits
  var sources: SourceMap

  var share: CoverageShare { map.share(hits) }

  /// A table of the policy's lines, what is missing beside each; then the sums.
  func text(colours: Bool, width: Int?) -> String {
    var table = Table(header: ["LINE", "OF", "EXPRESSION", "SEEN", "MISSING"])
    for row in map.rows {
      let covered = row.covered(by: hits)
      let isWhole = covered == row.points.count
      table.add(
        [
          Table.Cell(place(row), .faint), Table.Cell(row.owner), Table.Cell(expression(row)),
          Table.Cell("\(covered)/\(row.points.count)", isWhole ? .green : .yellow),
        ], parts: row.missing(map, hits))
    }
    return "coverage of \(escaped(path))\n" + table.render(colours: colours, width: width) + summary + "\n"
  }

  var summary: String {
    let kinds: [(CoverageRow.Kind, String)] = [
      (.rule, "rules"), (.test, "comparisons"), (.pattern, "patterns"), (.verdicts, "verdicts"),
    ]
    let parts = kinds.compactMap { kind, name in
      let share = map.share(hits, of: kind)
      return share.all == 0 ? nil : "\(name) \(share.covered)/\(share.all)"
    }
    return "covered \(percent(share)): " + parts.joined(separator: " · ")
  }

  private func place(_ row: CoverageRow) -> String {
    guard let range = row.range else { return "" }
    let line = String(sources[range.source].position(at: range.start).line)
    return range.source.index == 0 ? line : "\(escaped(sources[range.source].path)):\(line)"
  }

  private func expression(_ row: CoverageRow) -> String {
    switch row.kind {
    case .rule: return "when, states"
    case .verdicts: return "verdicts"
    case .pattern: return "match"
    case .test:
      guard let range = row.range else { return "" }
      let text = String(decoding: sources[range.source].bytes[range.start..<range.end], as: UTF8.self)
      let line = escaped(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
      return line.count <= 60 ? line : line.prefix(59) + "…"
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("policy", path)
    writer.member("covered", share.covered)
    writer.member("all", share.all)
    writer.member("percent", share.percent)
    writer.key("points")
    writer.beginArray()
    for row in map.rows {
      writer.beginObject()
      writer.member("kind", row.kind.rawValue)
      if !row.owner.isEmpty { writer.member("of", row.owner) }
      if let range = row.range {
        let position = sources[range.source].position(at: range.start)
        writer.member("file", sources[range.source].path)
        writer.member("line", position.line)
        writer.member("column", position.column)
        writer.member(
          "text", String(decoding: sources[range.source].bytes[range.start..<range.end], as: UTF8.self))
      }
      writer.member("covered", row.covered(by: hits))
      writer.member("all", row.points.count)
      writer.key("missing")
      writer.beginArray()
      for missing in row.missing(map, hits) { writer.value(missing) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}

/// `87.5 %`, never rounded up to a hundred.
func percent(_ share: CoverageShare) -> String {
  let tenths = Int(share.percent * 10)
  return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
}
