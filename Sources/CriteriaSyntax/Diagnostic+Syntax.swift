package import CriteriaDiagnostics

/// `a`, `b` and `c`, each in backticks.
private func listed(_ names: [String], _ word: String = "and") -> String {
  let quoted = names.map { "`\($0)`" }
  guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
  return quoted.dropLast().joined(separator: ", ") + " \(word) " + last
}

private func didYouMean(_ name: String?) -> String? { name.map { "did you mean `\($0)`?" } }

private func codePoint(_ value: UInt32) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

// MARK: Files and YAML

extension Diagnostic {
  package static func unreadableFile(_ error: FileError) -> Self {
    Self(.error, .unreadableFile, "cannot read `\(error.path)`: \(error.reason)", at: nil)
  }

  static func fileTooLarge(_ path: String, bytes: Int, limit: Int, at range: SourceRange) -> Self {
    Self(.error, .fileTooLarge, "`\(path)` has \(bytes) bytes; the limit is \(limit)", at: range)
  }

  static func notUTF8(byte: UInt8, at range: SourceRange) -> Self {
    Self(
      .error, .notUTF8, "not UTF-8: byte 0x\(String(byte, radix: 16, uppercase: true))", at: range,
      help: "save the file as UTF-8")
  }

  static func controlCharacter(_ value: UInt32, at range: SourceRange) -> Self {
    Self(
      .error, .controlCharacter, "control character \(codePoint(value))", at: range,
      help: value < 0x100 ? "write it as an escape in a double-quoted text: `\"\\x\(hex(value))\"`" : "remove it")
  }

