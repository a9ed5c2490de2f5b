package import CriteriaEngine

/// What a policy needs of its inputs; the rest is skipped while reading.
package struct InputFilter {
  /// The metrics that are read, each with the labels that may hold its instance. `nil`: all, by `instance`.
  package var metrics: [String: [String]]?
  /// Where all metrics are read, the labels that may hold the instance of some of them.
  package var instanceLabels: [String: [String]] = [:]
  /// The patterns that lines are searched for. `nil`: every line is kept, whatever its source.
  package var logs: [LogPattern]?
  /// The conditions of the inventory that are used. `nil`: all.
  package var conditions: Set<String>?

  package struct LogPattern {
    /// Names and globs; `any`.
    package var sources: [String]
    package var regex: Regex
    package init(sources: [String], regex: Regex) {
      self.sources = sources
      self.regex = regex
    }
  }

  /// Everything.
  package init() {}

  /// The labels that may hold the instance of a metric's series.
  func instanceLabels(of metric: String) -> [String] { metrics?[metric] ?? instanceLabels[metric] ?? ["instance"] }

  package init(metrics: [String: [String]], logs: [LogPattern], conditions: Set<String>? = nil) {
    self.metrics = metrics
    self.logs = logs
    self.conditions = conditions
  }
}

package struct InputOptions: Sendable {
  /// The time of the decision, milliseconds; `nil`: the median over instances of their newest
  /// sample, or without any samples, of their newest line.
  package var at: Int64?
  /// When the machines started, for kernel seconds; `nil`: so that a file's last line is at `at`.
  package var boot: Int64?
  /// Milliseconds east of UTC, for times that do not say.
  package var zone: Int64 = 0
  /// How the lines of logs are laid out, where they are not of a format that is known.
  package var logFormats: [LogFormat] = []
  /// The policy's step, milliseconds.
  package var step: Int64 = 30_000
  /// How far before `at` a condition of the inventory is observed at most, milliseconds: what the policy's rules on
  /// conditions look back is enough, and keeps large fleets cheap.
  package var conditionHistory: Int64 = 7 * 86_400_000
  /// A condition of the inventory is observed anew this often from its own `since` on, so that it does not go stale.
  package var conditionRefresh: Int64 = 600_000
  /// Facts, desired and conditions of the inventory hold from an instance's first observation on.
  package var assumeSteady = false
  package var chunk = 1 << 18
  package var longestLine = 64 << 20
  package var problemLimit = 100
  /// Plain logs are read line by line, instead of searched for the lines that matter, and JSON lines member by member: slower, and
  /// the same comes of it.
  package var readsEveryHeader = false
  package init() {}
}
