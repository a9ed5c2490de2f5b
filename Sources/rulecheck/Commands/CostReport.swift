import CriteriaDiagnostics
import CriteriaEngine

/// What `check --cost` prints of one policy.
struct CostReport {
  let cost: PolicyCost
  private let patterns: PatternCosts

  init(_ cost: PolicyCost, sample: SampleLines?) {
    self.cost = cost
    patterns = PatternCosts(cost.patterns, sample: sample)
  }

  var text: String {
    let rules = cost.rules.map { rule in
      let each = rule.form == .keyed ? " per key" : ""
      return (
        name: escaped(rule.name), work: counted(rule.operations, "operation") + each,
        form: rule.form.rawValue, reads: rule.features.map { escaped($0) }.joined(separator: ", ")
      )
    }
    func width(_ column: (Int) -> String) -> Int { rules.indices.map { displayWidth(column($0)) }.max() ?? 0 }
    let (name, work, form) = (width { rules[$0].name }, width { rules[$0].work }, width { rules[$0].form })
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: width - displayWidth(text))
    }
    var text = "  cost of a decision: \(counted(cost.operations, "operation")) besides those per key, "
    text += "\(counted(cost.features, "feature"))\n"
    text += "    one instance: \(cost.rowForm.rawValue) form; a fleet: columns by \(cost.path.rawValue)\n"
    text += "    \(counted(cost.memory.total, "byte")) for each instance with one series of each gauge and counter, "
    text += "sampled once a step\n"
    for rule in rules {
      let line = "    \(padded(rule.name, name))  \(padded(rule.work, work))  \(padded(rule.form, form))"
      text += (rule.reads.isEmpty ? line : "\(line)  \(rule.reads)") + "\n"
    }
    return text + patterns.text
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    patterns.write(to: &writer)
    writer.member("operations", cost.operations)
    writer.member("features", cost.features)
    writer.member("rowForm", cost.rowForm.rawValue)
    writer.member("columnPath", cost.path.rawValue)
    writer.member("bytesPerInstance", cost.memory.total)
    writer.key("signals")
    writer.beginArray()
    for signal in cost.signals {
      writer.beginObject()
      writer.member("signal", signal.name)
      writer.member("bytes", signal.bytes)
      writer.endObject()
    }
    writer.endArray()
    writer.key("rules")
    writer.beginArray()
    for rule in cost.rules {
      writer.beginObject()
      writer.member("rule", rule.name)
      writer.member("form", rule.form.rawValue)
      writer.member("operations", rule.operations)
      writer.key("features")
      writer.beginArray()
      for feature in rule.features { writer.value(feature) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
