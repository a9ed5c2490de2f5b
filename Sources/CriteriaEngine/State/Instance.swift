/// An observation whose tick has not come: matched to a signal already.
struct Pending {
  enum Payload {
    case sample(signal: Int, identity: [UInt8], key: [String], value: Double)
    /// `code` 0: an end.
    case info(signal: Int, identity: [UInt8], code: UInt32)
    /// A sample of a metric that says when the instance was launched.
    case launched(metric: Int, identity: [UInt8], value: Double)
    case attach(signal: Int)
    /// A line of a source of the signal, and the event if it matched.
    case line(signal: Int, event: LogEvent?, key: [String], hitLimit: Bool)
    case condition(signal: Int, code: UInt32, reason: UInt32, since: Int64?)
    /// The series that carried this status ended.
    case conditionEnd(signal: Int, code: UInt32)
    case facts(
      facts: [(name: UInt32, value: UInt32)], labels: [(name: UInt32, value: UInt32)]?,
      desired: [(name: UInt32, value: UInt32)], launched: Int64?)
    /// Accepted, and says nothing but that the instance is there.
    case presence
  }
  var time: Int64
  var payload: Payload
  /// Of the signals that one observation feeds, the first: observations are counted, not what they feed.
  var isFirst = true
}

/// What was said of an instance by name: facts, labels, what is desired of it, when it was launched.
struct Facts {
  var facts: [UInt32: Timeline] = [:]
  /// `nil`: labels were never told.
  var labels: [UInt32: (time: Int64, value: UInt32)]?
  /// When labels were last told, even if none.
  var labelsToldAt: Int64?
  var desired: [UInt32: (time: Int64, value: UInt32)] = [:]
  var launched: Int64?

