import Criteria
import CriteriaEngine
import CriteriaReaders
import Testing

@Suite(
  "the deviation policies on the Numenta Anomaly Benchmark", .enabled(if: sharedData != nil, "../shared/data is absent")
)
struct AnomalyTests {
  /// Which policy judges which kind of metric.
  static let kinds: [(policy: String, series: [String])] = [
    (
      "cpu",
      [
        "realAWSCloudwatch/ec2_cpu_utilization_24ae8d", "realAWSCloudwatch/ec2_cpu_utilization_53ea38",
        "realAWSCloudwatch/ec2_cpu_utilization_5f5533", "realAWSCloudwatch/ec2_cpu_utilization_ac20cd",
        "realAWSCloudwatch/rds_cpu_utilization_cc0c53",
      ]
    ),
    (
      "traffic",
      [
        "realAWSCloudwatch/ec2_disk_write_bytes_1ef3de", "realAWSCloudwatch/ec2_network_in_257a54",
        "realAWSCloudwatch/elb_request_count_8c0756",
      ]
    ),
    ("latency", ["realKnownCause/ec2_request_latency_system_failure"]),
    ("temperature", ["realKnownCause/machine_temperature_system_failure"]),
    ("group", ["realAWSCloudwatch/grok_asg_anomaly"]),
    (
      "daily",
      [
        "artificialNoAnomaly/art_flatline", "artificialNoAnomaly/art_noisy",
        "artificialWithAnomaly/art_daily_flatmiddle", "artificialWithAnomaly/art_daily_jumpsup",
      ]
    ),
  ]

  struct Sample {
    var time: Int64
    var value: Double
  }

  /// How a detector did on one series.
  struct Result {
    var windows = 0
    var found = 0
    /// From the begin of each window that was found to the first alarm in it, in milliseconds.
    var delays: [Int64] = []
    /// Alarms that begin outside all windows.
    var outside = 0

    init(alarms: [ClosedRange<Int64>], windows: [ClosedRange<Int64>]) {
      self.windows = windows.count
      // An alarm that is on already tells nothing of what begins.
      for window in windows {
        guard let alarm = alarms.first(where: { window.contains($0.lowerBound) }) else { continue }
        found += 1
        delays.append(alarm.lowerBound - window.lowerBound)
      }
      outside = alarms.count { alarm in !windows.contains { $0.contains(alarm.lowerBound) } }
    }

    var delay: String {
      if delays.isEmpty { return "–" }
      let sorted = delays.sorted()
      let median = Double(sorted[(sorted.count - 1) / 2]) / 3_600_000
      return decimals(median) + " h"
    }
  }

  @Test("windows found, delays and false alarms, beside the best fixed threshold in hindsight")
  @MainActor
  func windows() throws {
    let folder = try #require(sharedData) + "/metrics/nab/"
    let windows = try readWindows(folder + "combined_windows.json")
    var rows = [
      [
        "policy", "series", "windows", "found", "median delay", "outside", "threshold: found", "median delay",
        "outside",
      ]
    ]
    var total = [0, 0, 0, 0, 0]
    for kind in Self.kinds {
      let policy = try starterPolicy("anomaly/\(kind.policy).yaml")
      for name in kind.series {
        let samples = try readSamples(folder + name + ".csv")
        let truth = try #require(windows[name + ".csv"])
        let ours = Result(alarms: try alarms(policy, samples), windows: truth)
        let fixed = bestThreshold(samples, truth)
        rows.append([
          kind.policy, String(name.split(separator: "/")[1]), String(ours.windows), String(ours.found), ours.delay,
          String(ours.outside), String(fixed.found), fixed.delay, String(fixed.outside),
        ])
        for (index, value) in [ours.windows, ours.found, ours.outside, fixed.found, fixed.outside].enumerated() {
          total[index] += value
        }
      }
    }
    #expect(rows.count - 1 == windows.count)
    rows.append([
      "all", "", String(total[0]), String(total[1]), "", String(total[2]), String(total[3]), "", String(total[4]),
    ])
    try expectTable("nab", rows)
    // More windows than thresholds that were chosen with the answers at hand, and few enough alarms to look at each.
    #expect(total[1] > total[3])
    #expect(total[2] <= 6)
  }

  private func alarms(_ policy: Policy, _ samples: [Sample]) throws -> [ClosedRange<Int64>] {
    var fleet = Fleet(policy)
    var course = Course()
    for sample in samples {
      let time = Timestamp(milliseconds: sample.time)
      fleet.observe(.sample("value", [:], sample.value), of: "series", at: time)
      for change in fleet.advance(to: time) { course.add(change) }
    }
    let end = try #require(samples.last).time
    return course.alarms.map { $0.begin...max($0.begin, ($0.end ?? end) - policy.program.step) }
  }

  /// The threshold, above or below which is an alarm, that finds the most windows less alarms outside them; then the most windows.
  /// It is chosen with the windows known, for each series by itself, and held for two hours as the policies are.
  private func bestThreshold(_ samples: [Sample], _ windows: [ClosedRange<Int64>]) -> Result {
    var best = Result(alarms: [], windows: windows)
    let rising = samples.sorted { $0.value < $1.value }
    for ordered in [rising, rising.reversed()] {
      // A threshold that is crossed a fifth of the time tells nothing any more. The rarest fifty, then every so manieth.
      let stride = max(1, samples.count / 5 / 200)
      for count in 1...samples.count / 5 where count <= 50 || count % stride == 0 {
        // Equal values cross together.
        if ordered[count - 1].value == ordered[count].value { continue }
        var alarms: [ClosedRange<Int64>] = []
        for time in ordered[..<count].map(\.time).sorted() {
          if let last = alarms.last, time <= last.upperBound + 7_200_000 {
            alarms[alarms.count - 1] = last.lowerBound...time
          } else {
            alarms.append(time...time)
          }
        }
        let result = Result(alarms: alarms, windows: windows)
        if (result.found - result.outside, result.found) > (best.found - best.outside, best.found) { best = result }
      }
    }
    return best
  }

  // MARK: Reading

  /// `2014-04-10 00:04:00` or with a fraction, UTC; milliseconds.
  private func time(_ text: some StringProtocol) throws -> Int64 {
    let found = parseTime("\(text.prefix(10))T\(text.dropFirst(11).prefix(8))Z")
    return try #require(found, "\(text) is no time")
  }

  private func readSamples(_ path: String) throws -> [Sample] {
    let samples = try lines(try readText(path)).dropFirst().map { line in
      let cells = line.split(separator: ",")
      return Sample(time: try time(cells[0]), value: try #require(Double(String(cells[1]))))
    }
    // A clock that was set back in autumn repeats an hour.
    return samples.sorted { $0.time < $1.time }
  }

  /// The file is an object of arrays of pairs of times, written over several lines.
  private func readWindows(_ path: String) throws -> [String: [ClosedRange<Int64>]] {
    var result: [String: [ClosedRange<Int64>]] = [:]
    var series = ""
    var begin: Int64?
    for line in lines(try readText(path)) {
      let words = line.split(separator: "\"", omittingEmptySubsequences: false)
      guard words.count >= 3 else { continue }
      if words[1].hasSuffix(".csv") {
        series = String(words[1])
        result[series] = []
      } else if let first = begin {
        result[series, default: []].append(first...(try time(words[1])))
        begin = nil
      } else {
        begin = try time(words[1])
      }
    }
    return result
  }
}
