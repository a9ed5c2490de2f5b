import ArgumentParser
import Criteria
import CriteriaDiagnostics
import CriteriaReaders
import Glibc

struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Takes observations and ticks as lines of JSON, and answers each tick with decisions.",
    discussion: """
      For callers in any language: one JSON object a line, in on standard input, out on standard output, as docs/stream.md \
      says. Read while you write: it reads only as fast as its answers are read. A line that cannot be used is answered with \
      an error, and counted. It ends with its input.
      """)

  /// What a tick is answered with, before the line that ends it.
  enum Emission: String, ExpressibleByArgument, CaseIterable { case changes, all, records }

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("The policy.", valueName: "file"))
  var policy: String

  @Option(
    help: "changes: verdicts that changed; all: a summary of each instance; records: each decision with its reasons.")
  var emit = Emission.changes

  @Flag(help: "Report idle rules too, in records.")
  var allRules = false

  @Option(help: ArgumentHelp("The longest line that is read.", valueName: "bytes"))
  var maxLine = 1 << 20

  @Option(
    help: ArgumentHelp(
      "Go on with the state in this file, and write it at the end and when a line asks for it.", valueName: "file"))
  var state: String?

  @Option(help: ArgumentHelp("How long to wait for another run that uses the state.", valueName: "duration"))
  var stateWait: Span?

  func validate() throws {
    guard (1...1 << 30).contains(maxLine) else { throw ValidationError("--max-line is from 1 to \(1 << 30)") }
  }

  func run() throws {
    let policy = try loadedPolicy(policy)
    // Whoever stops reading stops us, with a message instead of a signal.
    signal(SIGPIPE, SIG_IGN)
    makeBlocking(STDIN_FILENO)
    makeBlocking(STDOUT_FILENO)
    let state = try state.map { try RunState($0, patience: stateWait?.milliseconds ?? 0) }
    var report: [StateTransfer] = []
    let fleet = try state?.fleet(policy, assumingSteady: false, report: &report) ?? Fleet(policy)
    var session = StreamSession(fleet: fleet, state: state, emit: emit, allRules: allRules, sink: try Sink(nil))
    if let state { session.greet(isFound: state.isFound, report) }
    do {
      let input = LineStream(try ByteStream(opening: "-", chunk: 1 << 16), chunk: 1 << 16, longestLine: maxLine)
      try read(input, &session)
    } catch let error as InputError {
      throw Failure(error.description)
    }
  }

  private func read(_ input: LineStream, _ session: inout StreamSession) throws {
    reading: while true {
      // Before waiting for more, all that is answered so far is written.
      try session.flush()
      switch input.next() {
      case .lines(let block):
        var start = 0
        while start < block.count {
          let rest = UnsafeRawBufferPointer(rebasing: block[start...])
          let length = memchr(rest.baseAddress!, 0x0A, rest.count).map { UnsafeRawPointer($0) - rest.baseAddress! }
          let line = UnsafeRawBufferPointer(rebasing: rest[..<(length ?? rest.count)])
          if line.count > maxLine { session.refuseLongLine(maxLine) } else { try session.take(line) }
          if session.isOver { break reading }
          start += line.count + 1
        }
      case .tooLong: session.refuseLongLine(maxLine)
      case .cutOff: session.refuse(JSONFault(at: nil, "the input broke off in this line", remedy: "send it again"))
      case nil: break reading
      }
    }
    if let failure = input.bytes.failure {
      try session.flush()
      throw Failure("standard input \(failure)")
    }
    try session.end()
  }
}

/// A pipe that a caller left non-blocking would fail where it should wait.
private func makeBlocking(_ descriptor: Int32) {
  let flags = fcntl(descriptor, F_GETFL)
  if flags >= 0, flags & O_NONBLOCK != 0 { _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) }
}
