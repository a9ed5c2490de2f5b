import Testing

@testable import CriteriaReaders

private let noon: Int64 = 1_795_395_723_000  // 2026-11-23T01:02:03Z

private func readFormatted(
  _ text: String, _ pattern: String, source: String? = nil, chunk: Int = 1 << 18, wanted: [String]? = nil
) throws -> ReadLog {
  let sources = SourceNames(wanted: wanted)
  let lines = LineStream(ByteStream(Array(text.utf8), name: "x", chunk: chunk), chunk: chunk)
  var reader = logReader(
    lines, source: source, defaultSource: "file", sources: sources, layouts: [try LogFormat(pattern)])
  return readAll(&reader, sources)
}

@Suite struct LogFormatTests {
  @Test(
    "a time is read in the forms that logs write",
    arguments: [
      ("2026-11-23T01:02:03Z", .absolute(noon)), ("2026-11-23 02:02:03,250+0100", .absolute(noon + 250)),
      ("2026-11-23-01.02.03.675872", .absolute(noon + 675)), ("2026/11/23 01:02:03", .absolute(noon)),
      ("23/Nov/2026:02:02:03 +0100", .absolute(noon)), ("23/Nov/2026:01:02:03", .absolute(noon)),
      ("20261123-01:02:03:606", .absolute(noon + 606)), ("20261123T010203Z", .absolute(noon)),
      ("20261123010203", .absolute(20_261_123_010_203)), ("261123 010203", .absolute(noon)),
      ("261123 01:02:03", .absolute(noon)), ("Mon Nov 23 01:02:03 2026", .absolute(noon)),
      ("Mon Nov 23 01:02:03.5 2026", .absolute(noon + 500)), ("Nov 23 2026 01:02:03", .absolute(noon)),
      ("Nov 23, 2026 01:02:03 +0100", .absolute(noon - 3_600_000)),
      ("Nov 23 01:02:03", .yearless(month: 11, day: 23, milliseconds: 3_723_000)),
      ("1123 01:02:03.000123", .yearless(month: 11, day: 23, milliseconds: 3_723_000)),
      ("1795395723", .absolute(noon)), ("1795395723.25", .absolute(noon + 250)), ("1795395723004", .absolute(noon + 4)),
      ("1795395723004005", .absolute(noon + 4)), ("1795395723004005006", .absolute(noon + 4)),
      ("  12345.678901", .sinceBoot(12_345_678)), ("0.5 ", .sinceBoot(500)),
    ] as [(String, RecordTime)])
  func time(text: String, expected: RecordTime) {
    let time = Array(text.utf8).withUnsafeBytes { parseLogTime($0, zone: 0) }
    #expect(time == expected)
  }

  @Test(
    "what is no time is none",
    arguments: [
      "", " ", "x", "2026-13-23 01:02:03", "2026-11-31-01.02.03", "2026-11-23 01:02:03 x", "23/Foo/2026:01:02:03",
      "Mon Foo 23 01:02:03 2026", "Nov 31 01:02:03 2026", "1795395723.", "99999999999999999999", "1.2.3", "-5",
      "20261323-01:02:03", "261123 250203", "Nov", "Mon ", "Nov 23 01:02", "1399 01:02:03",
    ])
  func noTime(text: String) {
    #expect(Array(text.utf8).withUnsafeBytes { parseLogTime($0, zone: 0) } == nil)
  }

  @Test("a zone is taken from those times that do not say")
  func zones() {
    func time(_ text: String) -> RecordTime? { Array(text.utf8).withUnsafeBytes { parseLogTime($0, zone: 3_600_000) } }
    #expect(time("2026-11-23-02.02.03") == .absolute(noon))
    #expect(time("23/Nov/2026:01:02:03 +0000") == .absolute(noon))
    #expect(time("Nov 23 02:02:03") == .yearless(month: 11, day: 23, milliseconds: 3_723_000))
    #expect(time("1795395723") == .absolute(noon))
    for (text, offset) in [
      ("+02:00", 7_200_000), ("-0530", -19_800_000), ("+1", 3_600_000), ("Z", 0), ("utc", 0), ("+14", 50_400_000),
    ] as [(String, Int64)] {
      #expect(parseZone(text) == offset, "\(text)")
    }
    for text in ["", "2", "+15", "+01:60", "+01:0", "+1x", "Europe"] { #expect(parseZone(text) == nil, "\(text)") }
    #expect(zone(of: "2026-11-23T01:02:03+01:00") == 3_600_000)
    #expect(zone(of: "2026-11-23T01:02:03Z") == 0)
    #expect(zone(of: "2026-11-23T01:02:03") == nil && zone(of: "2026-11-23") == nil && zone(of: "-5") == nil)
  }

  @Test("the groups of the expression give time, instance, source and message")
  func groups() throws {
    let text = "1795395723 R02 KERNEL INFO parity error\n1795395724 R03 APP FATAL end\n"
    let pattern = #"^(?<time>\d+) (?<instance>\S+) (?<source>\S+) (?<message>.*)"#
    let result = try readFormatted(text, pattern)
    #expect(
      result.lines == [
        ReadLine(time: .absolute(noon), source: "KERNEL", host: "R02", message: "INFO parity error", line: 1),
        ReadLine(time: .absolute(noon + 1000), source: "APP", host: "R03", message: "FATAL end", line: 2),
      ])
    #expect(result.namesSources && result.format == "log format `\(pattern)`")
    #expect(try readFormatted(text, pattern, source: "bgl").lines.map(\.source) == ["bgl", "bgl"])
    #expect(try readFormatted(text, pattern, wanted: ["KERNEL"]).lines.map(\.message) == ["INFO parity error", ""])
  }

