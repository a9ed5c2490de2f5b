import Glibc
import Testing

private let node = "# TYPE node_load1 gauge\n"

/// Samples of one series, one a minute, in milliseconds.
private func samples(_ series: String, _ count: Int, from start: Int64 = 1_795_395_600_000, step: Int64 = 60_000)
  -> String
{
  (0..<count).map { "\(series) \($0 % 3) \(start + Int64($0) * step)\n" }.joined()
}

@Suite struct InspectTests {
  @Test("what is in inputs: formats, instances, metrics with gaps, streams, problems")
  func overview() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      node + samples("node_load1{instance=\"n-1:9100\"}", 5)
        + samples("node_load1{instance=\"n-1:9100\"}", 3, from: 1_795_396_800_000)
        + "node_load1{instance=\"ghost\"} x\n"
        + samples("node_load1{instance=\"ghost\"}", 1),
      to: "load.prom")
    try folder.write("2026-11-23T01:00:00Z n-2 sshd[1]: hello\n  more\n", to: "messages")
    try folder.write("- {id: n-1}\n- {id: n-2, aliases: [10.0.0.2]}\n- {id: n-3, state: stopped}\n", to: "fleet.yaml")
    try folder.write("free  used\n1 2\n", to: "free.out")
    let arguments = ["inspect", "load.prom", "messages", "fleet.yaml", "free.out"]
    let run = try rulecheck(arguments, in: folder.path)
    try expectGolden(transcript(arguments, run), "inspect.txt")
    #expect(try rulecheck(arguments + ["--strict"], in: folder.path).status == 1)
    let document = try JSON(parsing: try rulecheck(arguments + ["--format", "json"], in: folder.path).output)
    #expect(document["sound"] == .bool(false))
    #expect(
      document["files"]?.elements.map { $0["format"]?.text } == [
        "prometheus text", "plain log, iso 8601", "inventory", "unrecognised",
      ])
    #expect(document["problemCounts"]?["value"] == .number(1))
    #expect(document["unresolved"]?.elements.first?["name"]?.text == "ghost")
  }

  @Test("empty input is refused under --strict alone")
  func empty() throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "a.prom")
    try folder.write("up 1\n", to: "b.prom")
    #expect(try rulecheck(["inspect", "a.prom"], in: folder.path).status == 0)
    #expect(try rulecheck(["inspect", "--strict", "a.prom"], in: folder.path).status == 1)
    #expect(try rulecheck(["inspect", "--strict", "--metrics", "a.prom"], in: folder.path).status == 1)
    #expect(try rulecheck(["inspect", "--strict", "b.prom"], in: folder.path).status == 0)
    #expect(try rulecheck(["inspect"], in: folder.path).status == 1)
  }

  @Test(
    "why a signal is not fed",
    arguments: [
      (
        "{gauge: node_lod1}", "last", "no-metric", "no metric is called `node_lod1`; there are 4 others",
        "did you mean `node_load1`?"
      ),
      (
        "{gauge: reqs}", "last", "no-metric", "no metric is called `reqs`; there are 4 others",
        "did you mean `reqs_total`?"
      ),
      (
        "{gauge: 'avail{fstype=\"ext3\"}', by: [mount]}", "last", "no-match",
        "`fstype=\"ext3\"` matches none of its 2 series: `fstype` is `ext4` (1), `tmpfs` (1)", "did you mean `ext4`?"
      ),
      (
        "{gauge: 'avail{fstyp=\"ext4\"}', by: [mount]}", "last", "no-match",
        "`fstyp=\"ext4\"` matches none of its 2 series: they have no such label; they have `fstype`, `instance`, `mount`",
        "did you mean `fstype`?"
      ),
      (
        "{gauge: avail}", "last", "several-series",
        "on `n-1`: 2 series, which differ in `fstype`, `mount`; the signal is unknown then",
        "add `by: [fstype]`, a `reduce:`, or a matcher"
      ),
      (
        "{gauge: node_load1, instance: node}", "last", "no-instance",
        "1 series without the label `node`, which holds the instance: they have `instance`",
        "name the label with `instance:` in the signal, or the instance before the path: `INSTANCE:PATH`"
      ),
      (
        "{counter: reqs_total}", "rate", "coarse", "a sample comes every 5m, and `rate(s[5m])` needs two within 5m",
        "widen the window to 20m or more, or export with a smaller step"
      ),
      (
        "{counter: node_load1}", "rate", "type",
        "it is exposed as a gauge, and `rate(s[5m])` takes each drop for a restart",
        "`slope` or `changes` suit a gauge"
      ),
      (
        "{gauge: old}", "last", "stale",
        "on `n-1`: the newest sample is 5h1m before the time of the decision, and it is stale after 5m",
        "export up to then, decide for an earlier time with `--at`, or raise `stale_after`"
      ),
      (
        "{log: kernl, match: x}", "count", "no-source", "no stream is of the source `kernl`; there are `kernel`",
        "did you mean `kernel`?"
      ),
      ("{condition: Redy}", "bare", "no-condition", "the inventory has `Ready`", "did you mean `Ready`?"),
      ("{fact: cors}", "last-fact", "no-fact", "the inventory has `cores`", "did you mean `cores`?"),
    ])
  func unfed(signal: String, use: String, code: String, text: String, help: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "# TYPE node_load1 gauge\n" + samples("node_load1{instance=\"n-1\"}", 30)
        + samples("reqs_total{instance=\"n-1\"}", 7, step: 300_000)
        + "avail{instance=\"n-1\",fstype=\"ext4\",mount=\"/\"} 1 1795397340000\n"
        + "avail{instance=\"n-1\",fstype=\"tmpfs\",mount=\"/run\"} 1 1795397340000\n"
        + "old{instance=\"n-1\"} 1 1795379340000\n", to: "m.prom")
    try folder.write("2026-11-23T01:20:00Z boot\n", to: "kernel.log")
    try folder.write("- {id: n-1, facts: {cores: 4}, conditions: {Ready: \"True\"}}\n", to: "fleet.yaml")
    let when =
      switch use {
      case "rate": "rate(s[5m]) > 1/s"
      case "count": "count(s[5m]) > 1"
      case "bare": "s == \"x\""
      case "last-fact": "s > 1"
      default: "last(s[5m]) > 1"
      }
    try folder.write(
      "version: 1\npolicy: p\nsignals:\n  s: \(signal)\nrules:\n  - {rule: R, when: '\(when)', then: +100}\n",
      to: "p.yaml")
    let run = try rulecheck(
      [
        "inspect", "-p", "p.yaml", "--inventory", "fleet.yaml", "--metrics", "m.prom", "--logs", "n-1:kernel.log",
        "--format", "json",
      ], in: folder.path)
    #expect(run.status == 0, "\(run.errors)")
    let report = try #require(try JSON(parsing: run.output)["signals"]?.elements.first)
    let reason = report["reasons"]?.elements.first { $0["code"]?.text == code }
    #expect(reason?["text"]?.text == text, "\(report)")
    #expect(reason?["help"]?.text == help)
    #expect(report["fed"]?.text != "fed")
  }

  @Test("what a policy needs: a table, selectors, and a document")
  func inputs() throws {
    let table = try rulecheck(["inputs", "-p", "Examples/web-nodes.yaml"])
    #expect(table.status == 0 && table.output.contains("of history"))
    let selectors = try rulecheck(["inputs", "-p", "Examples/web-nodes.yaml", "--format", "promql"])
    #expect(selectors.output.split(separator: "\n").contains("up"))
    let document = try JSON(
      parsing: try rulecheck(["inputs", "-p", "Examples/web-nodes.yaml", "--format", "json"]).output)
    #expect(document["policy"]?.text == "web-nodes" && document["signals"]?.elements.isEmpty == false)
    // What a file that it uses says beyond its need is not asked for.
    let used = try JSON(
      parsing: try rulecheck(["inputs", "-p", "rules/http-service.yaml", "--format", "json"]).output)
    #expect(used["signals"]?.elements.contains { $0["signal"]?.text == "readonly" } == false)
    #expect(used["unused"]?.elements.contains { $0.text == "readonly" } == true)
  }
}

