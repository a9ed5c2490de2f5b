@_spi(Internals) import CriteriaCompiler
@_spi(Internals) import CriteriaEngine
@_spi(Internals) import CriteriaReaders
@_spi(Internals) import CriteriaSyntax
import Glibc

/// What `FUZZ_TARGET` may name. One program for all: libFuzzer brings one `main`, and the library is instrumented once.
private let targets: [(name: String, run: @Sendable (UnsafeRawBufferPointer) -> Void)] = [
  ("yaml", fuzzYAML),
  ("expression", fuzzExpression),
  ("policy", fuzzPolicy),
  ("condition", fuzzCondition),
  ("compile", fuzzCompile),
  ("prometheus", fuzzPrometheusText),
  ("tsdb-dump", fuzzTSDBDump),
  ("plain-log", fuzzPlainLog),
  ("plain-log-search", fuzzPlainLogSearch),
  ("matching", fuzzMatching),
  ("pattern", fuzzPattern),
  ("gzip", fuzzGzip),
  ("inventory", fuzzInventory),
  ("inputs", fuzzInputs),
  ("stream", fuzzStream),
  ("openmetrics", fuzzOpenMetrics),
  ("prometheus-api", fuzzPrometheusAPI),
  ("metric-table", fuzzMetricTable),
  ("metric-lines", fuzzMetricLines),
  ("json-log", fuzzJSONLog),
  ("log-format", fuzzLogFormat),
  ("inventory-formats", fuzzInventoryFormats),
  ("inspect", fuzzInspect),
  ("snapshot", fuzzSnapshot),
]

private let run: @Sendable (UnsafeRawBufferPointer) -> Void = {
  let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? "list"
  if let target = targets.first(where: { $0.name == name }) { return target.run }
  for target in targets { print(target.name) }
  fflush(nil)
  // libFuzzer takes a plain `exit` for a crash.
  _exit(name == "list" ? 0 : 1)
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  run(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
