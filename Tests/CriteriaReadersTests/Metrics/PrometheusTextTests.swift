import CriteriaReaders
import Glibc
import Testing

@Suite struct PrometheusTextTests {
  @Test(
    "a line with a sample gives its name, labels, value and time",
    arguments: [
      ("up 1", ReadSample("up", 1, line: 1)),
      ("up 1 1795396588517", ReadSample("up", 1, 1_795_396_588_517, line: 1)),
      ("up{} 1", ReadSample("up", 1, line: 1)),
      ("up{a=\"b\"} 2.5", ReadSample("up", ["a": "b"], 2.5, line: 1)),
      ("up{a=\"b\",c=\"d\",} 2.5", ReadSample("up", ["a": "b", "c": "d"], 2.5, line: 1)),
      ("  up \t{ a = \"b\" , c = \"d\" } \t-3e2   -7  ", ReadSample("up", ["a": "b", "c": "d"], -300, -7, line: 1)),
      ("up{a=\"x\\\\y\\\"z\\nw, }{\"} 1", ReadSample("up", ["a": "x\\y\"z\nw, }{"], 1, line: 1)),
      ("up{a=\"\",b=\"c\"} 1", ReadSample("up", ["b": "c"], 1, line: 1)),
      ("up{a=\"é€😀\"} 1", ReadSample("up", ["a": "é€😀"], 1, line: 1)),
      ("a:b_C9 NaN", ReadSample("a:b_C9", .nan, line: 1)),
      ("x +Inf", ReadSample("x", .infinity, line: 1)),
      ("x -Inf", ReadSample("x", -.infinity, line: 1)),
      ("x inf", ReadSample("x", .infinity, line: 1)),
      ("{\"my.metric\",\"a.b\"=\"c\"} 1", ReadSample("my.metric", ["a.b": "c"], 1, line: 1)),
      ("x{le=\"+Inf\"} 4\r", ReadSample("x", ["le": "+Inf"], 4, line: 1)),
      ("\u{FEFF}x 4", ReadSample("x", 4, line: 1)),
      ("# HELP x y\n\n# TYPE x gauge\n#\nx 4", ReadSample("x", 4, line: 5)),
    ])
  func sample(text: String, expected: ReadSample) {
    for text in [text, text + "\n"] {
      let result = readMetrics(text)
      #expect(result.samples == [expected])
      #expect(result.problems == [])
    }
  }

  @Test(
    "a broken line is refused with its column and what was expected",
    arguments: [
      ("up", "x:1:3: expected a number, found the end of the line"),
      ("up abc", "x:1:4: expected a number, found `abc`"),
      ("up 0x1p3", "x:1:4: expected a number, found `0x1p3`"),
      ("up 1_000", "x:1:4: expected a number, found `1_000`"),
      ("up 1e999", "x:1:4: expected a number, found `1e999`"),
      ("up 1 2 3", "x:1:8: expected the end of the line, found `3`"),
      ("up 1 1.5", "x:1:6: expected a time in whole milliseconds, found `1.5`"),
      ("up 1 99999999999999999999", "x:1:6: expected a time in whole milliseconds, found `99999999999999999999`"),
      ("up 1 9999999999999999", "x:1:6: expected a time within 100,000 years of 1970, found `9999999999999999`"),
      (
        "up 1 -9223372036854775808", "x:1:6: expected a time within 100,000 years of 1970, found `-9223372036854775808`"
      ),
      ("1up 1", "x:1:1: expected a metric name, found `1up`"),
      ("{} 1", "x:1:1: expected a metric name, found `{}`"),
      ("up{a=b} 1", "x:1:6: expected a label value in double quotes, found `b}`"),
      ("up{a\"b\"} 1", "x:1:5: expected `=` after the label name, found `\"b\"}`"),
      ("up{a=\"b} 1", "x:1:11: expected a closing `\"`, found the end of the line"),
      ("up{a=\"b\" 1", "x:1:10: expected `,` or `}` after the label, found `1`"),
      ("up{a=\"b\"", "x:1:9: expected `,` or `}` after the label, found the end of the line"),
      ("up{a=\"b\",a=\"c\"} 1", "x:1:10: expected each label once, found the same name again"),
      ("up{a=\"\\t\"} 1", "x:1:7: expected `\\\\`, `\\\"` or `\\n`, found `\\t\"}`"),
      ("up{,} 1", "x:1:4: expected a label name or `}`, found `,}`"),
      ("up{a:b=\"c\"} 1", "x:1:5: expected `=` after the label name, found `:b=\"c\"}`"),
      ("up{\"up2\"} 1", "x:1:4: expected one metric name, found a second one"),
      ("up{é=\"1\"} 1", "x:1:4: expected a label name or `}`, found `é=\"1\"}`"),
      ("up{a=\"ééé\"} é\u{1}b", "x:1:13: expected a number, found `é\\u{1}b`"),
    ])
  func refusal(text: String, expected: String) {
    let result = readMetrics(text + "\ngood 1\n")
    #expect(result.problems == [expected])
    #expect(result.samples == [ReadSample("good", 1, line: 2)])
    #expect(result.counts.refused == 1 && result.counts.kept == 1)
  }

