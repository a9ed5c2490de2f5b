/// The diagnostics of one run, over all files.
package struct Diagnostics: Sendable {
  package private(set) var items: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []

  package init(_ items: some Sequence<Diagnostic> = []) { add(contentsOf: items) }

  /// Keeps the first of equal diagnostics: an alias makes one fault visible at several uses.
  package mutating func add(_ diagnostic: Diagnostic) {
    if seen.insert(diagnostic).inserted { items.append(diagnostic) }
  }

  package mutating func add(contentsOf diagnostics: some Sequence<Diagnostic>) { for one in diagnostics { add(one) } }

  package var hasErrors: Bool { items.contains { $0.severity == .error } }

  /// In the order of files and of places in them; what has no place comes first, equal places stay in the order of arrival.
  package var sorted: [Diagnostic] {
    func key(_ diagnostic: Diagnostic) -> (Int, Int) {
      diagnostic.range.map { ($0.source.index, $0.start) } ?? (-1, -1)
    }
    return items.enumerated().sorted { (key($0.element), $0.offset) < (key($1.element), $1.offset) }.map(\.element)
  }
}

private func < (a: ((Int, Int), Int), b: ((Int, Int), Int)) -> Bool {
  (a.0.0, a.0.1, a.1) < (b.0.0, b.0.1, b.1)
}
