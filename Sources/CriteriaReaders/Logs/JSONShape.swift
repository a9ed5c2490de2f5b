import CReading
import Glibc

/// How the lines of a JSON log are made, as those before showed it: a program writes the same members in the same order, and of a
/// line like the one before only its values need to be found.
///
/// A class because it owns memory that C reads.
final class JSONShape {
  /// A member by its place among those with values.
  typealias Member = Int
  private let shape: UnsafeMutablePointer<cr_json_shape>
  private let values: UnsafeMutablePointer<cr_json_value>
  private(set) var time: Member?
  private(set) var timeRole = JSONLogDialect.Role.time
  private(set) var message: Member = 0
  private(set) var host: Member?
  private(set) var source: Member?

  /// - Parameter line: A line that could be read.
  /// - Returns: `nil`: what it means hangs on more than on its members' names.
  init?(_ line: UnsafeRawBufferPointer, _ dialect: JSONLogDialect) {
    shape = .allocate(capacity: 1)
    shape.initialize(to: cr_json_shape())
    values = .allocate(capacity: Int(CR_MEMBERS))
    guard (try? learn(line, dialect)) == true else { return nil }
  }

  deinit {
    shape.deallocate()
    values.deallocate()
  }

  private func learn(_ line: UnsafeRawBufferPointer, _ dialect: JSONLogDialect) throws(JSONFault) -> Bool {
    var best: (message: Int?, host: Int?, source: Int?)
    var hasTransport = false
    var cursor = JSONCursor(line)
    var textStart = 0
    var isFirst = true
    try cursor.beginObject()
    while let key = try cursor.nextKey(&isFirst) {
      let role = dialect.role(of: cursor.rawBytes(key))
      let kind = try cursor.kind()
      let member = Int(shape.pointee.count)
      switch kind {
      case .string:
        let text = try cursor.text()
        guard append(line[textStart..<text.start], isString: true) else { return false }
        textStart = text.end
      case .number:
        let start = cursor.at
        _ = try cursor.number()
        guard append(line[textStart..<start], isString: false) else { return false }
        textStart = cursor.at
      case .null, .bool:
        if role != nil { return false }
        try cursor.skipValue()
        continue
      case .object, .array, .end: return false
      }
      guard let (role, rank) = role else { continue }
      switch (role, kind) {
      case (.time, _), (.microseconds, _):
        if time != nil { return false }
        (time, timeRole) = (member, role)
      case (.message, .string):
        if rank <= best.message ?? .max { (message, best.message) = (member, rank) }
      case (.host, .string):
        if rank <= best.host ?? .max { (host, best.host) = (member, rank) }
      case (.source, .string):
        if rank <= best.source ?? .max { (source, best.source) = (member, rank) }
      case (.transport, _): hasTransport = true
      case (.message, _): return false
      case (.host, _), (.source, _): break
      }
    }
    try cursor.end()
    let isKnown = best.message != nil && !(hasTransport && source == nil)
    return isKnown && appendText(line[textStart...])
  }

  private func append(_ text: Slice<UnsafeRawBufferPointer>, isString: Bool) -> Bool {
    let index = Int(shape.pointee.count)
    guard index < Int(CR_MEMBERS), appendText(text) else { return false }
    withUnsafeMutableBytes(of: &shape.pointee.is_string) { $0[index] = isString ? 1 : 0 }
    shape.pointee.count += 1
    return true
  }

  /// What stands before the next value.
  private func appendText(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    let index = Int(shape.pointee.count)
    return withUnsafeMutableBytes(of: &shape.pointee.starts) { bytes in
      let starts = bytes.bindMemory(to: UInt32.self)
      let start = Int(starts[index])
      guard start + text.count <= Int(CR_TEXTS) else { return false }
      withUnsafeMutableBytes(of: &shape.pointee.texts) { texts in
        for (place, byte) in text.enumerated() { texts[start + place] = byte }
      }
      starts[index + 1] = UInt32(start + text.count)
      return true
    }
  }

  /// Whether a line is of this shape; then its values can be read until the next call.
  func matches(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let base = line.baseAddress, line.count < 1 << 31 else { return false }
    return cr_has_shape(shape, base.assumingMemoryBound(to: UInt8.self), line.count, values) != 0
  }

  func value(_ member: Member) -> JSONText {
    var text = JSONText()
    (text.start, text.end) = (Int(values[member].start), Int(values[member].end))
    text.hasEscapes = values[member].has_escapes != 0
    return text
  }
}

/// The shapes that lines had lately, the one that was met last first.
struct JSONShapes {
  private var shapes: [JSONShape] = []
  private var matched = 0
  private var learned = 0

  /// The shape of a line, with its values.
  mutating func find(_ line: UnsafeRawBufferPointer) -> JSONShape? {
    for index in shapes.indices where shapes[index].matches(line) {
      if index > 0 { shapes.swapAt(0, index) }
      matched += 1
      return shapes[0]
    }
    return nil
  }

  /// - Parameter line: A line that was read, and had none of the shapes.
  mutating func learn(_ line: UnsafeRawBufferPointer, _ dialect: JSONLogDialect) {
    // Where each line is another one, that costs more than it saves.
    guard learned * 8 <= matched + 64 else { return }
    learned += 1
    guard let shape = JSONShape(line, dialect) else { return }
    if shapes.count == 4 { shapes.removeLast() }
    shapes.append(shape)
  }
}
