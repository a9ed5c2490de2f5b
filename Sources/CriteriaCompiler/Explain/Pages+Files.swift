import CriteriaSyntax

let filePages: [ExplainPage] = [
  ExplainPage(
    .unreadableFile, "a file cannot be read",
    "The file does not exist, is a folder, or may not be read. The reason is that of the operating system.",
    failing: .command("rulecheck check no-such-policy.yaml"), mended: example()),
  ExplainPage(
    .fileTooLarge, "a file is too large",
    "Policies are written by people, so more than 8 MiB means that the path names something else, such as an export.",
    failing: .file("a policy of 8 MiB of comments and more", { Array(repeating: 0x23, count: 8 << 20 + 1) }),
    mended: example()),
  ExplainPage(
    .notUTF8, "a file is not UTF-8",
    "Policies are UTF-8, so that they mean the same on every machine. Save the file again in that encoding.",
    failing: .file(
      "a comment with `é` as the one byte E9 of Latin-1",
      { Array("# caf".utf8) + [0xE9, 0x0A] + Array(example().utf8) }),
    mended: "# café\n" + example()),
  ExplainPage(
    .controlCharacter, "a control character stands in the text",
    "Control characters cannot be seen and differ between editors. A text that needs one writes it as an escape.",
    failing: .file("a description that holds the byte 07", { Array(example(head: "description: ring\u{7}").utf8) }),
    mended: example(head: "description: \"ring\\x07\"")),
  ExplainPage(
    .lineSeparator, "a line separator that YAML readers disagree about",
    "U+0085, U+2028 and U+2029 end a line for some readers of YAML and not for others, so a file could mean two things.",
    failing: .file(
      "a comment that holds U+2028", { Array(("# one\u{2028}line\n" + example()).utf8) }),
    mended: "# one line\n" + example()),
  ExplainPage(
    .yamlSyntax, "the file is not valid YAML",
    "The text breaks YAML's own rules: a bracket or a quote is not closed, or lines are indented unevenly or with tabs.",
    failing: example(signals: "cpu: {gauge: node_cpu_busy_percent, unit: percent"),
    mended: example()),
  ExplainPage(
    .duplicateKey, "a key stands twice",
    "YAML readers silently keep one of two equal keys, and not all the same one. Here it is an error.",
    failing: example(rule: "then: +40\nfor: 5m\nfor: 10m"), mended: example(rule: "then: +40\nfor: 10m")),
  ExplainPage(
    .tooManyNodes, "a file grows too large when its aliases are written out",
    "Anchors may be used, but aliases of aliases can multiply a few lines into billions of values.",
    failing: """
      version: 1
      policy: example
      description: [&a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a],
        &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b], &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c],
        &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]]
      rules: [{rule: Example, when: age > 30d, then: +40}]

      """,
    mended: """
      version: 1
      policy: example
      description: old instances
      rules: [{rule: Example, when: age > 30d, then: +40}]

      """),
  ExplainPage(
    .tooDeep, "lists and mappings are nested too deep",
    "A policy is a few levels deep. More than a hundred is a mistake, or an attack on whatever reads it.",
    failing: .file(
      "a list inside 100 lists",
      { Array(String(repeating: "[", count: 101).utf8) + Array(String(repeating: "]", count: 101).utf8) }),
    mended: example()),
  ExplainPage(
    .severalDocuments, "a file holds several documents",
    "One file is one policy. YAML's `---` starts another document, which would otherwise be dropped without a word.",
    failing: example() + "---\n" + example(), mended: example()),
  ExplainPage(
    .badAlias, "an alias names no anchor",
    "`*name` repeats what `&name` marked earlier in the file. A text that only begins with `*` needs quotes.",
    failing: example(signals: "tty: {log: [*sshd, login], match: opened}", when: "count(tty[1h]) > 0"),
    mended: example(signals: "tty: {log: ['*sshd', login], match: opened}", when: "count(tty[1h]) > 0")),
  ExplainPage(
    .unsupportedTag, "a YAML tag is not supported",
    "Each key says how its value is read, so tags of other programs have no meaning here.",
    failing: example(head: "description: !secret web"), mended: example(head: "description: web")),
  ExplainPage(
    .keyNotScalar, "a key is not a single text",
    "YAML allows lists and mappings as keys; a policy's keys are names.",
    failing: example(head: "[description, owner]: web"), mended: example(head: "description: web")),
  ExplainPage(
    .unquoted, "an expression needs quotes for YAML's sake",
    """
    YAML gives a meaning to some characters: a text that begins with `{`, `[` or `"`, or holds `: ` or ` #`, is not read \
    as one text. Put the whole expression into single quotes.
    """,
    failing: example(head: "selector: \"web\" == label.role"),
    mended: example(head: "selector: '\"web\" == label.role'")),
  ExplainPage(
    .emptyFile, "a file holds nothing",
    "The file is empty or has only comments. A policy has at least `version`, `policy` and `rules`.",
    failing: "# to be written\n", mended: example()),
  ExplainPage(
    .badUsePath, "a shared file cannot be used",
    """
    `use` names files with shared signals by paths relative to the policy. They never leave the policy's folder, so that \
    a policy means the same wherever its folder is copied.
    """,
    failing: example(head: "use: [../linux.yaml]"), mended: example()),
]

