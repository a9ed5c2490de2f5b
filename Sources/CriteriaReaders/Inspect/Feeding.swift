import CriteriaDiagnostics
package import CriteriaEngine

/// Whether what a policy reads is among the inputs, and if not, why.
package struct FeedReport: Sendable {
  package enum State: String, Sendable {
    /// On every instance.
    case fed
    /// On some, or not as the policy needs it.
    case partly
    /// On none.
    case unfed
  }

  /// Something that keeps it from being fed, or makes it less than it seems.
  package struct Reason: Hashable, Sendable {
    /// Stable, for programs: `no-metric`, `no-match`, …
    package var code: String
    package var text: String
    /// What to do about it.
    package var help: String?
  }

  /// A signal's name, or a term such as `fact.image` and `age`.
  package var name: String
  /// `metric`, `log`, `condition`, `info`, `fact`, `label`, `desired`, `age`.
  package var kind: String
  /// What is read: a selector, sources and a pattern, a name.
  package var reads: String
  package var state: State
  /// A rule says less without it; others may be missing.
  package var isRequired = true
  /// On how many instances there is something now.
  package var instances: Int
  package var reasons: [Reason]
}

/// Looks for everything that a policy reads among inputs.
///
/// The inputs must have been read with the policy's labels of instances and its log patterns, in the order of its signals.
/// - Complexity: O(signals · series).
package func feedReport(of program: Program, in inspection: Inspection) -> [FeedReport] {
  let feeding = Feeding(program: program, inputs: inspection)
  var reports: [FeedReport] = []
  var pattern = 0
  var required: Set<Int> = []
  for rule in program.rules {
    required.formUnion(Set(rule.signals + rule.keyedSignals).subtracting(rule.optionalSignals))
  }
  for (index, signal) in program.signals.enumerated() {
    switch signal.source {
    case .metric(let selector, let conversion, _):
      reports.append(feeding.metric(index, selector, conversion))
    case .info(let selector, let label): reports.append(feeding.info(index, selector, label))
    case .condition(let type, let from?, let typeLabel, _):
      reports.append(feeding.condition(index, type, from: from, typeLabel))
    case .condition(let type, nil, _, _): reports.append(feeding.condition(index, type))
    case .log(let log):
      reports.append(feeding.log(index, log, pattern))
      pattern += 1
    case .fact(let name, _): reports.append(feeding.fact(index, program.string(name)))
    }
    reports[index].isRequired = required.contains(index)
  }
  return reports + feeding.terms()
}

/// One comparison of a policy with inputs.
private struct Feeding {
  typealias Reason = FeedReport.Reason
  let program: Program
  let inputs: Inspection
  private let scanner = RegexScanner()
  private var all: Int { inputs.instances.count }

  init(program: Program, inputs: Inspection) {
    self.program = program
    self.inputs = inputs
  }

  // MARK: Metrics

  func metric(_ index: Int, _ selector: Selector, _ conversion: Conversion) -> FeedReport {
    let signal = program.signals[index]
    var (report, matched) = selected(index, kind: "metric", selector)
    guard !matched.isEmpty else { return report }
    let ofInstance = Dictionary(grouping: matched) { $0.instance! }
    fresh(&report, signal, ofInstance)
    keys(&report, signal, ofInstance)
    history(&report, index, matched)
    hints(&report, index, selector, conversion, matched)
    return settled(report, Array(ofInstance.keys))
  }

  func info(_ index: Int, _ selector: Selector, _ label: String) -> FeedReport {
    let signal = program.signals[index]
    var (report, matched) = selected(index, kind: "info", selector)
    report.reads += ", label `\(label)`"
    guard !matched.isEmpty else { return report }
    let labelled = matched.filter { $0.labels[label] != nil }
    if labelled.isEmpty {
      let names = Set(matched.flatMap(\.labels.keys))
      report.reasons.append(
        Reason(
          code: "no-label", text: "\(count(matched.count, "series")) without the label `\(label)`: \(have(names))",
          help: nearest(label, among: names.sorted()).map { "did you mean `\($0)`?" }))
      return report
    }
    let ofInstance = Dictionary(grouping: labelled) { $0.instance! }
    fresh(&report, signal, ofInstance)
    return settled(report, Array(ofInstance.keys))
  }

