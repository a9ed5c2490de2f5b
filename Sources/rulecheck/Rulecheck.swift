import ArgumentParser

@main
struct Rulecheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rulecheck", abstract: "Checks and runs replacement policies.")
}
