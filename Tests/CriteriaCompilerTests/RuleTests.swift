import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@testable import CriteriaCompiler

@Suite("Rules")
struct RuleTests {
  @Test(
    "a rule's keys are checked against each other",
    arguments: [
      ("then: +0", [String]()),
      ("then: '+0.5 + 1'", ["E0200"]),
      ("then: +60 * ramp(cpu, 50%, 90%)", []),
      ("then: +60 * ramp(cpu, 90%, 50%)", []),
      ("then: +clamp(load, 0, 10)", []),
      ("then: +5 * min(max(load, 0), 10)", []),
      ("then: +5 * min(count(oom[10m]), 10)", []),
      ("then: +10 * drift.ratio", ["E0305"]),
      ("then: +load", ["E0306"]),
      ("then: +count(oom[10m])", ["E0306"]),
      ("then: +60 / ramp(cpu, 50%, 90%)", ["E0306"]),
      ("then: +2000000000", ["E0306"]),
      ("then: '+(10 - clamp(load, 0, 20))'", ["E0307"]),
      ("then: +-5", ["E0307"]),
      ("then: +clamp(load, -1, 1)", ["E0307"]),
      ("then: +60%", ["E0305"]),
      ("then: +10s", ["E0305"]),
      ("then: +\"10\"", ["E0215"]),
      ("then: +spread(30, 3)", []),
      ("then: +spread(3, 30)", ["E0307"]),
      ("then: quarantine\nlatch: true", []),
      ("then: quarantine\nlatch: true\nhold: 5m", ["E0310"]),
      ("then: quarantine\nlatch: true\nhold: 5m\nuntil: up == 1", ["E0310", "E0310"]),
      ("then: quarantine\nlatch: false\nhold: 5m", []),
      ("then: quarantine\nunknown: ignore", ["E0311"]),
      ("then: protect\nunknown: ignore", ["E0311"]),
      ("then: protect\nunknown: fires", []),
      ("then: replace\nunknown: ignore", []),
      ("then: +1\nfor: 45s", ["E0303"]),
      ("then: +1\nfor: 0s", []),
      ("then: +1\nhold: 45s\nuntil: cpu", ["E0303", "E0215"]),
      ("then: +1\nexcept: [{where: label.a == \"b\"}]", []),
      ("then: +1\nexcept: [{where: memory > 8GiB}]", []),
      ("then: +1\nexcept: [{where: cpu > 80%}]", ["E0313"]),
      ("then: +1\nexcept: [{where: 'count(oom[5m]) > 3 or absent(up[5m])'}]", ["E0313", "E0313"]),
      ("then: +1\nexcept: [{where: age > 3d and since(fact.a) > 3d}]", ["E0313", "E0313"]),
      ("then: +1\nexcept: [{where: drifted(image) and drift.count > 1}]", ["E0313", "E0313"]),
      ("then: +1\nexcept: [{where: desired.image == \"a\"}]", ["E0313"]),
      ("then: +1\nexcept: [{where: image == \"a\"}]", ["E0313"]),
      ("then: +1\nexcept: [{where: label.a}]", ["E0215"]),
      ("then: +1\nwhy: '{cpu} and {ready}, {drifted(image)}, {up} {{}}'", []),
      ("then: +1\nwhy: '{dev}'", ["E0210"]),
      ("then: +1\nwhy: '{count(io[1h])}'", ["E0316"]),
      ("then: +1\nwhy: '{cpu + 1}'", ["E0213"]),
    ])
  func keys(rule: String, codes: [String]) {
    let outcome = checkCondition("cpu > 5%", rule: rule)
    #expect(outcome.codes.filter { $0 != "W0404" } == codes)
  }

