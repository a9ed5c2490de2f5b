import Reference

/// Makes the story of a fleet: what is observed when, in which order it arrives, and when ticks are run.
struct DataGenerator {
  var random: Random
  let world: World
  /// Every observation, with the time at which it reaches the fleet.
  private var mail: [(arrival: Int64, observation: RawObservation)] = []
  private(set) var traits: Set<String> = []
  private var instances: [String] = []
  /// Values, lateness and oddities only as far as every shift of time is exact.
  let isPlain: Bool

  init(_ random: Random, _ world: World, isPlain: Bool = false) {
    self.random = random
    self.world = world
    self.isPlain = isPlain
  }

  private var end: Int64 { world.start + Int64(world.ticks) * world.step }

  mutating func actions() -> [Action] {
    let first = random.int(1...50)
    instances = (first..<first + world.instances).map { "i-\($0)" }
    if world.instances > 3 { note("\(world.instances > 256 ? "300" : "4 to 40") instances") }
    for instance in instances {
      let from = random.chance(80) ? world.start : world.start + Int64(random.int(1...5)) * world.step
      for metric in world.metrics where random.chance(92) {
        for labels in metric.series where random.chance(85) { series(metric, labels, of: instance, from) }
      }
      logs(of: instance, from)
      for condition in world.conditions where random.chance(85) { self.condition(condition, of: instance, from) }
      for info in world.infos where random.chance(85) { self.info(info.metric, info.label, of: instance, from) }
      facts(of: instance, from)
      if let metric = world.launched, random.chance(70) {
        let seconds = Double(world.start / 1000 - Int64(random.int(-3...30)) * world.step / 2000)
        for tick in 0..<random.int(1...3) {
          observe(
            .sample(metric: metric, labels: [:], value: seconds), of: instance, at: from + Int64(tick) * world.step)
        }
      }
    }
    return schedule()
  }

  // MARK: - Observations

  private mutating func observe(_ content: RawObservation.Content, of instance: String, at time: Int64) {
    var arrival = time
    if random.chance(3) {
      arrival += Int64(random.int(1...8)) * world.step / 2
      traits.insert("observation: late")
    } else if random.chance(1) {
      arrival -= Int64(random.int(2...6)) * world.step
      traits.insert("observation: future")
    }
    mail.append((arrival, RawObservation(content, of: instance, at: time)))
  }

  /// The moment of the first tick's scrape.
  private func scrape(_ from: Int64) -> Int64 { from + world.step * Int64(world.ticks % 5) / 5 }

  private mutating func note(_ trait: String) { traits.insert("observation: " + trait) }

  private mutating func value(_ metric: Metric) -> Double {
    if metric.isDyadic { return Double(random.int(0...Int(metric.top * 4))) / 4 }
    return random.double(0...metric.top)
  }

  private mutating func series(_ metric: Metric, _ labels: [String: String], of instance: String, _ from: Int64) {
    var labels = labels
    if random.chance(10) { labels["instance"] = instance }
    var time = world.isScraped ? scrape(from) : from + Int64(random.int(0...10)) * world.step / 10
    var stop = end
    if random.chance(30) {
      stop = time + Int64(random.int(1...max(2, world.ticks))) * world.step
      note("a series goes")
    }
    if random.chance(20) {
      time += Int64(random.int(1...max(2, world.ticks / 2))) * world.step
      note("a series comes")
    }
    var interval = random.pick([
      world.step, world.step, world.step, world.step / 2, world.step / 4, world.step * 2, world.step * 3,
    ])
    var isJittered = random.chance(40)
    if world.isScraped { (interval, isJittered) = (world.step, false) }
    if world.isLong { interval = world.step * Int64(world.sparsity) }
    if !world.isLong && random.chance(3) {
      interval = world.step / Int64(random.pick([10, 20]))
      note("many samples a tick")
    }
    var level = value(metric)
    var isSteady = random.chance(50)
    while time < stop {
      if metric.isCounter {
        if random.chance(6) {
          level = random.chance(50) ? 0 : value(metric)
          note("a counter resets")
        } else if !random.chance(25) {
          level += value(metric)
        }
      } else if !isSteady || random.chance(15) {
        level = value(metric)
        if random.chance(20) { isSteady.toggle() }
      }
      let at = isJittered ? time + Int64(random.int(0...7)) * world.step / 8 : time
      if random.chance(4) {
        observe(
          .sample(metric: metric.name, labels: labels, value: random.pick([.nan, .infinity, -.infinity])), of: instance,
          at: at)
        note("a series ends")
        if random.chance(50) { time += Int64(random.int(1...6)) * world.step }
      } else if world.isScraped && random.chance(2) {
        note("a scrape misses one")
      } else {
        observe(
          .sample(metric: metric.name, labels: labels, value: random.chance(2) ? -level : level), of: instance, at: at)
        if random.chance(3) {
          observe(.sample(metric: metric.name, labels: labels, value: value(metric)), of: instance, at: at)
          note("duplicate")
        }
      }
      if random.chance(4) {
        time += Int64(random.int(2...8)) * world.step
        note("a gap")
      }
      time += max(1, interval)
    }
    // More than a percentile takes in one step.
    if random.chance(1) && world.step >= 1000 {
      for index in 0..<260 {
        let at = from + world.step * 2 + Int64(index) * world.step / 300 + 1
        observe(.sample(metric: metric.name, labels: labels, value: level), of: instance, at: at)
      }
      note("a crowded step")
    }
  }