  /// The series that a selector matches on instances that are known; the reasons if there are none.
  private func selected(
    _ index: Int, kind: String, _ selector: Selector
  ) -> (FeedReport, [Inspection.Series]) {
    let signal = program.signals[index]
    var report = FeedReport(
      name: signal.name, kind: kind, reads: text(of: selector), state: .unfed, instances: 0, reasons: [])
    let named = inputs.series.filter { $0.metric == selector.metric }
    guard !named.isEmpty else {
      report.reasons.append(noMetric(selector.metric))
      return (report, [])
    }
    let matched = named.filter { series in selector.matchers.allSatisfy { matches($0.test, series.labels[$0.label]) } }
    guard !matched.isEmpty else {
      report.reasons.append(noMatch(selector, named))
      return (report, [])
    }
    let known = matched.filter { $0.instance != nil }
    let nameless = matched.filter { $0.name == nil }
    let strangers = matched.filter { $0.name != nil && $0.instance == nil }
    if !nameless.isEmpty {
      let labels = Set(nameless.flatMap(\.labels.keys))
      report.reasons.append(
        Reason(
          code: "no-instance",
          text:
            "\(count(nameless.count, "series")) without the label `\(signal.instanceLabel)`, which holds the instance: "
            + have(labels),
          help: "name the label with `instance:` in the signal, or the instance before the path: `INSTANCE:PATH`"))
    }
    if !strangers.isEmpty {
      let names = Set(strangers.map { $0.name! }).sorted()
      let near = nearest(names[0], among: inputs.instances.map(\.id))
      report.reasons.append(
        Reason(
          code: "unresolved",
          text:
            "\(count(strangers.count, "series")) of \(list(names)), which \(names.count == 1 ? "is" : "are") not in the inventory",
          help: near.map { "the nearest is `\($0)`; give it the alias" }
            ?? "give instances of the inventory these aliases"))
    }
    return (report, known)
  }

  private func noMetric(_ metric: String) -> Reason {
    if inputs.metrics.isEmpty { return Reason(code: "no-metrics", text: "no metrics were given", help: nil) }
    let names = inputs.metrics.map(\.name)
    // An ending more or less is the usual difference.
    let kin = names.filter { $0.hasPrefix(metric + "_") || metric.hasPrefix($0 + "_") }.min { $0.count < $1.count }
    let near = kin ?? nearest(metric, among: names.filter { isAlike(metric, $0) })
    return Reason(
      code: "no-metric", text: "no metric is called `\(metric)`; there are \(count(names.count, "other", "others"))",
      help: near.map { "did you mean `\($0)`?" })
  }

  /// Names that share their first words are alike only if the rest is.
  private func isAlike(_ a: String, _ b: String) -> Bool {
    let common = zip(a, b).prefix { $0 == $1 }.count
    guard let cut = a.prefix(common).lastIndex(of: "_") else { return true }
    let length = a.distance(from: a.startIndex, to: cut) + 1
    return nearest(String(a.dropFirst(length)), among: [String(b.dropFirst(length))]) != nil
  }

  /// Which matcher keeps all series out, and what is there instead.
  private func noMatch(_ selector: Selector, _ series: [Inspection.Series]) -> Reason {
    for matcher in selector.matchers {
      let passing = series.count { matches(matcher.test, $0.labels[matcher.label]) }
      if passing > 0 { continue }
      var values: [String: Int] = [:]
      for one in series { values[one.labels[matcher.label] ?? "", default: 0] += 1 }
      let shown = text(of: matcher)
      if values.keys.allSatisfy(\.isEmpty) {
        let labels = Set(series.flatMap(\.labels.keys))
        return Reason(
          code: "no-match",
          text:
            "`\(shown)` matches none of its \(count(series.count, "series")): they have no such label; \(have(labels))",
          help: nearest(matcher.label, among: labels.sorted()).map { "did you mean `\($0)`?" })
      }
      let common = values.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      let listed = common.prefix(5).map { "`\($0.key)` (\($0.value))" }.joined(separator: ", ")
      var wanted: String?
      if case .equal(let value) = matcher.test { wanted = value }
      let near = wanted.flatMap { nearest($0, among: values.keys.sorted()) }
      return Reason(
        code: "no-match",
        text: "`\(shown)` matches none of its \(count(series.count, "series")): `\(matcher.label)` is \(listed)"
          + (common.count > 5 ? ", …" : ""), help: near.map { "did you mean `\($0)`?" })
    }
    return Reason(
      code: "no-match",
      text: "each matcher matches some of its \(count(series.count, "series")), but none matches all of them", help: nil
    )
  }

