import Glibc

/// Where results go: standard output, or the file of `-o`.
///
/// A class because it owns a descriptor and a buffer that must be written out once.
final class Sink {
  private let name: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  /// - Parameter path: `nil` or `-` is standard output. A file is created or replaced.
  init(_ path: String?) throws(Failure) {
    guard let path, path != "-" else {
      name = "standard output"
      descriptor = STDOUT_FILENO
      return
    }
    name = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure("cannot write `\(path)`: \(systemMessage())") }
  }

  func write(_ text: String) throws(Failure) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count > 1 << 16 { try flush() }
  }

  func write(_ bytes: [UInt8]) throws(Failure) {
    buffer.append(contentsOf: bytes)
    if buffer.count > 1 << 16 { try flush() }
  }

  /// Writes what is left. To be called once everything is written: a full disk must not go unnoticed.
  func flush() throws(Failure) {
    var written = 0
    while written < buffer.count {
      let count = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure("cannot write to \(name): \(systemMessage())") }
      written += count
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Why a command could not do its work: exit code 1.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The system's words for the present `errno`.
func systemMessage() -> String {
  let code = errno
  return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    buffer.initialize(repeating: 0)
    guard strerror_r(code, buffer.baseAddress!, 256) == 0 else { return "error \(code)" }
    let text = String(cString: buffer.baseAddress!)
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

func printError(_ text: String) {
  let line = Array((text + "\n").utf8)
  var written = 0
  while written < line.count {
    let count = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress! + written, $0.count - written) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return }
    written += count
  }
}
