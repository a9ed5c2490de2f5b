import Criteria
import CriteriaEngine

extension Readings {
  /// The items as they would be after an edit. What it adds comes last, whatever its time.
  func apply(_ edit: Edit, to items: [Item], _ attachments: inout [History.Attachment]) -> [Item] {
    switch edit.kind {
    case .shift(let signal, let labels, let by): return shifted(items, signal, labels, by, edit)
    case .growth(let signal, let labels, let rate): return grown(items, signal, labels, rate, edit)
    case .fewerLines(let signal, let count): return withoutLines(items, signal, count, edit)
    case .moreLines(let signal, let count, let text, let source):
      var line = new(.observed(.line(text, source: source)), at: edit.to, signal)
      // Of a test, an event like the last one: its groups tell of which key it is.
      if case .told(signal, .event(let groups, let value))? = newestTold(of: signal, at: edit.to)?.entry.content {
        line.entry.content = .told(signal: signal, .event(groups: groups, value: value))
      }
      return items + Array(repeating: line, count: count)
    case .status(let signal, let status): return with(status: status, of: signal, items, edit)
    case .info(let signal, let value): return with(info: value, of: signal, items, edit)
    case .fact(let name, let value):
      return with(items, edit, told: .facts([name: value])) { facts, _ in
        if facts[name] != nil { facts[name] = value }
      }
    case .label(let name, let value):
      return with(items, edit, told: .facts([:], labels: [name: value])) { _, labels in
        if labels?[name] != nil { labels?[name] = value }
      }
    case .launch(let seconds):
      return items.map { item in
        guard case .observed(.facts(let facts, let labels, let desired, let launched?)) = item.entry.content else {
          return item
        }
        var item = item
        var moved = Timestamp(milliseconds: launched.milliseconds + Int64((seconds * 1000).rounded(.towardZero)))
        // An age is that at the start of a test.
        if let start { moved = min(moved, start) }
        item.entry.content = .observed(.facts(facts, labels: labels, desired: desired, launched: moved))
        // A launch that lies ahead of whoever tells it is not believed.
        item.entry.time = max(item.entry.time, moved)
        return item
      }
    case .resumed(let signals):
      var items = items
      for signal in signals {
        guard case .log(let pattern) = program.signals[signal].source else { continue }
        if isTold {
          items.append(new(.told(signal: signal, .attach), at: edit.start, signal))
          continue
        }
        let source = pattern.sources[0] == "any" ? "*" : pattern.sources[0]
        attachments.append(History.Attachment(source: source, time: edit.start))
      }
      return items + continued(signals, edit, onlyAlive: false)
    case .arrived(let signal, let labels, let value):
      guard case .metric(let selector, _, _) = program.signals[signal].source else { return items }
      let raw = program.signals[signal].raw(of: value)
      let content: History.Content =
        isTold ? .told(signal: signal, .sample(labels, value)) : .observed(.sample(selector.metric, labels, raw))
      return items + moments(edit, [signal]).map { new(content, at: $0, signal) }
    case .wait:
      return items.filter { $0.entry.time <= edit.from }
        + continued(Array(program.signals.indices), edit, onlyAlive: true)
    }
  }

  private func new(_ content: History.Content, at time: Timestamp, _ signal: Int) -> Item {
    Item(entry: History.Entry(content, at: time), series: nil, signals: [signal])
  }

  /// When a signal is observed anew over a span, to be known throughout: at its first tick, and often enough not to go stale.
  private func moments(_ edit: Edit, _ signals: [Int]) -> [Timestamp] {
    let step = program.step
    let staleAfter = signals.compactMap { program.signals[$0].staleAfter }.min() ?? .max
    let pace = max(step, staleAfter / 2 / step * step)
    let first = (edit.from.milliseconds / step + 1) * step
    let last = edit.to.milliseconds
    // At the end as well: a term over a window as short as a step sees nothing else.
    return stride(from: first, to: last, by: Int64.Stride(pace)).map(Timestamp.init(milliseconds:)) + [edit.to]
  }

  private func isTouched(_ item: Item, _ signal: Int, _ edit: Edit) -> Bool {
    item.entry.time > edit.from && item.entry.time <= edit.to && item.signals.contains(signal)
  }

