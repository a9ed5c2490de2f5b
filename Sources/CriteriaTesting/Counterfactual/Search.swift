import Criteria
import CriteriaEngine

/// The search of `nearestChanges`: tries edits of each kind in turn and keeps what reaches a goal.
struct Search {
  private var replayer: Replayer
  private let goals: [Goal]
  private let limits: SearchLimits
  private let program: Program
  private let tick: Timestamp
  private let base: Decision?
  /// By goal: it is reached as things are.
  private let isMet: [Bool]
  private var found: [[NearestChange]]
  private var isCutShort = false
  /// How far the policy's rules look back.
  private let lookback: Int64
  /// Nothing was observed up to then, and nothing is added: milliseconds.
  private let begin: Int64

  private var readings: Readings { replayer.readings }

  init(_ history: History, _ policy: Policy, _ tick: Timestamp, _ goals: [Goal], _ limits: SearchLimits) {
    program = policy.program
    self.goals = goals
    self.limits = limits
    self.tick = tick
    found = goals.map { _ in [] }
    lookback = policy.program.lookback
    var history = history
    history.entries.removeAll { $0.time > tick }
    history.attachments.removeAll { $0.time > tick }
    let step = policy.program.step
    let earliest = (tick.milliseconds - lookback) / step * step
    replayer = Replayer(history, under: policy, at: tick, earliest: Timestamp(milliseconds: earliest), goals)
    begin = history.start.map { $0.milliseconds - 1 } ?? .min
    let base = replayer.base()
    self.base = base?.decision
    isMet = base?.reached ?? goals.map { _ in false }
  }

  var report: SearchReport {
    SearchReport(
      results: zip(goals, found).map { goal, changes in
        NearestChanges(
          goal: goal.name,
          changes: changes.sorted(by: isSmaller).map { change in
            var change = change
            change.text = readings.sentence(change.edit)
            return change
          })
      },
      replays: replayer.replays, isCutShort: isCutShort)
  }

  private func isSmaller(_ a: NearestChange, _ b: NearestChange) -> Bool {
    (a.size, a.edit.length, a.edit.lines) < (b.size, b.edit.length, b.edit.lines)
  }

  mutating func run() {
    guard base != nil else { return }
    if limits.waits { wait() }
    // Those of the goals' rules first: of many signals a limit may leave out the others.
    let own = Set(program.rules.filter { rule in goals.contains { $0.rules.contains(rule.name) } }.flatMap(\.signals))
    let read = program.signalsRead.filter(own.contains) + program.signalsRead.filter { !own.contains($0) }
    resume(read)
    for signal in read {
      switch program.signals[signal].source {
      case .metric:
        if readings.isCounter(signal) { grow(signal) } else { shift(signal) }
        arrive(signal)
      case .log: lines(signal)
      case .condition: statuses(signal)
      case .info: infos(signal)
      case .fact(let name, _): fact(program.string(name))
      }
    }
    var names: Set<String> = []
    for feature in program.features {
      switch feature.kind {
      case .fact(let code):
        let name = program.string(code)
        guard names.insert(name).inserted else { continue }
        if program.info(ofFact: name) == nil { fact(name) }
      case .label(let code): label(program.string(code))
      case .age: launch()
      default: break
      }
    }
  }

  // MARK: Trying

  private mutating func replay(_ edit: Edit) -> Replayed? {
    guard replayer.replays < limits.replays, replayer.fed < limits.observations else {
      isCutShort = true
      return nil
    }
    return replayer.replay(edit)
  }

  /// What is reached as things are needs no change, and none is the least.
  private mutating func reaches(_ edit: Edit, _ goal: Int) -> Bool {
    !isMet[goal] && replay(edit)?.reached[goal] ?? false
  }

  /// Keeps a change that reaches a goal, unless one of its kind and signal that is not larger is there.
  ///
  /// Sizes within a tenth of each other count as equal: then the shorter span is better.
  private mutating func keep(_ edit: Edit, size: Double, for goal: Int) {
    guard !isMet[goal], let replayed = replay(edit), replayed.reached[goal], let decision = replayed.decision else {
      return
    }
    let change = NearestChange(edit: edit, size: size, decision: decision)
    guard let known = found[goal].firstIndex(where: { $0.edit.family == edit.family }) else {
      return found[goal].append(change)
    }
    let old = found[goal][known]
    let isEqual = size < old.size * 1.1 && old.size < size * 1.1
    if isEqual ? edit.length < old.edit.length : size < old.size { found[goal][known] = change }
  }

