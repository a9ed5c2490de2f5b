package import CriteriaDiagnostics

/// Where each byte of a scalar's decoded text stands in the file.
///
/// Kept as runs: a run copied byte for byte, or a few decoded bytes made of other source bytes (an escape, a folded
/// line break). Most scalars are one run.
package struct ScalarMap: Hashable, Sendable {
  struct Run: Hashable, Sendable {
    /// The offset in the decoded text, and how many bytes.
    var decoded: Int
    var length: Int
    var source: Int
    /// As many bytes in the file; equal to `length` and byte for byte if `isCopy`.
    var sourceLength: Int
    var isCopy: Bool
  }

  package let source: SourceID
  private(set) var runs: [Run] = []
  /// Bytes of decoded text.
  package private(set) var count = 0
  /// Where an empty text stands, and what lies before the first run.
  private let origin: Int

  init(source: SourceID, origin: Int) {
    self.source = source
    self.origin = origin
  }

  /// A text that stands in the file as it is.
  package init(identity range: SourceRange) {
    self.init(source: range.source, origin: range.start)
    copy(from: range.start, count: range.end - range.start)
  }

  mutating func copy(from offset: Int, count length: Int) {
    guard length > 0 else { return }
    if let last = runs.last, last.isCopy, last.source + last.sourceLength == offset {
      runs[runs.count - 1].length += length
      runs[runs.count - 1].sourceLength += length
    } else {
      runs.append(Run(decoded: count, length: length, source: offset, sourceLength: length, isCopy: true))
    }
    count += length
  }

  mutating func put(_ length: Int, from range: Range<Int>) {
    runs.append(Run(decoded: count, length: length, source: range.lowerBound, sourceLength: range.count, isCopy: false))
    count += length
  }

  /// The place in the file of the decoded bytes `range`. Of an empty range: the place before its first byte.
  ///
  /// - Complexity: O(log runs).
  package subscript(range: Range<Int>) -> SourceRange {
    let start = self.start(of: range.lowerBound)
    let end = range.isEmpty ? start : max(start, self.end(of: range.upperBound - 1))
    return SourceRange(source, start, end)
  }

  /// The file offset of each decoded byte, and of the end.
  package var offsets: [Int] { (0...count).map(start(of:)) }

  private func start(of index: Int) -> Int {
    if index >= count { return count == 0 ? origin : end(of: count - 1) }
    let run = runs[self.run(of: index)]
    return run.isCopy ? run.source + (index - run.decoded) : run.source
  }

  private func end(of index: Int) -> Int {
    let run = runs[self.run(of: index)]
    return run.isCopy ? run.source + (index - run.decoded) + 1 : run.source + run.sourceLength
  }

  private func run(of index: Int) -> Int {
    var low = 0
    var high = runs.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if runs[middle].decoded <= index { low = middle } else { high = middle }
    }
    return low
  }
}
