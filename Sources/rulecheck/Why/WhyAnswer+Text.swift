import Criteria
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax
import CriteriaTesting

extension WhyAnswer {
  /// What people read.
  ///
  /// - Parameter terminal: `nil`: written to a file, without colours, 100 characters wide.
  func text(on terminal: Terminal?) -> String {
    let page = Page(colours: terminal?.colours ?? false, width: min(terminal?.width ?? 100, 140), at: decision.at)
    var text = head(page)
    for report in rules { text += "\n" + block(report, page) }
    text += missingText(page)
    text += "\n" + flipText(page)
    text += "\n" + plotText(page)
    return text
  }

  private func head(_ page: Page) -> String {
    let program = policy.program
    var line = page.paint(escaped(decision.instance), .bold) + "  "
    line += page.paint(page.verdict(decision), page.colour(decision.verdict))
    line +=
      "  score \(page.interval(decision.score)) (watch from \(points(program.watch)), replace from \(points(program.replace)))\n"
    var facts = "at \(decision.at)"
    if timeOrigin == .inputs { facts += " (median over instances of their newest)" }
    if let known = decision.knownSince { facts += " · known since \(page.moment(known)) (\(page.ago(known)))" }
    line += page.wrapped(facts, indent: 0)
    line += "policy \(escaped(decision.policyName)) \(decision.policyDigest.prefix("sha256:".count + 12))…\n"
    if !decision.isSelected { line += "the policy's selector leaves it out: it is not judged\n" }
    if decision.assumesSteady { line += "assumed to have stood like this for long\n" }
    if !decision.protectedBy.isEmpty {
      line += "protected by \(decision.protectedBy.joined(separator: ", ")): at most watch\n"
    }
    if let next = decision.nextChange {
      line +=
        "the verdict can change at \(page.moment(next)) (in \(page.until(next))), or earlier if more is observed\n"
    } else {
      line += "the verdict does not change unless more is observed\n"
    }
    return line
  }

  // MARK: Rules

  private func block(_ report: RuleReport, _ page: Page) -> String {
    var text = page.ruleLine(report)
    if let waits = waits(of: report.rule) { text += page.wrapped(waits, indent: 4) }
    for part in parts[report.rule] ?? [] { text += part.drawn(indent: 4, colours: page.colours) }
    if !report.why.isEmpty, report.state != .idle || report.possible != nil {
      text += page.wrapped("“" + escaped(report.why) + "”", indent: 4)
    }
    if let because = report.because { text += page.wrapped("excepted because \(escaped(because))", indent: 4) }
    if let needed = report.neededHistory, let known = decision.knownSince {
      text += "    needs \(page.duration(needed)) of history, known for \(page.ago(known))\n"
    }
    var table = Table(header: ["    TERM", "VALUE", "EVIDENCE"])
    let terms = report.evidence.map { ("    " + escaped($0.term), escaped(page.value($0.value))) }
    let left = (terms.map { displayWidth($0.0) }.max() ?? 0) + (terms.map { displayWidth($0.1) }.max() ?? 0) + 4
    for (one, cells) in zip(report.evidence, terms) {
      table.add(
        [Table.Cell(cells.0), Table.Cell(cells.1)], parts: evidence(one, report, page, room: page.width - left))
    }
    if !report.evidence.isEmpty { text += table.render(colours: page.colours, width: page.width) }
    return text
  }

  /// `for`, `hold`, `latch` as the policy has them; `nil`: none.
  private func waits(of name: String) -> String? {
    guard let rule = compilation.checked?.rules.first(where: { $0.name == name }) else { return nil }
    var parts: [String] = []
    if rule.for > 0 { parts.append("for " + CriteriaEngine.duration(Double(rule.for) / 1000)) }
    if rule.hold > 0 { parts.append("hold " + CriteriaEngine.duration(Double(rule.hold) / 1000)) }
    if rule.latch { parts.append("latch") }
    return parts.isEmpty ? nil : parts.joined(separator: " · ")
  }

