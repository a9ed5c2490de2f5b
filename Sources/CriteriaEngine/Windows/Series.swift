import CKernels
import Glibc

/// One entry of a series: a sample, or (NaN) the end of the series until the next sample.
package struct Entry: Hashable, Sendable {
  package var time: Int64
  package var value: Double
  package init(time: Int64, value: Double) {
    self.time = time
    self.value = value
  }
  package var isEnd: Bool { value.isNaN }
}

/// What became of an entry. Refused: its series is new and `maxKeys` are kept already.
package enum Insertion { case added, replaced, refused }

/// The samples of one series of one signal that can still matter, in order of time.
///
/// Entries that lie ahead are *hidden* until they are revealed; terms see the visible ones only. The newest visible entry
/// stands in the struct, so that what is asked most touches no other memory, and so does the one that waits, if there is but
/// one: samples come in any order of series, and each would wait for its ring, while a tick walks along them. Whoever holds a
/// series frees it: `destroy`.
///
/// Plain memory of 72 bytes that may be moved; a bitwise copy is the same series, `copy` makes another.
package struct Series: BitwiseCopyable {
  /// `capacity` values, then `capacity` times; used as a ring from `head` on.
  private var ring: UnsafeMutableRawPointer?
  /// Of the newest visible entry; `.min` without one.
  package private(set) var newestTime = Int64.min
  /// NaN: the series has ended, or is empty.
  package private(set) var newestValue = Double.nan
  /// The time of the earliest hidden entry; `.max` without one.
  private(set) var hiddenFrom = Int64.max
  /// The value of the only hidden entry, if it stands aside.
  private var asideValue = Double.nan
  /// The number of its interned identity (labels), and of its key; 0 where the signal is not keyed.
  package let identity: Int32
  package let key: Int32
  private var head: UInt32 = 0
  private(set) var visible: UInt32 = 0
  private var hidden: UInt32 = 0
  /// So many of the newest visible entries are samples of consecutive ticks, each the only entry of its tick.
  private(set) var run: UInt16 = 0
  private var size = RingSize.none
  private var marks: UInt8 = 0
  /// What is remembered of long windows; made when a term first gains by it.
  var cache: UnsafeMutablePointer<SeriesCache>?

  /// The ring stands in a `RingSlab`, which frees it.
  @inline(__always)
  private var isLodged: Bool {
    get { marks & 1 != 0 }
    set { marks = newValue ? marks | 1 : marks & ~1 }
  }
  /// The only hidden entry stands here, and its place in the ring is kept free.
  @inline(__always)
  private var isAside: Bool {
    get { marks & 2 != 0 }
    set { marks = newValue ? marks | 2 : marks & ~2 }
  }

  package init(identity: Int32, key: Int32) {
    self.identity = identity
    self.key = key
  }

  /// Frees what the series holds; it is empty afterwards.
  package mutating func destroy() {
    dropCache()
    freeRing()
    self = Series(identity: identity, key: key)
  }

  /// Another series with the same entries.
  package func copy() -> Series {
    var other = self
    other.cache = nil
    other.isLodged = false
    if let ring {
      other.ring = Self.allocate(size)
      other.ring!.copyMemory(from: ring, byteCount: size.bytes)
    }
    return other
  }

  /// Another series that reads the ring of this one, for as long as this one stays as it is: entries are revealed and forgotten,
  /// none may be put in. (What stands aside comes into its place in the ring, which is kept free for it.)
  func guest() -> Series {
    var other = self
    other.cache = nil
    other.isLodged = true
    return other
  }

  /// What it takes of memory, with its own bytes and the allocator's, if all it holds was allocated by malloc.
  package var allocatedBytes: Int {
    MemoryLayout<Series>.stride + (ring == nil ? 0 : allocatedSize(size.bytes)) + (cache?.pointee.allocatedBytes ?? 0)
  }

  private func freeRing() { if !isLodged { free(ring) } }

  private static func allocate(_ size: RingSize) -> UnsafeMutableRawPointer {
    guard let memory = malloc(size.bytes) else { fatalError("out of memory") }
    return memory
  }
}

