import Testing

/// The policy of the design's §2 and the tests of its §6, as they stand there.
private let examples = root + "/Tests/RulecheckTests/Fixtures/testing"

@Suite("rulecheck test")
struct TestCommandTests {
  @Test("runs the example of the design as it is written")
  func design() throws {
    let run = try rulecheck(["test", "web-nodes.test.yaml"], in: examples)
    #expect(run.output == "3 tests · 3 passed · 1 file\n")
    #expect(run.errors == "")
    #expect(run.status == 0)
  }
}
