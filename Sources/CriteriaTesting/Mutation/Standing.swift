import CriteriaEngine

/// What a test can say of a rule and its instance at a tick.
struct Standing: Equatable {
  var sure: RuleReport.State
  var possible: RuleReport.State
  var excepted: RuleReport.State?
  var low: Int64
  var high: Int64
  var verdict: Verdict
  var possibleVerdicts: [Verdict]
  var isSelected: Bool

  init(_ view: InstanceView, rule: Int) {
    let summary = view.summary
    let row = view.states(ofRule: rule)
    sure = row.sure
    possible = row.possible
    excepted = view.exceptedState(ofRule: rule)
    low = summary.low
    high = summary.high
    verdict = summary.verdict
    possibleVerdicts = summary.verdict == .unknown ? summary.possible : []
    isSelected = summary.isSelected
  }
}

/// How a rule stood over a case: by instance, from which tick on.
struct Course: Equatable {
  struct Part: Equatable {
    var time: Int64
    var standing: Standing
  }
  private(set) var parts: [String: [Part]] = [:]

  /// Runs a case without its expectations.
  ///
  /// - Parameter rule: Its index in the subject.
  init(_ bound: BoundCase, _ stimulus: Stimulus, _ subject: Subject, rule: Int) {
    var bare = bound
    bare.expectations = []
    var parts: [String: [Part]] = [:]
    _ = run(bare, under: subject, stimulus: stimulus) { view, time in
      let standing = Standing(view, rule: rule)
      if parts[view.id]?.last?.standing != standing {
        parts[view.id, default: []].append(Part(time: time, standing: standing))
      }
    }
    self.parts = parts
  }

  func contains(_ isWanted: (Standing) -> Bool) -> Bool {
    parts.values.contains { $0.contains { isWanted($0.standing) } }
  }

  /// Of a case with one instance: how the rule stood in the end.
  var last: Standing? { parts.first?.value.last?.standing }

  /// Of a case with one instance: the first tick at which two courses differ, and how.
  func difference(from other: Course) -> (time: Int64, ours: Standing, theirs: Standing)? {
    guard let name = parts.keys.first, let ours = parts[name], let theirs = other.parts[name] else { return nil }
    func at(_ time: Int64, _ parts: [Part]) -> Standing? { parts.last { $0.time <= time }?.standing }
    for time in Set(ours.map(\.time) + theirs.map(\.time)).sorted() {
      if let a = at(time, ours), let b = at(time, theirs), a != b { return (time, a, b) }
    }
    return nil
  }
}

extension BoundCase {
  /// What is expected depends on rules by how they stand alone: not by the texts, keys and clocks behind that.
  var asksForStandingsOnly: Bool {
    expectations.allSatisfy { expectation in
      expectation.checks.allSatisfy { check in
        switch check.check.kind {
        case .verdict, .possible, .score, .because, .state, .possibleState: true
        case .key, .why, .value, .missing, .nextChange: false
        }
      }
    }
  }
}
