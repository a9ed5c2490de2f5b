import CriteriaEngine

/// What inventories say of one instance.
package struct InventoryEntry: Hashable, Sendable {
  package struct Condition: Hashable, Sendable {
    package var status: String
    package var reason: String?
    /// Milliseconds since 1970.
    package var since: Int64?
    package init(status: String, reason: String? = nil, since: Int64? = nil) {
      self.status = status
      self.reason = reason
      self.since = since
    }
  }

  package var id: String
  package var aliases: [String] = []
  /// Milliseconds since 1970.
  package var launched: Int64?
  /// `nil`: not told, and so unknown; empty: told that there are none.
  package var labels: [String: String]?
  package var facts: [String: String] = [:]
  package var desired: [String: String]?
  package var conditions: [String: Condition] = [:]
  /// Stopped or terminated: not judged.
  package var isSkipped = false
  package var file = ""
  package var line = 0

  package init(id: String) { self.id = id }
}

/// Makes one entry of those that share an id or an alias, across inventories. What the first says stays; what a later one
/// says otherwise is a conflict.
///
/// Within one inventory entries stay apart: a shared alias there is ambiguous, not the same instance.
func merge(_ inventories: [[InventoryEntry]], problems: inout ProblemLog) -> [InventoryEntry] {
  guard inventories.count > 1 else { return inventories.first ?? [] }
  var merged: [InventoryEntry] = []
  var places: [String: [Int]] = [:]
  for inventory in inventories {
    let known = merged.count
    var taken: Set<Int> = []
    for entry in inventory {
      var found = Set(([entry.id] + entry.aliases).flatMap { places[$0] ?? [] })
      found = found.filter { $0 < known }
      guard let target = found.first, found.count == 1, !taken.contains(target) else {
        if !found.isEmpty {
          let ids = found.map { "`\(merged[$0].id)`" }.sorted().joined(separator: ", ")
          problems.add(
            InputProblem(
              .conflict, file: entry.file, line: entry.line, column: 0,
              "`\(entry.id)` shares names with \(ids), expected one instance with one entry in each inventory"))
        }
        merged.append(entry)
        continue
      }
      taken.insert(target)
      merged[target].absorb(entry, problems: &problems)
    }
    places = [:]
    for (index, entry) in merged.enumerated() {
      for name in Set([entry.id] + entry.aliases) { places[name, default: []].append(index) }
    }
  }
  return merged
}

extension InventoryEntry {
  fileprivate mutating func absorb(_ other: InventoryEntry, problems: inout ProblemLog) {
    for alias in [other.id] + other.aliases where alias != id && !aliases.contains(alias) { aliases.append(alias) }
    var conflicts: [String] = []
    if let launched, let said = other.launched, said != launched { conflicts.append("launched") }
    launched = launched ?? other.launched
    func join(_ mine: [String: String]?, _ theirs: [String: String]?) -> [String: String]? {
      theirs.map { (mine ?? [:]).merging($0) { first, _ in first } } ?? mine
    }
    func compare(_ mine: [String: String]?, _ theirs: [String: String]?, _ what: String) {
      for (key, value) in (theirs ?? [:]).sorted(by: { $0.key < $1.key }) {
        if let first = mine?[key], first != value { conflicts.append("\(what).\(key)") }
      }
    }
    compare(labels, other.labels, "labels")
    compare(facts, other.facts, "facts")
    compare(desired, other.desired, "desired")
    labels = join(labels, other.labels)
    facts = join(facts, other.facts) ?? [:]
    desired = join(desired, other.desired)
    for (name, condition) in other.conditions.sorted(by: { $0.key < $1.key }) {
      if let first = conditions[name] {
        if first != condition { conflicts.append("conditions.\(name)") }
      } else {
        conditions[name] = condition
      }
    }
    if isSkipped != other.isSkipped { conflicts.append("state") }
    // Not to judge is the safe side of such a conflict.
    isSkipped = isSkipped || other.isSkipped
    for conflict in conflicts {
      let kept = conflict == "state" ? "it counts as stopped" : "the first stays"
      problems.add(
        InputProblem(
          .conflict, file: other.file, line: other.line, column: 0,
          "`\(conflict)` of `\(id)` is not what \(file):\(line) says; \(kept)"))
    }
  }

  /// What the entry tells a fleet: `launched` and labels from the first observation on, facts and desired at `at`, each
  /// condition from its own `since` on (or the launch: what came before is another machine's), again and again so that it
  /// does not go stale.
  ///
  /// - Parameters:
  ///   - at: Milliseconds.
  ///   - earliest: Of the instance's other observations.
  func observations(
    at: Int64, earliest: Int64?, options: InputOptions, problems: inout ProblemLog
  ) -> [InputObservation] {
    let start = min(earliest ?? at, at)
    let origin = Origin(file: file, line: line)
    func observe(_ observation: Observation, _ time: Int64) -> InputObservation {
      InputObservation(
        instance: id, time: Timestamp(milliseconds: time), observation: observation, origin: origin)
    }
    var result: [InputObservation] = []
    if labels != nil || launched != nil {
      let launch = launched.map { Timestamp(milliseconds: $0) }
      result.append(observe(.facts([:], labels: labels, launched: launch), start))
    }
    // Even without facts, so that an instance of which nothing else is known is judged.
    result.append(observe(.facts(facts, desired: desired), options.assumeSteady ? start : at))
    for (name, condition) in conditions.sorted(by: { $0.key < $1.key }) {
      var time = condition.since.map { max($0, at - options.conditionHistory) } ?? at
      if options.assumeSteady { time = min(time, start) }
      if let launched, launched <= at { time = max(time, launched) }
      guard time <= at else {
        problems.add(
          InputProblem(
            .time, file: file, line: line, column: 0,
            "the condition `\(name)` of `\(id)` begins after the time of the decision; expected a `since` before it"))
        continue
      }
      let observation = Observation.condition(
        name, condition.status, reason: condition.reason, since: condition.since.map { Timestamp(milliseconds: $0) })
      while time < at {
        result.append(observe(observation, time))
        time += max(1, options.conditionRefresh)
      }
      result.append(observe(observation, at))
    }
    return result
  }
}
