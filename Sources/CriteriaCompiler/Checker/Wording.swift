package import CriteriaDiagnostics
import CriteriaSyntax

/// More steps than this in one window are refused: each is a decision about each instance.
let maxStepsInWindow: Int64 = 1_000_000

/// The codes of the checker: E02xx names and types, E03xx rules and signals, W04xx warnings.
extension DiagnosticCode {
  static let unknownName = Self("E0210")
  static let comparingTypes = Self("E0211")
  static let comparingDimensions = Self("E0212")
  static let addingDimensions = Self("E0213")
  static let mixedArguments = Self("E0214")
  static let wrongType = Self("E0215")
  static let notOrdered = Self("E0216")
  static let unknownFunction = Self("E0217")
  static let wrongArity = Self("E0218")
  static let missingWindow = Self("E0219")
  static let strayWindow = Self("E0220")
  static let wrongSignal = Self("E0221")
  static let windowOfExpression = Self("E0222")
  static let bareLog = Self("E0223")
  static let unknownGroup = Self("E0224")
  static let unknownMember = Self("E0225")
  static let cycle = Self("E0226")
  static let expansionTooLarge = Self("E0227")
  static let unquotedString = Self("E0228")
  static let badPattern = Self("E0229")
  static let reservedSignalName = Self("E0230")
  static let driftedNeedsName = Self("E0231")

  static let differentKeys = Self("E0301")
  static let reduceWithoutKeys = Self("E0302")
  static let notAMultiple = Self("E0303")
  static let watchAboveReplace = Self("E0304")
  static let worthNotPlain = Self("E0305")
  static let worthUnbounded = Self("E0306")
  static let worthNegative = Self("E0307")
  static let emptyRamp = Self("E0308")
  static let reversedClamp = Self("E0309")
  static let latchBeside = Self("E0310")
  static let ignoreOnStopping = Self("E0311")
  static let optionalOnStopping = Self("E0312")
  static let notStanding = Self("E0313")
  static let infoWithoutLabel = Self("E0314")
  static let conditionLabels = Self("E0315")
  static let reasonKeys = Self("E0316")
  static let unitWithoutValue = Self("E0317")
  static let tooManySteps = Self("E0318")

  static let rawCounter = Self("W0401")
  static let keyShadowed = Self("W0402")
  static let byBesideReduce = Self("W0403")
  static let unusedSignal = Self("W0404")
  static let expiredException = Self("W0405")
  static let hiddenCharacter = Self("W0406")
  static let mixedScripts = Self("W0407")
  static let statusCase = Self("W0408")
  static let explodingPattern = Self("W0409")
}

/// Every code of this stage: each has a page in `rulecheck explain`.
package let checkerCodes: [DiagnosticCode] = [
  .unknownName, .comparingTypes, .comparingDimensions, .addingDimensions, .mixedArguments, .wrongType, .notOrdered,
  .unknownFunction, .wrongArity, .missingWindow, .strayWindow, .wrongSignal, .windowOfExpression, .bareLog,
  .unknownGroup, .unknownMember, .cycle, .expansionTooLarge, .unquotedString, .badPattern, .reservedSignalName,
  .driftedNeedsName, .differentKeys, .reduceWithoutKeys, .notAMultiple, .watchAboveReplace, .worthNotPlain,
  .worthUnbounded, .worthNegative, .emptyRamp, .reversedClamp, .latchBeside, .ignoreOnStopping, .optionalOnStopping,
  .notStanding, .infoWithoutLabel, .conditionLabels, .reasonKeys, .unitWithoutValue, .tooManySteps,
  .rawCounter, .keyShadowed,
  .byBesideReduce, .unusedSignal, .expiredException, .hiddenCharacter, .mixedScripts, .statusCase, .explodingPattern,
]

/// Sentences that several diagnostics share.
enum Wording {
  static func factAsNumber(_ name: String) -> String {
    "facts are strings; to read it as a number, declare a signal such as `\(isName(name) ? name : "x"): {fact: \(name)}`"
  }

