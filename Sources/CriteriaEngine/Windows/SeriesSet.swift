/// What is kept of one gauge or counter on one instance. Plain memory: moved freely, destroyed by its owner.
///
/// Nearly always that is one series, which stands inline; where there are keys, or several series, they stand in a
/// `ManySeries`.
struct SeriesSet {
  private(set) var first = Series(identity: -1, key: 0)
  private var many: Unmanaged<ManySeries>?
  /// The newest sample of the series that were forgotten; `.min`: none.
  private var forgottenSample = Int64.min
  /// An entry came to its tick that no series holds any more: it was forgotten or refused.
  private var wasSeen = false

  mutating func destroy() {
    first.destroy()
    if let many { many.release() }
    many = nil
  }

  /// - Parameter isFed: The copy takes in samples, so it needs memory of its own.
  func copy(isFed: Bool) -> SeriesSet {
    var copy = self
    if let many {
      copy.many = Unmanaged.passRetained(many._withUnsafeGuaranteedRef { $0.copy(isFed: isFed) })
    } else {
      copy.first = isFed ? first.copy() : first.guest()
    }
    return copy
  }

  private var hasFirst: Bool { first.identity >= 0 }

  var count: Int { many.map { $0._withUnsafeGuaranteedRef { $0.series.count } } ?? (hasFirst ? 1 : 0) }

  /// An entry of any series ever came to its tick, refused ones too.
  var isSeen: Bool {
    if wasSeen { return true }
    if let many { return many._withUnsafeGuaranteedRef { $0.series.contains { $0.count > 0 } } }
    return hasFirst && first.count > 0
  }

  /// When the newest sample of any series was seen, forgotten ones too; `.min`: never.
  mutating func newestSample() -> Int64 {
    var newest = forgottenSample
    eachSeries { newest = max(newest, $0.newestSample ?? .min) }
    return newest
  }

  /// The series as they come, for whoever looks at all of them.
  mutating func eachSeries(_ body: (inout Series) -> Void) {
    if let many {
      many._withUnsafeGuaranteedRef { many in for index in many.series.indices { body(&many.series[index]) } }
    } else if hasFirst {
      body(&first)
    }
  }

  /// Works on the series of an identity; `nil` if there is none.
  private mutating func with<R>(_ identity: Int32, _ body: (inout Series) -> R) -> R? {
    if let many {
      return many._withUnsafeGuaranteedRef { many in
        many.place(of: identity).map { body(&many.series[$0]) }
      }
    }
    return first.identity == identity ? body(&first) : nil
  }

  func contains(_ identity: Int32) -> Bool {
    if let many { return many._withUnsafeGuaranteedRef { $0.place(of: identity) != nil } }
    return first.identity == identity
  }

  /// The set as many series, made so if it is not yet.
  private mutating func spread() -> ManySeries {
    if let many { return many.takeUnretainedValue() }
    let new = ManySeries()
    // A copy: the ring may stand in the block's slab, which serves those that stand alone.
    if hasFirst { new.add(first.copy()) }
    first.destroy()
    first = Series(identity: -1, key: 0)
    many = Unmanaged.passRetained(new)
    return new
  }

  private mutating func add(_ new: Series, isKeyed: Bool) {
    if !isKeyed, many == nil, !hasFirst {
      first = new
    } else {
      spread().add(new)
    }
  }

  // MARK: Feeding

  /// Writes a sample into the one series of an instance, where that is the series and the sample the newest of it.
  @inline(__always)
  mutating func append(_ time: Int64, _ value: Double, identity: Int32, plan: SeriesPlan) -> Bool {
    first.identity == identity && first.append(time, value, plan)
  }

  /// Writes a sample that is ahead of the last tick into its series, where it stays hidden until its tick.
  ///
  /// - Returns: False: it has to stand in line. It is not later than what came before it, or its series would be one more than
  ///   `maxKeys`, and which of them finds room is known at their tick.
  /// - Complexity: O(1) in order of time.
  @inline(__always)
  mutating func feed(_ entry: Entry, identity: Int32, key: Int32, signal: Plan.Signal, plan: SeriesPlan) -> Bool {
    if first.identity == identity, first.append(entry.time, entry.value, plan) { return true }
    return feedSlowly(entry, identity: identity, key: key, signal: signal, plan: plan)
  }

  @inline(never)
  private mutating func feedSlowly(
    _ entry: Entry, identity: Int32, key: Int32, signal: Plan.Signal, plan: SeriesPlan
  ) -> Bool {
    if let isLater = with(identity, { $0.append(entry.time, entry.value, plan) }) { return isLater }
    if count >= signal.maxKeys { return false }
    var new = Series(identity: identity, key: key)
    _ = new.append(entry.time, entry.value, plan)
    add(new, isKeyed: signal.isKeyed)
    return true
  }

