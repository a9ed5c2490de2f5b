import CriteriaEngine
import CriteriaSyntax

/// What a policy means, as texts without places or names of no consequence: policies of equal meaning decide alike.
package struct PolicyMeaning: Hashable, Sendable {
  package struct Rule: Hashable, Sendable {
    package var name: String
    package var text: String
  }
  package var rules: [Rule]
  /// All that is not of one rule: step, bands, selector, what is desired, the signals.
  package var rest: String

  package init(_ policy: CheckedPolicy) {
    let lowering = Lowering(policy)
    rules = policy.rules.map { Rule(name: $0.name, text: lowering.meaning(of: $0)) }
    rest = lowering.meaningOfRest()
  }
}

extension Lowering {
  fileprivate func meaning(of rule: CheckedPolicy.Rule) -> String {
    var parts = definition(of: rule).parts.map { "\($0.name) \($0.text)" }
    switch rule.effect {
    case .add(let worth, _): parts.append("add \(describe(worth))")
    case .replace: parts.append("replace")
    case .quarantine: parts.append("quarantine")
    case .protect: parts.append("protect")
    }
    for entry in rule.except {
      parts.append("except \(describe(entry.condition)) \(entry.expires.map { "\($0)" } ?? "")")
    }
    parts.append("shadow \(rule.shadow) optional \(rule.optionalSignals) window \(rule.longestWindow)")
    return parts.joined(separator: "\n")
  }

  fileprivate func meaningOfRest() -> String {
    var parts = ["\(policy.step) \(policy.replace) \(policy.watch) \(policy.maxLateness)"]
    parts.append(policy.selector.map { describe($0) } ?? "")
    parts += policy.launched.map { "\($0)" }
    for entry in policy.desired ?? [] {
      let facts = entry.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      parts.append("desired \(entry.condition.map { describe($0) } ?? "") \(facts.joined(separator: " "))")
    }
    for signal in policy.signals {
      parts.append(signal.name)
      parts += definition(of: signal).parts.map { "\($0.name) \($0.text)" }
      // Retention follows from the longest window, and it says when an overflow is over.
      parts.append("stale \(signal.staleAfter.map { "\($0)" } ?? "") window \(signal.longestWindow)")
    }
    return parts.joined(separator: "\n")
  }
}
