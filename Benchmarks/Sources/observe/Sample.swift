import FleetData

/// What the benchmark feeds, and what `Policies/windows10.yaml` makes of it, written out by hand.
///
/// Values are multiples of a quarter, so that sums of a window are exact in any order.
enum Sample {
  static let signals = 10
  /// Ticks.
  static let window = 10

  /// The samples of a tick in the order in which they are fed.
  static func table(_ tick: Int, _ order: [Int]) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(order.count * signals)
    for instance in order {
      for signal in 0..<signals { values.append(value(of: instance, signal, at: tick)) }
    }
    return values
  }

  private static func value(of instance: Int, _ signal: Int, at tick: Int) -> Double {
    // A counter grows; the others go up and down.
    if signal >= 8 { return (0...tick).reduce(0) { $0 + noise(instance, signal, $1) } }
    return noise(instance, signal, tick)
  }

  /// 0 … 99.75.
  private static func noise(_ instance: Int, _ signal: Int, _ tick: Int) -> Double {
    var random = SplitMix(state: UInt64(instance) << 20 ^ UInt64(signal) << 12 ^ UInt64(tick))
    return Double(random.next() % 400) / 4
  }

  /// In thousandths, as of a tick.
  static func score(of instance: Int, at tick: Int) -> Int64 {
    func samples(_ signal: Int) -> [Double] {
      (max(0, tick - window + 1)...tick).map { value(of: instance, signal, at: $0) }
    }
    func average(_ signal: Int) -> Double { samples(signal).reduce(0, +) / Double(samples(signal).count) }
    /// The sample before the window is the base of its first step, if it is not older than 5 m.
    func steps(_ signal: Int) -> [Double] {
      let all = (max(0, tick - window)...tick).map { value(of: instance, signal, at: $0) }
      return zip(all.dropFirst(), all).map { $0 - $1 }
    }
    let m4 = average(4)
    let rules: [(Bool, Double)] = [
      (average(0) > 50, 20), (samples(1).max()! > 90, 10), (samples(2).min()! < 5, 10),
      (samples(3).reduce(0, +) > 550, 20),
      (m4 > 40, 30 * min(max((m4 - 40) / (60 - 40), 0), 1)), (samples(5).max()! > 95 && average(6) < 45, 20),
      (steps(7).count { $0 != 0 } >= 9, 5),
      (steps(8).reduce(0, +) > 400, 25),
      (!steps(9).isEmpty && steps(9).reduce(0, +) / (Double(steps(9).count) * 30) > 1.8, 15),
    ]
    return rules.reduce(0) { $0 + ($1.0 ? Int64(($1.1 * 1000).rounded(.toNearestOrAwayFromZero)) : 0) }
  }
}
