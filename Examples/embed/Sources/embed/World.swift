import Criteria

/// What goes wrong with an instance. Each begins at some minute of its life.
enum Fault: String, CaseIterable, Sendable {
  case none = "nothing"
  case dead = "dies"
  case hiccup = "behind a switch that restarts"
  case disk = "fills its disk"
  case broken = "fails and runs out of memory"
  case errors = "only fails"
  case silent = "is no longer scraped"
}

/// A made-up fleet in virtual time: what it shows depends on its seed and on what is done to it, and on nothing else.
struct World {
  struct Instance {
    var name: String
    var launched: Int
    var fault: Fault
    /// The minute from which on it shows.
    var onset: Int
    var errors = 0.0
  }

  private(set) var instances: [String: Instance] = [:]
  private var random: UInt64 = 2026
  private var generations: [Int: Int] = [:]
  /// Seconds of virtual time.
  private(set) var now = 0
  static let start = 1_795_392_000.0
  static let step = 30

  init(count: Int) {
    for slot in 0..<count { launch(slot, faulty: true) }
  }

  var time: Timestamp { Timestamp(seconds: Self.start + Double(now)) }

  private mutating func draw(_ bound: Int) -> Int {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((random >> 33) % UInt64(bound))
  }

  /// A new instance in a slot; the first ones of a fleet may be faulty.
  private mutating func launch(_ slot: Int, faulty: Bool) {
    generations[slot, default: 0] += 1
    let faults = Fault.allCases.dropFirst()
    let fault = faulty && draw(4) == 0 ? faults[faults.startIndex + draw(faults.count)] : .none
    let name = "web-\(slot)-\(generations[slot]!)"
    // The switch takes all of its instances away at once, for five minutes.
    let onset = fault == .hiccup ? 100 : now / 60 + 20 + draw(180)
    instances[name] = Instance(name: name, launched: now, fault: fault, onset: onset)
  }

  /// The old instance goes, a new one takes its slot.
  mutating func replace(_ name: String) {
    instances[name] = nil
    launch(Int(name.split(separator: "-")[1])!, faulty: false)
  }

  /// One scrape of every instance, in order of name.
  mutating func tick() -> [Scrape] {
    now += Self.step
    return instances.keys.sorted().compactMap { scrape($0) }
  }

  private mutating func scrape(_ name: String) -> Scrape? {
    guard var one = instances[name] else { return nil }
    let minutes = now / 60 - one.onset
    let hurts = minutes >= 0
    if hurts, one.fault == .silent { return nil }
    one.errors += Double(draw(20))
    if hurts, one.fault == .broken || one.fault == .errors { one.errors += 400 }
    instances[name] = one
    let away = hurts && (one.fault == .dead || (one.fault == .hiccup && minutes < 5))
    let filled = hurts && one.fault == .disk ? Double(minutes) * 0.02 : 0
    let disk = min(1, 0.4 + Double(draw(100)) / 1000 + filled)
    let oom = hurts && one.fault == .broken && now % 120 == 0
    return Scrape(
      instance: name, launched: Timestamp(seconds: Self.start + Double(one.launched)), up: away ? 0 : 1, disk: disk,
      errors: one.errors, lines: oom ? ["Killed process \(1000 + draw(9000)) (java)"] : [])
  }
}
