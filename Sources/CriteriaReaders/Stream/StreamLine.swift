import CriteriaDiagnostics
package import CriteriaEngine

/// One line of what `rulecheck stream` reads, taken apart but not copied: its texts are places in the line's bytes.
///
/// ```text
/// {"at": TIME, "instance": ID, "sample": METRIC, "labels": {…}, "value": NUMBER}
/// {"at": TIME, "instance": ID, "line": TEXT, "source": SOURCE}
/// {"at": TIME, "instance": ID, "condition": TYPE, "status": STATUS, "reason": TEXT, "since": TIME}
/// {"at": TIME, "instance": ID, "facts": {…}, "labels": {…}, "desired": {…}, "launched": TIME}
/// {"at": TIME, "instance": ID, "attach": SOURCE}
/// {"tick": TIME} · {"remove": ID} · {"snapshot": true} · {"explain": ID, "at": TIME, "allRules": BOOL} · {"quit": true}
/// ```
/// The five observations take an `origin` too: `{"file": PATH, "line": NUMBER}`.
package struct StreamLine: Sendable {
  package enum Kind: Sendable { case sample, line, condition, facts, attach, tick, remove, snapshot, explain, quit }

  package private(set) var kind = Kind.facts
  /// Milliseconds since 1970: when it was seen; of a `tick`, the time to advance to; `nil` only where `explain` says none.
  package private(set) var at: Int64?
  package private(set) var instance = JSONText()
  /// The metric, the log line's text, the condition's type, or the source to attach.
  package private(set) var name = JSONText()
  package private(set) var value = Double.nan
  /// The bytes of `{…}`.
  package private(set) var labels: JSONText?
  package private(set) var allRules = false
  private var facts: JSONText?
  private var desired: JSONText?
  private var second = JSONText()
  private var reason: JSONText?
  private var since: Int64?
  private var launched: Int64?
  private var origin: (file: JSONText, line: Int)?

  /// - Throws: What is wrong with the line; the first fault.
  package init(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) {
    guard isASCIIOrUTF8(bytes) else {
      throw JSONFault(
        at: firstInvalid(bytes), "bytes that are not UTF-8", remedy: "write UTF-8, or replace what is not with U+FFFD")
    }
    var cursor = JSONCursor(bytes)
    var seen: Keys = []
    try cursor.expect(UInt8(ascii: "{"), "an object")
    if !cursor.take(UInt8(ascii: "}")) {
      repeat {
        _ = cursor.peek()
        let place = cursor.at
        let text = try cursor.string("a name in quotes")
        guard let key = Key(text, cursor) else {
          let name = cursor.string(of: text)
          throw JSONFault(
            at: place, "unknown name \(excerpt(name.utf8))",
            remedy: nearest(name, among: Key.allCases.map(\.name)).map { "did you mean `\($0)`?" }
              ?? "the names are \(list(Key.allCases.map(\.name)))")
        }
        guard seen.insert(key) else {
          throw JSONFault(at: place, "`\(key.name)` stands twice", remedy: "one of each on a line")
        }
        try cursor.expect(UInt8(ascii: ":"), "`:`")
        try read(key, &cursor)
      } while cursor.take(UInt8(ascii: ","))
      try cursor.expect(UInt8(ascii: "}"), "`,` or `}`")
    }
    try cursor.expectEnd()
    try settle(seen)
  }

  private mutating func read(_ key: Key, _ cursor: inout JSONCursor) throws(JSONFault) {
    switch key {
    case .at: at = try cursor.time("the time of the observation")
    case .tick: at = try cursor.time("the time to advance to")
    case .instance, .remove, .explain: instance = try cursor.name("the name of an instance")
    case .sample: name = try cursor.name("the name of a metric")
    case .line: name = try cursor.string("the text of a log line")
    case .condition: name = try cursor.name("the type of a condition")
    case .attach: name = try cursor.name("the name of a log's source")
    case .source: second = try cursor.name("the name of a log's source")
    case .status: second = try cursor.string("a status in quotes")
    case .reason: reason = try cursor.string("a reason in quotes")
    case .value: value = try cursor.sampleValue()
    case .since: since = try cursor.time("the time of the last change")
    case .launched: launched = try cursor.time("the time of the launch")
    case .labels: labels = try cursor.map("an object of labels")
    case .facts: facts = try cursor.map("an object of facts")
    case .desired: desired = try cursor.map("an object of facts")
    case .origin: origin = try cursor.origin()
    case .allRules: allRules = try cursor.bool("true or false")
    case .snapshot, .quit:
      let place = cursor.at
      guard try cursor.bool("true") else {
        throw JSONFault(at: place, "`\(key.name)` that is false asks for nothing", remedy: "leave the line out")
      }
    }
  }

  /// What kind of line the names on it make, and whether they make a whole one.
  private mutating func settle(_ seen: Keys) throws(JSONFault) {
    let form: Form
    if let index = Form.all.firstIndex(where: { seen.contains($0.key) }) {
      form = Form.all[index]
      if let other = Form.all[(index + 1)...].first(where: { seen.contains($0.key) }) {
        throw JSONFault(
          at: nil, "both `\(form.key.name)` and `\(other.key.name)`", remedy: "one observation or request a line")
      }
    } else if seen.contains(.value) {
      throw JSONFault(at: nil, "a `value` without the metric's name", remedy: "`\"sample\": METRIC`")
    } else if !seen.isDisjoint(with: [.facts, .labels, .desired, .launched]) {
      form = Form(.facts, .facts, [.at, .instance], [.labels, .desired, .launched, .origin])
    } else {
      throw JSONFault(
        at: nil, "the line observes nothing and asks for nothing",
        remedy: "it has one of \(list(Form.all.map(\.key.name) + ["facts"]))")
    }
    kind = form.kind
    let missing = form.needs.subtracting(seen)
    if let key = missing.first {
      throw JSONFault(at: nil, "`\(form.key.name)` needs `\(key.name)`", remedy: key.example)
    }
    let extra = seen.subtracting(form.needs).subtracting(form.takes).subtracting(Keys(form.key))
    if let key = extra.first {
      throw JSONFault(
        at: nil, "`\(key.name)` does not go with `\(form.key.name)`", remedy: "leave it out, or on another line")
    }
  }
}

