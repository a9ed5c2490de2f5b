extension Series {
  /// More entries than this in a window, and its terms are put together from remembered nodes.
  static let scanLimit = 64
  /// More entries than this, and a percentile keeps them sorted.
  static let sortLimit = 32
}

/// What a term looks at: entries `start...` of a series, all those in ticks `first` to `last`.
struct SeriesView {
  var start: Int
  var first: Int64
  var last: Int64
  /// The tick of the newest entry.
  var newest: Int64
  /// One entry in each of consecutive ticks, no end among them.
  var isRegular: Bool
}

extension Series {
  /// A window term over the visible entries; NaN is unknown.
  ///
  /// The caller has seen to it that the series is live, and that all visible entries lie at or before the tick.
  /// - Parameters:
  ///   - ticks: The window.
  ///   - wake: Its `now` is the tick that the window ends with.
  /// - Complexity: O(log window) beside a scan of about 64 entries; percentiles see `SortedWindow`. The first look at a
  ///   long window costs O(window).
  package mutating func term(_ kind: WindowKind, ticks: Int64, _ plan: SeriesPlan, _ wake: inout Wake)
    -> Double
  {
    term(WindowTerm(kind, ticks: ticks, last: wake.now, plan), plan, &wake)
  }

  @inline(__always)
  mutating func term(_ term: WindowTerm, _ plan: SeriesPlan, _ wake: inout Wake) -> Double {
    // Nearly always there is one sample in each tick.
    if run > 0 {
      let newest = newestTime > term.now &- plan.step ? term.last : plan.scale.tick(of: newestTime)
      let span = newest &- term.first &+ 1
      if span < 1 { return .nan }
      if span <= Int64(run), let value = term.regular(self, Int(truncatingIfNeeded: span), run: Int(run), plan) {
        wake.nextTick()
        return value
      }
    }
    return termSlowly(term.kind, ticks: term.ticks, plan, &wake)
  }

  /// The same without the kernel.
  @inline(never)
  mutating func termSlowly(_ kind: WindowKind, ticks: Int64, _ plan: SeriesPlan, _ wake: inout Wake) -> Double {
    guard let view = view(kind, ticks: ticks, plan, &wake) else { return .nan }
    let value: Double
    switch kind {
    case .avg, .sum: value = sum(view, isMean: kind == .avg, plan)
    case .min:
      value = view.isRegular && count &- view.start <= Self.scanLimit ? least(view) : summary(view, plan)?.low ?? .nan
    case .max:
      value =
        view.isRegular && count &- view.start <= Self.scanLimit ? greatest(view) : summary(view, plan)?.high ?? .nan
    case .count:
      value =
        view.isRegular && count &- view.start <= Self.scanLimit
        ? Double(count &- view.start) : summary(view, plan).map { Double($0.count) } ?? .nan
    case .first: value = firstSample(view.start).map(value(at:)) ?? .nan
    case .last: value = lastSample(view.start)
    case .increase, .rate, .changes: value = growth(kind, view, plan)
    case .stddev:
      let all = fold(MomentsGatherer(before: view.start, of: self), view, plan)
      value = all.isEmpty ? .nan : (all.m2 / all.n).squareRoot()
    case .slope:
      let all = fold(SlopeGatherer(before: view.start, of: self), view, plan)
      value = all.isEmpty || all.ctt == 0 ? .nan : all.ctx / all.ctt
    case .percentile(let percent): value = percentile(percent, ticks, view, plan)
    }
    return value.isFinite ? value : .nan
  }