  private func matches(_ test: Selector.Test, _ value: String?) -> Bool {
    let value = value ?? ""
    return switch test {
    case .equal(let wanted): value == wanted
    case .notEqual(let unwanted): value != unwanted
    case .matches(let regex): scanner.search(regex, in: value) == .match
    case .notMatches(let regex): scanner.search(regex, in: value) == .noMatch
    }
  }

  /// Counts the instances that have a value now, and says why others have none.
  private func fresh(
    _ report: inout FeedReport, _ signal: Program.Signal, _ series: [String: [Inspection.Series]]
  ) {
    var stale: [(id: String, age: Int64)] = []
    var ended: [String] = []
    var later: [String] = []
    for (id, all) in series {
      // What has no time is at the time of the decision.
      let known = all.filter { $0.stats.first ?? inputs.at <= inputs.at }
      guard !known.isEmpty else {
        later.append(id)
        continue
      }
      let newest = known.map { $0.stats.last ?? inputs.at }.max()!
      let limit = signal.staleAfter ?? .max
      let live = known.filter { inputs.at - min($0.stats.last ?? inputs.at, inputs.at) <= limit }
      if live.isEmpty {
        stale.append((id, inputs.at - newest))
      } else if !live.contains(where: { $0.stats.lastValue.isFinite }) {
        ended.append(id)
      } else {
        report.instances += 1
      }
    }
    if let oldest = stale.max(by: { $0.age < $1.age }), let limit = signal.staleAfter {
      let ids = stale.map(\.id).sorted()
      report.reasons.append(
        Reason(
          code: "stale",
          text: "\(on(ids)): the newest sample is \(duration(oldest.age)) before the time of the decision"
            + "\(ids.count > 1 ? " at worst" : ""), and it is stale after \(duration(limit))",
          help: "export up to then, decide for an earlier time with `--at`, or raise `stale_after`"))
    }
    if !ended.isEmpty {
      report.reasons.append(
        Reason(
          code: "ended", text: "\(on(ended.sorted())): the newest sample is NaN or infinite, which ends the series",
          help: nil))
    }
    if !later.isEmpty {
      report.reasons.append(
        Reason(
          code: "later", text: "\(on(later.sorted())): all samples are after the time of the decision",
          help: "decide for a later time with `--at`"))
    }
  }

  /// Says where several series would make one value.
  private func keys(_ report: inout FeedReport, _ signal: Program.Signal, _ series: [String: [Inspection.Series]]) {
    var clashes: [(id: String, labels: [String], count: Int)] = []
    var crowded: [(id: String, count: Int)] = []
    for (id, all) in series {
      let groups = Dictionary(grouping: all) { one in signal.by.map { one.labels[$0] ?? "" } }
      if signal.isKeyed || signal.reduce != nil, max(groups.count, signal.by.isEmpty ? all.count : 0) > signal.maxKeys {
        crowded.append((id, max(groups.count, all.count)))
      }
      guard signal.reduce == nil, let group = groups.values.first(where: { $0.count > 1 }) else { continue }
      let names = Set(group.flatMap(\.labels.keys)).filter { name in Set(group.map { $0.labels[name] ?? "" }).count > 1
      }
      clashes.append((id, names.sorted(), group.count))
    }
    if let first = clashes.min(by: { $0.id < $1.id }) {
      let differ = first.labels.isEmpty ? "in no label" : "in \(list(first.labels))"
      report.instances -= clashes.count
      report.reasons.append(
        Reason(
          code: "several-series",
          text: "\(on(clashes.map(\.id).sorted())): \(first.count) series\(signal.by.isEmpty ? "" : " of one key")"
            + ", which differ \(differ); the signal is unknown then",
          help: first.labels.isEmpty
            ? "were two exports of the same instance given?"
            : "add `by: [\((signal.by + first.labels.prefix(1)).joined(separator: ", "))]`, a `reduce:`, or a matcher"))
    }
    if let most = crowded.max(by: { $0.count < $1.count }) {
      report.reasons.append(
        Reason(
          code: "max-keys",
          text:
            "\(on(crowded.map(\.id).sorted())): up to \(most.count) series, more than `max_keys` (\(signal.maxKeys)) keeps",
          help: "select fewer, or raise `max_keys`"))
    }
  }

