import CriteriaDiagnostics
import CriteriaSyntax

/// One row of `each`, put into a case: `{v}` in a text becomes the value of `v`.
struct Substitution {
  let row: [(name: String, value: String)]
  private(set) var used: Set<String> = []

  init(_ row: [(name: String, value: String)]) { self.row = row }

  /// The node with the row's names put in. A text that changes keeps its place in the file.
  mutating func apply(to node: YAMLNode) -> YAMLNode {
    var node = node
    switch node.content {
    case .scalar(let scalar): node.content = .scalar(apply(to: scalar))
    case .sequence(let nodes): node.content = .sequence(nodes.map { apply(to: $0) })
    case .mapping(let pairs):
      node.content = .mapping(pairs.map { YAMLPair(key: apply(to: $0.key), value: apply(to: $0.value)) })
    }
    return node
  }

  mutating func apply(to scalar: YAMLScalar) -> YAMLScalar {
    guard scalar.text.utf8.contains(UInt8(ascii: "{")) else { return scalar }
    var scalar = scalar
    for (name, value) in row {
      let parts = split(scalar.text, at: "{" + name + "}")
      guard parts.count > 1 else { continue }
      used.insert(name)
      scalar.text = parts.joined(separator: value)
    }
    return scalar
  }

  private func split(_ text: String, at separator: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = text[...]
    while let found = rest.firstRange(of: separator) {
      parts.append(rest[..<found.lowerBound])
      rest = rest[found.upperBound...]
    }
    return parts + [rest]
  }
}
