extension FleetState {
  /// The whole state as bytes: equal states give equal bytes.
  ///
  /// - Parameter digest: The policy's, which a restoring fleet compares with its own.
  /// - Complexity: O(state).
  package func snapshot(digest: String) -> [UInt8] {
    // The tables stand first, but what belongs into them is known last.
    var state = SnapshotWriter()
    state.strings = workspace.strings.strings
    state.write(count: instanceCount)
    for block in blocks {
      for row in 0..<block.count where block.isUsed[row] { block.encode(row, into: &state) }
    }
    var writer = SnapshotWriter.framed
    writer.write(digest)
    program.shape.encode(into: &writer)
    writer.write(workspace.assumesSteady)
    writer.write(lastTick)
    for count in counts.all { writer.write(Int64(count)) }
    for since in workspace.watchedSince { writer.write(since) }
    writer.write(count: state.codes.count)
    for code in state.codes { writer.write(workspace.strings[code]) }
    writer.write(count: state.identities.count)
    for identity in state.identities { writer.write(workspace.identities[identity]) }
    writer.write(count: workspace.keys.parts.count)
    for parts in workspace.keys.parts {
      writer.write(count: parts.count)
      for part in parts { writer.write(part) }
    }
    writer.bytes += state.bytes
    return writer.sealed()
  }

  /// A fleet that goes on where another one was when its snapshot was made.
  ///
  /// - Parameters:
  ///   - digest: The policy's.
  ///   - adopting: The snapshot may be of another policy: what fits is kept, and said.
  ///   - prepared: Of the program; `nil`: made here.
  /// - Throws: If the bytes are not whole, not unchanged, or (unless adopting) of another policy.
  package static func restored(
    from bytes: [UInt8], _ program: Program, digest: String, assumesSteady: Bool, adopting: Bool,
    generation: UInt32 = 0, prepared: PreparedProgram? = nil, instances: Int? = nil
  ) throws(SnapshotError) -> (state: FleetState, report: [StateTransfer]) {
    var result: Result<(state: FleetState, report: [StateTransfer]), SnapshotError>?
    bytes.withUnsafeBytes { bytes in
      do throws(SnapshotError) {
        let new = FleetState(
          program, assumesSteady: assumesSteady, generation: generation, prepared: prepared,
          instances: instances)
        result = .success(try restored(from: bytes, new, digest: digest, adopting: adopting))
      } catch {
        result = .failure(error)
      }
    }
    return try result!.get()
  }

  private static func restored(
    from bytes: UnsafeRawBufferPointer, _ state: FleetState, digest: String, adopting: Bool
  ) throws(SnapshotError) -> (state: FleetState, report: [StateTransfer]) {
    var reader = try Snapshot.open(bytes)
    let theirs = try reader.string()
    guard theirs == digest || adopting else { throw .otherPolicy(theirs, expected: digest) }
    var transfer = SnapshotTransfer(from: try Program.Shape(from: &reader), to: state.program.shape)
    transfer.isOther = theirs != digest
    if !transfer.isOther, let lost = transfer.report.first(where: { !$0.isKept }) {
      guard adopting else {
        throw .otherMeaning("\(lost.part.rawValue) `\(lost.name)`: \(lost.reason)")
      }
      transfer.isOther = true
    }
    guard try reader.bool() == state.workspace.assumesSteady else { throw .assumption }
    try state.restore(from: &reader, transfer)
    return (state, transfer.report)
  }

  private func restore(from reader: inout SnapshotReader, _ transfer: SnapshotTransfer)
    throws(SnapshotError)
  {
    var done: Int64?
    if try reader.bool() {
      let tick = try reader.tick(or: 0, step: transfer.step)
      // No tick beyond can be asked for, and all those up to the next time that is would run.
      guard tick.magnitude <= momentBound / transfer.step else {
        throw reader.damage("a tick beyond all that are asked for")
      }
      done = tick
    }
    var counts = ObservationCounts()
    for count in ObservationCounts.all {
      let value = try reader.int64()
      guard value >= 0, value < 1 << 60 else { throw reader.damage("a count that counts nothing") }
      counts[keyPath: count] = Int(value)
    }
    let decided = done.map { $0 * transfer.step }
    // What the policy had not read before was not watched before.
    if transfer.isOther, let decided {
      workspace.watchedSince = Array(repeating: decided, count: workspace.watchedSince.count)
    }
    for signal in transfer.signals {
      let since = try reader.time(or: .min)
      if let target = signal.target { workspace.watchedSince[target] = since }
    }
    for _ in 0..<(try reader.count(of: 4)) {
      reader.codes.append(workspace.strings.code(try reader.string()))
    }
    for _ in 0..<(try reader.count(of: 4)) {
      reader.identities.append(workspace.identities.number(try reader.data()))
    }
    try restoreKeys(from: &reader)
    var last = done
    if let decided, transfer.step != plan.step {
      last = decided >= 0 ? decided / plan.step : -tickNumber(of: -decided, step: plan.step)
    }
    resume(at: last, counts)
    for _ in 0..<(try reader.count(of: 64)) {
      let id = try reader.string()
      guard let (block, row) = add(id) else { throw reader.damage("the instance \(id) twice") }
      try block.restore(row, from: &reader, transfer, done: done)
      if transfer.isOther { block.reconsider(row, from: transfer.step, done: last) }
    }
    try reader.expectEnd()
  }

  private func restoreKeys(from reader: inout SnapshotReader) throws(SnapshotError) {
    reader.keys = []
    for number in 0..<(try reader.count(of: 4)) {
      var parts: [String] = []
      for _ in 0..<(try reader.count(of: 4)) { parts.append(try reader.string()) }
      guard workspace.keys.number(parts) == number else { throw reader.damage("a key twice") }
      reader.keys.append(parts)
    }
    guard reader.keys.first == [] else { throw reader.damage("no keys") }
  }
}

extension ObservationCounts {
  /// In the order in which a snapshot holds them.
  fileprivate static var all: [WritableKeyPath<ObservationCounts, Int>] {
    [
      \.accepted, \.irrelevant, \.ignored, \.late, \.future, \.duplicate, \.predecessor, \.refused,
      \.limited, \.stale,
    ]
  }
  fileprivate var all: [Int] { Self.all.map { self[keyPath: $0] } }
}
