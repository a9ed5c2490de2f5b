/// What a signal or a rule is, part by part, as text: it tells whether state that was kept under one policy fits another one.
package struct Definition: Hashable, Sendable {
  package struct Part: Hashable, Sendable {
    /// A key of the policy's language.
    package var name: String
    /// With all names written out, so that equal texts mean the same.
    package var text: String
  }
  package private(set) var parts: [Part] = []

  package init() {}

  package mutating func add(_ name: String, _ text: String) { parts.append(Part(name: name, text: text)) }

  /// The name of the first part that is another one; `nil`: none is.
  package func difference(from other: Definition) -> String? {
    for (mine, theirs) in zip(parts, other.parts) where mine != theirs { return mine.name }
    let longer = parts.count > other.parts.count ? parts : other.parts
    return longer.dropFirst(min(parts.count, other.parts.count)).first?.name
  }
}