/// Memory for the rings of many series side by side, in the order in which they are looked at.
///
/// Rings are allocated as samples come, in no useful order, and a tick over a large fleet then waits for memory: about 200 ns
/// for each series. Whoever owns the series moves their rings into a slab now and then, and frees it after the series (or
/// after they have moved on to another slab).
package struct RingSlab {
  private var memory: UnsafeMutableRawPointer?
  private var end = 0

  /// - Parameter bytes: The sum of `Series.lodging`.
  package init(bytes: Int) {
    if bytes > 0 { memory = UnsafeMutableRawPointer(reserve(UInt8.self, bytes)) }
  }

  package mutating func destroy() {
    free(memory)
    memory = nil
  }

  fileprivate mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    defer { end += bytes }
    return memory.unsafelyUnwrapped + end
  }
}

extension Series {
  /// The room that its ring wants in a slab; 0 without a ring, or for one too large to gain.
  package var lodging: Int { size.isLodgeable ? size.bytes : 0 }
  /// Its ring would gain by a slab, and is in none: when a share of a column is so, it is time for a new slab.
  @inline(__always)
  package var isHomeless: Bool { !isLodged && size.isLodgeable }

  /// Moves the ring into a slab, which must live as long as the ring stays there.
  package mutating func move(into slab: inout RingSlab) {
    guard let ring, lodging > 0 else { return }
    let place = slab.take(lodging)
    place.copyMemory(from: ring, byteCount: size.bytes)
    freeRing()
    self.ring = place
    isLodged = true
  }
}

/// The capacities of rings: 4, 6, 8, 12, 16, 24 …, so that at most a third is idle.
package struct RingSize: BitwiseCopyable {
  private var code: UInt8
  static var none: RingSize { RingSize(code: 0) }
  @inline(__always)
  package var capacity: Int { code == 0 ? 0 : Int((2 | (code & 1))) &<< Int(code &>> 1) }
  /// A value and a time each.
  package var bytes: Int { capacity * 16 }
  /// Some, and no more than 2 KiB.
  @inline(__always)
  fileprivate var isLodgeable: Bool { code > 0 && code <= Self.code128 }
  /// More than 16.
  @inline(__always)
  fileprivate var isLarge: Bool { code > Self.code16 }
  private static var code16: UInt8 { 6 }
  private static var code128: UInt8 { 12 }
  var next: RingSize { RingSize(code: code == 0 ? 2 : code + 1) }

  private init(code: UInt8) { self.code = code }
  /// The least that holds `count`.
  package init(holding count: Int) {
    self = .none.next
    while capacity < count { self = next }
  }
}

// MARK: Reading

extension Series {
  /// Visible entries.
  package var count: Int { Int(visible) }
  package var hiddenCount: Int { Int(hidden) }
  /// No entries, visible or not.
  package var isEmpty: Bool { visible == 0 && hidden == 0 }
  /// The time of the earliest hidden entry.
  package var nextHidden: Int64? { hidden == 0 ? nil : hiddenFrom }

  /// Entry `index` in order of time, the hidden ones after the visible ones.
  package subscript(index: Int) -> Entry {
    precondition(index >= 0 && index < Int(visible + hidden), "an entry beyond the end")
    if isAside, index == count { return Entry(time: hiddenFrom, value: asideValue) }
    return Entry(time: time(at: index), value: value(at: index))
  }

  /// Its newest visible entry is a sample, no older than `staleAfter`.
  @inline(__always)
  package func isLive(at now: Int64, staleAfter: Int64) -> Bool {
    !newestValue.isNaN && now &- newestTime <= staleAfter
  }

  /// The time of the newest visible sample.
  /// - Complexity: O(1), but for the ends after it.
  package var newestSample: Int64? {
    if !newestValue.isNaN { return newestTime }
    var index = count - 1
    while index >= 0, value(at: index).isNaN { index -= 1 }
    return index < 0 ? nil : time(at: index)
  }

  /// Whether a sample lies after `start`; the time at which that ends is told to `wake`.
  package func hasSample(after start: Int64, window: Int64, _ wake: inout Wake) -> Bool {
    guard let newest = newestSample, newest > start else { return false }
    wake.at(newest + window)
    return true
  }

  @inline(__always)
  private var capacity: Int { size.capacity }
  @inline(__always)
  private var values: UnsafeMutablePointer<Double> { ring.unsafelyUnwrapped.assumingMemoryBound(to: Double.self) }
  @inline(__always)
  private var times: UnsafeMutablePointer<Int64> {
    (ring.unsafelyUnwrapped + capacity &* 8).assumingMemoryBound(to: Int64.self)
  }
  @inline(__always)
  private func place(_ index: Int) -> Int {
    let place = Int(head) &+ index
    return place >= capacity ? place &- capacity : place
  }
  @inline(__always)
  func value(at index: Int) -> Double { values[place(index)] }
  @inline(__always)
  func time(at index: Int) -> Int64 { times[place(index)] }

