import CriteriaCompiler
import CriteriaTesting
import Glibc
import Testing

/// `promtool`, where Debian's prometheus is installed.
private let promtool: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first { access($0, X_OK) == 0 }

/// Deterministic, so that a failure can be run again.
private struct Random {
  var state: UInt64
  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}

@Suite("Alerts written both ways fire at the same ticks")
struct PromtoolTests {
  /// A function over a window, how promtool calls it, and the thresholds it is compared with.
  private struct Shape {
    var ours: String
    var theirs: String
  }
  private static let windows = ["2m", "5m", "10m"]
  private static let functions: [(ours: String, theirs: String, bounds: [Double])] = [
    ("avg", "avg_over_time", [30.003, 55.003]), ("min", "min_over_time", [10, 35]), ("max", "max_over_time", [60, 85]),
    ("count", "count_over_time", [2, 4]), ("changes", "changes", [1, 3]), ("last", "last_over_time", [50, 70]),
    ("sum", "sum_over_time", [90, 200]), ("stddev", "stddev_over_time", [10.003, 25.003]),
  ]
  /// Changes are counted from the sample before the window on, where Prometheus begins with the first in it: theirs looks back one
  /// interval more, over a series without gaps. Averages and
  /// deviations are compared with what none is: the two round differently.
  private static let operators = [">", "<", ">=", "<="]
  private static let waits: [Int] = [0, 1, 3]

  private struct Alert {
    var name: String
    var ours: String
    var theirs: String
    var wait: Int
  }

  /// Every function over every window, with thresholds, operators and `for` in turn: 48 alerts.
  private static let alerts: [Alert] = {
    var alerts: [Alert] = []
    for function in functions {
      for window in windows {
        for bound in function.bounds {
          let number = alerts.count
          let sign = operators[number % operators.count]
          let wait = waits[(number / 2) % waits.count]
          let isChanges = function.ours == "changes"
          let metric = isChanges ? "y" : "x"
          let theirWindow = isChanges ? "\(Int(window.dropLast())! * 60 + interval)s" : window
          alerts.append(
            Alert(
              name: "A\(number)", ours: "\(function.ours)(\(metric)[\(window)]) \(sign) \(bound)",
              theirs: "\(function.theirs)(\(metric)[\(theirWindow)]) \(sign) \(bound)", wait: wait))
        }
      }
    }
    return alerts
  }()

  private static let minutes = 40
  private static let seriesCount = 200
  /// Samples come every 20 s; the step is a minute. An offset of 7 s keeps them off the grid, so that it does not matter whether a
  /// window includes its left end.
  private static let interval = 20

  /// One value a sample; `nil`: none came. And the same without gaps.
  private static func series(_ random: inout Random) -> (x: [Int?], y: [Int?]) {
    var level = random.next(101)
    let jump = 1 + random.next(40)
    let gaps = random.next(4)
    var whole: [Int?] = []
    let gappy: [Int?] = (0..<(minutes * 60 / interval)).map { _ in
      if random.next(3) == 0 { level = min(100, max(0, level + random.next(2 * jump + 1) - jump)) }
      // Gaps shorter than what makes a series stale: Prometheus looks back 5 minutes for a bare name only.
      whole.append(level)
      return gaps > 0 && random.next(12) < gaps ? nil : level
    }
    return (gappy, whole)
  }