  static func declareUnit(_ signal: String, as dimension: Dimension) -> String {
    switch (dimension.bytes, dimension.time, dimension.mark) {
    case (0, 0, .ratio): "declare `unit: percent` (0 to 100) or `unit: ratio` (0 to 1) on signal `\(signal)`"
    case (1, 0, _): "declare `unit: bytes` on signal `\(signal)`"
    case (0, 1, _): "declare `unit: seconds` or another unit of time on signal `\(signal)`"
    default: "declare the `unit` of signal `\(signal)`"
    }
  }

  static func shareOrMultiple(_ share: String, _ multiple: String) -> String {
    "write `\(share)` for a share, `\(multiple)` for as many times"
  }

  static func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

  static func write(_ fix: Diagnostic.Fix?) -> String? { fix.map { "write `\($0.text)`" } }
}

// MARK: - Names

extension Diagnostic {
  static func unknownName(_ name: String, nearest: String?, isFunction: Bool, at range: SourceRange) -> Self {
    let help =
      if let nearest {
        "did you mean `\(nearest)`?"
      } else if isFunction {
        "`\(name)` is a function: give it something to work on, such as `\(name)(x[5m])`"
      } else {
        "declare it under `signals`; what is known of an instance is read as `fact.\(name)` or `label.\(name)`"
      }
    return Diagnostic(
      .error, .unknownName, "unknown name `\(name)`", at: range, help: help, fix: nearest.map { Fix(range, $0) })
  }

  static func unquotedString(_ word: String, at range: SourceRange) -> Self {
    let fix = Fix(range, "\"\(word)\"")
    return Diagnostic(
      .error, .unquotedString, "`\(word)` names no signal, and a string needs quotes", at: range,
      help: Wording.write(fix), fix: fix)
  }

  static func capitalTruth(_ word: String, at range: SourceRange) -> Self {
    let fix = Fix(range, word.lowercased())
    return Diagnostic(.error, .unknownName, "unknown name `\(word)`", at: range, help: Wording.write(fix), fix: fix)
  }

