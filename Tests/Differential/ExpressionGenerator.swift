/// Makes expressions of a wanted type from the signals that are declared.
struct Expressions {
  struct Number {
    var text: String
    /// Values are mostly about this large.
    var typical: Double
  }

  var random: Random
  private let policy: PolicyGenerator
  private var world: World
  private let scope: [String]
  private var depth: Int
  var avoidsOptional = false
  /// No `since` of booleans: inside a `reduce:` they speak of the rows.
  var avoidsClocks = false
  private(set) var usedKeys: [String] = []
  private(set) var usedOptional = false

  init(_ policy: PolicyGenerator, keys: [String], depth: Int) {
    self.policy = policy
    self.depth = depth
    random = policy.random
    world = policy.world
    scope = keys
  }

  private func signals(_ accepts: (Declared) -> Bool) -> [Declared] {
    policy.declared.filter { signal in
      accepts(signal) && (signal.keys.isEmpty || signal.keys.sorted() == scope.sorted())
        && !(avoidsOptional && signal.isOptional)
    }
  }

  private mutating func use(_ signal: Declared) -> String {
    if !signal.keys.isEmpty { usedKeys = signal.keys }
    if signal.isOptional { usedOptional = true }
    return signal.name
  }

  private mutating func window() -> String { duration(world.window(&random)) }

  private mutating func deeper<T>(_ body: (inout Expressions) -> T) -> T {
    depth -= 1
    defer { depth += 1 }
    return body(&self)
  }

  // MARK: - Numbers

  mutating func number(_ measure: Measure) -> Number {
    if depth > 0 && random.chance(30) { return compound(measure) }
    return term(measure) ?? Number(text: literal(measure, about: 5), typical: 5)
  }

  private mutating func literal(_ measure: Measure, about typical: Double) -> String {
    let value = typical * random.pick([0, 0.25, 0.5, 0.5, 0.75, 1, 1.1, 2])
    return measure.literal(random.chance(5) ? -value : value)
  }

  private mutating func compound(_ measure: Measure) -> Number {
    deeper { it in
      switch it.random.int(0...9) {
      case 0 where measure == .plain: return Number(text: "ramp(\(it.ramped()))", typical: 0.5)
      case 0 where measure == .ratio, 1 where measure == .ratio:
        let of = it.random.pick([.bytes, .time] as [Measure])
        return Number(text: "(\(it.number(of).text) / \(it.number(of).text))", typical: 1)
      case 2:
        let typical = it.random.pick([1.0, 5, 0.1])
        return Number(
          text: "spread(\(measure.literal(typical)), \(measure.literal(typical / 2)))", typical: typical)
      default: break
      }
      let a = it.number(measure)
      switch it.random.int(0...7) {
      case 0, 1:
        let b = it.number(measure)
        return Number(text: "(\(a.text) \(it.random.pick(["+", "-"])) \(b.text))", typical: max(a.typical, b.typical))
      case 2: return Number(text: "\(a.text) * \(it.random.pick(["2", "0.5", "-1", "0.1"]))", typical: a.typical)
      case 3: return Number(text: "(\(a.text) / \(it.random.pick(["3", "0.5", "7"])))", typical: a.typical)
      case 4: return Number(text: "abs(-(\(a.text)))", typical: a.typical)
      case 5:
        let b = it.number(measure)
        return Number(text: "min(\(a.text), \(b.text))", typical: min(a.typical, b.typical))
      case 6:
        let b = it.number(measure)
        return Number(text: "max(\(a.text), \(b.text))", typical: max(a.typical, b.typical))
      default:
        let low = measure.literal(a.typical * 0.25)
        return Number(text: "clamp(\(a.text), \(low), \(measure.literal(a.typical)))", typical: a.typical)
      }
    }
  }

  /// The arguments of a ramp over some term.
  private mutating func ramped() -> String {
    let measure = random.pick([.plain, .ratio, .bytes, .time, .plainPerTime] as [Measure])
    let x = number(measure)
    var ends = [measure.literal(x.typical * 0.25), measure.literal(x.typical)]
    if ends[0] == ends[1] { ends = [measure.literal(0), measure.literal(1)] }
    if random.chance(25) { ends.reverse() }
    return "\(x.text), \(ends[0]), \(ends[1])"
  }

