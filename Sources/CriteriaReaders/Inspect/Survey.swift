import CriteriaEngine

/// What inputs hold, counted instead of kept: what `inspect` tells, whatever their size.
///
/// Memory grows with series and streams, not with samples and lines.
struct Survey {
  /// One series of one instance.
  struct SeriesKey: Hashable {
    var metric: Int
    /// Among the label sets of its metric.
    var labels: Int
    /// The name that the inputs give its instance; `nil`: they give none.
    var name: Int?
  }

  struct StreamKey: Hashable {
    var name: Int
    var source: String
  }

  private(set) var series: [(key: SeriesKey, stats: SeriesStats)] = []
  private var places: [SeriesKey: Int] = [:]
  private(set) var streams: [StreamKey: StreamStats] = [:]
  /// Of each file, the times of its samples.
  private(set) var ranges: [Int: ClosedRange<Int64>] = [:]
  /// What expositions say of their metrics' types.
  var types: [String: String] = [:]

  mutating func see(_ key: SeriesKey, value: Double, time: Int64?, file: Int) {
    if let time {
      ranges[file] = min(ranges[file]?.lowerBound ?? time, time)...max(ranges[file]?.upperBound ?? time, time)
    }
    if let place = places[key] {
      series[place].stats.add(value, time)
    } else {
      places[key] = series.count
      var stats = SeriesStats()
      stats.add(value, time)
      series.append((key, stats))
    }
  }

  /// Samples that named no instance turn out to be of one.
  ///
  /// - Returns: The time of the newest of them.
  mutating func rename(from start: Int, to name: Int) -> Int64? {
    var newest: Int64?
    for index in start..<series.count where series[index].key.name == nil {
      places[series[index].key] = nil
      series[index].key.name = name
      if let last = series[index].stats.last { newest = max(newest ?? last, last) }
      // Of two files of one instance each series is counted by itself; a sum of both would claim gaps.
      if places[series[index].key] == nil { places[series[index].key] = index }
    }
    return newest
  }

  mutating func see(
    line time: RecordTime, of key: StreamKey, file: Int, patterns: Int, matches: (Int) -> Bool
  ) {
    streams[key, default: StreamStats(patterns: patterns)].add(time, file, matches)
  }

  mutating func attach(_ key: StreamKey, patterns: Int) {
    if streams[key] == nil { streams[key] = StreamStats(patterns: patterns) }
  }
}

/// What one series came to.
package struct SeriesStats: Sendable {
  package private(set) var samples = 0
  /// Milliseconds since 1970; `nil` where no sample has a time.
  package private(set) var first: Int64?
  package private(set) var last: Int64?
  /// Of the newest sample.
  package private(set) var lastValue = Double.nan
  /// Over the finite ones.
  package private(set) var least = Double.infinity
  package private(set) var greatest = -Double.infinity
  /// The longest time between two samples that follow each other, and when it began.
  package private(set) var largestGap: (length: Int64, from: Int64)?
  /// Samples did not come in order, so that gaps cannot be told.
  package private(set) var isUnordered = false
  /// The interval that most steps have, by votes.
  private var candidate: Int64 = 0
  private var votes = 0

  /// Between samples, milliseconds; `nil` with less than two of them.
  package var interval: Int64? { candidate > 0 ? candidate : nil }

  /// A gap is more than two and a half times what is usual.
  package var gap: (length: Int64, from: Int64)? {
    guard let largestGap, let interval, !isUnordered, largestGap.length * 2 > interval * 5 else { return nil }
    return largestGap
  }

  fileprivate mutating func add(_ value: Double, _ time: Int64?) {
    samples += 1
    if value.isFinite {
      least = min(least, value)
      greatest = max(greatest, value)
    }
    guard let time else {
      if last == nil { lastValue = value }
      return
    }
    if let last {
      let step = time - last
      if step < 0 {
        isUnordered = true
        first = min(first ?? time, time)
        return
      }
      if step > 0 { vote(step, since: last) }
    }
    first = first ?? time
    last = time
    lastValue = value
  }

  private mutating func vote(_ step: Int64, since last: Int64) {
    if step > largestGap?.length ?? 0 { largestGap = (step, last) }
    // The one that is in the majority remains; a tenth more or less is the same.
    if votes == 0 {
      candidate = step
      votes = 1
    } else if abs(step - candidate) * 10 <= candidate {
      votes += 1
    } else {
      votes -= 1
    }
  }
}

/// What one stream came to.
struct StreamStats {
  private(set) var lines = 0
  private(set) var firstTimes = FirstTimes()
  /// Of the line that came last, and its file.
  private(set) var newest: (time: RecordTime, file: Int)?
  /// How many lines each pattern of the policy matches.
  private(set) var matches: [Int]
  private(set) var lastMatch: [(time: RecordTime, file: Int)?]

  init(patterns: Int) {
    matches = Array(repeating: 0, count: patterns)
    lastMatch = Array(repeating: nil, count: patterns)
  }

  fileprivate mutating func add(_ time: RecordTime, _ file: Int, _ hits: (Int) -> Bool) {
    lines += 1
    firstTimes.see(time)
    newest = (time, file)
    for index in matches.indices where hits(index) {
      matches[index] += 1
      lastMatch[index] = (time, file)
    }
  }
}
