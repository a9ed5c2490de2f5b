import Criteria
import CriteriaEngine

/// A history with what each signal of a policy reads of it, and what the values of each signal are like.
struct Readings {
  /// An observation, and the signals that read it.
  struct Item {
    var entry: History.Entry
    /// Into `series`; `nil`: not a sample, or one of a series that an edit made.
    var series: Int?
    var signals: [Int]
  }

  struct Series: Hashable {
    /// Empty if it was told of a signal.
    var metric: String
    var labels: [String: String]
    /// That it was told of; `nil`: all whose selectors match read it.
    var signal: Int?
  }

  /// What a metric signal's samples are like, in its own unit.
  struct Values {
    var low = Double.infinity
    var high = -Double.infinity
    var isWhole = true
    var isEmpty: Bool { low > high }
    /// The greatest magnitude: what changes are measured against.
    var scale: Double { isEmpty ? 0 : max(abs(low), abs(high)) }

    mutating func see(_ value: Double) {
      low = min(low, value)
      high = max(high, value)
      // Larger ones are bytes and the like, of which one more or less is nothing.
      if value != value.rounded() || value.magnitude > 10_000 { isWhole = false }
    }
  }

  let program: Program
  let items: [Item]
  let series: [Series]
  /// Of a history that is a test's: its start.
  let start: Timestamp?
  /// It speaks of signals.
  var isTold: Bool { start != nil }
  /// By signal.
  let values: [Values]
  /// By series: the signals that read it.
  private let readers: [[Int]]
  /// By series, and by signal for conditions and lines: indices of items, in order of time.
  private let ofSeries: [[Int]]
  private let ofSignal: [[Int]]

  init(_ history: History, _ program: Program) {
    self.program = program
    let scanner = RegexScanner()
    var ofSeries: [[Int]] = []
    var ofSignal: [[Int]] = Array(repeating: [], count: program.signals.count)
    var items: [Item] = []
    items.reserveCapacity(history.entries.count)
    var series: [Series] = []
    var readers: [[Int]] = []
    var numbers: [Series: Int] = [:]
    /// The number of a series, known or new.
    func number(_ name: Series) -> Int {
      if let known = numbers[name] { return known }
      let number = series.count
      numbers[name] = number
      series.append(name)
      readers.append(name.signal.map { [$0] } ?? Self.readers(name.metric, name.labels, program, scanner))
      ofSeries.append([])
      return number
    }
    var values = Array(repeating: Values(), count: program.signals.count)
    for entry in history.entries {
      var item = Item(entry: entry, series: nil, signals: [])
      switch entry.content {
      case .observed(.sample(let metric, let labels, let raw)):
        let number = number(Series(metric: metric, labels: labels, signal: nil))
        item.series = number
        item.signals = readers[number]
        for signal in item.signals {
          if let value = program.signals[signal].value(of: raw) { values[signal].see(value) }
        }
      case .told(let signal, .sample(let labels, let value)):
        item.series = number(Series(metric: "", labels: labels, signal: signal))
        item.signals = [signal]
        if value.isFinite { values[signal].see(value) }
      case .told(let signal, .info(let labels, _)):
        item.series = number(Series(metric: "", labels: labels, signal: signal))
        item.signals = [signal]
      case .told(let signal, .event), .told(let signal, .condition), .told(let signal, .conditionEnd):
        item.signals = [signal]
      case .observed(.line(let text, let source)):
        item.signals = Self.readers(text, source: source, program, scanner)
      case .observed(.condition(let type, _, _, _)):
        item.signals = program.signals.indices.filter {
          if case .condition(type, _, _, _) = program.signals[$0].source { true } else { false }
        }
      case .observed(.facts), .told(_, .otherLine), .told(_, .attach): break
      }
      if let number = item.series {
        ofSeries[number].append(items.count)
      } else {
        for signal in item.signals { ofSignal[signal].append(items.count) }
      }
      items.append(item)
    }
    self.items = items
    self.series = series
    start = history.start
    self.values = values
    self.readers = readers
    self.ofSeries = ofSeries
    self.ofSignal = ofSignal
  }

  private static func readers(
    _ metric: String, _ labels: [String: String], _ program: Program, _ scanner: RegexScanner
  ) -> [Int] {
    program.signals.indices.filter { index in
      switch program.signals[index].source {
      case .metric(let selector, _, _), .info(let selector, _):
        selector.metric == metric && selector.matches(labels, scanner)
      case .condition(let type, let from?, let typeLabel, _):
        from.metric == metric && labels[typeLabel] == type && from.matches(labels, scanner)
      case .condition, .log, .fact: false
      }
    }
  }

  /// The log signals whose pattern a line matches.
  private static func readers(
    _ text: String, source: String, _ program: Program, _ scanner: RegexScanner
  ) -> [Int] {
    program.signals.indices.filter { index in
      guard case .log(let pattern) = program.signals[index].source, pattern.reads(source) else { return false }
      return scanner.search(pattern.regex, in: text) == .match
    }
  }

