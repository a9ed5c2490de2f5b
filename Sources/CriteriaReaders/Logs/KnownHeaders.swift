import CReading

/// Headers that a plain log had lately, and how many lines had the same since, but for their seconds.
///
/// Most lines match nothing, and of those it matters only when and where they came: they are counted without being read.
final class KnownHeaders {
  /// What all lines of a header have in common.
  struct Meaning {
    var name: Int
    var host: Int?
    /// `nil`: not wanted.
    var source: Int?
    /// At the beginning of the minute.
    var minute: RecordTime
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
  }

  private let table: UnsafeMutablePointer<cr_headers>
  private let headers: UnsafeMutablePointer<cr_header>
  private var meanings: [Meaning] = []
  /// The next one to be replaced.
  private var oldest = 1
  /// The header of lines that cannot be told by their beginning: only lines without one are counted with it.
  private static let shapeless = 0

  init() {
    table = .allocate(capacity: 1)
    table.initialize(to: cr_headers())
    table.pointee.current = -1
    table.pointee.count = 1
    meanings = [Meaning(name: 0, host: nil, source: nil, minute: .unknown)]
    headers = UnsafeMutableRawPointer(table).advanced(by: MemoryLayout<cr_headers>.offset(of: \.headers)!)
      .assumingMemoryBound(to: cr_header.self)
  }

  deinit { table.deallocate() }

  /// Goes by lines with a known header, and by those without one behind them.
  ///
  /// - Returns: Where the first line begins that was not gone by; `end` if all were.
  func goBy(
    _ block: UnsafeRawBufferPointer, from start: Int, to end: Int, longestLine: Int, onlyASCII: Bool,
    _ counts: inout ReadCounts
  ) -> Int {
    table.pointee.lines = Int64(counts.lines)
    table.pointee.empty = 0
    table.pointee.continued = 0
    let place = cr_go_by(
      table, block.baseAddress!.assumingMemoryBound(to: UInt8.self), start, end, block.count, longestLine,
      onlyASCII ? 1 : 0)
    counts.lines = Int(table.pointee.lines)
    counts.comments += Int(table.pointee.empty)
    counts.continued += Int(table.pointee.continued)
    return place
  }

  /// What the newest line's header means, if it is known: the lines gone by are newer than what was read last.
  var newest: (meaning: Meaning, time: RecordTime)? {
    let current = Int(table.pointee.current)
    guard current >= 0 else { return nil }
    return (meanings[current], meanings[current].minute.adding(headers[current].last))
  }

  /// Remembers the header of a line that was read, and counts the line if it matched nothing.
  ///
  /// - Parameters:
  ///   - place: Where the line begins.
  ///   - header: `nil`: the line has none, and takes over what the one before it said.
  ///   - step: Milliseconds: lines of one tick are counted together.
  ///   - first: The earliest line of the stream: what is earlier still must be read.
  ///   - replaced: Is given what was counted for the header that is forgotten instead.
  func remember(
    _ block: UnsafeRawBufferPointer, _ place: Int, _ header: LogHeader?, _ meaning: Meaning, _ time: RecordTime,
    line: Int, step: Int64, notBefore first: RecordTime?, counts isCounted: Bool, _ replaced: (Run) -> Void
  ) {
    let text = block.baseAddress!.assumingMemoryBound(to: UInt8.self)
    var seconds: Int32 = 0
    var index = header == nil ? table.pointee.current : cr_find(table, text, place, block.count, &seconds)
    if index >= 0, header == nil { seconds = headers[Int(index)].last }
    if index < 0 {
      var new = cr_header()
      new.above = -1
      new.upto = 59_999
      var minute = time
      var slot = Self.shapeless
      seconds = 0
      if let header, let shape = HeaderShape(block, place, header) {
        shape.fill(&new)
        seconds = shape.seconds
        minute = time.adding(-seconds)
        if meaning.source != nil { bound(&new, minute, seconds, step: step, notBefore: first) }
        if meanings.count < Int(CR_HEADERS) {
          slot = meanings.count
          meanings.append(meaning)
          table.pointee.count = UInt32(meanings.count)
        } else {
          slot = oldest
          oldest = oldest + 1 < Int(CR_HEADERS) ? oldest + 1 : 1
        }
      }
      index = Int32(slot)
      if let run = take(slot) { replaced(run) }
      meanings[slot] = meaning
      meanings[Int(index)].minute = minute
      headers[Int(index)] = new
    }
    table.pointee.current = index
    headers[Int(index)].last = seconds
    guard isCounted else { return }
    if headers[Int(index)].count == 0 || seconds < headers[Int(index)].earliest { headers[Int(index)].earliest = seconds }
    if headers[Int(index)].count == 0 || seconds >= headers[Int(index)].newest.time {
      headers[Int(index)].newest = cr_line(time: seconds, offset: place, number: Int64(line))
    }
    headers[Int(index)].count += 1
  }

  /// What follows the newest line is to be read, not counted with it.
  func forgetNewest() { table.pointee.current = -1 }

  /// Gives out what was counted, and counts anew: before the block goes.
  func flush(_ body: (Run) -> Void) {
    for index in meanings.indices { if let run = take(index) { body(run) } }
  }

