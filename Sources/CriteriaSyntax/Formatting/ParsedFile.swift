package import CriteriaDiagnostics

extension FileKind {
  /// What a file of this kind holds.
  package var keys: ValueKind {
    switch self {
    case .policy: .fields(PolicyKeys.policy)
    case .signals: .fields(PolicyKeys.shared)
    case .test: .fields(TestKeys.file)
    case .defaults: .fields(TestKeys.shared)
    }
  }
}

/// What is wrong with a policy by itself: what its `use:` files say is not asked.
package func policyFaults(of text: SourceText, into sources: inout SourceMap) -> [Diagnostic] {
  parsePolicy(text, into: &sources) { .success(SourceText(path: $0, text: "version: 1\nsignals: {}\n")) }.diagnostics
}
