import Criteria
import CriteriaDiagnostics
package import CriteriaEngine
import CriteriaSyntax

package struct RunOptions: Sendable {
  /// For whoever only wants to know whether a case passes.
  package var stopsAtFirstFailure = false
  package init(stopsAtFirstFailure: Bool = false) { self.stopsAtFirstFailure = stopsAtFirstFailure }
}

/// Runs one case under a policy, in virtual time.
///
/// - Parameters:
///   - subject: The policy that the case was bound to, or one with the same signals and rules.
///   - stimulus: The observations; `nil`: what the case gives.
///   - observe: Called for every instance at every tick, in order of time; without it only those ticks are looked at of which
///     something is expected.
/// - Complexity: O(observations + ticks).
package func run(
  _ bound: BoundCase, under subject: Subject, _ options: RunOptions = RunOptions(), stimulus: Stimulus? = nil,
  observing observe: ((InstanceView, Int64) -> Void)? = nil
) -> CaseResult {
  var runner = CaseRunner(bound, subject, options)
  return runner.run(stimulus ?? Stimulus(bound, start: runner.start), observe)
}

/// The state of one case while it runs.
struct CaseRunner: ~Copyable {
  let bound: BoundCase
  let subject: Subject
  let options: RunOptions
  /// Milliseconds since 1970.
  let start: Int64
  private var fleet: Driver
  /// Runs beside it where some `value` is asked for.
  private var probes: Driver?
  var result: CaseResult
  /// By instance: where it has got to.
  private var isDone: Bool { options.stopsAtFirstFailure && !result.failures.isEmpty }

  init(_ bound: BoundCase, _ subject: Subject, _ options: RunOptions) {
    self.bound = bound
    self.subject = subject
    self.options = options
    start = subject.start(of: bound)
    fleet = Driver(subject.policy, bound, subject.signals, start: start)
    result = CaseResult(
      title: bound.test.title, failures: [],
      timelines: bound.instances.map { CaseResult.Timeline(instance: $0.name, changes: []) }, ticks: 0)
    let asksForValues = bound.expectations.contains { $0.checks.contains { $0.value != nil } }
    if asksForValues, let policy = subject.probes {
      probes = Driver(policy, bound, subject.signals, start: start)
    } else {
      probes = nil
    }
  }

