import CKernels

/// One tick of some instances of a block: reads their state, fills registers, and learns when time alone will change something.
///
/// Either the instances stand side by side in columns of registers, or there is one, in registers of its own.
struct Tick {
  let workspace: Workspace
  let plan: Plan
  let block: InstanceBlock
  let number: Int64
  let now: Int64
  let frame: Frame
  let isColumns: Bool
  /// Of a row in the frame: itself in columns, else 0.
  private let placeMask: Int
  /// By place: when time alone changes something.
  let wakes: UnsafeMutablePointer<Wake>
  /// By place: the matching entry of `desired:`.
  private let desired: UnsafeMutablePointer<DesiredMatch>
  /// Reads for a report: nothing of the state may change.
  let isReading: Bool
  /// Signals of which several series live where one is wanted.
  var ambiguous: Set<Int> = []
  /// Why `desired:` says nothing, where it does not.
  private(set) var desiredProblem: String?

  /// Which entry of `desired:` matches.
  struct DesiredMatch: BitwiseCopyable {
    /// −1: there is not exactly one certain match.
    var entry: Int32 = -1
    /// `desired:` is absent, or has exactly one certain match.
    var isSettled = true
  }

  init(_ workspace: Workspace, _ block: InstanceBlock, number: Int64, columns: Bool, isReading: Bool = false) {
    self.workspace = workspace
    plan = workspace.plan
    self.block = block
    self.number = number
    self.isReading = isReading
    now = number * workspace.plan.step
    frame = columns ? workspace.columns : workspace.row
    isColumns = columns
    placeMask = columns ? -1 : 0
    wakes = workspace.wakes
    desired = workspace.desired
  }

  @inline(__always) func place(_ row: Int) -> Int { row & placeMask }

  /// Everything of a row starts as if nothing were going to change.
  func prepare(_ row: Int) {
    wakes[place(row)] = Wake(now: number, step: plan.step)
    desired[place(row)] = DesiredMatch()
  }

  func isFirst(_ row: Int) -> Bool { block.firstTick[row] == number || block.firstTick[row] == .max }

  /// Whether what is known since a time is known for so many milliseconds.
  func isKnown(for duration: Int64, since: Int64, _ row: Int) -> Bool {
    if workspace.assumesSteady { return true }
    guard since < .max else { return false }
    if now - since >= duration { return true }
    wakes[place(row)].at(since + duration)
    return false
  }