  /// Says which windows there is too little of.
  private func history(_ report: inout FeedReport, _ index: Int, _ series: [Inspection.Series]) {
    let windows = windows(of: index)
    guard let longest = windows.max(by: { $0.length < $1.length }) else { return }
    let spans = series.map { ($0.stats.last ?? 0) - ($0.stats.first ?? 0) }
    let span = spans.max() ?? 0
    let intervals = series.compactMap(\.stats.interval).sorted()
    let interval = intervals.isEmpty ? nil : intervals[(intervals.count - 1) / 2]
    if span + (interval ?? 0) < longest.length {
      let have =
        series.allSatisfy { $0.stats.samples == 1 } ? "one sample of each series" : duration(span) + " of samples"
      report.reasons.append(
        Reason(
          code: "short-history", text: "there is \(have), and `\(longest.text)` looks back \(duration(longest.length))",
          help: "export a longer range; `--assume-steady` is for a single scrape"))
    }
    guard let interval else { return }
    if let narrow = windows.filter(\.needsSteps).min(by: { $0.length < $1.length }), narrow.length < interval * 2 {
      report.reasons.append(
        Reason(
          code: "coarse",
          text:
            "a sample comes every \(duration(interval)), and `\(narrow.text)` needs two within \(duration(narrow.length))",
          help: "widen the window to \(duration(interval * 4)) or more, or export with a smaller step"))
    }
    if let limit = program.signals[index].staleAfter, interval > limit {
      report.reasons.append(
        Reason(
          code: "coarse",
          text:
            "a sample comes every \(duration(interval)), and is stale after \(duration(limit)): it is unknown between them",
          help: "raise `stale_after`, or export with a smaller step"))
    }
  }

  private func windows(of signal: Int) -> [(text: String, length: Int64, needsSteps: Bool)] {
    program.features.compactMap { feature in
      switch feature.kind {
      case .window(let kind, signal, let window):
        (feature.text, window, [.rate, .increase, .slope, .changes].contains(kind))
      case .absent(signal, let window): (feature.text, window, false)
      default: nil
      }
    }
  }

  /// What is likely to be meant otherwise.
  private func hints(
    _ report: inout FeedReport, _ index: Int, _ selector: Selector, _ conversion: Conversion,
    _ series: [Inspection.Series]
  ) {
    let type = inputs.metrics.first { $0.name == selector.metric }?.type
    let steps = windows(of: index).first { $0.text.hasPrefix("rate(") || $0.text.hasPrefix("increase(") }
    if type == "gauge", let steps {
      report.reasons.append(
        Reason(
          code: "type", text: "it is exposed as a gauge, and `\(steps.text)` takes each drop for a restart",
          help: "`slope` or `changes` suit a gauge"))
    }
    let least = series.map(\.stats.least).min() ?? .infinity
    let greatest = series.map(\.stats.greatest).max() ?? -.infinity
    if conversion.unit == .divide(100), least >= 0, greatest <= 1, greatest > 0 {
      report.reasons.append(
        Reason(
          code: "unit", text: "its values lie in 0..1, and the policy takes them for percent", help: "try `unit: ratio`"
        ))
    }
  }