  private static func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return digits.count < 2 ? "0" + digits : digits
  }

  static func lineSeparator(_ value: UInt32, at range: SourceRange) -> Self {
    let escape = value == 0x85 ? "\\N" : value == 0x2028 ? "\\L" : "\\P"
    return Self(
      .error, .lineSeparator, "line separator \(codePoint(value)), which YAML readers disagree about", at: range,
      help: "use a line feed, or the escape `\(escape)` in a double-quoted text")
  }

  /// What libyaml says, in our words where a policy's author meets it; where a text without quotes is the cause, that.
  static func yamlSyntax(_ error: YAMLSyntaxError, in text: SourceText, _ source: SourceID) -> Self {
    let places = [error.offset, error.contextOffset].compactMap(\.self)
    for place in places {
      if let (key, value) = unquotedValue(in: text.bytes, near: place) { return unquoted(key, value, in: text, source) }
    }
    let start = min(error.offset, text.bytes.count)
    let isTab = start < text.bytes.count && text.bytes[start] == 0x09
    var end = start
    while end < text.bytes.count, isTab ? text.bytes[end] == 0x09 : !isSpace(text.bytes[end]) { end += 1 }
    let range = SourceRange(source, start, max(end, min(start + 1, text.bytes.count)))
    if isTab, error.problem.contains("cannot start any token") || error.problem.contains("tab") {
      return Self(.error, .yamlSyntax, "a tab cannot indent", at: range, help: "indent with spaces")
    }
    // Of what never ends, the start tells more than the end of the file.
    if text.bytes[start...].allSatisfy(isSpace), let opened = error.contextOffset, opened < start {
      let context = error.context.map { " \($0)" } ?? ""
      return Self(
        .error, .yamlSyntax, "not valid YAML: the file ends\(context)", at: SourceRange(source, opened, opened + 1),
        label: "begins here")
    }
    let opened = error.contextOffset.map {
      SourceRange(source, min($0, text.bytes.count), min($0 + 1, text.bytes.count))
    }
    let context = error.context.map { ", \($0)" } ?? ""
    return Self(
      .error, .yamlSyntax, "not valid YAML: \(error.problem)\(context)", at: range,
      labels: opened.map { $0.start == range.start ? [] : [Label($0, "begins here")] } ?? [])
  }

  static func duplicateKey(_ key: String, at range: SourceRange, first: SourceRange) -> Self {
    Self(
      .error, .duplicateKey, "key `\(key)` stands twice", at: range, label: "again",
      labels: [Label(first, "first here")],
      help: "keep one of the two")
  }

  static func tooManyNodes(_ limit: Int, at range: SourceRange) -> Self {
    Self(.error, .tooManyNodes, "more than \(limit) values, with every alias written out", at: range)
  }

  static func tooDeep(_ limit: Int, at range: SourceRange) -> Self {
    Self(.error, .tooDeep, "lists and mappings nested more than \(limit) deep", at: range)
  }

  static func secondDocument(at range: SourceRange) -> Self {
    Self(
      .error, .severalDocuments, "a second document in one file", at: range,
      help: "put each document in a file of its own")
  }

  static func unknownAlias(_ name: String, nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .badAlias, "no anchor `&\(name)` before this alias", at: range,
      help: didYouMean(nearest.map { "*" + $0 }) ?? "a text that begins with `*` needs quotes")
  }

  static func aliasInsideItself(_ name: String, at range: SourceRange) -> Self {
    Self(.error, .badAlias, "alias `*\(name)` inside what `&\(name)` names", at: range)
  }

  static func unsupportedTag(_ tag: String, at range: SourceRange, in text: SourceText) -> Self {
    var end = range.start
    while end < text.bytes.count, !isSpace(text.bytes[end]) { end += 1 }
    return Self(
      .error, .unsupportedTag, "tag `\(tag)` is not supported", at: SourceRange(range.source, range.start, end),
      help: "values are read by the type of their key; a text that begins with `!` needs quotes")
  }

  static func keyNotScalar(at range: SourceRange) -> Self {
    Self(.error, .keyNotScalar, "a key must be a single text", at: range)
  }

  static func emptyFile(_ path: String, at range: SourceRange) -> Self {
    Self(.error, .emptyFile, "`\(path)` holds nothing", at: range)
  }

  // MARK: Texts that need quotes

  private static func unquoted(_ key: String, _ value: Range<Int>, in text: SourceText, _ source: SourceID) -> Self {
    let quoted = singleQuoted(String(decoding: text.bytes[value], as: UTF8.self))
    let range = SourceRange(source, value.lowerBound, value.upperBound)
    return Self(
      .error, .unquoted, "the text of `\(key)` means something else in YAML", at: range, help: "quote it: `\(quoted)`",
      fix: Fix(range, quoted))
  }

  static func unquoted(
    _ key: String, readAs node: YAMLNode, written: Range<Int>, in text: SourceText, _ source: SourceID
  ) -> Self {
    var diagnostic = unquoted(key, written, in: text, source)
    diagnostic.message = "YAML reads the text of `\(key)` as \(kind(of: node))"
    return diagnostic
  }

  /// - Parameter cut: Where YAML stopped reading, inside `written`.
  static func cutByComment(
    _ key: String, written: Range<Int>, cut: Int, in text: SourceText, _ source: SourceID
  ) -> Self {
    let quoted = singleQuoted(String(decoding: text.bytes[written], as: UTF8.self))
    var hash = cut
    while hash < written.upperBound - 1, isSpace(text.bytes[hash]) { hash += 1 }
    return Self(
      .error, .unquoted, "YAML ends the text of `\(key)` at the `#`", at: SourceRange(source, hash, written.upperBound),
      label: "read as a comment", help: "quote it: `\(quoted)`",
      fix: Fix(SourceRange(source, written.lowerBound, written.upperBound), quoted))
  }

  private static func kind(of node: YAMLNode) -> String {
    switch node.content {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar(let scalar): scalar.isNull ? "nothing" : "a single value"
    }
  }
}

// MARK: Keys and values

extension Diagnostic {
  static func badUse(_ message: String, at range: SourceRange, help: String? = nil) -> Self {
    Self(.error, .badUsePath, message, at: range, help: help)
  }

  static func useOutside(_ path: String, at range: SourceRange) -> Self {
    badUse(
      "`\(path)` is not inside the policy's folder", at: range,
      help: "name a file beside the policy or below it, by a relative path")
  }

  static func useTwice(_ path: String, at range: SourceRange) -> Self { badUse("`\(path)` is used already", at: range) }

