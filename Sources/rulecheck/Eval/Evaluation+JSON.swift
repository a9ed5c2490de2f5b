import Criteria
import CriteriaDiagnostics

extension Evaluation {
  /// One document: decisions, and the summary of the run.
  func document(_ shown: [Decision]) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("decisions")
    writer.beginArray()
    for decision in shown { decision.write(to: &writer) }
    writer.endArray()
    writer.key("summary")
    writeSummary(to: &writer)
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  private func writeSummary(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("at", input.at.description)
    writer.key("policy")
    writer.beginObject()
    writer.member("name", policy.name)
    writer.member("digest", policy.digest)
    writer.endObject()
    writer.member("assumedSteady", assumesSteady)
    writer.member("instances", decisions.count)
    writer.member("notSelected", beyond.notSelected)
    writeCounts("verdicts", verdicts.map { ($0.verdict.rawValue, $0.count) }, to: &writer)
    writeCounts("rules", rules.map { ($0.name, $0.count) }, to: &writer)
    writeCounts("missing", missing.map { ($0.name, $0.count) }, to: &writer)
    writer.key("blastRadius")
    writer.beginObject()
    writer.member("share", replaceShare)
    writer.member("limit", blastRadius)
    writer.member("exceeded", replaceShare > blastRadius)
    writer.endObject()
    writer.key("warnings")
    writer.beginArray()
    for warning in warnings { writer.value(warning) }
    writer.endArray()
    writeInputs(to: &writer)
    writer.endObject()
  }

  private func writeInputs(to writer: inout JSONWriter) {
    let summary = input.summary
    writer.key("inputs")
    writer.beginObject()
    writer.key("files")
    writer.beginArray()
    for file in summary.files {
      writer.beginObject()
      writer.member("path", file.path)
      writer.member("format", file.format)
      writer.member("bytes", file.bytes)
      writer.member("lines", file.counts.lines)
      writer.member("kept", file.counts.kept)
      writer.member("unwanted", file.counts.unwanted)
      writer.member("refused", file.counts.refused)
      writer.endObject()
    }
    writer.endArray()
    writeCounts("lost", lost.map { ($0.name, $0.count) }, to: &writer)
    writer.key("unresolvedNames")
    writer.beginArray()
    for one in summary.unresolved {
      writer.beginObject()
      writer.member("name", one.name)
      writer.member("observations", one.count)
      if let nearest = one.nearest { writer.member("nearest", nearest) }
      writer.endObject()
    }
    writer.endArray()
    writer.key("problems")
    writer.beginArray()
    for problem in summary.problems.problems {
      writer.beginObject()
      writer.member("kind", problem.kind.rawValue)
      writer.member("file", problem.file)
      if problem.line > 0 { writer.member("line", problem.line) }
      if problem.column > 0 { writer.member("column", problem.column) }
      writer.member("message", problem.message)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private func writeCounts(_ name: String, _ counts: [(String, Int)], to writer: inout JSONWriter) {
    writer.key(name)
    writer.beginObject()
    for (name, count) in counts { writer.member(name, count) }
    writer.endObject()
  }
}