  /// Where the window's entries are, and when it loses the oldest of them; `nil` if it has none.
  @inline(__always)
  private func view(_ kind: WindowKind, ticks: Int64, _ plan: SeriesPlan, _ wake: inout Wake) -> SeriesView? {
    if visible == 0 { return nil }
    let last = wake.now
    let first = last &- ticks &+ 1
    let end = plan.scale.time(of: last)
    let newest = newestTime > end &- plan.step ? last : plan.scale.tick(of: newestTime)
    guard newest >= first else { return nil }
    // The ticks of the window that can hold anything.
    let span = newest &- first &+ 1
    if Int64(run) >= span {
      wake.nextTick()
      let start = count &- Int(truncatingIfNeeded: span)
      return SeriesView(start: start, first: first, last: last, newest: newest, isRegular: true)
    }
    let start = upperBound(plan.scale.time(of: first &- 1))
    let oldest = plan.scale.tick(of: time(at: start))
    wake.consider(oldest &+ ticks)
    // Entries of two ticks come together in one way only, however the window is cut.
    if kind.dependsOnCut, count &- start > 2, newest &- oldest > 1 { wake.nextTick() }
    return SeriesView(
      start: start, first: first, last: last, newest: newest, isRegular: Int(run) >= count &- start)
  }

  private func firstSample(_ start: Int) -> Int? {
    var index = start
    while index < count {
      if !value(at: index).isNaN { return index }
      index &+= 1
    }
    return nil
  }

  private func lastSample(_ start: Int) -> Double {
    var index = count &- 1
    while index >= start {
      let value = value(at: index)
      if !value.isNaN { return value }
      index &-= 1
    }
    return .nan
  }

  private func least(_ view: SeriesView) -> Double {
    withValues(view.start, count &- view.start) { leastOf($0, count &- view.start) }
  }

  private func greatest(_ view: SeriesView) -> Double {
    withValues(view.start, count &- view.start) { greatestOf($0, count &- view.start) }
  }

  private mutating func summary(_ view: SeriesView, _ plan: SeriesPlan) -> SumNode? {
    let all = fold(SumGatherer(before: view.start, of: self), view, plan)
    return all.isEmpty ? nil : all
  }

  @inline(__always)
  private mutating func sum(_ view: SeriesView, isMean: Bool, _ plan: SeriesPlan) -> Double {
    let entries = count &- view.start
    if view.isRegular, entries <= Self.scanLimit {
      return withValues(view.start, entries) { values in
        let sum = sumOfTicks(values, entries, from: view.newest &- Int64(entries) &+ 1, first: view.first, view.last)
        return isMean ? meanOf(sum, values, entries) : sum
      }
    }
    let all = fold(SumGatherer(before: view.start, of: self), view, plan)
    if all.isEmpty { return .nan }
    if !isMean { return all.sum }
    let mean = all.sum / Double(all.count)
    return mean.isFinite ? min(max(mean, all.low), all.high) : .nan
  }

  // MARK: Growth

  private mutating func growth(_ kind: WindowKind, _ view: SeriesView, _ plan: SeriesPlan) -> Double {
    if view.isRegular, count &- view.start <= Self.scanLimit { return growthOfTicks(kind, view, plan) }
    guard let opening = firstSample(view.start) else { return .nan }
    // Its base lies outside the window; an end between the two would stand directly before it.
    var gatherer = GrowthGatherer(before: 0, of: self)
    var excluded: Int64?
    if opening > 0, !value(at: opening &- 1).isNaN,
      time(at: opening) &- time(at: opening &- 1) <= plan.staleAfter
    {
      gatherer.time = time(at: opening &- 1)
      gatherer.value = value(at: opening &- 1)
    } else {
      excluded = plan.scale.tick(of: time(at: opening))
    }
    var view = view
    view.start = opening
    let all = fold(gatherer, view, plan, excluded: excluded)
    if kind == .changes { return Double(all.changes) }
    if kind == .increase { return all.isEmpty ? 0 : all.increase }
    return all.isEmpty ? .nan : all.increase / all.seconds
  }