  static func unreadableUse(_ path: String, reason: String, at range: SourceRange) -> Self {
    badUse("cannot read `\(path)`: \(reason)", at: range)
  }

  static func unknownKey(_ key: String, in what: String, nearest: String?, allowed: [String], at range: SourceRange)
    -> Self
  {
    Self(
      .error, .unknownKey, "unknown key `\(key)` in \(what)", at: range,
      help: didYouMean(nearest)
        ?? (key == "<<" ? "YAML 1.1's merge keys are not supported" : "its keys are \(listed(allowed))"),
      fix: nearest.map { Fix(range, $0) })
  }

  static func missingKey(_ key: String, in what: String, at range: SourceRange) -> Self {
    Self(.error, .missingKey, "\(what) needs the key `\(key)`", at: range)
  }

  static func wrongKind(_ what: String, expected: String, found node: YAMLNode, at range: SourceRange) -> Self {
    Self(.error, .wrongKind, "\(what) must be \(expected), found \(kind(of: node))", at: range)
  }

  static func emptyValue(_ key: String, expected: String, at range: SourceRange) -> Self {
    Self(.error, .emptyValue, "`\(key)` is empty: expected \(expected)", at: range)
  }

  static func notANumber(_ text: String, key: String, expected: String, at range: SourceRange) -> Self {
    Self(.error, .notANumber, "`\(key)` must be \(expected), found `\(text)`", at: range)
  }

  static func notADuration(_ text: String, key: String, at range: SourceRange) -> Self {
    let isNumber = !text.isEmpty && text.utf8.allSatisfy(isDigit)
    return Self(
      .error, .notADuration, "`\(key)` must be a duration, found `\(text)`", at: range,
      help: isNumber
        ? "add a unit: `\(text)s` or `\(text)m`" : "write a number and one of `ms`, `s`, `m`, `h`, `d`, `w`: `5m`")
  }

