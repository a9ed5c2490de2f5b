import ArgumentParser

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of a file or record, for editors and validators.",
    discussion: """
      An editor that knows yaml-language-server completes a file that begins with
      # yaml-language-server: $schema=PATH
      """)

  enum Name: String, ExpressibleByArgument, CaseIterable {
    case policy, signals, test, defaults, inventory, decision, stream
  }

  @Argument(
    help:
      "policy, signals (a file for use:), test, defaults (a file for use: of tests), inventory; decision (a record), stream (its lines)."
  )
  var name: Name

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write it to a file.", valueName: "file"))
  var output: String?

  func run() throws {
    let sink = try Sink(output)
    switch name {
    case .policy: try sink.write(KeySchema.policy().text() + "\n")
    case .signals: try sink.write(KeySchema.signals().text() + "\n")
    case .test: try sink.write(KeySchema.test().text() + "\n")
    case .defaults: try sink.write(KeySchema.defaults().text() + "\n")
    // The files in docs/, built into the program.
    case .inventory: try sink.write(PackageResources.inventory_schema_json)
    case .decision: try sink.write(PackageResources.decision_schema_json)
    case .stream: try sink.write(PackageResources.stream_schema_json)
    }
    try sink.flush()
  }
}
