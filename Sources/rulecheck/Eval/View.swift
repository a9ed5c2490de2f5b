import ArgumentParser
import Criteria
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaReaders

/// How `eval` shows what it decided: which instances, in which order, one by one or in groups.
struct ViewOptions: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Show the instances for which this holds, by labels and facts of the inventory, such as 'label.role == \"web\"'.",
      valueName: "expression"))
  var filter: String?

  @Option(
    help: ArgumentHelp("verdict (worst first), score, instance, or a label.NAME or fact.NAME.", valueName: "what"))
  var sort = ViewKey(argument: "verdict")!

  @Option(
    help: ArgumentHelp(
      "Count by verdict or by a label.NAME or fact.NAME, instead of a row for each instance.", valueName: "what"))
  var groupBy: ViewKey?

  func validate() throws {
    if groupBy == .score || groupBy == .instance {
      throw ValidationError("expected --group-by verdict, label.NAME or fact.NAME")
    }
  }
}

/// What rows are sorted or grouped by.
enum ViewKey: ExpressibleByArgument, Equatable {
  case verdict
  case score
  case instance
  case label(String)
  case fact(String)

  init?(argument: String) {
    switch argument {
    case "verdict": self = .verdict
    case "score": self = .score
    case "instance": self = .instance
    default:
      let name = String(argument.drop { $0 != "." }.dropFirst())
      if name.isEmpty { return nil }
      if argument.hasPrefix("label.") {
        self = .label(name)
      } else if argument.hasPrefix("fact.") {
        self = .fact(name)
      } else {
        return nil
      }
    }
  }
}

/// What the inventory says of the instances, for showing them.
struct View {
  private let options: ViewOptions
  private var labels: [String: [String: String]] = [:]
  private var facts: [String: [String: String]] = [:]
  private let input: AssembledInput

  init(_ options: ViewOptions, _ input: AssembledInput) {
    self.options = options
    self.input = input
    for one in input.observations where one.time <= input.at {
      guard case .facts(let facts, let labels, _, _) = one.observation else { continue }
      if let labels { self.labels[one.instance, default: [:]].merge(labels) { $1 } }
      self.facts[one.instance, default: [:]].merge(facts) { $1 }
    }
  }

  /// - Throws: If the expression of `--where` is none.
  func apply(to decisions: [Decision]) throws -> [Decision] {
    var shown = decisions
    if let filter = options.filter {
      let chosen = try chosen(by: filter, among: Set(decisions.map(\.instance)))
      shown = shown.filter { chosen.contains($0.instance) }
    }
    switch options.sort {
    case .verdict: return shown
    case .score:
      return shown.enumerated().sorted { a, b in
        let (first, second) = (a.element.score, b.element.score)
        return (second.highThousandths, second.lowThousandths, a.offset) < (
          first.highThousandths, first.lowThousandths, b.offset
        )
      }.map(\.element)
    case .instance: return shown.sorted { $0.instance.utf8.lexicographicallyPrecedes($1.instance.utf8) }
    case .label, .fact:
      return shown.enumerated().sorted { a, b in
        (value(options.sort, of: a.element) ?? "\u{10FFFF}", a.offset) < (
          value(options.sort, of: b.element) ?? "\u{10FFFF}", b.offset
        )
      }.map(\.element)
    }
  }

  /// `nil`: not told.
  private func value(_ key: ViewKey, of decision: Decision) -> String? {
    switch key {
    case .verdict: decision.verdict.rawValue
    case .score, .instance: nil
    case .label(let name): labels[decision.instance]?[name]
    case .fact(let name): facts[decision.instance]?[name]
    }
  }

  /// A `selector:` says which instances a policy judges, by labels and facts: so the expression is one, and a fleet that
  /// knows nothing but the inventory tells of whom it holds.
  private func chosen(by expression: String, among instances: Set<String>) throws -> Set<String> {
    let text = """
      version: 1
      policy: where
      selector: \(quoted(expression))
      rules:
        - {rule: Any, when: age < 0s, then: +1}
      """
    let policy: Policy
    do {
      policy = try Policy(text: text, file: "--where")
    } catch {
      let first = error.diagnostics.first { $0.severity == .error }
      throw Failure("--where: " + (first.map { $0.message + ($0.help.map { "; " + $0 } ?? "") } ?? "no expression"))
    }
    var fleet = Fleet(policy)
    for one in input.observations where instances.contains(one.instance) && one.time <= input.at {
      guard case .facts = one.observation else { continue }
      fleet.observe(one.observation, of: one.instance, at: one.time)
    }
    fleet.advance(to: input.at)
    return instances.filter { id in
      guard let decision = fleet.explain(id, at: input.at) else { return false }
      return decision.isSelected && decision.verdict != .unknown
    }
  }

  private func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  // MARK: Groups

  /// The decisions of `--group-by`, in the order of their names; `nil` where none was asked for.
  func groups(of decisions: [Decision]) -> [(name: String, decisions: [Decision])]? {
    guard let key = options.groupBy else { return nil }
    let groups = Dictionary(grouping: decisions) { value(key, of: $0) ?? "(none)" }
    return groups.map { (name: $0.key, decisions: $0.value) }.sorted { $0.name < $1.name }
  }

  /// - Throws: If it cannot be written.
  func write(
    _ groups: [(name: String, decisions: [Decision])], of evaluation: Evaluation, as format: EvalCommand.Format,
    to sink: Sink, on terminal: Terminal?
  ) throws {
    switch format {
    case .human: try sink.write(Self.table(groups, on: terminal) + evaluation.summaryText + "\n")
    case .jsonl:
      for group in groups { try sink.write(Self.json(group) + "\n") }
      printError(evaluation.summaryText)
    case .json: try sink.write("{\"groups\":[" + groups.map { Self.json($0) }.joined(separator: ",") + "]}\n")
    }
  }

  private static func table(_ groups: [(name: String, decisions: [Decision])], on terminal: Terminal?) -> String {
    var table = Table(header: ["GROUP", "INSTANCES"] + order.map { $0.rawValue.uppercased() } + ["RULES"])
    for group in groups {
      let counts = order.map { verdict in group.decisions.count { $0.verdict == verdict } }
      let cells = [Table.Cell(escaped(group.name)), Table.Cell(String(group.decisions.count))]
      table.add(
        cells + counts.map { Table.Cell($0 == 0 ? "-" : String($0)) },
        parts: rules(of: group.decisions).map { "\(escaped($0.name)) \($0.count)" })
    }
    return groups.isEmpty ? "" : table.render(colours: terminal?.colours ?? false, width: terminal?.width)
  }

  /// One object: `{"group": "web", "instances": 8, "verdicts": {…}, "rules": {…}}`
  private static func json(_ group: (name: String, decisions: [Decision])) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("group", group.name)
    writer.member("instances", group.decisions.count)
    writer.key("verdicts")
    writer.beginObject()
    for verdict in order {
      let count = group.decisions.count { $0.verdict == verdict }
      if count > 0 { writer.member(verdict.rawValue, count) }
    }
    writer.endObject()
    writer.key("rules")
    writer.beginObject()
    for rule in rules(of: group.decisions) { writer.member(rule.name, rule.count) }
    writer.endObject()
    writer.endObject()
    return writer.text
  }

  private static let order: [Verdict] = [.replace, .quarantine, .unknown, .watch, .keep]

  private static func rules(of decisions: [Decision]) -> [(name: String, count: Int)] {
    let names = decisions.flatMap { $0.rules.filter(\.counts).map(\.rule) }
    return Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).map { (name: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }
}
