package import CriteriaDiagnostics

/// Parses a policy and the files it uses: YAML, keys, expressions. Names and types are the checker's business.
///
/// What is wrong is left out of the result and reported, all at once: a rule whose `when` does not parse is dropped, the
/// others stay.
/// - Parameters:
///   - text: The policy. It joins `sources` first, its `use:` files after it in their order.
///   - readUse: Reads a `use:` file, by its path beside the policy's; such paths never leave the policy's folder.
/// - Returns: No file only where the text is not readable as YAML or holds no mapping.
package func parsePolicy(
  _ text: SourceText, into sources: inout SourceMap, readUse: (String) -> Result<SourceText, FileError>
) -> (file: PolicyFile?, diagnostics: [Diagnostic]) {
  let source = sources.add(text)
  var parser = PolicyParser(text, source)
  guard let node = parser.parse(), var file = parser.policy(node) else { return (nil, parser.reader.diagnostics) }
  var diagnostics = parser.reader.diagnostics
  for use in file.uses {
    guard let path = usedPath(use.value, from: text.path) else {
      diagnostics.append(.useOutside(use.value, at: use.range))
      file.hasUnreadUses = true
      continue
    }
    guard !sources.texts.contains(where: { $0.path == path }) else {
      diagnostics.append(.useTwice(use.value, at: use.range))
      continue
    }
    switch readUse(path) {
    case .failure(let error):
      diagnostics.append(.unreadableUse(use.value, reason: error.reason, at: use.range))
      file.hasUnreadUses = true
    case .success(let used):
      let id = sources.add(used)
      var shared = PolicyParser(used, id)
      if let node = shared.parse() { file.signals += shared.shared(node) }
      file.lostSignals += shared.lostSignals
      file.hasUnreadUses = file.hasUnreadUses || shared.isUnread
      diagnostics += shared.reader.diagnostics
    }
  }
  diagnostics += duplicateNames(&file)
  return (file, diagnostics)
}

/// Parses a file of shared signals, as `use:` reads it.
package func parseSignals(_ text: SourceText, into sources: inout SourceMap) -> (
  signals: [SignalDeclaration], diagnostics: [Diagnostic]
) {
  var parser = PolicyParser(text, sources.add(text))
  guard let node = parser.parse() else { return ([], parser.reader.diagnostics) }
  let signals = parser.shared(node)
  return (signals, parser.reader.diagnostics)
}

/// The path of a used file beside its policy's; `nil` if it is absolute or leaves the policy's folder.
private func usedPath(_ path: String, from policy: String) -> String? {
  guard !path.hasPrefix("/"), !path.isEmpty, !path.utf8.contains(0) else { return nil }
  var parts: [Substring] = []
  for part in path.split(separator: "/") where part != "." {
    if part == ".." {
      guard !parts.isEmpty else { return nil }
      parts.removeLast()
    } else {
      parts.append(part)
    }
  }
  guard !parts.isEmpty else { return nil }
  let folder = policy.lastIndex(of: "/").map { policy[...$0] } ?? ""
  return folder + parts.joined(separator: "/")
}

/// Reports names that stand twice, and drops a signal's second declaration: the first counts, whatever file it is in.
private func duplicateNames(_ file: inout PolicyFile) -> [Diagnostic] {
  var diagnostics: [Diagnostic] = []
  var signals: [String: SourceRange] = [:]
  file.signals.removeAll { signal in
    if let first = signals[signal.name.value] {
      diagnostics.append(.duplicateName("signal", signal.name.value, at: signal.name.range, first: first))
      return true
    }
    signals[signal.name.value] = signal.name.range
    return false
  }
  var rules: [String: SourceRange] = [:]
  for rule in file.rules {
    if let first = rules[rule.name.value] {
      diagnostics.append(.duplicateName("rule", rule.name.value, at: rule.name.range, first: first))
    } else {
      rules[rule.name.value] = rule.name.range
    }
  }
  return diagnostics
}

/// Turns the tree of one file into declarations.
private struct PolicyParser {
  var reader: ValueReader
  /// Names whose declarations were dropped.
  private(set) var lostSignals: [Name] = []
  /// The signals could not be read at all.
  private(set) var isUnread = false

  init(_ text: SourceText, _ source: SourceID) { reader = ValueReader(text, source) }

  /// The file's tree; `nil` after a fault that leaves none.
  mutating func parse() -> YAMLNode? {
    let (node, faults) = parseYAML(reader.text, as: reader.source)
    reader.diagnostics = faults
    isUnread = node == nil
    return node
  }

