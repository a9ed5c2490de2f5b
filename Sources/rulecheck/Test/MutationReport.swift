import CriteriaDiagnostics
import CriteriaTesting

/// What became of the mutants of one policy.
struct MutationReport {
  struct Survivor {
    var mutant: Mutant
    var test: KillingTest?
    /// How many tests were tried.
    var tried: Int
    /// The acceptance that covers it.
    var because: String?
  }

  let path: String
  let sources: SourceMap
  private(set) var killed = 0
  private(set) var invalid = 0
  private(set) var equivalent: [(mutant: Mutant, reason: String)] = []
  private(set) var survivors: [Survivor] = []
  /// Comments that accept what no mutant is, or what was killed.
  private(set) var faults: [Diagnostic] = []
  /// By mutant, for the machine.
  private var outcomes: [(mutant: Mutant, outcome: MutantOutcome)] = []

  /// Judges every mutant, and looks for a test for each that survives and is not accepted.
  init(_ policy: TestedPolicy, jobs: Int) {
    path = policy.path
    sources = policy.compilation.sources
    let files = policy.suites.compactMap { suite -> MutationFile? in
      guard let bound = suite.suite.ready?.bound else { return nil }
      return MutationFile(bound: bound, text: suite.suite.sources.texts[0])
    }
    let run = MutationRun(policy.compilation, files)
    let progress = CountedProgress("mutants of \(policy.path)", of: run.mutants.count)
    let judged = Locked<[MutantOutcome?]>(Array(repeating: nil, count: run.mutants.count))
    concurrently(run.mutants.count, jobs: jobs) { index in
      let outcome = run.judge(index)
      judged.change { $0[index] = outcome }
      progress.step()
    }
    progress.finish()
    outcomes = zip(run.mutants, judged.value).compactMap { mutant, outcome in outcome.map { (mutant, $0) } }
    settle(run, policy, jobs: jobs)
  }

  private mutating func settle(_ run: MutationRun, _ policy: TestedPolicy, jobs: Int) {
    var acceptances: [Acceptance] = []
    if let file = policy.compilation.file { (acceptances, faults) = CriteriaTesting.acceptances(of: file, sources) }
    var used: Set<Acceptance> = []
    var open: [(index: Int, mutant: Mutant)] = []
    for (index, one) in outcomes.enumerated() {
      switch one.outcome {
      case .killed: killed += 1
      case .invalid: invalid += 1
      case .equivalent(let reason): equivalent.append((one.mutant, reason))
      case .survived:
        if let acceptance = acceptances.first(where: { $0.accepts(one.mutant) }) {
          used.insert(acceptance)
          survivors.append(Survivor(mutant: one.mutant, test: nil, tried: 0, because: acceptance.because))
        } else {
          open.append((index, one.mutant))
        }
      }
    }
    for acceptance in acceptances where !used.contains(acceptance) {
      let known = outcomes.first { acceptance.accepts($0.mutant) }?.outcome
      faults.append(.unusedAcceptance(acceptance, known))
    }
    for (one, found) in zip(open, killingTests(run, open.map(\.index), jobs: jobs)) {
      survivors.append(Survivor(mutant: one.mutant, test: found.test, tried: found.tried, because: nil))
    }
    survivors.sort {
      ($0.mutant.range.source.index, $0.mutant.range.start) < ($1.mutant.range.source.index, $1.mutant.range.start)
    }
  }

  /// Survivors of one rule are searched together: they share candidates.
  private func killingTests(_ run: MutationRun, _ survivors: [Int], jobs: Int) -> [(test: KillingTest?, tried: Int)] {
    var groups: [(rule: String, places: [Int])] = []
    for (place, index) in survivors.enumerated() {
      let rule = run.mutants[index].owner
      if let group = groups.firstIndex(where: { $0.rule == rule }) {
        groups[group].places.append(place)
      } else {
        groups.append((rule, [place]))
      }
    }
    let found = Locked<[(test: KillingTest?, tried: Int)]>(Array(repeating: (nil, 0), count: survivors.count))
    let progress = CountedProgress("tests for survivors", of: survivors.count)
    let places = groups.map(\.places)
    concurrently(places.count, jobs: jobs) { group in
      let places = places[group]
      let tests = run.killingTests(for: places.map { survivors[$0] })
      found.change { all in for (place, test) in zip(places, tests) { all[place] = test } }
      for _ in places { progress.step() }
    }
    progress.finish()
    return found.value
  }

  /// Survivors that nobody accepts.
  var open: Int { survivors.count { $0.because == nil } }

