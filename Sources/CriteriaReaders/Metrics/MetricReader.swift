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
  /// What the input says of its metrics' types, by name; empty where it says nothing or nobody asked.
  var types: [String: String] { get }
  var counts: ReadCounts { get }
  var problems: ProblemLog { get }
}

extension MetricReader {
  package var types: [String: String] { [:] }
}

package enum MetricFormat: String, Sendable, CaseIterable {
  case prometheus = "prometheus text"
  case tsdbDump = "promtool tsdb dump"
  case openMetrics = "openmetrics"
  case prometheusAPI = "prometheus api json"
  case csv = "metrics csv"
  case ndjson = "metrics ndjson"

  /// Where no sample names an instance, all may be of the one that the file is named after.
  var mayBeOfOneInstance: Bool {
    switch self {
    case .prometheus, .openMetrics, .csv, .ndjson: true
    // They join the series of many instances.
    case .tsdbDump, .prometheusAPI: false
    }
  }
}

/// Opens the reader for an input's format.
///
/// - Parameters:
///   - kind: `nil` tells it by the content; what shows nothing is read as Prometheus text.
///   - names: Which metrics are wanted.
///   - defaultName: The metric of a series that has no name, where a format allows that.
///   - zone: Milliseconds east of UTC, for times that do not say.
func metricReader(
  _ lines: LineStream, kind: MetricKind? = nil, names: MetricNames, defaultName: String? = nil, zone: Int64 = 0,
  problemLimit: Int = 100
) -> any MetricReader {
  switch kind ?? recogniseMetrics(Head(of: lines))?.kind ?? .prometheus {
  case .prometheus: SampleLineReader(lines, dialect: .prometheus, names: names, problemLimit: problemLimit)
  case .tsdbDump: SampleLineReader(lines, dialect: .tsdbDump, names: names, problemLimit: problemLimit)
  case .openMetrics: OpenMetricsReader(lines, names: names, problemLimit: problemLimit)
  case .prometheusAPI(let isList):
    PrometheusAPIReader(lines, isList: isList, defaultName: defaultName, names: names, problemLimit: problemLimit)
  case .csv(let table): CSVMetricReader(lines, table: table, names: names, zone: zone, problemLimit: problemLimit)
  case .ndjson: NDJSONMetricReader(lines, names: names, zone: zone, problemLimit: problemLimit)
  }
}
