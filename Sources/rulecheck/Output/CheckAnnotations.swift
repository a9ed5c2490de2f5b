import CriteriaCompiler
import CriteriaDiagnostics

/// Diagnostics for other programs: annotations of GitHub's workflows, and SARIF 2.1.0.
enum CheckAnnotations {
  /// One workflow command a line; GitHub shows them at the lines they name.
  static func github(_ files: [(diagnostics: [Diagnostic], sources: SourceMap)]) -> String {
    var text = ""
    for file in files {
      for diagnostic in file.diagnostics {
        let command =
          switch diagnostic.severity {
          case .error: "error"
          case .warning: "warning"
          case .note: "notice"
          }
        var properties: [String] = []
        if let range = diagnostic.range {
          let source = file.sources[range.source]
          let (start, end) = (source.position(at: range.start), source.position(at: range.end))
          properties.append("file=" + property(source.path))
          properties.append("line=\(start.line)")
          properties.append("endLine=\(end.line)")
          // GitHub takes columns only where the range is on one line; its ends are inclusive.
          if start.line == end.line {
            properties.append("col=\(start.column)")
            properties.append("endColumn=\(max(start.column, end.column - 1))")
          }
        }
        properties.append("title=" + property(diagnostic.code.name))
        let message = diagnostic.message + (diagnostic.help.map { "\nhelp: " + $0 } ?? "")
        text += "::\(command) \(properties.joined(separator: ","))::\(data(message))\n"
      }
    }
    return text
  }

  private static func data(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": result += "%25"
      case "\r": result += "%0D"
      case "\n": result += "%0A"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func property(_ text: String) -> String {
    var result = ""
    for character in data(text) {
      switch character {
      case ":": result += "%3A"
      case ",": result += "%2C"
      default: result.append(character)
      }
    }
    return result
  }

  /// One log with one run; columns count Unicode code points.
  static func sarif(_ files: [(diagnostics: [Diagnostic], sources: SourceMap)], version: String) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
    writer.member("version", "2.1.0")
    writer.key("runs")
    writer.beginArray()
    writer.beginObject()
    writer.key("tool")
    writer.beginObject()
    writer.key("driver")
    writer.beginObject()
    writer.member("name", "rulecheck")
    writer.member("semanticVersion", version)
    writer.key("rules")
    writer.beginArray()
    let codes = Set(files.flatMap { $0.diagnostics.map(\.code.name) }).sorted()
    for code in codes {
      writer.beginObject()
      writer.member("id", code)
      if let page = explainPages.first(where: { $0.code.name == code }) {
        writer.key("shortDescription")
        writer.beginObject()
        writer.member("text", page.title)
        writer.endObject()
      }
      if let text = explain(code) {
        writer.key("help")
        writer.beginObject()
        writer.member("text", text)
        writer.endObject()
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.endObject()
    writer.member("columnKind", "unicodeCodePoints")
    writer.key("results")
    writer.beginArray()
    for file in files {
      for diagnostic in file.diagnostics { result(diagnostic, file.sources, codes, &writer) }
    }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  private static func result(
    _ diagnostic: Diagnostic, _ sources: SourceMap, _ codes: [String], _ writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.member("ruleId", diagnostic.code.name)
    writer.member("ruleIndex", codes.firstIndex(of: diagnostic.code.name)!)
    writer.member("level", diagnostic.severity.rawValue)
    message(diagnostic.message + (diagnostic.help.map { "; " + $0 } ?? ""), &writer)
    if let range = diagnostic.range {
      writer.key("locations")
      writer.beginArray()
      location(range, sources, nil, &writer)
      writer.endArray()
    }
    let labels = diagnostic.labels
    if !labels.isEmpty {
      writer.key("relatedLocations")
      writer.beginArray()
      for label in labels { location(label.range, sources, label.text, &writer) }
      writer.endArray()
    }
    if let fix = diagnostic.fix {
      writer.key("fixes")
      writer.beginArray()
      writer.beginObject()
      writer.key("artifactChanges")
      writer.beginArray()
      writer.beginObject()
      artifact(sources[fix.range.source].path, &writer)
      writer.key("replacements")
      writer.beginArray()
      writer.beginObject()
      writer.key("deletedRegion")
      region(fix.range, sources, &writer)
      writer.key("insertedContent")
      writer.beginObject()
      writer.member("text", fix.text)
      writer.endObject()
      writer.endObject()
      writer.endArray()
      writer.endObject()
      writer.endArray()
      writer.endObject()
      writer.endArray()
    }
    writer.endObject()
  }

  private static func message(_ text: String, _ writer: inout JSONWriter) {
    writer.key("message")
    writer.beginObject()
    writer.member("text", text)
    writer.endObject()
  }

  private static func location(
    _ range: SourceRange, _ sources: SourceMap, _ text: String?, _ writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.key("physicalLocation")
    writer.beginObject()
    artifact(sources[range.source].path, &writer)
    writer.key("region")
    region(range, sources, &writer)
    writer.endObject()
    if let text { message(text, &writer) }
    writer.endObject()
  }

  private static func artifact(_ path: String, _ writer: inout JSONWriter) {
    writer.key("artifactLocation")
    writer.beginObject()
    writer.member("uri", uri(path))
    writer.endObject()
  }

  private static func region(_ range: SourceRange, _ sources: SourceMap, _ writer: inout JSONWriter) {
    let source = sources[range.source]
    let (start, end) = (source.position(at: range.start), source.position(at: range.end))
    writer.beginObject()
    writer.member("startLine", start.line)
    writer.member("startColumn", start.column)
    writer.member("endLine", end.line)
    writer.member("endColumn", end.column)
    writer.endObject()
  }

  /// A path as a reference of RFC 3986: what is not a letter, digit or one of a few signs is escaped.
  private static func uri(_ path: String) -> String {
    var result = path.hasPrefix("/") ? "file://" : ""
    let digits = Array("0123456789ABCDEF")
    for byte in path.utf8 {
      let isPlain =
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- 48 < 10 || "-._~/".utf8.contains(byte)
      if isPlain {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
      }
    }
    return result
  }
}
