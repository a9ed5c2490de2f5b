/// Plain values allocated once, in one piece; freed by their owner.
struct Flat<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ elements: [Element]) {
    count = elements.count
    // Room for one, so that there is always a base.
    base = .allocate(capacity: max(count, 1))
    base.initialize(from: elements, count: count)
  }

  @inline(__always) subscript(index: Int) -> Element { base[index] }
  var indices: Range<Int> { 0..<count }
  func deallocate() { base.deallocate() }
}

/// A run of places in one of the plan's lists.
struct Span32: BitwiseCopyable {
  var start: Int32
  var end: Int32
  var isEmpty: Bool { start == end }
}

/// A program as evaluation walks it: flat tables without a reference in them, so that nothing is retained or released in a
/// tick. Made once for a program; the text for people stays in the program.
final class Plan: @unchecked Sendable {
  struct Signal: BitwiseCopyable {
    enum Source: UInt8, BitwiseCopyable { case metric, log, condition, info, fact }
    var source: Source
    /// The signal's place among those of its source.
    var slot: Int32
    var isKeyed: Bool
    var reducer: Reducer?
    /// Milliseconds; `.max`: never.
    var staleAfter: Int64
    /// Milliseconds.
    var retention: Int64
    var maxKeys: Int32

    /// How far back a base may lie, for what is kept.
    var staleBase: Int64 { staleAfter == .max ? 0 : staleAfter }
  }

  struct Feature: BitwiseCopyable {
    var kind: Program.Feature.Kind
    var register: Int32
    /// Of a `since`; where there is none, `register` itself.
    var boundRegister: Int32
    var isKeyed: Bool
    /// What a clock is compared with.
    var thresholds: Span32
    /// A clock used otherwise than in a comparison with a constant: it may matter at every tick.
    var isRestless: Bool
  }

  /// A feature over a metric without keys: the hot ones.
  struct MetricTerm: BitwiseCopyable {
    /// `nil`: the bare name.
    var kind: WindowKind?
    var ticks: Int64
    var signal: Int32
    var slot: Int32
    var register: Int32
  }

  /// What one series of one instance mostly is asked for: a term that the kernel has a form for, or the newest value.
  struct RowTerm: BitwiseCopyable {
    /// As the kernel names it; `WindowTerm.noForm`: the newest value.
    var kind: Int32
    /// Among `windows`; means nothing for the newest value.
    var window: Int32
    var slot: Int32
    var register: Int32
    /// Milliseconds; `.max`: never.
    var staleAfter: Int64
    /// Among `metricTerms`: the same for series of all kinds.
    var term: Int32
    /// One sample before the window is read too.
    var needsBase: Bool
  }

  struct Fragment: BitwiseCopyable {
    var start: Int32
    var end: Int32
    var result: Int32
    var features: Span32
    var derived: Span32
    var keyedSignals: Span32

    /// Code alone, for what is not walked with its features.
    init(code fragment: Program.Fragment) {
      let none = Span32(start: 0, end: 0)
      self.init(
        start: Int32(fragment.code.lowerBound), end: Int32(fragment.code.upperBound), result: Int32(fragment.result),
        features: none, derived: none, keyedSignals: none)
    }

    init(start: Int32, end: Int32, result: Int32, features: Span32, derived: Span32, keyedSignals: Span32) {
      self.start = start
      self.end = end
      self.result = result
      self.features = features
      self.derived = derived
      self.keyedSignals = keyedSignals
    }
  }

  struct Derived: BitwiseCopyable {
    enum Kind: BitwiseCopyable {
      case reduced(Reducer)
      case sinceTruth(boundRegister: Int32)
    }
    var kind: Kind
    var fragment: Fragment
    var register: Int32
    var thresholds: Span32
    var isRestless: Bool
  }

  struct Rule: BitwiseCopyable {
    enum Effect: UInt8, BitwiseCopyable { case add, replace, quarantine, protect }
    var when: Fragment
    var hasUntil: Bool
    /// Means nothing where there is none.
    var until: Fragment
    var wait: Int64
    var hold: Int64
    var latch: Bool
    var effect: Effect
    /// Of `add`: the worth, in points, and the range it can have.
    var worth: Fragment
    var low: Double
    var high: Double
    var unknown: Program.Rule.Unknown
    var isShadow: Bool
    var hasExcept: Bool
    var features: Span32
    var derived: Span32
    var keyedSignals: Span32
    var optionalSignals: Span32
    var signals: Span32
    var longestWindow: Int64
    var isKeyed: Bool { !keyedSignals.isEmpty }
    /// Among the rules with keys, or among those without.
    var place: Int32
  }

