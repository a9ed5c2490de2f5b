/// One file's text as it was read: its bytes, and where its lines begin.
///
/// Offsets are UTF-8 bytes from 0 everywhere inside; lines and columns that people see count from 1 (`Position`).
package struct SourceText: Sendable {
  /// The path as the user named it; `-` for standard input.
  package let path: String
  package let bytes: [UInt8]
  /// The offset at which each line starts. Lines end at `\n` alone.
  package let lineStarts: [Int]
  /// How many characters begin before each multiple of `blockSize`: a file may be one line of megabytes with a fault in
  /// every word of it.
  private let charactersBefore: [Int]
  private static let blockSize = 1024

  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
    self.lineStarts = starts
    var counts = [0]
    for start in stride(from: Self.blockSize, through: bytes.count, by: Self.blockSize) {
      counts.append(counts[counts.count - 1] + Self.characters(bytes[start - Self.blockSize..<start]))
    }
    charactersBefore = counts
  }

  /// Continuation bytes do not start a character.
  private static func characters(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
  }

  /// How many characters begin before an offset.
  private func characters(before offset: Int) -> Int {
    let block = offset / Self.blockSize
    return charactersBefore[block] + Self.characters(bytes[block * Self.blockSize..<offset])
  }

  package init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

  /// Line and column (in Unicode scalars) of an offset, both from 1.
  ///
  /// - Complexity: O(log lines).
  package func position(at offset: Int) -> Position {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let end = min(max(offset, lineStarts[low]), bytes.count)
    let column = 1 + characters(before: end) - characters(before: lineStarts[low])
    // A byte order mark takes no column in any editor.
    let hidden = low == 0 && end >= 3 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 1 : 0
    return Position(line: low + 1, column: column - hidden)
  }
}

/// A place as people count: both from 1, the column in Unicode scalars.
package struct Position: Hashable, Sendable {
  package var line: Int
  package var column: Int
  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// Which file of a `SourceMap`.
package struct SourceID: Hashable, Sendable {
  package var index: Int
  package init(index: Int) { self.index = index }
}

/// The files of one compilation: the policy, its `use:` files, its tests.
package struct SourceMap: Sendable {
  package private(set) var texts: [SourceText] = []
  package init() {}
  package mutating func add(_ text: SourceText) -> SourceID {
    texts.append(text)
    return SourceID(index: texts.count - 1)
  }
  package subscript(id: SourceID) -> SourceText { texts[id.index] }
}

/// A half-open span of bytes in one file.
package struct SourceRange: Hashable, Sendable {
  package var source: SourceID
  package var start: Int
  package var end: Int
  package init(_ source: SourceID, _ start: Int, _ end: Int) {
    self.source = source
    self.start = start
    self.end = end
  }
  /// From the start of `self` to the end of `other`, which lies in the same file.
  package func through(_ other: SourceRange) -> SourceRange {
    SourceRange(source, min(start, other.start), max(end, other.end))
  }
}
