// time   = date-time / milliseconds                     (RFC 3339, section 5.6; or a whole number since 1970)
// date-time = YYYY-MM-DD "T" hh:mm:ss ["." digits] ("Z" / ("+" / "-") hh:mm)

/// The last millisecond that RFC 3339 can write; beyond it lie micro- and nanoseconds that were taken for milliseconds.
private let latest: Int64 = 253_402_300_799_999
/// Before it lie seconds that were taken for milliseconds: 1973-03-03T09:46:40Z.
private let earliest: Int64 = 100_000_000_000

extension JSONCursor {
  /// A moment: RFC 3339, or whole milliseconds since 1970. Strict, since a wrong one cannot be taken back: a tick ends all before it.
  ///
  /// - Returns: Milliseconds since 1970; fractions beyond them are cut off.
  mutating func time(_ what: StaticString) throws(JSONFault) -> Int64 {
    if peek() == UInt8(ascii: "\"") {
      let text = try string(what)
      return try rfc3339(text)
    }
    let text = try number(what)
    let digits = UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])
    guard let time = parseInteger(digits) else {
      throw JSONFault(
        at: text.start, "\(excerpt(digits)) is no whole number of milliseconds since 1970",
        remedy: "round it, or write RFC 3339: `\"2026-11-23T01:00:00.250Z\"`")
    }
    if time > latest || time < -latest {
      throw JSONFault(
        at: text.start, "\(time) milliseconds since 1970 are beyond the year 9999",
        remedy: "times are in milliseconds: divide microseconds by 1,000, nanoseconds by 1,000,000")
    }
    if time < earliest, time > 0 {
      throw JSONFault(
        at: text.start, "\(time) milliseconds since 1970 are before March 1973",
        remedy: "multiply seconds by 1000; a time that long ago is to be written as RFC 3339")
    }
    return time
  }

  private func rfc3339(_ text: JSONText) throws(JSONFault) -> Int64 {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])
    func wrong(_ remedy: String) -> JSONFault {
      JSONFault(
        at: text.start, "expected a time such as `2026-11-23T01:00:00Z`, found \(excerpt(raw))", remedy: remedy)
    }
    let pattern = "write RFC 3339, or whole milliseconds since 1970 without quotes"
    var scanner = ByteScanner(raw)
    guard let year = scanner.digits(4), scanner.take(0x2D), let month = scanner.digits(2), scanner.take(0x2D),
      let day = scanner.digits(2)
    else { throw wrong(pattern) }
    guard let date = days(year: year, month: month, day: day) else {
      throw JSONFault(at: text.start, "\(excerpt(raw)): there is no such day", remedy: "look at month and day")
    }
    guard scanner.take(UInt8(ascii: "T")) || scanner.take(UInt8(ascii: "t")) else {
      throw wrong(scanner.isAtEnd ? "a date alone is no moment: append `T00:00:00Z`" : "put `T` between date and time")
    }
    guard let hour = scanner.digits(2), scanner.take(0x3A), let minute = scanner.digits(2), scanner.take(0x3A),
      let second = scanner.digits(2)
    else { throw wrong(pattern) }
    // A leap second is the next minute's first.
    guard hour < 24, minute < 60, second <= 60 else {
      throw JSONFault(
        at: text.start, "\(excerpt(raw)): there is no such time of day", remedy: "from 00:00:00 to 23:59:60")
    }
    var time = Int64(date) * millisecondsOfDay + Int64((hour * 60 + minute) * 60 + second) * 1000
    if scanner.take(UInt8(ascii: ".")) {
      guard let fraction = scanner.milliseconds() else { throw wrong(pattern) }
      time += Int64(fraction)
    }
    if scanner.take(UInt8(ascii: "Z")) || scanner.take(UInt8(ascii: "z")) {
      guard scanner.isAtEnd else { throw wrong(pattern) }
      return time
    }
    if scanner.isAtEnd { throw wrong("it has no zone: append `Z` for UTC, or an offset such as `+01:00`") }
    let isEast = scanner.take(UInt8(ascii: "+"))
    guard isEast || scanner.take(UInt8(ascii: "-")), let hours = scanner.digits(2), hours < 24, scanner.take(0x3A),
      let minutes = scanner.digits(2), minutes < 60, scanner.isAtEnd
    else { throw wrong("the zone is `Z`, or hours and minutes such as `+01:00`") }
    let offset = Int64(hours * 60 + minutes) * 60_000
    return isEast ? time - offset : time + offset
  }
}
