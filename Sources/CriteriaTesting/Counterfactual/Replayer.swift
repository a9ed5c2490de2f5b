import Criteria
import CriteriaEngine

/// What a replay came to.
struct Replayed {
  /// By goal.
  var reached: [Bool]
  /// Only if some goal is reached.
  var decision: Decision?
}

/// Replays one history under many edits: from a snapshot taken before the first observation that any of them may touch.
struct Replayer {
  let policy: Policy
  let history: History
  let goals: [Goal]
  let readings: Readings
  let tick: Timestamp
  /// Edits begin here or later; only a launch is of all time.
  let earliest: Timestamp
  private let checkpoint: [UInt8]?
  /// What was observed after `earliest`.
  private let tail: [Readings.Item]
  private let lateAttachments: [History.Attachment]
  private var known: [Edit: Replayed?] = [:]
  private(set) var replays = 0
  /// Observations fed, over all replays.
  private(set) var fed = 0

  /// - Parameter earliest: Of a tick.
  init(_ history: History, under policy: Policy, at tick: Timestamp, earliest: Timestamp, _ goals: [Goal]) {
    self.policy = policy
    self.history = history
    self.goals = goals
    self.tick = tick
    self.earliest = earliest
    readings = Readings(history, policy.program)
    // A test's rules start anew once, at its start.
    if history.entries.contains(where: { $0.time <= earliest }), history.start.map({ $0 <= earliest }) ?? true {
      checkpoint = history.fleet(under: policy, to: earliest).snapshot()
      tail = readings.items.filter { $0.entry.time > earliest && $0.entry.time <= tick }
      lateAttachments = history.attachments.filter { $0.time > earliest && $0.time <= tick }
    } else {
      checkpoint = nil
      tail = readings.items.filter { $0.entry.time <= tick }
      lateAttachments = history.attachments.filter { $0.time <= tick }
    }
  }

  /// What things are, with the decision; `nil` if nothing is known by the tick.
  mutating func base() -> Replayed? {
    replays += 1
    var fleet = begin()
    run(tail, lateAttachments, &fleet, to: tick)
    return look(fleet, at: tick, needsDecision: true)
  }

  /// What they are after an edit, at its end if that is after the tick.
  mutating func replay(_ edit: Edit) -> Replayed? {
    if let replayed = known[edit] { return replayed }
    let replayed = run(edit)
    known[edit] = replayed
    return replayed
  }

  private mutating func run(_ edit: Edit) -> Replayed? {
    let at = max(edit.to, tick)
    replays += 1
    if case .launch = edit.kind {
      fed += history.entries.count
      let fleet = edit.applied(to: history, under: policy).fleet(under: policy, to: at)
      return look(fleet, at: at)
    }
    var fleet = begin()
    var attachments = lateAttachments
    run(readings.apply(edit, to: tail, &attachments), attachments, &fleet, to: at)
    return look(fleet, at: at)
  }

  private func look(_ fleet: borrowing Fleet, at time: Timestamp, needsDecision: Bool = false) -> Replayed? {
    fleet.view(history.instance, at: time) { view in
      let decision = Lazy(fleet.decider(view))
      let reached = goals.map { $0.isReached(view, decision) }
      return Replayed(reached: reached, decision: needsDecision || reached.contains(true) ? decision.value : nil)
    }
  }

  /// Feeds what was observed, and runs to a tick; a test's rules start anew at its start.
  private mutating func run(
    _ items: [Readings.Item], _ attachments: [History.Attachment], _ fleet: inout Fleet, to time: Timestamp
  ) {
    fed += items.count
    if checkpoint == nil, let start = history.start {
      feed(items.filter { $0.entry.time <= start }, attachments.filter { $0.time <= start }, &fleet)
      fleet.advance(to: start)
      fleet.restartRules()
      feed(items.filter { $0.entry.time > start }, attachments.filter { $0.time > start }, &fleet)
    } else {
      feed(items, attachments, &fleet)
    }
    fleet.advance(to: time)
  }

  /// The first tick at which a decision is as wanted if all goes on as it is; none by `limit`: `nil`.
  mutating func firstTick(upTo limit: Timestamp, reaching goal: Int) -> Timestamp? {
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
      if look(fleet, at: time)?.reached[goal] ?? false { return time }
    }
    return nil
  }

  private func begin() -> Fleet {
    guard let checkpoint else { return Fleet(policy, instances: 1, assumingSteady: history.assumesSteady) }
    do throws(SnapshotError) {
      return try Fleet(policy, instances: 1, restoring: checkpoint, assumingSteady: history.assumesSteady)
    } catch {
      preconditionFailure("a fleet that cannot read what it wrote: \(error)")
    }
  }

  private func feed(_ items: [Readings.Item], _ attachments: [History.Attachment], _ fleet: inout Fleet) {
    for one in attachments { fleet.attach(log: one.source, of: history.instance, at: one.time) }
    // A handle saves looking up the labels of each sample.
    var handles: [SeriesHandle?] = Array(repeating: nil, count: readings.series.count)
    var told: [SignalSeries?] = Array(repeating: nil, count: readings.series.count)
    for item in items {
      guard let series = item.series else {
        fleet.observe(item.entry, of: history.instance)
        continue
      }
      if case .observed(.sample(let metric, let labels, let value)) = item.entry.content {
        if handles[series] == nil { handles[series] = fleet.series(metric, labels, of: history.instance) }
        if let handle = handles[series] { fleet.observe(value, of: handle, at: item.entry.time) }
      } else {
        let name = readings.series[series]
        if told[series] == nil, let signal = name.signal {
          told[series] = fleet.series(ofSignal: signal, name.labels)
        }
        fleet.observe(item.entry, of: history.instance, series: told[series])
      }
    }
  }
}
