/// What is kept of one gauge or counter on one instance.
struct MetricState {
  /// In order of identity, so that sums over series have one order.
  private(set) var series: [LegacySeries] = []
  /// An entry of any series ever came, refused ones too.
  private(set) var isSeen = false
  /// When the newest sample of any series was seen, forgotten ones too.
  private(set) var newestSample: Int64?
  /// When the newest sample came that found no room.
  private(set) var refusedAt: Int64?
  /// The same, ends aside: `absent` is blind to overflow.
  private var refusedSampleAt: Int64?
  /// The keys of the last tick at which any lived (keyed signals).
  private(set) var keys: [Int32] = []
  private var byKey = KeyIndex()

  /// - Parameter key: Asked for only where the series is new and finds room, so that refused keys leave no trace.
  mutating func insert(_ entry: Entry, identity: [UInt8], maxKeys: Int, key: () -> Int32) -> Insertion {
    isSeen = true
    if !entry.isEnd { newestSample = max(newestSample ?? .min, entry.time) }
    let index = position(of: identity)
    if index < series.count, series[index].identity == identity {
      return series[index].insert(entry) ? .replaced : .added
    }
    if series.count >= maxKeys {
      refusedAt = max(refusedAt ?? .min, entry.time)
      if !entry.isEnd { refusedSampleAt = max(refusedSampleAt ?? .min, entry.time) }
      return .refused
    }
    var new = LegacySeries(identity: identity, key: key())
    _ = new.insert(entry)
    series.insert(new, at: index)
    byKey.invalidate()
    return .added
  }

  private func position(of identity: [UInt8]) -> Int {
    var low = 0
    var high = series.count
    while low < high {
      let middle = (low + high) / 2
      if series[middle].identity.lexicographicallyPrecedes(identity) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Forgets series whose newest entry is older than the retention at `now`, and entries that no term can see.
  mutating func forget(at now: Int64, signal: Program.Signal, maxLateness: Int64) {
    if series.contains(where: { ($0.entries.last?.time ?? .min) < now - signal.retention }) {
      series.removeAll { ($0.entries.last?.time ?? .min) < now - signal.retention }
      byKey.invalidate()
    }
    // A base may lie `staleAfter` before a window, and late samples may come before it.
    let horizon = now - signal.retention - (signal.staleAfter ?? 0) - maxLateness
    for index in series.indices { series[index].trim(before: horizon) }
  }

  /// Everything before `time` was a predecessor's.
  mutating func removeAll(before time: Int64) {
    for index in series.indices { series[index].removeAll(before: time) }
    series.removeAll { $0.entries.isEmpty }
    byKey.invalidate()
    if let refusedAt, refusedAt < time { self.refusedAt = nil }
    if let refusedSampleAt, refusedSampleAt < time { self.refusedSampleAt = nil }
    if let newestSample, newestSample < time { self.newestSample = nil }
    isSeen = !series.isEmpty || refusedAt != nil
    keys = []
  }

  func isOverflowed(at now: Int64, retention: Int64, _ wake: inout Wake) -> Bool {
    guard let refusedAt, now - refusedAt <= retention else { return false }
    wake.after(refusedAt + retention)
    return true
  }

  /// Works out which keys live at `now`; those of the last tick stay if none does.
  mutating func updateKeys(at now: Int64, signal: Program.Signal, _ wake: inout Wake) {
    byKey.rebuild(series.count) { series[$0].key }
    var live: [Int32] = []
    byKey.forEachPlace { place in
      let one = series[place]
      guard one.isLive(at: now, staleAfter: signal.staleAfter ?? .max), let last = one.entries.last else { return }
      wake.after(last.time + (signal.staleAfter ?? 0))
      // Series of one key follow one another.
      if live.last != one.key { live.append(one.key) }
    }
    if !live.isEmpty { keys = live }
  }

  /// A term of the signal: of the one live series, of the live series of `key`, or reduced over all live series.
  ///
  /// - Parameters:
  ///   - key: `nil` for a signal that is not keyed.
  ///   - ambiguous: Set if several series live where one is wanted.
  /// - Returns: NaN if unknown.
  func term(
    _ kind: WindowKind?, _ window: Window, signal: Program.Signal, key: Int32?, _ wake: inout Wake,
    ambiguous: inout Bool
  ) -> Double {
    if isOverflowed(at: window.now, retention: signal.retention, &wake) { return .nan }
    let staleAfter = signal.staleAfter ?? .max
    var reduction = Reduction(signal.reduce)
    var found: LegacySeries?
    for candidate in byKey.candidates(for: key, of: series.count) {
      let one = series[byKey.place(candidate, for: key)]
      guard key == nil || one.key == key, one.isLive(at: window.now, staleAfter: staleAfter),
        let last = one.entries.last
      else { continue }
      wake.after(last.time + staleAfter)
      if signal.reduce != nil {
        reduction.add(value(of: one, kind, window, staleAfter, &wake))
      } else if found != nil {
        ambiguous = true
        // The other one may end first: its wake is needed as well, hence no early return.
        found = nil
        continue
      } else if !ambiguous {
        found = one
      }
    }
    if signal.reduce != nil { return reduction.result }
    guard let found, !ambiguous else { return .nan }
    return value(of: found, kind, window, staleAfter, &wake)
  }

  private func value(
    of one: LegacySeries, _ kind: WindowKind?, _ window: Window, _ staleAfter: Int64, _ wake: inout Wake
  )
    -> Double
  {
    if let kind { return one.term(kind, window, staleAfter: staleAfter, &wake) }
    return one.entries.last?.value ?? .nan
  }

  /// Whether a sample of any series lies in the window; the time at which that ends is told to `wake`.
  func hasSample(in window: Window, _ wake: inout Wake) -> Bool {
    var found = false
    if let refusedSampleAt, refusedSampleAt > window.now - window.length {
      wake.at(refusedSampleAt + window.length)
      found = true
    }
    for one in series {
      for entry in one.entries[one.upperBound(window.now - window.length)...] where !entry.isEnd {
        wake.at(entry.time + window.length)
        found = true
      }
    }
    return found
  }

  /// The newest sample of the live series (of one key), for evidence.
  func newest(key: Int32?, at now: Int64) -> Int64? {
    series.filter { key == nil || $0.key == key }.compactMap { $0.entries.last { !$0.isEnd }?.time }.max()
  }

  /// The identities of the live series, for the message that names the two that clash.
  func liveIdentities(at now: Int64, staleAfter: Int64) -> [[UInt8]] {
    series.filter { $0.isLive(at: now, staleAfter: staleAfter) }.map(\.identity)
  }
}

/// One value of many: those without a value are left out.
struct Reduction {
  private let reducer: Reducer?
  private var value = Double.nan
  private var count = 0

  init(_ reducer: Reducer?) { self.reducer = reducer }

  mutating func add(_ next: Double) {
    guard !next.isNaN else { return }
    count += 1
    if count == 1 {
      value = next
      return
    }
    switch reducer {
    case .sum, .avg: value += next
    case .min: value = min(value, next)
    case .max: value = max(value, next)
    case .count, nil: break
    }
  }

  /// NaN (unknown) if nothing was added or the result is not finite.
  var result: Double {
    if count == 0 { return .nan }
    let result =
      switch reducer {
      case .count: Double(count)
      case .avg: value / Double(count)
      case .sum, .min, .max, nil: value
      }
    return result.isFinite ? result : .nan
  }
}
