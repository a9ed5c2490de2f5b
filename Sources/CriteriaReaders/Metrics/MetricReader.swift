/// One input's samples, step by step: the seam that every metric format joins.
///
/// A reader owns its bytes and looks at them in place. Each `next` takes about one chunk, so memory does not grow with the
/// input, and the caller sees one call per batch rather than one per sample.
package protocol MetricReader {
  /// Puts the next samples in place of those in `batch`: possibly none.
  ///
  /// - Returns: False when the input is at its end and nothing was added.
  mutating func next(into batch: inout MetricBatch) -> Bool
  var format: MetricFormat { get }
  var counts: ReadCounts { get }
  var problems: ProblemLog { get }
}

package enum MetricFormat: String, Sendable, CaseIterable {
  case prometheus = "prometheus text"
  case tsdbDump = "promtool tsdb dump"

  /// Tells by the first line that carries a sample. Text without any reads as Prometheus text.
  package static func detect(_ head: UnsafeRawBufferPointer) -> MetricFormat {
    for line in head.split(separator: 0x0A) {
      let text = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
      guard let first = text.first, first != UInt8(ascii: "#") else { continue }
      return first == UInt8(ascii: "{") && holdsName(text) ? .tsdbDump : .prometheus
    }
    return .prometheus
  }

  private static func holdsName(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
    let name = Array("__name__=".utf8)
    var rest = line
    while rest.count >= name.count {
      if rest.starts(with: name) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}

/// Opens the reader for an input's format.
///
/// - Parameters:
///   - format: `nil` tells it by the content.
///   - names: Which metrics are wanted.
package func metricReader(
  _ lines: LineStream, format: MetricFormat? = nil, names: MetricNames, problemLimit: Int = 100
) -> any MetricReader {
  switch format ?? MetricFormat.detect(lines.peek(1 << 16)) {
  case .prometheus: SampleLineReader(lines, dialect: .prometheus, names: names, problemLimit: problemLimit)
  case .tsdbDump: SampleLineReader(lines, dialect: .tsdbDump, names: names, problemLimit: problemLimit)
  }
}
