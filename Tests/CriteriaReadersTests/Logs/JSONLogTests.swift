import Testing

@testable import CriteriaReaders

private let noon: Int64 = 1_795_395_723_000  // 2026-11-23T01:02:03Z

private func read(_ text: String, chunk: Int = 1 << 18, source: String? = nil, wanted: [String]? = nil) -> ReadLog {
  let sources = SourceNames(wanted: wanted)
  let lines = LineStream(ByteStream(Array(text.utf8), name: "x", chunk: chunk), chunk: chunk)
  var reader = logReader(lines, source: source, defaultSource: "file", sources: sources)
  return readAll(&reader, sources)
}

@Suite struct JSONLogTests {
  @Test("a journal: identifier, command or kernel is the source; bytes and repeated fields are read")
  func journal() {
    let head = "{\"__REALTIME_TIMESTAMP\":\"1795395723000004\",\"_HOSTNAME\":\"h\","
    let text = [
      head + "\"SYSLOG_IDENTIFIER\":\"sshd\",\"_COMM\":\"x\",\"MESSAGE\":\"a \\u00fc\\n\",\"N\":{\"a\":[1]}}",
      head + "\"_COMM\":\"cron\",\"MESSAGE\":[104,105]}",
      head + "\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"oom\"}",
      head + "\"SYSLOG_IDENTIFIER\":[\"app\",\"b\"],\"MESSAGE\":[\"one\",\"two\"]}",
      head + "\"MESSAGE\":null}", head + "\"MESSAGE\":\"x\"", "",
    ].joined(separator: "\n")
    for chunk in [5, 1 << 18] {
      let result = read(text, chunk: chunk)
      #expect(result.lines.map(\.source) == ["sshd", "cron", "kernel", "app"])
      #expect(result.lines.map(\.message) == ["a ü", "hi", "oom", "one\ntwo"])
      #expect(result.lines.allSatisfy { $0.host == "h" && $0.time == .absolute(noon) })
      #expect(result.format == "journal json" && result.namesSources)
      #expect(result.problems.count == 2 && result.counts.refused == 2)
      #expect(result.problems.first?.contains("journalctl --all") == true)
      #expect(result.problems.last == "x:6:73: expected `,` or `}`, found the end")
    }
    #expect(read(text, wanted: ["kernel"]).counts.unwanted == 3)
  }

  @Test("docker's lines end in the message; other programs name time, message, host and source in their ways")
  func others() {
    let docker = "{\"log\":\"a\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T01:02:03.000000001Z\"}\n"
    #expect(
      read(docker).lines == [ReadLine(time: .absolute(noon), source: "file", host: nil, message: "a", line: 1)])
    #expect(read(docker).format == "docker json log")
    let zap =
      "{\"level\":\"error\",\"ts\":1795395723.5,\"logger\":\"m\",\"msg\":\"b\",\"hostname\":\"h\",\"n\":1}\n{\"msg\":\"c\"}\n"
    #expect(
      read(zap).lines == [
        ReadLine(time: .absolute(noon + 500), source: "m", host: "h", message: "b", line: 1),
        ReadLine(time: .absolute(noon + 500), source: "file", host: nil, message: "c", line: 2),
      ])
    #expect(read(zap).format == "json log" && read(zap, source: "s").lines.map(\.source) == ["s", "s"])
  }

  @Test(
    "a real journal has the entries of the table that it was made from",
    .enabled(if: sharedData != nil, "../shared/data is absent"))
  func real() throws {
    let folder = try #require(sharedData) + "/logs/journald/"
    let json = read(String(decoding: try contents(folder + "Linux-journalctl-o-json.jsonl.gz"), as: UTF8.self))
    let text = read(String(decoding: try contents(folder + "Linux-journalctl-o-short-iso.log"), as: UTF8.self))
    #expect(json.lines.count == 2000 && json.problems == [])
    // Eight messages begin with what looks like a tag when they stand in a line of text.
    #expect(zip(json.lines, text.lines).count { $0.message != $1.message } == 8)
    #expect(json.lines.map(\.host) == text.lines.map(\.host))
  }
}
