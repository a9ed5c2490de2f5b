import CriteriaDiagnostics

// What the fuzzers in Tests/Fuzz call. `package` symbols are invisible to other packages.

/// Reads bytes as YAML, both as a tree and as events.
@_spi(Internals) public func fuzzYAML(_ bytes: UnsafeRawBufferPointer) {
  let (text, source) = fuzzText(bytes)
  _ = parseYAML(text, as: source)
  _ = yamlEvents(text, as: source)
}

/// Reads bytes as an expression. What parses prints as an expression that parses and prints the same.
@_spi(Internals) public func fuzzExpression(_ bytes: UnsafeRawBufferPointer) {
  let (text, source) = fuzzText(bytes)
  let first = parseExpression(ExpressionText(text, as: source))
  guard first.diagnostics.isEmpty, let expression = first.expression else { return }
  let printed = print(expression)
  let second = parseExpression(ExpressionText(SourceText(path: "printed", text: printed), as: source))
  precondition(second.diagnostics.isEmpty, "an expression prints as one that does not parse: \(printed)")
  precondition(second.expression.map(print) == printed, "an expression prints as another one: \(printed)")
}

/// Reads bytes as a policy. Every range of every diagnostic lies inside the text.
@_spi(Internals) public func fuzzPolicy(_ bytes: UnsafeRawBufferPointer) {
  let (text, _) = fuzzText(bytes)
  var sources = SourceMap()
  let result = parsePolicy(text, into: &sources) { .failure(FileError(path: $0, reason: "not there")) }
  for diagnostic in result.diagnostics {
    for range in [diagnostic.range, diagnostic.fix?.range].compactMap({ $0 }) + diagnostic.labels.map(\.range) {
      precondition(range.start <= range.end && range.end <= text.bytes.count, "a range outside the text: \(diagnostic)")
    }
  }
}

private func fuzzText(_ bytes: UnsafeRawBufferPointer) -> (text: SourceText, source: SourceID) {
  (SourceText(path: "fuzz.yaml", bytes: Array(bytes)), SourceID(index: 0))
}
