/// What a signal is, as far as functions care.
package enum SignalClass: String, Hashable, Sendable, CaseIterable {
  case gauge, counter
  /// A log signal without `value:`: only its events.
  case log
  /// A log signal with `value:`: events and numbers.
  case logValue = "log with `value:`"
  case condition, info, fact
}

/// A function or built-in term of the language: what `explain NAME` prints, and what the checker goes by.
package struct FunctionEntry: Sendable {
  package enum Shape: Sendable {
    /// Over a window of one signal of these classes.
    case window(WindowFunction, takes: Set<SignalClass>, result: Result)
    case absent
    case since
    case drifted
    /// Of numbers of one dimension; `nil`: any number from the lower bound on.
    case numeric(Numeric, arity: ClosedRange<Int>)
    /// Not called: `age`, `fact.NAME`.
    case term
  }

  /// What a window function's result measures, by what its signal measures.
  package enum Result: Sendable { case same, plain, perTime }

  package enum Numeric: String, Sendable { case abs, min, max, clamp, ramp, spread }

  package var name: String
  package var signature: String
  package var sentence: String
  /// A condition that checks in the policy `exampleSignals`.
  package var example: String
  package var shape: Shape

  init(_ name: String, _ signature: String, _ shape: Shape, _ sentence: String, example: String) {
    self.name = name
    self.signature = signature
    self.sentence = sentence
    self.example = example
    self.shape = shape
  }
}

