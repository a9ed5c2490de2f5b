import CriteriaDiagnostics

private let web = "requests: {counter: http_requests_total, reduce: sum}"
private let oom = "oom: {log: kernel, match: 'Killed process \\d+ \\((?<comm>[^)]+)\\)'}"
private let ready = "ready: {condition: Ready}"
private let disks = """
  avail: {gauge: node_filesystem_avail_bytes, unit: bytes, by: [mountpoint]}
  size: {gauge: node_filesystem_size_bytes, unit: bytes, by: [mountpoint]}
  """

let namePages: [ExplainPage] = [
  ExplainPage(
    .unknownName, "a name is not known",
    """
    Names in expressions are those declared under `signals`, and `age`, `fact`, `label`, `desired` and `drift`. What an \
    inventory knows of an instance is read as `fact.NAME` or `label.NAME`.
    """,
    failing: example(when: "avg(cppu[5m]) > 90%", rule: "then: +40\nwhy: '{cpu}'"),
    mended: example(when: "avg(cpu[5m]) > 90%", rule: "then: +40\nwhy: '{cpu}'"))
]

let typePages: [ExplainPage] = [
  ExplainPage(
    .comparingTypes, "values of different types are compared",
    """
    Numbers, strings and truth values are never equal to each other. Facts and labels are strings, whatever they look \
    like; a `fact` signal reads one as a number. The status of a condition is a string such as `"True"`.
    """,
    failing: example(signals: "", when: "fact.cores > 8"),
    mended: example(signals: "cores: {fact: cores}", when: "cores > 8")),
  ExplainPage(
    .comparingDimensions, "numbers that measure different things are compared",
    """
    Every number has a dimension: bytes, time, their quotients, a ratio, or plain. `90` and `90%` differ by a factor of \
    100, and `5` may be seconds or minutes: so the units have to be written. A quotient of like things is a ratio; one \
    of plain numbers is either, as its neighbour demands.
    """,
    failing: example(when: "avg(cpu[5m]) > 90"), mended: example()),
  ExplainPage(
    .addingDimensions, "numbers that measure different things are added or subtracted",
    "Only like things add up. The rest of a share is `100% - x`, not `1 - x`.",
    failing: example(when: "1 - avg(cpu[5m]) < 10%"), mended: example(when: "100% - avg(cpu[5m]) < 10%")),
  ExplainPage(
    .mixedArguments, "a function is given numbers that measure different things",
    "`min`, `max`, `clamp`, `ramp` and `spread` compare their arguments with each other, so they must be alike.",
    failing: example(rule: "then: +60 * ramp(avg(cpu[5m]), 50, 90%)"),
    mended: example(rule: "then: +60 * ramp(avg(cpu[5m]), 50%, 90%)")),
  ExplainPage(
    .wrongType, "an operator or a key is given a value of the wrong type",
    """
    `when`, `until`, `where` and `and`, `or`, `not` take what is true or false; arithmetic takes numbers; `=~` takes \
    strings. There is no conversion from one to the other: compare instead.
    """,
    failing: example(signals: ready, when: "not ready"), mended: example(signals: ready, when: "ready != \"True\"")),
  ExplainPage(
    .notOrdered, "strings or truth values are compared by order",
    """
    `"10" < "9"` is true of strings, which is hardly meant, so strings have no order. Compare them with `==`, `!=`, \
    `in` or `=~`, or read a fact as a number with a `fact` signal.
    """,
    failing: example(signals: "", when: "fact.cores < \"8\""),
    mended: example(signals: "cores: {fact: cores}", when: "cores < 8")),
]