// MARK: What it says

extension StreamLine {
  /// The observation, its texts copied. Not for `attach` and requests.
  ///
  /// - Parameter bytes: Those it was read from.
  package func observation(in bytes: UnsafeRawBufferPointer) throws(JSONFault) -> Observation {
    let cursor = JSONCursor(bytes)
    switch kind {
    case .sample:
      return .sample(try cursor.plain(name), try labels.map(cursor.pairs) ?? [:], value)
    case .line: return .line(cursor.string(of: name), source: try cursor.plain(second))
    case .condition:
      return .condition(
        try cursor.plain(name), cursor.string(of: second), reason: reason.map(cursor.string(of:)),
        since: since.map(Timestamp.init(milliseconds:)))
    case .facts:
      return .facts(
        try facts.map(cursor.pairs) ?? [:],
        labels: try labels.map(cursor.pairs),
        desired: try desired.map(cursor.pairs),
        launched: launched.map(Timestamp.init(milliseconds:)))
    case .attach, .tick, .remove, .snapshot, .explain, .quit: preconditionFailure("a line that observes nothing")
    }
  }

  /// The instance's name.
  package func instance(in bytes: UnsafeRawBufferPointer) throws(JSONFault) -> String {
    try JSONCursor(bytes).plain(instance)
  }

  /// The source to attach.
  package func source(in bytes: UnsafeRawBufferPointer) throws(JSONFault) -> String {
    try JSONCursor(bytes).plain(name)
  }

  /// Where the caller read it, if it says.
  package func origin(in bytes: UnsafeRawBufferPointer) -> Origin? {
    origin.map { Origin(file: JSONCursor(bytes).string(of: $0.file), line: $0.line) }
  }
}

extension JSONCursor {
  /// A string that is not empty.
  fileprivate mutating func name(_ what: StaticString) throws(JSONFault) -> JSONText {
    let text = try string(what)
    guard !text.isEmpty else {
      throw JSONFault(at: text.start - 1, "expected \(what), found an empty string", remedy: "write the name")
    }
    return text
  }