  private mutating func logs(of instance: String, _ from: Int64) {
    if random.chance(40) {
      attach(random.chance(50) ? "*" : random.pick(world.sources), of: instance, at: from)
      note("attached in silence")
    }
    for source in world.sources where random.chance(55) {
      if random.chance(50) { attach(source, of: instance, at: from) }
      var time = from + Int64(random.int(0...20)) * world.step / 4
      let pause = random.pick([1, 2, 4, 10]) * (world.isLong ? max(8, world.sparsity) : 1)
      let stop = random.chance(70) ? end : from + Int64(random.int(1...world.ticks)) * world.step
      while time < stop {
        observe(.line(line(), source: source), of: instance, at: time)
        if random.chance(10) { observe(.line(line(), source: source), of: instance, at: time) }
        time += Int64(random.int(1...(pause * 4))) * world.step / 4
      }
    }
  }

  private mutating func attach(_ source: String, of instance: String, at time: Int64) {
    observe(.attach(source: source), of: instance, at: time)
  }

  private mutating func line() -> String {
    let device = random.pick(world.devices)
    let number = random.pick(["0", "1", "3.5", "12", "8.25", "-4", "x", "7.", "1.2.3", "1e2", ""])
    if world.hasMatchLimit && random.chance(30) {
      let isHopeless = random.chance(30)
      if isHopeless { note("a match limit is hit") }
      return "E dev=\(device) " + (isHopeless ? MatchLimit.hopeless : "xxxy")
    }
    switch random.int(0...6) {
    case 0: return "all is well"
    case 1: return "E dev=\(device)"
    case 2: return "E dev=\(device) zone=\(random.pick(["x", "y"])) v=\(number)"
    case 3: return "n=\(random.int(0...20)) is all"
    case 4: return "v=\(number)"
    case 5: return "E "
    default: return "E dev=\(device) zone=\(random.pick(["x", "y"])) n=\(random.int(0...9)) v=\(number)"
    }
  }

  private mutating func condition(_ type: String, of instance: String, _ from: Int64) {
    var time = from + Int64(random.int(0...4)) * world.step / 2
    var status = random.pick(["True", "False"])
    while time < end {
      if type == "Pressure" {
        var labels = ["condition": type, "status": status.lowercased()]
        if random.chance(30) { labels["node"] = instance }
        let value = random.chance(90) ? 1.0 : random.pick([Double.nan, 0])
        observe(.sample(metric: "node_condition", labels: labels, value: value), of: instance, at: time)
      } else {
        let since = random.chance(40) ? time - Int64(random.int(-1...6)) * world.step : nil
        let reason = random.chance(40) ? "KubeletDown" : nil
        observe(.condition(type: type, status: status, reason: reason, since: since), of: instance, at: time)
      }
      if random.chance(30) { status = random.pick(["True", "False", "Unknown"]) }
      time += Int64(random.int(1...12)) * world.step / 2 * Int64(world.sparsity)
    }
  }

