@_spi(Internals) import CriteriaCompiler
@_spi(Internals) import CriteriaEngine
@_spi(Internals) import CriteriaReaders
@_spi(Internals) import CriteriaSyntax
import Testing

@Suite("What the fuzzers start from, and what they once found")
struct FuzzFixtureTests {
  @Test(
    "every input goes through its reader",
    arguments: [
      ("yaml", fuzzYAML), ("expression", fuzzExpression), ("policy", fuzzPolicy), ("prometheus", fuzzPrometheusText),
      ("tsdb-dump", fuzzTSDBDump), ("plain-log", fuzzPlainLog), ("gzip", fuzzGzip), ("condition", fuzzCondition),
      ("compile", fuzzCompile), ("inventory", fuzzInventory), ("inputs", fuzzInputs),
      ("stream", fuzzStream), ("openmetrics", fuzzOpenMetrics), ("prometheus-api", fuzzPrometheusAPI),
      ("metric-table", fuzzMetricTable), ("metric-lines", fuzzMetricLines), ("json-log", fuzzJSONLog),
      ("log-format", fuzzLogFormat), ("inventory-formats", fuzzInventoryFormats), ("inspect", fuzzInspect),
      ("snapshot", fuzzSnapshot), ("plain-log-search", fuzzPlainLogSearch), ("matching", fuzzMatching),
      ("pattern", fuzzPattern),
    ] as [(String, @Sendable (UnsafeRawBufferPointer) -> Void)])
  func goThrough(target: String, run: @Sendable (UnsafeRawBufferPointer) -> Void) throws {
    let folders = ["Seeds", "Fixtures"].map { "\(root)/Tests/Fuzz/\($0)/\(target)" }
    var count = 0
    for folder in folders {
      for name in (try? list(folder)) ?? [] {
        try readBytes(folder + "/" + name).withUnsafeBytes { run($0) }
        count += 1
      }
    }
    #expect(count > 0)
  }
}
