@_spi(Internals) import CriteriaCompiler
import FleetData
import KernelInputs

/// One run of the benchmark: a policy, a fleet, and the ways to decide it.
final class Run {
  /// Something to time: what it is called, and one run over the fleet, which leaves bands.
  private struct Contender {
    let name: String
    let run: () -> Void
  }

  let options: Options
  let kernel: DecisionKernel
  let fleet: FleetInputs
  private let runner: DecisionKernel.Runner
  private let bands: UnsafeMutablePointer<UInt8>
  private let loops: CLoops?
  private let anchor: AnchorLoops?
  private var contenders: [Contender] = []
  private var samples: [String: [Double]] = [:]
  private var times: [String: Times] = [:]

  init(_ options: Options) {
    self.options = options
    guard let kernel = DecisionKernel(contentsOf: options.policy, path: options.path) else {
      fail(
        "decide", "`\(options.policy)` does not decide from numbers and strings alone, or `\(options.path)` is no path")
    }
    self.kernel = kernel
    let columns: Columns
    if let path = options.fleet {
      guard let read = Columns(path: path) else { fail("decide", "`\(path)` is not a fleet file") }
      columns = read
    } else {
      columns = Columns(synthetic: options.count)
    }
    if let path = options.write, !columns.write(to: path) { fail("decide", "cannot write `\(path)`") }
    fleet = FleetInputs(columns, for: kernel)
    bands = .allocate(capacity: fleet.count)
    runner = DecisionKernel.Runner(kernel, chunk: options.chunk)
    loops = Self.loops(kernel, fleet)
    // Its loops read fleet files alone.
    anchor =
      if let path = options.fleet, loops != nil {
        AnchorLoops(folder: options.anchors + "/evaluate", policy: kernel.name, fleet: path)
      } else {
        nil
      }
    enter()
  }

  /// The faster C, unless its scores differ.
  private static func loops(_ kernel: DecisionKernel, _ fleet: FleetInputs) -> CLoops? {
    guard let exact = kernel.cSource(isQuick: false), let exactLoops = CLoops(exact, isQuick: false),
      let fast = kernel.cSource(isQuick: true), let fastLoops = CLoops(fast, isQuick: true)
    else { return nil }
    func scores(_ loops: CLoops) -> [Int64] {
      var lows = [Int64](repeating: 0, count: fleet.count)
      _ = loops.columnScores(fleet.numbers, fleet.bytes, Int64(fleet.count), &lows)
      return lows
    }
    return scores(fastLoops) == scores(exactLoops) ? fastLoops : exactLoops
  }

  private func enter() {
    let (fleet, runner, bands) = (fleet, runner, bands)
    let n = fleet.count
    contenders = [
      Contender(name: "row") { _ = runner.rows(fleet.rows, stride: fleet.stride, count: n, bands: bands) },
      Contender(name: "columns") {
        runner.columns(numbers: fleet.numbers, strings: fleet.strings, start: 0, count: n, bands: bands)
      },
    ]
    if let loops {
      contenders.append(Contender(name: "c_row") { _ = loops.rows(fleet.rows, Int64(n), bands) })
      contenders.append(
        Contender(name: "c_columns") { _ = loops.columns(fleet.numbers, fleet.bytes, Int64(n), bands) })
    }
    if let anchor {
      contenders.append(Contender(name: "anchor_row") { _ = anchor.rows() })
      contenders.append(Contender(name: "anchor_columns") { _ = anchor.columns() })
    }
  }

  // MARK: Answers

  private typealias Scores = (low: UnsafeMutablePointer<Int64>, high: UnsafeMutablePointer<Int64>)

  private func scores() -> Scores { (.allocate(capacity: fleet.count), .allocate(capacity: fleet.count)) }

  private func demandEqual(_ a: Scores, _ b: Scores, _ what: String) {
    for row in 0..<fleet.count where a.low[row] != b.low[row] || a.high[row] != b.high[row] {
      fail(
        "decide",
        "\(what) differ at instance \(row): \(a.low[row])…\(a.high[row]) and \(b.low[row])…\(b.high[row]) thousandths")
    }
  }

  /// Keep, watch, replace.
  private func count(_ bands: UnsafePointer<UInt8>) -> [Int] {
    var counts = [0, 0, 0]
    for row in 0..<fleet.count { counts[Int(bands[row])] += 1 }
    return counts
  }