let keyPages: [ExplainPage] = [
  ExplainPage(
    .unknownKey, "a key is not known",
    "A misspelled key would otherwise be ignored, and the policy would mean less than it says.",
    failing: example(rule: "then: +40\nfro: 10m"), mended: example(rule: "then: +40\nfor: 10m")),
  ExplainPage(
    .missingKey, "a required key is missing",
    "A policy needs `version`, `policy` and `rules`; a rule needs `rule`, `when` and `then`; a log signal needs `match`.",
    failing: """
      version: 1
      policy: example
      rules:
        - rule: Elderly
          when: age > 30d

      """,
    mended: """
      version: 1
      policy: example
      rules:
        - rule: Elderly
          when: age > 30d
          then: +40

      """),
  ExplainPage(
    .wrongKind, "a value has the wrong shape",
    "Where a mapping is expected stands a list or a single value, or the other way round.",
    failing: example(signals: "cpu: node_cpu_busy_percent", when: "age > 30d"), mended: example()),
  ExplainPage(
    .emptyValue, "a value is empty",
    "The key is there, but nothing after it. Drop the key, or say what it should be.",
    failing: example(head: "description:"), mended: example(head: "description: web servers")),
  ExplainPage(
    .notANumber, "a value is not a number",
    "This key takes a plain decimal number, without a unit.",
    failing: example(head: "replace: a hundred"), mended: example(head: "replace: 100")),
  ExplainPage(
    .notADuration, "a value is not a duration",
    "Durations have a unit: `ms`, `s`, `m`, `h`, `d` or `w`, directly after the number.",
    failing: example(rule: "then: +40\nfor: 600"), mended: example(rule: "then: +40\nfor: 600s")),
  ExplainPage(
    .notABoolean, "a value is neither `true` nor `false`",
    "`yes`, `no`, `on` and `off` are booleans to some readers of YAML and texts to others, so only two words are taken.",
    failing: example(rule: "then: quarantine\nlatch: yes"), mended: example(rule: "then: quarantine\nlatch: true")),
  ExplainPage(
    .notAChoice, "a value is not one of the words that its key takes",
    "This key knows a few words; anything else has no meaning.",
    failing: example(rule: "then: +40\nunknown: fire"), mended: example(rule: "then: +40\nunknown: fires")),
  ExplainPage(
    .outOfRange, "a number is outside of what its key allows",
    "For the bands of the score, 0 < `watch` ≤ `replace`; a `step` is longer than 0.",
    failing: example(head: "watch: 120\nreplace: 100"), mended: example(head: "watch: 50\nreplace: 100")),
  ExplainPage(
    .badName, "a name has characters that names cannot have",
    "Names are used in expressions, so they begin with a letter or `_` and go on with letters, digits and `_`.",
    failing: example(signals: "cpu-busy: {gauge: node_cpu_busy_percent}", when: "age > 30d"),
    mended: example(signals: "cpu_busy: {gauge: node_cpu_busy_percent}", when: "cpu_busy > 90")),
  ExplainPage(
    .unsupportedVersion, "the version of the language is not known",
    "`version: 1` is the language that this program reads. It will go on to read it when there are others.",
    failing: "version: 2\npolicy: example\nrules: [{rule: Example, when: age > 30d, then: +40}]\n",
    mended: "version: 1\npolicy: example\nrules: [{rule: Example, when: age > 30d, then: +40}]\n"),
  ExplainPage(
    .badDate, "a value is not a day",
    "Days are written year, month, day: `2026-12-31`. An exception holds until the end of that day, UTC.",
    failing: example(rule: "then: +40\nexcept: [{where: label.pool == \"canary\", expires: 31.12.2099}]"),
    mended: example(rule: "then: +40\nexcept: [{where: label.pool == \"canary\", expires: 2099-12-31}]")),
  ExplainPage(
    .unknownUnitName, "a unit is not known",
    "`unit` says what a signal's numbers count, so that expressions can be checked and samples converted.",
    failing: example(signals: "cpu: {gauge: node_cpu_busy_percent, unit: percentage}", when: "age > 30d"),
    mended: example()),
  ExplainPage(
    .badSelector, "a metric selector cannot be read",
    "Metrics are selected as in Prometheus: a name, and label matchers in braces. Patterns are anchored at both ends.",
    failing: example(signals: "up: {gauge: 'up{job=node}'}", when: "age > 30d"),
    mended: example(signals: "up: {gauge: 'up{job=\"node\"}'}", when: "max(up[5m]) == 0")),
  ExplainPage(
    .badEffect, "an effect is not known",
    "`then` is `+` and a worth, `replace`, `quarantine` or `protect`. The `+` says that worths only add up.",
    failing: example(rule: "then: 40"), mended: example(rule: "then: +40")),
  ExplainPage(
    .badTemplate, "the braces of a reason do not match",
    "In `why`, `{…}` holds an expression. A brace that is only a brace is doubled.",
    failing: example(rule: "then: +40\nwhy: 'cpu at {avg(cpu[5m])'"),
    mended: example(rule: "then: +40\nwhy: 'cpu at {avg(cpu[5m])}'")),
  ExplainPage(
    .signalKind, "a signal does not say where it comes from, or says so twice",
    "Each signal has exactly one of `gauge`, `counter`, `log`, `condition`, `info`, `fact` and `is`.",
    failing: example(signals: "cpu: {unit: percent}", when: "age > 30d"), mended: example()),
  ExplainPage(
    .keyOfOtherKind, "a key does not belong to this kind of signal",
    "Each kind of signal takes keys of its own; one that does nothing here would mislead whoever reads it.",
    failing: example(signals: "ready: {condition: Ready, unit: percent}", when: "ready != \"True\""),
    mended: example(signals: "ready: {condition: Ready}", when: "ready != \"True\"")),
  ExplainPage(
    .badIgnore, "a comparison of `ignore` cannot be read",
    "`ignore` drops raw samples that satisfy one comparison with a plain number, before `scale` and `unit` apply.",
    failing: example(signals: "temp: {gauge: temperature, ignore: negative}", when: "temp > 80"),
    mended: example(signals: "temp: {gauge: temperature, ignore: '< 0'}", when: "temp > 80")),
  ExplainPage(
    .duplicateName, "two signals or two rules have one name",
    "Names tell signals and rules apart in expressions and in records, over the policy and all files that it uses.",
    failing: """
      version: 1
      policy: example
      rules:
        - {rule: Elderly, when: age > 30d, then: +40}
        - {rule: Elderly, when: age > 60d, then: +60}

      """,
    mended: """
      version: 1
      policy: example
      rules:
        - {rule: Elderly, when: age > 30d, then: +40}
        - {rule: Ancient, when: age > 60d, then: +60}

      """),
]