  private func evidence(
    _ one: RuleReport.Evidence, _ report: RuleReport, _ page: Page, room: Int
  ) -> [String] {
    var parts: [String] = []
    if let line = one.line {
      parts.append("\(escaped(line.file)):\(line.line)")
      if let newest = one.newest { parts.append("at \(page.moment(newest)) (\(page.ago(newest)) ago)") }
      if let text = self.text(of: line) { parts.append("“\(shortened(escaped(text), to: min(100, room - 2)))”") }
    } else if let (text, time) = newestSample(one, report) {
      let isKnown = one.value != .unknown
      parts.append((isKnown ? "" : "last heard of: ") + "\(text) at \(page.moment(time)) (\(page.ago(time)) ago)")
    } else if let newest = one.newest {
      parts.append("told at \(page.moment(newest)) (\(page.ago(newest)) ago)")
    } else if one.value == .unknown {
      parts.append("never seen")
    } else if one.signal != nil {
      parts.append("no line")
    }
    return parts
  }

  /// The text of a log line.
  private func text(of origin: Origin) -> String? {
    for entry in history.entries.reversed() where entry.origin == origin {
      if case .line(let text, _) = entry.observation { return text }
    }
    return nil
  }

  private func shortened(_ text: String, to width: Int) -> String {
    text.count > max(width, 20) ? text.prefix(max(width, 20) - 1) + "…" : text
  }

  /// The newest sample or status that a term could see.
  private func newestSample(_ one: RuleReport.Evidence, _ report: RuleReport) -> (text: String, time: Timestamp)? {
    var name = one.signal
    // A fact may be read from the info signal of its name.
    if name == nil, one.term.hasPrefix("fact.") { name = String(one.term.dropFirst("fact.".count)) }
    guard let signal = policy.program.signals.first(where: { $0.name == name }) else { return nil }
    let format = policy.program.features.first { $0.text == signal.name }?.format ?? .plain
    let key = Dictionary(report.key.map { ($0.name, $0.value) }) { $1 }
    let scanner = RegexScanner()
    for entry in history.entries.reversed() where entry.time <= decision.at {
      guard let observation = entry.observation else { continue }
      if let text = text(of: observation, as: signal, format, key, scanner) { return (text, entry.time) }
    }
    return nil
  }

  /// `nil`: the signal does not read it, or not for that key.
  private func text(
    of observation: Observation, as signal: Program.Signal, _ format: NumberFormat, _ key: [String: String],
    _ scanner: RegexScanner
  ) -> String? {
    switch (observation, signal.source) {
    case (.sample(let metric, let labels, let raw), .metric(let selector, let conversion, _)):
      guard metric == selector.metric, selector.matches(labels, scanner),
        signal.by.allSatisfy({ key[$0] == nil || key[$0] == labels[$0] ?? "" })
      else { return nil }
      return "\(metric) " + (raw.isFinite ? CriteriaEngine.text(conversion.apply(raw), format) : "ended")
    case (.sample(let metric, let labels, _), .info(let selector, let label)):
      guard metric == selector.metric, selector.matches(labels, scanner) else { return nil }
      return "\(metric){\(label)=\"\(escaped(labels[label] ?? ""))\"}"
    case (.sample(let metric, let labels, 1), .condition(let type, let from?, let typeLabel, let statusLabel)):
      guard metric == from.metric, labels[typeLabel] == type, from.matches(labels, scanner) else { return nil }
      return "\(metric){\(statusLabel)=\"\(escaped(labels[statusLabel] ?? ""))\"}"
    case (.condition(let type, let status, let reason, _), .condition(let wanted, _, _, _)):
      return type == wanted ? "\(escaped(type)) \(escaped(status))" + (reason.map { " (\(escaped($0)))" } ?? "") : nil
    default: return nil
    }
  }

  // MARK: What is missing

  private func missingText(_ page: Page) -> String {
    if decision.missing.isEmpty { return "" }
    var text = "\nmissing, and it keeps the verdict open:\n"
    for one in decision.missing {
      let since = one.since.map { "since \(page.moment($0)) (\(page.ago($0)))" } ?? "never seen"
      let reason = one.reason.map { $0 == "never seen" ? "" : ": " + $0 } ?? ""
      text += "  \(escaped(one.signal))  \(since)\(escaped(reason))\n"
    }
    return text
  }

  // MARK: What would change it

