import CriteriaDiagnostics
import CriteriaSyntax

// Our inventory, as YAML or JSON (for the other formats see the files beside this one):
//   inventory = [entry] | {instances: [entry]}
//   entry     = {id, aliases: [name], launched: time, state: text, labels: map, facts: map, desired: map, conditions: {NAME: condition}}
//   condition = status | {status, reason, since: time}
// Values of maps are taken as they are written; a time is ISO 8601 or seconds since 1970; `status` may stand for `state`.

/// Reads one inventory into entries.
package struct InventoryReader {
  /// Lines, entries kept, entries refused.
  package internal(set) var counts = ReadCounts()
  package internal(set) var problems: ProblemLog
  let name: String
  private let zone: Int64
  private var text: SourceText
  /// Where `text` begins in the file: lines and columns before it.
  private var base = (line: 0, column: 0)
  /// Of each id, the line of its first entry.
  private var seen: [String: Int] = [:]

  /// - Parameters:
  ///   - name: What problems call it.
  ///   - zone: Milliseconds east of UTC, for times that do not say.
  package init(name: String, zone: Int64 = 0, problemLimit: Int = 100) {
    self.name = name
    self.zone = zone
    text = SourceText(path: name, bytes: [])
    problems = ProblemLog(limit: problemLimit)
  }

  /// Of an entry; `docs/inventory.schema.json` has the same.
  package static let keys = [
    "id", "aliases", "launched", "state", "status", "labels", "facts", "desired", "conditions",
  ]

  /// Reads an inventory of any format.
  ///
  /// - Throws: If it is none at all. A fault within an entry is a problem, and the rest is used.
  package mutating func read(
    _ lines: LineStream, format: InventoryFormat
  ) throws(InputError) -> [InventoryEntry] {
    switch format {
    case .document: try read(try lines.readAll(limit: 1 << 30))
    case .ndjson: try readLines(lines)
    case .csv: try readTable(lines)
    case .kubernetes: try readKubernetes(lines)
    }
  }

  /// - Throws: If it is no YAML, or no list of entries. A fault within an entry is a problem, and the rest is used.
  package mutating func read(_ bytes: [UInt8]) throws(InputError) -> [InventoryEntry] {
    text = SourceText(path: name, bytes: joiningSurrogates(bytes))
    counts.lines = text.lineStarts.count - (bytes.last == 0x0A || bytes.isEmpty ? 1 : 0)
    let (node, diagnostics) = parseYAML(text, as: SourceID(index: 0), limits: .data)
    guard let node else {
      guard let first = diagnostics.first else { return [] }
      let place = first.range.map { text.position(at: $0.start) }
      throw InputError(place.map { "\(name):\($0.line):\($0.column)" } ?? name, first.message)
    }
    for diagnostic in diagnostics {
      report(at: diagnostic.range ?? node.range, diagnostic.message)
    }
    if isKubernetes(node) { return kubernetesEntries(node) }
    var list = node.sequence
    if let pairs = node.mapping {
      for pair in pairs where pair.key.text != "instances" { unknownKey(pair.key, among: ["instances"]) }
      list = node["instances"]?.sequence
    }
    guard let list else {
      let place = text.position(at: node.range.start)
      throw InputError(
        "\(name):\(place.line):\(place.column)", "expected a list of instances, or a mapping with the key `instances`")
    }
    var entries: [InventoryEntry] = []
    for item in list { keep(entry(item), at: item.range, in: &entries) }
    return entries
  }

  /// Keeps an entry whose id is new.
  mutating func keep(_ entry: InventoryEntry?, at range: SourceRange, in entries: inout [InventoryEntry]) {
    guard let entry else {
      counts.refused += 1
      return
    }
    if let first = seen[entry.id] {
      counts.refused += 1
      report(at: range, "expected each id once, found `\(entry.id)` of line \(first) again")
      return
    }
    seen[entry.id] = entry.line
    counts.kept += 1
    entries.append(entry)
  }

  mutating func entry(_ node: YAMLNode) -> InventoryEntry? {
    guard let pairs = node.mapping else {
      report(at: node.range, "expected an instance, a mapping with the key `id`")
      return nil
    }
    guard let id = node["id"] else {
      report(at: node.range, "expected the key `id`")
      return nil
    }
    guard let text = string(id), !text.isEmpty else {
      if id.scalar != nil { report(at: id.range, "expected an id, found nothing") }
      return nil
    }
    var entry = InventoryEntry(id: text)
    entry.file = name
    entry.line = place(of: node.range.start).line
    for pair in pairs {
      switch pair.key.text {
      case "id": break
      case "aliases": entry.aliases = names(pair.value)
      case "launched": entry.launched = time(pair.value)
      case "state", "status":
        if let state = string(pair.value)?.lowercased(), ["stopped", "terminated"].contains(state) {
          entry.isSkipped = true
        }
      case "labels": entry.labels = map(pair.value)
      case "facts": entry.facts = map(pair.value) ?? [:]
      case "desired": entry.desired = map(pair.value)
      case "conditions": entry.conditions = conditions(pair.value)
      default: unknownKey(pair.key, among: Self.keys)
      }
    }
    return entry
  }

  private mutating func conditions(_ node: YAMLNode) -> [String: InventoryEntry.Condition] {
    if node.scalar?.isNull == true { return [:] }
    guard let pairs = node.mapping else {
      report(at: node.range, "expected conditions, a mapping of names to `{status, reason, since}`")
      return [:]
    }
    var result: [String: InventoryEntry.Condition] = [:]
    for pair in pairs {
      if let status = pair.value.scalar {
        if !status.isNull { result[pair.key.text] = .init(status: status.text) }
        continue
      }
      for inner in pair.value.mapping ?? [] where !["status", "reason", "since"].contains(inner.key.text) {
        unknownKey(inner.key, among: ["status", "reason", "since"])
      }
      guard let status = pair.value["status"], let text = string(status) else {
        if pair.value["status"]?.mapping == nil, pair.value["status"]?.sequence == nil {
          report(at: pair.key.range, "expected the condition `\(pair.key.text)` to have a `status`")
        }
        continue
      }
      result[pair.key.text] = .init(
        status: text, reason: pair.value["reason"].flatMap { string($0) },
        since: pair.value["since"].flatMap { time($0) })
    }
    return result
  }

  private mutating func map(_ node: YAMLNode) -> [String: String]? {
    if node.scalar?.isNull == true { return nil }
    guard let pairs = node.mapping else {
      report(at: node.range, "expected a mapping of names to texts")
      return nil
    }
    var result: [String: String] = [:]
    for pair in pairs { result[pair.key.text] = string(pair.value) }
    return result
  }

  private mutating func names(_ node: YAMLNode) -> [String] {
    if let scalar = node.scalar { return scalar.isNull || scalar.text.isEmpty ? [] : [scalar.text] }
    guard let items = node.sequence else {
      report(at: node.range, "expected a list of names")
      return []
    }
    return items.compactMap { string($0) }.filter { !$0.isEmpty }
  }

  mutating func time(_ node: YAMLNode) -> Int64? {
    guard let text = string(node) else { return nil }
    guard let time = parseTime(text, zone: zone) else {
      report(
        at: node.range,
        "expected a time such as `2026-11-23T01:02:03Z`, or seconds since 1970, found \(excerpt(text.utf8))")
      return nil
    }
    return time
  }

  /// As it is written; `nil` for no value, and for a list or mapping, which is reported.
  mutating func string(_ node: YAMLNode) -> String? {
    guard let scalar = node.scalar else {
      report(at: node.range, "expected a text, found a \(node.mapping == nil ? "list" : "mapping")")
      return nil
    }
    return scalar.isNull ? nil : scalar.text
  }

  private mutating func unknownKey(_ key: YAMLScalar, among known: [String]) {
    let meant = nearest(key.text, among: known).map { "; did you mean `\($0)`?" } ?? ""
    let expected = known.map { "`\($0)`" }.joined(separator: ", ")
    report(at: key.range, "expected one of \(expected), found \(excerpt(key.text.utf8))\(meant)")
  }

  mutating func report(at range: SourceRange, _ message: String) {
    let (name, reader) = (name, self)
    problems.add(.inventory) {
      let place = reader.place(of: range.start)
      return InputProblem(.inventory, file: name, line: place.line, column: place.column, message)
    }
  }

  /// Where a byte of the text stands in the file.
  func place(of offset: Int) -> Position {
    let place = text.position(at: offset)
    return Position(line: base.line + place.line, column: (place.line == 1 ? base.column : 0) + place.column)
  }

  /// What is read next is a piece of the file.
  mutating func begin(_ bytes: UnsafeRawBufferPointer, line: Int, column: Int) {
    text = SourceText(path: name, bytes: Array(bytes))
    base = (line - 1, column - 1)
  }
}