let grammarPages: [ExplainPage] = [
  ExplainPage(
    .unexpectedToken, "an expression breaks the grammar",
    "Something else was expected at this place: an operand, a closing bracket, an operator between two operands.",
    failing: example(when: "avg(cpu[5m]) >"), mended: example()),
  ExplainPage(
    .strangeCharacter, "a character has no meaning in expressions",
    "Expressions are made of names, numbers, quoted texts and operators. Typographic quotes are no quotes.",
    failing: example(signals: "", when: "age > 30d ; true"), mended: example(signals: "", when: "age > 30d and true")),
  ExplainPage(
    .unterminatedString, "a text in an expression does not end",
    "A text ends with the quote that it began with, on the same line.",
    failing: example(signals: "", when: "label.role == \"web"),
    mended: example(signals: "", when: "label.role == \"web\"")),
  ExplainPage(
    .badEscape, "an escape is not known",
    "In texts, a backslash begins an escape. In patterns of `=~`, write it twice.",
    failing: example(signals: "", when: "fact.kernel =~ \"6\\.1\""),
    mended: example(signals: "", when: "fact.kernel =~ \"6\\\\.1\"")),
  ExplainPage(
    .badNumber, "a number is not written as this language writes it",
    "The unit stands directly after the digits, a duration has one unit, and there are no exponents or separators.",
    failing: example(signals: "", when: "age > 1h30m"), mended: example(signals: "", when: "age > 90m")),
  ExplainPage(
    .unknownUnit, "the unit of a number is not known",
    "Units are `%`, those of time (`ms` to `w`) and of bytes (`B`, `KiB` to `TiB`, `kB` to `TB`), optionally per time.",
    failing: example(signals: "", when: "age > 30min"), mended: example(signals: "", when: "age > 30m")),
  ExplainPage(
    .misplacedWindow, "a window stands where no function takes it",
    "`cpu[5m]` is many samples. A function such as `avg` makes one value of them, and takes the window whole.",
    failing: example(when: "cpu[5m] > 90%"), mended: example()),
  ExplainPage(
    .chainedComparison, "comparisons do not chain",
    "`a < b < c` would compare the outcome of the first comparison with `c`, which nobody means.",
    failing: example(when: "50% < avg(cpu[5m]) < 90%"),
    mended: example(when: "50% < avg(cpu[5m]) and avg(cpu[5m]) < 90%")),
  ExplainPage(
    .foreignOperator, "an operator is written as in another language",
    "Logic is written `and`, `or` and `not`; equality is `==`.",
    failing: example(when: "age > 30d && avg(cpu[5m]) > 90%"), mended: example(when: "age > 30d and avg(cpu[5m]) > 90%")
  ),
  ExplainPage(
    .expressionTooLarge, "an expression is too large",
    "An expression has at most 500 operators and 16 KiB, and nests 64 deep. Named signals (`is:`) split it into parts.",
    failing: .file(
      "a condition that adds 600 numbers",
      { Array(example(signals: "", when: "age > " + Array(repeating: "1s", count: 600).joined(separator: " + ")).utf8) }
    ),
    mended: example(signals: "", when: "age > 600s")),
]
