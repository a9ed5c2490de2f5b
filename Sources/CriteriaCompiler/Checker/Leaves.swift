package import CriteriaDiagnostics

/// A term of an expression that reads something, where it stands, and how.
package struct Leaf: Sendable {
  package enum Term: Sendable {
    case latest(CheckedPolicy.SignalIndex)  // also status, reason, info and captures
    case window(WindowFunction, CheckedPolicy.SignalIndex, Int64)
    case absent(CheckedPolicy.SignalIndex, Int64)
    case since(CheckedPolicy.SignalIndex, isLog: Bool)
    case sinceFact(String)
    case age
    case drift  // drift.count, drift.ratio
    case drifted(String)
    case fact(String)
    case label(String)
    case desired(String)
  }
  package var term: Term
  package var range: SourceRange
  /// Below a `reduce:`d name: its keys are gone.
  package var isReduced: Bool

  package var signal: CheckedPolicy.SignalIndex? {
    switch term {
    case .latest(let index), .window(_, let index, _), .absent(let index, _), .since(let index, _): index
    case .sinceFact, .age, .drift, .drifted, .fact, .label, .desired: nil
    }
  }

  /// Milliseconds of history that it looks back; `since` of a log counts as a day.
  package var window: Int64 {
    switch term {
    case .window(_, _, let window), .absent(_, let window): window
    case .since(_, isLog: true): sinceOfLogWindow
    case .latest, .since, .sinceFact, .age, .drift, .drifted, .fact, .label, .desired: 0
    }
  }
}

/// How far back `since` of a log remembers a match, in milliseconds.
package let sinceOfLogWindow: Int64 = 24 * 3_600_000

/// Gathers what expressions read, in the order of the text.
///
/// - Complexity: O(nodes), names written out; the checker bounds those.
struct LeafCollector {
  private(set) var leaves: [Leaf] = []
  private var isReduced = false

  private mutating func add(_ term: Leaf.Term, _ range: SourceRange) {
    leaves.append(Leaf(term: term, range: range, isReduced: isReduced))
  }

  mutating func visit(_ expr: NumberExpr) {
    switch expr {
    case .constant: break
    case .latest(let index, let range): add(.latest(index), range)
    case .window(let function, let index, let window, let range): add(.window(function, index, window), range)
    case .since(let target, let range): visit(target, range)
    case .age(let range): add(.age, range)
    case .driftCount(let range), .driftRatio(let range): add(.drift, range)
    case .reduced(_, let inner, _, _):
      let outer = isReduced
      isReduced = true
      visit(inner)
      isReduced = outer
    case .negate(let inner, _), .abs(let inner, _): visit(inner)
    case .arithmetic(_, let left, let right, _), .spread(let left, let right, _):
      visit(left)
      visit(right)
    case .min(let parts, _), .max(let parts, _): for part in parts { visit(part) }
    case .clamp(let value, let low, let high, _), .ramp(let value, let low, let high, _):
      visit(value)
      visit(low)
      visit(high)
    }
  }

  private mutating func visit(_ target: SinceTarget, _ range: SourceRange) {
    switch target {
    case .log(let index): add(.since(index, isLog: true), range)
    case .condition(let index), .info(let index): add(.since(index, isLog: false), range)
    case .fact(let name): add(.sinceFact(name), range)
    case .truth(let truth): visit(truth)
    }
  }

  mutating func visit(_ expr: BoolExpr) {
    switch expr {
    case .constant: break
    case .compare(_, let left, let right, _):
      visit(left)
      visit(right)
    case .numberIn(let number, _, _): visit(number)
    case .compareStrings(_, let left, let right, _):
      visit(left)
      visit(right)
    case .stringIn(let string, _, _), .matches(let string, _, _): visit(string)
    case .compareBools(_, let left, let right, _), .and(let left, let right, _), .or(let left, let right, _):
      visit(left)
      visit(right)
    case .absent(let index, let window, let range): add(.absent(index, window), range)
    case .drifted(let name, let range): add(.drifted(name), range)
    case .not(let inner, _): visit(inner)
    }
  }

  mutating func visit(_ expr: StringExpr) {
    switch expr {
    case .constant: break
    case .fact(let name, let range): add(.fact(name), range)
    case .label(let name, let range): add(.label(name), range)
    case .desired(let name, let range): add(.desired(name), range)
    case .status(let index, let range), .reason(let index, let range), .info(let index, let range),
      .capture(let index, _, let range):
      add(.latest(index), range)
    }
  }
}

extension NumberExpr {
  package var leaves: [Leaf] {
    var collector = LeafCollector()
    collector.visit(self)
    return collector.leaves
  }
}

extension BoolExpr {
  package var leaves: [Leaf] {
    var collector = LeafCollector()
    collector.visit(self)
    return collector.leaves
  }
}

extension StringExpr {
  package var leaves: [Leaf] {
    var collector = LeafCollector()
    collector.visit(self)
    return collector.leaves
  }
}
