/// What the series of one signal have to keep and to answer: the same for all instances, worked out once.
///
/// Plain memory, so that passing it costs nothing; whoever makes it destroys it.
package struct SeriesPlan: BitwiseCopyable, @unchecked Sendable {
  package let scale: TickScale
  /// How far back the base of a window's first pair may lie, in milliseconds; `.max`: any distance.
  package let staleAfter: Int64
  /// How far behind the newest entry an entry can still be seen or replaced, in milliseconds.
  package let reach: Int64
  /// Pairs are read, so one sample before the longest window stays.
  package let keepsBase: Bool
  /// Two samples of one time are two samples: values read out of log lines.
  package let keepsEqualTimes: Bool
  /// The longest window, in ticks, of the terms that read each kind of node; 0: none does.
  let sums: Int64
  let growths: Int64
  let moments: Int64
  let slopes: Int64
  /// The windows of percentiles, in ticks, each once.
  let percentiles: UnsafeBufferPointer<Int64>

  package var step: Int64 { scale.step }

  /// - Parameters:
  ///   - terms: Kind, and window in milliseconds (a multiple of `step`).
  ///   - longestWindow: In milliseconds, of whatever reads the signal, `absent` too; no less than those of `terms`.
  ///   - staleAfter: `nil`: never.
  ///   - isLog: The samples are numbers read out of log lines.
  package init(
    step: Int64, terms: [(kind: WindowKind, window: Int64)], longestWindow: Int64, staleAfter: Int64?,
    maxLateness: Int64, isLog: Bool = false
  ) {
    scale = TickScale(step: step)
    // Of numbers in log lines both of a pair lie in the window, so no sample is near enough to be a base.
    self.staleAfter = isLog ? -1 : staleAfter ?? .max
    keepsEqualTimes = isLog
    // What is replaced must be known to be replaced, so all that may still come late is kept.
    reach = max(terms.map(\.window).max() ?? 0, longestWindow, maxLateness)
    func longest(_ reads: (WindowKind) -> Bool) -> Int64 { terms.filter { reads($0.kind) }.map(\.window).max() ?? 0 }
    func isPercentile(_ kind: WindowKind) -> Bool { if case .percentile = kind { true } else { false } }
    keepsBase = !isLog && terms.contains { $0.kind.isGrowth }
    sums = longest { [.sum, .avg, .min, .max, .count].contains($0) } / step
    growths = longest(\.isGrowth) / step
    moments = longest { $0 == .stddev } / step
    slopes = longest { $0 == .slope } / step
    let windows = Set(terms.filter { isPercentile($0.kind) }.map { $0.window / step }).sorted()
    let memory = UnsafeMutableBufferPointer<Int64>.allocate(capacity: windows.count)
    _ = memory.initialize(from: windows)
    percentiles = UnsafeBufferPointer(memory)
  }

  package func destroy() { percentiles.deallocate() }

  /// What the program's features read of one signal.
  package init(_ program: Program, signal: Int) {
    let one = program.signals[signal]
    var terms: [(kind: WindowKind, window: Int64)] = []
    var longest: Int64 = 0
    for feature in program.features {
      switch feature.kind {
      case .window(let kind, signal, let window): terms.append((kind, window))
      case .absent(signal, let window): longest = max(longest, window)
      default: break
      }
    }
    var isLog = false
    if case .log = one.source { isLog = true }
    self.init(
      step: program.step, terms: terms, longestWindow: longest, staleAfter: one.staleAfter,
      maxLateness: program.maxLateness, isLog: isLog)
  }
}

extension WindowKind {
  /// It reads pairs of consecutive samples.
  var isGrowth: Bool { self == .increase || self == .rate || self == .changes }
}

extension SeriesPlan {
  /// What one series takes of memory in the steady state, with the allocator's own: `check --cost`.
  ///
  /// - Parameter samplesPerTick: How many samples come in one step, evenly; they are fed before their tick.
  package func bytes(samplesPerTick: Double) -> Int {
    precondition(samplesPerTick > 0, "a series without samples")
    func samples(_ ticks: Int64) -> Int { Int((Double(ticks) * samplesPerTick).rounded(.down)) }
    // What can still be seen or replaced, the newest, a base, and what waits for the next tick.
    let reachable = Int(Double(reach) / Double(step) * samplesPerTick) + 1
    let entries = reachable + (keepsBase ? 1 : 0) + Int(samplesPerTick.rounded(.up))
    var bytes = MemoryLayout<Series>.stride + allocatedSize(RingSize(holding: entries).bytes)
    var isRemembered = false
    func remember<N: Node>(_ node: N.Type, _ ticks: Int64) {
      guard samples(ticks) > Series.scanLimit else { return }
      isRemembered = true
      let width = NodeTable<N>.shape(ticks: ticks, samplesPerTick: samplesPerTick).width
      bytes += allocatedSize(NodeTable<N>.bytes(width: width))
    }
    remember(SumNode.self, sums)
    remember(GrowthNode.self, growths)
    remember(MomentsNode.self, moments)
    remember(SlopeNode.self, slopes)
    let sorted = percentiles.map(samples).filter { $0 > Series.sortLimit }
    if !sorted.isEmpty {
      isRemembered = true
      bytes += allocatedSize(percentiles.count * MemoryLayout<SortedWindow>.stride)
      for count in sorted { bytes += allocatedSize(SortedWindow.bytes(RingSize(holding: count))) }
    }
    if isRemembered { bytes += allocatedSize(MemoryLayout<SeriesCache>.size) }
    return bytes
  }
}

/// Tick numbers of times, without a division.
package struct TickScale: Sendable, BitwiseCopyable {
  /// Milliseconds.
  package let step: Int64
  private let reciprocal: UInt64
  private let shift: UInt64

  /// - Parameter step: At least 1.
  package init(step: Int64) {
    precondition(step > 0, "a step that is not positive")
    self.step = step
    // For n < 2⁶³: ⌊n / d⌋ = ⌊n · r / 2⁶³⁺ˡ⌋ with l = ⌈log₂ d⌉ and r = ⌊2⁶³⁺ˡ / d⌋ + 1, which fits 64 bits. The excess
    // of r · d over 2⁶³⁺ˡ is at most d ≤ 2ˡ, so the error of the product stays below one part in d.
    let divisor = UInt64(step)
    shift = UInt64(64 - (divisor - 1).leadingZeroBitCount)
    reciprocal = (shift == 0 ? 1 << 63 : divisor.dividingFullWidth((high: 1 << (shift - 1), low: 0)).quotient) + 1
  }

  /// The tick to which a time belongs: ⌈time / step⌉.
  @inline(__always)
  package func tick(of time: Int64) -> Int64 {
    if time <= 0 { return tickNumber(of: time, step: step) }
    let product = UInt64(truncatingIfNeeded: time &- 1).multipliedFullWidth(by: reciprocal)
    return Int64(truncatingIfNeeded: ((product.high &<< 1) | (product.low &>> 63)) &>> shift) &+ 1
  }

  /// The time at which a tick stands.
  @inline(__always)
  package func time(of tick: Int64) -> Int64 { tick &* step }
}
