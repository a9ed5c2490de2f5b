import CriteriaReaders
import Testing

private let noon: Int64 = 1_795_395_723_000  // 2026-11-23T01:02:03Z

private func yearless(_ month: Int8, _ day: Int8, _ milliseconds: Int32) -> RecordTime {
  .yearless(month: month, day: day, milliseconds: milliseconds)
}

@Suite struct PlainLogTests {
  @Test(
    "a header gives time, host and source; what follows it is the message",
    arguments: [
      ("Nov 23 01:02:03 host sshd[12]: Accepted key", yearless(11, 23, 3_723_000), "sshd", "host", "Accepted key"),
      ("<34>Nov  3 01:02:03 host sshd: x: y", yearless(11, 3, 3_723_000), "sshd", "host", "x: y"),
      (
        "Nov 23 01:02:03 host sshd(pam_unix)[19939]: failure", yearless(11, 23, 3_723_000), "sshd(pam_unix)", "host",
        "failure"
      ),
      (
        "Nov 23 01:02:03 host last message repeated 2 times", yearless(11, 23, 3_723_000), "file", "host",
        "last message repeated 2 times"
      ),
      ("Nov 23 01:02:03 cron[7]: local", yearless(11, 23, 3_723_000), "cron", nil, "local"),
      ("Nov 23 01:02:03 fe80::1 a/b[7]:", yearless(11, 23, 3_723_000), "a/b", "fe80::1", ""),
      ("Nov 23 01:02:03.250 host kernel: [ 1234.567890] oom", yearless(11, 23, 3_723_250), "kernel", "host", "oom"),
      ("Nov 23 01:02:03 host kernel:   indented", yearless(11, 23, 3_723_000), "kernel", "host", "  indented"),
      ("Nov 23 01:02:03", yearless(11, 23, 3_723_000), "file", nil, ""),
      ("2026-11-23T01:02:03Z host sshd[1]: hi", .absolute(noon), "sshd", "host", "hi"),
      ("2026-11-23T02:02:03.123456+01:00 host sshd[1]: hi", .absolute(noon + 123), "sshd", "host", "hi"),
      ("2026-11-22T20:02:03,5-0500 host sshd: hi", .absolute(noon + 500), "sshd", "host", "hi"),
      ("2026-11-23T02:02:03+01 host sshd: hi", .absolute(noon), "sshd", "host", "hi"),
      ("2026-11-23 01:02:03 just text", .absolute(noon), "file", nil, "just text"),
      ("2026-11-23T01:02Z text: with colon", .absolute(noon - 3000), "file", nil, "text: with colon"),
      ("2026-11-23T01:02:03Z ERROR main: lost", .absolute(noon), "file", nil, "ERROR main: lost"),
      ("2026-11-23 01:02:03, Info   CBS  Loaded", .absolute(noon), "file", nil, ", Info   CBS  Loaded"),
      ("<34>1 2026-11-23T01:02:03Z host su - ID47 - failed for x", .absolute(noon), "su", "host", "failed for x"),
      ("<34>1 2026-11-23T01:02:03Z - - - - -", .absolute(noon), "file", nil, ""),
      ("<34>1 2026-11-23T01:02:03Z h a 1 - [x@1 k=\"a] \\\"b\"][y@1] \u{FEFF}hi", .absolute(noon), "a", "h", "hi"),
      ("<34>1 2026-11-23T01:02:03Z h kernel - - - [ 12.5] hi", .absolute(noon), "kernel", "h", "hi"),
      ("[ 1234.567890] Out of memory", .sinceBoot(1_234_567), "file", nil, "Out of memory"),
      ("[    0.000000][    T0] Linux version", .sinceBoot(0), "file", nil, "Linux version"),
      ("<6>[12345.6] x", .sinceBoot(12_345_600), "file", nil, "x"),
      ("[Mon Nov 23 01:02:03 2026] [error] x", .absolute(noon), "file", nil, "[error] x"),
      ("[Mon Nov  3 01:02:03.5 2026] x", .absolute(noon - 20 * 86_400_000 + 500), "file", nil, "x"),
    ] as [(String, RecordTime, String, String?, String)])
  func header(text: String, time: RecordTime, source: String, host: String?, message: String) {
    let result = readLog(Array(text.utf8))
    let expected = ReadLine(time: time, source: source, host: host, message: message, line: 1)
    #expect(result.lines == [expected])
    #expect(result.namesSources == (source != "file"))
  }

