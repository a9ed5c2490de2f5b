package import CriteriaDiagnostics

extension Decision {
  /// The record as one line of JSON, as `rulecheck eval --format jsonl` prints it; see `docs/decision.schema.json`.
  public var json: String {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.text
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("instance", instance)
    writer.member("at", at.description)
    writer.member("verdict", verdict.rawValue)
    if !possible.isEmpty {
      writer.key("possible")
      writer.beginArray()
      for verdict in possible { writer.value(verdict.rawValue) }
      writer.endArray()
    }
    writer.key("score")
    score.write(to: &writer)
    writer.key("rules")
    writer.beginArray()
    for rule in rules { rule.write(to: &writer) }
    writer.endArray()
    writer.key("missing")
    writer.beginArray()
    for one in missing { one.write(to: &writer) }
    writer.endArray()
    writer.key("protectedBy")
    writer.beginArray()
    for rule in protectedBy { writer.value(rule) }
    writer.endArray()
    writer.key("nextChange")
    if let nextChange { writer.value(nextChange.description) } else { writer.null() }
    if assumesSteady { writer.member("assumedSteady", true) }
    if !warnings.isEmpty {
      writer.key("warnings")
      writer.beginArray()
      for warning in warnings { writer.value(warning) }
      writer.endArray()
    }
    writer.key("policy")
    writer.beginObject()
    writer.member("name", policyName)
    writer.member("digest", policyDigest)
    writer.endObject()
    writer.endObject()
  }
}

extension Score {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("low", low)
    writer.member("high", high)
    writer.endObject()
  }
}

extension Decision.Missing {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("signal", signal)
    if let since { writer.member("since", since.description) }
    if let reason { writer.member("reason", reason) }
    writer.endObject()
  }
}

extension RuleReport {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("rule", rule)
    writer.member("state", state.rawValue)
    if let possible { writer.member("possible", possible.rawValue) }
    writer.key("contribution")
    contribution.write(to: &writer)
    if let effect {
      writer.key("effect")
      writer.beginObject()
      writer.member("name", effect.name)
      writer.key("stands")
      if let stands = effect.stands { writer.value(stands) } else { writer.value("unknown") }
      writer.endObject()
    }
    if let since { writer.member("since", since.description) }
    if !key.isEmpty { write(key, as: "key", to: &writer) }
    writer.member("why", why)
    writer.key("evidence")
    writer.beginArray()
    for one in evidence { one.write(to: &writer) }
    writer.endArray()
    if !labels.isEmpty { write(labels, as: "labels", to: &writer) }
    if isShadow { writer.member("mode", "shadow") }
    if let because { writer.member("because", because) }
    if let neededHistory { writer.member("neededHistorySeconds", Double(neededHistory) / 1000) }
    writer.endObject()
  }

  private func write(_ labels: [Label], as name: String, to writer: inout JSONWriter) {
    writer.key(name)
    writer.beginObject()
    for label in labels { writer.member(label.name, label.value) }
    writer.endObject()
  }
}

extension RuleReport.Evidence {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("term", term)
    writer.key("value")
    switch value {
    case .number(let number, _): writer.value(number)
    case .string(let string): writer.value(string)
    case .truth(let truth): writer.value(truth)
    case .atLeast(let seconds):
      writer.null()
      writer.member("atLeast", seconds)
    case .unknown: writer.null()
    }
    if let newest { writer.member("newest", newest.description) }
    if let line { writer.member("line", "\(line.file):\(line.line)") }
    writer.endObject()
  }
}