  /// Moves the ring of the one series into a slab.
  mutating func settle(in slab: inout RingSlab) { first.move(into: &slab) }

  /// Takes out what waits for its tick, and series that nothing else is known of: for the queue.
  mutating func takeHidden(_ body: (_ identity: Int32, _ key: Int32, Entry) -> Void) {
    eachSeries { one in
      let (identity, key) = (one.identity, one.key)
      for entry in one.takeHidden() { body(identity, key, entry) }
    }
    removeEmpty()
  }

  /// The time of the earliest entry that waits; `.max`: none.
  var nextHidden: Int64 {
    if let many {
      return many._withUnsafeGuaranteedRef { many in many.series.reduce(.max) { min($0, $1.nextHidden ?? .max) } }
    }
    return first.hiddenFrom
  }

  /// Leaves out what waits, in a copy that is not fed.
  mutating func ignoreHidden() {
    if many == nil, first.hiddenCount == 0 { return }
    eachSeries { $0.ignoreHidden() }
    removeEmpty()
  }

  /// - Returns: How many.
  mutating func dropHidden(beyond time: Int64) -> Int {
    var dropped = 0
    eachSeries { dropped += $0.dropHidden(beyond: time) }
    if dropped > 0 { removeEmpty() }
    return dropped
  }

  /// Takes in an entry whose tick has come.
  mutating func insert(_ entry: Entry, identity: Int32, key: Int32, signal: Plan.Signal, plan: SeriesPlan)
    -> Insertion
  {
    wasSeen = true
    if let insertion = with(identity, { $0.insert(entry.time, entry.value, plan) }) { return insertion }
    if count >= signal.maxKeys {
      let many = spread()
      many.refusedAt = max(many.refusedAt, entry.time)
      if !entry.isEnd { many.refusedSampleAt = max(many.refusedSampleAt, entry.time) }
      return .refused
    }
    var new = Series(identity: identity, key: key)
    _ = new.insert(entry.time, entry.value, plan)
    add(new, isKeyed: signal.isKeyed)
    return .added
  }

  /// A series that has nothing but what waits, and that for later than `time`: it must not take the room of one that is earlier.
  func hasUpstart(after time: Int64) -> Bool {
    func isUpstart(_ one: Series) -> Bool { one.count == 0 && one.nextHidden ?? .max > time }
    if let many { return many._withUnsafeGuaranteedRef { $0.series.contains(where: isUpstart) } }
    return hasFirst && isUpstart(first)
  }

  /// What waited until `now`, the time of a tick, counts from now on.
  @inline(__always)
  mutating func reveal(through now: Int64, _ plan: SeriesPlan) {
    if many == nil {
      _ = first.reveal(through: now, plan)
    } else {
      revealMany(through: now, plan)
    }
  }

  /// Reveals and forgets where one sample of one series waits for the tick, as nearly always.
  ///
  /// - Parameters:
  ///   - start: The time of the tick before `number`, whose time is `now`.
  ///   - series: Its `retention` is a step at least, so that what just came is kept.
  /// - Returns: False, with nothing done, where it is otherwise.
  @inline(__always)
  mutating func next(_ number: Int64, after start: Int64, at now: Int64, _ plan: SeriesPlan) -> Bool {
    // Where there are many, the first is empty.
    guard first.revealNext(after: start, through: now, step: plan.step) else { return false }
    if first.isTrimmed(at: number) { first.shrink(at: now, plan) }
    return true
  }

  @inline(never)
  private mutating func revealMany(through now: Int64, _ plan: SeriesPlan) {
    many?._withUnsafeGuaranteedRef { many in
      for index in many.series.indices { _ = many.series[index].reveal(through: now, plan) }
    }
  }

  // MARK: Forgetting

  /// Forgets series whose newest entry is older than the retention at `now`, and entries that no term can see.
  @inline(__always)
  mutating func forget(at now: Int64, signal: Plan.Signal, plan: SeriesPlan) {
    if many == nil {
      guard hasFirst else { return }
      if first.newestTime < now - signal.retention {
        forgetSlowly(at: now, signal: signal, plan: plan)
      } else {
        first.trim(at: now, plan)
      }
    } else {
      forgetSlowly(at: now, signal: signal, plan: plan)
    }
  }

  /// No series is older than a time; where there are many, nobody knows.
  @inline(__always)
  func isKept(from time: Int64) -> Bool { many == nil && (!hasFirst || first.newestTime >= time) }

