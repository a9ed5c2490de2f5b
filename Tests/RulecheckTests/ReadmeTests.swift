import Glibc
import Testing

/// README and tutorial are run: each ` ```yaml ` block that begins with `# NAME` is a file, each ` ```console ` block is what a shell shows.
@Suite("The README tells the truth")
struct ReadmeTests {
  @Test(
    "its commands print what it shows",
    arguments: ["README.md", "docs/first-policy.md", "docs/testing.md", "docs/why.md"])
  func commands(document: String) throws {
    let folder = try TemporaryFolder()
    for name in ["Examples", "rules"] { symlink(root + "/" + name, folder.path + "/" + name) }
    let text = try readText(root + "/" + document)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var index = 0
    var ran = 0
    while index < lines.count {
      let language = lines[index]
      guard language.hasPrefix("```"), language != "```", let end = lines[(index + 1)...].firstIndex(of: "```") else {
        index += 1
        continue
      }
      let block = Array(lines[(index + 1)..<end])
      if language == "```yaml", let name = block.first, name.hasPrefix("# "), name.hasSuffix(".yaml") {
        try folder.write(block.joined(separator: "\n") + "\n", to: String(name.dropFirst(2)))
      }
      guard language == "```console" else {
        index = end + 1
        continue
      }
      var shown: [String] = []
      for line in block where line.hasPrefix("$ rulecheck ") {
        let arguments = line.dropFirst("$ rulecheck ".count).split(separator: " ").map(String.init)
        let run = try rulecheck(arguments, in: folder.path)
        shown.append(line)
        shown += (run.output + run.errors).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
          String.init)
        ran += 1
      }
      if isRecording {
        lines.replaceSubrange((index + 1)..<end, with: shown)
        index += shown.count + 2
        continue
      }
      #expect(
        firstDifference(shown.joined(separator: "\n"), block.joined(separator: "\n")) == nil,
        "\(document) line \(index + 1)"
      )
      index = end + 1
    }
    #expect(ran > 0)
    if isRecording { try writeText(lines.joined(separator: "\n"), to: root + "/" + document) }
  }

  @Test(
    "its Swift example is the one that the tests run",
    arguments: [
      ("README.md", "Tests/RulecheckTests/ReadmeExample.swift", "README", "import Criteria\n\n"),
      ("Sources/Criteria/Criteria.docc/EmbedInTwentyLines.md", "Tests/RulecheckTests/EmbedExample.swift", "Embed", ""),
      ("Sources/Criteria/Criteria.docc/Sharding.md", "Examples/embed/Sources/embed/Shard.swift", "sharding", ""),
    ])
  func swiftExample(document: String, source: String, name: String, head: String) throws {
    let text = try readText(root + "/" + document)
    let source = try readText(root + "/" + source)
    let body = try #require(block(between: "// \(name) begins", and: "// \(name) ends", in: source))
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
    let indent = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    let example = lines.map { String($0.dropFirst(indent)) }.joined(separator: "\n")
    #expect(text.contains("```swift\n" + head + example + "```"), "\(document) should hold:\n\(example)")
  }

  private func block(between start: String, and end: String, in text: String) -> String? {
    guard let first = text.firstRange(of: start), let last = text.firstRange(of: end) else { return nil }
    let rest = text[first.upperBound..<last.lowerBound]
    guard let lineEnd = rest.firstIndex(of: "\n"), let lastLine = rest.lastIndex(of: "\n") else { return nil }
    return String(rest[rest.index(after: lineEnd)...lastLine])
  }
}