  /// The same with one sample in each of consecutive ticks.
  private func growthOfTicks(_ kind: WindowKind, _ view: SeriesView, _ plan: SeriesPlan) -> Double {
    var base = view.start &- 1
    let hasBase =
      base >= 0 && !value(at: base).isNaN && time(at: view.start) &- time(at: base) <= plan.staleAfter
    if !hasBase { base = view.start }
    let pairs = count &- base &- 1
    if pairs == 0 { return kind == .rate ? .nan : 0 }
    let first = view.newest &- Int64(pairs) &+ 1
    return withValues(base, count &- base) { values in
      if kind == .changes {
        var changes = 0
        for index in 0..<pairs where values[index] != values[index &+ 1] { changes &+= 1 }
        return Double(changes)
      }
      return withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.scanLimit) { parts in
        let parts = parts.baseAddress.unsafelyUnwrapped
        for index in 0..<pairs {
          let (p, q) = (values[index], values[index &+ 1])
          parts[index] = q >= p ? q - p : q
        }
        let increase = sumOfTicks(parts, pairs, from: first, first: view.first, view.last)
        if kind == .increase { return increase }
        var before = time(at: base)
        for index in 0..<pairs {
          let time = time(at: base &+ index &+ 1)
          parts[index] = Double(time &- before) / 1000
          before = time
        }
        return increase / sumOfTicks(parts, pairs, from: first, first: view.first, view.last)
      }
    }
  }

  // MARK: Percentiles

  private mutating func percentile(_ percent: Int, _ ticks: Int64, _ view: SeriesView, _ plan: SeriesPlan)
    -> Double
  {
    let entries = count &- view.start
    if entries > Self.sortLimit, let index = plan.percentiles.firstIndex(of: ticks) {
      let window = remembered().pointee.sortedWindow(index, of: plan.percentiles.count)
      return window.pointee.percentile(
        percent, of: self, start: view.start, from: plan.scale.time(of: view.first &- 1), firstTick: view.first, plan)
    }
    var sorted = SortedWindow()
    defer { sorted.destroy() }
    if entries > Self.sortLimit {
      return sorted.percentile(percent, of: self, start: view.start, from: .min, firstTick: view.first, plan)
    }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: entries) { sorted in
      var count = 0
      for index in view.start..<self.count {
        let value = value(at: index)
        if value.isNaN { continue }
        var place = count
        while place > 0, sorted[place &- 1] > value {
          sorted[place] = sorted[place &- 1]
          place &-= 1
        }
        sorted[place] = value
        count &+= 1
      }
      return count == 0 ? .nan : sorted[nearestRank(percent, of: count) - 1]
    }
  }

  private mutating func remembered() -> UnsafeMutablePointer<SeriesCache> {
    if let cache { return cache }
    let new = reserve(SeriesCache.self, 1)
    new.initialize(to: SeriesCache())
    cache = new
    return new
  }
}

// MARK: The tree

extension Series {
  /// Folds the window's blocks, oldest first.
  ///
  /// - Parameter excluded: The tick of the window's first sample, if the pair that ends in it does not count.
  @inline(__always)
  private mutating func fold<G: SeriesGatherer>(
    _ gatherer: G, _ view: SeriesView, _ plan: SeriesPlan, excluded: Int64? = nil
  ) -> G.Leaf {
    if count &- view.start > Self.scanLimit, G.ticks(plan) >= view.last &- view.first &+ 1 {
      return foldNodes(gatherer, view, plan, excluded)
    }
    var result = G.Leaf.empty
    scan(view.start..<count, first: view.first, last: view.last, gatherer, plan, into: &result)
    return result
  }

  private mutating func foldNodes<G: SeriesGatherer>(
    _ gatherer: G, _ view: SeriesView, _ plan: SeriesPlan, _ excluded: Int64?
  ) -> G.Leaf {
    let cache = remembered()
    let tables = G.table(cache)
    if !tables.pointee.isMade {
      let ticks = plan.scale.tick(of: newestTime) - plan.scale.tick(of: time(at: view.start)) + 1
      tables.pointee.make(ticks: G.ticks(plan), samplesPerTick: Double(count - view.start) / Double(ticks))
    }
    let table = tables.pointee
    let size: Int64 = 1 << Int64(table.low)
    var result = G.Leaf.empty
    // From one multiple of the smallest block to another; what is left on both sides is scanned.
    var block = (view.first &+ (size &- 1)) & ~(size &- 1)
    let end = (view.last &+ 1) & ~(size &- 1)
    guard block < end else {
      scan(view.start..<count, first: view.first, last: view.last, gatherer, plan, into: &result)
      return result
    }
    let left = upperBound(plan.scale.time(of: block &- 1), from: view.start)
    scan(view.start..<left, first: view.first, last: block &- 1, gatherer, plan, into: &result)
    while block < end {
      let level = min(block.trailingZeroBitCount, 63 &- (end &- block).leadingZeroBitCount)
      result.append(node(G.self, table, level, block, plan, excluded))
      block &+= 1 << Int64(level)
    }
    if cache.pointee.nodesThrough < end &- 1 { cache.pointee.nodesThrough = end &- 1 }
    let right = upperBound(plan.scale.time(of: end &- 1), from: left)
    // The window's first sample may be there still.
    let rest = right > view.start ? G(before: right, of: self) : gatherer
    scan(max(right, view.start)..<count, first: end, last: view.last, rest, plan, into: &result)
    return result
  }