  private mutating func info(_ metric: String, _ label: String, of instance: String, _ from: Int64) {
    var time = from
    var value = random.pick(["v1", "v2"])
    while time < end {
      if random.chance(12) {
        if random.chance(50) {
          observe(.sample(metric: metric, labels: [label: value], value: .nan), of: instance, at: time)
          note("a series ends")
        }
        value = random.pick(["v1", "v2", "v3"])
      }
      observe(.sample(metric: metric, labels: [label: value], value: 1), of: instance, at: time)
      if random.chance(3) {
        observe(.sample(metric: metric, labels: [label: random.pick(["v1", "v2"])], value: 1), of: instance, at: time)
      }
      time += (random.chance(4) ? Int64(random.int(5...15)) : 1) * world.step * Int64(world.sparsity)
    }
  }

  private mutating func facts(of instance: String, _ from: Int64) {
    for _ in 0..<random.int(0...4) {
      let time = from + Int64(random.int(0...world.ticks)) * world.step / (random.chance(60) ? 4 : 1)
      var facts: [String: String] = [:]
      for name in world.facts where random.chance(55) {
        facts[name] = name == "cores" ? random.pick(["4", "16", "many", "2.5"]) : random.pick(["v1", "v2"])
      }
      var labels: [String: String]?
      if random.chance(60) {
        labels = [:]
        if random.chance(80) { labels!["role"] = random.pick(["web", "db"]) }
        if random.chance(30) { labels!["pool"] = "canary" }
      }
      let desired: [String: String]? =
        random.chance(40) ? [random.pick(["image", "kernel"]): random.pick(["v1", "v2"])] : nil
      var launched: Int64?
      if random.chance(30) {
        // News of a relaunch that is much older than what the engine keeps of infos would need its forgotten runs.
        launched =
          random.chance(70)
          ? time - Int64(random.int(-1...2)) * world.step : from - Int64(random.int(0...20)) * world.step
        if launched! > from { note("a relaunch") }
      }
      observe(.facts(facts, labels: labels, desired: desired, launched: launched), of: instance, at: time)
    }
  }

  // MARK: - The schedule

  private mutating func schedule() -> [Action] {
    mail.sort { $0.arrival < $1.arrival }
    var actions: [Action] = []
    var now = world.start - world.step
    let stride = world.isLong ? 1000 : random.pick([1, 1, 1, 3, 8, 1000])
    let isUneven = random.chance(30)
    let isShuffled = random.chance(40)
    if world.isLong { traits.insert(world.sparsity == 1 ? "window: long and dense" : "window: long and sparse") }
    if world.isScraped { traits.insert("observation: regular scrapes") }
    traits.insert(stride == 1 ? "schedule: tick by tick" : "schedule: catching up")
    if isShuffled { traits.insert("schedule: shuffled") }
    var rest = mail[...]
    while now < end + world.step {
      now += Int64(random.int(1...stride)) * world.step
      if random.chance(2) {
        now += Int64(random.int(10...60)) * world.step
        traits.insert("schedule: the clock jumps")
      }
      let limit = min(now, end + 20 * world.step)
      let moment = isUneven ? limit + Int64(random.int(0...9)) * world.step / 10 : limit
      let split = rest.firstIndex { $0.arrival > moment } ?? rest.endIndex
      var due = rest[..<split].map(\.observation)
      rest = rest[split...]
      if isShuffled { due.shuffle(using: &random) }
      for (index, observation) in due.enumerated() {
        actions.append(.observe(observation))
        if index % 8 == 7 && random.chance(10) {
          actions.append(.look(random.pick(instances), observation.time + Int64(random.int(0...2)) * world.step / 2))
          traits.insert("schedule: a look between ticks")
        }
      }
      actions.append(.advance(moment))
    }
    return actions
  }
}

/// A pattern that needs exponentially many steps for some lines, and few for all others.
enum MatchLimit {
  static let pattern = "E dev=(?<dev>\\w+) (x+x+)+[yz]"
  static let limit = 2000
  static let hopeless = String(repeating: "x", count: 30)

  /// Whether the pattern gives up on a line: told by its look, since the steps are PCRE2's own.
  static func isHit(_ pattern: String, by line: String) -> Bool {
    pattern == MatchLimit.pattern && line.hasPrefix("E dev=") && line.hasSuffix(hopeless)
  }
}