let functionPages: [ExplainPage] = [
  ExplainPage(
    .unknownFunction, "a function is not known",
    "`rulecheck explain NAME` tells what each function does. There are no functions of one's own.",
    failing: example(when: "average(cpu[5m]) > 90%"), mended: example()),
  ExplainPage(
    .wrongArity, "a function is given too few or too many arguments",
    "Each function takes a fixed number of arguments; `min` and `max` take a window, or two numbers and more.",
    failing: example(when: "avg(cpu[5m]) > clamp(90%)"), mended: example(when: "avg(cpu[5m]) > clamp(90%, 0%, 100%)")),
  ExplainPage(
    .missingWindow, "a function needs a window of a signal",
    """
    Functions of the past work on what was observed of one signal within a window, such as `cpu[5m]`. Arithmetic comes \
    after them: `avg(cpu[5m]) * 2`.
    """,
    failing: example(when: "avg(cpu) > 90%"), mended: example()),
  ExplainPage(
    .strayWindow, "a window stands where a value is needed",
    "A window is many samples. Functions of numbers take values, and `since` looks back by itself.",
    failing: example(when: "max(cpu[5m], 50%) > 90%"), mended: example(when: "max(avg(cpu[5m]), 50%) > 90%")),
  ExplainPage(
    .wrongSignal, "a function does not work on this kind of signal",
    """
    `rate` and `increase` need a counter, which only grows or restarts from 0; of a gauge, `slope` tells the trend. Logs \
    have events, and numbers only with `value:`. Conditions and infos have `changes`, `absent` and `since`.
    """,
    failing: example(signals: "requests: {gauge: http_requests_total}", when: "rate(requests[5m]) > 100/s"),
    mended: example(
      signals: "requests: {counter: http_requests_total, reduce: sum}", when: "rate(requests[5m]) > 100/s")),
  ExplainPage(
    .windowOfExpression, "a window is taken of a named expression",
    """
    Windows hold observations, and a named expression is computed. Write the window inside the name, on the signals that \
    it reads: the order matters, as the average of quotients is not the quotient of averages.
    """,
    failing: example(signals: "\(disks)\nused: {is: 100% - avail / size}", when: "avg(used[5m]) > 90%"),
    mended: example(
      signals: "\(disks)\nused: {is: '100% - avg(avail[5m]) / avg(size[5m])'}", when: "used > 90%")),
  ExplainPage(
    .bareLog, "a log signal has no value of its own",
    "Matching lines are events: count them, or ask for the time since the last. With `value:`, a group holds a number.",
    failing: example(signals: oom, when: "oom >= 3"), mended: example(signals: oom, when: "count(oom[10m]) >= 3")),
  ExplainPage(
    .unknownGroup, "a log's pattern has no such group",
    "`by`, `value` and `x.group` name groups of the pattern in `match`, written `(?<name>…)`.",
    failing: example(signals: oom, when: "oom.command == \"java\""),
    mended: example(signals: oom, when: "oom.comm == \"java\"")),
  ExplainPage(
    .unknownMember, "something has no such part",
    """
    Conditions have a `reason`, logs have the groups of their pattern, `drift` has `count` and `ratio`; `fact`, `label` \
    and `desired` take one name, in brackets and quotes if it holds more than letters, digits and `_`.
    """,
    failing: example(signals: "", when: "label.topology.kubernetes.io == \"a\""),
    mended: example(signals: "", when: "label[\"topology.kubernetes.io\"] == \"a\"")),
  ExplainPage(
    .cycle, "named expressions are defined by each other",
    "A named expression is written out where it is used, so it cannot contain itself, not even through others.",
    failing: example(signals: "a: {is: b + 1}\nb: {is: a * 2}", when: "a > 3"),
    mended: example(signals: "a: {is: b + 1}\nb: {gauge: load1}", when: "a > 3")),
  ExplainPage(
    .expansionTooLarge, "an expression grows too large when its names are written out",
    "Named expressions are written out where they are used. Names that double each other soon outgrow any machine.",
    failing: example(
      signals: (1...14).reduce("a0: {gauge: load1}") { "\($0)\na\($1): {is: a\($1 - 1) + a\($1 - 1)}" }, when: "a14 > 3"
    ),
    mended: example(signals: "a0: {gauge: load1}\na14: {is: a0 * 16384}", when: "a14 > 3")),
  ExplainPage(
    .unquotedString, "a string lacks its quotes",
    "A bare word is the name of a signal. A string stands in quotes, `\"web\"` or `'web'`.",
    failing: example(signals: "", when: "label.role == web"),
    mended: example(signals: "", when: "label.role == \"web\"")),
  ExplainPage(
    .badPattern, "a pattern is not valid",
    "Patterns are those of PCRE2. `match` and `=~` search; matchers of metric selectors match the whole value.",
    failing: example(signals: "oom: {log: kernel, match: 'Killed process (\\d+'}", when: "count(oom[10m]) >= 3"),
    mended: example(signals: "oom: {log: kernel, match: 'Killed process (\\d+)'}", when: "count(oom[10m]) >= 3")),
  ExplainPage(
    .reservedSignalName, "a signal has the name of something built in",
    "`age`, `fact`, `label`, `desired` and `drift` have a meaning in every expression.",
    failing: example(signals: "age: {gauge: node_age_days}", when: "age > 30d"),
    mended: example(signals: "age_days: {gauge: node_age_days}", when: "age_days > 30")),
  ExplainPage(
    .driftedNeedsName, "`drifted` takes the name of a fact",
    "`drifted(image)` compares `fact.image` with `desired.image`. It takes the bare name, not a value.",
    failing: example(signals: "", when: "drifted(fact.image)"), mended: example(signals: "", when: "drifted(image)")),
]

