import Criteria
@_spi(Internals) import CriteriaCompiler
import Glibc
import Testing

private let everything = statefulPolicy

private let start: Int64 = 1_795_395_600_000

private func moment(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

/// splitmix64: a seed gives the same numbers everywhere.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// A life of a few instances: the same for a seed.
private struct Life {
  enum Event {
    case observe(Observation, String, Timestamp)
    case attach(String, String, Timestamp)
    case remove(String)
    case advance(Timestamp)
  }
  private var random: SplitMix
  private(set) var events: [Event] = []

  init(seed: Int, ticks: Int) {
    random = SplitMix(state: UInt64(seed))
    for tick in 0..<ticks {
      let now = start + Int64(tick) * 10_000
      for _ in 0..<Int.random(in: 0...12, using: &random) { observe(around: now) }
      if roll(40) { events.append(.remove(instance())) }
      if !roll(4) { events.append(.advance(moment(now + Int64.random(in: -5000...5000, using: &random)))) }
    }
  }

  private mutating func roll(_ sides: Int) -> Bool { Int.random(in: 1...sides, using: &random) == 1 }
  private mutating func instance() -> String { ["a", "b", "c", "d"].randomElement(using: &random)! }
  private mutating func pick(_ words: [String]) -> String { words.randomElement(using: &random)! }

  private mutating func observe(around now: Int64) {
    // Late, in time, and ahead.
    let time = moment(now + Int64.random(in: -40_000...25_000, using: &random) / 500 * 500)
    let number = roll(20) ? Double.nan : Double(Int.random(in: 0...100, using: &random))
    let id = instance()
    let observation: Observation
    switch Int.random(in: 0...15, using: &random) {
    case 0, 1: observation = .sample("up", [:], roll(2) ? 0 : 1)
    case 2, 3: observation = .sample("cpu", ["cpu": pick(["0", "1"])], number)
    case 4, 5: observation = .sample("disk", ["mount": pick(["/", "/a", "/b", "/c", "/d"])], number)
    case 6: observation = .sample("errors", ["code": pick(["500", "503"])], number)
    case 7: observation = .line("Killed " + pick(["java", "python"]), source: "kernel")
    case 8: observation = .line("error, dev " + pick(["sda", "sdb"]), source: "kernel")
    case 9: observation = .line("took \(Int.random(in: 1...999, using: &random)) ms", source: "app")
    case 10:
      observation = .condition(
        "Ready", pick(["True", "False"]), reason: pick(["x", "y"]), since: roll(2) ? moment(now - 60_000) : nil)
    case 11:
      observation = .sample(
        "fine", ["condition": "Fine", "status": pick(["true", "false"]), "node": id], roll(3) ? .nan : 1)
    case 12: observation = .sample("image_info", ["image": pick(["v1", "v2"]), "x": pick(["1", "2"])], 1)
    case 13: observation = .sample("boot_time", [:], Double(start / 1000 - 600))
    case 14:
      observation = .facts(
        ["cores": pick(["1", "4", "many"])], labels: roll(2) ? ["role": pick(["web", "db", "test"])] : nil,
        desired: roll(3) ? ["image": "v3"] : nil, launched: roll(6) ? moment(now - 20_000) : nil)
    default:
      events.append(.attach(pick(["kernel", "*"]), id, time))
      return
    }
    events.append(.observe(observation, id, time))
  }
}

extension Fleet {
  /// - Returns: What is to be seen of it: results, changes.
  fileprivate mutating func live(_ event: Life.Event) -> String {
    switch event {
    case .observe(let observation, let id, let time):
      return "\(observe(observation, of: id, at: time, origin: Origin(file: "f", line: 1)))"
    case .attach(let source, let id, let time): return "\(attach(log: source, of: id, at: time))"
    case .remove(let id):
      remove(id)
      return ""
    case .advance(let time):
      let changes = advance(to: time)
      return "\(changes) due:\(nextDue.map(\.description) ?? "never") \(counts) " + records(at: time)
    }
  }

  fileprivate func records(at time: Timestamp) -> String {
    instances.sorted().map { id in
      let later = Timestamp(milliseconds: time.milliseconds + 25_000)
      return [time, later].map { explain(id, at: $0, allRules: true)?.json ?? "none" }.joined(separator: "\n")
    }.joined(separator: "\n")
  }
}

@Suite("Snapshots")
struct SnapshotTests {
  @Test("a restored fleet goes on as one that never stopped, to the bit", arguments: 0..<24)
  func restored(seed: Int) throws {
    let policy = try Policy(text: everything)
    let life = Life(seed: seed, ticks: 60)
    var random = SplitMix(state: UInt64(seed) + 1000)
    let stop = Int.random(in: 0..<life.events.count, using: &random)
    var original = Fleet(policy)
    for event in life.events[..<stop] { _ = original.live(event) }
    let bytes = original.snapshot()
    var copy = try Fleet(policy, restoring: bytes)
    let again = copy.snapshot()
    #expect(again == bytes, "a snapshot of what was restored is another one")
    let (last, expectedLast) = (copy.lastTick, original.lastTick)
    #expect(last == expectedLast)
    for (index, event) in life.events[stop...].enumerated() {
      let expected = original.live(event)
      let found = copy.live(event)
      guard expected == found else {
        Issue.record("differs at event \(index) after the snapshot at \(stop): \(event)\n\(expected)\n\(found)")
        return
      }
    }
    let (instances, others) = (Set(original.instances), Set(copy.instances))
    #expect(instances == others)
  }

  @Test("the same life gives the same bytes")
  func deterministic() throws {
    let policy = try Policy(text: everything)
    var all: Set<[UInt8]> = []
    for _ in 0..<3 {
      var fleet = Fleet(policy)
      for event in Life(seed: 7, ticks: 40).events { _ = fleet.live(event) }
      all.insert(fleet.snapshot())
    }
    #expect(all.count == 1)
  }

  private func sample() throws -> (Policy, [UInt8]) {
    let policy = try Policy(text: everything)
    var fleet = Fleet(policy)
    for event in Life(seed: 3, ticks: 30).events { _ = fleet.live(event) }
    return (policy, fleet.snapshot())
  }

  private func kind(_ policy: Policy, _ bytes: [UInt8]) -> SnapshotError.Kind? {
    do throws(SnapshotError) {
      let fleet = try Fleet(policy, restoring: bytes)
      _ = fleet.instances
      return nil
    } catch { return error.kind }
  }

  @Test("bytes that are cut off, changed, of something else or of a newer format are refused")
  func refused() throws {
    let (policy, bytes) = try sample()
    #expect(kind(policy, bytes) == nil)
    #expect(kind(policy, []) == .foreign)
    #expect(kind(policy, Array("{}".utf8)) == .foreign)
    #expect(kind(policy, Array(repeating: 0, count: 100)) == .foreign)
    for count in Array(1..<64) + Array(stride(from: 64, to: bytes.count, by: 97)) {
      #expect(kind(policy, Array(bytes[..<count])) == .truncated)
    }
    #expect(kind(policy, bytes + [0]) == .corrupt)
    var newer = bytes
    newer[8] = 2
    #expect(kind(policy, newer) == .newer)
    for place in Array(12..<64) + Array(stride(from: 64, to: bytes.count, by: 31)) {
      var changed = bytes
      changed[place] ^= 1 << UInt8(place % 8)
      let found = kind(policy, changed)
      #expect(found == .corrupt || found == .truncated, "byte \(place)")
    }
  }

  @Test("another policy is refused, with the way out; so is another assumption")
  func otherPolicy() throws {
    let (policy, bytes) = try sample()
    let other = try Policy(text: everything + "\n# changed")
    do throws(SnapshotError) {
      _ = try Fleet(other, restoring: bytes).instances
      Issue.record("it was restored")
    } catch {
      #expect(error.kind == .otherPolicy)
      #expect(error.description.contains(policy.digest) && error.description.contains(other.digest))
      #expect(error.remedy.contains("replacePolicy"))
    }
    do throws(SnapshotError) {
      _ = try Fleet(policy, restoring: bytes, assumingSteady: true).instances
      Issue.record("it was restored")
    } catch { #expect(error.kind == .otherPolicy) }
  }

  /// What this version wrote when it was new; also what the fuzzer starts from. Written anew with `UPDATE_GOLDENS`, which a change
  /// of the format needs, along with another `Snapshot.version`.
  @Test("what was written by an earlier build is still read, and decided on")
  func golden() throws {
    let folder = String(#filePath.dropLast("CriteriaTests/SnapshotTests.swift".count)) + "Fuzz/Seeds/snapshot"
    let (policy, bytes) = try sample()
    if getenv("UPDATE_GOLDENS") != nil { try writeSeeds(policy, bytes, folder) }
    var written: [UInt8] = []
    let file = try #require(fopen(folder + "/life.bin", "r"))
    defer { fclose(file) }
    while true {
      let byte = fgetc(file)
      if byte < 0 { break }
      written.append(UInt8(byte))
    }
    #expect(written == Array(bytes.dropFirst(24)), "the format has changed, or what is decided has")
  }

  /// Without the frame, which the fuzzer puts around.
  private func writeSeeds(_ policy: Policy, _ bytes: [UInt8], _ folder: String) throws {
    mkdir(folder, 0o755)
    for (name, seed) in [("life.bin", bytes), ("empty.bin", Fleet(policy).snapshot())] {
      let file = try #require(fopen(folder + "/" + name, "w"))
      defer { fclose(file) }
      fwrite(Array(seed.dropFirst(24)), 1, seed.count - 24, file)
    }
  }

  @Test("bytes of another meaning in a frame that is right are refused or restored, never fatal", arguments: 0..<4)
  func hostile(seed: Int) throws {
    let (_, bytes) = try sample()
    let payload = Array(bytes.dropFirst(24))
    var random = SplitMix(state: UInt64(seed))
    for _ in 0..<25 {
      var changed = payload
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: changed[place] = UInt8.random(in: 0...255, using: &random)
        case 1: changed[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
        case 2: changed.removeSubrange(place..<min(changed.count, place + 8))
        default: changed.insert(contentsOf: changed[place..<min(changed.count, place + 8)], at: place)
        }
      }
      changed.withUnsafeBytes { fuzzSnapshot($0) }
    }
  }
}

@Suite("Replacing a policy")
struct ReplacePolicyTests {
  private func policy(_ body: String) throws -> Policy {
    try Policy(text: "version: 1\npolicy: p\nstep: 10s\nreplace: 100\nwatch: 50\n\(body)")
  }

  @Test("a change that changes nothing keeps everything", arguments: 0..<6)
  func onlyText(seed: Int) throws {
    let life = Life(seed: seed, ticks: 40)
    let stop = life.events.count / 2
    var original = Fleet(try Policy(text: everything))
    for event in life.events[..<stop] { _ = original.live(event) }
    var changed = try Fleet(original.policy, restoring: original.snapshot())
    let transfers = changed.replacePolicy(try Policy(text: everything + "\n# a remark"))
    #expect(transfers.allSatisfy { $0.isKept && $0.reason == "unchanged" })
    for event in life.events[stop...] {
      var expected = original.live(event)
      var found = changed.live(event)
      expected.replace(original.policy.digest, with: changed.policy.digest)
      // When to look again was worked out anew, and may be earlier.
      if case .advance = event { (expected, found) = (withoutDue(expected), withoutDue(found)) }
      #expect(expected == found)
    }
  }

  private func withoutDue(_ text: String) -> String {
    text.split(separator: " ").filter { !$0.hasPrefix("due:") }.joined(separator: " ")
  }

  @Test("what changed is dropped and said, the rest goes on")
  func changed() throws {
    let before = try policy(
      """
      signals:
        x: {gauge: x}
        y: {gauge: y}
        z: {gauge: z}
        oom: {log: kernel, match: 'Killed (?<comm>[a-z]+) (?<pid>[0-9]+)'}
      rules:
        - {rule: X, when: x > 5, for: 20s, then: +60}
        - {rule: Y, when: y > 5, for: 1m, then: +60}
        - {rule: Z, when: z > 5, then: +60}
        - {rule: Gone, when: x > 7, then: +60}
        - {rule: OOM, when: "count(oom[2m]) >= 2", then: +10, why: "{oom.comm} {oom.pid}"}
      """)
    let after = try policy(
      """
      signals:
        x: {gauge: x}
        y: {gauge: y, unit: percent}
        oom: {log: kernel, match: 'Killed (?<comm>[a-z]+) (?<pid>[0-9]+)'}
        new: {gauge: new}
      rules:
        - {rule: X, when: x > 5, for: 20s, then: +100}
        - {rule: Y, when: y > 5%, for: 1m, then: +60}
        - {rule: OOM, when: "count(oom[5m]) >= 2", then: +10, why: "{oom.pid}"}
        - {rule: New, when: "absent(new[1m])", then: replace}
        - {rule: Long, when: "max(x[10m]) > 99", then: +1}
      """)
    var fleet = Fleet(before)
    for second in stride(from: 10.0, through: 200, by: 10) {
      for metric in ["x", "y", "z"] { fleet.observe(.sample(metric, [:], 9), of: "a", at: Timestamp(seconds: second)) }
    }
    for second in [150.0, 160] {
      fleet.observe(.line("Killed java 7", source: "kernel"), of: "a", at: Timestamp(seconds: second))
    }
    fleet.advance(to: Timestamp(seconds: 200))
    let known = fleet.instance("a")
    let handle = try #require(known)
    let lines = fleet.replacePolicy(after).map(\.description)
    #expect(
      lines == [
        "signal `x` kept: its history goes back 300 s, and shall go back 600 s",
        "signal `y` dropped: its `unit` is another",
        "signal `z` dropped: the policy has no such signal any more",
        "signal `oom` kept: unchanged",
        "rule `X` kept: unchanged",
        "rule `Y` dropped: its `when` is another",
        "rule `Z` dropped: the policy has no such rule any more",
        "rule `Gone` dropped: the policy has no such rule any more",
        "rule `OOM` dropped: its `when` is another",
      ])
    let stale = fleet.decide(handle)
    #expect(stale == nil)
    fleet.observe(.sample("x", [:], 9), of: "a", at: Timestamp(seconds: 210))
    fleet.observe(.sample("y", [:], 9), of: "a", at: Timestamp(seconds: 210))
    fleet.advance(to: Timestamp(seconds: 210))
    // X has been active since 0:30; nobody has watched `new` for a minute.
    let explained = fleet.explain("a", at: Timestamp(seconds: 210), allRules: true)
    let record = try #require(explained)
    #expect(
      record.rules.map { "\($0.rule) \($0.state)" } == ["X active", "Y pending", "OOM active", "New idle", "Long idle"])
    #expect(record.rules[2].why == "7")
    #expect(record.knownSince == Timestamp(seconds: 10))
    #expect(record.rules[0].since == Timestamp(seconds: 30))
  }

  @Test("what the old policy did not watch is not absent before it was watched as long")
  func notAbsent() throws {
    var fleet = Fleet(try policy("signals: {x: {gauge: x}}\nrules: [{rule: X, when: x > 5, then: +1}]"))
    for second in stride(from: 10.0, through: 600, by: 10) {
      fleet.observe(.sample("x", [:], 1), of: "a", at: Timestamp(seconds: second))
    }
    fleet.advance(to: Timestamp(seconds: 600))
    fleet.replacePolicy(
      try policy(
        """
        signals: {x: {gauge: x}, y: {gauge: y}}
        rules:
          - {rule: Silent, when: "absent(y[1m])", then: replace}
          - {rule: Blind, when: "max(y[2m]) > 1", then: +60, unknown: fires}
        """))
    var seen: [String] = []
    for second in stride(from: 610.0, through: 740, by: 10) {
      fleet.observe(.sample("x", [:], 1), of: "a", at: Timestamp(seconds: second))
      // A restart in between changes nothing.
      fleet = try Fleet(fleet.policy, restoring: fleet.snapshot())
      for change in fleet.advance(to: Timestamp(seconds: second)) {
        seen.append("\(change.at.milliseconds / 1000) \(change.verdict)")
      }
    }
    #expect(seen.first == "610 unknown")
    #expect(seen.contains("660 replace"))
    let explained = fleet.explain("a", at: Timestamp(seconds: 740), allRules: true)
    let record = try #require(explained)
    #expect(record.rules.first { $0.rule == "Blind" }?.since == Timestamp(seconds: 720))
  }

  @Test("another step and lateness")
  func otherStep() throws {
    let body = "signals: {x: {gauge: x}}\nrules: [{rule: X, when: x > 5, for: 2m, then: replace}]"
    var fleet = Fleet(try policy(body))
    for second in stride(from: 10.0, through: 100, by: 10) {
      fleet.observe(.sample("x", [:], 9), of: "a", at: Timestamp(seconds: second))
    }
    fleet.advance(to: Timestamp(seconds: 100))
    fleet.replacePolicy(try Policy(text: "version: 1\npolicy: p\nstep: 1m\nreplace: 100\nwatch: 50\n\(body)"))
    let last = fleet.lastTick
    #expect(last == Timestamp(seconds: 60))
    for second in [110.0, 170] { fleet.observe(.sample("x", [:], 9), of: "a", at: Timestamp(seconds: second)) }
    let changes = fleet.advance(to: Timestamp(seconds: 180))
    #expect(changes.map { "\($0.at) \($0.verdict)" } == ["1970-01-01T00:03:00Z replace"])
  }
}