  @Test("bytes that are not UTF-8, and NUL, are refused in labels and do not stop the file")
  func badBytes() {
    let lines: [[UInt8]] = [
      Array("a{x=\"".utf8) + [0xFF] + Array("\"} 1".utf8), Array("a{x=\"".utf8) + [0] + Array("\"} 1".utf8),
      Array("b 2".utf8),
    ]
    let result = readMetrics(Array(lines.joined(separator: [0x0A])))
    #expect(result.samples == [ReadSample("b", 2, line: 3)])
    #expect(result.problems.count == 2 && result.counts.refused == 2)
  }

  @Test("a name that comes again after two dozen labels is found too")
  func manyLabels() {
    let labels = (0..<100).map { "l\($0)=\"v\"" }.joined(separator: ",")
    #expect(readMetrics("a{\(labels)} 1").samples.first?.labels.count == 100)
    #expect(readMetrics("a{\(labels),l3=\"x\"} 1").counts.refused == 1)
    #expect(readMetrics("a{\(labels),l99=\"x\"} 1").counts.refused == 1)
    #expect(readMetrics("a{l0=\"\",\(labels)} 1").samples.first?.labels.count == 100)
  }

  @Test("metrics that nobody wants end after their name, and are counted")
  func unwanted() {
    let text = "a 1\nb{broken 2\nab 3\nc{x=\"y\"} 4\n{\"b\"} 5\n"
    let result = readMetrics(text, wanted: ["a", "c"])
    #expect(result.samples == [ReadSample("a", 1, line: 1), ReadSample("c", ["x": "y"], 4, line: 4)])
    #expect(result.counts.unwanted == 3 && result.counts.kept == 2 && result.counts.refused == 0)
  }

  @Test("problems are kept up to a bound and counted beyond it")
  func manyProblems() {
    let result = readMetrics(String(repeating: "x y\n", count: 5000))
    #expect(result.problems.count == 100 && result.counts.refused == 5000)
  }

  @Test("a line beyond the longest is refused, counted, and the rest is used", arguments: [1, 2, 7, 64, 4096])
  func longLine(chunk: Int) {
    let long = "long{a=\"" + String(repeating: "x", count: 200) + "\"} 1"
    let text = "a 1\n\(long)\nb 2\n\(long)"
    let result = readMetrics(Array(text.utf8), chunk: chunk, longestLine: 100)
    #expect(result.samples == [ReadSample("a", 1, line: 1), ReadSample("b", 2, line: 3)])
    #expect(
      result.problems == [2, 4].map { "x:\($0): expected a line of at most 100 bytes" } && result.counts.refused == 2)
  }

  @Test("numbers are the nearest double, as the C library reads them")
  func nearestDouble() {
    var random = SeededGenerator(seed: 7)
    var texts = [
      "0", "-0", "1.7976931348623157e308", "5e-324", "2.4703282292062327e-324", "9007199254740993", ".5", "5.",
    ]
    texts += ["123456789012345678901234567890", "0.1", "1e22", "1e23", "8.5e-22", "00000000000000000000000000001.5"]
    for _ in 0..<20000 {
      let digits = (0..<Int.random(in: 1...25, using: &random)).map { _ in String(Int.random(in: 0...9, using: &random))
      }
      let split = Int.random(in: 0...digits.count, using: &random)
      var text = digits[..<split].joined() + (Bool.random(using: &random) ? "." : "") + digits[split...].joined()
      if Bool.random(using: &random) { text += "e\(Int.random(in: -330...300, using: &random))" }
      texts.append(text)
    }
    for var text in texts {
      let expected = strtod(text, nil)
      let found = text.withUTF8 { parseDouble(UnsafeRawBufferPointer($0)) }
      #expect(found?.bitPattern == (expected.isFinite ? expected.bitPattern : nil), "\(text)")
    }
  }
}

