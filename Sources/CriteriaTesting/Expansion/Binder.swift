import Criteria
package import CriteriaCompiler
package import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax

/// Finds what a test file speaks of in a policy: signals, facts, rules, expressions.
///
/// - Parameter compilation: Of a valid policy.
/// - Returns: The cases that are sound; and everything found wrong, with positions in the test file.
package func bind(_ file: TestFile, to compilation: Compilation) -> (file: BoundFile, diagnostics: [Diagnostic]) {
  var binder = Binder(compilation)
  var bound = BoundFile(file: file, cases: [], values: [])
  var total = 0
  for test in file.cases {
    let faults = binder.errors
    let one = binder.bind(test)
    guard let one, binder.errors == faults else { continue }
    total += one.size
    guard total <= StimulusLimits.ofFile else {
      binder.report(
        .tooMuch("the file comes to more than \(StimulusLimits.ofFile) observations here", at: test.name.range))
      break
    }
    bound.cases.append(one)
  }
  bound.values = binder.values
  return (bound, Diagnostics(binder.diagnostics).sorted)
}

/// What a policy reads, and what was found wrong with a file of its tests.
struct Binder {
  let file: PolicyFile
  let checked: CheckedPolicy
  let program: Program
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var errors = 0
  var values: [(expr: Expr, type: ExpressionType)] = []
  let signals: [String: CheckedPolicy.SignalIndex]
  private let computed: [String: SignalDeclaration]
  let rules: Set<String>
  private let usedSignals: Set<Int>
  private let usedFacts: Set<FactGiven.What>
  private let readsDrift: Bool
  private var reportedTimes: Set<SourceRange> = []

