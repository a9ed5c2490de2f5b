/// OpenMetrics text 1.0, held to its rules: what a conforming parser must reject is a problem here.
///
/// A line that cannot be read is refused. What breaks the rules of its family (a counter below zero, a histogram without its
/// last bucket, a missing `# EOF`) is a problem, and the samples are used all the same: writers in the field do break them.
struct OpenMetricsReader: MetricReader {
  let format = MetricFormat.openMetrics
  private(set) var counts = ReadCounts()
  private(set) var problems: ProblemLog
  /// What the exposition says of its metrics' types.
  private(set) var types: [String: String] = [:]
  private let lines: LineStream
  private let names: MetricNames
  private var family: OpenMetricsFamily?
  /// Names of families that are complete, with their samples' names.
  private var claimed: Set<[UInt8]> = []
  private var sawEnd = false
  private var isFinished = false
  private var lastSample = 0

  init(_ lines: LineStream, names: MetricNames, problemLimit: Int) {
    self.lines = lines
    self.names = names
    problems = ProblemLog(limit: problemLimit)
  }

  mutating func next(into batch: inout MetricBatch) -> Bool {
    batch.removeAll()
    switch lines.step(&counts, &problems) {
    case .lines(let block):
      var rest = LinesOfBlock(block)
      while let line = rest.next() {
        counts.lines += 1
        if line.count > lines.longestLine {
          lines.refuseLongLine(&counts, &problems)
        } else {
          read(counts.lines == 1 ? withoutMark(line) : line, into: &batch)
        }
      }
      return true
    case .refused: return true
    case nil:
      finish()
      return false
    }
  }

  private mutating func finish() {
    if isFinished { return }
    isFinished = true
    finishFamily()
    if !sawEnd {
      report(.syntax, line: counts.lines, column: 0, "expected `# EOF` at the end: the exposition may be cut off")
    }
  }

  private mutating func read(_ line: UnsafeRawBufferPointer, into batch: inout MetricBatch) {
    if sawEnd {
      refuse(.syntax, column: 1, "expected nothing behind `# EOF`")
    } else if line.isEmpty {
      refuse(.syntax, column: 1, "expected no blank line")
    } else if line.elementsEqual("# EOF".utf8) {
      sawEnd = true
      counts.comments += 1
    } else if line[0] == UInt8(ascii: "#") {
      if let problem = readMetadata(line) { refuse(.syntax, column: 1, problem) } else { counts.comments += 1 }
    } else {
      readSample(line, into: &batch)
    }
  }

  // MARK: Metadata

  /// - Returns: What is wrong with the line; `nil` if nothing is.
  private mutating func readMetadata(_ line: UnsafeRawBufferPointer) -> String? {
    let form = "expected `# TYPE`, `# HELP` or `# UNIT`, a metric name and a text, or `# EOF`"
    guard line.count > 7, line[1] == 0x20, line[6] == 0x20 else { return form }
    let keyword = String(decoding: line[2..<6], as: UTF8.self)
    guard ["TYPE", "HELP", "UNIT"].contains(keyword) else { return form }
    guard let (name, end) = metadataName(line, from: 7), end < line.count, line[end] == 0x20 else { return form }
    let text = line[(end + 1)...]
    guard isValidUTF8(UnsafeRawBufferPointer(rebasing: text)) else { return "expected UTF-8" }
    if family?.name != name {
      finishFamily()
      family = OpenMetricsFamily(name)
    }
    switch keyword {
    case "HELP": return family!.help()
    case "TYPE":
      let type = String(decoding: text, as: UTF8.self)
      if types.count < 1 << 20 { types[String(decoding: name, as: UTF8.self)] = type }
      return family!.type(type)
    default: return family!.unit(Array(text))
    }
  }

  private func metadataName(_ line: UnsafeRawBufferPointer, from start: Int) -> (name: [UInt8], end: Int)? {
    var at = start
    if at < line.count, line[at] == UInt8(ascii: "\"") {
      var name: [UInt8] = []
      at += 1
      while at < line.count, line[at] != UInt8(ascii: "\"") {
        if line[at] == UInt8(ascii: "\\"), at + 1 < line.count { at += 1 }
        name.append(line[at])
        at += 1
      }
      return at < line.count && !name.isEmpty ? (name, at + 1) : nil
    }
    while at < line.count, isNameByte(line[at], first: at == start, colon: true) { at += 1 }
    return at > start ? (Array(line[start..<at]), at) : nil
  }

  // MARK: Samples

  private mutating func readSample(_ line: UnsafeRawBufferPointer, into batch: inout MetricBatch) {
    batch.openSample()
    var reader = OpenMetricsLine(line)
    let sample: OpenMetricsSample
    do throws(SampleFault) {
      sample = try reader.readSample(into: &batch)
    } catch {
      batch.dropSample()
      counts.refused += 1
      let (file, number) = (lines.bytes.name, counts.lines)
      problems.add(error.kind) { error.problem(file: file, line: number, text: line, offset: 0) }
      return
    }
    if family?.suffix(of: sample.name) == nil {
      finishFamily()
      family = OpenMetricsFamily(sample.name, type: .unknown)
    }
    let all = batch.labelBytes(from: 0)
    let labels = reader.labels.map { (name: all[$0.name], value: all[$0.value]) }
    let suffix = family!.suffix(of: sample.name) ?? ""
    let problem = family!.add(sample, suffix: suffix, labels: labels)
    if let lacking = family!.finishGroup(isEnd: false) { report(.conflict, line: lastSample, column: 0, lacking) }
    lastSample = counts.lines
    if let problem { report(problem.kind, line: counts.lines, column: 1, problem.message) }
    guard let metric = sample.name.withUnsafeBytes({ names.look(up: $0) }) else {
      counts.unwanted += 1
      batch.dropSample()
      return
    }
    batch.dropEmptyLabels(reader.labels)
    // A time that our clock cannot hold is the furthest that it can.
    let time = sample.time.map { Int64(min(max(($0 * 1000).rounded(), -0x1p51), 0x1p51)) }
    batch.append(metric: metric, value: sample.value, time: time, line: counts.lines)
    counts.kept += 1
  }

  /// Ends the family that is open.
  private mutating func finishFamily() {
    guard var ended = family else { return }
    family = nil
    if let lacking = ended.finishGroup(isEnd: true) { report(.conflict, line: lastSample, column: 0, lacking) }
    let names = ended.claimedNames
    if let clash = names.first(where: { claimed.contains($0) }) {
      report(
        .conflict, line: counts.lines, column: 0,
        "expected all of \(excerpt(clash)) to stand together and to be of one metric; it was met before")
    }
    claimed.formUnion(names)
  }

  // MARK: Problems

  private mutating func report(
    _ kind: InputProblem.Kind, line: Int, column: Int, _ message: @autoclosure () -> String
  ) {
    let file = lines.bytes.name
    problems.add(kind) { InputProblem(kind, file: file, line: line, column: column, message()) }
  }

  private mutating func refuse(_ kind: InputProblem.Kind, column: Int, _ message: @autoclosure () -> String) {
    counts.refused += 1
    report(kind, line: counts.lines, column: column, message())
  }
}