  /// Finds how little of a quantity reaches each goal.
  ///
  /// - Parameters:
  ///   - most: Quantities to begin with, each tried until one reaches the goal.
  ///   - unit: In which the quantity is shown, and rounded.
  ///   - edit: With the quantity, which is above 0.
  private mutating func bisect(
    most: [Double], isWhole: Bool, unit: Double, size: (Double) -> Double, edit: (Double) -> Edit
  ) {
    for goal in goals.indices {
      // What goes from one end of all numbers to the other is as long as any.
      var tries = most.map { min($0, .greatestFiniteMagnitude) }
      if goals[goal].isBetween, let first = tries.first {
        tries += [0.5, 0.25, 0.125, 0.0625].map { isWhole ? (first * $0).rounded() : first * $0 }
      }
      guard let high = tries.first(where: { $0 > 0 && reaches(edit($0), goal) }) else { continue }
      let least =
        isWhole ? leastWhole(high, goal, edit) : rounded(leastReal(high, goal, edit), unit, goal, edit)
      keep(edit(least), size: size(least), for: goal)
    }
  }

  private mutating func leastWhole(_ most: Double, _ goal: Int, _ edit: (Double) -> Edit) -> Double {
    var high = most.rounded(.down)
    var low = 0.0
    while high - low > 1 {
      let middle = ((low + high) / 2).rounded(.down)
      if reaches(edit(middle), goal) { high = middle } else { low = middle }
    }
    while high > 1, reaches(edit((high / 2).rounded(.down)), goal) { high = (high / 2).rounded(.down) }
    return high
  }

  private mutating func leastReal(_ most: Double, _ goal: Int, _ edit: (Double) -> Edit) -> Double {
    var high = most
    if reaches(edit(high * 1e-6), goal) { high *= 1e-6 }
    // This ends: what is too little to change any double changes nothing.
    while high > .leastNormalMagnitude, reaches(edit(high / 2), goal) { high /= 2 }
    var low = high / 2
    for _ in 0..<10 where high - low > high / 1000 {
      // Not half of the sum, which may be infinite.
      let middle = low + (high - low) / 2
      if reaches(edit(middle), goal) { high = middle } else { low = middle }
    }
    while high > .leastNormalMagnitude, reaches(edit(high / 2), goal) { high /= 2 }
    return high
  }

  /// Three digits, away from zero, if that still is the boundary.
  private mutating func rounded(_ least: Double, _ unit: Double, _ goal: Int, _ edit: (Double) -> Edit) -> Double {
    for digits in 2...3 {
      let round = roundedUp(least / unit, digits: digits) * unit
      // Two digits are enough where they say the same within a hundredth.
      guard digits == 3 || round <= least * 1.01 else { continue }
      if round > 0, reaches(edit(round), goal), !reaches(edit(round / 2), goal) { return round }
    }
    return least
  }

  // MARK: Spans

  /// Spans that matter to what rules read of a signal, shortest first: back to its newest sample, and how long its terms and the `for` of rules
  /// look back; with a rule's `hold` too.
  private func spans(of signal: Int) -> [Timestamp] {
    let newest = readings.newest(of: signal, at: tick).map(\.entry.time.milliseconds).max() ?? tick.milliseconds
    var lengths: Set<Int64> = [((tick.milliseconds - newest) / program.step + 1) * program.step]
    for rule in program.rules where rule.signals.contains(signal) || rule.keyedSignals.contains(signal) {
      var windows: Set<Int64> = [program.step]
      for index in rule.features where program.features[index].signal == signal {
        if case .window(_, _, let window) = program.features[index].kind { windows.insert(window) }
        if case .absent(_, let window) = program.features[index].kind { windows.insert(window) }
      }
      for window in windows {
        lengths.insert(window)
        lengths.insert(window + rule.for)
        if rule.hold > 0 { lengths.insert(window + rule.for + rule.hold + program.step) }
      }
    }
    return starts(lengths)
  }

  /// Spans for what has another value since then: as above for all rules, and how far the policy looks back.
  private func standingSpans(of rules: [Program.Rule]) -> [Timestamp] {
    var lengths: Set<Int64> = [program.step, lookback]
    for rule in rules {
      lengths.insert(rule.for + program.step)
      lengths.insert(rule.for + rule.hold + 2 * program.step)
    }
    return starts(lengths)
  }

  private func starts(_ lengths: Set<Int64>) -> [Timestamp] {
    let starts = Set(lengths.filter { $0 <= lookback }.map { max(tick.milliseconds - $0, begin) })
    return starts.sorted(by: >).prefix(6).map(Timestamp.init(milliseconds:))
  }

  // MARK: Metrics

