import Testing

@Suite("rulecheck explain")
struct ExplainTests {
  @Test(
    "a code or a function has its page",
    arguments: [("E0212", "E0212:"), ("e0212", "E0212:"), ("rate", "rate(x[w])"), ("age", "age")])
  func pages(name: String, start: String) throws {
    let run = try rulecheck(["explain", name])
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output.hasPrefix(start))
  }

  @Test(
    "a wrong name is exit 1, with the nearest",
    arguments: [("E0213x", "E0213"), ("rat", "rate"), ("incraese", "increase")])
  func nearest(name: String, expected: String) throws {
    let run = try rulecheck(["explain", name])
    #expect(run.status == 1)
    #expect(run.errors.contains("did you mean `\(expected)`?"))
  }

  @Test("without a name it lists all of them")
  func all() throws {
    let run = try rulecheck(["explain"])
    #expect(run.status == 0)
    #expect(run.output.contains("E0212  "))
    #expect(run.output.contains("p99"))
  }
}
