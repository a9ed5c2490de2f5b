import ArgumentParser
import Criteria
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaReaders
import Glibc

struct MatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "match", abstract: "Shows which log signals of a policy hit which lines.",
    discussion: """
      Patterns see a line's message, without its header, and only lines of their sources. A path may be a gzip file, a folder \
      INSTANCE/SOURCE.log, or - for standard input. Several logs are searched at once. Counts, and how fast it went, go to \
      standard error.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, jsonl }

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("The policy.", valueName: "file"))
  var policy: String

  @Argument(help: ArgumentHelp("A log.", valueName: "[instance:][source=]path"))
  var logs: [String]

  @Option(
    name: .customLong("signal"), help: ArgumentHelp("Only this log signal; several may be named.", valueName: "name"))
  var signals: [String] = []

  @Flag(help: "Take every line to be of every signal's source.")
  var anySource = false

  @Flag(name: [.customShort("c"), .long], help: "Print counts only.")
  var count = false

  @OptionGroup var reading: ReadingOptions

  @Option(help: ArgumentHelp("How many logs to read at a time; default: one for each processor.", valueName: "count"))
  var jobs: Int?

  @Option(help: "human: the message, its match marked; jsonl: a match a line.")
  var format = Format.human

  func validate() throws {
    if logs.isEmpty { throw ValidationError("expected at least one log") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if logs.count(where: { $0 == "-" || $0.hasSuffix(":-") || $0.hasSuffix("=-") }) > 1 {
      throw ValidationError("standard input can be read once")
    }
  }

  func run() throws {
    let signals = try chosenSignals(try loadedPolicy(policy))
    var options = InputOptions()
    try reading.apply(to: &options, at: nil)
    let sink = try Sink(nil)
    let clock = ContinuousClock()
    var outcome = LogSearch.Outcome(signals: signals.count)
    let time = try clock.measure {
      do {
        let specs = try logs.flatMap { try expandFolders(try parseLogsSpec($0)) }
        let (isSilent, format) = (count, format)
        let search = ParallelSearch(
          specs, options, signals: signals, anySource: anySource, jobs: jobs ?? activeProcessors(), to: sink
        ) { hit in
          isSilent ? nil : format == .human ? Self.line(hit) : Self.json(hit)
        }
        outcome = try search.run()
      } catch let error as InputError {
        throw Failure(error.description)
      } catch let error as InputSpecError {
        throw ValidationError(error.description)
      }
    }
    if count {
      for (signal, total) in zip(signals, outcome.totals) { try sink.write("\(total.hits)\t\(signal.name)\n") }
    }
    try sink.flush()
    report(outcome, signals, time)
  }

  /// The log signals that were asked for: all by default.
  private func chosenSignals(_ policy: Policy) throws -> [LogSearch.Signal] {
    let all = policy.program.signals.compactMap { signal -> LogSearch.Signal? in
      guard case .log(let pattern) = signal.source else { return nil }
      return LogSearch.Signal(name: signal.name, pattern: pattern)
    }
    if all.isEmpty { throw Failure("the policy has no log signals") }
    for name in signals where !all.contains(where: { $0.name == name }) {
      let known = all.map { "`\($0.name)`" }.joined(separator: ", ")
      throw Failure("no log signal `\(escaped(name))`, expected one of \(known)")
    }
    return signals.isEmpty ? all : all.filter { signals.contains($0.name) }
  }

  // MARK: Writing

  private static func line(_ hit: LogSearch.Hit) -> String {
    let terminal = Terminal.output
    let place = terminal.paint("\(escaped(hit.path)):\(hit.line)", .faint)
    let signal = terminal.paint(hit.signal, .cyan)
    if hit.isLimit { return "\(place): \(signal): \(terminal.paint("match limit", .yellow)): \(escaped(hit.before))\n" }
    return
      "\(place): \(signal): \(escaped(hit.before))\(terminal.paint(escaped(hit.match), .alarm))\(escaped(hit.after))\n"
  }

  private static func json(_ hit: LogSearch.Hit) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("file", hit.path)
    writer.member("line", hit.line)
    writer.member("signal", hit.signal)
    if hit.isLimit { writer.member("limit", true) } else { writer.member("match", hit.match) }
    writer.member("message", hit.before + hit.match + hit.after)
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  private func report(_ outcome: LogSearch.Outcome, _ signals: [LogSearch.Signal], _ time: Duration) {
    for problem in outcome.problems.problems.prefix(20) {
      printError(Terminal.errors.paint("warning: ", .yellow) + escaped(problem.description))
    }
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    let speed = seconds > 0 ? Double(outcome.bytes) / seconds / 1e6 : 0
    for (signal, total) in zip(signals, outcome.totals) {
      let limits = total.limits > 0 ? ", \(counted(total.limits, "line")) at the match limit: unknown" : ""
      printError("\(signal.name): \(counted(total.hits, "match", "matches"))\(limits)")
    }
    printError("\(counted(outcome.lines, "line")), \(outcome.bytes) bytes, \(Int(speed)) MB/s")
  }
}
