import Criteria
package import CriteriaDiagnostics

/// What came of one case.
package struct CaseResult: Sendable {
  package var title: String
  package var failures: [FailedExpectation]
  /// The verdicts of each instance, in the order of the case, as far as it ran.
  package var timelines: [Timeline]
  /// How many ticks were looked at.
  package var ticks: Int

  package var passed: Bool { failures.isEmpty }

  package struct Timeline: Sendable {
    package var instance: String
    /// When each verdict began, in milliseconds from the start of the case.
    package var changes: [(at: Int64, verdict: Outcome)]

    /// The verdict at a tick; `nil` before the first.
    package func verdict(at time: Int64) -> Outcome? { changes.last { $0.at <= time }?.verdict }
  }
}

/// An expectation that did not hold.
package struct FailedExpectation: Sendable {
  package enum Kind: String, Sendable {
    case verdict, possible, score, because, state, key, why, value, missing, nextChange, timeline, never
  }
  package var kind: Kind
  package var instance: String
  /// Milliseconds from the start of the case: when it did not hold.
  package var at: Int64
  package var expected: String
  package var found: String
  /// Where it is written, in the test file.
  package var range: SourceRange
  /// The rules that it speaks of, or that brought about what was found.
  package var rules: [String]
  /// The certain end of the score then, in thousandths; `nil` where nothing was known.
  package var score: Int64?
  /// The check, to be tried again under a changed policy or other data.
  package var check: FailedCheck
}

extension FailedExpectation {
  /// What tells it from other failures of its case, whatever was found.
  var identity: String {
    "\(check.expectation).\(check.check ?? -1).\(instance)" + (kind == .never ? "." + rules.joined() : "")
  }
}

/// What did not hold, by its place in the case.
package struct FailedCheck: Sendable {
  package var expectation: Int
  /// Among the checks of an expectation at a time.
  package var check: Int?
}
