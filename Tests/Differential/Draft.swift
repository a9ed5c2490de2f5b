import CriteriaDiagnostics
import CriteriaSyntax
import Reference

/// A policy in pieces, so that a failing one can be cut down.
struct Draft {
  var header: [String]
  /// `name: {…}`
  var signals: [(name: String, body: String)]
  /// Signals that stand in a file of their own, which the policy uses.
  var shared: Set<String> = []
  /// The lines of each rule, without indentation.
  var rules: [[String]]

  static let path = "random.yaml"
  private static let sharedPath = "signals/shared.yaml"

  var text: String {
    var lines = header
    if hasShared { lines.append("use: [\(Draft.sharedPath)]") }
    lines += declarations { !shared.contains($0) }
    lines.append("rules:")
    for rule in rules {
      for (index, line) in rule.enumerated() { lines.append((index == 0 ? "  - " : "    ") + line) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var hasShared: Bool { signals.contains { shared.contains($0.name) } }

  private func declarations(_ isWanted: (String) -> Bool) -> [String] {
    let wanted = signals.filter { isWanted($0.name) }
    return wanted.isEmpty ? [] : ["signals:"] + wanted.map { "  \($0.name): \($0.body)" }
  }

  /// The file that the policy uses, if it uses one.
  var sharedText: String? {
    hasShared ? (["version: 1"] + declarations(shared.contains)).joined(separator: "\n") + "\n" : nil
  }

  func read(_ path: String) -> Result<SourceText, FileError> {
    guard path == Draft.sharedPath, let text = sharedText else {
      return .failure(FileError(path: path, reason: "no such file"))
    }
    return .success(SourceText(path: path, text: text))
  }

  /// Both files, as a person reads them.
  var listing: String { text + (sharedText.map { "--- \(Draft.sharedPath)\n\($0)" } ?? "") }
}

/// What is done to a fleet, in order.
enum Action: Hashable, Sendable {
  case observe(RawObservation)
  case advance(Int64)
  /// A look at one instance, which changes nothing.
  case look(String, Int64)
}

/// One random case: a policy, and a story of what happens to a fleet under it.
struct Case {
  var seed: UInt64
  var draft: Draft
  var actions: [Action]
  var step: Int64
  var assumeSteady = false
  /// How the engine is driven, besides as told.
  var paths: [Path] = []
  /// What the case holds, for the histogram.
  var traits: Set<String> = []
}

/// In single quotes, as YAML reads it.
func quoted(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
}

/// `90s`, `5m`: the longest unit that divides.
func duration(_ milliseconds: Int64) -> String {
  for (unit, length) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
  where milliseconds % length == 0 && milliseconds > 0 {
    return "\(milliseconds / length)\(unit)"
  }
  return "\(milliseconds)ms"
}

/// At most six decimals, never an exponent.
func decimal(_ value: Double) -> String {
  let scaled = Int64((Swift.abs(value) * 1_000_000).rounded())
  var text = String(scaled / 1_000_000)
  var fraction = String(scaled % 1_000_000)
  fraction = String(repeating: "0", count: 6 - fraction.count) + fraction
  while fraction.last == "0" { fraction.removeLast() }
  if !fraction.isEmpty { text += "." + fraction }
  return value < 0 && scaled != 0 ? "-" + text : text
}

/// `2023-11-14`, UTC.
func date(_ milliseconds: Int64) -> String {
  // Days are counted from 1 March of year 0, so that leap days come last.
  let days = milliseconds / 86_400_000 + 719_468
  let era = days / 146_097
  let dayOfEra = days - era * 146_097
  let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
  let monthIndex = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
  let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
  func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
  return "\(year + era * 400 + (month <= 2 ? 1 : 0))-\(two(month))-\(two(day))"
}
