import Glibc

// One line that carries a sample:
//   sample = [name] ["{" [label {"," label} [","]] "}"] value [time]
//   label  = (name | quoted) "=" quoted | quoted          a lone quoted one is the metric's name
//   name   = [A-Za-z_:][A-Za-z0-9_:]*      value = Go's float, not hexadecimal      time = ["-"] digits
// Blanks and tabs may stand between the parts. Text (0.0.4) escapes \\ \" \n; a dump is written by Go's %q, and its
// `__name__` is a label. A dump's line always has its time.

/// Which of the two writers of this grammar wrote the line.
package enum SampleDialect: Sendable {
  case prometheus
  case tsdbDump
}

/// Why a line is refused: where, and what was expected there.
struct SampleFault: Error {
  var kind: InputProblem.Kind
  var offset: Int
  var expected: StaticString
  /// The fault speaks of what stands at `offset`; otherwise the sentence is complete.
  var showsFound = true
}

/// Reads one line in place.
struct SampleLine {
  let base: UnsafePointer<UInt8>
  let end: Int
  let dialect: SampleDialect
  private(set) var at = 0

  init(_ line: UnsafeRawBufferPointer, dialect: SampleDialect) {
    base = line.baseAddress!.assumingMemoryBound(to: UInt8.self)
    end = line.count
    self.dialect = dialect
  }

  private var byte: UInt8 { at < end ? base[at] : 0 }

  private mutating func skipBlanks() {
    while at < end, base[at] == 0x20 || base[at] == 0x09 { at += 1 }
  }

