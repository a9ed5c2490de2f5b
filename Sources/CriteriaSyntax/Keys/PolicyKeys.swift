/// Every key of policies and of files with shared signals, in one place: the parser takes what stands here, `fmt` orders by it,
/// `schema` prints it.
package enum PolicyKeys {
  private typealias Key = ValueKind.Key

  package static let policy = ValueKind.Fields(
    "a policy",
    [
      version,
      Key("policy", .name(extra: "-."), isRequired: true, "The policy's name, as decisions carry it."),
      Key("description", .text, "What it judges, in a sentence."),
      Key("selector", .expression, "Which instances it judges, by facts and labels; without it, every one."),
      Key("step", .duration, "Decisions are made at multiples of this; default 30s."),
      Key("watch", .number, "From so many points on an instance is watched."),
      Key("replace", .number, "From so many points on an instance is replaced."),
      Key(
        "launched", .list(of: .selector, orOne: true),
        "Metrics that say when an instance was launched, if the inventory does not."),
      Key("use", .list(of: .path, orOne: true), "Files with shared signals, relative, inside the policy's folder."),
      Key(
        "desired", .list(of: .fields(desired), orOne: false),
        "What drift is measured against, if the inventory does not say; exactly one entry must match."),
      Key("max_lateness", .duration, "How late an observation may come and still count; default two steps."),
      Key("signals", .named(.anyOf(kinds.map { .fields($0.fields) })), "What is known of an instance, by name."),
      Key("rules", .list(of: .fields(rule), orOne: false), isRequired: true, "What counts against an instance."),
    ])

  /// A file that policies name under `use:`.
  package static let shared = ValueKind.Fields(
    "a `use` file",
    [
      version,
      Key(
        "signals", .named(.anyOf(kinds.map { .fields($0.fields) })), isRequired: true,
        "What is known of an instance, by name."),
    ])

  package static let rule = ValueKind.Fields(
    "a rule",
    [
      Key("rule", .name(extra: "-"), isRequired: true, "The rule's name, as decisions carry it."),
      Key("when", .expression, isRequired: true, "What must be true for the rule to become active."),
      Key("unknown", .choice(RuleDeclaration.Unknown.allCases.map(\.rawValue)), "How an unknown `when` counts."),
      Key("until", .expression, "What must become true for it to clear; without it, `when` false."),
      Key("for", .duration, "How long `when` must have been true."),
      Key("hold", .duration, "How long it stays after it has cleared."),
      Key("latch", .boolean, "It never clears by itself."),
      Key("then", .effect, isRequired: true, "`+POINTS`, `replace`, `quarantine` or `protect`."),
      Key("why", .template, "The reason that people read; `{expression}` is replaced by its value."),
      Key("except", .list(of: .fields(except), orOne: false), "Instances that the rule spares, and until when."),
      Key("mode", .choice(["shadow"]), "`shadow`: evaluated and reported, contributes nothing."),
      Key("labels", .named(.text), "Copied into decisions."),
    ])

  package static let except = ValueKind.Fields(
    "an entry of `except`",
    [
      Key("where", .expression, isRequired: true, "Which instances, by facts and labels."),
      Key("expires", .date, "The last day, UTC, on which the exception holds."),
      Key("because", .text, "Why."),
    ])

  package static let desired = ValueKind.Fields(
    "an entry of `desired`", [Key("where", .expression, "Which instances; without it, every one.")], others: .text)

  /// The kinds of signal, by the key that makes a signal one, with the keys that each takes.
  package static let kinds: [(name: String, fields: ValueKind.Fields)] = [
    kind("gauge", .selector, "A metric whose value is a level.", metric),
    kind("counter", .selector, "A metric that only grows, but for resets.", metric),
    kind(
      "log", .list(of: .text, orOne: true), "Lines of these log sources: names, globs, or `any`.",
      [
        Key("match", .pattern, isRequired: true, "A regular expression (PCRE2) that finds the lines; it searches."),
        Key("value", .name(extra: ""), "The group whose text is read as a number."),
        unit, by, reduce,
        Key("utf", .boolean, "Lines and pattern are characters of UTF-8, not bytes."),
        Key("match_limit", .integer(1...1_000_000_000), "Steps that matching a line may take."),
        Key(
          "max_line", .integer(1...64 << 20), "The longest line that is searched, in bytes; a longer one is unknown."),
        staleAfter, optional,
      ]),
    kind(
      "condition", .text, "A status and its last change: the condition's name.",
      [
        Key("from", .selector, "The metric that carries conditions, 1 for the status that holds."),
        Key("type", .text, "The label of that metric that names the condition."),
        Key("status", .text, "The label of that metric that names the status."),
        staleAfter, instance, optional,
      ]),
    kind(
      "info", .selector, "A metric whose label carries a fact.",
      [Key("label", .text, "The label that carries it."), staleAfter, instance, optional]),
    kind("fact", .text, "A fact of the inventory, read as a number.", [unit, optional]),
    kind("is", .expression, "A named expression.", [reduce]),
  ]

  private static let metric = [
    unit, by, reduce, staleAfter,
    Key("scale", .number, "Multiplies each sample, before the unit converts it."),
    Key("ignore", .bound, "Samples for which this holds are as if they had not come: `'< 0'`."),
    Key("max_keys", .integer(1...100_000), "How many series of an instance are kept; default 64."),
    instance, optional,
  ]

  private static func kind(_ name: String, _ value: ValueKind, _ summary: String, _ keys: [Key]) -> (
    String, ValueKind.Fields
  ) {
    (name, ValueKind.Fields("a \(name) signal", [Key(name, value, isRequired: true, summary)] + keys))
  }

  private static let version = Key("version", .version, isRequired: true, "The version of the format: 1.")
  private static let unit = Key("unit", .unit, "What the samples count, such as `percent`, `bytes`, `ms`.")
  private static let by = Key(
    "by", .list(of: .name(extra: ""), orOne: true), "Labels, or groups of the pattern, that tell its series apart.")
  private static let reduce = Key(
    "reduce", .choice(Reduction.allCases.map(\.rawValue)), "How the series of an instance become one value.")
  private static let staleAfter = Key("stale_after", .duration, "Older samples do not count.")
  private static let optional = Key(
    "optional", .boolean, "Instances that never showed it are not judged by the rules that read it.")
  private static let instance = Key("instance", .text, "The label that holds the instance, here.")
}

/// Which of our files a text is, by its keys.
package enum FileKind: String, Sendable, CaseIterable {
  case policy, signals, test, defaults

  /// `nil`: none of them.
  package init?(of node: YAMLNode) {
    guard let keys = node.mapping?.map(\.key.text) else { return nil }
    if keys.contains("tests") {
      self = .test
    } else if keys.contains("defaults") {
      self = .defaults
    } else if keys.contains("rules") || keys.contains("policy") {
      self = .policy
    } else if keys.contains("signals") {
      self = .signals
    } else {
      return nil
    }
  }
}
