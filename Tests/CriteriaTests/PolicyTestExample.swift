import Criteria
import Testing

/// The example of a policy and its unit tests that the design gives, fed to the library sample by sample.
private let webNodes = """
  version: 1
  policy: web-nodes
  selector: label.role == "web"
  step: 1m
  replace: 100
  watch: 50
  launched: [kube_node_created, node_boot_time_seconds]
  desired:
    - {where: label.role == "web", image: ami-0f3, kernel: 6.1.112}

  signals:
    up:      {gauge: up, stale_after: 2m}
    cpu:     {gauge: node_cpu_busy_percent, unit: percent}
    avail:   {gauge: 'node_filesystem_avail_bytes{fstype!="tmpfs"}', unit: bytes, by: [mountpoint]}
    size:    {gauge: node_filesystem_size_bytes, unit: bytes, by: [mountpoint]}
    free:    {is: avail / size, reduce: min}
    errors:  {counter: 'http_requests_total{code=~"5.."}', reduce: sum}
    reqs:    {counter: http_requests_total, reduce: sum}
    failed:  {is: 'rate(errors[5m]) / rate(reqs[5m])'}
    oom:     {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
    io:      {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}
    slow:    {log: app, match: 'took (?<ms>\\d+) ms', value: ms, unit: ms}
    ready:   {condition: Ready}
    pressure: {condition: MemoryPressure, from: kube_node_status_condition, type: condition, status: status, instance: node}
    image:   {info: node_image_info, label: image}
    login:   {log: [sshd, 'sshd-*'], match: '^Accepted \\w+ for '}
    wear:    {gauge: smart_wear_ratio, unit: ratio, optional: true}

  rules:
    - rule: Unreachable
      when: max(up[5m]) == 0
      for: 3m
      then: replace
      why: no successful scrape in 5 minutes

    - rule: OOMLoop
      when: count(oom[10m]) >= 3
      then: +60
      why: "{count(oom[10m])} OOM kills in 10 minutes, last victim {oom.comm}"

    - rule: HotCPU
      when: avg(cpu[5m]) > 90%
      until: avg(cpu[5m]) < 75%
      for: 10m
      then: +40

    - rule: FailingRequests
      when: failed > 2% and increase(reqs[5m]) >= 200
      then: +70 * ramp(failed, 2%, 10%)

    - rule: FailingDisk
      when: count(io[1h]) >= 3
      hold: 30m
      then: +50
      why: "{count(io[1h])} I/O errors on {dev}"

    - rule: ImageDrift
      when: drifted(image)
      for: 24h
      then: +100
      why: "image {fact.image} differs from {desired.image}"

    - rule: Elderly
      when: age > spread(30d, 3d)
      then: +60
      except: [{where: label.pool == "canary", expires: 2026-12-31, because: canaries live long on purpose}]

    - rule: TouchedByHand
      when: count(login[24h]) > 0
      latch: true
      then: quarantine

    - rule: JustBorn
      when: age < 10m
      then: protect
      labels: {runbook: newborn}
  """

private let minute: Int64 = 60_000

private func time(_ minutes: Int64) -> Timestamp { Timestamp(milliseconds: minutes * minute) }

/// A healthy instance, as `defaults:` of the example has it: known from 0 on, its logs attached and silent.
private func healthy() throws -> Fleet {
  var fleet = Fleet(try Policy(text: webNodes, file: "web-nodes.yaml"))
  fleet.observe(
    .facts(
      ["image": "ami-0f3"], labels: ["role": "web"], desired: ["image": "ami-0f3"], launched: time(-3 * 24 * 60)),
    of: "i-0a1", at: time(0))
  for source in ["kernel", "app", "sshd"] { fleet.attach(log: source, of: "i-0a1", at: time(0)) }
  return fleet
}

extension Fleet {
  /// What comes in at one minute.
  fileprivate mutating func feed(_ tick: Int64, cpu: Double, oomEvery period: Int64?) {
    observe(.sample("up", [:], 1), of: "i-0a1", at: time(tick))
    observe(.sample("node_cpu_busy_percent", [:], cpu), of: "i-0a1", at: time(tick))
    observe(.sample("http_requests_total", ["code": "500"], 0), of: "i-0a1", at: time(tick))
    observe(.sample("http_requests_total", ["code": "200"], Double(tick) * 6000), of: "i-0a1", at: time(tick))
    if let period, tick > 0, tick % period == 0 {
      observe(.line("Out of memory: Killed process 12 (java)", source: "kernel"), of: "i-0a1", at: time(tick))
    }
  }
}

@Suite("The design's example policy and both its tests")
struct PolicyTestExample {
  @Test("OOM loop plus hot CPU replaces, and recovers only below 75%")
  func oomAndHotCPU() throws {
    var fleet = try healthy()
    var timeline: [String] = []
    var nine: Decision?
    var thirty: Decision?
    var neverUnreachable = true
    for tick in 0..<60 as Range<Int64> {
      fleet.feed(tick, cpu: tick < 5 ? 20 : tick < 25 ? 95 : tick < 35 ? 80 : 60, oomEvery: 3)
      if tick == 0 { continue }
      fleet.advance(to: time(tick))
      let decided = fleet.explain("i-0a1", at: time(tick), allRules: true)
      let decision = try #require(decided)
      if timeline.last != decision.verdict.rawValue { timeline += ["\(tick)m", decision.verdict.rawValue] }
      if tick == 9 { nine = decision }
      if tick == 30 { thirty = decision }
      if decision.rules.contains(where: { $0.rule == "Unreachable" && $0.state == .active }) {
        neverUnreachable = false
      }
    }
    #expect(nine?.verdict == .watch)
    #expect(nine?.score == Score(lowThousandths: 60_000, highThousandths: 60_000))
    #expect(nine?.rules.first { $0.rule == "OOMLoop" }?.why == "3 OOM kills in 10 minutes, last victim java")
    #expect(thirty?.rules.first { $0.rule == "HotCPU" }?.state == .active)
    #expect(timeline == ["1m", "keep", "9m", "watch", "19m", "replace", "36m", "watch"])
    #expect(neverUnreachable)
  }

  @Test("the boundary is exclusive", arguments: [(90.0, Int64(0)), (95, 40_000)])
  func boundary(percent: Double, score: Int64) throws {
    var fleet = try healthy()
    for tick in 0...30 as ClosedRange<Int64> {
      fleet.feed(tick, cpu: percent, oomEvery: nil)
      fleet.advance(to: time(tick))
    }
    let decided = fleet.explain("i-0a1", at: time(30))
    let decision = try #require(decided)
    #expect(decision.score == Score(lowThousandths: score, highThousandths: score))
  }
}
