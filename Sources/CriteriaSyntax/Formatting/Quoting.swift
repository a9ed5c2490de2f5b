/// Whether YAML reads `text` back as it is if it stands there without quotes.
///
/// More is refused than YAML would: what looks like a sign of YAML is better quoted.
func isPlain(_ text: String, inFlow: Bool) -> Bool {
  guard let first = text.utf8.first, !"-?:,[]{}#&*!|>'\"%@`=~< ".utf8.contains(first) || isSignedNumber(text) else {
    return false
  }
  let bytes = Array(text.utf8)
  for (index, byte) in bytes.enumerated() {
    if byte < 0x20 || byte == 0x7F { return false }
    if byte == UInt8(ascii: "#"), bytes[index - 1] == 0x20 { return false }
    if byte == UInt8(ascii: ":"), inFlow || index + 1 == bytes.count || bytes[index + 1] == 0x20 { return false }
    if inFlow, ",[]{}".utf8.contains(byte) { return false }
  }
  return bytes.last != 0x20 && text != "null"
}

private func isSignedNumber(_ text: String) -> Bool {
  text.hasPrefix("-") && text.utf8.count > 1 && text.utf8.dropFirst().allSatisfy { isDigit($0) || $0 == 0x2E }
}

/// Whether other readers of YAML take `text` for a truth, a number or a date: quotes say that it is a name.
func looksLikeOtherType(_ text: String) -> Bool {
  let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
  return words.contains(text.lowercased()) || text.utf8.first.map { isDigit($0) || "+-.".utf8.contains($0) } == true
}

/// `text` in quotes of a style; `nil` if the style has none, or needs escapes that are the author's business.
func quoted(_ text: String, as style: YAMLScalar.Style) -> String? {
  guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
  switch style {
  case .singleQuoted: return singleQuoted(text)
  case .doubleQuoted:
    let escaped = text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }
    return "\"" + escaped.joined() + "\""
  case .plain, .literal, .folded: return nil
  }
}
