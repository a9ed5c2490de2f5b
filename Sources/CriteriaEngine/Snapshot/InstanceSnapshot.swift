extension InstanceBlock {
  /// Writes all that is kept of a row.
  func encode(_ row: Int, into writer: inout SnapshotWriter) {
    cold[row].sortPending()
    writer.write(cold[row].id)
    writer.write(knownSince[row])
    writer.write(firstTick[row])
    writer.write(lastTick[row])
    writer.write(wake[row])
    writer.write(gates[row].launched)
    writer.write(gates[row].furthest)
    writer.write(gates[row].dueAt)
    writer.write(gates[row].mustQueue)
    summaries[row].encode(into: &writer)
    for slot in plan.metrics.indices { set(slot, row).pointee.encode(into: &writer) }
    for state in cold[row].logs { state.encode(into: &writer) }
    for time in cold[row].announced { writer.write(time) }
    for state in cold[row].infos { state.encode(into: &writer) }
    for state in cold[row].conditions { state.encode(into: &writer) }
    for metric in cold[row].launchedMetrics {
      writer.write(metric != nil)
      if let metric {
        writer.write(metric.time)
        writer.write(identity: metric.identity)
        writer.write(metric.value)
      }
    }
    cold[row].facts.encode(into: &writer)
    for clocks in cold[row].clocks {
      writer.write(count: clocks.count)
      for clock in clocks { clock.encode(into: &writer) }
    }
    for number in plan.rules.indices {
      standing[number * capacity + row].encode(into: &writer)
      let rule = plan.rules[number]
      let place = Int(rule.place)
      if rule.isKeyed {
        let rows = cold[row].keyed[place].rows
        writer.write(count: rows.count)
        for one in rows { one.encode(into: &writer) }
      } else {
        sure[place * capacity + row].encode(into: &writer)
        possible[place * capacity + row].encode(into: &writer)
        lastWorth[place * capacity + row].encode(into: &writer)
      }
    }
    let pending = cold[row].pending.flatMap(\.ofEachSignal)
    writer.write(count: pending.count)
    for item in pending { item.encode(into: &writer) }
  }

  /// Reads into a row that was just added all that is kept of it.
  ///
  /// - Parameters:
  ///   - reader: Stands behind the instance's name.
  ///   - done: The number of the last decided tick, as the snapshot counts; `nil`: none.
  func restore(
    _ row: Int, from reader: inout SnapshotReader, _ transfer: SnapshotTransfer, done: Int64?
  ) throws(SnapshotError) {
    let step = transfer.step
    knownSince[row] = try reader.time(or: .max)
    firstTick[row] = try reader.tick(or: .max, step: step)
    lastTick[row] = try reader.tick(or: .min, step: step)
    wake[row] = try reader.tick(or: .max, step: step)
    gates[row].launched = try reader.time(or: .min)
    gates[row].furthest = try reader.time(or: .min)
    gates[row].dueAt = try reader.time(or: .max)
    gates[row].mustQueue = try reader.bool()
    // What lies behind the last tick is not due again: it would be decided anew, tick by tick.
    guard lastTick[row] <= done ?? .min, firstTick[row] == .max || firstTick[row] <= lastTick[row],
      done == nil ? wake[row] == .max : wake[row] > done!, gates[row].dueAt > done.map({ $0 * step }) ?? .min
    else { throw reader.damage("ticks that are not in order") }
    summaries[row] = try Summary(from: &reader)

    for signal in transfer.signals where signal.source == .metric {
      if let slot = slot(of: signal) {
        let set = set(slot, row)
        set.pointee = try SeriesSet(from: &reader, plan.series[slot], keyParts: signal.keyParts)
      } else {
        var dropped = try SeriesSet(from: &reader, Self.noTerms, keyParts: signal.keyParts)
        dropped.destroy()
      }
    }
    for signal in transfer.signals where signal.source == .log {
      let slot = slot(of: signal)
      let state = try LogState(from: &reader, signal, slot.map { plan.numbers[$0] } ?? Self.noNumbers)
      if let slot { cold[row].logs[slot] = state }
    }
    for signal in transfer.signals where signal.source == .log {
      let time = try reader.optionalTime()
      if let slot = slot(of: signal) { cold[row].announced[slot] = time }
    }
    for signal in transfer.signals where signal.source == .info {
      let state = try InfoState(from: &reader)
      if let slot = slot(of: signal) { cold[row].infos[slot] = state }
    }
    for signal in transfer.signals where signal.source == .condition {
      let state = try Timeline(from: &reader)
      if let slot = slot(of: signal) { cold[row].conditions[slot] = state }
    }
    for target in transfer.launched where try reader.bool() {
      let metric = (
        time: try reader.time(), identity: try reader.identity(), value: try reader.double()
      )
      if let target { cold[row].launchedMetrics[target] = metric }
    }
    cold[row].facts = try Facts(from: &reader)
    for target in transfer.derived {
      var clocks: [TruthClock] = []
      for _ in 0..<(try reader.count(of: 14)) {
        let clock = try TruthClock(from: &reader)
        guard clocks.last.map({ $0.key < clock.key }) ?? true else {
          throw reader.damage("clocks that are not in order")
        }
        clocks.append(clock)
      }
      if let target { cold[row].clocks[target] = clocks }
    }
    for rule in transfer.rules { try restore(rule, row, from: &reader) }
    for _ in 0..<(try reader.count(of: 10)) {
      var item = try Pending(from: &reader, transfer)
      guard cold[row].pending.last.map({ $0.time <= item.time }) ?? true else {
        throw reader.damage("observations that are not in order")
      }
      if transfer.isOther, !item.move(by: transfer) { continue }
      cold[row].pending.append(item)
      gates[row].hasQueue = true
    }
  }

  private func slot(of signal: SnapshotTransfer.Signal) -> Int? {
    signal.target.map { Int(plan.signals[$0].slot) }
  }

  /// For what is only read to be passed over.
  private static let noTerms = SeriesPlan(
    step: 1, terms: [], longestWindow: 0, staleAfter: nil, maxLateness: 0)
  private static let noNumbers = SeriesPlan(
    step: 1, terms: [], longestWindow: 0, staleAfter: nil, maxLateness: 0, isLog: true)

  private func restore(
    _ rule: SnapshotTransfer.Rule, _ row: Int, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    var how = try Standing(from: &reader)
    guard how.exception < rule.excepts else { throw reader.damage("no such exception") }
    if !rule.keepsException {
      how.excepted = .no
      how.exception = -1
    }
    if let target = rule.target { standing[target * capacity + row] = how }
    let place = rule.target.map { Int(plan.rules[$0].place) }
    if rule.isKeyed {
      var rows: [Row] = []
      var keys: Set<Int32> = []
      for _ in 0..<(try reader.count(of: 54)) {
        let one = try Row(from: &reader, keyParts: rule.keyParts)
        guard keys.insert(one.key).inserted else { throw reader.damage("one row twice") }
        rows.append(one)
      }
      if let place { cold[row].keyed[place].rows = rows }
      return
    }
    let machines = (
      try Machine(from: &reader), try Machine(from: &reader), try Worth(from: &reader)
    )
    if let place {
      sure[place * capacity + row] = machines.0
      possible[place * capacity + row] = machines.1
      lastWorth[place * capacity + row] = machines.2
      // Plain rules look at bits instead.
      let bit: UInt64 = 1 << UInt64(row % 64)
      if machines.0.isOn { sureBits[place * words + row / 64] |= bit }
      if machines.1.isOn { possibleBits[place * words + row / 64] |= bit }
    }
  }

  /// After another policy: everything may change at the next tick, and ticks may be counted otherwise.
  ///
  /// - Parameter done: The last decided tick, as this block counts; `nil`: none.
  func reconsider(_ row: Int, from oldStep: Int64, done: Int64?) {
    if oldStep != plan.step {
      if firstTick[row] < .max {
        firstTick[row] = tickNumber(of: firstTick[row] * oldStep, step: plan.step)
      }
      if lastTick[row] > .min { lastTick[row] = done ?? .min }
      if firstTick[row] < .max { firstTick[row] = min(firstTick[row], lastTick[row]) }
    }
    wake[row] = done.map { knownSince[row] == .max ? .max : $0 + 1 } ?? .max
    updateDue(row, after: done.map { $0 * plan.step } ?? .min)
  }
}

