import Criteria
import FleetData

/// Our engine over a fleet, through its public API.
struct Ours: ~Copyable {
  /// CPU nanoseconds per instance, the least of the repeats.
  struct Measured {
    /// Deciding one instance again from what is known of it, as the engines do that are asked one by one.
    var peek: Double
    /// A tick of the whole fleet at which all values are new.
    var tick: Double
  }

  private var fleet: Fleet
  private let columns: Columns
  private var handles: [InstanceHandle] = []
  /// By instance, then by metric.
  private var series: [[SeriesHandle?]] = []
  private var now = Timestamp(milliseconds: 1_800_000_000_000)
  private static let step: Int64 = 30_000
  private static let repeats = 5

  init(_ policy: Policy, _ columns: Columns) {
    fleet = Fleet(policy)
    self.columns = columns
    for instance in 0..<columns.count {
      let name = "i-\(instance)"
      var known: [String: String] = [:]
      for (fact, column) in zip(facts, columns.codes) { known[fact.name] = fact.values[Int(column[instance])] }
      fleet.observe(.facts(known, labels: [:]), of: name, at: now)
      series.append(metrics.map { fleet.series($0, of: name) })
      guard let handle = fleet.instance(name) else { fail("compare", "`\(name)` is not there") }
      handles.append(handle)
    }
    feed()
    fleet.advance(to: now)
  }

  private mutating func feed() {
    for (metric, column) in columns.numbers.enumerated() {
      for instance in 0..<columns.count where !column[instance].isNaN {
        if let series = series[instance][metric] { fleet.observe(column[instance], of: series, at: now) }
      }
    }
  }

  /// The proven score of each instance, in thousandths, as of the last tick.
  func lows() -> [Int64] { handles.map { fleet.decide($0)?.low ?? -1 } }

  /// - Complexity: Some ticks of the whole fleet.
  mutating func measure() -> Measured {
    var best = Measured(peek: .infinity, tick: .infinity)
    let expected = lows()
    for _ in 0..<Ours.repeats {
      var peeked: [Int64] = []
      peeked.reserveCapacity(handles.count)
      let peeking = cpuTime { for handle in handles { peeked.append(fleet.peek(handle, at: now)?.low ?? -1) } }
      now = Timestamp(milliseconds: now.milliseconds + Ours.step)
      feed()
      let ticking = cpuTime { fleet.advance(to: now) }
      if peeked != expected || lows() != expected { fail("compare", "the same values give another score") }
      best.peek = min(best.peek, peeking / Double(handles.count))
      best.tick = min(best.tick, ticking / Double(handles.count))
    }
    return best
  }
}
