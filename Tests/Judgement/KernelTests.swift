import Criteria
import CriteriaEngine
import CriteriaReaders
import Testing

@Suite("linux-kernel on real kernel logs", .enabled(if: sharedData != nil, "../shared/data is absent"))
struct KernelTests {
  /// The rule that stands for a reason of node-problem-detector.
  static let rules = [
    "OOMKilling": "OOMKilling", "TaskHung": "TaskHung", "DockerHung": "KernelDeadlock", "KernelOops": "KernelOops",
    "UnregisterNetDevice": "UnregisterNetDevice", "FilesystemIsReadOnly": "ReadonlyFilesystem",
  ]

  @Test("each problem of node-problem-detector fires the rules of its reasons, and no other")
  @MainActor
  func problems() throws {
    let data = try #require(sharedData)
    let policy = try starterPolicy("linux-kernel.yaml")
    var expected: [String: Set<String>] = [:]
    for line in lines(try readText(data + "/rules/npd-expected-matches.csv")).dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      expected[cells[5], default: []].insert(cells[4])
    }
    var rows = [["log", "reasons of node-problem-detector", "rules that fire", "verdict", "score"]]
    for name in try list(data + "/logs/npd-kernel-problems") {
      let path = "logs/npd-kernel-problems/" + name
      var fleet = Fleet(policy)
      let time = Timestamp(seconds: 1_800_000_000)
      for (number, line) in lines(try readText(data + "/" + path)).enumerated() {
        fleet.observe(
          .line(line, source: "kernel"), of: name, at: time, origin: Origin(file: path, line: number + 1))
      }
      fleet.advance(to: time)
      let found = fleet.explain(name, at: time)
      let decision = try #require(found)
      let fired = Set(decision.rules.filter { $0.state == .active }.map(\.rule))
      let reasons = try #require(expected[path], "\(path) has no expected match")
      #expect(fired == Set(try reasons.map { try #require(Self.rules[$0], "no rule stands for \($0)") }))
      rows.append([
        name, reasons.sorted().joined(separator: ", "), fired.sorted().joined(separator: ", "),
        decision.verdict.rawValue, decimals(decision.score.low),
      ])
    }
    #expect(rows.count == 6)
    try expectTable("npd", rows)
  }

  /// Systems without a kernel fault in their sample. Blue Gene/L has many, see `BlueGeneTests`.
  static let healthy = ["Apache", "HDFS", "HealthApp", "Linux", "OpenStack", "Windows", "Zookeeper"]

  @Test("no line of a healthy system is taken for a kernel fault, even if all were the kernel's")
  @MainActor
  func healthySystems() throws {
    let data = try #require(sharedData)
    let policy = try starterPolicy("linux-kernel.yaml")
    let patterns = policy.program.signals.compactMap { signal -> (name: String, regex: Regex)? in
      guard case .log(let log) = signal.source else { return nil }
      return (signal.name, log.regex)
    }
    let scanner = RegexScanner()
    var rows = [["system", "lines", "lines that fire", "verdicts other than keep"]]
    for system in Self.healthy {
      let path = data + "/logs/loghub/\(system)/\(system)_2k.log"
      let text = lines(try readText(path))
      var hits: [String: [Int]] = [:]
      for (number, line) in text.enumerated() {
        // The kernel's own message, so that patterns anchored at its begin have their chance.
        let message = line.firstRange(of: " kernel: ").map { String(line[$0.upperBound...]) } ?? line
        for pattern in patterns where scanner.search(pattern.regex, in: message) == .match {
          hits[pattern.name, default: []].append(number + 1)
        }
      }
      // A boot is no fault; it protects.
      #expect(Set(hits.keys).isSubset(of: ["boot"]), "\(system): \(hits)")

      var assembler = InputAssembler()
      try assembler.readLogs(InputSpec(path: path, instance: system, source: "kernel"))
      let input = assembler.finish(fallback: 1_800_000_000_000)
      let course = try #require(judge(policy, input, until: input.at.milliseconds)[system])
      let others = Set(course.changes.map(\.verdict)).subtracting([.keep])
      #expect(others.isEmpty, "\(system): \(course.changes)")
      let listed = hits.sorted { $0.key < $1.key }.map {
        "\($0.key): line \($0.value.map(String.init).joined(separator: ", "))"
      }
      rows.append([
        system, String(text.count), listed.isEmpty ? "none" : listed.joined(separator: "; "), String(others.count),
      ])
    }
    try expectTable("healthy", rows)
  }
}
