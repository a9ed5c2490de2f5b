import Criteria
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaTesting

extension WhyAnswer {
  /// One document, by `docs/why.schema.json`: the decision's record as `eval --all-rules` prints it, what would have changed it, and
  /// how score and terms went.
  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("decision")
    var shown = decision
    shown.rules = rules
    shown.write(to: &writer)
    if let known = decision.knownSince { writer.member("knownSince", known.description) }
    writer.member("selected", decision.isSelected)
    writer.key("expressions")
    writer.beginArray()
    for rule in rules {
      for part in parts[rule.rule] ?? [] {
        writer.beginObject()
        writer.member("rule", rule.rule)
        part.write(to: &writer)
        writer.endObject()
      }
    }
    writer.endArray()
    writer.key("changes")
    writer.beginArray()
    for flip in flips { write(flip, to: &writer) }
    writer.endArray()
    writer.key("search")
    writer.beginObject()
    writer.member("replays", search.replays)
    writer.member("cutShort", search.isCutShort)
    writer.endObject()
    writeTimeline(to: &writer)
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  private func write(_ flip: Flip, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("direction", flip.direction)
    writer.member("goal", flip.goal)
    writer.key("smallest")
    writer.beginArray()
    for change in flip.changes { write(change, to: &writer) }
    writer.endArray()
    writer.endObject()
  }

  private func write(_ change: NearestChange, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("text", change.text)
    writer.member("size", change.size)
    write(change.edit, to: &writer)
    writer.member("from", change.edit.from.description)
    writer.member("to", change.edit.to.description)
    writer.member("verdict", change.decision.verdict.rawValue)
    writer.key("score")
    writer.beginObject()
    writer.member("low", change.decision.score.low)
    writer.member("high", change.decision.score.high)
    writer.endObject()
    writer.member("at", change.decision.at.description)
    writer.endObject()
  }

  private func write(_ edit: Edit, to writer: inout JSONWriter) {
    func signal(_ index: Int, _ labels: Edit.Labels = [:]) {
      writer.member("signal", policy.program.signals[index].name)
      if labels.isEmpty { return }
      writer.key("labels")
      writer.beginObject()
      for (name, value) in labels.sorted(by: { $0.key < $1.key }) { writer.member(name, value) }
      writer.endObject()
    }
    switch edit.kind {
    case .shift(let index, let labels, let by):
      writer.member("kind", "shift")
      signal(index, labels)
      writer.member("by", by)
    case .growth(let index, let labels, let rate):
      writer.member("kind", "growth")
      signal(index, labels)
      writer.member("perSecond", rate)
    case .fewerLines(let index, let count):
      writer.member("kind", "fewerLines")
      signal(index)
      writer.member("count", count)
    case .moreLines(let index, let count, let text, let source):
      writer.member("kind", "moreLines")
      signal(index)
      writer.member("count", count)
      writer.member("line", text)
      writer.member("source", source)
    case .status(let index, let value):
      writer.member("kind", "status")
      signal(index)
      writer.member("value", value)
    case .info(let index, let value):
      writer.member("kind", "info")
      signal(index)
      writer.member("value", value)
    case .fact(let name, let value):
      writer.member("kind", "fact")
      writer.member("name", name)
      writer.member("value", value)
    case .label(let name, let value):
      writer.member("kind", "label")
      writer.member("name", name)
      writer.member("value", value)
    case .launch(let seconds):
      writer.member("kind", "launch")
      writer.member("by", seconds)
    case .resumed(let signals):
      writer.member("kind", "resumed")
      writer.key("signals")
      writer.beginArray()
      for index in signals { writer.value(policy.program.signals[index].name) }
      writer.endArray()
    case .arrived(let index, let labels, let value):
      writer.member("kind", "arrived")
      signal(index, labels)
      writer.member("value", value)
    case .wait: writer.member("kind", "wait")
    }
  }

  private func writeTimeline(to writer: inout JSONWriter) {
    let points = timeline.points
    func array<T>(_ name: String, _ items: [T], _ write: (T, inout JSONWriter) -> Void) {
      writer.key(name)
      writer.beginArray()
      for item in items { write(item, &writer) }
      writer.endArray()
    }
    writer.key("timeline")
    writer.beginObject()
    array("times", points) { $1.value($0.time.description) }
    array("verdicts", points) { $1.value($0.verdict.rawValue) }
    array("low", points) { $1.value($0.score.low) }
    array("high", points) { $1.value($0.score.high) }
    writer.key("terms")
    writer.beginArray()
    for (index, term) in timeline.terms.enumerated() {
      writer.beginObject()
      writer.member("rule", term.rule)
      writer.member("term", term.term)
      if !term.key.isEmpty {
        writer.key("key")
        writer.beginObject()
        for label in term.key { writer.member(label.name, label.value) }
        writer.endObject()
      }
      array("values", points) { point, writer in
        if let value = point.values[index] { writer.value(value) } else { writer.null() }
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
