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
      let half = Half(run, start, count)
      return { for _ in 0..<inner { half.run() } }
    }
  }
  func read(_ start: Int, _ count: Int) -> () -> () -> Void {
    { { for _ in 0..<inner { sink(readAll(run.fleet, start, count)) } } }
  }
  func spin(_ rounds: Int) -> () -> () -> Void { { { sink(chain(rounds)) } } }
  let rounds = 40_000_000
  let pairs: [Pair] = [
    Pair(one: decide(0, n), two: [decide(0, middle), decide(middle, n - middle)]),
    Pair(one: spin(rounds), two: [spin(rounds / 2), spin(rounds / 2)]),
    Pair(one: read(0, n), two: [read(0, middle), read(middle, n - middle)]),
  ]
  var times = pairs.map { _ in (one: [Double](), two: [Double]()) }
  for _ in 0..<run.options.repeats {
    for (index, pair) in pairs.enumerated() {
      times[index].one.append(wallTime(of: [pair.one]))
      times[index].two.append(wallTime(of: pair.two))
    }
  }
  func speedup(_ index: Int) -> Double { rounded(times[index].one.min()! / times[index].two.min()!) }
  let (a, b) = (Times(times[0].one, items: n * inner), Times(times[0].two, items: n * inner))
  return "{\"one_wall_ns\":\(a.json),\"two_wall_ns\":\(b.json),\"speedup\":\(speedup(0)),"
    + "\"control_speedup\":{\"arithmetic\":\(speedup(1)),\"reading\":\(speedup(2))}}"
}

/// The same work by one thread and by two; each makes ready, and gives what is timed.
private struct Pair {
  var one: () -> () -> Void
  var two: [() -> () -> Void]
}

/// A multiplication waits for the one before it.
@inline(never)
private func chain(_ rounds: Int) -> UInt64 {
  var value: UInt64 = 1
  for round in 0..<UInt64(rounds) { value = value &* 6_364_136_223_846_793_005 &+ round }
  return value
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

/// Keeps the optimizer from leaving out what nobody asks for.
private func sink(_ value: UInt64) { if value == 0x5eed { print("never") } }

/// From when all threads are ready until the last is done.
private func wallTime(of works: [() -> () -> Void]) -> Double {
  let gate = Gate(works.count)
  let threads = works.enumerated().map { core, work in
    start {
      bind(to: core)
      let body = work()
      gate.pass()
      body()
    }
  }
  gate.waitForAll()
  return wallTime {
    gate.open()
    for thread in threads { pthread_join(thread, nil) }
  }
}

/// Holds threads until all of them are there.
private final class Gate {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var missing: Int
  private var isOpen = false

  init(_ count: Int) {
    missing = count
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  func pass() {
    pthread_mutex_lock(mutex)
    missing -= 1
    pthread_cond_broadcast(changed)
    while !isOpen { pthread_cond_wait(changed, mutex) }
    pthread_mutex_unlock(mutex)
  }

  func waitForAll() {
    pthread_mutex_lock(mutex)
    while missing > 0 { pthread_cond_wait(changed, mutex) }
    pthread_mutex_unlock(mutex)
  }

  func open() {
    pthread_mutex_lock(mutex)
    isOpen = true
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}

/// Binds this thread to one core, where the machine has it.
private func bind(to core: Int) {
  typealias SetAffinity = @convention(c) (pid_t, Int, UnsafeRawPointer) -> Int32
  // It is no POSIX, and so Glibc's module leaves it out.
  guard let address = dlsym(nil, "sched_setaffinity") else { return }
  var set = cpu_set_t()
  withUnsafeMutableBytes(of: &set) { $0[core / 8] = 1 << UInt8(core % 8) }
  _ = unsafeBitCast(address, to: SetAffinity.self)(0, MemoryLayout<cpu_set_t>.size, &set)
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
