// A thousand tests of a policy with twenty rules, and promtool's nearest equal job, each on one core:
//
//   swift build -c release --product rulecheck
//   swift run -c release --package-path Benchmarks policytests [--rulecheck FILE] [--promtool FILE] [--repeats N]
//
// Both run as processes of their own, timed from start to exit (CPU time), and must say that every test passed, or no time is printed.
import FleetData
import Glibc

struct Options {
  var rulecheck = ".build/release/rulecheck"
  var promtool = "promtool"
  var repeats = 3

  init(_ arguments: ArraySlice<String>) {
    var rest = arguments
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else { fail("policytests", "`\(option)` needs a value") }
      switch option {
      case "--rulecheck": rulecheck = value
      case "--promtool": promtool = value
      case "--repeats": repeats = Int(value) ?? 0
      default: fail("policytests", "unknown option `\(option)`")
      }
    }
    if repeats < 1 { fail("policytests", "`--repeats` needs a positive number") }
  }
}

/// Twenty rules of the kinds that policies have, each over a signal of its own.
let policy: String = {
  var text = "version: 1\npolicy: twenty\nstep: 1m\nsignals:\n"
  for rule in 0..<20 { text += "  s\(rule): {gauge: metric_\(rule), unit: percent}\n" }
  text += "rules:\n"
  for rule in 0..<20 {
    let whens = ["avg(s\(rule)[5m]) > 90%", "max(s\(rule)[10m]) >= 95%", "s\(rule) > 80% and min(s\(rule)[3m]) > 85%"]
    text += "  - rule: R\(rule)\n    when: \(whens[rule % 3])\n    for: 5m\n    then: +60\n"
    if rule % 2 == 0 { text += "    until: avg(s\(rule)[5m]) < 75%\n" }
  }
  return text
}()

/// A thousand cases of an hour: five signals go up, one of them long enough.
let tests: String = {
  var text = "version: 1\npolicy: policy.yaml\ndefaults:\n"
  for rule in 0..<20 { text += "  s\(rule): 20% for 1h\n" }
  text += "tests:\n"
  for index in 0..<1000 {
    let rule = index % 20
    text += "  - test: case \(index)\n    given:\n"
    for other in 1..<5 { text += "      s\((rule + other) % 20): 20% for 20m then \(30 + index % 40)% for 40m\n" }
    text += "      s\(rule): 20% for 10m then 99% for \(20 + index % 10)m then 10% for 30m\n"
    text += "    expect:\n      - {at: 9m, verdict: keep}\n      - {at: 29m, verdict: watch, because: [R\(rule)]}\n"
    text += "      - {at: 1h, score: 0}\n"
  }
  return text
}()

/// For promtool: eight rules, a thousand series, two hundred steps.
let promtoolRules: String = {
  var text = "groups:\n- name: g\n  interval: 1m\n  rules:\n"
  for rule in 0..<8 {
    text += "  - {alert: R\(rule), expr: 'avg_over_time(m[5m]) > \(90 + rule)', for: 5m}\n"
  }
  return text
}()

let promtoolTests: String = {
  var text = "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n"
  for series in 0..<1000 { text += "  - {series: 'm{i=\"\(series)\"}', values: '\(20 + series % 60)x200'}\n" }
  text += "  alert_rule_test:\n  - {eval_time: 200m, alertname: R0, exp_alerts: []}\n"
  return text
}()

func write(_ text: String, to path: String) {
  guard let file = fopen(path, "w") else { fail("policytests", "cannot write `\(path)`") }
  fputs(text, file)
  fclose(file)
}

/// CPU time of the processes that have ended, in seconds.
func childTime() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
  return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The least CPU time of some runs of a command on one core, in seconds; `nil` if it does not say `wanted`.
func seconds(_ command: String, says wanted: String, _ repeats: Int) -> Double? {
  var best: Double?
  for _ in 0..<repeats {
    let before = childTime()
    guard let pipe = popen("taskset -c 0 \(command) 2>&1", "r") else { return nil }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      output += buffer[..<count]
    }
    let code = pclose(pipe)
    let elapsed = childTime() - before
    let text = String(decoding: output, as: UTF8.self)
    guard code == 0, text.contains(wanted) else {
      print("`\(command)` says: \(text.prefix(400))")
      return nil
    }
    best = min(best ?? elapsed, elapsed)
  }
  return best
}

let options = Options(CommandLine.arguments.dropFirst())
let folder = "/tmp/policytests-\(getpid())"
mkdir(folder, 0o755)
defer { _ = system("rm -r '\(folder)'") }
write(policy, to: folder + "/policy.yaml")
write(tests, to: folder + "/twenty.test.yaml")
write(promtoolRules, to: folder + "/rules.yaml")
write(promtoolTests, to: folder + "/promtool.yaml")

let ours = seconds(
  "'\(options.rulecheck)' test --jobs 1 '\(folder)/twenty.test.yaml'", says: "1000 passed", options.repeats)
let theirs = seconds("'\(options.promtool)' test rules '\(folder)/promtool.yaml'", says: "SUCCESS", options.repeats)
guard let ours else { fail("policytests", "rulecheck does not pass its tests; build it with -c release first") }
print("rulecheck test: 1,000 cases of 60 ticks, 20 rules, 20 signals: \(rounded(ours)) s")
if let theirs {
  print("promtool test rules: 1,000 series of 200 steps, 8 rules: \(rounded(theirs)) s")
} else {
  print("promtool: not measured")
}
print("CPU time from start to exit, one core (taskset -c 0), least of \(options.repeats); \(machine)")