let rulePages: [ExplainPage] = [
  ExplainPage(
    .differentKeys, "one rule reads signals with different keys",
    """
    A rule over signals with `by` runs once per key, so all of them must have the same. Make one value of the others \
    with `reduce`, or write two rules.
    """,
    failing: example(
      signals: "\(disks)\nio: {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}",
      when: "avail / size < 5% and count(io[1h]) >= 3"),
    mended: example(
      signals:
        "\(disks)\nfree: {is: avail / size, reduce: min}\nio: {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}",
      when: "free < 5% and count(io[1h]) >= 3")),
  ExplainPage(
    .reduceWithoutKeys, "there is nothing to reduce",
    "`reduce` makes one value of many keys. An expression without keyed signals, or a log without `by`, has one already.",
    failing: example(
      signals: "cpu: {gauge: node_cpu_busy_percent, unit: percent}\nbusy: {is: cpu * 2, reduce: max}",
      when: "busy > 90%"),
    mended: example(
      signals: "cpu: {gauge: node_cpu_busy_percent, unit: percent}\nbusy: {is: cpu * 2}", when: "busy > 90%")),
  ExplainPage(
    .notAMultiple, "a time is no multiple of the step",
    "Rules are judged once per `step`, 30 s if not said otherwise. Windows, `for` and `hold` are whole numbers of steps.",
    failing: example(when: "avg(cpu[45s]) > 90%"), mended: example(when: "avg(cpu[1m]) > 90%")),
  ExplainPage(
    .tooManySteps, "a window is too many steps",
    """
    Rules are judged once per `step`, and a window that loses something at every step is worked out anew at each. A step of \
    milliseconds under a window of hours would be millions of decisions about every instance: use a step that suits how \
    often samples come.
    """,
    failing: example(head: "step: 1ms", when: "avg(cpu[1h]) > 90%"),
    mended: example(head: "step: 1s", when: "avg(cpu[1h]) > 90%")),
  ExplainPage(
    .watchAboveReplace, "`watch` is above the default of `replace`",
    "`replace` is 100 points if not said otherwise, and an instance is watched at a lower score than it is replaced.",
    failing: example(head: "watch: 150"), mended: example(head: "watch: 150\nreplace: 300")),
  ExplainPage(
    .worthNotPlain, "a worth is not a plain number",
    "Points are plain numbers. To grade by a signal, multiply points by a `ramp`, which runs from 0 to 1.",
    failing: example(rule: "then: +60%"), mended: example(rule: "then: +60 * ramp(avg(cpu[5m]), 50%, 90%)")),
  ExplainPage(
    .worthUnbounded, "a worth has no bound",
    """
    What a rule can add must be known before it runs: it is what an unknown worth counts as. `ramp` and `clamp` bound it, \
    and no worth exceeds a thousand million points.
    """,
    failing: example(signals: oom, when: "count(oom[10m]) >= 1", rule: "then: +10 * count(oom[10m])"),
    mended: example(signals: oom, when: "count(oom[10m]) >= 1", rule: "then: +10 * clamp(count(oom[10m]), 0, 6)")),
  ExplainPage(
    .worthNegative, "a worth can be negative",
    "Rules only add, so that no order of rules matters and more evidence never saves an instance. `protect` stops one.",
    failing: example(signals: "load: {gauge: load1}", when: "load > 1", rule: "then: '+clamp(load - 4, -4, 4)'"),
    mended: example(signals: "load: {gauge: load1}", when: "load > 1", rule: "then: '+clamp(load - 4, 0, 4)'")),
  ExplainPage(
    .emptyRamp, "a ramp begins and ends at the same value",
    "`ramp(x, a, b)` rises from 0 at a to 1 at b; without a distance between them there is no slope.",
    failing: example(rule: "then: +60 * ramp(avg(cpu[5m]), 90%, 90%)"),
    mended: example(rule: "then: +60 * ramp(avg(cpu[5m]), 80%, 90%)")),
  ExplainPage(
    .reversedClamp, "the bounds of a clamp are reversed",
    "`clamp(x, low, high)` keeps x between its bounds, so the lower one comes first.",
    failing: example(when: "clamp(avg(cpu[5m]), 90%, 10%) > 50%"),
    mended: example(when: "clamp(avg(cpu[5m]), 10%, 90%) > 50%")),
  ExplainPage(
    .latchBeside, "a latched rule never clears",
    "`latch: true` keeps a rule active for good, so `until` and `hold`, which say when it ends, contradict it.",
    failing: example(rule: "then: quarantine\nlatch: true\nhold: 10m"),
    mended: example(rule: "then: quarantine\nlatch: true")),
  ExplainPage(
    .ignoreOnStopping, "`unknown: ignore` on a rule that may stop a replacement",
    """
    Missing data never causes a replacement. If a `protect` or `quarantine` rule took unknown for false, losing its data \
    would do just that.
    """,
    failing: example(signals: "", when: "age < 10m", rule: "then: protect\nunknown: ignore"),
    mended: example(signals: "", when: "age < 10m", rule: "then: protect")),
  ExplainPage(
    .optionalOnStopping, "an optional signal in a rule that may stop a replacement",
    """
    Where an optional signal was never seen, its rules do not apply. A `protect` or `quarantine` must not disappear in \
    that way.
    """,
    failing: example(
      signals: "jobs: {gauge: running_jobs, optional: true}", when: "max(jobs[5m]) > 0", rule: "then: protect"),
    mended: example(signals: "jobs: {gauge: running_jobs}", when: "max(jobs[5m]) > 0", rule: "then: protect")),
  ExplainPage(
    .notStanding, "a selector reads what is observed",
    """
    `selector` and `where` say which instances are meant, so they read what stands: facts, labels and `fact` signals. \
    What comes and goes belongs into `when`.
    """,
    failing: example(head: "selector: avg(cpu[5m]) > 50%"), mended: example(head: "selector: label.role == \"web\"")),
  ExplainPage(
    .infoWithoutLabel, "an info signal does not say which label it reads",
    "An info metric carries facts in its labels; `label` names the one that is the signal's value.",
    failing: example(signals: "image: {info: node_image_info}", when: "drifted(image)"),
    mended: example(signals: "image: {info: node_image_info, label: image}", when: "drifted(image)")),
  ExplainPage(
    .conditionLabels, "the labels of a condition do not fit its source",
    "A condition from a metric (`from`) needs `type` and `status`, the labels that hold them; without it they say nothing.",
    failing: example(
      signals: "pressure: {condition: MemoryPressure, from: kube_node_status_condition, status: status}",
      when: "pressure == \"True\""),
    mended: example(
      signals:
        "pressure: {condition: MemoryPressure, from: kube_node_status_condition, type: condition, status: status}",
      when: "pressure == \"True\"")),
  ExplainPage(
    .reasonKeys, "a reason reads other keys than its rule",
    "A reason speaks of one row of its rule. It can read what the rule reads per key, and whatever has one value.",
    failing: example(
      signals: "\(disks)\nfree: {is: avail / size, reduce: min}", when: "free < 5%",
      rule: "then: +40\nwhy: 'only {avail} left'"),
    mended: example(
      signals: disks, when: "avail / size < 5%", rule: "then: +40\nwhy: 'only {avail} left on {mountpoint}'")),
  ExplainPage(
    .unitWithoutValue, "a log has a unit but no number",
    "`unit` measures the number that `value` reads out of matching lines; events are only counted.",
    failing: example(signals: "slow: {log: app, match: 'took (?<ms>\\d+) ms', unit: ms}", when: "count(slow[5m]) > 3"),
    mended: example(
      signals: "slow: {log: app, match: 'took (?<ms>\\d+) ms', value: ms, unit: ms}", when: "p99(slow[5m]) > 2s")),
]

