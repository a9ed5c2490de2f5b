package import CriteriaDiagnostics

extension DiagnosticCode {
  package static let faultyAcceptance = DiagnosticCode("E0630")
  package static let unusedAcceptance = DiagnosticCode("E0631")
}

/// Every code of mutation: each has a page in `rulecheck explain`.
package let mutationCodes: [DiagnosticCode] = [.faultyAcceptance, .unusedAcceptance]

extension Diagnostic {
  static func faultyAcceptance(at range: SourceRange) -> Self {
    Self(
      .error, .faultyAcceptance, "a comment that accepts no mutant", at: range,
      help: "write `# survives (> → >=): why`, with the change as `--mutate` prints it, several with `;` between them")
  }

  /// - Parameter outcome: Of the mutant that it names; `nil`: there is none.
  package static func unusedAcceptance(_ acceptance: Acceptance, _ outcome: MutantOutcome?) -> Self {
    let mutant = "the mutant `\(acceptance.change)` of `\(acceptance.owner)`"
    let message: String
    switch outcome {
    case nil: message = "`\(acceptance.owner)` has no mutant `\(acceptance.change)`"
    case .invalid: message = "\(mutant) is no policy, and is not counted: nothing is to be accepted"
    case .equivalent(let reason): message = "\(mutant) changes nothing (\(reason)): nothing is to be accepted"
    case .killed, .survived: message = "\(mutant) is killed: nothing is to be accepted"
    }
    return Self(
      .error, .unusedAcceptance, message, at: acceptance.range,
      help: outcome == nil ? "write the change as `--mutate` prints it" : "take it out of the comment")
  }
}
