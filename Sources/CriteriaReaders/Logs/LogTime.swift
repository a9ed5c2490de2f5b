// The times that logs and tables write, beyond those that stand in a header of their own:
//   time   = iso | date sep clock [zone] | clf | ctime | yearless | number
//   date   = YYYY "-" MM "-" DD | YYYY "/" MM "/" DD | YYYYMMDD | YYMMDD        sep = "T" | " " | "-" | "_" | ","
//   clock  = hh ":" mm ":" ss [frac] | hh "." mm "." ss [frac] | hhmmss [frac]    frac = ("." | "," | ":") digits
//   clf    = DD "/" Mon "/" YYYY ":" clock [" " zone]                             access logs
//   ctime  = Www " " Mon " " DD " " clock " " YYYY
//   yearless = Mon " " DD [" " YYYY] " " clock | MMDD " " clock                      syslog; klog
//   number = seconds, milliseconds, microseconds or nanoseconds since 1970, by its size; less than 10^8: since the start

/// A whole text that is a time of a log line or a table.
///
/// - Parameter zone: Milliseconds east of UTC, for times that do not say.
/// - Returns: `nil` for anything else. Blanks around it do not matter.
func parseLogTime(_ text: UnsafeRawBufferPointer, zone: Int64) -> RecordTime? {
  var start = 0
  var end = text.count
  while start < end, text[start] == 0x20 { start += 1 }
  while end > start, text[end - 1] == 0x20 { end -= 1 }
  let bytes = UnsafeRawBufferPointer(rebasing: text[start..<end])
  guard let first = bytes.first else { return nil }
  let form: (inout ByteScanner) -> RecordTime?
  switch first {
  case UInt8(ascii: "0")...UInt8(ascii: "9"):
    var iso = ByteScanner(bytes)
    if let time = iso.isoTime(zone: zone), iso.isAtEnd { return .absolute(time) }
    if let time = sinceEpoch(bytes) { return time }
    form = { $0.commonLogTime(zone: zone) ?? $0.compactTime(zone: zone) }
  case UInt8(ascii: "A")...UInt8(ascii: "Z"): form = { $0.monthTime(zone: zone) }
  default: return nil
  }
  var scanner = ByteScanner(bytes)
  guard let time = form(&scanner), scanner.isAtEnd else { return nil }
  return time
}

/// Digits, with a fraction or not: since 1970 in the unit that puts it into our times, or since the start.
private func sinceEpoch(_ bytes: UnsafeRawBufferPointer) -> RecordTime? {
  var scanner = ByteScanner(bytes)
  guard let whole = scanner.number(1, 18) ?? nineteenDigits(&scanner) else { return nil }
  var fraction = 0
  if scanner.take(UInt8(ascii: ".")) {
    guard let value = scanner.milliseconds() else { return nil }
    fraction = value
  }
  guard scanner.isAtEnd else { return nil }
  switch whole {
  case ..<100_000_000: return .sinceBoot(Int64(whole) * 1000 + Int64(fraction))
  case ..<100_000_000_000: return .absolute(Int64(whole) * 1000 + Int64(fraction))
  case ..<100_000_000_000_000: return .absolute(Int64(whole))
  case ..<100_000_000_000_000_000: return .absolute(Int64(whole) / 1000)
  default: return .absolute(Int64(whole) / 1_000_000)
  }
}

/// Nanoseconds since 1970 have 19 digits, which just fit.
private func nineteenDigits(_ scanner: inout ByteScanner) -> Int? {
  let start = scanner.at
  guard let head = scanner.digits(18), head < 900_000_000_000_000_000, let last = scanner.number(1, 1) else {
    scanner.at = start
    return nil
  }
  return head * 10 + last
}

extension ByteScanner {
  /// `23/Nov/2026:01:02:03 +0100`, as web servers write it.
  fileprivate mutating func commonLogTime(zone: Int64) -> RecordTime? {
    let start = at
    guard let day = number(1, 2), take(UInt8(ascii: "/")), let month = monthName(), take(UInt8(ascii: "/")),
      let year = digits(4), let date = days(year: year, month: month, day: day),
      take(UInt8(ascii: ":")) || take(0x20), let time = timeOfDay(needsSeconds: true)
    else {
      at = start
      return nil
    }
    let offset = zoneOffset() ?? zone
    return .absolute(Int64(date) * millisecondsOfDay + Int64(time) - offset)
  }

