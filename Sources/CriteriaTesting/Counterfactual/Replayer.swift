import Criteria
import CriteriaEngine

/// Replays one history under many edits: from a snapshot taken before the first observation that any of them may touch.
struct Replayer {
  let policy: Policy
  let history: History
  let readings: Readings
  let tick: Timestamp
  /// Edits begin here or later; only a launch is of all time.
  let earliest: Timestamp
  private let checkpoint: [UInt8]?
  /// What was observed after `earliest`.
  private let tail: [Readings.Item]
  private let lateAttachments: [History.Attachment]
  private var known: [Edit: Decision?] = [:]
  private(set) var replays = 0
  /// Observations fed, over all replays.
  private(set) var fed = 0

  /// - Parameter earliest: Of a tick.
  init(_ history: History, under policy: Policy, at tick: Timestamp, earliest: Timestamp) {
    self.policy = policy
    self.history = history
    self.tick = tick
    self.earliest = earliest
    readings = Readings(history, policy.program)
    let begin = history.entries.first { $0.time <= earliest } != nil
    if begin {
      checkpoint = history.fleet(under: policy, to: earliest).snapshot()
      tail = readings.items.filter { $0.entry.time > earliest && $0.entry.time <= tick }
      lateAttachments = history.attachments.filter { $0.time > earliest && $0.time <= tick }
    } else {
      checkpoint = nil
      tail = readings.items.filter { $0.entry.time <= tick }
      lateAttachments = history.attachments.filter { $0.time <= tick }
    }
  }

  /// The decision as it is.
  mutating func base() -> Decision? { decide(nil) }

  /// The decision after an edit, at its end if that is after the tick.
  mutating func decide(_ edit: Edit) -> Decision? {
    if let decision = known[edit] { return decision }
    let decision = decide(.some(edit))
    known[edit] = decision
    return decision
  }

  private mutating func decide(_ edit: Edit?) -> Decision? {
    let at = edit.map { max($0.to, tick) } ?? tick
    replays += 1
    if let edit, case .launch = edit.kind {
      fed += history.entries.count
      return edit.applied(to: history, under: policy).decide(under: policy, at: at)
    }
    var fleet = begin()
    var attachments = lateAttachments
    let items = edit.map { readings.apply($0, to: tail, &attachments) } ?? tail
    fed += items.count
    feed(items, attachments, &fleet)
    fleet.advance(to: at)
    return fleet.explain(history.instance, at: at, allRules: true)
  }

  /// The first tick at which a decision is as wanted if all goes on as it is; none by `limit`: `nil`.
  mutating func firstTick(upTo limit: Timestamp, where isWanted: (Decision) -> Bool) -> Timestamp? {
    replays += 1
    var fleet = begin()
    var attachments = lateAttachments
    let items = readings.apply(Edit(.wait, from: tick, to: limit), to: tail, &attachments)
    fed += items.count
    feed(items.filter { $0.entry.time <= tick }, attachments, &fleet)
    // What is ahead is fed tick by tick: a fleet does not let it wait for long.
    var ahead = items.filter { $0.entry.time > tick }.sorted { $0.entry.time < $1.entry.time }[...]
    let step = policy.program.step
    for time in stride(from: tick.milliseconds + step, through: limit.milliseconds, by: Int64.Stride(step)) {
      let time = Timestamp(milliseconds: time)
      let due = ahead.prefix { $0.entry.time <= time }
      ahead = ahead.dropFirst(due.count)
      feed(Array(due), [], &fleet)
      fleet.advance(to: time)
      if let decision = fleet.explain(history.instance, at: time, allRules: true), isWanted(decision) { return time }
    }
    return nil
  }

  private func begin() -> Fleet {
    guard let checkpoint else { return Fleet(policy, assumingSteady: history.assumesSteady) }
    do throws(SnapshotError) {
      return try Fleet(policy, restoring: checkpoint, assumingSteady: history.assumesSteady)
    } catch {
      preconditionFailure("a fleet that cannot read what it wrote: \(error)")
    }
  }

  private func feed(_ items: [Readings.Item], _ attachments: [History.Attachment], _ fleet: inout Fleet) {
    for one in attachments { fleet.attach(log: one.source, of: history.instance, at: one.time) }
    var handles: [SeriesHandle?] = Array(repeating: nil, count: readings.series.count)
    for item in items {
      // A handle saves looking up the labels of each sample.
      if let series = item.series, case .sample(let metric, let labels, let value) = item.entry.observation {
        if handles[series] == nil { handles[series] = fleet.series(metric, labels, of: history.instance) }
        if let handle = handles[series] { fleet.observe(value, of: handle, at: item.entry.time) }
      } else {
        fleet.observe(item.entry.observation, of: history.instance, at: item.entry.time, origin: item.entry.origin)
      }
    }
  }
}