  // MARK: Conditions and facts

  func condition(_ index: Int, _ type: String, from selector: Selector, _ typeLabel: String) -> FeedReport {
    let signal = program.signals[index]
    var (report, matched) = selected(index, kind: "condition", selector)
    report.reads += ", `\(typeLabel)` is `\(type)`"
    guard !matched.isEmpty else { return report }
    let typed = matched.filter { $0.labels[typeLabel] == type }
    guard !typed.isEmpty else {
      let values = Set(matched.compactMap { $0.labels[typeLabel] }).sorted()
      report.reasons.append(
        Reason(
          code: "no-condition",
          text: "no series has `\(typeLabel)=\"\(type)\"`: "
            + (values.isEmpty ? "none has that label" : "there are \(list(values))"),
          help: nearest(type, among: values).map { "did you mean `\($0)`?" }))
      return report
    }
    let ofInstance = Dictionary(grouping: typed) { $0.instance! }
    fresh(&report, signal, ofInstance)
    return settled(report, Array(ofInstance.keys))
  }

  func condition(_ index: Int, _ type: String) -> FeedReport {
    var report = FeedReport(
      name: program.signals[index].name, kind: "condition", reads: "`\(type)` of an inventory", state: .unfed,
      instances: 0, reasons: [])
    let names = Set(inputs.inventory.flatMap(\.conditions.keys)).sorted()
    let having = inputs.inventory.filter { $0.conditions[type] != nil }
    guard !having.isEmpty else {
      let text =
        inputs.inventory.isEmpty
        ? "no inventory was given"
        : names.isEmpty ? "the inventory has no conditions" : "the inventory has \(list(names))"
      report.reasons.append(
        Reason(
          code: "no-condition", text: text,
          help: nearest(type, among: names).map { "did you mean `\($0)`?" }
            ?? "give an inventory with `conditions`, or name the metric that carries it with `from:`"))
      return report
    }
    report.instances = having.count
    return settled(report, having.map(\.id))
  }

  func fact(_ index: Int, _ name: String) -> FeedReport {
    var report = FeedReport(
      name: program.signals[index].name, kind: "fact", reads: "`\(name)` of an inventory", state: .unfed, instances: 0,
      reasons: [])
    let having = facts(&report, name) {
      $0.facts[name]
    } among: {
      $0.facts
    }
    let words = having.filter { Double($0.facts[name]!) == nil }
    if let first = words.first {
      report.instances -= words.count
      report.reasons.append(
        Reason(
          code: "no-number",
          text: "\(on(words.map(\.id))): `\(name)` is \(excerpt(first.facts[name]!.utf8)), which is no number",
          help: nil))
    }
    return settled(report, having.map(\.id))
  }

  /// Facts, labels and desired values that expressions read, and age.
  func terms() -> [FeedReport] {
    var reports: [FeedReport] = []
    var seen: Set<String> = []
    for feature in program.features {
      var term: (kind: String, name: String)?
      switch feature.kind {
      case .fact(let name), .sinceFact(let name): term = ("fact", program.string(name))
      case .label(let name): term = ("label", program.string(name))
      case .desired(let name): term = ("desired", program.string(name))
      case .age: term = ("age", "")
      default: break
      }
      guard let term, seen.insert(term.kind + "." + term.name).inserted else { continue }
      var report = FeedReport(
        name: term.name.isEmpty ? term.kind : term.kind + "." + term.name, kind: term.kind, reads: "the inventory",
        state: .unfed, instances: 0, reasons: [])
      var having: [String] = []
      switch term.kind {
      case "fact":
        if isInfo(term.name) {
          report.reads = "the inventory, or the info signal of that name"
          let told = instances(ofInfo: term.name)
          report.instances = told
          if told == all { having = inputs.instances.map(\.id) }
        }
        if having.isEmpty {
          having = facts(&report, term.name) {
            $0.facts[term.name]
          } among: {
            $0.facts
          }.map(\.id)
        }
      case "label":
        having = facts(&report, term.name) {
          $0.labels.map { $0[term.name] ?? "" }
        } among: {
          $0.labels ?? [:]
        }.map(\.id)
      case "desired":
        if program.desired != nil {
          report.reads = "the policy's `desired`, or the inventory"
          having = inputs.instances.map(\.id)
          report.instances = having.count
        } else {
          having = facts(&report, term.name) {
            $0.desired?[term.name]
          } among: {
            $0.desired ?? [:]
          }.map(\.id)
        }
      default: having = launched(&report)
      }
      reports.append(settled(report, having))
    }
    return reports
  }