  /// The labels of the series that a signal reads, in the order in which they came.
  func series(of signal: Int) -> [[String: String]] { numbers(of: signal).map { series[$0].labels } }

  private func numbers(of signal: Int) -> [Int] { series.indices.filter { readers[$0].contains(signal) } }

  /// The newest sample of each series of a signal up to a time, ends too.
  func newest(of signal: Int, at time: Timestamp) -> [Item] {
    numbers(of: signal).compactMap { last(ofSeries[$0], at: time) }
  }

  /// The newest line or told status that a signal reads, up to a time.
  func newestTold(of signal: Int, at time: Timestamp) -> Item? { last(ofSignal[signal], at: time) }

  /// The lines or told statuses that a signal reads, in a span.
  func told(of signal: Int, after: Timestamp, upTo: Timestamp) -> [Item] {
    ofSignal[signal].map { items[$0] }.filter { $0.entry.time > after && $0.entry.time <= upTo }
  }

  /// - Complexity: O(log n).
  private func last(_ indices: [Int], at time: Timestamp) -> Item? {
    var low = 0
    var high = indices.count
    while low < high {
      let middle = (low + high) / 2
      if items[indices[middle]].entry.time <= time { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : items[indices[low - 1]]
  }
}

extension Readings {
  /// How a signal's values are shown: that of the terms over it that are of its own kind.
  func format(of signal: Int) -> NumberFormat {
    for feature in program.features where feature.signal == signal {
      switch feature.kind {
      case .latest, .factNumber: return feature.format
      case .window(let kind, _, _):
        switch kind {
        case .avg, .min, .max, .sum, .first, .last, .increase, .percentile: return feature.format
        case .count, .rate, .changes, .slope, .stddev: break
        }
      default: break
      }
    }
    return .plain
  }

  func isShare(_ signal: Int) -> Bool {
    if case .ratio = format(of: signal) { true } else { false }
  }

  /// Only its growth is read.
  func isCounter(_ signal: Int) -> Bool {
    var kinds: [WindowKind] = []
    for feature in program.features where feature.signal == signal {
      switch feature.kind {
      case .window(let kind, _, _): kinds.append(kind)
      case .latest: return false
      default: break
      }
    }
    return !kinds.isEmpty && kinds.allSatisfy { [.rate, .increase, .count, .changes].contains($0) }
      && kinds.contains { [.rate, .increase].contains($0) }
  }
}

extension Readings {
  /// A sample that a signal reads, in the signal's unit; `nil`: it is none, or an end, or one that the signal ignores.
  func sample(_ item: Item, of signal: Int) -> (labels: Edit.Labels, value: Double)? {
    switch item.entry.content {
    case .observed(.sample(_, let labels, let raw)): program.signals[signal].value(of: raw).map { (labels, $0) }
    case .told(signal, .sample(let labels, let value)): value.isFinite ? (labels, value) : nil
    case .observed, .told: nil
    }
  }

  /// A sample with another value, in the signal's unit.
  func item(_ item: Item, of signal: Int, at value: Double) -> Item {
    var item = item
    switch item.entry.content {
    case .observed(.sample(let metric, let labels, _)):
      item.entry.content = .observed(.sample(metric, labels, program.signals[signal].raw(of: value)))
    case .told(signal, .sample(let labels, _)): item.entry.content = .told(signal: signal, .sample(labels, value))
    case .observed, .told: break
    }
    return item
  }
}

extension Readings.Item {
  /// It ends a series.
  var isEnd: Bool {
    switch entry.content {
    case .observed(.sample(_, _, let value)), .told(_, .sample(_, let value)): !value.isFinite
    case .told(_, .info(_, let value)): value == nil
    case .told(_, .conditionEnd): true
    case .observed, .told: false
    }
  }
}

extension Program.Signal {
  /// A sample in the signal's unit; `nil`: an end, or one that it ignores, or it is no metric's signal.
  func value(of raw: Double) -> Double? {
    guard case .metric(_, let conversion, let ignored) = source, raw.isFinite else { return nil }
    if let ignored, ignored.0.holds(raw, ignored.1) { return nil }
    let value = conversion.apply(raw)
    return value.isFinite ? value : nil
  }

  /// What a sample must be for a value.
  func raw(of value: Double) -> Double {
    guard case .metric(_, let conversion, _) = source else { return value }
    var raw = value
    switch conversion.unit {
    case .none: break
    case .multiply(let factor): raw /= factor
    case .divide(let divisor): raw *= divisor
    }
    return conversion.scale.map { raw / $0 } ?? raw
  }
}

extension [String: String] {
  /// They hold all of these.
  func carry(_ others: [String: String]) -> Bool { others.allSatisfy { self[$0.key] == $0.value } }
}
