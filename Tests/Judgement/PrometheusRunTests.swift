import Criteria
import CriteriaEngine
import CriteriaReaders
import Testing

@Suite(
  "linux-node and http-service on a run of Prometheus", .enabled(if: sharedData != nil, "../shared/data is absent"))
struct PrometheusRunTests {
  static let nodes = ["node-1", "node-2", "node-3"]

  /// What was done, from `timeline.jsonl`, as seconds after 01:16:22.
  static let events: [(name: String, from: Int64, to: Int64)] = [
    ("quiet", 5, 60), ("all cores busy on the host", 60, 120), ("quiet", 120, 180),
    ("exporter of node-2 gone", 180, 240), ("quiet", 241, 285), ("a file system of the host full", 285, 346),
    ("quiet", 346, 386), ("configuration of node-3 changed", 386, 445),
  ]
  static let start: Int64 = 1_795_396_582_000

  @Test("a cause that all hosts share replaces none, and the host that is down is replaced while it is")
  @MainActor
  func dump() throws {
    let input = try read("tsdb-dump-node.txt.gz")
    var rows = [["policy", "what was done"] + Self.nodes]
    for name in ["linux-node", "http-service"] {
      let policy = try starterPolicy(name + ".yaml")
      let step = policy.program.step
      let courses = judge(policy, input, until: Self.start + 445_000)
      #expect(courses.keys.sorted() == Self.nodes)
      for event in Self.events {
        var cells = [name, event.name]
        for node in Self.nodes {
          var seen: [Verdict] = []
          var time = tick(of: Self.start + event.from * 1000, step: step)
          while time <= Self.start + event.to * 1000 {
            if let verdict = courses[node]?.verdict(at: time), seen.last != verdict { seen.append(verdict) }
            time += step
          }
          cells.append(seen.map(\.rawValue).joined(separator: ", then "))
        }
        rows.append(cells)
      }
      for node in ["node-1", "node-3"] {
        #expect(try #require(courses[node]).changes.allSatisfy { $0.verdict == .keep })
      }
      let replaced = try #require(courses["node-2"]).alarms
      #expect(replaced.count == 1)
      let alarm = try #require(replaced.first)
      let end = try #require(alarm.end)
      // Down from 180 s to 240 s; scraped every 5 s, decided every 15 s.
      #expect((Self.start + 180_000...Self.start + 230_000).contains(alarm.begin))
      #expect((Self.start + 240_000...Self.start + 260_000).contains(end))
    }
    try expectTable("prometheus-run", rows)
  }

  @Test("the dump and the answers of the API give the same verdicts", arguments: ["linux-node", "http-service"])
  func answers(name: String) throws {
    let policy = try starterPolicy(name + ".yaml")
    let step = policy.program.step
    // The answers hold some of the metrics only, and no time of boot: the launch is told to both.
    let dump = judge(policy, launched(try read("tsdb-dump-node.txt.gz")), until: Self.start + 445_000)
    let api = judge(policy, launched(try read("query_range")), until: Self.start + 445_000)
    for node in Self.nodes {
      let expected = try #require(dump[node]).changes.filter { $0.at > Self.start + 60_000 }
      let found = try #require(api[node]).changes.filter { $0.at > Self.start + 60_000 }
      #expect(found.map(\.verdict) == expected.map(\.verdict), "\(node)")
      // Scraped at other seconds than asked for: a tick apart at most.
      for (one, other) in zip(found, expected) { #expect(abs(one.at - other.at) <= step, "\(node)") }
    }
  }

  /// The same with the nodes launched a day before, and the Prometheus itself left out.
  private func launched(_ input: AssembledInput) -> AssembledInput {
    var input = input
    input.observations.removeAll { !Self.nodes.contains($0.instance) }
    let launch = Timestamp(milliseconds: Self.start - 86_400_000)
    let told = Self.nodes.map { node in
      InputObservation(
        instance: node, time: Timestamp(milliseconds: Self.start), observation: .facts(launched: launch),
        origin: Origin(file: "inventory", line: 1))
    }
    input.observations = told + input.observations
    return input
  }

  private func read(_ name: String) throws -> AssembledInput {
    var assembler = InputAssembler()
    try assembler.readMetrics(InputSpec(path: try #require(sharedData) + "/prometheus-run/" + name))
    return assembler.finish(fallback: Self.start)
  }
}