  /// In a key or a window alike.
  static func badDuration(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .notADuration, "`\(text)` is no duration: expected whole milliseconds, more than 0 and at most 100 years",
      at: range)
  }

  static func notABoolean(_ text: String, key: String, at range: SourceRange) -> Self {
    let meant: String? =
      switch text.lowercased() {
      case "yes", "on", "y", "1", "true": "true"
      case "no", "off", "n", "0", "false": "false"
      default: nil
      }
    return Self(
      .error, .notABoolean, "`\(key)` must be `true` or `false`, found `\(text)`", at: range,
      help: meant.map { "write `\($0)`" },
      fix: meant.map { Fix(range, $0) })
  }

  static func notAChoice(_ text: String, key: String, choices: [String], nearest: String?, at range: SourceRange)
    -> Self
  {
    Self(
      .error, .notAChoice, "`\(key)` must be \(listed(choices, "or")), found `\(text)`", at: range,
      help: didYouMean(nearest),
      fix: nearest.map { Fix(range, $0) })
  }

  static func outOfRange(_ text: String, key: String, expected: String, at range: SourceRange) -> Self {
    Self(.error, .outOfRange, "`\(key)` must be \(expected), found `\(text)`", at: range)
  }

  static func watchAboveReplace(watch: SourceRange, replace: SourceRange) -> Self {
    Self(
      .error, .outOfRange, "`watch` is above `replace`", at: watch, labels: [Label(replace, "`replace`")],
      help: "an instance is watched at a lower score than it is replaced")
  }

  static func badName(_ text: String, of what: String, extra: String, at range: SourceRange) -> Self {
    let also = extra.isEmpty ? "" : ", " + listed(extra.map(String.init))
    return Self(
      .error, .badName, "`\(text)` cannot name a \(what)", at: range,
      help:
        "a \(what)'s name begins with a letter or `_` and goes on with letters, digits, `_`\(also); at most 200 characters"
    )
  }

  static func reservedName(_ name: String, at range: SourceRange) -> Self {
    Self(.error, .badName, "`\(name)` cannot name a signal: it is a word of the language", at: range)
  }

  static func unsupportedVersion(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .unsupportedVersion, "version `\(text)` is not supported", at: range, help: "write `version: 1`",
      fix: Fix(range, "1"))
  }

  static func badDate(_ text: String, key: String, at range: SourceRange) -> Self {
    Self(.error, .badDate, "`\(key)` must be a day such as `2026-12-31`, found `\(text)`", at: range)
  }

  static func unknownUnitName(_ text: String, meant: String?, names: [String], at range: SourceRange) -> Self {
    Self(
      .error, .unknownUnitName, "unknown unit `\(text)`", at: range,
      help: didYouMean(meant) ?? "units are \(listed(names)), optionally followed by `/s`, `/m`, `/h` or `/d`",
      fix: meant.map { Fix(range, $0) })
  }

  static func badSelector(_ problem: String, at range: SourceRange) -> Self {
    Self(
      .error, .badSelector, "metric selector: \(problem)", at: range,
      help: "write it as in Prometheus: `name{label=\"value\", other=~\"pattern\"}`")
  }

  static func effectWithoutPlus(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badEffect, "a rule adds to the score by `+`", at: range, help: "write `+\(text)`",
      fix: Fix(SourceRange(range.source, range.start, range.start), "+"))
  }

  static func negativeEffect(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badEffect, "a rule cannot take from the score, found `\(text)`", at: range,
      help: "`protect` keeps an instance from being replaced; `except` keeps a rule from counting")
  }

  static func unknownEffect(_ text: String, nearest: String?, at range: SourceRange) -> Self {
    Self(
      .error, .badEffect, "unknown effect `\(text)`", at: range,
      help: didYouMean(nearest) ?? "write `+` and a number, `replace`, `quarantine` or `protect`",
      fix: nearest.map { Fix(range, $0) })
  }

  static func loneBrace(at range: SourceRange) -> Self {
    Self(
      .error, .badTemplate, "a `}` without its `{`", at: range, help: "a brace itself is written `}}`",
      fix: Fix(range, "}}"))
  }

  static func openBrace(at range: SourceRange) -> Self {
    Self(
      .error, .badTemplate, "a `{` without its `}`", at: range, help: "a brace itself is written `{{`",
      fix: Fix(range, "{{"))
  }

  static func signalWithoutKind(_ what: String, kinds: [String], at range: SourceRange) -> Self {
    Self(
      .error, .signalKind, "\(what) does not say where it comes from", at: range,
      help: "add one of \(listed(kinds, "or"))")
  }

  static func signalOfTwoKinds(_ what: String, _ kinds: [String], at ranges: [SourceRange]) -> Self {
    Self(
      .error, .signalKind, "\(what) has more than one source: \(listed(kinds))", at: ranges[ranges.count - 1],
      labels: ranges.dropLast().map { Label($0, "also here") }, help: "keep one")
  }

  static func keyOfOtherKind(_ key: String, kind: String, takers: [String], at range: SourceRange) -> Self {
    Self(
      .error, .keyOfOtherKind, "a `\(kind)` signal takes no `\(key)`", at: range,
      help: "`\(key)` goes with \(listed(takers))")
  }

  static func badIgnore(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badIgnore, "`ignore` must be a comparison with a plain number, found `\(text)`", at: range,
      help: "write `'< 0'`; it is compared with samples as they come, before `scale` and `unit`")
  }

  static func duplicateName(_ what: String, _ name: String, at range: SourceRange, first: SourceRange) -> Self {
    Self(
      .error, .duplicateName, "a second \(what) `\(name)`", at: range, label: "again",
      labels: [Label(first, "first here")],
      help: "give one of them another name")
  }
}

// MARK: Expressions

extension Diagnostic {
  static func unexpectedToken(
    _ text: String, expected: String, at range: SourceRange, help: String? = nil, fix: String? = nil
  ) -> Self {
    Self(
      .error, .unexpectedToken, "expected \(expected), found \(text.isEmpty ? "the end" : "`\(text)`")", at: range,
      help: help,
      fix: fix.map { Fix(range, $0) })
  }

