@testable import CriteriaEngine

/// The plain twin of `Series`: an array of entries, and a scan of the whole window for each term.
struct PlainSeries {
  private(set) var entries: ArraySlice<Entry> = []

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

extension PlainSeries {
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
      var tree = PlainTree<PlainSumBlock>()
      var bounds = (low: Double.infinity, high: -Double.infinity)
      var count = 0
      for entry in samples {
        tree.add(PlainSumBlock(sum: entry.value), tick: tickNumber(of: entry.time, step: window.step))
        bounds = (Swift.min(bounds.low, entry.value), Swift.max(bounds.high, entry.value))
        count += 1
      }
      guard let sum = tree.fold(from: window.firstTick, through: window.lastTick)?.sum else { return .nan }
      if kind == .sum { return sum }
      let mean = sum / Double(count)
      return mean.isFinite ? Swift.min(Swift.max(mean, bounds.low), bounds.high) : .nan
    case .stddev:
      var tree = PlainTree<PlainMomentsBlock>()
      for entry in samples {
        tree.add(PlainMomentsBlock(entry.value), tick: tickNumber(of: entry.time, step: window.step))
      }
      guard let all = tree.fold(from: window.firstTick, through: window.lastTick) else { return .nan }
      return (all.m2 / all.n).squareRoot()
    case .slope:
      var tree = PlainTree<PlainSlopeBlock>()
      for entry in samples {
        let tick = tickNumber(of: entry.time, step: window.step)
        tree.add(PlainSlopeBlock(time: entry.time, value: entry.value, end: tick * window.step), tick: tick)
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
    var tree = PlainTree<PlainGrowthBlock>()
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
          PlainGrowthBlock(increase: step, seconds: Double(entry.time - previous.time) / 1000),
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

/// What a block of ticks comes to; blocks are combined in the fixed order of a binary tree.
protocol PlainBlock {
  /// Takes in the block that follows in time.
  mutating func append(_ later: Self)
}

/// A sum of doubles.
struct PlainSumBlock: PlainBlock {
  var sum: Double
  mutating func append(_ later: PlainSumBlock) { sum += later.sum }
}

/// What a counter grew by, and over how many seconds.
struct PlainGrowthBlock: PlainBlock {
  var increase: Double
  var seconds: Double
  mutating func append(_ later: PlainGrowthBlock) {
    increase += later.increase
    seconds += later.seconds
  }
}

/// Count, mean, and the sum of squared deviations (Chan's combination).
struct PlainMomentsBlock: PlainBlock {
  var n: Double
  var mean: Double
  var m2: Double
  init(_ value: Double) { (n, mean, m2) = (1, value, 0) }
  mutating func append(_ b: PlainMomentsBlock) {
    let delta = b.mean - mean
    let total = n + b.n
    let share = b.n / total
    mean = mean + delta * share
    m2 = (m2 + b.m2) + (delta * delta) * (n * share)
    n = total
  }
}

/// The same for pairs of time and value; times are seconds relative to `end`, so that no date is ever squared.
struct PlainSlopeBlock: PlainBlock {
  var end: Int64
  var n: Double
  var meanTime: Double
  var meanValue: Double
  var ctt: Double
  var ctx: Double
  init(time: Int64, value: Double, end: Int64) {
    self.end = end
    (n, meanTime, meanValue, ctt, ctx) = (1, Double(time - end) / 1000, value, 0, 0)
  }
  mutating func append(_ b: PlainSlopeBlock) {
    meanTime -= Double(b.end - end) / 1000
    end = b.end
    let deltaTime = b.meanTime - meanTime
    let deltaValue = b.meanValue - meanValue
    let total = n + b.n
    let share = b.n / total
    meanTime = meanTime + deltaTime * share
    meanValue = meanValue + deltaValue * share
    ctt = (ctt + b.ctt) + (deltaTime * deltaTime) * (n * share)
    ctx = (ctx + b.ctx) + (deltaTime * deltaValue) * (n * share)
    n = total
  }
}

/// The ticks of a window that hold anything, and how they are folded: by maximal aligned blocks of 2^k ticks, oldest first.
///
/// The order of adding depends on the tick numbers alone, so that batch, incremental and restored runs agree to the bit.
struct PlainTree<B: PlainBlock> {
  private var ticks: [Int64] = []
  private var blocks: [B] = []

  /// Entries come in order of time.
  mutating func add(_ block: B, tick: Int64) {
    if tick == ticks.last {
      blocks[blocks.count - 1].append(block)
    } else {
      ticks.append(tick)
      blocks.append(block)
    }
  }

  /// - Returns: `nil` if nothing was added.
  /// - Complexity: O(n) for n ticks that hold anything.
  func fold(from first: Int64, through last: Int64) -> B? {
    var result: B?
    var start = first
    var index = 0
    while start <= last, index < ticks.count {
      var size: Int64 = 1 << min(start.trailingZeroBitCount, 40)
      while start + size - 1 > last { size >>= 1 }
      let end = partition(index, ticks.count, before: start + size)
      if end > index {
        let block = combine(index, end, start, size)
        if result == nil { result = block } else { result!.append(block) }
        index = end
      }
      start += size
    }
    return result
  }

  private func combine(_ low: Int, _ high: Int, _ start: Int64, _ size: Int64) -> B {
    if high - low == 1 { return blocks[low] }
    let half = size >> 1
    let middle = partition(low, high, before: start + half)
    if middle == low { return combine(low, high, start + half, half) }
    if middle == high { return combine(low, high, start, half) }
    var left = combine(low, middle, start, half)
    left.append(combine(middle, high, start + half, half))
    return left
  }

  private func partition(_ low: Int, _ high: Int, before tick: Int64) -> Int {
    var low = low
    var high = high
    while low < high {
      let middle = (low + high) / 2
      if ticks[middle] < tick { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
