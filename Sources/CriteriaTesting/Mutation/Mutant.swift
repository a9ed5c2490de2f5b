package import CriteriaDiagnostics

/// A policy with one small fault: an edit of its text, so that it goes the way that every policy goes.
package struct Mutant: Hashable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// `90%` → `91%`: the last written digit, up and down.
    case constant
    /// `>` → `>=`, `==` → `!=`.
    case comparison
    /// `a and b` → `a or b`.
    case connective
    /// `a and b` → `a and true`; `a or b` → `a or false`.
    case operand
    /// `cpu[10m]` → `cpu[5m]`.
    case window
    /// `for` and `hold`: one step of the policy up and down, and halved.
    case wait
    /// `+60` → `+0`.
    case effect
    /// `until: cpu < 75%` → `until: true`, which is as if it were not there.
    case until
    /// A regular expression that matches everything, or nothing.
    case pattern
    /// `unit: percent` → `unit: ratio`.
    case unit
    /// `latch`, `unknown`, `optional`: what missing data does.
    case missing
  }

  /// Whose `watch` and `replace` are.
  package static let policyOwner = "policy"

  package var kind: Kind
  /// The rule, or the signal, in whose declaration it is.
  package var owner: String
  /// What is replaced, and by what.
  package var range: SourceRange
  package var replacement: String
  /// As people read it: `90% → 91%`, `> → >=`.
  package var change: String
}
