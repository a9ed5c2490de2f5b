import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@testable import Reference

private let minute: Int64 = 60_000

private func interpreter(_ text: String) throws -> Interpreter {
  var sources = SourceMap()
  let (file, diagnostics) = parsePolicy(SourceText(path: "policy.yaml", text: text), into: &sources) { _ in
    .failure(FileError(path: "", reason: "no files here"))
  }
  try #require(diagnostics.isEmpty)
  return Interpreter(try #require(file))
}

extension Interpreter {
  fileprivate mutating func see(_ content: RawObservation.Content, at time: Int64) {
    _ = observe(RawObservation(content, of: "i-0a1", at: time))
  }
  fileprivate mutating func sample(_ metric: String, _ value: Double, at time: Int64) {
    see(.sample(metric: metric, labels: [:], value: value), at: time)
  }
}

/// The example of the design's policy tests, as far as its timelines need it.
@Suite struct DesignExample {
  let policy = """
    version: 1
    policy: web-nodes
    step: 1m
    replace: 100
    watch: 50
    signals:
      up:  {gauge: up, stale_after: 2m}
      cpu: {gauge: node_cpu_busy_percent, unit: percent}
      oom: {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
    rules:
      - {rule: Unreachable, when: 'max(up[5m]) == 0', for: 3m, then: replace}
      - {rule: OOMLoop, when: 'count(oom[10m]) >= 3', then: +60}
      - {rule: HotCPU, when: 'avg(cpu[5m]) > 90%', until: 'avg(cpu[5m]) < 75%', for: 10m, then: +40}
    """

  @Test("OOM loop plus hot CPU replaces, and recovers only below 75%")
  func oomAndHotCPU() throws {
    var reference = try interpreter(policy)
    reference.see(.attach(source: "*"), at: 0)
    var timeline: [String] = []
    var nine: Judgement?
    var thirty: Judgement?
    for number in 0..<60 as Range<Int64> {
      let now = number * minute
      reference.sample("up", 1, at: now)
      reference.sample("node_cpu_busy_percent", number < 5 ? 20 : number < 25 ? 95 : number < 35 ? 80 : 60, at: now)
      if number > 0 && number % 3 == 0 {
        reference.see(.line("Out of memory: Killed process 12 (java)", source: "kernel"), at: now)
      }
      if number == 0 { continue }
      for judgement in reference.advance(to: now) where judgement.tick > 0 {
        let verdict = judgement.verdict!.rawValue
        if timeline.last != verdict { timeline += ["\(judgement.tick / minute)m", verdict] }
        if judgement.tick == 9 * minute { nine = judgement }
        if judgement.tick == 30 * minute { thirty = judgement }
        #expect(judgement.rules[0].state == .idle)
      }
    }
    #expect(timeline == ["1m", "keep", "9m", "watch", "19m", "replace", "36m", "watch"])
    #expect(nine?.low == 60_000 && nine?.high == 60_000)
    #expect(thirty?.rules[2].state == .active)
  }

  @Test("the boundary is exclusive", arguments: [(90.0, Int64(0)), (95, 40_000)])
  func boundary(percent: Double, score: Int64) throws {
    var reference = try interpreter(policy)
    reference.see(.attach(source: "*"), at: 0)
    for number in 0...30 as ClosedRange<Int64> {
      reference.sample("up", 1, at: number * minute)
      reference.sample("node_cpu_busy_percent", percent, at: number * minute)
      _ = reference.advance(to: number * minute)
    }
    let judgement = try #require(reference.decide("i-0a1", at: 30 * minute))
    #expect(judgement.low == score && judgement.high == score)
  }
}

@Suite struct Meaning {
  @Test("a look between ticks changes nothing")
  func look() throws {
    var reference = try interpreter(
      """
      version: 1
      policy: one
      signals: {x: {gauge: x}}
      rules: [{rule: High, when: x > 1, then: replace}]
      """)
    reference.sample("x", 2, at: 1000)
    #expect(reference.decide("i-0a1", at: 1000)?.verdict == .replace)
    #expect(reference.decided == nil)
    #expect(reference.advance(to: 30_000).map(\.verdict) == [.replace])
  }

  @Test("an ended series is unknown, and so is the verdict")
  func end() throws {
    var reference = try interpreter(
      """
      version: 1
      policy: one
      signals: {x: {gauge: x}}
      rules: [{rule: High, when: x > 1, then: replace}]
      """)
    reference.sample("x", 0, at: 30_000)
    reference.sample("x", .nan, at: 60_000)
    let judgements = reference.advance(to: 60_000)
    #expect(judgements.map(\.verdict) == [.keep, .unknown])
    #expect(judgements.last?.possible == [.keep, .replace])
  }

  @Test("a window is cut into maximal aligned blocks, oldest first")
  func tree() {
    // Ticks 3…8 are 3, then 4–7, then 8: a sum of sums, not one from left to right.
    let window = Window(length: 6, end: 8, step: 1)
    let samples = (3...8).map { Sample(time: Int64($0), value: Double($0) * 0.1) }
    let v = samples.map(\.value)
    let expected = (v[0] + ((v[1] + v[2]) + (v[3] + v[4]))) + v[5]
    #expect(foldTree(samples, window, as: Sum.self)?.value == expected)
  }

  @Test(
    "SHA-256", arguments: [("", [0xe3, 0xb0, 0xc4, 0x42]), ("abc", [0xba, 0x78, 0x16, 0xbf])] as [(String, [UInt8])])
  func hash(text: String, start: [UInt8]) {
    #expect(Array(sha256(Array(text.utf8)).prefix(4)) == start)
  }

  @Test(
    "what was true when watching began is at least the time watched",
    arguments: [
      (ComparisonOperator.greater, 10.0, Value.unknown), (.greater, 4, .bool(true)), (.less, 4, .bool(false)),
    ])
  func bound(comparison: ComparisonOperator, e: Double, expected: Value) {
    let evaluation = Evaluation(
      instance: Instance(id: "i"), policy: Policy(PolicyFile(range: SourceRange(SourceID(index: 0), 0, 0))), tick: 0,
      isFirstTick: false, assumeSteady: false, mask: nil)
    #expect(evaluation.compareBound(comparison, 5, e) == expected)
  }
}