/// The table of functions: the checker, `explain` and their tests read nothing else.
package enum FunctionTable {
  private static let numbers: Set<SignalClass> = [.gauge, .counter, .logValue]
  private static let stepping: Set<SignalClass> = [.gauge, .counter, .logValue, .condition, .info]
  private static let events: Set<SignalClass> = [.gauge, .counter, .log, .logValue]

  /// Window functions whose answer over a counter says more about its last restart than about the instance.
  package static let misleadOverCounters: Set<WindowFunction> = [
    .avg, .min, .max, .sum, .first, .last, .slope, .stddev, .p50, .p90, .p95, .p99,
  ]

  package static let entries: [FunctionEntry] = windows + overSignals + numeric + terms

  package static let names: [String] = entries.map(\.name)

  /// The entry of a name that can be called.
  package static func callable(_ name: String) -> [FunctionEntry] {
    entries.filter { entry in
      if case .term = entry.shape { return false }
      return entry.name == name
    }
  }

  private static let windows: [FunctionEntry] = [
    FunctionEntry(
      "avg", "avg(x[w])", .window(.avg, takes: numbers, result: .same),
      "the mean of the samples in the window, each counted once, within their smallest and largest",
      example: "avg(cpu[5m]) > 90%"),
    FunctionEntry(
      "min", "min(x[w])", .window(.min, takes: numbers, result: .same),
      "the smallest sample in the window", example: "min(cpu[5m]) > 90%"),
    FunctionEntry(
      "max", "max(x[w])", .window(.max, takes: numbers, result: .same),
      "the largest sample in the window", example: "max(up[5m]) == 0"),
    FunctionEntry(
      "sum", "sum(x[w])", .window(.sum, takes: numbers, result: .same),
      "the sum of the samples in the window", example: "sum(slow[10m]) > 30s"),
    FunctionEntry(
      "first", "first(x[w])", .window(.first, takes: numbers, result: .same),
      "the oldest sample in the window", example: "first(cpu[5m]) < 50%"),
    FunctionEntry(
      "last", "last(x[w])", .window(.last, takes: numbers, result: .same),
      "the newest sample in the window", example: "last(cpu[5m]) > 90%"),
    FunctionEntry(
      "count", "count(x[w])", .window(.count, takes: events, result: .plain),
      "how many samples or matching lines came in the window; 0 for a log that is attached and silent",
      example: "count(oom[10m]) >= 3"),
    FunctionEntry(
      "rate", "rate(x[w])", .window(.rate, takes: [.counter, .log, .logValue], result: .perTime),
      "the increase of a counter divided by the time its steps span, or the matching lines of a log divided by the window",
      example: "rate(requests[5m]) > 100/s"),
    FunctionEntry(
      "increase", "increase(x[w])", .window(.increase, takes: [.counter], result: .same),
      "by how much a counter rose in the window; a drop is a restart from 0, nothing is extrapolated",
      example: "increase(requests[5m]) >= 200"),
    FunctionEntry(
      "changes", "changes(x[w])", .window(.changes, takes: stepping, result: .plain),
      "how often consecutive values in the window differ", example: "changes(ready[10m]) > 3"),
    FunctionEntry(
      "slope", "slope(x[w])", .window(.slope, takes: numbers, result: .perTime),
      "the rise per second of the least-squares line through the samples", example: "slope(wear[1d]) > 1%/h"),
    FunctionEntry(
      "stddev", "stddev(x[w])", .window(.stddev, takes: numbers, result: .same),
      "the population standard deviation of the samples", example: "stddev(cpu[5m]) > 20%"),
    FunctionEntry(
      "p50", "p50(x[w])", .window(.p50, takes: numbers, result: .same),
      "the median by nearest rank, exact", example: "p50(slow[10m]) > 200ms"),
    FunctionEntry(
      "p90", "p90(x[w])", .window(.p90, takes: numbers, result: .same),
      "the 90th percentile by nearest rank, exact", example: "p90(slow[10m]) > 500ms"),
    FunctionEntry(
      "p95", "p95(x[w])", .window(.p95, takes: numbers, result: .same),
      "the 95th percentile by nearest rank, exact", example: "p95(slow[10m]) > 1s"),
    FunctionEntry(
      "p99", "p99(x[w])", .window(.p99, takes: numbers, result: .same),
      "the 99th percentile by nearest rank, exact", example: "p99(slow[10m]) > 2s"),
  ]

  private static let overSignals: [FunctionEntry] = [
    FunctionEntry(
      "absent", "absent(x[w])", .absent,
      "true if the instance has been known for the window and nothing of the signal came in it; missing data can fire it",
      example: "absent(up[10m])"),
    FunctionEntry(
      "since", "since(x)", .since,
      "the time since a log's last match, since a condition, info or fact changed, or since an expression became true",
      example: "since(ready != \"True\") > 10m"),
    FunctionEntry(
      "drifted", "drifted(name)", .drifted,
      "whether a fact differs from its desired value", example: "drifted(image)"),
  ]

  private static let numeric: [FunctionEntry] = [
    FunctionEntry(
      "abs", "abs(x)", .numeric(.abs, arity: 1...1), "x without its sign", example: "abs(slope(cpu[10m])) > 5%/h"),
    FunctionEntry(
      "clamp", "clamp(x, low, high)", .numeric(.clamp, arity: 3...3), "x, but at least low and at most high",
      example: "clamp(avg(cpu[5m]), 10%, 90%) == 90%"),
    FunctionEntry(
      "ramp", "ramp(x, a, b)", .numeric(.ramp, arity: 3...3),
      "0 up to a, 1 from b on, and the straight line between; with a above b it runs downward",
      example: "ramp(avg(cpu[5m]), 50%, 90%) >= 0.5"),
    FunctionEntry(
      "spread", "spread(a, b)", .numeric(.spread, arity: 2...2),
      "a fixed point of each instance between a − b and a + b, drawn from its name, so that a fleet does not act at once",
      example: "age > spread(30d, 3d)"),
    FunctionEntry(
      "min", "min(a, b, …)", .numeric(.min, arity: 2...Int.max), "the smallest of two or more numbers",
      example: "min(cpu, wear) > 50%"),
    FunctionEntry(
      "max", "max(a, b, …)", .numeric(.max, arity: 2...Int.max), "the largest of two or more numbers",
      example: "max(cpu, wear) > 50%"),
  ]

  private static let terms: [FunctionEntry] = [
    FunctionEntry("age", "age", .term, "the time since the instance was launched", example: "age < 10m"),
    FunctionEntry(
      "drift.count", "drift.count", .term, "how many facts differ from their desired values",
      example: "drift.count >= 2"),
    FunctionEntry(
      "drift.ratio", "drift.ratio", .term, "which share of the desired facts differ", example: "drift.ratio > 50%"),
    FunctionEntry(
      "fact", "fact.NAME", .term, "what is known of the instance under this name, a string",
      example: "fact.kernel == \"6.1.112\""),
    FunctionEntry(
      "label", "label.NAME or label[\"a/b\"]", .term,
      "a label of the instance, a string; empty where its labels are known and lack it",
      example: "label[\"topology.kubernetes.io/zone\"] in [\"a\", \"b\"]"),
    FunctionEntry(
      "desired", "desired.NAME", .term, "what the fact should be, a string", example: "fact.image != desired.image"),
    FunctionEntry(
      "reason", "x.reason", .term, "the reason that a condition gives for its status, a string",
      example: "ready.reason == \"KubeletDown\""),
  ]

  /// The signals that the examples read.
  package static let exampleSignals = """
    signals:
      up: {gauge: up}
      cpu: {gauge: node_cpu_busy_percent, unit: percent}
      wear: {gauge: smart_wear_ratio, unit: ratio}
      requests: {counter: http_requests_total, reduce: sum}
      oom: {log: kernel, match: 'Killed process \\d+'}
      slow: {log: app, match: 'took (?<ms>\\d+) ms', value: ms, unit: ms}
      ready: {condition: Ready}
      image: {info: node_image_info, label: image}
    """
}