  /// Digits with or without separators: `2005-06-03-15.42.50.675872`, `2026/11/23 01:02:03`, `20171223-22:15:29:606`,
  /// `081109 203615`, `1123 01:02:03.000004`.
  fileprivate mutating func compactTime(zone: Int64) -> RecordTime? {
    let start = at
    var count = 0
    while at < bytes.count, bytes[at] &- 48 < 10 { (at, count) = (at + 1, count + 1) }
    at = start
    var date: Int?
    var yearless: (month: Int, day: Int)?
    switch count {
    case 4:
      let beforeYear = at
      if let year = digits(4), byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/") {
        let separator = byte
        at += 1
        guard let month = number(1, 2), take(separator), let day = number(1, 2) else { break }
        date = days(year: year, month: month, day: day)
      } else {
        at = beforeYear
        guard let month = digits(2), let day = digits(2), days(year: 2000, month: month, day: day) != nil else { break }
        yearless = (month, day)
      }
    case 6:
      // Two digits of a year: logs are younger than 1970.
      guard let year = digits(2), let month = digits(2), let day = digits(2) else { break }
      date = days(year: year < 70 ? 2000 + year : 1900 + year, month: month, day: day)
    case 8, 14:
      guard let year = digits(4), let month = digits(2), let day = digits(2) else { break }
      date = days(year: year, month: month, day: day)
    default: break
    }
    guard date != nil || yearless != nil else {
      at = start
      return nil
    }
    if count != 14 {
      guard [0x54, 0x20, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ",")].contains(byte) else {
        at = start
        return nil
      }
      at += 1
    }
    guard let time = looseClock() else {
      at = start
      return nil
    }
    let offset = zoneOffset() ?? zone
    if let date { return .absolute(Int64(date) * millisecondsOfDay + Int64(time) - offset) }
    return .yearless(
      month: Int8(yearless!.month), day: Int8(yearless!.day), milliseconds: Int32(Int64(time) - offset))
  }

  /// `Nov 23 01:02:03`, `Nov 23 2026 01:02:03`, `Mon Nov 23 01:02:03 2026`.
  fileprivate mutating func monthTime(zone: Int64) -> RecordTime? {
    var month = monthName()
    if month == nil || byte != 0x20 {
      // A weekday, which adds nothing.
      at = 0
      while (byte | 0x20) &- UInt8(ascii: "a") < 26 { at += 1 }
      guard at == 3, take(0x20) else { return nil }
      month = monthName()
    }
    guard let month, take(0x20) else { return nil }
    _ = take(0x20)
    guard let day = number(1, 2), take(0x20) || take(UInt8(ascii: ",")) else { return nil }
    _ = take(0x20)
    var year: Int?
    if let said = number(4, 4) {
      year = said
      guard take(0x20) else { return nil }
    }
    guard let time = looseClock() else { return nil }
    if year == nil, at + 5 <= bytes.count, byte == 0x20 {
      let before = at
      at += 1
      year = number(4, 4)
      if year == nil { at = before }
    }
    let offset = zoneOffset() ?? zone
    if let year {
      return days(year: year, month: month, day: day).map {
        .absolute(Int64($0) * millisecondsOfDay + Int64(time) - offset)
      }
    }
    guard days(year: 2000, month: month, day: day) != nil else { return nil }
    return .yearless(month: Int8(month), day: Int8(day), milliseconds: Int32(Int64(time) - offset))
  }

  /// Hours, minutes, seconds and a fraction, in milliseconds; `:` or `.` between them, or nothing and two digits each.
  private mutating func looseClock() -> Int? {
    let parts: (hour: Int?, minute: Int?, second: Int?)
    if let hour = number(1, 2) {
      // Some writers leave out leading zeros.
      let separator = byte
      guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "."), take(separator) else { return nil }
      let minute = number(1, 2)
      guard take(separator) else { return nil }
      parts = (hour, minute, number(1, 2))
    } else {
      parts = (digits(2), digits(2), digits(2))
    }
    guard let hour = parts.hour, hour < 24, let minute = parts.minute, minute < 60, let second = parts.second,
      second <= 60
    else { return nil }
    var time = (hour * 60 + minute) * 60_000 + second * 1000
    let beforeFraction = at
    if take(UInt8(ascii: ".")) || take(UInt8(ascii: ",")) || take(UInt8(ascii: ":")) {
      if let fraction = milliseconds() { time += fraction } else { at = beforeFraction }
    }
    return time
  }

  /// `Z`, or an offset with or without a blank before it, in milliseconds; `nil` if there is none.
  private mutating func zoneOffset() -> Int64? {
    let start = at
    _ = take(0x20)
    if take(UInt8(ascii: "Z")) { return 0 }
    guard byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") else {
      at = start
      return nil
    }
    let sign: Int64 = byte == UInt8(ascii: "-") ? -1 : 1
    at += 1
    guard let hours = digits(2), hours < 24 else {
      at = start
      return nil
    }
    _ = take(UInt8(ascii: ":"))
    guard let minutes = digits(2), minutes < 60 else {
      at = start
      return nil
    }
    return sign * Int64(hours * 60 + minutes) * 60_000
  }
}

/// An offset of a zone as people give it: `+02:00`, `-0500`, `+1`, `Z`, `UTC`. Milliseconds east of UTC.
package func parseZone(_ text: String) -> Int64? {
  if ["Z", "UTC", "GMT"].contains(text.uppercased()) { return 0 }
  var text = text
  return text.withUTF8 { utf8 in
    var scanner = ByteScanner(UnsafeRawBufferPointer(utf8))
    let sign: Int64 = scanner.byte == UInt8(ascii: "-") ? -1 : 1
    guard scanner.take(UInt8(ascii: "+")) || scanner.take(UInt8(ascii: "-")) else { return nil }
    guard let hours = scanner.number(1, 2) ?? scanner.digits(2), hours <= 14 else { return nil }
    var minutes = 0
    if !scanner.isAtEnd {
      _ = scanner.take(UInt8(ascii: ":"))
      guard let said = scanner.number(2, 2), said < 60 else { return nil }
      minutes = said
    }
    return scanner.isAtEnd ? sign * Int64(hours * 60 + minutes) * 60_000 : nil
  }
}

/// The offset that a time of ISO 8601 says, milliseconds east of UTC; `nil` if it says none.
package func zone(of time: String) -> Int64? {
  guard time.contains("T") || time.contains(" ") else { return nil }
  if time.hasSuffix("Z") { return 0 }
  guard let sign = time.lastIndex(where: { $0 == "+" || $0 == "-" }),
    time.distance(from: time.startIndex, to: sign) > 10
  else { return nil }
  return parseZone(String(time[sign...]))
}