  /// Ends the program unless all ways give the same scores, and the loops of the anchors the same bands.
  ///
  /// - Returns: Instances by band.
  private func checkAnswers() -> [Int] {
    let (ours, others) = (scores(), scores())
    runner.columns(
      numbers: fleet.numbers, strings: fleet.strings, start: 0, count: fleet.count, bands: bands, scores: ours)
    let expected = count(bands)
    for row in 0..<fleet.count {
      (others.low[row], others.high[row]) = runner.score(fleet.rows + row * fleet.stride)
    }
    demandEqual(ours, others, "columns and rows")
    if let loops {
      // C has the low score, which the bands are of, and how many rules are unknown.
      others.high.update(from: ours.high, count: fleet.count)
      let unknown = loops.rowScores(fleet.rows, Int64(fleet.count), others.low)
      demandEqual(ours, others, "columns and C rows")
      let unknownToo = loops.columnScores(fleet.numbers, fleet.bytes, Int64(fleet.count), others.low)
      demandEqual(ours, others, "columns and C columns")
      if unknown != unknownToo {
        fail("decide", "C counts \(unknown) unknown rules over rows, \(unknownToo) over columns")
      }
    }
    if let anchor {
      for (bands, what) in [(anchor.rows(), "rows"), (anchor.columns(), "columns")] where count(bands) != expected {
        fail("decide", "loops.c has other bands over \(what): \(count(bands)), ours are \(expected)")
      }
    }
    for scores in [ours, others] {
      scores.low.deallocate()
      scores.high.deallocate()
    }
    return expected
  }

  // MARK: Times

  /// Each contender once in each repeat, and long enough to be measured; added to what was measured before.
  private func measure() {
    let inner = max(1, 400_000 / fleet.count)
    for contender in contenders { contender.run() }
    for _ in 0..<options.repeats {
      for contender in contenders {
        samples[contender.name, default: []].append(
          cpuTime(of: { for _ in 0..<inner { contender.run() } }) / Double(inner))
      }
    }
    times = samples.mapValues { Times($0, items: fleet.count) }
  }

  /// The generated C is no measure if a tenth is lost against loops written for the policy.
  private func isSlow(_ ending: String) -> Bool {
    guard let own = times["c_\(ending)"], let anchor = times["anchor_\(ending)"] else { return false }
    return own.min > 1.1 * anchor.min
  }

  func report() {
    let expected = checkAnswers()
    measure()
    // A busy machine may disturb one contender alone: more samples for all of them.
    for _ in 0..<5 where isSlow("row") || isSlow("columns") { measure() }
    for ending in ["row", "columns"] where isSlow(ending) {
      let (own, anchor) = (times["c_\(ending)"]!.min, times["anchor_\(ending)"]!.min)
      fail("decide", "the generated C takes \(own) ns over \(ending), loops.c \(anchor): no measure")
    }
    let threads = twoThreads(self)
    removeTemporaryFiles()
    var fields = [
      "\"policy\":\"\(kernel.name)\"", "\"instances\":\(fleet.count)", "\"machine\":\"\(machine)\"",
      "\"path\":\"\(kernel.path)\"", "\"row_form\":\"\(kernel.rowForm)\"", "\"chunk\":\(options.chunk)",
      "\"bands_of_low_score\":{\"keep\":\(expected[0]),\"watch\":\(expected[1]),\"replace\":\(expected[2])}",
      "\"only_rules_without_state\":\(kernel.isComplete)",
    ]
    if !fleet.missing.isEmpty {
      let names = fleet.missing.map { "\"\($0.filter { $0 != "\"" && $0 != "\\" })\"" }
      fields.append("\"unknown_inputs\":[\(names.joined(separator: ","))]")
    }
    for contender in contenders { fields.append("\"\(contender.name)_ns\":\(times[contender.name]!.json)") }
    for ending in ["row", "columns"] {
      for other in ["c", "anchor"] {
        guard let ours = times[ending], let theirs = times["\(other)_\(ending)"] else { continue }
        fields.append("\"\(ending)_to_\(other)\":\(rounded(ours.min / theirs.min))")
      }
    }
    if loops == nil {
      fields.append(
        "\"c\":\"\(kernel.cSource(isQuick: false) == nil ? "the policy has no plain form in C" : "clang is missing")\"")
    }
    fields.append("\"threads\":\(threads)")
    fields.append("\"compile_ms\":\(compileTimes(options.policy))")
    print("{\(fields.joined(separator: ","))}")
  }
}
