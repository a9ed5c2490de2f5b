import CriteriaEngine
import CriteriaSyntax

/// What an input is taken for, and why.
package struct Recognition: Sendable {
  enum Format: Sendable {
    case metrics(MetricKind)
    case log(LogKind)
    case inventory(InventoryFormat)
  }

  /// `nil`: nothing that is read here.
  var format: Format?
  /// As a sentence goes on after "because": what in its name or content told it, or what keeps it from being read.
  package var why: String

  init(_ format: Format?, _ why: String) {
    self.format = format
    self.why = why
  }
}

/// What the user says an input is.
package enum InputKind: String, Sendable, CaseIterable { case metrics, logs, inventory }

/// How metrics are written, with what the reader must know to begin.
enum MetricKind: Sendable {
  case prometheus
  case openMetrics
  case tsdbDump
  /// The document is the list of series itself, without the envelope of an answer.
  case prometheusAPI(isList: Bool)
  case csv(MetricTable)
  case ndjson
}

/// How an inventory is written.
package enum InventoryFormat: String, Sendable, CaseIterable {
  case document = "inventory"
  case ndjson = "inventory ndjson"
  case csv = "inventory csv"
  case kubernetes = "kubernetes nodes"
}

/// The first bytes of an input, by which its format is told.
struct Head {
  let bytes: UnsafeRawBufferPointer
  /// There is nothing behind them.
  let isWhole: Bool
  /// The path as the user named it.
  let name: String

  static let size = 1 << 16

  /// Valid until the stream is read on.
  init(of lines: LineStream) {
    let bytes = lines.peek(Self.size)
    isWhole = bytes.count < Self.size
    self.bytes = withoutMark(bytes)
    name = lines.bytes.name
  }

  /// The lines in it, the last one even if it is cut.
  var lines: LinesOfBlock { LinesOfBlock(bytes) }

  /// The first byte that is no blank.
  var first: UInt8? { bytes.first { !isJSONBlank($0) } }

  /// The path's last part without `.gz`, in lower case.
  var fileName: String {
    let last = String(name.split(separator: "/").last ?? "").lowercased()
    return last.hasSuffix(".gz") ? String(last.dropLast(3)) : last
  }

  var isJSON: Bool { first == UInt8(ascii: "{") || first == UInt8(ascii: "[") }
}

/// Tells what an input is by what it holds, and where that leaves it open, by its name.
///
/// - Parameters:
///   - kind: What the user said it is; `nil`: nothing, so that a text must show what it is.
///   - layouts: What the user said of how lines of logs are laid out.
func recognise(_ head: Head, as kind: InputKind?, layouts: [LogFormat]) -> Recognition {
  switch kind {
  case .metrics:
    if let found = recogniseMetrics(head) { return Recognition(.metrics(found.kind), found.why) }
    if let why = refusal(of: head, as: .metrics) { return Recognition(nil, why) }
    return Recognition(.metrics(.prometheus), "nothing else fits")
  case .logs:
    if let found = recogniseLog(head, layouts: layouts) { return Recognition(.log(found.kind), found.why) }
    return Recognition(.log(.plain), "nothing else fits")
  case .inventory:
    if let found = recogniseInventory(head) { return Recognition(.inventory(found.format), found.why) }
    return Recognition(.inventory(.document), "nothing else fits")
  case nil:
    if head.bytes.isEmpty { return Recognition(nil, "it is empty") }
    if let found = recogniseInventory(head) { return Recognition(.inventory(found.format), found.why) }
    // The rows of a table may begin with a time as lines of a log do.
    if !head.isJSON, let table = try? metricTable(head) { return Recognition(.metrics(.csv(table)), table.why) }
    if let found = recogniseLog(head, layouts: layouts) { return Recognition(.log(found.kind), found.why) }
    if !head.isYAML, let found = recogniseMetrics(head) { return Recognition(.metrics(found.kind), found.why) }
    if !head.isJSON, head.hasLogName {
      return Recognition(.log(.plain), "its name is that of a log; no line begins with a time that is known")
    }
    return Recognition(nil, refusal(of: head, as: nil) ?? "it is text that begins with no time, and no table")
  }
}

// MARK: Metrics

