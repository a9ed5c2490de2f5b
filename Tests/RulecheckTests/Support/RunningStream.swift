import Glibc
import Testing

/// A `rulecheck stream` that runs, and the pipes to and from it.
final class RunningStream {
  private let folder: TemporaryFolder
  private var process: pid_t = 0
  private var input: Int32 = -1
  private var output: Int32 = -1
  private var unread: ArraySlice<UInt8> = []
  /// What did not fit into the pipe.
  private var unwritten: [UInt8] = []

  init(_ arguments: [String], in directory: String = root) throws {
    // A pipe without a reader is to fail, not to end the tests.
    signal(SIGPIPE, SIG_IGN)
    folder = try TemporaryFolder()
    // Named pipes: a descriptor of `pipe` could be inherited by what another test starts at the same time, and stay open there.
    try #require(mkfifo(folder.path + "/in", 0o600) == 0 && mkfifo(folder.path + "/out", 0o600) == 0)
    // The shell opens them, not posix_spawn, which would wait for the child while the child waits for us to open them too.
    let script = "cd \"$1\" && shift && exec \"$0\" stream \"$@\" < \(folder.path)/in > \(folder.path)/out"
    let command: [String] = ["sh", "-c", script, rulecheckPath, directory] + arguments
    let words = command.map { strdup($0) } + [nil]
    let environment: [String] = ["PATH=/usr/bin:/bin", "SWIFT_BACKTRACE=enable=no"]
    let variables = environment.map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    try #require(posix_spawn(&process, "/bin/sh", nil, nil, words, variables) == 0)
    input = open(folder.path + "/in", O_WRONLY | O_CLOEXEC)
    output = open(folder.path + "/out", O_RDONLY | O_CLOEXEC)
  }

  deinit {
    closeInput()
    closeOutput()
    if process > 0 {
      kill(process, SIGKILL)
      _ = wait()
    }
  }

  func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// - Returns: False if it was not taken within so many seconds; the rest is kept.
  func tryToWrite(_ text: String, within seconds: Double) -> Bool {
    unwritten += text.utf8
    _ = fcntl(input, F_SETFL, fcntl(input, F_GETFL) | O_NONBLOCK)
    while !unwritten.isEmpty {
      let count = unwritten.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      if count > 0 {
        unwritten.removeFirst(count)
      } else {
        var poll = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
        if Glibc.poll(&poll, 1, Int32(seconds * 1000)) == 0 { return false }
      }
    }
    return true
  }

  /// Writes what was not taken, and ends the input, reading answers as they come.
  func finishWritingWhileReading() {
    while !unwritten.isEmpty {
      let count = unwritten.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      if count > 0 { unwritten.removeFirst(count) } else { _ = fill() }
    }
    closeInput()
  }

  /// The next line without its end; `nil` at the end of the output.
  func readLine() -> String? {
    while true {
      if let end = unread.firstIndex(of: 0x0A) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread = unread[(end + 1)...]
        return line
      }
      if !fill() { return unread.isEmpty ? nil : String(decoding: unread, as: UTF8.self) }
    }
  }

  private func fill() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(output, &buffer, buffer.count)
    if count > 0 { unread += buffer[..<count] }
    return count > 0
  }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  /// Its exit code; a signal's number shows as negative.
  func wait() -> Int32 {
    closeInput()
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0 && errno == EINTR {}
    process = 0
    return state & 0x7F == 0 ? (state >> 8) & 0xFF : -(state & 0x7F)
  }
}
