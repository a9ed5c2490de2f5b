package import CriteriaDiagnostics

/// The keys of one mapping of a policy file, looked up by name.
package struct Fields: Sendable {
  /// What the mapping is, for messages: ``a rule``.
  package let what: String
  package let range: SourceRange
  private let pairs: [YAMLPair]
  /// Of many pairs; a few are found sooner by looking at each.
  private let byName: [String: YAMLPair]?
  private static let few = 16

  package init(_ pairs: [YAMLPair], of what: String, range: SourceRange) {
    self.what = what
    self.range = range
    self.pairs = pairs
    byName =
      pairs.count > Self.few
      ? Dictionary(pairs.map { ($0.key.text, $0) }, uniquingKeysWith: { first, _ in first }) : nil
  }

  package subscript(key: String) -> YAMLPair? {
    if let byName { return byName[key] }
    return pairs.first { $0.key.text == key }
  }
}

/// Reads the values of one file's keys, each by the type that its key declares, and collects what is wrong with them.
///
/// Every reading function returns `nil` where it has reported a fault.
package struct ValueReader: Sendable {
  package let text: SourceText
  package let source: SourceID
  package var diagnostics: [Diagnostic] = []

  package init(_ text: SourceText, _ source: SourceID) {
    self.text = text
    self.source = source
  }

  // MARK: Nodes

  package mutating func fields(
    of node: YAMLNode, what: String, allowed: [String], required: [String] = [], nameRange: SourceRange? = nil
  ) -> Fields? {
    guard let pairs = mapping(node, what) else { return nil }
    let fields = Fields(pairs, of: what, range: node.range)
    // A key that is there under a wrong spelling is not missing as well.
    var misspelt: Set<String> = []
    for pair in pairs where !allowed.contains(pair.key.text) {
      let meant = nearest(pair.key.text, among: allowed.filter { fields[$0] == nil })
      if let meant { misspelt.insert(meant) }
      diagnostics.append(.unknownKey(pair.key.text, in: what, nearest: meant, allowed: allowed, at: pair.key.range))
    }
    for key in required where fields[key] == nil && !misspelt.contains(key) {
      diagnostics.append(.missingKey(key, in: what, at: nameRange ?? opening(of: node)))
    }
    return fields
  }

  package mutating func fields(of node: YAMLNode, as fields: ValueKind.Fields) -> Fields? {
    self.fields(of: node, what: fields.what, allowed: fields.names, required: fields.required)
  }

  package mutating func mapping(_ node: YAMLNode, _ what: String) -> [YAMLPair]? {
    if let pairs = node.mapping { return pairs }
    report(wrongKind: node, what, expected: "a mapping")
    return nil
  }

  private mutating func report(wrongKind node: YAMLNode, _ what: String, expected: String) {
    if !node.isFaulty { diagnostics.append(.wrongKind(what, expected: expected, found: node, at: place(of: node))) }
  }

  /// A short span to show for a whole collection: its first line.
  package func opening(of node: YAMLNode) -> SourceRange {
    if let alias = node.aliasRange { return alias }
    if let first = node.mapping?.first, text.bytes[node.range.start] != UInt8(ascii: "{") { return first.key.range }
    var end = node.range.start
    while end < node.range.end, text.bytes[end] != 0x0A, text.bytes[end] != 0x0D { end += 1 }
    return SourceRange(source, node.range.start, end)
  }

  package func place(of node: YAMLNode) -> SourceRange {
    node.scalar == nil ? opening(of: node) : node.aliasRange ?? node.range
  }

  /// The entries of a list; a single value stands for a list of one where `allowsOne`.
  package mutating func list(_ pair: YAMLPair, allowsOne: Bool = true) -> [YAMLNode]? {
    if let nodes = pair.value.sequence { return nodes }
    if allowsOne, let scalar = pair.value.scalar, !scalar.isNull, !pair.value.isFaulty { return [pair.value] }
    report(wrongKind: pair.value, "`\(pair.key.text)`", expected: "a list")
    return nil
  }

  /// A scalar that says something.
  package mutating func scalar(_ node: YAMLNode, _ key: String, expected: String) -> YAMLScalar? {
    guard let scalar = node.scalar else {
      report(wrongKind: node, "`\(key)`", expected: expected)
      return nil
    }
    if node.isFaulty { return nil }
    if scalar.isNull {
      diagnostics.append(.emptyValue(key, expected: expected, at: scalar.range))
      return nil
    }
    return scalar
  }

  // MARK: Plain values

  package mutating func string(_ pair: YAMLPair?) -> Located<String>? {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: "a text") else { return nil }
    return Located(scalar.text, content(of: scalar))
  }

  /// Where a scalar's text stands: without its quotes.
  package func content(of scalar: YAMLScalar) -> SourceRange {
    let quotes = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
    guard quotes, scalar.range.end - scalar.range.start >= 2 else { return scalar.range }
    return SourceRange(source, scalar.range.start + 1, scalar.range.end - 1)
  }

  /// Texts that must be names, of signals or labels.
  package mutating func name(_ scalar: YAMLScalar, of what: String, also extra: String = "") -> Name? {
    let range = content(of: scalar)
    let isValid =
      scalar.text.utf8.first.map(isNameStart) == true
      && scalar.text.utf8.allSatisfy { isNamePart($0) || extra.utf8.contains($0) }
    guard isValid, scalar.text.utf8.count <= 200 else {
      diagnostics.append(.badName(scalar.text, of: what, extra: extra, at: range))
      return nil
    }
    return Name(scalar.text, range)
  }

  package mutating func bool(_ pair: YAMLPair?) -> Located<Bool>? {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: "`true` or `false`") else { return nil }
    switch scalar.text {
    case "true": return Located(true, scalar.range)
    case "false": return Located(false, scalar.range)
    default:
      diagnostics.append(.notABoolean(scalar.text, key: pair.key.text, at: scalar.range))
      return nil
    }
  }

  package mutating func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ pair: YAMLPair?, as type: Value.Type
  ) -> Located<Value>? where Value.RawValue == String {
    guard let pair else { return nil }
    let choices = Value.allCases.map(\.rawValue)
    let expected = choices.map { "`\($0)`" }.joined(separator: ", ")
    guard let scalar = scalar(pair.value, pair.key.text, expected: "one of \(expected)") else { return nil }
    if let value = Value(rawValue: scalar.text) { return Located(value, scalar.range) }
    diagnostics.append(
      .notAChoice(
        scalar.text, key: pair.key.text, choices: choices, nearest: nearest(scalar.text, among: choices),
        at: scalar.range))
    return nil
  }

  // MARK: Numbers and times

  package mutating func number(_ pair: YAMLPair?, expected: String, where isValid: (Double) -> Bool) -> Located<Double>?
  {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: expected) else { return nil }
    guard isDecimal(scalar.text), let value = Double(scalar.text), value.isFinite else {
      diagnostics.append(.notANumber(scalar.text, key: pair.key.text, expected: expected, at: scalar.range))
      return nil
    }
    guard isValid(value) else {
      diagnostics.append(.outOfRange(scalar.text, key: pair.key.text, expected: expected, at: scalar.range))
      return nil
    }
    return Located(value, scalar.range)
  }

  package mutating func int(_ pair: YAMLPair?, in range: ClosedRange<Int>) -> Located<Int>? {
    guard let pair else { return nil }
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let scalar = scalar(pair.value, pair.key.text, expected: expected) else { return nil }
    let digits = scalar.text.utf8.drop { $0 == UInt8(ascii: "-") }
    guard !digits.isEmpty, digits.allSatisfy(isDigit), scalar.text.utf8.count - digits.count <= 1 else {
      diagnostics.append(.notANumber(scalar.text, key: pair.key.text, expected: expected, at: scalar.range))
      return nil
    }
    guard let value = Int(scalar.text), range.contains(value) else {
      diagnostics.append(.outOfRange(scalar.text, key: pair.key.text, expected: expected, at: scalar.range))
      return nil
    }
    return Located(value, scalar.range)
  }

  /// `[-]digits[.digits][e[±]digits]`
  private func isDecimal(_ text: String) -> Bool {
    var rest = text.utf8[...]
    func digits() -> Bool {
      let end = rest.firstIndex { !isDigit($0) } ?? rest.endIndex
      defer { rest = rest[end...] }
      return end > rest.startIndex
    }
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    guard digits() else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard digits() else { return false }
    }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      rest.removeFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
      guard digits() else { return false }
    }
    return rest.isEmpty
  }

  package mutating func duration(_ pair: YAMLPair?, mayBeZero: Bool) -> Located<Duration>? {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: "a duration such as `5m`") else {
      return nil
    }
    let text = ExpressionText(scalar, in: text)
    let (tokens, faults) = Lexer.lex(text.bytes, in: 0..<text.bytes.count, map: text.map)
    guard faults.isEmpty else {
      diagnostics += faults
      return nil
    }
    guard tokens.count == 2, case .number(let digits, let unit?, nil) = tokens[0].kind, Units.unit(unit)?.time == 1
    else {
      diagnostics.append(.notADuration(scalar.text, key: pair.key.text, at: scalar.range))
      return nil
    }
    guard let duration = Duration(digits: digits, unit: unit) else {
      diagnostics.append(.badDuration(scalar.text, at: scalar.range))
      return nil
    }
    guard mayBeZero || duration.milliseconds > 0 else {
      diagnostics.append(
        .outOfRange(scalar.text, key: pair.key.text, expected: "a duration longer than 0", at: scalar.range))
      return nil
    }
    return Located(duration, scalar.range)
  }

  /// A day, as the first millisecond after it, UTC.
  package mutating func endOfDay(_ pair: YAMLPair?) -> Located<Int64>? {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: "a date such as `2026-12-31`") else {
      return nil
    }
    guard let days = daysSince1970(scalar.text) else {
      diagnostics.append(.badDate(scalar.text, key: pair.key.text, at: scalar.range))
      return nil
    }
    return Located((days + 1) * 86_400_000, scalar.range)
  }

  /// Of `YYYY-MM-DD` in the Gregorian calendar; `nil` for days that do not exist.
  private func daysSince1970(_ text: String) -> Int64? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy({ $0.utf8.allSatisfy(isDigit) }),
      let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]), year >= 1970,
      (1...12).contains(month)
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...lengths[Int(month - 1)]).contains(day) else { return nil }
    // Counted from 1 March, so that leap days come last in their year.
    let shifted = month > 2 ? year : year - 1
    let monthFromMarch = (month + 9) % 12
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }

  // MARK: Languages inside scalars

  package mutating func expression(_ pair: YAMLPair?) -> Expr? {
    guard let pair else { return nil }
    guard let text = expressionText(pair) else { return nil }
    let (expression, faults) = parseExpression(text)
    diagnostics += mended(faults, of: pair)
    return expression
  }

  package mutating func effect(_ pair: YAMLPair?) -> Effect? {
    guard let pair, let text = expressionText(pair) else { return nil }
    let (effect, faults) = parseEffect(text)
    diagnostics += mended(faults, of: pair)
    return effect
  }

  package mutating func template(_ pair: YAMLPair?) -> Template? {
    guard let pair, let scalar = quotable(pair, expected: "a text") else { return nil }
    let (template, faults) = parseTemplate(ExpressionText(scalar, in: text), at: content(of: scalar))
    diagnostics += faults
    return template
  }

  private mutating func expressionText(_ pair: YAMLPair) -> ExpressionText? {
    quotable(pair, expected: "an expression").map { ExpressionText($0, in: text) }
  }

  /// A scalar; what YAML read as a collection because of its first character gets the quoted form.
  package mutating func quotable(_ pair: YAMLPair, expected: String) -> YAMLScalar? {
    if pair.value.scalar == nil, pair.value.aliasRange == nil,
      let written = writtenValue(in: text.bytes, from: pair.value.range.start),
      pair.value.range.start > pair.key.range.end,
      !text.bytes[pair.key.range.end..<pair.value.range.start].contains(0x0A)
    {
      diagnostics.append(.unquoted(pair.key.text, readAs: pair.value, written: written, in: text, source))
      return nil
    }
    return scalar(pair.value, pair.key.text, expected: expected)
  }

  /// A string that does not end in a plain scalar, before a `#`: YAML took the rest for a comment.
  private func mended(_ faults: [Diagnostic], of pair: YAMLPair) -> [Diagnostic] {
    guard let scalar = pair.value.scalar, scalar.style == .plain, pair.value.aliasRange == nil,
      let fault = faults.first(where: { $0.code == .unterminatedString }), let start = fault.range?.start
    else { return faults }
    guard let written = writtenValue(in: text.bytes, from: scalar.range.start), written.upperBound > scalar.range.end,
      text.bytes[scalar.range.end..<written.upperBound].contains(UInt8(ascii: "#")),
      text.bytes[scalar.range.end..<written.upperBound].contains(text.bytes[start])
    else { return faults }
    return [.cutByComment(pair.key.text, written: written, cut: scalar.range.end, in: text, source)]
  }

  package mutating func selector(_ node: YAMLNode, _ key: String) -> Located<MetricSelector>? {
    scalar(node, key, expected: "a metric selector").flatMap { selector($0) }
  }

  private mutating func selector(_ scalar: YAMLScalar) -> Located<MetricSelector>? {
    let (selector, fault) = MetricSelectorParser.parse(ExpressionText(scalar, in: text))
    if let fault { diagnostics.append(fault) }
    return selector.map { Located($0, content(of: scalar)) }
  }

  package mutating func selector(_ pair: YAMLPair?) -> Located<MetricSelector>? {
    guard let pair, let scalar = quotable(pair, expected: "a metric selector") else { return nil }
    return selector(scalar)
  }

  package mutating func unit(_ pair: YAMLPair?) -> Located<Unit>? {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: "a unit") else { return nil }
    if let unit = Units.named(scalar.text) { return Located(unit, scalar.range) }
    let names = (Units.literals + Units.words).map(\.name)
    let meant = Units.meant(by: scalar.text) ?? nearest(scalar.text, among: names)
    diagnostics.append(.unknownUnitName(scalar.text, meant: meant, names: names, at: scalar.range))
    return nil
  }

  /// `'< 0'`: a comparison sign and a plain number.
  package mutating func ignore(_ pair: YAMLPair?) -> Located<Ignore>? {
    guard let pair, let scalar = scalar(pair.value, pair.key.text, expected: "a comparison such as `'< 0'`") else {
      return nil
    }
    let text = ExpressionText(scalar, in: text)
    let (tokens, faults) = Lexer.lex(text.bytes, in: 0..<text.bytes.count, map: text.map)
    var rest = tokens.map(\.kind)[...]
    var sign = 1.0
    if faults.isEmpty, case .symbol(let symbol) = rest.popFirst(), let comparison = ComparisonOperator(rawValue: symbol)
    {
      if rest.first == .symbol("-") {
        sign = -1
        rest.removeFirst()
      }
      if case .number(let digits, nil, nil) = rest.popFirst(), rest.first == .end, let bound = Double(digits),
        bound.isFinite
      {
        return Located(Ignore(comparison: comparison, bound: sign * bound), scalar.range)
      }
    }
    diagnostics += faults.isEmpty ? [.badIgnore(scalar.text, at: scalar.range)] : faults
    return nil
  }
}
