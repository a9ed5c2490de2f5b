// The header of one plain log line:
//   header  = [pri] (rfc3164 | iso | ctime | kernel) | pri rfc5424
//   pri     = "<" digits ">"
//   rfc3164 = month day time [host] [tag ":"]                 Nov 23 01:02:03 host sshd[12]: …
//   iso     = date ("T" | " ") time [zone] [host [tag ":"]]     2026-11-23T01:02:03.123+01:00 host sshd[12]: …
//   rfc5424 = "1" iso host app process message-id ("-" | {"[" … "]"}) [message]     <34>1 2026-11-23T01:02:03Z host su - ID47 - …
//   ctime   = "[" weekday month day time year "]"             dmesg -T, Apache
//   kernel  = "[" seconds "." fraction "]" ["[" caller "]"]
//   tag     = name ["[" pid "]"]
// After the tag `kernel`, a kernel header is taken off too: the line has its time already.

/// What a line's header says, and where its message begins.
struct LogHeader {
  var time: RecordTime
  /// Places in the line.
  var host: Range<Int>?
  var tag: Range<Int>?
  var message: Int
  var form: Form
  /// Where `hh:mm:ss` begins; `nil` where the time is written otherwise.
  var clock: Int?

  /// The way it is written.
  enum Form: String {
    case rfc3164 = "rfc 3164"
    case rfc5424 = "rfc 5424"
    case iso = "iso 8601"
    case ctime
    case kernel = "kernel seconds"
  }
}

/// How one file's headers are read, decided from its first lines.
struct LogHeaderStyle {
  /// Milliseconds east of UTC, for times that do not say.
  var zone: Int64 = 0
  /// ISO times are followed by host and tag, as syslog daemons write them; otherwise by the message.
  var hasISOTags = true