  // MARK: Metrics

  /// Between what bounds a signal's values can be, going by what was seen of it.
  func bounds(of signal: Int) -> ClosedRange<Double> {
    let values = values[signal]
    if values.isEmpty { return -.infinity ... .infinity }
    if values.isWhole, values.low >= 0, values.high <= 1 { return 0...1 }
    let top = isShare(signal) && values.high <= 1 ? 1.0 : .infinity
    return (values.low >= 0 ? 0 : -.infinity)...top
  }

  private func shifted(
    _ items: [Item], _ signal: Int, _ labels: Edit.Labels, _ by: Double, _ edit: Edit
  ) -> [Item] {
    let bounds = bounds(of: signal)
    let by = values[signal].isWhole ? by.rounded(.towardZero) : by
    return items.map { item in
      guard isTouched(item, signal, edit), let (own, value) = sample(item, of: signal), own.carry(labels) else {
        return item
      }
      let moved = min(max(value + by, bounds.lowerBound), bounds.upperBound)
      return moved == value ? item : self.item(item, of: signal, at: moved)
    }
  }

  private func grown(
    _ items: [Item], _ signal: Int, _ labels: Edit.Labels, _ rate: Double, _ edit: Edit
  ) -> [Item] {
    struct Last {
      var time: Timestamp
      var old: Double
      var new: Double
    }
    var last: [[String: String]: Last] = [:]
    for item in newest(of: signal, at: edit.from) {
      guard let (own, value) = sample(item, of: signal) else { continue }
      last[own] = Last(time: item.entry.time, old: value, new: value)
    }
    return items.map { item in
      guard isTouched(item, signal, edit), let (own, value) = sample(item, of: signal), own.carry(labels) else {
        return item
      }
      guard let before = last[own] else {
        last[own] = Last(time: item.entry.time, old: value, new: value)
        return item
      }
      let seconds = Double(item.entry.time.milliseconds - before.time.milliseconds) / 1000
      // A drop is a reset: the counter began at 0 again.
      let isReset = value < before.old
      let step = max(0, (isReset ? value : value - before.old) + rate * seconds)
      let new = (isReset ? 0 : before.new) + step
      last[own] = Last(time: item.entry.time, old: value, new: new)
      return self.item(item, of: signal, at: new)
    }
  }

  /// The last values of signals again at each step of the span, from where each was last heard of.
  ///
  /// - Parameter onlyAlive: Those that are stale or have ended by the start of the span stay so.
  private func continued(_ signals: [Int], _ edit: Edit, onlyAlive: Bool) -> [Item] {
    var last: [Item] = []
    for signal in signals {
      last += newest(of: signal, at: onlyAlive ? edit.from : edit.to)
      if case .condition = program.signals[signal].source,
        let told = newestTold(of: signal, at: onlyAlive ? edit.from : edit.to)
      {
        last.append(told)
      }
    }
    var met: Set<History.Entry> = []
    var added: [Item] = []
    for item in last where met.insert(item.entry).inserted {
      let staleAfter = item.signals.compactMap { program.signals[$0].staleAfter }.max() ?? .max
      if onlyAlive, edit.from.milliseconds - item.entry.time.milliseconds > staleAfter { continue }
      if item.isEnd { continue }
      let growth = growth(of: item)
      for time in moments(edit, item.signals) where time > item.entry.time {
        var again = item
        again.entry.time = time
        again.entry.origin = nil
        let seconds = Double(time.milliseconds - item.entry.time.milliseconds) / 1000
        switch item.entry.content {
        case .observed(.sample(let metric, let labels, let value)) where growth > 0:
          again.entry.content = .observed(.sample(metric, labels, value + growth * seconds))
        case .told(let signal, .sample(let labels, let value)) where growth > 0:
          again.entry.content = .told(signal: signal, .sample(labels, value + growth * seconds))
        case .observed, .told: break
        }
        added.append(again)
      }
    }
    return added
  }