  /// All series at once, and each key or, of a few, each series alone.
  private func targets(of signal: Int) -> [Edit.Labels] {
    let series = readings.series(of: signal)
    let one = program.signals[signal]
    if series.count < 2 { return series.isEmpty ? [] : [[:]] }
    var targets: [Edit.Labels] = []
    for labels in series {
      let target = one.by.isEmpty ? labels : labels.filter { one.by.contains($0.key) }
      if !targets.contains(target) { targets.append(target) }
    }
    let spoken = base?.rules.flatMap(\.key).map { [$0.name: $0.value] } ?? []
    // Keys that the decision speaks of first.
    targets = targets.filter { spoken.contains($0) } + targets.filter { !spoken.contains($0) }
    return (one.isKeyed ? [] : [[:]]) + targets.prefix(6)
  }

  private mutating func shift(_ signal: Int) {
    let values = readings.values[signal]
    guard !values.isEmpty else { return }
    let bounds = readings.bounds(of: signal)
    let scale = max(values.scale, values.isWhole ? 1 : .leastNormalMagnitude)
    // Down: as far as it goes, or as far below 0 as it was above.
    let down = bounds.lowerBound.isFinite ? values.high - bounds.lowerBound : values.high - values.low + 2 * scale
    let up = bounds.upperBound.isFinite ? [bounds.upperBound - values.low] : [scale, 100 * scale]
    let unit = readings.format(of: signal).unit(of: scale)
    for labels in targets(of: signal) {
      for from in spans(of: signal) {
        for (most, sign) in [([down], -1.0), (up, 1.0)] {
          bisect(
            most: values.isWhole ? most.map { max(1, $0) } : most, isWhole: values.isWhole, unit: unit,
            // In halves, whose sum is finite.
            size: {
              min(1, $0 / 2 / max(scale / 2, sign > 0 ? min(values.high / 2 + $0 / 2, bounds.upperBound / 2) : 0))
            },
            edit: { [tick] in
              Edit(.shift(signal: signal, labels, by: sign * $0), from: from, to: tick)
            })
        }
      }
    }
  }

  private mutating func grow(_ signal: Int) {
    let values = readings.values[signal]
    guard !values.isEmpty else { return }
    for labels in targets(of: signal) {
      for from in spans(of: signal) {
        let fastest = readings.fastestGrowth(of: signal, from: from, to: tick)
        let scale = max(fastest, 1 / 3600)
        for (most, sign) in [([fastest], -1.0), ([scale, 100 * scale, 1e6 * scale], 1.0)] {
          bisect(
            most: most, isWhole: false, unit: readings.format(of: signal).unit(of: scale),
            size: { min(1, $0 / 2 / (sign > 0 ? fastest / 2 + $0 / 2 : fastest / 2)) },
            edit: { [tick] in
              Edit(.growth(signal: signal, labels, perSecond: sign * $0), from: from, to: tick)
            })
        }
      }
    }
  }

  /// A metric that was never seen, or is stale, with a value: its last one and the ends of its range first.
  private mutating func arrive(_ signal: Int) {
    let newest = readings.newest(of: signal, at: tick)
    let staleAfter = program.signals[signal].staleAfter ?? .max
    let isAlive = newest.contains { item in
      !item.isEnd && tick.milliseconds - item.entry.time.milliseconds <= staleAfter
    }
    if isAlive { return }
    guard case .metric(let selector, _, _) = program.signals[signal].source else { return }
    let labels = readings.series(of: signal)
    let values = readings.values[signal]
    var tried: [Double] = values.isEmpty ? [0, 1] : [values.low, values.high, 0, 1]
    if !readings.isShare(signal) { tried += [values.isEmpty ? 1000 : values.scale * 10] }
    for labels in labels.isEmpty ? [selector.plainLabels] : Array(labels.prefix(4)) {
      for from in spans(of: signal) {
        for value in tried {
          let edit = Edit(.arrived(signal: signal, labels, value: value), from: from, to: tick)
          for goal in goals.indices { keep(edit, size: 1, for: goal) }
        }
      }
    }
  }

  // MARK: Logs