  let step: Int64
  let scale: TickScale
  let replaceAt: Int64
  let watchAt: Int64
  let maxLateness: Int64
  let signals: Flat<Signal>
  let features: Flat<Feature>
  /// The features without keys: those over metrics, and the rest of them.
  let metricTerms: Flat<MetricTerm>
  /// Of the terms over metrics those that have a quick way, alike beside alike, and the places of the rest.
  let rowTerms: Flat<RowTerm>
  let slowTerms: Flat<Int32>
  /// The windows of `rowTerms`, in ticks, each once.
  let windows: Flat<Int64>
  let otherFeatures: Flat<Int32>
  let derived: Flat<Derived>
  let rules: Flat<Rule>
  let instructions: Flat<Instruction>
  let thresholds: Flat<Program.Threshold>
  /// Indices of features, derived features and signals, to which the spans point.
  let lists: Flat<Int32>
  /// Signals by source, in the order of their slots.
  let metrics: Flat<Int32>
  let logs: Flat<Int32>
  let infos: Flat<Int32>
  let conditions: Flat<Int32>
  let keyedMetrics: Flat<Int32>
  let keyedLogs: Flat<Int32>
  let unkeyedRules: Flat<Int32>
  let keyedRules: Flat<Int32>
  /// What the windows over each metric need.
  let series: UnsafeMutablePointer<SeriesPlan>
  /// What the windows over the numbers of each log need.
  let numbers: [SeriesPlan]
  let selector: Fragment?
  /// Some signal is no metric.
  var hasColdSignals: Bool { logs.count + infos.count + conditions.count > 0 }

