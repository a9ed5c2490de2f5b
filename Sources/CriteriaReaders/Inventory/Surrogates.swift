/// Rewrites the escapes by which JSON writes a character beyond the basic plane (`\ud83d\ude00`), which libyaml refuses, as
/// YAML does (`\U0001f600`). A lone half is U+FFFD. Only in double-quoted strings; columns behind a pair move by two.
func joiningSurrogates(_ bytes: [UInt8]) -> [UInt8] {
  let backslash = UInt8(ascii: "\\")
  // YAML outside JSON has comments and other quotes, and escapes of its own for these characters.
  let start = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
  guard start == UInt8(ascii: "{") || start == UInt8(ascii: "["), bytes.contains(backslash) else { return bytes }

  func surrogate(at index: Int) -> UInt32? {
    guard index + 6 <= bytes.count, bytes[index] == backslash, bytes[index + 1] == UInt8(ascii: "u") else { return nil }
    var value: UInt32 = 0
    for byte in bytes[index + 2..<index + 6] {
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return 0xD800...0xDFFF ~= value ? value : nil
  }

  var result: [UInt8] = []
  result.reserveCapacity(bytes.count)
  var isQuoted = false
  var index = 0
  while index < bytes.count {
    let byte = bytes[index]
    if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
    guard isQuoted, byte == backslash else {
      result.append(byte)
      index += 1
      continue
    }
    guard let first = surrogate(at: index) else {
      // An escape is two bytes at least: the quote or backslash behind this one is not one of its own.
      result += bytes[index..<min(index + 2, bytes.count)]
      index += 2
      continue
    }
    index += 6
    if first < 0xDC00, let second = surrogate(at: index), second >= 0xDC00 {
      let scalar = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
      let digits = String(scalar, radix: 16)
      result +=
        Array("\\U".utf8) + Array(repeating: UInt8(ascii: "0"), count: 8 - digits.utf8.count) + Array(digits.utf8)
      index += 6
    } else {
      result += Array("\\ufffd".utf8)
    }
  }
  return result
}