  func signals(_ span: Span32) -> UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(start: plan.lists.base + Int(span.start), count: Int(span.end - span.start))
  }

  private func thresholds(_ span: Span32) -> UnsafeBufferPointer<Program.Threshold> {
    UnsafeBufferPointer(start: plan.thresholds.base + Int(span.start), count: Int(span.end - span.start))
  }

  // MARK: Rows of keys

  func updateKeys(_ row: Int) {
    for index in plan.keyedMetrics.indices {
      let signal = plan.signals[Int(plan.keyedMetrics[index])]
      block.set(Int(signal.slot), row).pointee.updateKeys(at: now, signal: signal, &wakes[place(row)])
    }
    for index in plan.keyedLogs.indices {
      let signal = plan.signals[Int(plan.keyedLogs[index])]
      block.cold[row].logs[Int(signal.slot)].updateKeys(at: now, signal: signal, &wakes[place(row)])
    }
  }

  func isSeen(_ signal: Int, _ row: Int) -> Bool {
    let slot = Int(plan.signals[signal].slot)
    switch plan.signals[signal].source {
    case .metric: return block.set(slot, row).pointee.isSeen
    case .log: return block.cold[row].logs[slot].isSeen
    case .condition: return block.cold[row].conditions[slot].isSeen
    case .info: return block.cold[row].infos[slot].isSeen
    case .fact:
      guard case .fact(let name, _) = workspace.program.signals[signal].source else { return false }
      return block.cold[row].facts.facts[name] != nil
    }
  }

  /// The rows over some keyed signals, in order; the unknown row last.
  func keys(over span: Span32, _ row: Int) -> [Int32] {
    guard !span.isEmpty else { return [0] }
    let signals = signals(span)
    var rows: [Int32] = []
    var known: Set<Int32> = []
    var hasUnknown = false
    for signal in signals {
      let one = plan.signals[Int(signal)]
      let slot = Int(one.slot)
      let keys: [Int32]
      let isOverflowed: Bool
      if one.source == .log {
        keys = block.cold[row].logs[slot].keys
        isOverflowed = block.cold[row].logs[slot]
          .isOverflowed(at: now, retention: one.retention, &wakes[place(row)])
      } else {
        keys = block.set(slot, row).pointee.keys
        isOverflowed = block.set(slot, row).pointee
          .isOverflowed(at: now, retention: one.retention, &wakes[place(row)])
      }
      if isOverflowed || !isSeen(Int(signal), row) {
        hasUnknown = true
      } else if signals.count == 1 {
        // The keys of one signal differ from one another.
        rows = keys
      } else {
        for key in keys where known.insert(key).inserted { rows.append(key) }
      }
    }
    if rows.count > 1 { rows.sort { workspace.keys.precedes($0, $1) } }
    return hasUnknown ? rows + [Row.unknownKey] : rows
  }

  // MARK: Registers

  /// Fills the registers of what does not depend on a key, in dependency order.
  mutating func fillShared(_ rows: UnsafeBufferPointer<Int32>) {
    if let register = workspace.program.spreadRegister {
      for row in rows { frame.numbers[register * frame.stride + place(Int(row))] = block.spread[Int(row)] }
    }
    if workspace.program.desired != nil { for row in rows { matchDesired(Int(row)) } }
    if isColumns {
      for index in plan.metricTerms.indices { fill(plan.metricTerms[index], rows) }
    } else {
      for row in rows { fillTerms(Int(row)) }
    }
    for index in plan.otherFeatures.indices {
      let feature = plan.features[Int(plan.otherFeatures[index])]
      for row in rows { fill(feature, key: nil, Int(row)) }
    }
    for index in plan.derived.indices { for row in rows { derive(index, Int(row)) } }
  }

  /// All terms over metrics of one row.
  private mutating func fillTerms(_ row: Int) {
    workspace.prepareWindows(number)
    let (plan, sets, capacity, now, number) = (plan, block.sets, block.capacity, now, number)
    let (numbers, stride) = (frame.numbers + place(row), frame.stride)
    let (pending, windows, wake) = (workspace.rowTerms, workspace.windows, wakes + place(row))
    let scale = plan.scale
    var count = 0
    var last: WindowTerm?
    for index in plan.rowTerms.indices {
      let one = plan.rowTerms.base + index
      let set = sets + (Int(one.pointee.slot) &* capacity &+ row)
      let out = numbers + Int(one.pointee.register) &* stride
      if one.pointee.kind == WindowTerm.noForm {
        if set.pointee.isAlone(at: now, staleAfter: one.pointee.staleAfter) {
          out.pointee = set.pointee.first.newestValue
          wake.pointee.after(set.pointee.first.newestTime &+ min(one.pointee.staleAfter, .max / 2))
          continue
        }
      } else {
        let window = windows + Int(one.pointee.window)
        let needsBase = one.pointee.needsBase
        let entries = set.pointee.regularEntries(
          Int64(window.pointee.length), number, at: now, staleAfter: one.pointee.staleAfter, needsBase: needsBase, scale
        )
        if entries > 0 {
          pending[count] = ck_term(
            window: window, ring: set.pointee.first.ring(ofLast: needsBase ? entries &+ 1 : entries),
            kind: one.pointee.kind, entries: Int32(truncatingIfNeeded: entries), out: out)
          count &+= 1
          continue
        }
      }
      fillSlowly(plan.metricTerms.base + Int(one.pointee.term), row, &last)
    }
    if count > 0 {
      ck_window_terms(pending, count)
      wake.pointee.nextTick()
    }
    for index in plan.slowTerms.indices { fillSlowly(plan.metricTerms.base + Int(plan.slowTerms[index]), row, &last) }
  }

  /// One term over a metric of one row, whatever its series are like.
  ///
  /// - Parameter last: The window of the term before; most windows of a policy are of few lengths.
  @inline(never)
  private mutating func fillSlowly(_ one: UnsafePointer<Plan.MetricTerm>, _ row: Int, _ last: inout WindowTerm?) {
    let series = plan.series + Int(one.pointee.slot)
    var window: WindowTerm?
    if let kind = one.pointee.kind {
      if let last, last.ticks == one.pointee.ticks {
        window = last.with(kind)
      } else {
        window = WindowTerm(kind, ticks: one.pointee.ticks, last: number, series.pointee)
      }
      last = window
    }
    var isAmbiguous = false
    let value = block.set(Int(one.pointee.slot), row).pointee
      .term(
        window, key: nil, at: now, signal: plan.signals[Int(one.pointee.signal)], plan: series.pointee,
        identities: workspace.identities, &wakes[place(row)], ambiguous: &isAmbiguous)
    frame.numbers[Int(one.pointee.register) &* frame.stride &+ place(row)] = value
    if isAmbiguous { ambiguous.insert(Int(one.pointee.signal)) }
  }

  /// One term over a metric of many rows.
  private mutating func fill(_ term: Plan.MetricTerm, _ rows: UnsafeBufferPointer<Int32>) {
    let signal = plan.signals[Int(term.signal)]
    let slot = Int(term.slot)
    let column = frame.numbers + Int(term.register) * frame.stride
    let sets = block.set(slot, 0)
    let series = plan.series[slot]
    let window = term.kind.map { WindowTerm($0, ticks: term.ticks, last: number, series) }
    var isAmbiguous = false
    if let window, window.hasColumnForm(signal, series) {
      isAmbiguous = fill(column, sets, rows, window, signal, series)
    } else {
      let identities = workspace.identities
      for row in rows {
        column[Int(row)] = sets[Int(row)].term(
          window, key: nil, at: now, signal: signal, plan: series, identities: identities, &wakes[Int(row)],
          ambiguous: &isAmbiguous)
      }
    }
    if isAmbiguous { ambiguous.insert(Int(term.signal)) }
  }

  /// A window term of many rows, the regular series among them at once.
  ///
  /// - Returns: Whether several series live somewhere.
  private func fill(
    _ column: UnsafeMutablePointer<Double>, _ sets: UnsafeMutablePointer<SeriesSet>,
    _ rows: UnsafeBufferPointer<Int32>, _ window: WindowTerm, _ signal: Plan.Signal, _ series: SeriesPlan
  ) -> Bool {
    let (rings, ringRows, values) = (workspace.rings, workspace.ringRows, workspace.ringValues)
    var form = window.form
    let entries = Int(form.length) + (window.kind.isGrowth ? 1 : 0)
    let start = now - plan.step
    let wakes = wakes
    var count = 0
    var isAmbiguous = false
    for row in rows {
      let set = sets + Int(row)
      guard set.pointee.hasRun(entries, after: start) else {
        column[Int(row)] = irregular(set, window, signal, series, Int(row), &isAmbiguous)
        continue
      }
      rings[count] = set.pointee.first.ring(ofLast: entries)
      ringRows[count] = row
      count &+= 1
      wakes[Int(row)].nextTick()
    }
    // Of all rows of a block, each value falls where it belongs.
    let isDirect = count == block.count
    ck_windows(&form, rings, count, isDirect ? column : values)
    if !isDirect { for index in 0..<count { column[Int(ringRows[index])] = values[index] } }
    return isAmbiguous
  }

  @inline(never)
  private func irregular(
    _ set: UnsafeMutablePointer<SeriesSet>, _ window: WindowTerm, _ signal: Plan.Signal, _ series: SeriesPlan,
    _ row: Int, _ isAmbiguous: inout Bool
  ) -> Double {
    set.pointee.term(
      window, key: nil, at: now, signal: signal, plan: series, identities: workspace.identities, &wakes[row],
      ambiguous: &isAmbiguous)
  }

  private mutating func matchDesired(_ row: Int) {
    guard let entries = workspace.program.desired else { return }
    var certain: [Int] = []
    var hasUnknown = false
    for (index, entry) in entries.enumerated() {
      guard let condition = entry.condition else {
        certain.append(index)
        continue
      }
      for feature in condition.features { fill(plan.features[feature], key: nil, row) }
      switch frame.truth(Plan.Fragment(code: condition), at: place(row), workspace) {
      case .yes: certain.append(index)
      case .unknown: hasUnknown = true
      case .no: break
      }
    }
    let isSettled = certain.count == 1 && !hasUnknown
    desired[place(row)] = DesiredMatch(entry: isSettled ? Int32(certain[0]) : -1, isSettled: isSettled)
    guard isReading else { return }
    if certain.count > 1 {
      desiredProblem = "\(certain.count) entries of `desired` match"
    } else if !isSettled {
      desiredProblem = hasUnknown ? "unknown which entry of `desired` matches" : "no entry of `desired` matches"
    }
  }

  /// Fills the keyed registers that some code reads, for one key.
  mutating func fill(key: Int32, features: Span32, derived: Span32, _ row: Int) {
    for index in signals(features) where plan.features[Int(index)].isKeyed {
      fill(plan.features[Int(index)], key: key, row)
    }
    for index in signals(derived) { fillClock(Int(index), key: key, row) }
  }

  /// The same for what only a text reads: such code is not in the plan.
  mutating func fill(key: Int32, features: [Int], derived: [Int], _ row: Int) {
    for index in features where plan.features[index].isKeyed { fill(plan.features[index], key: key, row) }
    for index in derived { fillClock(index, key: key, row) }
  }

  private func fillClock(_ index: Int, key: Int32, _ row: Int) {
    let one = plan.derived[index]
    guard case .sinceTruth(let bound) = one.kind, !one.fragment.keyedSignals.isEmpty else { return }
    let clock = block.cold[row].clocks[index].clock(of: key)?.clock ?? .unknown
    write(
      clock, register: one.register, boundRegister: bound, thresholds: one.thresholds, isRestless: one.isRestless, row)
  }

  private mutating func derive(_ index: Int, _ row: Int) {
    let one = plan.derived[index]
    let keys = keys(over: one.fragment.keyedSignals, row)
    let register = Int(one.register) * frame.stride + place(row)
    switch one.kind {
    case .reduced(let reducer):
      var reduction = Reduction(reducer)
      for key in keys {
        fill(key: key, features: one.fragment.features, derived: one.fragment.derived, row)
        reduction.add(frame.number(one.fragment, at: place(row), workspace))
      }
      frame.numbers[register] = keys.isEmpty ? silence(one, reducer, row) : reduction.result
    case .sinceTruth(let bound):
      var clocks = block.cold[row].clocks[index]
      if !isReading {
        let before = clocks
        clocks = []
        for key in keys {
          fill(key: key, features: one.fragment.features, derived: one.fragment.derived, row)
          var clock = before.clock(of: key) ?? TruthClock(key: key)
          clock.step(frame.truth(one.fragment, at: place(row), workspace), at: now)
          clocks.append(clock)
        }
        // In order of key, to be found again.
        clocks.sort { $0.key < $1.key }
        block.cold[row].clocks[index] = clocks
      }
      if one.fragment.keyedSignals.isEmpty {
        write(
          clocks[0].clock, register: one.register, boundRegister: bound, thresholds: one.thresholds,
          isRestless: one.isRestless, row)
      }
    }
  }

  /// A reduced name without any row: what it is over a log that is attached and silent.
  private mutating func silence(_ one: Plan.Derived, _ reducer: Reducer, _ row: Int) -> Double {
    if reducer == .count { return 0 }
    fill(key: Row.silentKey, features: one.fragment.features, derived: one.fragment.derived, row)
    return frame.number(one.fragment, at: place(row), workspace)
  }

  // MARK: Clocks

  /// Writes what a clock shows, and asks to be woken when it meets what it is compared with.
  func write(
    _ clock: Clock, register: Int32, boundRegister: Int32, thresholds: Span32, isRestless: Bool, _ row: Int
  ) {
    let place = place(row)
    var value = Double.nan
    var bound = Double.nan
    var origin: Int64?
    switch clock {
    case .unknown: break
    case .zero: value = 0
    case .exact(let start):
      value = Double(now - start) / 1000
      origin = start
    case .atLeast(let start, let isMoving):
      bound = workspace.assumesSteady && isFirst(row) ? .infinity : Double(now - start) / 1000
      origin = isMoving ? start : nil
      // The infinite bound of a steady instance holds for its first tick alone.
      if bound == .infinity { wakes[place].nextTick() }
    }
    frame.numbers[Int(register) * frame.stride + place] = value
    if boundRegister != register { frame.numbers[Int(boundRegister) * frame.stride + place] = bound }
    guard let origin else { return }
    if isRestless {
      wakes[place].nextTick()
      return
    }
    for threshold in self.thresholds(thresholds) {
      switch threshold {
      case .constant(let seconds): wakes[place].clock(from: origin, meets: seconds)
      case .spread(let a, let b): wakes[place].clock(from: origin, meets: (a - b) + (2 * b) * block.spread[row])
      }
    }
  }

  // MARK: What is desired

  /// The entry of `desired:` that an instance is held against.
  func desiredMatch(_ row: Int) -> DesiredMatch { desired[place(row)] }
}

extension Row {
  /// No key has this number: the row over no events.
  static let silentKey: Int32 = -2
}
