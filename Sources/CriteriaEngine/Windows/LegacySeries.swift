/// The samples of one series of one signal that can still matter, in order of time; to give way to `Series`.
struct LegacySeries {
  /// Its labels as `name NUL value NUL`, sorted: bytes, for a fixed order.
  let identity: [UInt8]
  /// Which key of a keyed signal; 0 otherwise.
  let key: Int32
  private(set) var entries: ArraySlice<Entry> = []

  init(identity: [UInt8], key: Int32) {
    self.identity = identity
    self.key = key
  }

  /// Same time: the last to come wins.
  /// - Returns: Whether it replaced an entry.
  /// - Complexity: O(1) in order of time, else O(what is later).
  mutating func insert(_ entry: Entry) -> Bool {
    if let last = entries.last, last.time >= entry.time {
      let index = upperBound(entry.time)
      if index > entries.startIndex, entries[index - 1].time == entry.time {
        entries[index - 1] = entry
        return true
      } else {
        entries.insert(entry, at: index)
      }
    } else {
      entries.append(entry)
    }
    return false
  }

  mutating func removeAll(before time: Int64) { entries = entries[upperBound(time - 1)...] }

  /// For values read out of log lines, where two lines of one time are two samples.
  mutating func appendKeepingEqualTimes(_ entry: Entry) { entries.append(entry) }

  /// Forgets entries before `time`.
  mutating func trim(before time: Int64) {
    guard let first = entries.first, first.time < time else { return }
    entries = entries[upperBound(time - 1)...]
    // A slice keeps the whole buffer: copy once more than half of it is dead.
    if entries.startIndex > 64, entries.startIndex > entries.count { entries = ArraySlice(Array(entries)) }
  }

  /// The index of the first entry later than `time`.
  func upperBound(_ time: Int64) -> Int {
    var low = entries.startIndex
    var high = entries.endIndex
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Not ended, and its newest sample not older than `staleAfter`.
  func isLive(at now: Int64, staleAfter: Int64) -> Bool {
    guard let last = entries.last, !last.isEnd else { return false }
    return now - last.time <= staleAfter
  }
}

extension LegacySeries {
  /// A window term over the samples of this series; NaN is unknown. The caller has seen to it that the series is live.
  ///
  /// - Parameter staleAfter: How far back the base of the first pair may lie.
  /// - Complexity: O(entries of the window).
  func term(_ kind: WindowKind, _ window: Window, staleAfter: Int64, _ wake: inout Wake) -> Double {
    let start = upperBound(window.now - window.length)
    let inside = entries[start...]
    guard let oldest = inside.first else { return .nan }
    wake.at(oldest.time + window.length)
    if kind.dependsOnCut, inside.count > 2 { wake.nextTick() }
    guard inside.contains(where: { !$0.isEnd }) else { return .nan }
    let value =
      switch kind {
      case .increase, .rate, .changes: growth(kind, start, window, staleAfter)
      default: statistic(kind, inside, window)
      }
    return value.isFinite ? value : .nan
  }

  private func statistic(_ kind: WindowKind, _ inside: ArraySlice<Entry>, _ window: Window) -> Double {
    let samples = inside.lazy.filter { !$0.isEnd }
    switch kind {
    case .first: return samples.first?.value ?? .nan
    case .last: return samples.last?.value ?? .nan
    case .count: return Double(samples.count)
    case .min: return samples.map(\.value).min() ?? .nan
    case .max: return samples.map(\.value).max() ?? .nan
    case .sum, .avg:
      var tree = Tree<SumBlock>()
      var bounds = (low: Double.infinity, high: -Double.infinity)
      var count = 0
      for entry in samples {
        tree.add(SumBlock(sum: entry.value), tick: tickNumber(of: entry.time, step: window.step))
        bounds = (Swift.min(bounds.low, entry.value), Swift.max(bounds.high, entry.value))
        count += 1
      }
      guard let sum = tree.fold(from: window.firstTick, through: window.lastTick)?.sum else { return .nan }
      if kind == .sum { return sum }
      let mean = sum / Double(count)
      return mean.isFinite ? Swift.min(Swift.max(mean, bounds.low), bounds.high) : .nan
    case .stddev:
      var tree = Tree<MomentsBlock>()
      for entry in samples {
        tree.add(MomentsBlock(entry.value), tick: tickNumber(of: entry.time, step: window.step))
      }
      guard let all = tree.fold(from: window.firstTick, through: window.lastTick) else { return .nan }
      return (all.m2 / all.n).squareRoot()
    case .slope:
      var tree = Tree<SlopeBlock>()
      for entry in samples {
        let tick = tickNumber(of: entry.time, step: window.step)
        tree.add(SlopeBlock(time: entry.time, value: entry.value, end: tick * window.step), tick: tick)
      }
      guard let all = tree.fold(from: window.firstTick, through: window.lastTick), all.ctt != 0 else { return .nan }
      return all.ctx / all.ctt
    case .percentile(let percent): return percentile(percent, samples.map { $0 }, window)
    case .increase, .rate, .changes: preconditionFailure("pairs are counted by `growth`")
    }
  }

  /// Nearest rank.
  private func percentile(_ percent: Int, _ samples: [Entry], _ window: Window) -> Double {
    var inTick = 0
    var tick = Int64.min
    for entry in samples {
      let own = tickNumber(of: entry.time, step: window.step)
      inTick = own == tick ? inTick + 1 : 1
      tick = own
      if inTick > percentileLimit { return .nan }
    }
    let sorted = samples.map(\.value).sorted()
    let rank = (percent * sorted.count + 99) / 100
    return sorted[Swift.max(rank, 1) - 1]
  }

  /// `increase`, `rate` and `changes`: over the pairs of consecutive samples whose later one is in the window.
  private func growth(_ kind: WindowKind, _ start: Int, _ window: Window, _ staleAfter: Int64) -> Double {
    var previous: Entry?
    var endBetween = false
    var index = start - 1
    while index >= entries.startIndex {
      if !entries[index].isEnd {
        previous = entries[index]
        break
      }
      endBetween = true
      index -= 1
    }
    var previousIsInside = false
    var tree = Tree<GrowthBlock>()
    var changes = 0
    for entry in entries[start...] {
      if entry.isEnd {
        endBetween = true
        continue
      }
      if let previous, previousIsInside || (!endBetween && entry.time - previous.time <= staleAfter) {
        if entry.value != previous.value { changes += 1 }
        // A drop is a reset: the counter began again at 0.
        let step = entry.value >= previous.value ? entry.value - previous.value : entry.value
        tree.add(
          GrowthBlock(increase: step, seconds: Double(entry.time - previous.time) / 1000),
          tick: tickNumber(of: entry.time, step: window.step))
      }
      previous = entry
      previousIsInside = true
      endBetween = false
    }
    if kind == .changes { return Double(changes) }
    guard let all = tree.fold(from: window.firstTick, through: window.lastTick) else {
      return kind == .increase ? 0 : .nan
    }
    return kind == .increase ? all.increase : all.increase / all.seconds
  }
}
