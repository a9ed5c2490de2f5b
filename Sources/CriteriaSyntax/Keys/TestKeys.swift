/// Every key of files of policy tests and of shared defaults, in one place: the parser takes what stands here, `fmt` orders by it,
/// `schema` prints it. How a series goes over time is a text here.
package enum TestKeys {
  private typealias Key = ValueKind.Key

  package static let file = ValueKind.Fields(
    "a test file",
    [
      version,
      Key("policy", .path, isRequired: true, "The policy under test, beside this file."),
      Key("description", .text, "What is tested, in a sentence."),
      Key("use", .list(of: .path, orOne: true), "Files whose defaults it shares."),
      Key("date", .date, "The day on which the cases begin, UTC."),
      Key("scrape", .duration, "How often series are sampled; default the policy's step."),
      Key(
        "defaults", .fields(given), "What is observed in every case that does not say otherwise: a healthy instance."),
      Key("tests", .list(of: .fields(test), orOne: false), isRequired: true, "The cases."),
    ])

  /// A file that test files name under `use:`.
  package static let shared = ValueKind.Fields(
    "a file of shared defaults",
    [
      version, Key("description", .text, "What it says, in a sentence."),
      Key("defaults", .fields(given), isRequired: true, "What is observed in every case that does not say otherwise."),
    ])

  package static let test = ValueKind.Fields(
    "a test",
    [
      Key("test", .text, isRequired: true, "What the case shows, as a sentence."),
      Key("because", .text, "Why it is so."),
      Key("date", .date, "The day on which the case begins, UTC."),
      Key("scrape", .duration, "How often series are sampled."),
      Key(
        "each", .list(of: .named(.text), orOne: false), "The case once for each row; `{name}` takes the row's value."),
      Key("given", .fields(given), "What is observed, by signal: `20% for 5m then 95% for 20m`."),
      Key("instances", .named(.fields(given)), "Several instances, by name, with what is observed of each."),
      Key("expect", .list(of: .fields(expectation), orOne: false), "What the policy must make of it."),
    ])

  package static let given = ValueKind.Fields(
    "what is given",
    [
      Key("instance", .named(.text), "`age`, and `label.NAME`, `fact.NAME`, `desired.NAME`."),
      Key("logs", .named(.named(.list(of: .text, orOne: true))), "Lines by source and time: `kernel: {3m: text}`."),
      Key("samples", .list(of: .fields(samples), orOne: false), "Series of metrics in promtool's notation."),
    ], others: .text, isOrdered: false)

  package static let samples = ValueKind.Fields(
    "an entry of `samples`",
    [
      Key("series", .text, isRequired: true, "A metric and its labels: `up{job=\"x\"}`."),
      Key("values", .text, isRequired: true, "One for each scrape: `1x30 0 _x3 stale`."),
    ])

  package static let expectation = ValueKind.Fields(
    "an expectation",
    [
      Key("at", .list(of: .anyOf([.duration, .integer(0...0)]), orOne: true), "When, from the start of the case."),
      Key("of", .text, "Of which instance; default every one of the case."),
      Key("verdict", .choice(outcomes), "The verdict, or `unjudged`."),
      Key(
        "score", .anyOf([.number, .text, .list(of: .number, orOne: false)]), "`60`, `50..70`, or an interval `[0, 40]`."
      ),
      Key("because", .list(of: .text, orOne: true), "Rules that contribute; others may, too."),
      Key("rule", .name(extra: "-"), "The rule that `state`, `possible`, `key` and `why` speak of."),
      Key("state", .choice(states), "The rule's state."),
      Key(
        "possible", .list(of: .text, orOne: true), "What an unknown verdict may be; with `rule`, the state that may be."
      ),
      Key("key", .named(.text), "The row of a rule or value over keys."),
      Key("why", .text, "A part of the reason."),
      Key("value", .expression, "An expression, evaluated then."),
      Key("is", .text, "What it must be: a number, `90% .. 95%`, a text, `true`, `false`, `unknown`."),
      Key("missing", .list(of: .text, orOne: true), "Signals that keep the verdict open."),
      Key("nextChange", .text, "When the verdict can change without new data, from the start of the case; or `never`."),
      Key("timeline", .text, "Verdicts of the whole case: `keep until 9m then watch`."),
      Key("never", .list(of: .text, orOne: true), "Rules and verdicts that never come up in the whole case."),
    ], isOrdered: false)

  /// What may be said of an instance, and of a rule.
  package static let outcomes = ["keep", "watch", "quarantine", "replace", "unknown", "unjudged"]
  package static let states = ["idle", "pending", "active", "holding", "excepted", "n/a"]

  private static let version = Key("version", .version, isRequired: true, "The version of the format: 1.")
}
