import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaSyntax
import CriteriaTesting
import Testing

/// A test file and its policy, from texts.
func load(_ test: String, policy: String, shared: [String: String] = [:]) -> Suite {
  suite(SourceText(path: "a.test.yaml", text: test)) { path in
    shared[path].map { .success(SourceText(path: path, text: $0)) }
      ?? .failure(FileError(path: path, reason: "no such file"))
  } compile: { path in
    // A path that does not exist is read from the disk all the same.
    path == "nowhere.yaml" ? compile(contentsOf: "/nonexistent/" + path) : compile(SourceText(path: path, text: policy))
  }
}

/// Signals of every kind, and a few rules that read them.
let everyKind = """
  version: 1
  policy: every-kind
  step: 1m
  signals:
    cpu: {gauge: node_cpu_busy_percent, unit: percent}
    free: {gauge: node_free_bytes, unit: bytes, by: [mountpoint]}
    reqs: {counter: http_requests_total, reduce: sum}
    busy: {counter: node_cpu_seconds_total, unit: seconds}
    oom: {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
    io: {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}
    slow: {log: app, match: 'took (?<ms>\\d+) ms', value: ms, unit: ms}
    beat: {log: agent, match: 'beat', stale_after: 3m}
    ready: {condition: Ready}
    image: {info: node_image_info, label: image}
    cores: {fact: cores}
  rules:
    - {rule: Hot, when: "avg(cpu[5m]) > 90%", until: "avg(cpu[5m]) < 75%", for: 3m, then: +60}
    - {rule: Full, when: "min(free[5m]) < 1GiB", then: +50, why: "{free} left on {mountpoint}"}
    - {rule: Busy, when: "rate(reqs[5m]) > 100/s and rate(busy[5m]) > 50%", then: +10}
    - {rule: Killed, when: "count(oom[10m]) >= 3", then: +60, why: "{count(oom[10m])} kills, last {oom.comm}"}
    - {rule: Disk, when: "count(io[10m]) >= 2", hold: 5m, then: +50, why: "{count(io[10m])} errors on {dev}"}
    - {rule: Slow, when: "avg(slow[5m]) > 200ms", then: +20}
    - {rule: Dead, when: "count(beat[2m]) == 0", then: +5}
    - {rule: NotReady, when: ready != "True", for: 2m, then: replace}
    - {rule: Drift, when: drifted(image), then: +30}
    - {rule: Small, when: cores < 4, then: +1}
    - {rule: Young, when: age < 10m, then: protect}
    - {rule: Canary, when: label.pool == "canary", then: quarantine}

  """

/// One case that gives some signals and expects something that always can be said.
func givenCase(_ given: String, expect: String = "[{at: 1m, score: 0..1000}]") -> String {
  "version: 1\npolicy: p.yaml\ntests:\n  - test: a\n    given: {\(given)}\n    expect: \(expect)\n"
}

/// The diagnostics of a suite as `E0605 line:column message`.
func faults(_ suite: Suite) -> [String] {
  suite.diagnostics.filter { $0.severity == .error }.map { diagnostic in
    let place = diagnostic.range.map { suite.sources[$0.source].position(at: $0.start) }
    return "\(diagnostic.code.name) \(place?.line ?? 0):\(place?.column ?? 0) \(diagnostic.message)"
  }
}

let packageRoot = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
