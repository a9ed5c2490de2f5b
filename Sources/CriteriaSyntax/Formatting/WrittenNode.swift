/// A YAML node as it is written, for whoever wants to write it again: styles and anchors are kept, aliases stay aliases.
struct WrittenNode {
  enum Content {
    case scalar(String, YAMLScalar.Style)
    case alias
    case sequence([WrittenNode], isFlow: Bool)
    case mapping([(key: WrittenNode, value: WrittenNode)], isFlow: Bool)
  }

  var content: Content
  /// Of the content, after its anchor and tag. A block collection starts at its first entry; its end means nothing.
  var range: Range<Int>
  var hasProperties: Bool

  var isFlowCollection: Bool {
    switch content {
    case .scalar, .alias: false
    case .sequence(_, let isFlow), .mapping(_, let isFlow): isFlow
    }
  }

  /// Itself and all that it holds.
  ///
  /// - Complexity: O(nodes).
  var all: [WrittenNode] {
    switch content {
    case .scalar, .alias: [self]
    case .sequence(let items, _): [self] + items.flatMap(\.all)
    case .mapping(let pairs, _): [self] + pairs.flatMap { $0.key.all + $0.value.all }
    }
  }
}

/// Reads a file that `parseYAML` has read without a fault.
///
/// - Returns: `nil` if there is nothing in it.
func parseWritten(_ bytes: [UInt8]) -> WrittenNode? {
  let reader = WrittenReader(bytes: bytes, events: YAMLEventReader(bytes))
  while let event = reader.next() {
    switch event.kind {
    case .streamStart, .documentStart: continue
    case .streamEnd, .documentEnd: return nil
    default: return reader.node(from: event)
    }
  }
  return nil
}

private struct WrittenReader {
  let bytes: [UInt8]
  let events: YAMLEventReader

  func next() -> YAMLEvent? { try? events.next() }

  func node(from event: YAMLEvent) -> WrittenNode? {
    let hasProperties = event.anchor != nil || event.tag != nil
    let start = hasProperties ? afterProperties(from: event.start, to: event.end) : event.start
    func made(_ content: WrittenNode.Content, to end: Int) -> WrittenNode {
      WrittenNode(content: content, range: start..<max(start, end), hasProperties: hasProperties)
    }
    switch event.kind {
    case .scalar(let text, let style): return made(.scalar(text, style), to: event.end)
    case .alias: return made(.alias, to: event.end)
    case .sequenceStart(let isFlow):
      var items: [WrittenNode] = []
      while let event = next() {
        if case .sequenceEnd = event.kind { return made(.sequence(items, isFlow: isFlow), to: event.end) }
        guard let item = node(from: event) else { return nil }
        items.append(item)
      }
    case .mappingStart(let isFlow):
      var pairs: [(key: WrittenNode, value: WrittenNode)] = []
      while let event = next() {
        if case .mappingEnd = event.kind { return made(.mapping(pairs, isFlow: isFlow), to: event.end) }
        guard let key = node(from: event), let next = next(), let value = node(from: next) else { return nil }
        pairs.append((key, value))
      }
    case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd: return nil
    }
    return nil
  }

  /// libyaml has a node begin at its anchor or tag.
  private func afterProperties(from start: Int, to end: Int) -> Int {
    var offset = start
    while offset < end, bytes[offset] == UInt8(ascii: "&") || bytes[offset] == UInt8(ascii: "!") {
      while offset < end, !isSpace(bytes[offset]) { offset += 1 }
      while offset < end, isSpace(bytes[offset]) { offset += 1 }
    }
    return offset
  }
}
