import ArgumentParser
import Criteria
import CriteriaDiagnostics
import CriteriaReaders

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Decides about each instance, from metrics, logs and an inventory.",
    discussion: """
      Paths may be gzip files, folders, or - for standard input. A folder of metrics holds a file per instance, a folder of \
      logs INSTANCE/SOURCE.log. Without --at the time is the median over instances of their newest metric (or log line). \
      Results go to standard output, problems and progress to standard error.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, jsonl, json }

  /// What `--fail-on` takes: verdicts, and results from a part of the inputs only.
  enum Condition: String, CaseIterable, Sendable { case keep, watch, quarantine, replace, unknown, partial }

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("The policy.", valueName: "file"))
  var policy: String

  @OptionGroup var replay: ReplayOptions

  @OptionGroup var view: ViewOptions

  @Flag(help: "Decide even if there are no instances, or nothing feeds a signal that rules need.")
  var allowEmpty = false

  @Option(help: ArgumentHelp("Show these verdicts only, such as replace,unknown.", valueName: "verdicts"))
  var only: WordList<Verdict>?

  @Flag(help: "Show all rows; else a terminal hides keep above 50.")
  var all = false

  @Flag(help: "Report idle rules too.")
  var allRules = false

  @Option(
    help: ArgumentHelp(
      "Exit with 2 if one of these verdicts occurs, or inputs were used in part: partial.", valueName: "list"))
  var failOn: WordList<Condition>?

  @Option(
    help: ArgumentHelp("Warn if more than this share of the fleet is to be replaced at once.", valueName: "percent"))
  var blastRadius = Percentage(argument: "10")!

  @Option(
    help: ArgumentHelp(
      "Go on where the last run with this file stopped, and write it for the next one: runs need no history.",
      valueName: "file"))
  var state: String?

  @Option(help: ArgumentHelp("How long to wait for another run that uses the state.", valueName: "duration"))
  var stateWait: Span?

  @Option(help: "human: a table; jsonl: a decision a line; json: one document with a summary.")
  var format = Format.human

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write results to a file.", valueName: "file"))
  var output: String?

  func validate() throws { try replay.checkInputs() }

  func run() throws {
    let policy = try loadedPolicy(policy)
    let state = try state.map { try RunState($0, patience: stateWait?.milliseconds ?? 0) }
    let input = try replay.read(for: policy)
    replay.reportProblems(input.summary)
    var fleet = try begin(policy, state)
    var rereading = state.map { Rereading($0.saved, last: fleet.lastTick, policy: policy, at: input.at) }
    let evaluation = try evaluate(&fleet, input, &rereading)
    try write(evaluation)
    // Last: a run that says nothing is to be repeated as if it had not been.
    try state?.save(fleet, fed: rereading?.fed, lastSeen: rereading?.lastSeen)
    // Last, so that it is what a terminal shows last.
    for warning in evaluation.warnings { printError(Terminal.errors.paint("warning: " + escaped(warning), .alarm)) }
    if let failOn, evaluation.meets(failOn.words) { throw ExitCode(.negative) }
  }

  // MARK: Deciding

  /// The fleet of the state, or a new one. What an earlier run kept and this policy does not is said.
  private func begin(_ policy: Policy, _ state: RunState?) throws -> Fleet {
    guard let state else { return Fleet(policy, assumingSteady: replay.assumeSteady) }
    if !state.isFound { printError("the state `\(escaped(state.file.path))` is not there yet: this run begins it") }
    var report: [StateTransfer] = []
    let fleet = try state.fleet(policy, assumingSteady: replay.assumeSteady, report: &report)
    for one in report where !one.isKept || one.reason != "unchanged" {
      printError("the policy has changed since the last run: " + escaped(one.description))
    }
    return fleet
  }

  private func evaluate(
    _ fleet: inout Fleet, _ input: AssembledInput, _ rereading: inout Rereading?
  ) throws -> Evaluation {
    let policy = fleet.policy
    try replay.check(input.summary)
    if input.instances.isEmpty, fleet.instances.isEmpty, !allowEmpty {
      throw Failure("no instances: the inputs name none (--allow-empty to go on)")
    }

    try checkTimes(input, rereading)

    // What is observed after `at` is left out.
    let tick = tickTime(of: input.at, step: policy.program.step)
    let start = replay.start(of: input, for: policy)
    let countsBefore = fleet.counts
    var beyond = Evaluation.Beyond()
    let instances = retire(input, &fleet, from: start, &rereading, &beyond)
    let unfed = feed(input, to: &fleet, from: start, &rereading, &beyond)
    if !unfed.isEmpty, !input.instances.isEmpty, !allowEmpty {
      let names = unfed.map { "`\($0)`" }.joined(separator: ", ")
      let problem = "no input feeds \(names), which rules need" + beyond.aside(at: input.at)
      // With a state, a run may bring nothing new.
      guard rereading?.last != nil else {
        throw Failure(problem + " (mark them `optional`, or --allow-empty to go on)")
      }
      printError("warning: " + problem)
    }
    // What is decided cannot be decided again, and the next run may bring more of this very tick: with a state the tick is
    // only looked at.
    fleet.advance(to: rereading == nil ? tick : input.at)
    var decisions: [Decision] = []
    var unknownInstances = 0
    var notSelected = 0
    for instance in instances {
      guard let decision = fleet.explain(instance, at: tick, allRules: allRules) else {
        unknownInstances += 1
        continue
      }
      if decision.isSelected { decisions.append(decision) } else { notSelected += 1 }
    }
    beyond.notSelected = notSelected
    beyond.withoutObservation = unknownInstances
    return Evaluation(
      policy: policy, input: input, counts: fleet.counts.since(countsBefore), decisions: decisions, beyond: beyond,
      blastRadius: blastRadius.share, assumesSteady: replay.assumeSteady)
  }

  /// Feeds what was observed of each instance from its launch and from the history's start on, up to the time of the decision.
  ///
  /// - Returns: The signals that rules need and nothing feeds.
  private func feed(
    _ input: AssembledInput, to fleet: inout Fleet, from start: Timestamp, _ rereading: inout Rereading?,
    _ beyond: inout Evaluation.Beyond
  ) -> [String] {
    var unfed = UnfedSignals(fleet.policy.program)
    let times = FeedTimes(input, from: start)
    for attachment in input.attachments where attachment.time <= input.at {
      unfed.see(log: attachment.source)
      var time = times.time(of: attachment)
      if let rereading { time = rereading.moved(time, upTo: input.at) }
      fleet.attach(log: attachment.source, of: attachment.instance, at: time)
    }
    // What goes on from a state may meet another policy, which asks for the newest line of each tick.
    var quiet = rereading == nil ? QuietLines(input, times, for: fleet.policy.program) : nil
    for (index, one) in input.observations.enumerated() {
      var time: Timestamp
      switch times.placement(of: one) {
      case .at(let fed): time = fed
      case .future:
        beyond.future += one.count
        continue
      case .older:
        beyond.older += one.count
        continue
      case .predecessor:
        beyond.predecessor += one.count
        continue
      }
      unfed.see(one.observation)
      if quiet?.isNoNews(index, one) == true { continue }
      if rereading != nil, !isNew(one, &time, upTo: input.at, &rereading!, &beyond) { continue }
      fleet.observe(one.observation, of: one.instance, at: time, origin: one.origin)
    }
    return unfed.names
  }

  // MARK: Going on from a state

  private func checkTimes(_ input: AssembledInput, _ rereading: Rereading?) throws {
    guard let rereading else { return }
    if let last = rereading.last, input.at < last {
      throw Failure(
        "the state has decided all up to \(last), and this run is for \(input.at): a decided tick is never redone")
    }
    let lines = input.summary.unanchoredLines
    if lines > 0 {
      throw Failure(
        "\(counted(lines, "log line")) \(lines == 1 ? "has" : "have") no time of \(lines == 1 ? "its" : "their") own, and "
          + "would be new in each run: give --boot for kernel seconds, and leave other logs without times out of runs with "
          + "--state")
    }
  }

  /// Forgets who is gone: with an inventory those that it does not list, else those not heard of since the history's start.
  ///
  /// - Returns: The instances to decide about, in byte order.
  private func retire(
    _ input: AssembledInput, _ fleet: inout Fleet, from start: Timestamp, _ rereading: inout Rereading?,
    _ beyond: inout Evaluation.Beyond
  ) -> [String] {
    guard rereading != nil else { return input.instances }
    var instances = input.instances
    let given = Set(instances)
    for instance in fleet.instances where !given.contains(instance) {
      let isGone =
        !replay.inventory.isEmpty || (rereading!.lastSeen[instance] ?? start.milliseconds) < start.milliseconds
      if isGone {
        fleet.remove(instance)
        rereading!.forget(instance)
        beyond.retired += 1
      } else {
        instances.append(instance)
      }
    }
    return instances.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether an observation is to be fed, and when.
  private func isNew(
    _ one: InputObservation, _ time: inout Timestamp, upTo at: Timestamp, _ rereading: inout Rereading,
    _ beyond: inout Evaluation.Beyond
  ) -> Bool {
    rereading.see(one.instance, at: time)
    if case .facts = one.observation {
      time = rereading.moved(time, upTo: at)
      return true
    }
    if rereading.isDecided(time) {
      beyond.decided += one.count
      return false
    }
    guard case .line(let text, let source) = one.observation else { return true }
    if rereading.isNew(text, source: source, of: one.instance, at: time) { return true }
    beyond.again += one.count
    return false
  }

  // MARK: Writing

  private func write(_ evaluation: Evaluation) throws {
    let view = View(view, evaluation.input)
    let shown = try view.apply(
      to: only.map { only in evaluation.decisions.filter { only.words.contains($0.verdict) } } ?? evaluation.decisions)
    let sink = try Sink(output)
    if let groups = view.groups(of: shown) {
      try view.write(groups, of: evaluation, as: format, to: sink, on: output == nil ? .output : nil)
      return try sink.flush()
    }
    switch format {
    case .human:
      try sink.write(
        evaluation.table(
          shown, on: output == nil ? .output : nil, showsAll: all || only != nil || self.view.filter != nil))
    case .jsonl:
      for decision in shown { try sink.write(decision.json + "\n") }
      printError(evaluation.summaryText)
    case .json: try sink.write(evaluation.document(shown))
    }
    try sink.flush()
  }
}
