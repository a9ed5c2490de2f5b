import FleetData

struct Options {
  var policy = "Benchmarks/Policies/p20.yaml"
  var fleet: String?
  var count = 10_000
  var repeats = 11
  var chunk = 512
  var path = "best"
  var anchors = "../shared/anchors"
  var write: String?

  init(_ arguments: ArraySlice<String>) {
    var rest = arguments
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else { fail("decide", "`\(option)` needs a value") }
      switch option {
      case "--policy": policy = value
      case "--fleet": fleet = value
      case "--count": count = Int(value) ?? 0
      case "--repeats": repeats = Int(value) ?? 0
      case "--chunk": chunk = Int(value) ?? 0
      case "--path": path = value
      case "--anchors": anchors = value
      case "--write": write = value
      default: fail("decide", "unknown option `\(option)`")
      }
    }
    if count <= 0 || chunk <= 0 { fail("decide", "`--count` and `--chunk` need positive numbers") }
    if repeats < 9 { fail("decide", "`--repeats` needs at least 9") }
  }
}
