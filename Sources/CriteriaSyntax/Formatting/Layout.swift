/// How a file is laid out: its entries as they nest, each with its comments and with the lines that belong to its value.
///
/// An entry is a `key:` or a `- ` of block style; what is inside brackets and block scalars is the entry's value.
struct Layout {
  /// A line between entries.
  enum Filler: Equatable {
    case blank
    /// From `#` on.
    case comment(String)
    /// `---`, with what follows it.
    case marker(String)
  }

  struct Comment {
    /// From `#` on.
    var text: String
    var column: Int
  }

  struct Entry {
    enum Kind: Equatable {
      case item
      /// The key as it is written, and what it says.
      case pair(written: String, key: String)
      /// A value on a line of its own, below its key.
      case value
    }
    var kind: Kind
    var column: Int
    /// Above it.
    var leading: [Filler] = []
    /// `&anchor`, `!tag`.
    var properties: [String] = []
    var value: WrittenNode?
    var valueColumn = 0
    /// The value's first line from the value on, where it goes on in further lines.
    var opening: String?
    /// Further lines of the value, as they stand in the file.
    var interior: [String] = []
    var comment: Comment?
    var children: [Entry] = []
    /// Comments behind the last child, as deep as it.
    var tail: [Filler] = []

    var key: String? {
      if case .pair(_, let key) = kind { key } else { nil }
    }

    /// A key and its value in one line.
    var isShort: Bool {
      key != nil && value != nil && opening == nil && interior.isEmpty && children.isEmpty
    }
  }

  var entries: [Entry] = []
  var tail: [Filler] = []
  /// There is an anchor, an alias or a tag: the order of entries may matter.
  var hasReferences = false
  /// The last line is text of a block scalar: a line break behind it would be text too.
  var endsInText = false

  /// All comments, in the order of the file.
  var comments: [String] { entries.flatMap(Self.comments) + Self.comments(tail) }

  private static func comments(_ fillers: [Filler]) -> [String] {
    fillers.compactMap { if case .comment(let text) = $0 { text } else { nil } }
  }

  private static func comments(_ entry: Entry) -> [String] {
    comments(entry.leading) + (entry.comment.map { [$0.text] } ?? []) + entry.children.flatMap(comments)
      + comments(entry.tail)
  }

  /// - Returns: `nil` for a file that is written in a way that policies are not: keys with `?`, a flow mapping as a whole,
  ///   several documents.
  init?(_ bytes: [UInt8], _ root: WrittenNode) {
    guard case .mapping(_, isFlow: false) = root.content, !root.hasProperties else { return nil }
    guard var reader = LayoutReader(bytes, root), reader.readAll() else { return nil }
    entries = reader.root.children
    tail = reader.root.tail
    hasReferences = reader.hasReferences
    endsInText = reader.endsInText
  }
}

/// Reads the lines of a file, with what libyaml knows of its nodes.
private struct LayoutReader {
  private let bytes: [UInt8]
  private var lines: [Range<Int>] = []
  /// Nodes of block style by where they start.
  private var keys: [Int: WrittenNode] = [:]
  private var values: [Int: WrittenNode] = [:]
  /// Lines that belong to the value of an entry further up.
  private var isInterior: [Bool] = []
  private(set) var hasReferences = false
  private(set) var endsInText = false

  /// Entries that may still get children, outermost first; the first stands for the document.
  private var open: [Layout.Entry] = [Layout.Entry(kind: .value, column: -1)]
  private var fillers: [(filler: Layout.Filler, column: Int)] = []

  var root: Layout.Entry { open[0] }

  init?(_ bytes: [UInt8], _ root: WrittenNode) {
    self.bytes = bytes
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for (offset, byte) in bytes.enumerated() where byte == 0x0A {
      lines.append(start..<(offset > start && bytes[offset - 1] == 0x0D ? offset - 1 : offset))
      start = offset + 1
    }
    if start < bytes.count { lines.append(start..<bytes.count) }
    // A carriage return alone is a line break for YAML and none for editors.
    if lines.contains(where: { bytes[$0].contains(0x0D) }) { return nil }
    isInterior = Array(repeating: false, count: lines.count)
    guard collect(root) else { return nil }
  }

