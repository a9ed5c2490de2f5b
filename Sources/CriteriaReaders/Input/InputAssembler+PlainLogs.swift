import CReading
import CriteriaEngine
import Glibc

extension InputAssembler {
  /// Reads a plain log by searching it: headers are read of lines that a pattern may match, and of those that are unlike the
  /// lines before them. The others are counted where they lie.
  ///
  /// Where few lines are of a source that somebody asks for, as those of a kernel in a syslog, lines are told apart first, and
  /// only those are searched; where many are, the whole block is searched first.
  ///
  /// What comes of it is what comes of reading each line (`InputOptions.readsEveryHeader`).
  mutating func search(plainLog lines: LineStream, _ spec: InputSpec, _ matcher: LogMatcher, why: String) {
    let base = spec.baseName ?? "stdin"
    let given = spec.instance.map { names.intern($0) }
    var log = PlainLog(
      state: PlainLogState(
        lines.peek(PlainLogState.headSize), source: spec.source, defaultSource: base, zone: options.zone,
        sources: sourceNames),
      problems: ProblemLog(limit: options.problemLimit), file: summary.files.count, given: given,
      fallback: given ?? names.intern(base), longestLine: lines.longestLine, step: options.step)
    while let step = lines.step(&log.counts, &log.problems) {
      guard case .lines(let block) = step else { continue }
      let before = log.counts
      log.linesRead = 0
      if log.known.waits {
        tellApart(block, &log, matcher, lines)
      } else {
        log.find(in: block, by: matcher)
        search(block, &log, matcher, lines)
      }
      log.known.flush { add($0, block, &log) }
      log.choose(lines: log.counts.lines - before.lines, kept: log.counts.kept - before.kept)
    }
    settle(log.seen, &log.firstTimes)
    finishLog(
      lines, spec, log.state.namesSources,
      log.firstTimes.isEmpty ? [log.fallback: FirstTimes()] : log.firstTimes, file: log.file)
    finishFile(lines, format: log.state.format, why: why, counts: log.counts, problems: log.problems)
  }

  private mutating func search(
    _ block: UnsafeRawBufferPointer, _ log: inout PlainLog, _ matcher: LogMatcher, _ lines: LineStream
  ) {
    var place = 0
    var candidate = 0
    while place < block.count {
      let next = candidate < log.candidates.count ? log.candidates[candidate].line : block.count
      // The first line of all may begin with a mark.
      if log.counts.lines > 0, place < next {
        place = log.known.goBy(block, from: place, to: next, longestLine: log.longestLine, &log.counts)
        if place == block.count { break }
        if place < next, let tick = log.known.otherTick(block, place) {
          // The line may have no header, for all its time: then it goes on with what is newest now.
          takeNewest(&log)
          log.known.flush { add($0, block, &log) }
          log.known.enter(tickOf: tick)
          log.known.forgetNewest()
          continue
        }
      }
      var end = candidate
      if place == next { while end < log.candidates.count, log.candidates[end].line == next { end += 1 } }
      place = read(block, place, &log, candidate..<end, matcher, lines)
      candidate = end
    }
  }

  /// The same as `search`, with lines of wanted headers waiting until there is one that must be read.
  private mutating func tellApart(
    _ block: UnsafeRawBufferPointer, _ log: inout PlainLog, _ matcher: LogMatcher, _ lines: LineStream
  ) {
    var place = 0
    while place < block.count {
      if log.counts.lines > 0 {
        place = log.known.goBy(block, from: place, to: block.count, longestLine: log.longestLine, &log.counts)
        let isFull = log.known.isFull
        searchWaiting(block, &log, matcher)
        if isFull { continue }
        if place == block.count { break }
      }
      place = read(block, place, &log, nil, matcher, lines)
    }
  }

  /// Searches the lines that wait, and counts those that match nothing.
  private mutating func searchWaiting(
    _ block: UnsafeRawBufferPointer, _ log: inout PlainLog, _ matcher: LogMatcher
  ) {
    let count = log.known.waitingCount
    if count == 0 { return }
    log.text.removeAll(keepingCapacity: true)
    for index in 0..<count {
      log.text.append(contentsOf: UnsafeRawBufferPointer(rebasing: block[log.known.waitingLine(index).range]))
      log.text.append(0x0A)
    }
    log.find(by: matcher)
    var candidate = 0
    var start = 0
    for index in 0..<count {
      let waiting = log.known.waitingLine(index)
      var end = candidate
      while end < log.candidates.count, log.candidates[end].line == start { end += 1 }
      if end == candidate || !take(waiting, block, &log, candidate..<end, offset: start, matcher) {
        if log.runs[waiting.header]?.add(waiting, in: log.known) != true {
          if let run = log.runs[waiting.header] { add(run.run, block, &log) }
          log.runs[waiting.header] = log.known.run(of: waiting)
        }
      }
      candidate = end
      start += waiting.range.count + 1
    }
    for index in log.runs.indices {
      guard let run = log.runs[index] else { continue }
      add(run.run, block, &log)
      log.runs[index] = nil
    }
    log.known.forgetWaiting()
  }

