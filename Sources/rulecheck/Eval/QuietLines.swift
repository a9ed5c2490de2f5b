import CriteriaEngine
import CriteriaReaders

/// Lines that match nothing, of logs that cannot go stale: the first of a stream says that it is there, and the newest until when.
/// What lies between changes nothing at any tick, so a log of a week need not be decided about at each of its ten thousand.
struct QuietLines {
  private struct Stream: Hashable {
    var instance: String
    var source: String
  }

  /// Of each stream, the newest line that is fed; none of an instance that was launched meanwhile.
  private var newest: [Stream: Int] = [:]
  private var begun: Set<Stream> = []

  init(_ input: AssembledInput, _ times: FeedTimes, for program: Program) {
    guard program.launched.isEmpty else { return }
    var launched: Set<String> = []
    for one in input.observations {
      if case .facts(_, _, _, _?) = one.observation { launched.insert(one.instance) }
    }
    var goesStale: [String: Bool] = [:]
    for (index, one) in input.observations.enumerated() where one.isUnmatched {
      guard case .line(_, let source) = one.observation, case .at = times.placement(of: one),
        !launched.contains(one.instance)
      else { continue }
      if goesStale[source] == nil {
        goesStale[source] = program.signals.contains { signal in
          guard signal.staleAfter != nil, case .log(let pattern) = signal.source else { return false }
          return pattern.reads(source)
        }
      }
      if goesStale[source] == false { newest[Stream(instance: one.instance, source: source)] = index }
    }
  }

  /// - Parameter index: The observation's place among all; they are asked for in order.
  mutating func isNoNews(_ index: Int, _ one: InputObservation) -> Bool {
    guard one.isUnmatched, case .line(_, let source) = one.observation else { return false }
    let stream = Stream(instance: one.instance, source: source)
    guard let newest = newest[stream] else { return false }
    return !begun.insert(stream).inserted && index != newest
  }
}
