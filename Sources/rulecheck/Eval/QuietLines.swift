import CriteriaEngine
import CriteriaReaders

/// Lines that match nothing, of logs that cannot go stale: the first of a stream says that it is there, and the newest until when.
/// What lies between changes nothing at any tick, so a log of a week need not be decided about at each of its ten thousand.
struct QuietLines {
  private struct Stream: Hashable {
    var instance: String
    var source: String
  }

  private struct Lines {
    /// The newest line that is fed; none of a stream that can go stale, or of an instance that was launched meanwhile.
    var newest: Int?
    var hasBegun = false
  }

  private var numbers: [Stream: Int] = [:]
  private var lines: [Lines] = []
  private var canBeQuiet: [Bool] = []
  /// Mostly the next line is of the same stream.
  private var last: (stream: Stream, number: Int)?

  init(_ input: AssembledInput, _ times: FeedTimes, for program: Program) {
    guard program.launched.isEmpty else { return }
    var launched: Set<String> = []
    for one in input.observations {
      if case .facts(_, _, _, _?) = one.observation { launched.insert(one.instance) }
    }
    for (index, one) in input.observations.enumerated() where one.isUnmatched {
      guard case .line(_, let source) = one.observation, case .at = times.placement(of: one) else { continue }
      let number = number(of: Stream(instance: one.instance, source: source))
      if number == canBeQuiet.count {
        let goesStale = program.signals.contains { signal in
          guard signal.staleAfter != nil, case .log(let pattern) = signal.source else { return false }
          return pattern.reads(source)
        }
        canBeQuiet.append(!goesStale && !launched.contains(one.instance))
      }
      if canBeQuiet[number] { lines[number].newest = index }
    }
  }

  private mutating func number(of stream: Stream) -> Int {
    if let last, last.stream == stream { return last.number }
    let number = numbers[stream] ?? lines.count
    if number == lines.count {
      numbers[stream] = number
      lines.append(Lines())
    }
    last = (stream, number)
    return number
  }

  /// - Parameter index: The observation's place among all; they are asked for in order.
  mutating func isNoNews(_ index: Int, _ one: InputObservation) -> Bool {
    guard one.isUnmatched, case .line(_, let source) = one.observation else { return false }
    let number = number(of: Stream(instance: one.instance, source: source))
    guard let newest = lines[number].newest else { return false }
    let hasBegun = lines[number].hasBegun
    lines[number].hasBegun = true
    return hasBegun && index != newest
  }
}