  /// A number; `"NaN"`, `"+Inf"`, `"-Inf"` and `null`, of which each ends its series.
  fileprivate mutating func sampleValue() throws(JSONFault) -> Double {
    if peek() == UInt8(ascii: "\"") {
      let text = try string("a number")
      if equals(text, "NaN") { return .nan }
      if equals(text, "+Inf") || equals(text, "Inf") { return .infinity }
      if equals(text, "-Inf") { return -.infinity }
      throw JSONFault(
        at: text.start - 1, "expected a number for `value`, found a string",
        remedy: "write it without quotes; only `\"NaN\"`, `\"+Inf\"` and `\"-Inf\"` have them")
    }
    if takeNull() { return .nan }
    let text = try number("a number for `value`")
    let digits = UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])
    guard let value = parseDouble(digits) else {
      throw JSONFault(
        at: text.start, "\(excerpt(digits)) is beyond the largest number", remedy: "write `\"+Inf\"` or `\"-Inf\"`")
    }
    return value
  }

  /// A flat object of strings; checked, not taken apart.
  fileprivate mutating func map(_ what: StaticString) throws(JSONFault) -> JSONText {
    _ = peek()
    var text = JSONText()
    text.start = at
    try expect(UInt8(ascii: "{"), what)
    if !take(UInt8(ascii: "}")) {
      repeat {
        _ = try string("a name in quotes")
        try expect(UInt8(ascii: ":"), "`:`")
        if peek() != UInt8(ascii: "\"") {
          var fault = wrong("a string")
          fault.remedy = "values of labels and facts are strings: write it in quotes"
          throw fault
        }
        _ = try string("a string")
      } while take(UInt8(ascii: ","))
      try expect(UInt8(ascii: "}"), "`,` or `}`")
    }
    text.end = at
    return text
  }

  fileprivate mutating func origin() throws(JSONFault) -> (file: JSONText, line: Int) {
    var file: JSONText?
    var line: Int?
    try expect(UInt8(ascii: "{"), "an object with `file` and `line`")
    let place = at
    repeat {
      let key = try string("`file` or `line` in quotes")
      try expect(UInt8(ascii: ":"), "`:`")
      if equals(key, "file"), file == nil {
        file = try name("a path")
      } else if equals(key, "line"), line == nil {
        let text = try number("a line's number")
        line = parseInteger(UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])).flatMap { Int(exactly: $0) }
        guard line.map({ $0 >= 0 }) ?? false else {
          throw JSONFault(at: text.start, "expected a line's number", remedy: "a whole number from 0")
        }
      } else {
        throw JSONFault(
          at: key.start - 1, "`origin` has `file` and `line`, once each", remedy: "leave anything else out")
      }
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"), "`,` or `}`")
    guard let file, let line else {
      throw JSONFault(
        at: place, "`origin` needs `file` and `line`", remedy: "`{\"file\": \"kernel.log\", \"line\": 812}`")
    }
    return (file, line)
  }

  /// The strings of a flat object; NUL tells labels apart inside, so it cannot stand in one.
  package func pairs(_ text: JSONText) throws(JSONFault) -> [String: String] {
    // Offsets of faults stay those of the line.
    var cursor = JSONCursor(UnsafeRawBufferPointer(rebasing: bytes[..<text.end]), at: text.start)
    var pairs: [String: String] = [:]
    guard cursor.take(UInt8(ascii: "{")), !cursor.take(UInt8(ascii: "}")) else { return pairs }
    repeat {
      let key = try cursor.string("a name in quotes")
      let name = try cursor.plain(key)
      _ = cursor.take(UInt8(ascii: ":"))
      let value = try cursor.plain(try cursor.string("a string"))
      if pairs.updateValue(value, forKey: name) != nil {
        throw JSONFault(
          at: key.start - 1, "\(excerpt(name.utf8)) stands twice in one object", remedy: "one value a name")
      }
    } while cursor.take(UInt8(ascii: ","))
    return pairs
  }

  /// A string's characters; NUL is refused.
  fileprivate func plain(_ text: JSONText) throws(JSONFault) -> String {
    let string = string(of: text)
    guard !text.hasEscapes || !string.utf8.contains(0) else {
      throw JSONFault(
        at: text.start - 1, "a NUL character in a name", remedy: "names and labels are text: leave it out")
    }
    return string
  }
}

// MARK: Names

private enum Key: UInt8, CaseIterable {
  case at, instance, sample, labels, value, line, source, condition, status, reason, since, facts, desired, launched,
    attach, origin, tick, remove, snapshot, explain, allRules, quit