  static func unknownFunction(_ name: String, nearest: String?, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .unknownFunction, "unknown function `\(name)`", at: range,
      help: nearest.map { "did you mean `\($0)`?" } ?? "`rulecheck explain` lists the functions",
      fix: nearest.map { Fix(range, $0) })
  }

  static func unknownGroup(_ group: String, of signal: Name, groups: [String], at range: SourceRange) -> Self {
    let near = nearest(group, among: groups)
    let help =
      groups.isEmpty
      ? "its `match` names no groups; name one like `(?<\(group)>…)`"
      : near.map { "did you mean `\($0)`?" } ?? "its `match` names \(Wording.list(groups))"
    return Diagnostic(
      .error, .unknownGroup, "log signal `\(signal.value)` has no group `\(group)`", at: range, help: help,
      fix: near.map { Fix(range, $0) })
  }

  static func unknownMember(
    _ member: String, of name: String, isA kind: String?, known: [String], at range: SourceRange
  ) -> Self {
    let near = nearest(member, among: known) ?? (known.count == 1 ? known[0] : nil)
    let help = known.isEmpty ? "only conditions and logs have parts" : "it has \(Wording.list(known))"
    return Diagnostic(
      .error, .unknownMember, "\(kind.map { "\($0) " } ?? "")`\(name)` has no part `\(member)`", at: range,
      help: near.map { "did you mean `\($0)`?" } ?? help, fix: near.map { Fix(range, $0) })
  }

  static func memberOfExpression(_ member: String, of name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .unknownMember, "named expression `\(name)` has no part `\(member)`", at: range,
      help: "only conditions and logs have parts")
  }

  static func tooManyParts(of name: String, at range: SourceRange) -> Self {
    Diagnostic(.error, .unknownMember, "nothing of `\(name)` has parts of its own", at: range)
  }

  static func bareBuiltIn(_ name: String, at range: SourceRange) -> Self {
    let help = name == "drift" ? "write `drift.count` or `drift.ratio`" : "say which one, such as `\(name).image`"
    return Diagnostic(.error, .unknownMember, "`\(name)` alone has no value", at: range, help: help)
  }

  static func dottedName(_ first: String, _ whole: String, at range: SourceRange, canQuote: Bool) -> Self {
    let fix = canQuote ? Fix(range, "\(first)[\"\(whole)\"]") : nil
    return Diagnostic(
      .error, .unknownMember, "`\(first)` takes one name, found `\(whole)`", at: range, help: Wording.write(fix),
      fix: fix)
  }

  static func reservedSignalName(_ name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .reservedSignalName, "`\(name)` has a meaning of its own and cannot name a signal", at: range,
      help: "choose another name, such as `\(name)_signal`")
  }

  static func cycle(_ names: [Name], at range: SourceRange) -> Self {
    let circle = (names + [names[0]]).map { "`\($0.value)`" }.joined(separator: " → ")
    return Diagnostic(
      .error, .cycle, "`\(names[0].value)` is defined by itself: \(circle)", at: range,
      labels: names.map { Label($0.range, "declared here") })
  }

  static func expansionTooLarge(nodes: Int, limit: Int, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .expansionTooLarge, "with its names written out this has \(nodes) parts, at most \(limit) are allowed",
      at: range, help: "named expressions are written out wherever they are used; reduce or split them")
  }

  static func expansionTooDeep(limit: Int, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .expansionTooLarge, "with its names written out this nests more than \(limit) deep", at: range,
      help: "shorten the chain of named expressions")
  }

  static func policyTooLarge(limit: Int, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .expansionTooLarge,
      "with all names written out the policy has more than \(limit) parts; this and what follows is not checked",
      at: range, help: "named expressions are written out wherever they are used; reduce or split them")
  }

  static func badPattern(_ message: String, at range: SourceRange, pattern: SourceRange) -> Self {
    Diagnostic(
      .error, .badPattern, "the pattern is not valid: \(message)", at: range,
      labels: range == pattern ? [] : [Label(pattern, "this pattern")], help: "patterns are those of PCRE2")
  }

  /// - Parameter line: One that shows it.
  static func explodingPattern(_ line: String, at range: SourceRange) -> Self {
    let shown = line.count > 24 ? "\(line.prefix(16))…\(line.suffix(6))" : line
    return Diagnostic(
      .warning, .explodingPattern,
      "the pattern meets its match limit on a line of \(line.utf8.count) bytes, and is unknown then: `\(shown)`",
      at: range,
      help:
        "let each part of a line match in one way only: `(\\w+\\s?)*` can split words anywhere, `\\w+(?:\\s\\w+)*` cannot"
    )
  }

  static func badMatcher(_ matcher: MetricSelector.Matcher, _ message: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .badPattern, "the pattern `\(matcher.value)` of label `\(matcher.label)` is not valid: \(message)",
      at: range,
      help: "patterns are those of PCRE2")
  }

  static func driftedNeedsName(found: String?, at range: SourceRange, fix: String? = nil) -> Self {
    let fix = fix.map { Fix(range, $0) }
    return Diagnostic(
      .error, .driftedNeedsName, "`drifted` takes the name of one fact" + (found.map { ", found `\($0)`" } ?? ""),
      at: range, help: Wording.write(fix) ?? "write it like `drifted(image)`", fix: fix)
  }

  static func driftedOfSignal(_ name: String, kind: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .driftedNeedsName, "`drifted` takes the name of a fact, `\(name)` is a \(kind)", at: range,
      help: "only facts and info signals are desired to have a value")
  }
}

// MARK: - Types and dimensions

extension Diagnostic {
  static func comparingTypes(
    _ left: String, _ leftRange: SourceRange, _ right: String, at range: SourceRange, help: String? = nil,
    fix: Fix? = nil
  ) -> Self {
    Diagnostic(
      .error, .comparingTypes, "comparing \(left) with \(right)", at: range, label: right,
      labels: [Label(leftRange, left)],
      help: help ?? Wording.write(fix), fix: fix)
  }

