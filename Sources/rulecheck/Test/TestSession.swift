import Criteria
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax
import CriteriaTesting
import Dispatch

/// The names of tests that are to run.
struct TestFilter {
  private let regex: Regex

  init(_ pattern: String) throws(Failure) {
    do {
      regex = try Regex(pattern: pattern, utf: true)
    } catch {
      throw Failure("--run: \(error.message)")
    }
  }

  func matches(_ title: String) -> Bool { RegexScanner().search(regex, in: title) == .match }
}

/// What running one case came to.
struct CaseOutcome: Sendable {
  var bound: BoundCase
  var result: CaseResult
  /// By failure: what the rules concerned came to, and what would have passed.
  var explanations: [Explanation]
  var seconds: Double
}

/// One file, loaded and run.
struct SuiteOutcome: Sendable {
  var suite: Suite
  var cases: [CaseOutcome] = []
  /// Left out by `--run`, or because another test failed first.
  var notRun = 0
  var seconds = 0.0

  var failures: Int { cases.count { !$0.result.passed } }

  var hasPolicyFaults: Bool { suite.compilation?.hasErrors ?? false }

  /// What is wrong with the file and its policy, on standard error.
  func reportFaults() {
    if hasPolicyFaults, let compilation = suite.compilation {
      report(Diagnostics(compilation.diagnostics.filter { $0.severity == .error }).sorted, in: compilation.sources)
    }
    report(suite.diagnostics, in: suite.sources)
  }
}

/// Everything that one run of `rulecheck test` came to, in the order of the files.
struct TestSession {
  private(set) var suites: [SuiteOutcome]
  let seconds: Double
  /// What `--coverage` and `--mutate` came to.
  var thoroughness: Thoroughness?

  /// Loads and runs all files, side by side; results stand in the order of the files whatever ends first.
  ///
  /// - Throws: If a file cannot be read.
  init(_ files: [String], filter: TestFilter?, failsFast: Bool, jobs: Int?) throws(Failure) {
    let clock = ContinuousClock()
    let began = clock.now
    let results = Results(count: files.count)
    let workers = max(1, min(jobs ?? Int(activeProcessors()), files.count))
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      while let index = results.next() {
        // A file behind one that failed would not be shown.
        if failsFast, results.hasFailed(before: index) { continue }
        let outcome = Self.run(files[index], filter, failsFast: failsFast)
        results.put(outcome, at: index)
      }
    }
    suites = []
    for outcome in results.outcomes {
      guard let outcome else { break }
      suites.append(try outcome.get())
      if failsFast, suites[suites.count - 1].failures > 0 { break }
    }
    seconds = (clock.now - began) / .seconds(1)
  }

  private static func run(_ path: String, _ filter: TestFilter?, failsFast: Bool) -> Result<SuiteOutcome, Failure> {
    let clock = ContinuousClock()
    let began = clock.now
    let suite: Suite
    do throws(FileError) {
      suite = try loadSuite(path)
    } catch {
      return .failure(Failure("cannot read `\(path)`: \(error.reason)"))
    }
    var outcome = SuiteOutcome(suite: suite)
    guard let (bound, subject) = suite.ready else { return .success(outcome) }
    var budget = SearchBudget()
    for one in bound.cases {
      if let filter, !filter.matches(one.test.title) {
        outcome.notRun += 1
        continue
      }
      if failsFast, outcome.failures > 0 {
        outcome.notRun += 1
        continue
      }
      let began = clock.now
      let result = CriteriaTesting.run(one, under: subject)
      let explanations = explain(result.failures, of: one, under: subject, in: bound, &budget)
      outcome.cases.append(
        CaseOutcome(bound: one, result: result, explanations: explanations, seconds: (clock.now - began) / .seconds(1)))
    }
    outcome.seconds = (clock.now - began) / .seconds(1)
    return .success(outcome)
  }

  var cases: Int { suites.reduce(0) { $0 + $1.cases.count } }
  var failures: Int { suites.reduce(0) { $0 + $1.failures } }
  var invalid: Int { suites.count { !$0.suite.isValid } }
  var notRun: Int { suites.reduce(0) { $0 + $1.notRun } }

  var exit: ResultCode {
    if invalid > 0 { return .invalidPolicy }
    if failures > 0 { return .negative }
    // Nothing that ran has shown nothing.
    if cases == 0 { return .couldNotRun }
    return thoroughness?.exit ?? .fine
  }
}

/// What workers hand over; guarded by a lock.
private final class Results: @unchecked Sendable {
  private let queue = DispatchQueue(label: "results")
  private var taken = 0
  private var stored: [Result<SuiteOutcome, Failure>?]

  init(count: Int) { stored = Array(repeating: nil, count: count) }

  func next() -> Int? {
    queue.sync {
      guard taken < stored.count else { return nil }
      taken += 1
      return taken - 1
    }
  }

  func put(_ outcome: Result<SuiteOutcome, Failure>, at index: Int) { queue.sync { stored[index] = outcome } }

  func hasFailed(before index: Int) -> Bool {
    queue.sync {
      stored[..<index].contains { outcome in
        if case .success(let suite)? = outcome { suite.failures > 0 } else { false }
      }
    }
  }

  var outcomes: [Result<SuiteOutcome, Failure>?] { queue.sync { stored } }
}
