package import CriteriaCompiler
import CriteriaDiagnostics
package import CriteriaEngine

/// A compiled policy: immutable, to be shared by any number of fleets and threads.
///
/// Compiling is the only step that can fail. A policy that compiles ends, in time and memory that are known before it runs
/// (`rulecheck check --cost`).
public struct Policy: Sendable {
  /// What the file says under `policy`.
  public let name: String
  /// What the file says under `description`.
  public let description: String?
  /// SHA-256 over the bytes of the policy and of each file it uses: `sha256:…`.
  public let digest: String
  /// What `rulecheck check` would warn of.
  public let warnings: [PolicyDiagnostic]
  package let program: Program
  /// What its fleets share.
  let prepared: PreparedProgram

  /// Compiles the policy at a path, and the files that it uses.
  ///
  /// - Parameter path: Of the policy; files under `use` lie beside it or in folders below.
  /// - Throws: ``PolicyErrors`` with everything that is wrong, not only the first; also where the file cannot be read.
  /// - Complexity: O(bytes).
  public init(contentsOf path: String) throws(PolicyErrors) { try self.init(compile(contentsOf: path)) }

  /// Compiles a policy given as text; it cannot `use:` files.
  ///
  /// - Parameters:
  ///   - text: YAML.
  ///   - file: The name that diagnostics show.
  /// - Throws: ``PolicyErrors`` with everything that is wrong, not only the first.
  public init(text: String, file: String = "policy.yaml") throws(PolicyErrors) {
    try self.init(compile(SourceText(path: file, text: text)))
  }

  package init(_ compilation: Compilation) throws(PolicyErrors) {
    guard let checked = compilation.checked, let program = compilation.program else {
      throw PolicyErrors(compilation)
    }
    name = checked.name
    description = checked.description
    digest = "sha256:" + compilation.digest
    warnings = compilation.diagnostics.map { PolicyDiagnostic($0, compilation.sources) }
    self.program = program
    prepared = PreparedProgram(program)
  }
}

/// A fault in a policy, and where it stands.
public struct PolicyDiagnostic: Hashable, Sendable {
  /// How bad it is: a policy with an `error` does not compile.
  public enum Severity: String, Sendable {
    /// The policy does not compile.
    case error
    /// It compiles, and may not do what its author meant.
    case warning
    /// Something to know.
    case note
  }
  /// How bad it is.
  public var severity: Severity
  /// Stable: `E0212`. `rulecheck explain E0212` has its page.
  public var code: String
  /// What is wrong, in lower case, without full stop.
  public var message: String
  /// The policy or the file that it uses, as it was named; `nil` if it is about no place.
  public var file: String?
  /// From 1.
  public var line: Int?
  /// In Unicode scalars, from 1.
  public var column: Int?
  /// What to write instead.
  public var help: String?

  init(_ diagnostic: Diagnostic, _ sources: SourceMap) {
    severity =
      switch diagnostic.severity {
      case .error: .error
      case .warning: .warning
      case .note: .note
      }
    code = diagnostic.code.name
    message = diagnostic.message
    help = diagnostic.help
    if let range = diagnostic.range {
      let position = sources[range.source].position(at: range.start)
      file = sources[range.source].path
      line = position.line
      column = position.column
    }
  }
}

/// Everything that is wrong with a policy, found at once.
public struct PolicyErrors: Error, Sendable, CustomStringConvertible {
  /// Warnings are among them.
  public let diagnostics: [PolicyDiagnostic]
  /// The diagnostics as `rulecheck check` prints them.
  public let description: String

  init(_ compilation: Compilation) {
    diagnostics = compilation.diagnostics.map { PolicyDiagnostic($0, compilation.sources) }
    description = render(compilation.diagnostics, in: compilation.sources)
  }
}