  private func bytes(_ from: Int, _ to: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + from, count: to - from)
  }

  /// The metric's name, if the line starts with one that needs no unescaping; so that unwanted lines end here.
  ///
  /// - Returns: Its bytes, or `nil` if only reading the labels tells.
  func plainName() -> UnsafeRawBufferPointer? {
    if end > 0, isName(base[0], first: true) {
      var stop = 1
      while stop < end, isName(base[stop], first: false) { stop += 1 }
      return bytes(0, stop)
    }
    let start = 11
    guard dialect == .tsdbDump, end > start, memcmp(base, "{__name__=\"", start) == 0 else { return nil }
    var stop = start
    while stop < end, base[stop] != UInt8(ascii: "\"") {
      if base[stop] == UInt8(ascii: "\\") { return nil }
      stop += 1
    }
    return stop < end && stop > start ? bytes(start, stop) : nil
  }

  /// Reads the labels into the open sample of `batch`.
  ///
  /// - Returns: The metric's number; `nil` if it is not wanted.
  mutating func readSeries(_ batch: inout MetricBatch, names: MetricNames) throws(SampleFault) -> Int? {
    var metric: Int?
    var isNamed = false
    let start = at
    while at < end, isName(base[at], first: at == start) { at += 1 }
    if at > start {
      isNamed = true
      metric = names.look(up: bytes(start, at))
      if metric == nil { return nil }
    }
    skipBlanks()
    if byte == UInt8(ascii: "{") {
      at += 1
      var labelNames = LabelNames()
      while true {
        skipBlanks()
        if byte == UInt8(ascii: "}"), at < end { break }
        let nameAt = at
        let nameStart = batch.labelCount
        let isQuoted = byte == UInt8(ascii: "\"")
        if isQuoted { try readQuoted(&batch) } else { try readLabelName(&batch) }
        let nameEnd = batch.labelCount
        skipBlanks()
        let isMetric: Bool
        if byte == UInt8(ascii: "=") {
          at += 1
          skipBlanks()
          isMetric = !isQuoted && batch.labelBytes(from: nameStart).elementsEqual("__name__".utf8)
          guard nameEnd > nameStart else { throw SampleFault(kind: .label, offset: nameAt, expected: "a label name") }
          if isMetric { batch.removeLabelBytes(from: nameStart) } else { batch.appendLabelByte(0) }
          guard byte == UInt8(ascii: "\"") else {
            throw SampleFault(kind: .label, offset: at, expected: "a label value in double quotes")
          }
          let valueStart = batch.labelCount
          try readQuoted(&batch)
          if !isMetric {
            guard labelNames.insert(batch, from: nameStart, to: nameEnd) else {
              throw SampleFault(
                kind: .label, offset: nameAt, expected: "each label once, found the same name again", showsFound: false)
            }
            // An empty value is the same as no label.
            if batch.labelCount == valueStart {
              batch.removeLabelBytes(from: nameStart)
              labelNames.emptied()
            } else {
              batch.appendLabelByte(0)
            }
          }
        } else {
          guard isQuoted else { throw SampleFault(kind: .label, offset: at, expected: "`=` after the label name") }
          isMetric = true
        }
        if isMetric {
          guard !isNamed else {
            throw SampleFault(
              kind: .label, offset: nameAt, expected: "one metric name, found a second one", showsFound: false)
          }
          isNamed = true
          let name = Array(batch.labelBytes(from: nameStart))
          guard !name.isEmpty else { throw SampleFault(kind: .syntax, offset: nameAt, expected: "a metric name") }
          batch.removeLabelBytes(from: nameStart)
          metric = name.withUnsafeBytes { names.look(up: $0) }
          if metric == nil { return nil }
        }
        skipBlanks()
        if byte == UInt8(ascii: ",") {
          at += 1
        } else if byte != UInt8(ascii: "}") || at >= end {
          throw SampleFault(kind: .label, offset: at, expected: "`,` or `}` after the label")
        }
      }
      at += 1
    }
    guard isNamed else { throw SampleFault(kind: .syntax, offset: start, expected: "a metric name") }
    return metric
  }

  private mutating func readLabelName(_ batch: inout MetricBatch) throws(SampleFault) {
    let start = at
    // A colon is for metric names only.
    while at < end, base[at] != UInt8(ascii: ":"), isName(base[at], first: at == start) { at += 1 }
    guard at > start else { throw SampleFault(kind: .label, offset: at, expected: "a label name or `}`") }
    batch.appendLabelBytes(bytes(start, at))
  }

  /// Appends what stands between the quotes, unescaped.
  private mutating func readQuoted(_ batch: inout MetricBatch) throws(SampleFault) {
    let open = at
    let target = batch.labelCount
    at += 1
    var run = at
    var isASCII = true
    while true {
      guard at < end else { throw SampleFault(kind: .label, offset: at, expected: "a closing `\"`") }
      let byte = base[at]
      if byte == UInt8(ascii: "\"") { break }
      if byte == 0 {
        throw SampleFault(kind: .label, offset: at, expected: "a value without NUL bytes", showsFound: false)
      }
      if byte >= 0x80 { isASCII = false }
      if byte == UInt8(ascii: "\\") {
        batch.appendLabelBytes(bytes(run, at))
        if try !readEscape(&batch) { isASCII = false }
        run = at
      } else {
        at += 1
      }
    }
    batch.appendLabelBytes(bytes(run, at))
    at += 1
    // Repaired text could make two series one.
    if !isASCII, !batch.labelBytes(from: target).withUnsafeBytes(isValidUTF8) {
      throw SampleFault(kind: .label, offset: open, expected: "UTF-8")
    }
  }

  /// - Returns: Whether what it stands for is ASCII.
  private mutating func readEscape(_ batch: inout MetricBatch) throws(SampleFault) -> Bool {
    let start = at
    at += 2
    guard start + 1 < end else { throw SampleFault(kind: .label, offset: start, expected: "a character after `\\`") }
    switch base[start + 1] {
    case UInt8(ascii: "\\"): batch.appendLabelByte(UInt8(ascii: "\\"))
    case UInt8(ascii: "\""): batch.appendLabelByte(UInt8(ascii: "\""))
    case UInt8(ascii: "n"): batch.appendLabelByte(0x0A)
    case let other where dialect == .tsdbDump:
      switch other {
      case UInt8(ascii: "a"): batch.appendLabelByte(0x07)
      case UInt8(ascii: "b"): batch.appendLabelByte(0x08)
      case UInt8(ascii: "t"): batch.appendLabelByte(0x09)
      case UInt8(ascii: "v"): batch.appendLabelByte(0x0B)
      case UInt8(ascii: "f"): batch.appendLabelByte(0x0C)
      case UInt8(ascii: "r"): batch.appendLabelByte(0x0D)
      case UInt8(ascii: "x"):
        let value = try readHex(2, from: start)
        batch.appendLabelByte(UInt8(value))
        return value < 0x80
      case UInt8(ascii: "u"), UInt8(ascii: "U"):
        let value = try readHex(other == UInt8(ascii: "u") ? 4 : 8, from: start)
        guard let scalar = Unicode.Scalar(value) else {
          throw SampleFault(kind: .label, offset: start, expected: "a Unicode scalar")
        }
        for unit in UTF8.encode(scalar)! { batch.appendLabelByte(unit) }
      default: throw SampleFault(kind: .label, offset: start, expected: "an escape that Go knows")
      }
    default: throw SampleFault(kind: .label, offset: start, expected: "`\\\\`, `\\\"` or `\\n`")
    }
    return true
  }

  private mutating func readHex(_ digits: Int, from start: Int) throws(SampleFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard at < end, let digit = hexDigit(base[at]) else {
        throw SampleFault(kind: .label, offset: start, expected: "an escape that Go knows")
      }
      value = value &<< 4 | digit
      at += 1
    }
    guard value != 0 else {
      throw SampleFault(kind: .label, offset: start, expected: "a value without NUL bytes", showsFound: false)
    }
    return value
  }

  /// Reads the value and the time, up to the end of the line.
  mutating func readValue() throws(SampleFault) -> (value: Double, time: Int64?) {
    skipBlanks()
    let valueAt = at
    let token = readToken()
    guard let value = parseDouble(token) else {
      throw SampleFault(kind: .value, offset: valueAt, expected: "a number")
    }
    skipBlanks()
    if at == end {
      guard dialect == .prometheus else {
        throw SampleFault(kind: .time, offset: at, expected: "a time in milliseconds after the value")
      }
      return (value, nil)
    }
    let timeAt = at
    guard let time = parseInteger(readToken()) else {
      throw SampleFault(kind: .time, offset: timeAt, expected: "a time in whole milliseconds")
    }
    // A hundred thousand years either way: far beyond any clock, near enough that sums cannot overflow.
    guard time.magnitude < 1 << 52 else {
      throw SampleFault(kind: .time, offset: timeAt, expected: "a time within 100,000 years of 1970")
    }
    skipBlanks()
    guard at == end else { throw SampleFault(kind: .syntax, offset: at, expected: "the end of the line") }
    return (value, time)
  }

  private mutating func readToken() -> UnsafeRawBufferPointer {
    let start = at
    while at < end, base[at] != 0x20, base[at] != 0x09 { at += 1 }
    return bytes(start, at)
  }
}

