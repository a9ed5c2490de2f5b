import CriteriaDiagnostics

/// Writes a layout again: two columns a level, keys in the order of their table, short signals in columns.
struct Formatter {
  let bytes: [UInt8]
  let mayReorder: Bool
  private var lines: [Line] = []

  /// A line as it will stand in the file.
  private struct Line {
    var text: String
    /// Where it wants to stand.
    var comment: Layout.Comment?
    /// A line inside a value: not to be touched.
    var isInterior = false
  }

  init(bytes: [UInt8], mayReorder: Bool) {
    self.bytes = bytes
    self.mayReorder = mayReorder
  }

  mutating func write(_ layout: Layout, as kind: ValueKind) {
    var entries = layout.entries
    // What stands above the first key is about the file.
    if !entries.isEmpty {
      write(entries[0].leading, indent: 0)
      entries[0].leading = []
    }
    write(entries, indent: 0, as: kind)
    write(layout.tail, indent: 0)
  }

  /// The file: line ends as its first one, no blank lines at its ends, none after another.
  mutating func result(endsInText: Bool) -> [UInt8] {
    alignComments()
    var kept: [Line] = []
    for line in lines {
      let isBlank = !line.isInterior && line.text.isEmpty
      if isBlank, kept.last.map({ !$0.isInterior && $0.text.isEmpty }) ?? true { continue }
      kept.append(line)
    }
    while let last = kept.last, !last.isInterior, last.text.isEmpty { kept.removeLast() }
    let first = bytes.firstIndex(of: 0x0A)
    let ending = first.map { $0 > 0 && bytes[$0 - 1] == 0x0D } == true ? "\r\n" : "\n"
    var text = kept.map(\.text).joined(separator: ending)
    if !endsInText || bytes.last == 0x0A { text += ending }
    return (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? [0xEF, 0xBB, 0xBF] : []) + Array(text.utf8)
  }

  // MARK: Entries

  private mutating func write(_ fillers: [Layout.Filler], indent: Int) {
    for filler in fillers {
      switch filler {
      case .blank: lines.append(Line(text: ""))
      case .comment(let text): lines.append(Line(text: spaces(indent) + text))
      case .marker(let text): lines.append(Line(text: text))
      }
    }
  }

  private mutating func write(_ entries: [Layout.Entry], indent: Int, as kind: ValueKind?) {
    write(entries, indent: indent, firstLead: spaces(indent), as: kind)
  }

  /// - Parameter firstLead: What the first line begins with: the dashes of the items that it opens.
  private mutating func write(_ entries: [Layout.Entry], indent: Int, firstLead: String, as kind: ValueKind?) {
    let ordered = self.ordered(entries, as: kind)
    let column = valueColumn(of: ordered, indent: indent, as: kind)
    let meaning = kind?.entries(for: ordered.compactMap(\.key))
    for (index, entry) in ordered.enumerated() {
      let own = entry.key.map { meaning?($0) } ?? kind?.element
      write(entry, indent: indent, lead: index == 0 ? firstLead : spaces(indent), column: column, as: own)
    }
  }

  private mutating func write(
    _ entry: Layout.Entry, indent: Int, lead: String, column: (Layout.Entry) -> Int?, as kind: ValueKind?
  ) {
    write(entry.leading, indent: indent)
    if entry.kind == .item, entry.value == nil, entry.properties.isEmpty, !entry.children.isEmpty {
      // What stood between the dash and its first key is about the whole.
      if let comment = entry.comment { write([.comment(comment.text)], indent: indent) }
      var children = ordered(entry.children, as: kind)
      write(children[0].leading.filter { $0 != .blank }, indent: indent)
      children[0].leading = []
      write(children, indent: indent + 2, firstLead: lead + "- ", as: kind)
    } else {
      writeLine(of: entry, indent: indent, lead: lead, column: column(entry), as: kind)
      write(entry.children, indent: indent + 2, as: kind)
    }
    write(entry.tail, indent: indent + 2)
  }

