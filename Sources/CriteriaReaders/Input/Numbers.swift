// Numbers as inputs write them. Nothing here looks at the process's locale.

/// A decimal number as Go's ParseFloat takes it, hexadecimal aside: the nearest double. `NaN` and `Inf` in any case.
///
/// - Returns: `nil` for anything else, also for a number beyond the largest double.
package func parseDouble(_ text: UnsafeRawBufferPointer) -> Double? {
  var at = 0
  let end = text.count
  var isNegative = false
  if at < end, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
    isNegative = text[at] == UInt8(ascii: "-")
    at += 1
  }
  var mantissa: UInt64 = 0
  var digits = 0
  var exponent = 0
  var significant = 0
  while at < end, text[at] &- 48 < 10 {
    if significant < 19 { mantissa = mantissa * 10 + UInt64(text[at] - 48) } else { exponent += 1 }
    if mantissa > 0 { significant += 1 }
    digits += 1
    at += 1
  }
  if at < end, text[at] == UInt8(ascii: ".") {
    at += 1
    while at < end, text[at] &- 48 < 10 {
      if significant < 19 {
        mantissa = mantissa * 10 + UInt64(text[at] - 48)
        exponent -= 1
      }
      if mantissa > 0 { significant += 1 }
      digits += 1
      at += 1
    }
  }
  if digits == 0 { return parseSpecial(text) }
  if at < end, text[at] | 0x20 == UInt8(ascii: "e") {
    at += 1
    var isSmall = false
    if at < end, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
      isSmall = text[at] == UInt8(ascii: "-")
      at += 1
    }
    let first = at
    var written = 0
    while at < end, text[at] &- 48 < 10 {
      written = min(written * 10 + Int(text[at] - 48), 1_000_000)
      at += 1
    }
    if at == first { return nil }
    exponent += isSmall ? -written : written
  }
  if at != end { return nil }
  // Both operands are exact doubles, so one rounded operation gives the nearest one.
  if significant <= 19, mantissa <= 1 << 53, abs(exponent) <= 22 {
    let size = exponent < 0 ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
    return isNegative ? -size : size
  }
  guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
  return value
}

private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21,
  1e22,
]

private func parseSpecial(_ text: UnsafeRawBufferPointer) -> Double? {
  guard text.count <= 9 else { return nil }
  switch String(decoding: text, as: UTF8.self).lowercased() {
  case "nan": return .nan
  case "inf", "+inf", "infinity", "+infinity": return .infinity
  case "-inf", "-infinity": return -.infinity
  default: return nil
  }
}

/// `nil` unless it is all digits, with an optional sign, within 64 bits.
package func parseInteger(_ text: UnsafeRawBufferPointer) -> Int64? {
  var at = 0
  var isNegative = false
  if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
    isNegative = first == UInt8(ascii: "-")
    at = 1
  }
  if at == text.count { return nil }
  var value: Int64 = 0
  while at < text.count {
    guard text[at] &- 48 < 10 else { return nil }
    let (product, overflows) = value.multipliedReportingOverflow(by: 10)
    let (sum, overflowsToo) = product.subtractingReportingOverflow(Int64(text[at] - 48))
    if overflows || overflowsToo { return nil }
    // Counted downwards, so that the least Int64 reads too.
    value = sum
    at += 1
  }
  if isNegative { return value }
  return value == .min ? nil : -value
}