  mutating func run(_ stimulus: Stimulus, _ observe: ((InstanceView, Int64) -> Void)?) -> CaseResult {
    let places = Dictionary(
      bound.instances.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let watched = watchedRules()
    let needsAll = observe != nil || !watched.isEmpty
    var stops: [Int64: [Int]] = [:]
    for (index, one) in bound.expectations.enumerated() {
      if case .at(let times, _) = one.expectation.kind {
        for time in times where !(stops[time.value.milliseconds]?.contains(index) ?? false) {
          stops[time.value.milliseconds, default: []].append(index)
        }
      }
    }
    let times: [Int64] =
      needsAll
      ? Array(stride(from: bound.step, through: bound.end, by: Int64.Stride(bound.step)))
      : (Set(stops.keys).union([bound.end])).sorted()
    for time in times {
      for change in fleet.advance(to: time, stimulus) {
        guard let place = places[change.instance] else { continue }
        let verdict: Outcome = change.isSelected ? .verdict(change.verdict) : .unjudged
        // Of the start itself, nothing is said: it shows one step later, unless that tick says otherwise.
        let at = max(change.at.milliseconds - start, bound.step)
        if result.timelines[place].changes.last?.at == at { result.timelines[place].changes.removeLast() }
        if result.timelines[place].changes.last?.verdict != verdict {
          result.timelines[place].changes.append((at, verdict))
        }
      }
      result.ticks += 1
      if needsAll { look(at: time, watched, observe) }
      if let due = stops[time] {
        _ = probes?.advance(to: time, stimulus)
        for index in due where !isDone { checkAt(time, index) }
      }
      if isDone { return result }
    }
    for index in bound.expectations.indices where !isDone { checkWhole(index) }
    result.failures.sort { ($0.check.expectation, $0.at) < ($1.check.expectation, $1.at) }
    return result
  }

  // MARK: Every tick

  private struct Watched {
    var expectation: Int
    var name: String
    var rule: Int
    /// Where in the case it has been seen.
    var seen: Set<String> = []
  }

  /// The rules that must never stand.
  private func watchedRules() -> [Watched] {
    bound.expectations.enumerated().flatMap { index, one -> [Watched] in
      guard case .never(let names) = one.expectation.kind else { return [] }
      return names.compactMap { name in
        Outcome(word: name.value) == nil
          ? subject.rules[name.value].map { Watched(expectation: index, name: name.value, rule: $0) } : nil
      }
    }
  }

  private mutating func look(at time: Int64, _ watched: [Watched], _ observe: ((InstanceView, Int64) -> Void)?) {
    for (place, instance) in bound.instances.enumerated() {
      let broken: [Watched] =
        fleet.view(instance.name, at: time) { view in
          observe?(view, time)
          return watched.filter { view.stands($0.rule) }
        } ?? []
      for one in broken {
        let expectation = bound.expectations[one.expectation].expectation
        guard concerns(expectation, place),
          !result.failures.contains(where: {
            $0.check.expectation == one.expectation && $0.instance == instance.name && $0.rules == [one.name]
          })
        else { continue }
        fail(
          .never, place, time, expected: "\(one.name) never active", found: "active", expectation.range,
          rules: [one.name], FailedCheck(expectation: one.expectation, check: nil))
      }
    }
  }

  private func concerns(_ expectation: Expectation, _ place: Int) -> Bool {
    expectation.instance.map { $0.value == bound.instances[place].name } ?? true
  }

  private mutating func fail(
    _ kind: FailedExpectation.Kind, _ place: Int, _ time: Int64, expected: String, found: String, _ range: SourceRange,
    rules: [String], _ check: FailedCheck
  ) {
    result.failures.append(
      FailedExpectation(
        kind: kind, instance: bound.instances[place].name, at: time, expected: expected, found: found, range: range,
        rules: rules, score: fleet.view(bound.instances[place].name, at: time) { $0.summary.low }, check: check))
  }

  // MARK: At a time

  private mutating func checkAt(_ time: Int64, _ index: Int) {
    let one = bound.expectations[index]
    for (place, instance) in bound.instances.enumerated() where concerns(one.expectation, place) {
      let findings: [Finding?] = {
        let values = one.checks.map { check in
          check.value.flatMap { probe in
            probes?.view(instance.name, at: time) { view in subject.probedValue(view, probe, check.check) }
          }
        }
        let found = fleet.view(instance.name, at: time) { view -> [Finding?] in
          let checker = TickChecker(view: view, start: start, decision: Lazy(fleet.decider(view)))
          return zip(one.checks, values).map { checker.check($0, value: $1) }
        }
        return found
          ?? one.checks.map { _ in
            Finding(expected: "something known of it", found: "nothing is known of it", rules: [])
          }
      }()
      for (number, finding) in findings.enumerated() {
        guard let finding else { continue }
        fail(
          one.checks[number].check.failureKind, place, time, expected: finding.expected, found: finding.found,
          one.checks[number].check.range, rules: finding.rules, FailedCheck(expectation: index, check: number))
        if isDone { return }
      }
    }
  }

  // MARK: The whole case

  private mutating func checkWhole(_ index: Int) {
    let one = bound.expectations[index].expectation
    for place in bound.instances.indices where concerns(one, place) {
      switch one.kind {
      case .at: break
      case .timeline(let parts): checkTimeline(parts, one, place, index)
      case .never(let names):
        for name in names {
          guard let outcome = Outcome(word: name.value),
            let first = result.timelines[place].changes.first(where: { $0.verdict == outcome })
          else { continue }
          fail(
            .never, place, first.at, expected: "never \(outcome)", found: outcome.description, one.range, rules: [],
            FailedCheck(expectation: index, check: nil))
        }
      }
    }
  }

  /// The first tick at which the verdict is another one than the timeline says.
  private mutating func checkTimeline(_ parts: [TimelinePart], _ one: Expectation, _ place: Int, _ index: Int) {
    let timeline = result.timelines[place]
    // Only where one of the two changes can they begin to differ.
    let borders = Set([bound.step] + parts.compactMap { $0.until?.value.milliseconds } + timeline.changes.map(\.at))
    for time in borders.sorted() where time >= bound.step && time <= bound.end {
      let wanted = parts.first { $0.until.map { time < $0.value.milliseconds } ?? true }
      let found = timeline.verdict(at: time)
      guard let wanted, wanted.verdict != found else { continue }
      fail(
        .timeline, place, time, expected: wanted.verdict.description, found: found?.description ?? "nothing known",
        wanted.range, rules: [], FailedCheck(expectation: index, check: nil))
      return
    }
  }
}

extension Check {
  var failureKind: FailedExpectation.Kind {
    switch kind {
    case .verdict: .verdict
    case .possible: .possible
    case .score: .score
    case .because: .because
    case .state, .possibleState: .state
    case .key: .key
    case .why: .why
    case .value: .value
    case .missing: .missing
    case .nextChange: .nextChange
    }
  }
}

/// Feeds a fleet what a case gives, up to each time that it is asked about.
struct Driver: ~Copyable {
  private var fleet: Fleet
  private let bound: BoundCase
  private let start: Int64
  private var next = 0
  private var hasStarted = false
  /// By instance, by source: the signal's index, and the series of metrics and infos.
  private let signals: [[Int?]]
  private let series: [[SignalSeries?]]
  private let names: [String: Int]