  private func flipText(_ page: Page) -> String {
    var text = ""
    for flip in flips {
      text += flipHead(flip) + ":\n"
      if flip.changes.isEmpty {
        text += "  no single change that was tried does it\n"
        continue
      }
      for (index, change) in flip.changes.prefix(4).enumerated() {
        let after = rule == nil ? page.verdict(change.decision) : state(change.decision)
        let score = rule == nil ? ", score \(page.interval(change.decision.score))" : ""
        let line = escaped(change.text) + " → \(after)\(score)"
        text += page.wrapped(line, indent: 4, first: index == 0 ? "  " : "  or ", next: "     ")
      }
    }
    let cut = search.isCutShort ? "; the search met its limit, so smaller ones may exist" : ""
    text += page.wrapped(
      "(one thing at a time, tried in \(search.replays) replays; smallest first, half of it does not do\(cut))",
      indent: 0)
    return text
  }

  private func flipHead(_ flip: Flip) -> String {
    switch flip.direction {
    case "towardsReplace": "worse (\(flip.goal)) with"
    case "towardsKeep": "better (\(flip.goal)) with"
    case "settles": "known to be \(flip.goal) with"
    default: "\(flip.goal) with"
    }
  }

  private func state(_ decision: Decision) -> String {
    decision.rules.first { $0.rule == rule }?.state.rawValue ?? "idle"
  }

  // MARK: Over time

  private func plotText(_ page: Page) -> String {
    let points = timeline.points
    guard points.count > 1 else { return "one tick only: nothing to draw\n" }
    let program = policy.program
    let bands = [program.watch, program.replace].map { Double($0) / 1000 }
    var plots = [
      Plot(
        title: "score, in points", values: points.map { ($0.score.low, $0.score.high) }, rows: 5, bounds: 0...bands[1],
        marks: [
          Plot.Mark(value: bands[1], label: "replace \(WhyAnswer.points(program.replace))"),
          Plot.Mark(value: bands[0], label: "watch \(WhyAnswer.points(program.watch))"),
        ]
      ) { $0 == bands[1] ? "replace \(short($0))" : short($0) }
    ]
    var flat: [String] = []
    for (index, term) in timeline.terms.enumerated() {
      let key = term.key.isEmpty ? "" : " {" + term.key.map { "\($0.name) \($0.value)" }.joined(separator: ", ") + "}"
      let title = escaped("\(term.term)\(key), read by \(term.rule)")
      let values = points.map { $0.values[index] }
      // A line that never moves says as much in words.
      if let first = values.first, values.allSatisfy({ $0 == first }) {
        flat.append(title + ": " + (first.map { CriteriaEngine.text($0, term.format) } ?? "unknown") + " throughout")
        continue
      }
      plots.append(
        Plot(title: title, values: values.map { $0.map { ($0, $0) } }, rows: 3) { CriteriaEngine.text($0, term.format) }
      )
    }
    let labels = max(plots.map(\.labelWidth).max() ?? 0, "verdict".count)
    let columns = max(10, min(page.width - labels - 2, 100))
    let indent = String(repeating: " ", count: labels + 2)
    var lines: [String] = []
    for (index, plot) in plots.enumerated() {
      lines.append(indent + page.paint(plot.title, .bold))
      lines += plot.render(columns: columns, label: labels)
      if index == 0 { lines.append(verdictStrip(columns, labels)) }
    }
    lines += timeAxis(points.map(\.time), columns: columns, label: labels)
    var text = lines.joined(separator: "\n") + "\n"
    text += page.wrapped("verdict: . keep, w watch, Q quarantine, R replace, ? unknown", indent: labels + 2)
    for one in flat { text += page.wrapped(one, indent: labels + 2) }
    return text
  }

  /// One letter a column: the most severe verdict that falls on it.
  private func verdictStrip(_ columns: Int, _ labels: Int) -> String {
    let order: [(Verdict, Character)] = [
      (.replace, "R"), (.quarantine, "Q"), (.unknown, "?"), (.watch, "w"), (.keep, "."),
    ]
    let points = timeline.points
    var strip = ""
    for column in 0..<columns {
      let first = column * points.count / columns
      let last = max(first, (column + 1) * points.count / columns - 1)
      let here = Set(points[first...last].map(\.verdict))
      strip.append(order.first { here.contains($0.0) }?.1 ?? " ")
    }
    return String(repeating: " ", count: labels - "verdict".count) + "verdict │" + strip
  }

  private func points(_ thousandths: Int64) -> String { Self.points(thousandths) }
  static func points(_ thousandths: Int64) -> String { short(Double(thousandths) / 1000) }
}
