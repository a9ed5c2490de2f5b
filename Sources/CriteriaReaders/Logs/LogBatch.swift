package import CriteriaEngine
import Glibc

/// The lines that one step of a log reader found. Reused from step to step.
package struct LogBatch {
  /// One line. Of an unwanted source there is no message, only when and where it came.
  package struct Record: Hashable {
    package var time: RecordTime
    /// Its number in `SourceNames`; `nil`: not wanted.
    package var source: Int?
    /// Its number in the reader's `hosts`; `nil` where the line names none.
    package var host: Int?
    /// From 1.
    package var line: Int
    fileprivate var start: Int
    fileprivate var end: Int
  }

  package private(set) var records: [Record] = []
  /// Each message with a `\n`, so that all of them are one text of lines.
  private var messages: [UInt8] = []
  /// The records whose messages hold a `\n` themselves: JSON can write one.
  private var multiline: [Int] = []

  package init() {}

  package mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
    messages.removeAll(keepingCapacity: true)
    multiline.removeAll(keepingCapacity: true)
  }

  /// The message without its header, as the file has it.
  package func withMessage<R>(of record: Record, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    messages.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[record.start..<record.end])) }
  }

  /// The message as text; what is not UTF-8 becomes U+FFFD.
  package func message(of record: Record) -> String {
    String(decoding: messages[record.start..<record.end], as: UTF8.self)
  }

  mutating func append(time: RecordTime, source: Int?, host: Int?, line: Int, message: UnsafeRawBufferPointer) {
    let start = messages.count
    if source != nil { messages.append(contentsOf: message) }
    records.append(Record(time: time, source: source, host: host, line: line, start: start, end: messages.count))
    guard source != nil else { return }
    if let base = message.baseAddress, memchr(base, 0x0A, message.count) != nil { multiline.append(records.count - 1) }
    // Of a message that ends with `\r` only what is put here is to be taken for a line's end.
    if message.last == 0x0D { messages.append(0x0D) }
    messages.append(0x0A)
  }

  /// A record whose message a pattern matches, or for which nobody knows.
  package struct Hit: Hashable {
    package var record: Int
    package var pattern: Int
    /// `.match` or `.limit`.
    package var outcome: MatchOutcome
  }

  /// Searches all messages at once and calls `body` with each hit: in order of records, and of patterns in a record.
  package func scan(with matcher: LogMatcher, _ body: (Hit) -> Void) {
    // Of the rare messages that are several lines, the order is kept by going through them apart.
    var waiting = multiline[...]
    func searchMultiline(before record: Int) {
      while let index = waiting.first, index < record {
        waiting.removeFirst()
        withMessage(of: records[index]) { message in
          for pattern in matcher.patterns.indices {
            let outcome = matcher.search(pattern, in: message)
            if outcome != .noMatch { body(Hit(record: index, pattern: pattern, outcome: outcome)) }
          }
        }
      }
    }
    var record = 0
    messages.withUnsafeBytes { text in
      matcher.scan(text) { hit in
        // Hits come in order of lines, so the records are gone through once.
        while records[record].source == nil || records[record].end < hit.line.lowerBound { record += 1 }
        guard records[record].start == hit.line.lowerBound, multiline.isEmpty || !multiline.contains(record) else {
          return
        }
        searchMultiline(before: record)
        body(Hit(record: record, pattern: hit.pattern, outcome: hit.outcome))
      }
    }
    searchMultiline(before: records.count)
  }
}

/// Which log sources are wanted, and the numbers of those that came: one table for all inputs of a run.
///
/// A class because several readers add to it.
package final class SourceNames {
  private var table = ByteTable()
  private var unwanted = ByteTable()
  private let globs: [Glob]?

  /// - Parameter wanted: Names and globs (`*`, `?`); `any` takes all, as does `nil`.
  package init(wanted: [String]?) { globs = wanted.flatMap { $0.contains("any") ? nil : $0.map(Glob.init) } }

  package func name(_ index: Int) -> String { table.string(index) }

  /// `nil`: not wanted.
  package func look(up bytes: UnsafeRawBufferPointer) -> Int? {
    if let known = table.find(bytes) { return known }
    guard let globs else { return table.intern(bytes) }
    if unwanted.find(bytes) != nil { return nil }
    if globs.contains(where: { $0.matches(bytes) }) { return table.intern(bytes) }
    // Remembered to be quick; bounded, since a file may make up a new tag on each line.
    if unwanted.count < 4096 { _ = unwanted.intern(bytes) }
    return nil
  }

  package func look(up name: String) -> Int? {
    var name = name
    return name.withUTF8 { look(up: UnsafeRawBufferPointer($0)) }
  }
}
