// One line of a table:
//   line  = field {delimiter field}      field = text | '"' {any | '""'} '"'      delimiter = "," | ";" | tab | "|"
// A field does not go on in the next line.

/// Splits lines into fields, without copying them.
struct CSVLine {
  struct Field {
    var start: Int
    var end: Int
    /// It holds `""`, each of which stands for one quote.
    var hasQuotes = false
  }

  let delimiter: UInt8
  private(set) var fields: [Field] = []

  init(delimiter: UInt8) { self.delimiter = delimiter }

  /// The delimiter that a header most likely has; `nil` if it has none of them.
  static func delimiter(of header: UnsafeRawBufferPointer) -> UInt8? {
    var best: (byte: UInt8, count: Int)?
    for byte in [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, UInt8(ascii: "|")] {
      var line = CSVLine(delimiter: byte)
      guard line.split(header) == nil, line.fields.count > 1, line.fields.count > best?.count ?? 0 else { continue }
      best = (byte, line.fields.count)
    }
    return best?.byte
  }

  /// - Returns: Where the line is not one of a table, and what was expected there; `nil` if it is.
  mutating func split(_ line: UnsafeRawBufferPointer) -> (offset: Int, expected: String)? {
    fields.removeAll(keepingCapacity: true)
    var at = 0
    while true {
      if at < line.count, line[at] == UInt8(ascii: "\"") {
        var field = Field(start: at + 1, end: at + 1)
        at += 1
        while true {
          guard at < line.count else { return (field.start - 1, "a closing `\"` on the same line") }
          if line[at] == UInt8(ascii: "\"") {
            guard at + 1 < line.count, line[at + 1] == UInt8(ascii: "\"") else { break }
            field.hasQuotes = true
            at += 1
          }
          at += 1
        }
        field.end = at
        fields.append(field)
        at += 1
        if at < line.count, line[at] != delimiter { return (at, "the delimiter behind the closing `\"`") }
      } else {
        let start = at
        while at < line.count, line[at] != delimiter { at += 1 }
        var field = Field(start: start, end: at)
        while field.start < field.end, line[field.start] == 0x20 { field.start += 1 }
        while field.end > field.start, line[field.end - 1] == 0x20 { field.end -= 1 }
        fields.append(field)
      }
      guard at < line.count else { return nil }
      at += 1
    }
  }

  /// The bytes of a field as they stand.
  func bytes(_ index: Int, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: line[fields[index].start..<fields[index].end])
  }

  /// What a field says; what is not UTF-8 becomes U+FFFD.
  func text(_ index: Int, in line: UnsafeRawBufferPointer) -> String {
    let text = String(decoding: bytes(index, in: line), as: UTF8.self)
    guard fields[index].hasQuotes else { return text }
    var result = ""
    var isSecond = false
    for character in text.unicodeScalars {
      if character == "\"", !isSecond {
        isSecond = true
        continue
      }
      isSecond = false
      result.unicodeScalars.append(character)
    }
    return result
  }

  /// From 1, in Unicode scalars.
  static func column(of offset: Int, in line: UnsafeRawBufferPointer) -> Int {
    line.prefix(offset).reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
  }
}

/// What a column or member of a table of metrics is, by its name; case does not matter.
enum ColumnRole: Hashable {
  case time
  case value
  case metric
  case labels
  case instance
  /// It may be the instance, if no column is called so.
  case host
  case other

  init(_ name: String) {
    switch name.lowercased() {
    case "time", "timestamp", "ts", "date", "datetime", "_time", "@timestamp": self = .time
    case "value", "_value", "val": self = .value
    case "metric", "name", "__name__", "_field", "metric_name": self = .metric
    case "labels", "tags": self = .labels
    case "instance": self = .instance
    case "host", "hostname", "node", "instance_id", "instanceid", "machine", "server": self = .host
    default: self = .other
    }
  }
}

/// A cell that says that there is no value.
func isMissing(_ cell: UnsafeRawBufferPointer) -> Bool {
  switch cell.count {
  case 0: true
  case 1: cell[0] == UInt8(ascii: "-")
  case 2: cell[0] | 0x20 == UInt8(ascii: "n") && cell[1] | 0x20 == UInt8(ascii: "a")
  case 3: cell[0] | 0x20 == UInt8(ascii: "n") && cell[1] == UInt8(ascii: "/") && cell[2] | 0x20 == UInt8(ascii: "a")
  case 4: ["null", "none"].contains(String(decoding: cell, as: UTF8.self).lowercased())
  case 9: String(decoding: cell, as: UTF8.self) == "undefined"
  default: false
  }
}
