import Glibc

/// A point that so many threads have to reach before any goes on.
package final class Barrier: @unchecked Sendable {
  private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)
  package init(_ count: Int) { pthread_barrier_init(barrier, nil, UInt32(count)) }
  package func wait() { pthread_barrier_wait(barrier) }
}

/// A thread that is bound to one core, where the machine has it.
package func startThread(on core: Int, _ body: @escaping () -> Void) -> pthread_t {
  var thread = pthread_t()
  let work = Unmanaged.passRetained(Work(core: core, body: body)).toOpaque()
  pthread_create(
    &thread, nil,
    { argument in
      let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
      bind(to: work.core)
      work.body()
      return nil
    }, work)
  return thread
}

private final class Work {
  let core: Int
  let body: () -> Void
  init(core: Int, body: @escaping () -> Void) {
    self.core = core
    self.body = body
  }
}

private func bind(to core: Int) {
  typealias SetAffinity = @convention(c) (pid_t, Int, UnsafeRawPointer) -> Int32
  // It is no POSIX, and so Glibc's module leaves it out.
  guard let address = dlsym(nil, "sched_setaffinity") else { return }
  var set = cpu_set_t()
  withUnsafeMutableBytes(of: &set) { $0[core / 8] = 1 << UInt8(core % 8) }
  _ = unsafeBitCast(address, to: SetAffinity.self)(0, MemoryLayout<cpu_set_t>.size, &set)
}

/// Nanoseconds of a clock that runs while threads wait.
package func wallClock() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// When each of some threads began and ended.
package final class Spans: @unchecked Sendable {
  private let count: Int
  private let times: UnsafeMutablePointer<(start: Double, end: Double)>

  package init(_ count: Int) {
    self.count = count
    times = .allocate(capacity: count)
    times.initialize(repeating: (0, 0), count: count)
  }

  deinit { times.deallocate() }

  package func time(_ thread: Int, _ body: () -> Void) {
    let start = wallClock()
    body()
    times[thread] = (start, wallClock())
  }

  /// From when the first began until the last ended: who waits for them may be woken late.
  package var length: Double {
    let all = UnsafeBufferPointer(start: times, count: count)
    return all.map(\.end).max()! - all.map(\.start).min()!
  }
}

/// Nanoseconds that some works take at once, a thread each.
///
/// - Parameter works: Each makes ready, in its own thread, and gives what is timed.
package func wallTime(of works: [() -> () -> Void]) -> Double {
  let ready = Barrier(works.count)
  let spans = Spans(works.count)
  let threads = works.enumerated().map { index, work in
    startThread(on: index) {
      let body = work()
      ready.wait()
      spans.time(index, body)
    }
  }
  for thread in threads { pthread_join(thread, nil) }
  return spans.length
}

/// What two threads reach here of work that needs nothing but a core: 2 on an idle machine with two cores, less where they are
/// two halves of one, or others use them.
package func arithmeticSpeedup(repeats: Int) -> Double {
  let rounds = 20_000_000
  func spin(_ rounds: Int) -> () -> () -> Void { { { keep(chain(rounds)) } } }
  var (one, two) = (Double.infinity, Double.infinity)
  for _ in 0..<repeats {
    one = min(one, wallTime(of: [spin(rounds)]))
    two = min(two, wallTime(of: [spin(rounds / 2), spin(rounds / 2)]))
  }
  return rounded(one / two)
}

/// A multiplication waits for the one before it.
@inline(never)
private func chain(_ rounds: Int) -> UInt64 {
  var value: UInt64 = 1
  for round in 0..<UInt64(rounds) { value = value &* 6_364_136_223_846_793_005 &+ round }
  return value
}

/// Keeps the optimizer from leaving out what nobody asks for.
package func keep(_ value: UInt64) { if value == 0x5eed { print("never") } }
