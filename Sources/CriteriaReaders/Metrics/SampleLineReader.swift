import Glibc

/// Prometheus text (0.0.4) and `promtool tsdb dump`: one sample a line.
///
/// Histograms and summaries are their plain series. `# TYPE`, `# HELP` and other comments say nothing that is needed here.
/// Lines of metrics that nobody wants end after their name.
package struct SampleLineReader: MetricReader {
  package let format: MetricFormat
  package private(set) var counts = ReadCounts()
  package private(set) var problems: ProblemLog
  package private(set) var types: [String: String] = [:]
  private let lines: LineStream
  private let dialect: SampleDialect
  private let names: MetricNames
  /// The name of the line before, copied, and its number: neighbours mostly share it.
  private var lastName: [UInt8] = []
  private var lastMetric: Int?

  package init(_ lines: LineStream, dialect: SampleDialect, names: MetricNames, problemLimit: Int = 100) {
    self.lines = lines
    self.dialect = dialect
    self.names = names
    format = dialect == .prometheus ? .prometheus : .tsdbDump
    problems = ProblemLog(limit: problemLimit)
  }

  package mutating func next(into batch: inout MetricBatch) -> Bool {
    batch.removeAll()
    switch lines.step(&counts, &problems) {
    case .lines(let block):
      read(block, into: &batch)
      return true
    case .refused: return true
    case nil: return false
    }
  }

  private mutating func read(_ block: UnsafeRawBufferPointer, into batch: inout MetricBatch) {
    var start = 0
    while start < block.count {
      let from = block.baseAddress! + start
      let newline = memchr(from, 0x0A, block.count - start)
      var length = newline.map { UnsafeRawPointer($0) - from } ?? block.count - start
      start += length + 1
      counts.lines += 1
      if length > lines.longestLine {
        lines.refuseLongLine(&counts, &problems)
        continue
      }
      if length > 0, from.load(fromByteOffset: length - 1, as: UInt8.self) == 0x0D { length -= 1 }
      var offset = 0
      // A byte order mark is no part of the first line.
      if counts.lines == 1, length >= 3, memcmp(from, "\u{FEFF}", 3) == 0 { offset = 3 }
      while offset < length {
        let byte = from.load(fromByteOffset: offset, as: UInt8.self)
        if byte != 0x20 && byte != 0x09 { break }
        offset += 1
      }
      if offset == length || from.load(fromByteOffset: offset, as: UInt8.self) == UInt8(ascii: "#") {
        counts.comments += 1
        if length - offset > 7 { noteType(UnsafeRawBufferPointer(start: from + offset, count: length - offset)) }
        continue
      }
      read(line: UnsafeRawBufferPointer(start: from, count: length), from: offset, into: &batch)
    }
  }

  /// `# TYPE name type`
  private mutating func noteType(_ line: UnsafeRawBufferPointer) {
    guard line[2] == UInt8(ascii: "T"), line.starts(with: "# TYPE ".utf8), types.count < 1 << 16 else { return }
    let words = line.split(separator: 0x20)
    if words.count == 4 { types[String(decoding: words[2], as: UTF8.self)] = String(decoding: words[3], as: UTF8.self) }
  }

  private mutating func read(line: UnsafeRawBufferPointer, from offset: Int, into batch: inout MetricBatch) {
    var sample = SampleLine(UnsafeRawBufferPointer(rebasing: line[offset...]), dialect: dialect)
    if let name = sample.plainName(), number(of: name) == nil {
      counts.unwanted += 1
      return
    }
    batch.openSample()
    do throws(SampleFault) {
      guard let metric = try sample.readSeries(&batch, names: names) else {
        counts.unwanted += 1
        batch.dropSample()
        return
      }
      let (value, time) = try sample.readValue()
      batch.append(metric: metric, value: value, time: time, line: counts.lines)
      counts.kept += 1
    } catch {
      batch.dropSample()
      counts.refused += 1
      let number = counts.lines
      let file = lines.bytes.name
      problems.add(error.kind) { error.problem(file: file, line: number, text: line, offset: offset) }
    }
  }

  private mutating func number(of name: UnsafeRawBufferPointer) -> Int? {
    let isSame = lastName.withUnsafeBytes { last in
      last.count == name.count && memcmp(last.baseAddress!, name.baseAddress!, name.count) == 0
    }
    if isSame { return lastMetric }
    lastName.removeAll(keepingCapacity: true)
    lastName.append(contentsOf: name)
    lastMetric = names.look(up: name)
    return lastMetric
  }
}

extension SampleFault {
  func problem(file: String, line: Int, text: UnsafeRawBufferPointer, offset: Int) -> InputProblem {
    let place = min(self.offset + offset, text.count)
    // Continuation bytes do not start a character.
    let column = text[..<place].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    var message = "expected \(expected)"
    if showsFound {
      let rest = text[place...]
      let token = rest.prefix { $0 != 0x20 && $0 != 0x09 }
      message += rest.isEmpty ? ", found the end of the line" : ", found \(excerpt(token.isEmpty ? rest : token))"
    }
    return InputProblem(kind, file: file, line: line, column: column, message)
  }
}