  private mutating func writeLine(
    of entry: Layout.Entry, indent: Int, lead: String, column: Int?, as kind: ValueKind?
  ) {
    var text = lead
    switch entry.kind {
    case .item: text += "-"
    case .pair(let written, _): text += written + ":"
    case .value: break
    }
    var value = entry.properties
    if let opening = entry.opening {
      value.append(opening)
    } else if let node = entry.value {
      value.append(written(node, as: kind, inFlow: false))
    }
    if !value.isEmpty {
      let gap = entry.kind == .value ? 0 : max(1, (column ?? 0) - displayWidth(text))
      text += spaces(gap) + value.joined(separator: " ")
    }
    let shift = indent - entry.column
    let comment = entry.comment.map { Layout.Comment(text: $0.text, column: $0.column + shift) }
    lines.append(Line(text: text, comment: comment))
    for line in entry.interior { lines.append(Line(text: shifted(line, by: shift), isInterior: true)) }
  }

  private func shifted(_ line: String, by shift: Int) -> String {
    if line.isEmpty || shift == 0 { return line }
    if shift > 0 { return spaces(shift) + line }
    return String(line.dropFirst(min(-shift, line.prefix { $0 == " " }.count)))
  }

  /// Keys as their table orders them; what it does not know stays behind, in its order.
  private func ordered(_ entries: [Layout.Entry], as kind: ValueKind?) -> [Layout.Entry] {
    let keys = entries.compactMap(\.key)
    guard mayReorder, keys.count == entries.count, let fields = kind?.fields(for: keys), fields.isOrdered else {
      return entries
    }
    return entries.enumerated().sorted { a, b in
      (rank(keys[a.offset], in: fields), a.offset) < (rank(keys[b.offset], in: fields), b.offset)
    }.map(\.element)
  }

  private func rank(_ key: String, in fields: ValueKind.Fields) -> Int {
    fields.keys.firstIndex { $0.name == key } ?? fields.keys.count
  }

  // MARK: Columns

  /// In which column the values of a block stand: always of signals in one line each, else where their author aligned them.
  private func valueColumn(of entries: [Layout.Entry], indent: Int, as kind: ValueKind?) -> (Layout.Entry) -> Int? {
    let short = entries.filter(\.isShort)
    let areSignals = if case .named(.anyOf) = kind { true } else { false }
    let areAligned =
      short.count > 1 && Set(short.map { $0.valueColumn - $0.column }).count == 1 && Set(short.map(keyWidth)).count > 1
    let aligned = areSignals ? short.filter { $0.value?.isFlowCollection == true } : areAligned ? short : []
    guard let widest = aligned.map(keyWidth).max() else { return { _ in nil } }
    let column = indent + widest + 2
    return { entry in
      entry.isShort && (!areSignals || entry.value?.isFlowCollection == true) ? column : nil
    }
  }

  private func keyWidth(_ entry: Layout.Entry) -> Int {
    if case .pair(let written, _) = entry.kind { displayWidth(written) } else { 0 }
  }

  /// Comments behind lines stay in their column, and move together where a line has grown into it.
  private mutating func alignComments() {
    var index = 0
    while index < lines.count {
      guard let wanted = lines[index].comment?.column else {
        index += 1
        continue
      }
      var end = index + 1
      while end < lines.count, lines[end].comment?.column == wanted { end += 1 }
      let column = lines[index..<end].reduce(wanted) { max($0, $1.text.unicodeScalars.count + 2) }
      for line in index..<end {
        lines[line].text += spaces(column - lines[line].text.unicodeScalars.count) + (lines[line].comment?.text ?? "")
      }
      index = end
    }
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }

  // MARK: Values

  /// A value that stands in one line.
  private func written(_ node: WrittenNode, as kind: ValueKind?, inFlow: Bool) -> String {
    let verbatim = String(decoding: bytes[node.range], as: UTF8.self)
    switch node.content {
    case .scalar(let text, let style):
      return written(text, style, as: kind?.element, inFlow: inFlow) ?? verbatim
    case .alias: return verbatim
    case .sequence, .mapping: return flow(node, as: kind) ?? verbatim
    }
  }