/// Every file of the shared data (`/`: of a folder, `*`: of names that begin so), with the format it is taken for and how much is read of it; what is not named here is not
/// recognised.
@Suite("Every file of the shared data", .enabled(if: sharedData != nil, "../shared/data is absent"))
struct InspectSharedDataTests {
  private static let expected: [(path: String, format: String, kept: Int?)] = [
    ("logs/loghub/Apache/Apache_2k.log", "plain log, ctime", 2000),
    ("logs/loghub/HDFS/HDFS_2k.log", "plain log, no times", 2000),
    ("logs/loghub/HealthApp/HealthApp_2k.log", "plain log, no times", 2000),
    ("logs/loghub/Linux/Linux_2k.log", "plain log, rfc 3164", 2000),
    ("logs/loghub/OpenStack/OpenStack_2k.log", "plain log, no times", 2000),
    ("logs/loghub/Windows/Windows_2k.log", "plain log, iso 8601", 2000),
    ("logs/loghub/Zookeeper/Zookeeper_2k.log", "plain log, iso 8601", 2000),
    ("logs/loghub/BGL/BGL_lines_0001-1000.log", "plain log, no times", 1000),
    ("logs/journald/Linux-journalctl-o-json.jsonl.gz", "journal json", 2000),
    ("logs/journald/Linux-journalctl-o-short-iso.log", "plain log, iso 8601", 2000),
    ("logs/npd-kernel-problems/", "plain log, no times", nil),
    ("inventory/host-commands/syslog-5424.out", "plain log, rfc 5424, iso 8601", 9),
    ("inventory/kubernetes/node-minikube-healthy.json", "kubernetes nodes", 1),
    ("metrics/nab/combined*", "", nil), ("metrics/nab/", "metrics csv", nil),
    ("metrics/ms-cloud-monitoring/", "metrics csv", nil),
    ("exposition/openmetrics-suite/expected.csv", "", nil), ("exposition/openmetrics-suite/bad_no_eof.txt", "", nil),
    ("exposition/openmetrics-suite/", "openmetrics", nil), ("exposition/textparse/", "openmetrics", nil),
    ("exposition/node_exporter/textfile/two_metric_files/non_matching_file.txt", "*", nil),
    ("exposition/", "prometheus text", nil),
    ("promtool/dump-openmetrics*", "openmetrics", nil), ("promtool/dump-test-1.prom", "promtool tsdb dump", 15),
    ("promtool/metrics-test.prom", "prometheus text", 27),
    ("prometheus-run/query*", "prometheus api json", nil),
    ("prometheus-run/tsdb-dump-signals.txt", "promtool tsdb dump", 2233),
    ("prometheus-run/tsdb-dump-node.txt.gz", "promtool tsdb dump", 71480),
    ("prometheus-run/scrapes/A_node2_down_node-2.prom", "", nil), ("prometheus-run/scrapes/", "prometheus text", nil),
  ]

