/// What a block of ticks comes to; blocks are combined in the fixed order of a binary tree.
protocol Block {
  /// Takes in the block that follows in time.
  mutating func append(_ later: Self)
}

/// A sum of doubles.
struct SumBlock: Block {
  var sum: Double
  mutating func append(_ later: SumBlock) { sum += later.sum }
}

/// What a counter grew by, and over how many seconds.
struct GrowthBlock: Block {
  var increase: Double
  var seconds: Double
  mutating func append(_ later: GrowthBlock) {
    increase += later.increase
    seconds += later.seconds
  }
}

/// Count, mean, and the sum of squared deviations (Chan's combination).
struct MomentsBlock: Block {
  var n: Double
  var mean: Double
  var m2: Double
  init(_ value: Double) { (n, mean, m2) = (1, value, 0) }
  mutating func append(_ b: MomentsBlock) {
    let delta = b.mean - mean
    let total = n + b.n
    let share = b.n / total
    mean = mean + delta * share
    m2 = (m2 + b.m2) + (delta * delta) * (n * share)
    n = total
  }
}

/// The same for pairs of time and value; times are seconds relative to `end`, so that no date is ever squared.
struct SlopeBlock: Block {
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
  mutating func append(_ b: SlopeBlock) {
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
struct Tree<B: Block> {
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
