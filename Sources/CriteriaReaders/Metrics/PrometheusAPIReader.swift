/// Answers of Prometheus' HTTP API (`query`, `query_range`), and the bare list that `promtool query -o json` prints.
///
/// A series without a name (`rate(…)` has none) is of the metric that is named as the file.
/// - Complexity: One pass; memory is the longest series.
package struct PrometheusAPIReader: MetricReader {
  package let format = MetricFormat.prometheusAPI
  package private(set) var counts = ReadCounts()
  package private(set) var problems: ProblemLog
  private let stream: LineStream
  private let elements: JSONElements
  private let names: MetricNames
  /// The metric of a series that has no name.
  private let defaultName: String?
  private var isAtEnd = false
  private var status = ""
  private var errorType = ""
  private var resultType = ""
  private var sawResult = false

  /// - Parameter isList: The document is the list of series itself.
  init(_ lines: LineStream, isList: Bool, defaultName: String?, names: MetricNames, problemLimit: Int = 100) {
    stream = lines
    elements = JSONElements(lines, path: isList ? [] : ["data", "result"])
    self.names = names
    self.defaultName = defaultName
    problems = ProblemLog(limit: problemLimit)
  }

  package mutating func next(into batch: inout MetricBatch) -> Bool {
    batch.removeAll()
    if isAtEnd { return false }
    do throws(JSONFault) {
      guard let step = try elements.next() else {
        finish()
        return false
      }
      switch step {
      case .array: sawResult = true
      case .scalar(let path, let bytes): read(scalar: path, bytes)
      case .tooLong:
        counts.refused += 1
        problems.add(
          InputProblem(
            .tooLong, file: stream.bytes.name, line: elements.line, column: elements.column,
            "expected a series of at most \(stream.longestLine) bytes"))
      case .element(let bytes): read(series: bytes, into: &batch)
      }
    } catch {
      counts.refused += 1
      isAtEnd = true
      counts.lines = elements.lines
      let found = elements.rest
      problems.add(
        InputProblem(
          stream.bytes.failure == nil ? .syntax : stream.bytes.isCompressed ? .compression : .unreadable,
          file: stream.bytes.name, line: elements.line, column: elements.column,
          stream.bytes.failure ?? error.messageAt(start: found)))
    }
    return true
  }

  private mutating func finish() {
    isAtEnd = true
    counts.lines = elements.lines
    guard !sawResult, status != "error" else { return }
    counts.refused += 1
    problems.add(
      InputProblem(.syntax, file: stream.bytes.name, line: 0, column: 0, "expected series in `data.result`, found none")
    )
  }

  private mutating func read(scalar path: String, _ bytes: UnsafeRawBufferPointer) {
    var cursor = JSONCursor(bytes)
    guard let text = try? cursor.text() else { return }
    let value = cursor.string(of: text)
    switch path {
    case "status": status = value
    case "errorType": errorType = value
    case "data.resultType": resultType = value
    case "error":
      counts.refused += 1
      problems.add(
        InputProblem(
          .syntax, file: stream.bytes.name, line: elements.line, column: elements.column,
          "the server answered with an error"
            + (errorType.isEmpty ? "" : " (\(escapedExcerpt(errorType)))") + ": \(escapedExcerpt(value))"))
    default: break
    }
  }

  // MARK: A series

  private mutating func read(series bytes: UnsafeRawBufferPointer, into batch: inout MetricBatch) {
    if resultType == "scalar" || resultType == "string" {
      // Its two parts are a time and a value: one problem tells it.
      guard counts.refused == 0 else { return }
      refuse(
        JSONFault(offset: 0, expected: ""), bytes, "a \(resultType) has no labels; expected a query that gives series")
      return
    }
    do throws(JSONFault) {
      if let offset = firstInvalidUTF8(bytes) { throw JSONFault(offset: offset, expected: "UTF-8") }
      let parts = try parts(bytes)
      guard let metric = try number(of: parts.metric, in: bytes) else {
        counts.unwanted += max(1, try countSamples(parts, bytes))
        return
      }
      batch.openSample()
      try readSamples(parts, metric, bytes, into: &batch)
      if parts.hasHistograms {
        refuse(
          JSONFault(offset: 0, expected: ""), bytes, "native histograms are not read, only the samples beside them")
      }
    } catch {
      refuse(error, bytes, error.message(in: bytes))
    }
    batch.endShared()
  }

  private struct Parts {
    /// Where their values begin.
    var metric: Int?
    var value: Int?
    var values: Int?
    var hasHistograms = false
  }

  /// Finds the members of a series, which may come in any order.
  private func parts(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> Parts {
    var cursor = JSONCursor(bytes)
    var parts = Parts()
    guard try cursor.kind() == .object else {
      throw JSONFault(offset: 0, expected: "a series, an object with `metric`")
    }
    try cursor.beginObject()
    var isFirst = true
    while let key = try cursor.nextKey(&isFirst) {
      _ = try cursor.kind()
      if cursor.equals(key, "metric") { parts.metric = cursor.at }
      if cursor.equals(key, "value") { parts.value = cursor.at }
      if cursor.equals(key, "values") { parts.values = cursor.at }
      if cursor.equals(key, "histogram") || cursor.equals(key, "histograms") { parts.hasHistograms = true }
      try cursor.skipValue()
    }
    try cursor.end()
    guard parts.metric != nil else { throw JSONFault(offset: 0, expected: "a series with `metric`") }
    guard parts.value != nil || parts.values != nil || parts.hasHistograms else {
      throw JSONFault(offset: 0, expected: "a series with `value` or `values`")
    }
    return parts
  }

  /// The number of a series' metric; `nil` if it is not wanted.
  private func number(of start: Int?, in bytes: UnsafeRawBufferPointer) throws(JSONFault) -> Int? {
    var cursor = JSONCursor(bytes, at: start!)
    var found: JSONText?
    try cursor.beginObject()
    var isFirst = true
    while let key = try cursor.nextKey(&isFirst) {
      let value = try cursor.text()
      if cursor.equals(key, "__name__") { found = value }
    }
    if let found {
      if !found.hasEscapes { return names.look(up: cursor.rawBytes(found)) }
      var decoded: [UInt8] = []
      cursor.append(found, to: &decoded)
      return decoded.withUnsafeBytes { names.look(up: $0) }
    }
    guard var name = defaultName else {
      throw JSONFault(
        offset: start!, expected: "a series with the label `__name__`; standard input has no name to take")
    }
    return name.withUTF8 { names.look(up: UnsafeRawBufferPointer($0)) }
  }

  private func countSamples(_ parts: Parts, _ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> Int {
    guard let start = parts.values else { return 1 }
    var cursor = JSONCursor(bytes, at: start)
    var count = 0
    var isFirst = true
    try cursor.beginArray()
    while try cursor.nextElement(&isFirst) {
      try cursor.skipValue()
      count += 1
    }
    return count
  }

  /// - Throws: If a sample is not one. Those before it are kept.
  private mutating func readSamples(
    _ parts: Parts, _ metric: Int, _ bytes: UnsafeRawBufferPointer, into batch: inout MetricBatch
  ) throws(JSONFault) {
    var labels = JSONCursor(bytes, at: parts.metric!)
    try batch.append(labelsOf: &labels)
    var isFirst = true
    if let start = parts.value {
      var cursor = JSONCursor(bytes, at: start)
      let (time, value) = try sample(&cursor)
      batch.appendSharing(metric: metric, value: value, time: time, line: elements.line)
      counts.kept += 1
    }
    if let start = parts.values {
      var cursor = JSONCursor(bytes, at: start)
      try cursor.beginArray()
      while try cursor.nextElement(&isFirst) {
        let (time, value) = try sample(&cursor)
        batch.appendSharing(metric: metric, value: value, time: time, line: elements.line)
        counts.kept += 1
      }
    }
  }

  /// `[1795396807.5, "1"]`
  private func sample(_ cursor: inout JSONCursor) throws(JSONFault) -> (Int64, Double) {
    var isFirst = true
    try cursor.beginArray()
    guard try cursor.nextElement(&isFirst) else { throw JSONFault(offset: cursor.at, expected: "a time and a value") }
    let at = cursor.at
    let seconds = try cursor.looseDouble()
    guard abs(seconds) < 4e12 else { throw JSONFault(offset: at, expected: "seconds within 100,000 years of 1970") }
    guard try cursor.nextElement(&isFirst) else {
      throw JSONFault(offset: cursor.at, expected: "a value behind the time")
    }
    let value = try cursor.looseDouble()
    guard try !cursor.nextElement(&isFirst) else {
      throw JSONFault(offset: cursor.at, expected: "`]` behind time and value")
    }
    return (Int64((seconds * 1000).rounded()), value)
  }

  private mutating func refuse(_ fault: JSONFault, _ bytes: UnsafeRawBufferPointer, _ message: String) {
    counts.refused += 1
    let place = elements.place(of: fault.place, in: bytes)
    problems.add(
      InputProblem(.syntax, file: stream.bytes.name, line: place.line, column: place.column, message))
  }
}

/// A text of an input as a message shows it: up to 200 characters, controls escaped.
func escapedExcerpt(_ text: String) -> String {
  var shown = ""
  for scalar in text.unicodeScalars.prefix(200) {
    if scalar.value < 0x20 || 0x7F..<0xA0 ~= scalar.value {
      shown += "\\u{" + String(scalar.value, radix: 16) + "}"
    } else {
      shown.unicodeScalars.append(scalar)
    }
  }
  return shown
}

extension JSONElements {
  /// Line and column of a byte of the element that came last.
  func place(of offset: Int, in element: UnsafeRawBufferPointer) -> (line: Int, column: Int) {
    var place = (line: line, column: column)
    for byte in element.prefix(offset) {
      if byte == 0x0A {
        place = (place.line + 1, 1)
      } else if byte & 0xC0 != 0x80 {
        place.column += 1
      }
    }
    return place
  }
}

extension MetricBatch {
  /// Takes an object of labels into the open sample. `__name__` is left out, and so are empty values.
  mutating func append(labelsOf cursor: inout JSONCursor) throws(JSONFault) {
    guard try cursor.kind() == .object else { throw JSONFault(offset: cursor.at, expected: "labels, an object") }
    try cursor.beginObject()
    var isFirst = true
    while let key = try cursor.nextKey(&isFirst) {
      _ = try cursor.kind()
      let place = cursor.at
      let value = try cursor.text()
      if cursor.equals(key, "__name__") || value.start == value.end { continue }
      try append(label: key, value, of: cursor, at: place)
    }
  }

  private mutating func append(label key: JSONText, _ value: JSONText, of cursor: JSONCursor, at place: Int)
    throws(JSONFault)
  {
    let start = labelCount
    var bytes: [UInt8] = []
    func isFree(_ text: JSONText) -> Bool { !text.hasEscapes || !bytes.contains(0) }
    cursor.append(key, to: &bytes)
    guard isFree(key) else { throw JSONFault(offset: key.start, expected: "a name without NUL") }
    bytes.withUnsafeBytes { appendLabelBytes($0) }
    appendLabelByte(0)
    bytes.removeAll(keepingCapacity: true)
    cursor.append(value, to: &bytes)
    guard isFree(value) else {
      removeLabelBytes(from: start)
      throw JSONFault(offset: place, expected: "a value without NUL")
    }
    bytes.withUnsafeBytes { appendLabelBytes($0) }
    appendLabelByte(0)
  }
}