  @Test("is read as what it is, or named unrecognised with the reason")
  func all() throws {
    let root = try #require(sharedData)
    let files = try tree(root, "").filter { !$0.hasPrefix("LICENSES/") }
    let run = try rulecheck(["inspect", "--format", "json"] + files, in: root)
    #expect(run.status == 0, "\(run.errors.prefix(500))")
    let document = try JSON(parsing: run.output)
    let reports = document["files"]?.elements ?? []
    #expect(reports.count == files.count && files.count > 600)
    for report in reports {
      let path = try #require(report["path"]?.text)
      let format = report["format"]?.text
      let wanted = Self.expected.first { expected in
        if expected.path.hasSuffix("/") { return path.hasPrefix(expected.path) && !path.hasSuffix("-metadata.json") }
        return expected.path.hasSuffix("*") ? path.hasPrefix(expected.path.dropLast()) : path == expected.path
      }
      if wanted?.format == "*" { continue }
      let name = wanted.map { $0.format.isEmpty ? "unrecognised" : $0.format } ?? "unrecognised"
      #expect(format == name, "\(path): \(report["why"]?.text ?? "")")
      if format == "unrecognised" { #expect(report["why"]?.text?.isEmpty == false) }
      let refused = report["refused"] != .number(0)
      if let kept = try wanted?.kept ?? (refused ? nil : count(root + "/" + path, name)) {
        #expect(report["kept"] == .number(Double(kept)), "\(path)")
      }
    }
    // Under --strict what is not recognised is an error, each by itself.
    for path in [
      "yaml/bombs/norway.yaml", "inventory/aws/describe-instances.json", "inventory/os-release/os-release-debian",
    ] {
      #expect(try rulecheck(["inspect", "--strict", path], in: root).status == 1)
    }
  }

  /// What there is to be read in a file, counted by plainer means; `nil`: of this format, or packed, it is not counted here.
  private func count(_ path: String, _ format: String) throws -> Int? {
    if path.hasSuffix(".gz") { return nil }
    let text = try readText(path)
    let lines = text.split { $0.isNewline }
    switch format {
    case "prometheus text", "openmetrics", "promtool tsdb dump": return lines.count { !$0.hasPrefix("#") }
    case "metrics csv":
      // All cells after the time, but for empty ones.
      return lines.dropFirst().reduce(0) { sum, line in sum + line.split(separator: ",").count - 1 }
    case "prometheus api json":
      let series = try JSON(parsing: text)["data"]?["result"]?.elements ?? []
      return series.reduce(0) { sum, one in sum + (one["values"]?.elements.count ?? 1) }
    case let log where log.hasPrefix("plain log"): return lines.count
    default: return nil
    }
  }

  @Test("the official OpenMetrics suite has its verdicts under --strict")
  func openMetrics() throws {
    let folder = try #require(sharedData) + "/exposition/openmetrics-suite"
    var wrong: [String] = []
    var count = 0
    for row in try readText(folder + "/expected.csv").split(separator: "\n").dropFirst() {
      let cells = row.split(separator: ",").map(String.init)
      let run = try rulecheck(["inspect", "--strict", "--metrics", cells[0] + ".txt"], in: folder)
      if (run.status == 0) != (cells[1] == "ok") { wrong.append(cells[0]) }
      count += 1
    }
    #expect(wrong == [] && count == 106)
  }

  private func tree(_ root: String, _ folder: String) throws -> [String] {
    try list(root + "/" + folder).flatMap { name in
      let path = folder.isEmpty ? name : folder + "/" + name
      var status = stat()
      stat(root + "/" + path, &status)
      return status.st_mode & S_IFMT == S_IFDIR ? try tree(root, path) : [path]
    }
  }
}
