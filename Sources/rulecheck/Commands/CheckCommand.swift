import ArgumentParser
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaEngine
import CriteriaSyntax
import Glibc

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Checks policies: all faults of all files, and what is right but may surprise.",
    discussion: """
      In folders, all .yaml and .yml files with rules are checked; files with shared signals are checked with the policies \
      that use them. Diagnostics go to standard error, what the policies do goes to standard output.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case human, json, sarif, github }

  @Argument(help: ArgumentHelp("Policies, or folders of them.", valueName: "path"))
  var paths: [String]

  @Option(help: ArgumentHelp("Exceptions that have expired by then are warned of; default: now.", valueName: "time"))
  var at: Moment?

  @Flag(help: "Print what each rule costs to decide.")
  var cost = false

  @Option(help: "human; json; sarif for code scanning; github for annotations of a workflow.")
  var format = Format.human

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write results to a file.", valueName: "file"))
  var output: String?

  func run() throws {
    let files = try policyFiles()
    if files.isEmpty { throw Failure("no policies in \(paths.map { "`\($0)`" }.joined(separator: ", "))") }
    let now = at?.timestamp.milliseconds ?? Int64(time(nil)) * 1000
    let results = files.map { CheckedFile($0, at: now) }
    let sink = try Sink(output)
    switch format {
    case .human:
      for result in results { try sink.write(result.text + (cost ? result.cost?.text ?? "" : "")) }
      reportDiagnostics(of: results)
    case .json: try sink.write(document(results))
    case .sarif:
      let files = results.map { (diagnostics: $0.diagnostics, sources: $0.compilation.sources) }
      try sink.write(CheckAnnotations.sarif(files, version: Rulecheck.version))
    case .github:
      try sink.write(CheckAnnotations.github(results.map { ($0.diagnostics, $0.compilation.sources) }))
    }
    try sink.flush()
    // What cannot be read says nothing of its policy; the others were reported all the same.
    if results.contains(where: { $0.compilation.sources.texts.isEmpty }) { throw ExitCode(.couldNotRun) }
    if results.contains(where: { !$0.isValid }) { throw ExitCode(.invalidPolicy) }
  }

  private func reportDiagnostics(of results: [CheckedFile]) {
    for result in results { report(result.diagnostics, in: result.compilation.sources) }
    let all = results.flatMap(\.diagnostics)
    let errors = all.count { $0.severity == .error }
    let warnings = all.count { $0.severity == .warning }
    guard errors + warnings > 0 else { return }
    let counts = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }.map { counted($0.0, $0.1) }
    printError("\(counted(results.count, "policy", "policies")): \(counts.joined(separator: ", "))")
  }

  private func document(_ results: [CheckedFile]) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("policies")
    writer.beginArray()
    for result in results { result.write(to: &writer, withCost: cost) }
    writer.endArray()
    writer.endObject()
    writer.endLine()
    return writer.text
  }

  // MARK: Files

  private func policyFiles() throws -> [String] {
    var files: [String] = []
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else { throw Failure("cannot read `\(path)`: \(systemMessage())") }
      if status.st_mode & S_IFMT == S_IFDIR { try addPolicies(in: path, to: &files) } else { files.append(path) }
    }
    return files
  }

  /// - Throws: If a folder cannot be read.
  private func addPolicies(in folder: String, to files: inout [String]) throws {
    for name in try names(in: folder) {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      var status = stat()
      // Links are not followed into folders: they could lead around in a circle.
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        try addPolicies(in: path, to: &files)
      } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml"), isPolicy(path) {
        files.append(path)
      }
    }
  }

  /// A file that says it has rules, or that cannot be read as YAML at all: somebody wants to know that.
  private func isPolicy(_ path: String) -> Bool {
    guard let text = try? readFile(path, limit: YAMLLimits.policy.bytes) else { return true }
    let (node, _) = parseYAML(text, as: SourceID(index: 0))
    guard let keys = node?.mapping?.map(\.key.text) else { return true }
    return keys.contains("rules")
  }
}

/// One policy, checked: what is wrong with it, and what it does.
private struct CheckedFile {
  let path: String
  let compilation: Compilation
  let analysis: Analysis?
  let diagnostics: [Diagnostic]

  init(_ path: String, at now: Int64) {
    self.path = path
    let compilation = compile(contentsOf: path)
    self.compilation = compilation
    analysis = compilation.checked.flatMap { checked in
      compilation.file.map { analyze(checked, of: $0, now: now) }
    }
    diagnostics = Diagnostics(compilation.diagnostics + (analysis?.diagnostics ?? [])).sorted
  }

  var isValid: Bool { !compilation.hasErrors }

  /// What the policy does, for people; empty for one that is not valid.
  var text: String {
    guard let checked = compilation.checked, let analysis else { return "" }
    var text = "\(escaped(path)): policy `\(escaped(checked.name))`, \(counted(checked.rules.count, "rule")), "
    text += "\(counted(checked.signals.count, "signal")), step \(span(checked.step))\n"
    if analysis.judgesEveryInstance { text += "  judges every instance: it has no selector\n" }
    text += section(
      "can fire although nothing was seen to happen",
      analysis.silences.map { (escaped($0.rule), escaped($0.text) + " (line \(line($0.range)))") })
    text += section(
      "can stay idle because data is missing", analysis.lapses.map { (escaped($0.rule), escaped($0.text)) })
    text += section("time to fire", analysis.timesToFire.map { (escaped($0.rule), $0.text) })
    return text
  }

  private func section(_ title: String, _ rows: [(name: String, text: String)]) -> String {
    if rows.isEmpty { return "" }
    let width = rows.map { displayWidth($0.name) }.max() ?? 0
    return "  \(title):\n"
      + rows.map { row in
        "    \(row.name)\(String(repeating: " ", count: width - displayWidth(row.name)))  \(row.text)\n"
      }.joined()
  }

  private func line(_ range: SourceRange) -> Int {
    compilation.sources[range.source].position(at: range.start).line
  }

  private func span(_ milliseconds: Int64) -> String { CriteriaEngine.text(Double(milliseconds) / 1000, .seconds) }

  /// nil for a policy that is not valid.
  var cost: CostReport? { compilation.program.map { CostReport(PolicyCost($0)) } }

  func write(to writer: inout JSONWriter, withCost: Bool) {
    writer.beginObject()
    writer.member("path", path)
    writer.member("valid", isValid)
    if let checked = compilation.checked {
      writer.member("policy", checked.name)
      writer.member("digest", "sha256:" + compilation.digest)
      writer.member("rules", checked.rules.count)
      writer.member("signals", checked.signals.count)
      writer.member("stepSeconds", Double(checked.step) / 1000)
    }
    writer.key("diagnostics")
    writer.beginArray()
    for diagnostic in diagnostics { writer.value(diagnostic, in: compilation.sources) }
    writer.endArray()
    if let analysis { write(analysis, to: &writer) }
    if withCost, let cost {
      writer.key("cost")
      cost.write(to: &writer)
    }
    writer.endObject()
  }

  private func write(_ analysis: Analysis, to writer: inout JSONWriter) {
    writer.member("judgesEveryInstance", analysis.judgesEveryInstance)
    writer.key("firesOnSilence")
    writer.beginArray()
    for silence in analysis.silences {
      writer.beginObject()
      writer.member("rule", silence.rule)
      writer.member("cause", silence.cause.rawValue)
      if let signal = silence.signal { writer.member("signal", signal) }
      writer.member("line", line(silence.range))
      writer.member("text", silence.text)
      writer.endObject()
    }
    writer.endArray()
    writer.key("idleWithoutData")
    writer.beginArray()
    for lapse in analysis.lapses {
      writer.beginObject()
      writer.member("rule", lapse.rule)
      writer.member("cause", lapse.cause.rawValue)
      if let signal = lapse.signal { writer.member("signal", signal) }
      writer.member("text", lapse.text)
      writer.endObject()
    }
    writer.endArray()
    writer.key("unusedSignals")
    writer.beginArray()
    for signal in analysis.unusedSignals { writer.value(signal.value) }
    writer.endArray()
    writer.key("expiredExceptions")
    writer.beginArray()
    for expired in analysis.expired {
      writer.beginObject()
      writer.member("rule", expired.rule)
      if let because = expired.because { writer.member("because", because) }
      writer.member("line", line(expired.range))
      writer.endObject()
    }
    writer.endArray()
    writer.key("timeToFire")
    writer.beginArray()
    for time in analysis.timesToFire {
      writer.beginObject()
      writer.member("rule", time.rule)
      writer.member("waitSeconds", Double(time.wait) / 1000)
      writer.member("historySeconds", Double(time.history) / 1000)
      writer.endObject()
    }
    writer.endArray()
  }
}