  @Test(
    "a rule has the keys of what it reads, and its reason may name them",
    arguments: [
      ("count(io[1h]) >= 3", "'{count(io[1h])} errors on {dev}'", ["dev"], [String]()),
      ("count(io[1h]) >= 3 and cpu > 5%", "'{dev}'", ["dev"], []),
      ("avail / size < 5% and free < 10%", "'{mountpoint}'", ["mountpoint"], []),
      ("avail < 1GiB", "'{mountpiont}'", ["mountpoint"], ["E0210"]),
      ("since(avail < 1GiB) > 1h", "'{mountpoint}'", ["mountpoint"], []),
      ("absent(avail[5m])", "a", [], []),
      ("free < 10%", "a", [], []),
      ("avail < 1GiB", "'{count(io[1h])}'", ["mountpoint"], ["E0316"]),
      ("count(dev[1h]) >= 3", "'{dev.dev}'", ["dev"], []),
      ("count(dev[1h]) >= 3", "'{dev}'", ["dev"], ["W0402", "E0223"]),
    ])
  func rows(condition: String, why: String, by: [String], codes: [String]) {
    let twin = condition.contains("dev[") ? "dev: {log: kernel, match: 'dev (?<dev>\\w+)', by: [dev]}" : ""
    let outcome = checkCondition(condition, signals: twin, rule: "then: +1\nwhy: \(why)")
    #expect(outcome.codes.filter { $0 != "W0404" } == codes)
    if let policy = outcome.policy { #expect(policy.rules[0].by == by) }
  }

  @Test(
    "optional signals are noted where a rule reads them, and refused where they would silently lift a stop",
    arguments: [
      ("disk > 5%", "then: +1", ["disk"], [String]()),
      ("half > 5%", "then: +1", ["disk"], []),
      ("cpu > 5%", "then: +100 * ramp(disk, 0, 10%)", ["disk"], []),
      ("cpu > 5%", "then: +1\nuntil: disk < 5%", ["disk"], []),
      ("cpu > 5%", "then: +1\nwhy: '{disk}'", [], []),
      ("disk > 5%", "then: protect", [], ["E0312"]),
      ("half > 5% or disk > 6%", "then: quarantine", [], ["E0312"]),
    ])
  func optional(condition: String, rule: String, names: [String], codes: [String]) {
    let outcome = checkCondition(
      condition, signals: "disk: {gauge: disk, unit: ratio, optional: true}\nhalf: {is: disk / 2}", rule: rule)
    #expect(outcome.codes.filter { $0 != "W0404" } == codes)
    if let policy = outcome.policy { #expect(policy.rules[0].optionalSignals.map { policy.signals[$0].name } == names) }
  }

  @Test("defaults of a policy are those of the language reference")
  func defaults() throws {
    let policy = try #require(checkCondition("avg(cpu[2m]) > 5% and since(oom) > 1h").policy)
    #expect(policy.step == 30_000)
    #expect(policy.maxLateness == 60_000)
    #expect(policy.replace == 100_000)
    #expect(policy.watch == 50_000)
    func signal(_ name: String) throws -> CheckedPolicy.Signal {
      try #require(policy.signals.first { $0.name == name })
    }
    #expect(try signal("cpu").staleAfter == 120_000)
    #expect(try signal("up").staleAfter == 300_000)
    #expect(try signal("errors").staleAfter == 300_000)
    #expect(try signal("ready").staleAfter == 900_000)
    #expect(try signal("oom").staleAfter == nil)
    #expect(try signal("memory").staleAfter == nil)
    #expect(try signal("oom").longestWindow == 86_400_000)
    #expect(try signal("cpu").maxKeys == 64)
    // `since` of a log remembers a day, but is no window that has to fill.
    #expect(policy.rules[0].longestWindow == 120_000)
  }

  @Test(
    "the bands of the score are checked with their defaults",
    arguments: [
      ("watch: 20", [String](), 20_000, 100_000), ("replace: 10", [], 5_000, 10_000), ("watch: 200", ["E0304"], 0, 0),
      ("replace: 80\nwatch: 80", [], 80_000, 80_000), ("replace: 0.001", [], 1, 1),
    ] as [(String, [String], Int64, Int64)])
  func bands(keys: String, codes: [String], watch: Int64, replace: Int64) {
    let outcome = checkPolicy("version: 1\npolicy: p\n\(keys)\nrules: [{rule: R, when: age > 3d, then: +1}]")
    #expect(outcome.codes == codes)
    if let policy = outcome.policy { #expect((policy.watch, policy.replace) == (watch, replace)) }
  }

  @Test(
    "a worth's static range is that of its parts",
    arguments: [
      ("+60", 60, 60), ("+60 * ramp(cpu, 0, 90%)", 0, 60), ("+clamp(load, 2, 7)", 2, 7),
      ("+(10 + 5 * ramp(load, 0, 1))", 10, 15), ("+(10 - 5 * ramp(load, 0, 1))", 5, 10), ("+60 / 4", 15, 15),
      ("+min(count(oom[5m]), 3, 8)", 0, 3), ("+max(4, clamp(load, 0, 9))", 4, 9), ("+abs(-3)", 3, 3),
      ("+abs(clamp(load, -3, 2))", 0, 3), ("+60 / (1 + ramp(load, 0, 1))", 30, 60), ("+spread(30, 3)", 27, 33),
      ("+clamp(load / 3, 0, 5)", 0, 5),
    ])
  func ranges(worth: String, low: Double, high: Double) throws {
    let outcome = checkCondition("cpu > 5%", rule: "then: '\(worth)'")
    let policy = try #require(outcome.policy, "\(outcome.diagnostics.map(\.message))")
    guard case .add(_, let range) = policy.rules[0].effect else {
      Issue.record("no worth")
      return
    }
    #expect(range == low...high)
  }
}

@Suite("Analyses")
struct AnalysisTests {
  private func analysis(_ condition: String, rule: String = "then: +1", now: Int64? = nil) throws -> Analysis {
    let outcome = checkCondition(condition, rule: rule)
    let policy = try #require(outcome.policy, "\(outcome.diagnostics.map(\.message))")
    return analyze(policy, of: try #require(outcome.file), now: now)
  }

  @Test(
    "silence is told where it makes a rule true",
    arguments: [
      ("absent(up[5m])", "absent"), ("not absent(up[5m])", ""), ("not (cpu > 5% and not absent(up[5m]))", "absent"),
      ("count(oom[5m]) < 3", "quiet log"), ("count(oom[5m]) >= 3", ""), ("not (count(oom[5m]) >= 3)", "quiet log"),
      ("count(oom[5m]) == 0", "quiet log"), ("count(oom[5m]) == 5", ""), ("count(oom[5m]) != 5", "quiet log"),
      ("not (count(oom[5m]) == 0)", ""), ("3 > count(oom[5m])", "quiet log"), ("count(oom[5m]) >= 0", "quiet log"),
      ("rate(oom[5m]) < 1/h", "quiet log"), ("rate(oom[5m]) > 1/h", ""),
      ("count(oom[5m]) in [0, 1]", "quiet log"), ("count(oom[5m]) in [1, 2]", ""),
      ("since(oom) > 1h", "long since"), ("since(oom) < 1h", ""), ("not (since(oom) < 1h)", "long since"),
      ("count(oom[5m]) * 2 < load", "quiet log"), ("10 - count(oom[5m]) > load", "quiet log"),
      ("10 - count(oom[5m]) < load", ""), ("load > count(oom[5m]) / 3", "quiet log"),
      ("count(oom[5m]) / count(slow[5m]) > 3", "quiet log"), ("-count(oom[5m]) > load", "quiet log"),
      ("since(count(oom[5m]) == 0) > 1h", "quiet log"), ("since(count(oom[5m]) == 0) < 1h", ""),
      ("max(count(oom[5m]), 3) < load", "quiet log"), ("cpu > 5%", ""), ("sum(slow[5m]) < 3s", ""),
      ("up == 0 or absent(up[5m]) and count(oom[5m]) < 3", "absent,quiet log"),
      ("ramp(count(oom[5m]), 5, 0) > load", "quiet log"),
      ("absent(up[5m]) == true", "absent"),
    ])
  func silence(condition: String, causes: String) throws {
    let found = try analysis(condition).silences.map(\.cause.rawValue)
    #expect(found.joined(separator: ",") == causes)
  }

  @Test("`unknown: fires` is told")
  func unknownFires() throws {
    #expect(try analysis("cpu > 5%", rule: "then: +1\nunknown: fires").silences.map(\.cause) == [.unknownFires])
  }

  @Test(
    "ways in which missing data keeps a rule idle are told",
    arguments: [
      ("cpu > 5%", "then: +1", ""), ("cpu > 5%", "then: +1\nunknown: ignore", "unknown: ignore"),
      ("cpu > 5%", "then: quarantine\nlatch: true", "latch"), ("cpu > 5%", "then: protect\nlatch: true", "latch"),
      ("cpu > 5%", "then: +1\nlatch: true", ""), ("disk > 5", "then: +1\nuntil: disk < 3", "optional"),
    ])
  func lapses(condition: String, rule: String, causes: String) throws {
    let outcome = checkCondition(condition, signals: "disk: {gauge: disk, optional: true}", rule: rule)
    let analysis = analyze(try #require(outcome.policy), of: try #require(outcome.file), now: nil)
    #expect(analysis.lapses.map(\.cause.rawValue).joined(separator: ",") == causes)
  }

  @Test("an exception has expired from the end of its day", arguments: [(86_399_999, 0), (86_400_000, 1)])
  func expired(now: Int64, count: Int) throws {
    let rule = "then: +1\nexcept: [{where: label.a == \"b\", expires: 1970-01-01, because: a trial}]"
    let analysis = try analysis("cpu > 5%", rule: rule, now: now)
    #expect(analysis.expired.count == count)
    #expect(analysis.diagnostics.filter { $0.code == .expiredException }.count == count)
  }

  @Test("the time to fire is the wait and the history")
  func times() throws {
    let time = try #require(analysis("avg(cpu[5m]) > 5%", rule: "then: +1\nfor: 10m").timesToFire.first)
    #expect((time.wait, time.history) == (600_000, 300_000))
    #expect(time.text == "fires 10m after it becomes true, looking back 5m")
  }

  @Test("signals are used by facts, by drift, by names and by reasons")
  func unused() throws {
    func unused(_ condition: String, _ rule: String = "then: +1") throws -> Set<String> {
      Set(try analysis(condition, rule: rule).unusedSignals.map(\.value))
    }
    #expect(try unused("fact.image == \"a\"").contains("image") == false)
    #expect(try unused("drift.count > 3").contains("image") == false)
    #expect(try unused("drifted(image)").contains("image") == false)
    #expect(try unused("load > 3").contains("image"))
    #expect(try unused("load > 3", "then: +1\nwhy: '{oom.comm}'").contains("oom") == false)
    // `free` reads them: it is the one to drop.
    #expect(try unused("load > 3").isDisjoint(with: ["avail", "size"]))
  }
}

@Suite("Characters")
struct CharacterTests {
  @Test(
    "letters that look alike and characters that cannot be seen are warned of",
    arguments: [
      ("# right\u{202E}left", "W0406", "\u{202E}"), ("# zero\u{200B}width", "W0406", "\u{200B}"),
      ("# p\u{0430}yload", "W0407", "p\u{0430}yload"), ("# \u{039D}ame", "W0407", "\u{039D}ame"),
      ("# \u{041F}\u{0440}\u{0438}\u{0432}\u{0435}\u{0442} world", "", ""), ("# \u{0394}t", "", ""),
      ("# caf\u{00E9} \u{1F469}\u{200D}\u{1F680}", "", ""),
    ])
  func characters(comment: String, code: String, place: String) {
    let outcome = checkPolicy("version: 1\npolicy: p\n\(comment)\nrules: [{rule: R, when: age > 3d, then: +1}]")
    #expect(outcome.codes == (code.isEmpty ? [] : [code]))
    if let first = outcome.diagnostics.first { #expect(outcome.text(first.range) == place) }
  }
}