  private mutating func lines(_ signal: Int) {
    guard case .log(let pattern) = program.signals[signal].source else { return }
    let text: String?
    let source: String
    if case .observed(.line(let seen, let from))? = readings.newestTold(of: signal, at: tick)?.entry.content {
      (text, source) = (seen, from)
    } else {
      text = exampleLine(for: pattern.regex)
      source = pattern.sources[0] == "any" ? "kernel" : pattern.sources[0]
    }
    for from in spans(of: signal) {
      let count = Double(readings.told(of: signal, after: from, upTo: tick).count)
      bisect(
        most: [count], isWhole: true, unit: 1, size: { $0 / count },
        edit: { [tick] in
          Edit(.fewerLines(signal: signal, count: Int($0)), from: from, to: tick)
        })
    }
    // A glob is no name that a source could have.
    guard let text, !source.contains("*"), !source.contains("?") else { return }
    let present = Double(readings.told(of: signal, after: spans(of: signal).last!, upTo: tick).count)
    for age in Set(program.rules.filter { $0.signals.contains(signal) }.map(\.for)).union([0]).sorted() {
      let at = Timestamp(milliseconds: max(tick.milliseconds - age, replayer.earliest.milliseconds + 1, begin + 1))
      bisect(
        most: [1, 10, 1000], isWhole: true, unit: 1, size: { $0 / ($0 + present) },
        edit: { [program, begin] in
          Edit(
            .moreLines(signal: signal, count: Int($0), text: text, source: source),
            from: Timestamp(milliseconds: max(at.milliseconds - program.step, begin)), to: at)
        })
    }
  }

  // MARK: Statuses and facts

  /// What the policy compares strings with.
  private var literals: [String] {
    let codes = program.stringConstants.map(\.code) + program.stringLists.flatMap { $0 }
    return Set(codes.filter { $0 > 0 }.map { program.string($0) }).subtracting([""]).sorted()
  }

  private mutating func others(
    _ values: [String], than current: String?, since spans: [Timestamp], _ kind: (String) -> Edit.Kind
  ) {
    var tried: [String] = []
    for value in values where value != current && !tried.contains(value) { tried.append(value) }
    for value in tried.prefix(10) {
      for from in spans {
        for goal in goals.indices { keep(Edit(kind(value), from: from, to: tick), size: 1, for: goal) }
      }
    }
  }

  private mutating func statuses(_ signal: Int) {
    let rules = program.rules.filter { $0.signals.contains(signal) }
    others(["True", "False", "Unknown"] + literals, than: nil, since: standingSpans(of: rules)) {
      .status(signal: signal, $0)
    }
  }

  private mutating func infos(_ signal: Int) {
    guard case .info(_, let label) = program.signals[signal].source else { return }
    let seen = readings.isTold ? readings.infos(of: signal) : readings.series(of: signal).map { $0[label] ?? "" }
    others(
      readings.desired(program.signals[signal].name) + seen + literals + ["another"], than: nil,
      since: standingSpans(of: program.rules)
    ) { .info(signal: signal, $0) }
  }

  private mutating func fact(_ name: String) {
    let seen = readings.facts(name)
    others(
      readings.desired(name) + seen + literals + ["another"], than: seen.last, since: standingSpans(of: program.rules)
    ) { .fact(name, $0) }
  }

  private mutating func label(_ name: String) {
    let seen = readings.labels(name)
    others(literals + ["another"], than: seen.last, since: standingSpans(of: program.rules)) { .label(name, $0) }
  }

  private mutating func launch() {
    guard let launched = readings.launched(at: tick) else { return }
    let age = Double(tick.milliseconds - launched.milliseconds) / 1000
    let later = readings.start.map { Double($0.milliseconds - launched.milliseconds) / 1000 } ?? age
    for (most, sign) in [([later], 1.0), ([age, 1e7, 1e9], -1.0)] {
      bisect(
        most: most, isWhole: false, unit: 1, size: { $0 / (sign > 0 ? age : age + $0) },
        edit: { [tick, replayer] in
          Edit(.launch(by: sign * $0), from: replayer.earliest, to: tick)
        })
    }
  }

  // MARK: Time and silence

  private mutating func wait() {
    let step = program.step
    // Everything has settled by then, if nothing but time passes; ages and clocks may take longer.
    let limit = Timestamp(milliseconds: tick.milliseconds + min(lookback, 2000 * step))
    for goal in goals.indices {
      guard let time = replayer.firstTick(upTo: limit, reaching: goal) else { continue }
      let length = Double(time.milliseconds - tick.milliseconds)
      keep(Edit(.wait, from: tick, to: time), size: length / (length + Double(lookback)), for: goal)
    }
  }

  /// What keeps the verdict open goes on as it was before it fell silent: each alone, and all of it.
  private mutating func resume(_ read: [Int]) {
    let missing = read.filter { signal in base?.missing.contains { $0.signal == program.signals[signal].name } ?? false
    }
    guard !missing.isEmpty else { return }
    let from = Timestamp(milliseconds: max(tick.milliseconds - lookback, replayer.earliest.milliseconds, begin))
    let groups = missing.map { [$0] } + (missing.count > 1 ? [missing] : [])
    for signals in groups {
      for goal in goals.indices { keep(Edit(.resumed(signals: signals), from: from, to: tick), size: 1, for: goal) }
    }
  }
}
