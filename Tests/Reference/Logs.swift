// meaning.md §6: lines become events, events become terms.

import CriteriaSyntax

/// A line that a log signal's pattern matched.
struct Event: Sendable {
  var time: Int64
  var order: Int
  /// Groups that took no part are `""`.
  var captures: [String: String]
  /// The number that `value:` reads, canonical units; `nil` without one.
  var value: Double?
  /// The captures of `by`.
  var key: [String]
}

/// The events of one log signal on one instance, in order of time, then of arrival.
struct LogRecord: Sendable {
  /// Without those of keys that are forgotten or refused.
  var events: [Event] = []
  /// Every event that ever came.
  var all: [Event] = []
  /// The times of what `max_keys` refused.
  var refused: [Int64] = []
  /// The times of lines on which the pattern hit its limit.
  var limited: [Int64] = []

  var keys: Set<[String]> { Set(events.map(\.key)) }

  /// - Returns: Whether there was room for it.
  mutating func insert(_ event: Event, maxKeys: Int) -> Bool {
    all.append(event)
    all.sort { ($0.time, $0.order) < ($1.time, $1.order) }
    if !event.key.isEmpty && !keys.contains(event.key) && keys.count >= maxKeys {
      refused.append(event.time)
      return false
    }
    events.append(event)
    events.sort { ($0.time, $0.order) < ($1.time, $1.order) }
    return true
  }

  /// Keys are forgotten with their newest event; a log without keys has none to forget.
  mutating func forget(at tick: Int64, retention: Int64) {
    let living = Set(events.filter { tick - $0.time <= retention }.map(\.key))
    events.removeAll { !$0.key.isEmpty && !living.contains($0.key) }
  }

  mutating func forget(before launch: Int64) {
    events.removeAll { $0.time < launch }
    all.removeAll { $0.time < launch }
    refused.removeAll { $0 < launch }
    limited.removeAll { $0 < launch }
  }

  func isOverflowed(at tick: Int64, retention: Int64) -> Bool { refused.contains { tick - $0 <= retention } }

  /// §6.7.
  func isLimited(at tick: Int64, retention: Int64) -> Bool { limited.contains { tick - $0 <= retention } }
}

/// Which log sources are attached, and when they spoke.
struct Streams: Sendable {
  /// By source; a line attaches its source too.
  var attached: [String: [Int64]] = [:]
  var lines: [String: [Int64]] = [:]

  mutating func note(attached source: String, at time: Int64) { attached[source, default: []].append(time) }
  mutating func note(line source: String, at time: Int64) {
    note(attached: source, at: time)
    lines[source, default: []].append(time)
  }
  mutating func forget(before launch: Int64) {
    attached = attached.mapValues { $0.map { max($0, launch) } }
    lines = lines.mapValues { $0.filter { $0 >= launch } }
  }

  /// When the first source of a signal was attached; `nil` if none is.
  func attachedSince(_ log: LogSource, by tick: Int64) -> Int64? {
    attached.filter { $0.key == "*" || log.takes(source: $0.key) }.values.joined().filter { $0 <= tick }.min()
  }

  func newestLine(_ log: LogSource) -> Int64? {
    lines.filter { log.takes(source: $0.key) }.values.joined().max()
  }
}

extension LogSource {
  func takes(source: String) -> Bool {
    sources.contains { $0.value == "any" || $0.value == source || glob(Array($0.value), matches: Array(source)) }
  }
}

/// `*` takes any run of characters, `?` takes one.
private func glob(_ pattern: [Character], matches text: [Character]) -> Bool {
  guard let first = pattern.first else { return text.isEmpty }
  let rest = Array(pattern.dropFirst())
  if first == "*" { return (0...text.count).contains { glob(rest, matches: Array(text.dropFirst($0))) } }
  guard let character = text.first, first == "?" || first == character else { return false }
  return glob(rest, matches: Array(text.dropFirst()))
}

