import CriteriaEngine

extension InputAssembler {
  /// Settles names and times, and puts all in order.
  ///
  /// - Parameter fallback: `at`, milliseconds, if neither the options nor the inputs tell a time.
  package consuming func finish(fallback: Int64) -> AssembledInput {
    let merged = merge(inventories, problems: &summary.problems)
    let resolutions = resolve(with: inventories.isEmpty ? nil : merged)
    let (at, timeOrigin) = decisionTime(resolutions, fallback: fallback)
    // Where each file's scale of `sinceBoot` begins: the last boot at `boot`, or the last line at `at`.
    let boots = kernelTimes.mapValues { times in options.boot.map { $0 - times.boot } ?? at - times.last }

    var observations: [InputObservation] = []
    var earliest: [String: Int64] = [:]
    observations.reserveCapacity(entries.count)
    for entry in entries {
      guard case .instance(let instance) = resolutions[entry.name] else { continue }
      if case .line = entry.observation, !entry.time.isAnchored(boot: options.boot) {
        summary.unanchoredLines += entry.count
      }
      let time = entry.time.resolve(at: at, boot: boots[entry.file] ?? at)
      earliest[instance] = min(earliest[instance] ?? time, time)
      observations.append(
        InputObservation(
          instance: instance, time: Timestamp(milliseconds: time), observation: entry.observation,
          origin: Origin(file: summary.files[entry.file].path, line: entry.line), count: entry.count,
          isUnmatched: entry.isUnmatched))
    }
    entries = []
    let attachments = attachments(resolutions, at: at, boots: boots, earliest: &earliest)
    var told: [InputObservation] = []
    for entry in merged where !entry.isSkipped {
      var entry = entry
      if let wanted = filter.conditions { entry.conditions = entry.conditions.filter { wanted.contains($0.key) } }
      told += entry.observations(
        at: at, earliest: earliest[entry.id], options: options, problems: &summary.problems)
    }
    summary.skippedInstances = merged.count(where: \.isSkipped)

    var instances = Set(earliest.keys)
    for entry in merged where !entry.isSkipped { instances.insert(entry.id) }
    return AssembledInput(
      at: Timestamp(milliseconds: at), timeOrigin: timeOrigin,
      instances: instances.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
      observations: inOrder(told + observations), attachments: attachments, summary: summary, identity: identity)
  }

  /// Which instance each name is, and the counts of those that are none.
  mutating func resolve(with inventory: [InventoryEntry]?) -> [Resolution] {
    let texts = (0..<names.count).map { names.string($0) }
    guard let inventory else {
      let fleet = fleet(ofNames: texts)
      return texts.map { .instance(fleet[$0]!) }
    }
    var identity = Identity()
    for entry in inventory { identity.add(id: entry.id, aliases: entry.aliases, isSkipped: entry.isSkipped) }
    self.identity = identity
    let resolutions = texts.map { identity.resolve($0) }
    var counts = Array(repeating: 0, count: texts.count)
    for entry in entries { counts[entry.name] += entry.count }
    for (key, stats) in survey?.series ?? [] { if let name = key.name { counts[name] += stats.samples } }
    for (key, stats) in survey?.streams ?? [:] { counts[key.name] += stats.lines }
    // A log whose lines are all unwanted still has its name in vain.
    let used = Set(streams.keys.map(\.name)).union(counts.indices.filter { counts[$0] > 0 })
    for name in used.sorted() {
      switch resolutions[name] {
      case .instance: break
      case .skipped: summary.skippedObservations += counts[name]
      case .ambiguous(let candidates):
        summary.ambiguous.append(.init(name: texts[name], count: counts[name], candidates: candidates))
        summary.ambiguousObservations += counts[name]
      case .unresolved:
        summary.unresolved.append(.init(name: texts[name], count: counts[name], nearest: nil))
        summary.unresolvedNames += 1
        summary.unresolvedObservations += counts[name]
      }
    }
    summary.unresolved.sort { ($1.count, $0.name) < ($0.count, $1.name) }
    summary.unresolved = Array(summary.unresolved.prefix(100))
    for index in summary.unresolved.indices.prefix(20) {
      summary.unresolved[index].nearest = identity.nearestName(to: summary.unresolved[index].name)
    }
    return resolutions
  }

  /// Lines count only where there are no samples at all: a silent log's last line may be days old, and would make all
  /// samples lie in the future.
  func decisionTime(_ resolutions: [Resolution], fallback: Int64) -> (Int64, AssembledInput.TimeOrigin) {
    if let at = options.at { return (at, .option) }
    for newest in [newestSample, newestLine] {
      var perInstance: [String: Int64] = [:]
      for (name, time) in newest {
        guard case .instance(let instance) = resolutions[name] else { continue }
        perInstance[instance] = max(perInstance[instance] ?? time, time)
      }
      if let median = medianTime(perInstance.values) { return (median, .inputs) }
    }
    return (fallback, .fallback)
  }

  private func attachments(
    _ resolutions: [Resolution], at: Int64, boots: [Int: Int64], earliest: inout [String: Int64]
  ) -> [InputAttachment] {
    var sources: [String: Set<String>] = [:]
    for (stream, times) in streams {
      guard case .instance(let instance) = resolutions[stream.name] else { continue }
      sources[instance, default: []].insert(stream.source)
      let time = times.earliest(at: at, boot: boots[stream.file] ?? at)
      earliest[instance] = min(earliest[instance] ?? time, time)
    }
    let all = sources.flatMap { instance, sources in
      sources.map {
        InputAttachment(instance: instance, source: $0, time: Timestamp(milliseconds: earliest[instance] ?? at))
      }
    }
    return all.sorted { ($0.time, $0.instance, $0.source) < ($1.time, $1.instance, $1.source) }
  }

  /// Stable: what came first stays first among equal times.
  private func inOrder(_ observations: [InputObservation]) -> [InputObservation] {
    if zip(observations, observations.dropFirst()).allSatisfy({ $0.time <= $1.time }) { return observations }
    let order = observations.indices.sorted { a, b in
      let (first, second) = (observations[a].time, observations[b].time)
      return first == second ? a < b : first < second
    }
    return order.map { observations[$0] }
  }
}

/// The times of the first lines of one stream: one of each kind, since they cannot be compared yet.
struct FirstTimes {
  var absolute: Int64?
  var sinceBoot: Int64?
  var yearless: RecordTime?

  mutating func see(_ time: RecordTime) {
    switch time {
    case .absolute(let value): absolute = min(absolute ?? value, value)
    case .sinceBoot(let value): sinceBoot = min(sinceBoot ?? value, value)
    case .yearless: if yearless == nil { yearless = time }
    case .unknown: break
    }
  }

  func earliest(at: Int64, boot: Int64) -> Int64 {
    let open = yearless?.resolve(at: at, boot: boot)
    return [absolute, sinceBoot.map { boot + $0 }, open].compactMap { $0 }.min() ?? at
  }
}