  /// A line that waited, and may match.
  ///
  /// - Parameter offset: Where it begins in what was searched.
  /// - Returns: False if it does not.
  private mutating func take(
    _ waiting: KnownHeaders.WaitingLine, _ block: UnsafeRawBufferPointer, _ log: inout PlainLog,
    _ candidates: Range<Int>, offset: Int, _ matcher: LogMatcher
  ) -> Bool {
    var range = waiting.range
    if block[range.upperBound - 1] == 0x0D { range = range.dropLast() }
    let line = UnsafeRawBufferPointer(rebasing: block[range])
    let message = log.state.style.parse(line)?.message ?? 0
    let meaning = log.known.meaning(of: waiting)
    guard let source = meaning.source,
      matters(line, message, source, log.candidates[candidates], matcher, offset: offset)
    else { return false }
    let time = log.known.time(of: waiting)
    see(meaning.name, time, &log)
    log.counts.kept += 1
    entries.append(entry(line, message, meaning.name, source, time, file: log.file, line: waiting.line))
    return true
  }

  /// What lines gone by said is what the next one goes on with.
  private func takeNewest(_ log: inout PlainLog) {
    guard let newest = log.known.newest else { return }
    log.state.time = newest.time
    log.state.host = newest.meaning.host
    log.state.source = newest.meaning.source
  }

  /// Reads one line.
  ///
  /// - Parameter candidates: Those of the line; `nil`: it was not searched yet.
  /// - Returns: Where the next one begins.
  private mutating func read(
    _ block: UnsafeRawBufferPointer, _ start: Int, _ log: inout PlainLog, _ candidates: Range<Int>?,
    _ matcher: LogMatcher, _ lines: LineStream
  ) -> Int {
    log.linesRead += 1
    let (range, next) = lines.line(of: block, at: start, &log.counts, &log.problems)
    guard let range else { return next }
    let from = range.lowerBound
    let line = UnsafeRawBufferPointer(rebasing: block[range])
    takeNewest(&log)
    let header = log.state.take(line)
    if header == nil { log.counts.continued += 1 }
    while log.hostNames.count < log.state.hosts.count {
      log.hostNames.append(names.intern(log.state.hosts.string(log.hostNames.count)))
    }
    let name = log.given ?? log.state.host.map { log.hostNames[$0] } ?? log.fallback
    let time = log.state.time
    see(name, time, &log)
    if case .sinceBoot(let time) = time { kernelTimes[log.file] = (time, log.state.lastBoot) }
    var isCounted = true
    if let source = log.state.source {
      let message = header?.message ?? 0
      if candidates == nil {
        log.text.removeAll(keepingCapacity: true)
        log.text.append(contentsOf: UnsafeRawBufferPointer(rebasing: block[from..<min(next - 1, block.count)]))
        log.text.append(0x0A)
        log.find(by: matcher)
      }
      let matters = matters(
        line, message, source, log.candidates[candidates ?? log.candidates.indices], matcher,
        offset: candidates == nil ? 0 : from)
      // What is a stream's first line is never only counted.
      if matters || isFirstUnmatched(name, source, time) {
        isCounted = false
        log.counts.kept += 1
        let entry = entry(line, message, name, source, time, file: log.file, line: log.counts.lines)
        if matters { entries.append(entry) } else { keepUnmatched(entry, source: source) }
      }
      if !isASCII(line), !isValidUTF8(UnsafeRawBufferPointer(rebasing: line[message...])) { summary.repairedLines += 1 }
      if isFirstUnmatched(name, source, time) {
        log.known.forgetNewest()
        return next
      }
    }
    let first = log.state.source.flatMap { firstUnmatched(name, source: $0) }
    // Where wanted lines wait, headers do not count by ticks.
    let isAlone = isCounted && log.known.waits && log.state.source != nil
    log.known.remember(
      block, from, header, .init(name: name, host: log.state.host, source: log.state.source), time,
      line: log.counts.lines, notBefore: first, counts: isCounted && !isAlone,
      hasISOTags: log.state.style.hasISOTags
    ) { add($0, block, &log) }
    if isAlone {
      let meaning = KnownHeaders.Meaning(name: name, host: log.state.host, source: log.state.source)
      add(
        KnownHeaders.Run(
          meaning: meaning, count: 1, earliest: time, time: time, offset: from, line: log.counts.lines), block, &log)
    }
    return next
  }

  /// Whether a line matches a pattern of its source, or may.
  private mutating func matters(
    _ line: UnsafeRawBufferPointer, _ message: Int, _ source: Int, _ candidates: ArraySlice<PlainLog.Candidate>,
    _ matcher: LogMatcher, offset: Int
  ) -> Bool {
    let text = UnsafeRawBufferPointer(rebasing: line[message...])
    if beginsInWord(line, at: message) {
      return readers(of: source).contains { matcher.search($0, in: text) != .noMatch }
    }
    if candidates.isEmpty { return false }
    let readers = readers(of: source)
    return candidates.contains { candidate in
      guard readers.contains(candidate.pattern) else { return false }
      let occurrence = candidate.occurrence - offset - message
      // What is required may lie in the header only.
      return occurrence >= 0
        ? matcher.confirm(candidate.pattern, text, from: occurrence) != .noMatch
        : matcher.search(candidate.pattern, in: text) != .noMatch
    }
  }

