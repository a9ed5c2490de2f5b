package import CriteriaDiagnostics
package import CriteriaSyntax

/// Parses a file of policy tests and the files whose defaults it shares.
///
/// What is wrong is left out of the result and reported, all at once.
/// - Parameters:
///   - text: The test file. It joins `sources` first, its `use:` files after it.
///   - read: Reads a `use:` file by its path.
/// - Returns: No file only where the text is not readable as YAML or holds no mapping.
package func parseTestFile(
  _ text: SourceText, into sources: inout SourceMap, read: (String) -> Result<SourceText, FileError>
) -> (file: TestFile?, diagnostics: [Diagnostic]) {
  let source = sources.add(text)
  var parser = TestFileParser(text, source)
  guard let node = parser.parse(), let fields = parser.fields(node) else { return (nil, parser.reader.diagnostics) }
  var defaults = GivenBlock()
  var diagnostics: [Diagnostic] = []
  var uses: [String] = []
  for use in parser.uses(fields) {
    let path = beside(text.path, use.value)
    if uses.contains(path) { continue }
    uses.append(path)
    switch read(path) {
    case .failure(let error): diagnostics.append(.unreadableTestUse(use.value, reason: error.reason, at: use.range))
    case .success(let used):
      let id = sources.add(used)
      var shared = TestFileParser(used, id)
      if let node = shared.parse(), let block = shared.shared(node) { defaults = block.over(defaults) }
      diagnostics += shared.reader.diagnostics
    }
  }
  let file = parser.file(fields, over: defaults, uses: uses)
  return (file, Diagnostics(parser.reader.diagnostics + diagnostics).sorted)
}

/// What is wrong with a test file by itself: what its `use:` files and its policy say is not asked.
package func testFaults(of text: SourceText, into sources: inout SourceMap) -> [Diagnostic] {
  parseTestFile(text, into: &sources) { .success(SourceText(path: $0, text: "version: 1\ndefaults: {}\n")) }.diagnostics
}

/// What is wrong with a file of shared defaults.
package func defaultsFaults(of text: SourceText, into sources: inout SourceMap) -> [Diagnostic] {
  var parser = TestFileParser(text, sources.add(text))
  if let node = parser.parse() { _ = parser.shared(node) }
  return Diagnostics(parser.reader.diagnostics).sorted
}

/// What a case may cost; at the limit is still fine.
enum TestLimits {
  /// Cases of a file, `each` written out.
  static let cases = 10_000
  /// Instances of a case.
  static let instances = 1_000
}

/// What is given of one instance, or by default of all.
struct GivenBlock: Sendable {
  var signals: [SignalGiven] = []
  var facts: [FactGiven] = []
  var logs: [LinesGiven] = []
  var samples: [SamplesGiven] = []

  /// This block's signals, logs and samples replace those of the same name; facts go by their keys.
  func over(_ other: GivenBlock) -> GivenBlock {
    let names = Set(signals.map(\.signal.value))
    let facts = Set(self.facts.map(\.what))
    let sources = Set(logs.map(\.source.value))
    let metrics = Set(samples.map(\.metric))
    return GivenBlock(
      signals: other.signals.filter { !names.contains($0.signal.value) } + signals,
      facts: other.facts.filter { !facts.contains($0.what) } + self.facts,
      logs: other.logs.filter { !sources.contains($0.source.value) } + logs,
      samples: other.samples.filter { !metrics.contains($0.metric) } + samples)
  }
}

/// Turns the tree of one file into cases.
struct TestFileParser {
  var reader: ValueReader

  init(_ text: SourceText, _ source: SourceID) { reader = ValueReader(text, source) }

  mutating func report(_ diagnostic: Diagnostic) { reader.diagnostics.append(diagnostic) }

  mutating func parse() -> YAMLNode? {
    let (node, faults) = parseYAML(reader.text, as: reader.source)
    reader.diagnostics = faults
    return node
  }

  mutating func fields(_ node: YAMLNode) -> Fields? {
    reader.fields(of: node, as: TestKeys.file)
  }

  mutating func uses(_ fields: Fields) -> [Located<String>] {
    (fields["use"].flatMap { reader.list($0) } ?? []).compactMap { node in
      reader.scalar(node, "use", expected: "a path").map { Located($0.text, reader.content(of: $0)) }
    }
  }

  mutating func shared(_ node: YAMLNode) -> GivenBlock? {
    guard let fields = reader.fields(of: node, as: TestKeys.shared) else { return nil }
    checkVersion(fields)
    return fields["defaults"].flatMap { given($0, origin: .shared) }
  }

  private mutating func checkVersion(_ fields: Fields) {
    guard let pair = fields["version"], let scalar = reader.scalar(pair.value, "version", expected: "`1`") else {
      return
    }
    if scalar.text != "1" { report(.testVersion(scalar.text, at: scalar.range)) }
  }

