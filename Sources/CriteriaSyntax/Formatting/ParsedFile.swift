package import CriteriaDiagnostics

extension FileKind {
  /// What a file of this kind holds.
  package var keys: ValueKind {
    switch self {
    case .policy: .fields(PolicyKeys.policy)
    case .signals: .fields(PolicyKeys.shared)
    case .test: .fields(TestKeys.file)
    }
  }
}

/// What is wrong with a policy or a file of shared signals, by itself: what its `use:` files say is not asked.
package func faults(of text: SourceText, as kind: FileKind, in sources: inout SourceMap) -> [Diagnostic] {
  switch kind {
  case .policy:
    parsePolicy(text, into: &sources) { .success(SourceText(path: $0, text: "version: 1\nsignals: {}\n")) }.diagnostics
  case .signals: parseSignals(text, into: &sources).diagnostics
  case .test: parseYAML(text, as: sources.add(text)).diagnostics
  }
}