  @inline(never)
  private mutating func forgetSlowly(at now: Int64, signal: Plan.Signal, plan: SeriesPlan) {
    var isAnyEmpty = false
    var newest = forgottenSample
    var isAnyForgotten = false
    eachSeries { one in
      if one.count > 0, one.newestTime < now - signal.retention {
        newest = max(newest, one.newestSample ?? .min)
        isAnyForgotten = true
        // What waits is of a series that begins anew.
        one.removeAll(before: one.nextHidden ?? .max, plan)
        if one.isEmpty { isAnyEmpty = true }
      } else {
        one.trim(at: now, plan)
      }
    }
    forgottenSample = newest
    if isAnyForgotten { wasSeen = true }
    if isAnyEmpty { removeEmpty() }
  }

  private mutating func removeEmpty() {
    if let many {
      many._withUnsafeGuaranteedRef { $0.removeEmpty() }
    } else if hasFirst, first.isEmpty {
      first.destroy()
      first = Series(identity: -1, key: 0)
    }
  }

  /// Everything before `time` was a predecessor's.
  mutating func removeAll(before time: Int64, plan: SeriesPlan) {
    eachSeries { $0.removeAll(before: time, plan) }
    removeEmpty()
    var isRefused = false
    if let many {
      many._withUnsafeGuaranteedRef { many in
        if many.refusedAt < time { many.refusedAt = .min }
        if many.refusedSampleAt < time { many.refusedSampleAt = .min }
        isRefused = many.refusedAt > .min
        many.keys = []
      }
    }
    if forgottenSample < time { forgottenSample = .min }
    wasSeen = isRefused
  }

  // MARK: Terms

  func isOverflowed(at now: Int64, retention: Int64, _ wake: inout Wake) -> Bool {
    guard let many else { return false }
    let refusedAt = many._withUnsafeGuaranteedRef { $0.refusedAt }
    // `.min` is far from any time, but not from `now` by subtraction.
    guard refusedAt > .min, now - refusedAt <= retention else { return false }
    wake.after(refusedAt + retention)
    return true
  }

  /// The keys of the last tick at which any lived (keyed signals).
  var keys: [Int32] { many.map { $0._withUnsafeGuaranteedRef { $0.keys } } ?? [] }

  /// Works out which keys live at `now`; those of the last tick stay if none does.
  mutating func updateKeys(at now: Int64, signal: Plan.Signal, _ wake: inout Wake) {
    many?._withUnsafeGuaranteedRef { $0.updateKeys(at: now, signal: signal, &wake) }
  }

  /// A term of the signal: of the one live series, of the live series of `key`, or reduced over all live series.
  ///
  /// - Parameters:
  ///   - window: `nil`: the bare name.
  ///   - key: `nil` for a signal that is not keyed.
  ///   - ambiguous: Set if several series live where one is wanted.
  /// - Returns: NaN if unknown.
  @inline(__always)
  mutating func term(
    _ window: WindowTerm?, key: Int32?, at now: Int64, signal: Plan.Signal, plan: SeriesPlan,
    identities: IdentityTable, _ wake: inout Wake, ambiguous: inout Bool
  ) -> Double {
    if many != nil {
      return termOfMany(window, key, now, signal, plan, identities, &wake, &ambiguous)
    }
    guard hasFirst, key == nil || first.key == key, first.isLive(at: now, staleAfter: signal.staleAfter) else {
      return .nan
    }
    let value = if let window { first.term(window, plan, &wake) } else { first.newestValue }
    wake.after(first.newestTime + min(signal.staleAfter, .max / 2))
    guard let reducer = signal.reducer else { return value }
    var reduction = Reduction(reducer)
    reduction.add(value)
    return reduction.result
  }

  /// There is one series, its newest so many entries are samples of consecutive ticks, and the last came after `start`.
  @inline(__always)
  func hasRun(_ entries: Int, after start: Int64) -> Bool {
    // Where there are many, the first is empty.
    Int(first.run) >= entries && first.newestTime > start
  }

  /// There is one series, and it lives.
  @inline(__always)
  func isAlone(at now: Int64, staleAfter: Int64) -> Bool {
    many == nil && hasFirst && first.isLive(at: now, staleAfter: staleAfter)
  }

