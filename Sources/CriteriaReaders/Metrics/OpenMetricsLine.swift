// OpenMetrics 1.0, one line:
//   line       = metadata | sample | "# EOF"
//   metadata   = "# " ("HELP" | "TYPE" | "UNIT") " " name " " text
//   sample     = series " " number [" " time] [" # " "{" [labels] "}" " " number [" " time]]
//   series     = name ["{" [labels] "}"] | "{" quoted ["," labels] "}"
//   labels     = label {"," label}        label = (name | quoted) "=" quoted
// One blank stands between the parts, and none elsewhere. Within quotes `\\`, `\"` and `\n` are escapes; a `\` before
// anything else is itself.

/// What one line of samples says; its labels stand in the open sample of a batch.
struct OpenMetricsSample {
  var name: [UInt8] = []
  var value = 0.0
  /// Seconds.
  var time: Double?
  var hasExemplar = false
}

/// Reads one line in place.
struct OpenMetricsLine {
  private let line: UnsafeRawBufferPointer
  private(set) var at = 0
  /// Labels of the sample: where name and value stand in the batch.
  private(set) var labels: [(name: Range<Int>, value: Range<Int>)] = []

  init(_ line: UnsafeRawBufferPointer) { self.line = line }

  private var byte: UInt8 { at < line.count ? line[at] : 0 }

  private func fault(_ kind: InputProblem.Kind, _ expected: StaticString) -> SampleFault {
    SampleFault(kind: kind, offset: at, expected: expected)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard at < line.count, line[at] == byte else { return false }
    at += 1
    return true
  }

  /// Reads a whole line of samples; its labels are appended to the open sample of `batch`.
  mutating func readSample(into batch: inout MetricBatch) throws(SampleFault) -> OpenMetricsSample {
    var sample = OpenMetricsSample()
    let start = at
    while at < line.count, isNameByte(line[at], first: at == start, colon: true) { at += 1 }
    sample.name = Array(line[start..<at])
    if take(UInt8(ascii: "{")) {
      try readLabels(into: &batch, name: &sample.name)
    }
    guard !sample.name.isEmpty else { throw SampleFault(kind: .syntax, offset: start, expected: "a metric name") }
    guard take(0x20) else { throw fault(.syntax, "one blank before the value") }
    sample.value = try readNumber("a number")
    if at == line.count { return sample }
    guard take(0x20) else { throw fault(.syntax, "one blank after the value") }
    if byte != UInt8(ascii: "#") {
      sample.time = try readTime()
      if at == line.count { return sample }
      guard take(0x20) else { throw fault(.syntax, "the end of the line") }
    }
    try readExemplar(&batch)
    sample.hasExemplar = true
    return sample
  }

  private mutating func readExemplar(_ batch: inout MetricBatch) throws(SampleFault) {
    guard take(UInt8(ascii: "#")), take(0x20), take(UInt8(ascii: "{")) else {
      throw fault(.syntax, "an exemplar, ` # {`, or the end of the line")
    }
    let start = at
    let before = batch.labelCount
    let own = labels
    labels = []
    var name: [UInt8] = []
    try readLabels(into: &batch, name: &name, isExemplar: true)
    let length = labels.reduce(0) { count, label in
      count + characters(batch.labelBytes(from: 0)[label.name]) + characters(batch.labelBytes(from: 0)[label.value])
    }
    batch.removeLabelBytes(from: before)
    labels = own
    guard length <= 128 else {
      throw SampleFault(
        kind: .label, offset: start, expected: "exemplar labels of at most 128 characters", showsFound: false)
    }
    guard take(0x20) else { throw fault(.syntax, "one blank before the exemplar's value") }
    _ = try readNumber("the exemplar's value")
    if at == line.count { return }
    guard take(0x20) else { throw fault(.syntax, "the end of the line") }
    _ = try readTime()
    guard at == line.count else { throw fault(.syntax, "the end of the line") }
  }

  private func characters(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }

