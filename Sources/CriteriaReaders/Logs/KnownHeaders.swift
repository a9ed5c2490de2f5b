import CReading
import Glibc

/// Headers that a plain log had lately, and how many lines had the same since, but for their time of day.
///
/// Most lines match nothing, and of those it matters only when and where they came: they are counted without being read. Lines
/// that somebody wants are counted by ticks; or they wait until they have been searched (`waits`).
final class KnownHeaders {
  /// What all lines of a header have in common, save the time.
  struct Meaning {
    var name: Int
    var host: Int?
    /// `nil`: not wanted.
    var source: Int?
  }

  /// The lines that were counted.
  struct Run {
    var meaning: Meaning
    var count: Int
    var earliest: RecordTime
    /// Of the newest line; of equal ones, of the last.
    var time: RecordTime
    var offset: Int
    var line: Int

    /// Takes in lines of another header, if they are of the same name, nobody wants either, and their times can be compared.
    mutating func add(_ other: Run) -> Bool {
      guard meaning.source == nil, other.meaning.source == nil, meaning.name == other.meaning.name,
        let isEarlier = other.earliest.isBefore(earliest), let isOlder = other.time.isBefore(time)
      else { return false }
      count += other.count
      if isEarlier { earliest = other.earliest }
      if !isOlder { time = other.time }
      return true
    }
  }

  /// How many headers are known at most.
  static let capacity = Int(CR_HEADERS)
  private let table: UnsafeMutablePointer<cr_headers>
  private let headers: UnsafeMutablePointer<cr_header>
  private let waitingLines: UnsafePointer<cr_waiting>
  private var meanings: [Meaning]
  private var form: LogHeader.Form?
  /// Where the clock's day begins.
  private var day = RecordTime.unknown
  /// Milliseconds: wanted lines of one tick are counted together; `nil`: all are.
  private let step: Int64?
  /// The time of the lines of the shapeless header.
  private var shapelessTime = RecordTime.unknown
  /// The next one to be replaced.
  private var oldest = 1
  /// The header of lines that cannot be told by their beginning: only lines without one are counted with it.
  private static let shapeless = 0

  init(step: Int64?) {
    // Zeros, and not by way of a value on the stack: it is large.
    table = calloc(1, MemoryLayout<cr_headers>.size).assumingMemoryBound(to: cr_headers.self)
    table.pointee.current = -1
    table.pointee.count = 1
    meanings = [Meaning(name: 0, host: nil, source: nil)]
    headers = (UnsafeMutableRawPointer(table) + MemoryLayout<cr_headers>.offset(of: \.headers)!)
      .assumingMemoryBound(to: cr_header.self)
    waitingLines = UnsafeRawPointer(UnsafeMutableRawPointer(table) + MemoryLayout<cr_headers>.offset(of: \.waiting)!)
      .assumingMemoryBound(to: cr_waiting.self)
    self.step = step
    reset(0)
  }

  deinit { free(table) }

  // MARK: Lines that wait

  /// A line of a wanted header.
  struct WaitingLine {
    /// Where it lies in its block, without its `\n`.
    var range: Range<Int>
    var line: Int
    var header: Int
    fileprivate var milliseconds: Int32
  }

  /// Whether wanted lines wait, instead of being counted. To be changed while nothing is counted and nothing waits.
  var waits: Bool {
    get { table.pointee.waits != 0 }
    set {
      guard newValue != waits else { return }
      table.pointee.waits = newValue ? 1 : 0
      // The next line is of another tick than those that are meant.
      (table.pointee.clock.above, table.pointee.clock.upto) = newValue ? Self.wholeDay : (-2, -2)
    }
  }

  var waitingCount: Int { Int(table.pointee.waiting_count) }
  /// No more lines can wait.
  var isFull: Bool { waitingCount == Int(CR_WAITING) }