  static func comparingDimensions(
    _ left: Dimension, _ right: Dimension, at range: SourceRange, label: String, other: Label, help: String?, fix: Fix?
  ) -> Self {
    Diagnostic(
      .error, .comparingDimensions, "comparing \(left.nounWithArticle) with \(right.nounWithArticle)", at: range,
      label: label, labels: [other], help: help ?? Wording.write(fix), fix: fix)
  }

  static func addingDimensions(
    _ sign: ArithmeticOperator, _ left: Dimension, _ right: Dimension, at range: SourceRange, label: String,
    other: Label,
    help: String?, fix: Fix?
  ) -> Self {
    let message =
      sign == .add
      ? "adding \(right.nounWithArticle) to \(left.nounWithArticle)"
      : "subtracting \(right.nounWithArticle) from \(left.nounWithArticle)"
    return Diagnostic(
      .error, .addingDimensions, message, at: range, label: label, labels: [other], help: help ?? Wording.write(fix),
      fix: fix)
  }

  static func mixedArguments(
    _ function: String, _ left: Dimension, _ right: Dimension, at range: SourceRange, label: String, other: Label,
    help: String?, fix: Fix?
  ) -> Self {
    Diagnostic(
      .error, .mixedArguments, "`\(function)` of \(left.nounWithArticle) and \(right.nounWithArticle)", at: range,
      label: label, labels: [other], help: help ?? Wording.write(fix), fix: fix)
  }

  static func notATruth(_ needed: String, found: String, at range: SourceRange, fix: Fix?) -> Self {
    Diagnostic(
      .error, .wrongType, "\(needed) needs true or false, found \(found)", at: range, label: found,
      help: Wording.write(fix) ?? "compare it with something", fix: fix)
  }

  static func notANumber(_ needed: String, found: String, at range: SourceRange, help: String?) -> Self {
    Diagnostic(.error, .wrongType, "\(needed) needs a number, found \(found)", at: range, label: found, help: help)
  }

  static func notAString(_ needed: String, found: String, at range: SourceRange) -> Self {
    Diagnostic(.error, .wrongType, "\(needed) needs a string, found \(found)", at: range, label: found)
  }

  static func notOrdered(_ sign: ComparisonOperator, found: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .notOrdered, "\(found) have no order for `\(sign.rawValue)`", at: range,
      help: found == "strings"
        ? "compare them with `==`, `!=`, `in` or `=~`; to read a fact as a number, declare a signal `{fact: NAME}`"
        : "compare them with `==` or `!=`")
  }

  static func membershipOfTruth(at range: SourceRange) -> Self {
    Diagnostic(
      .error, .wrongType, "`in` needs a number or a string, found true or false", at: range, label: "true or false")
  }
}

// MARK: - Functions and signals

