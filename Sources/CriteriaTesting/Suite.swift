import Criteria
package import CriteriaCompiler
package import CriteriaDiagnostics
package import CriteriaSyntax

/// A test file with the policy it tests, ready to run or with all that is wrong.
package struct Suite: Sendable {
  package var path: String
  /// The test file, and the files whose defaults it shares.
  package var sources: SourceMap
  /// What is wrong with the test file.
  package var diagnostics: [Diagnostic]
  package var file: TestFile?
  /// The policy, if it could be read; its own diagnostics are those of the compilation.
  package var compilation: Compilation?
  /// Only if neither has a fault.
  package var ready: (bound: BoundFile, subject: Subject)?

  package var isValid: Bool { ready != nil }

  /// Every file that it is made of: a change of any of them may change its result.
  package var paths: [String] {
    sources.texts.map(\.path) + (compilation?.sources.texts.map(\.path) ?? []) + [file?.policyPath].compactMap(\.self)
  }
}

/// Loads a test file, its shared defaults and its policy.
///
/// - Throws: If the test file itself cannot be read.
package func loadSuite(_ path: String) throws(FileError) -> Suite {
  let text = try readFile(path, limit: YAMLLimits.policy.bytes)
  return suite(text) { path in
    Result { () throws(FileError) in try readFile(path, limit: YAMLLimits.policy.bytes) }
  } compile: {
    compile(contentsOf: $0)
  }
}

/// The same from texts.
package func suite(
  _ text: SourceText, read: (String) -> Result<SourceText, FileError>, compile: (String) -> Compilation
) -> Suite {
  var sources = SourceMap()
  let (file, faults) = parseTestFile(text, into: &sources, read: read)
  var suite = Suite(path: text.path, sources: sources, diagnostics: faults, file: file, compilation: nil, ready: nil)
  guard let file, let policy = file.policy, let path = file.policyPath else { return suite }
  let compilation = compile(path)
  suite.compilation = compilation
  if compilation.sources.texts.isEmpty {
    let reason = compilation.diagnostics.first?.message ?? "no such file"
    suite.diagnostics.append(.unreadablePolicy(policy.value, reason: reason, at: policy.range))
    suite.compilation = nil
    return suite
  }
  if compilation.hasErrors {
    let errors = compilation.diagnostics.count { $0.severity == .error }
    suite.diagnostics.append(.invalidPolicy(policy.value, errors: errors, at: policy.range))
    return suite
  }
  let (bound, more) = bind(file, to: compilation)
  suite.diagnostics = Diagnostics(faults + more).sorted
  if suite.diagnostics.contains(where: { $0.severity == .error }) { return suite }
  do {
    suite.ready = (bound, try Subject(compilation, for: bound))
  } catch {
    preconditionFailure("a checked policy that does not compile with its values: \(error)")
  }
  return suite
}
