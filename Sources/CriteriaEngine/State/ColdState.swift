/// An observation whose tick has not come, and that cannot wait in its window: matched to a signal already.
struct Pending {
  enum Payload {
    case sample(signal: Int32, identity: Int32, key: Int32, value: Double)
    /// `code` 0: an end.
    case info(signal: Int, identity: Int32, code: UInt32)
    /// A sample of a metric that says when the instance was launched.
    case launched(metric: Int, identity: Int32, value: Double)
    case attach(signal: Int)
    /// A line that matched none of these signals, which all read its source.
    case unmatchedLine(signals: [Int])
    /// A line of a source of the signal, and the event if it matched.
    case line(signal: Int, event: LogEvent?, key: [String], hitLimit: Bool)
    case condition(signal: Int, code: UInt32, reason: UInt32, since: Int64?)
    /// The series that carried this status ended.
    case conditionEnd(signal: Int, code: UInt32)
    case facts(ToldFacts)
    /// Accepted, and says nothing but that the instance is there.
    case presence
  }
  var time: Int64
  var payload: Payload
  /// Of the signals that one observation feeds, the first: observations are counted, not what they feed.
  var isFirst = true
}

/// What one observation of facts says.
struct ToldFacts {
  var facts: [(name: UInt32, value: UInt32)]
  var labels: [(name: UInt32, value: UInt32)]?
  var desired: [(name: UInt32, value: UInt32)]
  var launched: Int64?
}

/// What was said of an instance by name: facts, labels, what is desired of it, when it was launched.
struct Facts {
  var facts: [UInt32: Timeline] = [:]
  /// `nil`: labels were never told.
  var labels: [UInt32: (time: Int64, value: UInt32)]?
  /// When labels were last told, even if none.
  var labelsToldAt: Int64?
  var desired: [UInt32: (time: Int64, value: UInt32)] = [:]

  mutating func removeAll(before time: Int64) {
    for name in facts.keys { facts[name]?.removeAll(before: time) }
    facts = facts.filter { $0.value.isSeen }
    labels = labels?.filter { $0.value.time >= time }
    if let labelsToldAt, labelsToldAt < time { labels = nil }
    desired = desired.filter { $0.value.time >= time }
  }

  mutating func take(_ told: ToldFacts, at time: Int64) {
    for (name, value) in told.facts {
      facts[name, default: Timeline()].insert(Timeline.Entry(time: time, code: value))
    }
    if let more = told.labels {
      var known = labels ?? [:]
      for (name, value) in more where time >= known[name]?.time ?? .min { known[name] = (time, value) }
      labels = known
      labelsToldAt = max(labelsToldAt ?? time, time)
    }
    for (name, value) in told.desired where time >= desired[name]?.time ?? .min { desired[name] = (time, value) }
  }
}

/// One row's clock of a `since` of a boolean expression.
struct TruthClock {
  var key: Int32
  var last = Truth.unknown
  /// The first tick of the present run of true ticks.
  var start: Int64 = 0
  /// It was seen to become true.
  var isExact = false

  mutating func step(_ value: Truth, at now: Int64) {
    if value == .yes, last != .yes {
      start = now
      isExact = last == .no
    }
    last = value
  }

  var clock: Clock {
    switch last {
    case .unknown: .unknown
    case .no: .zero
    case .yes: isExact ? .exact(origin: start) : .atLeast(origin: start, isMoving: true)
    }
  }
}

extension [TruthClock] {
  /// - Complexity: O(log n): they are in order of key.
  func clock(of key: Int32) -> TruthClock? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low].key == key ? self[low] : nil
  }
}

/// What one rule over keys came to at the last tick.
struct KeyedRule {
  var rows: [Row] = []
}

/// How a rule stands beside its machines: whether it applies, and whether it is excepted.
struct Standing {
  var isApplicable = true
  var excepted = Truth.no
  /// Which `except` entry is true, if one is.
  var exception: Int32 = -1
}

/// What is kept of one instance beside its metrics and the machines of its unkeyed rules.
struct ColdState {
  let id: String
  /// By the signal's place among those of its source.
  var logs: [LogState]
  var infos: [InfoState]
  var conditions: [Timeline]
  var launchedMetrics: [(time: Int64, identity: Int32, value: Double)?]
  var facts = Facts()
  var clocks: [[TruthClock]]
  /// By the rule's place among those with keys.
  var keyed: [KeyedRule]
  var pending: ArraySlice<Pending> = []
  var isSorted = true
  /// By log: the line that last waited only to say that the stream is there.
  var announced: [Int64?]

  init(id: String, _ plan: Plan, launchedMetrics: Int) {
    self.id = id
    logs = Array(repeating: LogState(), count: plan.logs.count)
    announced = Array(repeating: nil, count: plan.logs.count)
    infos = Array(repeating: InfoState(), count: plan.infos.count)
    conditions = Array(repeating: Timeline(), count: plan.conditions.count)
    self.launchedMetrics = Array(repeating: nil, count: launchedMetrics)
    clocks = Array(repeating: [], count: plan.derived.count)
    keyed = Array(repeating: KeyedRule(), count: plan.keyedRules.count)
  }

  mutating func enqueue(_ item: Pending) {
    if let last = pending.last, last.time > item.time { isSorted = false }
    pending.append(item)
  }

  /// The time of the first of the queue; `.max`: it is empty.
  var firstPending: Int64 { pending.isEmpty ? .max : pending[pending.startIndex].time }

  mutating func sortPending() {
    guard !isSorted else { return }
    // Swift's sort is stable: equal times stay in the order of arrival.
    pending.sort { $0.time < $1.time }
    isSorted = true
  }

  /// Those of the signals of which no earlier line of this tick says that the stream is there: most lines match nothing, and
  /// a million of them must not wait one by one.
  mutating func news(of signals: [Int], at time: Int64, _ plan: Plan) -> [Int] {
    // Mostly all of them or none.
    var some: [Int]?
    var known = 0
    for (index, signal) in signals.enumerated() {
      if isAnnounced(signal, at: time, plan) {
        if some == nil, index > known { some = Array(signals[..<index]) }
        known += 1
      } else {
        if some == nil, known > 0 { some = [] }
        some?.append(signal)
      }
    }
    return known == 0 ? signals : some ?? []
  }

  private mutating func isAnnounced(_ signal: Int, at time: Int64, _ plan: Plan) -> Bool {
    guard plan.signals[signal].staleAfter == .max else { return false }
    let slot = Int(plan.signals[signal].slot)
    if let known = announced[slot], known <= time,
      tickNumber(of: known, step: plan.step) == tickNumber(of: time, step: plan.step)
    {
      return true
    }
    announced[slot] = time
    return false
  }
}
