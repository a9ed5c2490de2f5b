import CriteriaDiagnostics
package import CriteriaSyntax

/// One JSON value as the tree that YAML gives: for what is small and read in any order, such as one instance of an inventory.
///
/// Numbers, `true` and `false` are scalars with the text that is written; `null` is no value.
/// - Parameter depth: Brackets inside each other, at most.
package func jsonTree(_ bytes: UnsafeRawBufferPointer, depth: Int = 100) throws(JSONFault) -> YAMLNode {
  if let offset = firstInvalidUTF8(bytes) { throw JSONFault(offset: offset, expected: "UTF-8") }
  var cursor = JSONCursor(bytes)
  let node = try node(&cursor, depth)
  try cursor.end()
  return node
}

private func node(_ cursor: inout JSONCursor, _ depth: Int) throws(JSONFault) -> YAMLNode {
  let kind = try cursor.kind()
  let start = cursor.at
  func range(_ end: Int) -> SourceRange { SourceRange(SourceID(index: 0), start, end) }
  func scalar(_ text: String, _ style: YAMLScalar.Style, _ end: Int) -> YAMLNode {
    YAMLNode(.scalar(YAMLScalar(text, style: style, range: range(end))), at: range(end))
  }
  switch kind {
  case .string:
    let text = try cursor.text()
    return scalar(cursor.string(of: text), .doubleQuoted, cursor.at)
  case .number:
    let digits = try cursor.number()
    return scalar(String(decoding: digits, as: UTF8.self), .plain, cursor.at)
  case .bool:
    let value = try cursor.bool("`true` or `false`")
    return scalar(value ? "true" : "false", .plain, cursor.at)
  case .null:
    try cursor.null()
    return scalar("null", .plain, cursor.at)
  case .array:
    guard depth > 0 else { throw JSONFault(offset: start, expected: "fewer brackets inside each other") }
    try cursor.beginArray()
    var isFirst = true
    var nodes: [YAMLNode] = []
    while try cursor.nextElement(&isFirst) { nodes.append(try node(&cursor, depth - 1)) }
    return YAMLNode(.sequence(nodes), at: range(cursor.at))
  case .object:
    guard depth > 0 else { throw JSONFault(offset: start, expected: "fewer brackets inside each other") }
    return YAMLNode(.mapping(try pairs(&cursor, depth)), at: range(cursor.at))
  case .end: throw JSONFault(offset: start, expected: "a JSON value")
  }
}

private func pairs(_ cursor: inout JSONCursor, _ depth: Int) throws(JSONFault) -> [YAMLPair] {
  try cursor.beginObject()
  var isFirst = true
  var pairs: [YAMLPair] = []
  var seen: Set<String> = []
  while let key = try cursor.nextKey(&isFirst) {
    let name = cursor.string(of: key)
    // Comparing all is quickest for a handful.
    let isNew = pairs.count < 8 ? !pairs.contains { $0.key.text == name } : !seen.contains(name)
    guard isNew else { throw JSONFault(offset: key.start - 1, expected: "each key once") }
    if pairs.count == 7 { seen.formUnion(pairs.map(\.key.text)) }
    if pairs.count >= 7 { seen.insert(name) }
    let range = SourceRange(SourceID(index: 0), key.start - 1, key.end + 1)
    pairs.append(
      YAMLPair(
        key: YAMLScalar(name, style: .doubleQuoted, range: range), value: try node(&cursor, depth - 1)))
  }
  return pairs
}

/// - Returns: `nil` if all of it is UTF-8; else a byte at or shortly before the first that is not.
func firstInvalidUTF8(_ bytes: UnsafeRawBufferPointer) -> Int? {
  if isValidUTF8(bytes) { return nil }
  var low = 0
  // Cut at characters, by halves, to the piece that is not valid.
  var piece = bytes[...]
  while piece.count > 16 {
    var middle = piece.startIndex + piece.count / 2
    while middle < piece.endIndex, piece[middle] & 0xC0 == 0x80 { middle += 1 }
    let head = piece[..<middle]
    if !isValidUTF8(UnsafeRawBufferPointer(rebasing: head)) {
      if head.count == piece.count { break }
      piece = head
    } else {
      low = middle
      piece = piece[middle...]
    }
  }
  return low
}