extension Instance {
  /// §6.2.
  mutating func applyLine(_ text: String, _ signal: Signal, _ log: LogSource, at arrival: Arrival) {
    guard let captures = Pattern(log.match.value).captures(in: text) else { return }
    let number = log.value.flatMap { decimal(captures[$0.value] ?? "") }
    let value = number.map { signal.unit?.canonical($0) ?? $0 }
    let event = Event(
      time: arrival.time, order: arrival.order, captures: captures, value: finite(value),
      key: signal.by.map { captures[$0] ?? "" })
    if !logs[signal.name, default: LogRecord()].insert(event, maxKeys: signal.maxKeys) { dropped.refused += 1 }
  }
}

extension Evaluation {
  /// §6.3.
  func isStreamKnown(_ signal: Signal, _ log: LogSource) -> Bool {
    guard instance.streams.attachedSince(log, by: tick) != nil else { return false }
    guard let staleAfter = signal.staleAfter else { return true }
    return instance.streams.newestLine(log).map { tick - $0 <= staleAfter } ?? false
  }

  /// A term over the events of a log signal: of all, of the row's key, or of each living key, made one value.
  func logTerm(_ signal: Signal, _ log: LogSource, in row: Row, _ f: ([Event]) -> Value) -> Value {
    let record = instance.logs[signal.name] ?? LogRecord()
    let isLost =
      record.isOverflowed(at: tick, retention: signal.retention)
      || record.isLimited(at: tick, retention: signal.retention)
    if !isStreamKnown(signal, log) || isLost { return .unknown }
    if signal.by.isEmpty { return f(record.events) }
    if let reduction = signal.reduce {
      let keys = livingKeys(of: signal).sorted { $0.lexicographicallyPrecedes($1, by: precedes) }
      if keys.isEmpty { return reduction == .count ? .known(0) : f([]) }
      return reduce(reduction, keys.map { key in f(record.events.filter { $0.key == key }).number })
    }
    guard case .key(let key) = row else { return .unknown }
    return f(record.events.filter { $0.key == key })
  }

  /// §6.4.
  func window(_ function: String, of signal: Signal, _ events: [Event], _ length: Int64) -> Value {
    let window = self.window(length)
    let count = Double(events.count { window.contains($0.time) })
    switch function {
    case "count": return .known(count)
    case "rate": return .known(count / (Double(length) / 1000))
    default:
      let inside = events.filter { window.contains($0.time) }
      let entries = inside.compactMap { event in event.value.map { Entry(time: event.time, value: $0) } }
      return .known(WindowedSeries(window: window, entries: entries, staleAfter: nil).value(of: function))
    }
  }

  /// `x` of a log with `value:`.
  func latest(of signal: Signal, _ events: [Event]) -> Value {
    guard let newest = events.last(where: { $0.value != nil }) else { return .unknown }
    return tick - newest.time <= signal.staleAfter ?? latestOfLogStaleAfter ? .known(newest.value) : .unknown
  }

  /// §6.5: `x.group`.
  func capture(_ group: String, of signal: Signal, _ log: LogSource, in row: Row) -> Value {
    func newest(_ events: [Event]) -> Value {
      guard let event = events.last, tick - event.time <= signal.retention else { return .unknown }
      return .known(event.captures[group] ?? "")
    }
    if signal.reduce == nil { return logTerm(signal, log, in: row, newest) }
    var unkeyed = signal
    unkeyed.by = []
    return logTerm(unkeyed, log, in: row) { events in
      // Of those of the newest time, the greatest key's.
      let last = events.filter { $0.time == events.last!.time }
      return newest(last.sorted { $0.key.lexicographicallyPrecedes($1.key, by: precedes) })
    }
  }
}

/// How long the newest sample of a log counts where the policy does not say.
let latestOfLogStaleAfter: Int64 = 300_000

/// `[-+] digits [. digits] [e [-+] digits]`; `nil` for all else.
func decimal(_ text: String) -> Double? {
  let isDecimal = Pattern(#"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"#).matchesWhole(text)
  return isDecimal ? finite(Double(text)) : nil
}
