import CriteriaDiagnostics
import CriteriaEngine
import CriteriaReaders

/// The messages of a log, as one text of lines: what patterns are measured on.
struct SampleLines {
  let path: String
  let text: [UInt8]
  let lines: Int
  /// There was more.
  let isCut: Bool

  /// More would say no more.
  private static let most = 64 << 20

  /// - Throws: `Failure` if it cannot be read, or holds no lines.
  init(reading path: String) throws {
    self.path = path
    var text: [UInt8] = []
    var lines = 0
    do {
      let stream = LineStream(try ByteStream(opening: path))
      var reader = logReader(stream, source: nil, defaultSource: "sample", sources: SourceNames(wanted: nil))
      var batch = LogBatch()
      while text.count < Self.most, reader.next(into: &batch) {
        for record in batch.records {
          batch.withMessage(of: record) { text.append(contentsOf: $0) }
          text.append(0x0A)
          lines += 1
        }
      }
    } catch let error as InputError {
      throw Failure(error.description)
    }
    if lines == 0 { throw Failure("`\(escaped(path))` has no lines to measure patterns on") }
    isCut = text.count >= Self.most
    self.text = text
    self.lines = lines
  }
}

/// How lines are searched for each pattern of a policy, and what that costs on a log.
struct PatternCosts {
  private struct Measure {
    /// Lines that PCRE2 is asked about.
    var searched = 0
    var matches = 0
    /// Lines at the match limit.
    var limits = 0
    var nanosecondsPerLine = 0.0
  }

  private let patterns: [PolicyCost.Pattern]
  private let sample: SampleLines?
  private let measures: [Measure]
  private let together: Measure?

  init(_ patterns: [PolicyCost.Pattern], sample: SampleLines?) {
    self.patterns = patterns
    self.sample = patterns.isEmpty ? nil : sample
    measures = sample.map { sample in patterns.map { Self.measure([$0.regex], sample) } } ?? []
    together = self.sample.map { Self.measure(patterns.map(\.regex), $0) }
  }

  /// The least of three times: others are at work on the machine too.
  private static func measure(_ regexes: [Regex], _ sample: SampleLines) -> Measure {
    let matcher = LogMatcher(regexes.map { .init($0) })
    var best = Measure()
    best.nanosecondsPerLine = .infinity
    sample.text.withUnsafeBytes { text in
      for _ in 0..<3 {
        var one = Measure()
        let time = ContinuousClock().measure {
          matcher.scan(text) { hit in
            if hit.outcome == .match { one.matches += 1 } else { one.limits += 1 }
          }
        }
        one.nanosecondsPerLine =
          (Double(time.components.seconds) * 1e9 + Double(time.components.attoseconds) * 1e-9) / Double(sample.lines)
        if one.nanosecondsPerLine < best.nanosecondsPerLine { best = one }
      }
      matcher.scanCandidates(text) { pattern, _, _ in
        if !matcher.patterns[pattern].analysis.isWhole { best.searched += 1 }
      }
    }
    return best
  }

  var text: String {
    if patterns.isEmpty { return "" }
    var rows = patterns.map { [escaped($0.signal), $0.kind.rawValue] }
    var text = "  how lines are searched for each pattern"
    if let sample, let together {
      rows.insert(["", "", "lines searched", "matches", "time a line"], at: 0)
      let all = together.searched
      rows.append(["all together", "", "\(all)", "\(together.matches)", nanoseconds(together)])
      for (index, measure) in measures.enumerated() {
        var cells = ["\(measure.searched)", "\(measure.matches)", nanoseconds(measure)]
        if measure.limits > 0 { cells.append("\(counted(measure.limits, "line")) at the match limit") }
        rows[index + 1] += cells
      }
      text +=
        ", measured on \(counted(sample.lines, "line"))\(sample.isCut ? " (the first)" : "") of \(escaped(sample.path))"
    }
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? displayWidth($0[column]) : 0 }.max() ?? 0
    }
    text += ":\n"
    for row in rows {
      var line = "   "
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - displayWidth(cell))
        // Numbers end at one column, words begin at one.
        line += (2...4).contains(column) ? "  " + padding + cell : (column == 0 ? " " : "  ") + cell + padding
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }

  private func nanoseconds(_ measure: Measure) -> String {
    let tenths = Int((measure.nanosecondsPerLine * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) ns"
  }

  func write(to writer: inout JSONWriter) {
    writer.key("patterns")
    writer.beginArray()
    for (index, pattern) in patterns.enumerated() {
      writer.beginObject()
      writer.member("signal", pattern.signal)
      writer.member("class", pattern.kind.rawValue)
      if index < measures.count { write(measures[index], to: &writer) }
      writer.endObject()
    }
    writer.endArray()
    guard let sample, let together else { return }
    writer.key("sample")
    writer.beginObject()
    writer.member("file", sample.path)
    writer.member("lines", sample.lines)
    writer.member("bytes", sample.text.count)
    write(together, to: &writer)
    writer.endObject()
  }

  private func write(_ measure: Measure, to writer: inout JSONWriter) {
    writer.member("linesSearched", measure.searched)
    writer.member("matches", measure.matches)
    writer.member("limits", measure.limits)
    writer.member("nanosecondsPerLine", measure.nanosecondsPerLine)
  }
}
