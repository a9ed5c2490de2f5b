import CriteriaDiagnostics

/// Shows diagnostics on standard error. Of a file that is no policy at all there may be thousands: errors come first then, and
/// the rest is counted.
func report(_ diagnostics: [Diagnostic], in sources: SourceMap) {
  if diagnostics.isEmpty { return }
  let limit = 100
  var shown = diagnostics
  if shown.count > limit {
    let errors = diagnostics.filter { $0.severity == .error }
    shown = Array((errors + diagnostics.filter { $0.severity != .error }).prefix(limit))
  }
  let terminal = Terminal.errors
  printError(render(shown, in: sources, colour: terminal.colours, width: terminal.width ?? 120))
  if shown.count < diagnostics.count { printError("(\(diagnostics.count - shown.count) more are not shown)\n") }
}
