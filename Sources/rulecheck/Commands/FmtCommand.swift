import ArgumentParser
import CriteriaDiagnostics
import CriteriaSyntax
import CriteriaTesting
import Glibc

struct FmtCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt", abstract: "Writes policies, shared signals and tests in their canonical form.",
    discussion: """
      Files are rewritten in place, and those that change are listed. Comments are kept, and what a file means does not \
      change. In folders, all .yaml and .yml files that are ours are taken. A file that does not parse is left as it is, \
      with its faults shown; exit 3 then.
      """)

  @Argument(
    help: ArgumentHelp(
      "Files, or folders of them; - reads standard input and writes standard output.", valueName: "path"))
  var paths: [String]

  @Flag(help: "Write nothing; list the files that differ from their canonical form, and exit 2 if there are any.")
  var check = false

  @Flag(help: "Write nothing; print what would change, as diff -u does.")
  var diff = false

  func run() throws {
    let sink = try Sink(nil)
    var tally = Tally()
    for path in paths {
      if path == "-" {
        try format(try readStandardInput(), of: nil, to: sink, &tally)
      } else if try isFolder(path) {
        for file in try yamlFiles(in: path) { try format(try read(file), of: file, isListed: false, to: sink, &tally) }
      } else {
        try format(try read(path), of: path, to: sink, &tally)
      }
    }
    try sink.flush()
    if tally.files == 0, tally.invalid == 0 {
      throw Failure("no policies, signals or tests in \(paths.map { "`\($0)`" }.joined(separator: ", "))")
    }
    if !paths.contains("-") || check || diff { printError(tally.text(isWriting: !check && !diff)) }
    if tally.invalid > 0 { throw ExitCode(.invalidPolicy) }
    if check, tally.changed > 0 { throw ExitCode(.negative) }
  }

  private struct Tally {
    var files = 0
    var changed = 0
    var invalid = 0
    var others = 0

    func text(isWriting: Bool) -> String {
      var text =
        "\(counted(files, "file")): \(changed) \(isWriting ? "rewritten" : changed == 1 ? "differs" : "differ")"
      if invalid > 0 { text += ", \(invalid) not valid" }
      if others > 0 { text += "; \(counted(others, "other file")) left alone" }
      return text
    }
  }

  private func read(_ path: String) throws -> SourceText {
    do {
      return try readFile(path, limit: YAMLLimits.policy.bytes)
    } catch {
      throw Failure("cannot read `\(path)`: \(error.reason)")
    }
  }

  private func readStandardInput() throws -> SourceText {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
      if count == 0 { return SourceText(path: "-", bytes: bytes) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure("cannot read standard input: \(systemMessage())") }
      bytes += chunk[..<count]
      guard bytes.count <= YAMLLimits.policy.bytes else {
        throw Failure("cannot read standard input: more than \(YAMLLimits.policy.bytes) bytes")
      }
    }
  }

  /// - Parameters:
  ///   - file: `nil` for standard input.
  ///   - isListed: The user named the file itself: it has to be one of ours.
  private func format(
    _ text: SourceText, of file: String?, isListed: Bool = true, to sink: Sink, _ tally: inout Tally
  ) throws {
    let (node, diagnostics) = parseYAML(text, as: SourceID(index: 0))
    guard let node else {
      var sources = SourceMap()
      _ = sources.add(text)
      report(diagnostics, in: sources)
      tally.invalid += 1
      return
    }
    guard let kind = FileKind(of: node) else {
      if isListed { throw Failure("`\(text.path)` is no policy, no file of signals and no test file") }
      tally.others += 1
      return
    }
    tally.files += 1
    var sources = SourceMap()
    let faults =
      switch kind {
      case .policy: policyFaults(of: text, into: &sources)
      case .signals: parseSignals(text, into: &sources).diagnostics
      case .test: testFaults(of: text, into: &sources)
      case .defaults: defaultsFaults(of: text, into: &sources)
      }
    guard !faults.contains(where: { $0.severity == .error }) else {
      report(faults, in: sources)
      tally.invalid += 1
      return
    }
    guard let bytes = CriteriaSyntax.format(text, as: kind.keys) else {
      throw Failure(
        "`\(text.path)` is left as it is: writing it anew would change what it means. Please report this file.")
    }
    try deliver(bytes, instead: text, of: file, to: sink, &tally)
  }

  private func deliver(
    _ bytes: [UInt8], instead text: SourceText, of file: String?, to sink: Sink, _ tally: inout Tally
  ) throws {
    let isChanged = bytes != text.bytes
    if isChanged { tally.changed += 1 }
    if diff {
      let old = String(decoding: text.bytes, as: UTF8.self)
      try sink.write(
        unifiedDiff(old, String(decoding: bytes, as: UTF8.self), from: text.path, to: text.path + " (formatted)"))
    } else if check {
      if isChanged { try sink.write(text.path + "\n") }
    } else if let file {
      guard isChanged else { return }
      let target = resolved(file)
      do {
        try replaceFile(target, with: bytes, by: target + ".rulecheck-fmt", mode: 0o644)
      } catch {
        throw Failure("cannot write `\(file)`, it stays as it is: \(error.description)")
      }
      try sink.write(file + "\n")
    } else {
      try sink.write(bytes)
    }
  }
}
