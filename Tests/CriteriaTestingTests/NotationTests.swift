import Criteria
import CriteriaTesting
import Testing

@Suite("How signals go over time")
struct NotationTests {
  /// What a notation comes to: times in minutes, and values.
  private func course(_ given: String) throws -> String {
    let suite = load(givenCase(given), policy: everyKind)
    try #require(faults(suite) == [])
    let ready = try #require(suite.ready)
    let feeds = Stimulus(ready.bound.cases[0], start: 0).feeds
    return feeds.compactMap { feed -> String? in
      let minutes = Double(feed.time) / 60_000
      let time = minutes == minutes.rounded() ? "\(Int(minutes))" : "\(minutes)"
      switch feed.what {
      case .sample(_, let value): return "\(time)=\(value)"
      case .event(_, let groups, let value):
        let text = groups.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return "\(time)!\(text)\(value.map { "/\($0)" } ?? "")"
      case .condition(_, let status, let reason): return "\(time)=\(status)\(reason.isEmpty ? "" : "/\(reason)")"
      case .info(_, let value): return "\(time)=\(value ?? "end")"
      case .content(.observed(.line(let text, let source))): return "\(time)#\(source):\(text)"
      case .content(.observed(.sample(let metric, _, let value))): return "\(time)~\(metric):\(value)"
      case .content, .otherLine, .attach, .conditionEnd: return nil
      }
    }.joined(separator: " ")
  }

