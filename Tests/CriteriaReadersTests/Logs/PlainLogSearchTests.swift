import CriteriaEngine
import CriteriaReaders
import Glibc
import Testing

/// - Parameter few: Only of some sources, so that most lines are of none.
private func logs(few: Bool = false) throws -> [InputFilter.LogPattern] {
  let ofFew = [
    (["kernel"], "error|panic"), (["kern*"], "(x+)+$"), (["kernel"], "^(?i)oops"), (["kernel"], "kernel"),
    (["cron(x)"], "_foo$"), (["kernel"], "\\b5\\d\\d\\b"), (["kernel"], "(\\w)\\1"),
  ]
  return try few
    ? ofFew.map { try pattern($0, $1) }
    : [
      (["kernel"], "error|panic"), (["kern*", "app"], "^(?i)oops"), (["any"], "\\b5\\d\\d\\b"),
      (["sshd"], "session (\\w)\\1"),
      (["kernel"], "(x+)+$"), (["app"], "_foo$"), (["cron"], "^kernel"), (["app"], "comb"),
    ].map { try pattern($0, $1) }
}

private func pattern(_ sources: [String], _ pattern: String) throws -> InputFilter.LogPattern {
  var limits = PatternLimits()
  limits.steps = 2000
  return InputFilter.LogPattern(sources: sources, regex: try Regex(pattern: pattern, limits: limits))
}

private func read(
  _ texts: [[UInt8]], _ filter: InputFilter, _ chunk: Int, step: Int64, every: Bool, spec: InputSpec
) -> AssembledInput {
  var options = InputOptions()
  options.chunk = chunk
  options.longestLine = 400
  options.step = step
  options.readsEveryHeader = every
  var assembler = InputAssembler(filter: filter, options: options)
  for text in texts { assembler.read(log: ByteStream(text, name: spec.path, chunk: chunk), spec) }
  return assembler.finish(fallback: 1_795_395_723_000)
}

/// Lines of one way to write headers, mostly in order of time, of several hosts and programs; and what is in logs besides.
private func randomLog(_ dice: inout Dice, kernelShare: Int? = nil) -> [UInt8] {
  let style = dice.below(8)
  var clock = 3600 * 5 + dice.below(3600)
  let manyHosts = (0..<200).map { "web-\($0 * $0).\($0 % 3 == 0 ? "eu-central-1.compute.internal" : "lan")" }
  let hosts = dice.chance(40) ? ["combo"] : dice.chance(80) ? ["combo", "web-1", "web-2"] : manyHosts
  let words = [
    "error", "panic", "oops", "Oops", "500", "x512", "session aa", "session ab", "xxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxx!",
    "fine",
    "[ 12.3] a", "kernel", "_foo", "combo", "é",
  ]
  var text: [UInt8] = dice.chance(10) ? Array("\u{FEFF}".utf8) : []
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  for _ in 0..<(20 + dice.below(200)) {
    if dice.chance(60) { clock += dice.below(4) }
    if dice.chance(5) { clock += dice.below(200) - 80 }
    let second = dice.chance(1) ? 60 : clock % 60
    let time = "\(two(clock / 3600 % 24)):\(two(clock / 60 % 60)):\(two(second))"
    let host = dice.pick(hosts)
    let isOther = kernelShare.map { !dice.chance($0) } ?? false
    let program =
      isOther
      ? dice.pick(["app[\(dice.below(9999))]", "sshd[\(dice.below(30000))]", "ftpd"])
      : dice.pick([
        "kernel", "kernel", "kernel", "app", "sshd[\(dice.below(30000))]", "cron[7]", "cron(x)[\(dice.below(9))]",
        "kernlog", "sshd[\(dice.below(2) * 123_456_789_012)]", "sshd[12x]",
        "a-program-with-quite-a-long-name[\(dice.below(99))]",
      ])
    let message = (0...dice.below(3)).map { _ in dice.pick(words) }.joined(separator: " ")
    let fraction = dice.chance(90) ? ".\(100_000 + dice.below(899_999))" : ".\(dice.below(90))"
    var line: String
    switch style {
    case 0:
      line = "Jun \(dice.chance(3) ? "10" : " 9") \(time)\(dice.chance(2) ? "Z" : "") \(host) \(program): \(message)"
    case 1: line = "2026-11-23T\(time)\(fraction)\(dice.chance(2) ? "" : "+01:00") \(host) \(program): \(message)"
    case 2: line = "2026-11-23 \(time),\(100 + dice.below(900)) \(message)"
    case 3: line = "[ \(clock).\(100_000 + dice.below(899_999))] \(message)"
    case 6: line = "2026-11-23T\(time)Z \(host) \(dice.chance(95) ? "\(program): " : "ERROR main: ")\(message)"
    case 7: line = "[Thu Nov 23 \(time)\(fraction) 2026] [error] \(message)"
    case 4: line = "<\(dice.below(190))>Jun  9 \(time)\(dice.chance(30) ? "" : " \(host)") \(program): \(message)"
    default: line = "- 11178 2005.06.03 R02 \(message)"
    }
    switch dice.below(44) {
    case 8: line = "Jun  9 \(time) \(host) syslogd 1.4.1: restart \(message)"
    case 9: line = "Jun  9 \(time) \(host) -- root[2421]: \(message)"
    case 10: line = "2026-11-23T\(time)Z ERROR \(message): \(message)"
    case 11: line = "Jun  9 \(time) \(program): \(message)"
    case 0: line = "\tat \(message)"
    case 1: line = message
    case 2: line = "Jun  9 \(time) \(host) \(message)"
    case 3: line = ""
    case 4: line = "Jun  9 \(time)_foo"
    case 5: line = String(repeating: "y", count: 380 + dice.below(60)) + " error"
    case 6: line = "2026-11-23T\(time)Z_foo"
    case 7: line += "\r"
    default: break
    }
    text += Array(line.utf8)
    if dice.chance(2) { text.append(0xFF) }
    if dice.chance(1) { text.append(0) }
    text += Array(dice.chance(10) ? "\r\n".utf8 : "\n".utf8)
  }
  if dice.chance(50) { text.removeLast() }
  return text
}

