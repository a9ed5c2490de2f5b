import Glibc

/// The lines of a byte stream, in blocks of whole lines: readers look at bytes in place, never at one line's copy.
///
/// Memory is one chunk, or the longest line that is read; files are mapped where they can be, and then nothing is copied. A
/// class because it owns its buffer.
package final class LineStream {
  /// What `next` found.
  package enum Block {
    /// Whole lines, each with its `\n`, save perhaps the last of the input. Valid until the next call.
    case lines(UnsafeRawBufferPointer)
    /// One line that is longer than is read; it was skipped.
    case tooLong
    /// The stream broke within a line: what there is of it may be half a number, so it is not given out.
    case cutOff
  }

  package let bytes: ByteStream
  package let longestLine: Int
  private var buffer: UnsafeMutableRawBufferPointer
  /// The part of `buffer` that was not given out yet.
  private var start = 0
  private var end = 0
  /// Up to here there is no `\n` after `start`.
  private var searched = 0
  private var isAtEnd = false
  private var isSkipping = false
  private let chunk: Int
  /// `buffer` is the whole file, which `bytes` owns; `end` is how far it counts as read.
  private let isMapped: Bool

  /// - Parameters:
  ///   - chunk: How many bytes are asked for at a time.
  ///   - longestLine: Longer lines are refused.
  package init(_ bytes: ByteStream, chunk: Int = 1 << 18, longestLine: Int = 64 << 20) {
    self.bytes = bytes
    self.chunk = max(1, chunk)
    self.longestLine = longestLine
    if let mapping = bytes.map() {
      buffer = UnsafeMutableRawBufferPointer(mutating: mapping)
      isMapped = true
    } else {
      buffer = .allocate(byteCount: max(1, min(chunk, longestLine)), alignment: 16)
      isMapped = false
    }
  }

  deinit { if !isMapped { buffer.deallocate() } }

  /// The first bytes, at most `count`, without taking them: for telling formats apart.
  ///
  /// To be called before the first `next`. Valid until the next call.
  package func peek(_ count: Int) -> UnsafeRawBufferPointer {
    while end - start < count, !isAtEnd { fill() }
    return UnsafeRawBufferPointer(rebasing: buffer[start..<min(end, start + count)])
  }

  /// The next bytes as they come, wherever lines end: for formats that are not of lines. Valid until the next call.
  ///
  /// - Returns: `nil` at the end, and then `bytes.failure` says whether the end was a clean one.
  package func nextChunk() -> UnsafeRawBufferPointer? {
    if start == end, !isAtEnd {
      if !isMapped {
        start = 0
        end = 0
      }
      fill()
    }
    if start == end { return nil }
    defer {
      start = end
      searched = end
    }
    return UnsafeRawBufferPointer(rebasing: buffer[start..<end])
  }

  /// Everything that is left, up to a bound.
  ///
  /// - Throws: If there is more than `limit`, or if the stream ends early.
  package func readAll(limit: Int) throws(InputError) -> [UInt8] {
    var all: [UInt8] = []
    while let chunk = nextChunk() {
      guard all.count + chunk.count <= limit else {
        throw InputError(bytes.name, "is larger than \(limit >> 20) MiB")
      }
      all.append(contentsOf: chunk)
    }
    if let failure = bytes.failure { throw InputError(bytes.name, failure) }
    return all
  }

  /// The next lines; `nil` at the end, and then `bytes.failure` says whether the end was a clean one.
  package func next() -> Block? {
    while true {
      if let newline = lastNewline() {
        if isSkipping {
          // The end of the line that was too long: what follows it is read again.
          let first = memchr(buffer.baseAddress! + searched, 0x0A, end - searched)!
          start = UnsafeRawPointer(first) - UnsafeRawPointer(buffer.baseAddress!) + 1
          searched = start
          isSkipping = false
          return .tooLong
        }
        defer {
          start = newline + 1
          searched = start
        }
        return .lines(UnsafeRawBufferPointer(rebasing: buffer[start...newline]))
      }
      searched = end
      if isAtEnd {
        if isSkipping {
          isSkipping = false
          start = end
          return .tooLong
        }
        if start == end { return nil }
        defer { start = end }
        return bytes.failure == nil ? .lines(UnsafeRawBufferPointer(rebasing: buffer[start..<end])) : .cutOff
      }
      if isSkipping || end - start > longestLine {
        isSkipping = true
        start = isMapped ? end : 0
        end = start
        searched = start
      }
      fill()
    }
  }

  private func lastNewline() -> Int? {
    // Lines are short, so the search from the end is. (Glibc's memrchr is not visible here.)
    var place = end
    while place > searched {
      place -= 1
      if buffer[place] == 0x0A { return place }
    }
    return nil
  }

  /// Reads one chunk behind what there is, making room for it first.
  private func fill() {
    if isMapped {
      let count = min(buffer.count - end, chunk)
      if count == 0 { isAtEnd = true }
      end += count
      bytes.see(count)
      return
    }
    if start > 0 {
      memmove(buffer.baseAddress!, buffer.baseAddress! + start, end - start)
      end -= start
      searched -= min(searched, start)
      start = 0
    }
    if end == buffer.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
      larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<end]))
      buffer.deallocate()
      buffer = larger
    }
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[end..<min(buffer.count, end + chunk)])
    let count = bytes.read(into: room)
    if count == 0 { isAtEnd = true }
    end += count
  }
}

