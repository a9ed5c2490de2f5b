import ArgumentParser
import Criteria
import CriteriaCompiler
import CriteriaDiagnostics

/// The policy at a path, its faults reported on standard error.
///
/// - Throws: `ExitCode` 3 for an invalid policy, `Failure` for one that cannot be read.
func loadedPolicy(_ path: String) throws -> Policy { try Policy(compiledPolicy(path)) }

/// The same with what it was compiled from.
func compiledPolicy(_ path: String) throws -> Compilation {
  // Nobody is shown warnings here: `check` shows them.
  let compilation = compile(contentsOf: path, probesPatterns: false)
  // What cannot be read at all is no fault of a policy.
  if compilation.sources.texts.isEmpty {
    throw Failure(compilation.diagnostics.first?.message ?? "cannot read `\(path)`")
  }
  if compilation.hasErrors {
    report(Diagnostics(compilation.diagnostics.filter { $0.severity == .error }).sorted, in: compilation.sources)
    printError(counted(compilation.diagnostics.count { $0.severity == .error }, "error"))
    throw ExitCode(.invalidPolicy)
  }
  return compilation
}
