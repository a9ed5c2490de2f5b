import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@testable import CriteriaCompiler

@Suite("Expressions")
struct ExpressionTests {
  @Test(
    "these conditions check without a word",
    arguments: [
      "avg(cpu[5m]) > 90%", "cpu > 0", "-cpu < 0", "0 < cpu", "cpu == -0",
      // plain ÷ plain is either
      "load / cores > 4", "load / cores > 90%", "1 - load / cores < 0.1", "100% - load / cores < 10%",
      "max(load / cores, 50%) > 90%", "max(load / cores, 0.5) > 4", "load / cores + wear > 90%",
      // like ÷ like is a ratio, and so is rate ÷ rate
      "free < 10%", "failed > 2%", "rate(errors[5m]) / rate(reqs[5m]) > 2%", "age / 30d > 90%",
      // ratio · plain, ratio ÷ plain, ratio · ratio
      "wear * 3 > 90%", "wear / 3 > 10%", "wear * wear > 10%", "wear / wear > 10%",
      // plain ÷ ratio is plain again
      "load / wear > 5",
      // exponents
      "rate(sent[5m]) > 10MiB/s", "rate(sent[5m]) * 1h > 1GiB", "increase(sent[5m]) / 5m > 1MB/s",
      "slope(wear[1d]) > 1%/h", "slope(wear[1d]) * 6h > 5%", "wear / slope(wear[1d]) < 7d", "wear / 1d > 1%/d",
      "rate(reqs[5m]) > 100/s", "rate(errors[5m]) > 10% * rate(reqs[5m])", "rate(reqs[5m]) * 60s > 5",
      "count(oom[10m]) / 10m > 1/h", "rate(oom[10m]) > 1/h", "10% * 30d < age", "size * 10% > avail",
      // seconds per second: a share of a core, or cores
      "rate(busy[5m]) > 90%", "rate(busy[5m]) > 1.5",
      "count(oom[10m]) >= 3", "changes(ready[10m]) > 3", "changes(image[1h]) > 0", "absent(up[5m])",
      "p99(slow[5m]) > 250ms", "slow > 1s", "stddev(slow[5m]) > 1s", "sum(slow[5m]) > 30s", "count(slow[5m]) > 3",
      "min(cpu[5m]) > min(50%, wear)", "abs(cpu) > 5%", "clamp(cpu, 10%, 90%) > 50%", "ramp(cpu, 50%, 90%) > 0.5",
      "age > spread(30d, 3d)", "spread(0, 3d) < age",
      "since(oom) > 10m", "since(ready) > 10m", "since(image) < 1h", "since(fact.image) < 1h", "since(memory) < 1h",
      "since(ready != \"True\") > 10m", "since(drifted(image)) > 24h", "since(absent(up[5m])) > 1h",
      "ready == \"True\"", "ready in [\"True\", \"Unknown\"]", "ready.reason =~ \"Kube.*\"", "image != \"ami-1\"",
      "oom.comm == \"java\"", "fact.image != desired.image", "label[\"a/b\"] == \"x\"", "label.role in [\"a\"]",
      "drifted(image)", "drifted(kernel)", "drift.count > 2", "drift.ratio > 50%", "memory > 8GiB",
      "not drifted(image)",
      "cpu in [10%, 20%, 0]", "cpu in [-10%]", "drifted(image) == true", "true",
      "not (cpu > 5% and load > 3 or up == 0)",
    ])
  func sound(condition: String) {
    let outcome = checkCondition(condition)
    #expect(outcome.diagnostics.filter { $0.severity != .note } == [])
    #expect(outcome.policy != nil)
  }