  @Test(
    "series: [start, end), sampled at every step from 0",
    arguments: [
      ("cpu: 20% for 3m", "0=0.2 1=0.2 2=0.2"),
      ("cpu: 20% for 1m then 95% for 2m", "0=0.2 1=0.95 2=0.95"),
      ("cpu: 20% .. 60% over 4m", "0=0.2 1=0.3 2=0.4 3=0.5"),
      ("cpu: 20%..60% over 2m", "0=0.2 1=0.4"),
      ("cpu: 10% for 1m then missing for 2m then 20% for 1m", "0=0.1 3=0.2"),
      ("cpu: 10% for 1m then ends", "0=0.1 1=nan"),
      ("cpu: 10% for 90s", "0=0.1 1=0.1"),
      ("\"free{mountpoint=/}\": 2GiB for 2m", "0=2147483648.0 1=2147483648.0"),
      ("\"free{mountpoint='/a b'}\": -1B for 1m", "0=-1.0"),
    ])
  func gauges(given: String, expected: String) throws { #expect(try course(given) == expected) }

  @Test(
    "counters: rates go on from where the part before ended, values set the level",
    arguments: [
      ("reqs: 2/s for 2m then 1/s for 2m", "0=0.0 1=120.0 2=240.0 3=300.0"),
      ("reqs: 1/m for 3m", "0=0.0 1=1.0 2=2.0"),
      ("reqs: 0/s .. 2/s over 2m", "0=0.0 1=30.0"),
      ("reqs: 0 then +1 at 1m 2m for 4m", "0=0.0 1=1.0 2=2.0 3=2.0"),
      ("reqs: 5 then +2 every 2m for 5m", "0=5.0 1=5.0 2=7.0 3=7.0 4=9.0"),
      ("reqs: 60/s for 2m then 0 for 1m then 1/s for 1m", "0=0.0 1=3600.0 2=0.0 3=0.0"),
      ("busy: 0.5s/s for 2m", "0=0.0 1=30.0"),
      ("busy: 50% for 2m", "0=0.0 1=30.0"),
    ])
  func counters(given: String, expected: String) throws { #expect(try course(given) == expected) }

  @Test(
    "events: `every p` starts at p, `at` counts from the start of the case, `over` spreads evenly",
    arguments: [
      ("oom: every 3m for 10m", "3! 6! 9!"),
      ("oom: every 3m for 9m", "3! 6!"),
      ("cpu: 1% for 1m, oom: \"at 30s 1m {comm: java}\"", "0=0.01 0.5!comm=java 1!comm=java"),
      ("oom: 'at 1m {comm=java} for 2m then every 2m {comm=\"a b\"} for 3m'", "1!comm=java 4!comm=a b"),
      ("oom: 3 over 9m", "1.5! 4.5! 7.5!"),
      ("oom: missing for 2m then every 1m for 2m", "3!"),
      ("\"io{dev=sda}\": at 1m for 2m", "1!dev=sda"),
      ("slow: \"every 1m {ms: 250ms} for 2m\"", "1!ms=250/0.25"),
    ])
  func events(given: String, expected: String) throws { #expect(try course(given) == expected) }

  @Test(
    "texts, lines and samples",
    arguments: [
      ("ready: '\"True\" for 1m then \"False\" {reason: Down} for 1m'", "0=True 1=False/Down"),
      ("ready: True for 1m then Unknown for 1m", "0=True 1=Unknown"),
      ("image: ami-1 for 1m then ami-2 for 1m", "0=ami-1 1=ami-2"),
      (
        "cpu: 1% for 2m, logs: {kernel: {1m: [a, b], every 1m for 2m: c}}",
        "0=0.01 1=0.01 1#kernel:a 1#kernel:b 1#kernel:c"
      ),
      ("cpu: 1% for 2m, logs: {kernel: {2 over 2m: a}}", "0=0.01 0.5#kernel:a 1=0.01 1.5#kernel:a"),
      (
        "samples: [{series: 'node_cpu_busy_percent{a=\"b\"}', values: '1+2x2 _ 7 stale'}]",
        "0~node_cpu_busy_percent:1.0 1~node_cpu_busy_percent:3.0 2~node_cpu_busy_percent:5.0 4~node_cpu_busy_percent:7.0 "
          + "5~node_cpu_busy_percent:nan"
      ),
    ])
  func texts(given: String, expected: String) throws { #expect(try course(given) == expected) }

  @Test(
    "a case lasts as long as what says for how long it goes; without that, as long as something happens or is expected",
    arguments: [
      ("cpu: 1% for 5m, ready: True for 2m", "2m", 5), ("cpu: 1% for 5m then 2%", "5m", 5),
      ("cpu: 1% for 5m then 2%", "9m", 9),
      ("cpu: 1%", "9m", 9), ("oom: every 3m for 10m then at 23m", "12m", 23), ("oom: at 23m", "12m", 23),
      ("oom: at 23m", "30m", 30), ("oom: at 23m, cpu: 1% for 25m", "12m", 25), ("reqs: 0 then +1 at 11m 12m", "5m", 12),
      ("logs: {kernel: {7m: a}}", "5m", 7),
    ])
  func lengths(given: String, at: String, minutes: Int64) throws {
    let suite = load(givenCase(given, expect: "[{at: \(at), score: 0..1000}]"), policy: everyKind)
    try #require(faults(suite) == [])
    #expect(suite.ready?.bound.cases[0].end == minutes * 60_000)
  }

  @Test("`missing` takes a default of the instance back; a text of that name is quoted once more")
  func takenBack() throws {
    let text = givenCase("cpu: 1% for 2m, instance: {age: missing, fact.image: missing, label.pool: '\"missing\"'}")
      .replacing(
        "tests:", with: "defaults: {instance: {age: 3d, label.pool: a, fact.image: b, fact.cores: 8}}\ntests:")
    let suite = load(text, policy: everyKind)
    try #require(faults(suite) == [])
    let told = try #require(suite.ready?.bound.cases[0].instances[0].facts)
    #expect(told.count == 1)
    #expect(told[0].age == nil)
    #expect(told[0].facts == ["cores": "8"])
    #expect(told[0].labels == ["pool": "missing"])
  }

  @Test("`scrape` changes how often series are sampled")
  func scrape() throws {
    let text = givenCase("cpu: 20% for 1m").replacing("tests:", with: "scrape: 20s\ntests:")
    let ready = try #require(load(text, policy: everyKind).ready)
    let times = Stimulus(ready.bound.cases[0], start: 0).feeds.compactMap { feed in
      if case .sample = feed.what { feed.time } else { nil }
    }
    #expect(times == [0, 20_000, 40_000])
  }
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
