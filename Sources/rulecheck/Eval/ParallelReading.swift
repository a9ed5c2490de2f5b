import CriteriaEngine
import CriteriaReaders

extension InputAssembler {
  /// Reads logs, several at once, to what reading them one after the other comes to.
  ///
  /// - Throws: What the first of them, in their order, cannot be opened for.
  mutating func readLogs(_ logs: [InputSpec], jobs: Int, _ progress: Progress) throws(InputError) {
    guard jobs > 1, logs.count > 1 else {
      for log in logs { try readLogs(log) }
      return
    }
    let reading = ParallelReading(of: self, logs, progress)
    concurrently(logs.count, jobs: jobs) { reading.read($0) }
    for part in reading.parts.value { take(try part!.get()) }
  }
}

/// Logs that are read at once. A class because threads share it; what they change is locked.
private final class ParallelReading: @unchecked Sendable {
  private let whole: InputAssembler
  private let logs: [InputSpec]
  private let progress: Locked<Progress>
  /// Those that no thread uses now.
  private let matchers = Locked<[LogMatcher]>([])
  let parts: Locked<[Result<InputAssembler, InputError>?]>

  init(of whole: InputAssembler, _ logs: [InputSpec], _ progress: Progress) {
    self.whole = whole
    self.logs = logs
    self.progress = Locked(progress)
    parts = Locked(Array(repeating: nil, count: logs.count))
  }

  func read(_ index: Int) {
    let matcher = matchers.change { $0.popLast() } ?? whole.makeMatcher()
    var part = whole.part(searchingBy: matcher)
    let progress = progress
    part.progress = { path, bytes, total in progress.change { $0.report(path, bytes, total) } }
    let result: Result<InputAssembler, InputError>
    do throws(InputError) {
      try part.readLogs(logs[index])
      result = .success(part)
    } catch {
      result = .failure(error)
    }
    parts.change { $0[index] = result }
    if let matcher { matchers.change { $0.append(matcher) } }
  }
}
