import CriteriaDiagnostics
import CriteriaSyntax

// Inventories with an entry on each line: JSON objects as in the document, or a table whose header names
//   id, aliases (separated by blanks or `;`), launched, state,
//   label.NAME, fact.NAME, desired.NAME (also labels.NAME, facts.NAME), condition.NAME

extension InventoryReader {
  mutating func readLines(_ lines: LineStream) throws(InputError) -> [InventoryEntry] {
    var entries: [InventoryEntry] = []
    try eachLine(of: lines) { reader, line in
      if line.allSatisfy(isJSONBlank) {
        reader.counts.comments += 1
        return
      }
      reader.begin(line, line: reader.counts.lines, column: 1)
      do throws(JSONFault) {
        let node = try jsonTree(line)
        reader.keep(reader.entry(node), at: node.range, in: &entries)
      } catch {
        reader.counts.refused += 1
        reader.report(at: SourceRange(SourceID(index: 0), error.place, error.place), error.message(in: line))
      }
    }
    return entries
  }

  mutating func readTable(_ lines: LineStream) throws(InputError) -> [InventoryEntry] {
    var entries: [InventoryEntry] = []
    var columns: [String]?
    var fields = CSVLine(delimiter: UInt8(ascii: ","))
    try eachLine(of: lines) { reader, line in
      if line.isEmpty || (columns == nil && line[0] == UInt8(ascii: "#")) {
        reader.counts.comments += 1
        return
      }
      reader.begin(line, line: reader.counts.lines, column: 1)
      guard let names = columns else {
        fields = CSVLine(delimiter: CSVLine.delimiter(of: line) ?? UInt8(ascii: ","))
        _ = fields.split(line)
        columns = fields.fields.indices.map { fields.text($0, in: line) }
        reader.counts.comments += 1
        for (index, name) in columns!.enumerated() where Self.place(of: name) == nil {
          reader.report(
            at: range(fields.fields[index]),
            "expected a column such as `id`, `launched`, `label.NAME` or `fact.NAME`, found \(excerpt(name.utf8))")
        }
        return
      }
      if let fault = fields.split(line) {
        reader.counts.refused += 1
        reader.report(at: SourceRange(SourceID(index: 0), fault.offset, fault.offset), "expected \(fault.expected)")
        return
      }
      guard fields.fields.count == names.count else {
        reader.counts.refused += 1
        let found = fields.fields.count
        reader.report(at: SourceRange(SourceID(index: 0), 0, 0), "expected \(names.count) fields, found \(found)")
        return
      }
      guard isValidUTF8(line) else {
        reader.counts.refused += 1
        reader.report(at: SourceRange(SourceID(index: 0), 0, 0), "expected UTF-8")
        return
      }
      let node = Self.node(names, fields, line)
      reader.keep(reader.entry(node), at: node.range, in: &entries)
    }
    return entries
  }

  private mutating func eachLine(
    of lines: LineStream, _ body: (inout InventoryReader, UnsafeRawBufferPointer) -> Void
  ) throws(InputError) {
    while let step = lines.step(&counts, &problems) {
      guard case .lines(let block) = step else { continue }
      var rest = LinesOfBlock(block)
      while let line = rest.next() {
        counts.lines += 1
        if line.count > lines.longestLine {
          lines.refuseLongLine(&counts, &problems)
        } else {
          body(&self, counts.lines == 1 ? withoutMark(line) : line)
        }
      }
    }
    // Half a fleet is no fleet to decide about.
    if let failure = lines.bytes.failure { throw InputError(name, failure) }
  }

  /// Where a column's cells go: a key of the entry, and for those that are maps a name in it.
  private static func place(of column: String) -> (key: String, name: String?)? {
    switch column {
    case "id", "aliases", "launched", "state", "status": return (column, nil)
    default: break
    }
    guard let dot = column.firstIndex(of: ".") else { return nil }
    let name = String(column[column.index(after: dot)...])
    if name.isEmpty { return nil }
    switch column[..<dot] {
    case "label", "labels": return ("labels", name)
    case "fact", "facts": return ("facts", name)
    case "desired": return ("desired", name)
    case "condition", "conditions": return ("conditions", name)
    default: return nil
    }
  }

  /// A row as the tree that a document would give; empty cells are not there.
  private static func node(_ columns: [String], _ fields: CSVLine, _ line: UnsafeRawBufferPointer) -> YAMLNode {
    var pairs: [YAMLPair] = []
    for (index, column) in columns.enumerated() {
      guard let place = place(of: column) else { continue }
      let text = fields.text(index, in: line)
      if text.isEmpty, place.key != "id" { continue }
      let range = range(fields.fields[index])
      func scalar(_ text: String) -> YAMLScalar { YAMLScalar(text, style: .doubleQuoted, range: range) }
      func leaf(_ text: String) -> YAMLNode { YAMLNode(.scalar(scalar(text)), at: range) }
      if let name = place.name {
        let pair = YAMLPair(key: scalar(name), value: leaf(text))
        if let known = pairs.firstIndex(where: { $0.key.text == place.key }) {
          pairs[known].value.content = .mapping((pairs[known].value.mapping ?? []) + [pair])
        } else {
          pairs.append(YAMLPair(key: scalar(place.key), value: YAMLNode(.mapping([pair]), at: range)))
        }
      } else if place.key == "aliases" {
        let names = text.split { $0 == " " || $0 == ";" }.map { leaf(String($0)) }
        pairs.append(YAMLPair(key: scalar("aliases"), value: YAMLNode(.sequence(names), at: range)))
      } else {
        pairs.append(YAMLPair(key: scalar(place.key), value: leaf(text)))
      }
    }
    return YAMLNode(.mapping(pairs), at: SourceRange(SourceID(index: 0), 0, line.count))
  }
}

private func range(_ field: CSVLine.Field) -> SourceRange { SourceRange(SourceID(index: 0), field.start, field.end) }
