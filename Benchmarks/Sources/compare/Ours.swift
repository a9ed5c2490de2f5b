import Criteria
@_spi(Internals) import CriteriaCompiler
import FleetData
import KernelInputs

/// Our engine over a fleet, through its public API.
struct Ours: ~Copyable {
  /// CPU nanoseconds per instance, the least of the repeats.
  struct Measured {
    /// A score and its band from a vector of values that is there: one instance at a time, and over columns.
    var row: Double
    var columns: Double
    /// Deciding one instance again from what is known of it, as the engines do that are asked one by one.
    var peek: Double
    /// A tick of the whole fleet at which all values are new.
    var tick: Double
  }

  private var fleet: Fleet
  private let inputs: FleetInputs
  private let runner: DecisionKernel.Runner
  private let bands: UnsafeMutablePointer<UInt8>
  private let columns: Columns
  private var handles: [InstanceHandle] = []
  /// By instance, then by metric.
  private var series: [[SeriesHandle?]] = []
  private var now = Timestamp(milliseconds: 1_800_000_000_000)
  private static let step: Int64 = 30_000
  private static let repeats = 5
  private static let kernelRepeats = 15

  /// - Parameter path: Of the policy.
  init(_ policy: Policy, _ path: String, _ columns: Columns) {
    fleet = Fleet(policy)
    guard let kernel = DecisionKernel(contentsOf: path, path: "best") else {
      fail("compare", "`\(path)` does not decide from numbers and strings alone")
    }
    inputs = FleetInputs(columns, for: kernel)
    runner = DecisionKernel.Runner(kernel, chunk: 256)
    bands = .allocate(capacity: columns.count)
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

  private func demandBands(of lows: [Int64]) {
    for (row, low) in lows.enumerated() where bands[row] != (low >= 100_000 ? 2 : low >= 50_000 ? 1 : 0) {
      fail("compare", "the kernel puts instance \(row) into band \(bands[row]), the fleet scores \(low) thousandths")
    }
  }

  /// The proven score of each instance, in thousandths, as of the last tick.
  func lows() -> [Int64] { handles.map { fleet.decide($0)?.low ?? -1 } }

  /// - Complexity: Some ticks of the whole fleet.
  mutating func measure() -> Measured {
    var best = Measured(row: .infinity, columns: .infinity, peek: .infinity, tick: .infinity)
    let expected = lows()
    let count = handles.count
    for _ in 0..<Ours.kernelRepeats {
      let rows = cpuTime {
        _ = runner.rows(inputs.rows, stride: inputs.stride, count: count, bands: bands)
      }
      demandBands(of: expected)
      let columns = cpuTime {
        runner.columns(numbers: inputs.numbers, strings: inputs.strings, start: 0, count: count, bands: bands)
      }
      demandBands(of: expected)
      best.row = min(best.row, rows / Double(count))
      best.columns = min(best.columns, columns / Double(count))
    }
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