  private func isInfo(_ name: String) -> Bool {
    program.signals.contains { signal in
      if case .info = signal.source { signal.name == name } else { false }
    }
  }

  private func instances(ofInfo name: String) -> Int {
    for (index, signal) in program.signals.enumerated() where signal.name == name {
      if case .info(let selector, let label) = signal.source { return info(index, selector, label).instances }
    }
    return 0
  }

  /// - Returns: The instances whose entry has it.
  private func facts(
    _ report: inout FeedReport, _ name: String, _ value: (InventoryEntry) -> String?,
    among all: (InventoryEntry) -> [String: String]
  ) -> [InventoryEntry] {
    let having = inputs.inventory.filter { value($0) != nil }
    report.instances = max(report.instances, having.count)
    if having.isEmpty, report.instances == 0 {
      let names = Set(inputs.inventory.flatMap { all($0).keys }).sorted()
      let what = report.kind == "fact" ? "facts" : report.kind == "label" ? "labels" : "desired values"
      report.reasons.append(
        Reason(
          code: "no-\(report.kind)",
          text: inputs.inventory.isEmpty
            ? "no inventory was given"
            : names.isEmpty ? "the inventory has no \(what)" : "the inventory has \(list(names))",
          help: nearest(name, among: names).map { "did you mean `\($0)`?" }))
    }
    return having
  }

  private func launched(_ report: inout FeedReport) -> [String] {
    report.reads =
      "`launched` of the inventory" + (program.launched.isEmpty ? "" : ", or the policy's `launched:` metrics")
    var having = Set(inputs.inventory.filter { $0.launched != nil }.map(\.id))
    for selector in program.launched {
      for series in inputs.series where series.metric == selector.metric {
        if let id = series.instance { having.insert(id) }
      }
    }
    report.instances = having.count
    if having.isEmpty {
      report.reasons.append(
        Reason(
          code: "no-launch", text: "nothing says when an instance was launched",
          help: program.launched.isEmpty
            ? "give an inventory with `launched`, or name a metric in the policy's `launched:`"
            : "give an inventory with `launched`, or one of the metrics \(list(program.launched.map(\.metric)))"))
    }
    return having.sorted()
  }

  // MARK: Logs