  private mutating func readLabels(
    into batch: inout MetricBatch, name metric: inout [UInt8], isExemplar: Bool = false
  ) throws(SampleFault) {
    if take(UInt8(ascii: "}")) { return }
    while true {
      let nameAt = at
      let start = batch.labelCount
      let isQuoted = byte == UInt8(ascii: "\"")
      if isQuoted {
        try readQuoted(into: &batch)
      } else {
        while at < line.count, isNameByte(line[at], first: at == nameAt, colon: false) { at += 1 }
        guard at > nameAt else { throw fault(.label, "a label name") }
        batch.appendLabelBytes(UnsafeRawBufferPointer(rebasing: line[nameAt..<at]))
      }
      let nameEnd = batch.labelCount
      if isQuoted, byte != UInt8(ascii: "="), !isExemplar, metric.isEmpty, labels.isEmpty {
        // A lone quoted text at the start is the metric's name.
        metric = Array(batch.labelBytes(from: start))
        batch.removeLabelBytes(from: start)
      } else {
        guard nameEnd > start else { throw SampleFault(kind: .label, offset: nameAt, expected: "a label name") }
        guard take(UInt8(ascii: "=")) else { throw fault(.label, "`=` after the label name") }
        for label in labels where batch.labelBytes(from: 0)[label.name].elementsEqual(batch.labelBytes(from: start)) {
          throw SampleFault(
            kind: .label, offset: nameAt, expected: "each label once, found the same name again", showsFound: false)
        }
        batch.appendLabelByte(0)
        guard byte == UInt8(ascii: "\"") else { throw fault(.label, "a label value in double quotes") }
        let valueStart = batch.labelCount
        try readQuoted(into: &batch)
        labels.append((start..<nameEnd, valueStart..<batch.labelCount))
        batch.appendLabelByte(0)
      }
      if take(UInt8(ascii: "}")) { return }
      guard take(UInt8(ascii: ",")) else { throw fault(.label, "`,` or `}` after the label") }
    }
  }

  private mutating func readQuoted(into batch: inout MetricBatch) throws(SampleFault) {
    let open = at
    let target = batch.labelCount
    at += 1
    while true {
      guard at < line.count else { throw fault(.label, "a closing `\"`") }
      let byte = line[at]
      if byte == UInt8(ascii: "\"") { break }
      if byte == 0 {
        throw SampleFault(kind: .label, offset: at, expected: "a value without NUL bytes", showsFound: false)
      }
      if byte == UInt8(ascii: "\\"), at + 1 < line.count {
        switch line[at + 1] {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""):
          batch.appendLabelByte(line[at + 1])
          at += 2
          continue
        case UInt8(ascii: "n"):
          batch.appendLabelByte(0x0A)
          at += 2
          continue
        default: break
        }
      }
      batch.appendLabelByte(byte)
      at += 1
    }
    at += 1
    if !batch.labelBytes(from: target).withUnsafeBytes(isValidUTF8) {
      throw SampleFault(kind: .label, offset: open, expected: "UTF-8")
    }
  }

  private mutating func readToken() -> UnsafeRawBufferPointer {
    let start = at
    while at < line.count, line[at] != 0x20 { at += 1 }
    return UnsafeRawBufferPointer(rebasing: line[start..<at])
  }

  private mutating func readNumber(_ expected: StaticString) throws(SampleFault) -> Double {
    let start = at
    guard let value = parseDouble(readToken()) else {
      throw SampleFault(kind: .value, offset: start, expected: expected)
    }
    return value
  }

  private mutating func readTime() throws(SampleFault) -> Double {
    let start = at
    guard let value = parseDouble(readToken()), value.isFinite else {
      throw SampleFault(kind: .time, offset: start, expected: "a time in seconds")
    }
    return value
  }
}

func isNameByte(_ byte: UInt8, first: Bool, colon: Bool) -> Bool {
  (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_") || (colon && byte == UInt8(ascii: ":"))
    || (!first && byte &- 48 < 10)
}
