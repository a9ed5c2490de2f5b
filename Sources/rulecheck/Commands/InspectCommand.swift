import ArgumentParser
import Criteria
import CriteriaReaders
import Glibc

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tells what is in inputs: formats, instances, series, streams, times, problems; and what feeds a policy.",
    discussion: """
      Paths are taken for what their content shows; --metrics, --logs and --inventory say it. With -p each signal of the policy \
      is looked for: what feeds it, and if nothing does, why. Nothing is decided.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, json }

  @Argument(help: ArgumentHelp("Files or folders of any kind, or - for standard input.", valueName: "[instance:]path"))
  var paths: [String] = []

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("The policy to be fed.", valueName: "file"))
  var policy: String?

  @Option(help: ArgumentHelp("Metrics, whatever they look like.", valueName: "[instance:]path"))
  var metrics: [String] = []

  @Option(help: ArgumentHelp("A log, or a folder of them.", valueName: "[instance:][source=]path"))
  var logs: [String] = []

  @Option(help: ArgumentHelp("An inventory.", valueName: "path"))
  var inventory: [String] = []

  @OptionGroup var reading: ReadingOptions

  @Option(help: ArgumentHelp("The time to look from: ISO 8601, or seconds since 1970.", valueName: "time"))
  var at: Moment?

  @Flag(help: "Exit with 1 if anything was refused, or an input is empty.")
  var strict = false

  @Flag(help: "Show all rows; else long lists are cut.")
  var all = false

  @Option(help: "human, or json.")
  var format = Format.human

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write results to a file.", valueName: "file"))
  var output: String?

  func validate() throws {
    if paths.isEmpty && metrics.isEmpty && logs.isEmpty && inventory.isEmpty {
      throw ValidationError("expected a path, or --metrics, --logs or --inventory")
    }
  }

  func run() throws {
    let policy = try self.policy.map { try loadedPolicy($0) }
    let inspection = try read(for: policy)
    let signals = policy.map { feedReport(of: $0.program, in: inspection) }
    let report = InspectReport(inspection: inspection, policy: policy, signals: signals)
    let sink = try Sink(output)
    switch format {
    case .human: try sink.write(report.text(on: output == nil ? .output : nil, showsAll: all))
    case .json: try sink.write(report.document)
    }
    try sink.flush()
    if strict, !inspection.isSound { throw ExitCode(.couldNotRun) }
  }

  private func read(for policy: Policy?) throws -> Inspection {
    var options = InputOptions()
    options.at = at?.timestamp.milliseconds
    options.problemLimit = 1000
    try reading.apply(to: &options, at: at)
    var filter = InputFilter()
    if let policy {
      let needs = PolicyNeeds(policy.program).filter
      filter.instanceLabels = needs.metrics ?? [:]
      filter.logs = needs.logs
    }
    var assembler = InputAssembler(filter: filter, options: options, inspecting: true)
    let progress = Progress()
    assembler.progress = { progress.report($0, $1, $2) }
    defer { progress.finish() }
    do {
      for path in inventory { try assembler.readInventory(path) }
      for text in paths { try assembler.readAny(try parseInputSpec(text)) }
      for text in metrics { try assembler.readMetrics(try parseMetricsSpec(text)) }
      for text in logs { try assembler.readLogs(try parseLogsSpec(text)) }
    } catch let error as InputError {
      throw Failure(error.description)
    } catch let error as InputSpecError {
      throw ValidationError(error.description)
    }
    return assembler.inspect(fallback: Int64(time(nil)) * 1000)
  }
}