@Suite("plain logs are searched, not read")
struct PlainLogSearchTests {
  @Test("what comes of it is what comes of reading each line", arguments: 0..<40)
  func same(seed: UInt64) throws {
    let filters = [
      InputFilter(metrics: [:], logs: try logs()), InputFilter(metrics: [:], logs: try logs(few: true)),
    ]
    var dice = Dice(seed + 1)
    for _ in 0..<12 {
      let filter = dice.pick(filters)
      let share: Int? = dice.chance(50) ? dice.pick([3, 10, 20, 40]) : nil
      let texts = (0...dice.below(2)).map { _ in randomLog(&dice, kernelShare: share) }
      let step: Int64 = dice.pick([30_000, 60_000, 1000, 7000, 3_600_000])
      var spec = InputSpec(path: "app.log")
      if dice.chance(20) { spec.instance = "given" }
      if dice.chance(20) { spec.source = dice.pick(["kernel", "other"]) }
      let expected = read(texts, filter, 1 << 18, step: step, every: true, spec: spec)
      for chunk in [1 << 18, 1 + dice.below(900)] {
        let found = read(texts, filter, chunk, step: step, every: false, spec: spec)
        if let difference = found.difference(from: expected) {
          Issue.record("step \(step), chunk \(chunk): \(difference)")
          return
        }
      }
    }
  }

  @Test("more lines of wanted sources than can wait at once")
  func manyWait() throws {
    let filter = InputFilter(metrics: [:], logs: try logs(few: true))
    var text = ""
    for second in 0..<4000 {
      let time =
        "0\(second / 3600):\(String(100 + second / 60 % 60).dropFirst()):\(String(100 + second % 60).dropFirst())"
      text += "Jun  9 \(time) combo kernel: \(second % 997 == 0 ? "panic" : "fine")\n at some place\n"
    }
    let spec = InputSpec(path: "app.log")
    for chunk in [1 << 18, 50_000] {
      let expected = read([Array(text.utf8)], filter, chunk, step: 30_000, every: true, spec: spec)
      let found = read([Array(text.utf8)], filter, chunk, step: 30_000, every: false, spec: spec)
      #expect(found.difference(from: expected) == nil)
    }
  }

  @Test("logs that are read at once come to what they come to one after the other", arguments: 0..<20)
  func parts(seed: UInt64) throws {
    var dice = Dice(seed + 5000)
    let filter = InputFilter(metrics: [:], logs: try logs(few: dice.chance(50)))
    var options = InputOptions()
    options.longestLine = 400
    options.step = dice.pick([30_000, 3_600_000])
    let logs = (0..<(2 + dice.below(4))).map { index -> (text: [UInt8], spec: InputSpec) in
      var spec = InputSpec(path: "\(index).log")
      if dice.chance(30) { spec.instance = "given" }
      if dice.chance(30) { spec.source = "kernel" }
      return (randomLog(&dice, kernelShare: 30), spec)
    }
    var one = InputAssembler(filter: filter, options: options)
    for log in logs { one.read(log: ByteStream(log.text, name: log.spec.path), log.spec) }
    var other = InputAssembler(filter: filter, options: options)
    let matcher = other.makeMatcher()
    // Read in any order, taken over in theirs.
    let parts = logs.reversed().map { log in
      var part = other.part(searchingBy: matcher)
      part.read(log: ByteStream(log.text, name: log.spec.path), log.spec)
      return part
    }
    for part in parts.reversed() { other.take(part) }
    let expected = one.finish(fallback: 1_795_395_723_000)
    #expect(other.finish(fallback: 1_795_395_723_000).difference(from: expected) == nil)
  }