  /// The node of the 2ˡᵉᵛᵉˡ ticks from `first` on.
  private func node<G: SeriesGatherer>(
    _ family: G.Type, _ table: NodeTable<G.Leaf>, _ level: Int, _ first: Int64, _ plan: SeriesPlan,
    _ excluded: Int64?
  ) -> G.Leaf {
    let last = first &+ (1 << Int64(level)) &- 1
    // Without the pair of its first sample the node is another than the remembered one.
    let isExceptional = excluded.map { first <= $0 && $0 <= last } ?? false
    let slot = table.slot(level: level, block: first >> Int64(level))
    if !isExceptional, slot.pointee.block == first >> Int64(level) { return slot.pointee.node }
    var result = G.Leaf.empty
    if level == table.low {
      var low = upperBound(plan.scale.time(of: first &- 1))
      let high = upperBound(plan.scale.time(of: last), from: low)
      if isExceptional {
        while value(at: low).isNaN { low &+= 1 }
        scan(low..<high, first: first, last: last, G(before: 0, of: self), plan, into: &result)
      } else {
        scan(low..<high, first: first, last: last, G(before: low, of: self), plan, into: &result)
      }
    } else {
      result = node(family, table, level &- 1, first, plan, excluded)
      let half: Int64 = 1 << Int64(level &- 1)
      result.append(node(family, table, level &- 1, first &+ half, plan, excluded))
    }
    if !isExceptional {
      slot.pointee.block = first >> Int64(level)
      slot.pointee.node = result
    }
    return result
  }

  /// Folds some entries into `result`: those of ticks `first` to `last`, cut into maximal aligned blocks.
  ///
  /// Ticks without entries leave no trace in the tree, so two neighbours are joined in the smallest aligned block that
  /// holds both of their ticks. The parts that wait to be joined stand on a stack; each is joined in a smaller block to the
  /// one above it than to the one below.
  private func scan<G: Gatherer>(
    _ range: Range<Int>, first: Int64, last: Int64, _ gatherer: G, _ plan: SeriesPlan,
    into result: inout G.Leaf
  ) {
    if range.isEmpty { return }
    let step = plan.step
    withUnsafeTemporaryAllocation(of: (node: G.Leaf, junction: Int).self, capacity: 48) { stack in
      let stack = stack.baseAddress.unsafelyUnwrapped
      var gatherer = gatherer
      var depth = 0
      var tick = Int64.min
      var tickEnd = Int64.min
      var blockEnd = first
      for index in range {
        let value = value(at: index)
        if value.isNaN { continue }
        let time = time(at: index)
        if time <= tickEnd {
          stack[depth &- 1].node.append(gatherer.leaf(time, value, tickEnd: tickEnd))
          continue
        }
        let next = tick != .min && time <= tickEnd &+ step ? tick &+ 1 : plan.scale.tick(of: time)
        tickEnd = plan.scale.time(of: next)
        var junction = 64
        if next < blockEnd {
          junction = 64 &- (tick ^ next).leadingZeroBitCount
          while depth > 1, stack[depth &- 1].junction < junction {
            depth &-= 1
            stack[depth &- 1].node.append(stack[depth].node)
          }
        } else {
          while depth > 1 {
            depth &-= 1
            stack[depth &- 1].node.append(stack[depth].node)
          }
          if depth == 1 { result.append(stack[0].node) }
          depth = 0
          while next >= blockEnd {
            let exponent = min(blockEnd.trailingZeroBitCount, 63 &- (last &- blockEnd &+ 1).leadingZeroBitCount)
            blockEnd &+= 1 << Int64(exponent)
          }
        }
        tick = next
        stack[depth] = (gatherer.leaf(time, value, tickEnd: tickEnd), junction)
        depth &+= 1
      }
      while depth > 1 {
        depth &-= 1
        stack[depth &- 1].node.append(stack[depth].node)
      }
      if depth == 1 { result.append(stack[0].node) }
    }
  }
}

