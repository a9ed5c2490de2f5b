package import CriteriaDiagnostics

/// Reads a YAML (or JSON) file into a tree.
///
/// Refused, each with its place: several documents, keys that stand twice or are not scalars, tags other than the core
/// ones, unknown aliases, and what exceeds `limits`. Duplicate keys and the like do not end the reading: the tree comes
/// with the first of the two, so that later stages can report their faults too.
/// - Returns: No tree where YAML itself is broken or the file holds nothing; diagnostics then say why.
/// - Complexity: O(bytes + nodes).
package func parseYAML(
  _ text: SourceText, as source: SourceID, limits: YAMLLimits = .policy
) -> (node: YAMLNode?, diagnostics: [Diagnostic]) {
  guard text.bytes.count <= limits.bytes else {
    return (
      nil, [.fileTooLarge(text.path, bytes: text.bytes.count, limit: limits.bytes, at: SourceRange(source, 0, 0))]
    )
  }
  let refused = checkCharacters(text.bytes, in: source)
  guard refused.isEmpty else { return (nil, refused) }
  var builder = TreeBuilder(text, source, limits)
  return builder.build()
}

/// Builds the tree from events.
private struct TreeBuilder {
  /// A finished subtree, with what it would cost to write it out again.
  private struct Built {
    var node: YAMLNode
    var nodes: Int
    var depth: Int
  }

  /// A collection whose end has not come yet.
  private struct Open {
    var isMapping: Bool
    var isFlow: Bool
    var start: Int
    var end: Int
    var anchor: String?
    var items: [YAMLNode] = []
    var pairs: [YAMLPair] = []
    var key: YAMLScalar?
    /// The key is no scalar and was reported: its value is read and dropped.
    var dropsValue = false
    /// Where each key stands, once there are too many to look through.
    var keys: [String: SourceRange] = [:]
    var nodes = 1
    var depth = 1
  }

  private let text: SourceText
  private let source: SourceID
  private let limits: YAMLLimits
  private var stack: [Open] = []
  private var anchors: [String: Built] = [:]
  private var root: YAMLNode?
  private var nodes = 0
  private var documents = 0
  private var diagnostics: [Diagnostic] = []

  init(_ text: SourceText, _ source: SourceID, _ limits: YAMLLimits) {
    self.text = text
    self.source = source
    self.limits = limits
  }

  mutating func build() -> (YAMLNode?, [Diagnostic]) {
    let reader = YAMLEventReader(text.bytes)
    do {
      while true {
        let event = try reader.next()
        if case .streamEnd = event.kind { break }
        guard add(event) else { return (nil, diagnostics) }
      }
    } catch {
      diagnostics.append(.yamlSyntax(error, in: text, source))
      return (nil, diagnostics)
    }
    if root == nil, diagnostics.isEmpty { diagnostics.append(.emptyFile(text.path, at: SourceRange(source, 0, 0))) }
    return (root, diagnostics)
  }

  /// Takes one event; `false` ends the reading, with a diagnostic.
  private mutating func add(_ event: YAMLEvent) -> Bool {
    let range = SourceRange(source, event.start, max(event.start, event.end))
    switch event.kind {
    case .streamStart, .streamEnd, .documentEnd: return true
    case .documentStart:
      documents += 1
      if documents > 1 { diagnostics.append(.secondDocument(at: range)) }
      return documents == 1
    case .alias(let name): return addAlias(name, at: range)
    case .scalar(let value, let style):
      let scalar = YAMLScalar(value, style: style, range: trimmed(afterProperties(event, range), of: style))
      var node = YAMLNode(.scalar(scalar), at: scalar.range)
      // `!ready` is a tag and nothing after it.
      node.isFaulty = !checkTag(event, at: range) && scalar.isNull
      return close(Built(node: node, nodes: 1, depth: 0), anchor: event.anchor)
    case .sequenceStart(let isFlow), .mappingStart(let isFlow):
      checkTag(event, at: range)
      guard stack.count < limits.depth else {
        diagnostics.append(.tooDeep(limits.depth, at: range))
        return false
      }
      var isMapping = false
      if case .mappingStart = event.kind { isMapping = true }
      stack.append(Open(isMapping: isMapping, isFlow: isFlow, start: event.start, end: event.end, anchor: event.anchor))
      return true
    case .sequenceEnd, .mappingEnd:
      let open = stack.removeLast()
      // libyaml ends a block collection where the next token starts, which may be many lines further down.
      let range = SourceRange(source, open.start, open.isFlow ? event.end : max(open.start, open.end))
      let node = YAMLNode(open.isMapping ? .mapping(open.pairs) : .sequence(open.items), at: range)
      return close(Built(node: node, nodes: open.nodes, depth: open.depth), anchor: open.anchor)
    }
  }

