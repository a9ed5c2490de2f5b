import Testing

@testable import CriteriaReaders

private let series = #"{"metric":{"__name__":"up","instance":"n-1","job":"n\u00f6de"},"#

@Suite struct PrometheusAPITests {
  @Test("a vector and a matrix give their samples; members may come in any order")
  func samples() {
    let text = """
      {"status":"success","data":{"resultType":"matrix","result":[
        \(series)"values":[[1795396807,"1"],[1795396812.5,"NaN"]]},
        {"value":[1795396807.001,"+Inf"],"metric":{"__name__":"x\\"y","empty":""}}
      ]},"warnings":["a [\\" ] {"]}

      """
    for chunk in [1, 7, 1 << 18] {
      let result = readMetrics(text, chunk: chunk)
      let labels = ["instance": "n-1", "job": "nöde"]
      #expect(
        result.samples == [
          ReadSample("up", labels, 1, 1_795_396_807_000, line: 2),
          ReadSample("up", labels, .nan, 1_795_396_812_500, line: 2),
          ReadSample("x\"y", .infinity, 1_795_396_807_001, line: 3),
        ])
      #expect(result.format == .prometheusAPI && result.problems == [])
      #expect(result.counts.kept == 3 && result.counts.lines == 4)
    }
    #expect(readMetrics(text, wanted: ["none"]).counts.unwanted == 3)
  }

  @Test("a bare list of series reads too, and a series without a name is of the metric that its file is named after")
  func list() {
    let result = readMetrics(#"[{"metric":{"a":"b"},"value":[1,"2"]}]"#)
    #expect(result.samples == [ReadSample("x", ["a": "b"], 2, 1000, line: 1)])
  }

  @Test(
    "what is not a series is refused with its place, and the rest is used",
    arguments: [
      (series + #""values":[[1,"2"],[3,"x"]]}"#, "x:2:85: expected a number, found `\"x\"`"),
      (series + #""values":[[1]]}"#, "x:2:77: expected a value behind the time, found `]`"),
      (#"{"value":[1,"2"]}"#, "x:2:1: expected a series with `metric`, found `{\"value\":[1`"),
      (
        #"{"metric":{"__name__":"a"}}"#,
        "x:2:1: expected a series with `value` or `values`, found `{\"metric\":{\"__name__\":\"a\"`"
      ),
      (#"{"metric":{"__name__":1},"value":[1,"2"]}"#, "x:2:23: expected a string in double quotes, found `1`"),
      ("7", "x:2:1: expected a series, an object with `metric`, found `7`"),
      (
        series + #""histogram":[1,{"count":"1"}]}"#,
        "x:2:1: native histograms are not read, only the samples beside them"
      ),
    ])
  func refused(element: String, problem: String) {
    let text =
      "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\n\(element),\n\(series)\"value\":[9,\"9\"]}]}}"
    let result = readMetrics(text)
    #expect(result.problems.count == 1 && result.counts.refused == 1)
    #expect(result.problems.first?.hasPrefix(String(problem.prefix(40))) == true, "\(result.problems)")
    #expect(result.samples.last?.time == 9000)
  }

  @Test("a document that breaks off gives what is whole, and says where it ends")
  func cutOff() {
    let whole = "{\"status\":\"success\",\"data\":{\"result\":[\(series)\"value\":[9,\"9\"]},"
    let result = readMetrics(whole + "\n\(series)\"val")
    #expect(result.samples.count == 1)
    #expect(result.problems == ["x:2:68: expected a closing `\"`, found the end"])
  }

  @Test(
    "an answer without series says what it is",
    arguments: [
      (
        #"{"status":"error","errorType":"bad_data","error":"no such\nthing"}"#,
        "x:1:50: the server answered with an error (bad_data): no such\\u{a}thing"
      ),
      (
        #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
        "x:1:61: a scalar has no labels; expected a query that gives series"
      ),
    ])
  func noSeries(text: String, problem: String) { #expect(readMetrics(text).problems == [problem]) }

  @Test("an answer with no result at all is none that was asked for")
  func empty() {
    #expect(readMetrics(#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#).problems == [])
  }

  @Test(
    "answers of a real server: every sample",
    .enabled(if: sharedData != nil, "../shared/data is absent"),
    arguments: sharedFiles("prometheus-run/query_range", ending: ".json"))
  func real(path: String) throws {
    let bytes = try contents(try #require(sharedData) + "/" + path)
    let result = readMetrics(bytes, name: path)
    // Each sample ends in `"]`, and nothing else does.
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(result.samples.count == text.split(separator: "\"]", omittingEmptySubsequences: false).count - 1)
    #expect(result.problems == [] && result.format == .prometheusAPI)
  }
}
