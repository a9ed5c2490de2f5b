import ArgumentParser
import Criteria
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaReaders
import CriteriaTesting

struct WhyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Explains the decision about one instance, and what would have changed it.",
    discussion: """
      It takes the inputs of eval, replays the one instance, and shows every rule with its state, every term with its value and \
      evidence, what is missing, what protects, when the verdict can next change, and the smallest single changes of the data \
      that would have made it another one: each was tried. With --record it shows what a saved decision says.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, json }

  @Argument(help: "The instance: its id, or a name that the inventory gives it.")
  var instance: String

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("The policy.", valueName: "file"))
  var policy: String?

  @OptionGroup var replay: ReplayOptions

  @Option(
    help: ArgumentHelp(
      "Explain a decision that `eval --format jsonl` or json wrote, instead of reading inputs.", valueName: "file"))
  var record: String?

  @Option(help: ArgumentHelp("Show this rule alone, and what would change its state.", valueName: "name"))
  var rule: String?

  @Option(help: "human, or json: one document.")
  var format = Format.human

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write results to a file.", valueName: "file"))
  var output: String?

  func validate() throws {
    if record != nil {
      if policy != nil || !(replay.metrics + replay.logs + replay.inventory).isEmpty {
        throw ValidationError("--record is read instead of a policy and inputs: give one or the other")
      }
      return
    }
    guard policy != nil else { throw ValidationError("expected --policy and inputs, or --record") }
    try replay.checkInputs()
  }

  func run() throws {
    if let record { return try show(try RecordedDecision(of: instance, in: record)) }
    let compilation = try compiledPolicy(policy!)
    let policy = try Policy(compilation)
    if let rule { try checkName(rule, among: policy.program.rules.map(\.name), "rule of the policy") }
    let input = try replay.read(for: policy)
    replay.reportProblems(input.summary)
    try replay.check(input.summary)
    let id = try resolved(in: input)
    let tick = tickTime(of: input.at, step: policy.program.step)
    let history = history(of: id, in: input, for: policy)
    guard
      let explanation = WhyAnswer(
        history, compilation, policy, at: tick, rule: rule, source: input.timeOrigin)
    else {
      throw Failure("nothing was observed of `\(id)` by \(input.at)")
    }
    let sink = try Sink(output)
    switch format {
    case .human: try sink.write(explanation.text(on: output == nil ? .output : nil))
    case .json: try sink.write(explanation.json)
    }
    try sink.flush()
  }

  private func show(_ record: RecordedDecision) throws {
    if let rule { try checkName(rule, among: record.ruleNames, "rule of the record") }
    let sink = try Sink(output)
    switch format {
    case .human: try sink.write(record.text(rule: rule, on: output == nil ? .output : nil))
    case .json: try sink.write(record.json + "\n")
    }
    try sink.flush()
  }

  private func checkName(_ name: String, among names: [String], _ what: String) throws {
    if names.contains(name) { return }
    throw Failure("`\(name)` is no \(what)" + suggestion(nearestNames(to: name, among: names)))
  }

  /// The instance's id.
  private func resolved(in input: AssembledInput) throws -> String {
    if input.instances.contains(instance) { return instance }
    switch input.identity?.resolve(instance) {
    case .instance(let id): return id
    case .skipped(let id): throw Failure("`\(id)` is stopped or terminated, says the inventory, and is not judged")
    case .ambiguous(let ids):
      throw Failure("`\(instance)` could mean " + ids.map { "`\($0)`" }.joined(separator: ", "))
    case .unresolved, nil: break
    }
    var names = nearestNames(to: instance, among: input.instances)
    if names.isEmpty, let alias = input.identity?.nearestName(to: instance) { names = [alias] }
    throw Failure("no instance `\(instance)` in the inputs" + suggestion(names))
  }

  /// What is fed of one instance, as `eval` feeds it.
  private func history(of id: String, in input: AssembledInput, for policy: Policy) -> History {
    let times = FeedTimes(input, from: replay.start(of: input, for: policy))
    let attachments = input.attachments.filter { $0.instance == id && $0.time <= input.at }.map {
      History.Attachment(source: $0.source, time: times.time(of: $0))
    }
    var entries = input.observations.compactMap { one -> History.Entry? in
      guard one.instance == id, case .at(let time) = times.placement(of: one) else { return nil }
      return History.Entry(one.observation, at: time, origin: one.origin)
    }
    // What holds throughout was moved to the launch.
    entries = entries.indices.sorted { (entries[$0].time, $0) < (entries[$1].time, $1) }.map { entries[$0] }
    return History(
      instance: id, attachments: attachments, entries: entries, assumesSteady: replay.assumeSteady)
  }
}

/// The few names that one that is not among them may have been meant to be, nearest first.
func nearestNames(to name: String, among names: [String]) -> [String] {
  var rest = Set(names)
  var found: [String] = []
  while found.count < 3, let next = nearest(name, among: rest) {
    found.append(next)
    rest.remove(next)
  }
  return found
}

private func suggestion(_ names: [String]) -> String {
  names.isEmpty ? "" : ", did you mean " + names.map { "`\($0)`" }.joined(separator: " or ") + "?"
}