  func waitingLine(_ index: Int) -> WaitingLine {
    let line = waitingLines[index]
    return WaitingLine(
      range: line.offset..<line.end, line: Int(line.number), header: Int(line.header), milliseconds: line.time)
  }

  func forgetWaiting() { table.pointee.waiting_count = 0 }

  func meaning(of line: WaitingLine) -> Meaning { meanings[line.header] }

  func time(of line: WaitingLine) -> RecordTime { time(line.milliseconds, of: line.header) }

  /// Lines of one header and tick.
  struct TickRun {
    var run: Run
    fileprivate let above: Int32
    fileprivate let upto: Int32
    fileprivate var newest: Int32

    /// - Returns: False if the line is of another tick.
    mutating func add(_ line: WaitingLine, in known: KnownHeaders) -> Bool {
      guard line.milliseconds > above, line.milliseconds <= upto else { return false }
      let time = known.time(of: line)
      if time.isBefore(run.earliest) == true { run.earliest = time }
      if line.milliseconds >= newest {
        newest = line.milliseconds
        (run.time, run.offset, run.line) = (time, line.range.lowerBound, line.line)
      }
      run.count += 1
      return true
    }
  }

  func run(of line: WaitingLine) -> TickRun {
    let time = time(of: line)
    let (above, upto) = line.header == Self.shapeless ? Self.wholeDay : bounds(around: line.milliseconds)
    return TickRun(
      run: Run(
        meaning: meaning(of: line), count: 1, earliest: time, time: time, offset: line.range.lowerBound, line: line.line
      ),
      above: above, upto: upto, newest: line.milliseconds)
  }

  // MARK: Going by

  /// Goes by lines with a known header, and by those without one behind them.
  ///
  /// - Returns: Where the first line begins that was not gone by; `end` if all were.
  func goBy(
    _ block: UnsafeRawBufferPointer, from start: Int, to end: Int, longestLine: Int, _ counts: inout ReadCounts
  ) -> Int {
    table.pointee.lines = Int64(counts.lines)
    table.pointee.empty = 0
    table.pointee.continued = 0
    let place = cr_go_by(
      table, block.baseAddress!.assumingMemoryBound(to: UInt8.self), start, end, block.count, longestLine)
    counts.lines = Int(table.pointee.lines)
    counts.comments += Int(table.pointee.empty)
    counts.continued += Int(table.pointee.continued)
    return place
  }

  /// The time of the day that a line begins with, in milliseconds, if it is of another tick of the same day.
  func otherTick(_ block: UnsafeRawBufferPointer, _ place: Int) -> Int32? {
    var milliseconds: Int32 = 0
    let text = block.baseAddress!.assumingMemoryBound(to: UInt8.self)
    guard cr_is_of_clock(table, text, place, block.count, &milliseconds) != 0, !isMeant(milliseconds) else {
      return nil
    }
    return milliseconds
  }

  private func isMeant(_ milliseconds: Int32) -> Bool {
    milliseconds > table.pointee.clock.above && milliseconds <= table.pointee.clock.upto
  }

  /// From here on, lines of the tick of that time are counted; nothing may be counted any more.
  func enter(tickOf milliseconds: Int32) {
    (table.pointee.clock.above, table.pointee.clock.upto) = waits ? Self.wholeDay : bounds(around: milliseconds)
  }

  /// What the newest line's header means, if it is known: the lines gone by are newer than what was read last.
  var newest: (meaning: Meaning, time: RecordTime)? {
    let current = Int(table.pointee.current)
    return current < 0 ? nil : (meanings[current], time(headers[current].last, of: current))
  }

  private func time(_ milliseconds: Int32, of index: Int) -> RecordTime {
    index == Self.shapeless ? shapelessTime : day.adding(milliseconds)
  }

