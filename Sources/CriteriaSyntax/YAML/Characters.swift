import CriteriaDiagnostics

/// Refuses what no YAML file of ours may hold: bytes that are not UTF-8, control characters, and the line separators
/// U+0085, U+2028 and U+2029, which libyaml takes as line breaks and every editor does not. Escapes of them are fine.
///
/// - Returns: All such places, at most 20: a binary file needs no more.
/// - Complexity: O(bytes).
func checkCharacters(_ bytes: [UInt8], in source: SourceID) -> [Diagnostic] {
  if let invalid = firstInvalidUTF8(bytes) {
    return [.notUTF8(byte: bytes[invalid], at: SourceRange(source, invalid, invalid + 1))]
  }
  var found: [Diagnostic] = []
  var offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  let end = bytes.count
  while offset < end, found.count < 20 {
    let byte = bytes[offset]
    if byte >= 0x20, byte < 0x7F || (byte > 0x7F && byte != 0xC2 && byte != 0xE2 && byte != 0xEF) {
      offset += 1
      continue
    }
    if let (length, value) = refusedCharacter(bytes, at: offset) {
      let range = SourceRange(source, offset, offset + length)
      let isSeparator = value == 0x85 || value == 0x2028 || value == 0x2029
      found.append(isSeparator ? .lineSeparator(value, at: range) : .controlCharacter(value, at: range))
      offset += length
    } else {
      offset += 1
    }
  }
  return found
}

/// Length and value of the character at `offset`, if it is refused. The bytes are valid UTF-8.
private func refusedCharacter(_ bytes: [UInt8], at offset: Int) -> (length: Int, value: UInt32)? {
  switch bytes[offset] {
  case 0x09, 0x0A, 0x0D: return nil
  case 0..<0x20, 0x7F: return (1, UInt32(bytes[offset]))
  case 0xC2:
    let next = bytes[offset + 1]
    return next < 0xA0 ? (2, UInt32(next)) : nil
  case 0xE2:
    guard bytes[offset + 1] == 0x80, bytes[offset + 2] == 0xA8 || bytes[offset + 2] == 0xA9 else { return nil }
    return (3, 0x2000 + UInt32(bytes[offset + 2] & 0x3F))
  case 0xEF:
    if bytes[offset + 1] == 0xBB, bytes[offset + 2] == 0xBF { return (3, 0xFEFF) }
    if bytes[offset + 1] == 0xBF, bytes[offset + 2] >= 0xBE { return (3, 0xFFC0 + UInt32(bytes[offset + 2] & 0x3F)) }
    return nil
  default: return nil
  }
}

private func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  do {
    _ = try UTF8Span(validating: bytes.span)
    return nil
  } catch {
    return error.byteOffsets.lowerBound
  }
}
