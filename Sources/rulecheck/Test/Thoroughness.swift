import ArgumentParser
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaTesting
import Dispatch

/// How much of their policies tests look at: what `--coverage` and `--mutate` ask for.
struct ThoroughnessOptions: ParsableArguments {
  @Flag(help: "Say what of each policy its tests made happen: rules, comparisons, patterns, verdicts.")
  var coverage = false

  @Option(help: ArgumentHelp("Write coverage of the policies' lines as an lcov trace file.", valueName: "file"))
  var coverageLcov: String?

  @Option(help: ArgumentHelp("Exit with 2 if less of any policy is covered.", valueName: "percent"))
  var coverageMin: Percentage?

  @Flag(
    help: "Change the policies in small ways and say which changes no test notices, with a test for each that would.")
  var mutate = false

  var measuresCoverage: Bool { coverage || coverageLcov != nil || coverageMin != nil }
}

/// A policy, and the tests of it that ran.
struct TestedPolicy {
  var path: String
  var compilation: Compilation
  var suites: [SuiteOutcome]

  /// The policies of a session in the order of its files; only what is valid and ran.
  static func all(of session: TestSession) -> [TestedPolicy] {
    var policies: [TestedPolicy] = []
    for suite in session.suites where !suite.cases.isEmpty {
      guard let compilation = suite.suite.compilation, let path = suite.suite.file?.policyPath else { continue }
      let same = policies.firstIndex { $0.path == path && $0.compilation.digest == compilation.digest }
      if let same {
        policies[same].suites.append(suite)
      } else {
        policies.append(TestedPolicy(path: path, compilation: compilation, suites: [suite]))
      }
    }
    return policies
  }

  /// Runs the cases once more, looking at every tick.
  func coverage(jobs: Int) -> CoverageReport {
    let map = CoverageMap(compilation)
    let cases = suites.flatMap { suite in
      suite.cases.compactMap { one in suite.suite.ready.map { (one.bound, $0.subject) } }
    }
    let total = Locked(CoverageHits(map))
    concurrently(cases.count, jobs: jobs) { index in
      var hits = CoverageHits(map)
      _ = CriteriaTesting.run(cases[index].0, under: cases[index].1) { view, _ in map.note(view, in: &hits) }
      total.change { $0.merge(hits) }
    }
    return CoverageReport(path: path, map: map, hits: total.value, sources: compilation.sources)
  }
}

/// Calls `body` for 0 ..< count, some at a time.
func concurrently(_ count: Int, jobs: Int, _ body: @Sendable (Int) -> Void) {
  let next = Locked(0)
  DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, count))) { _ in
    while true {
      let index = next.change { next in
        next += 1
        return next - 1
      }
      if index >= count { return }
      body(index)
    }
  }
}

/// A value that workers share.
final class Locked<Value>: @unchecked Sendable {
  private let queue = DispatchQueue(label: "locked")
  private var stored: Value

  init(_ value: Value) { stored = value }

  var value: Value { queue.sync { stored } }

  func change<Result>(_ body: (inout Value) -> Result) -> Result { queue.sync { body(&stored) } }
}

/// What `--coverage` and `--mutate` came to.
struct Thoroughness {
  private(set) var coverage: [CoverageReport] = []
  private(set) var mutation: [MutationReport] = []
  private let options: ThoroughnessOptions
  /// Why mutants were not made, where they were asked for.
  private(set) var refusal: String?

  /// - Returns: `nil` if nothing of it was asked for.
  /// - Throws: If the trace file cannot be written.
  init?(_ session: TestSession, _ options: ThoroughnessOptions, jobs: Int) throws(Failure) {
    guard options.measuresCoverage || options.mutate else { return nil }
    self.options = options
    let policies = TestedPolicy.all(of: session)
    if options.measuresCoverage {
      coverage = policies.map { $0.coverage(jobs: jobs) }
      if let path = options.coverageLcov {
        let sink = try Sink(path)
        for one in coverage { try sink.write(lcov(one.map, one.hits, one.sources)) }
        try sink.flush()
      }
    }
    if options.mutate {
      if session.failures > 0 || session.invalid > 0 {
        // A test that fails anyway would kill every mutant.
        refusal = "no mutants: all tests have to pass first"
      } else {
        mutation = policies.map { MutationReport($0, jobs: jobs) }
      }
    }
  }

  /// The policies of which too little is covered.
  private var uncovered: [CoverageReport] {
    guard let least = options.coverageMin else { return [] }
    return coverage.filter { $0.share.percent < least.share * 100 }
  }

  var exit: ResultCode {
    if mutation.contains(where: { !$0.faults.isEmpty }) { return .invalidPolicy }
    if !uncovered.isEmpty || mutation.contains(where: { $0.open > 0 }) { return .negative }
    return .fine
  }

  /// Behind the results of the tests; a line each where only a least share was asked for.
  func text(colours: Bool, width: Int?) -> String {
    var text = ""
    for one in coverage {
      text +=
        options.coverage ? "\n" + one.text(colours: colours, width: width) : "\(escaped(one.path)): \(one.summary)\n"
    }
    for one in mutation { text += "\n" + one.text(colours: colours) }
    if let refusal { text += "\n\(refusal)\n" }
    return text
  }

  /// What is wrong with comments that accept mutants, and what is too little: for standard error.
  func reportFaults() {
    for one in mutation { report(one.faults, in: one.sources) }
    for one in uncovered {
      printError(
        "rulecheck: \(escaped(one.path)): \(percent(one.share)) covered, --coverage-min asks for "
          + "\(escaped(options.coverageMin?.description ?? ""))")
    }
  }

  /// The members `coverage` and `mutation` of a document.
  func write(to writer: inout JSONWriter) {
    if options.measuresCoverage {
      writer.key("coverage")
      writer.beginArray()
      for one in coverage { one.write(to: &writer) }
      writer.endArray()
    }
    if options.mutate {
      writer.key("mutation")
      writer.beginArray()
      for one in mutation { one.write(to: &writer) }
      writer.endArray()
    }
  }
}