/// The label names of one line, to find one that comes twice.
private struct LabelNames {
  private var names: [(start: Int, end: Int)] = []
  private var lookup: Set<[UInt8]> = []

  /// - Returns: False if it was there before.
  mutating func insert(_ batch: MetricBatch, from start: Int, to end: Int) -> Bool {
    // Comparing all pairs is quickest for the usual handful, and quadratic for a hostile line.
    if names.count < 24 {
      let all = batch.labelBytes(from: 0)
      for name in names where name.end - name.start == end - start {
        if all[name.start..<name.end].elementsEqual(all[start..<end]) { return false }
      }
      names.append((start, end))
      return true
    }
    let all = batch.labelBytes(from: 0)
    if lookup.isEmpty { for name in names { lookup.insert(Array(all[name.start..<name.end])) } }
    return lookup.insert(Array(all[start..<end])).inserted
  }

  /// The newest name was taken back: its bytes are gone.
  mutating func emptied() { if lookup.isEmpty { names.removeLast() } }
}

/// Letters, `_` and `:`, and digits except at the start. Two words of bits, since a table would be a load per byte.
@inline(__always)
private func isName(_ byte: UInt8, first: Bool) -> Bool {
  let letters: UInt64 = 0x07FF_FFFE_87FF_FFFE
  let others: UInt64 = first ? 0x0400_0000_0000_0000 : 0x07FF_0000_0000_0000
  if byte < 64 { return others >> UInt64(byte) & 1 != 0 }
  return byte < 128 && letters >> UInt64(byte - 64) & 1 != 0
}

private func hexDigit(_ byte: UInt8) -> UInt32? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}

func isValidUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
  String(validating: bytes, as: UTF8.self) != nil
}
