/// What a block of ticks comes to for one family of terms; blocks are combined in the fixed order of a binary tree.
///
/// Combining with an empty node changes nothing.
protocol Node {
  static var empty: Self { get }
  var isEmpty: Bool { get }
  /// Takes in the block that follows in time; neither is empty.
  mutating func combine(_ later: Self)
}

extension Node {
  @inline(__always)
  mutating func append(_ later: Self) {
    if later.isEmpty { return }
    if isEmpty { self = later } else { combine(later) }
  }
}

/// `sum`, `avg`, `min`, `max`, `count`.
struct SumNode: Node {
  var sum: Double
  var low: Double
  var high: Double
  var count: Int
  static var empty: SumNode { SumNode(sum: 0, low: 0, high: 0, count: 0) }
  var isEmpty: Bool { count == 0 }
  @inline(__always)
  mutating func combine(_ later: SumNode) {
    sum += later.sum
    // The earlier one stays where they are equal: −0 and 0 are.
    if later.low < low { low = later.low }
    if later.high > high { high = later.high }
    count &+= later.count
  }
}

/// `increase`, `rate`, `changes`: of pairs of consecutive samples.
struct GrowthNode: Node {
  var increase: Double
  var seconds: Double
  var changes: Int
  var pairs: Int
  static var empty: GrowthNode { GrowthNode(increase: 0, seconds: 0, changes: 0, pairs: 0) }
  var isEmpty: Bool { pairs == 0 }
  @inline(__always)
  mutating func combine(_ later: GrowthNode) {
    increase += later.increase
    seconds += later.seconds
    changes &+= later.changes
    pairs &+= later.pairs
  }
}

/// `stddev`: count, mean, and the sum of squared deviations (Chan's combination).
struct MomentsNode: Node {
  var n: Double
  var mean: Double
  var m2: Double
  static var empty: MomentsNode { MomentsNode(n: 0, mean: 0, m2: 0) }
  var isEmpty: Bool { n == 0 }
  @inline(__always)
  mutating func combine(_ b: MomentsNode) {
    let delta = b.mean - mean
    let total = n + b.n
    let share = b.n / total
    mean = mean + delta * share
    m2 = (m2 + b.m2) + (delta * delta) * (n * share)
    n = total
  }
}

/// `slope`: moments of time and value; times are seconds relative to `end`, so that no date is ever squared.
struct SlopeNode: Node {
  var end: Int64
  var n: Double
  var meanTime: Double
  var meanValue: Double
  var ctt: Double
  var ctx: Double
  static var empty: SlopeNode { SlopeNode(end: 0, n: 0, meanTime: 0, meanValue: 0, ctt: 0, ctx: 0) }
  var isEmpty: Bool { n == 0 }
  @inline(__always)
  mutating func combine(_ b: SlopeNode) {
    meanTime -= Double(b.end &- end) / 1000
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

/// Makes nodes of single samples, which come in order of time.
protocol Gatherer {
  associatedtype Leaf: Node
  /// Ready for the samples from `index` on.
  init(before index: Int, of series: Series)
  /// - Parameter tickEnd: The time of the sample's tick.
  mutating func leaf(_ time: Int64, _ value: Double, tickEnd: Int64) -> Leaf
}

struct SumGatherer: Gatherer {
  @inline(__always)
  init(before index: Int, of series: Series) {}
  @inline(__always)
  func leaf(_ time: Int64, _ value: Double, tickEnd: Int64) -> SumNode {
    SumNode(sum: value, low: value, high: value, count: 1)
  }
}

/// Pairs each sample with the one before it, wherever that is.
struct GrowthGatherer: Gatherer {
  /// The sample before; NaN: there is none.
  var time: Int64 = 0
  var value = Double.nan

  init(before index: Int, of series: Series) {
    var index = index - 1
    while index >= 0 {
      let value = series.value(at: index)
      if !value.isNaN {
        time = series.time(at: index)
        self.value = value
        return
      }
      index -= 1
    }
  }

  @inline(__always)
  mutating func leaf(_ time: Int64, _ value: Double, tickEnd: Int64) -> GrowthNode {
    defer {
      self.time = time
      self.value = value
    }
    if self.value.isNaN { return .empty }
    // A drop is a reset: the counter began again at 0.
    return GrowthNode(
      increase: value >= self.value ? value - self.value : value, seconds: Double(time &- self.time) / 1000,
      changes: value != self.value ? 1 : 0, pairs: 1)
  }
}

struct MomentsGatherer: Gatherer {
  @inline(__always)
  init(before index: Int, of series: Series) {}
  @inline(__always)
  func leaf(_ time: Int64, _ value: Double, tickEnd: Int64) -> MomentsNode { MomentsNode(n: 1, mean: value, m2: 0) }
}

struct SlopeGatherer: Gatherer {
  @inline(__always)
  init(before index: Int, of series: Series) {}
  @inline(__always)
  func leaf(_ time: Int64, _ value: Double, tickEnd: Int64) -> SlopeNode {
    SlopeNode(end: tickEnd, n: 1, meanTime: Double(time &- tickEnd) / 1000, meanValue: value, ctt: 0, ctx: 0)
  }
}
