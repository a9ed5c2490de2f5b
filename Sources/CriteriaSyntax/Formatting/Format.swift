package import CriteriaDiagnostics

/// Writes a file of ours in its canonical form (docs/formatting.md): comments are kept, what it means does not change.
///
/// - Parameter text: A file that parses; of any other the result means as little as the file.
/// - Returns: The bytes as they should be; those of `text` for a file that is written in a way that policies are not (keys with
///   `?`, one flow mapping as a whole). `nil` where the result would mean something else: a fault of ours.
/// - Complexity: O(bytes).
package func format(_ text: SourceText, as kind: ValueKind) -> [UInt8]? {
  guard let root = parseWritten(text.bytes), let layout = Layout(text.bytes, root) else { return text.bytes }
  var formatter = Formatter(bytes: text.bytes, mayReorder: !layout.hasReferences && !layout.endsInText)
  formatter.write(layout, as: kind)
  let result = formatter.result(endsInText: layout.endsInText)
  return isSame(text, SourceText(path: text.path, bytes: result), as: kind, comments: layout.comments) ? result : nil
}

private func isSame(_ old: SourceText, _ new: SourceText, as kind: ValueKind, comments: [String]) -> Bool {
  let source = SourceID(index: 0)
  guard let a = parseYAML(old, as: source).node, let b = parseYAML(new, as: source).node, isSame(a, b, as: kind),
    let root = parseWritten(new.bytes), let layout = Layout(new.bytes, root)
  else { return false }
  return layout.comments.sorted() == comments.sorted()
}

/// Whether two trees say the same, the order of keys and the spacing of expressions aside.
private func isSame(_ a: YAMLNode, _ b: YAMLNode, as kind: ValueKind?) -> Bool {
  switch (a.content, b.content) {
  case (.scalar(let a), .scalar(let b)):
    guard a.text != b.text else { return a.isNull == b.isNull }
    switch kind?.element {
    case .expression: return spaced(expression: a.text) == b.text
    case .effect: return spaced(effect: a.text) == b.text
    default: return false
    }
  case (.sequence(let a), .sequence(let b)):
    return a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1, as: kind?.element) }
  case (.mapping(let pairs), .mapping(let others)):
    guard pairs.count == others.count else { return false }
    let entries = kind?.entries(for: pairs.map(\.key.text))
    return pairs.allSatisfy { pair in
      b[pair.key.text].map { isSame(pair.value, $0, as: entries?(pair.key.text)) } ?? false
    }
  default: return false
  }
}

extension ValueKind {
  /// Of a list: what its entries are; of what may be one or several, what each is.
  var element: ValueKind {
    if case .list(let element, _) = self { element } else { self }
  }

  /// What the keys of a mapping that holds `keys` mean; `nil` if it should be no mapping.
  func entries(for keys: [String]) -> ((String) -> ValueKind?)? {
    if case .named(let value) = self { return { _ in value } }
    return fields(for: keys).map { fields in { fields[$0] } }
  }

  func fields(for keys: [String]) -> Fields? {
    switch self {
    case .fields(let fields): return fields
    case .anyOf(let kinds):
      let all = kinds.compactMap { $0.fields(for: keys) }
      return all.first { $0.required.allSatisfy(keys.contains) && keys.allSatisfy($0.names.contains) }
        ?? all.first { $0.required.first.map(keys.contains) == true }
    default: return nil
    }
  }
}
