import CriteriaDiagnostics
import CriteriaEngine

// What the fuzzers in Tests/Fuzz call. `package` symbols are invisible to other packages.

/// Compiles bytes as a policy, down to the program, and renders what is wrong.
@_spi(Internals) public func fuzzCompile(_ bytes: UnsafeRawBufferPointer) {
  fuzz(Array(bytes))
}

/// Compiles bytes as the condition of a rule over signals of each kind: most of them get as far as the checker.
@_spi(Internals) public func fuzzCondition(_ bytes: UnsafeRawBufferPointer) {
  let head = """
    version: 1
    policy: fuzz
    signals:
      cpu: {gauge: cpu, unit: percent}
      free: {gauge: free, unit: bytes, by: [mount]}
      size: {gauge: size, unit: bytes, by: [mount]}
      reqs: {counter: reqs, reduce: sum}
      oom: {log: kernel, match: 'Killed (?<comm>\\w+)'}
      slow: {log: app, match: '(?<ms>\\d+) ms', value: ms, unit: ms}
      ready: {condition: Ready}
      image: {info: image, label: image}
      cores: {fact: cores}
      share: {is: free / size}
    rules:
      - rule: Fuzz
        then: +1
        when: |-

    """
  let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  fuzz(Array(head.utf8) + lines.flatMap { Array("      ".utf8) + Array($0) + [UInt8(ascii: "\n")] })
}

private func fuzz(_ policy: [UInt8]) {
  let compilation = compile(SourceText(path: "fuzz.yaml", bytes: policy))
  precondition(compilation.hasErrors == (compilation.program == nil), "a policy neither compiles nor has errors")
  _ = render(compilation.diagnostics, in: compilation.sources)
  if let checked = compilation.checked, let file = compilation.file { _ = analyze(checked, of: file, now: 0) }
}

// MARK: Snapshots

/// A policy with one of everything that keeps state.
@_spi(Internals) public let statefulPolicy = """
  version: 1
  policy: everything
  selector: label.role != "test"
  step: 10s
  replace: 100
  watch: 50
  launched: [boot_time]
  desired: [{image: v2}]
  signals:
    up:     {gauge: up, stale_after: 30s}
    cpu:    {gauge: cpu, unit: percent, reduce: max}
    disk:   {gauge: disk, by: [mount], max_keys: 3}
    errors: {counter: errors, reduce: sum}
    oom:    {log: kernel, match: 'Killed (?<comm>\\w+)'}
    io:     {log: kernel, match: 'error, dev (?<dev>\\w+)', by: [dev]}
    slow:   {log: app, match: 'took (?<ms>\\d+) ms', value: ms, unit: ms}
    ready:  {condition: Ready}
    fine:   {condition: Fine, from: fine, type: condition, status: status, instance: node}
    image:  {info: image_info, label: image}
    cores:  {fact: cores}
    wear:   {gauge: wear, optional: true}
  rules:
    - {rule: Down, when: "max(up[1m]) == 0", for: 20s, then: +60, hold: 30s}
    - {rule: Hot, when: "avg(cpu[2m]) > 50%", until: "avg(cpu[2m]) < 40%", for: 20s, then: "+40 * ramp(avg(cpu[2m]), 50%, 90%)", hold: 20s}
    - {rule: Full, when: "min(disk[1m]) < 10", for: 10s, then: +30, why: "{mount} is full"}
    - {rule: Errors, when: "increase(errors[5m]) > 20", then: +20}
    - {rule: OOM, when: "count(oom[2m]) >= 2", then: +50, why: "{oom.comm} was killed"}
    - {rule: IO, when: "count(io[2m]) >= 2", hold: 40s, then: +10}
    - {rule: Slow, when: "p95(slow[2m]) > 500ms", then: +10}
    - {rule: NotReady, when: 'ready != "True" and since(ready) > 20s', then: quarantine, latch: true}
    - {rule: NotFine, when: 'fine == "True"', then: +5}
    - {rule: Drift, when: drifted(image), for: 30s, then: +50}
    - {rule: Small, when: cores < 2, then: +5}
    - {rule: Silent, when: "absent(up[2m])", then: replace}
    - {rule: Old, when: "age > spread(20m, 5m)", then: +10, except: [{where: label.role == "db", because: databases are old}]}
    - {rule: Long, when: "since(max(cpu[1m]) > 60%) > 30s", then: +5}
    - {rule: Worn, when: wear > 0.9, then: +5, unknown: fires}
    - {rule: Young, when: age < 1m, then: protect}
  """

private let statefulProgram = compile(SourceText(path: "everything.yaml", text: statefulPolicy)).program!

/// Restores a fleet from bytes as what a snapshot's frame holds; what is restored lives on for a while, is asked everything, and
/// must read what it writes.
@_spi(Internals) public func fuzzSnapshot(_ bytes: UnsafeRawBufferPointer) {
  var writer = SnapshotWriter.framed
  writer.append(Array(bytes))
  func restored(_ bytes: [UInt8]) throws(SnapshotError) -> FleetState {
    try FleetState.restored(from: bytes, statefulProgram, digest: "fuzz", assumesSteady: false, adopting: true).state
  }
  guard let state = try? restored(writer.sealed()) else { return }
  let written = state.snapshot(digest: "fuzz")
  do throws(SnapshotError) {
    let again = try restored(written)
    precondition(again.snapshot(digest: "fuzz") == written, "a snapshot of what was restored is another one")
  } catch {
    preconditionFailure("a fleet cannot read what it wrote: \(error)")
  }
  // Without a last tick, all ticks from the first observation on would run, however long ago it was.
  guard let last = state.lastTick else { return }
  var now = last * statefulProgram.step
  for _ in 0..<5 {
    now += 7000
    for id in state.ids.prefix(8) {
      let time = Timestamp(milliseconds: now)
      _ = state.observe(.sample("up", [:], 1), of: id, at: time, origin: nil)
      _ = state.observe(.line("Killed java", source: "kernel"), of: id, at: time, origin: nil)
    }
    state.advance(to: Timestamp(milliseconds: now)) { _ in }
    for id in state.ids.prefix(8) {
      guard let handle = state.find(id) else { continue }
      _ = state.look(at: handle, Timestamp(milliseconds: now + 20_000)) { view in
        (view.rules(all: true).count, view.missing.count, view.nextChange)
      }
    }
  }
}
