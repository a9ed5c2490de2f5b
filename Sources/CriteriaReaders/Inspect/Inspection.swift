package import CriteriaEngine

/// What is in a set of inputs.
package struct Inspection: Sendable {
  package struct Series: Sendable {
    package var metric: String
    package var labels: [String: String]
    /// The name that the inputs give the instance; `nil`: none.
    package var name: String?
    /// `nil`: the name belongs to none.
    package var instance: String?
    package var stats: SeriesStats
  }

  package struct Metric: Sendable {
    package var name: String
    /// As the exposition says: `gauge`, `counter`, …
    package var type: String?
    /// Places in `series`.
    package var series: [Int]
    package var instances: Int
    package var samples: Int
    /// Milliseconds: the median over its series.
    package var interval: Int64?
    package var first: Int64?
    package var last: Int64?
    /// The place of the series with the newest sample.
    package var newest: Int
    /// The longest gap of any series, milliseconds, and when it began.
    package var gap: (length: Int64, from: Int64, series: Int)?
    package var gapped: Int
  }

  package struct Stream: Sendable {
    package var name: String
    package var instance: String?
    package var source: String
    package var lines: Int
    package var first: Int64?
    package var last: Int64?
    /// By pattern of the policy's log signals, in their order.
    package var matches: [Int]
    package var lastMatch: [Int64?]
    /// No line of it came: it was given as a file, or with all sources of its instance (`*`).
    package var isSilent: Bool { lines == 0 }
  }

  package struct Instance: Sendable {
    package var id: String
    /// The names by which the inputs know it, each with how it was found.
    package var names: [(name: String, how: String)]
    package var series = 0
    package var samples = 0
    package var streams = 0
    package var lines = 0
    package var first: Int64?
    package var last: Int64?
    package var isInInventory = false
    /// Milliseconds since 1970.
    package var launched: Int64?
  }

  /// For which the inputs would be decided about.
  package var at: Int64
  package var timeOrigin: AssembledInput.TimeOrigin
  package var summary: InputSummary
  /// Of each file, the times of its samples or lines.
  package var ranges: [ClosedRange<Int64>?]
  /// In byte order of their ids.
  package var instances: [Instance]
  package var series: [Series]
  /// In byte order of their names.
  package var metrics: [Metric]
  /// By instance and source.
  package var streams: [Stream]
  /// Merged, without those that are stopped.
  package var inventory: [InventoryEntry]

  /// Nothing was refused, and all could be used.
  package var isSound: Bool {
    summary.problems.total == 0 && summary.refused == 0 && summary.unresolvedNames == 0 && summary.withoutInstance == 0
      && summary.ambiguous.isEmpty && !summary.files.contains { $0.isEmpty }
  }
}

extension InputSummary.File {
  /// It holds nothing at all.
  package var isEmpty: Bool { bytes == 0 || (counts.lines == counts.comments && counts.lines == 0) }
}