/// - Returns: `nil` if it does not show what it is.
func recogniseMetrics(_ head: Head) -> (kind: MetricKind, why: String)? {
  if head.isJSON, !head.beginsWithDump { return recogniseJSONMetrics(head) }
  if let table = try? metricTable(head) { return (.csv(table), table.why) }
  if let why = openMetricsSign(head) { return (.openMetrics, why) }
  var hasMetadata = false
  var samples = (read: 0, seen: 0)
  var lines = head.lines
  while samples.seen < 10, let line = lines.next() {
    let text = UnsafeRawBufferPointer(rebasing: line.drop { $0 == 0x20 || $0 == 0x09 })
    if text.isEmpty { continue }
    if text[0] == UInt8(ascii: "#") {
      if text.starts(with: "# TYPE ".utf8) || text.starts(with: "# HELP ".utf8) { hasMetadata = true }
      continue
    }
    if samples.seen == 0, text[0] == UInt8(ascii: "{"), head.beginsWithDump {
      return (.tsdbDump, "its first line begins with the labels of a series")
    }
    samples.seen += 1
    if isSample(text) { samples.read += 1 }
  }
  if hasMetadata { return (.prometheus, "it has lines of `# TYPE` or `# HELP`") }
  if samples.read > 0, samples.read == samples.seen {
    return (.prometheus, "its first lines are a name, labels and a number")
  }
  return nil
}

private func isSample(_ line: UnsafeRawBufferPointer) -> Bool {
  var sample = SampleLine(line, dialect: .prometheus)
  var batch = MetricBatch()
  do throws(SampleFault) {
    guard try sample.readSeries(&batch, names: MetricNames(wanted: nil)) != nil else { return false }
    _ = try sample.readValue()
    return true
  } catch {
    return false
  }
}

/// What only OpenMetrics has. Prometheus text without any of it reads the same but for its times.
///
/// - Returns: `nil` for what is Prometheus' own, or shows neither: a name alone may lie.
private func openMetricsSign(_ head: Head) -> String? {
  var lines = head.lines
  var counter: [UInt8]?
  var sign: String?
  while let line = lines.next() {
    if line.starts(with: "# EOF".utf8) { return "it has a line `# EOF`" }
    if line.starts(with: "# UNIT ".utf8) { sign = sign ?? "it has a line `# UNIT`" }
    if line.starts(with: "# TYPE ".utf8) {
      let words = line.split(separator: 0x20)
      guard words.count == 4 else { continue }
      let type = String(decoding: words[3], as: UTF8.self)
      if type == "untyped" { return nil }
      if ["unknown", "info", "stateset", "gaugehistogram"].contains(type) {
        sign = sign ?? "it has a metric of type `\(type)`"
      }
      counter = type == "counter" ? Array(words[2]) : nil
    } else if let family = counter, line.first != UInt8(ascii: "#") {
      if line.starts(with: family + Array("_total".utf8)) {
        sign = sign ?? "its counters are named without `_total`"
      } else if family.ends(with: "_total"), line.starts(with: family) {
        return nil
      }
      counter = nil
    }
  }
  let name = head.fileName
  let isNamed = name.contains("openmetrics") || name.hasSuffix(".om") || name.hasSuffix(".om.txt")
  return sign ?? (isNamed && (!head.isWhole || head.bytes.isEmpty) ? "its name says so" : nil)
}

extension [UInt8] {
  fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}

private func recogniseJSONMetrics(_ head: Head) -> (kind: MetricKind, why: String)? {
  let sketch = JSONSketch(head)
  if sketch.isList {
    let isSeries = sketch.has("metric") && (sketch.has("value") || sketch.has("values"))
    return isSeries ? (.prometheusAPI(isList: true), "it is a list of series with `metric` and values") : nil
  }
  if sketch.has("status"), sketch.text("status") == "error" || sketch.inner("data", has: "result") {
    return (.prometheusAPI(isList: false), "it is an answer with `status` and `data.result`")
  }
  guard sketch.isLines else { return nil }
  let roles = sketch.members.map { (role: ColumnRole($0.key), kind: $0.kind) }
  if roles.contains(where: { $0.role == .metric && $0.kind == .object }), sketch.has("values") || sketch.has("value") {
    return (.ndjson, "its lines are series with `metric` and values")
  }
  let isNumber = roles.contains { $0.role != .time && $0.kind == .number }
  let hasTime = sketch.members.contains { member in
    guard ColumnRole(member.key) == .time else { return false }
    return member.kind == .number
      || member.text.map { text in Array(text.utf8).withUnsafeBytes { moment($0, zone: 0) != nil } } ?? false
  }
  if hasTime, isNumber || roles.contains(where: { $0.role == .value }) {
    return (.ndjson, "its lines are objects with a time and numbers")
  }
  return nil
}

// MARK: Logs