extension Diagnostic {
  static func wrongArity(_ function: String, expected: String, found: Int, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .wrongArity, "`\(function)` takes \(expected), found \(found) \(found == 1 ? "argument" : "arguments")",
      at: range, help: FunctionTable.callable(function).map { "`\($0.signature)`" }.joined(separator: " or "))
  }

  static func missingWindow(_ function: String, signal: String, at range: SourceRange) -> Self {
    let fix = Fix(range, "\(signal)[5m]")
    return Diagnostic(
      .error, .missingWindow, "`\(function)` needs a window of `\(signal)`", at: range, help: Wording.write(fix),
      fix: fix)
  }

  static func notAWindow(_ function: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .missingWindow, "`\(function)` needs a window of a signal, such as `x[5m]`", at: range,
      help: "windows hold what was observed, so they are taken of signals, not of results")
  }

  static func windowOfTerm(_ term: String, function: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .missingWindow, "`\(function)` needs a window of a signal, and `\(term)` is not one", at: range)
  }

  static func strayWindow(at range: SourceRange, signal: String) -> Self {
    Diagnostic(
      .error, .strayWindow, "a window has no value of its own", at: range,
      help: "say what of it, such as `avg(\(signal)[5m])`")
  }

  static func windowInSince(_ signal: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .strayWindow, "`since` takes no window", at: range, help: "write `since(\(signal))`", fix: Fix(range, ""))
  }

  static func windowInNumeric(_ function: String, signal: String, argument: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .strayWindow, "`\(function)` takes numbers here, and a window is none", at: range,
      help: "say what of the window, such as `avg(\(argument))`")
  }

  static func wrongSignal(
    _ function: WindowFunction?, signal: String, kind: SignalClass, declared: SourceRange, at range: SourceRange
  ) -> Self {
    let name = function?.rawValue ?? "absent"
    let help: String? =
      switch (function, kind) {
      case (.rate?, .gauge), (.increase?, .gauge):
        "if it only ever grows, declare it with `counter:` instead of `gauge:`; of a gauge, `slope` tells the trend"
      case (.increase?, .log), (.increase?, .logValue): "write `count(\(signal)[…])` for how many lines matched"
      case (_, .log):
        "a log without `value:` has only events: `count`, `rate` and `absent`; name the group that holds a number in `value:`"
      case (_, .condition), (_, .info): "it takes `changes`, `absent` and `since`"
      case (_, .fact): "a fact has no history in windows; `since` tells when it changed"
      default: nil
      }
    return Diagnostic(
      .error, .wrongSignal, "`\(name)` does not work on a \(kind.rawValue), which `\(signal)` is", at: range,
      labels: [Label(declared, "declared here")], help: help)
  }

  static func sinceOfNumber(_ signal: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .wrongSignal, "`since` does not work on the numbers of `\(signal)`", at: range,
      help: "ask since when something is true of it, such as `since(\(signal) > 0)`")
  }

  static func sinceOfOther(found: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .wrongSignal, "`since` takes a signal, a fact or a condition, found \(found)", at: range,
      help: "compare it with something: `since` then counts from when that became true")
  }

  static func windowOfExpression(_ name: String, function: String, declared: SourceRange, at range: SourceRange) -> Self
  {
    Diagnostic(
      .error, .windowOfExpression, "a window over `\(name)`, which is a named expression", at: range,
      labels: [Label(declared, "write the window inside it")],
      help: "windows hold what was observed: use them inside, on the signals that `\(name)` reads")
  }

  static func bareLog(_ name: String, at range: SourceRange) -> Self {
    let fix = Fix(range, "count(\(name)[10m])")
    return Diagnostic(
      .error, .bareLog, "log signal `\(name)` has no value of its own", at: range,
      help: "write `\(fix.text)`, or name the group that holds a number in `value:`", fix: fix)
  }

  static func rawCounter(_ name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .warning, .rawCounter, "the bare counter `\(name)` counts from its last restart", at: range,
      help: "write `increase(\(name)[5m])` or `rate(\(name)[5m])`")
  }

  static func counterOver(_ function: WindowFunction, signal: String, at range: SourceRange) -> Self {
    Diagnostic(
      .warning, .rawCounter, "`\(function.rawValue)` of the counter `\(signal)` mixes growth and restarts", at: range,
      help: "use `increase(\(signal)[…])` or `rate(\(signal)[…])`; if it is no counter, declare it with `gauge:`")
  }

  static func statusInOtherCase(_ word: String, usual: String, at range: SourceRange) -> Self {
    Diagnostic(
      .warning, .statusCase, "statuses are read as `\(usual)`, so none ever equals `\(word)`", at: range,
      help: "write `\"\(usual)\"`", fix: Fix(range, "\"\(usual)\""))
  }

  static func byBesideReduce(_ name: String, reduce: Located<Reduction>, at range: SourceRange) -> Self {
    Diagnostic(
      .warning, .byBesideReduce, "`by` changes nothing beside `reduce` on `\(name)`", at: range,
      labels: [Label(reduce.range, "makes one value of all series")],
      help: "drop `by`; to keep the keys, drop `reduce`")
  }

  static func infoWithoutLabel(_ name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .infoWithoutLabel, "info signal `\(name)` does not say which label it reads", at: range,
      help: "add `label:` with the label that carries the value")
  }

  static func conditionWithoutLabel(_ name: String, key: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .conditionLabels, "condition `\(name)` comes from a metric, so it needs `\(key)`", at: range,
      help: "name the label that holds the \(key == "type" ? "condition's type" : "status")")
  }

  static func labelWithoutFrom(_ name: String, key: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .conditionLabels, "`\(key)` of condition `\(name)` names a label, but no metric is given", at: range,
      help: "add `from:` with the metric that carries conditions, or drop `\(key)`")
  }

  static func unitWithoutValue(_ name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .unitWithoutValue, "log signal `\(name)` has a unit, but no number to measure", at: range,
      help: "name the group that holds the number in `value:`, or drop `unit`")
  }
}

