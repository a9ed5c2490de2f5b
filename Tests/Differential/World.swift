/// What a number measures, as far as the generator goes.
enum Measure: CaseIterable {
  case plain, ratio, bytes, time, plainPerTime, bytesPerTime, ratioPerTime

  var perTime: Measure? {
    switch self {
    case .plain: .plainPerTime
    case .bytes: .bytesPerTime
    case .ratio: .ratioPerTime
    case .time, .plainPerTime, .bytesPerTime, .ratioPerTime: nil
    }
  }

  func literal(_ value: Double) -> String {
    switch self {
    case .plain: decimal(value)
    case .ratio: decimal(value * 100) + "%"
    case .bytes: decimal(value) + "B"
    case .time: decimal(value) + "s"
    case .plainPerTime: decimal(value) + "/s"
    case .bytesPerTime: decimal(value) + "B/s"
    case .ratioPerTime: decimal(value * 100) + "%/s"
    }
  }
}

/// A metric that the instances expose.
struct Metric {
  var name: String
  var isCounter: Bool
  var labels: [String]
  var series: [[String: String]]
  /// Raw values lie in 0...top.
  var top: Double
  /// Values are multiples of a quarter, so that sums are exact.
  var isDyadic: Bool
}

/// A declared signal, and what expressions must know of it.
struct Declared {
  enum Kind { case gauge, counter, log, logValue, condition, info, fact, number, truth }
  var name: String
  var kind: Kind
  var measure: Measure = .plain
  /// Labels of its rows; empty: one value.
  var keys: [String] = []
  var isOptional = false
  /// Values are mostly about this large, in canonical units.
  var typical = 1.0
  var groups: [String] = []
  /// `reduce: count`: whatever is counted is plain.
  var isCount = false
}

/// What both the policy and the data are made from.
struct World {
  var step: Int64
  /// The tick at which the data starts.
  var start: Int64
  var ticks: Int
  var metrics: [Metric] = []
  var sources = ["kernel", "app", "sshd-1"]
  var conditions: [String] = []
  var infos: [(metric: String, label: String)] = []
  var facts = ["image", "kernel", "cores"]
  var launched: String?
  var devices = ["a", "b", "c"]
  var instances = 1
  /// Windows of hundreds to thousands of ticks, and a story that long.
  var isLong = false
  /// Between two samples, where windows are long.
  var sparsity = 1
  /// Every series is sampled once per tick, all at one moment of it, as scrapers do.
  var isScraped = false
  /// Some pattern may run into its match limit.
  var hasMatchLimit = false

  /// - Parameters:
  ///   - isDyadic: All values on a coarse grid, and all times such that any shift is exact.
  ///   - isSmall: An instance or two, and no long windows: for what is run many times over.
  init(_ random: inout Random, isDyadic: Bool = false, isSmall: Bool = false) {
    step = random.pick([1000, 5000, 10_000, 30_000, 30_000, 60_000, 60_000, 7000, 3_600_000, 21_600_000])
    let first = random.pick([0, 1, 1000, Int64(random.int(0...5000))])
    start = random.chance(50) ? first * step : 1_700_000_000_000 / step * step + first * step
    ticks = random.pick([6, 15, 25, 40])
    instances = random.pick([1, 1, 1, 1, 1, 1, 2, 2, 3, random.int(4...12), random.int(4...12), random.int(13...40)])
    if instances > 12 { ticks = random.pick([6, 15]) }
    if random.int(0..<400) == 0 { (instances, ticks) = (300, 4) }
    isLong = random.chance(2)
    if isSmall { (isLong, instances, ticks) = (false, min(instances, 2), max(ticks, 6)) }
    if isLong {
      instances = 1
      sparsity = random.pick([1, 20, 100])
      ticks = sparsity == 1 ? random.int(150...400) : random.int(1000...4000)
    }
    isScraped = random.chance(35)
    hasMatchLimit = random.chance(12)
    if random.chance(3) { devices = (0..<70).map { "d\($0)" } }
    for index in 0..<random.int(2...4) {
      let labels = random.pick([[], [], ["dev"], ["dev"], ["dev", "zone"]])
      var series: [[String: String]] = [[:]]
      if !labels.isEmpty {
        series = devices.shuffled(using: &random).prefix(random.int(1...3)).map { ["dev": $0] }
        if labels.count == 2 {
          series = series.flatMap { one in ["x", "y"].map { one.merging(["zone": $0]) { $1 } } }
          series.removeLast(random.int(0...1))
        }
      }
      metrics.append(
        Metric(
          name: "m\(index)", isCounter: random.chance(35), labels: labels, series: series,
          top: random.pick([1, 4, 10, 100]), isDyadic: isDyadic || random.chance(50)))
    }
    if random.chance(40) { conditions.append("Ready") }
    if random.chance(25) { conditions.append("Pressure") }
    if random.chance(40) { infos.append(("image_info", "image")) }
    if random.chance(20) { infos.append(("os_info", "release")) }
    if random.chance(30) { launched = "boot_time" }
  }

  mutating func window(_ random: inout Random) -> Int64 {
    if isLong && random.chance(70) { return step * Int64(random.int(ticks / 8...ticks)) }
    return step * Int64(random.pick([1, 2, 3, 4, 5, 7, 8, 12]))
  }
}
