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

  package static func unusedAcceptance(_ acceptance: Acceptance, isKnown: Bool) -> Self {
    Self(
      .error, .unusedAcceptance,
      isKnown
        ? "the mutant `\(acceptance.change)` of `\(acceptance.owner)` is killed: nothing is to be accepted"
        : "`\(acceptance.owner)` has no mutant `\(acceptance.change)`", at: acceptance.range,
      help: isKnown ? "take it out of the comment" : "write the change as `--mutate` prints it")
  }
}
