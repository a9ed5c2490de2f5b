import Glibc

/// The elements of one array inside a JSON document of any size, one after the other.
///
/// What stands around the array is gone through without being kept; scalars that lie on the way to it are handed out.
/// Memory is one chunk, or the longest element that is read. What comes out is whole by its brackets and quotes; whether
/// it is JSON inside is for the one who reads it.
package final class JSONElements {
  package enum Step {
    /// One element of the array. Valid until the next call.
    case element(UnsafeRawBufferPointer)
    /// A scalar of an object on the way, as it is written; keys joined by `.`.
    case scalar(path: String, UnsafeRawBufferPointer)
    /// The array was met: its elements follow.
    case array
    /// An element that is longer than is read; it was skipped.
    case tooLong
  }

  private let stream: LineStream
  private let path: [String]
  /// Where the step that came last begins: line and column from 1.
  package private(set) var line = 1
  package private(set) var column = 1
  /// Lines of the document so far, as far as it was gone through.
  package var lines: Int { placeLine + (placeColumn > 1 ? 1 : 0) - 1 }

  /// What was read and not let go of: the first `count` bytes.
  private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private var count = 0
  private var at = 0
  /// Up to here `placeLine` and `placeColumn` are.
  private var counted = 0
  private var placeLine = 1
  private var placeColumn = 1
  private var isAtEnd = false

  private enum Place {
    case start
    /// In an object on the way, of this depth.
    case object(isFirst: Bool)
    case elements(isFirst: Bool)
    case end
  }
  private var place = Place.start
  /// Keys of the objects that are open.
  private var keys: [String] = []
  private var open = 0

  /// - Parameter path: The keys that lead to the array; empty if the document itself is it.
  package init(_ stream: LineStream, path: [String]) {
    self.stream = stream
    self.path = path
  }

  deinit { buffer.deallocate() }

  /// The next step; `nil` at the end of the document.
  ///
  /// - Throws: If the document is not JSON around the array; `line` and `column` say where. Nothing follows then.
  package func next() throws(JSONFault) -> Step? {
    do throws(JSONFault) {
      return try step()
    } catch {
      place = .end
      advance(to: at)
      (line, column) = (placeLine, placeColumn)
      throw error
    }
  }

  private func step() throws(JSONFault) -> Step? {
    while true {
      switch place {
      case .start:
        skipMark()
        if peekBlank() == UInt8(ascii: "["), path.isEmpty {
          at += 1
          place = .elements(isFirst: true)
          return .array
        }
        guard peekBlank() == UInt8(ascii: "{"), !path.isEmpty else { throw fault(path.isEmpty ? "`[`" : "`{`") }
        at += 1
        open = 1
        place = .object(isFirst: true)
      case .elements(let isFirst):
        guard try goesOn(UInt8(ascii: "]"), "`,` or `]`", isFirst) else {
          place = open == 0 ? .end : .object(isFirst: false)
          keys = Array(keys.prefix(max(0, open - 1)))
          if open == 0 { try expectEnd() }
          continue
        }
        place = .elements(isFirst: false)
        return try element()
      case .object(let isFirst):
        guard try goesOn(UInt8(ascii: "}"), "`,` or `}`", isFirst) else {
          open -= 1
          place = open == 0 ? .end : .object(isFirst: false)
          keys = Array(keys.prefix(max(0, open - 1)))
          if open == 0 { try expectEnd() }
          continue
        }
        if let step = try member() { return step }
      case .end: return nil
      }
    }
  }

  /// One member of an object on the way: goes into it, or past it.
  private func member() throws(JSONFault) -> Step? {
    guard peekBlank() == UInt8(ascii: "\"") else { throw fault("a key in double quotes") }
    let key = String(decoding: try value(limit: 1 << 16)!, as: UTF8.self).dropFirst().dropLast()
    keys = Array(keys.prefix(open - 1)) + [String(key)]
    guard peekBlank() == UInt8(ascii: ":") else { throw fault("`:` after the key") }
    at += 1
    let first = peekBlank()
    place = .object(isFirst: false)
    if keys == path, first == UInt8(ascii: "[") {
      at += 1
      place = .elements(isFirst: true)
      return .array
    }
    if first == UInt8(ascii: "{"), path.starts(with: keys), keys.count < path.count {
      at += 1
      open += 1
      place = .object(isFirst: true)
      return nil
    }
    guard let first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") else {
      // Past what is of no interest, however large.
      _ = try value(limit: 0)
      return nil
    }
    mark()
    guard let bytes = try value(limit: 1 << 16) else { return nil }
    return .scalar(path: keys.joined(separator: "."), bytes)
  }

  private func element() throws(JSONFault) -> Step {
    _ = peekBlank()
    mark()
    guard let bytes = try value(limit: stream.longestLine) else { return .tooLong }
    return .element(bytes)
  }

  private func mark() {
    advance(to: at)
    (line, column) = (placeLine, placeColumn)
  }

  private func fault(_ expected: String) -> JSONFault { JSONFault(offset: at, expected: expected) }

  private func goesOn(_ end: UInt8, _ expected: String, _ isFirst: Bool) throws(JSONFault) -> Bool {
    let next = peekBlank()
    if next == end {
      at += 1
      return false
    }
    if isFirst, next != nil { return true }
    guard next == UInt8(ascii: ",") else { throw fault(expected) }
    at += 1
    return true
  }

  private func expectEnd() throws(JSONFault) {
    guard peekBlank() == nil else { throw fault("the end of the document") }
  }

  /// What the message of a fault shows: the bytes at the place where it was found.
  package var rest: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: buffer[min(at, count)..<min(at + 64, count)])
  }

  /// Goes past one value.
  ///
  /// - Returns: Its bytes, valid until the next call; `nil` if there are more than `limit`.
  private func value(limit: Int) throws(JSONFault) -> UnsafeRawBufferPointer? {
    guard let first = peekBlank() else { throw fault("a JSON value") }
    var length = 0
    var depth = 0
    var isQuoted = false
    var isEscaped = false
    var isKept = true
    let isScalar = first != UInt8(ascii: "{") && first != UInt8(ascii: "[") && first != UInt8(ascii: "\"")
    scan: while true {
      if at + length == count {
        if length > limit {
          // Too long to be kept: what was gone through is let go.
          isKept = false
          at += length
          length = 0
        }
        guard refill() else {
          if isScalar, length > 0 || !isKept { break }
          at += length
          throw fault(isQuoted ? "a closing `\"`" : "a closing bracket")
        }
      }
      while at + length < count {
        let byte = buffer[at + length]
        if isQuoted {
          length += 1
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            isQuoted = false
            if depth == 0 { break scan }
          }
          continue
        }
        switch byte {
        case UInt8(ascii: "\""):
          if isScalar { break scan }
          isQuoted = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          if isScalar { break scan }
          depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if isScalar { break scan }
          depth -= 1
          if depth == 0 {
            length += 1
            break scan
          }
        case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09:
          if isScalar { break scan }
        default: break
        }
        length += 1
      }
    }
    let start = at
    at += length
    guard isKept, length <= limit else { return nil }
    return UnsafeRawBufferPointer(rebasing: buffer[start..<(start + length)])
  }

  /// The next byte that is no blank; `nil` at the end.
  private func peekBlank() -> UInt8? {
    while true {
      while at < count {
        let byte = buffer[at]
        if !isJSONBlank(byte) { return byte }
        at += 1
      }
      guard refill() else { return nil }
    }
  }

  /// Reads one chunk behind what there is, after letting go of what was taken.
  private func refill() -> Bool {
    advance(to: at)
    if at > 0 {
      memmove(buffer.baseAddress!, buffer.baseAddress! + at, count - at)
      count -= at
      at = 0
      counted = 0
    }
    guard !isAtEnd, let chunk = stream.nextChunk() else {
      isAtEnd = true
      return false
    }
    if count + chunk.count > buffer.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(
        byteCount: max(buffer.count * 2, count + chunk.count), alignment: 16)
      larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      buffer.deallocate()
      buffer = larger
    }
    memcpy(buffer.baseAddress! + count, chunk.baseAddress!, chunk.count)
    count += chunk.count
    return true
  }

  /// A byte order mark is no part of the document.
  private func skipMark() {
    while count < 3, refill() {}
    if withoutMark(UnsafeRawBufferPointer(rebasing: buffer[..<count])).count < count {
      at = 3
      counted = 3
    }
  }

  private func advance(to end: Int) {
    for index in counted..<max(counted, end) {
      if buffer[index] == 0x0A {
        placeLine += 1
        placeColumn = 1
      } else if buffer[index] & 0xC0 != 0x80 {
        placeColumn += 1
      }
    }
    counted = max(counted, end)
  }
}
