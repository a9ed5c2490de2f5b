import CriteriaEngine

/// Reads all inputs of a run, and brings them into one order.
///
/// Names and open times (no year, seconds since the start, none) are settled in `finish`, when all is known.
/// Memory grows with what the filter keeps.
package struct InputAssembler {
  struct Entry {
    var name: Int
    var file: Int
    var line: Int
    var time: RecordTime
    var observation: Observation
    /// How many lines it stands for.
    var count = 1
    /// A line that matches nothing.
    var isUnmatched = false
  }

  private struct Series {
    var labels: [String: String]
    /// The names in the labels that may hold the instance.
    var names: [Int]
  }

  struct Stream: Hashable {
    var name: Int
    var source: String
    var file: Int
  }

  private struct TickKey: Hashable {
    var name: Int
    var source: Int
    var time: RecordTime
  }

  struct StreamKey: Hashable {
    var name: Int
    var source: Int
  }

  let filter: InputFilter
  let options: InputOptions
  private let metricNames: MetricNames
  let sourceNames: SourceNames
  private let scanner = RegexScanner()
  private let matcher: LogMatcher?
  /// By record of a batch: a pattern of its source matches.
  private var mattering: [Bool] = []
  /// By source: the patterns its lines are searched for.
  private var patterns: [[Int]?] = []

  var names = ByteTable()
  private var metricTexts: [String] = []
  private var seriesTables: [ByteTable] = []
  private var series: [[Series]] = []
  var entries: [Entry] = []
  /// Of each file, the last line's time on the scale of `sinceBoot`, and where its last boot begins on it.
  var kernelTimes: [Int: (last: Int64, boot: Int64)] = [:]
  var streams: [Stream: FirstTimes] = [:]
  var newestSample: [Int: Int64] = [:]
  var newestLine: [Int: Int64] = [:]
  private var firstUnmatched: [StreamKey: Int] = [:]
  private var unmatchedOfTick: [TickKey: Int] = [:]
  var inventories: [[InventoryEntry]] = []
  /// Once names are settled by an inventory.
  var identity: Identity?
  /// Where inputs are inspected, what they hold; entries stay empty then.
  var survey: Survey?
  var summary: InputSummary
  /// Called after each chunk: the path, bytes read of it, its size if known.
  package var progress: ((_ path: String, _ bytes: Int, _ total: Int?) -> Void)?

  /// - Parameter inspecting: Inputs are read to be counted (`inspect`), not to be decided by (`finish`).
  package init(filter: InputFilter = InputFilter(), options: InputOptions = InputOptions(), inspecting: Bool = false) {
    let matcher = filter.logs.map { logs in LogMatcher(logs.map { .init($0.regex) }) }
    self.init(filter: filter, options: options, inspecting: inspecting, matcher: matcher)
  }

  init(filter: InputFilter, options: InputOptions, inspecting: Bool = false, matcher: LogMatcher?) {
    precondition(options.step > 0, "a step that is not positive")
    survey = inspecting ? Survey() : nil
    self.filter = filter
    self.options = options
    let wanted = filter.metrics.map { $0.keys.sorted() }
    metricNames = MetricNames(wanted: wanted)
    self.matcher = matcher
    // Of what is inspected every source is shown, also those that no signal reads.
    sourceNames = SourceNames(wanted: inspecting ? nil : filter.logs.map { $0.flatMap(\.sources) })
    summary = InputSummary()
    summary.problems = ProblemLog(limit: options.problemLimit)
  }

  /// Reads one input of metrics, or a folder of them.
  ///
  /// - Throws: If one cannot be opened. What is wrong inside is counted in the summary.
  package mutating func readMetrics(_ spec: InputSpec) throws(InputError) {
    for file in try expandFolders(spec) { read(metrics: try open(file.path), file) }
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
    let lines = LineStream(stream, chunk: options.chunk, longestLine: options.longestLine)
    try read(inventory: lines, InputSpec(path: path), recognise(Head(of: lines), as: .inventory, layouts: []))
  }

  /// Reads one input, or a folder of them, as what it shows itself to be; what shows nothing is one problem.
  ///
  /// - Throws: If one cannot be opened.
  package mutating func readAny(_ spec: InputSpec) throws(InputError) {
    for file in try expandFolders(spec) { readAny(try open(file.path), file) }
  }

  /// The same for bytes that are there already.
  mutating func readAny(_ stream: ByteStream, _ spec: InputSpec) {
    let lines = LineStream(stream, chunk: options.chunk, longestLine: options.longestLine)
    let recognition = recognise(Head(of: lines), as: nil, layouts: options.logFormats)
    switch recognition.format {
    case .metrics(let kind): read(metrics: lines, spec, kind, why: recognition.why)
    case .log(let kind): read(log: lines, spec, kind, why: recognition.why)
    case .inventory:
      do throws(InputError) { try read(inventory: lines, spec, recognition) } catch {
        refuse(lines, error.file == spec.path ? error.message : error.description)
      }
    case nil: refuse(lines, recognition.why)
    }
  }

  private func open(_ path: String) throws(InputError) -> ByteStream {
    let stream = try ByteStream(opening: path, chunk: options.chunk)
    if let progress { stream.progress = { progress(path, $0, $1) } }
    return stream
  }

  mutating func finishFile(
    _ lines: LineStream, format: String, why: String, counts: ReadCounts, problems: ProblemLog
  ) {
    let stream = lines.bytes
    summary.files.append(
      InputSummary.File(
        path: stream.name, format: format, why: why, bytes: stream.bytesRead, isCompressed: stream.isCompressed,
        counts: counts, problems: problems))
    summary.problems.add(contentsOf: problems)
  }

  /// What is nothing that is read: one problem, however long it is.
  private mutating func refuse(_ lines: LineStream, _ why: String) {
    var problems = ProblemLog(limit: options.problemLimit)
    problems.add(InputProblem(.format, file: lines.bytes.name, line: 0, column: 0, "unrecognised: \(why)"))
    finishFile(lines, format: "unrecognised", why: why, counts: ReadCounts(), problems: problems)
  }

  private mutating func read(
    inventory lines: LineStream, _ spec: InputSpec, _ recognition: Recognition
  ) throws(InputError) {
    guard case .inventory(let format)? = recognition.format else { preconditionFailure("not taken for an inventory") }
    var reader = InventoryReader(name: lines.bytes.name, zone: options.zone, problemLimit: options.problemLimit)
    inventories.append(try reader.read(lines, format: format))
    finishFile(
      lines, format: format.rawValue, why: recognition.why, counts: reader.counts, problems: reader.problems)
  }

  /// The same as `readMetrics` for bytes that are there already.
  package mutating func read(metrics stream: ByteStream, _ spec: InputSpec) {
    let lines = LineStream(stream, chunk: options.chunk, longestLine: options.longestLine)
    let recognition = recognise(Head(of: lines), as: .metrics, layouts: [])
    guard case .metrics(let kind)? = recognition.format else { return refuse(lines, recognition.why) }
    read(metrics: lines, spec, kind, why: recognition.why)
  }

  private mutating func read(metrics lines: LineStream, _ spec: InputSpec, _ kind: MetricKind, why: String) {
    var reader = metricReader(
      lines, kind: kind, names: metricNames, defaultName: spec.baseName, zone: options.zone,
      problemLimit: options.problemLimit)
    var batch = MetricBatch()
    let file = summary.files.count
    let given = spec.instance.map { names.intern($0) }
    let firstSeries = survey?.series.count ?? 0
    var unnamed: [Entry] = []
    var unnamedCount = 0
    var isNamed = false
    while reader.next(into: &batch) {
      for record in batch.records {
        let (metric, index) = seriesIndex(of: record, in: batch)
        let known = series[metric][index]
        if survey != nil {
          survey(record, of: metric, index, file: file, given: given)
          if known.names.isEmpty, given == nil { unnamedCount += 1 } else if !known.names.isEmpty { isNamed = true }
          continue
        }
        let time = record.time.map { RecordTime.absolute($0) } ?? .unknown
        let observation = Observation.sample(metricTexts[metric], known.labels, record.value)
        if !known.names.isEmpty { isNamed = true }
        for name in known.names.isEmpty ? [given].compactMap({ $0 }) : known.names {
          append(sample: Entry(name: name, file: file, line: record.line, time: time, observation: observation))
        }
        if known.names.isEmpty, given == nil {
          unnamedCount += 1
          // A raw scrape names no instance in any line; where some do, the others belong to none.
          if isNamed || !reader.format.mayBeOfOneInstance {
            unnamed = []
          } else {
            unnamed.append(Entry(name: 0, file: file, line: record.line, time: time, observation: observation))
          }
        }
      }
    }
    var problems = reader.problems
    survey?.types.merge(reader.types) { first, _ in first }
    if unnamedCount > 0 {
      if !isNamed, reader.format.mayBeOfOneInstance, let base = spec.baseName {
        let name = names.intern(base)
        if let newest = survey?.rename(from: firstSeries, to: name) {
          newestSample[name] = max(newestSample[name] ?? newest, newest)
        }
        for var entry in unnamed {
          entry.name = name
          append(sample: entry)
        }
      } else {
        summary.withoutInstance += unnamedCount
        problems.add(
          InputProblem(
            .instance, file: lines.bytes.name, line: 0, column: 0,
            "\(unnamedCount == 1 ? "1 sample" : "\(unnamedCount) samples") without the label that holds the instance; `INSTANCE:` before the path names it"
          ))
      }
    }
    finishFile(lines, format: reader.format.rawValue, why: why, counts: reader.counts, problems: problems)
  }

  private mutating func survey(
    _ record: MetricBatch.Record, of metric: Int, _ labels: Int, file: Int, given: Int?
  ) {
    let found = series[metric][labels].names
    let names: [Int?] = found.isEmpty ? [given] : found
    for name in names {
      if let name, let time = record.time { newestSample[name] = max(newestSample[name] ?? time, time) }
      survey!.see(
        .init(metric: metric, labels: labels, name: name), value: record.value, time: record.time, file: file)
    }
  }

  func metricName(_ metric: Int) -> String { metricTexts[metric] }

  func labels(of index: Int, metric: Int) -> [String: String] { series[metric][index].labels }

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
      for label in filter.instanceLabels(of: metricTexts[metric]) {
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
    let recognition = recognise(Head(of: lines), as: .logs, layouts: options.logFormats)
    guard case .log(let kind)? = recognition.format else { return refuse(lines, recognition.why) }
    read(log: lines, spec, kind, why: recognition.why)
  }

  private mutating func read(log lines: LineStream, _ spec: InputSpec, _ kind: LogKind, why: String) {
    let base = spec.baseName ?? "stdin"
    if case .plain = kind, let matcher, survey == nil, !options.readsEveryHeader {
      return search(plainLog: lines, spec, matcher, why: why)
    }
    var reader = logReader(
      lines, kind: kind, source: spec.source, defaultSource: base, zone: options.zone, sources: sourceNames,
      layouts: options.logFormats, problemLimit: options.problemLimit, learns: !options.readsEveryHeader)
    var batch = LogBatch()
    let file = summary.files.count
    let given = spec.instance.map { names.intern($0) }
    let fallback = given ?? names.intern(base)
    var hostNames: [Int] = []
    var firstTimes: [Int: FirstTimes] = [:]
    // Of the newest line's name what is not in the tables yet: mostly the next line has the same.
    var seen: SeenName?
    while reader.next(into: &batch) {
      while hostNames.count < reader.hosts.count {
        hostNames.append(names.intern(reader.hosts.string(hostNames.count)))
      }
      search(batch)
      for (index, record) in batch.records.enumerated() {
        let name = given ?? record.host.map { hostNames[$0] } ?? fallback
        if seen?.name != name {
          settle(seen, &firstTimes)
          seen = SeenName(name: name, first: firstTimes[name] ?? FirstTimes())
        }
        seen!.see(record.time)
        if case .sinceBoot(let time) = record.time { kernelTimes[file] = (time, reader.lastBoot) }
        guard let source = record.source else { continue }
        if survey != nil {
          survey(line: record, of: batch, source, name, file: file)
          continue
        }
        let matters = matcher == nil || mattering[index]
        if !batch.withMessage(of: record, isValidUTF8) { summary.repairedLines += 1 }
        let entry = Entry(
          name: name, file: file, line: record.line, time: record.time,
          observation: .line(batch.message(of: record), source: sourceNames.name(source)))
        if matters { entries.append(entry) } else { keepUnmatched(entry, source: source) }
      }
    }
    settle(seen, &firstTimes)
    finishLog(
      lines, spec, reader.namesSources, firstTimes.isEmpty ? [fallback: FirstTimes()] : firstTimes, file: file)
    finishFile(lines, format: reader.format, why: why, counts: reader.counts, problems: reader.problems)
  }

  /// Attaches what a log is the stream of.
  mutating func finishLog(
    _ lines: LineStream, _ spec: InputSpec, _ namesSources: Bool, _ firstTimes: [Int: FirstTimes], file: Int
  ) {
    let base = spec.baseName ?? "stdin"
    // A whole syslog, or the folder of an instance, says of every source that it was silent; one stream of itself only.
    let isWhole = spec.isFolderMember || (namesSources && spec.source == nil)
    // Of a log that broke off nobody knows what was to come: its silence says nothing. Each line still attaches its source.
    for (name, times) in firstTimes where lines.bytes.failure == nil {
      streams[Stream(name: name, source: isWhole ? "*" : spec.source ?? base, file: file)] = times
      survey?.attach(.init(name: name, source: isWhole ? "*" : spec.source ?? base), patterns: filter.logs?.count ?? 0)
    }
  }

  private mutating func survey(
    line record: LogBatch.Record, of batch: LogBatch, _ source: Int, _ name: Int, file: Int
  ) {
    let key = Survey.StreamKey(name: name, source: sourceNames.name(source))
    let readers = filter.logs == nil ? [] : readers(of: source)
    let (scanner, logs) = (scanner, filter.logs ?? [])
    batch.withMessage(of: record) { message in
      survey!.see(line: record.time, of: key, file: file, patterns: logs.count) { index in
        readers.contains(index) && scanner.search(logs[index].regex, in: message) == .match
      }
    }
  }

  /// The patterns that lines of a source are searched for.
  mutating func readers(of source: Int) -> [Int] {
    while patterns.count <= source { patterns.append(nil) }
    if let known = patterns[source] { return known }
    let name = sourceNames.name(source)
    let logs = filter.logs ?? []
    let found = logs.indices.filter { index in
      logs[index].sources.contains { $0 == "any" || Glob($0).matches(name) }
    }
    patterns[source] = found
    return found
  }

  /// Searches a batch: a line matters if one of its source's patterns matches. At the match limit nobody knows, so it stays.
  private mutating func search(_ batch: LogBatch) {
    guard let matcher, survey == nil else { return }
    mattering.removeAll(keepingCapacity: true)
    mattering.append(contentsOf: repeatElement(false, count: batch.records.count))
    batch.scan(with: matcher) { hit in
      guard let source = batch.records[hit.record].source, !mattering[hit.record] else { return }
      if readers(of: source).contains(hit.pattern) { mattering[hit.record] = true }
    }
  }

  /// The stream's first line that matches nothing, if there was one.
  func firstUnmatched(_ name: Int, source: Int) -> RecordTime? {
    firstUnmatched[StreamKey(name: name, source: source)].map { entries[$0].time }
  }

  /// Of lines that match nothing, only that they came can matter: the first of a stream, and the newest of each tick.
  ///
  /// - Parameter entry: May stand for several lines of one tick, of which it is the newest; not if the stream has no first one.
  mutating func keepUnmatched(_ entry: Entry, source: Int) {
    summary.unmatchedLines += entry.count
    var entry = entry
    entry.isUnmatched = true
    let stream = StreamKey(name: entry.name, source: source)
    guard let first = firstUnmatched[stream] else {
      firstUnmatched[stream] = entries.count
      entries.append(entry)
      return
    }
    if case .absolute(let new) = entry.time, case .absolute(let old) = entries[first].time, new < old {
      swap(&entries[first], &entry)
    }
    let key = TickKey(name: entry.name, source: source, time: tick(of: entry.time))
    guard let index = unmatchedOfTick[key] else {
      unmatchedOfTick[key] = entries.count
      summary.foldedLines += entry.count - 1
      entries.append(entry)
      return
    }
    summary.foldedLines += entry.count
    if entry.isOlder(than: entries[index]) {
      entries[index].count += entry.count
    } else {
      entry.count += entries[index].count
      entries[index] = entry
    }
  }

  /// One value for all times of a tick, as far as that can be told yet.
  private func tick(of time: RecordTime) -> RecordTime {
    switch time {
    case .absolute(let time): return .absolute(time / options.step + (time % options.step > 0 ? 1 : 0))
    case .yearless(let month, let day, let time):
      // Days begin at a tick if the step divides them.
      guard millisecondsOfDay % options.step == 0 else { break }
      let step = Int32(options.step)
      return .yearless(month: month, day: day, milliseconds: time / step + (time % step > 0 ? 1 : 0))
    case .sinceBoot, .unknown: break
    }
    return time
  }
}

extension InputAssembler.Entry {
  /// Of two of one stream and tick. Of those of one time the later one in its file is the newer; files are read in order.
  fileprivate func isOlder(than other: Self) -> Bool {
    switch (time, other.time) {
    case (.absolute(let new), .absolute(let old)) where new != old: new < old
    case (.yearless(_, _, let new), .yearless(_, _, let old)) where new != old: new < old
    default: file == other.file && line < other.line
    }
  }
}
