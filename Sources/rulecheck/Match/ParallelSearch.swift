import CriteriaReaders
import Glibc

/// Searches several logs at once, and writes the hits in the order of the logs.
///
/// What belongs behind the hits of an earlier log waits in memory, up to a bound; then its search waits. The first log that is
/// not done never waits. A class because threads share it; all of it is under its lock.
final class ParallelSearch: @unchecked Sendable {
  private let specs: [InputSpec]
  private let options: InputOptions
  private let signals: [LogSearch.Signal]
  private let anySource: Bool
  private let jobs: Int
  private let text: @Sendable (LogSearch.Hit) -> String?
  private let sink: Sink

  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let turned: UnsafeMutablePointer<pthread_cond_t>
  /// The next log to be taken.
  private var next = 0
  /// The log whose hits are written now.
  private var turn = 0
  private var outcomes: [LogSearch.Outcome?]
  private var waiting: [String]
  private var failure: (any Error)?

  /// Of one log, while others are written: bytes.
  private static let mostWaiting = 1 << 20

  /// - Parameters:
  ///   - jobs: How many at a time.
  ///   - text: What is written of a hit; `nil`: nothing.
  init(
    _ specs: [InputSpec], _ options: InputOptions, signals: [LogSearch.Signal], anySource: Bool, jobs: Int,
    to sink: Sink,
    text: @escaping @Sendable (LogSearch.Hit) -> String?
  ) {
    self.specs = specs
    self.options = options
    self.signals = signals
    self.anySource = anySource
    self.jobs = jobs
    self.sink = sink
    self.text = text
    lock = .allocate(capacity: 1)
    turned = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(turned, nil)
    outcomes = Array(repeating: nil, count: specs.count)
    waiting = Array(repeating: "", count: specs.count)
  }

  deinit {
    pthread_mutex_destroy(lock)
    pthread_cond_destroy(turned)
    lock.deallocate()
    turned.deallocate()
  }

  /// - Throws: The first failure, in order of the logs; the hits of the logs before it are written.
  func run() throws -> LogSearch.Outcome {
    let threads = max(1, min(specs.count, jobs))
    if threads == 1 {
      work()
    } else {
      let others = (1..<threads).map { _ in startThread { self.work() } }
      work()
      for other in others { pthread_join(other, nil) }
    }
    if let failure { throw failure }
    var sum = LogSearch.Outcome(signals: signals.count)
    for outcome in outcomes { if let outcome { sum.add(outcome) } }
    return sum
  }

  private func locked<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body()
  }

  private func work() {
    var search = LogSearch(signals: signals, anySource: anySource)
    while let index = locked({ takeNext() }) {
      var buffer = ""
      do {
        let outcome = try search.read(specs[index], options) { hit in
          guard let text = text(hit) else { return }
          buffer += text
          if buffer.utf8.count >= Self.mostWaiting { try write(&buffer, of: index) }
        }
        locked {
          waiting[index] = buffer
          outcomes[index] = outcome
          passTurn()
        }
      } catch {
        stop(at: index, error, having: buffer)
      }
    }
  }

  private func takeNext() -> Int? {
    guard failure == nil, next < specs.count else { return nil }
    next += 1
    return next - 1
  }

  private struct Stopped: Error {}

  /// Waits for the log's turn.
  private func write(_ buffer: inout String, of index: Int) throws {
    try locked {
      while turn != index, failure == nil { pthread_cond_wait(turned, lock) }
      if failure != nil { throw Stopped() }
      try sink.write(buffer)
      buffer = ""
    }
  }

  /// Writes what is ready, in order.
  private func passTurn() {
    while turn < specs.count, outcomes[turn] != nil, failure == nil {
      do {
        try sink.write(waiting[turn])
        waiting[turn] = ""
        turn += 1
      } catch {
        failure = error
      }
    }
    pthread_cond_broadcast(turned)
  }

  /// The logs before it are to be written first.
  private func stop(at index: Int, _ error: any Error, having buffer: String) {
    locked {
      while turn != index, failure == nil { pthread_cond_wait(turned, lock) }
      if failure == nil {
        try? sink.write(buffer)
        failure = error
      }
      pthread_cond_broadcast(turned)
    }
  }
}

private final class Body {
  let run: () -> Void
  init(_ run: @escaping () -> Void) { self.run = run }
}

private func startThread(_ body: @escaping () -> Void) -> pthread_t {
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Body(body)).toOpaque()
  let result = pthread_create(
    &thread, nil,
    { box in
      Unmanaged<Body>.fromOpaque(box!).takeRetainedValue().run()
      return nil
    }, box)
  precondition(result == 0, "a thread that cannot be started")
  return thread
}
