package import CriteriaDiagnostics

/// What `rulecheck explain` says about one code.
package struct ExplainPage: Sendable {
  /// A policy that has the fault, or no longer has it.
  package enum Sample: Sendable {
    case policy(String)
    /// What cannot be printed whole: a few words about it, and its bytes.
    case file(String, @Sendable () -> [UInt8])
    /// No file at all; the command that says so.
    case command(String)
  }

  package var code: DiagnosticCode
  package var title: String
  package var why: String
  package var failing: Sample
  package var mended: String

  init(_ code: DiagnosticCode, _ title: String, _ why: String, failing: Sample, mended: String) {
    self.code = code
    self.title = title
    self.why = why
    self.failing = failing
    self.mended = mended
  }

  package init(_ code: DiagnosticCode, _ title: String, _ why: String, failing: String, mended: String) {
    self.init(code, title, why, failing: .policy(failing), mended: mended)
  }
}

/// Every page, in the order of the codes.
package let explainPages: [ExplainPage] =
  filePages + keyPages + grammarPages + namePages + typePages + functionPages + rulePages + warningPages

/// What can be explained: codes and functions. For "did you mean".
package let explainableNames: [String] = explainPages.map(\.code.name) + Set(FunctionTable.names).sorted()

/// The page of a diagnostic's code, or of a function or built-in term.
///
/// - Returns: Text that ends with a line break; `nil` for a name that nothing has.
package func explain(_ codeOrFunction: String) -> String? {
  if let page = explainPages.first(where: { $0.code.name.lowercased() == codeOrFunction.lowercased() }) {
    return text(of: page)
  }
  let entries = FunctionTable.entries.filter { $0.name == codeOrFunction }
  return entries.isEmpty ? nil : entries.map(text).joined(separator: "\n")
}

package func text(of page: ExplainPage) -> String {
  let kind = page.code.name.hasPrefix("W") ? "Draws this" : "Fails"
  let failing =
    switch page.failing {
    case .policy(let text): indented(text)
    case .file(let words, _): "    (\(words))\n"
    case .command(let command): "    $ \(command)\n"
    }
  return """
    \(page.code.name): \(page.title)

    \(wrapped(page.why))

    \(kind):

    \(failing)
    Mended:

    \(indented(page.mended))
    """
}

private func text(of entry: FunctionEntry) -> String {
  var lines = [entry.signature, "", wrapped(entry.sentence), ""]
  if case .window(let function, let takes, let result) = entry.shape {
    let classes = SignalClass.allCases.filter(takes.contains).map(\.rawValue).joined(separator: ", ")
    lines.append(wrapped("works on: \(classes)"))
    let measure =
      switch result {
      case .same: "what the signal measures"
      case .plain: "a plain number"
      case .perTime: "what the signal measures, per time"
      }
    lines.append("result: \(measure)")
    if FunctionTable.misleadOverCounters.contains(function) {
      lines.append(wrapped("of a counter it mixes growth and restarts (W0401); use `rate` or `increase` there"))
    }
    lines.append("")
  }
  return (lines + ["example:", "", "    when: \(entry.example)", ""]).joined(separator: "\n")
}

private func indented(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    \($0)" }
    .joined(separator: "\n")
}

/// Lines of at most 80 characters, broken at spaces.
private func wrapped(_ text: String) -> String {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, line.count + word.count >= 80 {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  return (lines + [line]).joined(separator: "\n")
}

/// A small policy around what a page is about.
///
/// - Parameters:
///   - head: Keys of the policy besides its name.
///   - rule: Keys of the rule besides its name and `when`.
func example(
  head: String = "", signals: String = "cpu: {gauge: node_cpu_busy_percent, unit: percent}",
  when: String = "avg(cpu[5m]) > 90%", rule: String = "then: +40"
) -> String {
  func lines(_ text: String, by indent: String) -> String {
    text.split(separator: "\n").map { "\(indent)\($0)\n" }.joined()
  }
  let declared = signals.isEmpty ? "" : "signals:\n\(lines(signals, by: "  "))"
  return """
    version: 1
    policy: example
    \(lines(head, by: ""))\(declared)rules:
      - rule: Example
        when: \(when)
    \(lines(rule, by: "    "))
    """
}