  mutating func policy(_ node: YAMLNode) -> PolicyFile? {
    guard
      let fields = reader.fields(of: node, as: PolicyKeys.policy)
    else { return nil }
    var file = PolicyFile(range: node.range)
    file.version = version(fields["version"])
    file.name = policyName(fields["policy"])
    file.description = reader.string(fields["description"])
    file.selector = reader.expression(fields["selector"])
    file.step = reader.duration(fields["step"], mayBeZero: false)
    bands(fields, &file)
    file.uses = (fields["use"].flatMap { reader.list($0) } ?? []).compactMap { use($0) }
    file.launched = (fields["launched"].flatMap { reader.list($0) } ?? []).compactMap {
      reader.selector($0, "launched")
    }
    file.desired = fields["desired"].flatMap { reader.list($0, allowsOne: false) }?.compactMap { desired($0) }
    file.maxLateness = reader.duration(fields["max_lateness"], mayBeZero: true)
    file.signals = signals(fields["signals"])
    file.rules = rules(fields["rules"])
    file.lostSignals = lostSignals
    file.hasUnreadUses = isUnread
    return file
  }

  mutating func shared(_ node: YAMLNode) -> [SignalDeclaration] {
    guard
      let fields = reader.fields(of: node, as: PolicyKeys.shared)
    else {
      isUnread = true
      return []
    }
    _ = version(fields["version"])
    return signals(fields["signals"])
  }

  // MARK: Policy

  private mutating func version(_ pair: YAMLPair?) -> Located<Int>? {
    guard let pair, let scalar = reader.scalar(pair.value, "version", expected: "`1`") else { return nil }
    guard scalar.text == "1" else {
      reader.diagnostics.append(.unsupportedVersion(scalar.text, at: scalar.range))
      return nil
    }
    return Located(1, scalar.range)
  }

  private mutating func policyName(_ pair: YAMLPair?) -> Name? {
    guard let pair, let scalar = reader.scalar(pair.value, "policy", expected: "a name") else { return nil }
    return reader.name(scalar, of: "policy", also: "-.")
  }

  /// 0 < `watch` ≤ `replace`. Scores are thousandths in 64 bits, so a bound above a million millions means a mistake.
  private mutating func bands(_ fields: Fields, _ file: inout PolicyFile) {
    let expected = "a number above 0"
    file.replace = reader.number(fields["replace"], expected: expected) { $0 >= 0.001 && $0 <= 1e12 }
    file.watch = reader.number(fields["watch"], expected: expected) { $0 >= 0.001 && $0 <= 1e12 }
    if let watch = file.watch, let replace = file.replace, watch.value > replace.value {
      reader.diagnostics.append(.watchAboveReplace(watch: watch.range, replace: replace.range))
    }
  }

  private mutating func use(_ node: YAMLNode) -> Located<String>? {
    reader.scalar(node, "use", expected: "a path").map { Located($0.text, reader.content(of: $0)) }
  }

  private mutating func desired(_ node: YAMLNode) -> DesiredEntry? {
    guard let pairs = reader.mapping(node, "an entry of `desired`") else { return nil }
    let fields = Fields(pairs, of: "an entry of `desired`", range: node.range)
    let condition = reader.expression(fields["where"])
    var facts: [(name: Name, value: Located<String>)] = []
    for pair in pairs where pair.key.text != "where" {
      if let value = reader.string(pair) { facts.append((Name(pair.key.text, pair.key.range), value)) }
    }
    if facts.isEmpty, pairs.allSatisfy({ $0.key.text == "where" }) {
      reader.diagnostics.append(
        .emptyValue("desired", expected: "a fact's name and value", at: reader.opening(of: node)))
      return nil
    }
    // Without its condition the entry would match everything.
    if fields["where"] != nil, condition == nil { return nil }
    return DesiredEntry(condition: condition, facts: facts, range: node.range)
  }

  // MARK: Signals

  private static let kinds = PolicyKeys.kinds.map(\.name)

  /// The keys of each kind, besides the kind itself.
  private static let signalKeys = Dictionary(
    uniqueKeysWithValues: PolicyKeys.kinds.map { ($0.name, Array($0.fields.names.dropFirst())) })

  private static let allSignalKeys = kinds + Set(signalKeys.values.joined()).sorted()

