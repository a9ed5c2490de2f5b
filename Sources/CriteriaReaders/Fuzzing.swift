// What the fuzzers in Tests/Fuzz call. `package` symbols are invisible to other packages.

import CriteriaEngine

/// Reads bytes as Prometheus text, and once more in small pieces: where a chunk ends must not matter.
@_spi(Internals) public func fuzzPrometheusText(_ bytes: UnsafeRawBufferPointer) {
  fuzzMetrics(Array(bytes), .prometheus)
}

/// Reads bytes as `promtool tsdb dump`, and once more in small pieces.
@_spi(Internals) public func fuzzTSDBDump(_ bytes: UnsafeRawBufferPointer) {
  fuzzMetrics(Array(bytes), .tsdbDump)
}

/// Reads bytes as a plain log, and once more in small pieces.
@_spi(Internals) public func fuzzPlainLog(_ bytes: UnsafeRawBufferPointer) {
  func lines(chunk: Int) -> [String] {
    let stream = LineStream(ByteStream(Array(bytes), name: "fuzz", chunk: chunk), chunk: chunk)
    var reader = PlainLogReader(stream, source: nil, defaultSource: "fuzz", sources: SourceNames(wanted: nil))
    var batch = LogBatch()
    var found: [String] = []
    while reader.next(into: &batch) {
      for one in batch.records {
        found.append("\(one.line) \(one.time) \(one.source ?? -1) \(one.host ?? -1) \(batch.message(of: one))")
      }
    }
    return found
  }
  precondition(lines(chunk: 1 << 18) == lines(chunk: 7), "a log reads otherwise in pieces")
}

/// Reads bytes as a plain log by searching it and by reading each line, whole and in small pieces: the same must come of it.
@_spi(Internals) public func fuzzPlainLogSearch(_ bytes: UnsafeRawBufferPointer) {
  let patterns = ["error", "(?i)\\bpanic\\b", "^[a-z]+ x", "k(e+)+$", "_foo", "5\\d\\d"]
  let sources = [["kernel", "app*"], ["any"], ["sshd"], ["kernel"], ["app"], ["kernel", "sshd"]]
  let logs = zip(patterns, sources).compactMap { pattern, sources in
    (try? Regex(pattern: pattern)).map { InputFilter.LogPattern(sources: sources, regex: $0) }
  }
  func assembled(_ chunk: Int, readsEveryHeader: Bool) -> AssembledInput {
    var options = InputOptions()
    options.chunk = chunk
    options.longestLine = 300
    options.readsEveryHeader = readsEveryHeader
    var assembler = InputAssembler(filter: InputFilter(metrics: [:], logs: logs), options: options)
    assembler.read(log: ByteStream(Array(bytes), name: "app.log", chunk: chunk), InputSpec(path: "app.log"))
    return assembler.finish(fallback: 1_795_395_723_000)
  }
  let expected = assembled(1 << 18, readsEveryHeader: true)
  for chunk in [1 << 18, 61] {
    let difference = assembled(chunk, readsEveryHeader: false).difference(from: expected)
    precondition(difference == nil, "a searched log says something else: \(difference ?? "")")
  }
}

/// Unpacks bytes as gzip; the magic bytes are put in front so that every input gets that far.
@_spi(Internals) public func fuzzGzip(_ bytes: UnsafeRawBufferPointer) {
  let stream = ByteStream([0x1F, 0x8B] + Array(bytes), name: "fuzz", chunk: 64)
  _ = try? stream.readAll(limit: 1 << 20)
}

/// Reads bytes as an inventory, and settles what it says.
@_spi(Internals) public func fuzzInventory(_ bytes: UnsafeRawBufferPointer) {
  var reader = InventoryReader(name: "fuzz")
  guard let entries = try? reader.read(Array(bytes)) else { return }
  var options = InputOptions()
  options.conditionHistory = 3_600_000
  var problems = ProblemLog()
  for entry in merge([entries, entries], problems: &problems).prefix(100) {
    _ = entry.observations(at: 1_795_395_723_000, earliest: nil, options: options, problems: &problems)
  }
}

/// Reads bytes as lines of `rulecheck stream`; whatever is taken is taken apart in full.
@_spi(Internals) public func fuzzStream(_ bytes: UnsafeRawBufferPointer) {
  for part in bytes.split(separator: 0x0A) {
    let line = UnsafeRawBufferPointer(rebasing: part)
    do {
      let read = try StreamLine(line)
      switch read.kind {
      case .sample, .line, .condition, .facts: _ = try (read.observation(in: line), read.instance(in: line))
      case .attach: _ = try (read.source(in: line), read.instance(in: line))
      case .remove, .explain: _ = try read.instance(in: line)
      case .tick, .snapshot, .quit: break
      }
      _ = read.origin(in: line)
      precondition(read.at.map { abs($0) <= 253_402_387_199_999 } ?? true, "a time beyond RFC 3339")
    } catch {
      precondition(error.offset.map { (0...line.count).contains($0) } ?? true, "a fault outside its line")
    }
  }
}

private func fuzzMetrics(_ bytes: [UInt8], _ kind: MetricKind) {
  func samples(chunk: Int) -> [String] {
    let stream = LineStream(ByteStream(bytes, name: "fuzz", chunk: chunk), chunk: chunk)
    let names = MetricNames(wanted: nil)
    var reader = metricReader(stream, kind: kind, names: names)
    var batch = MetricBatch()
    var found: [String] = []
    while reader.next(into: &batch) {
      for record in batch.records {
        let labels = batch.labels(of: record).sorted { $0.key < $1.key }
        found.append("\(record.line) \(names.name(record.metric)) \(labels) \(record.value) \(record.time ?? -1)")
      }
    }
    return found
  }
  precondition(samples(chunk: 1 << 18) == samples(chunk: 7), "metrics read otherwise in pieces")
}

/// Reads bytes as everything that `eval` takes, up to the observations in their order: the first byte says as what.
@_spi(Internals) public func fuzzInputs(_ bytes: UnsafeRawBufferPointer) {
  var assembler = InputAssembler()
  let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
  for part in parts {
    let stream = ByteStream(Array(part.dropFirst()), name: "fuzz")
    if part.first ?? 0 & 1 == 0 {
      assembler.read(metrics: stream, InputSpec(path: "fuzz"))
    } else {
      assembler.read(log: stream, InputSpec(path: "fuzz.log"))
    }
  }
  let input = assembler.finish(fallback: 1_795_410_000_000)
  precondition(
    zip(input.observations, input.observations.dropFirst()).allSatisfy { $0.time <= $1.time },
    "observations are not in order of time")
}
