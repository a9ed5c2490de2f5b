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

  init(_ session: TestSession, verbose: Bool, terminal: Terminal?) {
    self.session = session
    self.verbose = verbose
    self.terminal = terminal
    for suite in session.suites { add(suite) }
    summary()
  }

  private func paint(_ text: String, _ colour: Colour) -> String { terminal?.paint(text, colour) ?? text }

  private mutating func add(_ suite: SuiteOutcome) {
    for one in suite.cases {
      if one.result.passed {
        if verbose { text += "\(paint("pass", .green))  \(escaped(suite.suite.path)): \(escaped(one.result.title))\n" }
        continue
      }
      text += "\(paint("FAIL", .alarm))  \(escaped(suite.suite.path)): \(paint(escaped(one.result.title), .bold))\n"
      for failure in one.result.failures {
        let place = suite.suite.sources[failure.range.source].position(at: failure.range.start)
        let instance = one.bound.instances.count > 1 ? " of \(escaped(failure.instance))" : ""
        text += "  \(escaped(suite.suite.path)):\(place.line):\(place.column) at \(Duration(milliseconds: failure.at).text)\(instance)\n"
        text += "    expected  \(escaped(failure.expected))\n"
        text += "    found     \(escaped(failure.found))\n"
      }
      text += "\n"
    }
  }

  private mutating func summary() {
    var parts = [counted(session.cases, "test"), "\(session.cases - session.failures) passed"]
    if session.failures > 0 { parts.append(paint("\(session.failures) failed", .alarm)) }
    if session.notRun > 0 { parts.append("\(session.notRun) not run") }
    if session.invalid > 0 { parts.append(paint("\(counted(session.invalid, "file")) not valid", .alarm)) }
    text += parts.joined(separator: " · ") + " · \(counted(session.suites.count, "file"))\n"
  }
}
