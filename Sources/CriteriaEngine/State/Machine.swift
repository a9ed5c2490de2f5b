/// Where a rule stands, as one of its two machines has it.
package enum RuleState: UInt8, Sendable { case idle, pending, active, holding }

/// One of a row's two machines.
struct Machine {
  private(set) var state = RuleState.idle
  /// The tick's time at which the state was entered.
  private(set) var since: Int64 = .min

  /// Active or holding: the rule's effect stands.
  var isOn: Bool { state == .active || state == .holding }

  /// One step, at the tick of time `now`.
  ///
  /// - Parameters:
  ///   - until: `nil`: the rule has none; what clears it is `when` being false.
  ///   - mayClear: False for what a latch keeps.
  ///   - isSteady: Whether `wait` counts as elapsed already.
  mutating func step(
    when: Bool, until: Bool?, wait: Int64, hold: Int64, mayClear: Bool, isSteady: Bool, at now: Int64
  ) {
    if state == .holding {
      if now - since < hold {
        if when { enter(.active, now) }
        return
      }
      enter(.idle, now)
    }
    if state == .active {
      if !when, until ?? true, mayClear { enter(hold > 0 ? .holding : .idle, now) }
      return
    }
    if state == .idle, when { enter(.pending, now) }
    if state == .pending {
      if !when {
        enter(.idle, now)
      } else if isSteady || now - since >= wait {
        enter(.active, now)
      }
    }
  }

  /// The one step of a rule that has no `for`, `until`, `hold` or latch.
  mutating func follow(_ isOn: Bool, at now: Int64) { enter(isOn ? .active : .idle, now) }

  private mutating func enter(_ next: RuleState, _ now: Int64) {
    state = next
    since = now
  }

  /// When time alone moves it.
  func deadline(wait: Int64, hold: Int64) -> Int64? {
    switch state {
    case .pending: since + wait
    case .holding: since + hold
    case .idle, .active: nil
    }
  }
}

/// One row of a rule: its key and its machines.
struct Row {
  /// 0: the one row of a rule without keys; −1: the unknown row.
  var key: Int32
  var sure = Machine()
  var possible = Machine()
  /// The worth at the last tick at which sure was active, in points.
  var lastWorth = Worth(low: 0, high: 0)
  /// What it contributed at the last tick, in thousandths.
  var low: Int64 = 0
  var high: Int64 = 0

  static let unknownKey: Int32 = -1
}

// MARK: Snapshots

extension Machine {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(state.rawValue)
    writer.write(since)
  }

  init(from reader: inout SnapshotReader) throws(SnapshotError) {
    guard let state = RuleState(rawValue: try reader.uint8()) else { throw reader.damage("no state of a rule") }
    self.state = state
    since = try state == .idle ? reader.time(or: .min) : reader.time()
  }
}

extension Row {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(key)
    sure.encode(into: &writer)
    possible.encode(into: &writer)
    lastWorth.encode(into: &writer)
    writer.write(low)
    writer.write(high)
  }

  /// - Parameter keyParts: How many parts the keys of the rule have.
  init(from reader: inout SnapshotReader, keyParts: Int) throws(SnapshotError) {
    key = try reader.key(or: Row.unknownKey)
    guard key == Row.unknownKey || reader.keys[Int(key)].count == keyParts else {
      throw reader.damage("a row of another key")
    }
    sure = try Machine(from: &reader)
    possible = try Machine(from: &reader)
    lastWorth = try Worth(from: &reader)
    low = try reader.score()
    high = try reader.score()
  }
}

extension Worth {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(low)
    writer.write(high)
  }

  init(from reader: inout SnapshotReader) throws(SnapshotError) {
    low = try reader.double()
    high = try reader.double()
    // What has no finite worth counts its range, which is finite.
    guard low.isFinite, high.isFinite else { throw reader.damage("a worth that is not finite") }
  }
}
