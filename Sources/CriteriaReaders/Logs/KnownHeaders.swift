import CReading

/// Headers that a plain log had lately, and how many lines had the same since, but for their seconds.
///
/// Most lines match nothing, and of those it matters only when and where they came: they are counted without being read.
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

  private let table: UnsafeMutablePointer<cr_headers>
  private let headers: UnsafeMutablePointer<cr_header>
  private var meanings: [Meaning]
  private var form: LogHeader.Form?
  /// The minute of the clock.
  private var minute = RecordTime.unknown
  /// The time of the lines of the shapeless header.
  private var shapelessTime = RecordTime.unknown
  /// The next one to be replaced.
  private var oldest = 1
  /// The header of lines that cannot be told by their beginning: only lines without one are counted with it.
  private static let shapeless = 0

  init() {
    table = .allocate(capacity: 1)
    table.initialize(to: cr_headers())
    table.pointee.current = -1
    table.pointee.count = 1
    meanings = [Meaning(name: 0, host: nil, source: nil)]
    headers = (UnsafeMutableRawPointer(table) + MemoryLayout<cr_headers>.offset(of: \.headers)!)
      .assumingMemoryBound(to: cr_header.self)
  }

  deinit { table.deallocate() }

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

  /// The minute of the day that a line has, if it begins with a time like those before it, of another minute of the same day.
  func otherMinute(_ block: UnsafeRawBufferPointer, _ place: Int) -> Int32? {
    let minute = cr_other_minute(table, block.baseAddress!.assumingMemoryBound(to: UInt8.self), place, block.count)
    return minute < 0 ? nil : minute
  }

  /// From here on, lines of that minute are counted; nothing may be counted any more.
  ///
  /// - Parameters:
  ///   - block: Where the first of them is, at `place`.
  ///   - step: Milliseconds: lines of one tick are counted together.
  func enter(minute new: Int32, _ block: UnsafeRawBufferPointer, _ place: Int, step: Int64) {
    minute = minute.adding(cr_set_minute(table, new) * 60_000)
    // Where in its minute the line is, whatever the tick.
    (table.pointee.clock.above, table.pointee.clock.upto) = (-1, 59_999)
    var seconds: Int32 = 0
    _ = cr_is_of_clock(table, block.baseAddress!.assumingMemoryBound(to: UInt8.self), place, block.count, &seconds)
    bound(&table.pointee.clock, seconds, step)
  }

  /// What the newest line's header means, if it is known: the lines gone by are newer than what was read last.
  var newest: (meaning: Meaning, time: RecordTime)? {
    let current = Int(table.pointee.current)
    return current < 0 ? nil : (meanings[current], time(headers[current].last, of: current))
  }

  private func time(_ milliseconds: Int32, of index: Int) -> RecordTime {
    index == Self.shapeless ? shapelessTime : minute.adding(milliseconds)
  }

  /// Remembers the header of a line that was read, and counts the line if it matched nothing.
  ///
  /// - Parameters:
  ///   - place: Where the line begins.
  ///   - header: `nil`: the line has none, and takes over what the one before it said.
  ///   - step: Milliseconds: lines of one tick are counted together.
  ///   - first: The earliest line of the stream: what is earlier still must be read.
  ///   - hasISOTags: As in `LogHeaderStyle`.
  ///   - finished: Is given what was counted for what is forgotten instead: another minute, or a header that was not met lately.
  func remember(
    _ block: UnsafeRawBufferPointer, _ place: Int, _ header: LogHeader?, _ meaning: Meaning, _ time: RecordTime,
    line: Int, step: Int64, notBefore first: RecordTime?, counts isCounted: Bool, hasISOTags: Bool,
    _ finished: (Run) -> Void
  ) {
    let text = block.baseAddress!.assumingMemoryBound(to: UInt8.self)
    var seconds: Int32 = 0
    var index = header == nil ? Int(table.pointee.current) : Int(cr_find(table, text, place, block.count, &seconds))
    if index >= 0, header == nil { seconds = headers[index].last }
    if index < 0, let header, let shape = HeaderShape(block, place, header, hasISOTags: hasISOTags) {
      // A time that only begins as those before may have a zone of its own behind it.
      if cr_is_of_clock(table, text, place, block.count, &seconds) == 0
        || shape.clock.length != table.pointee.clock.length
      {
        flush(finished)
        set(shape, time, step: step)
        index = Int(cr_find(table, text, place, block.count, &seconds))
      }
      seconds = shape.seconds
      if index < 0 {
        index = slot(finished)
        headers[index] = shape.header
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
      shapelessTime = time
    }
    table.pointee.current = Int32(index)
    headers[index].last = seconds
    guard isCounted else { return }
    if headers[index].count == 0 || seconds < headers[index].earliest { headers[index].earliest = seconds }
    if headers[index].count == 0 || seconds >= headers[index].newest.time {
      headers[index].newest = cr_line(time: seconds, offset: place, number: Int64(line))
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

  /// From here on, lines of another minute or tick are counted; nothing may be counted any more.
  private func set(_ shape: HeaderShape, _ time: RecordTime, step: Int64) {
    minute = time.adding(-shape.seconds)
    var clock = shape.clock
    let known = table.pointee.clock
    // What stands behind a time that is written otherwise may mean something else.
    if shape.form != form || clock.length != known.length || clock.seconds != known.seconds
      || clock.milliseconds != known.milliseconds
    {
      form = shape.form
      meanings.removeSubrange(1...)
      table.pointee.count = 1
      table.pointee.ordered = 0
      table.pointee.current = -1
      oldest = 1
      withUnsafeMutableBytes(of: &table.pointee.hints) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    bound(&clock, shape.seconds, step)
    table.pointee.clock = clock
  }

  /// Only seconds of the same tick as these.
  private func bound(_ clock: inout cr_clock, _ seconds: Int32, _ step: Int64) {
    clock.above = -1
    clock.upto = 59_999
    switch minute {
    case .absolute(let start):
      clock.start = start
      bound(&clock, start, seconds, step)
    case .yearless(_, _, let start):
      // Else ticks lie otherwise on each day.
      if millisecondsOfDay % step == 0 {
        bound(&clock, Int64(start), seconds, step)
      } else {
        (clock.above, clock.upto) = (seconds - 1, seconds)
      }
    case .sinceBoot, .unknown: break
    }
  }

  private func bound(_ clock: inout cr_clock, _ start: Int64, _ seconds: Int32, _ step: Int64) {
    let time = start + Int64(seconds)
    let tick = (time / step + (time % step > 0 ? 1 : 0)) * step
    clock.above = Int32(clamping: max(-1, tick - step - start))
    clock.upto = Int32(clamping: min(59_999, tick - start))
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
    headers[index].count = 0
    return Run(
      meaning: meanings[index], count: Int(header.count), earliest: time(header.earliest, of: index),
      time: time(header.newest.time, of: index), offset: header.newest.offset, line: Int(header.newest.number))
  }
}

/// What of a header is the same in each line of its minute.
private struct HeaderShape {
  /// Milliseconds of the minute that the line itself has.
  let seconds: Int32
  let form: LogHeader.Form
  let clock: cr_clock
  let header: cr_header

  /// - Returns: `nil` for a header of which the rest of the line could make another one.
  init?(_ block: UnsafeRawBufferPointer, _ place: Int, _ found: LogHeader, hasISOTags: Bool) {
    guard let start = found.clock, found.message > 0, place + found.message <= block.count else { return nil }
    let line = UnsafeRawBufferPointer(rebasing: block[place..<(place + found.message)])
    // A priority before the time changes from line to line.
    guard line.last == 0x20, line.first != UInt8(ascii: "<"), start + 8 < line.count,
      line[start + 5] == UInt8(ascii: ":")
    else { return nil }
    var scanner = ByteScanner(line)
    scanner.at = start + 6
    guard let whole = scanner.digits(2), whole < 60 else { return nil }
    var milliseconds = 0
    var fraction = 0
    if scanner.take(UInt8(ascii: ".")) || scanner.take(UInt8(ascii: ",")) {
      let first = scanner.at
      guard let value = scanner.milliseconds(), scanner.at - first >= 3 else { return nil }
      (milliseconds, fraction) = (value, scanner.at - first)
    }
    seconds = Int32(whole * 1000 + milliseconds)
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
    clock.seconds = UInt32(start + 6)
    clock.milliseconds = fraction > 0 ? UInt32(start + 9) : 0
    func isDigit(_ place: Int) -> Bool {
      place == start + 6 || place == start + 7 || (fraction > 0 && place >= start + 9 && place < start + 9 + fraction)
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
