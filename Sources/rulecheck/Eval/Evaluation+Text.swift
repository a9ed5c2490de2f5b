import Criteria
import CriteriaDiagnostics
import CriteriaEngine

extension Evaluation {
  /// The table that people read, and the summary under it.
  ///
  /// - Parameter terminal: `nil`: written to a file, in full and without colours.
  func table(_ shown: [Decision], on terminal: Terminal?, showsAll: Bool) -> String {
    var rows = shown
    var hidden = 0
    if let terminal, terminal.isTerminal, !showsAll, rows.count > 50 {
      hidden = rows.count { $0.verdict == .keep }
      rows.removeAll { $0.verdict == .keep }
    }
    var table = Table(header: ["INSTANCE", "VERDICT", "SCORE", "WHY"])
    for decision in rows {
      table.add(
        [
          Table.Cell(escaped(decision.instance)), Table.Cell(verdictText(decision), colour(decision.verdict)),
          Table.Cell(interval(decision.score)),
        ], parts: reasons(decision).map(escaped))
    }
    var text = rows.isEmpty ? "" : table.render(colours: terminal?.colours ?? false, width: terminal?.width)
    if hidden > 0 { text += "(\(hidden) to keep are not shown: --all)\n" }
    return text + summaryText + "\n"
  }

  private func colour(_ verdict: Verdict) -> Colour {
    switch verdict {
    case .replace: .red
    case .quarantine: .magenta
    case .unknown: .yellow
    case .watch: .cyan
    case .keep: .green
    }
  }

  /// `keep..replace` for an unknown one; `replace?` if all that is open is whether the policy judges the instance.
  private func verdictText(_ decision: Decision) -> String {
    guard let least = decision.possible.first, let most = decision.possible.last else {
      return decision.verdict.rawValue
    }
    return least == most ? "\(least.rawValue)?" : "\(least.rawValue)..\(most.rawValue)"
  }

  private func reasons(_ decision: Decision) -> [String] {
    var parts: [String] = []
    let effects = decision.rules.filter { $0.effect != nil && $0.counts }
    let points = decision.rules.filter { $0.effect == nil && $0.counts }
      .sorted { ($1.contribution.highThousandths, $0.rule) < ($0.contribution.highThousandths, $1.rule) }
    for rule in effects + points { parts.append(sentence(rule)) }
    for missing in decision.missing { parts.append(sentence(missing, at: decision.at)) }
    for rule in decision.rules where !rule.counts {
      if let part = remark(rule, in: decision) { parts.append(part) }
    }
    if assumesSteady { parts.append("assumed steady") }
    return parts
  }

  private func sentence(_ rule: RuleReport) -> String {
    let head = rule.effect.map { "\(rule.rule) \($0.name)" } ?? "\(rule.rule) +\(interval(rule.contribution))"
    let held = rule.state == .holding ? " (holding)" : ""
    return head + held + (rule.why.isEmpty ? "" : ": " + rule.why)
  }

  private func sentence(_ missing: Decision.Missing, at: Timestamp) -> String {
    if let reason = missing.reason { return "\(missing.signal): \(reason)" }
    guard let since = missing.since else { return "\(missing.signal): never seen" }
    return "\(missing.signal) missing for \(duration(at.milliseconds - since.milliseconds))"
  }

  /// What else is worth a word about a rule that does not count.
  private func remark(_ rule: RuleReport, in decision: Decision) -> String? {
    if rule.isShadow {
      return rule.state == .active || rule.state == .holding ? "\(rule.rule) in shadow: \(rule.why)" : nil
    }
    switch rule.state {
    case .excepted: return "\(rule.rule) excepted" + (rule.because.map { ": " + $0 } ?? "")
    case .pending:
      if let needed = rule.neededHistory, let known = decision.knownSince {
        let spans = duration(decision.at.milliseconds - known.milliseconds)
        return "\(rule.rule) needs \(duration(needed)), the data spans \(spans)"
      }
      return "\(rule.rule) pending"
        + (rule.since.map { " for " + duration(decision.at.milliseconds - $0.milliseconds) } ?? "")
    case .idle, .active, .holding, .notApplicable: return nil
    }
  }

