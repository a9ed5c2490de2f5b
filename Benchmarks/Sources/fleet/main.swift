// One tick of a fleet through the public API: feed every instance, advance, read every verdict.
//
//   swift run -c release --package-path Benchmarks fleet [--policy FILE] [--count N | --fleet FILE.bin]
import Criteria
import FleetData
import Glibc

func fail(_ message: String) -> Never {
  let line = Array("fleet: \(message)\n".utf8)
  _ = write(2, line, line.count)
  exit(1)
}

func seconds(_ body: () -> Void) -> Double {
  var start = timespec()
  var end = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start)
  body()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end)
  return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
}

var policyPath = "Benchmarks/Policies/p20.yaml"
var count = 10_000
var fleetPath: String?
var arguments = CommandLine.arguments.dropFirst()
while let option = arguments.popFirst() {
  guard let value = arguments.popFirst() else { fail("`\(option)` needs a value") }
  switch option {
  case "--policy": policyPath = value
  case "--count": count = Int(value) ?? 0
  case "--fleet": fleetPath = value
  default: fail("unknown option `\(option)`; known are --policy, --count and --fleet")
  }
}
guard count > 0 else { fail("`--count` needs a positive number") }
let columns: Columns
if let fleetPath {
  guard let read = Columns(path: fleetPath) else { fail("`\(fleetPath)` is not a fleet file") }
  columns = read
} else {
  columns = Columns(synthetic: count)
}
let policy: Policy
do { policy = try Policy(contentsOf: policyPath) } catch { fail("\n\(error)") }

let ids = (0..<columns.count).map { "i-\($0)" }
let now = Timestamp(milliseconds: 1_800_000_000_000)
var fleet = Fleet(policy)
let feeding = seconds {
  for (instance, id) in ids.enumerated() {
    var known: [String: String] = [:]
    for (fact, column) in zip(facts, columns.codes) { known[fact.name] = fact.values[Int(column[instance])] }
    fleet.observe(.facts(known, labels: [:]), of: id, at: now)
    for (metric, column) in zip(metrics, columns.numbers) where !column[instance].isNaN {
      fleet.observe(.sample(metric, [:], column[instance]), of: id, at: now)
    }
  }
}
let deciding = seconds { fleet.advance(to: now) }
// The bands of the proven (low) score.
var bands = [0, 0, 0]
var lows = [Int](repeating: -1, count: ids.count)
let reading = seconds {
  for (instance, id) in ids.enumerated() {
    guard let score = fleet.explain(id, at: now)?.score else { continue }
    lows[instance] = Int(score.lowThousandths)
    bands[score.lowThousandths >= 100_000 ? 2 : score.lowThousandths >= 50_000 ? 1 : 0] += 1
  }
}
// No time for a wrong answer.
let isChecked = policy.name == "p20"
if isChecked, let wrong = ids.indices.first(where: { lows[$0] != plainScore(columns, $0) }) {
  fail("\(ids[wrong]) scores \(lows[wrong]) thousandths, by hand \(plainScore(columns, wrong))")
}
func milliseconds(_ seconds: Double) -> Double { (seconds * 10_000).rounded() / 10 }
print(
  """
  {"policy":"\(policy.name)","instances":\(columns.count),"cpu_ms":{"observe":\(milliseconds(feeding)),\
  "advance_one_tick":\(milliseconds(deciding)),"decide_with_reasons":\(milliseconds(reading))},\
  "scores_checked":\(isChecked),"bands_of_low_score":{"keep":\(bands[0]),"watch":\(bands[1]),"replace":\(bands[2])}}
  """)
