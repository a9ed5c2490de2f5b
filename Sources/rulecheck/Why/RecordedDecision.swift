import Criteria
import CriteriaDiagnostics
import CriteriaReaders
import CriteriaSyntax

/// A decision as `eval` wrote it, read back: it says what it says, and there are no data to try changes on.
struct RecordedDecision {
  private let record: YAMLNode
  /// As it was written.
  let json: String

  /// - Parameter path: Of decisions a line (`--format jsonl`), or of one document (`json`; also that of `why`).
  /// - Throws: If the file cannot be read, holds no decisions, or none of the instance.
  init(of instance: String, in path: String) throws {
    let bytes: [UInt8]
    do {
      bytes = try LineStream(try ByteStream(opening: path), chunk: 1 << 18, longestLine: 1 << 18).readAll(
        limit: 1 << 28)
    } catch {
      throw Failure(error.description)
    }
    var names: [String] = []
    var found: (YAMLNode, String)?
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
      let node = try line.withUnsafeBytes { bytes in
        do throws(JSONFault) { return try jsonTree(bytes) } catch {
          throw Failure("\(path):\(index + 1): no decision record: \(error.reason)")
        }
      }
      let text = String(decoding: line, as: UTF8.self)
      for record in node["decisions"]?.sequence ?? [node["decision"] ?? node] {
        guard let name = record["instance"]?.scalar?.text, record["verdict"] != nil else {
          throw Failure("\(path):\(index + 1): no decision record: expected `instance` and `verdict`")
        }
        names.append(name)
        // Of several the last is the newest.
        if name == instance { found = (record, String(text.utf8[record.range])) }
      }
    }
    if names.isEmpty { throw Failure("`\(path)` holds no decisions") }
    guard let found else {
      let nearest = nearestNames(to: instance, among: names)
      throw Failure(
        "no decision about `\(instance)` in `\(path)`"
          + (nearest.isEmpty
            ? "" : ", did you mean " + nearest.map { "`\($0)`" }.joined(separator: " or ") + "?"))
    }
    (record, json) = (found.0, found.1)
  }

  var ruleNames: [String] { (record["rules"]?.sequence ?? []).compactMap { $0["rule"]?.scalar?.text } }

  private func text(_ node: YAMLNode?) -> String { escaped(node?.scalar?.text ?? "") }

  private func interval(_ node: YAMLNode?) -> String {
    let (low, high) = (text(node?["low"]), text(node?["high"]))
    return low == high ? low : low + ".." + high
  }

  /// - Parameter rule: That one alone.
  func text(rule: String?, on terminal: Terminal?) -> String {
    let colours = terminal?.colours ?? false
    var result = paint(text(record["instance"]), colours ? .bold : nil) + "  " + text(record["verdict"])
    if let possible = record["possible"]?.sequence {
      result += ": " + possible.map { text($0) }.joined(separator: " or ")
    }
    result += "  score \(interval(record["score"]))\n"
    result += "at \(text(record["at"])) · policy \(text(record["policy"]?["name"])) "
    result += "\(text(record["policy"]?["digest"]).prefix("sha256:".count + 12))…\n"
    let protecting = record["protectedBy"]?.sequence ?? []
    if !protecting.isEmpty { result += "protected by \(protecting.map { text($0) }.joined(separator: ", "))\n" }
    let next = text(record["nextChange"])
    result +=
      next.isEmpty || next == "null"
      ? "the verdict does not change unless more is observed\n"
      : "the verdict can change at \(next), or earlier if more is observed\n"
    for one in record["rules"]?.sequence ?? [] where rule == nil || one["rule"]?.scalar?.text == rule {
      result += "\n" + block(one, colours, terminal?.width)
    }
    let missing = record["missing"]?.sequence ?? []
    if !missing.isEmpty { result += "\nmissing, and it keeps the verdict open:\n" }
    for one in missing {
      result += "  \(text(one["signal"]))  " + (one["since"].map { "since " + text($0) } ?? "never seen")
      result += (one["reason"].map { ": " + text($0) } ?? "") + "\n"
    }
    result +=
      "\na record holds no data: what would have changed the decision needs the inputs (-p, --metrics, --logs, --inventory)\n"
    return result
  }

  private func block(_ one: YAMLNode, _ colours: Bool, _ width: Int?) -> String {
    var line = paint(text(one["rule"]), colours ? .bold : nil) + "  " + text(one["state"])
    if let possible = one["possible"] { line += ", possibly " + text(possible) }
    if let since = one["since"] { line += " since " + text(since) }
    if let effect = one["effect"] {
      line += "  \(text(effect["name"]))" + (text(effect["stands"]) == "true" ? "" : " (\(text(effect["stands"])))")
    } else if interval(one["contribution"]) != "0" {
      line += "  +" + interval(one["contribution"])
    }
    line += "\n"
    if !text(one["why"]).isEmpty { line += "    “\(text(one["why"]))”\n" }
    let evidence = one["evidence"]?.sequence ?? []
    if evidence.isEmpty { return line }
    var table = Table(header: ["    TERM", "VALUE", "EVIDENCE"])
    for term in evidence {
      var parts: [String] = []
      if let newest = term["newest"] { parts.append("newest at " + text(newest)) }
      if let place = term["line"] { parts.append(text(place)) }
      let value = term["atLeast"].map { "at least \(text($0))" } ?? text(term["value"])
      table.add(
        [Table.Cell("    " + text(term["term"])), Table.Cell(value == "null" ? "unknown" : value)], parts: parts)
    }
    return line + table.render(colours: colours, width: width)
  }
}

extension String.UTF8View {
  /// The text in a range of bytes.
  fileprivate subscript(range: SourceRange) -> Substring {
    Substring(self[index(startIndex, offsetBy: range.start)..<index(startIndex, offsetBy: range.end)])
  }
}
