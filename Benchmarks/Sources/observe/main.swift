// Feeding and deciding through the public API: ten windowed signals per instance, the instances in another order at every tick.
//
//   swift run -c release --package-path Benchmarks observe [--instances N] [--ticks N]
//
// Windows hold ten ticks: at the first ten they fill, after those they are full and slide, which is how a fleet lives.
// Every score is checked against a plain computation over the same samples before a time is printed.
import CAllocations
import Criteria
import FleetData
import Glibc

var instances = 100_000
var ticks = 20
var arguments = CommandLine.arguments.dropFirst()
while let option = arguments.popFirst() {
  guard let value = arguments.popFirst().flatMap({ Int($0) }), value > 0 else {
    fail("observe", "`\(option)` needs a positive number")
  }
  switch option {
  case "--instances": instances = value
  case "--ticks": ticks = value
  default: fail("observe", "unknown option `\(option)`; known are --instances and --ticks")
  }
}
if ticks <= Sample.window { fail("observe", "`--ticks` needs more than \(Sample.window), or no window slides") }
let path = "Benchmarks/Policies/windows10.yaml"
let policy: Policy
do { policy = try Policy(contentsOf: path) } catch { fail("observe", "\n\(error)") }
let names = (0..<instances).map { "i-\($0)" }
var random = SplitMix(state: 7)
let orders = (0...ticks).map { _ in (0..<instances).shuffled(using: &random) }

/// Bytes of a new fleet, all its samples in.
let before = allocated_bytes()
var fleet = Fleet(policy)
var handles: [[SeriesHandle]] = []
var known: [InstanceHandle] = []
let opening = cpuTime {
  for name in names {
    handles.append(
      (0..<Sample.signals).map { signal in
        guard let handle = fleet.series("m\(signal)", of: name) else { fail("observe", "no signal reads `m\(signal)`") }
        return handle
      })
  }
}
let ours = UInt64(instances) * UInt64(MemoryLayout<SeriesHandle>.stride * Sample.signals + 32)

var feeding: [Double] = []
var running: [Double] = []
var feedingAllocations: UInt64 = 0
for tick in 0...ticks {
  let samples = Sample.table(tick, orders[tick])
  let allocations = allocation_count()
  feeding.append(
    cpuTime {
      var place = 0
      for instance in orders[tick] {
        for signal in 0..<Sample.signals {
          fleet.observe(samples[place], of: handles[instance][signal], at: time(tick))
          place += 1
        }
      }
    })
  feedingAllocations = allocation_count() - allocations
  running.append(cpuTime { fleet.advance(to: time(tick)) })
}
let bytes = allocated_bytes() - before - ours
for name in names {
  guard let handle = fleet.instance(name) else { fail("observe", "`\(name)` is not there") }
  known.append(handle)
}

// No time for a wrong answer.
for (instance, handle) in known.enumerated() {
  let expected = Sample.score(of: instance, at: ticks)
  guard let summary = fleet.decide(handle), summary.low == expected, summary.high == expected else {
    let found = fleet.decide(handle)
    fail(
      "observe", "\(names[instance]) scores \(found?.low ?? -1)…\(found?.high ?? -1) thousandths, plainly \(expected)")
  }
}

var sum: Int64 = 0
/// Nanoseconds and allocations per item, least of five rounds.
func measure(_ items: Int, _ body: () -> Void) -> (ns: Double, allocations: Double) {
  var best = (ns: Double.infinity, allocations: Double.infinity)
  for _ in 0..<5 {
    let allocations = allocation_count()
    best.ns = min(best.ns, cpuTime(of: body) / Double(items))
    best.allocations = min(best.allocations, Double(allocation_count() - allocations) / Double(items))
  }
  return best
}
let now = time(ticks)
let deciding = measure(instances) { for handle in known { sum &+= fleet.decide(handle)?.low ?? 0 } }
let decidingAll = measure(instances) { fleet.decideAll { sum &+= $1.low } }
let peeking = measure(instances) { for handle in known { sum &+= fleet.peek(handle, at: now)?.low ?? 0 } }
let explained = min(instances, 20_000)
let explaining = measure(explained) {
  for handle in known.prefix(explained) { sum &+= Int64(fleet.explain(handle, at: now)?.rules.count ?? 0) }
}
/// The same, and every text of the record read.
let reading = measure(explained) {
  for handle in known.prefix(explained) {
    for rule in fleet.explain(handle, at: now)?.rules ?? [] {
      sum &+= Int64(rule.why.utf8.count)
      for one in rule.evidence { if case .number(_, let text) = one.value { sum &+= Int64(text.utf8.count) } }
    }
  }
}
let dues = measure(1) { sum &+= fleet.nextDue?.milliseconds ?? 0 }

// By name, into a fleet of its own, at its second tick: at the first the instances and series are made.
var named = Fleet(policy)
var byName = Double.infinity
for tick in 0...2 {
  let samples = Sample.table(tick, orders[tick])
  let metrics = (0..<Sample.signals).map { "m\($0)" }
  let spent = cpuTime {
    var place = 0
    for instance in orders[tick] {
      for signal in 0..<Sample.signals {
        named.observe(.sample(metrics[signal], [:], samples[place]), of: names[instance], at: time(tick))
        place += 1
      }
    }
  }
  named.advance(to: time(tick))
  if tick > 0 { byName = min(byName, spent) }
}
for instance in stride(from: 0, to: instances, by: 97)
where named.decide(names[instance])?.low != Sample.score(of: instance, at: 2) {
  fail("observe", "\(names[instance]) fed by name scores \(named.decide(names[instance])?.low ?? -1) thousandths")
}

let perTick = Double(instances * Sample.signals)
let filling = Times(Array(running[1..<Sample.window]), items: 1_000_000)
let sliding = Times(Array(running[Sample.window...]), items: 1_000_000)
let ms = { (ns: Double) in rounded(ns / 1e6) }
print(
  """
  {"machine":"\(machine)","instances":\(instances),"signals":\(Sample.signals),"ticks":\(ticks),"scores_checked":\(instances),\
  "observe_by_handle_ns":\(rounded((feeding.dropFirst().min() ?? 0) / perTick)),\
  "observe_by_handle_allocations":\(rounded(Double(feedingAllocations) / perTick)),\
  "observe_by_name_ns":\(rounded(byName / perTick)),"series_handle_ns":\(rounded(opening / perTick)),\
  "tick_all_changed_ms":{"filling":\(filling.json),"sliding":\(sliding.json)},\
  "decide_summary":{"ns":\(rounded(deciding.ns)),"allocations":\(rounded(deciding.allocations))},\
  "decide_all":{"ns":\(rounded(decidingAll.ns)),"ms":\(ms(decidingAll.ns * Double(instances))),\
  "allocations":\(rounded(decidingAll.allocations))},\
  "peek":{"ns":\(rounded(peeking.ns)),"allocations":\(rounded(peeking.allocations))},\
  "explain":{"us":\(rounded(explaining.ns / 1000)),"allocations":\(rounded(explaining.allocations))},\
  "explain_with_texts":{"us":\(rounded(reading.ns / 1000)),"allocations":\(rounded(reading.allocations))},\
  "next_due_ns":\(rounded(dues.ns)),"bytes_per_instance":\(bytes / UInt64(instances)),\
  "shards":\(shards(policy, instances: instances, ticks: ticks))}
  """)
if sum == .min { print("never") }
