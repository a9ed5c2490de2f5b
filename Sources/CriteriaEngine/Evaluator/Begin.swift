extension InstanceBlock {
  /// Brings some rows to a tick: what was observed until then is taken in, in order of time, and what no term can see any more
  /// is forgotten.
  func begin(
    _ number: Int64, _ rows: UnsafeMutableBufferPointer<Int32>, _ workspace: Workspace,
    _ counts: inout ObservationCounts
  ) {
    let now = number * plan.step
    for place in rows.indices {
      let row = Int(rows[place])
      // At the ticks that were left out nothing came, but something may have been forgotten.
      if lastTick[row] > .min, lastTick[row] < number - 1 { forget(row, at: now - plan.step) }
      let first = knownSince[row] == .max ? firstHidden(row) : .max
      if gates[row].hasQueue, !cold[row].isSorted || cold[row].firstPending <= now {
        apply(row, through: now, firstHidden: first, workspace, &counts)
      }
      if first <= now { knownSince[row] = min(knownSince[row], max(first, gates[row].launched)) }
    }
    let nextHidden = workspace.nextHidden
    for place in rows.indices { nextHidden[place] = .max }
    for slot in plan.metrics.indices {
      let signal = plan.signals[Int(plan.metrics[slot])]
      let series = plan.series[slot]
      let column = sets + slot * capacity
      let start = now - plan.step
      let keepsStep = signal.retention >= plan.step
      var homeless = 0
      for place in rows.indices {
        let set = column + Int(rows[place])
        if keepsStep, set.pointee.next(number, after: start, at: now, series) {
          // Nothing more waits.
          if set.pointee.first.isHomeless { homeless &+= 1 }
          continue
        }
        set.pointee.reveal(through: now, series)
        set.pointee.forget(at: now, signal: signal, plan: series)
        let next = set.pointee.nextHidden
        if next < nextHidden[place] { nextHidden[place] = next }
        if set.pointee.first.isHomeless { homeless &+= 1 }
      }
      // Rings are allocated as samples come, in no order; a tick walks along them.
      if homeless > 16, homeless * 4 > count { settle(slot) }
    }
    for place in rows.indices { hiddenUntil[Int(rows[place])] = nextHidden[place] }
    if plan.hasColdSignals { for place in rows.indices { forgetCold(Int(rows[place]), at: now) } }
  }

  /// Moves the rings of a metric's series into one piece of memory, in the order of rows.
  private func settle(_ slot: Int) {
    let column = sets + slot * capacity
    var bytes = 0
    for row in 0..<count { bytes += column[row].first.lodging }
    var slab = RingSlab(bytes: bytes)
    for row in 0..<count { column[row].settle(in: &slab) }
    slabs[slot].destroy()
    slabs[slot] = slab
  }

  private func firstHidden(_ row: Int) -> Int64 {
    var first = Int64.max
    for slot in plan.metrics.indices { first = min(first, sets[slot * capacity + row].nextHidden) }
    return first
  }

  // MARK: Forgetting

  /// Forgets what no term can see any more at the time of a tick. The memory of a lone series stays as it is.
  func forget(_ row: Int, at now: Int64) {
    for slot in plan.metrics.indices {
      let signal = plan.signals.base + Int(plan.metrics[slot])
      if set(slot, row).pointee.isKept(from: now - signal.pointee.retention) { continue }
      set(slot, row).pointee.forget(at: now, signal: signal.pointee, plan: plan.series[slot])
    }
    if plan.hasColdSignals { forgetCold(row, at: now) }
  }

  private func forgetCold(_ row: Int, at now: Int64) {
    for slot in plan.logs.indices {
      cold[row].logs[slot].forget(at: now, signal: plan.signals[Int(plan.logs[slot])])
    }
    for slot in plan.infos.indices {
      cold[row].infos[slot].forget(
        at: now, signal: plan.signals[Int(plan.infos[slot])], maxLateness: plan.maxLateness)
    }
    for slot in plan.conditions.indices {
      let signal = plan.signals[Int(plan.conditions[slot])]
      cold[row].conditions[slot].trim(before: now - signal.retention - signal.staleBase - plan.maxLateness)
    }
  }

  // MARK: Taking in

  /// Takes in what is queued up to `time`, in order of time.
  ///
  /// - Parameter firstHidden: When the first sample came that waits in a window, if that could be the first of all.
  private func apply(
    _ row: Int, through time: Int64, firstHidden: Int64, _ workspace: Workspace, _ counts: inout ObservationCounts
  ) {
    var before = counts
    while true {
      // What has to stand in line after all, to make room, comes back into the queue.
      cold[row].sortPending()
      guard let item = cold[row].pending.first, item.time <= time else { break }
      cold[row].pending.removeFirst()
      // All that one observation feeds is of one time and stands together.
      if item.isFirst { before = counts }
      apply(item, row, firstHidden: firstHidden, workspace, &counts)
      counts.duplicate = min(counts.duplicate, before.duplicate + 1)
      counts.predecessor = min(counts.predecessor, before.predecessor + 1)
      counts.refused = min(counts.refused, before.refused + 1)
      counts.limited = min(counts.limited, before.limited + 1)
    }
    // A slice keeps its whole buffer; copying it at every tick would be quadratic, so only once most of it is dead.
    let rest = cold[row].pending
    if rest.startIndex > rest.count { cold[row].pending = ArraySlice(Array(rest)) }
    if rest.isEmpty {
      gates[row].mustQueue = false
      gates[row].hasQueue = false
    }
  }

  private func apply(
    _ item: Pending, _ row: Int, firstHidden: Int64, _ workspace: Workspace, _ counts: inout ObservationCounts
  ) {
    if item.time < gates[row].launched {
      counts.predecessor += 1
      return
    }
    switch item.payload {
    case .sample(let signal, let identity, let key, let value):
      let one = plan.signals[Int(signal)]
      let slot = Int(one.slot)
      let entry = Entry(time: item.time, value: value)
      makeRoom(row, slot, for: identity, signal: signal, before: item.time)
      switch set(slot, row).pointee
        .insert(entry, identity: identity, key: key, signal: one, plan: plan.series[slot])
      {
      case .added: break
      case .replaced: counts.duplicate += 1
      case .refused:
        counts.refused += 1
        return
      }
    case .info(let signal, let identity, let code):
      let one = plan.signals[signal]
      guard
        cold[row].infos[Int(one.slot)]
          .insert(time: item.time, identity: identity, code: code, maxKeys: Int(one.maxKeys))
      else {
        counts.refused += 1
        return
      }
    case .launched(let metric, let identity, let value):
      if let old = cold[row].launchedMetrics[metric] {
        let isOlder =
          item.time < old.time
          || (item.time == old.time
            && workspace.identities[identity].lexicographicallyPrecedes(workspace.identities[old.identity]))
        if isOlder { break }
      }
      cold[row].launchedMetrics[metric] = (item.time, identity, value)
    case .attach(let signal): cold[row].logs[Int(plan.signals[signal].slot)].attach(at: item.time)
    case .unmatchedLine(let signals):
      for signal in signals {
        let slot = Int(plan.signals[signal].slot)
        cold[row].logs[slot].attach(at: item.time)
        cold[row].logs[slot].sawLine(at: item.time)
      }
    case .line(let signal, let event, let key, let hitLimit):
      let one = plan.signals[signal]
      let slot = Int(one.slot)
      cold[row].logs[slot].attach(at: item.time)
      cold[row].logs[slot].sawLine(at: item.time)
      if hitLimit {
        cold[row].logs[slot].hitLimit(at: item.time)
        counts.limited += 1
      }
      if var event {
        event.time = item.time
        let isInserted = cold[row].logs[slot]
          .insert(
            event, identity: keyIdentity(key), maxKeys: Int(one.maxKeys), plan: plan.numbers[slot],
            key: { workspace.keys.number(key) })
        if !isInserted { counts.refused += 1 }
      }
    case .condition(let signal, let code, let reason, let since):
      cold[row].conditions[Int(plan.signals[signal].slot)]
        .insert(Timeline.Entry(time: item.time, code: code, reason: reason, since: since))
    case .conditionEnd(let signal, let code):
      let slot = Int(plan.signals[signal].slot)
      if cold[row].conditions[slot].newest?.code == code {
        cold[row].conditions[slot].insert(Timeline.Entry(time: item.time, code: 0))
      }
    case .facts(let told): take(told, row, at: item.time, firstHidden: firstHidden)
    case .presence: break
    }
    knownSince[row] = min(knownSince[row], item.time)
  }

  /// A series that only has what came later must not keep the room from one that came before it.
  private func makeRoom(_ row: Int, _ slot: Int, for identity: Int32, signal: Int32, before time: Int64) {
    let maxKeys = plan.signals[Int(signal)].maxKeys
    guard set(slot, row).pointee.count >= maxKeys, set(slot, row).pointee.hasUpstart(after: time) else { return }
    // A series that is there needs no room. What waits in it came before what is being taken in, and must not come after it.
    if set(slot, row).pointee.contains(identity) { return }
    queueHidden(row, slot, signal: signal)
  }

  private func take(_ told: ToldFacts, _ row: Int, at time: Int64, firstHidden: Int64) {
    if let launched = told.launched, launched <= time, launched > gates[row].launched {
      relaunch(row, at: launched, firstHidden: firstHidden <= time ? firstHidden : .max)
    }
    cold[row].facts.take(told, at: time)
    for name in told.facts { cold[row].facts.facts[name.name]?.trim(before: time - plan.maxLateness) }
  }

  /// What was seen before belongs to a predecessor under the same name.
  private func relaunch(_ row: Int, at launched: Int64, firstHidden: Int64) {
    let known = min(knownSince[row], firstHidden)
    gates[row].launched = launched
    if known == .max || known >= launched { return }
    cold[row].facts.removeAll(before: launched)
    for slot in plan.metrics.indices { set(slot, row).pointee.removeAll(before: launched, plan: plan.series[slot]) }
    for index in cold[row].logs.indices { cold[row].logs[index].removeAll(before: launched, plan: plan.numbers[index]) }
    for index in cold[row].infos.indices { cold[row].infos[index].removeAll(before: launched) }
    for index in cold[row].conditions.indices {
      cold[row].conditions[index].removeAll(before: launched)
      cold[row].conditions[index].removeLeadingEnds()
    }
    for index in cold[row].launchedMetrics.indices
    where (cold[row].launchedMetrics[index]?.time ?? .max) < launched {
      cold[row].launchedMetrics[index] = nil
    }
    knownSince[row] = max(knownSince[row] == .max ? launched : knownSince[row], launched)
    resetRules(row)
  }
}