  /// The mended form is what the fix makes of the condition; empty where no fix is offered.
  @Test(
    "a fault is reported once, with its code, its place and its mending",
    arguments: [
      // Names
      ("cpuu > 90%", "E0210", "cpuu", "cpu > 90%"),
      ("nothing_like_it > 90%", "E0210", "nothing_like_it", ""),
      ("avg > 90%", "E0210", "avg", ""),
      ("label.role == web", "E0228", "web", "label.role == \"web\""),
      ("role == \"web\"", "E0210", "role", ""),
      ("ready == True", "E0228", "True", "ready == \"True\""),
      ("drifted(image) == True", "E0210", "True", "drifted(image) == true"),
      ("fact == \"a\"", "E0225", "fact", ""),
      ("label.a.b == \"x\"", "E0225", "label.a.b", "label[\"a.b\"] == \"x\""),
      ("drift.counts > 1", "E0225", "counts", "drift.count > 1"),
      ("cpu.reason == \"x\"", "E0225", "reason", ""),
      ("ready.reasons == \"x\"", "E0225", "reasons", "ready.reason == \"x\""),
      ("free.x == \"x\"", "E0225", "x", ""),
      ("age.x == \"x\"", "E0225", "x", ""),
      ("ready.reason.x == \"x\"", "E0225", "x", ""),
      ("oom.com == \"x\"", "E0224", "com", "oom.comm == \"x\""),
      // Types
      ("cpu > \"90\"", "E0211", "\"90\"", ""),
      ("fact.cores > 8", "E0211", "8", ""),
      ("label.tier == 3", "E0211", "3", "label.tier == \"3\""),
      ("ready == true", "E0211", "true", "ready == \"True\""),
      ("label.tier in [3]", "E0211", "3", ""),
      ("cpu in [\"a\"]", "E0211", "\"a\"", ""),
      ("cpu and up == 0", "E0215", "cpu", ""),
      ("not cpu", "E0215", "cpu", ""),
      ("ready", "E0215", "ready", "ready == \"True\""),
      ("ready + 1 > 3", "E0215", "ready", ""),
      ("-drifted(image) > 3", "E0215", "drifted(image)", ""),
      ("drifted(image) in [true]", "E0215", "drifted(image)", ""),
      ("cpu =~ \"a\"", "E0215", "cpu", ""),
      ("image < \"b\"", "E0216", "image < \"b\"", ""),
      ("drifted(image) >= true", "E0216", "drifted(image) >= true", ""),
      ("image =~ \"a(\"", "E0229", "\"", ""),
      // Dimensions
      ("avg(cpu[5m]) > 90", "E0212", "90", "avg(cpu[5m]) > 90%"),
      ("avg(cpu[5m]) > 0.9", "E0212", "0.9", "avg(cpu[5m]) > 90%"),
      ("wear > 0.29", "E0212", "0.29", "wear > 29%"),
      ("90 < cpu", "E0212", "90", "90% < cpu"),
      ("cpu > -5", "E0212", "-5", ""),
      ("cpu in [90]", "E0212", "90", "cpu in [90%]"),
      ("cpu > 8", "E0212", "8", ""),
      ("age > 600", "E0212", "600", "age > 600s"),
      ("rate(reqs[5m]) > 100", "E0212", "100", "rate(reqs[5m]) > 100/s"),
      ("rate(sent[5m]) > 1000", "E0212", "1000", "rate(sent[5m]) > 1000B/s"),
      ("avail > 4000000000", "E0212", "4000000000", "avail > 4000000000B"),
      ("load > 90%", "E0212", "90%", ""),
      ("avail > cpu", "E0212", "cpu", ""),
      ("slope(wear[1d]) > 1/h", "E0212", "1/h", ""),
      ("p99(slow[5m]) / p50(slow[5m]) > 80", "E0212", "80", "p99(slow[5m]) / p50(slow[5m]) > 80%"),
      ("1 - wear < 10%", "E0213", "1", "100% - wear < 10%"),
      ("1 - load / cores < 10%", "E0212", "10%", "100% - load / cores < 10%"),
      ("cpu + 10 > 90%", "E0213", "10", "cpu + 10% > 90%"),
      ("max(cpu, 0.5) > 90%", "E0214", "0.5", "max(cpu, 50%) > 90%"),
      ("ramp(cpu, 50, 90%) > 0.5", "E0214", "50", "ramp(cpu, 50%, 90%) > 0.5"),
      ("spread(30d, 3) < age", "E0214", "3", "spread(30d, 3s) < age"),
      // Functions
      ("average(cpu[5m]) > 90%", "E0217", "average", "avg(cpu[5m]) > 90%"),
      ("avg_over_time(cpu[5m]) > 90%", "E0217", "avg_over_time", "avg(cpu[5m]) > 90%"),
      ("frobnicate(cpu[5m]) > 90%", "E0217", "frobnicate", ""),
      ("abs(cpu, 3) > 90%", "E0218", "abs(cpu, 3)", ""),
      ("min(cpu) > 90%", "E0219", "cpu", "min(cpu[5m]) > 90%"),
      ("clamp(cpu, 3%) > 90%", "E0218", "clamp(cpu, 3%)", ""),
      ("avg(cpu[5m], wear) > 90%", "E0218", "avg(cpu[5m], wear)", ""),
      ("since() > 90s", "E0218", "since()", ""),
      ("avg(cpu) > 90%", "E0219", "cpu", "avg(cpu[5m]) > 90%"),
      ("avg(cpu / 2) > 90%", "E0219", "cpu / 2", ""),
      ("avg(age[5m]) > 90s", "E0219", "age[5m]", ""),
      ("avg(oom.comm[5m]) > 90s", "E0219", "oom.comm[5m]", ""),
      ("abs(cpu[5m]) > 90%", "E0220", "cpu[5m]", ""),
      ("max(cpu[5m], 90%) > 90%", "E0220", "cpu[5m]", ""),
      ("since(oom[5m]) > 10m", "E0220", "[5m]", "since(oom) > 10m"),
      ("rate(cpu[5m]) > 0", "E0221", "cpu", ""),
      ("increase(load[5m]) > 0", "E0221", "load", ""),
      ("increase(oom[5m]) > 0", "E0221", "oom", ""),
      ("avg(oom[5m]) > 0", "E0221", "oom", ""),
      ("avg(ready[5m]) > 0", "E0221", "ready", ""),
      ("count(image[5m]) > 0", "E0221", "image", ""),
      ("changes(memory[5m]) > 0", "E0221", "memory", ""),
      ("absent(memory[5m])", "E0221", "memory", ""),
      ("since(cpu) > 10m", "E0221", "cpu", ""),
      ("since(age) > 10m", "E0221", "age", ""),
      ("since(label.role) > 10m", "E0221", "label.role", ""),
      ("avg(free[5m]) > 10%", "E0222", "free[5m]", ""),
      ("avg(free) > 10%", "E0222", "free", ""),
      ("oom >= 3", "E0223", "oom", "count(oom[10m]) >= 3"),
      ("drifted(fact.image)", "E0231", "fact.image", "drifted(image)"),
      ("drifted(cpu)", "E0231", "cpu", ""),
      ("drifted(free)", "E0231", "free", ""),
      ("drifted(\"image\")", "E0231", "\"image\"", ""),
      ("drifted()", "E0231", "drifted()", ""),
      // Time
      ("avg(cpu[45s]) > 90%", "E0303", "[45s]", "avg(cpu[1m]) > 90%"),
      ("avg(cpu[70s]) > 90%", "E0303", "[70s]", "avg(cpu[1m]) > 90%"),
      ("avg(cpu[10s]) > 90%", "E0303", "[10s]", "avg(cpu[30s]) > 90%"),
      // Keys
      ("avail < 1GiB and count(io[1h]) > 3", "E0301", "count(io[1h])", ""),
      ("ramp(cpu, 50%, 50%) > 0.5", "E0308", "ramp(cpu, 50%, 50%)", ""),
      ("clamp(cpu, 90%, 10%) > 50%", "E0309", "clamp(cpu, 90%, 10%)", ""),
      // Warnings
      ("errors > 5", "W0401", "errors", ""),
      ("avg(errors[5m]) > 5", "W0401", "avg(errors[5m])", ""),
      ("ready == \"true\"", "W0408", "\"true\"", "ready == \"True\""),
      ("ready in [\"false\"]", "W0408", "\"false\"", "ready in [\"False\"]"),
    ])
  func fault(condition: String, code: String, place: String, mended: String) {
    let outcome = checkCondition(condition)
    let found = outcome.diagnostics.filter { $0.severity != .note }
    #expect(found.map(\.code.name) == [code])
    guard let diagnostic = found.first else { return }
    #expect(outcome.text(diagnostic.range) == place)
    if let fix = diagnostic.fix {
      #expect(outcome.mended(fix) == policyText(when: mended))
    } else {
      #expect(mended == "")
    }
    #expect((outcome.policy == nil) == (diagnostic.severity == .error))
  }

