package import CriteriaEngine

/// What a policy needs of its inputs; the rest is skipped while reading.
package struct InputFilter {
  /// The metrics that are read, each with the labels that may hold its instance. `nil`: all, by `instance`.
  package var metrics: [String: [String]]?
  /// The patterns that lines are searched for. `nil`: every line is kept, whatever its source.
  package var logs: [LogPattern]?
  /// The conditions of the inventory that are used. `nil`: all.
  package var conditions: Set<String>?

  package struct LogPattern {
    /// Names and globs; `any`.
    package var sources: [String]
    package var regex: Regex
    package init(sources: [String], regex: Regex) {
      self.sources = sources
      self.regex = regex
    }
  }

  /// Everything.
  package init() {}

  package init(metrics: [String: [String]], logs: [LogPattern], conditions: Set<String>? = nil) {
    self.metrics = metrics
    self.logs = logs
    self.conditions = conditions
  }
}

package struct InputOptions: Sendable {
  /// The time of the decision, milliseconds; `nil`: the median over instances of their newest time.
  package var at: Int64?
  /// When the machines started, for kernel seconds; `nil`: so that a file's last line is at `at`.
  package var boot: Int64?
  /// Milliseconds east of UTC, for times that do not say.
  package var zone: Int64 = 0
  /// The policy's step, milliseconds.
  package var step: Int64 = 30_000
  /// How far before `at` a condition of the inventory is observed at most, milliseconds: what the policy's rules on
  /// conditions look back is enough, and keeps large fleets cheap.
  package var conditionHistory: Int64 = 7 * 86_400_000
  /// A condition of the inventory is observed anew this often from its own `since` on, so that it does not go stale.
  package var conditionRefresh: Int64 = 600_000
  /// Facts, desired and conditions of the inventory hold from an instance's first observation on.
  package var assumeSteady = false
  package var chunk = 1 << 18
  package var longestLine = 64 << 20
  package var problemLimit = 100
  package init() {}
}

/// One observation as it is fed to a fleet.
package struct InputObservation: Hashable, Sendable {
  package var instance: String
  package var time: Timestamp
  package var observation: Observation
  package var origin: Origin

  package init(instance: String, time: Timestamp, observation: Observation, origin: Origin) {
    self.instance = instance
    self.time = time
    self.observation = observation
    self.origin = origin
  }
}

/// A log stream that was given, so that its silence says something.
package struct InputAttachment: Hashable, Sendable {
  package var instance: String
  /// `*`: all sources.
  package var source: String
  /// Of the instance's first observation, or of the stream's first line if that is earlier: a log that was given was
  /// watched throughout.
  package var time: Timestamp

  package init(instance: String, source: String, time: Timestamp) {
    self.instance = instance
    self.source = source
    self.time = time
  }
}

/// Everything that was read, ready to be fed.
package struct AssembledInput: Sendable {
  /// Where `at` came from.
  package enum TimeOrigin: Sendable { case option, inputs, fallback }
  package var at: Timestamp
  package var timeOrigin: TimeOrigin
  /// The fleet: of the inventory, else the names that were seen. In byte order.
  package var instances: [String]
  /// In order of time; at equal times what the inventory says, then the order of the inputs.
  package var observations: [InputObservation]
  /// In order of time.
  package var attachments: [InputAttachment]
  package var summary: InputSummary
}