  private mutating func collect(_ node: WrittenNode) -> Bool {
    if node.hasProperties { hasReferences = true }
    switch node.content {
    case .mapping(let pairs, isFlow: false):
      for (key, value) in pairs {
        guard case .scalar(_, let style) = key.content, style != .literal, style != .folded, !key.hasProperties,
          line(of: key.range.lowerBound) == line(of: key.range.upperBound), !key.range.isEmpty
        else { return false }
        keys[key.range.lowerBound] = key
        guard collect(value) else { return false }
      }
      return true
    case .sequence(let items, isFlow: false): return items.allSatisfy { collect($0) }
    case .alias: hasReferences = true
    case .scalar: if node.range.isEmpty { return true }
    case .mapping(_, isFlow: true), .sequence(_, isFlow: true):
      if node.all.contains(where: { if case .alias = $0.content { true } else { $0.hasProperties } }) {
        hasReferences = true
      }
    }
    values[node.range.lowerBound] = node
    let last = lastLine(of: node)
    for line in line(of: node.range.lowerBound)..<last { isInterior[line + 1] = true }
    return true
  }

  private func line(of offset: Int) -> Int {
    var low = 0
    var high = lines.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lines[middle].lowerBound <= offset { low = middle } else { high = middle }
    }
    return low
  }

  private mutating func lastLine(of node: WrittenNode) -> Int {
    guard case .scalar(_, let style) = node.content, style == .literal || style == .folded else {
      return line(of: node.range.upperBound)
    }
    let first = line(of: node.range.lowerBound)
    var end = min(node.range.upperBound, bytes.count)
    let header = bytes[node.range.lowerBound..<lines[first].upperBound].prefix { $0 != UInt8(ascii: "#") }
    // With `+`, the empty lines behind the text are text.
    if header.contains(UInt8(ascii: "+")) {
      endsInText = endsInText || end == bytes.count
      return max(first, end == bytes.count ? lines.count - 1 : line(of: end) - 1)
    }
    while end > node.range.lowerBound, isSpace(bytes[end - 1]) { end -= 1 }
    if line(of: end) == lines.count - 1, bytes.last != 0x0A { endsInText = true }
    return max(first, line(of: end))
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var end = range.upperBound
    while end > range.lowerBound, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return range.lowerBound..<end
  }

  private func skipBlanks(_ offset: Int, to end: Int) -> Int {
    var offset = offset
    while offset < end, bytes[offset] == 0x20 || bytes[offset] == 0x09 { offset += 1 }
    return offset
  }

  /// - Returns: `false` where a line is none that policies have.
  mutating func readAll() -> Bool {
    for index in lines.indices {
      if isInterior[index] {
        open[open.count - 1].interior.append(text(lines[index]))
        continue
      }
      let line = trimmed(lines[index])
      let start = skipBlanks(line.lowerBound, to: line.upperBound)
      if start == line.upperBound {
        fillers.append((.blank, 0))
      } else if bytes[start] == UInt8(ascii: "#") {
        fillers.append((.comment(text(start..<line.upperBound)), start - line.lowerBound))
      } else if bytes[line].starts(with: "---".utf8), open.count == 1 {
        let rest = skipBlanks(line.lowerBound + 3, to: line.upperBound)
        guard rest == line.upperBound || bytes[rest] == UInt8(ascii: "#") else { return false }
        fillers.append((.marker(text(line)), 0))
      } else if !readEntries(line, from: start) {
        return false
      }
    }
    settleFillers(before: -1)
    open[0].tail += fillers.map(\.filler)
    closeAll(to: 0)
    return true
  }

  private mutating func readEntries(_ line: Range<Int>, from start: Int) -> Bool {
    let first = start - line.lowerBound
    settleFillers(before: first)
    var leading = fillers.map(\.filler)
    fillers = []
    func take() -> [Layout.Filler] {
      defer { leading = [] }
      return leading
    }
    var offset = start
    var opened = false
    while offset < line.upperBound, bytes[offset] == UInt8(ascii: "-"),
      offset + 1 == line.upperBound || bytes[offset + 1] == 0x20 || bytes[offset + 1] == 0x09
    {
      push(Layout.Entry(kind: .item, column: offset - line.lowerBound, leading: take()))
      opened = true
      offset = skipBlanks(offset + 1, to: line.upperBound)
    }
    if let key = keys[offset], case .scalar(let name, _) = key.content {
      let written = text(trimmed(key.range))
      push(
        Layout.Entry(
          kind: .pair(written: written, key: name), column: offset - line.lowerBound, leading: take()))
      opened = true
      offset = skipBlanks(key.range.upperBound, to: line.upperBound)
      guard offset < line.upperBound, bytes[offset] == UInt8(ascii: ":") else { return false }
      offset = skipBlanks(offset + 1, to: line.upperBound)
    }
    if !opened { push(Layout.Entry(kind: .value, column: first, leading: take())) }
    return readValue(line, from: offset)
  }

  /// What stands on the line of an entry, behind its key or dash.
  private mutating func readValue(_ line: Range<Int>, from start: Int) -> Bool {
    let top = open.count - 1
    var offset = start
    while offset < line.upperBound, bytes[offset] == UInt8(ascii: "&") || bytes[offset] == UInt8(ascii: "!") {
      let begin = offset
      while offset < line.upperBound, !isSpace(bytes[offset]) { offset += 1 }
      open[top].properties.append(text(begin..<offset))
      offset = skipBlanks(offset, to: line.upperBound)
    }
    if offset < line.upperBound, bytes[offset] != UInt8(ascii: "#") {
      guard let value = values[offset] else { return false }
      open[top].value = value
      open[top].valueColumn = start - line.lowerBound
      let index = self.line(of: offset)
      if index + 1 < lines.count, isInterior[index + 1] {
        // Blanks at the end of a line of a quoted text are its author's business.
        open[top].opening = text(offset..<(value.isFlowCollection ? line : lines[index]).upperBound)
        return true
      }
      offset = skipBlanks(isBlock(value) ? line.upperBound : value.range.upperBound, to: line.upperBound)
      if isBlock(value) { open[top].opening = text(value.range.lowerBound..<line.upperBound) }
    }
    if offset < line.upperBound {
      guard bytes[offset] == UInt8(ascii: "#") else { return false }
      open[top].comment = Layout.Comment(
        text: text(offset..<line.upperBound), column: text(line.lowerBound..<offset).unicodeScalars.count)
    }
    return true
  }

  /// Without any line of text.
  private func isBlock(_ node: WrittenNode) -> Bool {
    if case .scalar(_, let style) = node.content { style == .literal || style == .folded } else { false }
  }

  // MARK: Nesting

  private mutating func push(_ entry: Layout.Entry) {
    while open.count > 1, let top = open.last {
      // `- ` may stand right below its key.
      let isParent = top.column < entry.column || (top.column == entry.column && entry.kind == .item && top.key != nil)
      if isParent { break }
      closeAll(to: open.count - 2)
    }
    open.append(entry)
  }

  private mutating func closeAll(to depth: Int) {
    while open.count > depth + 1 {
      let closed = open.removeLast()
      open[open.count - 1].children.append(closed)
    }
  }

  /// Gives comments that stand deeper than the coming entry to the block that ends here.
  private mutating func settleFillers(before column: Int) {
    var settled = 0
    for (index, (filler, at)) in fillers.enumerated() {
      guard case .comment = filler else { continue }
      guard let depth = depth(ofCommentAt: at, before: column) else { break }
      open[depth].tail += fillers[settled...index].map(\.filler)
      settled = index + 1
    }
    fillers.removeFirst(settled)
  }

  /// The entry whose last child such a comment follows.
  private func depth(ofCommentAt column: Int, before next: Int) -> Int? {
    guard let deepest = open.last, open.count > 1 else { return nil }
    if column > deepest.column, deepest.column >= next, deepest.value == nil, deepest.key != nil,
      deepest.properties.isEmpty
    {
      return open.count - 1
    }
    guard var sibling = open.lastIndex(where: { $0.column <= column }), open[sibling].column > next, sibling > 0 else {
      return nil
    }
    // A `- ` right below its key: the comment is as deep as both.
    if open[sibling].kind == .item, open[sibling - 1].column == open[sibling].column { sibling -= 1 }
    return sibling > 0 ? sibling - 1 : nil
  }
}