  @Test(
    "what only looks like a header is text",
    arguments: [
      "Nov 32 01:02:03 host x: y", "Nov 3 24:02:03 host x: y", "Nov 3 1:02:03 host x: y", "Foo 23 01:02:03 host x: y",
      "2026-13-23T01:02:03Z x", "2026-02-29T01:02:03Z x", "2026-11-23T01:02:03Zulu x", "20261-11-23T01:02:03 x",
      "[1234] x", "[abc.5] x", "<2000>[1.5] x", "<>[1.5] x", "[Mon Nov 31 01:02:03 2026] x",
      "<34>1 2026-11-23T01:02:03Z h a 1 - [x",
      "<34>1 2026-11-23T01:02:03Z h a 1 -", "<34>1 - h a 1 - - x", "docker  D ffff8801", "",
      "<", "[",
    ])
  func noHeader(text: String) {
    let result = readLog(Array((text + "\n").utf8))
    if text.isEmpty {
      #expect(result.lines.isEmpty && result.counts.comments == 1)
    } else {
      #expect(result.lines == [ReadLine(time: .unknown, source: "file", host: nil, message: text, line: 1)])
    }
    #expect(result.format == "plain log, no times")
  }

  @Test("a line without a header goes with the line before it; the first ones with the first header")
  func continuation() {
    let text = "start\nNov 23 01:02:03 h app[1]: boom\n\tat x\n\nNov 23 01:02:04 g other: end\n tail"
    let first = yearless(11, 23, 3_723_000)
    let second = yearless(11, 23, 3_724_000)
    #expect(
      readLog(Array(text.utf8)).lines == [
        ReadLine(time: first, source: "file", host: "h", message: "start", line: 1),
        ReadLine(time: first, source: "app", host: "h", message: "boom", line: 2),
        ReadLine(time: first, source: "app", host: "h", message: "\tat x", line: 3),
        ReadLine(time: second, source: "other", host: "g", message: "end", line: 5),
        ReadLine(time: second, source: "other", host: "g", message: " tail", line: 6),
      ])
  }

  @Test("a program's own log is not taken for a syslog because a line or two look like one")
  func programLog() {
    let lines = (0..<20).map { "2026-11-23T01:02:03Z worker \($0 == 3 ? "retry:" : "did") it" }
    let result = readLog(Array(lines.joined(separator: "\n").utf8))
    #expect(result.lines.allSatisfy { $0.source == "file" && $0.host == nil } && !result.namesSources)
    #expect(result.lines[3].message == "worker retry: it")
  }

  @Test("a syslog's line without a tag still names its host")
  func untagged() {
    var lines = (0..<20).map { "2026-11-23T01:02:03Z h app[\($0)]: did it" }
    lines[7] = "2026-11-23T01:02:03Z h -- MARK --"
    lines[9] = "-- Boot 5 --"
    let result = readLog(Array((["-- Logs begin --"] + lines).joined(separator: "\n").utf8))
    #expect(result.lines.allSatisfy { $0.host == "h" && $0.time == .absolute(noon) } && result.namesSources)
    #expect(result.lines[8].message == "-- MARK --" && result.lines[8].source == "file")
  }

  @Test("the flag's source is every line's; unwanted sources are counted, without their text")
  func sources() {
    let text = "Nov 23 01:02:03 h sshd[1]: a\nNov 23 01:02:03 h kernel: b\nNov 23 01:02:03 h sshd-session: c\n"
    let bytes = Array(text.utf8)
    #expect(readLog(bytes, source: "auth").lines.map(\.source) == ["auth", "auth", "auth"])
    #expect(readLog(bytes, source: "auth", wanted: ["kernel"]).lines.map(\.source) == [nil, nil, nil])
    let some = readLog(bytes, wanted: ["ssh*"])
    #expect(some.lines.map(\.source) == ["sshd", nil, "sshd-session"])
    #expect(some.lines.map(\.message) == ["a", "", "c"])
    #expect(some.counts.kept == 2 && some.counts.unwanted == 1)
    #expect(readLog(bytes, wanted: ["x", "any"]).counts.kept == 3)
  }

  @Test("a zone is for times that do not say theirs")
  func zones() {
    let hour: Int64 = 3_600_000
    #expect(readLog(Array("2026-11-23 01:02:03 x".utf8), zone: hour).lines[0].time == .absolute(noon - hour))
    #expect(readLog(Array("2026-11-23 01:02:03Z x".utf8), zone: hour).lines[0].time == .absolute(noon))
    #expect(readLog(Array("Nov 23 00:30:00 h x: y".utf8), zone: hour).lines[0].time == yearless(11, 23, -1_800_000))
  }

  @Test("what is not UTF-8 is repaired, and NUL bytes stay")
  func badBytes() {
    let bytes = Array("Nov 23 01:02:03 h x: ".utf8) + [0xFF, 0, 0x41]
    #expect(readLog(bytes).lines[0].message == "\u{FFFD}\0A")
  }
}

