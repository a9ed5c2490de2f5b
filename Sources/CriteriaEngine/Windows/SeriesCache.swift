import Glibc

/// What a series remembers of long windows: nodes of the tree, and sorted samples.
struct SeriesCache {
  /// No node reaches beyond this tick.
  var nodesThrough = Int64.min
  var sums = NodeTable<SumNode>()
  var growths = NodeTable<GrowthNode>()
  var moments = NodeTable<MomentsNode>()
  var slopes = NodeTable<SlopeNode>()
  /// One for each window of `SeriesPlan.percentiles`.
  private var sorted: UnsafeMutablePointer<SortedWindow>?
  private var sortedCount = 0

  mutating func destroy() {
    sums.destroy()
    growths.destroy()
    moments.destroy()
    slopes.destroy()
    for index in 0..<sortedCount { sorted![index].destroy() }
    free(sorted)
    sorted = nil
    sortedCount = 0
  }

  var allocatedBytes: Int {
    var bytes = allocatedSize(MemoryLayout<SeriesCache>.size)
    bytes += sums.allocatedBytes + growths.allocatedBytes + moments.allocatedBytes + slopes.allocatedBytes
    if sorted != nil { bytes += allocatedSize(sortedCount * MemoryLayout<SortedWindow>.stride) }
    for index in 0..<sortedCount { bytes += sorted![index].allocatedBytes }
    return bytes
  }

  /// The entries of this tick have changed.
  mutating func forgetNodes(at tick: Int64) {
    guard tick <= nodesThrough else { return }
    sums.forget(tick)
    growths.forget(tick)
    moments.forget(tick)
    slopes.forget(tick)
  }

  /// An entry at `time` has changed.
  mutating func forgetSorted(from time: Int64) {
    for index in 0..<sortedCount where sorted![index].through >= time { sorted![index].isValid = false }
  }

  /// The series has dropped its entries up to `time`.
  mutating func lost(through time: Int64) {
    for index in 0..<sortedCount where sorted![index].from < time { sorted![index].isValid = false }
  }

  /// The sorted samples of window number `index` out of `count`.
  mutating func sortedWindow(_ index: Int, of count: Int) -> UnsafeMutablePointer<SortedWindow> {
    if sorted == nil {
      sorted = reserve(SortedWindow.self, count)
      sorted!.initialize(repeating: SortedWindow(), count: count)
      sortedCount = count
    }
    return sorted! + index
  }
}

/// Memory for `count` values, to be freed.
func reserve<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
  guard let memory = malloc(count * MemoryLayout<T>.stride) else { fatalError("out of memory") }
  return memory.bindMemory(to: T.self, capacity: count)
}

/// What glibc's malloc takes for `bytes`: a header, and at least 32 in steps of 16.
func allocatedSize(_ bytes: Int) -> Int { max(32, (bytes + 8 + 15) & ~15) }

/// Aligned blocks of 2ᵏ ticks for the k from `low` on, each in one possible place.
struct NodeTable<N: Node> {
  struct Slot {
    /// Which block of its level; `.min`: none.
    var block: Int64
    var node: N
  }
  /// Level k ≥ `low` has `width >> (k − low)` slots (at least one), and they follow one another.
  private var slots: UnsafeMutablePointer<Slot>?
  private(set) var low = 0
  private var width = 0

  var isMade: Bool { slots != nil }

  /// How many levels of slots and how fine: about 32 samples in the smallest block.
  ///
  /// - Parameters:
  ///   - ticks: The longest window.
  ///   - samplesPerTick: Roughly.
  static func shape(ticks: Int64, samplesPerTick: Double) -> (low: Int, width: Int) {
    var low = 0
    while low < 10, samplesPerTick * Double(1 << low) < 32 { low += 1 }
    var width = 1
    while width << low < ticks { width <<= 1 }
    return (low, width)
  }

  static func bytes(width: Int) -> Int { 2 * width * MemoryLayout<Slot>.stride }

  var allocatedBytes: Int { slots == nil ? 0 : allocatedSize(Self.bytes(width: width)) }

  mutating func make(ticks: Int64, samplesPerTick: Double) {
    (low, width) = Self.shape(ticks: ticks, samplesPerTick: samplesPerTick)
    slots = reserve(Slot.self, 2 * width)
    slots!.initialize(repeating: Slot(block: .min, node: .empty), count: 2 * width)
  }

  mutating func destroy() {
    free(slots)
    slots = nil
  }

  /// The one place for block `block` of level `level`.
  @inline(__always)
  func slot(level: Int, block: Int64) -> UnsafeMutablePointer<Slot> {
    let above = level &- low
    let count = max(width &>> above, 1)
    // The levels below hold width + width/2 + … = 2 · width − 2 · count.
    return slots.unsafelyUnwrapped + (2 &* width &- 2 &* count &+ Int(truncatingIfNeeded: block) & (count &- 1))
  }

  func forget(_ tick: Int64) {
    guard slots != nil else { return }
    var level = low
    // A block of the last level is as long as the longest window.
    while width >> (level - low) > 0 {
      let slot = slot(level: level, block: tick >> Int64(level))
      if slot.pointee.block == tick >> Int64(level) { slot.pointee.block = .min }
      level += 1
    }
  }
}