/// The lines of a block, one after the other, without their ends.
struct LinesOfBlock {
  private let block: UnsafeRawBufferPointer
  private var at = 0

  init(_ block: UnsafeRawBufferPointer) { self.block = block }

  /// Without `\n` or `\r\n`.
  mutating func next() -> UnsafeRawBufferPointer? {
    guard at < block.count else { return nil }
    let from = block.baseAddress! + at
    let newline = memchr(from, 0x0A, block.count - at)
    var length = newline.map { UnsafeRawPointer($0) - from } ?? block.count - at
    at += length + 1
    if length > 0, from.load(fromByteOffset: length - 1, as: UInt8.self) == 0x0D { length -= 1 }
    return UnsafeRawBufferPointer(start: from, count: length)
  }
}

/// Without a byte order mark at its start, which is no part of a file's first line.
func withoutMark(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
  line.count >= 3 && memcmp(line.baseAddress!, "\u{FEFF}", 3) == 0 ? UnsafeRawBufferPointer(rebasing: line[3...]) : line
}

extension LineStream {
  /// One step of whoever reads lines: some lines, or (`refused`) a line that was counted and reported instead.
  enum Step {
    case lines(UnsafeRawBufferPointer)
    case refused
  }

  /// The next lines; what cannot be read is refused here, in one way for all formats. `nil`: the end, its failure reported.
  func step(_ counts: inout ReadCounts, _ problems: inout ProblemLog) -> Step? {
    switch next() {
    case .lines(let block): return .lines(block)
    case .tooLong:
      counts.lines += 1
      refuseLongLine(&counts, &problems)
      return .refused
    case .cutOff:
      counts.lines += 1
      counts.refused += 1
      report(line: counts.lines, column: 1, to: &problems)
      return .refused
    case nil:
      if problems.counts[.compression] == nil, problems.counts[.unreadable] == nil {
        report(line: counts.lines, column: 0, to: &problems)
      }
      return nil
    }
  }

  /// The line at a place of a block, which is counted: without its end, nor the mark at the beginning of a file.
  ///
  /// - Returns: `nil` for a line that is empty, or too long; and where the next one begins.
  func line(
    of block: UnsafeRawBufferPointer, at start: Int, _ counts: inout ReadCounts, _ problems: inout ProblemLog
  ) -> (Range<Int>?, next: Int) {
    var from = start
    let newline = memchr(block.baseAddress! + from, 0x0A, block.count - from)
    var end = newline.map { UnsafeRawPointer($0) - block.baseAddress! } ?? block.count
    let next = end + 1
    counts.lines += 1
    if end - from > longestLine {
      refuseLongLine(&counts, &problems)
      return (nil, next)
    }
    if end > from, block[end - 1] == 0x0D { end -= 1 }
    if counts.lines == 1, end - from >= 3, memcmp(block.baseAddress! + from, "\u{FEFF}", 3) == 0 { from += 3 }
    if end == from {
      counts.comments += 1
      return (nil, next)
    }
    return (from..<end, next)
  }

  /// Of the line that was counted last.
  func refuseLongLine(_ counts: inout ReadCounts, _ problems: inout ProblemLog) {
    counts.refused += 1
    problems.add(
      InputProblem(
        .tooLong, file: bytes.name, line: counts.lines, column: 0, "expected a line of at most \(longestLine) bytes"))
  }

  private func report(line: Int, column: Int, to problems: inout ProblemLog) {
    guard let failure = bytes.failure else { return }
    let kind: InputProblem.Kind = bytes.isCompressed ? .compression : .unreadable
    problems.add(InputProblem(kind, file: bytes.name, line: line, column: column, failure))
  }
}
