import CriteriaDiagnostics
import CriteriaTesting

/// The Test Anything Protocol, version 13, as Perl's `prove` reads it.
enum TestTAP {
  static func text(_ session: TestSession) -> String {
    let count = session.suites.reduce(0) { $0 + $1.cases.count + ($1.suite.isValid ? 0 : 1) }
    var text = "TAP version 13\n1..\(count)\n"
    var number = 0
    func point(_ isOK: Bool, _ name: String) {
      number += 1
      text += "\(isOK ? "ok" : "not ok") \(number) - \(line(name))\n"
    }
    for suite in session.suites {
      if !suite.suite.isValid {
        point(false, "\(suite.suite.path): is valid")
        for fault in suite.faults { text += "# \(escaped(fault))\n" }
      }
      for one in suite.cases {
        point(one.result.passed, "\(suite.suite.path): \(one.result.title)")
        for (failure, explanation) in zip(one.result.failures, one.explanations) {
          text += "# \(escaped(suite.place(failure))) \(escaped(suite.sentence(failure, one)))\n"
          if let hint = explanation.hint { text += "#   \(escaped(hint))\n" }
        }
      }
    }
    return text
  }

  /// A `#` would begin a directive.
  private static func line(_ text: String) -> String {
    var result = ""
    for character in escaped(text) {
      if character == "#" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return result
  }
}
