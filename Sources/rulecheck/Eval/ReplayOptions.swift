import ArgumentParser
import Criteria
import CriteriaDiagnostics
import CriteriaReaders
import Glibc

/// What is read, and as of when: the same for every command that decides from files.
struct ReplayOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Prometheus text or promtool tsdb dump. INSTANCE is for exports that do not name theirs; else the file's name is it.",
      valueName: "[instance:]path"))
  var metrics: [String] = []

  @Option(
    help: ArgumentHelp(
      "A log: syslog, ISO 8601, kernel seconds, or without times. A folder says that all sources of its instances are read.",
      valueName: "[instance:][source=]path"))
  var logs: [String] = []

  @OptionGroup var reading: ReadingOptions

  @Option(help: ArgumentHelp("What the fleet is: ids, aliases, labels, facts; YAML or JSON.", valueName: "path"))
  var inventory: [String] = []

  @Option(help: ArgumentHelp("The time to decide for: ISO 8601, or seconds since 1970.", valueName: "time"))
  var at: Moment?

  @Option(
    help: ArgumentHelp("How far back to read; never less than the policy's rules look back.", valueName: "duration"))
  var history = Span(argument: "7d")!

  @Flag(help: "Take each instance to have stood for long as it was first seen: for a single scrape.")
  var assumeSteady = false

  @Option(help: ArgumentHelp("How many logs to read at a time; default: one for each processor.", valueName: "count"))
  var jobs: Int?

  @Flag(help: "Refuse inputs of which a part cannot be used.")
  var strict = false

  /// - Throws: If nothing is to be read, or what can be read once is to be read twice.
  func checkInputs() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if metrics.isEmpty && logs.isEmpty && inventory.isEmpty {
      throw ValidationError("expected at least one of --metrics, --logs and --inventory")
    }
    if (metrics + logs + inventory).count(where: { $0 == "-" || $0.hasSuffix(":-") || $0.hasSuffix("=-") }) > 1 {
      throw ValidationError("standard input can be read once")
    }
  }

  // MARK: Reading

  /// - Throws: If something cannot be opened, or an option is wrong.
  func read(for policy: Policy) throws -> AssembledInput {
    let needs = PolicyNeeds(policy.program)
    var options = InputOptions()
    options.at = at?.timestamp.milliseconds
    try reading.apply(to: &options, at: at)
    options.step = policy.program.step
    options.conditionHistory = max(history.milliseconds, needs.history)
    options.assumeSteady = assumeSteady
    var assembler = InputAssembler(filter: needs.filter, options: options)
    let progress = Progress()
    assembler.progress = { progress.report($0, $1, $2) }
    defer { progress.finish() }
    do {
      for path in inventory { try assembler.readInventory(path) }
      for text in metrics {
        for spec in try expandFolders(try parseMetricsSpec(text)) { try assembler.readMetrics(spec) }
      }
      try assembler.readLogs(
        try logs.flatMap { try expandFolders(try parseLogsSpec($0)) }, jobs: jobs ?? activeProcessors(), progress)
    } catch let error as InputError {
      throw Failure(error.description)
    } catch let error as InputSpecError {
      throw ValidationError(error.description)
    }
    return assembler.finish(fallback: newestModification())
  }

  /// When the newest of the inputs was written: the time of observations that carry none, if nothing else says. Milliseconds.
  private func newestModification() -> Int64 {
    var newest: Int64?
    for text in metrics + logs {
      guard let path = (try? parseLogsSpec(text))?.path, path != "-" else { continue }
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      let time = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
      newest = max(newest ?? time, time)
    }
    return newest ?? Int64(time(nil)) * 1000
  }

  func reportProblems(_ summary: InputSummary) {
    let terminal = Terminal.errors
    let shown = summary.problems.problems.prefix(20)
    for problem in shown { printError(terminal.paint("warning: ", .yellow) + escaped(problem.description)) }
    let hidden = summary.problems.total - shown.count
    if hidden > 0 {
      printError(terminal.paint("warning: ", .yellow) + "\(hidden) more problems of the inputs, not shown")
    }
    for unresolved in summary.unresolved.prefix(20) {
      let help = unresolved.nearest.map { ", did you mean `\(escaped($0))`?" } ?? ""
      let what = unresolved.count == 1 ? "1 observation" : "\(unresolved.count) observations"
      printError(
        terminal.paint("warning: ", .yellow) + "`\(escaped(unresolved.name))` (\(what)) is not in the inventory" + help)
    }
  }

  /// - Throws: If what was read cannot be decided from.
  func check(_ summary: InputSummary) throws {
    if let first = summary.ambiguous.first {
      let ids = first.candidates.map { "`\($0)`" }.joined(separator: ", ")
      throw Failure("the name `\(escaped(first.name))` could mean \(ids): give them aliases that differ")
    }
    if strict, summary.isPartial { throw Failure("--strict: a part of the inputs cannot be used, see above") }
  }

  /// From when on observations are fed.
  func start(of input: AssembledInput, for policy: Policy) -> Timestamp {
    let length = max(history.milliseconds, PolicyNeeds(policy.program).history)
    return Timestamp(milliseconds: input.at.milliseconds - length)
  }
}

/// When what was read is fed: from an instance's launch and the history's start on, up to the time of the decision.
struct FeedTimes {
  enum Placement: Equatable {
    case at(Timestamp)
    /// It is left out: after the decision, before the history, of a predecessor.
    case future, older, predecessor
  }

  let start: Timestamp
  let end: Timestamp
  private var beginnings: [String: Timestamp] = [:]

  init(_ input: AssembledInput, from start: Timestamp) {
    self.start = start
    end = input.at
    // What an inventory says holds throughout, but the instance began with its launch.
    for one in input.observations {
      guard case .facts(_, _, _, let launched?) = one.observation, launched <= end else { continue }
      beginnings[one.instance] = max(launched, beginnings[one.instance] ?? start, start)
    }
  }

  func time(of one: InputAttachment) -> Timestamp { max(one.time, beginnings[one.instance] ?? start) }

  func placement(of one: InputObservation) -> Placement {
    if one.time > end { return .future }
    let beginning = beginnings[one.instance] ?? start
    if one.time >= beginning { return .at(one.time) }
    guard case .facts = one.observation else { return one.time < start ? .older : .predecessor }
    return .at(beginning)
  }
}

/// A time belongs to the tick at or after it.
func tickTime(of time: Timestamp, step: Int64) -> Timestamp {
  let at = time.milliseconds
  return Timestamp(milliseconds: (at / step + (at % step > 0 ? 1 : 0)) * step)
}
