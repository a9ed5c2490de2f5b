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

  /// - Parameter isDyadic: All values on a coarse grid, and all times such that any shift is exact.
  init(_ random: inout Random, isDyadic: Bool = false) {
    step = random.pick([1000, 5000, 10_000, 30_000, 30_000, 60_000, 60_000, 7000, 3_600_000, 21_600_000])
    let first = random.pick([0, 1, 1000, Int64(random.int(0...5000))])
    start = random.chance(50) ? first * step : 1_700_000_000_000 / step * step + first * step
    ticks = random.pick([6, 15, 25, 40])
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

  mutating func window(_ random: inout Random) -> Int64 { step * Int64(random.pick([1, 2, 3, 4, 5, 7, 8, 12])) }
}
