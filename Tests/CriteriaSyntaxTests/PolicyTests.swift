import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@Suite("Policies")
struct PolicyTests {
  @Test(
    "the benchmark policies parse clean",
    .enabled(if: exists("\(sharedData)/../anchors/evaluate/p20.yaml"), "needs ../shared"))
  func benchmarkPolicies() {
    for (name, rules) in [("p5", 5), ("p20", 20)] {
      var sources = SourceMap()
      let (file, diagnostics) = loadPolicy(at: "\(sharedData)/../anchors/evaluate/\(name).yaml", into: &sources)
      #expect(diagnostics == [])
      #expect(file?.rules.count == rules)
    }
  }

  @Test("a policy with every key parses clean, and keeps what was written")
  func everyKey() throws {
    let (parsed, diagnostics, _) = parse(Self.everything)
    #expect(diagnostics == [])
    let file = try #require(parsed)
    #expect(file.name?.value == "web-nodes")
    #expect(file.step?.value == Duration(milliseconds: 60_000))
    #expect(file.signals.count == 16)
    #expect(file.rules.map(\.name.value) == ["OOMLoop", "Failing", "Elderly", "Touched-By_Hand", "JustBorn"])
    #expect(file.rules[2].except.first?.expires?.value == 1_798_761_600_000)
    #expect(file.rules[4].labels.map(\.name.value) == ["runbook"])
    #expect(file.rules[4].shadow?.value == true)
  }

  static let everything = #"""
    version: 1
    policy: web-nodes
    description: every key once
    selector: label.role == "web"
    step: 1m
    replace: 100
    watch: 50
    max_lateness: 2m
    launched: [kube_node_created, 'node_boot_time_seconds{job="node"}']
    desired:
      - {where: label.role == "web", image: ami-0f3, kernel: 6.1.112}
    signals:
      up: {gauge: up, stale_after: 2m}
      cpu: {gauge: node_cpu_busy_percent, unit: percent, scale: 0.5, max_keys: 12, ignore: '< 0'}
      avail: {gauge: 'node_filesystem_avail_bytes{fstype!="tmpfs"}', unit: bytes, by: [mountpoint], instance: node}
      size: {gauge: node_filesystem_size_bytes, unit: bytes, by: mountpoint}
      free: {is: avail / size, reduce: min}
      errors: {counter: 'http_requests_total{code=~"5.."}', reduce: sum}
      failed: {is: 'rate(errors[5m]) / rate(reqs[5m])'}
      oom: {log: kernel, match: 'Killed process \d+ \((?<comm>[^)]+)\)'}
      io: {log: kernel, match: 'I/O error, dev (?<dev>\w+)', by: [dev]}
      slow: {log: app, match: 'took (?<ms>\d+) ms', value: ms, unit: ms, utf: true, match_limit: 5000}
      ready: {condition: Ready}
      pressure: {condition: MemoryPressure, from: kube_node_status_condition, type: condition, status: status, instance: node}
      image: {info: node_image_info, label: image}
      cores: {fact: cpu_count, unit: ratio}
      login: {log: [sshd, 'sshd-*'], match: '^Accepted \w+ for '}
      wear: {gauge: smart_wear_ratio, unit: ratio, optional: true}
    rules:
      - rule: OOMLoop
        when: count(oom[10m]) >= 3
        until: count(oom[10m]) == 0
        for: 3m
        hold: 30m
        then: +60
        why: "{count(oom[10m])} OOM kills, last victim {oom.comm} {{braces}}"
        unknown: ignore
      - rule: Failing
        when: failed > 2% and increase(reqs[5m]) >= 200
        then: +70 * ramp(failed, 2%, 10%)
      - rule: Elderly
        when: age > spread(30d, 3d)
        then: replace
        except: [{where: label.pool == "canary", expires: 2026-12-31, because: canaries live long on purpose}]
      - rule: Touched-By_Hand
        when: count(login[24h]) > 0
        latch: true
        then: quarantine
      - rule: JustBorn
        when: age < 10m
        then: protect
        mode: shadow
        labels: {runbook: newborn}
    """#
}