  private mutating func term(_ measure: Measure) -> Number? {
    var makers: [(inout Expressions) -> Number] = []
    let same = ["avg", "min", "max", "sum", "first", "last", "stddev", "p50", "p90", "p95", "p99"]
    for signal in signals({ [.gauge, .logValue].contains($0.kind) && $0.measure == measure }) {
      makers.append { Number(text: $0.use(signal), typical: signal.typical * 0.6) }
      for _ in 0..<3 {
        makers.append {
          let function = $0.random.pick(same)
          let factor = function == "sum" ? 3 : function == "stddev" ? 0.25 : 0.6
          return Number(text: "\(function)(\($0.use(signal))[\($0.window())])", typical: signal.typical * factor)
        }
      }
    }
    for signal in signals({ [.gauge, .logValue].contains($0.kind) && !$0.isCount && $0.measure.perTime == measure }) {
      makers.append {
        Number(
          text: "slope(\($0.use(signal))[\($0.window())])",
          typical: signal.typical / Double($0.world.step) * 300)
      }
    }
    for signal in signals({ $0.kind == .counter && $0.measure == measure }) {
      for _ in 0..<2 {
        makers.append { Number(text: "increase(\($0.use(signal))[\($0.window())])", typical: signal.typical * 2) }
      }
      makers.append {
        Number(
          text: "\($0.random.pick(["last", "max", "first"]))(\($0.use(signal))[\($0.window())])",
          typical: signal.typical * 10)
      }
    }
    for signal in signals({ $0.kind == .counter && !$0.isCount && $0.measure.perTime == measure }) {
      for _ in 0..<2 {
        makers.append {
          Number(
            text: "rate(\($0.use(signal))[\($0.window())])", typical: signal.typical / Double($0.world.step) * 500)
        }
      }
    }
    for signal in signals({ $0.kind == .number && $0.measure == measure }) {
      makers.append { Number(text: $0.use(signal), typical: signal.typical) }
    }
    switch measure {
    case .plain: plainTerms(&makers)
    case .time: timeTerms(&makers)
    case .ratio:
      for signal in signals({ $0.kind == .fact && $0.measure == .ratio }) {
        makers.append { Number(text: $0.use(signal), typical: signal.typical) }
      }
      if policy.hasDesired || random.chance(10) { makers.append { _ in Number(text: "drift.ratio", typical: 0.5) } }
    case .plainPerTime:
      // Silence of a log can make its rate small.
      for signal in signals({ [.log, .logValue].contains($0.kind) && !$0.isCount }) {
        makers.append {
          Number(text: "rate(\($0.use(signal))[\($0.window())])", typical: 1000 / Double($0.world.step))
        }
      }
    case .bytes, .bytesPerTime, .ratioPerTime: break
    }
    if makers.isEmpty { return nil }
    return random.pick(makers)(&self)
  }

  private mutating func plainTerms(_ makers: inout [(inout Expressions) -> Number]) {
    for signal in signals({ [.log, .logValue].contains($0.kind) }) {
      for _ in 0..<3 { makers.append { Number(text: "count(\($0.use(signal))[\($0.window())])", typical: 3) } }
    }
    for signal in signals({ [.gauge, .counter].contains($0.kind) }) {
      makers.append { Number(text: "count(\($0.use(signal))[\($0.window())])", typical: 4) }
    }
    for signal in signals({ [.gauge, .counter, .logValue, .condition, .info].contains($0.kind) }) {
      makers.append { Number(text: "changes(\($0.use(signal))[\($0.window())])", typical: 2) }
    }
    for signal in signals({ $0.kind == .fact && $0.measure == .plain }) {
      makers.append { Number(text: $0.use(signal), typical: signal.typical) }
    }
    if policy.hasDesired || random.chance(10) { makers.append { _ in Number(text: "drift.count", typical: 1) } }
  }

  private mutating func timeTerms(_ makers: inout [(inout Expressions) -> Number]) {
    let about = Double(world.step) / 1000 * Double(world.ticks) / 3
    makers.append { _ in Number(text: "age", typical: about) }
    for signal in signals({ [.log, .logValue, .condition, .info, .fact].contains($0.kind) }) {
      makers.append { Number(text: "since(\($0.use(signal)))", typical: about / 2) }
    }
    makers.append { Number(text: "since(fact.\($0.random.pick(["image", "kernel"])))", typical: about) }
    if avoidsClocks { return }
    if depth > 0 {
      for _ in 0..<2 {
        makers.append { it in Number(text: "since(\(it.deeper { $0.truth() }))", typical: about / 4) }
      }
    }
    for signal in signals({ $0.kind == .truth }) {
      makers.append { Number(text: "since(\($0.use(signal)))", typical: about / 4) }
    }
  }

