/// A moment: milliseconds since 1970, UTC.
///
/// Nothing in the library reads a clock: callers say what time it is.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Since 1970, UTC; negative before.
  public var milliseconds: Int64
  /// A moment from milliseconds since 1970.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
  /// A moment from seconds since 1970, as exporters write them.
  ///
  /// - Parameter seconds: Since 1970; rounded down to the millisecond. Not finite or beyond ±10¹⁵ s is clamped.
  public init(seconds: Double) {
    let bounded = seconds.isNaN ? 0 : min(max(seconds * 1000, -1e18), 1e18)
    self.init(milliseconds: Int64(bounded.rounded(.down)))
  }
  /// Whether one moment comes before another.
  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
}

/// One thing seen of one instance at one time. Who and when is said where it is fed: `Fleet.observe(_:of:at:)`.
public enum Observation: Hashable, Sendable {
  /// A sample of one series: the metric's name, its labels, its value. NaN and ±Inf (and Prometheus' stale marker, which
  /// is a NaN) end the series.
  case sample(String, [String: String], Double)
  /// One log line, without its header, of a source such as `kernel`.
  case line(String, source: String)
  /// A status (`"True"`, `"False"`, `"Unknown"` or any word) of a condition, and when it last changed, if known.
  case condition(String, String, reason: String? = nil, since: Timestamp? = nil)
  /// What is known of the instance. Each map is merged by name into what was known; `nil` says nothing of it.
  case facts(
    [String: String] = [:], labels: [String: String]? = nil, desired: [String: String]? = nil,
    launched: Timestamp? = nil)
}

/// Where an observation was read: for evidence (`kernel.log:812`).
public struct Origin: Hashable, Sendable {
  /// As a person would name it.
  public var file: String
  /// From 1.
  public var line: Int
  /// A line of a file.
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }
}