  @Test("how many series a counter has is no reading of its value")
  func countedCounter() {
    let outcome = checkCondition("seen > 4", signals: "seen: {counter: cpu_seconds_total, reduce: count}")
    #expect(!outcome.codes.contains("W0401"))
  }

  @Test("every mending that is offered makes the condition sound")
  func mendings() {
    for condition in ["avg(cpu[5m]) > 90", "1 - wear < 10%", "oom >= 3", "avg(cpu) > 90%", "since(oom[5m]) > 10m"] {
      let outcome = checkCondition(condition)
      let fix = outcome.errors.first?.fix
      #expect(fix.map { checkPolicy(outcome.mended($0)).errors } == [])
    }
  }

  @Test("all faults of an expression are reported, and none that follows from another")
  func together() {
    #expect(
      checkCondition("cpuu > 90 and foo(wear) > 3 or avg(cpu[5m]) > 90").codes.filter { $0 != "W0404" } == [
        "E0210", "E0217", "E0212",
      ])
    // What is compared with an unknown name has no dimension to be wrong about.
    #expect(checkCondition("cpuu + 3 > 90% and not cpuu").errors.count == 2)
  }

  @Test(
    "named expressions have any type, and carry their marks",
    arguments: [
      ("a: {is: load / cores}", "a > 4", [String]()),
      ("a: {is: load / cores}", "a > 90%", []),
      ("a: {is: drifted(image)}", "a or not a", []),
      ("a: {is: fact.image}", "a == \"x\"", []),
      ("a: {is: b + 1}\nb: {is: load}", "a > 4", []),
      ("a: {is: avail / size, reduce: max}", "a > 90% and count(io[1h]) > 3", []),
      ("a: {is: avail, reduce: count}", "a > 3", []),
      ("a: {is: b}\nb: {is: c}\nc: {is: a}", "a > 3", ["E0226"]),
      ("a: {is: a}", "a > 3", ["E0226"]),
      ("a: {is: cpuu}", "a > 3 and a > 5%", ["E0210"]),
      ("a: {is: cpu, reduce: max}", "a > 3%", ["E0302"]),
      ("a: {is: drifted(image), reduce: max}", "a > 3%", ["E0215"]),
      ("a: {is: 'avail / 1GiB + age', reduce: max}", "a > 3%", ["E0213"]),
      ("a: {is: 'avail / 1B * count(io[1h])', reduce: max}", "a > 3%", ["E0301"]),
      ("a: {is: 'avail / 1B * count(io[1h])'}", "cpu > 3%", ["E0301"]),
      ("age: {gauge: age}", "cpu > 3%", ["E0230"]),
      ("b: {log: k, match: 'a', reduce: sum}", "count(b[5m]) > 3", ["E0302"]),
      ("b: {log: k, match: 'a', by: [c]}", "count(b[5m]) > 3", ["E0224"]),
      ("b: {log: k, match: 'a(?<c>.)', value: d}", "count(b[5m]) > 3", ["E0224"]),
      ("b: {log: k, match: 'a(?<c>.', value: d}", "count(b[5m]) > 3 and b.x == \"a\"", ["E0229"]),
      ("b: {log: k, match: 'a', unit: ms}", "count(b[5m]) > 3", ["E0317"]),
      ("b: {info: k}", "b == \"a\"", ["E0314"]),
      ("b: {condition: k, from: m, type: t}", "b == \"a\"", ["E0315"]),
      ("b: {condition: k, type: t}", "b == \"a\"", ["E0315"]),
      ("b: {condition: k, from: 'm{a=~\"(\"}', type: t, status: s}", "b == \"a\"", ["E0229"]),
      ("b: {gauge: 'm{a=~\"(\"}'}", "b > 3", ["E0229"]),
      ("b: {info: 'm{a!~\"(\"}', label: l}", "b == \"a\"", ["E0229"]),
      ("b: {gauge: m, by: [c], reduce: sum}", "b > 3", ["W0403"]),
      ("b: {gauge: m, unit: furlong}", "b > 3", ["E0113"]),
    ])
  func signals(declarations: String, condition: String, codes: [String]) {
    let outcome = checkCondition(condition, signals: declarations)
    #expect(outcome.codes.filter { $0 != "W0404" } == codes)
  }

  @Test("a signal that is lost to a fault of its own is not unknown where it is used")
  func lost() {
    let outcome = checkCondition("broken > 3 and avg(broken[5m]) > 3", signals: "broken: {gauge: }")
    #expect(outcome.errors.count == 1)
    #expect(outcome.errors.first?.code.name != "E0210")
  }

  @Test("a pattern's fault is shown at its byte")
  func patternPlace() throws {
    let outcome = checkCondition("count(b[5m]) > 3", signals: "b: {log: k, match: 'wide ☃ a{2,1} b'}")
    let fault = try #require(outcome.errors.first)
    let before = outcome.sources[fault.range!.source].bytes[..<fault.range!.start]
    #expect(String(decoding: before, as: UTF8.self).hasSuffix("a{2,1"))
  }
}

