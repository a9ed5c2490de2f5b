import Criteria
import CriteriaDiagnostics
import CriteriaEngine

/// How the parts of an explanation are written: times beside the time of the decision, lines as wide as the page.
struct Page {
  let colours: Bool
  let width: Int
  /// The time of the decision.
  let at: Timestamp

  func paint(_ text: String, _ colour: Colour) -> String { rulecheck.paint(text, colours ? colour : nil) }

  func colour(_ verdict: Verdict) -> Colour {
    switch verdict {
    case .replace: .red
    case .quarantine: .magenta
    case .unknown: .yellow
    case .watch: .cyan
    case .keep: .green
    }
  }

  /// `unknown: keep or replace`.
  func verdict(_ decision: Decision) -> String {
    if decision.possible.isEmpty { return decision.verdict.rawValue }
    return "\(decision.verdict.rawValue): " + decision.possible.map(\.rawValue).joined(separator: " or ")
  }

  func interval(_ score: Score) -> String {
    let low = WhyAnswer.points(score.lowThousandths)
    return score.lowThousandths == score.highThousandths
      ? low : low + ".." + WhyAnswer.points(score.highThousandths)
  }

  /// Without the day where that is the decision's.
  func moment(_ time: Timestamp) -> String {
    let text = time.description
    return text.prefix(10) == at.description.prefix(10) ? String(text.dropFirst(11)) : text
  }

  func duration(_ milliseconds: Int64) -> String { CriteriaEngine.duration(Double(milliseconds) / 1000) }
  func ago(_ time: Timestamp) -> String { duration(at.milliseconds - time.milliseconds) }
  func until(_ time: Timestamp) -> String { duration(time.milliseconds - at.milliseconds) }

  func value(_ value: RuleReport.Evidence.Value) -> String {
    switch value {
    case .number(_, let text): text
    case .string(let string): "`\(string)`"
    case .truth(let truth): truth ? "true" : "false"
    case .atLeast(let seconds): "at least \(CriteriaEngine.duration(seconds))"
    case .unknown: "unknown"
    }
  }

  /// `DiskFull  active since 05:36:00Z (12m)  +60`.
  func ruleLine(_ report: RuleReport) -> String {
    var line = paint(escaped(report.rule), .bold) + "  " + report.state.rawValue
    if let possible = report.possible { line += ", possibly \(possible.rawValue)" }
    if let since = report.since { line += " since \(moment(since)) (\(ago(since)))" }
    if let effect = report.effect {
      switch effect.stands {
      case true?: line += "  \(effect.name)"
      case nil: line += "  possibly \(effect.name)"
      case false?: break
      }
    } else if report.contribution.highThousandths > 0 {
      line += "  +\(interval(report.contribution))"
    }
    if report.isShadow { line += "  (shadow: it counts for nothing)" }
    if !report.key.isEmpty {
      line += "  {" + report.key.map { "\(escaped($0.name)) \(escaped($0.value))" }.joined(separator: ", ") + "}"
    }
    return line + "\n"
  }

  /// Broken between words.
  ///
  /// - Parameters:
  ///   - first: Before the first line, in place of the indent.
  ///   - next: Before those that follow.
  func wrapped(_ text: String, indent: Int, first: String? = nil, next: String? = nil) -> String {
    let blank = String(repeating: " ", count: indent)
    var line = first ?? blank
    var used = displayWidth(line)
    var result = ""
    var isEmpty = true
    for word in text.split(separator: " ") {
      let length = displayWidth(String(word))
      if !isEmpty, used + 1 + length > width {
        result += line + "\n"
        line = next ?? blank + "  "
        used = displayWidth(line)
        isEmpty = true
      }
      if !isEmpty {
        line += " "
        used += 1
      }
      line += word
      used += length
      isEmpty = false
    }
    return result + line + "\n"
  }
}