  mutating func removeAll(before time: Int64) {
    for name in facts.keys { facts[name]?.removeAll(before: time) }
    facts = facts.filter { $0.value.isSeen }
    labels = labels?.filter { $0.value.time >= time }
    if let labelsToldAt, labelsToldAt < time { labels = nil }
    desired = desired.filter { $0.value.time >= time }
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

/// What one rule came to at the last tick.
struct RuleOutcome {
  var rows: [Row] = []
  var isApplicable = true
  var excepted = Truth.no
  /// Which `except` entry is true, if one is.
  var exception: Int?
  /// In thousandths, after `except` and `mode: shadow`.
  var low: Int64 = 0
  var high: Int64 = 0
  /// Whether the effect (`replace`, `quarantine`, `protect`) stands.
  var effect = Truth.no
}

/// The state of one instance.
struct Instance {
  let id: String
  /// `u` of `spread`, in [0, 1).
  let spread: Double
  /// By the signal's place among those of its kind (`Layout`).
  var metrics: [MetricState]
  var logs: [LogState]
  var infos: [InfoState]
  var conditions: [Timeline]
  var launchedMetrics: [(time: Int64, identity: [UInt8], value: Double)?]
  var facts = Facts()
  var knownSince: Int64?
  /// The tick number at which it was first judged.
  var firstTick: Int64?
  var lastTick: Int64?
  var clocks: [[TruthClock]]
  var rules: [RuleOutcome]
  var pending: ArraySlice<Pending> = []
  /// By log: the line that last waited only to say that the stream is there.
  var announced: [Int64?]
  var isSorted = true
  /// The next tick at which something can change without new data; `.max` if never.
  var wake: Int64 = .max
  var summary = Summary()

  init(id: String, program: Program, layout: Layout) {
    self.id = id
    spread = spreadFraction(of: id)
    metrics = Array(repeating: MetricState(), count: layout.metrics.count)
    logs = Array(repeating: LogState(), count: layout.logs.count)
    announced = Array(repeating: nil, count: layout.logs.count)
    infos = Array(repeating: InfoState(), count: layout.infos.count)
    conditions = Array(repeating: Timeline(), count: layout.conditions.count)
    launchedMetrics = Array(repeating: nil, count: program.launched.count)
    clocks = Array(repeating: [], count: program.derived.count)
    rules = Array(repeating: RuleOutcome(), count: program.rules.count)
  }
}

/// Which signals are of which kind, and where an instance keeps each.
struct Layout {
  private(set) var metrics: [Int] = []
  private(set) var logs: [Int] = []
  private(set) var infos: [Int] = []
  private(set) var conditions: [Int] = []
  /// A signal's place in the array of its kind.
  private(set) var slot: [Int] = []
  /// Metrics and logs with a value per row.
  private(set) var keyedMetrics: [Int] = []
  private(set) var keyedLogs: [Int] = []

  init(_ program: Program) {
    for (index, signal) in program.signals.enumerated() {
      switch signal.source {
      case .metric:
        slot.append(metrics.count)
        metrics.append(index)
        if signal.isKeyed { keyedMetrics.append(index) }
      case .log:
        slot.append(logs.count)
        logs.append(index)
        if signal.isKeyed { keyedLogs.append(index) }
      case .info:
        slot.append(infos.count)
        infos.append(index)
      case .condition:
        slot.append(conditions.count)
        conditions.append(index)
      case .fact: slot.append(0)
      }
    }
  }
}

/// What observations came to, by kind; nothing is lost without being counted.
public struct ObservationCounts: Hashable, Sendable {
  public var accepted = 0
  /// No signal of the policy reads it.
  public var irrelevant = 0
  /// Taken out by a signal's `ignore`.
  public var ignored = 0
  /// Too late: more than `max_lateness` behind the last decided tick.
  public var late = 0
  /// More than one step beyond the tick that was asked for.
  public var future = 0
  /// Replaced an observation of the same series and time.
  public var duplicate = 0
  /// From before the instance's launch.
  public var predecessor = 0
  /// A series or key beyond `max_keys`.
  public var refused = 0
  /// Lines on which a pattern hit its limit.
  public var limited = 0
  public init() {}
}

extension Instance {
  /// Takes in what is pending up to `time`, in order of time.
  mutating func apply(through time: Int64, _ workspace: Workspace, _ counts: inout ObservationCounts) {
    sortPending()
    let end = pending.firstIndex { $0.time > time } ?? pending.endIndex
    guard end > pending.startIndex else { return }
    var before = counts
    for index in pending.startIndex..<end {
      // All that one observation feeds is of one time and stands together.
      if pending[index].isFirst { before = counts }
      apply(pending[index], workspace, &counts)
      counts.duplicate = min(counts.duplicate, before.duplicate + 1)
      counts.predecessor = min(counts.predecessor, before.predecessor + 1)
      counts.refused = min(counts.refused, before.refused + 1)
      counts.limited = min(counts.limited, before.limited + 1)
    }
    pending = pending[end...]
    // A slice keeps its whole buffer; copying it at every tick would be quadratic, so only once most of it is dead.
    if pending.startIndex > pending.count { pending = ArraySlice(Array(pending)) }
  }

  mutating func sortPending() {
    guard !isSorted else { return }
    // Swift's sort is stable: equal times stay in the order of arrival.
    pending.sort { $0.time < $1.time }
    isSorted = true
  }

  private mutating func apply(_ item: Pending, _ workspace: Workspace, _ counts: inout ObservationCounts) {
    let layout = workspace.layout
    if let launched = facts.launched, item.time < launched {
      counts.predecessor += 1
      return
    }
    switch item.payload {
    case .sample(let signal, let identity, let key, let value):
      let entry = Entry(time: item.time, value: value)
      switch metrics[layout.slot[signal]]
        .insert(
          entry, identity: identity, maxKeys: workspace.program.signals[signal].maxKeys,
          key: { workspace.keys.number(key) })
      {
      case .added: break
      case .replaced: counts.duplicate += 1
      case .refused:
        counts.refused += 1
        return
      }
    case .info(let signal, let identity, let code):
      let maxKeys = workspace.program.signals[signal].maxKeys
      guard infos[layout.slot[signal]].insert(time: item.time, identity: identity, code: code, maxKeys: maxKeys) else {
        counts.refused += 1
        return
      }
    case .launched(let metric, let identity, let value):
      if let old = launchedMetrics[metric] {
        let isOlder =
          item.time < old.time || (item.time == old.time && identity.lexicographicallyPrecedes(old.identity))
        if isOlder { break }
      }
      launchedMetrics[metric] = (item.time, identity, value)
    case .attach(let signal): logs[layout.slot[signal]].attach(at: item.time)
    case .line(let signal, let event, let key, let hitLimit):
      let slot = layout.slot[signal]
      logs[slot].attach(at: item.time)
      logs[slot].sawLine(at: item.time)
      if hitLimit {
        logs[slot].hitLimit(at: item.time)
        counts.limited += 1
      }
      if var event {
        event.time = item.time
        let inserted = logs[slot]
          .insert(
            event, identity: keyIdentity(key), maxKeys: workspace.program.signals[signal].maxKeys,
            key: { workspace.keys.number(key) })
        if !inserted {
          counts.refused += 1
        }
      }
    case .condition(let signal, let code, let reason, let since):
      conditions[layout.slot[signal]].insert(Timeline.Entry(time: item.time, code: code, reason: reason, since: since))
    case .conditionEnd(let signal, let code):
      if conditions[layout.slot[signal]].newest?.code == code {
        conditions[layout.slot[signal]].insert(Timeline.Entry(time: item.time, code: 0))
      }
    case .facts(let told, let labels, let desired, let launched):
      apply(told, labels, desired, launched, at: item.time)
    case .presence: break
    }
    knownSince = min(knownSince ?? item.time, item.time)
  }

  private mutating func apply(
    _ told: [(name: UInt32, value: UInt32)], _ labels: [(name: UInt32, value: UInt32)]?,
    _ desired: [(name: UInt32, value: UInt32)], _ launched: Int64?, at time: Int64
  ) {
    if let launched, launched <= time, launched > facts.launched ?? .min { relaunch(at: launched) }
    for (name, value) in told { facts.facts[name, default: Timeline()].insert(Timeline.Entry(time: time, code: value)) }
    if let labels {
      var known = facts.labels ?? [:]
      for (name, value) in labels where time >= known[name]?.time ?? .min { known[name] = (time, value) }
      facts.labels = known
      facts.labelsToldAt = max(facts.labelsToldAt ?? time, time)
    }
    for (name, value) in desired where time >= facts.desired[name]?.time ?? .min { facts.desired[name] = (time, value) }
  }

  /// What was seen before belongs to a predecessor under the same name.
  private mutating func relaunch(at launched: Int64) {
    let isFirst = knownSince == nil || knownSince! >= launched
    facts.launched = launched
    if isFirst { return }
    facts.removeAll(before: launched)
    for index in metrics.indices { metrics[index].removeAll(before: launched) }
    for index in logs.indices { logs[index].removeAll(before: launched) }
    for index in infos.indices { infos[index].removeAll(before: launched) }
    for index in conditions.indices {
      conditions[index].removeAll(before: launched)
      conditions[index].removeLeadingEnds()
    }
    for index in launchedMetrics.indices where (launchedMetrics[index]?.time ?? .max) < launched {
      launchedMetrics[index] = nil
    }
    knownSince = max(knownSince ?? launched, launched)
    clocks = Array(repeating: [], count: clocks.count)
    rules = Array(repeating: RuleOutcome(), count: rules.count)
  }

  mutating func forget(at now: Int64, program: Program, layout: Layout) {
    for (slot, signal) in layout.metrics.enumerated() {
      metrics[slot].forget(at: now, signal: program.signals[signal], maxLateness: program.maxLateness)
    }
    for (slot, signal) in layout.logs.enumerated() { logs[slot].forget(at: now, signal: program.signals[signal]) }
    for (slot, signal) in layout.infos.enumerated() {
      infos[slot].forget(at: now, signal: program.signals[signal], maxLateness: program.maxLateness)
    }
    for (slot, signal) in layout.conditions.enumerated() {
      let one = program.signals[signal]
      conditions[slot].trim(before: now - one.retention - (one.staleAfter ?? 0) - program.maxLateness)
    }
    for name in facts.facts.keys { facts.facts[name]?.trim(before: now - program.maxLateness) }
  }
}