extension InputAssembler {
  /// Settles names and times, and tells what there is.
  ///
  /// - Parameter fallback: `at`, milliseconds, if neither the options nor the inputs tell a time.
  package consuming func inspect(fallback: Int64) -> Inspection {
    guard let survey else { preconditionFailure("inputs that were not read to be inspected") }
    let merged = merge(inventories, problems: &summary.problems)
    let resolutions = resolve(with: inventories.isEmpty ? nil : merged)
    let (at, timeOrigin) = decisionTime(resolutions, fallback: fallback)
    let boots = kernelTimes.mapValues { times in options.boot.map { $0 - times.boot } ?? at - times.last }
    summary.skippedInstances = merged.count(where: \.isSkipped)
    let inventory = merged.filter { !$0.isSkipped }

    var instances: [String: Inspection.Instance] = [:]
    for entry in inventory {
      var instance = Inspection.Instance(id: entry.id, names: [])
      instance.isInInventory = true
      instance.launched = entry.launched
      instances[entry.id] = instance
    }
    func instance(of name: Int) -> String? {
      guard case .instance(let id) = resolutions[name] else { return nil }
      return id
    }
    var identity = Identity()
    for entry in merged { identity.add(id: entry.id, aliases: entry.aliases, isSkipped: entry.isSkipped) }
    let hasInventory = !inventories.isEmpty
    var seenNames: Set<Int> = []
    func see(_ name: Int, _ id: String) {
      guard seenNames.insert(name).inserted else { return }
      let text = names.string(name)
      let how = hasInventory ? identity.way(of: text) : text == id ? "as it is" : "without its port"
      instances[id, default: .init(id: id, names: [])].names.append((text, how))
    }
    func extend(_ id: String, _ first: Int64?, _ last: Int64?) {
      if let first { instances[id]!.first = min(instances[id]!.first ?? first, first) }
      if let last { instances[id]!.last = max(instances[id]!.last ?? last, last) }
    }

    var series: [Inspection.Series] = []
    for (key, stats) in survey.series {
      let id = key.name.flatMap(instance)
      if let id, let name = key.name {
        see(name, id)
        instances[id]!.series += 1
        instances[id]!.samples += stats.samples
        extend(id, stats.first, stats.last)
      }
      series.append(
        .init(
          metric: metricName(key.metric), labels: labels(of: key.labels, metric: key.metric),
          name: key.name.map { names.string($0) }, instance: id, stats: stats))
    }

    var ranges: [ClosedRange<Int64>?] = summary.files.indices.map { survey.ranges[$0] }
    var streams: [Inspection.Stream] = []
    for (key, stats) in survey.streams {
      let id = instance(of: key.name)
      func moment(_ time: (time: RecordTime, file: Int)?) -> Int64? {
        guard let time, time.time != .unknown else { return nil }
        return time.time.resolve(at: at, boot: boots[time.file] ?? at)
      }
      let last = moment(stats.newest)
      let first = last.map { last in
        min(last, stats.firstTimes.earliest(at: at, boot: stats.newest.flatMap { boots[$0.file] } ?? at))
      }
      if let id {
        see(key.name, id)
        instances[id]!.streams += 1
        instances[id]!.lines += stats.lines
        extend(id, first, last)
      }
      if let first, let last, let file = stats.newest?.file {
        ranges[file] = min(first, ranges[file]?.lowerBound ?? first)...max(last, ranges[file]?.upperBound ?? last)
      }
      streams.append(
        .init(
          name: names.string(key.name), instance: id, source: key.source, lines: stats.lines, first: first, last: last,
          matches: stats.matches, lastMatch: stats.lastMatch.map { moment($0) }))
    }
    streams.sort { ($0.instance ?? $0.name, $0.source) < ($1.instance ?? $1.name, $1.source) }
    for id in instances.keys { instances[id]!.names.sort { $0.name < $1.name } }

    return Inspection(
      at: at, timeOrigin: timeOrigin, summary: summary, ranges: ranges,
      instances: instances.values.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }, series: series,
      metrics: metrics(of: series, types: survey.types), streams: streams, inventory: inventory)
  }

  private func metrics(of series: [Inspection.Series], types: [String: String]) -> [Inspection.Metric] {
    var byName: [String: [Int]] = [:]
    for (index, one) in series.enumerated() { byName[one.metric, default: []].append(index) }
    return byName.map { name, places in
      let all = places.map { series[$0].stats }
      let intervals = all.compactMap(\.interval).sorted()
      let newest = places.max { a, b in
        (series[a].stats.last ?? .min, b) < (series[b].stats.last ?? .min, a)
      }!
      var gap: (length: Int64, from: Int64, series: Int)?
      var gapped = 0
      for place in places {
        guard let one = series[place].stats.gap else { continue }
        gapped += 1
        if one.length > gap?.length ?? 0 { gap = (one.length, one.from, place) }
      }
      return Inspection.Metric(
        name: name, type: type(of: name, types), series: places,
        instances: Set(places.compactMap { series[$0].instance }).count,
        samples: all.reduce(0) { $0 + $1.samples },
        interval: intervals.isEmpty ? nil : intervals[(intervals.count - 1) / 2], first: all.compactMap(\.first).min(),
        last: all.compactMap(\.last).max(), newest: newest, gap: gap, gapped: gapped)
    }
    .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The type of a family is that of its samples, whatever their endings.
  private func type(of name: String, _ types: [String: String]) -> String? {
    if let type = types[name] { return type }
    for suffix in ["_total", "_bucket", "_sum", "_count", "_created", "_info", "_gsum", "_gcount"]
    where name.hasSuffix(suffix) {
      if let type = types[String(name.dropLast(suffix.count))] { return type }
    }
    return nil
  }
}
