package import CriteriaDiagnostics
package import CriteriaEngine
package import CriteriaSyntax

/// What compiling a policy came to: everything that was found, and the program if nothing was wrong.
package struct Compilation: Sendable {
  package var sources: SourceMap
  package var diagnostics: [Diagnostic]
  package var file: PolicyFile?
  package var checked: CheckedPolicy?
  package var program: Program?
  /// SHA-256 over the bytes of the policy and of each file it uses, each after its length (8 bytes, big endian); hexadecimal.
  package var digest: String

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// text → policy file → checked policy → program.
///
/// - Parameter probesPatterns: As in `check`.
package func compile(
  _ file: PolicyFile?, _ sources: SourceMap, _ faults: [Diagnostic], probesPatterns: Bool = true
) -> Compilation {
  var compilation = Compilation(sources: sources, diagnostics: faults, file: file, digest: digest(of: sources))
  // Bytes that are no text would look like letters of all alphabets.
  for index in sources.texts.indices where String(validating: sources.texts[index].bytes, as: UTF8.self) != nil {
    compilation.diagnostics += checkCharacters(of: SourceID(index: index), in: sources)
  }
  guard let file else { return compilation }
  let (checked, diagnostics) = check(file, probesPatterns: probesPatterns)
  compilation.diagnostics += diagnostics
  // What the parser had to leave out is missing from the checked policy: such a policy must not run.
  if let checked, !compilation.hasErrors {
    compilation.checked = checked
    compilation.program = lower(checked)
  }
  return compilation
}

package func compile(contentsOf path: String, probesPatterns: Bool = true) -> Compilation {
  var sources = SourceMap()
  let (file, faults) = loadPolicy(at: path, into: &sources)
  return compile(file, sources, faults, probesPatterns: probesPatterns)
}

/// - Parameter readUse: Reads a `use:` file by its path.
package func compile(
  _ text: SourceText,
  readUse: (String) -> Result<SourceText, FileError> = {
    .failure(FileError(path: $0, reason: "a policy given as text uses no files"))
  }
) -> Compilation {
  var sources = SourceMap()
  let (file, faults) = parsePolicy(text, into: &sources, readUse: readUse)
  return compile(file, sources, faults)
}

private func digest(of sources: SourceMap) -> String {
  var hash = SHA256()
  for text in sources.texts {
    let length = UInt64(text.bytes.count)
    hash.update((0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) })
    hash.update(text.bytes)
  }
  let digits = Array("0123456789abcdef")
  return String(hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
