import Criteria
import CriteriaEngine

extension Program {
  /// How far back the rules can look, in milliseconds.
  var lookback: Int64 {
    let rules = rules.map { $0.for + $0.hold + $0.longestWindow }.max() ?? 0
    return rules + (signals.map(\.retention).max() ?? 0) + step
  }

  /// The signals that rules read, in the order of the policy; those too that facts are read from.
  var signalsRead: [Int] {
    var read = Set(rules.flatMap { $0.signals + $0.keyedSignals })
    for feature in features {
      guard case .fact(let code) = feature.kind else { continue }
      if let info = info(ofFact: string(code)) { read.insert(info) }
    }
    return read.sorted()
  }

  /// The info signal that a fact is read from.
  func info(ofFact name: String) -> Int? { signals.firstIndex { $0.isInfo && $0.name == name } }
}

extension Program.Signal {
  var isInfo: Bool {
    if case .info = source { true } else { false }
  }
}

extension Edit {
  /// What there is one smallest change of: a kind, a signal, a direction.
  enum Family: Hashable {
    case signal(Int, String)
    case name(String, String)
    case resumed([Int])
    case launch
    case wait
  }

  var family: Family {
    switch kind {
    case .shift(let signal, _, let by): .signal(signal, by < 0 ? "lower" : "higher")
    case .growth(let signal, _, let rate): .signal(signal, rate < 0 ? "slower" : "faster")
    case .fewerLines(let signal, _): .signal(signal, "fewer")
    case .moreLines(let signal, _, _, _): .signal(signal, "more")
    case .status(let signal, _), .info(let signal, _): .signal(signal, "value")
    case .arrived(let signal, _, _): .signal(signal, "arrived")
    case .fact(let name, _): .name(name, "fact")
    case .label(let name, _): .name(name, "label")
    case .resumed(let signals): .resumed(signals)
    case .launch: .launch
    case .wait: .wait
    }
  }
}

extension Readings {
  /// The fastest that one series of a counter grew, in the signal's unit per second.
  func fastestGrowth(of signal: Int, from: Timestamp, to: Timestamp) -> Double {
    var last: [[String: String]: (time: Timestamp, value: Double)] = [:]
    var fastest = 0.0
    for item in items where item.signals.contains(signal) && item.entry.time <= to {
      guard let (labels, value) = sample(item, of: signal) else { continue }
      if item.entry.time > from, let before = last[labels], item.entry.time > before.time {
        let seconds = Double(item.entry.time.milliseconds - before.time.milliseconds) / 1000
        fastest = max(fastest, (value >= before.value ? value - before.value : value) / seconds)
      }
      last[labels] = (item.entry.time, value)
    }
    return fastest
  }

  /// The values that an info signal was told to have, in order of time.
  func infos(of signal: Int) -> [String] {
    items.compactMap { item in
      if case .told(signal, .info(_, let value?)) = item.entry.content { value } else { nil }
    }
  }

  /// The values that a fact was told to have, in order of time.
  func facts(_ name: String) -> [String] { told { facts, _, _ in facts[name] } }

  func labels(_ name: String) -> [String] { told { _, labels, _ in labels?[name] } }

  /// What a fact should be: as told, and as the policy says.
  func desired(_ name: String) -> [String] {
    let ofPolicy = (program.desired ?? []).flatMap(\.facts).filter { program.string($0.name) == name }
    return told { _, _, desired in desired?[name] } + ofPolicy.map { program.string($0.value) }
  }

  /// When the instance was launched, as it was told.
  func launched(at tick: Timestamp) -> Timestamp? {
    var newest: Timestamp?
    for item in items where item.entry.time <= tick {
      guard case .observed(.facts(_, _, _, let launched?)) = item.entry.content, launched <= tick else { continue }
      newest = max(newest ?? launched, launched)
    }
    return newest
  }

  private func told(_ value: ([String: String], [String: String]?, [String: String]?) -> String?) -> [String] {
    items.compactMap { item in
      guard case .observed(.facts(let facts, let labels, let desired, _)) = item.entry.content else { return nil }
      return value(facts, labels, desired)
    }
  }
}

extension NumberFormat {
  /// What people count in, near a value.
  func unit(of value: Double) -> Double {
    switch self {
    case .ratio: return 0.01
    case .bytes, .bytesPerSecond:
      var unit = 1.0
      while value >= unit * 1024, unit < 1e12 { unit *= 1024 }
      return unit
    case .plain, .seconds, .perSecond: return 1
    }
  }
}

/// Away from zero, to so many significant digits.
func roundedUp(_ value: Double, digits: Int) -> Double {
  guard value > 0, value.isFinite else { return value }
  var scale = 1.0
  var least = 1.0
  for _ in 1..<digits { least *= 10 }
  while value * scale < least, scale < 1e15 { scale *= 10 }
  var result = value * scale
  var factor = 1.0
  while result >= least * 10 {
    result /= 10
    factor *= 10
  }
  return result.rounded(.up) * factor / scale
}
