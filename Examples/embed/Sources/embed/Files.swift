import Glibc

struct FileFailure: Error { var path: String }

/// Replaces a file as a whole, so that a crash leaves the old one or the new one.
func save(_ bytes: [UInt8], to path: String) throws {
  let temporary = path + ".new"
  guard let file = fopen(temporary, "w") else { throw FileFailure(path: temporary) }
  let written = fwrite(bytes, 1, bytes.count, file)
  guard fflush(file) == 0, fsync(fileno(file)) == 0, fclose(file) == 0, written == bytes.count,
    rename(temporary, path) == 0
  else { throw FileFailure(path: path) }
}

/// - Returns: `nil` if there is no such file.
func load(_ path: String) throws -> [UInt8]? {
  guard let file = fopen(path, "r") else {
    if errno == ENOENT { return nil }
    throw FileFailure(path: path)
  }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
  return bytes
}
