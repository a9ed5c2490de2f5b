import Glibc

/// The samples of one window in ascending order, kept from tick to tick.
///
/// - Complexity: A sample that comes or goes costs a binary search and a move of the greater ones: O(window), at some
///   gigabytes per second. Late and replaced samples cost a new sort of the window, O(n log n), at the next look.
struct SortedWindow {
  /// It holds the samples of (from, through].
  private(set) var from = Int64.min
  /// The time of an entry; the entries later than that have not been seen.
  private(set) var through = Int64.min
  var isValid = false
  private var values: UnsafeMutablePointer<Double>?
  private var count = 0
  private var size = RingSize.none
  /// The newest tick with more than `percentileLimit` samples.
  private var crowdedTick = Int64.min
  private var lastTick = Int64.min
  private var inLastTick = 0

  static func bytes(_ size: RingSize) -> Int { size.capacity * MemoryLayout<Double>.stride }

  var allocatedBytes: Int { values == nil ? 0 : allocatedSize(Self.bytes(size)) }

  mutating func destroy() {
    free(values)
    self = SortedWindow()
  }

  /// Nearest rank over the entries from `start` on, all those later than `from`; NaN if there is no sample or a tick from
  /// `firstTick` on is crowded.
  mutating func percentile(
    _ percent: Int, of series: Series, start: Int, from: Int64, firstTick: Int64, _ plan: SeriesPlan
  ) -> Double {
    if isValid, from >= self.from, series.newestTime >= through {
      let seen = series.upperBound(through)
      for index in series.upperBound(self.from)..<min(start, seen) {
        let value = series.value(at: index)
        if !value.isNaN { remove(value) }
      }
      for index in max(start, seen)..<series.count {
        admit(series, index, plan) { values, count, value in Self.insert(value, values, count) }
      }
    } else {
      count = 0
      crowdedTick = .min
      lastTick = .min
      for index in start..<series.count {
        admit(series, index, plan) { values, count, value in values[count] = value }
      }
      // Stable: equal values (0 and −0) stay in order of time, as removal expects them.
      var sorting = UnsafeMutableBufferPointer(start: values, count: count)
      sorting.sort()
      isValid = true
    }
    self.from = from
    through = series.newestTime
    if count == 0 || crowdedTick >= firstTick { return .nan }
    return values.unsafelyUnwrapped[nearestRank(percent, of: count) - 1]
  }

  private mutating func admit(
    _ series: Series, _ index: Int, _ plan: SeriesPlan,
    _ put: (UnsafeMutablePointer<Double>, Int, Double) -> Void
  ) {
    let value = series.value(at: index)
    if value.isNaN { return }
    let tick = plan.scale.tick(of: series.time(at: index))
    inLastTick = tick == lastTick ? inLastTick + 1 : 1
    lastTick = tick
    if inLastTick > percentileLimit { crowdedTick = tick }
    if count == size.capacity { grow() }
    put(values.unsafelyUnwrapped, count, value)
    count += 1
  }

  private mutating func grow() {
    size = size.next
    let memory = reserve(Double.self, size.capacity)
    if let values { memory.update(from: values, count: count) }
    free(values)
    values = memory
  }

  /// After its equals.
  private static func insert(_ value: Double, _ values: UnsafeMutablePointer<Double>, _ count: Int) {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if values[middle] <= value { low = middle + 1 } else { high = middle }
    }
    memmove(values + low + 1, values + low, (count - low) * MemoryLayout<Double>.stride)
    values[low] = value
  }

  /// The first of its equals: what leaves a window is the oldest.
  private mutating func remove(_ value: Double) {
    let values = values.unsafelyUnwrapped
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < value { low = middle + 1 } else { high = middle }
    }
    count -= 1
    memmove(values + low, values + low + 1, (count - low) * MemoryLayout<Double>.stride)
  }
}

/// ⌈percent · count / 100⌉, from 1.
@inline(__always)
func nearestRank(_ percent: Int, of count: Int) -> Int { max((percent * count + 99) / 100, 1) }
