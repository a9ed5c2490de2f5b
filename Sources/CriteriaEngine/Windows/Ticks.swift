/// The tick to which a time belongs: ⌈time / step⌉.
@inline(__always)
package func tickNumber(of time: Int64, step: Int64) -> Int64 {
  let quotient = time / step
  return time > quotient * step ? quotient + 1 : quotient
}

/// The next tick at which something can change without new data: terms lower it while they are computed.
package struct Wake: Sendable {
  package let step: Int64
  /// The tick that is being computed.
  package let now: Int64
  package private(set) var tick: Int64 = .max

  package init(now: Int64, step: Int64) {
    self.now = now
    self.step = step
  }

  /// Something changes at the first tick whose time is `time` or later.
  package mutating func at(_ time: Int64) {
    // Most times lie behind what is known already, and a division is dear.
    if tick < .max, time > (tick &- 1) &* step { return }
    consider(tickNumber(of: time, step: step))
  }

  /// Something changes at the first tick whose time is beyond `time`.
  package mutating func after(_ time: Int64) { at(time &+ 1) }

  /// All that is considered lies after `now`, so this is the earliest.
  @inline(__always)
  package mutating func nextTick() { tick = now &+ 1 }

  package mutating func consider(_ candidate: Int64) { if candidate > now, candidate < tick { tick = candidate } }

  /// A clock that shows `(t − origin) / 1000` seconds meets `seconds`: the ticks around that moment, for `<` and `<=` alike.
  package mutating func clock(from origin: Int64, meets seconds: Double) {
    guard seconds.isFinite, seconds.magnitude < 1e15 else { return }
    let moment = tickNumber(of: origin &+ Int64((seconds * 1000).rounded()), step: step)
    for candidate in moment - 1...moment + 1 { consider(candidate) }
  }
}

/// The window of a term: (now − length, now].
struct Window {
  var now: Int64
  var length: Int64
  var step: Int64
  var firstTick: Int64 { tickNumber(of: now - length, step: step) + 1 }
  var lastTick: Int64 { tickNumber(of: now, step: step) }
}

/// More samples than this in one step, and a percentile over them is unknown.
package let percentileLimit = 256
