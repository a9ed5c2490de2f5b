import Criteria
import CriteriaReaders
import Testing

@Suite("Lines of the stream")
struct StreamLineTests {
  static let schema: JSONSchema = {
    guard case .object(var members)? = try? JSON(parsing: readText(root + "/docs/stream.schema.json")) else {
      return JSONSchema(root: .null)
    }
    members["anyOf"] = .array([.object(["$ref": .string("#/$defs/input")])])
    return JSONSchema(root: .object(members))
  }()

  /// What the line says, or the fault's reason.
  private func read(_ text: [UInt8]) -> (observation: Observation?, reason: String?) {
    text.withUnsafeBytes { bytes in
      do throws(JSONFault) {
        let line = try StreamLine(bytes)
        switch line.kind {
        case .sample, .line, .condition, .facts:
          _ = try line.instance(in: bytes)
          _ = line.origin(in: bytes)
          return (try line.observation(in: bytes), nil)
        case .attach:
          _ = try line.source(in: bytes)
          return (nil, nil)
        case .remove, .explain: return (nil, try line.instance(in: bytes).isEmpty ? "empty" : nil)
        case .tick, .snapshot, .quit: return (nil, nil)
        }
      } catch { return (nil, error.reason) }
    }
  }

  @Test(
    "times",
    arguments: [
      ("\"2026-11-23T01:00:00Z\"", 1_795_395_600_000), ("\"2026-11-23t01:00:00z\"", 1_795_395_600_000),
      ("\"2026-11-23T01:00:00.25Z\"", 1_795_395_600_250), ("\"2026-11-23T01:00:00.123456789Z\"", 1_795_395_600_123),
      ("\"2026-11-23T02:30:00+01:30\"", 1_795_395_600_000), ("\"2026-11-22T20:00:00-05:00\"", 1_795_395_600_000),
      ("\"2024-02-29T23:59:60Z\"", 1_709_251_200_000), ("1795395600000", 1_795_395_600_000), ("0", 0),
      ("\"1970-01-01T00:00:01Z\"", 1000), ("-86400000", -86_400_000),
      ("\"9999-12-31T23:59:59.999Z\"", 253_402_300_799_999),
    ])
  func times(text: String, milliseconds: Int64) throws {
    let line = Array("{\"tick\":\(text)}".utf8)
    #expect(try line.withUnsafeBytes { try StreamLine($0).at } == milliseconds)
  }

  @Test("texts are read with their escapes, and space between tokens is free")
  func escapes() {
    let line = #" {"at":0,"instance":"i","l\u0069ne" : "a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00\u0000","source":"k"} "#
    #expect(read(Array(line.utf8)).observation == .line("a\"\\/\u{8}\u{C}\n\r\téé😀\0", source: "k"))
  }

  @Test("bytes that are not UTF-8 are refused where they stand")
  func notUTF8() {
    var line = Array(#"{"at":0,"instance":"é"#.utf8)
    let place = line.count
    line += [0xC3, 0x28] + Array(#"","remove":"x"}"#.utf8)
    #expect {
      try line.withUnsafeBytes { _ = try StreamLine($0) }
    } throws: { ($0 as? JSONFault)?.offset == place }
  }

  /// Changes a few bytes, or puts two lines together, the same for a seed.
  private func mutate(_ lines: [[UInt8]], _ random: inout some RandomNumberGenerator) -> [UInt8] {
    var line = lines.randomElement(using: &random)!
    let pieces = [
      "\"", "\\", "{", "}", ":", ",", "1", "-", ".", "e5", "\\u0041", "\\ud800", "null", "true", "[]", " ", "é", "T",
      "\u{1}",
    ]
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let start = Int.random(in: 0...line.count, using: &random)
      let end = min(line.count, start + Int.random(in: 0...4, using: &random))
      switch Int.random(in: 0...3, using: &random) {
      case 0: line.removeSubrange(start..<end)
      case 1: line.insert(contentsOf: Array(pieces.randomElement(using: &random)!.utf8), at: start)
      case 2: line.insert(contentsOf: line[start..<end], at: start)
      default:
        let other = lines.randomElement(using: &random)!
        line.replaceSubrange(start..., with: other.suffix(line.count - start))
      }
    }
    return line
  }

  @Test("it takes what is JSON and fits the schema, and nothing else", arguments: 0..<8)
  func agreesWithSchema(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    let valid = try readText(root + "/Examples/stream/incident.ndjson") + readText(root + "/docs/stream.md")
    let seeds = (valid.split(separator: "\n").filter { $0.hasPrefix("{") }.map(String.init) + StreamTests.faulty)
      .map { Array($0.utf8) }
    var taken = 0
    for _ in 0..<2000 {
      let line = mutate(seeds, &random)
      let (observation, reason) = read(line)
      let text = String(decoding: line, as: UTF8.self)
      let tree = String(validating: line, as: UTF8.self).flatMap { try? JSON(parsing: $0) }
      let fits = tree.map { Self.schema.faults(of: $0) == [] && !saysNothing($0) } ?? false
      // What a schema cannot say: which days there are, and which numbers are seconds.
      if let reason, isBeyondSchema(reason) { continue }
      #expect(fits == (reason == nil), "\(text): \(reason ?? "taken")")
      if let observation, let tree { #expect(agrees(observation, tree), "\(text): \(observation)") }
      if reason == nil { taken += 1 }
    }
    #expect(taken > 200)
  }

  private func isBeyondSchema(_ reason: String) -> Bool {
    [
      "half a surrogate pair", "is no whole number", "there is no such", "since 1970 are",
      "is beyond the largest number",
    ].contains {
      reason.contains($0)
    }
  }

  private func saysNothing(_ tree: JSON) -> Bool {
    guard case .object(let members) = tree else { return true }
    return Set(members.keys).isSubset(of: ["at", "instance", "origin"])
  }

  private func agrees(_ observation: Observation, _ tree: JSON) -> Bool {
    func pairs(_ name: String) -> [String: String]? {
      guard case .object(let members)? = tree[name] else { return nil }
      return members.mapValues { $0.text ?? "?" }
    }
    switch observation {
    case .sample(let metric, let labels, let value):
      let number = tree["value"]?.number
      return metric == tree["sample"]?.text && labels == pairs("labels") ?? [:]
        && (number.map { $0 == value } ?? !value.isFinite)
    case .line(let text, let source): return text == tree["line"]?.text && source == tree["source"]?.text
    case .condition(let type, let status, let reason, let since):
      return type == tree["condition"]?.text && status == tree["status"]?.text && reason == tree["reason"]?.text
        && (since != nil) == (tree["since"] != nil)
    case .facts(let facts, let labels, let desired, let launched):
      return facts == pairs("facts") ?? [:] && labels == pairs("labels") && desired == pairs("desired")
        && (launched != nil) == (tree["launched"] != nil)
    }
  }
}

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
