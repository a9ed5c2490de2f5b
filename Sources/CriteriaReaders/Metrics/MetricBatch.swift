import Glibc

/// The samples that one step of a metric reader found. Reused from step to step, so the steady state allocates nothing.
package struct MetricBatch {
  /// One sample of one series.
  package struct Record: Hashable {
    /// Its number in `MetricNames`.
    package var metric: Int
    /// The raw value; NaN for Prometheus' stale marker too.
    package var value: Double
    /// Milliseconds since 1970; `nil` where the format or the line has none.
    package var time: Int64?
    /// From 1.
    package var line: Int
    fileprivate var labelStart: Int
    fileprivate var labelEnd: Int
  }

  package private(set) var records: [Record] = []
  /// `name NUL value NUL …` of each record, in the order of the line, without empty values.
  private var labels: [UInt8] = []
  /// Where the labels of the sample being read begin.
  private var openStart = 0

  package init() {}

  package mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    openStart = 0
  }

  /// `name NUL value NUL …`: the same series of one writer has the same bytes.
  package func withLabelBytes<R>(of record: Record, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    labels.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[record.labelStart..<record.labelEnd])) }
  }

  package func labels(of record: Record) -> [String: String] {
    var result: [String: String] = [:]
    let parts = labels[record.labelStart..<record.labelEnd].split(separator: 0, omittingEmptySubsequences: false)
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      result[String(decoding: parts[index], as: UTF8.self)] = String(decoding: parts[index + 1], as: UTF8.self)
    }
    return result
  }

  // A line's labels are written here as they are read, then either kept by `append` or taken back.

  var labelCount: Int { labels.count }

  mutating func openSample() { openStart = labels.count }

  mutating func dropSample() { labels.removeSubrange(openStart...) }

  mutating func appendLabelBytes(_ bytes: UnsafeRawBufferPointer) { labels.append(contentsOf: bytes) }

  mutating func appendLabelByte(_ byte: UInt8) { labels.append(byte) }

  mutating func removeLabelBytes(from start: Int) { labels.removeSubrange(start...) }

  func labelBytes(from start: Int) -> ArraySlice<UInt8> { labels[start...] }

  /// Keeps a sample of the series whose labels are open, which stays open for further samples of it.
  mutating func appendSharing(metric: Int, value: Double, time: Int64?, line: Int) {
    records.append(
      Record(metric: metric, value: value, time: time, line: line, labelStart: openStart, labelEnd: labels.count))
  }

  /// No further sample has these labels; if none had them, they are taken back.
  mutating func endShared() {
    if let last = records.last, last.labelStart == openStart, last.labelEnd == labels.count {
      openStart = labels.count
    } else {
      dropSample()
    }
  }

  /// Takes labels with an empty value out of the open sample: they are the same as no label.
  mutating func dropEmptyLabels(_ places: [(name: Range<Int>, value: Range<Int>)]) {
    for place in places.reversed() where place.value.isEmpty {
      labels.removeSubrange(place.name.lowerBound..<(place.value.upperBound + 1))
    }
  }

  /// A label of the open sample. Neither name nor value may hold NUL.
  mutating func append(label name: String, _ value: String) {
    labels.append(contentsOf: name.utf8)
    labels.append(0)
    labels.append(contentsOf: value.utf8)
    labels.append(0)
  }

  mutating func append(metric: Int, value: Double, time: Int64?, line: Int) {
    records.append(
      Record(metric: metric, value: value, time: time, line: line, labelStart: openStart, labelEnd: labels.count))
    openStart = labels.count
  }
}

/// Which metrics are wanted, and their numbers: one table for all inputs of a run.
///
/// A class because several readers add to it.
package final class MetricNames {
  private var table = ByteTable()
  private let isOpen: Bool

  /// - Parameter wanted: `nil` takes every metric, and numbers them as they come.
  package init(wanted: [String]?) {
    isOpen = wanted == nil
    for name in wanted ?? [] { _ = table.intern(name) }
  }

  package var count: Int { table.count }

  package func name(_ index: Int) -> String { table.string(index) }

  package func index(of name: String) -> Int? { table.find(name) }

  /// `nil`: not wanted.
  package func look(up bytes: UnsafeRawBufferPointer) -> Int? { isOpen ? table.intern(bytes) : table.find(bytes) }
}

/// What one input held, counted as it is read.
package struct ReadCounts: Hashable, Sendable {
  package var lines = 0
  /// Lines that carry nothing by design: blank ones, comments.
  package var comments = 0
  /// Samples or log lines that were read and are wanted.
  package var kept = 0
  /// Of metrics and sources that nothing asks for. They are not looked at any further.
  package var unwanted = 0
  /// Log lines without a header of their own: they go with the line before, and are kept or unwanted with it.
  package var continued = 0
  /// What could not be read; each has its problem.
  package var refused = 0
  package init() {}
}