  @Test("without a group for it the message is what follows the match")
  func rest() throws {
    let result = try readFormatted("1795395723|x: y\n", #"(?<time>\d+)\|"#)
    #expect(result.lines == [ReadLine(time: .absolute(noon), source: "file", host: nil, message: "x: y", line: 1)])
    #expect(!result.namesSources)
  }

  @Test("a line that does not match goes with the one before; before the first it is refused")
  func continuation() throws {
    let text = "head\n1795395723 a\n\tat b\n\n1795395x c\n1795395724 d"
    for chunk in [3, 1 << 18] {
      let result = try readFormatted(text, #"^(?<time>\d+\S*) "#, chunk: chunk)
      #expect(result.lines.map(\.message) == ["a", "\tat b", "d"])
      #expect(result.lines.map(\.time) == [.absolute(noon), .absolute(noon), .absolute(noon + 1000)])
      #expect(
        result.problems == [
          "x:1: expected a line that `--log-format` matches, found `head`",
          "x:5:1: expected a time in the group `time`, found `1795395x`",
        ])
      #expect(result.counts.refused == 2 && result.counts.continued == 1 && result.counts.kept == 3)
      #expect(result.counts.comments == 1 && result.counts.lines == 6)
    }
  }

  @Test("a log that no layout matches is read as text; of several layouts the one that matches most is taken")
  func choice() throws {
    let plain = try readFormatted("Nov 23 01:02:03 h x: y\n", #"^(?<time>\d+) "#)
    #expect(plain.format == "plain log, rfc 3164")
    let layouts = [try LogFormat("(?<message>b)"), try LogFormat("^a (?<source>.)")]
    let lines = LineStream(ByteStream(Array("a b\na c\n".utf8), name: "x"))
    let reader = logReader(lines, source: nil, defaultSource: "f", sources: SourceNames(wanted: nil), layouts: layouts)
    #expect(reader.format == "log format `^a (?<source>.)`")
  }

  @Test(
    "a layout that cannot be used says why",
    arguments: [
      ("(?<time>", "`(?<time>` does not compile: missing closing parenthesis at character 8"),
      ("(?<tim>.)", "`(?<tim>.)` has a group `tim`, expected some of `time`, `instance`, `source`, `message`"),
      (
        ".", "`.` has no named group, expected some of `time`, `instance`, `source`, `message`, such as `(?<time>\\S+)`"
      ),
    ])
  func unusable(pattern: String, message: String) {
    #expect(throws: LogFormatError(description: message)) { try LogFormat(pattern) }
  }

  @Test(
    "every line of real logs of other layouts is read with its time",
    .enabled(if: sharedData != nil, "../shared/data is absent"),
    arguments: [
      ("BGL/BGL_lines_0001-1000.log", #"^\S+ (?<time>\d+) \S+ (?<instance>\S+) "#, 1000, 1_117_838_570_000),
      ("BGL/BGL_lines_0001-1000.log", #"^\S+ \d+ \S+ \S+ (?<time>\S+) (?<instance>\S+) "#, 1000, 1_117_813_370_675),
      ("HDFS/HDFS_2k.log", #"^(?<time>\d{6} \d{6}) \d+ \w+ (?<source>[^:]+): "#, 2000, 1_226_262_975_000),
      ("HealthApp/HealthApp_2k.log", #"^(?<time>[\d:-]+)\|(?<source>\w+)\|\d+\|"#, 2000, 1_514_067_329_606),
      ("OpenStack/OpenStack_2k.log", #"^\S+ (?<time>\S+ \S+) \d+ \w+ (?<source>\S+) "#, 2000, 1_494_892_800_008),
    ] as [(String, String, Int, Int64)])
  func realLogs(file: String, pattern: String, count: Int, first: Int64) throws {
    let text = String(decoding: try contents(try #require(sharedData) + "/logs/loghub/" + file), as: UTF8.self)
    let result = try readFormatted(text, pattern)
    #expect(result.lines.count == count && result.counts.refused == 0 && result.counts.continued == 0)
    #expect(result.lines.first?.time == .absolute(first))
  }
}
