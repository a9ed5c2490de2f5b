import Testing

/// Policies of `rules/`, broken on purpose: what their own tests say.
@Suite("A policy of rules/ that is broken")
struct BrokenRulesTests {
  struct Break: CustomTestStringConvertible, Sendable {
    /// What kind of mistake it is.
    var kind: String
    var policy: String
    var old: String
    var new: String
    var testDescription: String { "\(kind) of \(policy): \(old) → \(new)" }
  }

  /// Each kind of mistake in two policies, once at least a small one.
  static let breaks: [Break] = [
    Break(kind: "threshold", policy: "disk-smart", old: "when: temperature > 65", new: "when: temperature > 66"),
    Break(kind: "threshold", policy: "linux-node", old: "when: free < 5%", new: "when: free < 4%"),
    Break(
      kind: "unit", policy: "disk-smart", old: "percentage_used, unit: percent", new: "percentage_used, unit: ratio"),
    Break(
      kind: "unit", policy: "http-service", old: "http_request_duration_seconds{quantile=\"0.99\"}', unit: seconds",
      new: "http_request_duration_seconds{quantile=\"0.99\"}', unit: ms"),
    Break(kind: "operator", policy: "disk-smart", old: "when: pending > 0", new: "when: pending >= 0"),
    Break(kind: "operator", policy: "kubernetes-node", old: "count(pleg[30m]) >= 10", new: "count(pleg[30m]) > 10"),
    Break(kind: "window", policy: "linux-node", old: "when: changes(up[30m]) >= 6", new: "when: changes(up[15m]) >= 6"),
    Break(kind: "window", policy: "kubernetes-node", old: "count(pleg[30m]) >= 10", new: "count(pleg[15m]) >= 10"),
    Break(kind: "for", policy: "linux-node", old: "for: 30m", new: "for: 29m"),
    Break(kind: "for", policy: "gpu-node", old: "for: 10m", new: "for: 5m"),
    Break(kind: "until", policy: "linux-node", old: "until: free > 10%", new: "until: free > 5%"),
    Break(kind: "until", policy: "disk-smart", old: "    until: temperature < 60\n", new: ""),
    Break(kind: "regex", policy: "immutable", old: "'^Accepted ", new: "'^Accept "),
    Break(kind: "regex", policy: "gpu-node", old: "<xid>48|64|74|79|", new: "<xid>48|64|79|"),
    Break(kind: "effect", policy: "immutable", old: "then: quarantine", new: "then: replace"),
    Break(kind: "effect", policy: "linux-node", old: "then: protect", new: "then: +0"),
    Break(kind: "guard", policy: "http-service", old: " and increase(requests[5m]) >= 200", new: ""),
    Break(kind: "guard", policy: "linux-node", old: " and min(readonly[1d]) == 0", new: ""),
    Break(kind: "missing", policy: "immutable", old: "unknown: ignore", new: "unknown: fires"),
    Break(
      kind: "missing", policy: "gpu-node",
      old: "remap_failed:  {gauge: DCGM_FI_DEV_ROW_REMAP_FAILURE, by: [gpu], optional: true}",
      new: "remap_failed:  {gauge: DCGM_FI_DEV_ROW_REMAP_FAILURE, by: [gpu]}"),
  ]

  @Test("fails its tests, or mutation points at the line", arguments: breaks)
  func isCaught(one: Break) throws {
    let folder = try TemporaryFolder()
    try #require(try run(["cp", "-r", root + "/rules", folder.path]).status == 0)
    let path = "rules/\(one.policy).yaml"
    let sound = try folder.read(path)
    try #require(sound.contains(one.old), "\(path) does not say `\(one.old)`")
    let broken = sound.replacing(one.old, with: one.new, maxReplacements: 1)
    try folder.write(broken, to: path)
    let tests = "rules/\(one.policy).test.yaml"
    let test = try rulecheck(["test", "--fail-fast", tests], in: folder.path)
    if test.status == 2 {
      #expect(test.output.contains("FAIL  \(tests): "), "\(test.output)")
      print("\(one): \(test.output.split(separator: "\n").first ?? "")")
      return
    }
    try #require(test.status == 0, "\(test.errors)")
    let line = zip(sound.split(separator: "\n"), broken.split(separator: "\n")).enumerated().first { $1.0 != $1.1 }
    let mutation = try rulecheck(["test", "--mutate", tests], in: folder.path)
    #expect(mutation.status == 2)
    #expect(
      mutation.output.contains("survived  \(path):\((line?.offset ?? 0) + 1):"), "\(mutation.output.suffix(2000))")
    print("\(one): mutation points at line \((line?.offset ?? 0) + 1)")
  }

  @Test("the kinds of mistake are ten")
  func kinds() { #expect(Set(Self.breaks.map(\.kind)).count == 10) }
}