  /// As `rulecheck match` shows it.
  private struct Shown: Hashable {
    var line: Int
    var source: String
    var message: [UInt8]
    var pattern: Int
    var outcome: MatchOutcome
  }

  @Test("lines that patterns hit are those of a reader that reads each line", arguments: 0..<40)
  func hits(seed: UInt64) throws {
    var dice = Dice(seed + 1000)
    let regexes = try logs().map(\.regex)
    for _ in 0..<12 {
      let text = randomLog(&dice)
      let source = dice.chance(20) ? "kernel" : nil
      let wanted = dice.chance(50) ? ["kern*", "sshd"] : nil
      func lines(_ chunk: Int) -> LineStream {
        LineStream(ByteStream(text, name: "app.log", chunk: chunk), chunk: chunk, longestLine: 400)
      }
      var expected: [Shown] = []
      let names = SourceNames(wanted: wanted)
      let matcher = LogMatcher(regexes.map { .init($0) })
      var reader = PlainLogReader(lines(1 << 18), source: source, defaultSource: "app", sources: names)
      var batch = LogBatch()
      while reader.next(into: &batch) {
        batch.scan(with: matcher) { hit in
          let record = batch.records[hit.record]
          guard let source = record.source else { return }
          let message = batch.withMessage(of: record) { Array($0) }
          expected.append(
            Shown(
              line: record.line, source: names.name(source), message: message, pattern: hit.pattern,
              outcome: hit.outcome))
        }
      }
      for chunk in [1 << 18, 1 + dice.below(900)] {
        let names = SourceNames(wanted: wanted)
        var found: [Shown] = []
        var search = try #require(
          PlainLogSearch(
            lines(chunk), for: matcher, source: source, defaultSource: "app", zone: 0, sources: names, layouts: []))
        while search.next({ hit in
          found.append(
            Shown(
              line: hit.line, source: names.name(hit.source), message: Array(hit.message), pattern: hit.pattern,
              outcome: hit.outcome))
        }) {}
        #expect(found == expected, "chunk \(chunk)")
        #expect(search.counts.lines == reader.counts.lines && search.counts.refused == reader.counts.refused)
      }
    }
  }

  @Test("a file that shrinks while it is read ends there, with a problem")
  func shrinking() throws {
    var template = Array("/tmp/shrinking-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    let path = String(cString: template)
    defer {
      close(file)
      unlink(path)
    }
    let line = Array("Jun  9 06:06:20 combo kernel: an error of some length, to fill pages with\n".utf8)
    for _ in 0..<20_000 { _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } }
    let stream = try ByteStream(opening: path)
    let lines = LineStream(stream, chunk: 1 << 16)
    guard case .lines(let first)? = lines.next() else { return #expect(Bool(false), "no lines") }
    #expect(first.starts(with: line))
    ftruncate(file, 1 << 17)
    var count = 0
    while case .lines(let block)? = lines.next() { count += block.count }
    #expect(stream.failure != nil)
    #expect(count < line.count * 20_000)
  }

  @Test("a mapped file reads as one that is not")
  func mapped() throws {
    var dice = Dice(77)
    var text: [UInt8] = []
    while text.count < 100_000 { text += randomLog(&dice) + [0x0A] }
    var template = Array("/tmp/mapped-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    let path = String(cString: template)
    defer { unlink(path) }
    _ = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
    for longest in [50, 400, 1 << 20] {
      for chunk in [100, 4096, 1 << 18] {
        func blocks(_ bytes: ByteStream) -> ([UInt8], Int) {
          let lines = LineStream(bytes, chunk: chunk, longestLine: longest)
          var all: [UInt8] = []
          var others = 0
          while let block = lines.next() {
            if case .lines(let bytes) = block {
              // A block may hold a line that is too long, if it came at once.
              all += bytes.split(separator: 0x0A, omittingEmptySubsequences: false).filter { $0.count <= longest }
                .joined(separator: [0x0A])
            } else {
              others += 1
            }
          }
          return (all, others)
        }
        let found = blocks(try ByteStream(opening: path))
        let expected = blocks(ByteStream(text, name: path))
        // Which long lines come in a block differs, what is left of the text does not.
        #expect(found.0.filter { $0 != 0x0A } == expected.0.filter { $0 != 0x0A }, "\(longest), \(chunk)")
      }
    }
  }
}