/// Which layout a log has, and why; `nil` if it does not show that it is one.
///
/// Of several layouts of the user the one that matches most of the first lines counts; where none matches any, they do not
/// matter.
func recogniseLog(_ head: Head, layouts: [LogFormat]) -> (kind: LogKind, why: String)? {
  let scanner = RegexScanner()
  var best: (index: Int, matched: Int, lines: Int)?
  for (index, layout) in layouts.enumerated() {
    let count = layout.matches(in: head.bytes, scanner)
    if count.matched > best?.matched ?? 0 { best = (index, count.matched, count.lines) }
  }
  if let best {
    return (.formatted(best.index), "`--log-format` matches \(best.matched) of the first \(best.lines) lines")
  }
  if head.first == UInt8(ascii: "{") {
    let sketch = JSONSketch(head)
    guard sketch.isLines else { return nil }
    if sketch.has("__REALTIME_TIMESTAMP") { return (.json(.journal), "its lines have `__REALTIME_TIMESTAMP`") }
    if sketch.has("log"), sketch.has("stream"), sketch.has("time"), sketch.members.count <= 4 {
      return (.json(.docker), "its lines have `log`, `stream` and `time`")
    }
    let roles = sketch.members.compactMap { member in
      Array(member.key.utf8).withUnsafeBytes { JSONLogDialect.other.role(of: $0)?.0 }
    }
    if roles.contains(.time), roles.contains(.message) {
      return (.json(.other), "its lines are objects with a time and a message")
    }
    return nil
  }
  let style = LogHeaderStyle()
  var count = (headed: 0, lines: 0)
  var lines = head.lines
  while let line = lines.next() {
    if line.isEmpty { continue }
    count.lines += 1
    if style.parse(line) != nil { count.headed += 1 }
  }
  if count.headed > 0, count.headed * 2 >= count.lines || (count.headed > 2 && head.hasLogName) {
    return (
      .plain,
      count.headed == count.lines
        ? "its lines begin with a time" : "\(count.headed) of the first \(count.lines) lines begin with a time"
    )
  }
  return nil
}

extension Head {
  var isYAML: Bool { fileName.hasSuffix(".yaml") || fileName.hasSuffix(".yml") }

  /// A name by which people know a log.
  var hasLogName: Bool {
    var name = fileName
    // `kern.log.1`, `app.log-20261123`
    if let dot = name.range(ofLast: ".log.") ?? name.range(ofLast: ".log-") { name = String(name[..<dot]) + ".log" }
    return name.hasSuffix(".log") || ["syslog", "messages", "dmesg", "kmsg", "secure"].contains(name)
  }

  /// `{__name__="…", …} 1 123`, or `{name="…"} …` with the name anywhere.
  var beginsWithDump: Bool {
    var lines = lines
    while let line = lines.next() {
      let text = line.drop { $0 == 0x20 || $0 == 0x09 }
      guard let first = text.first, first != UInt8(ascii: "#") else { continue }
      guard first == UInt8(ascii: "{") else { return false }
      let name = Array("__name__=".utf8)
      var rest = text
      while rest.count >= name.count {
        if rest.starts(with: name) { return true }
        rest = rest.dropFirst()
      }
      return false
    }
    return false
  }
}

extension String {
  fileprivate func range(ofLast part: String) -> String.Index? {
    indices.last { self[$0...].hasPrefix(part) }
  }
}

// MARK: Inventories

/// - Returns: `nil` if it does not show that it is one.
func recogniseInventory(_ head: Head) -> (format: InventoryFormat, why: String)? {
  if head.isJSON {
    let sketch = JSONSketch(head)
    if sketch.isList {
      if sketch.text("kind") == "Node" { return (.kubernetes, "it is a list of objects of kind `Node`") }
      return sketch.has("id") ? (.document, "it is a list of objects with `id`") : nil
    }
    if let kind = sketch.text("kind"), sketch.has("apiVersion") || sketch.has("items") {
      if kind == "Node" { return (.kubernetes, "it is an object of kind `Node`") }
      if kind == "List" || kind == "NodeList", sketch.has("items") {
        return (.kubernetes, "it is a list of Kubernetes objects")
      }
    }
    if sketch.holdsObjects("instances") { return (.document, "it is an object with `instances`") }
    if sketch.isLines, sketch.has("id") { return (.ndjson, "its lines are objects with `id`") }
    return nil
  }
  if let columns = inventoryColumns(head) {
    return (.csv, "its header has the columns \(columns.prefix(3).map { excerpt($0.utf8) }.joined(separator: ", "))")
  }
  // YAML, told by its shape: an item with `id`, or the key `instances`.
  var lines = head.lines
  var isItem = false
  while let line = lines.next() {
    let text = String(decoding: line, as: UTF8.self)
    if text.isEmpty || text.hasPrefix("#") || text.hasPrefix("---") || text.hasPrefix("%") { continue }
    if text.hasPrefix("instances:") { return (.document, "it has the key `instances`") }
    if text.hasPrefix("kind: Node") || (text.hasPrefix("kind: List") && head.fileName.hasSuffix("yaml")) {
      return (.document, "it is a Kubernetes object")
    }
    if text.hasPrefix("-") {
      if isItem { return nil }
      isItem = true
      var item = text.dropFirst().drop { $0 == " " }
      if item.first == "{" { item = item.dropFirst() }
      if item.hasPrefix("id:") { return (.document, "it is a list of mappings with `id`") }
    } else if isItem {
      guard text.hasPrefix(" ") else { return nil }
      if text.drop(while: { $0 == " " }).hasPrefix("id:") { return (.document, "it is a list of mappings with `id`") }
    } else if !text.hasPrefix(" "), text.contains(":") {
      // Another key at the top: one more may be `instances`.
      continue
    } else if !text.hasPrefix(" ") {
      return nil
    }
  }
  return nil
}