  private func take(_ index: Int) -> Run? {
    let header = headers[index]
    guard header.count > 0 else { return nil }
    headers[index].count = 0
    let minute = meanings[index].minute
    return Run(
      meaning: meanings[index], count: Int(header.count), earliest: minute.adding(header.earliest),
      time: minute.adding(header.newest.time), offset: header.newest.offset, line: Int(header.newest.number))
  }

  /// Only seconds of the same tick.
  private func bound(_ header: inout cr_header, _ minute: RecordTime, _ seconds: Int32, step: Int64, notBefore: RecordTime?)
  {
    let start: Int64
    switch minute {
    case .absolute(let time): start = time
    case .yearless(_, _, let time):
      start = Int64(time)
      // Ticks then lie otherwise on each day.
      guard millisecondsOfDay % step == 0 else {
        (header.above, header.upto) = (seconds - 1, seconds)
        return
      }
    case .sinceBoot, .unknown: return
    }
    let time = start + Int64(seconds)
    let tick = (time / step + (time % step > 0 ? 1 : 0)) * step
    header.above = Int32(clamping: max(-1, tick - step - start))
    header.upto = Int32(clamping: min(59_999, tick - start))
    if case .absolute(let first)? = notBefore { header.above = max(header.above, Int32(clamping: first - start - 1)) }
  }
}

/// What of a header is the same in each line of its minute.
private struct HeaderShape {
  /// Milliseconds of the minute that the line itself has.
  let seconds: Int32
  private let bytes: [UInt8]
  private let clock: Int
  /// Digits of the seconds' fraction.
  private let fraction: Int
  private let hasProcess: Bool
  private let isKernel: Bool

  /// - Returns: `nil` for a header of which the rest of the line could make another one.
  init?(_ block: UnsafeRawBufferPointer, _ place: Int, _ header: LogHeader) {
    guard let clock = header.clock, header.message > 0, place + header.message <= block.count else { return nil }
    let line = UnsafeRawBufferPointer(rebasing: block[place..<(place + header.message)])
    guard line.last == 0x20, clock + 8 < line.count, line[clock + 5] == UInt8(ascii: ":") else { return nil }
    var scanner = ByteScanner(line)
    scanner.at = clock + 6
    guard let whole = scanner.digits(2), whole < 60 else { return nil }
    var milliseconds = 0
    var fraction = 0
    if scanner.take(UInt8(ascii: ".")) || scanner.take(UInt8(ascii: ",")) {
      let start = scanner.at
      guard let value = scanner.milliseconds(), scanner.at - start >= 3 else { return nil }
      (milliseconds, fraction) = (value, scanner.at - start)
    }
    seconds = Int32(whole * 1000 + milliseconds)
    let end: Int
    if let tag = header.tag {
      // `name: ` or `name[12]: `
      isKernel = line[tag].elementsEqual("kernel".utf8)
      guard tag.upperBound < line.count else { return nil }
      hasProcess = line[tag.upperBound] == UInt8(ascii: "[")
      guard hasProcess || line[tag.upperBound] == UInt8(ascii: ":") else { return nil }
      end = hasProcess ? tag.upperBound + 1 : tag.upperBound + 2
    } else {
      // Nothing but a time, where the log has nothing else.
      guard header.form == .iso, header.host == nil, line[scanner.at...].count <= 7 else { return nil }
      (isKernel, hasProcess) = (false, false)
      end = line.count
    }
    guard end <= line.count, end <= 8 * Int(CR_WORDS), end > clock + 8 else { return nil }
    bytes = Array(line[..<end])
    guard !bytes.contains(0), bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
    self.clock = clock
    self.fraction = fraction
  }

  func fill(_ header: inout cr_header) {
    var masks = bytes.map { _ in UInt8(0xFF) }
    var values = bytes
    var sixes = bytes.map { _ in UInt8(0) }
    let digits = [clock + 6, clock + 7] + (fraction > 0 ? Array((clock + 9)..<(clock + 9 + fraction)) : [])
    for place in digits { (masks[place], values[place], sixes[place]) = (0xF0, 0x30, 6) }
    header.words = UInt32((bytes.count + 7) / 8)
    header.length = UInt32(bytes.count)
    header.seconds = UInt32(clock + 6)
    header.milliseconds = fraction > 0 ? UInt32(clock + 9) : 0
    header.has_process = hasProcess ? 1 : 0
    header.without_bracket = isKernel ? 1 : 0
    withUnsafeMutableBytes(of: &header.values) { $0.copyBytes(from: values) }
    withUnsafeMutableBytes(of: &header.masks) { $0.copyBytes(from: masks) }
    withUnsafeMutableBytes(of: &header.sixes) { $0.copyBytes(from: sixes) }
  }
}

extension RecordTime {
  /// Milliseconds later, on the same day; what has no time of day has none afterwards.
  fileprivate func adding(_ milliseconds: Int32) -> RecordTime {
    switch self {
    case .absolute(let time): .absolute(time + Int64(milliseconds))
    case .yearless(let month, let day, let time): .yearless(month: month, day: day, milliseconds: time + milliseconds)
    case .sinceBoot, .unknown: self
    }
  }
}
