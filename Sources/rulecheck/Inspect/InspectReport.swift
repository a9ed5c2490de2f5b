import Criteria
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaReaders

/// What `inspect` tells of a set of inputs.
struct InspectReport {
  let inspection: Inspection
  let policy: Policy?
  let signals: [FeedReport]?

  // MARK: For people

  /// - Parameter terminal: `nil`: written to a file, without colours.
  func text(on terminal: Terminal?, showsAll: Bool) -> String {
    let colours = terminal?.colours ?? false
    let width = terminal?.width
    let limit = showsAll ? Int.max : 30
    var sections = [render(files, limit, colours, width)]
    if let signals { sections.append(render(signalTable(signals), .max, colours, width)) }
    if !inspection.instances.isEmpty { sections.append(render(instances, limit, colours, width)) }
    if !inspection.metrics.isEmpty { sections.append(render(metrics, limit, colours, width)) }
    if !inspection.streams.isEmpty { sections.append(render(streams, limit, colours, width)) }
    let problems = problemText
    if !problems.isEmpty { sections.append(problems) }
    return sections.joined(separator: "\n") + "\n" + summary + "\n"
  }

  private typealias Rows = (table: Table, rows: [(cells: [Table.Cell], parts: [String])])

  private func render(_ rows: Rows, _ limit: Int, _ colours: Bool, _ width: Int?) -> String {
    var table = rows.table
    for row in rows.rows.prefix(limit) { table.add(row.cells, parts: row.parts) }
    let hidden = rows.rows.count - min(limit, rows.rows.count)
    return table.render(colours: colours, width: width) + (hidden > 0 ? "(\(hidden) more: --all)\n" : "")
  }

  private var files: Rows {
    var rows: Rows = (Table(header: ["FILE", "FORMAT", "LINES", "READ", "FROM", "TO", "WHY"]), [])
    for (index, file) in inspection.summary.files.enumerated() {
      let isUnknown = file.format == "unrecognised"
      var parts = [escaped(file.why)]
      if file.isCompressed { parts.append("gzip") }
      if file.counts.refused > 0 { parts.append("\(file.counts.refused) refused") }
      if file.counts.continued > 0 { parts.append("\(counted(file.counts.continued, "line")) without a header") }
      if !isUnknown, file.isEmpty { parts.append("it is empty") }
      let range = inspection.ranges[index]
      rows.rows.append(
        (
          [
            .init(escaped(file.path)), .init(escaped(file.format), isUnknown ? .red : nil),
            .init(String(file.counts.lines)),
            .init(String(file.counts.kept)), .init(moment(range?.lowerBound)), .init(moment(range?.upperBound)),
          ], parts
        ))
    }
    return rows
  }

  private func signalTable(_ signals: [FeedReport]) -> Rows {
    var rows: Rows = (Table(header: ["SIGNAL", "FED", "INSTANCES", "READS AND REASONS"]), [])
    // What is not fed is what one came for.
    func order(_ signal: FeedReport) -> Int {
      switch signal.state {
      case .unfed: signal.isRequired ? 0 : 2
      case .partly: 1
      case .fed: 3
      }
    }
    for signal in signals.sorted(by: { order($0) < order($1) }) {
      let (word, colour): (String, Colour) =
        switch signal.state {
        case .fed: ("yes", .green)
        case .partly: ("partly", .yellow)
        case .unfed: signal.isRequired ? ("no", .red) : ("optional", .faint)
        }
      var parts = [escaped(signal.reads)]
      for reason in signal.reasons {
        parts.append(escaped(reason.text) + (reason.help.map { " (" + escaped($0) + ")" } ?? ""))
      }
      rows.rows.append(
        (
          [
            .init(escaped(signal.name)), .init(word, colour),
            .init("\(signal.instances) of \(inspection.instances.count)"),
          ],
          parts
        ))
    }
    return rows
  }

  private var instances: Rows {
    var rows: Rows = (Table(header: ["INSTANCE", "SERIES", "SAMPLES", "STREAMS", "LINES", "FROM", "TO", "NAMES"]), [])
    for instance in inspection.instances {
      var parts = instance.names.map { "`\(escaped($0.name))` \($0.how)" }
      if instance.names.isEmpty { parts = ["in the inventory only"] }
      rows.rows.append(
        (
          [
            .init(escaped(instance.id)), .init(String(instance.series)), .init(String(instance.samples)),
            .init(String(instance.streams)), .init(String(instance.lines)), .init(moment(instance.first)),
            .init(moment(instance.last)),
          ], parts
        ))
    }
    return rows
  }