  /// The stream has no line yet that matches nothing, or this one is earlier.
  private func isFirstUnmatched(_ name: Int, _ source: Int, _ time: RecordTime) -> Bool {
    guard let first = firstUnmatched(name, source: source) else { return true }
    if case .absolute(let new) = time, case .absolute(let old) = first { return new < old }
    return false
  }

  private func entry(
    _ line: UnsafeRawBufferPointer, _ message: Int, _ name: Int, _ source: Int, _ time: RecordTime, file: Int,
    line number: Int
  ) -> Entry {
    Entry(
      name: name, file: file, line: number, time: time,
      observation: .line(String(decoding: line[message...], as: UTF8.self), source: sourceNames.name(source)))
  }

  /// Lines that were only counted.
  private mutating func add(_ run: KnownHeaders.Run, _ block: UnsafeRawBufferPointer, _ log: inout PlainLog) {
    let name = run.meaning.name
    see(name, run.earliest, &log)
    see(name, run.time, &log)
    guard let source = run.meaning.source else {
      log.counts.unwanted += run.count
      return
    }
    log.counts.kept += run.count
    let newline = memchr(block.baseAddress! + run.offset, 0x0A, block.count - run.offset)
    var end = newline.map { UnsafeRawPointer($0) - block.baseAddress! } ?? block.count
    if end > run.offset, block[end - 1] == 0x0D { end -= 1 }
    let line = UnsafeRawBufferPointer(rebasing: block[run.offset..<end])
    var entry = entry(
      line, log.state.style.parse(line)?.message ?? 0, name, source, run.time, file: log.file, line: run.line)
    entry.count = run.count
    keepUnmatched(entry, source: source)
  }

  private mutating func see(_ name: Int, _ time: RecordTime, _ log: inout PlainLog) {
    if log.seen?.name != name {
      settle(log.seen, &log.firstTimes)
      log.seen = SeenName(name: name, first: log.firstTimes[name] ?? FirstTimes())
    }
    log.seen!.see(time)
  }

  /// Writes down what was seen of the newest name.
  mutating func settle(_ seen: SeenName?, _ firstTimes: inout [Int: FirstTimes]) {
    guard let seen else { return }
    firstTimes[seen.name] = seen.first
    if let newest = seen.newest { newestLine[seen.name] = max(newestLine[seen.name] ?? newest, newest) }
  }
}

/// When lines of one name came.
struct SeenName {
  let name: Int
  var first: FirstTimes
  var newest: Int64?

  mutating func see(_ time: RecordTime) {
    first.see(time)
    if case .absolute(let time) = time { newest = max(newest ?? time, time) }
  }
}

/// One plain log while it is searched.
private struct PlainLog {
  typealias Candidate = (line: Int, pattern: Int, occurrence: Int)

  var state: PlainLogState
  var counts = ReadCounts()
  var problems: ProblemLog
  let file: Int
  let given: Int?
  let fallback: Int
  let longestLine: Int
  let known: KnownHeaders
  /// By the numbers that `state` gives hosts.
  var hostNames: [Int] = []
  var firstTimes: [Int: FirstTimes] = [:]
  /// Of the newest line's name what is not in `firstTimes` yet: mostly the next line has the same.
  var seen: SeenName?
  /// Of what was searched last, in order of lines and patterns.
  var candidates: [Candidate] = []
  /// Lines that are searched together, each with its `\n`.
  var text: [UInt8] = []
  /// By header: the lines of the tick at hand that waited and match nothing.
  var runs: [KnownHeaders.TickRun?] = Array(repeating: nil, count: KnownHeaders.capacity)
  /// Of the block at hand.
  var linesRead = 0

  init(
    state: PlainLogState, problems: ProblemLog, file: Int, given: Int?, fallback: Int, longestLine: Int, step: Int64
  ) {
    self.state = state
    self.problems = problems
    self.file = file
    self.given = given
    self.fallback = fallback
    self.longestLine = longestLine
    known = KnownHeaders(step: step)
    known.waits = true
  }

  mutating func find(in text: UnsafeRawBufferPointer, by matcher: LogMatcher) {
    candidates.removeAll(keepingCapacity: true)
    matcher.scanCandidates(text) { pattern, line, occurrence in
      candidates.append((line.lowerBound, pattern, occurrence))
    }
  }

  /// Searches `text`.
  mutating func find(by matcher: LogMatcher) {
    let text = text
    text.withUnsafeBytes { find(in: $0, by: matcher) }
  }

  /// How the next block is searched, by what this one held.
  func choose(lines: Int, kept: Int) {
    let searched = kept + linesRead
    if searched > lines / 4 {
      known.waits = false
    } else if searched < lines / 8 {
      known.waits = true
    }
  }
}

private func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
  bytes.baseAddress.map { cr_is_ascii($0.assumingMemoryBound(to: UInt8.self), bytes.count) != 0 } ?? true
}