  /// How many samples the one live series has in the window of so many ticks that ends with tick `number` at `now`, if they are
  /// one in each of its first ticks; 0: it is not like that.
  @inline(__always)
  func regularEntries(
    _ ticks: Int64, _ number: Int64, at now: Int64, staleAfter: Int64, needsBase: Bool, _ scale: TickScale
  )
    -> Int
  {
    // Where there are many, the first is empty; and a run ends with a sample.
    guard first.run > 0, now &- first.newestTime <= staleAfter else { return 0 }
    let newest = first.newestTime > now &- scale.step ? number : scale.tick(of: first.newestTime)
    let entries = newest &- number &+ ticks
    return entries > 0 && Int64(first.run) >= (needsBase ? entries &+ 1 : entries)
      ? Int(truncatingIfNeeded: entries) : 0
  }

  @inline(never)
  private mutating func termOfMany(
    _ window: WindowTerm?, _ key: Int32?, _ now: Int64, _ signal: Plan.Signal, _ plan: SeriesPlan,
    _ identities: IdentityTable, _ wake: inout Wake, _ ambiguous: inout Bool
  ) -> Double {
    if isOverflowed(at: now, retention: signal.retention, &wake) { return .nan }
    guard let many else { return .nan }
    return many._withUnsafeGuaranteedRef { many in
      func value(_ place: Int) -> Double {
        if let window { many.series[place].term(window, plan, &wake) } else { many.series[place].newestValue }
      }
      if let reducer = signal.reducer {
        var reduction = Reduction(reducer)
        // In order of identity: so the sum has one order.
        for place in many.inOrder(identities) {
          guard many.series[place].isLive(at: now, staleAfter: signal.staleAfter) else { continue }
          wake.after(many.series[place].newestTime + min(signal.staleAfter, .max / 2))
          reduction.add(value(place))
        }
        return reduction.result
      }
      var found: Int?
      var live = 0
      for candidate in many.byKey.candidates(for: key, of: many.series.count) {
        let place = many.byKey.place(candidate, for: key)
        guard key == nil || many.series[place].key == key,
          many.series[place].isLive(at: now, staleAfter: signal.staleAfter)
        else { continue }
        // Of two, the other one may end first: its wake is needed as well.
        wake.after(many.series[place].newestTime + min(signal.staleAfter, .max / 2))
        live += 1
        found = place
      }
      if live > 1 { ambiguous = true }
      guard live == 1, let found else { return .nan }
      return value(found)
    }
  }

  /// Whether a sample of any series lies in the window; the time at which that ends is told to `wake`.
  mutating func hasSample(in window: Window, _ wake: inout Wake) -> Bool {
    var newest = Int64.min
    eachSeries { newest = max(newest, $0.newestSample ?? .min) }
    if let many { newest = max(newest, many._withUnsafeGuaranteedRef { $0.refusedSampleAt }) }
    guard newest > window.now - window.length else { return false }
    wake.at(newest + window.length)
    return true
  }

  /// The newest sample of the series (of one key), for evidence.
  mutating func newest(key: Int32?) -> Int64? {
    var newest = Int64.min
    eachSeries { if key == nil || $0.key == key { newest = max(newest, $0.newestSample ?? .min) } }
    return newest == .min ? nil : newest
  }

  /// The identities of the live series in their order, for the message that names the two that clash.
  mutating func liveIdentities(at now: Int64, staleAfter: Int64, _ identities: IdentityTable) -> [[UInt8]] {
    var live: [[UInt8]] = []
    eachSeries { if $0.isLive(at: now, staleAfter: staleAfter) { live.append(identities[$0.identity]) } }
    return live.sorted { $0.lexicographicallyPrecedes($1) }
  }
}

/// Several series of one signal on one instance, or the one of a signal with keys.
final class ManySeries {
  /// In the order in which they came.
  fileprivate(set) var series: [Series] = []
  /// Their places in the order of identity, while nothing has changed.
  private var order: [Int]?
  /// Identity to place, once there are many.
  private var places: [Int32: Int] = [:]
  /// When the newest entry came that found no room.
  var refusedAt = Int64.min
  /// The same, ends aside: `absent` is blind to overflow.
  var refusedSampleAt = Int64.min
  var keys: [Int32] = []
  var byKey = KeyIndex()

  private static let fewSeries = 8

  deinit { for index in series.indices { series[index].destroy() } }

  func copy(isFed: Bool) -> ManySeries {
    let copy = ManySeries()
    copy.series = series.map { isFed ? $0.copy() : $0.guest() }
    (copy.order, copy.places, copy.refusedAt, copy.refusedSampleAt, copy.keys, copy.byKey) = (
      order, places, refusedAt, refusedSampleAt, keys, byKey
    )
    return copy
  }

  func place(of identity: Int32) -> Int? {
    series.count <= Self.fewSeries ? series.firstIndex { $0.identity == identity } : places[identity]
  }

