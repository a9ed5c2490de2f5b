import Testing

@testable import CriteriaReaders

private func read(_ text: String, chunk: Int = 1 << 18, wanted: [String]? = nil) -> ReadMetrics {
  let names = MetricNames(wanted: wanted)
  let stream = ByteStream(Array(text.utf8), name: "x.om", chunk: chunk)
  var reader: any MetricReader = metricReader(LineStream(stream, chunk: chunk), kind: .openMetrics, names: names)
  return readAll(&reader, names)
}

@Suite struct OpenMetricsTests {
  @Test("samples come with their labels and with times in seconds; exemplars are passed over")
  func samples() {
    let text = """
      # TYPE a_seconds counter
      # UNIT a_seconds seconds
      # HELP a_seconds Some \\"help\\".
      a_seconds_total{x="1",y="b\\n\\"\\z"} 5 1795395723.25 # {id="9"} 0.5 1.5
      a_seconds_created{x="1",y="b\\n\\"\\z"} 1795395723 1795395723.25
      # TYPE h histogram
      h_bucket{le="1.0"} 1 # {a="b"} 0.5
      h_bucket{le="+Inf"} 2
      h_count 2
      h_sum 3
      # TYPE "dotted.name" gauge
      {"dotted.name",x=""} -1e3
      u NaN
      # EOF

      """
    for chunk in [5, 1 << 18] {
      let result = read(text, chunk: chunk)
      #expect(result.problems == [])
      let labels = ["x": "1", "y": "b\n\"\\z"]
      #expect(
        result.samples == [
          ReadSample("a_seconds_total", labels, 5, 1_795_395_723_250, line: 4),
          ReadSample("a_seconds_created", labels, 1_795_395_723, 1_795_395_723_250, line: 5),
          ReadSample("h_bucket", ["le": "1.0"], 1, line: 7), ReadSample("h_bucket", ["le": "+Inf"], 2, line: 8),
          ReadSample("h_count", 2, line: 9), ReadSample("h_sum", 3, line: 10),
          ReadSample("dotted.name", -1000, line: 12), ReadSample("u", .nan, line: 13),
        ])
      #expect(result.format == .openMetrics && result.counts.kept == 8 && result.counts.refused == 0)
    }
    #expect(read(text, wanted: ["u"]).samples == [ReadSample("u", .nan, line: 13)])
  }

  @Test(
    "what breaks a rule is a problem with its place, and the rest is used",
    arguments: [
      ("a 1 \n", "x.om:1:5: expected a time in seconds, found the end of the line"),
      ("a  1\n", "x.om:1:3: expected a number, found ` 1`"),
      ("a 0x1\n", "x.om:1:3: expected a number, found `0x1`"),
      ("a 1 Inf\n", "x.om:1:5: expected a time in seconds, found `Inf`"),
      ("a{x=\"1\",} 1\n", "x.om:1:9: expected a label name, found `}`"),
      ("a{x=\"1\",x=\"2\"} 1\n", "x.om:1:9: expected each label once, found the same name again"),
      ("\n", "x.om:1:1: expected no blank line"),
      (
        "# FOO a b\n",
        "x.om:1:1: expected `# TYPE`, `# HELP` or `# UNIT`, a metric name and a text, or `# EOF`"
      ),
      ("# TYPE b meh\n", "x.om:1:1: expected a type such as `gauge` or `counter`, found `meh`"),
      ("# TYPE b counter\nb_total -1\n", "x.om:2:1: expected a number that is not negative"),
      ("# TYPE b info\nb_info 2\n", "x.om:2:1: expected 1 for an info"),
      ("# TYPE b gauge\nb 1 2\nb 1 1\n", "x.om:3:1: expected times in order within a label set"),
      (
        "# TYPE b gauge\nb{x=\"1\"} 1\nb 1\nb{x=\"1\"} 1\n",
        "x.om:4:1: expected the samples of one label set to stand together"
      ),
      ("# TYPE b histogram\nb_bucket{le=\"1\"} 1\n", "x.om:2: expected a bucket with `le=\"+Inf\"`"),
      (
        "# TYPE b histogram\nb_bucket{le=\"+Inf\"} 1\nb_count 2\nb_sum 1\n",
        "x.om:4: expected a count that equals the bucket `+Inf`"
      ),
      (
        "b 1\nc 1\nb 2\n",
        "x.om:4: expected all of `b` to stand together and to be of one metric; it was met before"
      ),
    ])
  func broken(text: String, problem: String) {
    let result = read(text + "zz 7\n# EOF\n")
    #expect(result.problems == [problem])
    #expect(result.samples.last?.metric == "zz")
  }

  @Test("an exposition without its end may be cut off; nothing may follow the end")
  func ends() {
    #expect(read("a 1\n").problems == ["x.om:1: expected `# EOF` at the end: the exposition may be cut off"])
    #expect(read("# EOF\na 1\n").problems == ["x.om:2:1: expected nothing behind `# EOF`"])
    #expect(read("a 1\n# EOF").problems == [])
  }

  @Test(
    "it is told by what only it has",
    arguments: [
      "a 1\n# EOF\n", "# UNIT a_s s\na_s 1\n", "# TYPE a unknown\na 1\n", "# TYPE a counter\n# HELP a b\na_total 1\n",
    ])
  func recognised(text: String) { #expect(readMetrics(text).format == .openMetrics) }

  @Test("text without any of that is Prometheus'")
  func notRecognised() {
    #expect(readMetrics("# TYPE a_total counter\na_total 1 5\n").format == .prometheus)
    #expect(readMetrics("# TYPE a counter\na 1\n").format == .prometheus)
  }

  @Test(
    "the official suite: every verdict",
    .enabled(if: sharedData != nil, "../shared/data is absent"))
  func suite() throws {
    let folder = try #require(sharedData) + "/exposition/openmetrics-suite/"
    let table = String(decoding: try contents(folder + "expected.csv"), as: UTF8.self)
    var count = 0
    for row in table.split(separator: "\n").dropFirst() {
      let cells = row.split(separator: ",")
      let result = readMetrics(try contents(folder + cells[0] + ".txt"), name: String(cells[0]) + ".openmetrics.txt")
      #expect(result.problems.isEmpty == (cells[1] == "ok"), "\(cells[0]): \(result.problems)")
      count += 1
    }
    #expect(count == 106)
  }

  @Test(
    "of real expositions every sample is used, whatever rules they break",
    .enabled(if: sharedData != nil, "../shared/data is absent"),
    arguments: [
      ("exposition/textparse/1histogram.om.txt", MetricFormat.openMetrics, 0),
      ("exposition/textparse/alltypes.5mfs.om.txt", .openMetrics, 4),
      ("promtool/dump-openmetrics-test.prom", .openMetrics, 0),
      ("promtool/dump-openmetrics-roundtrip-test.prom", .openMetrics, 0),
    ] + sharedFiles("prometheus-run/scrapes", ending: ".openmetrics.txt").map { ($0, .prometheus, 0) })
  func real(path: String, format: MetricFormat, problems: Int) throws {
    // An exporter that was asked for OpenMetrics may answer otherwise: the name of such a file lies.
    let bytes = try contents(try #require(sharedData) + "/" + path)
    let result = readMetrics(bytes, name: path)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").count { !$0.hasPrefix("#") }
    #expect(result.format == format && result.samples.count == lines && result.counts.refused == 0)
    #expect(result.problems.count == problems, "\(result.problems)")
  }
}
