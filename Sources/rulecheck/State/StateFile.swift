import CriteriaDiagnostics
import Glibc

/// The file in which a fleet's state lies between runs, locked for as long as this value lives.
///
/// It is replaced as a whole: written beside, flushed to the disk, renamed. Whatever interrupts a write, the file holds the
/// state of before or the new one. A class because it owns the lock.
final class StateFile {
  /// As the user named it.
  let path: String
  /// Links resolved: a rename would replace the link itself.
  private let target: String
  private let lock: Int32

  /// Locks the file; it need not be there.
  ///
  /// The lock is on `FILE.lock`, since `FILE` itself is replaced. That file stays: removing it would let two runs hold locks on
  /// two files of one name.
  /// - Parameter patience: Milliseconds to wait for another run that holds it.
  init(locking path: String, patience: Int64) throws(Failure) {
    self.path = path
    target = resolved(path)
    let name = target + ".lock"
    lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw Failure("cannot lock the state `\(path)`: `\(name)`: \(systemMessage())") }
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: .milliseconds(patience))
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw Failure("cannot lock the state `\(path)`: \(systemMessage())")
      }
      if clock.now >= deadline {
        let holder = holder.map { " (process \($0))" } ?? ""
        throw Failure(
          "another run\(holder) uses the state `\(path)`: wait for it with --state-wait 1m, or give each run a state of its own"
        )
      }
      usleep(50_000)
    }
    let mine = Array("\(getpid())\n".utf8)
    _ = ftruncate(lock, 0)
    _ = mine.withUnsafeBytes { pwrite(lock, $0.baseAddress, $0.count, 0) }
  }

  deinit { close(lock) }

  /// Who holds the lock, as it says itself.
  private var holder: String? {
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = pread(lock, &buffer, buffer.count, 0)
    let digits = buffer.prefix(max(count, 0)).prefix { $0 &- 48 < 10 }
    return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
  }

  /// What it holds; `nil` if it is not there yet.
  func read() throws(Failure) -> [UInt8]? {
    let file = open(target, O_RDONLY | O_CLOEXEC)
    if file < 0, errno == ENOENT { return nil }
    guard file >= 0 else { throw Failure("cannot read the state `\(path)`: \(systemMessage())") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure("cannot read the state `\(path)`: it is no plain file")
    }
    var failed = false
    let size = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(file, buffer.baseAddress! + count, size - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failed = true }
        if got <= 0 { return }
        count += got
      }
    }
    if failed { throw Failure("cannot read the state `\(path)`: \(systemMessage())") }
    return bytes
  }

  /// Replaces what it holds.
  ///
  /// - Throws: With the state of before untouched.
  func write(_ bytes: [UInt8]) throws(Failure) {
    do {
      try replaceFile(target, with: bytes, by: target + ".new", mode: 0o600)
    } catch {
      throw Failure("cannot write the state `\(path)`, that of before stays: \(error.description)")
    }
  }
}
