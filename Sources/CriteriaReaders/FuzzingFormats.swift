// What the fuzzers of the further formats call: each reads its bytes twice, once in small pieces, and must find the same.

/// Bytes as OpenMetrics.
@_spi(Internals) public func fuzzOpenMetrics(_ bytes: UnsafeRawBufferPointer) {
  fuzzMetrics(bytes) { _ in .openMetrics }
}

/// Bytes as an answer of Prometheus' API, and as a bare list of series.
@_spi(Internals) public func fuzzPrometheusAPI(_ bytes: UnsafeRawBufferPointer) {
  fuzzMetrics(bytes) { _ in .prometheusAPI(isList: false) }
  fuzzMetrics(bytes) { _ in .prometheusAPI(isList: true) }
}

/// Bytes as a table of metrics.
@_spi(Internals) public func fuzzMetricTable(_ bytes: UnsafeRawBufferPointer) {
  fuzzMetrics(bytes) { head in (try? metricTable(head)).map { .csv($0) } }
}

/// Bytes as metrics in lines of JSON.
@_spi(Internals) public func fuzzMetricLines(_ bytes: UnsafeRawBufferPointer) { fuzzMetrics(bytes) { _ in .ndjson } }

/// Bytes as a log in lines of JSON, of each dialect.
@_spi(Internals) public func fuzzJSONLog(_ bytes: UnsafeRawBufferPointer) {
  for dialect in [JSONLogDialect.journal, .docker, .other] { fuzzLog(bytes, .json(dialect), []) }
}

/// The first line as `--log-format`, the rest as a log; where it is no layout, as a log by one that reads every form of time.
@_spi(Internals) public func fuzzLogFormat(_ bytes: UnsafeRawBufferPointer) {
  let end = bytes.firstIndex(of: 0x0A) ?? bytes.count
  let pattern = String(decoding: bytes[..<end], as: UTF8.self)
  let layout =
    (try? LogFormat(pattern)) ?? (try! LogFormat("^(?<time>[^|]*)\\|(?<instance>[^|]*)\\|(?<source>[^|]*)\\|"))
  fuzzLog(UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, bytes.count)...]), .formatted(0), [layout])
}

/// Bytes as an inventory in lines, as a table, and as nodes of Kubernetes.
@_spi(Internals) public func fuzzInventoryFormats(_ bytes: UnsafeRawBufferPointer) {
  for format in [InventoryFormat.ndjson, .csv, .kubernetes] {
    func entries(chunk: Int) -> [InventoryEntry]? {
      let stream = LineStream(ByteStream(Array(bytes), name: "fuzz", chunk: chunk), chunk: chunk)
      var reader = InventoryReader(name: "fuzz")
      return try? reader.read(stream, format: format)
    }
    precondition(entries(chunk: 1 << 18) == entries(chunk: 7), "an inventory reads otherwise in pieces")
  }
}

/// Bytes as whatever they show themselves to be, inspected.
@_spi(Internals) public func fuzzInspect(_ bytes: UnsafeRawBufferPointer) {
  let stream = ByteStream(Array(bytes), name: "fuzz")
  var assembler = InputAssembler(inspecting: true)
  assembler.readAny(stream, InputSpec(path: "fuzz"))
  let inspection = assembler.inspect(fallback: 1_795_410_000_000)
  precondition(inspection.summary.files.count == 1, "an input that is lost")
}

private func fuzzMetrics(_ bytes: UnsafeRawBufferPointer, _ kind: (Head) -> MetricKind?) {
  func samples(chunk: Int) -> [String] {
    let stream = LineStream(ByteStream(Array(bytes), name: "fuzz", chunk: chunk), chunk: chunk)
    guard let kind = kind(Head(of: stream)) else { return [] }
    let names = MetricNames(wanted: nil)
    var reader = metricReader(stream, kind: kind, names: names, defaultName: "fuzz")
    var batch = MetricBatch()
    var found: [String] = []
    while reader.next(into: &batch) {
      for record in batch.records {
        let labels = batch.labels(of: record).sorted { $0.key < $1.key }
        found.append("\(record.line) \(names.name(record.metric)) \(labels) \(record.value) \(record.time ?? -1)")
      }
    }
    return found + reader.problems.problems.map(\.description)
  }
  precondition(samples(chunk: 1 << 18) == samples(chunk: 7), "metrics read otherwise in pieces")
}

private func fuzzLog(_ bytes: UnsafeRawBufferPointer, _ kind: LogKind, _ layouts: [LogFormat]) {
  func lines(chunk: Int) -> [String] {
    let stream = LineStream(ByteStream(Array(bytes), name: "fuzz", chunk: chunk), chunk: chunk)
    var reader = logReader(
      stream, kind: kind, source: nil, defaultSource: "fuzz", sources: SourceNames(wanted: nil), layouts: layouts)
    var batch = LogBatch()
    var found: [String] = []
    while reader.next(into: &batch) {
      for one in batch.records {
        found.append("\(one.line) \(one.time) \(one.source ?? -1) \(one.host ?? -1) \(batch.message(of: one))")
      }
    }
    return found + reader.problems.problems.map(\.description)
  }
  precondition(lines(chunk: 1 << 18) == lines(chunk: 7), "a log reads otherwise in pieces")
}