  /// - Returns: `nil` for what is better left as it is.
  private func written(_ text: String, _ style: YAMLScalar.Style, as kind: ValueKind?, inFlow: Bool) -> String? {
    var text = text
    switch kind {
    case .expression: text = spaced(expression: text) ?? text
    case .effect: text = spaced(effect: text) ?? text
    case .name, .choice, .unit:
      // Quotes keep other readers from taking it for something else.
      if looksLikeOtherType(text) { return nil }
    case .duration, .date, .number, .integer, .boolean, .version: break
    case .selector: if !text.utf8.allSatisfy({ isNamePart($0) }) { return nil }
    case .text, .template, .pattern, .path, .bound, .list, .fields, .named, .anyOf, nil: return nil
    }
    if isPlain(text, inFlow: inFlow) { return text }
    return style == .plain ? nil : quoted(text, as: style)
  }

  /// - Returns: `nil` for what is written in an unusual way.
  private func flow(_ node: WrittenNode, as kind: ValueKind?) -> String? {
    guard !bytes[node.range].contains(0x0A) else { return nil }
    func part(_ node: WrittenNode, as kind: ValueKind?) -> String? {
      if node.hasProperties || node.range.isEmpty { return nil }
      switch node.content {
      case .scalar, .alias: return written(node, as: kind, inFlow: true)
      case .mapping, .sequence: return flow(node, as: kind)
      }
    }
    switch node.content {
    case .scalar, .alias: return nil
    case .sequence(let items, let isFlow):
      guard isFlow, bytes[node.range.lowerBound] == UInt8(ascii: "[") else { return nil }
      let parts = items.map { part($0, as: kind?.element) }
      return parts.contains(nil) ? nil : "[" + parts.compactMap { $0 }.joined(separator: ", ") + "]"
    case .mapping(let pairs, let isFlow):
      guard isFlow, bytes[node.range.lowerBound] == UInt8(ascii: "{"), let pairs = ordered(pairs, as: kind) else {
        return nil
      }
      let keys = pairs.compactMap { name(of: $0.key) }
      let meaning = kind?.entries(for: keys)
      let parts = zip(keys, pairs).map { key, pair -> String? in
        guard let value = part(pair.value, as: meaning?(key)) else { return nil }
        return String(decoding: bytes[pair.key.range], as: UTF8.self) + ": " + value
      }
      return parts.contains(nil) ? nil : "{" + parts.compactMap { $0 }.joined(separator: ", ") + "}"
    }
  }

  private func name(of key: WrittenNode) -> String? {
    if case .scalar(let name, _) = key.content { name } else { nil }
  }

  private func ordered(_ pairs: [(key: WrittenNode, value: WrittenNode)], as kind: ValueKind?) -> [(
    key: WrittenNode, value: WrittenNode
  )]? {
    let keys = pairs.compactMap { name(of: $0.key) }
    guard keys.count == pairs.count,
      pairs.allSatisfy({ !$0.key.hasProperties && !$0.key.range.isEmpty && isBare($0.key) })
    else { return nil }
    guard mayReorder, let fields = kind?.fields(for: keys), fields.isOrdered else { return pairs }
    return pairs.enumerated().sorted { a, b in
      (rank(keys[a.offset], in: fields), a.offset) < (rank(keys[b.offset], in: fields), b.offset)
    }.map(\.element)
  }

  /// Not written with `?`.
  private func isBare(_ key: WrittenNode) -> Bool {
    var offset = key.range.lowerBound - 1
    while offset > 0, bytes[offset] == 0x20 || bytes[offset] == 0x09 { offset -= 1 }
    return bytes[offset] == UInt8(ascii: "{") || bytes[offset] == UInt8(ascii: ",")
  }
}
