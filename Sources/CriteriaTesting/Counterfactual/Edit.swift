package import Criteria

/// One change to what was observed of an instance: what could have been otherwise.
///
/// It speaks of the signals of a policy, whose indices it holds, and is applied to a `History`; then the history is replayed like
/// any other. It touches observations in `(from, to]` alone.
package struct Edit: Hashable, Sendable {
  /// Which series of a signal: those that carry these labels; none: all.
  package typealias Labels = [String: String]

  package enum Kind: Hashable, Sendable {
    /// Each sample of a gauge differs by this much, in the signal's unit, but stays within what the signal can be: from 0 on if it
    /// never was below, up to 100 % if it is a share that never was above, 0 or 1 if it never was anything else.
    case shift(signal: Int, Labels, by: Double)
    /// A counter grows by this much more (or less, but never backwards) in a second.
    case growth(signal: Int, Labels, perSecond: Double)
    /// The newest matching lines of a log never came.
    case fewerLines(signal: Int, count: Int)
    /// So many more matching lines, all at the end of the span.
    case moreLines(signal: Int, count: Int, text: String, source: String)
    /// A condition's status was another one, throughout the span.
    case status(signal: Int, String)
    /// The label that an info signal reads was another one.
    case info(signal: Int, String)
    case fact(String, String)
    case label(String, String)
    /// The launch was later by so many seconds; negative: earlier.
    case launch(by: Double)
    /// The signals, gone silent, were heard of on, throughout the span: their last values, counters growing as they last did. A log is
    /// read from its start.
    case resumed(signals: [Int])
    /// A metric that was not heard of had this value, in the signal's unit, throughout the span.
    case arrived(signal: Int, Labels, value: Double)
    /// Nothing changes but the time: all that is alive goes on as it was at the start of the span, to its end.
    case wait
  }
  package var kind: Kind
  package var from: Timestamp
  package var to: Timestamp

  package init(_ kind: Kind, from: Timestamp, to: Timestamp) {
    self.kind = kind
    self.from = from
    self.to = to
  }

  /// How long the span is, in milliseconds.
  package var length: Int64 { to.milliseconds - from.milliseconds }

  /// The signal that it is about, if it is about one.
  package var signal: Int? {
    switch kind {
    case .shift(let signal, _, _), .growth(let signal, _, _), .fewerLines(let signal, _),
      .moreLines(let signal, _, _, _), .status(let signal, _), .info(let signal, _), .arrived(let signal, _, _):
      signal
    case .fact, .label, .launch, .resumed, .wait: nil
    }
  }

  /// How many log lines it adds or takes away.
  var lines: Int {
    switch kind {
    case .fewerLines(_, let count), .moreLines(_, let count, _, _): count
    case .shift, .growth, .status, .info, .fact, .label, .launch, .resumed, .arrived, .wait: 0
    }
  }

  /// The first moment of the span.
  var start: Timestamp { Timestamp(milliseconds: min(from.milliseconds + 1, to.milliseconds)) }

  /// The same with half of its quantity (of whole ones, rounded down); `nil` for those that have none: another value, and
  /// samples that come or do not.
  package var half: Edit? {
    var half = self
    switch kind {
    case .shift(let signal, let labels, let by): half.kind = .shift(signal: signal, labels, by: by / 2)
    case .growth(let signal, let labels, let rate): half.kind = .growth(signal: signal, labels, perSecond: rate / 2)
    case .fewerLines(let signal, let count): half.kind = .fewerLines(signal: signal, count: count / 2)
    case .moreLines(let signal, let count, let text, let source):
      half.kind = .moreLines(signal: signal, count: count / 2, text: text, source: source)
    case .launch(let seconds): half.kind = .launch(by: seconds / 2)
    case .status, .info, .fact, .label, .resumed, .arrived, .wait: return nil
    }
    return half
  }

  /// A history in which this had happened.
  package func applied(to history: History, under policy: Policy) -> History {
    let readings = Readings(history, policy.program)
    var attachments = history.attachments
    let items = readings.apply(self, to: readings.items, &attachments)
    // Equal times keep their order: what the edit adds comes last, and so wins.
    let order = items.indices.sorted { (items[$0].entry.time, $0) < (items[$1].entry.time, $1) }
    return History(
      instance: history.instance, attachments: attachments, entries: order.map { items[$0].entry },
      assumesSteady: history.assumesSteady, start: history.start)
  }
}
