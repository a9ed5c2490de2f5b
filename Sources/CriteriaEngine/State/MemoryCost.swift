/// What a fleet keeps of each instance, in bytes.
package struct MemoryCost: Sendable {
  /// Windows of gauges and counters, by the index of the signal.
  package var signals: [(signal: Int, bytes: Int)]
  /// Machines and what stands beside them.
  package var rules: Int
  /// All else.
  package var base: Int
  package var total: Int { signals.reduce(rules + base) { $0 + $1.bytes } }

  /// For an instance with one series of each gauge and counter, and a short name. What logs, conditions and facts keep comes
  /// with what they say: some hundred bytes for each event within its window, and for each fact.
  ///
  /// - Parameter samplesPerStep: Of each series.
  package init(_ program: Program, samplesPerStep: Double = 1) {
    let plan = Plan(program)
    signals = plan.metrics.indices.map { slot in
      let signal = Int(plan.metrics[slot])
      let inline = MemoryLayout<SeriesSet>.stride - MemoryLayout<Series>.stride
      let series = plan.series[slot].bytes(samplesPerTick: samplesPerStep)
      guard plan.signals[signal].isKeyed else { return (signal, inline + series) }
      // A class with its arrays of series, places and keys.
      let many = allocatedSize(MemoryLayout<Int>.size * 14) + 3 * allocatedSize(32 + 2 * MemoryLayout<Int>.size)
      return (signal, MemoryLayout<SeriesSet>.stride + allocatedSize(32) + many + series)
    }
    let machines = 2 * MemoryLayout<Machine>.stride + MemoryLayout<Worth>.stride
    rules =
      plan.unkeyedRules.count * machines + plan.rules.count * MemoryLayout<Standing>.stride
      + plan.keyedRules.count * (MemoryLayout<KeyedRule>.stride + allocatedSize(32 + MemoryLayout<Row>.stride))
    func array(_ count: Int, _ stride: Int) -> Int { count == 0 ? 0 : allocatedSize(32 + count * stride) }
    let columns =
      1 + 6 * MemoryLayout<Int64>.stride + MemoryLayout<Gate>.stride + MemoryLayout<Summary>.stride
      + MemoryLayout<ColdState>.stride
    let cold =
      array(plan.logs.count, MemoryLayout<LogState>.stride) + array(plan.logs.count, MemoryLayout<Int64?>.stride)
      + array(plan.infos.count, MemoryLayout<InfoState>.stride)
      + array(plan.conditions.count, MemoryLayout<Timeline>.stride)
      + array(program.launched.count, MemoryLayout<(time: Int64, identity: Int32, value: Double)?>.stride)
      + array(plan.derived.count, MemoryLayout<[TruthClock]>.stride)
    // A dictionary is half to three quarters full.
    let name = (MemoryLayout<String>.stride + MemoryLayout<UInt32>.stride) * 8 / 5
    base = columns + cold + name
  }
}