  /// The index of the first visible entry later than `time`, from `low` on.
  func upperBound(_ time: Int64, from low: Int = 0) -> Int { bound(time, from: low, to: count, isAfterEquals: true) }

  private func bound(_ time: Int64, from low: Int, to high: Int, isAfterEquals: Bool) -> Int {
    var low = low
    var high = high
    while low < high {
      let middle = (low &+ high) &>> 1
      let other = self.time(at: middle)
      if other < time || (isAfterEquals && other == time) { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Where the newest so many visible entries stand.
  @inline(__always)
  func ring(ofLast entries: Int) -> ck_ring {
    ck_ring(
      values: values, start: Int32(truncatingIfNeeded: place(count &- entries)),
      capacity: Int32(truncatingIfNeeded: capacity))
  }

  /// The values of `length` entries from `first` on as one piece of memory; up to `scanLimit` and one cost no allocation.
  @inline(__always)
  func withValues<R>(_ first: Int, _ length: Int, _ body: (UnsafePointer<Double>) -> R) -> R {
    let start = place(first)
    let straight = capacity &- start
    if length <= straight { return body(values + start) }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.scanLimit &+ 1) { copy in
      let base = copy.baseAddress.unsafelyUnwrapped
      base.initialize(from: values + start, count: straight)
      (base + straight).initialize(from: values, count: length &- straight)
      return body(base)
    }
  }
}

// MARK: Feeding

extension Series {
  /// Takes in an entry (NaN: an end) that is later than all others; it stays hidden until it is revealed.
  ///
  /// - Returns: False, with nothing done, if it is not later.
  /// - Complexity: O(1) amortised.
  @inline(__always)
  package mutating func append(_ time: Int64, _ value: Double, _ plan: SeriesPlan) -> Bool {
    guard hidden == 0, time > newestTime, count < capacity else { return appendSlowly(time, value, plan) }
    putAside(time, value)
    return true
  }

  @inline(__always)
  private mutating func putAside(_ time: Int64, _ value: Double) {
    hiddenFrom = time
    asideValue = value
    isAside = true
    hidden = 1
  }

  @inline(never)
  private mutating func appendSlowly(_ time: Int64, _ value: Double, _ plan: SeriesPlan) -> Bool {
    unsetAside()
    let last = hidden == 0 ? newestTime : self.time(at: count &+ hiddenCount &- 1)
    guard time > last || (plan.keepsEqualTimes && time == last) else { return false }
    makeRoom(plan)
    if hidden == 0 {
      putAside(time, value)
      return true
    }
    let place = place(count &+ hiddenCount)
    values[place] = value
    times[place] = time
    hidden &+= 1
    return true
  }

  /// The hidden entry that stands aside goes into the ring.
  @inline(__always)
  private mutating func unsetAside() {
    guard isAside else { return }
    isAside = false
    let place = place(count)
    values[place] = asideValue
    times[place] = hiddenFrom
  }

  /// Takes in an entry in its own place in time. One of the same time is replaced, unless the plan keeps both.
  ///
  /// It is visible at once if something newer is, and else once it is revealed.
  /// - Returns: `added` or `replaced`.
  /// - Complexity: O(what is later).
  package mutating func insert(_ time: Int64, _ value: Double, _ plan: SeriesPlan) -> Insertion {
    if append(time, value, plan) { return .added }
    makeRoom(plan)
    let total = count + hiddenCount
    let index = bound(time, from: 0, to: total, isAfterEquals: plan.keepsEqualTimes)
    if index < total, self.time(at: index) == time {
      values[place(index)] = value
      if index < count {
        if index == count - 1 { newestValue = value }
        touched(index, plan)
        forgetIfEnded(plan)
      }
      return .replaced
    }
    var last = total
    while last > index {
      values[place(last)] = self.value(at: last - 1)
      times[place(last)] = self.time(at: last - 1)
      last -= 1
    }
    values[place(index)] = value
    times[place(index)] = time
    if index < count {
      visible += 1
      touched(index, plan)
    } else {
      if index == count { hiddenFrom = time }
      hidden += 1
    }
    return .added
  }

  /// Makes visible what lies at or before `now`.
  ///
  /// - Returns: How many entries.
  /// - Complexity: O(1) for each of them.
  @inline(__always)
  package mutating func reveal(through now: Int64, _ plan: SeriesPlan) -> Int {
    hiddenFrom > now ? 0 : revealSome(through: now, plan)
  }

  /// The same at the time of a tick, where it is as nearly always: one sample waits, and it is of this tick, after one of the
  /// tick before.
  ///
  /// - Parameter start: The time of the tick before.
  /// - Returns: False, with nothing done, where it is otherwise.
  @inline(__always)
  mutating func revealNext(after start: Int64, through now: Int64, step: Int64) -> Bool {
    guard hidden == 1, hiddenFrom <= now, hiddenFrom > start, newestTime <= start, newestTime > start &- step,
      cache == nil
    else { return false }
    let value = isAside ? asideValue : value(at: count)
    if value.isNaN { return false }
    unsetAside()
    run = run == 0 || run == .max ? run | 1 : run &+ 1
    visible &+= 1
    hidden = 0
    newestTime = hiddenFrom
    newestValue = value
    hiddenFrom = .max
    return true
  }

  @inline(never)
  private mutating func revealSome(through now: Int64, _ plan: SeriesPlan) -> Int {
    var revealed = 0
    unsetAside()
    while hidden > 0, hiddenFrom <= now {
      let time = hiddenFrom
      let value = value(at: count)
      let tick = plan.scale.tick(of: time)
      let before = visible == 0 ? Int64.min : plan.scale.tick(of: newestTime)
      if value.isNaN || tick == before {
        run = 0
      } else if tick == before &+ 1, run > 0 {
        run = run == .max ? .max : run &+ 1
      } else {
        run = 1
      }
      visible &+= 1
      hidden &-= 1
      newestTime = time
      newestValue = value
      hiddenFrom = hidden == 0 ? .max : self.time(at: count)
      if let cache, tick <= cache.pointee.nodesThrough { cache.pointee.forgetNodes(at: tick) }
      revealed &+= 1
    }
    forgetIfEnded(plan)
    return revealed
  }

  /// Of an ended series exactly what is in reach is kept, so that its newest sample does not depend on how full the ring was.
  private mutating func forgetIfEnded(_ plan: SeriesPlan) {
    if newestValue.isNaN, visible > 0 { forget(before: newestTime &- plan.reach, plan) }
  }

  /// Removes the hidden entries, and hands them over in order of time.
  package mutating func takeHidden() -> [Entry] {
    let taken = (0..<hiddenCount).map { self[count + $0] }
    ignoreHidden()
    return taken
  }

  /// Leaves the hidden entries out: for a guest, which must not touch what they stand in.
  mutating func ignoreHidden() {
    isAside = false
    hidden = 0
    hiddenFrom = .max
  }

  /// Removes hidden entries later than `time`.
  /// - Returns: How many.
  package mutating func dropHidden(beyond time: Int64) -> Int {
    var dropped = 0
    unsetAside()
    while hidden > 0, self.time(at: count + hiddenCount - 1) > time {
      hidden -= 1
      dropped += 1
    }
    if hidden == 0 { hiddenFrom = .max }
    return dropped
  }

  /// A visible entry was put in or replaced: what was worked out from its neighbours is void.
  private mutating func touched(_ index: Int, _ plan: SeriesPlan) {
    findRun(plan)
    guard let cache else { return }
    let time = time(at: index)
    cache.pointee.forgetSorted(from: time)
    cache.pointee.forgetNodes(at: plan.scale.tick(of: time))
    // The pair that ends in the next sample has another beginning now.
    var next = index + 1
    while next < count, value(at: next).isNaN { next += 1 }
    if next < count { cache.pointee.forgetNodes(at: plan.scale.tick(of: self.time(at: next))) }
  }

  private mutating func findRun(_ plan: SeriesPlan) {
    run = 0
    var index = count - 1
    var expected = Int64.max
    // Beyond this the run gains nothing over the nodes of long windows.
    while index >= 0, run < 256 {
      let tick = plan.scale.tick(of: time(at: index))
      if value(at: index).isNaN || (expected != .max && tick != expected) { break }
      if index > 0, plan.scale.tick(of: time(at: index - 1)) == tick { break }
      expected = tick - 1
      run += 1
      index -= 1
    }
  }
}

// MARK: Forgetting

extension Series {
  /// Now and then forgets what no term can see at the tick at `now` or later, and gives back memory that has become idle.
  ///
  /// Not needed for the results, nor to bound memory while samples come: a full ring forgets before it grows. So that a
  /// tick need not touch the ring for this, small rings are left alone, and others are looked at every 16th tick.
  @inline(__always)
  package mutating func trim(at now: Int64, _ plan: SeriesPlan) {
    if isTrimmed(at: plan.scale.tick(of: now)) { shrink(at: now, plan) }
  }

  @inline(__always)
  func isTrimmed(at tick: Int64) -> Bool { size.isLarge && tick & 15 == Int64(identity & 15) }

  @inline(never)
  mutating func shrink(at now: Int64, _ plan: SeriesPlan) {
    guard visible > 0 else { return }
    forget(before: newestTime &- plan.reach, plan)
    let total = count + hiddenCount
    if total * 4 <= capacity { resize(RingSize(holding: total * 2)) }
  }

  /// Forgets everything before `time`, hidden entries too: it was a predecessor's.
  package mutating func removeAll(before time: Int64, _ plan: SeriesPlan) {
    unsetAside()
    let total = count + hiddenCount
    let dropped = bound(time, from: 0, to: total, isAfterEquals: false)
    guard dropped > 0 else { return }
    dropCache()
    head = UInt32(truncatingIfNeeded: place(dropped))
    if dropped >= count {
      hidden -= UInt32(dropped - count)
      visible = 0
      run = 0
      newestTime = .min
      newestValue = .nan
      hiddenFrom = hidden == 0 ? .max : self.time(at: 0)
    } else {
      visible -= UInt32(dropped)
      run = UInt16(min(Int(run), count))
    }
  }

  /// Forgets the oldest entries, but never the newest visible one.
  private mutating func forget(before horizon: Int64, _ plan: SeriesPlan) {
    var dropped = 0
    while dropped &+ 1 < count, time(at: dropped) < horizon { dropped &+= 1 }
    // The base of the longest window's first pair. An end in its place bars every base before it, and is none itself.
    if plan.keepsBase, dropped > 0, !value(at: dropped &- 1).isNaN { dropped &-= 1 }
    guard dropped > 0 else { return }
    if let cache { cache.pointee.lost(through: time(at: dropped &- 1)) }
    head = UInt32(truncatingIfNeeded: place(dropped))
    visible &-= UInt32(truncatingIfNeeded: dropped)
    if Int(run) > count { run = UInt16(truncatingIfNeeded: count) }
  }

  @inline(__always)
  private mutating func makeRoom(_ plan: SeriesPlan) {
    if count &+ hiddenCount == capacity { makeRoomSlowly(plan) }
  }

  private mutating func makeRoomSlowly(_ plan: SeriesPlan) {
    // Whatever is decided next is decided after the newest visible entry.
    let horizon = newestTime &- plan.reach
    if visible > 0, !forgetRun(before: horizon, plan) { forget(before: horizon, plan) }
    if count + hiddenCount == capacity { resize(size.next) }
  }

  /// The same where all visible entries are samples of consecutive ticks: how old they are is known without a look at the ring,
  /// which is far away while samples come. An entry within the horizon's own tick may be kept longer.
  ///
  /// - Returns: Whether any was forgotten.
  private mutating func forgetRun(before horizon: Int64, _ plan: SeriesPlan) -> Bool {
    guard Int(run) >= count, cache == nil else { return false }
    let first = plan.scale.tick(of: newestTime) &- Int64(count) &+ 1
    // Entries of ticks that end before the horizon, but never the newest.
    var dropped = min(Int(plan.scale.tick(of: horizon) &- first), count &- 1)
    if plan.keepsBase { dropped &-= 1 }
    guard dropped > 0 else { return false }
    head = UInt32(truncatingIfNeeded: place(dropped))
    visible &-= UInt32(truncatingIfNeeded: dropped)
    run = UInt16(truncatingIfNeeded: count)
    return true
  }

  private mutating func resize(_ new: RingSize) {
    unsetAside()
    let memory = Self.allocate(new)
    let newValues = memory.assumingMemoryBound(to: Double.self)
    let newTimes = (memory + new.capacity * 8).assumingMemoryBound(to: Int64.self)
    for index in 0..<count + hiddenCount {
      newValues[index] = value(at: index)
      newTimes[index] = time(at: index)
    }
    freeRing()
    ring = memory
    size = new
    head = 0
    isLodged = false
    // Nodes are as fine as the samples were dense.
    dropCache()
  }

  private mutating func dropCache() {
    guard let cache else { return }
    cache.pointee.destroy()
    free(cache)
    self.cache = nil
  }
}