  func add(_ new: Series) {
    series.append(new)
    isChanged()
  }

  func removeEmpty() {
    guard series.contains(where: \.isEmpty) else { return }
    for index in series.indices.reversed() where series[index].isEmpty {
      series[index].destroy()
      series.remove(at: index)
    }
    places = [:]
    isChanged()
  }

  private func isChanged() {
    order = nil
    byKey.invalidate()
    guard series.count > Self.fewSeries else { return }
    if places.count == series.count - 1 {
      places[series[series.count - 1].identity] = series.count - 1
    } else {
      places = Dictionary(uniqueKeysWithValues: series.indices.map { (series[$0].identity, $0) })
    }
  }

  /// Places in the order of identity.
  /// - Complexity: O(n log n) after a change, else O(1).
  func inOrder(_ identities: IdentityTable) -> [Int] {
    if let order { return order }
    let sorted = series.indices.sorted {
      identities[series[$0].identity].lexicographicallyPrecedes(identities[series[$1].identity])
    }
    order = sorted
    return sorted
  }

  func updateKeys(at now: Int64, signal: Plan.Signal, _ wake: inout Wake) {
    byKey.rebuild(series.count) { series[$0].key }
    var live: [Int32] = []
    byKey.forEachPlace { place in
      guard series[place].isLive(at: now, staleAfter: signal.staleAfter) else { return }
      wake.after(series[place].newestTime + min(signal.staleAfter, .max / 2))
      // Series of one key follow one another.
      if live.last != series[place].key { live.append(series[place].key) }
    }
    if !live.isEmpty, live != keys { keys = live }
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

// MARK: Snapshots

extension SeriesSet {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(forgottenSample)
    writer.write(wasSeen)
    guard let many else {
      writer.write(UInt8(hasFirst ? 1 : 0))
      if hasFirst { first.encode(into: &writer) }
      return
    }
    writer.write(UInt8(2))
    many._withUnsafeGuaranteedRef { many in
      writer.write(many.refusedAt)
      writer.write(many.refusedSampleAt)
      writer.write(count: many.keys.count)
      for key in many.keys { writer.write(key) }
      writer.write(count: many.series.count)
      for one in many.series { one.encode(into: &writer) }
    }
  }

  /// The set is the caller's to destroy; nothing is left where this throws.
  init(from reader: inout SnapshotReader, _ plan: SeriesPlan, keyParts: Int) throws(SnapshotError) {
    forgottenSample = try reader.time(or: .min)
    wasSeen = try reader.bool()
    switch try reader.uint8() {
    case 0: break
    case 1: first = try Series(from: &reader, plan, keyParts: keyParts)
    case 2:
      // Its series are destroyed with it.
      let many = ManySeries()
      many.refusedAt = try reader.time(or: .min)
      many.refusedSampleAt = try reader.time(or: .min)
      for _ in 0..<(try reader.count(of: 4)) { many.keys.append(try reader.key(parts: keyParts)) }
      var identities: Set<Int32> = []
      for _ in 0..<(try reader.count(of: 16)) {
        let one = try Series(from: &reader, plan, keyParts: keyParts)
        many.add(one)
        guard identities.insert(one.identity).inserted else { throw reader.damage("one series twice") }
      }
      self.many = Unmanaged.passRetained(many)
    default: throw reader.damage("no set of series")
    }
  }
}

extension Series {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(identity: identity)
    writer.write(key)
    writer.write(count: count)
    writer.write(count: hiddenCount)
    for index in 0..<count + hiddenCount {
      let entry = self[index]
      writer.write(entry.time)
      writer.write(entry.value)
    }
  }

  /// The series is the caller's to destroy; nothing is left where this throws.
  init(from reader: inout SnapshotReader, _ plan: SeriesPlan, keyParts: Int) throws(SnapshotError) {
    self.init(identity: try reader.identity(), key: try reader.key(parts: keyParts))
    let visible = try reader.count(of: 16)
    let hidden = try reader.count(of: 16)
    do throws(SnapshotError) {
      var through = Int64.min
      for index in 0..<visible + hidden {
        let time = try reader.time()
        let value = try reader.double()
        // While all of them are hidden, none is forgotten to make room.
        guard append(time, value.isFinite ? value : .nan, plan) else {
          throw reader.damage("entries that are not in order")
        }
        if index < visible { through = time }
      }
      if visible > 0 { _ = reveal(through: through, plan) }
      guard count == visible, !isEmpty else { throw reader.damage("entries that cannot be told apart") }
    } catch {
      destroy()
      throw error
    }
  }
}