  /// Remembers the header of a line that was read, and counts the line if it matched nothing.
  ///
  /// - Parameters:
  ///   - place: Where the line begins.
  ///   - header: `nil`: the line has none, and takes over what the one before it said.
  ///   - first: The earliest line of the stream: what is earlier still must be read.
  ///   - hasISOTags: As in `LogHeaderStyle`.
  ///   - finished: Is given what was counted for what is forgotten instead: another tick, or a header that was not met lately.
  func remember(
    _ block: UnsafeRawBufferPointer, _ place: Int, _ header: LogHeader?, _ meaning: Meaning, _ time: RecordTime,
    line: Int, notBefore first: RecordTime?, counts isCounted: Bool, hasISOTags: Bool,
    _ finished: (Run) -> Void
  ) {
    let text = block.baseAddress!.assumingMemoryBound(to: UInt8.self)
    var milliseconds: Int32 = 0
    var index =
      header == nil ? Int(table.pointee.current) : Int(cr_find(table, text, place, block.count, &milliseconds))
    if index >= 0, header == nil { milliseconds = headers[index].last }
    if index < 0, let header, let shape = HeaderShape(block, place, header, hasISOTags: hasISOTags) {
      // A time that only begins as those before may have a zone of its own behind it.
      if cr_is_of_clock(table, text, place, block.count, &milliseconds) == 0
        || shape.clock.length != table.pointee.clock.length
      {
        flush(finished)
        set(shape, time)
        index = Int(cr_find(table, text, place, block.count, &milliseconds))
      } else if !isMeant(milliseconds) {
        flush(finished)
        enter(tickOf: milliseconds)
        index = Int(cr_find(table, text, place, block.count, &milliseconds))
      }
      milliseconds = shape.milliseconds
      if index < 0 {
        index = slot(finished)
        headers[index] = shape.header
        reset(index)
        cr_join(table, UInt32(index))
        headers[index].is_wanted = meaning.source == nil ? 0 : 1
        if meaning.source != nil, case .absolute(let time)? = first {
          headers[index].not_before = time
        } else {
          headers[index].not_before = .min
        }
        meanings[index] = meaning
      }
    } else if index < 0 {
      index = Self.shapeless
      if let run = take(index) { finished(run) }
      meanings[index] = meaning
      headers[index].is_wanted = meaning.source == nil ? 0 : 1
      shapelessTime = time
    }
    table.pointee.current = Int32(index)
    headers[index].last = milliseconds
    guard isCounted else { return }
    if milliseconds < headers[index].earliest { headers[index].earliest = milliseconds }
    if milliseconds >= headers[index].newest.time {
      headers[index].newest = cr_line(time: milliseconds, offset: place, number: Int64(line))
    }
    headers[index].count += 1
  }

  /// A place for one header more.
  private func slot(_ finished: (Run) -> Void) -> Int {
    if meanings.count < Int(CR_HEADERS) {
      meanings.append(meanings[0])
      table.pointee.count = UInt32(meanings.count)
      let index = meanings.count - 1
      withUnsafeMutableBytes(of: &table.pointee.order) { $0[index - 1] = UInt8(index) }
      table.pointee.ordered = UInt32(index)
      return index
    }
    let index = oldest
    oldest = oldest + 1 < Int(CR_HEADERS) ? oldest + 1 : 1
    if let run = take(index) { finished(run) }
    return index
  }

