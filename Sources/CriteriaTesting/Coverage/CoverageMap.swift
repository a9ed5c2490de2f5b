package import CriteriaCompiler
package import CriteriaDiagnostics
package import CriteriaEngine

/// Something that tests should make happen at least once.
package struct CoveragePoint: Hashable, Sendable {
  package enum Goal: Hashable, Sendable {
    /// `when` of the rule came out like this.
    case when(Truth)
    /// A comparison, or another test that is no connective, came out like this.
    case outcome(Bool)
    /// Both sides of a comparison were equal.
    case boundary
    case state(RuleReport.State)
    case verdict(Verdict)
    /// A line matched.
    case match
  }
  package var goal: Goal
  /// The rule or signal; `nil` for verdicts.
  package var owner: String?
  /// The expression; of states and `when`, the rule's `when`.
  package var range: SourceRange?
}

/// What there is to cover in a policy, read off its program.
///
/// A value on the boundary counts for the side that it falls on: `count(x[5m]) > 0` cannot be tested below 0. `==` and `!=`
/// have no boundary of their own, and neither has what is compared with `spread`, which no test can meet.
package struct CoverageMap: Sendable {
  package private(set) var points: [CoveragePoint] = []
  private var whens: [[Truth: Int]] = []
  private var states: [[RuleReport.State: Int]] = []
  private var outcomes: [Site: (yes: Int, no: Int, boundary: Int?)] = [:]
  private var verdicts: [Verdict: Int] = [:]
  private var matches: [Int: Int] = [:]

  package init(_ compilation: Compilation) {
    guard let program = compilation.program, let file = compilation.file else { return }
    for (rule, declaration) in zip(program.rules, file.rules) {
      let range = declaration.when.range
      var when: [Truth: Int] = [:]
      for truth in [Truth.yes, .no] + (program.canWhenBeUnknown(rule) ? [.unknown] : []) {
        when[truth] = add(CoveragePoint(goal: .when(truth), owner: rule.name, range: range))
      }
      whens.append(when)
      add(tests(of: rule, program), owner: rule.name, program)
      var state: [RuleReport.State: Int] = [:]
      let possible: [(RuleReport.State, Bool)] = [
        (.idle, true), (.pending, rule.for > 0), (.active, true), (.holding, rule.hold > 0),
        (.excepted, !rule.except.isEmpty), (.notApplicable, !rule.optionalSignals.isEmpty),
      ]
      for (one, isPossible) in possible where isPossible {
        state[one] = add(CoveragePoint(goal: .state(one), owner: rule.name, range: range))
      }
      states.append(state)
    }
    for (index, signal) in program.signals.enumerated() {
      guard case .log = signal.source else { continue }
      let range = file.signals.first { $0.name.value == signal.name }?.name.range
      matches[index] = add(CoveragePoint(goal: .match, owner: signal.name, range: range))
    }
    for verdict in Verdict.allCases where isPossible(verdict, program) {
      verdicts[verdict] = add(CoveragePoint(goal: .verdict(verdict)))
    }
  }

  private mutating func add(_ point: CoveragePoint) -> Int {
    points.append(point)
    return points.count - 1
  }

  /// The instructions of a rule that test something, as indices.
  private func tests(of rule: Program.Rule, _ program: Program) -> [Int] {
    var fragments = [rule.when] + (rule.until.map { [$0] } ?? [])
    if case .add(let worth, _, _) = rule.effect { fragments.append(worth) }
    return fragments.flatMap { Array($0.code) }
  }

  private mutating func add(_ instructions: [Int], owner: String, _ program: Program) {
    for index in instructions {
      let instruction = program.instructions[index]
      let isOrdered: Bool
      switch instruction.operation {
      case .less, .lessOrEqual, .greater, .greaterOrEqual, .clockLess, .clockLessOrEqual, .clockGreater,
        .clockGreaterOrEqual:
        isOrdered = true
      case .equal, .notEqual, .clockEqual, .clockNotEqual, .numberIn, .stringEqual, .stringNotEqual, .stringIn,
        .stringMatches, .truthEqual, .truthNotEqual:
        isOrdered = false
      case .negate, .add, .subtract, .multiply, .divide, .absolute, .minimum, .maximum, .clamp, .ramp, .spread, .not,
        .and, .or:
        continue
      }
      let site = program.sites[index]
      // A name that several rules read is one expression.
      guard outcomes[site] == nil else { continue }
      let isSpread = program.instructions.contains {
        $0.operation == .spread && ($0.target == instruction.a || $0.target == instruction.b)
      }
      let range = SourceRange(SourceID(index: Int(site.source)), Int(site.start), Int(site.end))
      let yes = add(CoveragePoint(goal: .outcome(true), owner: owner, range: range))
      let no = add(CoveragePoint(goal: .outcome(false), owner: owner, range: range))
      let hasBoundary = isOrdered && !isSpread
      outcomes[site] = (
        yes, no, hasBoundary ? add(CoveragePoint(goal: .boundary, owner: owner, range: range)) : nil
      )
    }
  }

  /// Whether the effects of the policy can make it at all.
  private func isPossible(_ verdict: Verdict, _ program: Program) -> Bool {
    let counting = program.rules.filter { !$0.shadow }
    func has(_ isWanted: (Program.Rule.Effect) -> Bool) -> Bool { counting.contains { isWanted($0.effect) } }
    var highest = 0.0
    for rule in counting { if case .add(_, _, let high) = rule.effect { highest += high * 1000 } }
    switch verdict {
    case .keep, .unknown: return true
    case .watch:
      return highest >= Double(program.watch)
        || has {
          if case .protect = $0 { true } else { false }
        }
    case .replace:
      return highest >= Double(program.replace)
        || has {
          if case .replace = $0 { true } else { false }
        }
    case .quarantine:
      return has {
        if case .quarantine = $0 { true } else { false }
      }
    }
  }

  /// Notes what one look at an instance shows.
  package func note(_ view: InstanceView, in hits: inout CoverageHits) {
    if let place = verdicts[view.summary.verdict] { hits.counts[place] += 1 }
    for signal in view.matchedLogs { if let place = matches[signal] { hits.counts[place] += 1 } }
    for (index, rows) in view.traces().enumerated() {
      if let place = view.exceptedState(ofRule: index).flatMap({ states[index][$0] }) { hits.counts[place] += 1 }
      for row in rows {
        if let place = states[index][row.row.sure] { hits.counts[place] += 1 }
        if let place = whens[index][when(row)] { hits.counts[place] += 1 }
        for step in row.when + row.until + row.worth { note(step, in: &hits) }
      }
    }
  }

  private func when(_ row: RuleTrace) -> Truth {
    switch row.whenResult {
    // Of keys that nobody knows of, nothing is certain.
    case .truth(true): row.row.isUnknown ? .unknown : .yes
    case .truth(false): .no
    case .number, .string, .atLeast, .unknown: .unknown
    }
  }

  private func note(_ step: TraceStep, in hits: inout CoverageHits) {
    guard let places = outcomes[step.site], case .truth(let truth) = step.result else { return }
    hits.counts[truth ? places.yes : places.no] += 1
    if let boundary = places.boundary, step.operands.count == 2, step.operands[0] == step.operands[1] {
      hits.counts[boundary] += 1
    }
  }
}

extension Program {
  /// Whether what an instance shows can leave `when` unknown where the rule applies.
  ///
  /// A log that is attached is known though silent, and one that is `optional` and not attached leaves the rule not applicable. (A
  /// line over `max_line` or a pattern at its limit makes it unknown too: that is the pattern's to be sure of, not every rule's.)
  fileprivate func canWhenBeUnknown(_ rule: Rule) -> Bool {
    // Nothing but a division makes a number that is not finite of some that are.
    if !rule.when.derived.isEmpty || instructions[rule.when.code].contains(where: { $0.operation == .divide }) {
      return true
    }
    return rule.when.features.contains { index in
      guard case .window(let kind, _, _) = features[index].kind, kind == .count || kind == .rate,
        let signal = features[index].signal, case .log = signals[signal].source
      else { return true }
      return !rule.optionalSignals.contains(signal) || signals[signal].staleAfter != nil
    }
  }
}

/// How often each point of a map was seen: ticks, times rows.
package struct CoverageHits: Hashable, Sendable {
  package var counts: [Int]

  package init(_ map: CoverageMap) { counts = Array(repeating: 0, count: map.points.count) }

  package mutating func merge(_ other: CoverageHits) {
    for index in counts.indices { counts[index] += other.counts[index] }
  }
}
