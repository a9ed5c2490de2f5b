import Criteria
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaTesting
import Reference
import Testing

@testable import differential

/// The generators that compare the engine with the reference make policies and data here too.
@Suite("Changes found under random policies and data")
struct CounterfactualPropertyTests {
  @Test("applied to the data and run again it does flip, half of it does not", arguments: 0..<4)
  func flips(part: Int) throws {
    var found: [String: Int] = [:]
    for seed in 0..<6 {
      let one = makeCase(seed: UInt64(part * 1000 + seed), isSmall: true)
      let compilation = compile(SourceText(path: Draft.path, text: one.draft.text), readUse: one.draft.read)
      let policy = try Policy(compilation)
      var ends: [Int64] = []
      var entries: [String: [History.Entry]] = [:]
      var attachments: [String: [History.Attachment]] = [:]
      for action in one.actions {
        switch action {
        case .observe(let raw):
          let time = Timestamp(milliseconds: raw.time)
          switch observation(raw.content) {
          case .left(let observation): entries[raw.instance, default: []].append(History.Entry(observation, at: time))
          case .right(let source):
            attachments[raw.instance, default: []].append(History.Attachment(source: source, time: time))
          }
        case .advance(let time): ends.append(time)
        case .look: break
        }
      }
      let end = ends.max() ?? 0
      let tick = Timestamp(milliseconds: floorDivide(end, one.step) * one.step)
      // A clock that jumps makes long replays, and each change is found by many.
      let begin = entries.values.joined().map(\.time.milliseconds).min() ?? end
      if (end - begin) / one.step > 300 { continue }
      for (instance, unordered) in entries.sorted(by: { $0.key < $1.key }) {
        let order = unordered.indices.sorted { (unordered[$0].time, $0) < (unordered[$1].time, $1) }
        let history = History(
          instance: instance, attachments: attachments[instance] ?? [],
          entries: order.map { unordered[$0] }.filter { $0.time <= tick }, assumesSteady: one.assumeSteady)
        guard let base = history.decide(under: policy, at: tick) else { continue }
        let verdicts = [Verdict.keep, .watch, .quarantine, .replace].filter { $0 != base.verdict }
        var limits = SearchLimits()
        limits.replays = 250
        limits.observations = 30_000
        let report = nearestChanges(
          in: history, under: policy, at: tick, to: verdicts.map { .verdict($0) }, limits: limits)
        for (verdict, result) in zip(verdicts, report.results) {
          for change in result.changes {
            let faults = counterfactualFaults(change, of: history, under: policy, at: tick) { $0.verdict == verdict }
            #expect(faults == [], "seed \(one.seed), \(instance), \(change.text)\n\(one.draft.listing)")
            found[kind(change.edit), default: 0] += 1
          }
        }
      }
    }
    // Not vacuous.
    #expect(found.values.reduce(0, +) >= 3, "\(found)")
    print("changes found and verified, part \(part): \(found.sorted { $0.key < $1.key })")
  }

  private enum Either {
    case left(Observation)
    case right(String)
  }

  private func observation(_ content: RawObservation.Content) -> Either {
    switch content {
    case .attach(let source): .right(source)
    case .sample(let metric, let labels, let value): .left(.sample(metric, labels, value))
    case .line(let text, let source): .left(.line(text, source: source))
    case .condition(let type, let status, let reason, let since):
      .left(.condition(type, status, reason: reason, since: since.map(Timestamp.init(milliseconds:))))
    case .facts(let facts, let labels, let desired, let launched):
      .left(
        .facts(facts, labels: labels, desired: desired, launched: launched.map(Timestamp.init(milliseconds:))))
    }
  }

  private func kind(_ edit: Edit) -> String { String("\(edit.kind)".prefix { $0 != "(" }) }
}