@Suite("Limits")
struct LimitTests {
  /// a0 = 1 + 1, each next one twice the one before.
  private func doubling(_ count: Int) -> String {
    (1...count).reduce("a0: {is: load}") { $0 + "\na\($1): {is: a\($1 - 1) + a\($1 - 1)}" }
  }

  @Test("names that double each other end in one diagnostic", arguments: [(12, 0), (13, 1), (60, 1)])
  func doubled(count: Int, errors: Int) {
    let outcome = checkCondition("a\(count) > 3", signals: doubling(count))
    #expect(outcome.errors.map(\.code.name) == Array(repeating: "E0227", count: errors))
  }

  @Test("a long chain of names does not exhaust the stack", arguments: [(250, 0), (5_000, 1)])
  func chained(count: Int, errors: Int) {
    let chain = (1...count).reversed().map { "a\($0): {is: -a\($0 - 1)}" }.joined(separator: "\n") + "\na0: {is: load}"
    let outcome = checkCondition("a\(count) > 3", signals: chain)
    #expect(outcome.errors.map(\.code.name) == Array(repeating: "E0227", count: errors))
  }

  @Test("many names of a large name end in one diagnostic")
  func manyNames() {
    let names = (0..<5_000).map { "b\($0): {is: a12 + \($0)}" }.joined(separator: "\n")
    let outcome = checkCondition("b7 > 3", signals: doubling(12) + "\n" + names)
    #expect(outcome.errors.map(\.code.name) == ["E0227"])
  }

  @Test("many rules over a large name end in one diagnostic")
  func total() {
    let rules = (0..<60).map { "- {rule: R\($0), when: a12 > \($0), then: +1}" }.joined(separator: "\n  ")
    let signals = doubling(12).split(separator: "\n").joined(separator: "\n  ")
    let outcome = checkPolicy(
      "version: 1\npolicy: p\nsignals:\n  load: {gauge: load}\n  \(signals)\nrules:\n  \(rules)\n")
    #expect(outcome.errors.map(\.code.name) == ["E0227"])
  }
}