@Suite struct TSDBDumpTests {
  @Test(
    "a line of a dump gives its name, labels, value and time",
    arguments: [
      (
        "{__name__=\"up\", instance=\"node-1\", job=\"node\"} 1 1795396588517",
        ReadSample("up", ["instance": "node-1", "job": "node"], 1, 1_795_396_588_517, line: 1)
      ),
      ("{__name__=\"up\"} NaN 5", ReadSample("up", .nan, 5, line: 1)),
      ("{A=\"b\", __name__=\"up\"} 1 5", ReadSample("up", ["A": "b"], 1, 5, line: 1)),
      ("{__name__=\"up\", \"a.b\"=\"c\"} 1 5", ReadSample("up", ["a.b": "c"], 1, 5, line: 1)),
      ("{__name__=\"u.p\"} 1 5", ReadSample("u.p", 1, 5, line: 1)),
      ("{__name__=\"u\\\"p\"} 1 5", ReadSample("u\"p", 1, 5, line: 1)),
      (
        "{__name__=\"up\", a=\"\\t\\x41\\u00e9\\U0001F600\\\\\"} 1 5", ReadSample("up", ["a": "\tAé😀\\"], 1, 5, line: 1)
      ),
    ])
  func sample(text: String, expected: ReadSample) {
    let result = readMetrics(text)
    #expect(result.format == .tsdbDump)
    #expect(result.samples == [expected])
    #expect(result.problems == [])
  }

  @Test(
    "a broken line of a dump is refused",
    arguments: [
      ("{__name__=\"up\"} 1", "x:1:18: expected a time in milliseconds after the value, found the end of the line"),
      ("{job=\"node\"} 1 5", "x:1:1: expected a metric name, found `{job=\"node\"}`"),
      ("{__name__=\"a\", __name__=\"b\"} 1 5", "x:1:16: expected one metric name, found a second one"),
      ("{__name__=\"a\", b=\"\\q\"} 1 5", "x:1:19: expected an escape that Go knows, found `\\q\"}`"),
      ("{__name__=\"h\"} {count:1, sum:2} 5", "x:1:16: expected a number, found `{count:1,`"),
      ("{__name__=\"\"} 1 5", "x:1:2: expected a metric name, found `__name__=\"\"}`"),
    ])
  func refusal(text: String, expected: String) {
    let result = readMetrics(text, format: .tsdbDump)
    #expect(result.problems == [expected])
    #expect(result.samples.isEmpty)
  }

  @Test("the format is told by the first line with a sample, and can be forced")
  func detection() {
    #expect(readMetrics("\n# x\r\n{__name__=\"a\"} 1 2").format == .tsdbDump)
    #expect(readMetrics("# TYPE a gauge\na 1").format == .prometheus)
    #expect(readMetrics("{\"a.b\"} 1").format == .prometheus)
    #expect(readMetrics("").format == .prometheus)
    #expect(readMetrics("up 1 5", format: .tsdbDump).samples == [ReadSample("up", 1, 5, line: 1)])
  }
}

@Suite struct RealMetricsTests {
  static let expositions =
    sharedFiles("exposition", ending: ".prom") + sharedFiles("exposition/node_exporter", ending: ".prom")
    + sharedFiles("prometheus-run/scrapes", ending: ".prom") + ["promtool/metrics-test.prom"]

  @Test(
    "every line of real expositions that is no comment is one sample",
    .enabled(if: sharedData != nil, "needs ../shared/data"),
    arguments: expositions)
  func exposition(file: String) throws {
    let bytes = try contents(sharedData! + "/" + file)
    let expected = bytes.split(separator: 0x0A).count { $0.first != UInt8(ascii: "#") && !$0.isEmpty }
    let result = readMetrics(bytes)
    #expect(result.problems == [])
    #expect(result.samples.count == expected)
    #expect(result.format == .prometheus)
  }

  @Test(
    "every line of real dumps is one sample", .enabled(if: sharedData != nil, "needs ../shared/data"),
    arguments: [
      "prometheus-run/tsdb-dump-node.txt.gz", "prometheus-run/tsdb-dump-signals.txt", "promtool/dump-test-1.prom",
    ])
  func dumps(file: String) throws {
    let bytes = try contents(sharedData! + "/" + file)
    let expected = bytes.split(separator: 0x0A)
    let result = readMetrics(bytes)
    #expect(result.format == .tsdbDump && result.problems == [])
    #expect(result.samples.count == expected.count)
    // Each line written again is the line that was read; values are compared as numbers.
    for (line, sample) in zip(expected, result.samples).prefix(5000) {
      let labels = ([("__name__", sample.metric)] + sample.labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        .map { "\($0)=\"\($1)\"" }.joined(separator: ", ")
      let parts = String(decoding: line, as: UTF8.self).split(separator: " ").suffix(2).map(String.init)
      #expect(String(decoding: line, as: UTF8.self).hasPrefix("{\(labels)} "))
      #expect(sample.time == Int64(parts[1]))
      #expect(Double(bitPattern: sample.bits) == strtod(parts[0], nil) || parts[0] == "NaN")
    }
  }
}
