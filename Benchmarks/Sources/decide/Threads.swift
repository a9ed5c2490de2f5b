@_spi(Internals) import CriteriaCompiler
import FleetData
import Glibc
import KernelInputs

/// A part of the fleet, run by a thread of its own.
private final class Part {
  private let runner: DecisionKernel.Runner
  private let fleet: FleetInputs
  private let start: Int
  private let count: Int
  private let bands: UnsafeMutablePointer<UInt8>

  init(_ run: Run, _ start: Int, _ count: Int) {
    runner = DecisionKernel.Runner(run.kernel, chunk: run.options.chunk)
    fleet = run.fleet
    self.start = start
    self.count = count
    bands = UnsafeMutablePointer<UInt8>.allocate(capacity: run.fleet.count)
  }

  deinit { bands.deallocate() }

  func run() {
    runner.columns(numbers: fleet.numbers, strings: fleet.strings, start: start, count: count, bands: bands)
  }
}

/// Wall time of the fleet by one thread and by two, as JSON, and beside it what two threads can reach here at all: of work
/// that needs nothing but a core, and of reading the same columns and doing nothing with them.
///
/// Each thread is bound to a core of its own, and makes what it writes to itself. The halves share the kernel and the columns,
/// which nobody changes. On a machine that does other work, wall times say little; then the first control says so.
func twoThreads(_ run: Run) -> String {
  let n = run.fleet.count
  let middle = n / 2 / 64 * 64
  let inner = max(1, 8_000_000 / n)
  func decide(_ start: Int, _ count: Int) -> () -> () -> Void {
    {
      let part = Part(run, start, count)
      return { for _ in 0..<inner { part.run() } }
    }
  }
  func read(_ start: Int, _ count: Int) -> () -> () -> Void {
    { { for _ in 0..<inner { keep(readAll(run.fleet, start, count)) } } }
  }
  var (one, two, readOne, readTwo): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
  for _ in 0..<run.options.repeats {
    one.append(wallTime(of: [decide(0, n)]))
    two.append(wallTime(of: [decide(0, middle), decide(middle, n - middle)]))
    readOne.append(wallTime(of: [read(0, n)]))
    readTwo.append(wallTime(of: [read(0, middle), read(middle, n - middle)]))
  }
  let (a, b) = (Times(one, items: n * inner), Times(two, items: n * inner))
  let reading = rounded(readOne.min()! / readTwo.min()!)
  return "{\"one_wall_ns\":\(a.json),\"two_wall_ns\":\(b.json),\"speedup\":\(rounded(a.min / b.min)),"
    + "\"control_speedup\":{\"arithmetic\":\(arithmeticSpeedup(repeats: run.options.repeats)),\"reading\":\(reading)}}"
}

/// One number of each cache line of all columns.
@inline(never)
private func readAll(_ fleet: FleetInputs, _ start: Int, _ count: Int) -> UInt64 {
  var sum: UInt64 = 0
  for block in stride(from: start, to: start + count, by: 512) {
    let end = min(block + 512, start + count)
    for column in fleet.numbers { for row in stride(from: block, to: end, by: 8) { sum &+= column[row].bitPattern } }
  }
  return sum
}

/// CPU time from a policy's text to its kernel, in milliseconds, as JSON; and of 2,000 rules like those of p20.
func compileTimes(_ path: String) -> String {
  guard let text = try? contents(of: path) else { return "null" }
  func time(_ text: String, _ repeats: Int) -> String {
    guard compileForTiming(text) else { return "null" }
    let samples = (0..<repeats).map { _ in cpuTime(of: { _ = compileForTiming(text) }) }
    return Times(samples, items: 1_000_000).json
  }
  return "{\"policy\":\(time(text, 101)),\"rules_2000\":\(time(manyRules(2000), 9))}"
}

private struct Unreadable: Error {}

private func contents(of path: String) throws(Unreadable) -> String {
  guard let file = fopen(path, "rb") else { throw Unreadable() }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while case let read = fread(&buffer, 1, buffer.count, file), read > 0 { bytes += buffer[..<read] }
  return String(decoding: bytes, as: UTF8.self)
}

/// A policy of many rules of several shapes over a hundred signals.
private func manyRules(_ count: Int) -> String {
  var text = "version: 1\npolicy: many\nreplace: 100\nwatch: 50\nsignals:\n"
  for signal in 0..<100 { text += "  s\(signal): {gauge: metric_\(signal)}\n" }
  text += "rules:\n"
  for rule in 0..<count {
    let (a, b, c) = ("s\(rule % 100)", "s\((rule * 7 + 3) % 100)", rule % 97 + 1)
    let (when, worth) =
      switch rule % 5 {
      case 0: ("\(a) > \(c)", "+\(rule % 40)")
      case 1: ("avg(\(a)[5m]) > \(c) and \(b) < \(rule % 13)", "+20")
      case 2: ("\(a) / \(b) > 0.0\(c) or max(\(a)[10m]) >= \(c)", "+15")
      case 3: ("\(a) > \(c)", "+40 * ramp(\(a), \(c), \(c + 20))")
      default: ("fact.role in [\"db\", \"r\(rule)\"] and not \(a) == \(c)", "+10")
      }
    text += "  - {rule: R\(rule), when: '\(when)', then: '\(worth)'}\n"
  }
  return text
}
