import Criteria
import CriteriaDiagnostics
import CriteriaReaders

/// One run of `rulecheck stream`: a fleet, and answers to each line.
struct StreamSession: ~Copyable {
  private var fleet: Fleet
  /// `nil`: nothing is kept.
  private let state: RunState?
  private let emit: StreamCommand.Emission
  private let allRules: Bool
  private let sink: Sink
  private var series = SeriesCache()
  private var writer = JSONWriter()
  /// Lines so far, empty ones too.
  private var lines = 0
  private var errors = 0
  /// A tick has ended: whoever waits for it is to have it.
  private var mustFlush = false
  /// `quit` came.
  private(set) var isOver = false

  init(fleet: consuming Fleet, state: RunState?, emit: StreamCommand.Emission, allRules: Bool, sink: Sink) {
    self.fleet = fleet
    self.state = state
    self.emit = emit
    self.allRules = allRules
    self.sink = sink
  }

  /// Takes one line, without its line break.
  ///
  /// - Throws: If answers cannot be written; a line that cannot be used is answered.
  mutating func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    lines += 1
    if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
    do {
      try obey(try StreamLine(bytes), bytes)
    } catch {
      answer(error, at: column(error.offset, in: bytes))
    }
    if mustFlush || writer.bytes.count > 1 << 16 { try flush() }
  }

  private mutating func obey(_ line: StreamLine, _ bytes: UnsafeRawBufferPointer) throws(JSONFault) {
    switch line.kind {
    case .sample: try series.feed(line, bytes, at: time(line), to: &fleet)
    case .line, .condition, .facts:
      fleet.observe(
        try line.observation(in: bytes), of: try line.instance(in: bytes), at: time(line),
        origin: line.origin(in: bytes))
    case .attach: fleet.attach(log: try line.source(in: bytes), of: try line.instance(in: bytes), at: time(line))
    case .tick: tick(to: time(line))
    case .remove: remove(try line.instance(in: bytes))
    case .explain: try explain(line, bytes)
    case .snapshot: try save()
    case .quit: isOver = true
    }
  }

  private func time(_ line: StreamLine) -> Timestamp {
    guard let at = line.at else { preconditionFailure("an observation without a time") }
    return Timestamp(milliseconds: at)
  }

  // MARK: Requests

  private mutating func tick(to time: Timestamp) {
    let changes = fleet.advance(to: time)
    if let decided = fleet.lastTick {
      switch emit {
      case .changes: for change in changes { writer.answer(change) }
      case .all:
        var summaries: [(InstanceHandle, Summary)] = []
        fleet.decideAll { summaries.append(($0, $1)) }
        for (handle, summary) in summaries { writer.answer(summary, of: fleet.name(of: handle) ?? "", at: decided) }
      case .records:
        for instance in fleet.instances {
          guard let decision = fleet.explain(instance, at: decided, allRules: allRules), decision.isSelected else {
            continue
          }
          writer.answer(decision)
        }
      }
    }
    writer.answer("tick") {
      $0.member("at", time.description)
      $0.member("decided", fleet.lastTick)
      $0.member("instances", fleet.instances.count)
      $0.member("changes", changes.count)
      $0.member("nextDue", fleet.nextDue)
      $0.member("lines", lines)
      $0.member("errors", errors)
      $0.member(fleet.counts)
    }
    mustFlush = true
  }

  private mutating func remove(_ instance: String) {
    let isKnown = fleet.instance(instance) != nil
    fleet.remove(instance)
    series.remove(instance)
    writer.answer("removed") {
      $0.member("instance", instance)
      $0.member("known", isKnown)
    }
  }

  private mutating func explain(_ line: StreamLine, _ bytes: UnsafeRawBufferPointer) throws(JSONFault) {
    let instance = try line.instance(in: bytes)
    guard let time = line.at.map(Timestamp.init(milliseconds:)) ?? fleet.lastTick else {
      throw JSONFault(at: nil, "no tick is decided yet", remedy: "say a time: `\"at\": \"2026-11-23T01:00:00Z\"`")
    }
    guard let decision = fleet.explain(instance, at: time, allRules: line.allRules || allRules) else {
      throw JSONFault(
        at: nil, "nothing is known of \(shown(instance)) at \(time)", remedy: "observe it first, or say a later time")
    }
    writer.answer(decision)
  }

  // MARK: The state

  /// Says what the run begins with.
  mutating func greet(isFound: Bool, _ report: [StateTransfer]) {
    writer.answer("restored") {
      $0.member("found", isFound)
      $0.member("decided", fleet.lastTick)
      $0.member("instances", fleet.instances.count)
      $0.key("transfers")
      $0.beginArray()
      for one in report where !one.isKept || one.reason != "unchanged" { $0.value(one.description) }
      $0.endArray()
    }
  }

  private mutating func save() throws(JSONFault) {
    guard let state else {
      throw JSONFault(at: nil, "there is no file for the state", remedy: "start with --state FILE")
    }
    do throws(Failure) {
      try state.save(fleet)
    } catch {
      throw JSONFault(at: nil, error.description, remedy: "make room, or give another file")
    }
    writer.answer("saved") {
      $0.member("file", state.file.path)
      $0.member("decided", fleet.lastTick)
    }
    mustFlush = true
  }

  // MARK: Lines that cannot be used

  /// Answers a line that is not read at all.
  mutating func refuse(_ fault: JSONFault) {
    lines += 1
    answer(fault, at: nil)
  }

  mutating func refuseLongLine(_ most: Int) {
    refuse(
      JSONFault(
        at: nil, "expected a line of at most \(most) bytes",
        remedy: "make lines shorter, or start with --max-line BYTES"))
  }

  private mutating func answer(_ fault: JSONFault, at column: Int?) {
    errors += 1
    writer.answer("error") {
      $0.member("line", lines)
      if let column { $0.member("column", column) }
      $0.member("reason", fault.reason)
      $0.member("remedy", fault.remedy)
    }
  }

  /// The column of an offset, in Unicode scalars from 1.
  private func column(_ offset: Int?, in bytes: UnsafeRawBufferPointer) -> Int? {
    offset.map { bytes[..<min($0, bytes.count)].count { $0 & 0xC0 != 0x80 } + 1 }
  }

  // MARK: Writing

  /// Writes the state, and the last answer.
  mutating func end() throws(Failure) {
    // Who never read the answers is not done with them: what is kept is what was before.
    try flush()
    try state?.save(fleet)
    writer.answer("end") {
      $0.member("lines", lines)
      $0.member("errors", errors)
      $0.member("decided", fleet.lastTick)
      $0.member(fleet.counts)
    }
    try flush()
  }

  /// Writes what was answered; waits until it is taken.
  mutating func flush() throws(Failure) {
    if !writer.bytes.isEmpty {
      try sink.write(writer.bytes)
      writer.removeAll()
    }
    try sink.flush()
    mustFlush = false
  }
}

/// A name in a message: quoted, not longer than people read.
private func shown(_ name: String) -> String { "`" + (name.count > 60 ? name.prefix(60) + "…" : name) + "`" }