extension SnapshotReader {
  /// The number of a tick whose time keeps the bounds of all times, or the given stand-in for none.
  mutating func tick(or none: Int64, step: Int64) throws(SnapshotError) -> Int64 {
    let value = try int64()
    guard value == none || value.magnitude <= timeBound / UInt64(step) else {
      throw damage("a tick beyond all times")
    }
    return value
  }
}

extension Summary {
  fileprivate func encode(into writer: inout SnapshotWriter) {
    writer.write(selected)
    writer.write(UInt8(Verdict.allCases.firstIndex(of: verdict)!))
    writer.write(possibleSet.rawValue)
    writer.write(low)
    writer.write(high)
    writer.write(protected)
  }

  fileprivate init(from reader: inout SnapshotReader) throws(SnapshotError) {
    self.init()
    selected = try reader.truth()
    let verdict = Int(try reader.uint8())
    guard verdict < Verdict.allCases.count else { throw reader.damage("no verdict") }
    self.verdict = Verdict.allCases[verdict]
    possibleSet = VerdictSet(rawValue: try reader.uint8() & 15)
    low = try reader.int64()
    high = try reader.int64()
    protected = try reader.truth()
  }
}

extension Standing {
  fileprivate func encode(into writer: inout SnapshotWriter) {
    writer.write(isApplicable)
    writer.write(excepted)
    writer.write(exception)
  }