@Suite struct CivilTimeTests {
  @Test("days count on through all years, and dates that do not exist are none")
  func calendar() {
    var expected = days(year: -5, month: 1, day: 1)!
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for year in -5...2500 {
      let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
      for month in 1...12 {
        let length = lengths[month - 1] + (month == 2 && isLeap ? 1 : 0)
        for day in [1, 2, length] { #expect(days(year: year, month: month, day: day) == expected + day - 1) }
        #expect(days(year: year, month: month, day: length + 1) == nil)
        expected += length
      }
      #expect(CriteriaReaders.year(ofDay: expected - 1) == year && CriteriaReaders.year(ofDay: expected) == year + 1)
    }
    #expect(days(year: 1970, month: 1, day: 1) == 0 && days(year: 2026, month: 11, day: 23) == 20780)
    #expect(days(year: 2026, month: 0, day: 1) == nil && days(year: 2026, month: 1, day: 0) == nil)
  }

  @Test(
    "a text that is a time",
    arguments: [
      ("2026-11-23T01:02:03Z", noon), ("2026-11-23", noon - 3_723_000), ("1795395723", noon),
      ("1795395723.25", noon + 250),
      ("0", 0), ("-1.5", -1500), ("", nil), ("yesterday", nil), ("2026-11-23T01:02:03Z x", nil), ("NaN", nil),
      ("1e300", nil),
    ] as [(String, Int64?)])
  func texts(text: String, expected: Int64?) {
    #expect(parseTime(text) == expected)
  }
}

@Suite struct RealLogsTests {
  @Test(
    "syslog lines of a real machine: host, tag and message as the structured copy has them",
    .enabled(if: sharedData != nil, "needs ../shared/data"))
  func linux() throws {
    let result = readLog(try contents(sharedData! + "/logs/loghub/Linux/Linux_2k.log"))
    let rows = try contents(sharedData! + "/logs/loghub/Linux/Linux_2k.log_structured.csv").split(separator: 0x0A)
      .dropFirst()
    #expect(result.lines.count == 2000 && rows.count == 2000 && result.format == "plain log, rfc 3164")
    var same = 0
    for (line, row) in zip(result.lines, rows) {
      let fields = String(decoding: row, as: UTF8.self).split(
        separator: ",", maxSplits: 7, omittingEmptySubsequences: false)
      #expect(line.host == String(fields[4]))
      if line.source == String(fields[5]) { same += 1 }
    }
    // The copy has its own idea of `syslogd 1.4.1` and of `--`.
    #expect(same > 1900)
  }

  @Test(
    "files with a time on each line are read with it", .enabled(if: sharedData != nil, "needs ../shared/data"),
    arguments: [
      ("logs/journald/Linux-journalctl-o-short-iso.log", "plain log, iso 8601"),
      ("logs/loghub/Zookeeper/Zookeeper_2k.log", "plain log, iso 8601"),
      ("logs/loghub/Windows/Windows_2k.log", "plain log, iso 8601"),
      ("logs/loghub/Apache/Apache_2k.log", "plain log, ctime"),
      ("logs/npd-kernel-problems/null_pointer.log", "plain log, no times"),
      ("logs/npd-kernel-problems/docker_hung.log", "plain log, no times"),
    ])
  func formats(file: String, format: String) throws {
    let bytes = try contents(sharedData! + "/" + file)
    let result = readLog(bytes)
    let expected = bytes.split(separator: 0x0A).count { $0 != [0x0D] }
    #expect(result.format == format && result.lines.count == expected && result.problems == [])
    #expect(result.lines.allSatisfy { ($0.time == .unknown) == format.hasSuffix("no times") })
  }
}
