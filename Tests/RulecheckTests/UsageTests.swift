import Testing

@Suite("The command line, before any work")
struct UsageTests {
  @Test(
    "what is not understood is exit 1, with the usage on standard error",
    arguments: [
      ["--bad"], ["frobnicate"], ["eval"], ["eval", "--format", "xml"], ["check"],
    ])
  func usage(arguments: [String]) throws {
    let run = try rulecheck(arguments)
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.contains("Usage: rulecheck"))
  }

  @Test("help and version are results", arguments: [["--help"], ["--version"]])
  func help(arguments: [String]) throws {
    let run = try rulecheck(arguments)
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(!run.output.isEmpty)
  }
}