  private mutating func signals(_ pair: YAMLPair?) -> [SignalDeclaration] {
    guard let pair else { return [] }
    if pair.value.scalar?.isNull == true { return [] }
    guard let pairs = reader.mapping(pair.value, "`signals`") else {
      isUnread = true
      return []
    }
    return pairs.compactMap { pair in
      let signal = signal(pair)
      if signal == nil { lostSignals.append(Name(pair.key.text, pair.key.range)) }
      return signal
    }
  }

  private mutating func signal(_ pair: YAMLPair) -> SignalDeclaration? {
    let name = reader.name(pair.key, of: "signal")
    if let name, ["and", "or", "not", "in", "true", "false"].contains(name.value) {
      reader.diagnostics.append(.reservedName(name.value, at: name.range))
    }
    let what = "signal `\(pair.key.text)`"
    guard let fields = reader.fields(of: pair.value, what: what, allowed: Self.allSignalKeys) else { return nil }
    let present = Self.kinds.filter { fields[$0] != nil }
    guard present.count == 1, let kind = present.first else {
      if present.isEmpty {
        reader.diagnostics.append(.signalWithoutKind(what, kinds: Self.kinds, at: pair.key.range))
      } else {
        reader.diagnostics.append(.signalOfTwoKinds(what, present, at: present.map { fields[$0]!.key.range }))
      }
      return nil
    }
    let own = Self.signalKeys[kind] ?? []
    for key in Self.allSignalKeys where key != kind {
      if let stray = fields[key], !own.contains(key) {
        let takers = Self.kinds.filter { Self.signalKeys[$0]!.contains(key) }
        reader.diagnostics.append(.keyOfOtherKind(key, kind: kind, takers: takers, at: stray.key.range))
      }
    }
    let whole =
      pair.key.range.source == pair.value.range.source && pair.value.aliasRange == nil
      ? pair.key.range.through(pair.value.range) : pair.key.range.through(pair.value.aliasRange ?? pair.key.range)
    let common = self.common(fields)
    guard let kind = signalKind(kind, fields, pair.key), let name else { return nil }
    var signal = SignalDeclaration(name: name, kind: kind, range: whole)
    common(&signal)
    return signal
  }

  /// Reads the keys that most kinds share; the result fills them in, if the signal is not lost for other faults.
  private mutating func common(_ fields: Fields) -> (inout SignalDeclaration) -> Void {
    let unit = reader.unit(fields["unit"])
    let by = (fields["by"].flatMap { reader.list($0) } ?? []).compactMap { node -> Name? in
      reader.scalar(node, "by", expected: "a name").flatMap { reader.name($0, of: "label") }
    }
    let reduce = reader.choice(fields["reduce"], as: Reduction.self)
    let staleAfter = reader.duration(fields["stale_after"], mayBeZero: false)
    let isOptional = reader.bool(fields["optional"])
    let instance = reader.string(fields["instance"])
    return { signal in
      signal.unit = unit
      signal.by = by
      signal.reduce = reduce
      signal.staleAfter = staleAfter
      signal.isOptional = isOptional
      signal.instance = instance
    }
  }

  private mutating func signalKind(_ kind: String, _ fields: Fields, _ key: YAMLScalar) -> SignalKind? {
    switch kind {
    case "gauge": return metric(fields, "gauge").map(SignalKind.gauge)
    case "counter": return metric(fields, "counter").map(SignalKind.counter)
    case "log": return log(fields, key).map(SignalKind.log)
    case "condition":
      let type = reader.string(fields["condition"])
      let from = reader.selector(fields["from"])
      let typeLabel = reader.string(fields["type"])
      let statusLabel = reader.string(fields["status"])
      guard let type else { return nil }
      var source = ConditionSource(type: type)
      (source.from, source.typeLabel, source.statusLabel) = (from, typeLabel, statusLabel)
      return .condition(source)
    case "info":
      let selector = reader.selector(fields["info"])
      let label = reader.string(fields["label"])
      return selector.map { .info($0, label: label) }
    case "fact": return reader.string(fields["fact"]).map { .fact($0) }
    default: return reader.expression(fields["is"]).map { .expression($0) }
    }
  }

  private mutating func metric(_ fields: Fields, _ kind: String) -> MetricSource? {
    let selector = reader.selector(fields[kind])
    let scale = reader.number(fields["scale"], expected: "a number other than 0") { $0 != 0 }
    let maxKeys = reader.int(fields["max_keys"], in: 1...100_000)
    let ignore = reader.ignore(fields["ignore"])
    guard let selector else { return nil }
    var source = MetricSource(selector: selector)
    (source.scale, source.maxKeys, source.ignore) = (scale, maxKeys, ignore)
    return source
  }