// MARK: - Keys

extension Diagnostic {
  static func differentKeys(
    _ name: String, _ keys: [String], at range: SourceRange, _ other: String, _ otherKeys: [String], first: SourceRange
  ) -> Self {
    Diagnostic(
      .error, .differentKeys,
      "`\(name)` is by \(Wording.list(keys)), but `\(other)` is by \(Wording.list(otherKeys))", at: range,
      label: "by \(keys.joined(separator: ", "))", labels: [Label(first, "by \(otherKeys.joined(separator: ", "))")],
      help: "give both the same `by`, or make one value of one of them with `reduce`")
  }

  static func reduceWithoutKeys(_ name: String, isLog: Bool, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .reduceWithoutKeys, "`\(name)` has one value already: there is nothing to reduce", at: range,
      help: isLog ? "give it `by`, or drop `reduce`" : "`reduce` needs a signal with `by` in its expression")
  }

  static func reduceOfNonNumber(_ name: String, found: String, at range: SourceRange) -> Self {
    Diagnostic(.error, .wrongType, "`reduce` of `\(name)` needs a number, found \(found)", at: range)
  }

  static func reasonOfOtherKeys(_ name: String, _ keys: [String], rule: [String], at range: SourceRange) -> Self {
    let rows = rule.isEmpty ? "the rule has one row" : "the rule's rows are by \(Wording.list(rule))"
    return Diagnostic(
      .error, .reasonKeys, "`\(name)` has a value per \(Wording.list(keys)), but \(rows)", at: range,
      help: "a reason can read what the rule's `when` reads per key, and what has one value")
  }

  static func keyShadowed(_ name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .warning, .keyShadowed, "`{\(name)}` is the signal of that name, not the key of the rule's rows", at: range,
      help: "rename the signal to speak of the key")
  }
}

// MARK: - Rules

extension Diagnostic {
  static func notAMultiple(_ what: String, _ duration: Duration, step: Duration, at range: SourceRange, fix: Fix)
    -> Self
  {
    Diagnostic(
      .error, .notAMultiple, "\(what) of `\(duration.text)` is no multiple of the step, `\(step.text)`", at: range,
      help: "write `\(fix.text)`", fix: fix)
  }

