import CriteriaEngine
import CriteriaSyntax

/// What decides whether state fits, and nothing else: a name or a bound that changes in a `why` does not.
extension Lowering {
  func definition(of signal: CheckedPolicy.Signal) -> Definition {
    var definition = Definition()
    switch signal.source {
    case .gauge(let metric, let scale, let ignore), .counter(let metric, let scale, let ignore):
      // A counter is a gauge that other functions read.
      definition.add("gauge", text(metric))
      definition.add("scale", scale.map { "\($0)" } ?? "")
      definition.add("ignore", ignore.map { "\($0.comparison.rawValue) \($0.bound)" } ?? "")
    case .log(let sources, let pattern, let value, let utf, let limits, _):
      definition.add("log", sources.joined(separator: " "))
      definition.add("match", pattern)
      definition.add("value", value ?? "")
      definition.add("utf", "\(utf)")
      definition.add("match_limit", limits.steps == PatternLimits().steps ? "" : "\(limits.steps)")
      if limits.line < .max { definition.add("max_line", "\(limits.line)") }
    case .condition(let type, let from, let typeLabel, let statusLabel):
      definition.add("condition", type)
      definition.add("from", from.map(text) ?? "")
      definition.add("type", typeLabel)
      definition.add("status", statusLabel)
    case .info(let metric, let label):
      definition.add("info", text(metric))
      definition.add("label", label)
    case .fact(let name): definition.add("fact", name)
    }
    definition.add("unit", signal.unit.map { "\($0.numerator)/\($0.denominator) \($0.bytes) \($0.time)" } ?? "")
    definition.add("by", signal.by.joined(separator: " "))
    definition.add("reduce", signal.reduce?.rawValue ?? "")
    definition.add("instance", signal.instanceLabel ?? "instance")
    definition.add("max_keys", String(signal.maxKeys))
    return definition
  }

  /// What its machines follow. What it does while they stand (`then`, `except`, `mode`) may change.
  func definition(of rule: CheckedPolicy.Rule) -> Definition {
    var definition = Definition()
    definition.add("when", describe(rule.when))
    definition.add("until", rule.until.map { describe($0) } ?? "")
    definition.add("for", String(rule.for))
    definition.add("hold", String(rule.hold))
    definition.add("latch", "\(rule.latch)")
    definition.add("unknown", rule.unknown.map { "\($0)" } ?? "")
    definition.add("by", rule.by.joined(separator: " "))
    return definition
  }

  private func text(_ selector: MetricSelector) -> String {
    let matchers = selector.matchers.map { "\($0.label)\($0.comparison.rawValue)\"\($0.value)\"" }
    return selector.metric + "{" + matchers.joined(separator: ",") + "}"
  }
}
