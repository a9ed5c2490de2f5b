import Criteria
import CriteriaEngine

extension Readings {
  /// An edit in words: `avail` {mountpoint /srv} higher by 180 MiB for the last 11m (newest 214 MiB instead of 34 MiB).
  ///
  /// - Parameter start: Of a test: times count from there, and spans end where they end, which need not be now.
  func sentence(_ edit: Edit, since start: Timestamp? = nil) -> String {
    let words = spanWords(edit, since: start)
    let span = "for " + words
    switch edit.kind {
    case .shift(let signal, let labels, let by):
      let head =
        "\(named(signal, labels)) \(by < 0 ? "lower" : "higher") by \(amount(of: signal, by.magnitude)) \(span)"
      guard let newest = newestValue(of: signal, labels, edit) else { return head }
      let moved = min(max(newest + by, bounds(of: signal).lowerBound), bounds(of: signal).upperBound)
      let format = format(of: signal)
      let (new, old) = (text(moved, format), text(newest, format))
      return new == old ? head : head + " (newest \(new) instead of \(old))"
    case .growth(let signal, let labels, let rate):
      return "\(named(signal, labels)) growing \(rate < 0 ? "slower" : "faster") by "
        + "\(text(rate.magnitude, format(of: signal).perSecond))\(isShare(signal) ? "/s" : "") \(span)"
    case .fewerLines(let signal, let count):
      return "\(count) \(count == 1 ? "line" : "lines") of \(named(signal)) fewer in \(words)"
    case .moreLines(let signal, let count, _, _):
      return
        "\(count) \(count == 1 ? "line" : "lines") of \(named(signal)) more at \(start.map { CriteriaEngine.duration(seconds(from: $0, to: edit.to)) } ?? "\(edit.to)")"
    case .status(let signal, let status): return "\(named(signal)) was `\(status)` \(span)"
    case .info(let signal, let value): return "\(named(signal)) was `\(value)` \(span)"
    case .fact(let name, let value): return "`fact.\(name)` was `\(value)` \(span)"
    case .label(let name, let value): return "`label.\(name)` was `\(value)` \(span)"
    case .launch(let seconds):
      return "launched \(CriteriaEngine.duration(seconds.magnitude)) \(seconds < 0 ? "earlier" : "later")"
    case .resumed(let signals):
      return signals.map { named($0) }.joined(separator: ", ")
        + " heard of \(start == nil ? "until now" : span), as \(signals.count == 1 ? "it was" : "they were") last"
    case .arrived(let signal, let labels, let value):
      return "\(named(signal, labels)) heard of \(span), at \(text(value, format(of: signal)))"
    case .wait: return "\(duration(edit)) more in which all stays as it is"
    }
  }

  /// `the last 5m`; of a test `the 5m up to 10m`.
  private func spanWords(_ edit: Edit, since start: Timestamp?) -> String {
    guard let start else { return "the last " + duration(edit) }
    let end = CriteriaEngine.duration(seconds(from: start, to: edit.to))
    // From before its first observation.
    if edit.from < start { return "all of the time up to \(end)" }
    return "the \(duration(edit)) up to \(end)"
  }

  private func seconds(from: Timestamp, to: Timestamp) -> Double {
    Double(to.milliseconds - from.milliseconds) / 1000
  }

  private func named(_ signal: Int, _ labels: Edit.Labels = [:]) -> String {
    let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return "`\(program.signals[signal].name)`" + (pairs.isEmpty ? "" : " {" + pairs.joined(separator: ", ") + "}")
  }

  private func duration(_ edit: Edit) -> String { CriteriaEngine.duration(Double(edit.length) / 1000) }

  /// A share differs by percentage points: `17 %` lower could be meant of itself.
  private func amount(of signal: Int, _ by: Double) -> String {
    if by < values[signal].scale * 1e-9 { return "any amount" }
    return isShare(signal) ? "\(short(by * 100)) percentage points" : text(by, format(of: signal))
  }

  private func newestValue(of signal: Int, _ labels: Edit.Labels, _ edit: Edit) -> Double? {
    let newest = newest(of: signal, at: edit.to).filter { item in
      item.entry.time > edit.from && sample(item, of: signal).map { $0.labels.carry(labels) } ?? false
    }
    // Of several series none speaks for all.
    return newest.count == 1 ? sample(newest[0], of: signal)?.value : nil
  }
}

extension NumberFormat {
  /// How what grows is shown.
  var perSecond: NumberFormat {
    switch self {
    case .bytes: .bytesPerSecond
    case .plain: .perSecond
    case .ratio, .seconds, .bytesPerSecond, .perSecond: self
    }
  }
}