/// Reads all inputs of a run, and brings them into one order.
///
/// Names and open times (no year, seconds since the start, none) are settled in `finish`, when all is known.
/// Memory grows with what the filter keeps.
package struct InputAssembler {
  private struct Entry {
    var name: Int
    var file: Int
    var line: Int
    var time: RecordTime
    var observation: Observation
  }

  private struct Series {
    var labels: [String: String]
    /// The names in the labels that may hold the instance.
    var names: [Int]
  }

  /// The times of the first lines of one stream: one of each kind, since they cannot be compared yet.
  private struct FirstTimes {
    var absolute: Int64?
    var sinceBoot: Int64?
    var yearless: RecordTime?
    var isUntimed = false

    mutating func see(_ time: RecordTime) {
      switch time {
      case .absolute(let value): absolute = min(absolute ?? value, value)
      case .sinceBoot(let value): sinceBoot = min(sinceBoot ?? value, value)
      case .yearless: if yearless == nil { yearless = time }
      case .unknown: isUntimed = true
      }
    }

    func earliest(at: Int64, boot: Int64) -> Int64 {
      let open = yearless?.resolve(at: at, boot: boot)
      return [absolute, sinceBoot.map { boot + $0 }, open].compactMap { $0 }.min() ?? at
    }
  }

  private struct Stream: Hashable {
    var name: Int
    var source: String
    var file: Int
  }

  private struct TickKey: Hashable {
    var name: Int
    var source: Int
    var time: RecordTime
  }

  private struct StreamKey: Hashable {
    var name: Int
    var source: Int
  }

  private let filter: InputFilter
  private let options: InputOptions
  private let metricNames: MetricNames
  private let instanceLabels: [[String]]
  private let sourceNames: SourceNames
  private let scanner = RegexScanner()
  /// By source: the patterns its lines are searched for.
  private var patterns: [[Int]?] = []

  private var names = ByteTable()
  private var metricTexts: [String] = []
  private var seriesTables: [ByteTable] = []
  private var series: [[Series]] = []
  private var entries: [Entry] = []
  /// Of each file, the last line's seconds since the start.
  private var lastSinceBoot: [Int: Int64] = [:]
  private var streams: [Stream: FirstTimes] = [:]
  private var newestSample: [Int: Int64] = [:]
  private var newestLine: [Int: Int64] = [:]
  private var firstUnmatched: [StreamKey: Int] = [:]
  private var unmatchedOfTick: [TickKey: Int] = [:]
  private var inventories: [[InventoryEntry]] = []
  private var summary: InputSummary
  /// Called after each chunk: the path, bytes read of it, its size if known.
  package var progress: ((_ path: String, _ bytes: Int, _ total: Int?) -> Void)?

  package init(filter: InputFilter = InputFilter(), options: InputOptions = InputOptions()) {
    self.filter = filter
    self.options = options
    let wanted = filter.metrics.map { $0.keys.sorted() }
    metricNames = MetricNames(wanted: wanted)
    instanceLabels = (wanted ?? []).map { filter.metrics![$0]! }
    sourceNames = SourceNames(wanted: filter.logs.map { $0.flatMap(\.sources) })
    summary = InputSummary()
    summary.problems = ProblemLog(limit: options.problemLimit)
  }

  // MARK: Reading

  /// Reads one input of metrics, or a folder of them.
  ///
  /// - Parameter format: `nil` tells it by the content.
  /// - Throws: If one cannot be opened. What is wrong inside is counted in the summary.
  package mutating func readMetrics(_ spec: InputSpec, format: MetricFormat? = nil) throws(InputError) {
    for file in try expandFolders(spec) { read(metrics: try open(file.path), file, format: format) }
  }

  /// Reads one log, or a folder of them.
  ///
  /// - Throws: If one cannot be opened.
  package mutating func readLogs(_ spec: InputSpec) throws(InputError) {
    for file in try expandFolders(spec) { read(log: try open(file.path), file) }
  }

  /// Reads one inventory. Several that share an alias merge.
  ///
  /// - Throws: If it cannot be read or is no YAML or JSON at all.
  package mutating func readInventory(_ path: String) throws(InputError) {
    let stream = try open(path)
    var reader = InventoryReader(name: path, zone: options.zone, problemLimit: options.problemLimit)
    inventories.append(try reader.read(try stream.readAll(limit: 1 << 30)))
    finishFile(stream, format: "inventory", counts: reader.counts, problems: reader.problems)
  }

  private func open(_ path: String) throws(InputError) -> ByteStream {
    let stream = try ByteStream(opening: path, chunk: options.chunk)
    if let progress { stream.progress = { progress(path, $0, $1) } }
    return stream
  }

  private mutating func finishFile(_ stream: ByteStream, format: String, counts: ReadCounts, problems: ProblemLog) {
    summary.files.append(
      InputSummary.File(
        path: stream.name, format: format, bytes: stream.bytesRead, isCompressed: stream.isCompressed, counts: counts))
    summary.problems.add(contentsOf: problems)
  }

  /// The same as `readMetrics` for bytes that are there already.
  package mutating func read(metrics stream: ByteStream, _ spec: InputSpec, format: MetricFormat? = nil) {
    let lines = LineStream(stream, chunk: options.chunk, longestLine: options.longestLine)
    var reader = metricReader(lines, format: format, names: metricNames, problemLimit: options.problemLimit)
    var batch = MetricBatch()
    let file = summary.files.count
    let given = spec.instance.map { names.intern($0) }
    var unnamed: [Entry] = []
    var unnamedCount = 0
    var isNamed = false
    while reader.next(into: &batch) {
      for record in batch.records {
        let (metric, index) = seriesIndex(of: record, in: batch)
        let known = series[metric][index]
        let time = record.time.map { RecordTime.absolute($0) } ?? .unknown
        let observation = Observation.sample(metricTexts[metric], known.labels, record.value)
        if !known.names.isEmpty { isNamed = true }
        for name in known.names.isEmpty ? [given].compactMap({ $0 }) : known.names {
          append(sample: Entry(name: name, file: file, line: record.line, time: time, observation: observation))
        }
        if known.names.isEmpty, given == nil {
          unnamedCount += 1
          // A raw scrape names no instance in any line; where some do, the others belong to none.
          if isNamed || reader.format != .prometheus {
            unnamed = []
          } else {
            unnamed.append(Entry(name: 0, file: file, line: record.line, time: time, observation: observation))
          }
        }
      }
    }
    var problems = reader.problems
    if unnamedCount > 0 {
      if !isNamed, reader.format == .prometheus, let base = spec.baseName {
        let name = names.intern(base)
        for var entry in unnamed {
          entry.name = name
          append(sample: entry)
        }
      } else {
        summary.withoutInstance += unnamedCount
        problems.add(
          InputProblem(
            .instance, file: stream.name, line: 0, column: 0,
            "\(unnamedCount) samples without the label that holds the instance; `INSTANCE:` before the path names it"))
      }
    }
    finishFile(stream, format: reader.format.rawValue, counts: reader.counts, problems: problems)
  }

  private mutating func append(sample entry: Entry) {
    if case .absolute(let time) = entry.time { newestSample[entry.name] = max(newestSample[entry.name] ?? time, time) }
    entries.append(entry)
  }

  /// The series of a sample: its labels are taken apart once, however many samples it has.
  private mutating func seriesIndex(of record: MetricBatch.Record, in batch: MetricBatch) -> (metric: Int, index: Int) {
    while metricTexts.count <= record.metric {
      metricTexts.append(metricNames.name(metricTexts.count))
      seriesTables.append(ByteTable())
      series.append([])
    }
    let metric = record.metric
    let index = batch.withLabelBytes(of: record) { seriesTables[metric].intern($0) }
    if index == series[metric].count {
      let labels = batch.labels(of: record)
      var found: [Int] = []
      for label in metric < instanceLabels.count ? instanceLabels[metric] : ["instance"] {
        guard let value = labels[label] else { continue }
        let name = names.intern(value)
        if !found.contains(name) { found.append(name) }
      }
      series[metric].append(Series(labels: labels, names: found))
    }
    return (metric, index)
  }

  /// The same as `readLogs` for bytes that are there already.
  package mutating func read(log stream: ByteStream, _ spec: InputSpec) {
    let lines = LineStream(stream, chunk: options.chunk, longestLine: options.longestLine)
    let base = spec.baseName ?? "stdin"
    var reader = PlainLogReader(
      lines, source: spec.source, defaultSource: base, zone: options.zone, sources: sourceNames,
      problemLimit: options.problemLimit)
    var batch = LogBatch()
    let file = summary.files.count
    let given = spec.instance.map { names.intern($0) }
    let fallback = given ?? names.intern(base)
    var hostNames: [Int] = []
    var firstTimes: [Int: FirstTimes] = [:]
    while reader.next(into: &batch) {
      while hostNames.count < reader.hosts.count {
        hostNames.append(names.intern(reader.hosts.string(hostNames.count)))
      }
      for record in batch.records {
        let name = given ?? record.host.map { hostNames[$0] } ?? fallback
        firstTimes[name, default: FirstTimes()].see(record.time)
        switch record.time {
        case .sinceBoot(let time): lastSinceBoot[file] = time
        case .absolute(let time): newestLine[name] = max(newestLine[name] ?? time, time)
        case .yearless, .unknown: break
        }
        guard let source = record.source else { continue }
        let matters = matters(record, of: batch, source: source)
        if !batch.withMessage(of: record, isValidUTF8) { summary.repairedLines += 1 }
        let entry = Entry(
          name: name, file: file, line: record.line, time: record.time,
          observation: .line(batch.message(of: record), source: sourceNames.name(source)))
        if matters { entries.append(entry) } else { keepUnmatched(entry, source: source) }
      }
    }
    if firstTimes.isEmpty { firstTimes[fallback] = FirstTimes() }
    // A whole syslog, or the folder of an instance, says of every source that it was silent; one stream of itself only.
    let isWhole = spec.isFolderMember || (reader.namesSources && spec.source == nil)
    for (name, times) in firstTimes {
      streams[Stream(name: name, source: isWhole ? "*" : spec.source ?? base, file: file)] = times
    }
    finishFile(stream, format: reader.format, counts: reader.counts, problems: reader.problems)
  }

  private mutating func matters(_ record: LogBatch.Record, of batch: LogBatch, source: Int) -> Bool {
    guard let logs = filter.logs else { return true }
    while patterns.count <= source { patterns.append(nil) }
    if patterns[source] == nil {
      let name = sourceNames.name(source)
      patterns[source] = logs.indices.filter { index in
        logs[index].sources.contains { $0 == "any" || Glob($0).matches(name) }
      }
    }
    return batch.withMessage(of: record) { message in
      // At the match limit nobody knows, so the line stays.
      patterns[source]!.contains { scanner.search(logs[$0].regex, in: message) != .noMatch }
    }
  }

  /// Of lines that match nothing, only that they came can matter: the first of a stream, and the newest of each tick.
  private mutating func keepUnmatched(_ entry: Entry, source: Int) {
    summary.unmatchedLines += 1
    var entry = entry
    let stream = StreamKey(name: entry.name, source: source)
    guard let first = firstUnmatched[stream] else {
      firstUnmatched[stream] = entries.count
      entries.append(entry)
      return
    }
    if case .absolute(let new) = entry.time, case .absolute(let old) = entries[first].time, new < old {
      swap(&entries[first], &entry)
    }
    var bucket = entry.time
    switch entry.time {
    case .absolute(let time):
      bucket = .absolute(time / options.step + (time % options.step > 0 ? 1 : 0))
    case .yearless(let month, let day, let time):
      // Days begin at a tick if the step divides them.
      if millisecondsOfDay % options.step == 0 {
        let step = Int32(options.step)
        bucket = .yearless(month: month, day: day, milliseconds: time / step + (time % step > 0 ? 1 : 0))
      }
    case .sinceBoot, .unknown: break
    }
    let key = TickKey(name: entry.name, source: source, time: bucket)
    guard let index = unmatchedOfTick[key] else {
      unmatchedOfTick[key] = entries.count
      entries.append(entry)
      return
    }
    switch (entry.time, entries[index].time) {
    case (.absolute(let new), .absolute(let old)) where new < old: break
    case (.yearless(_, _, let new), .yearless(_, _, let old)) where new < old: break
    default: entries[index] = entry
    }
  }

  // MARK: Settling

  /// Settles names and times, and puts all in order.
  ///
  /// - Parameter fallback: `at`, milliseconds, if neither the options nor the inputs tell a time.
  package consuming func finish(fallback: Int64) -> AssembledInput {
    let merged = merge(inventories, problems: &summary.problems)
    let resolutions = resolve(with: inventories.isEmpty ? nil : merged)
    let (at, timeOrigin) = decisionTime(resolutions, fallback: fallback)
    let boots = lastSinceBoot.mapValues { options.boot ?? at - $0 }

    var observations: [InputObservation] = []
    var earliest: [String: Int64] = [:]
    observations.reserveCapacity(entries.count)
    for entry in entries {
      guard case .instance(let instance) = resolutions[entry.name] else { continue }
      let time = entry.time.resolve(at: at, boot: boots[entry.file] ?? at)
      earliest[instance] = min(earliest[instance] ?? time, time)
      observations.append(
        InputObservation(
          instance: instance, time: Timestamp(milliseconds: time), observation: entry.observation,
          origin: Origin(file: summary.files[entry.file].path, line: entry.line)))
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
      observations: inOrder(told + observations), attachments: attachments, summary: summary)
  }

  /// Which instance each name is, and the counts of those that are none.
  private mutating func resolve(with inventory: [InventoryEntry]?) -> [Resolution] {
    let texts = (0..<names.count).map { names.string($0) }
    guard let inventory else {
      let fleet = fleet(ofNames: texts)
      return texts.map { .instance(fleet[$0]!) }
    }
    var identity = Identity()
    for entry in inventory { identity.add(id: entry.id, aliases: entry.aliases, isSkipped: entry.isSkipped) }
    let resolutions = texts.map { identity.resolve($0) }
    var counts = Array(repeating: 0, count: texts.count)
    for entry in entries { counts[entry.name] += 1 }
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

  private func decisionTime(_ resolutions: [Resolution], fallback: Int64) -> (Int64, AssembledInput.TimeOrigin) {
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
    let order = observations.indices.sorted { a, b in
      let (first, second) = (observations[a].time, observations[b].time)
      return first == second ? a < b : first < second
    }
    return order.map { observations[$0] }
  }
}
