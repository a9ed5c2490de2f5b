/// Something wrong with what a user wrote, where it stands, and how to mend it.
///
/// Messages: lower case, no full stop, user text in backticks. Advice goes into `help`, a machine-applicable edit into `fix`.
package struct Diagnostic: Hashable, Sendable {
  package enum Severity: String, Sendable { case error, warning, note }

  /// A second place that the frame shows, with a few words.
  package struct Label: Hashable, Sendable {
    package var range: SourceRange
    package var text: String
    package init(_ range: SourceRange, _ text: String) {
      self.range = range
      self.text = text
    }
  }

  /// An edit that mends the fault: replace `range` by `text`.
  package struct Fix: Hashable, Sendable {
    package var range: SourceRange
    package var text: String
    package init(_ range: SourceRange, _ text: String) {
      self.range = range
      self.text = text
    }
  }

  package var severity: Severity
  package var code: DiagnosticCode
  package var message: String
  /// `nil` only where there is no text to point at (a file that cannot be read).
  package var range: SourceRange?
  /// A few words under the primary span's carets (`plain number`).
  package var label: String?
  package var labels: [Label]
  package var help: String?
  package var fix: Fix?

  package init(
    _ severity: Severity = .error, _ code: DiagnosticCode, _ message: String, at range: SourceRange?,
    label: String? = nil,
    labels: [Label] = [], help: String? = nil, fix: Fix? = nil
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.range = range
    self.label = label
    self.labels = labels
    self.help = help
    self.fix = fix
  }
}

/// A stable code such as `E0212`: never reused. `E` for errors, `W` for warnings.
///
/// Blocks: E00xx files and YAML, E01xx keys and values of policy files, E02xx expressions and types, E03xx rules and
/// their meaning; W04xx warnings.
package struct DiagnosticCode: Hashable, Sendable, CustomStringConvertible {
  package let name: String
  package init(_ name: String) { self.name = name }
  package var description: String { name }
}
