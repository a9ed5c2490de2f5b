// The same policy over the same fleet in other engines and in ours, in one run:
//
//   swift run -c release --package-path Benchmarks compare [--policy FILE] [--count N | --fleet FILE.bin]
//     [--rows N] [--engines cel,zen,opa,numpy,polars,duckdb] [--venv DIR] [--install] [--json FILE]
//
// The other engines run from Python, in an environment that `--install` makes with pip. What is not installed is said.
// Each engine's bands of the score must be ours, and ours those of a plain interpreter, or its time is not printed.
import Criteria
import FleetData
import Glibc

struct Options {
  var policy = "Benchmarks/Policies/p20.yaml"
  var count = 100_000
  var fleet: String?
  /// How many instances the engines see that are asked one by one.
  var rows = 2000
  var engines = ["cel", "zen", "opa", "numpy", "polars", "duckdb"]
  var environment = "Benchmarks/.build/compare-venv"
  var installs = false
  var json: String?

  init(_ arguments: ArraySlice<String>) {
    var rest = arguments
    while let option = rest.popFirst() {
      if option == "--install" {
        installs = true
        continue
      }
      guard let value = rest.popFirst() else { fail("compare", "`\(option)` needs a value") }
      switch option {
      case "--policy": policy = value
      case "--count": count = Int(value) ?? 0
      case "--fleet": fleet = value
      case "--rows": rows = Int(value) ?? 0
      case "--engines": engines = value.split(separator: ",").map(String.init)
      case "--venv": environment = value
      case "--json": json = value
      default: fail("compare", "unknown option `\(option)`")
      }
    }
    if count <= 0 || rows <= 0 { fail("compare", "`--count` and `--rows` need positive numbers") }
  }
}

let options = Options(CommandLine.arguments.dropFirst())
/// Beside this program's source: `Benchmarks/compare`.
let scripts =
  #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/compare"

if options.installs, system("'\(scripts)/setup.sh' '\(options.environment)'") != 0 {
  fail("compare", "the environment cannot be made in `\(options.environment)`")
}
let columns: Columns
let fleetPath: String
if let path = options.fleet {
  guard let read = Columns(path: path) else { fail("compare", "`\(path)` is not a fleet file") }
  (columns, fleetPath) = (read, path)
} else {
  columns = Columns(synthetic: options.count)
  fleetPath = "/tmp/compare-fleet-\(getpid()).bin"
  guard columns.write(to: fleetPath) else { fail("compare", "cannot write `\(fleetPath)`") }
}
let policy: Policy
do { policy = try Policy(contentsOf: options.policy) } catch { fail("compare", "\n\(error)") }

var ours = Ours(policy, options.policy, columns)
let python = Python(options, scripts: scripts, fleet: fleetPath)
defer { if options.fleet == nil { unlink(fleetPath) } }

// No time for a wrong answer, ours first.
let lows = ours.lows()
guard case .result(let plain) = python.run("plain") else {
  fail("compare", "no Python environment in `\(options.environment)`; `--install` makes it")
}
if let wrong = zip(plain.thousandths, lows).enumerated().first(where: { $1.0 != $1.1 }) {
  fail("compare", "instance \(wrong.offset) scores \(wrong.element.1) thousandths, plainly \(wrong.element.0)")
}

var rows: [Row] = []
for engine in options.engines {
  let before = ours.measure()
  let answer = python.run(engine)
  let after = ours.measure()
  let best = Ours.Measured(
    row: min(before.row, after.row), columns: min(before.columns, after.columns), peek: min(before.peek, after.peek),
    tick: min(before.tick, after.tick))
  switch answer {
  case .missing(let reason): print("\(engine): not measured: \(reason)")
  case .result(let result):
    guard result.bands == bands(lows.prefix(result.rows)) else {
      print("\(engine): its bands \(result.bands) are not ours, \(bands(lows.prefix(result.rows))); no time is printed")
      continue
    }
    rows.append(Row(result, best))
  }
}
let printed = table(rows, policy: policy.name, instances: columns.count)
print(printed.text)
if let path = options.json {
  guard let file = fopen(path, "w") else { fail("compare", "cannot write `\(path)`") }
  fputs(printed.json, file)
  fclose(file)
}

/// How many scores, in thousandths, are in the bands keep, watch, replace of the benchmarks' policies.
func bands(_ lows: some Sequence<Int64>) -> [Int] {
  var found = [0, 0, 0]
  for low in lows { found[low >= 100_000 ? 2 : low >= 50_000 ? 1 : 0] += 1 }
  return found
}
