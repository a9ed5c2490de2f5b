import ArgumentParser
import Criteria
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaReaders

struct InputsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inputs",
    abstract: "Tells what a policy needs to be fed: selectors, sources, facts, and how far back.",
    discussion: """
      --format promql prints one selector a line, for scripts that export what the policy reads, with the look-back of all of \
      them in `human` and `json`.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, promql, json }

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("The policy.", valueName: "file"))
  var policy: String

  @Option(help: "human: a table; promql: a selector a line; json.")
  var format = Format.human

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write results to a file.", valueName: "file"))
  var output: String?

  func run() throws {
    let policy = try loadedPolicy(self.policy)
    let needs = Needs(policy.program)
    let sink = try Sink(output)
    switch format {
    case .human: try sink.write(needs.text(of: policy, on: output == nil ? .output : nil))
    case .promql: for selector in needs.selectors { try sink.write(selector + "\n") }
    case .json: try sink.write(needs.document(of: policy))
    }
    try sink.flush()
  }
}

/// What a policy reads, signal by signal.
private struct Needs {
  struct Need {
    var name: String
    var kind: String
    /// For people.
    var reads: String
    var selector: String?
    var instanceLabel: String?
    var sources: [String] = []
    var pattern: String?
    /// Milliseconds.
    var lookBack: Int64
    /// Rules say nothing without it.
    var isRequired: Bool
  }

  private(set) var needs: [Need] = []
  /// Of the files that the policy uses: signals that none of its rules reads.
  private(set) var unused: [String] = []
  /// Of the inventory: facts, labels, desired values and conditions by name, and `launched`.
  private(set) var inventory: [String] = []
  /// Milliseconds: what a replay needs so that nothing differs.
  let history: Int64

  init(_ program: Program) {
    history = PolicyNeeds(program).history
    var required: Set<Int> = []
    for rule in program.rules {
      required.formUnion(Set(rule.signals + rule.keyedSignals).subtracting(rule.optionalSignals))
    }
    let read = Set(program.rules.flatMap(\.signals) + program.features.compactMap(\.signal))
    var names: Set<String> = []
    for (index, signal) in program.signals.enumerated() {
      guard read.contains(index) else {
        unused.append(signal.name)
        continue
      }
      var need = Need(
        name: signal.name, kind: "", reads: "", lookBack: signal.retention, isRequired: required.contains(index))
      switch signal.source {
      case .metric(let selector, _, _):
        need.kind = "metric"
        need.selector = CriteriaReaders.text(of: selector)
      case .info(let selector, let label):
        need.kind = "info"
        need.selector = CriteriaReaders.text(of: selector)
        need.reads = "label `\(label)` of "
      case .condition(let type, let from?, let typeLabel, let statusLabel):
        need.kind = "condition"
        need.selector = CriteriaReaders.text(of: from)
        need.reads = "`\(typeLabel)=\"\(type)\"`, status in `\(statusLabel)`, of "
      case .condition(let type, nil, _, _):
        need.kind = "condition"
        need.reads = "`\(type)` of the inventory"
        names.insert("conditions." + type)
      case .log(let pattern):
        need.kind = "log"
        need.sources = pattern.sources
        need.pattern = pattern.regex.pattern
        need.reads = pattern.sources.map { "`\($0)`" }.joined(separator: ", ") + " by `\(pattern.regex.pattern)`"
      case .fact(let name, _):
        need.kind = "fact"
        need.reads = "`\(program.string(name))` of the inventory"
        names.insert("facts." + program.string(name))
      }
      if let selector = need.selector {
        need.reads += selector
        need.instanceLabel = signal.instanceLabel
        if signal.instanceLabel != "instance" { need.reads += ", instance in `\(signal.instanceLabel)`" }
      }
      needs.append(need)
    }
    for selector in program.launched {
      needs.append(
        Need(
          name: "launched", kind: "metric", reads: CriteriaReaders.text(of: selector),
          selector: CriteriaReaders.text(of: selector), instanceLabel: "instance", lookBack: 0, isRequired: false))
    }
    for feature in program.features {
      switch feature.kind {
      case .fact(let name), .sinceFact(let name): names.insert("facts." + program.string(name))
      case .label(let name): names.insert("labels." + program.string(name))
      case .desired(let name): if program.desired == nil { names.insert("desired." + program.string(name)) }
      case .age: names.insert("launched")
      default: break
      }
    }
    inventory = names.sorted()
  }

  /// Each once, in the order of the policy.
  var selectors: [String] {
    var seen: Set<String> = []
    return needs.compactMap(\.selector).filter { seen.insert($0).inserted }
  }

  func text(of policy: Policy, on terminal: Terminal?) -> String {
    var table = Table(header: ["SIGNAL", "KIND", "BACK", "READS"])
    for need in needs {
      var parts = [escaped(need.reads)]
      if !need.isRequired, need.name != "launched" { parts.append("optional") }
      table.add(
        [.init(escaped(need.name)), .init(need.kind), .init(need.lookBack > 0 ? span(need.lookBack) : "-")],
        parts: parts)
    }
    var text = table.render(colours: terminal?.colours ?? false, width: terminal?.width)
    if !inventory.isEmpty {
      text += "of an inventory: " + inventory.map { escaped($0) }.joined(separator: ", ") + "\n"
    }
    if !unused.isEmpty { text += "read by no rule: " + unused.map { escaped($0) }.joined(separator: ", ") + "\n" }
    return text
      + "policy \(escaped(policy.name)): a sample at least every \(span(policy.program.step)) · \(span(history)) of history\n"
  }

  private func span(_ milliseconds: Int64) -> String { CriteriaEngine.text(Double(milliseconds) / 1000, .seconds) }

  func document(of policy: Policy) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("policy", policy.name)
    writer.member("digest", policy.digest)
    writer.member("stepSeconds", Double(policy.program.step) / 1000)
    writer.member("historySeconds", Double(history) / 1000)
    writer.key("signals")
    writer.beginArray()
    for need in needs {
      writer.beginObject()
      writer.member("signal", need.name)
      writer.member("kind", need.kind)
      if let selector = need.selector { writer.member("selector", selector) }
      if let label = need.instanceLabel { writer.member("instanceLabel", label) }
      if let pattern = need.pattern {
        writer.key("sources")
        writer.beginArray()
        for source in need.sources { writer.value(source) }
        writer.endArray()
        writer.member("match", pattern)
      }
      writer.member("lookBackSeconds", Double(need.lookBack) / 1000)
      writer.member("required", need.isRequired)
      writer.endObject()
    }
    writer.endArray()
    writer.key("inventory")
    writer.beginArray()
    for name in inventory { writer.value(name) }
    writer.endArray()
    writer.key("unused")
    writer.beginArray()
    for name in unused { writer.value(name) }
    writer.endArray()
    writer.endObject()
    writer.endLine()
    return writer.text
  }
}
