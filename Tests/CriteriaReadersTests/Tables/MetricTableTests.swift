import Testing

@testable import CriteriaReaders

private let noon: Int64 = 1_795_395_723_000  // 2026-11-23T01:02:03Z

@Suite struct MetricTableTests {
  @Test(
    "a wide table: each column of numbers is a metric, texts are labels",
    arguments: [
      "time,instance,disk,cpu %,mem\n2026-11-23T01:02:03Z,n-1,sda,0.5,12\n1795395724,n-2,,,7\n",
      "time;instance;disk;cpu %;mem\r\n2026-11-23 01:02:03;n-1;sda;0.5;12\r\n1795395724;n-2;;null;7\r\n",
      "\u{FEFF}# remark\n\ntime\tinstance\tdisk\t\"cpu %\"\tmem\n\"2026/11/23 01:02:03\"\tn-1\tsda\t0.5\t12\n1795395724000\tn-2\t\tN/A\t7",
      "{\"time\":\"2026-11-23T01:02:03Z\",\"cpu %\":0.5,\"instance\":\"n-1\",\"mem\":12,\"disk\":\"sda\"}\n"
        + "{\"time\":1795395724,\"instance\":\"n-2\",\"disk\":\"\",\"cpu %\":null,\"mem\":7}",
    ])
  func wide(text: String) {
    for chunk in [3, 1 << 18] {
      let result = readMetrics(text, chunk: chunk)
      #expect(result.problems == [])
      #expect(
        result.samples.map { ReadSample($0.metric, $0.labels, Double(bitPattern: $0.bits), $0.time, line: 0) } == [
          ReadSample("cpu %", ["instance": "n-1", "disk": "sda"], 0.5, noon, line: 0),
          ReadSample("mem", ["instance": "n-1", "disk": "sda"], 12, noon, line: 0),
          ReadSample("mem", ["instance": "n-2"], 7, noon + 1000, line: 0),
        ])
    }
    let some = readMetrics(text, wanted: ["cpu %"])
    #expect(some.counts.kept == 1 && some.counts.unwanted == 2)
  }

  @Test(
    "a long table: a row is a sample",
    arguments: [
      "timestamp,host,metric,value,path\n1795395723,n-1,free,0.5,\"/a,\"\"b\"\"\"\n1795395723,n-1,up,1,\n",
      "{\"timestamp\":1795395723,\"host\":\"n-1\",\"metric\":\"free\",\"value\":\"0.5\",\"labels\":{\"path\":\"/a,\\\"b\\\"\"}}\n\n"
        + "{\"timestamp\":1795395723,\"host\":\"n-1\",\"metric\":\"up\",\"value\":true}\n",
    ])
  func long(text: String) {
    let result = readMetrics(text)
    #expect(result.problems == [])
    #expect(result.samples.map(\.metric) == ["free", "up"] && result.samples.allSatisfy { $0.time == noon })
    #expect(
      result.samples.map(\.labels) == [
        ["host": "n-1", "instance": "n-1", "path": "/a,\"b\""], ["host": "n-1", "instance": "n-1"],
      ])
  }

  @Test("series of VictoriaMetrics, and lines of Prometheus' series")
  func series() {
    let text = """
      {"metric":{"__name__":"up","instance":"n"},"values":[1,null,0],"timestamps":[1000,2000,3000]}
      {"metric":{"__name__":"up"},"values":[[4,"5"]]}
      {"metric":{"__name__":"up"},"value":[6,"7"]}
      {"metric":{"__name__":"up"},"values":[1],"timestamps":[]}
      """
    let result = readMetrics(text)
    #expect(
      result.samples == [
        ReadSample("up", ["instance": "n"], 1, 1000, line: 1), ReadSample("up", ["instance": "n"], 0, 3000, line: 1),
        ReadSample("up", 5, 4000, line: 2), ReadSample("up", 7, 6000, line: 3),
      ])
    #expect(result.problems == ["x:4:56: expected as many timestamps as values, found `]`"])
  }

  @Test("rows and cells that cannot be read are refused with their place")
  func refused() {
    let text = "time,a,b\n1795395723,1,2\nx,1,2\n1795395723,1\n1795395723,ü,2\n1795395723,\"1,2\n12,1,2\n"
    let result = readMetrics(text)
    #expect(result.samples.count == 2)
    #expect(
      result.problems == [
        "x:3:1: expected a time, found `x`", "x:4: expected 3 fields, found 2",
        "x:6:12: expected a closing `\"` on the same line", "x:7:1: expected a time, found `12`",
      ])
    #expect(result.counts.refused == 4)
  }

  @Test("a cell of a column of numbers that is none is refused alone")
  func cell() {
    let rows = (0..<150).map { "\(1_795_395_723 + $0),1,2" } + ["1795395999,x,2"]
    let result = readMetrics("time,a,b\n" + rows.joined(separator: "\n"))
    #expect(result.problems == ["x:152:12: expected a number, found `x`"])
    #expect(result.samples.count == 301)
  }

  @Test(
    "lines of JSON that are no samples are refused with their place",
    arguments: [
      ("[1]", "x:2:1: expected an object on each line, found `[1`"),
      ("{\"a\":1}", "x:2:1: expected an object with a `time`, found `{\"a\":1`"),
      ("{\"time\":\"x\",\"a\":1}", "x:2:9: expected a time, found `\"x\"`"),
      ("{\"time\":1795395723}", "x:2:1: expected an object with a number, found `{\"time\":1795395723`"),
      ("{\"time\":1795395723,\"metric\":\"a\",\"value\":\"b\"}", "x:2:41: expected a number, found `\"b\"`"),
      ("{\"time\":1795395723,\"a\":1", "x:2:25: expected `,` or `}`, found the end"),
    ])
  func refusedJSON(line: String, problem: String) {
    let good = "{\"time\":1795395723,\"a\":1}\n"
    let result = readMetrics(good + line + "\n" + good)
    #expect(result.problems == [problem])
    #expect(result.samples.count == 2 && result.counts.refused == 1)
  }

  @Test(
    "real tables: a sample for each row and column of numbers",
    .enabled(if: sharedData != nil, "../shared/data is absent"),
    arguments: ["realAWSCloudwatch", "realKnownCause", "artificialNoAnomaly", "artificialWithAnomaly"].flatMap {
      sharedFiles("metrics/nab/" + $0, ending: ".csv").map { ($0, 1) }
    }
      + [
        "application-crash-rate-1", "application-crash-rate-2", "consumer-purchase-rate", "data-ingress-rate",
        "ecommerce-api-incoming-rps", "middle-tier-api-dependency-latency", "mongodb-application-rps",
        "mongodb-machine-rps",
      ].flatMap { sharedFiles("metrics/ms-cloud-monitoring/" + $0, ending: ".csv").map { ($0, 2) } })
  func real(path: String, columns: Int) throws {
    let bytes = try contents(try #require(sharedData) + "/" + path)
    let rows = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).count - 1
    let result = readMetrics(bytes, name: path)
    #expect(result.format == .csv && result.problems == [])
    let empty =
      String(decoding: bytes, as: UTF8.self).split(separator: ",,", omittingEmptySubsequences: false).count - 1
    #expect(result.samples.count == rows * columns - empty)
  }
}
