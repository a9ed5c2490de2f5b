import Glibc
import Testing

/// With `UPDATE_GOLDENS` in the environment (`make goldens`), expected texts are rewritten instead of compared; the difference is reviewed
/// like code.
let isRecording = getenv("UPDATE_GOLDENS") != nil

/// Compares a text with the file `Golden/NAME`.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let path = root + "/Tests/RulecheckTests/Golden/" + name
  if isRecording {
    try writeText(text, to: path)
    return
  }
  let expected = access(path, R_OK) == 0 ? try readText(path) : ""
  if let difference = firstDifference(text, expected) {
    Issue.record("differs from Golden/\(name): \(difference)\n\(text)", sourceLocation: sourceLocation)
  }
}

/// A run as one text: what it wrote, and how it ended.
func transcript(_ arguments: [String], _ run: Run) -> String {
  var text = "$ rulecheck " + arguments.joined(separator: " ") + "\n" + run.output
  if !run.errors.isEmpty { text += "--- standard error\n" + run.errors }
  return text + "--- exit \(run.status)\n"
}

func firstDifference(_ text: String, _ expected: String) -> String? {
  if text == expected { return nil }
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
  for index in 0..<max(lines.count, wanted.count) {
    let line = index < lines.count ? String(lines[index]) : "(nothing)"
    let other = index < wanted.count ? String(wanted[index]) : "(nothing)"
    if line != other { return "line \(index + 1): expected `\(other)`, found `\(line)`" }
  }
  return "they differ"
}

func writeText(_ text: String, to path: String) throws {
  let file = try #require(fopen(path, "w"), "cannot write \(path)")
  defer { fclose(file) }
  let bytes = Array(text.utf8)
  try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}