  /// The lines under the table: what was decided, and what was read.
  var summaryText: String {
    var parts = [counted(decisions.count, "instance")]
    parts += verdicts.map { "\($0.count) \($0.verdict.rawValue)" }
    if !rules.isEmpty { parts.append(rules.map { "\(escaped($0.name)) \($0.count)" }.joined(separator: ", ")) }
    if !missing.isEmpty {
      parts.append("missing: " + missing.map { "\(escaped($0.name)) \($0.count)" }.joined(separator: ", "))
    }
    if beyond.notSelected > 0 { parts.append("\(beyond.notSelected) not selected") }
    parts.append("policy \(escaped(policy.name)) \(policy.digest.prefix("sha256:".count + 12))…")
    return parts.joined(separator: " · ") + "\n" + readText
  }

  private var readText: String {
    let summary = input.summary
    var origin = ""
    switch input.timeOrigin {
    case .option: break
    case .inputs: origin = " (median over instances of their newest)"
    case .fallback: origin = " (when the newest input was written)"
    }
    var parts = [
      "at \(input.at)\(origin)",
      "read \(counted(summary.files.count, "file")), \(counted(summary.lines, "line")): \(summary.kept) kept",
    ]
    parts += lost.filter { $0.count > 0 }.map { "\($0.count) \($0.what)" }
    return parts.joined(separator: " · ")
  }

  /// What was read and did not count, each with its name in records and its words.
  var lost: [(name: String, what: String, count: Int)] {
    let summary = input.summary
    return [
      ("unwanted", "of metrics and logs that the policy does not read", summary.unwanted),
      ("refused", "refused", summary.refused), ("problems", "problems", summary.problems.total),
      ("withoutInstance", "without an instance", summary.withoutInstance),
      ("unresolved", "unresolved", summary.unresolvedObservations),
      (
        "skippedInstances", summary.skippedInstances == 1 ? "stopped instance skipped" : "stopped instances skipped",
        summary.skippedInstances
      ),
      ("skipped", "of stopped instances", summary.skippedObservations),
      ("future", "after that time", beyond.future + counts.future),
      ("older", "older than the history", beyond.older), ("late", "late", counts.late),
      ("decided", "of ticks that earlier runs decided", beyond.decided),
      ("again", beyond.again == 1 ? "line fed by an earlier run" : "lines fed by earlier runs", beyond.again),
      (
        "retired", beyond.retired == 1 ? "instance gone from the fleet" : "instances gone from the fleet",
        beyond.retired
      ),
      ("predecessor", "from before the launch", beyond.predecessor + counts.predecessor),
      ("duplicate", "duplicate", counts.duplicate),
      ("ignored", "ignored by signals", counts.ignored), ("irrelevant", "irrelevant", counts.irrelevant),
      ("overKeys", "beyond `max_keys`", counts.refused), ("limited", "lines at the match limit", counts.limited),
      ("withoutObservation", "instances of which nothing is known yet", beyond.withoutObservation),
    ]
  }

  private func interval(_ score: Score) -> String {
    let low = points(score.lowThousandths)
    return score.lowThousandths == score.highThousandths ? low : low + ".." + points(score.highThousandths)
  }

  /// Thousandths as a decimal without trailing zeros.
  private func points(_ thousandths: Int64) -> String {
    if thousandths % 1000 == 0 { return String(thousandths / 1000) }
    var fraction = String(1000 + thousandths % 1000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(thousandths / 1000).\(fraction)"
  }
}

/// `12m`, `1d2h`, of milliseconds.
private func duration(_ milliseconds: Int64) -> String { text(Double(milliseconds) / 1000, .seconds) }
