// What a sample and a window term cost, beside a plain scan: nanoseconds of CPU time for each series.
//
//   swift run -c release --package-path Benchmarks windows [--series N]
//
// Every term is compared with the scan, to the bit, before its time is printed. `far` feeds a million series in random
// order, with their rings where malloc put them; `settled` after the rings have been moved side by side.
@_spi(Internals) import CriteriaEngine
import FleetData
import Glibc

let step: Int64 = 30_000
let firstTick: Int64 = 59_000_000
var series = 2_000
var farSeries = 1_000_000
var arguments = CommandLine.arguments.dropFirst()
while let option = arguments.popFirst() {
  guard let value = arguments.popFirst().flatMap({ Int($0) }), value > 0 else {
    fail("windows", "`\(option)` needs a positive number")
  }
  switch option {
  case "--series": series = value
  case "--far": farSeries = value
  default: fail("windows", "unknown option `\(option)`; known are --series and --far")
  }
}

/// When the sample of a tick comes, and its value for one series.
func time(_ tick: Int64) -> Int64 { tick * step - 7_000 }
func value(_ index: Int, _ tick: Int64) -> Double {
  var mixed = UInt64(truncatingIfNeeded: tick) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(index) &* 0xbf58_476d_1ce4_e5b9
  mixed ^= mixed >> 29
  return Double(mixed % 10_007) / 8
}

func measure(_ name: String, window: Int, count: Int, ticks: Int, isFar: Bool = false, settles: Bool = false) -> String
{
  guard let column = SeriesColumn(term: name, ticks: window, step: step, count: count) else {
    fail("windows", "no function `\(name)`")
  }
  var order = Array(0..<count)
  if isFar { order.shuffle() }
  var values = [Double](repeating: 0, count: count)
  var results = values
  var appending: [Double] = []
  var revealing: [Double] = []
  var terms: [Double] = []
  let last = firstTick + Int64(window + ticks)
  for tick in firstTick...last {
    for index in 0..<count { values[index] = value(index, tick) }
    if settles, tick == firstTick + Int64(window) + 4 { column.settle() }
    let append = cpuTime { column.append(at: time(tick), values, order: order) }
    let reveal = cpuTime { column.reveal(through: tick * step) }
    let term = cpuTime { column.terms(at: tick, into: &results) }
    if tick > firstTick + Int64(window) + 4 {
      appending.append(append)
      revealing.append(reveal)
      terms.append(term)
    }
  }
  // The plain scan of the last tick, over some of the series.
  let compared = min(count, 200)
  let first = last - Int64(window) + 1
  let samples = (0..<compared).map { index in (first - 1...last).map { (time: time($0), value: value(index, $0)) } }
  var plain = [Double](repeating: 0, count: compared)
  let scan = cpuTime {
    for index in 0..<compared {
      plain[index] = plainTerm(name, samples[index], first: first, last: last, step: step) ?? .nan
    }
  }
  for index in 0..<compared where plain[index].bitPattern != results[index].bitPattern {
    fail("windows", "\(name)[\(window)] of series \(index) is \(results[index]), and \(plain[index]) by a scan")
  }
  let bytes = column.bytes
  let isTold = abs(Double(bytes.told - bytes.allocated)) <= 0.1 * Double(bytes.allocated)
  if !isTold { fail("windows", "\(bytes.allocated) bytes allocated where \(bytes.told) were told") }
  let place = isFar ? ",\"memory\":\"\(settles ? "settled" : "far")\"" : ""
  return "{\"term\":\"\(name)\",\"ticks\":\(window),\"series\":\(count)\(place)"
    + ",\"append\":\(Times(appending, items: count).json),\"reveal\":\(Times(revealing, items: count).json)"
    + ",\"evaluate\":\(Times(terms, items: count).json),\"scan\":\(rounded(scan / Double(compared)))"
    + ",\"bytes\":\(bytes.allocated)}"
}

var lines: [String] = []
for name in ["avg", "sum", "max", "count", "last", "rate", "increase", "stddev", "p95"] {
  for window in [5, 10, 20] { lines.append(measure(name, window: window, count: series, ticks: 40)) }
  for window in [120, 720, 2880] {
    lines.append(measure(name, window: window, count: max(series / 20, 1), ticks: 40))
  }
}
for settles in [false, true] {
  lines.append(measure("avg", window: 10, count: farSeries, ticks: 16, isFar: true, settles: settles))
}
print("{\"benchmark\":\"windows\",\"unit\":\"ns of CPU time\",\"machine\":\"\(machine)\",\"results\":[")
print(lines.joined(separator: ",\n"))
print("]}")