  private mutating func log(_ fields: Fields, _ key: YAMLScalar) -> LogSource? {
    let sources = (fields["log"].flatMap { reader.list($0) } ?? []).compactMap { node in
      reader.scalar(node, "log", expected: "a log's name").map { Located($0.text, reader.content(of: $0)) }
    }
    let value = reader.string(fields["value"])
    let utf = reader.bool(fields["utf"])?.value ?? false
    let limit = reader.int(fields["match_limit"], in: 1...1_000_000_000)
    let maxLine = reader.int(fields["max_line"], in: 1...64 << 20)
    guard let pair = fields["match"] else {
      reader.diagnostics.append(.missingKey("match", in: "log signal `\(key.text)`", at: key.range))
      return nil
    }
    guard let scalar = reader.quotable(pair, expected: "a pattern") else { return nil }
    guard !sources.isEmpty else { return nil }
    var source = LogSource(
      sources: sources, match: Located(scalar.text, reader.content(of: scalar)),
      matchOffsets: scalar.map(in: reader.text).offsets, utf: utf)
    (source.value, source.matchLimit, source.maxLine) = (value, limit, maxLine)
    return source
  }

  // MARK: Rules

  private mutating func rules(_ pair: YAMLPair?) -> [RuleDeclaration] {
    guard let pair else { return [] }
    guard let nodes = reader.list(pair, allowsOne: false) else { return [] }
    if nodes.isEmpty {
      reader.diagnostics.append(.emptyValue("rules", expected: "at least one rule", at: pair.value.range))
    }
    return nodes.compactMap { rule($0) }
  }

  private mutating func rule(_ node: YAMLNode) -> RuleDeclaration? {
    let title = node["rule"]?.scalar
    let what = title.map { "rule `\($0.text)`" } ?? "a rule"
    guard
      let fields = reader.fields(
        of: node, what: what, allowed: PolicyKeys.rule.names, required: PolicyKeys.rule.required,
        nameRange: title?.range)
    else { return nil }
    let name = fields["rule"].flatMap { pair in
      reader.scalar(pair.value, "rule", expected: "a name").flatMap { reader.name($0, of: "rule", also: "-") }
    }
    let when = reader.expression(fields["when"])
    let until = reader.expression(fields["until"])
    let wait = reader.duration(fields["for"], mayBeZero: true)
    let hold = reader.duration(fields["hold"], mayBeZero: true)
    let latch = reader.bool(fields["latch"])
    let then = reader.effect(fields["then"])
    let why = reader.template(fields["why"])
    let unknown = reader.choice(fields["unknown"], as: RuleDeclaration.Unknown.self)
    let except = (fields["except"].flatMap { reader.list($0, allowsOne: false) } ?? []).compactMap { self.except($0) }
    let mode = reader.choice(fields["mode"], as: Mode.self)
    let labels = self.labels(fields["labels"])
    // A rule without the `until` that its author wrote would mean something else, so its faults would mislead.
    guard let name, let when, until != nil || fields["until"] == nil else { return nil }
    // A broken effect has been reported; with any other in its place the conditions can still be checked.
    var rule = RuleDeclaration(name: name, when: when, then: then ?? .replace(node.range), range: node.range)
    rule.until = until
    rule.for = wait
    rule.hold = hold
    rule.latch = latch
    rule.why = why
    rule.unknown = unknown
    rule.except = except
    rule.shadow = mode.map { Located(true, $0.range) }
    rule.labels = labels
    return rule
  }

  private enum Mode: String, CaseIterable { case shadow }

  private mutating func except(_ node: YAMLNode) -> ExceptEntry? {
    guard
      let fields = reader.fields(of: node, as: PolicyKeys.except)
    else { return nil }
    let condition = reader.expression(fields["where"])
    let expires = reader.endOfDay(fields["expires"])
    let because = reader.string(fields["because"])
    guard let condition else { return nil }
    var entry = ExceptEntry(condition: condition, range: node.range)
    (entry.expires, entry.because) = (expires, because)
    return entry
  }

  private mutating func labels(_ pair: YAMLPair?) -> [(name: Name, value: Located<String>)] {
    guard let pair else { return [] }
    guard let pairs = reader.mapping(pair.value, "`labels`") else { return [] }
    return pairs.compactMap { pair in
      reader.string(pair).map { (Name(pair.key.text, reader.content(of: pair.key)), $0) }
    }
  }
}