/// The header of a table with the column `id`; `nil` for any other text.
func inventoryColumns(_ head: Head) -> [String]? {
  var lines = head.lines
  while let line = lines.next() {
    if line.isEmpty || line[0] == UInt8(ascii: "#") { continue }
    guard let delimiter = CSVLine.delimiter(of: line) ?? (head.fileName.hasSuffix(".csv") ? UInt8(ascii: ",") : nil)
    else { return nil }
    var fields = CSVLine(delimiter: delimiter)
    guard fields.split(line) == nil else { return nil }
    let columns = fields.fields.indices.map { fields.text($0, in: line) }
    // A time beside the id makes it a table of samples.
    return columns.contains("id") && !columns.contains { ColumnRole($0) == .time } ? columns : nil
  }
  return nil
}

// MARK: Refusals

/// Why an input is none of those that are read; `nil` if nothing can be said.
private func refusal(of head: Head, as kind: InputKind?) -> String? {
  if head.bytes.isEmpty { return nil }
  let sample = UnsafeRawBufferPointer(rebasing: head.bytes.prefix(4096))
  if sample.contains(0) { return "it is no text" }
  if head.isJSON { return refusalOfJSON(JSONSketch(head), as: kind) }
  if head.fileName.hasSuffix(".csv") || head.fileName.hasSuffix(".tsv") {
    do throws(NoTable) { _ = try metricTable(head) } catch {
      return kind == .metrics
        ? "it is no table of metrics: \(error.why)"
        : "it is no table of metrics (\(error.why)), nor of instances (no column `id`)"
    }
  }
  guard kind == nil else { return nil }
  if head.isYAML {
    var keys: Set<String> = []
    var lines = head.lines
    while let line = lines.next() {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line[0] != 0x20 else { continue }
      keys.insert(String(decoding: line[..<colon], as: UTF8.self))
    }
    if keys.contains("policy"), keys.contains("rules") { return "it is a policy, not an input: name it with `-p`" }
    return "it is YAML that is no inventory: neither `instances` nor a list of mappings with `id`"
  }
  var lines = head.lines
  if let line = lines.next(), line.starts(with: "__CURSOR=".utf8) || line.starts(with: "__REALTIME_TIMESTAMP=".utf8) {
    return "it is a journal in the export format; write it with `journalctl -o json`"
  }
  return "its lines begin with no time, and are no samples; `--logs` reads any text as a log"
}

/// Documents of other tools, by a key of theirs.
private let foreignKeys: [(key: String, what: String)] = [
  ("Reservations", "AWS `describe-instances`"), ("InstanceStatuses", "AWS `describe-instance-status`"),
  ("AutoScalingGroups", "AWS `describe-auto-scaling-groups`"), ("Images", "AWS `describe-images`"),
  ("InstanceRefreshes", "AWS `describe-instance-refreshes`"), ("terraform_version", "`terraform show -json`"),
]

private func refusalOfJSON(_ sketch: JSONSketch, as kind: InputKind?) -> String {
  if let fault = sketch.fault { return "it is no JSON: \(fault)" }
  if let foreign = foreignKeys.first(where: { sketch.has($0.key) }) {
    return "it is \(foreign.what), which is not read"
  }
  if sketch.has("status"), sketch.has("data") {
    return "it is an answer of Prometheus' API without `data.result`: expected that of `query` or `query_range`"
  }
  if kind == nil, let name = sketch.text("kind"), sketch.has("apiVersion") {
    return "it is a Kubernetes object of kind \(excerpt(name.utf8)); expected `Node`, or a list of them"
  }
  let what = sketch.isList ? "a list of objects" : sketch.isLines ? "lines of objects" : "an object"
  if sketch.members.isEmpty { return "it is JSON, but \(sketch.isList ? "a list" : "a value") without objects to read" }
  let keys = sketch.members.prefix(4).map { excerpt($0.key.utf8) }.joined(separator: ", ")
  return "it is JSON, \(what) with \(keys)\(sketch.members.count > 4 ? ", …" : ""), which is nothing that is read"
}