  static func tooManySteps(_ window: Duration, step: Duration, least: Duration, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .tooManySteps, "a window of `\(window.text)` is more than \(maxStepsInWindow) steps of `\(step.text)`",
      at: range, help: "make `step` `\(least.text)` or longer")
  }

  static func watchAboveDefaultReplace(_ watch: Double, replace: Double, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .watchAboveReplace,
      "`watch` of \(decimal(watch)) is above `replace`, which is \(decimal(replace)) by default",
      at: range, help: "set `replace` too")
  }

  static func worthNotPlain(_ dimension: Dimension, at range: SourceRange, fix: Fix?) -> Self {
    Diagnostic(
      .error, .worthNotPlain, "a worth is a plain number of points, found \(dimension.nounWithArticle)", at: range,
      label: dimension.noun, help: Wording.write(fix) ?? "grade it, such as `+60 * ramp(x, a, b)`", fix: fix)
  }

  static func worthUnbounded(_ range: ValueRange, limit: Double, at place: SourceRange) -> Self {
    let message =
      range.isFinite
      ? "this worth can reach \(decimal(range.high)) points, at most \(decimal(limit)) are allowed"
      : "this worth has no bound"
    return Diagnostic(
      .error, .worthUnbounded, message, at: place,
      help: "bound it: `+60 * ramp(x, a, b)` grades from 0 to 60, `clamp(x, low, high)` keeps it within bounds")
  }

  static func worthNegative(_ range: ValueRange, at place: SourceRange) -> Self {
    Diagnostic(
      .error, .worthNegative, "this worth can fall to \(decimal(range.low)), and no rule may lower the score",
      at: place,
      help: "bound it from below: `clamp(x, 0, …)` or `max(x, 0)`; to stop a replacement use `protect`")
  }

  static func emptyRamp(at range: SourceRange) -> Self {
    Diagnostic(
      .error, .emptyRamp, "this ramp begins and ends at the same value", at: range,
      help: "for a step, compare in `when`: `x > a`")
  }

  static func reversedClamp(at range: SourceRange) -> Self {
    Diagnostic(
      .error, .reversedClamp, "the lower bound of this `clamp` is above its upper bound", at: range,
      help: "write `clamp(x, low, high)`")
  }

  static func latchBeside(_ key: String, latch: SourceRange, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .latchBeside, "a rule with `latch` never clears, so `\(key)` has no meaning", at: range,
      labels: [Label(latch, "latched here")], help: "drop one of them")
  }

  static func ignoreOn(_ effect: String, effect effectRange: SourceRange, at range: SourceRange) -> Self {
    Diagnostic(
      .error, .ignoreOnStopping, "`unknown: ignore` on a rule that may stop a replacement", at: range,
      labels: [Label(effectRange, effect)],
      help: "missing data would silently lift the `\(effect)`; leave it unknown, or take `unknown: fires`")
  }

  static func optionalOn(_ effect: String, signal: String, effect effectRange: SourceRange, at range: SourceRange)
    -> Self
  {
    Diagnostic(
      .error, .optionalOnStopping, "the optional signal `\(signal)` in a rule that may stop a replacement", at: range,
      labels: [Label(effectRange, effect)],
      help: "where the signal is missing the `\(effect)` would silently not apply; drop `optional`")
  }

  static func notStanding(_ name: String, in key: String, info: String?, at range: SourceRange) -> Self {
    let fix = info.map { Fix(range, "fact.\($0)") }
    return Diagnostic(
      .error, .notStanding, "`\(key)` reads facts and labels only, found `\(name)`", at: range,
      help: Wording.write(fix) ?? "what is observed belongs into a rule's `when`", fix: fix)
  }
}

// MARK: - Analyses and characters

extension Diagnostic {
  static func unusedSignal(_ name: String, at range: SourceRange) -> Self {
    Diagnostic(
      .note, .unusedSignal, "signal `\(name)` is never used", at: range, help: "drop it, or move it into a `use` file")
  }

  static func expiredException(_ rule: String, because: String?, at range: SourceRange) -> Self {
    Diagnostic(
      .warning, .expiredException, "this exception of rule `\(rule)` has expired", at: range,
      label: because, help: "drop it, or agree on a new date")
  }

  static func hiddenCharacter(_ scalar: Unicode.Scalar, isBidirectional: Bool, at range: SourceRange) -> Self {
    let code = String(scalar.value, radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
    return Diagnostic(
      .warning, .hiddenCharacter,
      isBidirectional
        ? "the character U+\(padded) changes the order in which the text is shown"
        : "the character U+\(padded) cannot be seen",
      at: range, help: "delete it; where a string needs it, write it as an escape", fix: Fix(range, ""))
  }

  static func mixedScripts(_ word: String, _ letter: Unicode.Scalar, script: String, at range: SourceRange) -> Self {
    let code = String(letter.value, radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
    return Diagnostic(
      .warning, .mixedScripts, "`\(word)` mixes Latin letters with \(script) ones, such as U+\(padded)", at: range,
      help: "letters of other alphabets can look alike; type the word anew")
  }
}
