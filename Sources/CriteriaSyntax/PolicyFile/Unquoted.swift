import CriteriaDiagnostics

/// The keys whose texts YAML likes to read as something else.
private let textKeys: Set<String> = [
  "when", "until", "selector", "where", "is", "then", "why", "match", "gauge", "counter", "info", "from", "ignore",
  "because", "description",
]

/// The value as its author wrote it, from `start` to where the line, or the flow mapping around it, ends.
///
/// Brackets and quotes are balanced; a comment is left out.
/// - Returns: `nil` if nothing stands there.
func writtenValue(in bytes: [UInt8], from start: Int) -> Range<Int>? {
  let isInFlow = opensFlow(bytes, before: start)
  var open = 0
  var quote: UInt8?
  var offset = start
  scan: while offset < bytes.count {
    let byte = bytes[offset]
    if byte == 0x0A || byte == 0x0D { break }
    if let ending = quote {
      if byte == UInt8(ascii: "\\") { offset += 1 } else if byte == ending { quote = nil }
      offset += 1
      continue
    }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      if open == 0, isInFlow { break scan }
      open -= 1
    case UInt8(ascii: ","): if open <= 0, isInFlow { break scan }
    case UInt8(ascii: "#"): if offset > start, isSpace(bytes[offset - 1]), open <= 0 { break scan }
    default: break
    }
    offset += 1
  }
  var end = min(offset, bytes.count)
  while end > start, isSpace(bytes[end - 1]) { end -= 1 }
  return end > start ? start..<end : nil
}

/// Whether a `{` of the same line is open at `offset`.
private func opensFlow(_ bytes: [UInt8], before offset: Int) -> Bool {
  var start = offset
  while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
  var open = 0
  var quote: UInt8?
  for byte in bytes[start..<offset] {
    if let ending = quote {
      if byte == ending { quote = nil }
    } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      quote = byte
    } else if byte == UInt8(ascii: "{") {
      open += 1
    } else if byte == UInt8(ascii: "}") {
      open -= 1
    }
  }
  return open > 0
}

/// `text` as YAML reads it back whole, whatever it holds.
func singleQuoted(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
}

/// The value on which YAML stumbled because it is not quoted: its key, and where it stands.
///
/// - Parameter offset: Where libyaml stopped, in the value or behind it.
func unquotedValue(in bytes: [UInt8], near offset: Int) -> (key: String, value: Range<Int>)? {
  var line = min(offset, bytes.count)
  while line > 0, bytes[line - 1] != 0x0A { line -= 1 }
  var end = line
  while end < bytes.count, bytes[end] != 0x0A { end += 1 }
  var found: (String, Range<Int>)?
  var index = line
  while index < end {
    guard isNameStart(bytes[index]), index == line || !isNamePart(bytes[index - 1]) else {
      index += 1
      continue
    }
    var stop = index
    while stop < end, isNamePart(bytes[stop]) { stop += 1 }
    let key = String(decoding: bytes[index..<stop], as: UTF8.self)
    if stop < end, bytes[stop] == UInt8(ascii: ":"), textKeys.contains(key), stop + 1 < end, bytes[stop + 1] == 0x20 {
      var start = stop + 1
      while start < end, isSpace(bytes[start]) { start += 1 }
      if start <= offset, let value = writtenValue(in: bytes, from: start),
        isMisread(bytes[value], inFlow: opensFlow(bytes, before: start))
      {
        found = (key, value)
      }
    }
    index = max(stop, index + 1)
  }
  return found
}

/// Whether a text of one line cannot stand in YAML without quotes, and is not simply quoted.
private func isMisread(_ text: ArraySlice<UInt8>, inFlow: Bool) -> Bool {
  guard let first = text.first else { return false }
  if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
    // `"a" == x`: the quote closes before the end. A quote that never closes is another fault.
    let closing = text.dropFirst().firstIndex(of: first)
    return closing.map { $0 < text.endIndex - 1 } ?? false
  }
  if "[{&*!|>%@`,?".utf8.contains(first) { return true }
  // In a flow mapping brackets end a plain text; anywhere, `: ` makes it a key.
  if inFlow, text.contains(where: { "[]{}".utf8.contains($0) }) { return true }
  return text.indices.dropLast().contains { text[$0] == UInt8(ascii: ":") && isSpace(text[$0 + 1]) }
}