  init(_ compilation: Compilation) {
    guard let file = compilation.file, let checked = compilation.checked, let program = compilation.program else {
      preconditionFailure("an invalid policy reached its tests")
    }
    (self.file, self.checked, self.program) = (file, checked, program)
    signals = Dictionary(
      checked.signals.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    var computed: [String: SignalDeclaration] = [:]
    for signal in file.signals { if case .expression = signal.kind { computed[signal.name.value] = signal } }
    self.computed = computed
    rules = Set(checked.rules.map(\.name))
    var used: Set<Int> = []
    var facts: Set<FactGiven.What> = []
    var drift = false
    func name(_ code: UInt32) -> String { program.string(code) }
    for feature in program.features {
      if let signal = feature.signal { used.insert(signal) }
      switch feature.kind {
      case .fact(let code), .sinceFact(let code):
        facts.insert(.fact(name(code)))
        // A fact may be an info signal of that name, or a fact signal may read it.
        if let signal = signals[name(code)] { used.insert(signal) }
      case .label(let code): facts.insert(.label(name(code)))
      case .desired(let code): facts.insert(.desired(name(code)))
      case .factNumber(let signal):
        if case .fact(let code, _) = program.signals[signal].source { facts.insert(.fact(name(code))) }
      case .age: facts.insert(.age)
      case .driftCount, .driftRatio: drift = true
      case .latest, .window, .sinceSignal, .absent, .status, .reason, .info, .capture: break
      }
    }
    (usedSignals, usedFacts, readsDrift) = (used, facts, drift)
  }

  mutating func report(_ diagnostic: Diagnostic) {
    diagnostics.append(diagnostic)
    if diagnostic.severity == .error { errors += 1 }
  }

  // MARK: Cases

  mutating func bind(_ test: TestCase) -> BoundCase? {
    let scrape = test.scrape?.value.milliseconds ?? checked.step
    var instances: [(given: InstanceGiven, sources: [BoundSource])] = []
    var longest: (end: Int64, range: SourceRange)?
    // Of series whose last part goes on: what they name.
    var named: Int64 = 0
    var isClosed = false
    func lasts(_ end: Int64, _ range: SourceRange) {
      if end > longest?.end ?? 0 { longest = (end, range) }
    }
    func lasts(_ segments: [Segment], _ range: SourceRange) {
      lasts(finiteEnd(of: segments), range)
      guard let last = segments.last else { return }
      if last.length != nil { isClosed = true }
      switch last.kind {
      case .at(let times, _), .stepsAt(_, let times): named = max(named, times.max() ?? 0)
      case .value, .ramp, .stepsEvery, .every, .spread, .missing, .ends: break
      }
    }
    // The end of a case is only known once all that has an end was seen; until then an open part ends never.
    for given in test.instances {
      var sources: [BoundSource] = []
      var seen: [String: SourceRange] = [:]
      for signal in given.signals {
        let whole = signal.signal.value + signal.labels.map { "{\($0.name)=\($0.value)}" }.sorted().joined()
        if let first = seen[whole] { report(.sameSeries(whole, at: signal.signal.range, first: first)) }
        seen[whole] = signal.signal.range
        guard let source = bind(signal) else { continue }
        sources.append(source)
        lasts(signal.segments, signal.range)
      }
      for fact in given.facts {
        if case .series(let segments) = fact.value { lasts(segments, fact.range) }
      }
      for lines in given.logs { lasts([lines.times], lines.range) }
      for samples in given.samples {
        lasts(Int64(samples.values.count) * scrape, samples.range)
        isClosed = true
      }
      instances.append((given, sources))
    }
    let times = test.expectations.flatMap { expectation -> [Located<Duration>] in
      switch expectation.kind {
      case .at(let times, _): times
      case .timeline(let parts): parts.compactMap(\.until)
      case .never: []
      }
    }
    // Without anything that ends, the case lasts as long as something happens or is looked at.
    let open = isClosed ? 0 : max(named, times.map(\.value.milliseconds).max() ?? 0)
    let end = max(longest?.end ?? 0, open)
    guard end > 0 else {
      if !test.expectations.isEmpty { report(.endlessCase(at: test.name.range)) }
      return nil
    }
    let last = end / checked.step * checked.step
    guard last / checked.step <= StimulusLimits.ticks else {
      report(
        .tooMuch(
          "\(end / checked.step) ticks of \(Duration(milliseconds: checked.step).text); the limit is \(StimulusLimits.ticks)",
          at: longest?.range ?? test.name.range))
      return nil
    }
    var bound = BoundCase(
      test: test, instances: [], expectations: [], end: last, step: checked.step, scrape: scrape, size: 0)
    for (given, sources) in instances {
      bound.instances.append(bind(given, sources, end: end, longest?.range))
    }
    measure(&bound, end: end)
    for expectation in test.expectations {
      bound.expectations.append(bind(expectation, test, end: last, longest?.range))
    }
    return bound
  }

  private func finiteEnd(of segments: [Segment]) -> Int64 {
    var end: Int64 = 0
    for segment in segments {
      let (sum, overflow) = end.addingReportingOverflow(segment.length ?? 0)
      end = overflow ? .max : sum
    }
    return end
  }

  /// Counts what a case comes to, and refuses lines that ask for too much.
  private mutating func measure(_ bound: inout BoundCase, end: Int64) {
    var total = 0
    func perScrape(_ start: Int64, _ stop: Int64) -> Int { Int(max(0, (min(stop, end) - start) / bound.scrape + 1)) }
    func events(_ part: EventPart) -> Int {
      switch part.when {
      case nil: 0
      case .every(let period): Int(max(0, (min(part.end, end) - part.start) / period))
      case .at(let times): times.count
      case .spread(let count): count
      }
    }
    var reported = false
    func add(_ count: Int, _ range: SourceRange) {
      total += count
      guard !reported else { return }
      if count > StimulusLimits.samples {
        report(.tooMuch("\(count) observations; the limit is \(StimulusLimits.samples)", at: range))
        reported = true
      } else if total > StimulusLimits.ofCase {
        report(
          .tooMuch("the case comes to \(total) observations here; the limit is \(StimulusLimits.ofCase)", at: range))
        reported = true
      }
    }
    for instance in bound.instances {
      for source in instance.sources {
        switch source.course {
        case .numbers(let parts): for part in parts { add(perScrape(part.start, part.end), source.range) }
        case .condition(let parts), .info(let parts):
          for part in parts { add(perScrape(part.start, part.end), source.range) }
        case .events(let parts): for part in parts { add(events(part), source.range) }
        }
      }
      for (lines, given) in zip(instance.lines, bound.test.instances.first { $0.name == instance.name }?.logs ?? []) {
        add(events(lines.part) * lines.lines.count, given.range)
      }
      for samples in instance.samples { add(samples.values.count, samples.range) }
      add(perScrape(0, end), bound.test.name.range)
    }
    bound.size = total
  }

  // MARK: Instances

  private mutating func bind(
    _ given: InstanceGiven, _ sources: [BoundSource], end: Int64, _ longest: SourceRange?
  ) -> BoundInstance {
    var bound = BoundInstance(
      name: given.name, sources: sources, facts: [], lines: [], samples: given.samples, attached: [])
    for source in sources {
      switch source.course {
      case .events(let parts): checkEvents(parts, end, source.range, longest)
      case .numbers(let parts): checkSteps(parts, end, source.range, longest)
      case .condition, .info: break
      }
    }
    bound.facts = facts(given.facts)
    for lines in given.logs {
      if lines.origin != .shared, !readsLog(lines.source.value) {
        report(.unusedGiven(lines.source.value, why: "no log signal reads this source", at: lines.source.range))
      }
      let part = eventPart(lines.times, start: 0, groups: [:], value: nil)
      checkEvents([part], end, lines.range, longest)
      bound.lines.append(BoundLines(source: lines.source.value, part: part, lines: lines.lines))
    }
    for samples in given.samples where samples.origin != .shared && !readsMetric(samples.metric) {
      report(.unusedGiven(samples.metric, why: "no signal reads this metric", at: samples.range))
    }
    let mentioned = Set(sources.map(\.signal))
    for (index, signal) in checked.signals.enumerated() {
      guard case .log = signal.source else { continue }
      if !mentioned.contains(signal.name) {
        bound.attached.append(signal.name)
        // Silence that would make the stream unknown is not what a healthy instance has.
        if program.signals[index].staleAfter != nil {
          bound.sources.append(
            BoundSource(
              signal: signal.name, labels: [:], course: .events([]), range: SourceRange(SourceID(index: 0), 0, 0),
              keepsAlive: true))
        }
      }
    }
    return bound
  }

  private mutating func checkEvents(_ parts: [EventPart], _ end: Int64, _ range: SourceRange, _ longest: SourceRange?) {
    for part in parts {
      if case .at(let times) = part.when { check(times, part.start, part.end, end, range, longest) }
    }
  }

  private mutating func checkSteps(_ parts: [NumberPart], _ end: Int64, _ range: SourceRange, _ longest: SourceRange?) {
    for part in parts {
      if case .stepsAt(_, let times) = part.kind { check(times, part.start, part.end, end, range, longest) }
    }
  }

  /// Times of a part count from the start of the case, and lie within the part.
  private mutating func check(
    _ times: [Int64], _ start: Int64, _ stop: Int64, _ end: Int64, _ range: SourceRange, _ longest: SourceRange?
  ) {
    if let late = times.first(where: { $0 > end }) {
      report(.afterTheData(late, end: end, at: range, last: longest))
    } else if let outside = times.first(where: { $0 < start || $0 >= stop }) {
      report(.outsideOfPart(outside, start, stop < Self.open ? stop : nil, at: range))
    }
  }

  private func readsLog(_ source: String) -> Bool {
    program.signals.contains { signal in
      if case .log(let pattern) = signal.source { pattern.reads(source) } else { false }
    }
  }

  private func readsMetric(_ metric: String) -> Bool {
    program.launched.contains { $0.metric == metric }
      || program.signals.contains { signal in
        switch signal.source {
        case .metric(let selector, _, _), .info(let selector, _): selector.metric == metric
        case .condition(_, let from, _, _): from?.metric == metric
        case .log, .fact: false
        }
      }
  }

  // MARK: Facts

  private mutating func facts(_ given: [FactGiven]) -> [BoundFacts] {
    var first = BoundFacts(time: 0)
    var later: [BoundFacts] = []
    for fact in given {
      if fact.origin != .shared, !isUsed(fact.what) {
        report(
          .unusedGiven(
            fact.name.value, why: "no rule, selector or `desired` entry of the policy reads it", at: fact.name.range))
      }
      switch fact.value {
      case .missing: break
      case .age(let age): first.age = age.milliseconds
      case .text(let text): put(fact.what, text, into: &first)
      case .series(let segments):
        for part in textParts(segments, of: fact.name.value, at: fact.range) {
          guard let text = part.text else {
            if part.start > 0 { report(.factsStay(fact.name.value, at: fact.range)) }
            continue
          }
          if part.start == 0 {
            put(fact.what, text, into: &first)
          } else {
            var told = BoundFacts(time: part.start)
            put(fact.what, text, into: &told)
            later.append(told)
          }
        }
      }
    }
    return [first] + later
  }

  private func put(_ what: FactGiven.What, _ text: String, into told: inout BoundFacts) {
    switch what {
    case .age: break
    case .label(let name): told.labels = (told.labels ?? [:]).merging([name: text]) { $1 }
    case .fact(let name): told.facts[name] = text
    case .desired(let name): told.desired[name] = text
    }
  }

  private func isUsed(_ what: FactGiven.What) -> Bool {
    if usedFacts.contains(what) { return true }
    if readsDrift {
      switch what {
      case .fact, .desired: return true
      case .age, .label: break
      }
    }
    return false
  }

  // MARK: Signals

  private mutating func bind(_ given: SignalGiven) -> BoundSource? {
    let name = given.signal.value
    guard let index = signals[name] else {
      // Shared defaults speak of the signals of several policies.
      if given.origin == .shared { return nil }
      if let signal = computed[name], case .expression(let expr) = signal.kind {
        report(.computedSignal(name, from: bases(of: expr), at: given.signal.range))
      } else {
        let all = checked.signals.map(\.name)
        report(.unknownSignal(name, nearest: nearest(name, among: all), at: given.signal.range))
      }
      return nil
    }
    if given.origin != .shared, !usedSignals.contains(index) {
      report(.unusedGiven(name, why: "no rule and no selector of the policy does", at: given.signal.range))
      return nil
    }
    let signal = checked.signals[index]
    var labels: [String: String] = [:]
    for label in given.labels { labels[label.name] = label.value }
    func source(_ course: BoundSource.Course) -> BoundSource {
      BoundSource(signal: name, labels: labels, course: course, range: given.range)
    }
    switch signal.source {
    case .gauge, .counter:
      let missing = signal.reduce == nil ? signal.by.filter { labels[$0] == nil } : []
      if !missing.isEmpty {
        report(.missingKeyLabels(name, by: signal.by, at: given.signal.range))
        return nil
      }
      return numberParts(given, signal).map { source(.numbers($0)) }
    case .log(_, _, let value, _, _, let groups):
      var bound = eventParts(given, signal, value: value, groups: groups, labels: labels).map { source(.events($0)) }
      bound?.keepsAlive = program.signals[index].staleAfter != nil
      return bound
    case .condition: return source(.condition(textParts(given.segments, of: name, at: given.range)))
    case .info: return source(.info(textParts(given.segments, of: name, at: given.range)))
    case .fact(let fact):
      report(.factSignal(name, fact: fact, at: given.signal.range))
      return nil
    }
  }

  /// The signals that a named expression reads, through other names.
  private func bases(of expr: Expr) -> [String] {
    var names: [String] = []
    var seen: Set<String> = []
    func visit(_ expr: Expr) {
      switch expr {
      case .path(let path), .window(let path, _, _):
        let name = path.first.value
        guard seen.insert(name).inserted else { return }
        if signals[name] != nil { names.append(name) }
        if let inner = computed[name], case .expression(let expr) = inner.kind { visit(expr) }
      case .call(_, let arguments, _): for argument in arguments { visit(argument) }
      case .not(let inner, _), .negate(let inner, _), .membership(let inner, _, _), .match(let inner, _, _):
        visit(inner)
      case .logical(_, let a, let b, _), .arithmetic(_, let a, let b, _), .comparison(_, let a, let b, _):
        visit(a)
        visit(b)
      case .number, .string, .bool: break
      }
    }
    visit(expr)
    return names
  }
}