  /// How fast a counter grew before its newest sample, as it was fed, a second; 0 for all else: a counter that goes on goes on
  /// growing.
  private func growth(of newest: Item) -> Double {
    func fed(_ item: Item) -> Double? {
      switch item.entry.content {
      case .observed(.sample(_, _, let value)), .told(_, .sample(_, let value)): value
      case .observed, .told: nil
      }
    }
    guard newest.signals.contains(where: isCounter), let value = fed(newest), let signal = newest.signals.first,
      let series = newest.series
    else { return 0 }
    let earlier = Timestamp(milliseconds: newest.entry.time.milliseconds - 1)
    guard let before = self.newest(of: signal, at: earlier).first(where: { $0.series == series }),
      let old = fed(before), old.isFinite, old < value
    else { return 0 }
    return (value - old) / (Double(newest.entry.time.milliseconds - before.entry.time.milliseconds) / 1000)
  }

  // MARK: Logs

  private func withoutLines(_ items: [Item], _ signal: Int, _ count: Int, _ edit: Edit) -> [Item] {
    let matching = items.indices.filter { index in
      switch items[index].entry.content {
      case .observed(.line), .told(_, .event): isTouched(items[index], signal, edit)
      case .observed, .told: false
      }
    }
    let gone = Set(matching.suffix(count))
    return items.indices.filter { !gone.contains($0) }.map { items[$0] }
  }

  // MARK: Statuses and facts

  private func with(status: String, of signal: Int, _ items: [Item], _ edit: Edit) -> [Item] {
    guard case .condition(let type, _, _, let statusLabel) = program.signals[signal].source else { return items }
    var result: [Item] = []
    for var item in items {
      guard isTouched(item, signal, edit) else {
        result.append(item)
        continue
      }
      switch item.entry.content {
      case .observed(.sample(let metric, var labels, let value)):
        if value != 1 { continue }
        labels[statusLabel] = status
        item.entry.content = .observed(.sample(metric, labels, value))
        item.series = nil
      case .observed(.condition), .told(_, .condition), .told(_, .conditionEnd): continue
      case .observed, .told: break
      }
      result.append(item)
    }
    let content: History.Content =
      isTold
      ? .told(signal: signal, .condition(status: status, reason: "")) : .observed(.condition(type, status))
    return result + moments(edit, [signal]).map { new(content, at: $0, signal) }
  }

  private func with(info value: String, of signal: Int, _ items: [Item], _ edit: Edit) -> [Item] {
    guard case .info(let selector, let label) = program.signals[signal].source else { return items }
    var isFound = false
    var result = items.map { item in
      guard isTouched(item, signal, edit) else { return item }
      var item = item
      switch item.entry.content {
      case .observed(.sample(let metric, var labels, let sample)):
        labels[label] = value
        item.entry.content = .observed(.sample(metric, labels, sample))
      case .told(signal, .info(let labels, _)): item.entry.content = .told(signal: signal, .info(labels, value))
      case .observed, .told: return item
      }
      isFound = true
      item.series = nil
      return item
    }
    if !isFound, isTold {
      let content = History.Content.told(signal: signal, .info(series(of: signal).last ?? [:], value))
      result += moments(edit, [signal]).map { new(content, at: $0, signal) }
    } else if !isFound {
      var labels = series(of: signal).last ?? selector.plainLabels
      labels[label] = value
      let content = History.Content.observed(.sample(selector.metric, labels, 1))
      result += moments(edit, [signal]).map { new(content, at: $0, signal) }
    }
    return result
  }

  /// - Parameter told: Said anew at the start of the span.
  private func with(
    _ items: [Item], _ edit: Edit, told: Observation,
    change: (inout [String: String], inout [String: String]?) -> Void
  ) -> [Item] {
    var result = items.map { item in
      guard item.entry.time > edit.from, item.entry.time <= edit.to,
        case .observed(.facts(var facts, var labels, let desired, let launched)) = item.entry.content
      else { return item }
      var item = item
      change(&facts, &labels)
      item.entry.content = .observed(.facts(facts, labels: labels, desired: desired, launched: launched))
      return item
    }
    result.append(Item(entry: History.Entry(told, at: edit.start), series: nil, signals: []))
    return result
  }
}

extension Selector {
  /// The labels that a series must have whatever else it has: of a series that was never seen.
  var plainLabels: [String: String] {
    var labels: [String: String] = [:]
    for (label, test) in matchers {
      if case .equal(let value) = test, !value.isEmpty { labels[label] = value }
    }
    return labels
  }
}
