import CriteriaDiagnostics
import CriteriaSyntax
import Glibc
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
      slow: {log: app, match: 'took (?<ms>\d+) ms', value: ms, unit: ms, utf: true, match_limit: 5000, max_line: 4096}
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

extension PolicyTests {
  private func signal(_ text: String) throws -> SignalDeclaration {
    let (file, diagnostics, _) = parse("version: 1\npolicy: p\nsignals:\n  s: \(text)\nrules: []\n")
    #expect(diagnostics.filter { $0.code != .emptyValue } == [])
    return try #require(file?.signals.first)
  }

  @Test(
    "selectors are read as Prometheus reads them",
    arguments: [
      ("up", "up", []), ("job:up:rate5m", "job:up:rate5m", []), ("'up{}'", "up", []),
      (#"'up{a="b",}'"#, "up", [#"a="b""#]),
      (#"'up { a != "b" , c=~"d.*", e!~"f" }'"#, "up", [#"a!="b""#, #"c=~"d.*""#, #"e!~"f""#]),
      (#"'{__name__="a b"}'"#, "a b", []),
      (#"'{"a.b", c="d"}'"#, "a.b", [#"c="d""#]), (#"'up{a="\"\\\n\u00e9\x41"}'"#, "up", ["a=\"\"\\\né" + "A\""]),
      (#"'up{a=`b\d`}'"#, "up", [#"a="b\d""#]), (#"'up{"a.b"="c"}'"#, "up", [#"a.b="c""#]),
      (#""up{a='b'}""#, "up", [#"a="b""#]),
    ] as [(String, String, [String])])
  func selectors(text: String, metric: String, matchers: [String]) throws {
    guard case .gauge(let source) = try signal("{gauge: \(text)}").kind else { return }
    #expect(source.selector.value.metric == metric)
    #expect(source.selector.value.matchers.map { "\($0.label)\($0.comparison.rawValue)\"\($0.value)\"" } == matchers)
  }

  @Test(
    "`ignore` compares raw samples",
    arguments: [
      ("< 0", .less, 0), ("==-1", .equal, -1), ("!= 0.5", .notEqual, 0.5), (" >= 100 ", .greaterOrEqual, 100),
    ]
      as [(String, ComparisonOperator, Double)])
  func ignore(text: String, comparison: ComparisonOperator, bound: Double) throws {
    guard case .gauge(let source) = try signal("{gauge: up, ignore: '\(text)'}").kind else { return }
    #expect(source.ignore?.value == Ignore(comparison: comparison, bound: bound))
  }

  private func rule(_ text: String) -> (rule: RuleDeclaration?, diagnostics: [Diagnostic]) {
    let (file, diagnostics, _) = parse("version: 1\npolicy: p\nrules:\n  - rule: A\n    when: up\n\(text)\n")
    return (file?.rules.first, diagnostics)
  }

  @Test(
    "an exception ends with its day",
    arguments: [
      ("2026-12-31", 1_798_761_600_000), ("2024-02-29", 1_709_251_200_000), ("1970-01-01", 86_400_000),
      ("2026-02-29", nil),
      ("2100-02-29", nil), ("2000-02-29", 951_868_800_000), ("2026-13-01", nil), ("2026-00-10", nil), ("2026-1-1", nil),
      ("tomorrow", nil), ("2026-12-31T00:00:00Z", nil), ("9999-12-31", 253_402_300_800_000), ("-999-01-01", nil),
    ] as [(String, Int64?)])
  func expiry(day: String, end: Int64?) {
    let (rule, diagnostics) = rule("    then: +1\n    except: [{where: up, expires: '\(day)'}]")
    #expect(rule?.except.first?.expires?.value == end)
    #expect(diagnostics.map(\.code) == (end == nil ? [.badDate] : []))
  }

  @Test(
    "effects are read as written, and mended where they nearly are",
    arguments: [
      ("+60", "60.0", nil), ("+60 * ramp(x, 0, 1)", #"(* 60.0 (ramp "x" 0.0 1.0))"#, nil), ("replace", "replace", nil),
      ("quarantine", "quarantine", nil), ("protect", "protect", nil), ("60", nil, "+60"), ("60 * x", nil, "+60 * x"),
      ("Replace", nil, "replace"), ("protekt", nil, "protect"), ("nothing", nil, nil), ("+", nil, nil),
      ("+1 + 2", nil, nil),
      ("'+(1 + 2)'", "(+ 1.0 2.0)", nil), ("-60", nil, nil),
    ] as [(String, String?, String?)])
  func effects(text: String, expected: String?, mended: String?) {
    let (rule, diagnostics) = rule("    then: \(text)")
    let shown: String? =
      switch rule?.then {
      case .add(let worth, _): dump(worth)
      case .replace: "replace"
      case .quarantine: "quarantine"
      case .protect: "protect"
      case nil: nil
      }
    // A broken one stands as `replace`, so that the rest of its rule can be checked.
    #expect(shown == expected ?? "replace")
    #expect(diagnostics.isEmpty == (expected != nil))
    guard let mended, let fix = diagnostics.first?.fix else {
      #expect(diagnostics.first?.fix == nil)
      return
    }
    #expect((fix.range.start == fix.range.end ? fix.text + text : fix.text) == mended)
  }

  @Test(
    "templates hold texts and expressions",
    arguments: [
      (#""a {x} b""#, ["a ", #"<"x">"#, " b"]), (#""{{x}}""#, ["{x}"]), (#"'{label["a}b"]}'"#, [#"<"label"/"a}b">"#]),
      ("plain", ["plain"]),
      ("\"{x}{y}\"", [#"<"x">"#, #"<"y">"#]), ("\"100% {{{x}}}\"", ["100% {", #"<"x">"#, "}"]),
    ] as [(String, [String])])
  func templates(text: String, expected: [String]) throws {
    let (rule, diagnostics) = rule("    then: +1\n    why: \(text)")
    #expect(diagnostics == [])
    let parts = try #require(rule?.why).parts.map { part in
      switch part {
      case .text(let text): text
      case .expression(let expression): "<\(dump(expression))>"
      }
    }
    #expect(parts == expected)
  }

  @Test("a broken rule is left out, the others stay, and so do the faults of all")
  func partial() {
    let (file, diagnostics, _) = parse(
      "version: 1\npolicy: p\nsignals: {a: {gauge: 'x{'}, b: {gauge: y}}\nrules:\n  - {rule: A, when: b >, then: +1}\n  - {rule: B, when: b > 1, then: +1}\n"
    )
    #expect(diagnostics.count == 2)
    #expect(file?.signals.map(\.name.value) == ["b"])
    #expect(file?.lostSignals.map(\.value) == ["a"])
    #expect(file?.rules.map(\.name.value) == ["B"])
  }

  @Test("used files are read beside the policy, and their faults shown in them")
  func uses() throws {
    var sources = SourceMap()
    var asked: [String] = []
    let policy = SourceText(
      path: "rules/web/a.yaml",
      text: "version: 1\npolicy: p\nuse: [b.yaml, ./c/../c/d.yaml]\nsignals: {x: {gauge: x}}\nrules: []\n")
    let (file, diagnostics) = parsePolicy(policy, into: &sources) { path in
      asked.append(path)
      return .success(
        SourceText(
          path: path,
          text: path.hasSuffix("b.yaml")
            ? "version: 1\nsignals: {y: {gauge: y}}\n" : "version: 1\nsignals: {x: {gauge: z}}\nrules: []\n"))
    }
    #expect(asked == ["rules/web/b.yaml", "rules/web/c/d.yaml"])
    #expect(file?.signals.map(\.name.value) == ["x", "y"])
    #expect(diagnostics.map(\.code) == [.emptyValue, .unknownKey, .duplicateName])
    #expect(diagnostics.map { $0.range?.source.index } == [0, 2, 2])
    #expect(diagnostics[2].labels.map(\.range.source.index) == [0])
  }

  @Test("a policy is loaded from the disk with what it uses, and a link out of its folder is refused")
  func loading() throws {
    var template = Array("/tmp/criteria-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    defer {
      for name in ["p.yaml", "s.yaml", "link.yaml"] { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }
    write(
      "version: 1\npolicy: p\nuse: [s.yaml, link.yaml]\nrules: [{rule: A, when: up > 1, then: +1}]\n",
      to: "\(folder)/p.yaml")
    write("version: 1\nsignals: {up: {gauge: up}}\n", to: "\(folder)/s.yaml")
    symlink("/etc/hostname", "\(folder)/link.yaml")
    var sources = SourceMap()
    let (file, diagnostics) = loadPolicy(at: "\(folder)/p.yaml", into: &sources)
    #expect(file?.signals.map(\.name.value) == ["up"])
    #expect(diagnostics.map(\.code) == [.badUsePath])
    #expect(sources.texts.map(\.path) == ["\(folder)/p.yaml", "\(folder)/s.yaml"])
    #expect(loadPolicy(at: "\(folder)/none.yaml", into: &sources).diagnostics.map(\.code) == [.unreadableFile])
    #expect(loadPolicy(at: folder, into: &sources).diagnostics.map(\.code) == [.unreadableFile])
  }

  @Test("every code of the syntax is listed once")
  func codes() {
    #expect(Set(syntaxCodes).count == syntaxCodes.count)
    #expect(syntaxCodes.map(\.name) == syntaxCodes.map(\.name).sorted())
  }
}
