package import CriteriaEngine

/// How the lines of a log are laid out, as the user says it: a regular expression with some of the groups `time`,
/// `instance`, `source` and `message`.
///
/// Without the group `message` the message is what follows the match.
package struct LogFormat: Sendable {
  package let pattern: String
  let regex: Regex
  /// Numbers of the groups; `nil` for those that the expression does not have.
  let time: Int?
  let instance: Int?
  let source: Int?
  let message: Int?

  package static let groups = ["time", "instance", "source", "message"]

  /// - Throws: If the expression does not compile, or has other named groups than those, or none.
  package init(_ pattern: String) throws(LogFormatError) {
    do throws(RegexError) {
      regex = try Regex(pattern: pattern)
    } catch {
      throw LogFormatError(description: "`\(pattern)` does not compile: \(error.message) at character \(error.offset)")
    }
    self.pattern = pattern
    let expected = Self.groups.map { "`\($0)`" }.joined(separator: ", ")
    if let unknown = regex.groups.first(where: { !Self.groups.contains($0) }) {
      throw LogFormatError(description: "`\(pattern)` has a group `\(unknown)`, expected some of \(expected)")
    }
    if regex.groups.isEmpty {
      throw LogFormatError(
        description: "`\(pattern)` has no named group, expected some of \(expected), such as `(?<time>\\S+)`")
    }
    time = regex.number(of: "time")
    instance = regex.number(of: "instance")
    source = regex.number(of: "source")
    message = regex.number(of: "message")
  }

  /// How many of the lines it matches.
  func matches(in lines: UnsafeRawBufferPointer, _ scanner: RegexScanner) -> (matched: Int, lines: Int) {
    var count = (matched: 0, lines: 0)
    var rest = LinesOfBlock(lines)
    while let line = rest.next() {
      if line.isEmpty { continue }
      count.lines += 1
      if scanner.search(regex, in: line) == .match { count.matched += 1 }
    }
    return count
  }
}

/// A `--log-format` that cannot be used.
package struct LogFormatError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
}
