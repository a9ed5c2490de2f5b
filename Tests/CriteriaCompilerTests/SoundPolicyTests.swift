import CriteriaDiagnostics
import CriteriaSyntax
import Glibc
import Testing

@testable import CriteriaCompiler

/// The folder of the benchmark policies, beside the data that is shared next to the repository.
private let anchors: String = {
  if let data = getenv("CRITERIA_SHARED_DATA") { return String(cString: data) + "/../anchors/evaluate" }
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
  return parts.joined(separator: "/") + "/../shared/anchors/evaluate"
}()

/// `../shared` is no part of the repository: its policies are checked only where it is present.
@Test(
  "the benchmark policies check clean", .enabled(if: (try? readFile("\(anchors)/p20.yaml", limit: 1 << 20)) != nil),
  arguments: ["p5.yaml", "p20.yaml"])
func anchorPolicies(name: String) throws {
  let text = try readFile("\(anchors)/\(name)", limit: 1 << 20)
  let outcome = checkPolicy(String(decoding: text.bytes, as: UTF8.self))
  #expect(outcome.diagnostics == [])
  #expect(outcome.policy != nil)
}

@Test("the policy of the language reference checks without a warning; what it never uses is noted")
func referencePolicy() throws {
  let linux = """
    version: 1
    signals:
      tainted: {gauge: node_tainted}
    """
  let outcome = checkPolicy(referencePolicyText, uses: ["signals/linux.yaml": linux])
  #expect(outcome.diagnostics.allSatisfy { $0.severity == .note })
  #expect(outcome.diagnostics.map { outcome.text($0.range) } == ["free", "slow", "ready", "pressure", "wear"])
  let policy = try #require(outcome.policy)
  #expect(policy.rules.map(\.name).count == 9)
  #expect(policy.rules.first { $0.name == "FailingDisk" }?.by == ["dev"])
}

@Test("a name that an unreadable `use` file may hold is not called unknown as well")
func unreadableUse() {
  let outcome = checkPolicy(
    """
    version: 1
    policy: p
    use: [gone.yaml]
    rules: [{rule: A, when: shared > 5, then: +1}]
    """)
  #expect(outcome.diagnostics.filter { $0.severity == .error }.map(\.code.name) == ["E0016"])
}
