/// Series of one term side by side, for the benchmark `windows`.
@_spi(Internals) public final class SeriesColumn {
  private let kind: WindowKind
  private let ticks: Int64
  private let plan: SeriesPlan
  private let count: Int
  private let series: UnsafeMutablePointer<Series>
  private var slab = RingSlab(bytes: 0)

  /// - Parameters:
  ///   - term: A function's name: `avg`, `p95`.
  ///   - ticks: Its window.
  ///   - step: Milliseconds.
  /// - Returns: `nil` if there is no such function.
  public init?(term: String, ticks: Int, step: Int64, count: Int) {
    let kinds: [String: WindowKind] = [
      "avg": .avg, "min": .min, "max": .max, "sum": .sum, "first": .first, "last": .last, "count": .count,
      "rate": .rate, "increase": .increase, "changes": .changes, "slope": .slope, "stddev": .stddev,
      "p50": .percentile(50), "p90": .percentile(90), "p95": .percentile(95), "p99": .percentile(99),
    ]
    guard let kind = kinds[term] else { return nil }
    self.kind = kind
    self.ticks = Int64(ticks)
    self.count = count
    plan = SeriesPlan(
      step: step, terms: [(kind, Int64(ticks) * step)], longestWindow: 0, staleAfter: 300_000, maxLateness: 2 * step)
    series = .allocate(capacity: count)
    for index in 0..<count { (series + index).initialize(to: Series(identity: Int32(index), key: 0)) }
  }

  deinit {
    for index in 0..<count { series[index].destroy() }
    series.deallocate()
    var slab = slab
    slab.destroy()
  }

  /// A sample for each series, in the order of `order`.
  public func append(at time: Int64, _ values: [Double], order: [Int]) {
    for index in order { _ = series[index].append(time, values[index], plan) }
  }

  public func reveal(through now: Int64) { for index in 0..<count { _ = series[index].reveal(through: now, plan) } }

  /// The term of each series at a tick.
  public func terms(at tick: Int64, into values: inout [Double]) {
    var wake = Wake(now: tick, step: plan.step)
    for index in 0..<count { values[index] = series[index].term(kind, ticks: ticks, plan, &wake) }
  }

  /// Moves the rings side by side, in the order of the series.
  public func settle() {
    var next = RingSlab(bytes: (0..<count).reduce(0) { $0 + series[$1].lodging })
    for index in 0..<count { series[index].move(into: &next) }
    slab.destroy()
    slab = next
  }

  /// Of one series, as allocated, and as the cost model says it.
  public var bytes: (allocated: Int, told: Int) {
    (series[0].allocatedBytes, plan.bytes(samplesPerTick: 1))
  }
}
