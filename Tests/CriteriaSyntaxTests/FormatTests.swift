import CriteriaDiagnostics
import CriteriaSyntax
import Testing

/// Everything that a value holds but for where it stands: equal meanings, equal texts.
func meaning(_ value: Any) -> String {
  if value is SourceRange { return "" }
  let mirror = Mirror(reflecting: value)
  if mirror.children.isEmpty { return "\(value)" }
  // Offsets into the file, as ranges are.
  let parts = mirror.children.filter { $0.label != "matchOffsets" }.map { "\($0.label ?? "")=\(meaning($0.value))" }
  return "(" + parts.joined(separator: " ") + ")"
}

/// What a file of ours says; `nil` if it does not parse.
private func meaning(of text: SourceText) -> String? {
  let (node, _) = parseYAML(text, as: SourceID(index: 0))
  guard let node, let kind = FileKind(of: node) else { return nil }
  var sources = SourceMap()
  switch kind {
  case .policy:
    let (file, diagnostics) = parsePolicy(text, into: &sources) { path in
      .success(SourceText(path: path, text: "version: 1\nsignals: {}\n"))
    }
    return diagnostics.isEmpty ? file.map { meaning($0) } : nil
  case .signals:
    let (signals, diagnostics) = parseSignals(text, into: &sources)
    return diagnostics.isEmpty ? meaning(signals) : nil
  case .test, .defaults: return values(node)
  }
}

private func values(_ node: YAMLNode) -> String {
  switch node.content {
  case .scalar(let scalar): "\"\(scalar.text)\""
  case .sequence(let items): "[" + items.map(values).joined(separator: ",") + "]"
  case .mapping(let pairs):
    "{" + pairs.map { "\($0.key.text):\(values($0.value))" }.sorted().joined(separator: ",") + "}"
  }
}

private func formatted(_ text: String, as kind: FileKind = .policy) -> String? {
  format(SourceText(path: "a.yaml", text: text), as: kind.keys).map { String(decoding: $0, as: UTF8.self) }
}

@Suite("Formatting")
struct FormatTests {
  /// A policy around what is shown: its signals or its rules.
  private static let head = "version: 1\npolicy: p\n"