  /// - Returns: `nil` if the line begins with no time that is known here.
  func parse(_ line: UnsafeRawBufferPointer) -> LogHeader? {
    var scanner = ByteScanner(line)
    if scanner.take(UInt8(ascii: "<")) {
      if let priority = scanner.number(1, 4), priority < 1024, scanner.take(UInt8(ascii: ">")) {
        let start = scanner.at
        if let header = parseRFC5424(&scanner) { return header }
        scanner.at = start
        // RFC 3164 lets a blank follow in practice.
        _ = scanner.take(0x20)
      } else {
        scanner.at = 0
      }
    }
    switch scanner.byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return parseISO(&scanner)
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return parseRFC3164(&scanner)
    case UInt8(ascii: "["): return parseKernel(&scanner) ?? parseCtime(&scanner)
    default: return nil
    }
  }

  private func parseISO(_ scanner: inout ByteScanner) -> LogHeader? {
    // Behind `YYYY-MM-DDT`.
    let clock = scanner.at + 11
    guard let time = scanner.isoTime(zone: zone), !isWord(scanner.byte) || scanner.isAtEnd else { return nil }
    var header = LogHeader(time: .absolute(time), message: scanner.at, form: .iso, clock: clock)
    if hasISOTags, scanner.take(0x20), let host = token(&scanner), !isLevel(scanner.bytes[host]) {
      header.host = host
      header.message = scanner.at
      if scanner.take(0x20), let tag = tag(&scanner) {
        header.tag = tag
        header.message = scanner.at
      }
    }
    finish(&header, scanner.bytes)
    return header
  }

  private func parseRFC3164(_ scanner: inout ByteScanner) -> LogHeader? {
    guard let month = scanner.monthName(), scanner.take(0x20) else { return nil }
    _ = scanner.take(0x20)
    guard let day = scanner.number(1, 2), days(year: 2000, month: month, day: day) != nil, scanner.take(0x20)
    else { return nil }
    let clock = scanner.at
    guard let time = scanner.timeOfDay(needsSeconds: true), !isWord(scanner.byte) || scanner.isAtEnd else { return nil }
    var header = LogHeader(
      time: .yearless(month: Int8(month), day: Int8(day), milliseconds: Int32(Int64(time) - zone)), message: scanner.at,
      form: .rfc3164, clock: clock)
    if scanner.take(0x20) {
      var alone = scanner
      if let tag = tag(&alone) {
        // A local writer that leaves the host out.
        header.tag = tag
        header.message = alone.at
      } else if let host = token(&scanner) {
        header.host = host
        header.message = scanner.at
        if scanner.take(0x20), let tag = tag(&scanner) {
          header.tag = tag
          header.message = scanner.at
        }
      }
    }
    finish(&header, scanner.bytes)
    return header
  }

  private func parseRFC5424(_ scanner: inout ByteScanner) -> LogHeader? {
    guard scanner.take(UInt8(ascii: "1")), scanner.take(0x20), let time = scanner.isoTime(zone: zone),
      scanner.take(0x20),
      let host = token(&scanner), scanner.take(0x20), let app = token(&scanner), scanner.take(0x20),
      token(&scanner) != nil, scanner.take(0x20), token(&scanner) != nil, scanner.take(0x20)
    else { return nil }
    if !scanner.take(UInt8(ascii: "-")) {
      guard scanner.byte == UInt8(ascii: "[") else { return nil }
      while scanner.take(UInt8(ascii: "[")) { guard skipElement(&scanner) else { return nil } }
    }
    guard scanner.isAtEnd || scanner.byte == 0x20 else { return nil }
    let line = scanner.bytes
    // `-` stands for what is not known.
    func known(_ range: Range<Int>) -> Range<Int>? { line[range].elementsEqual("-".utf8) ? nil : range }
    var header = LogHeader(
      time: .absolute(time), host: known(host), tag: known(app), message: scanner.at, form: .rfc5424)
    finish(&header, line)
    if line[header.message...].starts(with: "\u{FEFF}".utf8) { header.message += 3 }
    return header
  }

  /// The rest of one structured element, up to its `]`; quoted values may hold brackets, and escape their quotes.
  private func skipElement(_ scanner: inout ByteScanner) -> Bool {
    var isQuoted = false
    while !scanner.isAtEnd {
      let byte = scanner.byte
      scanner.at += 1
      if isQuoted, byte == UInt8(ascii: "\\") {
        scanner.at += 1
      } else if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if !isQuoted, byte == UInt8(ascii: "]") {
        return true
      }
    }
    return false
  }

  /// `[Sun Dec 04 04:47:44 2005]`, the seconds with a fraction or not.
  private func parseCtime(_ scanner: inout ByteScanner) -> LogHeader? {
    scanner.at += 1
    // The weekday adds nothing.
    for _ in 0..<3 {
      guard isWord(scanner.byte) else { return nil }
      scanner.at += 1
    }
    guard scanner.take(0x20), let month = scanner.monthName(), scanner.take(0x20) else { return nil }
    _ = scanner.take(0x20)
    guard let day = scanner.number(1, 2), scanner.take(0x20), let time = scanner.timeOfDay(needsSeconds: true),
      scanner.take(0x20), let year = scanner.number(4, 4), let date = days(year: year, month: month, day: day),
      scanner.take(UInt8(ascii: "]"))
    else { return nil }
    var header = LogHeader(
      time: .absolute(Int64(date) * millisecondsOfDay + Int64(time) - zone), message: scanner.at,
      form: .ctime)
    finish(&header, scanner.bytes)
    return header
  }

  private func parseKernel(_ scanner: inout ByteScanner) -> LogHeader? {
    let start = scanner.at
    guard let time = kernelTime(&scanner) else {
      scanner.at = start
      return nil
    }
    var header = LogHeader(time: .sinceBoot(time), message: scanner.at, form: .kernel)
    finish(&header, scanner.bytes)
    return header
  }

  /// `[ 1234.567890]` and the `[T12]` or `[C0]` of a kernel that names its callers.
  private func kernelTime(_ scanner: inout ByteScanner) -> Int64? {
    guard scanner.take(UInt8(ascii: "[")) else { return nil }
    while scanner.take(0x20) {}
    guard let seconds = scanner.number(1, 10), scanner.take(UInt8(ascii: ".")), let fraction = scanner.milliseconds(),
      scanner.take(UInt8(ascii: "]"))
    else { return nil }
    let end = scanner.at
    _ = scanner.take(0x20)
    if scanner.take(UInt8(ascii: "[")) {
      while scanner.take(0x20) {}
      let isCaller = scanner.take(UInt8(ascii: "T")) || scanner.take(UInt8(ascii: "C"))
      if !isCaller || scanner.number(1, 9) == nil || !scanner.take(UInt8(ascii: "]")) { scanner.at = end }
    } else {
      scanner.at = end
    }
    return Int64(seconds) * 1000 + Int64(fraction)
  }

  /// Takes the blank before the message off, and a kernel header after the tag `kernel`.
  private func finish(_ header: inout LogHeader, _ line: UnsafeRawBufferPointer) {
    if header.message < line.count, line[header.message] == 0x20 { header.message += 1 }
    if let tag = header.tag, line[tag].elementsEqual("kernel".utf8) {
      var scanner = ByteScanner(line)
      scanner.at = header.message
      guard kernelTime(&scanner) != nil else { return }
      _ = scanner.take(0x20)
      header.message = scanner.at
    }
  }

  /// `name:` or `name[pid]:`, followed by a blank or the end.
  private func tag(_ scanner: inout ByteScanner) -> Range<Int>? {
    let start = scanner.at
    while scanner.byte > 0x20, scanner.byte != UInt8(ascii: "["), scanner.byte != UInt8(ascii: ":") { scanner.at += 1 }
    let name = start..<scanner.at
    if scanner.take(UInt8(ascii: "[")) {
      while scanner.byte > 0x20, scanner.byte != UInt8(ascii: "]") { scanner.at += 1 }
      if !scanner.take(UInt8(ascii: "]")) { scanner.at = start }
    }
    guard !name.isEmpty, scanner.at > start, scanner.take(UInt8(ascii: ":")), scanner.isAtEnd || scanner.byte == 0x20
    else {
      scanner.at = start
      return nil
    }
    return name
  }

  private func token(_ scanner: inout ByteScanner) -> Range<Int>? {
    let start = scanner.at
    while scanner.byte > 0x20 { scanner.at += 1 }
    return scanner.at > start ? start..<scanner.at : nil
  }
}

private func isWord(_ byte: UInt8) -> Bool {
  byte &- 48 < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
}

/// `2026-11-23T01:02:03Z ERROR main: …` has a level where a syslog has its host.
private func isLevel(_ token: Slice<UnsafeRawBufferPointer>) -> Bool {
  guard token.count <= 8 else { return false }
  return levels.contains(String(decoding: token, as: UTF8.self).lowercased())
}

private let levels: Set<String> = [
  "trace", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical", "alert", "emerg", "fatal",
  "panic", "severe", "-", "stdout", "stderr",
]