  mutating func file(_ fields: Fields, over shared: GivenBlock, uses: [String]) -> TestFile {
    checkVersion(fields)
    let policy = reader.string(fields["policy"])
    let day = self.day(fields["date"])
    let scrape = reader.duration(fields["scrape"], mayBeZero: false)
    let defaults = (fields["defaults"].flatMap { given($0, origin: .defaults) } ?? GivenBlock()).over(shared)
    var cases: [TestCase] = []
    var names: [String: SourceRange] = [:]
    for node in fields["tests"].flatMap({ reader.list($0, allowsOne: false) }) ?? [] {
      for (node, row) in rows(of: node) {
        guard cases.count < TestLimits.cases else {
          report(.tooMuch("a file has at most \(TestLimits.cases) cases", at: reader.opening(of: node)))
          return TestFile(path: reader.text.path, policy: policy, uses: uses, cases: cases)
        }
        guard var one = testCase(node, row, defaults) else { continue }
        one.day = one.day == .min ? day ?? TestFileParser.defaultDay : one.day
        one.scrape = one.scrape ?? scrape
        if let first = names[one.title] { report(.sameCase(one.title, at: one.name.range, first: first)) }
        names[one.title] = one.name.range
        cases.append(one)
      }
    }
    if let tests = fields["tests"], tests.value.sequence?.isEmpty == true { report(.noTests(at: tests.key.range)) }
    return TestFile(path: reader.text.path, policy: policy, uses: uses, cases: cases)
  }

  /// 2026-01-01: before the `expires` of most exceptions, and the same for everybody.
  static let defaultDay: Int64 = 1_767_225_600_000

  private mutating func day(_ pair: YAMLPair?) -> Int64? { reader.endOfDay(pair).map { $0.value - 86_400_000 } }

  // MARK: Cases

  /// A case once for each row of its `each`.
  private mutating func rows(of node: YAMLNode) -> [(YAMLNode, [(name: String, value: String)])] {
    guard let each = node.mapping?.first(where: { $0.key.text == "each" }) else { return [(node, [])] }
    guard let list = reader.list(each, allowsOne: false) else { return [] }
    if list.isEmpty { report(.emptyEach(at: each.key.range)) }
    var rows: [(YAMLNode, [(name: String, value: String)])] = []
    var unused: Set<String>?
    for entry in list {
      guard let pairs = reader.mapping(entry, "a row of `each`") else { continue }
      var row: [(name: String, value: String)] = []
      for pair in pairs {
        guard let scalar = reader.scalar(pair.value, pair.key.text, expected: "a text or a number") else { continue }
        row.append((pair.key.text, scalar.text))
      }
      var substitution = Substitution(row)
      var copy = node
      copy.content = .mapping(
        node.mapping!.map {
          $0.key.text == "each" ? $0 : YAMLPair(key: $0.key, value: substitution.apply(to: $0.value))
        })
      for pair in pairs where !substitution.used.contains(pair.key.text) && unused?.contains(pair.key.text) != true {
        unused = (unused ?? []).union([pair.key.text])
        report(.unusedEach(pair.key.text, at: pair.key.range))
      }
      rows.append((copy, row))
    }
    return rows
  }

  private mutating func testCase(
    _ node: YAMLNode, _ row: [(name: String, value: String)], _ defaults: GivenBlock
  ) -> TestCase? {
    guard let fields = reader.fields(of: node, as: TestKeys.test) else { return nil }
    guard let name = reader.string(fields["test"]) else { return nil }
    let own = fields["given"].flatMap { given($0, origin: .ownCase) } ?? GivenBlock()
    let instances = self.instances(fields["instances"], over: own.over(defaults))
    let expectations = self.expectations(fields["expect"])
    if fields["expect"] == nil || (fields["expect"]?.value.sequence?.isEmpty ?? false) {
      report(.noExpectation(name.value, at: name.range))
    }
    return TestCase(
      name: name, row: row, instances: instances, expectations: expectations, day: day(fields["date"]) ?? .min,
      scrape: reader.duration(fields["scrape"], mayBeZero: false), range: node.range)
  }

  /// What an instance is called where a case has only one.
  static let onlyInstance = "i-1"

