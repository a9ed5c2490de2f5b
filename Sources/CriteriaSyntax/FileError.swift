package import CriteriaDiagnostics
import Glibc

/// A file of the user that cannot be read.
package struct FileError: Error, Hashable, Sendable {
  package var path: String
  /// In lower case, without the path: `no such file or directory`.
  package var reason: String
  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}

/// Reads a regular file.
///
/// - Parameter limit: Bytes; a larger file is refused without being read.
package func readFile(_ path: String, limit: Int) throws(FileError) -> SourceText {
  func failure() -> FileError { FileError(path: path, reason: lowercasedFirst(String(cString: strerror(errno)))) }
  guard !path.utf8.contains(0) else { throw FileError(path: path, reason: "the path holds a NUL") }
  // A named pipe would block the open.
  let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard file >= 0 else { throw failure() }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { throw failure() }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw FileError(path: path, reason: status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : "not a regular file")
  }
  guard status.st_size <= limit else {
    throw FileError(path: path, reason: "\(status.st_size) bytes; the limit is \(limit)")
  }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(Int(status.st_size))
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  // The file may grow while it is read: what counts is what is read.
  while true {
    let count = read(file, &chunk, chunk.count)
    if count == 0 { return SourceText(path: path, bytes: bytes) }
    if count < 0 {
      if errno == EINTR { continue }
      throw failure()
    }
    bytes.append(contentsOf: chunk[..<count])
    guard bytes.count <= limit else { throw FileError(path: path, reason: "more than \(limit) bytes") }
  }
}

private func lowercasedFirst(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }

/// Parses the policy at `path` and the files that it uses, from the disk.
///
/// - Returns: No file if the policy cannot be read, with a diagnostic that says why.
package func loadPolicy(at path: String, into sources: inout SourceMap) -> (
  file: PolicyFile?, diagnostics: [Diagnostic]
) {
  let text: SourceText
  do {
    text = try readFile(path, limit: YAMLLimits.policy.bytes)
  } catch {
    return (nil, [.unreadableFile(error)])
  }
  let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  return parsePolicy(text, into: &sources) { used in
    // The written path stays inside the folder; a symbolic link on the way must not lead out of it.
    guard let root = resolved(folder), let target = resolved(used) else {
      return .failure(FileError(path: used, reason: lowercasedFirst(String(cString: strerror(errno)))))
    }
    guard target.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
      return .failure(FileError(path: used, reason: "leads out of the policy's folder"))
    }
    return Result { () throws(FileError) in try readFile(used, limit: YAMLLimits.policy.bytes) }
  }
}

/// The path with all symbolic links followed; `nil`, with `errno`, if there is nothing.
private func resolved(_ path: String) -> String? {
  guard let pointer = realpath(path, nil) else { return nil }
  defer { free(pointer) }
  return String(cString: pointer)
}