  init(_ program: Program) {
    step = program.step
    scale = TickScale(step: program.step)
    replaceAt = program.replace
    watchAt = program.watch
    maxLateness = program.maxLateness
    var lists: [Int32] = []
    var thresholds: [Program.Threshold] = []
    func span(_ indices: [Int]) -> Span32 {
      let start = Int32(lists.count)
      lists += indices.map(Int32.init)
      return Span32(start: start, end: Int32(lists.count))
    }
    func span(_ values: [Program.Threshold]) -> Span32 {
      let start = Int32(thresholds.count)
      thresholds += values
      return Span32(start: start, end: Int32(thresholds.count))
    }
    func fragment(_ one: Program.Fragment) -> Fragment {
      Fragment(
        start: Int32(one.code.lowerBound), end: Int32(one.code.upperBound), result: Int32(one.result),
        features: span(one.features), derived: span(one.derived), keyedSignals: span(one.keyedSignals))
    }

    var bySource: [Signal.Source: [Int32]] = [:]
    let signals = program.signals.enumerated().map { index, signal in
      let source: Signal.Source =
        switch signal.source {
        case .metric: .metric
        case .log: .log
        case .condition: .condition
        case .info: .info
        case .fact: .fact
        }
      let slot = bySource[source, default: []].count
      bySource[source, default: []].append(Int32(index))
      return Signal(
        source: source, slot: Int32(slot), isKeyed: signal.isKeyed, reducer: signal.reduce,
        staleAfter: signal.staleAfter ?? .max, retention: signal.retention, maxKeys: Int32(clamping: signal.maxKeys))
    }
    self.signals = Flat(signals)
    self.metrics = Flat(bySource[.metric] ?? [])
    logs = Flat(bySource[.log] ?? [])
    infos = Flat(bySource[.info] ?? [])
    conditions = Flat(bySource[.condition] ?? [])
    keyedMetrics = Flat((bySource[.metric] ?? []).filter { signals[Int($0)].isKeyed })
    keyedLogs = Flat((bySource[.log] ?? []).filter { signals[Int($0)].isKeyed })
    let metrics = bySource[.metric] ?? []
    series = .allocate(capacity: max(metrics.count, 1))
    for (slot, signal) in metrics.enumerated() {
      (series + slot).initialize(to: SeriesPlan(program, signal: Int(signal)))
    }
    numbers = (bySource[.log] ?? []).map { SeriesPlan(program, signal: Int($0)) }

    features = Flat(
      program.features.map { feature in
        Feature(
          kind: feature.kind, register: Int32(feature.register),
          boundRegister: Int32(feature.boundRegister ?? feature.register), isKeyed: feature.isKeyed,
          thresholds: span(feature.thresholds ?? []), isRestless: feature.thresholds == nil)
      })
    let single = program.features.indices.filter { !program.features[$0].isKeyed }
    let terms = single.map { index -> MetricTerm? in
      let feature = program.features[index]
      let read: (WindowKind?, signal: Int, window: Int64)
      switch feature.kind {
      case .latest(let signal): read = (nil, signal, 0)
      case .window(let kind, let signal, let window): read = (kind, signal, window)
      default: return nil
      }
      guard signals[read.signal].source == .metric else { return nil }
      return MetricTerm(
        kind: read.0, ticks: read.window / program.step, signal: Int32(read.signal), slot: signals[read.signal].slot,
        register: Int32(feature.register))
    }
    let metricTerms = terms.compactMap { $0 }
    self.metricTerms = Flat(metricTerms)
    var windows: [Int64] = []
    var rowTerms: [RowTerm] = []
    var slowTerms: [Int32] = []
    for (index, term) in metricTerms.enumerated() {
      let signal = signals[Int(term.signal)]
      let one = series[Int(term.slot)]
      let window = term.kind.map { WindowTerm($0, ticks: term.ticks, last: 0, one) }
      guard signal.reducer == nil, window?.hasForm(one) ?? true else {
        slowTerms.append(Int32(index))
        continue
      }
      if window != nil, !windows.contains(term.ticks) { windows.append(term.ticks) }
      rowTerms.append(
        RowTerm(
          kind: window?.form.kind ?? WindowTerm.noForm, window: Int32(windows.firstIndex(of: term.ticks) ?? 0),
          slot: term.slot, register: term.register, staleAfter: signal.staleAfter, term: Int32(index),
          needsBase: term.kind?.isGrowth ?? false))
    }
    func order(_ one: RowTerm) -> (Int32, Int32, Int32) { (one.window, one.needsBase ? 1 : 0, one.term) }
    self.rowTerms = Flat(rowTerms.sorted { order($0) < order($1) })
    self.slowTerms = Flat(slowTerms)
    self.windows = Flat(windows)
    otherFeatures = Flat(zip(single, terms).filter { $0.1 == nil }.map { Int32($0.0) })
    derived = Flat(
      program.derived.map { one in
        let kind: Derived.Kind
        var marks: [Program.Threshold]? = []
        switch one.kind {
        case .reduced(let reducer): kind = .reduced(reducer)
        case .sinceTruth(let bound, let thresholds):
          kind = .sinceTruth(boundRegister: Int32(bound))
          marks = thresholds
        }
        return Derived(
          kind: kind, fragment: fragment(one.fragment), register: Int32(one.register), thresholds: span(marks ?? []),
          isRestless: marks == nil)
      })
    var keyed: [Int32] = []
    var unkeyed: [Int32] = []
    rules = Flat(
      program.rules.enumerated().map { index, rule in
        let effect: Rule.Effect
        var worth = Fragment(
          start: 0, end: 0, result: 0, features: span([Int]()), derived: span([Int]()), keyedSignals: span([Int]()))
        var range = (low: 0.0, high: 0.0)
        switch rule.effect {
        case .add(let points, let low, let high):
          effect = .add
          worth = fragment(points)
          range = (low, high)
        case .replace: effect = .replace
        case .quarantine: effect = .quarantine
        case .protect: effect = .protect
        }
        let place = rule.keyedSignals.isEmpty ? unkeyed.count : keyed.count
        if rule.keyedSignals.isEmpty { unkeyed.append(Int32(index)) } else { keyed.append(Int32(index)) }
        return Rule(
          when: fragment(rule.when), hasUntil: rule.until != nil,
          until: fragment(rule.until ?? rule.when), wait: rule.for,
          hold: rule.hold, latch: rule.latch, effect: effect, worth: worth, low: range.low, high: range.high,
          unknown: rule.unknown, isShadow: rule.shadow, hasExcept: !rule.except.isEmpty, features: span(rule.features),
          derived: span(rule.derived), keyedSignals: span(rule.keyedSignals),
          optionalSignals: span(rule.optionalSignals), signals: span(rule.signals), longestWindow: rule.longestWindow,
          place: Int32(place))
      })
    keyedRules = Flat(keyed)
    unkeyedRules = Flat(unkeyed)
    selector = program.selector.map(fragment)
    instructions = Flat(program.instructions)
    self.thresholds = Flat(thresholds)
    self.lists = Flat(lists)
  }

  deinit {
    for slot in metrics.indices { series[slot].destroy() }
    for one in numbers { one.destroy() }
    series.deallocate()
    signals.deallocate()
    features.deallocate()
    metricTerms.deallocate()
    rowTerms.deallocate()
    slowTerms.deallocate()
    windows.deallocate()
    otherFeatures.deallocate()
    derived.deallocate()
    rules.deallocate()
    instructions.deallocate()
    thresholds.deallocate()
    lists.deallocate()
    metrics.deallocate()
    logs.deallocate()
    infos.deallocate()
    conditions.deallocate()
    keyedMetrics.deallocate()
    keyedLogs.deallocate()
    unkeyedRules.deallocate()
    keyedRules.deallocate()
  }
}

// The tables are written once, in `init`.
extension Flat: @unchecked Sendable {}