  static func emptyExpression(at range: SourceRange) -> Self {
    Self(.error, .unexpectedToken, "expected an expression, found nothing", at: range)
  }

  static func unclosedBracket(_ found: String, closing: String, open: SourceRange, at range: SourceRange) -> Self {
    Self(
      .error, .unexpectedToken, "expected `\(closing)`, found \(found.isEmpty ? "the end" : "`\(found)`")", at: range,
      labels: [Label(open, "opened here")])
  }

  static func strangeCharacter(_ text: String, at range: SourceRange) -> Self {
    let value = text.unicodeScalars.first?.value ?? 0
    let shown = value < 0x20 || value == 0x7F ? codePoint(value) : "`\(text)`"
    return Self(
      .error, .strangeCharacter, "\(shown) has no meaning in an expression", at: range,
      help: ["“", "”", "„", "‘", "’"].contains(text) ? "quote texts with \" or '" : nil)
  }

  static func unterminatedString(quote: String, at range: SourceRange) -> Self {
    Self(.error, .unterminatedString, "this text does not end", at: range, help: "close it with \(quote)")
  }

  static func badEscape(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .badEscape, "unknown escape `\(text)`", at: range,
      help: "escapes are `\\\\`, `\\\"`, `\\'`, `\\n` and `\\t`; a backslash itself is `\\\\`",
      fix: Fix(range, "\\" + text))
  }

  static func numberShape(_ text: String, fix: String, at range: SourceRange) -> Self {
    Self(
      .error, .badNumber, "`\(text)` is not how numbers are written here", at: range, help: "write `\(fix)`",
      fix: Fix(range, fix))
  }

  static func numberTooLarge(at range: SourceRange) -> Self {
    Self(.error, .badNumber, "this number is too large", at: range)
  }

  static func spaceBeforeUnit(_ text: String, fix: String, at range: SourceRange) -> Self {
    Self(
      .error, .badNumber, "a unit stands directly after its number", at: range, help: "write `\(fix)`",
      fix: Fix(range, fix))
  }

  static func compoundDuration(_ text: String, fix: String?, at range: SourceRange) -> Self {
    Self(
      .error, .badNumber, "a duration has one unit", at: range, help: fix.map { "write `\($0)`" },
      fix: fix.map { Fix(range, $0) })
  }

  static func unknownUnit(_ name: String, meant: String?, at range: SourceRange) -> Self {
    Self(
      .error, .unknownUnit, "unknown unit `\(name)`", at: range,
      help: didYouMean(meant) ?? "units are \(listed(Units.literals.map(\.name)))", fix: meant.map { Fix(range, $0) })
  }

  static func windowUnit(_ digits: String, at range: SourceRange) -> Self {
    Self(
      .error, .misplacedWindow, "a window needs a unit of time", at: range, help: "write `\(digits)s` or `\(digits)m`")
  }

  static func windowInside(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .misplacedWindow, "a window is the whole argument of a function", at: range,
      help: "take a value of it first: `avg(\(text))`")
  }

  static func bareWindow(_ text: String, at range: SourceRange) -> Self {
    Self(
      .error, .misplacedWindow, "a window stands only in the brackets of a function", at: range,
      help: "say which value of it: `avg(\(text))`, `max(\(text))`, `count(\(text))`")
  }

  static func chainedComparison(fix: String?, sign: SourceRange, at range: SourceRange) -> Self {
    Self(
      .error, .chainedComparison, "comparisons do not chain", at: sign, label: "second comparison",
      help: fix.map { "write `\($0)`" } ?? "join them with `and`, or use brackets", fix: fix.map { Fix(range, $0) })
  }

  static func foreignOperator(_ text: String, write: String, fix: String, at range: SourceRange) -> Self {
    Self(
      .error, .foreignOperator, "`\(text)` is written `\(write)` here", at: range, help: "write `\(write)`",
      fix: Fix(range, fix))
  }

  static func expressionTooLarge(_ limit: String, at range: SourceRange) -> Self {
    Self(
      .error, .expressionTooLarge, "this expression has \(limit)", at: range,
      help: "split it into named signals (`is:`)")
  }
}
