/// One file's text as it was read: its bytes, and where its lines begin.
///
/// Offsets are UTF-8 bytes from 0 everywhere inside; lines and columns that people see count from 1 (`Position`).
package struct SourceText: Sendable {
  /// The path as the user named it; `-` for standard input.
  package let path: String
  package let bytes: [UInt8]
  /// The offset at which each line starts. Lines end at `\n` alone.
  package let lineStarts: [Int]

  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
    self.lineStarts = starts
  }

  package init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

  /// Line and column (in Unicode scalars) of an offset, both from 1.
  ///
  /// - Complexity: O(log lines + length of the line).
  package func position(at offset: Int) -> Position {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let end = min(max(offset, lineStarts[low]), bytes.count)
    // Continuation bytes do not start a character.
    let column = bytes[lineStarts[low]..<end].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
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
