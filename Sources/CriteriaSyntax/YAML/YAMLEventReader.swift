import CLibYAML
import CriteriaDiagnostics

/// One event of libyaml, its places in bytes of the file.
struct YAMLEvent {
  enum Kind {
    case streamStart
    case streamEnd
    case documentStart(isExplicit: Bool)
    case documentEnd(isExplicit: Bool)
    case alias(String)
    case scalar(String, YAMLScalar.Style)
    case sequenceStart(isFlow: Bool)
    case sequenceEnd
    case mappingStart(isFlow: Bool)
    case mappingEnd
  }

  var kind: Kind
  var anchor: String?
  var tag: String?
  var start: Int
  var end: Int
}

/// Why libyaml stopped, and where.
struct YAMLSyntaxError: Error {
  var problem: String
  var offset: Int
  /// What was being read (`while parsing a block mapping`), and where that began.
  var context: String?
  var contextOffset: Int?
}

/// Reads a file's events with libyaml.
///
/// The bytes must have passed `checkCharacters`. libyaml's marks count code points after a byte order mark; this type
/// gives byte offsets.
final class YAMLEventReader {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let offsets: CodePointOffsets

  init(_ bytes: [UInt8]) {
    let skipped = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    offsets = CodePointOffsets(bytes, from: skipped)
    // libyaml keeps a pointer to its input, so the input must not move.
    input = .allocate(capacity: max(bytes.count - skipped, 1))
    _ = input.initialize(from: bytes[skipped...])
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else { preconditionFailure("no memory for a YAML parser") }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, bytes.count - skipped)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  /// The next event; after `streamEnd` there is none.
  func next() throws(YAMLSyntaxError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { yaml_event_delete(&event) }
    let start = offsets.byte(of: event.start_mark.index)
    let end = offsets.byte(of: event.end_mark.index)
    func made(
      _ kind: YAMLEvent.Kind, _ anchor: UnsafeMutablePointer<yaml_char_t>? = nil,
      _ tag: UnsafeMutablePointer<yaml_char_t>? = nil
    ) -> YAMLEvent {
      YAMLEvent(kind: kind, anchor: anchor.map(string), tag: tag.map(string), start: start, end: end)
    }
    switch event.type {
    case YAML_STREAM_START_EVENT: return made(.streamStart)
    case YAML_DOCUMENT_START_EVENT: return made(.documentStart(isExplicit: event.data.document_start.implicit == 0))
    case YAML_DOCUMENT_END_EVENT: return made(.documentEnd(isExplicit: event.data.document_end.implicit == 0))
    case YAML_ALIAS_EVENT: return made(.alias(string(event.data.alias.anchor)))
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return made(.scalar(text, style(scalar.style)), scalar.anchor, scalar.tag)
    case YAML_SEQUENCE_START_EVENT:
      let sequence = event.data.sequence_start
      return made(.sequenceStart(isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE), sequence.anchor, sequence.tag)
    case YAML_SEQUENCE_END_EVENT: return made(.sequenceEnd)
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      return made(.mappingStart(isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE), mapping.anchor, mapping.tag)
    case YAML_MAPPING_END_EVENT: return made(.mappingEnd)
    default: return made(.streamEnd)
    }
  }

  private var failure: YAMLSyntaxError {
    let parser = parser.pointee
    return YAMLSyntaxError(
      problem: parser.problem.map { String(cString: $0) } ?? "not readable as YAML",
      offset: offsets.byte(of: parser.problem_mark.index),
      context: parser.context.map { String(cString: $0) },
      contextOffset: parser.context.map { _ in offsets.byte(of: parser.context_mark.index) })
  }

  private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>) -> String {
    String(decodingCString: pointer, as: UTF8.self)
  }

  private func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: .literal
    case YAML_FOLDED_SCALAR_STYLE: .folded
    default: .plain
    }
  }
}

/// The byte offset of each code point, remembered for every 64th.
private struct CodePointOffsets {
  private let bytes: [UInt8]
  private let first: Int
  /// Empty if all is ASCII.
  private var table: [Int] = []

  init(_ bytes: [UInt8], from first: Int) {
    self.bytes = bytes
    self.first = first
    guard bytes[first...].contains(where: { $0 >= 0x80 }) else { return }
    var count = 0
    for offset in first..<bytes.count where bytes[offset] & 0xC0 != 0x80 {
      if count % 64 == 0 { table.append(offset) }
      count += 1
    }
  }

  func byte(of index: Int) -> Int {
    guard !table.isEmpty else { return min(first + index, bytes.count) }
    guard index / 64 < table.count else { return bytes.count }
    var offset = table[index / 64]
    var left = index % 64
    while left > 0, offset < bytes.count {
      offset += 1
      while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      left -= 1
    }
    return offset
  }
}
