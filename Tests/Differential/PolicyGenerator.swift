/// Makes random policies that the checker accepts, as text.
struct PolicyGenerator {
  var random: Random
  var world: World
  var declared: [Declared] = []
  var signals: [(name: String, body: String)] = []
  /// Without what the promise of unknowns leaves out: `absent`, silence, `unknown:`, `optional`, latches.
  var keepsThePromise: Bool
  var hasDesired = false

  init(_ random: Random, _ world: World, keepsThePromise: Bool) {
    self.random = random
    self.world = world
    self.keepsThePromise = keepsThePromise
  }

  mutating func draft() -> Draft {
    var header = ["version: 1", "policy: random"]
    if world.step != 30_000 || random.chance(50) { header.append("step: \(duration(world.step))") }
    let replace = random.pick([nil, 10, 60, 100])
    if let replace { header.append("replace: \(replace)") }
    if random.chance(50) { header.append("watch: \(random.pick([1, 5.5, 10])) ") }
    if random.chance(30) { header.append("max_lateness: \(duration(world.step * Int64(random.int(1...6)) / 2))") }
    if let launched = world.launched { header.append("launched: [\(launched)]") }
    if random.chance(30) {
      hasDesired = true
      header.append("desired:")
      header.append("  - {where: \(quoted(standing())), image: v\(random.int(1...3)), kernel: v1}")
      if random.chance(50) { header.append("  - {where: \(quoted(standing())), image: v\(random.int(1...3))}") }
    }
    if random.chance(15) { header.append("selector: \(quoted(standing()))") }
    declareSources()
    declareNames()
    let rules = (0..<random.int(1...5)).map { rule($0) }
    let shared = random.chance(15) ? signals.map(\.name).filter { _ in random.chance(50) } : []
    return Draft(header: header, signals: signals, shared: Set(shared), rules: rules)
  }

  /// An expression over facts and labels alone.
  mutating func standing() -> String {
    switch random.int(0...5) {
    case 0, 1: return "label.role == \"\(random.pick(["web", "db"]))\""
    case 2: return "fact.image != \"v\(random.int(1...3))\""
    case 3: return "label.pool in [\"canary\", \"\"]"
    case 4: return "\(standing()) \(random.pick(["and", "or"])) \(standing())"
    default: return "not (fact.kernel =~ \"^v[12]$\")"
    }
  }

  // MARK: - Signals

  mutating func add(_ signal: Declared, _ keys: [String]) {
    declared.append(signal)
    signals.append((signal.name, "{" + keys.joined(separator: ", ") + "}"))
  }

  private mutating func common(_ signal: inout Declared, _ keys: inout [String]) {
    if random.chance(25) { keys.append("stale_after: \(duration(world.step * Int64(random.int(1...12)) / 2))") }
    if !keepsThePromise && random.chance(12) {
      keys.append("optional: true")
      signal.isOptional = true
    }
  }

  mutating func declareSources() {
    for metric in world.metrics {
      for _ in 0..<random.int(1...2) { declareMetric(metric) }
    }
    for _ in 0..<random.pick([0, 1, 1, 2]) { declareLog() }
    for condition in world.conditions {
      var signal = Declared(name: condition.lowercased(), kind: .condition)
      var keys = ["condition: \(condition)"]
      if condition == "Pressure" {
        keys += ["from: node_condition", "type: condition", "status: status"]
        if random.chance(30) { keys.append("instance: node") }
      }
      common(&signal, &keys)
      add(signal, keys)
    }
    for info in world.infos {
      var signal = Declared(name: info.label, kind: .info)
      var keys = ["info: \(info.metric)", "label: \(info.label)"]
      common(&signal, &keys)
      add(signal, keys)
    }
    if random.chance(30) {
      var signal = Declared(name: "cores", kind: .fact, typical: 8)
      var keys = ["fact: cores"]
      if random.chance(30) {
        keys.append("unit: percent")
        signal.measure = .ratio
        signal.typical = 0.08
      }
      if !keepsThePromise && random.chance(20) {
        keys.append("optional: true")
        signal.isOptional = true
      }
      add(signal, keys)
    }
  }