  private mutating func instances(_ pair: YAMLPair?, over common: GivenBlock) -> [InstanceGiven] {
    func instance(_ name: String, _ block: GivenBlock) -> InstanceGiven {
      InstanceGiven(
        name: name, signals: block.signals, facts: block.facts, logs: block.logs, samples: block.samples)
    }
    guard let pair else { return [instance(Self.onlyInstance, common)] }
    guard let pairs = reader.mapping(pair.value, "`instances`") else { return [] }
    if pairs.isEmpty { report(.noInstances(at: pair.key.range)) }
    guard pairs.count <= TestLimits.instances else {
      report(.tooMuch("a case has at most \(TestLimits.instances) instances", at: pair.key.range))
      return []
    }
    return pairs.map { one in
      // `i-2: {}` is an instance about which nothing more is said.
      let isEmpty = one.value.scalar?.isNull ?? false
      let block = isEmpty ? GivenBlock() : given(one, origin: .ownCase) ?? GivenBlock()
      return instance(one.key.text, block.over(common))
    }
  }

  // MARK: Given

  private mutating func given(_ pair: YAMLPair, origin: GivenOrigin) -> GivenBlock? {
    guard let pairs = reader.mapping(pair.value, "`\(pair.key.text)`") else { return nil }
    var block = GivenBlock()
    for pair in pairs {
      switch pair.key.text {
      case "instance": block.facts += facts(pair, origin)
      case "logs": block.logs += logs(pair, origin)
      case "samples": block.samples += samples(pair, origin)
      default: if let signal = signal(pair, origin) { block.signals.append(signal) }
      }
    }
    return block
  }

  private mutating func signal(_ pair: YAMLPair, _ origin: GivenOrigin) -> SignalGiven? {
    let key = pair.key.text
    let name = key.prefix { $0 != "{" }
    var labels: [(name: String, value: String)] = []
    let range = reader.content(of: pair.key)
    if name.endIndex < key.endIndex {
      guard let read = NotationParser.labels(in: key[name.endIndex...]) else {
        report(.badLabels(key, at: range))
        return nil
      }
      labels = read
    }
    guard let segments = notation(pair) else { return nil }
    let nameRange = SourceRange(range.source, range.start, min(range.end, range.start + name.utf8.count))
    return SignalGiven(
      signal: Name(String(name), nameRange), labels: labels, segments: segments, range: reader.place(of: pair.value),
      origin: origin)
  }

  private mutating func notation(_ pair: YAMLPair) -> [Segment]? {
    guard let scalar = reader.quotable(pair, expected: "how it goes, such as `20% for 1h`") else { return nil }
    let (segments, faults) = NotationParser.parse(ExpressionText(scalar, in: reader.text))
    reader.diagnostics += faults
    return segments
  }

  private mutating func facts(_ pair: YAMLPair, _ origin: GivenOrigin) -> [FactGiven] {
    guard let pairs = reader.mapping(pair.value, "`instance`") else { return [] }
    return pairs.compactMap { fact($0, origin) }
  }

  private mutating func fact(_ pair: YAMLPair, _ origin: GivenOrigin) -> FactGiven? {
    let key = pair.key.text
    let name = Name(key, pair.key.range)
    let what: FactGiven.What
    func part(_ prefix: String) -> String? {
      key.hasPrefix(prefix) && key.count > prefix.count ? String(key.dropFirst(prefix.count)) : nil
    }
    // `missing` takes a default back; a text of that name is quoted once more.
    let isMissing = pair.value.scalar?.text == "missing"
    if key == "age", isMissing {
      what = .age
    } else if key == "age" {
      guard let age = reader.duration(pair, mayBeZero: true) else { return nil }
      return FactGiven(what: .age, name: name, value: .age(age.value), range: age.range, origin: origin)
    } else if let label = part("label.") {
      what = .label(label)
    } else if let fact = part("fact.") {
      what = .fact(fact)
    } else if let desired = part("desired.") {
      what = .desired(desired)
    } else {
      report(.unknownInstanceKey(key, at: pair.key.range))
      return nil
    }
    if isMissing {
      return FactGiven(what: what, name: name, value: .missing, range: pair.value.range, origin: origin)
    }
    guard let scalar = reader.quotable(pair, expected: "a text") else { return nil }
    // A text is taken as it stands; only what begins with a quote of its own goes over time.
    guard scalar.text.hasPrefix("\"") else {
      return FactGiven(what: what, name: name, value: .text(scalar.text), range: scalar.range, origin: origin)
    }
    guard let segments = notation(pair) else { return nil }
    return FactGiven(what: what, name: name, value: .series(segments), range: scalar.range, origin: origin)
  }

  private mutating func logs(_ pair: YAMLPair, _ origin: GivenOrigin) -> [LinesGiven] {
    guard let sources = reader.mapping(pair.value, "`logs`") else { return [] }
    var lines: [LinesGiven] = []
    for source in sources {
      let name = Name(source.key.text, reader.content(of: source.key))
      guard let times = reader.mapping(source.value, "`\(source.key.text)`") else { continue }
      for time in times {
        guard let segment = lineTimes(time.key) else { continue }
        let texts = (reader.list(time) ?? []).compactMap {
          reader.scalar($0, time.key.text, expected: "a log line")?.text
        }
        if texts.isEmpty { continue }
        lines.append(
          LinesGiven(source: name, times: segment, lines: texts, range: time.key.range, origin: origin))
      }
    }
    return lines
  }

