import CriteriaDiagnostics
import CriteriaSyntax
import CriteriaTesting

/// The results as JSON: one document, or one test a line.
enum TestJSON {
  static func document(_ session: TestSession) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("files")
    writer.beginArray()
    for suite in session.suites {
      writer.beginObject()
      writer.member("path", suite.suite.path)
      writer.member("valid", suite.suite.isValid)
      if let compilation = suite.suite.compilation, let checked = compilation.checked {
        writer.key("policy")
        writer.beginObject()
        writer.member("name", checked.name)
        writer.member("digest", "sha256:" + compilation.digest)
        writer.endObject()
      }
      writer.key("diagnostics")
      writer.beginArray()
      for diagnostic in suite.suite.diagnostics { writer.value(diagnostic, in: suite.suite.sources) }
      if suite.hasPolicyFaults, let compilation = suite.suite.compilation {
        for diagnostic in compilation.diagnostics { writer.value(diagnostic, in: compilation.sources) }
      }
      writer.endArray()
      writer.key("tests")
      writer.beginArray()
      for one in suite.cases { write(one, suite, to: &writer) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    session.thoroughness?.write(to: &writer)
    writer.key("summary")
    writer.beginObject()
    writer.member("tests", session.cases)
    writer.member("passed", session.cases - session.failures)
    writer.member("failed", session.failures)
    writer.member("notRun", session.notRun)
    writer.member("invalidFiles", session.invalid)
    writer.endObject()
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  /// Files that are not valid have no line: their faults are on standard error, and the exit code tells.
  static func lines(_ session: TestSession) -> String {
    var writer = JSONWriter()
    for suite in session.suites {
      for one in suite.cases {
        write(one, suite, to: &writer)
        writer.endLine()
      }
    }
    return writer.text
  }

  private static func write(_ one: CaseOutcome, _ suite: SuiteOutcome, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("file", suite.suite.path)
    writer.member("test", one.result.title)
    writer.member(
      "line", suite.suite.sources[one.bound.test.name.range.source].position(at: one.bound.test.name.range.start).line)
    writer.member("passed", one.result.passed)
    if !one.bound.test.row.isEmpty {
      writer.key("each")
      writer.beginObject()
      for (name, value) in one.bound.test.row { writer.member(name, value) }
      writer.endObject()
    }
    writer.key("timelines")
    writer.beginArray()
    for timeline in one.result.timelines {
      writer.beginObject()
      writer.member("instance", timeline.instance)
      writer.key("verdicts")
      writer.beginArray()
      for change in timeline.changes {
        writer.beginObject()
        writer.member("atSeconds", Double(change.at) / 1000)
        writer.member("verdict", change.verdict.description)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.key("failures")
    writer.beginArray()
    for (failure, explanation) in zip(one.result.failures, one.explanations) {
      write(failure, explanation, suite, to: &writer)
    }
    writer.endArray()
    writer.endObject()
  }

  private static func write(_ change: String, of what: String, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("of", what)
    writer.member("change", change)
    writer.endObject()
  }

  private static func write(
    _ failure: FailedExpectation, _ explanation: Explanation, _ suite: SuiteOutcome, to writer: inout JSONWriter
  ) {
    let position = suite.suite.sources[failure.range.source].position(at: failure.range.start)
    writer.beginObject()
    writer.member("kind", failure.kind.rawValue)
    writer.member("line", position.line)
    writer.member("column", position.column)
    writer.member("instance", failure.instance)
    writer.member("atSeconds", Double(failure.at) / 1000)
    writer.member("expected", failure.expected)
    writer.member("found", failure.found)
    writer.key("rules")
    writer.beginArray()
    for rule in explanation.rules {
      writer.beginObject()
      writer.member("rule", rule.name)
      writer.member("state", rule.state)
      writer.key("expressions")
      writer.beginArray()
      for part in rule.parts {
        writer.beginObject()
        part.write(to: &writer)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.key("wouldPassWith")
    writer.beginArray()
    for change in explanation.nearest?.policy ?? [] { write(change, of: "policy", to: &writer) }
    for change in explanation.nearest?.data ?? [] { write(change.text, of: "data", to: &writer) }
    writer.endArray()
    if let nearest = explanation.nearest {
      writer.key("search")
      writer.beginObject()
      writer.member("policies", nearest.policies)
      writer.member("replays", nearest.replays)
      writer.member("metLimit", nearest.isCutShort)
      writer.endObject()
    }
    writer.endObject()
  }
}