  private mutating func declareMetric(_ metric: Metric) {
    var signal = Declared(name: "s\(declared.count)", kind: metric.isCounter ? .counter : .gauge, typical: metric.top)
    var selector = metric.name
    if !metric.labels.isEmpty && random.chance(20) {
      let matcher = random.pick(["dev!=\"a\"", "dev=~\"a|b\"", "dev=\"b\"", "dev!~\"c.*\"", "nothing=\"\""])
      selector += "{\(matcher)}"
    }
    var keys = ["\(metric.isCounter ? "counter" : "gauge"): \(quoted(selector))"]
    switch random.int(0...(metric.isCounter ? 2 : 4)) {
    case 0, 1: break
    case 2:
      keys.append("unit: \(random.pick(["bytes", "KiB", "B"]))")
      signal.measure = .bytes
      if keys.last == "unit: KiB" { signal.typical *= 1024 }
    case 3:
      keys.append("unit: \(random.pick(["percent", "'%'"]))")
      signal.measure = .ratio
      signal.typical /= 100
    default:
      keys.append("unit: \(random.pick(["seconds", "ms"]))")
      signal.measure = .time
      if keys.last == "unit: ms" { signal.typical /= 1000 }
    }
    if random.chance(15) {
      let scale = random.pick([0.5, 2, 0.1])
      keys.append("scale: \(decimal(scale))")
      signal.typical *= scale
    }
    if random.chance(15) { keys.append("ignore: '\(random.pick(["< 0", "== 0", ">= 90", "!= 1", "> 5"]))'") }
    switch metric.labels.isEmpty ? 0 : random.int(0...9) {
    case 0: if metric.labels.isEmpty && random.chance(10) { keys.append("reduce: \(random.pick(["max", "sum"]))") }
    case 1...4:
      keys.append("by: [\(metric.labels.joined(separator: ", "))]")
      signal.keys = metric.labels
    case 5:
      keys.append("by: [dev]")
      signal.keys = ["dev"]
    default:
      let reduce = random.pick(["sum", "avg", "min", "max", "count"])
      keys.append("reduce: \(reduce)")
      if reduce == "count" {
        signal.isCount = true
        signal.typical = 2
        if signal.measure != .plain { keys.removeAll { $0.hasPrefix("unit") } }
        signal.measure = .plain
      }
    }
    if random.chance(12) { keys.append("max_keys: \(random.int(1...4))") }
    common(&signal, &keys)
    add(signal, keys)
  }

  private mutating func declareLog() {
    var signal = Declared(name: "l\(declared.count)", kind: .log, typical: 3)
    var keys = ["log: \(random.pick(["kernel", "app", "any", "'sshd-*'", "[kernel, 'sshd-?']"]))"]
    let isLimited = world.hasMatchLimit && random.chance(60)
    if isLimited { keys.append("match_limit: \(MatchLimit.limit)") }
    let pattern =
      isLimited
      ? MatchLimit.pattern
      : random.pick([
        "E dev=(?<dev>\\w+)", "dev=(?<dev>\\w+) zone=(?<zone>\\w+)", "n=(?<n>\\d+)", "v=(?<v>-?[0-9.]+)",
        "E dev=(?<dev>\\w+) zone=(?<zone>\\w+) v=(?<v>\\S*)", "E (dev=(?<dev>\\w+))?",
      ])
    keys.append("match: '\(pattern)'")
    for group in ["dev", "zone", "n", "v"] where pattern.contains("<\(group)>") { signal.groups.append(group) }
    let number = signal.groups.first { $0 == "n" || $0 == "v" }
    if let number, random.chance(85) {
      keys.append("value: \(number)")
      signal.kind = .logValue
      signal.typical = 8
      switch random.int(0...3) {
      case 0:
        keys.append("unit: ms")
        signal.measure = .time
        signal.typical = 0.008
      case 1:
        keys.append("unit: B")
        signal.measure = .bytes
      default: break
      }
    }
    let labels = signal.groups.filter { $0 == "dev" || $0 == "zone" }
    if !labels.isEmpty && random.chance(60) {
      let by = random.chance(70) ? labels : [labels[0]]
      keys.append("by: [\(by.joined(separator: ", "))]")
      if random.chance(30) {
        let reduce = random.pick(["sum", "avg", "min", "max", "count"])
        keys.append("reduce: \(reduce)")
        if reduce == "count" {
          signal.isCount = true
          keys.removeAll { $0.hasPrefix("unit") }
          signal.measure = .plain
        }
      } else {
        signal.keys = by
      }
    }
    if random.chance(25) { keys.append("stale_after: \(duration(world.step * Int64(random.int(2...10))))") }
    if !keepsThePromise && random.chance(10) {
      keys.append("optional: true")
      signal.isOptional = true
    }
    add(signal, keys)
  }

