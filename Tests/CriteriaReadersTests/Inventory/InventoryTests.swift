import CriteriaReaders
import Testing

private func read(_ text: String) throws -> (entries: [InventoryEntry], problems: [String]) {
  var reader = InventoryReader(name: "f.yaml")
  let entries = try reader.read(Array(text.utf8))
  return (entries, reader.problems.problems.map(\.description))
}

@Suite struct InventoryTests {
  private static let expected: InventoryEntry = {
    var entry = InventoryEntry(id: "i-1")
    entry.aliases = ["web-1", "10.0.0.1"]
    entry.launched = 1_795_395_723_000
    entry.labels = ["role": "web", "on": "no"]
    entry.facts = ["kernel": "6.10"]
    entry.desired = ["image": "2026.11.20"]
    entry.conditions = ["Ready": .init(status: "False", reason: "Down", since: 1_795_395_723_500)]
    entry.file = "f.yaml"
    entry.line = 2
    return entry
  }()

  @Test(
    "an entry says what is known of an instance, in YAML and in JSON",
    arguments: [
      """
      instances:
        - id: i-1
          aliases: [web-1, 10.0.0.1]
          launched: 2026-11-23T01:02:03Z
          labels: {role: web, on: no}
          facts: {kernel: 6.10}
          desired: {image: 2026.11.20}
          conditions:
            Ready: {status: False, reason: Down, since: 1795395723.5}
      """,
      """
      [
        {"id": "i-1", "aliases": ["web-1", "10.0.0.1"], "launched": 1795395723, "labels": {"role": "web", "on": "no"},
         "facts": {"kernel": "6.10"}, "desired": {"image": "2026.11.20"}, "state": "running",
         "conditions": {"Ready": {"status": "False", "reason": "Down", "since": "2026-11-23T01:02:03.5Z"}}}
      ]
      """,
    ])
  func entry(text: String) throws {
    let result = try read(text)
    #expect(result.entries == [Self.expected])
    #expect(result.problems == [])
  }

  @Test(
    "JSON writes characters beyond the basic plane as two escapes, which YAML does not know",
    arguments: [
      (#""\ud83d\ude00 caf\u00e9""#, "😀 café"), (#""\uD83D\uDE00\uD83D\uDE01""#, "😀😁"),
      (#""\\ud83d\\ude00""#, #"\ud83d\ude00"#), (#""\ud83d.""#, "\u{FFFD}."), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
      (#""\"\ud83d\ude00""#, "\"😀"),
    ])
  func surrogates(written: String, expected: String) throws {
    let result = try read(#"[{"id": "a", "labels": {"owner": \#(written)}}]"#)
    #expect(result.entries.map(\.labels) == [["owner": expected]])
    #expect(result.problems == [])
  }

  @Test("a stopped or terminated instance is skipped")
  func skipped() throws {
    let result = try read(
      "- {id: a, state: stopped}\n- {id: b, status: Terminated}\n- {id: c, state: running}\n- {id: d}")
    #expect(result.entries.map(\.isSkipped) == [true, true, false, false])
    #expect(result.entries.map(\.labels) == [nil, nil, nil, nil])
  }

  @Test(
    "a fault is reported with its place, and the rest is used",
    arguments: [
      (
        "- id: a\n  launhced: 5\n- id: b", 2,
        "f.yaml:2:3: expected one of `id`, `aliases`, `launched`, `state`, `status`, `labels`, `facts`, `desired`, `conditions`, found `launhced`; did you mean `launched`?"
      ),
      ("- id: a\n- name: b", 1, "f.yaml:2:3: expected the key `id`"),
      ("- id: a\n- b", 1, "f.yaml:2:3: expected an instance, a mapping with the key `id`"),
      ("- id: a\n- id: a", 1, "f.yaml:2:3: expected each id once, found `a` of line 1 again"),
      ("- id:\n- id: a", 1, "f.yaml:1:6: expected an id, found nothing"),
      ("- id: [x]\n- id: a", 1, "f.yaml:1:7: expected a text, found a list"),
      (
        "- id: a\n  launched: soon", 1,
        "f.yaml:2:13: expected a time such as `2026-11-23T01:02:03Z`, or seconds since 1970, found `soon`"
      ),
      ("- id: a\n  labels: web", 1, "f.yaml:2:11: expected a mapping of names to texts"),
      ("- id: a\n  labels: {é: [1]}", 1, "f.yaml:2:15: expected a text, found a list"),
      (
        "- id: a\n  conditions: {Ready: {reason: x}}", 1,
        "f.yaml:2:16: expected the condition `Ready` to have a `status`"
      ),
      ("instances: [{id: a}]\nversion: 1", 1, "f.yaml:2:1: expected one of `instances`, found `version`"),
    ])
  func fault(text: String, entries: Int, expected: String) throws {
    let result = try read(text)
    #expect(result.problems == [expected])
    #expect(result.entries.count == entries)
  }

  @Test("what is no inventory at all is an error with its place", arguments: ["just text", "a: 1", "{", "- [", "'"])
  func unusable(text: String) {
    #expect(throws: InputError.self) { try read(text) }
  }

  @Test("random edits of an inventory never trap", arguments: 0..<60)
  func randomEdits(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed) + 99)
    let source =
      "instances:\n  - id: i-1\n    aliases: [a, b]\n    labels: {x: y}\n    conditions: {R: {status: a, since: 5}}\n"
    var bytes = Array(source.utf8)
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      let byte = Array("{}[]:,-&*!|>'\"\n \u{1}".utf8).randomElement(using: &random)!
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = byte
    }
    var reader = InventoryReader(name: "x")
    _ = try? reader.read(bytes)
  }
}