  /// When lines come: `3m`, `1m 4m`, `every 3m for 20m`.
  private mutating func lineTimes(_ key: YAMLScalar) -> Segment? {
    let first = key.text.prefix { $0 != " " }
    let digits = first.prefix { $0.isNumber || $0 == "." }
    // `3 over 10m` begins with a number, `3m` with a time.
    let isBare = Duration(digits: String(digits), unit: String(first.dropFirst(digits.count))) != nil
    // A bare time is read as after `at`, and keeps its place in the file all the same.
    let scalar = isBare ? YAMLScalar("at " + key.text, style: key.style, range: key.range) : key
    let (segments, faults) = NotationParser.parse(ExpressionText(scalar, in: reader.text))
    reader.diagnostics += faults
    guard let segments else { return nil }
    if segments.count == 1 {
      switch segments[0].kind {
      case .at, .every, .spread: return segments[0]
      case .value, .ramp, .stepsAt, .stepsEvery, .missing, .ends: break
      }
    }
    report(.badLineTime(key.text, at: key.range))
    return nil
  }

  private mutating func samples(_ pair: YAMLPair, _ origin: GivenOrigin) -> [SamplesGiven] {
    (reader.list(pair, allowsOne: false) ?? []).compactMap { node in
      guard
        let fields = reader.fields(of: node, as: TestKeys.samples), let series = reader.string(fields["series"]),
        let values = fields["values"],
        let text = reader.quotable(values, expected: "samples such as `0+1x10`")
      else { return nil }
      let open = series.value.firstIndex(of: "{") ?? series.value.endIndex
      let labels = open == series.value.endIndex ? [] : NotationParser.labels(in: series.value[open...])
      let metric = String(series.value[..<open])
      guard let labels, !metric.isEmpty else {
        report(.badSeries(series.value, at: series.range))
        return nil
      }
      guard let read = readPromtool(text.text) else {
        report(.badSamples(text.text, at: text.range))
        return nil
      }
      if read.count > StimulusLimits.samples {
        report(.tooMuch("a series has at most \(StimulusLimits.samples) samples", at: text.range))
        return nil
      }
      return SamplesGiven(metric: metric, labels: labels, values: read, range: text.range, origin: origin)
    }
  }
}

/// Promtool's notation: `1 2 3`, `0+10x5` (six samples), `7x3` (four), `_`, `_x3` (three missing), `stale`.
///
/// - Returns: `nil` if it does not read; more than `StimulusLimits.samples` values if it asks for too many.
func readPromtool(_ text: String) -> [Double?]? {
  var values: [Double?] = []
  for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "\t" }) {
    if values.count > StimulusLimits.samples { return values }
    let times = word.lastIndex(of: "x")
    let head = times.map { word[..<$0] } ?? word
    var count = 0
    if let times {
      let digits = word[word.index(after: times)...]
      guard !digits.isEmpty, digits.allSatisfy(\.isNumber), let read = Int(digits) else { return nil }
      count = min(read, StimulusLimits.samples + 1)
    }
    if head == "_" {
      values += Array(repeating: nil, count: times == nil ? 1 : count)
      continue
    }
    if head == "stale" {
      guard times == nil else { return nil }
      values.append(.nan)
      continue
    }
    guard let (start, step) = startAndStep(head, mayStep: times != nil) else { return nil }
    // As promtool has it: one value at a time, each the one before and the step.
    var value = start
    for _ in 0...count {
      values.append(value)
      value += step
    }
  }
  return values.isEmpty ? nil : values
}

/// `a`, `a+b`, `a-b`, where each may carry a sign and an exponent.
private func startAndStep(_ text: Substring, mayStep: Bool) -> (Double, Double)? {
  func number(_ text: Substring) -> Double? {
    switch text {
    case "NaN", "nan": return .nan
    case "Inf", "+Inf", "inf", "+inf": return .infinity
    case "-Inf", "-inf": return -.infinity
    default:
      guard let first = text.first, first.isNumber || "+-.".contains(first),
        text.allSatisfy({ $0.isNumber || "+-.eE".contains($0) })
      else { return nil }
      return Double(text)
    }
  }
  if let whole = number(text) { return (whole, 0) }
  guard mayStep else { return nil }
  for index in text.indices.dropFirst() where text[index] == "+" || text[index] == "-" {
    if let start = number(text[..<index]), let step = number(text[index...]) { return (start, step) }
  }
  return nil
}
