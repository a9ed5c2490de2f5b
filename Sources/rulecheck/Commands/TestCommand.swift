import ArgumentParser
import CriteriaDiagnostics
import CriteriaSyntax
import CriteriaTesting
import Glibc

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Runs tests of policies, in virtual time.",
    discussion: """
      In folders, all *.test.yaml files are run; docs/testing.md is their manual. Exit code 2: a test failed; 3: a test file \
      or its policy is not valid (the other files are run all the same).
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, junit, tap, github, json, jsonl }

  @Argument(help: ArgumentHelp("Test files, or folders of them.", valueName: "path"))
  var paths: [String]

  @Option(name: .customLong("run"), help: ArgumentHelp("Only tests whose name this matches.", valueName: "regex"))
  var pattern: String?

  @Flag(help: "Stop at the first test that fails.")
  var failFast = false

  @Flag(help: "Run again whenever a test, its policy or a file that one of them uses changes.")
  var watch = false

  @Option(help: "human; junit (XML) and tap for CI; github for annotations of a workflow; json; jsonl, a test a line.")
  var format = Format.human

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write results to a file.", valueName: "file"))
  var output: String?

  @Flag(name: [.customShort("v"), .long], help: "Name the tests that passed, too.")
  var verbose = false

  @Option(help: ArgumentHelp("How many files to run at a time; default: one for each processor.", valueName: "count"))
  var jobs: Int?

  @OptionGroup var thoroughness: ThoroughnessOptions

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
  }

  func run() throws {
    let filter = try pattern.map { try TestFilter($0) }
    if watch {
      try TestWatch(self, filter).run()
    } else {
      let session = try once(filter)
      if session.exit != .fine { throw ExitCode(session.exit) }
    }
  }

  /// Finds, runs and reports once.
  func once(_ filter: TestFilter?) throws -> TestSession {
    let files = try testFiles(in: paths)
    if files.isEmpty {
      throw Failure("no files *.test.yaml in \(paths.map { "`\($0)`" }.joined(separator: ", "))")
    }
    var session = try TestSession(files, filter: filter, failsFast: failFast, jobs: jobs)
    session.thoroughness = try Thoroughness(session, thoroughness, jobs: jobs ?? Int(activeProcessors()))
    let sink = try Sink(output)
    for suite in session.suites where !suite.suite.diagnostics.isEmpty || suite.hasPolicyFaults {
      if format == .human || format == .junit || format == .tap || format == .jsonl { suite.reportFaults() }
    }
    switch format {
    case .human: try sink.write(TestText(session, verbose: verbose, terminal: output == nil ? .output : nil).text)
    case .junit: try sink.write(TestJUnit.text(session))
    case .tap: try sink.write(TestTAP.text(session))
    case .github:
      try sink.write(TestGitHub.annotations(session))
      try TestGitHub.writeSummary(session)
    case .json: try sink.write(TestJSON.document(session))
    case .jsonl: try sink.write(TestJSON.lines(session))
    }
    if let thoroughness = session.thoroughness {
      let terminal = output == nil ? Terminal.output : nil
      if format == .human {
        try sink.write(thoroughness.text(colours: terminal?.colours ?? false, width: terminal?.width))
      }
      thoroughness.reportFaults()
    }
    try sink.flush()
    return session
  }
}

/// The files that end in `.test.yaml` or `.test.yml`, in folders and in the folders in them, sorted; others as they are named.
func testFiles(in paths: [String]) throws -> [String] {
  var files: [String] = []
  for path in paths {
    if try isFolder(path) {
      files += try yamlFiles(in: path).filter { $0.hasSuffix(".test.yaml") || $0.hasSuffix(".test.yml") }
    } else {
      files.append(path)
    }
  }
  var seen: Set<String> = []
  return files.filter { seen.insert($0).inserted }
}