  var summary: String {
    let accepted = survivors.count - open
    var parts = ["\(counted(outcomes.count - invalid, "mutant"))", "\(killed) killed", "\(open) survived"]
    if accepted > 0 { parts.append("\(accepted) accepted") }
    if !equivalent.isEmpty { parts.append("\(equivalent.count) equivalent") }
    return parts.joined(separator: " · ")
  }

  private func position(_ mutant: Mutant) -> Position { sources[mutant.range.source].position(at: mutant.range.start) }

  private func place(_ mutant: Mutant) -> String {
    let position = position(mutant)
    return "\(sources[mutant.range.source].path):\(position.line):\(position.column)"
  }

  // MARK: For people

  func text(colours: Bool) -> String {
    var text = "mutants of \(escaped(path))\n"
    for survivor in survivors where survivor.because == nil {
      let mutant = survivor.mutant
      text += "\n\(paint("survived", colours ? .yellow : nil))  \(escaped(place(mutant)))  "
      text += "\(escaped(mutant.owner)): \(escaped(mutant.change))\n"
      text += frame(mutant)
      if let test = survivor.test {
        text += "  this test kills it (\(escaped(test.difference))):\n\n"
        for line in test.text.split(separator: "\n") { text += "  \(escaped(String(line)))\n" }
      } else {
        text +=
          "  no test found that would kill it, \(counted(survivor.tried, "candidate")) tried: see whether it can matter\n"
      }
    }
    for survivor in survivors {
      guard let because = survivor.because else { continue }
      text += "\naccepted  \(escaped(place(survivor.mutant)))  \(escaped(survivor.mutant.owner)): "
      text += "\(escaped(survivor.mutant.change)): \(escaped(because))"
    }
    for (mutant, reason) in equivalent {
      text += "\nequivalent  \(escaped(place(mutant)))  \(escaped(mutant.owner)): \(escaped(mutant.change)): \(reason)"
    }
    if survivors.contains(where: { $0.because != nil }) || !equivalent.isEmpty { text += "\n" }
    return text + (survivors.isEmpty && equivalent.isEmpty ? "" : "\n") + summary + "\n"
  }

  /// The policy's line, what is changed underlined.
  private func frame(_ mutant: Mutant) -> String {
    let source = sources[mutant.range.source]
    let position = position(mutant)
    let start = source.lineStarts[position.line - 1]
    let end = position.line < source.lineStarts.count ? source.lineStarts[position.line] - 1 : source.bytes.count
    let line = String(decoding: source.bytes[start..<end], as: UTF8.self)
    let before = String(decoding: source.bytes[start..<mutant.range.start], as: UTF8.self)
    let under = String(decoding: source.bytes[mutant.range.start..<min(mutant.range.end, end)], as: UTF8.self)
    let margin = String(repeating: " ", count: String(position.line).count)
    let carets = String(repeating: "^", count: max(1, displayWidth(escaped(under))))
    return """
        \(position.line) | \(escaped(line))
        \(margin) | \(String(repeating: " ", count: displayWidth(escaped(before))))\(carets)

      """
  }

  // MARK: For machines

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("policy", path)
    writer.member("mutants", outcomes.count - invalid)
    writer.member("killed", killed)
    writer.member("survived", open)
    writer.member("accepted", survivors.count - open)
    writer.member("equivalent", equivalent.count)
    writer.member("invalid", invalid)
    writer.key("all")
    writer.beginArray()
    for one in outcomes { write(one.mutant, one.outcome, to: &writer) }
    writer.endArray()
    writer.endObject()
  }

  private func write(_ mutant: Mutant, _ outcome: MutantOutcome, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("kind", mutant.kind.rawValue)
    writer.member("of", mutant.owner)
    let position = position(mutant)
    writer.member("file", sources[mutant.range.source].path)
    writer.member("line", position.line)
    writer.member("column", position.column)
    writer.member("change", mutant.change)
    switch outcome {
    case .killed(let test):
      writer.member("outcome", "killed")
      writer.member("test", test)
    case .invalid(let message):
      writer.member("outcome", "invalid")
      writer.member("reason", message)
    case .equivalent(let reason):
      writer.member("outcome", "equivalent")
      writer.member("reason", reason)
    case .survived:
      let survivor = survivors.first { $0.mutant == mutant }
      writer.member("outcome", survivor?.because == nil ? "survived" : "accepted")
      if let because = survivor?.because { writer.member("because", because) }
      if let test = survivor?.test {
        writer.member("killedBy", test.text)
        writer.member("difference", test.difference)
      }
      if let survivor, survivor.because == nil { writer.member("tried", survivor.tried) }
    }
    writer.endObject()
  }
}