  init?(_ text: JSONText, _ cursor: JSONCursor) {
    if text.hasEscapes {
      let name = cursor.string(of: text)
      guard let key = Key.allCases.first(where: { $0.name == name }) else { return nil }
      self = key
      return
    }
    // Length and first letter leave one or two; comparing with all of them costs as much as the rest of a line.
    let first = text.isEmpty ? 0 : cursor.bytes[text.start]
    let found: Key? =
      switch (text.end - text.start, first) {
      case (2, _): Key.at.if(cursor.equals(text, "at"))
      case (4, UInt8(ascii: "l")): Key.line.if(cursor.equals(text, "line"))
      case (4, UInt8(ascii: "t")): Key.tick.if(cursor.equals(text, "tick"))
      case (4, _): Key.quit.if(cursor.equals(text, "quit"))
      case (5, UInt8(ascii: "v")): Key.value.if(cursor.equals(text, "value"))
      case (5, UInt8(ascii: "s")): Key.since.if(cursor.equals(text, "since"))
      case (5, _): Key.facts.if(cursor.equals(text, "facts"))
      case (6, UInt8(ascii: "s")):
        Key.sample.if(cursor.equals(text, "sample")) ?? Key.source.if(cursor.equals(text, "source"))
          ?? Key.status.if(cursor.equals(text, "status"))
      case (6, UInt8(ascii: "l")): Key.labels.if(cursor.equals(text, "labels"))
      case (6, UInt8(ascii: "r")):
        Key.reason.if(cursor.equals(text, "reason")) ?? Key.remove.if(cursor.equals(text, "remove"))
      case (6, UInt8(ascii: "a")): Key.attach.if(cursor.equals(text, "attach"))
      case (6, _): Key.origin.if(cursor.equals(text, "origin"))
      case (7, UInt8(ascii: "d")): Key.desired.if(cursor.equals(text, "desired"))
      case (7, _): Key.explain.if(cursor.equals(text, "explain"))
      case (8, UInt8(ascii: "i")): Key.instance.if(cursor.equals(text, "instance"))
      case (8, UInt8(ascii: "l")): Key.launched.if(cursor.equals(text, "launched"))
      case (8, UInt8(ascii: "s")): Key.snapshot.if(cursor.equals(text, "snapshot"))
      case (8, _): Key.allRules.if(cursor.equals(text, "allRules"))
      case (9, _): Key.condition.if(cursor.equals(text, "condition"))
      default: nil
      }
    guard let found else { return nil }
    self = found
  }

  @inline(__always)
  private func `if`(_ condition: Bool) -> Key? { condition ? self : nil }

  var name: String { "\(self)" }
  var bit: UInt32 { 1 << UInt32(rawValue) }

  /// How a line that lacks it gets it.
  var example: String {
    switch self {
    case .at: "`\"at\": \"2026-11-23T01:00:00Z\"`, or milliseconds since 1970"
    case .instance: "`\"instance\": \"i-0a1\"`"
    case .value: "`\"value\": 0.5`"
    case .source: "`\"source\": \"kernel\"`"
    case .status: "`\"status\": \"True\"`"
    default: "write it"
    }
  }
}

/// A set of names: those on a line, those a kind of line needs.
private struct Keys: ExpressibleByArrayLiteral {
  private var bits: UInt32 = 0
  init(arrayLiteral keys: Key...) { for key in keys { bits |= key.bit } }
  init(_ key: Key) { bits = key.bit }

  mutating func insert(_ key: Key) -> Bool {
    let isNew = bits & key.bit == 0
    bits |= key.bit
    return isNew
  }
  func contains(_ key: Key) -> Bool { bits & key.bit != 0 }
  func isDisjoint(with other: Keys) -> Bool { bits & other.bits == 0 }
  func subtracting(_ other: Keys) -> Keys {
    var rest = self
    rest.bits &= ~other.bits
    return rest
  }
  var first: Key? { bits == 0 ? nil : Key.allCases.first(where: contains) }
}

/// A kind of line: the name that makes it, those it needs beside that one, and those it takes.
private struct Form {
  var key: Key
  var kind: StreamLine.Kind
  var needs: Keys
  var takes: Keys

  init(_ key: Key, _ kind: StreamLine.Kind, _ needs: Keys = [], _ takes: Keys = []) {
    self.key = key
    self.kind = kind
    self.needs = needs
    self.takes = takes
  }

  /// Those that one name tells; a line without it may still be of facts.
  static let all = [
    Form(.sample, .sample, [.at, .instance, .value], [.labels, .origin]),
    Form(.line, .line, [.at, .instance, .source], [.origin]),
    Form(.condition, .condition, [.at, .instance, .status], [.reason, .since, .origin]),
    Form(.attach, .attach, [.at, .instance]),
    Form(.tick, .tick),
    Form(.remove, .remove),
    Form(.snapshot, .snapshot),
    Form(.explain, .explain, [], [.at, .allRules]),
    Form(.quit, .quit),
  ]
}

private func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

/// Where the first byte stands that is not UTF-8.
private func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int {
  zip(bytes, String(decoding: bytes, as: UTF8.self).utf8).prefix { $0.0 == $0.1 }.count
}