  private var metrics: Rows {
    var rows: Rows = (
      Table(header: ["METRIC", "TYPE", "SERIES", "INSTANCES", "SAMPLES", "EVERY", "NEWEST", "LAST VALUE"]), []
    )
    for metric in inspection.metrics {
      let newest = inspection.series[metric.newest]
      var parts = [
        value(newest.stats.lastValue) + (newest.instance.map { " on " + escaped($0) } ?? "") + labels(newest.labels)
      ]
      if let gap = metric.gap {
        parts.append(
          "a gap of \(span(gap.length)) from \(moment(gap.from))"
            + (metric.gapped > 1 ? ", gaps in \(metric.gapped) series" : ""))
      }
      rows.rows.append(
        (
          [
            .init(escaped(metric.name)), .init(metric.type.map { escaped($0) } ?? "-"),
            .init(String(metric.series.count)),
            .init(String(metric.instances)), .init(String(metric.samples)), .init(metric.interval.map(span) ?? "-"),
            .init(moment(metric.last)),
          ], parts
        ))
    }
    return rows
  }

  private var streams: Rows {
    var rows: Rows = (Table(header: ["STREAM OF", "SOURCE", "LINES", "FROM", "TO", "MATCHES"]), [])
    let names = logSignals
    let speaking = Set(inspection.streams.filter { $0.source != "*" }.map { $0.instance ?? $0.name })
    for stream in inspection.streams {
      // That all sources are read is worth a row only where none of them said anything.
      if stream.source == "*", speaking.contains(stream.instance ?? stream.name) { continue }
      var parts: [String] = []
      for (index, name) in names.enumerated() where stream.matches.indices.contains(index) && stream.matches[index] > 0
      {
        parts.append("\(escaped(name)) \(stream.matches[index])")
      }
      if stream.isSilent { parts.append(stream.source == "*" ? "all sources of the instance are read" : "silent") }
      if stream.instance == nil { parts.append("not an instance that is known") }
      rows.rows.append(
        (
          [
            .init(escaped(stream.instance ?? stream.name)), .init(escaped(stream.source)), .init(String(stream.lines)),
            .init(moment(stream.first)), .init(moment(stream.last)),
          ], parts
        ))
    }
    return rows
  }

  private var problemText: String {
    let log = inspection.summary.problems
    guard log.total > 0 || !inspection.summary.unresolved.isEmpty || !inspection.summary.ambiguous.isEmpty else {
      return ""
    }
    var text = "PROBLEMS\n"
    for (kind, count) in log.counts.sorted(by: { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }) {
      let first = log.problems.first { $0.kind == kind }
      text += "\(count) of \(kind.rawValue)" + (first.map { ", first: " + escaped($0.description) } ?? "") + "\n"
    }
    for one in inspection.summary.unresolved.prefix(10) {
      let near = one.nearest.map { "; did you mean `\(escaped($0))`?" } ?? ""
      text += "`\(escaped(one.name))` (\(counted(one.count, "observation"))) is not in the inventory\(near)\n"
    }
    for one in inspection.summary.ambiguous.prefix(10) {
      let ids = one.candidates.map { "`\(escaped($0))`" }.joined(separator: ", ")
      text += "`\(escaped(one.name))` could mean \(ids): give them aliases that differ\n"
    }
    return text
  }

  private var summary: String {
    let summary = inspection.summary
    let origin: String
    switch inspection.timeOrigin {
    case .option: origin = ""
    case .inputs: origin = " (median over instances of their newest)"
    case .fallback: origin = " (now: the inputs carry no time)"
    }
    var parts = [
      counted(summary.files.count, "file"), counted(inspection.instances.count, "instance"),
      "\(inspection.series.count) series of \(counted(inspection.metrics.count, "metric"))",
      counted(inspection.streams.count { $0.source != "*" || $0.lines > 0 }, "stream"),
    ]
    if summary.refused > 0 { parts.append("\(summary.refused) refused") }
    if summary.problems.total > 0 { parts.append(counted(summary.problems.total, "problem")) }
    if summary.skippedInstances > 0 { parts.append(counted(summary.skippedInstances, "stopped instance") + " skipped") }
    if let signals {
      let unfed = signals.filter { $0.state == .unfed && $0.isRequired }
      parts.append(
        unfed.isEmpty
          ? "every signal that rules need is fed" : "not fed: " + unfed.map { escaped($0.name) }.joined(separator: ", ")
      )
    }
    return parts.joined(separator: " · ") + "\nat \(Timestamp(milliseconds: inspection.at))\(origin)"
  }

  private var logSignals: [String] {
    (policy?.program.signals ?? []).compactMap { signal in
      if case .log = signal.source { signal.name } else { nil }
    }
  }

  private func moment(_ time: Int64?) -> String { time.map { Timestamp(milliseconds: $0).description } ?? "-" }

  private func span(_ milliseconds: Int64) -> String { CriteriaEngine.text(Double(milliseconds) / 1000, .seconds) }

  private func value(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : value.description
  }

  private func labels(_ labels: [String: String]) -> String {
    let shown = labels.sorted { $0.key < $1.key }.filter { $0.key != "instance" }.prefix(3)
    let text = shown.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
    return text.isEmpty ? "" : " {" + escaped(text) + "}"
  }

  // MARK: For programs