  @Test(
    "a file is written so",
    arguments: [
      // Keys take the order of their table, comments stay by them.
      (
        "# about\n\npolicy: p   # named\nrules:\n- then: +1\n  # why so\n  when: up\n  rule: A\nversion: 1\n",
        "# about\n\nversion: 1\npolicy: p   # named\nrules:\n  - rule: A\n    # why so\n    when: up\n    then: +1\n"
      ),
      // A comment above the first key of an item is about the item, wherever the key goes.
      (
        "version: 1\npolicy: p\nrules:\n  # first\n  - then: +1\n    rule: A\n    when: up\n",
        "version: 1\npolicy: p\nrules:\n  # first\n  - rule: A\n    when: up\n    then: +1\n"
      ),
      (
        "version: 1\npolicy: p\nrules:\n  -   # dashed\n    # first\n    rule: A\n    when: up\n    then: +1\n",
        "version: 1\npolicy: p\nrules:\n  # dashed\n  # first\n  - rule: A\n    when: up\n    then: +1\n"
      ),
      // Comments at the end of a block stay in it.
      (
        "version: 1\npolicy: p\nsignals:\n    # none yet\nrules:\n    - rule: A\n      when: up\n      then: +1\n      # hold: 5m\n    - rule: B\n      when: up\n      then: +1\n    # the end\n# of all\n",
        "version: 1\npolicy: p\nsignals:\n  # none yet\nrules:\n  - rule: A\n    when: up\n    then: +1\n    # hold: 5m\n  - rule: B\n    when: up\n    then: +1\n  # the end\n# of all\n"
      ),
      // Signals in one line stand in columns; the kind comes first.
      (
        "version: 1\nsignals:\n  a: { unit: bytes , gauge: a }\n  long_name:   {is: \"a+1\"}\n\n\n  block:\n    match: x\n    log:   kernel\n",
        "version: 1\nsignals:\n  a:         {gauge: a, unit: bytes}\n  long_name: {is: a + 1}\n\n  block:\n    log:   kernel\n    match: x\n"
      ),
      // Expressions are spaced, spelled as they were.
      (
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: 'avg( cpu[ 5m ] )>0.50 and(a or b)and not x.and==\"q  q\"'\n    then: + 60*ramp(x,2%,10%)\n",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: avg(cpu[5m]) > 0.50 and (a or b) and not x.and == \"q  q\"\n    then: +60 * ramp(x, 2%, 10%)\n"
      ),
      (
        "version: 1\npolicy: p\nrules:\n  - {then: '+1', when: 'fact.role in[\"a\",-1]', rule: A}\n",
        "version: 1\npolicy: p\nrules:\n  - {rule: A, when: 'fact.role in [\"a\", -1]', then: +1}\n"
      ),
      (
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: '\"a\"==label.x'\n    then: \"replace\"\n    for: '5m'\n    latch: \"true\"\n",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: '\"a\" == label.x'\n    for: 5m\n    latch: true\n    then: replace\n"
      ),
      // Texts, patterns and names that look like something else keep their quotes.
      (
        "version: 1\npolicy: p\ndescription:   'a  text'\nsignals:\n  x: {log: 'any', match: 'a' , by: ['no', \"dev\"]}\nrules:\n  - rule: \"on\"\n    when: up\n    then: +1\n    why: \"{ up }\"\n",
        "version: 1\npolicy: p\ndescription: 'a  text'\nsignals:\n  x: {log: 'any', match: 'a', by: ['no', dev]}\nrules:\n  - rule: \"on\"\n    when: up\n    then: +1\n    why: \"{ up }\"\n"
      ),
      // Block scalars and values over several lines move as a whole.
      (
        "version: 1\npolicy: p\nrules:\n    - rule: A\n      when: >-   # folded\n          up\n            == 1\n\n\n          and up\n      then: +1\n      why: |2\n          x\n      labels: {a: b,\n        c: d}   # last\n",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: >-   # folded\n        up\n          == 1\n\n\n        and up\n    then: +1\n    why: |2\n        x\n    labels: {a: b,\n      c: d}   # last\n"
      ),
      // Comments behind lines keep their column, two blanks away at least, and move together.
      (
        "version: 1\npolicy: p\nstep: 1m # often\nwatch:      50    # points\nreplace:   100    # too\nrules: [{rule: A, when: up, then: +1}]\n",
        "version: 1\npolicy: p\nstep: 1m  # often\nwatch: 50         # points\nreplace: 100      # too\nrules: [{rule: A, when: up, then: +1}]\n"
      ),
      // What their author has aligned stays aligned.
      (
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: up\n    then: +1\n    labels:\n      a:     b\n      long:  c\n",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: up\n    then: +1\n    labels:\n      a:    b\n      long: c\n"
      ),
      // Anchors: nothing changes places.
      (
        "policy: p\nversion: 1\nrules:\n- &one\n  then: +1\n  rule: A\n  when:   &w   up\n- {rule: B, when:   *w, then: +1}\n",
        "policy: p\nversion: 1\nrules:\n  - &one\n    then: +1\n    rule: A\n    when: &w up\n  - {rule: B, when: *w, then: +1}\n"
      ),
      // A document's marker, blanks at the ends of lines, a missing line break at the end.
      (
        "---   \n\n\nversion: 1  \npolicy: p\t\nrules:\n  - rule: A\n    when:\n      up\n    then: +1",
        "---\n\nversion: 1\npolicy: p\nrules:\n  - rule: A\n    when:\n      up\n    then: +1\n"
      ),
      // A text that ends with the file ends as it did.
      (
        "version: 1\npolicy: p\nrules:\n- rule: A\n  when: up\n  then: +1\n  why: |\n    x",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: up\n    then: +1\n    why: |\n      x"
      ),
      (
        "version: 1\npolicy: p\nrules:\n- rule: A\n  when: up\n  then: +1\n  why: |+\n    x\n\n\n",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: up\n    then: +1\n    why: |+\n      x\n\n\n"
      ),
      (
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    why: |+\n      x\n\n\n    when: up\n    then: +1\n",
        "version: 1\npolicy: p\nrules:\n  - rule: A\n    when: up\n    then: +1\n    why: |+\n      x\n\n\n"
      ),
      // Unusual ways of writing are left alone.
      (
        "{version: 1,  policy: p, rules: [{rule: A, when: up, then: +1}]}\n",
        "{version: 1,  policy: p, rules: [{rule: A, when: up, then: +1}]}\n"
      ),
      (
        "? version\n: 1\npolicy:   p\nrules: [{rule: A, when: up, then: +1}]\n",
        "? version\n: 1\npolicy:   p\nrules: [{rule: A, when: up, then: +1}]\n"
      ),
    ])
  func table(before: String, after: String) throws {
    let kind = before.contains("rules:") ? FileKind.policy : .signals
    for ending in ["\n", "\r\n"] {
      func with(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: ending)
      }
      let (before, after) = (with(before), with(after))
      let meant = try #require(meaning(of: SourceText(path: "a", text: before)), "not one of ours: \(before)")
      #expect(formatted(before, as: kind) == after)
      #expect(formatted(after, as: kind) == after)
      #expect(meaning(of: SourceText(path: "a", text: after)) == meant)
    }
  }

  @Test("a byte order mark stays")
  func byteOrderMark() {
    #expect(formatted("\u{FEFF}version:  1\npolicy: p\nrules: []\n") == "\u{FEFF}version: 1\npolicy: p\nrules: []\n")
  }

  /// Every file of ours in the repository that parses.
  static let corpus: [SourceText] = [
    "rules", "rules/signals", "rules/anomaly", "rules/fitted", "Examples", "Examples/stream", "Benchmarks/Policies",
    "Tests/CriteriaSyntaxTests/diagnostics", "Tests/CriteriaCompilerTests/diagnostics",
  ].flatMap { folder in
    files(in: "\(packageRoot)/\(folder)").filter { $0.hasSuffix(".yaml") }.map {
      contents(of: "\(packageRoot)/\(folder)/\($0)")
    }
  }.filter { meaning(of: $0) != nil }

  @Test("the policies of rules/ and Examples are in canonical form, and no file of ours changes its meaning")
  func ours() throws {
    #expect(Self.corpus.count > 30)
    for text in Self.corpus {
      let node = try #require(parseYAML(text, as: SourceID(index: 0)).node)
      let keys = try #require(FileKind(of: node)).keys
      let once = try #require(format(text, as: keys), "\(text.path)")
      let again = SourceText(path: text.path, bytes: once)
      #expect(meaning(of: again) == meaning(of: text), "\(text.path)")
      #expect(format(again, as: keys) == once, "\(text.path)")
      if text.path.contains("/rules/") || text.path.contains("/Examples/") {
        #expect(once == text.bytes, "\(text.path)")
      }
    }
  }

  @Test(
    "however a file is laid out: same meaning, all comments, and nothing more to do the second time", arguments: 0..<6)
  func mangled(seed: UInt64) throws {
    var random = Seeded(seed)
    var tried = 0
    for text in Self.corpus {
      let node = try #require(parseYAML(text, as: SourceID(index: 0)).node)
      let keys = try #require(FileKind(of: node)).keys
      let meant = meaning(of: text)
      var (mangled, comments) = Mangling.mangle(string(text), &random)
      if random.next() % 3 == 0 {
        mangled = mangled.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
      }
      let other = SourceText(path: text.path, text: mangled)
      // Some of it falls into texts, or is no YAML any more.
      guard meaning(of: other) == meant else { continue }
      tried += 1
      let once = try #require(format(other, as: keys), "\(text.path) seed \(seed):\n\(mangled)")
      let result = SourceText(path: text.path, bytes: once)
      #expect(meaning(of: result) == meant, "\(text.path) seed \(seed):\n\(mangled)")
      #expect(format(result, as: keys) == once, "\(text.path) seed \(seed):\n\(mangled)\n-- once\n\(string(result))")
      for comment in comments {
        #expect(string(result).contains(comment), "\(text.path) seed \(seed): lost \(comment)")
      }
    }
    #expect(tried > 5)
  }

  /// The shortest files, so that a change hits what matters.
  private static let short = corpus.filter { $0.bytes.count < 3000 }

  @Test("bytes changed anywhere: what still parses keeps its meaning, and is done after once", arguments: 0..<6)
  func changedBytes(seed: UInt64) throws {
    var random = Seeded(seed ^ 0xB17E5)
    let pieces = Array("\n  - :#'\"{}[],|>&*!?+-\t\r~%@".utf8)
    for text in Self.short {
      for _ in 0..<6 {
        var bytes = text.bytes
        for _ in 0...Int(random.next() % 3) {
          let at = Int(random.next() % UInt64(bytes.count))
          switch random.next() % 4 {
          case 0: bytes.remove(at: at)
          case 1: bytes.insert(bytes[Int(random.next() % UInt64(bytes.count))], at: at)
          default: bytes.insert(pieces[Int(random.next() % UInt64(pieces.count))], at: at)
          }
        }
        let changed = SourceText(path: text.path, bytes: bytes)
        guard let meant = meaning(of: changed), let node = parseYAML(changed, as: SourceID(index: 0)).node else {
          continue
        }
        let keys = try #require(FileKind(of: node)).keys
        guard let once = format(changed, as: keys) else {
          Issue.record("would change its meaning, seed \(seed):\n\(string(changed))")
          continue
        }
        let result = SourceText(path: text.path, bytes: once)
        #expect(meaning(of: result) == meant, "seed \(seed):\n\(string(changed))")
        #expect(format(result, as: keys) == once, "seed \(seed):\n\(string(changed))\n-- once\n\(string(result))")
      }
    }
  }

  @Test("spacing is that of the printer, for what the printer writes", arguments: 0..<20)
  func spacing(seed: UInt64) {
    var generator = ExpressionGenerator(random: Seeded(seed))
    for _ in 0..<200 {
      let printed = print(generator.expression(depth: 4))
      #expect(spaced(expression: printed) == printed)
    }
  }
}