  /// A worth: plain, at least 0, and bounded whatever the data.
  mutating func worth() -> String {
    switch random.int(0...3) {
    case 0, 1: return "\(random.pick(["50", "70.5", "120", "10"])) * ramp(\(ramped()))"
    case 2:
      let x = number(.plain)
      return "clamp(\(x.text), 0, \(decimal(max(1, x.typical) * 2)))"
    default: return "(20 + 3 * min(10, max(0, \(number(.plain).text))))"
    }
  }

  // MARK: - Truth

  mutating func truth() -> String {
    if depth > 0 && random.chance(35) {
      return deeper { it in
        switch it.random.int(0...5) {
        case 0: "not (\(it.truth()))"
        case 1, 2: "(\(it.truth())) and (\(it.truth()))"
        case 3, 4: "(\(it.truth())) or (\(it.truth()))"
        default: "(\(it.truth())) \(it.random.pick(["==", "!="])) (\(it.truth()))"
        }
      }
    }
    switch random.int(0...19) {
    case 0, 1: return words()
    case 2: return "drifted(\(random.pick(["image", "kernel"])))"
    case 3: if !policy.keepsThePromise, let absent { return absent }
    case 4:
      let names = signals { $0.kind == .truth }
      if !names.isEmpty { return use(random.pick(names)) }
    case 5: if random.chance(15) { return random.pick(["true", "false"]) }
    case 6:
      let x = number(.plain)
      return "\(x.text) in [0, 1, \(literal(.plain, about: x.typical))]"
    case 7, 8: return comparison(.time)
    default: break
    }
    return comparison(random.pick(Measure.allCases + [.plain, .plain, .ratio, .bytes]))
  }

  private mutating func comparison(_ measure: Measure) -> String {
    // There is always the age.
    guard let x = term(measure) else { return comparison(measure == .plain ? .time : .plain) }
    let comparison = random.pick([">", ">", ">=", ">=", "<", "<=", "==", "!="])
    let other = random.chance(85) ? literal(measure, about: x.typical) : number(measure).text
    return random.chance(90) ? "\(x.text) \(comparison) \(other)" : "\(other) \(comparison) \(x.text)"
  }

  private var absent: String? {
    mutating get {
      let choices = policy.declared.filter {
        [.gauge, .counter, .log, .logValue, .condition, .info].contains($0.kind) && !(avoidsOptional && $0.isOptional)
      }
      guard let signal = choices.randomElement(using: &random) else { return nil }
      if signal.isOptional { usedOptional = true }
      return "absent(\(signal.name)[\(window())])"
    }
  }

  private mutating func words() -> String {
    var left = [
      "fact.image", "fact.kernel", "label.role", "label.pool", "desired.image", "label[\"a/b\"]",
    ]
    for signal in signals({ [.condition, .info, .log, .logValue].contains($0.kind) }) {
      switch signal.kind {
      case .condition:
        left += [signal.name, signal.name, signal.name, signal.name + ".reason"]
      case .info: left += [signal.name, signal.name]
      default: left += signal.groups.map { "\(signal.name).\($0)" }
      }
    }
    let one = random.pick(left)
    if let signal = policy.declared.first(where: { one == $0.name || one.hasPrefix($0.name + ".") }) { _ = use(signal) }
    let words = ["True", "False", "v1", "v2", "v3", "web", "db", "a", "b", "KubeletDown", "Unknown", ""]
    switch random.int(0...5) {
    case 0: return "\(one) in [\"\(random.pick(words))\", \"\(random.pick(words))\", \"True\", \"v1\"]"
    case 1: return "\(one) =~ \"\(random.pick(["^v[12]$", "e", "True|web", "^[ab]"]))\""
    case 2: return "\(one) \(random.pick(["==", "!="])) \(random.pick(["fact.image", "label.role", "desired.image"]))"
    default:
      let likely =
        one.contains("image") || one.contains("kernel")
        ? ["v1", "v2"] : one.contains("reason") ? ["KubeletDown", ""] : words
      return "\(one) \(random.pick(["==", "!="])) \"\(random.pick(likely))\""
    }
  }
}