  /// From here on, lines of another day or tick are counted, or of times that are written otherwise; nothing may be counted any
  /// more.
  private func set(_ shape: HeaderShape, _ time: RecordTime) {
    day = time.adding(-shape.milliseconds)
    var clock = shape.clock
    let known = table.pointee.clock
    // What stands behind a time that is written otherwise may mean something else.
    if shape.form != form || clock.length != known.length || clock.time != known.time
      || clock.milliseconds != known.milliseconds
    {
      form = shape.form
      meanings.removeSubrange(1...)
      table.pointee.count = 1
      table.pointee.ordered = 0
      table.pointee.current = -1
      oldest = 1
      _ = withUnsafeMutableBytes(of: &table.pointee.hints) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    if case .absolute(let start) = day { clock.start = start }
    table.pointee.clock = clock
    enter(tickOf: shape.milliseconds)
    for index in meanings.indices { cr_join(table, UInt32(index)) }
  }

  private static let wholeDay: (Int32, Int32) = (-1, Int32(millisecondsOfDay) - 1)

  /// The times of day of one tick: those above the one and up to the other.
  private func bounds(around milliseconds: Int32) -> (Int32, Int32) {
    guard let step else { return Self.wholeDay }
    let start: Int64
    switch day {
    case .absolute(let time): start = time
    case .yearless(_, _, let time):
      // Else ticks lie otherwise on each day.
      guard millisecondsOfDay % step == 0 else { return (milliseconds - 1, milliseconds) }
      start = Int64(time)
    case .sinceBoot, .unknown: return Self.wholeDay
    }
    let time = start + Int64(milliseconds)
    let tick = (time / step + (time % step > 0 ? 1 : 0)) * step
    return (
      Int32(clamping: max(-1, tick - step - start)), Int32(clamping: min(millisecondsOfDay - 1, tick - start))
    )
  }

  /// What follows the newest line is to be read, not counted with it.
  func forgetNewest() { table.pointee.current = -1 }

  /// Gives out what was counted, and counts anew: before the block goes.
  func flush(_ body: (Run) -> Void) {
    // Of lines that nobody wants it matters only of whom they are: mostly all are of one machine.
    var unwanted: Run?
    for index in meanings.indices {
      guard let run = take(index) else { continue }
      guard run.meaning.source == nil else {
        body(run)
        continue
      }
      if unwanted?.add(run) == true { continue }
      if let unwanted { body(unwanted) }
      unwanted = run
    }
    if let unwanted { body(unwanted) }
  }

  private func take(_ index: Int) -> Run? {
    guard headers[index].count > 0 else { return nil }
    let header = headers[index]
    reset(index)
    return Run(
      meaning: meanings[index], count: Int(header.count), earliest: time(header.earliest, of: index),
      time: time(header.newest.time, of: index), offset: header.newest.offset, line: Int(header.newest.number))
  }

  private func reset(_ index: Int) {
    headers[index].count = 0
    headers[index].earliest = .max
    headers[index].newest.time = -1
  }
}

/// What of a header is the same in each line of its day.
private struct HeaderShape {
  /// Of the day, as the line itself has it.
  let milliseconds: Int32
  let form: LogHeader.Form
  let clock: cr_clock
  let header: cr_header