  private mutating func addAlias(_ name: String, at range: SourceRange) -> Bool {
    guard var built = anchors[name] else {
      let isOpen = stack.contains { $0.anchor == name }
      diagnostics.append(
        isOpen
          ? .aliasInsideItself(name, at: range)
          : .unknownAlias(name, nearest: nearest(name, among: anchors.keys), at: range))
      // A stand-in, so that the pairing of keys and values stays right.
      let scalar = YAMLScalar("", style: .plain, range: range)
      var node = YAMLNode(.scalar(scalar), at: range)
      node.isFaulty = true
      return close(Built(node: node, nodes: 1, depth: 0), anchor: nil)
    }
    guard stack.count + built.depth <= limits.depth else {
      diagnostics.append(.tooDeep(limits.depth, at: range))
      return false
    }
    built.node.aliasRange = range
    return close(built, anchor: nil, end: range.end)
  }

  /// Puts a finished node where it belongs.
  private mutating func close(_ built: Built, anchor: String?, end: Int? = nil) -> Bool {
    if let anchor { anchors[anchor] = built }
    // Collections have counted their entries already.
    let isAlias = built.node.aliasRange != nil
    nodes += isAlias ? built.nodes : 1
    guard nodes <= limits.nodes else {
      diagnostics.append(.tooManyNodes(limits.nodes, at: built.node.aliasRange ?? built.node.range))
      return false
    }
    guard !stack.isEmpty else {
      root = built.node
      return true
    }
    let top = stack.count - 1
    stack[top].end = max(stack[top].end, end ?? built.node.range.end)
    stack[top].nodes += built.nodes
    stack[top].depth = max(stack[top].depth, built.depth + 1)
    if !stack[top].isMapping {
      stack[top].items.append(built.node)
    } else if let key = stack[top].key {
      stack[top].key = nil
      addPair(YAMLPair(key: key, value: built.node), to: top)
    } else if stack[top].dropsValue {
      stack[top].dropsValue = false
    } else if case .scalar(var key) = built.node.content {
      if let alias = built.node.aliasRange { key.range = alias }
      stack[top].key = key
    } else {
      diagnostics.append(.keyNotScalar(at: built.node.aliasRange ?? built.node.range))
      stack[top].dropsValue = true
    }
    return true
  }

  private mutating func addPair(_ pair: YAMLPair, to top: Int) {
    if let first = firstPlace(of: pair.key.text, in: top) {
      diagnostics.append(.duplicateKey(pair.key.text, at: pair.key.range, first: first))
      return
    }
    stack[top].pairs.append(pair)
    let count = stack[top].pairs.count
    if count == Self.fewKeys {
      for one in stack[top].pairs { stack[top].keys[one.key.text] = one.key.range }
    } else if count > Self.fewKeys {
      stack[top].keys[pair.key.text] = pair.key.range
    }
  }

  /// Up to so many keys are looked through: most mappings are small, and there are millions of them in an inventory.
  private static let fewKeys = 16

  private func firstPlace(of key: String, in top: Int) -> SourceRange? {
    if stack[top].pairs.count >= Self.fewKeys { return stack[top].keys[key] }
    return stack[top].pairs.first { $0.key.text == key }?.key.range
  }

  /// Values are read by the type their key declares, so a core tag says nothing; any other asks for what we do not do.
  @discardableResult
  private mutating func checkTag(_ event: YAMLEvent, at range: SourceRange) -> Bool {
    guard let tag = event.tag, tag != "!", !tag.hasPrefix("tag:yaml.org,2002:") else { return true }
    diagnostics.append(.unsupportedTag(tag, at: range, in: text))
    return false
  }

  /// libyaml has a scalar begin at its anchor or tag; its text begins after them.
  private func afterProperties(_ event: YAMLEvent, _ range: SourceRange) -> SourceRange {
    guard event.anchor != nil || event.tag != nil else { return range }
    var offset = range.start
    var isComment = false
    var isProperty = false
    while offset < range.end {
      let byte = text.bytes[offset]
      switch byte {
      case 0x0A, 0x0D: (isComment, isProperty) = (false, false)
      case 0x20, 0x09: isProperty = false
      case UInt8(ascii: "#") where !isProperty: isComment = true
      case UInt8(ascii: "&") where !isProperty && !isComment, UInt8(ascii: "!") where !isProperty && !isComment:
        isProperty = true
      default: if !isComment, !isProperty { return SourceRange(source, offset, range.end) }
      }
      offset += 1
    }
    return SourceRange(source, range.end, range.end)
  }

  /// A block scalar without the empty lines that follow it.
  private func trimmed(_ range: SourceRange, of style: YAMLScalar.Style) -> SourceRange {
    guard style == .literal || style == .folded else { return range }
    var end = min(range.end, text.bytes.count)
    while end > range.start, [0x20, 0x09, 0x0A, 0x0D].contains(text.bytes[end - 1]) { end -= 1 }
    return SourceRange(range.source, range.start, end)
  }
}
