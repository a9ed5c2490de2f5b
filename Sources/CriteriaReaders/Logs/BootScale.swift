/// Puts kernel seconds of several boots on one scale.
///
/// Seconds that fall back are another boot. Nobody knows how long the machine was down, so the boots are taken to follow
/// each other without a pause, and `sinceBoot` counts on from the first.
struct BootScale {
  /// Where the last boot begins on the scale, milliseconds.
  private(set) var last: Int64 = 0
  /// The newest kernel seconds of that boot, milliseconds.
  private var uptime: Int64 = 0

  mutating func place(_ time: RecordTime) -> RecordTime {
    guard case .sinceBoot(let seconds) = time else { return time }
    // Processors write slightly out of order, but not by this much.
    if seconds + 10_000 < uptime {
      last += uptime
      uptime = 0
    }
    uptime = max(uptime, seconds)
    return .sinceBoot(last + seconds)
  }
}
