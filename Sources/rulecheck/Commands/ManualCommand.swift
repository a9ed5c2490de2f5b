import ArgumentParser

/// The man page, from the help of the commands: `make install` puts it where `man rulecheck` finds it.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Prints the man page.", shouldDisplay: false)

  func run() throws {
    let sink = try Sink(nil)
    try sink.write(Self.page)
    try sink.flush()
  }

  private static var page: String {
    var text = """
      .TH RULECHECK 1 "" "rulecheck \(Rulecheck.version)"
      .SH NAME
      rulecheck \\- decide which instances of a fleet to keep, watch, quarantine or replace
      .SH SYNOPSIS
      .B rulecheck
      .I command
      .RI [ options ]

      """
    text += ".SH DESCRIPTION\n" + filled(Rulecheck.configuration.abstract) + ".PP\n"
    text += filled(Rulecheck.configuration.discussion)
    text += ".SH COMMANDS\n"
    for command in Rulecheck.configuration.subcommands where command.configuration.shouldDisplay {
      let name = command.configuration.commandName ?? ""
      text += ".SS \(name)\n.nf\n" + verbatim(Rulecheck.helpMessage(for: command, columns: 90)) + ".fi\n"
    }
    text += """
      .SH EXIT STATUS
      .TP
      .B 0
      Fine.
      .TP
      .B 1
      It could not run: usage, input that cannot be read, nothing to judge.
      .TP
      .B 2
      A negative result.
      .TP
      .B 3
      The policy is not valid.

      """
    return text
  }

  private static func filled(_ text: String) -> String { lines(text) }
  private static func verbatim(_ text: String) -> String { lines(text) }

  /// A leading dot or quote would be a request, and a backslash begins an escape.
  private static func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let escaped = line.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\e")
        .split(separator: "-", omittingEmptySubsequences: false).joined(separator: "\\-")
      return (escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped + "\n"
    }.joined()
  }
}
