import CriteriaReaders
import Testing

@Suite struct InputSpecTests {
  @Test(
    "--logs takes instance and source off a path that exists",
    arguments: [
      ("kernel.log", InputSpec(path: "kernel.log")),
      ("-", InputSpec(path: "-")),
      ("node-1:-", InputSpec(path: "-", instance: "node-1")),
      ("node-1:kernel=-", InputSpec(path: "-", instance: "node-1", source: "kernel")),
      ("node-1:kernel.log", InputSpec(path: "kernel.log", instance: "node-1")),
      ("kernel=kernel.log", InputSpec(path: "kernel.log", source: "kernel")),
      ("node-1:app=kernel.log", InputSpec(path: "kernel.log", instance: "node-1", source: "app")),
      ("10.0.0.1:9100:app=kernel.log", InputSpec(path: "kernel.log", instance: "10.0.0.1:9100", source: "app")),
      ("[::1]:9100:kernel.log", InputSpec(path: "kernel.log", instance: "[::1]:9100")),
      ("aws:///eu/i-1:kernel.log", InputSpec(path: "kernel.log", instance: "aws:///eu/i-1")),
      ("a:b=c.log", InputSpec(path: "a:b=c.log")),
      ("x:a:b=c.log", InputSpec(path: "a:b=c.log", instance: "x")),
      ("x=y=1.log", InputSpec(path: "y=1.log", source: "x")),
      ("sub/dir=x/z.log", InputSpec(path: "sub/dir=x/z.log")),
    ])
  func logs(text: String, expected: InputSpec) throws {
    let files: Set = ["kernel.log", "a:b=c.log", "y=1.log", "sub/dir=x/z.log"]
    #expect(try parseLogsSpec(text) { files.contains($0) } == expected)
  }

  @Test(
    "--metrics takes the instance off; an equals sign is part of the path",
    arguments: [
      ("a=b.prom", InputSpec(path: "a=b.prom")),
      ("node:9100:a=b.prom", InputSpec(path: "a=b.prom", instance: "node:9100")),
    ])
  func metrics(text: String, expected: InputSpec) throws {
    #expect(try parseMetricsSpec(text) { $0 == "a=b.prom" } == expected)
  }

  @Test(
    "what names no file says which file is missing",
    arguments: [
      ("nope.log", [], "--logs nope.log: no file or folder `nope.log`, expected [INSTANCE:][SOURCE=]PATH"),
      ("n:nope.log", [], "--logs n:nope.log: no file or folder `nope.log`, expected [INSTANCE:][SOURCE=]PATH"),
      ("n:/a/b", [], "--logs n:/a/b: no file or folder `/a/b`, expected [INSTANCE:][SOURCE=]PATH"),
      ("n:k=/a/b", [], "--logs n:k=/a/b: no file or folder `/a/b`, expected [INSTANCE:][SOURCE=]PATH"),
      ("", [], "--logs : no file or folder ``, expected [INSTANCE:][SOURCE=]PATH"),
      ("n:", [], "--logs n:: no file or folder `n:`, expected [INSTANCE:][SOURCE=]PATH"),
      (
        "a:b:c", ["c", "b:c"],
        "--logs a:b:c: can be read in several ways, as `b:c`, `c` exist; expected [INSTANCE:][SOURCE=]PATH, with `./` before a relative path"
      ),
    ])
  func missing(text: String, files: [String], expected: String) {
    #expect(throws: InputSpecError(description: expected)) { try parseLogsSpec(text) { files.contains($0) } }
  }

  @Test(
    "the base name is the file's, without packing, rotation and ending",
    arguments: [
      ("/var/log/kernel.log", "kernel"), ("kernel.log.gz", "kernel"), ("kernel.log.2.gz", "kernel"),
      ("syslog.1", "syslog"),
      ("syslog", "syslog"), ("a.b.log", "a.b"), ("i-0a1.prom", "i-0a1"), (".log", ".log"), ("x.txt.gz", "x"),
      ("10.0.0.log", "10.0.0"),
    ])
  func baseNames(path: String, expected: String) {
    #expect(InputSpec(path: path).baseName == expected)
    #expect(InputSpec(path: "-").baseName == nil)
  }
}