  init(_ policy: Policy, _ bound: BoundCase, _ names: [String: Int], start: Int64) {
    fleet = Fleet(policy, instances: bound.instances.count)
    self.bound = bound
    self.start = start
    self.names = names
    let signals = bound.instances.map { $0.sources.map { names[$0.signal] } }
    self.signals = signals
    var series: [[SignalSeries?]] = []
    for (place, instance) in bound.instances.enumerated() {
      series.append([])
      for (index, source) in instance.sources.enumerated() {
        var one: SignalSeries?
        switch source.course {
        case .numbers, .info:
          if let signal = signals[place][index] { one = fleet.series(ofSignal: signal, source.labels) }
        case .events, .condition: break
        }
        series[place].append(one)
      }
    }
    self.series = series
  }

  /// Feeds and runs everything up to a time after the start.
  mutating func advance(to time: Int64, _ stimulus: borrowing Stimulus) -> [Change] {
    var changes: [Change] = []
    if !hasStarted {
      hasStarted = true
      feed(stimulus, through: 0)
      // What is there from the start is judged for the first time one step later: until then all rules are idle.
      changes = fleet.advance(to: Timestamp(milliseconds: start))
      fleet.restartRules()
    }
    feed(stimulus, through: time)
    return changes + fleet.advance(to: Timestamp(milliseconds: start + time))
  }

  private mutating func feed(_ stimulus: borrowing Stimulus, through time: Int64) {
    while next < stimulus.feeds.count, stimulus.feeds[next].time <= time {
      feed(stimulus.feeds[next])
      next += 1
    }
  }

  private mutating func feed(_ feed: Stimulus.Feed) {
    let id = bound.instances[feed.instance].name
    let time = Timestamp(milliseconds: start + feed.time)
    func signal(_ source: Int) -> Int? { signals[feed.instance][source] }
    switch feed.what {
    case .sample(let source, let value):
      if let one = series[feed.instance][source] { fleet.observe(.sample(one, value), of: id, at: time) }
    case .event(let source, let groups, let value):
      if let one = signal(source) { fleet.observe(.event(signal: one, groups: groups, value: value), of: id, at: time) }
    case .otherLine(let source):
      if let one = signal(source) { fleet.observe(.otherLine(signal: one), of: id, at: time) }
    case .attach(let name):
      if let one = names[name] { fleet.observe(.attach(signal: one), of: id, at: time) }
    case .condition(let source, let status, let reason):
      if let one = signal(source) {
        fleet.observe(.condition(signal: one, status: status, reason: reason), of: id, at: time)
      }
    case .conditionEnd(let source, let status):
      if let one = signal(source) { fleet.observe(.conditionEnd(signal: one, status: status), of: id, at: time) }
    case .info(let source, let value):
      if let one = series[feed.instance][source] { fleet.observe(.info(one, value), of: id, at: time) }
    case .content(let content): fleet.observe(History.Entry(content, at: time), of: id)
    }
  }

  func view<R>(_ instance: String, at time: Int64, _ body: (InstanceView) -> R) -> R? {
    fleet.view(instance, at: Timestamp(milliseconds: start + time), body)
  }

  /// Makes the record of a view when it is called.
  func decider(_ view: InstanceView) -> () -> Decision { fleet.decider(view) }
}
