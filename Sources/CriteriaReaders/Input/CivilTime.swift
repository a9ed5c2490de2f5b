// Days of the Gregorian calendar, extended both ways. No zone, no leap seconds, no clock.

/// Days from 1970-01-01 to a date that exists; `nil` for one that does not.
package func days(year: Int, month: Int, day: Int) -> Int? {
  guard (1...12).contains(month), day >= 1, day <= monthLength(year, month) else { return nil }
  // The year is taken to begin in March, so that the leap day is its last.
  let shifted = month <= 2 ? year - 1 : year
  let era = (shifted >= 0 ? shifted : shifted - 399) / 400
  let yearOfEra = shifted - era * 400
  let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
  return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

/// The year in which a day lies, counted in days from 1970-01-01.
package func year(ofDay day: Int) -> Int {
  // 146097 days are 400 years; the guess is off by one at most.
  var guess = 1970 + Int((Double(day) / 365.2425).rounded(.down))
  while days(year: guess, month: 1, day: 1)! > day { guess -= 1 }
  while days(year: guess + 1, month: 1, day: 1)! <= day { guess += 1 }
  return guess
}

private func monthLength(_ year: Int, _ month: Int) -> Int {
  switch month {
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

/// When something was, as far as its line says.
package enum RecordTime: Hashable, Sendable {
  /// Milliseconds since 1970.
  case absolute(Int64)
  /// A time without its year: month, day, milliseconds of the day less its zone's offset.
  case yearless(month: Int8, day: Int8, milliseconds: Int32)
  /// Milliseconds since the machine started (the first time, in a file that holds several boots).
  case sinceBoot(Int64)
  /// Nothing said: it counts as seen at `--at`.
  case unknown

  /// Whether the same line has the same time whenever it is read.
  func isAnchored(boot: Int64?) -> Bool {
    switch self {
    case .absolute, .yearless: true
    case .sinceBoot: boot != nil
    case .unknown: false
    }
  }

  /// The moment, once what the line leaves open is known.
  ///
  /// - Parameters:
  ///   - at: Milliseconds. The year is the latest that puts the time no more than a day after this.
  ///   - boot: Milliseconds since 1970 at which the machine started.
  func resolve(at: Int64, boot: Int64) -> Int64 {
    switch self {
    case .absolute(let time): return time
    case .sinceBoot(let time): return boot + time
    case .unknown: return at
    case .yearless(let month, let day, let milliseconds):
      let latest = at + millisecondsOfDay
      // Leap days come at least every eight years.
      let newest = year(ofDay: Int((latest - Int64(milliseconds)).flooredQuotient(millisecondsOfDay)))
      for candidate in stride(from: newest, through: newest - 8, by: -1) {
        guard let date = days(year: candidate, month: Int(month), day: Int(day)) else { continue }
        let time = Int64(date) * millisecondsOfDay + Int64(milliseconds)
        if time <= latest { return time }
      }
      return at
    }
  }
}

let millisecondsOfDay: Int64 = 86_400_000

extension Int64 {
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

/// Reads bytes one after the other; each step either takes what it names or leaves the place as it was.
struct ByteScanner {
  let bytes: UnsafeRawBufferPointer
  var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { at >= bytes.count }
  var byte: UInt8 { at < bytes.count ? bytes[at] : 0 }

  mutating func take(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  /// A number of `least` to `most` digits, not followed by another digit.
  mutating func number(_ least: Int, _ most: Int) -> Int? {
    var place = at
    var value = 0
    while place < bytes.count, place - at < most, bytes[place] &- 48 < 10 {
      value = value * 10 + Int(bytes[place] - 48)
      place += 1
    }
    guard place - at >= least, place >= bytes.count || bytes[place] &- 48 >= 10 else { return nil }
    at = place
    return value
  }

  /// Exactly `count` digits, whatever follows.
  mutating func digits(_ count: Int) -> Int? {
    guard at + count <= bytes.count else { return nil }
    var value = 0
    for place in at..<(at + count) {
      guard bytes[place] &- 48 < 10 else { return nil }
      value = value * 10 + Int(bytes[place] - 48)
    }
    at += count
    return value
  }

  /// The digits of a fraction, cut to milliseconds.
  mutating func milliseconds() -> Int? {
    let start = at
    var value = 0
    while at < bytes.count, bytes[at] &- 48 < 10 {
      if at - start < 3 { value = value * 10 + Int(bytes[at] - 48) }
      at += 1
    }
    guard at > start else { return nil }
    for _ in 0..<max(0, 3 - (at - start)) { value *= 10 }
    return value
  }

  /// `hh:mm[:ss[(.|,)fraction]]`, in milliseconds of the day. A leap second is the next minute's first.
  mutating func timeOfDay(needsSeconds: Bool) -> Int? {
    let start = at
    guard let hour = digits(2), hour < 24, take(UInt8(ascii: ":")), let minute = digits(2), minute < 60 else {
      at = start
      return nil
    }
    var time = (hour * 60 + minute) * 60_000
    guard take(UInt8(ascii: ":")) else {
      if needsSeconds { at = start }
      return needsSeconds ? nil : time
    }
    guard let second = digits(2), second <= 60 else {
      at = start
      return nil
    }
    time += second * 1000
    let beforeFraction = at
    if take(UInt8(ascii: ".")) || take(UInt8(ascii: ",")) {
      if let fraction = milliseconds() { time += fraction } else { at = beforeFraction }
    }
    return time
  }

  /// `YYYY-MM-DD`, then `T` or one blank, a time of day, and `Z`, `±hh`, `±hhmm`, `±hh:mm` or nothing.
  ///
  /// - Parameter zone: Milliseconds east of UTC, for a time that does not say.
  /// - Returns: Milliseconds since 1970.
  mutating func isoTime(zone: Int64) -> Int64? {
    let start = at
    guard let year = digits(4), take(UInt8(ascii: "-")), let month = digits(2), take(UInt8(ascii: "-")),
      let day = digits(2), let date = days(year: year, month: month, day: day),
      take(UInt8(ascii: "T")) || take(UInt8(ascii: " ")) || take(UInt8(ascii: "t")),
      let time = timeOfDay(needsSeconds: false)
    else {
      at = start
      return nil
    }
    var offset = zone
    let end = at
    if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) {
      offset = 0
    } else if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
      let sign: Int64 = byte == UInt8(ascii: "-") ? -1 : 1
      at += 1
      if let hours = digits(2), hours < 24 {
        let afterHours = at
        _ = take(UInt8(ascii: ":"))
        if let minutes = digits(2), minutes < 60 {
          offset = sign * Int64(hours * 60 + minutes) * 60_000
        } else {
          at = afterHours
          offset = sign * Int64(hours) * 3_600_000
        }
      } else {
        at = end
      }
    }
    return Int64(date) * millisecondsOfDay + Int64(time) - offset
  }

  /// `Jan` … `Dec`, from 1.
  mutating func monthName() -> Int? {
    guard at + 3 <= bytes.count else { return nil }
    let name = (bytes[at], bytes[at + 1], bytes[at + 2])
    let month = monthNames.firstIndex { $0.0 == name.0 && $0.1 == name.1 && $0.2 == name.2 }
    guard let month else { return nil }
    at += 3
    return month + 1
  }
}

private let monthNames: [(UInt8, UInt8, UInt8)] = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
].map { name in
  let bytes = Array(name.utf8)
  return (bytes[0], bytes[1], bytes[2])
}

/// A whole text that is a time: ISO 8601, or seconds since 1970 (with a fraction). Milliseconds since 1970.
///
/// - Parameter zone: Milliseconds east of UTC, for a time that does not say.
package func parseTime(_ text: String, zone: Int64 = 0) -> Int64? {
  var text = text
  return text.withUTF8 { utf8 in
    let bytes = UnsafeRawBufferPointer(utf8)
    var scanner = ByteScanner(bytes)
    if let time = scanner.isoTime(zone: zone), scanner.isAtEnd { return time }
    // A date alone is its first moment.
    var date = ByteScanner(bytes)
    if let year = date.digits(4), date.take(UInt8(ascii: "-")), let month = date.digits(2),
      date.take(UInt8(ascii: "-")),
      let day = date.digits(2), date.isAtEnd, let count = days(year: year, month: month, day: day)
    {
      return Int64(count) * millisecondsOfDay - zone
    }
    guard let seconds = parseDouble(bytes), seconds.isFinite, abs(seconds) < 1e12 else { return nil }
    return Int64((seconds * 1000).rounded(.down))
  }
}
