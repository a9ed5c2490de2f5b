import CriteriaEngine

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
  private var messages: [UInt8] = []

  package init() {}

  package mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
    messages.removeAll(keepingCapacity: true)
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