  /// - Returns: `nil` for a header of which the rest of the line could make another one.
  init?(_ block: UnsafeRawBufferPointer, _ place: Int, _ found: LogHeader, hasISOTags: Bool) {
    guard let start = found.clock, found.message > 0, place + found.message <= block.count else { return nil }
    let line = UnsafeRawBufferPointer(rebasing: block[place..<(place + found.message)])
    // A priority before the time changes from line to line.
    guard line.last == 0x20, line.first != UInt8(ascii: "<"), start + 8 < line.count,
      line[start + 2] == UInt8(ascii: ":"), line[start + 5] == UInt8(ascii: ":")
    else { return nil }
    var scanner = ByteScanner(line)
    func two(_ place: Int) -> Int? {
      scanner.at = place
      return scanner.digits(2)
    }
    guard let hour = two(start), hour < 24, let minute = two(start + 3), minute < 60, let second = two(start + 6),
      second < 60
    else { return nil }
    var fractional = 0
    var fraction = 0
    if scanner.take(UInt8(ascii: ".")) || scanner.take(UInt8(ascii: ",")) {
      let first = scanner.at
      guard let value = scanner.milliseconds(), scanner.at - first >= 3 else { return nil }
      (fractional, fraction) = (value, scanner.at - first)
    }
    milliseconds = Int32(((hour * 60 + minute) * 60 + second) * 1000 + fractional)
    form = found.form
    // Behind the zone.
    while scanner.byte > 0x20 { scanner.at += 1 }
    let end: Int
    var header = cr_header()
    if found.tag == nil, let host = found.host, scanner.at + 1 == host.lowerBound {
      // The word behind the host is no tag, whatever follows it; it is told by that word.
      guard let word = Self.firstWord(block, place + found.message) else { return nil }
      end = found.message + word + 1
    } else if let tag = found.tag {
      // `name: ` or `name[12]: `
      guard tag.upperBound < line.count else { return nil }
      let hasProcess = line[tag.upperBound] == UInt8(ascii: "[")
      guard hasProcess || line[tag.upperBound] == UInt8(ascii: ":") else { return nil }
      end = hasProcess ? tag.upperBound + 1 : tag.upperBound + 2
      header.has_process = hasProcess ? 1 : 0
      header.without_bracket = line[tag].elementsEqual("kernel".utf8) ? 1 : 0
    } else {
      // Nothing but a time, where the log has nothing else.
      guard found.form == .iso, found.host == nil, !hasISOTags else { return nil }
      end = line.count
      if end != scanner.at + 1 { return nil }
    }
    let length = scanner.at
    guard length < end, end <= line.count || found.tag == nil, length <= 8 * Int(CR_WORDS),
      end - length <= 8 * Int(CR_WORDS),
      !line.contains(0)
    else { return nil }

    var clock = cr_clock()
    clock.words = UInt32((length + 7) / 8)
    clock.length = UInt32(length)
    clock.time = UInt32(start)
    clock.milliseconds = fraction > 0 ? UInt32(start + 9) : 0
    func isDigit(_ place: Int) -> Bool {
      [0, 1, 3, 4, 6, 7].contains(place - start) || (fraction > 0 && place >= start + 9 && place < start + 9 + fraction)
    }
    withUnsafeMutableBytes(of: &clock.values) { values in
      for place in 0..<length { values[place] = isDigit(place) ? 0x30 : line[place] }
    }
    withUnsafeMutableBytes(of: &clock.masks) { masks in
      for place in 0..<length { masks[place] = isDigit(place) ? 0xF0 : 0xFF }
    }
    withUnsafeMutableBytes(of: &clock.sixes) { sixes in
      for place in 0..<length where isDigit(place) { sixes[place] = 6 }
    }
    header.words = UInt32((end - length + 7) / 8)
    header.length = UInt32(end - length)
    withUnsafeMutableBytes(of: &header.values) { $0.copyBytes(from: block[(place + length)..<(place + end)]) }
    withUnsafeMutableBytes(of: &header.masks) { masks in for place in 0..<(end - length) { masks[place] = 0xFF } }
    self.clock = clock
    self.header = header
  }

  /// How long the word at a place is, if a blank follows and nothing in it could be a tag's end.
  private static func firstWord(_ block: UnsafeRawBufferPointer, _ place: Int) -> Int? {
    var end = place
    while end < block.count, block[end] > 0x20 {
      if block[end] == UInt8(ascii: ":") || block[end] == UInt8(ascii: "[") { return nil }
      end += 1
    }
    return end > place && end < block.count && block[end] == 0x20 ? end - place : nil
  }
}

extension RecordTime {
  /// `nil`: nobody knows, or they are not of one day.
  fileprivate func isBefore(_ other: RecordTime) -> Bool? {
    switch (self, other) {
    case (.absolute(let a), .absolute(let b)): a < b
    case (.yearless(let month, let day, let a), .yearless(let otherMonth, let otherDay, let b)):
      month == otherMonth && day == otherDay ? a < b : nil
    default: nil
    }
  }

  /// Milliseconds later, on the same day; what has no time of day has none afterwards.
  fileprivate func adding(_ milliseconds: Int32) -> RecordTime {
    switch self {
    case .absolute(let time): .absolute(time + Int64(milliseconds))
    case .yearless(let month, let day, let time): .yearless(month: month, day: day, milliseconds: time + milliseconds)
    case .sinceBoot, .unknown: self
    }
  }
}
