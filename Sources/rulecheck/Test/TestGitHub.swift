import CriteriaDiagnostics
import CriteriaSyntax
import CriteriaTesting
import Glibc

/// Annotations of a workflow at the lines of tests and policies, and the summary of its job.
enum TestGitHub {
  static func annotations(_ session: TestSession) -> String {
    var files: [(diagnostics: [Diagnostic], sources: SourceMap)] = []
    for suite in session.suites {
      files.append((suite.suite.diagnostics + failures(of: suite), suite.suite.sources))
      if let compilation = suite.suite.compilation {
        let faults = suite.hasPolicyFaults ? compilation.diagnostics.filter { $0.severity == .error } : []
        files.append((faults + rules(of: suite), compilation.sources))
      }
    }
    return CheckAnnotations.github(files)
  }

  private static func failures(of suite: SuiteOutcome) -> [Diagnostic] {
    suite.cases.flatMap { one in
      zip(one.result.failures, one.explanations).map { failure, explanation in
        Diagnostic(
          .error, DiagnosticCode("test failed"), "\(one.result.title): \(suite.sentence(failure, one))",
          at: failure.range,
          help: explanation.hint)
      }
    }
  }

  /// At each rule that a failure shows, once.
  private static func rules(of suite: SuiteOutcome) -> [Diagnostic] {
    var seen: Set<SourceRange> = []
    return suite.cases.flatMap { one in
      one.explanations.flatMap { explanation in
        explanation.rules.compactMap { rule in
          guard seen.insert(rule.range).inserted else { return nil }
          return Diagnostic(
            .warning, DiagnosticCode("test failed"),
            "\(rule.name) is \(rule.state) in the failing test “\(one.result.title)”",
            at: rule.range)
        }
      }
    }
  }

  /// Appends to the file that GitHub names for it; does nothing outside of a workflow.
  static func writeSummary(_ session: TestSession) throws(Failure) {
    guard let path = environment("GITHUB_STEP_SUMMARY"), !path.isEmpty else { return }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure("cannot write `\(path)`: \(systemMessage())") }
    defer { close(descriptor) }
    let bytes = Array(summary(session).utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure("cannot write to `\(path)`: \(systemMessage())") }
      written += count
    }
  }

  static func summary(_ session: TestSession) -> String {
    var text = "### Policy tests: "
    text +=
      session.failures + session.invalid == 0
      ? "\(session.cases) passed\n\n" : "\(session.failures) of \(session.cases) failed\n\n"
    text += "| file | tests | failed | |\n| --- | ---: | ---: | --- |\n"
    for suite in session.suites {
      let note = suite.suite.isValid ? "" : "not valid"
      text += "| \(cell(suite.suite.path)) | \(suite.cases.count) | \(suite.failures) | \(note) |\n"
    }
    let failed = session.suites.flatMap { suite in suite.cases.filter { !$0.result.passed }.map { (suite, $0) } }
    if !failed.isEmpty { text += "\n" }
    for (suite, one) in failed {
      text += "- **\(cell(one.result.title))** (\(cell(suite.suite.path)))\n"
      for failure in one.result.failures { text += "  - \(cell(suite.sentence(failure, one)))\n" }
    }
    return text + "\n"
  }

  /// Text that Markdown takes as it is.
  private static func cell(_ text: String) -> String {
    var result = ""
    for character in escaped(text) {
      if "\\`*_{}[]<>|#".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }
}
