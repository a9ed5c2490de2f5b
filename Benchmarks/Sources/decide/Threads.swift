@_spi(Internals) import CriteriaCompiler
import FleetData
import Glibc
import KernelInputs

/// A half of the fleet, run by a thread of its own.
private final class Half {
  let runner: DecisionKernel.Runner
  let start: Int
  let count: Int
  let bands: UnsafeMutablePointer<UInt8>

  let fleet: FleetInputs

  init(_ run: Run, _ start: Int, _ count: Int) {
    runner = DecisionKernel.Runner(run.kernel, chunk: run.options.chunk)
    fleet = run.fleet
    self.start = start
    self.count = count
    bands = UnsafeMutablePointer<UInt8>.allocate(capacity: run.fleet.count)
  }

  func run() {
    runner.columns(numbers: fleet.numbers, strings: fleet.strings, start: start, count: count, bands: bands)
  }
}

/// Wall time of the fleet by one thread and by two, as JSON.
///
/// The halves share the kernel, and nothing that changes. On a machine that does other work, wall times say little.
func twoThreads(_ run: Run) -> String {
  let n = run.fleet.count
  let middle = n / 2 / 64 * 64
  let whole = Half(run, 0, n)
  let halves = [Half(run, 0, middle), Half(run, middle, n - middle)]
  let inner = max(1, 4_000_000 / n)
  var (one, two): ([Double], [Double]) = ([], [])
  for _ in 0..<run.options.repeats {
    one.append(wallTime { for _ in 0..<inner { whole.run() } } / Double(inner))
    two.append(
      wallTime {
        let threads = halves.map { half in
          start {
            for _ in 0..<inner { half.run() }
          }
        }
        for thread in threads { pthread_join(thread, nil) }
      } / Double(inner))
  }
  let (a, b) = (Times(one, items: n), Times(two, items: n))
  return "{\"one_wall_ns\":\(a.json),\"two_wall_ns\":\(b.json),\"speedup\":\(rounded(a.min / b.min))}"
}

private func wallTime(of body: () -> Void) -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
  let start = now()
  body()
  return now() - start
}

private final class Work {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}

private func start(_ body: @escaping () -> Void) -> pthread_t {
  var thread = pthread_t()
  let work = Unmanaged.passRetained(Work(body)).toOpaque()
  pthread_create(
    &thread, nil,
    { argument in
      Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
      return nil
    }, work)
  return thread
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
