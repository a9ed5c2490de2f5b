import CriteriaDiagnostics
import CriteriaSyntax

@testable import CriteriaCompiler

/// What parsing and checking a policy text came to.
struct Outcome {
  var policy: CheckedPolicy?
  var file: PolicyFile?
  var diagnostics: [Diagnostic]
  var sources: SourceMap

  var codes: [String] { diagnostics.map(\.code.name) }
  var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }

  /// The text under a diagnostic's carets.
  func text(_ range: SourceRange?) -> String {
    guard let range else { return "" }
    return String(decoding: sources[range.source].bytes[range.start..<range.end], as: UTF8.self)
  }

  /// The policy's text with a fix applied.
  func mended(_ fix: Diagnostic.Fix) -> String {
    var bytes = sources[fix.range.source].bytes
    bytes.replaceSubrange(fix.range.start..<fix.range.end, with: Array(fix.text.utf8))
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Parses and checks a policy, and analyses it if it is sound.
func checkPolicy(_ text: String, uses: [String: String] = [:], now: Int64? = nil) -> Outcome {
  checkPolicy(bytes: Array(text.utf8), uses: uses, now: now)
}

func checkPolicy(bytes: [UInt8], uses: [String: String] = [:], now: Int64? = nil) -> Outcome {
  var sources = SourceMap()
  let source = SourceText(path: "policy.yaml", bytes: bytes)
  let (file, faults) = parsePolicy(source, into: &sources) { path in
    uses[path].map { .success(SourceText(path: path, text: $0)) }
      ?? .failure(FileError(path: path, reason: "no such file"))
  }
  var diagnostics = faults
  for text in sources.texts.indices { diagnostics += checkCharacters(of: SourceID(index: text), in: sources) }
  guard let file else { return Outcome(policy: nil, file: nil, diagnostics: diagnostics, sources: sources) }
  let (policy, found) = check(file)
  diagnostics += found
  if let policy, faults.allSatisfy({ $0.severity != .error }) {
    diagnostics += analyze(policy, of: file, now: now).diagnostics
  }
  return Outcome(policy: policy, file: file, diagnostics: Diagnostics(diagnostics).sorted, sources: sources)
}

/// A policy around one condition, with a signal of each kind at hand.
func checkCondition(_ condition: String, signals: String = "", rule: String = "then: +10") -> Outcome {
  checkPolicy(policyText(when: condition, signals: signals, rule: rule))
}

func policyText(when condition: String, signals: String = "", rule: String = "then: +10") -> String {
  """
  version: 1
  policy: p
  signals:
    up: {gauge: up}
    cpu: {gauge: cpu, unit: percent}
    load: {gauge: load1}
    cores: {gauge: cores}
    avail: {gauge: avail, unit: bytes, by: [mountpoint]}
    size: {gauge: size, unit: bytes, by: [mountpoint]}
    wear: {gauge: wear, unit: ratio}
    errors: {counter: errors, reduce: sum}
    reqs: {counter: reqs, reduce: sum}
    busy: {counter: cpu_seconds_total, unit: seconds, reduce: sum}
    sent: {counter: sent, unit: bytes, reduce: sum}
    oom: {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}
    io: {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}
    slow: {log: app, match: 'took (?<ms>\\d+) ms', value: ms, unit: ms}
    ready: {condition: Ready}
    image: {info: node_image_info, label: image}
    memory: {fact: memory, unit: GiB}
    failed: {is: 'rate(errors[5m]) / rate(reqs[5m])'}
    free: {is: avail / size, reduce: min}
  \(signals.split(separator: "\n").map { "  \($0)\n" }.joined())
  rules:
    - rule: R
      when: |-
        \(condition)
      \(rule.split(separator: "\n").joined(separator: "\n    "))
  """
}
