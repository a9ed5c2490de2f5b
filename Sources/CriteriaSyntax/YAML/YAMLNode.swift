package import CriteriaDiagnostics

/// A YAML document as a tree, aliases replaced by what they stand for.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLPair])
  }

  package var content: Content
  /// Of an alias: what its anchor stands at. A collection in block style ends with its last entry.
  package var range: SourceRange
  /// Where the `*alias` itself stands, if it is one.
  package var aliasRange: SourceRange?
  /// Its value is lost to a fault that has been reported (an unknown alias): whatever else is wrong with it is no news.
  package var isFaulty = false

  package init(_ content: Content, at range: SourceRange) {
    self.content = content
    self.range = range
  }

  /// `nil` for sequences and mappings.
  package var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  package var sequence: [YAMLNode]? {
    if case .sequence(let nodes) = content { nodes } else { nil }
  }

  package var mapping: [YAMLPair]? {
    if case .mapping(let pairs) = content { pairs } else { nil }
  }

  /// The value of a mapping's key, or `nil`.
  ///
  /// - Complexity: O(keys).
  package subscript(key: String) -> YAMLNode? { mapping?.first { $0.key.text == key }?.value }
}

/// `key: value`. Keys are scalars; other keys are refused.
package struct YAMLPair: Sendable {
  package var key: YAMLScalar
  package var value: YAMLNode
  package init(key: YAMLScalar, value: YAMLNode) {
    self.key = key
    self.value = value
  }
}

/// A scalar: its decoded text, and how and where it is written.
package struct YAMLScalar: Sendable {
  package enum Style: Sendable, CaseIterable { case plain, singleQuoted, doubleQuoted, literal, folded }

  package var text: String
  package var style: Style
  /// With its quotes or block header.
  package var range: SourceRange

  package init(_ text: String, style: Style, range: SourceRange) {
    self.text = text
    self.style = style
    self.range = range
  }

  /// `key:` with nothing after it, `~`, or `null`: no value was given.
  package var isNull: Bool { style == .plain && (text.isEmpty || text == "~" || text == "null") }

  /// Where each byte of `text` stands in the file.
  ///
  /// - Complexity: O(length); computed anew at each call, so that large documents do not carry maps nobody reads.
  package func map(in source: SourceText) -> ScalarMap {
    ScalarDecoder.map(of: text, style: style, at: range, in: source.bytes)
  }
}

/// What a document may cost. At the limit is still fine.
package struct YAMLLimits: Sendable {
  package var bytes: Int
  /// Nodes of the tree, with every alias written out.
  package var nodes: Int
  /// Collections inside each other.
  package var depth: Int

  package init(bytes: Int, nodes: Int, depth: Int) {
    self.bytes = bytes
    self.nodes = nodes
    self.depth = depth
  }

  /// For policies and other files that people write.
  package static let policy = YAMLLimits(bytes: 8 << 20, nodes: 100_000, depth: 100)
  /// For inventories and other files that programs write.
  package static let data = YAMLLimits(bytes: 1 << 30, nodes: 50_000_000, depth: 100)
}