/// Random changes to how a file is laid out.
private enum Mangling {
  static func mangle(_ text: String, _ random: inout Seeded) -> (text: String, comments: [String]) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var comments: [String] = []
    let factor = [1, 1, 2, 3][Int(random.next() % 4)]
    for index in lines.indices {
      let indent = lines[index].prefix { $0 == " " }.count
      var body = String(lines[index].dropFirst(indent))
      let depth = indent * factor
      if random.next() % 20 == 0 { body = replaced(body, ": ", ":  ") }
      if random.next() % 20 == 0 { body = replaced(body, ", ", " ,  ") }
      if random.next() % 20 == 0 { body = replaced(body, "{", "{  ") }
      if random.next() % 20 == 0 { body = replaced(body, " > ", ">") }
      if random.next() % 20 == 0, !body.isEmpty { body += "   " }
      if random.next() % 25 == 0, !body.isEmpty, !body.contains("#") {
        comments.append("# ~\(comments.count)~")
        body += " " + comments[comments.count - 1]
      }
      if body.hasPrefix("- "), factor > 1 {
        body = "-" + String(repeating: " ", count: 2 * factor - 1) + body.dropFirst(2)
      }
      lines[index] = body.isEmpty ? "" : String(repeating: " ", count: depth) + body
      if random.next() % 15 == 0 {
        comments.append("# ~\(comments.count)~")
        let at = String(repeating: " ", count: Int(random.next() % 8))
        lines[index] = at + comments[comments.count - 1] + "\n" + lines[index]
      }
      if random.next() % 25 == 0 { lines[index] = "\n  \n" + lines[index] }
    }
    return (lines.joined(separator: "\n"), comments)
  }

  private static func replaced(_ text: String, _ old: String, _ new: String) -> String {
    text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