let warningPages: [ExplainPage] = [
  ExplainPage(
    .rawCounter, "a counter is read as if it were a gauge",
    """
    A counter grows from its last restart on, so its value tells how long the program has run more than how it fares. \
    `increase` and `rate` look at the growth and see restarts.
    """,
    failing: example(signals: web, when: "requests > 1000"),
    mended: example(signals: web, when: "increase(requests[5m]) > 1000")),
  ExplainPage(
    .keyShadowed, "a reason names a key that is also a signal",
    "`{dev}` in a reason is the key of the rule's row, unless a signal has that name. Then the signal is meant.",
    failing: example(
      signals: "io: {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}\ndev: {fact: dev}",
      when: "count(io[1h]) >= 3", rule: "then: +40\nwhy: 'I/O errors on {dev}'"),
    mended: example(
      signals: "io: {log: kernel, match: 'I/O error, dev (?<dev>\\w+)', by: [dev]}",
      when: "count(io[1h]) >= 3", rule: "then: +40\nwhy: 'I/O errors on {dev}'")),
  ExplainPage(
    .byBesideReduce, "`by` has no effect beside `reduce`",
    "`reduce` makes one value of all series, so there are no keys left for `by` to tell apart.",
    failing: example(
      signals: "temp: {gauge: temperature, by: [sensor], reduce: max}", when: "max(temp[5m]) > 80"),
    mended: example(signals: "temp: {gauge: temperature, reduce: max}", when: "max(temp[5m]) > 80")),
  ExplainPage(
    .unusedSignal, "a signal is never used",
    "No rule reads it, so it costs memory for nothing, or a rule reads another one by mistake. Shared files are exempt.",
    failing: example(when: "age > 30d"), mended: example()),
  ExplainPage(
    .expiredException, "an exception has expired",
    "An exception holds until the end of its `expires` day, UTC. This one no longer does anything.",
    failing: example(rule: "then: +40\nexcept: [{where: label.pool == \"canary\", expires: 2020-12-31}]"),
    mended: example(rule: "then: +40\nexcept: [{where: label.pool == \"canary\", expires: 2099-12-31}]")),
  ExplainPage(
    .hiddenCharacter, "a character cannot be seen, or changes the order of the text",
    """
    Characters of zero width and those that turn the direction of text can make a policy look other than it is to the \
    person who reviews it.
    """,
    failing: .file(
      "a comment that holds U+202E, which shows what follows from right to left",
      { Array(("# web \u{202E}servers\n" + example()).utf8) }),
    mended: "# web servers\n" + example()),
  ExplainPage(
    .mixedScripts, "a word mixes the letters of two alphabets",
    "Some Cyrillic and Greek letters look like Latin ones, so two different words can look the same.",
    failing: example(head: "selector: label.role == \"w\u{0435}b\""),
    mended: example(head: "selector: label.role == \"web\"")),
  ExplainPage(
    .statusCase, "a condition is compared with a status in other letters",
    "Statuses are read as `True`, `False` and `Unknown`, so `true` is never equal to one of them.",
    failing: example(signals: ready, when: "ready != \"true\""),
    mended: example(signals: ready, when: "ready != \"True\"")),
  ExplainPage(
    .explodingPattern, "a pattern can take too many steps",
    """
    Where a part of a line can be divided among repetitions in many ways, PCRE2 tries all of them before it gives up. At \
    `match_limit` it stops, and the signal is unknown. Let each part match in one way only.
    """,
    failing: example(signals: "x: {log: app, match: '^(\\w+\\s?)*$'}", when: "count(x[10m]) >= 3"),
    mended: example(signals: "x: {log: app, match: '^\\w+(?:\\s\\w+)*$'}", when: "count(x[10m]) >= 3")),
]