  fileprivate init(from reader: inout SnapshotReader) throws(SnapshotError) {
    isApplicable = try reader.bool()
    excepted = try reader.truth()
    exception = try reader.integer(Int32.self)
    guard exception >= -1 else { throw reader.damage("no exception") }
  }
}

extension TruthClock {
  fileprivate func encode(into writer: inout SnapshotWriter) {
    writer.write(key)
    writer.write(last)
    writer.write(start)
    writer.write(isExact)
  }

  fileprivate init(from reader: inout SnapshotReader) throws(SnapshotError) {
    key = try reader.key(or: Row.unknownKey)
    last = try reader.truth()
    start = try reader.time()
    isExact = try reader.bool()
  }
}

extension Facts {
  fileprivate func encode(into writer: inout SnapshotWriter) {
    writer.write(count: facts.count)
    for name in writer.ordered(facts.keys) {
      writer.write(code: name)
      facts[name]!.encode(into: &writer)
    }
    writer.write(labels != nil)
    if let labels { Self.encode(labels, into: &writer) }
    writer.write(labelsToldAt)
    Self.encode(desired, into: &writer)
  }

  private static func encode(
    _ pairs: [UInt32: (time: Int64, value: UInt32)], into writer: inout SnapshotWriter
  ) {
    writer.write(count: pairs.count)
    for name in writer.ordered(pairs.keys) {
      writer.write(code: name)
      writer.write(pairs[name]!.time)
      writer.write(code: pairs[name]!.value)
    }
  }

  fileprivate init(from reader: inout SnapshotReader) throws(SnapshotError) {
    for _ in 0..<(try reader.count(of: 10)) {
      let name = try reader.code()
      facts[name] = try Timeline(from: &reader)
    }
    if try reader.bool() { labels = try Self.pairs(from: &reader) }
    labelsToldAt = try reader.optionalTime()
    desired = try Self.pairs(from: &reader)
  }

  private static func pairs(
    from reader: inout SnapshotReader
  ) throws(SnapshotError) -> [UInt32: (time: Int64, value: UInt32)] {
    var pairs: [UInt32: (time: Int64, value: UInt32)] = [:]
    for _ in 0..<(try reader.count(of: 16)) {
      let name = try reader.code()
      pairs[name] = (try reader.time(), try reader.code())
    }
    return pairs
  }
}

extension Pending {
  /// The same as items of one signal each.
  fileprivate var ofEachSignal: [Pending] {
    guard case .unmatchedLine(let signals) = payload else { return [self] }
    return signals.enumerated().map { index, signal in
      Pending(
        time: time, payload: .line(signal: signal, event: nil, key: [], hitLimit: false),
        isFirst: isFirst && index == 0)
    }
  }

  fileprivate func encode(into writer: inout SnapshotWriter) {
    writer.write(time)
    writer.write(isFirst)
    switch payload {
    case .sample(let signal, let identity, let key, let value):
      writer.write(UInt8(0))
      writer.write(count: Int(signal))
      writer.write(identity: identity)
      writer.write(key)
      writer.write(value)
    case .info(let signal, let identity, let code):
      writer.write(UInt8(1))
      writer.write(count: signal)
      writer.write(identity: identity)
      writer.write(code: code)
    case .launched(let metric, let identity, let value):
      writer.write(UInt8(2))
      writer.write(count: metric)
      writer.write(identity: identity)
      writer.write(value)
    case .attach(let signal):
      writer.write(UInt8(3))
      writer.write(count: signal)
    case .line(let signal, let event, let key, let hitLimit):
      writer.write(UInt8(4))
      writer.write(count: signal)
      writer.write(event != nil)
      event?.encode(into: &writer)
      writer.write(count: key.count)
      for part in key { writer.write(part) }
      writer.write(hitLimit)
    case .unmatchedLine: preconditionFailure("a line of several signals is written as a line of each")
    case .condition(let signal, let code, let reason, let since):
      writer.write(UInt8(5))
      writer.write(count: signal)
      writer.write(code: code)
      writer.write(code: reason)
      writer.write(since)
    case .conditionEnd(let signal, let code):
      writer.write(UInt8(6))
      writer.write(count: signal)
      writer.write(code: code)
    case .facts(let told):
      writer.write(UInt8(7))
      told.encode(into: &writer)
    case .presence: writer.write(UInt8(8))
    }
  }

