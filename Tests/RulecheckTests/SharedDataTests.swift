import Testing

/// Real data that is not part of the repository: these tests are skipped where `../shared/data` is absent.
@Suite("Real inputs", .enabled(if: sharedData != nil, "../shared/data is absent"))
struct SharedDataTests {
  static let windowPolicy = """
    version: 1
    policy: window-a
    step: 5s
    watch: 50
    replace: 100
    signals:
      up:     {gauge: 'up{job="node"}'}
      avail:  {gauge: 'node_filesystem_avail_bytes{fstype="tmpfs"}', unit: bytes, by: [mountpoint]}
      size:   {gauge: 'node_filesystem_size_bytes{fstype="tmpfs"}', unit: bytes, by: [mountpoint]}
      config: {info: demo_config_hash_info, label: hash}
    rules:
      - {rule: Down, when: up == 0, then: replace}
      - {rule: DiskFull, when: avail / size < 10%, for: 10s, then: +60}
      - {rule: ConfigChanged, when: 'changes(config[10m]) > 0', then: +50}
    """

  @Test(
    "a run of Prometheus is judged as its timeline tells",
    arguments: [
      (1_795_396_812, ["node-1": "keep", "node-2": "replace", "node-3": "keep"]),
      (1_795_396_917, ["node-1": "watch", "node-2": "watch", "node-3": "watch"]),
      (1_795_397_022, ["node-1": "keep", "node-2": "keep", "node-3": "watch"]),
      (1_795_396_752, ["node-1": "keep", "node-2": "keep", "node-3": "keep"]),
    ])
  func prometheusRun(at: Int, expected: [String: String]) throws {
    let folder = try TemporaryFolder()
    let policy = try folder.write(Self.windowPolicy, to: "policy.yaml")
    let dump = try #require(sharedData) + "/prometheus-run/tsdb-dump-node.txt.gz"
    let run = try rulecheck(["eval", "-p", policy, "--metrics", dump, "--at", String(at), "--format", "jsonl"])
    #expect(run.status == 0, "\(run.errors)")
    var verdicts: [String: String] = [:]
    for line in run.output.split(separator: "\n") {
      let decision = try JSON(parsing: String(line))
      verdicts[try #require(decision["instance"]?.text)] = decision["verdict"]?.text
    }
    #expect(verdicts == expected)
  }

  @Test(
    "each kernel problem fires its rule and no other",
    arguments: [
      ("oom_kill", "OOMKilling"), ("docker_hung", "TaskHung"), ("null_pointer", "KernelOops"),
      ("readonly_filesystem", "ReadOnly"), ("unregister_netdevice", "NetDevice"),
    ])
  func kernelProblems(log: String, rule: String) throws {
    let folder = try TemporaryFolder()
    let policy = try folder.write(
      """
      version: 1
      policy: kernel
      signals:
        oom:      {log: kernel, match: 'Killed process \\d+ (.+) total-vm:\\d+kB, anon-rss:\\d+kB, file-rss:\\d+kB'}
        hung:     {log: kernel, match: 'task [\\S ]+:\\w+ blocked for more than \\w+ seconds\\.'}
        oops:     {log: kernel, match: 'BUG: unable to handle kernel NULL pointer dereference at '}
        readonly: {log: kernel, match: 'Remounting filesystem read-only'}
        device:   {log: kernel, match: 'unregister_netdevice: waiting for \\w+ to become free\\. Usage count = \\d+'}
      rules:
        - {rule: OOMKilling, when: 'count(oom[5m]) > 0', then: replace}
        - {rule: TaskHung, when: 'count(hung[5m]) > 0', then: replace}
        - {rule: KernelOops, when: 'count(oops[5m]) > 0', then: replace}
        - {rule: ReadOnly, when: 'count(readonly[5m]) > 0', then: replace}
        - {rule: NetDevice, when: 'count(device[5m]) > 0', then: replace}
      """, to: "policy.yaml")
    let path = try #require(sharedData) + "/logs/npd-kernel-problems/\(log).log"
    let run = try rulecheck([
      "eval", "-p", policy, "--logs", "node-1:kernel=" + path, "--at", "2026-11-23T06:00:00Z", "--format", "jsonl",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let decision = try JSON(parsing: run.output)
    #expect(decision["verdict"] == .string("replace"))
    #expect(decision["rules"]?.elements.map { $0["rule"]?.text } == [rule])
  }

  @Test("a YAML bomb is no policy: it ends soon and small")
  func bombs() throws {
    let folder = try #require(sharedData) + "/yaml/bombs"
    let names = try list(folder).filter { $0 != "expected.csv" }
    #expect(!names.isEmpty)
    // A limit, not the peak that the system reports: what a process is started from counts in that, here all that these tests hold.
    let limited = ["sh", "-c", "ulimit -d 100000 && exec rulecheck check \"$1\"", "sh"]
    for name in names {
      let run = try run(limited + [folder + "/" + name])
      #expect([0, 3].contains(run.status), "\(name) in 100 MB: \(run.errors.prefix(500))")
      #expect(run.seconds < 5, "\(name) took \(run.seconds) s")
    }
  }

  @Test("the policies of the benchmarks are valid", arguments: ["p5", "p20"])
  func anchors(name: String) throws {
    let path = try #require(sharedData) + "/../anchors/evaluate/\(name).yaml"
    let run = try rulecheck(["check", path])
    #expect(run.status == 0)
    #expect(run.errors == "")
  }
}