  @Test(
    "thresholds, `for` and window functions over random series agree with promtool",
    .enabled(if: promtool != nil, "promtool is not installed (apt-get install prometheus)"))
  func agree() throws {
    let promtool = try #require(promtool)
    #expect(Self.alerts.count >= 30)
    var random = Random(state: 20_261_127)
    let all = (0..<Self.seriesCount).map { _ in Self.series(&random) }
    // Ours.
    var rules = ""
    for alert in Self.alerts {
      rules +=
        "  - {rule: \(alert.name), when: '\(alert.ours)', \(alert.wait > 0 ? "for: \(alert.wait)m, " : "")then: +1}\n"
    }
    let signals = "{x: {gauge: x, stale_after: 2h}, y: {gauge: y, stale_after: 2h}}"
    let policy = "version: 1\npolicy: p\nstep: 1m\nsignals: \(signals)\nrules:\n\(rules)"
    var fired: [[Set<Int>]] = []
    for values in all {
      // Sampled every second of the grid of 1 s would be wasteful: the offset is told by the notation of samples alone.
      let text = Self.testFile(values)
      let suite = load(text, policy: policy)
      try #require(faults(suite) == [])
      let (bound, subject) = try #require(suite.ready)
      var firing = Self.alerts.map { _ in Set<Int>() }
      _ = run(bound.cases[0], under: subject) { view, time in
        for index in Self.alerts.indices where view.stands(index) { firing[index].insert(Int(time / 60_000)) }
      }
      fired.append(firing)
    }
    // Theirs: what we found is what they are asked to find.
    let folder = try temporaryFolder()
    defer { remove(folder) }
    try write(Self.ruleFile, to: folder + "/rules.yml")
    for chunk in stride(from: 0, to: all.count, by: 20) {
      let range = chunk..<min(chunk + 20, all.count)
      let file = folder + "/tests\(chunk).yml"
      try write(Self.promtoolTest(all, fired, range), to: file)
      let (status, output) = try shell("cd \(folder) && \(promtool) test rules tests\(chunk).yml 2>&1")
      #expect(status == 0, "series \(range): \(output.prefix(4000))")
    }
  }

  /// Every 20 s, 7 s off: as steps of one second would be, but written with `scrape: 1s` and gaps.
  private static func notation(_ values: [Int?]) -> String {
    var samples = "_x7"
    for value in values { samples += " " + (value.map(String.init) ?? "_") + " _x\(interval - 1)" }
    return samples
  }

  private static func testFile(_ values: (x: [Int?], y: [Int?])) -> String {
    return """
      version: 1
      policy: p.yaml
      scrape: 1s
      tests:
        - test: a
          given: {samples: [{series: x, values: '\(notation(values.x))'}, {series: y, values: '\(notation(values.y))'}]}
          expect: [{at: \(minutes)m, score: 0..1000}]
      """
  }

  private static var ruleFile: String {
    var text = "groups:\n  - name: g\n    interval: 1m\n    rules:\n"
    for alert in alerts {
      text += "      - {alert: \(alert.name), expr: '\(alert.theirs)'"
      if alert.wait > 0 { text += ", for: \(alert.wait)m" }
      text += "}\n"
    }
    return text
  }

  private static func promtoolTest(
    _ all: [(x: [Int?], y: [Int?])], _ fired: [[Set<Int>]], _ range: Range<Int>
  ) -> String {
    var text = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n"
    for index in range {
      text += "  - interval: 1s\n    input_series:\n      - {series: x, values: '\(notation(all[index].x))'}\n"
      text += "      - {series: y, values: '\(notation(all[index].y))'}\n    alert_rule_test:\n"
      for (place, alert) in alerts.enumerated() {
        for minute in 1...minutes {
          text += "      - {eval_time: \(minute)m, alertname: \(alert.name)"
          text += fired[index][place].contains(minute) ? ", exp_alerts: [{exp_labels: {}}]}\n" : "}\n"
        }
      }
    }
    return text
  }
}

// MARK: Files and processes

private func temporaryFolder() throws -> String {
  var template = Array("/tmp/criteria-promtool-XXXXXX".utf8CString)
  try #require(mkdtemp(&template) != nil)
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func remove(_ folder: String) { _ = try? shell("rm -r \(folder)") }

private func write(_ text: String, to path: String) throws {
  let file = try #require(fopen(path, "w"))
  defer { fclose(file) }
  let bytes = Array(text.utf8)
  try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

private func shell(_ command: String) throws -> (status: Int32, output: String) {
  let pipe = try #require(popen(command, "r"))
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, pipe)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  let status = pclose(pipe)
  return (status >> 8 & 0xFF, String(decoding: bytes, as: UTF8.self))
}
