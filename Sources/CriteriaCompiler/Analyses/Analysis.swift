package import CriteriaDiagnostics
package import CriteriaSyntax

/// What a sound policy's author should know about it: `rulecheck check` lists it.
package struct Analysis: Sendable {
  /// A way in which a rule can fire although nothing was seen happen.
  package struct Silence: Sendable {
    package enum Cause: String, Sendable {
      /// `unknown: fires`
      case unknownFires = "unknown: fires"
      /// `absent(x[w])`
      case absent
      /// A log's `count` or `rate` below a bound.
      case quietLog = "quiet log"
      /// A log's `since` above a bound.
      case longSince = "long since"
    }
    package var rule: String
    package var cause: Cause
    /// The signal whose silence it is; `nil` for `unknown: fires`, which any of the rule's signals can set off.
    package var signal: String?
    package var range: SourceRange
    /// One line for people.
    package var text: String
  }

  /// A way in which a rule can fail to fire because data is missing: the verdict may be lower than with it.
  package struct Lapse: Sendable {
    package enum Cause: String, Sendable {
      /// `unknown: ignore`
      case ignored = "unknown: ignore"
      /// `optional: true` on a signal
      case optional
      /// A latched `quarantine` or `protect`, whose one moment may be lost.
      case latch
    }
    package var rule: String
    package var cause: Cause
    /// The optional signal; `nil` for the other causes.
    package var signal: String?
    /// One line for people.
    package var text: String
  }

  package struct Expired: Sendable {
    package var rule: String
    package var because: String?
    package var range: SourceRange
  }

  /// How long after its condition becomes true a rule acts, and how much history it looks at.
  package struct TimeToFire: Sendable {
    package var rule: String
    /// Milliseconds: its `for`.
    package var wait: Int64
    /// Milliseconds: its longest window, or the bound of a `since`.
    package var history: Int64
    package var range: SourceRange
    /// One line for people.
    package var text: String
  }

  package var judgesEveryInstance: Bool
  package var silences: [Silence]
  package var lapses: [Lapse]
  package var unusedSignals: [Name]
  package var expired: [Expired]
  package var timesToFire: [TimeToFire]

  /// What of it is worth a warning.
  package var diagnostics: [Diagnostic] {
    unusedSignals.map { .unusedSignal($0.value, at: $0.range) }
      + expired.map { .expiredException($0.rule, because: $0.because, at: $0.range) }
  }
}

/// Looks through a sound policy for what is right but surprising.
///
/// - Parameters:
///   - file: What the policy was checked from.
///   - now: Milliseconds since 1970, for exceptions that have expired; nothing here reads a clock.
/// - Complexity: O(nodes).
package func analyze(_ policy: CheckedPolicy, of file: PolicyFile, now: Int64?) -> Analysis {
  Analysis(
    judgesEveryInstance: policy.selector == nil, silences: policy.rules.flatMap { silences(of: $0, in: policy) },
    lapses: policy.rules.flatMap { lapses(of: $0, in: policy) },
    unusedSignals: unusedSignals(of: file), expired: now.map { expired(file, at: $0) } ?? [],
    timesToFire: policy.rules.map(timeToFire))
}

private func lapses(of rule: CheckedPolicy.Rule, in policy: CheckedPolicy) -> [Analysis.Lapse] {
  var found = rule.optionalSignals.map { index in
    let name = policy.signals[index].name
    return Analysis.Lapse(
      rule: rule.name, cause: .optional, signal: name,
      text: "does not apply where `\(name)` was never seen (`optional`)")
  }
  if rule.unknown == .ignore {
    found.append(
      Analysis.Lapse(
        rule: rule.name, cause: .ignored, text: "does not fire while what it reads is unknown (`unknown: ignore`)"))
  }
  if rule.latch, rule.effect.mayStop {
    found.append(
      Analysis.Lapse(
        rule: rule.name, cause: .latch, text: "remembers only what was sure: its moment can be lost (`latch`)"))
  }
  return found
}

private func expired(_ file: PolicyFile, at now: Int64) -> [Analysis.Expired] {
  file.rules.flatMap { rule in
    rule.except.compactMap { entry in
      guard let expires = entry.expires, expires.value <= now else { return nil }
      return Analysis.Expired(rule: rule.name.value, because: entry.because?.value, range: expires.range)
    }
  }
}

private func timeToFire(_ rule: CheckedPolicy.Rule) -> Analysis.TimeToFire {
  let wait = rule.for
  let history = rule.longestWindow
  var text = wait == 0 ? "fires at the first tick at which it is true" : "fires \(written(wait)) after it becomes true"
  if history > 0 { text += ", looking back \(written(history))" }
  return Analysis.TimeToFire(rule: rule.name, wait: wait, history: history, range: rule.range, text: text)
}

private func written(_ milliseconds: Int64) -> String { Duration(milliseconds: milliseconds).text }

extension CheckedPolicy.Rule.Effect {
  /// Whether it can keep an instance from being replaced.
  fileprivate var mayStop: Bool {
    switch self {
    case .quarantine, .protect: true
    case .add, .replace: false
    }
  }
}