  /// Signals are numbered as in the snapshot; `move` gives them the policy's numbers.
  fileprivate init(from reader: inout SnapshotReader, _ transfer: SnapshotTransfer)
    throws(SnapshotError)
  {
    time = try reader.time()
    isFirst = try reader.bool()
    func signal(_ source: Plan.Signal.Source) throws(SnapshotError) -> Int {
      let index = try reader.index(below: transfer.signals.count, "signal")
      guard transfer.signals[index].source == source else {
        throw reader.damage("a signal of another kind")
      }
      return index
    }
    switch try reader.uint8() {
    case 0:
      let signal = try signal(.metric)
      payload = .sample(
        signal: Int32(signal), identity: try reader.identity(),
        key: try reader.key(parts: transfer.signals[signal].keyParts), value: try reader.double())
    case 1:
      payload = .info(
        signal: try signal(.info), identity: try reader.identity(), code: try reader.code())
    case 2:
      let metric = try reader.index(below: transfer.launched.count, "metric")
      payload = .launched(
        metric: metric, identity: try reader.identity(), value: try reader.double())
    case 3: payload = .attach(signal: try signal(.log))
    case 4:
      let signal = try signal(.log)
      let event =
        try reader.bool()
        ? try LogEvent(from: &reader, captures: transfer.signals[signal].captures) : nil
      var key: [String] = []
      for _ in 0..<(try reader.count(of: 4)) { key.append(try reader.string()) }
      guard event == nil || key.count == transfer.signals[signal].keyParts else {
        throw reader.damage("a key of other parts")
      }
      payload = .line(signal: signal, event: event, key: key, hitLimit: try reader.bool())
    case 5:
      payload = .condition(
        signal: try signal(.condition), code: try reader.code(), reason: try reader.code(),
        since: try reader.optionalTime())
    case 6: payload = .conditionEnd(signal: try signal(.condition), code: try reader.code())
    case 7: payload = .facts(try ToldFacts(from: &reader))
    case 8: payload = .presence
    default: throw reader.damage("no observation")
    }
  }

  /// - Returns: False if no signal of the policy reads it any more.
  fileprivate mutating func move(by transfer: SnapshotTransfer) -> Bool {
    func target(_ signal: Int) -> Int? { transfer.signals[signal].target }
    switch payload {
    case .sample(let signal, let identity, let key, let value):
      guard let target = target(Int(signal)) else { return false }
      payload = .sample(signal: Int32(target), identity: identity, key: key, value: value)
    case .info(let signal, let identity, let code):
      guard let target = target(signal) else { return false }
      payload = .info(signal: target, identity: identity, code: code)
    case .launched(let metric, let identity, let value):
      guard let target = transfer.launched[metric] else { return false }
      payload = .launched(metric: target, identity: identity, value: value)
    case .attach(let signal):
      guard let target = target(signal) else { return false }
      payload = .attach(signal: target)
    case .line(let signal, let event, let key, let hitLimit):
      guard let target = target(signal) else { return false }
      payload = .line(signal: target, event: event, key: key, hitLimit: hitLimit)
    case .unmatchedLine: preconditionFailure("a line of several signals is read as a line of each")
    case .condition(let signal, let code, let reason, let since):
      guard let target = target(signal) else { return false }
      payload = .condition(signal: target, code: code, reason: reason, since: since)
    case .conditionEnd(let signal, let code):
      guard let target = target(signal) else { return false }
      payload = .conditionEnd(signal: target, code: code)
    case .facts, .presence: break
    }
    return true
  }
}

extension ToldFacts {
  fileprivate func encode(into writer: inout SnapshotWriter) {
    Self.encode(facts, into: &writer)
    writer.write(labels != nil)
    if let labels { Self.encode(labels, into: &writer) }
    Self.encode(desired, into: &writer)
    writer.write(launched)
  }

  private static func encode(
    _ pairs: [(name: UInt32, value: UInt32)], into writer: inout SnapshotWriter
  ) {
    writer.write(count: pairs.count)
    for (name, value) in pairs {
      writer.write(code: name)
      writer.write(code: value)
    }
  }

  fileprivate init(from reader: inout SnapshotReader) throws(SnapshotError) {
    facts = try Self.pairs(from: &reader)
    labels = try reader.bool() ? try Self.pairs(from: &reader) : nil
    desired = try Self.pairs(from: &reader)
    launched = try reader.optionalTime()
  }

  private static func pairs(
    from reader: inout SnapshotReader
  ) throws(SnapshotError) -> [(name: UInt32, value: UInt32)] {
    var pairs: [(name: UInt32, value: UInt32)] = []
    for _ in 0..<(try reader.count(of: 8)) { pairs.append((try reader.code(), try reader.code())) }
    return pairs
  }
}
