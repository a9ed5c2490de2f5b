/// Numbers as people read them, by dimension: `2.1 %`, `12m`, `3.5 GiB`, `4`.
package func text(_ value: Double, _ format: NumberFormat) -> String {
  if value.isNaN { return "unknown" }
  switch format {
  case .plain: return short(value)
  case .ratio: return short(value * 100) + " %"
  case .seconds: return duration(value)
  case .bytes: return bytes(value)
  case .bytesPerSecond: return bytes(value) + "/s"
  case .perSecond: return short(value) + "/s"
  }
}

/// At most three significant digits after the point's left side has had its say; whole numbers stay whole.
package func short(_ value: Double) -> String {
  if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
  if value.magnitude >= 1e15 || value.magnitude < 1e-4 { return String(value) }
  var scale = 1.0
  // 0.0123 keeps three digits, 12.3 one after the point, 1234.5 none.
  while value.magnitude * scale < 100, scale < 1e7 { scale *= 10 }
  let digits = Int64((value.magnitude * scale).rounded())
  let whole = Int64(scale)
  if digits % whole == 0 { return String(value < 0 ? -(digits / whole) : digits / whole) }
  return decimal(digits, over: whole, isNegative: value < 0)
}

/// `digits ÷ whole`, a power of ten up to 10⁷, as its shortest decimal: what `String` makes of the double, but sooner.
private func decimal(_ digits: Int64, over whole: Int64, isNegative: Bool) -> String {
  String(unsafeUninitializedCapacity: 32) { text in
    var fraction = digits % whole
    var unit = whole / 10
    var count = 0
    func put(_ byte: UInt8) {
      text[count] = byte
      count += 1
    }
    func digit(_ value: Int64) -> UInt8 { UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value) }
    if isNegative { put(UInt8(ascii: "-")) }
    let integer = digits / whole
    if integer >= 10 { put(digit(integer / 10 % 10)) }
    put(digit(integer % 10))
    put(UInt8(ascii: "."))
    while fraction > 0 {
      put(digit(fraction / unit))
      fraction %= unit
      unit /= 10
    }
    return count
  }
}

/// `1d2h`, `90s` as `1m30s`, `250ms`: at most two units.
package func duration(_ seconds: Double) -> String {
  if seconds < 0 { return "-" + duration(-seconds) }
  if !seconds.isFinite { return "forever" }
  var rest = Int64((min(seconds, 1e12) * 1000).rounded())
  if rest < 1000 { return rest == 0 ? "0s" : "\(rest)ms" }
  var parts: [String] = []
  for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)] {
    let count = rest / length
    if count > 0 {
      parts.append("\(count)\(unit)")
      rest -= count * length
    }
    if parts.count == 2 || (parts.count == 1 && count == 0) { break }
  }
  return parts.joined()
}

private func bytes(_ value: Double) -> String {
  var scaled = value
  for unit in ["B", "KiB", "MiB", "GiB"] {
    if scaled.magnitude < 1024 { return short(scaled) + " " + unit }
    scaled /= 1024
  }
  return short(scaled) + " TiB"
}
