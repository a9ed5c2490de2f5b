import CriteriaReaders
import Glibc
import Testing

@Suite("rulecheck fmt")
struct FmtTests {
  private let folder: TemporaryFolder

  private static let policy = "version: 1\npolicy: p\nrules:\n- rule: A   # why\n  then: replace\n  when: up==0\n"
  private static let canonical =
    "version: 1\npolicy: p\nrules:\n  - rule: A   # why\n    when: up == 0\n    then: replace\n"

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(Self.policy, to: "a/policy.yaml")
    try folder.write("version: 1\nsignals:\n  up:   {gauge: up}\n", to: "a/signals/shared.yml")
    try folder.write(
      "version: 1\npolicy: policy.yaml\ntests:\n- test: x\n  expect: [{at:   5m, verdict: keep}]\n", to: "a/p.test.yaml"
    )
    try folder.write("instances:\n- id:   i-1\n", to: "a/fleet.yaml")
  }

  private func fmt(_ arguments: [String], input: String = "") throws -> Run {
    try rulecheck(["fmt"] + arguments, in: folder.path, input: input)
  }

  @Test("a folder's files are rewritten and listed; what is not ours is left alone; then there is nothing to do")
  func folders() throws {
    let run = try fmt(["a"])
    #expect(run.status == 0)
    #expect(run.output == "a/p.test.yaml\na/policy.yaml\na/signals/shared.yml\n")
    #expect(run.errors == "3 files: 3 rewritten; 1 other file left alone\n")
    #expect(try folder.read("a/policy.yaml") == Self.canonical)
    #expect(try folder.read("a/fleet.yaml") == "instances:\n- id:   i-1\n")
    let again = try fmt(["a", "--check"])
    #expect(again.status == 0)
    #expect(again.output == "")
    #expect(try list(folder.path + "/a", hidden: true).count == 4)
  }

  @Test("--check lists what differs, exit 2, and writes nothing")
  func check() throws {
    let run = try fmt(["--check", "a/policy.yaml"])
    #expect(run.status == 2)
    #expect(run.output == "a/policy.yaml\n")
    #expect(try folder.read("a/policy.yaml") == Self.policy)
  }

  @Test("--diff prints what patch applies")
  func diff() throws {
    let run = try fmt(["--diff", "a/policy.yaml"])
    #expect(run.status == 0)
    #expect(
      run.output == """
        --- a/policy.yaml
        +++ a/policy.yaml (formatted)
        @@ -1,6 +1,6 @@
         version: 1
         policy: p
         rules:
        -- rule: A   # why
        -  then: replace
        -  when: up==0
        +  - rule: A   # why
        +    when: up == 0
        +    then: replace

        """)
    #expect(try folder.read("a/policy.yaml") == Self.policy)
    #expect(try fmt(["--diff", "--check", "a/policy.yaml"]).status == 2)
  }

  @Test(
    "what the parser of tests refuses is left as it is, exit 3",
    arguments: [
      "version: 1\npolicy: policy.yaml\ntests:\n- test: x\n",
      "version: 1\ntests:\n- {test: x, expect: [{at: 5m, verdict: keep}]}\n",
      "version: 1\npolicy: p.yaml\ntests:\n- {test: x, given: {cpu: 20% for}, expect: [{at: 5m, verdict: keep}]}\n",
      "version: 1\ndefaults: {cpu: 20% for}\n", "version: 1\ntest: x\ndefaults: {}\n",
    ])
  func faultyTest(text: String) throws {
    try folder.write(text, to: "b/x.yaml")
    let run = try fmt(["b/x.yaml"])
    #expect(run.status == 3)
    #expect(run.errors.contains("error[E0"))
    #expect(try folder.read("b/x.yaml") == text)
  }

  @Test("a file of shared defaults is one of ours")
  func defaults() throws {
    try folder.write("version: 1\ndefaults:\n    up:   1 for 1h\n", to: "b/shared.yaml")
    #expect(try fmt(["b"]).status == 0)
    #expect(try folder.read("b/shared.yaml") == "version: 1\ndefaults:\n  up: 1 for 1h\n")
  }

  @Test("standard input goes to standard output")
  func standardInput() throws {
    let run = try fmt(["-"], input: Self.policy)
    #expect(run.status == 0)
    #expect(run.output == Self.canonical)
    #expect(run.errors == "")
  }

  @Test("a file that does not parse stays, with its faults, exit 3; the others are written")
  func invalid() throws {
    let text = "version: 1\npolicy: p\nrules:\n- rule: A\n  when: up >\n  then: replace\n  whu: x\n"
    try folder.write(text, to: "a/broken.yaml")
    try folder.write("a: [", to: "a/torn.yaml")
    let run = try fmt(["a"])
    #expect(run.status == 3)
    #expect(run.errors.contains("a/broken.yaml:5:"))
    #expect(run.errors.contains("a/broken.yaml:7:"))
    #expect(run.errors.contains("a/torn.yaml:1:"))
    #expect(try folder.read("a/broken.yaml") == text)
    #expect(try folder.read("a/policy.yaml") == Self.canonical)
  }

  @Test("what is none of our files is refused when it is named", arguments: ["a/fleet.yaml", "absent.yaml"])
  func notOurs(path: String) throws {
    let run = try fmt([path])
    #expect(run.status == 1)
    #expect(run.output == "")
  }

  @Test("a link stays a link, the mode stays, a folder that cannot be written to leaves the file as it was")
  func writing() throws {
    symlink("policy.yaml", folder.path + "/a/link.yaml")
    chmod(folder.path + "/a/policy.yaml", 0o640)
    #expect(try fmt(["a/link.yaml"]).status == 0)
    var status = stat()
    #expect(lstat(folder.path + "/a/link.yaml", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(stat(folder.path + "/a/policy.yaml", &status) == 0 && status.st_mode & 0o777 == 0o640)
    #expect(try folder.read("a/policy.yaml") == Self.canonical)
    try folder.write(Self.policy, to: "a/policy.yaml")
    // In the way of the file that is written first.
    mkdir(folder.path + "/a/policy.yaml.rulecheck-fmt", 0o755)
    let run = try fmt(["a/policy.yaml"])
    #expect(run.status == 1)
    #expect(run.errors.contains("it stays as it is"))
    #expect(try folder.read("a/policy.yaml") == Self.policy)
  }
}

@Suite("rulecheck schema")
struct SchemaTests {
  @Test(
    "the schemas in docs/ are those that it prints",
    arguments: ["policy", "signals", "test", "defaults", "inventory", "decision", "stream"])
  func documented(name: String) throws {
    let run = try rulecheck(["schema", name])
    #expect(run.status == 0)
    let path = root + "/docs/\(name).schema.json"
    // The others are written by hand, and built into the program.
    if isRecording, ["policy", "signals", "test", "defaults"].contains(name) { try writeText(run.output, to: path) }
    #expect(try run.output == readText(path))
  }

  @Test("the schema of inventories has the keys that the reader takes")
  func inventoryKeys() throws {
    let schema = try JSON(parsing: readText(root + "/docs/inventory.schema.json"))
    guard case .object(let keys)? = schema["$defs"]?["entry"]?["properties"] else {
      Issue.record("no entry in the schema")
      return
    }
    #expect(keys.keys.sorted() == InventoryReader.keys.sorted())
  }

  @Test(
    "all our files fit their schemas, and broken ones do not",
    .enabled(
      if: hasPython("jsonschema") && hasPython("yaml"),
      "python has no jsonschema or no PyYAML: scripts/test-tools installs them"))
  func files() throws {
    let run = try run([python, "scripts/check-schemas", rulecheckPath])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
  }
}
