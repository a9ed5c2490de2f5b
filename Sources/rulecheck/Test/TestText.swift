import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax
import CriteriaTesting

/// The results for people: what failed and how, the summary last.
struct TestText {
  private let session: TestSession
  private let verbose: Bool
  private let terminal: Terminal?
  private(set) var text = ""

  /// - Parameter terminal: Where it goes, for its colours; `nil`: a file.
  init(_ session: TestSession, verbose: Bool, terminal: Terminal?) {
    self.session = session
    self.verbose = verbose
    self.terminal = terminal
    for suite in session.suites { add(suite) }
    summary()
  }

  private func paint(_ text: String, _ colour: Colour) -> String { terminal?.paint(text, colour) ?? text }

  private mutating func add(_ suite: SuiteOutcome) {
    let path = escaped(suite.suite.path)
    for one in suite.cases {
      if one.result.passed {
        if verbose { text += "\(paint("pass", .green))  \(path): \(escaped(one.result.title))\n" }
        continue
      }
      text += "\(paint("FAIL", .alarm))  \(path): \(paint(escaped(one.result.title), .bold))\n"
      for (failure, explanation) in zip(one.result.failures, one.explanations) {
        add(failure, explanation, one, suite)
      }
    }
    if !suite.suite.isValid { text += "\(paint("INVALID", .alarm))  \(path)\n" }
  }

  private mutating func add(
    _ failure: FailedExpectation, _ explanation: Explanation, _ one: CaseOutcome, _ suite: SuiteOutcome
  ) {
    let place = suite.suite.sources[failure.range.source].position(at: failure.range.start)
    let instance = one.bound.instances.count > 1 ? " of \(escaped(failure.instance))" : ""
    text += "  \(escaped(suite.suite.sources[failure.range.source].path)):\(place.line):\(place.column)"
    text += " at \(Duration(milliseconds: failure.at).text)\(instance)\n"
    text += "    expected  \(paint(escaped(failure.expected), .green))\n"
    text += "    found     \(paint(escaped(failure.found), .red))\n"
    for line in strip(failure, one) { text += "    \(line)\n" }
    for rule in explanation.rules { add(rule, suite) }
    for line in nearest(explanation.nearest) { text += "    \(line)\n" }
    text += "\n"
  }

  private func nearest(_ nearest: Explanation.Nearest?) -> [String] {
    guard let nearest else {
      return ["what would pass is looked for in the first \(SearchBudget.cases) failing tests of a file"]
    }
    let tried = "\(counted(nearest.policies, "constant")) and \(counted(nearest.replays, "replay")) tried"
    let cut = nearest.isCutShort ? "; the search met its limit" : ""
    if nearest.isEmpty { return ["no single change found that would pass: \(tried)\(cut)"] }
    return nearest.all.enumerated().map { index, change in
      (index == 0 ? "would pass with " : "          or with ") + escaped(change)
    }
  }

  private mutating func add(_ rule: Explanation.Rule, _ suite: SuiteOutcome) {
    var place = ""
    if let sources = suite.suite.compilation?.sources {
      let line = sources[rule.range.source].position(at: rule.range.start).line
      place = "  \(escaped(sources[rule.range.source].path)):\(line)"
    }
    text += "    \(paint(escaped(rule.name), .bold)) \(escaped(rule.state))\(paint(place, .faint))\n"
    for part in rule.parts { text += part.drawn(indent: 6, colours: terminal?.colours ?? false) }
  }

  // MARK: The timeline

  private static let width = 72

  /// The verdicts of the whole case, a character for one tick or a few, with a mark where it failed.
  private func strip(_ failure: FailedExpectation, _ one: CaseOutcome) -> [String] {
    guard let timeline = one.result.timelines.first(where: { $0.instance == failure.instance }),
      !timeline.changes.isEmpty
    else { return [] }
    let step = one.bound.step
    let ticks = Int(one.bound.end / step)
    let each = (ticks + Self.width - 1) / Self.width
    func place(_ time: Int64) -> Int { (Int(time / step) - 1) / each }
    var cells = ""
    var tick = 1
    while tick <= ticks {
      // Several ticks in one cell: the gravest of them.
      let verdicts = (tick..<min(tick + each, ticks + 1)).compactMap { timeline.verdict(at: Int64($0) * step) }
      cells.append(Self.sign(verdicts.max { Self.gravity($0) < Self.gravity($1) }))
      tick += each
    }
    var labels = ""
    for change in timeline.changes {
      let column = place(change.at)
      guard column >= labels.count + (labels.isEmpty ? 0 : 1) else { continue }
      labels += String(repeating: " ", count: column - labels.count) + Duration(milliseconds: change.at).text
    }
    let mark = String(repeating: " ", count: place(failure.at)) + "^"
    let words = timeline.changes.enumerated().map { index, change in
      let next =
        index + 1 < timeline.changes.count
        ? " until \(Duration(milliseconds: timeline.changes[index + 1].at).text)" : ""
      return "\(change.verdict)\(next)"
    }
    return [
      "timeline  \(cells)\(each > 1 ? "  one for \(Duration(milliseconds: Int64(each) * step).text)" : "")",
      "          \(labels)", "          \(mark)", "          \(words.joined(separator: " then "))",
    ]
  }

  private static func sign(_ outcome: Outcome?) -> Character {
    switch outcome {
    case nil, .unjudged?: " "
    case .verdict(let verdict)?:
      switch verdict {
      case .keep: "."
      case .watch: "w"
      case .quarantine: "Q"
      case .replace: "R"
      case .unknown: "?"
      }
    }
  }

  private static func gravity(_ outcome: Outcome) -> Int {
    switch outcome {
    case .unjudged: 0
    case .verdict(let verdict):
      switch verdict {
      case .keep: 1
      case .watch: 2
      case .unknown: 3
      case .replace: 4
      case .quarantine: 5
      }
    }
  }

  // MARK: Summary

  private mutating func summary() {
    var parts = [counted(session.cases, "test"), "\(session.cases - session.failures) passed"]
    if session.failures > 0 { parts.append(paint("\(session.failures) failed", .alarm)) }
    if session.notRun > 0 { parts.append("\(session.notRun) not run") }
    if session.invalid > 0 { parts.append(paint("\(counted(session.invalid, "file")) not valid", .alarm)) }
    text += parts.joined(separator: " · ") + " · \(counted(session.suites.count, "file"))\n"
  }
}
