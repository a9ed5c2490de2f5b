/// Something in an input that was not used, where it stands and what was expected there.
package struct InputProblem: Hashable, Sendable {
  /// What went wrong, for counting.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The file, pipe or folder could not be opened or read.
    case unreadable
    /// It is none of the formats that are read.
    case format
    /// The gzip stream is cut off or damaged.
    case compression
    /// A line beyond the longest that is read.
    case tooLong = "line too long"
    /// A line that is neither a sample nor a comment.
    case syntax
    /// A label or its value.
    case label
    /// What stands where a number was expected.
    case value
    /// What stands where a time was expected.
    case time
    /// A value or key of an inventory.
    case inventory
    /// Two sources that say different things of the same instance.
    case conflict
    /// A sample or line that does not say of which instance it is.
    case instance
  }

  package var kind: Kind
  /// The path as the user named it.
  package var file: String
  /// From 1; 0 where the fault is of the whole file.
  package var line: Int
  /// In Unicode scalars, from 1; 0 where the fault is of the whole line.
  package var column: Int
  /// Lower case, without full stop: what was expected and what was found.
  package var message: String

  package init(_ kind: Kind, file: String, line: Int, column: Int, _ message: String) {
    self.kind = kind
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }
}

extension InputProblem: CustomStringConvertible {
  /// `node.prom:12:8: expected a number, found "x"`
  package var description: String {
    if line == 0 { return "\(file): \(message)" }
    return column == 0 ? "\(file):\(line): \(message)" : "\(file):\(line):\(column): \(message)"
  }
}

/// The problems of a run: the first of them in full, all of them counted.
package struct ProblemLog: Sendable {
  /// The first `limit` problems, in the order in which they were met.
  package private(set) var problems: [InputProblem] = []
  /// How many problems of each kind there were. Without bound.
  package private(set) var counts: [InputProblem.Kind: Int] = [:]
  package let limit: Int

  /// - Parameter limit: How many problems are kept in full.
  package init(limit: Int = 100) { self.limit = limit }

  package var total: Int { counts.values.reduce(0, +) }

  package mutating func add(_ problem: InputProblem) {
    counts[problem.kind, default: 0] += 1
    if problems.count < limit { problems.append(problem) }
  }

  /// The same for a problem whose wording costs something: it is only made while there is room for it.
  mutating func add(_ kind: InputProblem.Kind, _ make: () -> InputProblem) {
    counts[kind, default: 0] += 1
    if problems.count < limit { problems.append(make()) }
  }

  package mutating func add(contentsOf other: ProblemLog) {
    for (kind, count) in other.counts { counts[kind, default: 0] += count }
    problems.append(contentsOf: other.problems.prefix(max(0, limit - problems.count)))
  }
}

/// Bytes of an input as a message shows them: at most 40, control characters and what is not UTF-8 escaped.
func excerpt(_ bytes: some Sequence<UInt8>) -> String {
  var shown = ""
  var count = 0
  var iterator = bytes.makeIterator()
  var head: [UInt8] = []
  while let byte = iterator.next() {
    count += 1
    if count > 40 { break }
    head.append(byte)
  }
  // A cut may fall into a character: what is left of it is dropped.
  while count > 40, let last = head.last, last & 0xC0 == 0x80 { head.removeLast() }
  if count > 40, let last = head.last, last >= 0xC0 { head.removeLast() }
  for scalar in String(decoding: head, as: UTF8.self).unicodeScalars {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
      shown += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return "`" + shown + (count > 40 ? "…" : "") + "`"
}
