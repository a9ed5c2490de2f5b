import Criteria
import CriteriaEngine
import CriteriaReaders
import Testing

@Suite("bluegene on a supercomputer's log", .enabled(if: sharedData != nil, "../shared/data is absent"))
struct BlueGeneTests {
  static let layout = #"^\S+ (?<time>\d+) \S+ (?<instance>\S+) \S+ \S+ RAS (?<source>\S+) (?<message>.*)$"#
  static let step: Int64 = 600_000

  /// A node in ten minutes.
  struct Unit: Hashable {
    var node: String
    var tick: Int64
  }

  struct Score {
    var right = 0
    var wrong = 0
    var missed = 0
    var precision: Double { right + wrong == 0 ? 0 : Double(right) / Double(right + wrong) }
    var recall: Double { right + missed == 0 ? 0 : Double(right) / Double(right + missed) }
    var f1: Double { right == 0 ? 0 : 2 * precision * recall / (precision + recall) }

    init(predicted: Set<Unit>, truth: Set<Unit>) {
      right = predicted.intersection(truth).count
      wrong = predicted.subtracting(truth).count
      missed = truth.subtracting(predicted).count
    }
  }

  @Test("the fitted policy against the severity, on lines that it was not fitted on")
  @MainActor
  func fitted() throws {
    let folder = try #require(sharedData) + "/logs/loghub/BGL"
    let path = folder + "/BGL_lines_0001-1000.log"
    let labels = lines(try readText(path)).map { !$0.hasPrefix("- ") }
    let severe = lines(try readText(path)).map { line in
      let words = line.split(separator: " ", maxSplits: 9, omittingEmptySubsequences: true)
      return words.count > 8 && words[8] == "FATAL"
    }
    let input = try read(path)
    #expect(input.observations.count == labels.count)

    var rows = [
      ["lines", "units", "of these labelled", "predicted by", "right", "wrong", "missed", "precision", "recall", "F1"]
    ]
    var f1: [String: Double] = [:]
    for half in [1...500, 501...1000] {
      let span = "\(half.lowerBound)–\(half.upperBound)"
      var units: Set<Unit> = []
      var truth: Set<Unit> = []
      var fatal: Set<Unit> = []
      for one in input.observations {
        let line = one.origin.line
        guard half.contains(line) else { continue }
        let unit = Unit(node: one.instance, tick: tick(of: one.time.milliseconds, step: Self.step))
        units.insert(unit)
        if labels[line - 1] { truth.insert(unit) }
        if severe[line - 1] { fatal.insert(unit) }
      }
      var predictions = [("severity FATAL", fatal)]
      for (name, file, dropped) in [
        ("linux-kernel", "linux-kernel.yaml", nil), ("bluegene, fitted rules only", "fitted/bluegene.yaml", "Panic"),
        ("bluegene", "fitted/bluegene.yaml", nil),
      ] {
        predictions.append((name, try predicted(file, without: dropped, input, half, units)))
      }
      for (name, predicted) in predictions {
        let score = Score(predicted: predicted, truth: truth)
        f1[name + span] = score.f1
        rows.append([
          span, String(units.count), String(truth.count), name, String(score.right), String(score.wrong),
          String(score.missed), decimals(score.precision), decimals(score.recall), decimals(score.f1),
        ])
      }
    }
    try expectTable("bluegene", rows)
    let gain = try #require(f1["bluegene501–1000"]) - #require(f1["severity FATAL501–1000"])
    #expect(gain >= 0.15)
  }

  private func read(_ path: String) throws -> AssembledInput {
    var options = InputOptions()
    options.logFormats = [try LogFormat(Self.layout)]
    options.step = Self.step
    var assembler = InputAssembler(options: options)
    try assembler.readLogs(InputSpec(path: path))
    return assembler.finish(fallback: 0)
  }

  /// The units at which a policy says more than keep, from the lines of one half alone.
  ///
  /// - Parameter dropped: The last rule of the file, to be left out.
  private func predicted(
    _ file: String, without dropped: String?, _ input: AssembledInput, _ half: ClosedRange<Int>, _ units: Set<Unit>
  ) throws -> Set<Unit> {
    var policy = try starterPolicy(file)
    if let dropped {
      let text = try readText(root + "/rules/" + file)
      let end = try #require(text.firstRange(of: "\n  - rule: \(dropped)\n")).lowerBound
      policy = try Policy(text: String(text[..<end]) + "\n")
    }
    var part = input
    part.attachments = []
    part.observations = input.observations.compactMap { one in
      guard half.contains(one.origin.line), case .line(let message, _) = one.observation else { return nil }
      if file.hasPrefix("fitted/") { return one }
      // To a generic policy all of them are the kernel's, and no level stands before them.
      var one = one
      one.observation = .line(String(message.drop { $0 != " " }.dropFirst()), source: "kernel")
      return one
    }
    let courses = judge(policy, part, until: units.map(\.tick).max() ?? 0)
    return units.filter { unit in
      guard let verdict = courses[unit.node]?.verdict(at: unit.tick) else { return false }
      return verdict != .keep && verdict != .unknown
    }
  }
}