  mutating func declareNames() {
    for index in 0..<random.pick([0, 0, 1, 1, 2, 3]) {
      let scope = keyScope()
      if random.chance(60) {
        let measure = random.pick([.plain, .plain, .ratio, .bytes, .time] as [Measure])
        var expression = Expressions(self, keys: scope, depth: 2)
        expression.avoidsClocks = true
        let number = expression.number(measure)
        random = expression.random
        var signal = Declared(
          name: "e\(index)", kind: .number, measure: measure, keys: expression.usedKeys, typical: number.typical)
        signal.isOptional = expression.usedOptional
        var keys = ["is: \(quoted(number.text))"]
        if !signal.keys.isEmpty && random.chance(60) {
          let reduce = random.pick(["sum", "avg", "min", "max", "count"])
          keys.append("reduce: \(reduce)")
          signal.keys = []
          if reduce == "count" {
            signal.measure = .plain
            signal.typical = 2
          }
        }
        add(signal, keys)
      } else {
        var expression = Expressions(self, keys: scope, depth: 1)
        let truth = expression.truth()
        random = expression.random
        var signal = Declared(name: "b\(index)", kind: .truth, keys: expression.usedKeys)
        signal.isOptional = expression.usedOptional
        add(signal, ["is: \(quoted(truth))"])
      }
    }
  }

  /// Which keys a rule may read.
  mutating func keyScope() -> [String] {
    let all = declared.map(\.keys).filter { !$0.isEmpty }
    return all.isEmpty || random.chance(35) ? [] : random.pick(all)
  }

  // MARK: - Rules

  mutating func rule(_ index: Int) -> [String] {
    var lines = ["rule: R\(index)"]
    var expression = Expressions(self, keys: keyScope(), depth: 2)
    let effect = random.int(0...9)
    expression.avoidsOptional = effect >= 8
    lines.append("when: \(quoted(expression.truth()))")
    let isLatch = !keepsThePromise && random.chance(15)
    if !isLatch && random.chance(30) { lines.append("until: \(quoted(expression.truth()))") }
    if random.chance(40) { lines.append("for: \(duration(world.step * Int64(random.int(1...5))))") }
    if !isLatch && random.chance(35) { lines.append("hold: \(duration(world.step * Int64(random.int(1...6))))") }
    if isLatch { lines.append("latch: true") }
    switch effect {
    case 0...3: lines.append("then: '+\(random.pick(["5", "10.5", "60", "30", "100", "0.0005", "7.7777"]))'")
    case 4, 5: lines.append("then: \(quoted("+" + expression.worth()))")
    case 6, 7: lines.append("then: replace")
    case 8: lines.append("then: quarantine")
    default: lines.append("then: protect")
    }
    if !keepsThePromise && random.chance(20) {
      lines.append("unknown: \(effect >= 8 || random.chance(50) ? "fires" : "ignore")")
    }
    if random.chance(15) {
      let expires =
        random.chance(50) ? ", expires: \(date(max(0, world.start + Int64(random.int(-1...1)) * 86_400_000)))" : ""
      lines.append("except: [{where: \(quoted(standing()))\(expires), because: it is so}]")
    }
    if random.chance(8) { lines.append("mode: shadow") }
    random = expression.random
    if random.chance(10) {
      var reason = Expressions(self, keys: expression.usedKeys, depth: 1)
      lines.append("why: \(quoted("it is {" + reason.number(.plain).text + "}"))")
      random = reason.random
    }
    return lines
  }
}