/// A gatherer whose nodes a series remembers.
protocol SeriesGatherer: Gatherer {
  /// The longest window of such terms; 0: none is remembered.
  static func ticks(_ plan: SeriesPlan) -> Int64
  static func table(_ cache: UnsafeMutablePointer<SeriesCache>) -> UnsafeMutablePointer<NodeTable<Leaf>>
}

extension SumGatherer: SeriesGatherer {
  static func ticks(_ plan: SeriesPlan) -> Int64 { plan.sums }
  static func table(_ cache: UnsafeMutablePointer<SeriesCache>) -> UnsafeMutablePointer<NodeTable<SumNode>> {
    cache.pointer(to: \.sums).unsafelyUnwrapped
  }
}

extension GrowthGatherer: SeriesGatherer {
  static func ticks(_ plan: SeriesPlan) -> Int64 { plan.growths }
  static func table(_ cache: UnsafeMutablePointer<SeriesCache>) -> UnsafeMutablePointer<NodeTable<GrowthNode>> {
    cache.pointer(to: \.growths).unsafelyUnwrapped
  }
}

extension MomentsGatherer: SeriesGatherer {
  static func ticks(_ plan: SeriesPlan) -> Int64 { plan.moments }
  static func table(_ cache: UnsafeMutablePointer<SeriesCache>) -> UnsafeMutablePointer<NodeTable<MomentsNode>> {
    cache.pointer(to: \.moments).unsafelyUnwrapped
  }
}

extension SlopeGatherer: SeriesGatherer {
  static func ticks(_ plan: SeriesPlan) -> Int64 { plan.slopes }
  static func table(_ cache: UnsafeMutablePointer<SeriesCache>) -> UnsafeMutablePointer<NodeTable<SlopeNode>> {
    cache.pointer(to: \.slopes).unsafelyUnwrapped
  }
}

// MARK: One sample in each tick

/// The tree sum over `count` consecutive ticks with one value each, from tick `start` on, in a window of ticks `first` to
/// `last`.
@inline(__always)
private func sumOfTicks(
  _ values: UnsafePointer<Double>, _ count: Int, from start: Int64, first: Int64, _ last: Int64
) -> Double {
  let end = start &+ Int64(count)
  var sum = 0.0
  var isFirst = true
  var block = first
  while block < end {
    let size: Int64 = 1 &<< Int64(min(block.trailingZeroBitCount, 63 &- (last &- block &+ 1).leadingZeroBitCount))
    let next = block &+ size
    if next > start {
      let part =
        block >= start && next <= end
        ? sumOfBlock(values + Int(block &- start), Int(size)) : sumOfPart(values, start, end, block, size)
      // Not 0 + part: −0 would become 0.
      sum = isFirst ? part : sum + part
      isFirst = false
    }
    block = next
  }
  return sum
}

/// The same for a block that has values, but not in all its ticks; `values` are those of ticks `start..<end`.
private func sumOfPart(
  _ values: UnsafePointer<Double>, _ start: Int64, _ end: Int64, _ block: Int64, _ size: Int64
) -> Double {
  if block >= start, block &+ size <= end { return sumOfBlock(values + Int(block &- start), Int(size)) }
  let half = size &>> 1
  let middle = block &+ half
  if middle <= start { return sumOfPart(values, start, end, middle, half) }
  if middle >= end { return sumOfPart(values, start, end, block, half) }
  return sumOfPart(values, start, end, block, half) + sumOfPart(values, start, end, middle, half)
}
