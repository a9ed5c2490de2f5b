package import CriteriaDiagnostics
import CriteriaEngine

/// The points of one expression, rule, pattern, or of the verdicts, together: a line of a report.
package struct CoverageRow: Sendable {
  package enum Kind: String, Sendable { case rule, test, pattern, verdicts }
  package var kind: Kind
  /// The rule or signal; empty for the verdicts.
  package var owner: String
  package var range: SourceRange?
  /// Indices of points.
  package var points: [Int]

  package func covered(by hits: CoverageHits) -> Int { points.count { hits.counts[$0] > 0 } }

  /// What no test made happen: `never unknown`, `never at the boundary`.
  package func missing(_ map: CoverageMap, _ hits: CoverageHits) -> [String] {
    points.filter { hits.counts[$0] == 0 }.map { point in
      switch map.points[point].goal {
      case .when(.yes): "never true"
      case .when(.no): "never false"
      case .when(.unknown): "never unknown"
      case .outcome(let truth): "never \(truth)"
      case .boundary: "never at its boundary"
      case .state(let state): "never \(state.rawValue)"
      case .verdict(let verdict): "never \(verdict.rawValue)"
      case .match: "no line matched"
      }
    }
  }
}

extension CoverageMap {
  /// In the order of the policy's text, the verdicts last.
  package var rows: [CoverageRow] {
    var rows: [CoverageRow] = []
    var places: [String: Int] = [:]
    for (index, point) in points.enumerated() {
      let kind: CoverageRow.Kind =
        switch point.goal {
        case .when, .state: .rule
        case .outcome, .boundary: .test
        case .match: .pattern
        case .verdict: .verdicts
        }
      let range = point.range.map { "\($0.source.index) \($0.start) \($0.end)" } ?? ""
      let key = "\(kind) \(point.owner ?? "") \(range)"
      if let place = places[key] {
        rows[place].points.append(index)
      } else {
        places[key] = rows.count
        rows.append(CoverageRow(kind: kind, owner: point.owner ?? "", range: point.range, points: [index]))
      }
    }
    func order(_ row: CoverageRow) -> (Int, Int, Int) {
      guard let range = row.range else { return (.max, 0, 0) }
      // A rule's own row before the tests of its `when`.
      return (range.source.index, range.start, row.kind == .rule ? 0 : 1)
    }
    return rows.enumerated().sorted { a, b in
      let (x, y) = (order(a.element), order(b.element))
      return x != y ? x < y : a.offset < b.offset
    }.map(\.element)
  }
}

/// How many of some points were seen.
package struct CoverageShare: Hashable, Sendable {
  package var covered = 0
  package var all = 0

  package init() {}

  package var percent: Double { all == 0 ? 100 : 100 * Double(covered) / Double(all) }

  package mutating func add(_ other: CoverageShare) {
    covered += other.covered
    all += other.all
  }
}

extension CoverageMap {
  /// Of the points of one kind, or of all.
  package func share(_ hits: CoverageHits, of kind: CoverageRow.Kind? = nil) -> CoverageShare {
    var share = CoverageShare()
    for row in rows where kind == nil || row.kind == kind {
      share.covered += row.covered(by: hits)
      share.all += row.points.count
    }
    return share
  }
}