  var document: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("at", Timestamp(milliseconds: inspection.at).description)
    writer.member("sound", inspection.isSound)
    list("files", inspection.summary.files.indices, &writer) { index, writer in
      let file = inspection.summary.files[index]
      writer.member("path", file.path)
      writer.member("format", file.format)
      writer.member("why", file.why)
      writer.member("bytes", file.bytes)
      writer.member("gzip", file.isCompressed)
      writer.member("lines", file.counts.lines)
      writer.member("kept", file.counts.kept)
      writer.member("comments", file.counts.comments)
      writer.member("continued", file.counts.continued)
      writer.member("refused", file.counts.refused)
      times(inspection.ranges[index]?.lowerBound, inspection.ranges[index]?.upperBound, &writer)
    }
    list("instances", inspection.instances, &writer) { instance, writer in
      writer.member("instance", instance.id)
      writer.member("inInventory", instance.isInInventory)
      if let launched = instance.launched { writer.member("launched", Timestamp(milliseconds: launched).description) }
      list("names", instance.names, &writer) { name, writer in
        writer.member("name", name.name)
        writer.member("how", name.how)
      }
      writer.member("series", instance.series)
      writer.member("samples", instance.samples)
      writer.member("streams", instance.streams)
      writer.member("lines", instance.lines)
      times(instance.first, instance.last, &writer)
    }
    list("metrics", inspection.metrics, &writer) { metric, writer in
      writer.member("metric", metric.name)
      if let type = metric.type { writer.member("type", type) }
      writer.member("series", metric.series.count)
      writer.member("instances", metric.instances)
      writer.member("samples", metric.samples)
      if let interval = metric.interval { writer.member("everySeconds", Double(interval) / 1000) }
      times(metric.first, metric.last, &writer)
      writer.key("newest")
      writer.beginObject()
      let newest = inspection.series[metric.newest]
      if let instance = newest.instance { writer.member("instance", instance) }
      writer.key("labels")
      writer.beginObject()
      for (name, value) in newest.labels.sorted(by: { $0.key < $1.key }) { writer.member(name, value) }
      writer.endObject()
      writer.member("value", newest.stats.lastValue)
      writer.endObject()
      if let gap = metric.gap {
        writer.key("largestGap")
        writer.beginObject()
        writer.member("seconds", Double(gap.length) / 1000)
        writer.member("from", Timestamp(milliseconds: gap.from).description)
        writer.member("series", metric.gapped)
        writer.endObject()
      }
    }
    let names = logSignals
    list("streams", inspection.streams, &writer) { stream, writer in
      writer.member("name", stream.name)
      if let instance = stream.instance { writer.member("instance", instance) }
      writer.member("source", stream.source)
      writer.member("lines", stream.lines)
      times(stream.first, stream.last, &writer)
      writer.key("matches")
      writer.beginObject()
      for (index, name) in names.enumerated() where stream.matches.indices.contains(index) {
        writer.member(name, stream.matches[index])
      }
      writer.endObject()
    }
    writeProblems(&writer)
    if let signals, let policy {
      writer.member("policy", policy.name)
      list("signals", signals, &writer) { signal, writer in
        writer.member("signal", signal.name)
        writer.member("kind", signal.kind)
        writer.member("reads", signal.reads)
        writer.member("fed", signal.state.rawValue)
        writer.member("required", signal.isRequired)
        writer.member("instances", signal.instances)
        list("reasons", signal.reasons, &writer) { reason, writer in
          writer.member("code", reason.code)
          writer.member("text", reason.text)
          if let help = reason.help { writer.member("help", help) }
        }
      }
    }
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  private func writeProblems(_ writer: inout JSONWriter) {
    let summary = inspection.summary
    writer.key("problemCounts")
    writer.beginObject()
    for (kind, count) in summary.problems.counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      writer.member(kind.rawValue, count)
    }
    writer.endObject()
    list("problems", summary.problems.problems, &writer) { problem, writer in
      writer.member("kind", problem.kind.rawValue)
      writer.member("file", problem.file)
      if problem.line > 0 { writer.member("line", problem.line) }
      if problem.column > 0 { writer.member("column", problem.column) }
      writer.member("message", problem.message)
    }
    list("unresolved", summary.unresolved, &writer) { one, writer in
      writer.member("name", one.name)
      writer.member("observations", one.count)
      if let nearest = one.nearest { writer.member("nearest", nearest) }
    }
    list("ambiguous", summary.ambiguous, &writer) { one, writer in
      writer.member("name", one.name)
      writer.key("candidates")
      writer.beginArray()
      for candidate in one.candidates { writer.value(candidate) }
      writer.endArray()
    }
  }

  private func list<Items: Sequence>(
    _ name: String, _ items: Items, _ writer: inout JSONWriter, _ write: (Items.Element, inout JSONWriter) -> Void
  ) {
    writer.key(name)
    writer.beginArray()
    for item in items {
      writer.beginObject()
      write(item, &writer)
      writer.endObject()
    }
    writer.endArray()
  }

  private func times(_ first: Int64?, _ last: Int64?, _ writer: inout JSONWriter) {
    if let first { writer.member("from", Timestamp(milliseconds: first).description) }
    if let last { writer.member("to", Timestamp(milliseconds: last).description) }
  }
}