  func log(_ index: Int, _ pattern: Program.LogPattern, _ place: Int) -> FeedReport {
    let sources = pattern.sources.map { "`\($0)`" }.joined(separator: ", ")
    var report = FeedReport(
      name: program.signals[index].name, kind: "log", reads: "\(sources) by `\(pattern.regex.pattern)`", state: .unfed,
      instances: 0, reasons: [])
    let attached = inputs.streams.filter { $0.source == "*" || pattern.reads($0.source) }
    let known = attached.filter { $0.instance != nil }
    guard !known.isEmpty else {
      if inputs.streams.isEmpty {
        report.reasons.append(Reason(code: "no-logs", text: "no logs were given", help: nil))
      } else if !attached.isEmpty {
        let names = Set(attached.map(\.name)).sorted()
        report.reasons.append(
          Reason(
            code: "unresolved",
            text: "its streams are of \(list(names)), which \(names.count == 1 ? "is" : "are") not in the inventory",
            help: "give instances of the inventory these aliases, or name the instance: `INSTANCE:SOURCE=PATH`"))
      } else {
        let names = Set(inputs.streams.map(\.source)).sorted()
        let near = pattern.sources.lazy.compactMap { nearest($0, among: names) }.first
        report.reasons.append(
          Reason(
            code: "no-source", text: "no stream is of the source \(sources); there are \(list(names))",
            help: near.map { "did you mean `\($0)`?" }
              ?? "name a file's source with `--logs \(pattern.sources.first ?? "SOURCE")=PATH`"))
      }
      return report
    }
    let ids = Set(known.compactMap(\.instance))
    report.instances = ids.count
    let read = inputs.streams.filter { $0.instance != nil && pattern.reads($0.source) }
    let lines = read.reduce(0) { $0 + $1.lines }
    let hits = read.reduce(0) { $0 + ($1.matches.indices.contains(place) ? $1.matches[place] : 0) }
    if hits > 0 {
      let last = read.compactMap { $0.lastMatch.indices.contains(place) ? $0.lastMatch[place] : nil }.max()
      let on = Set(read.filter { $0.matches.indices.contains(place) && $0.matches[place] > 0 }.compactMap(\.instance))
      report.reasons.append(
        Reason(
          code: "matched",
          text: "\(count(hits, "line")) of \(lines) match, on \(count(on.count, "instance"))"
            + (last.map { ", the last at \(Timestamp(milliseconds: $0))" } ?? ""), help: nil))
    } else {
      report.reasons.append(
        Reason(
          code: "silent",
          text: lines == 0
            ? "attached and silent: no line of that source came, which counts as 0"
            : "none of \(count(lines, "line")) of that source matches, which counts as 0", help: nil))
    }
    return settled(report, ids.sorted())
  }

  // MARK: Wording

  /// The state, and which instances have nothing.
  private func settled(_ report: FeedReport, _ having: [String]) -> FeedReport {
    var report = report
    let missing = Set(inputs.instances.map(\.id)).subtracting(having).sorted()
    if !missing.isEmpty, report.instances > 0 {
      report.reasons.append(
        Reason(
          code: "some", text: "nothing of \(count(missing.count, "instance")) of \(all): \(list(missing))", help: nil))
    }
    let isWeak = report.reasons.contains { !["matched", "silent"].contains($0.code) }
    report.state = report.instances <= 0 ? .unfed : isWeak ? .partly : .fed
    report.instances = max(0, report.instances)
    return report
  }

  private func on(_ ids: [String]) -> String {
    ids.count == 1 ? "on `\(ids[0])`" : "on \(count(ids.count, "instance")) (\(list(ids)))"
  }

  private func list(_ names: [String]) -> String {
    names.prefix(4).map { "`\($0)`" }.joined(separator: ", ") + (names.count > 4 ? ", … (\(names.count))" : "")
  }

  private func have(_ labels: Set<String>) -> String {
    labels.isEmpty ? "they have no labels" : "they have \(list(labels.sorted()))"
  }

  private func count(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    let many = plural ?? (noun == "series" ? noun : noun + "s")
    return count == 1 ? "1 \(noun)" : "\(count) \(many)"
  }

  private func duration(_ milliseconds: Int64) -> String { CriteriaEngine.text(Double(milliseconds) / 1000, .seconds) }
}

// MARK: Selectors as text

/// A selector as PromQL writes it.
package func text(of selector: Selector) -> String {
  let isPlain = selector.metric.utf8.enumerated().allSatisfy { isNameByte($1, first: $0 == 0, colon: true) }
  var parts = selector.matchers.map { text(of: $0) }
  if !isPlain { parts.insert(quoted(selector.metric), at: 0) }
  let inside = parts.isEmpty ? "" : "{" + parts.joined(separator: ",") + "}"
  return (isPlain ? selector.metric : "") + inside
}

private func text(of matcher: (label: String, test: Selector.Test)) -> String {
  let isPlain = matcher.label.utf8.enumerated().allSatisfy { isNameByte($1, first: $0 == 0, colon: false) }
  let label = isPlain ? matcher.label : quoted(matcher.label)
  return switch matcher.test {
  case .equal(let value): label + "=" + quoted(value)
  case .notEqual(let value): label + "!=" + quoted(value)
  case .matches(let regex): label + "=~" + quoted(regex.pattern)
  case .notMatches(let regex): label + "!~" + quoted(regex.pattern)
  }
}

private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
