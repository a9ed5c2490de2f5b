import CriteriaDiagnostics
import CriteriaSyntax

/// Formatting a policy changes nothing of what it says, and formatting it again changes nothing.
func formatting(_ draft: Draft) -> String? {
  let texts = [(draft.text, FileKind.policy)] + (draft.sharedText.map { [($0, FileKind.signals)] } ?? [])
  for (text, kind) in texts {
    let source = SourceText(path: Draft.path, text: text)
    guard let once = format(source, as: kind.keys) else { return "formatting it would change what it means" }
    let result = SourceText(path: Draft.path, bytes: once)
    if content(source, kind) != content(result, kind) {
      return "formatting changes what it says:\n\(String(decoding: once, as: UTF8.self))"
    }
    if format(result, as: kind.keys) != once { return "formatting it twice changes it twice" }
  }
  return nil
}

private func content(_ text: SourceText, _ kind: FileKind) -> String {
  var sources = SourceMap()
  switch kind {
  case .policy:
    let (file, _) = parsePolicy(text, into: &sources) {
      .success(SourceText(path: $0, text: "version: 1\nsignals: {}\n"))
    }
    return file.map { content($0) } ?? "nothing"
  case .signals: return content(parseSignals(text, into: &sources).signals)
  case .test, .defaults: preconditionFailure("drafts have no tests")
  }
}

/// Everything that a value holds but for where it stands in the file.
private func content(_ value: Any) -> String {
  if value is SourceRange { return "" }
  let mirror = Mirror(reflecting: value)
  if mirror.children.isEmpty { return "\(value)" }
  let parts = mirror.children.filter { $0.label != "matchOffsets" }.map { "\($0.label ?? "")=\(content($0.value))" }
  return "(" + parts.joined(separator: " ") + ")"
}
