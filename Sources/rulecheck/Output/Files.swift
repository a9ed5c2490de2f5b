import Glibc

/// The .yaml and .yml files of a folder and the folders in it, in order of name; hidden ones are left out.
///
/// - Throws: If a folder cannot be read.
func yamlFiles(in folder: String) throws(Failure) -> [String] {
  guard let handle = opendir(folder) else { throw Failure("cannot read `\(folder)`: \(systemMessage())") }
  defer { closedir(handle) }
  var names: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  var files: [String] = []
  for name in names.sorted() {
    let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
    var status = stat()
    // Links are not followed into folders: they could lead around in a circle.
    guard lstat(path, &status) == 0 else { continue }
    if status.st_mode & S_IFMT == S_IFDIR {
      files += try yamlFiles(in: path)
    } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
      files.append(path)
    }
  }
  return files
}

/// - Throws: If there is nothing at that path.
func isFolder(_ path: String) throws(Failure) -> Bool {
  var status = stat()
  guard stat(path, &status) == 0 else { throw Failure("cannot read `\(path)`: \(systemMessage())") }
  return status.st_mode & S_IFMT == S_IFDIR
}

/// Replaces a file as a whole: written beside, flushed to the disk, renamed. Whatever interrupts it, the file holds what it held
/// before or the new bytes.
///
/// - Parameters:
///   - target: Links resolved: a rename would replace the link itself.
///   - temporary: The name beside it that is written first. What an interrupted run left there is written over.
///   - mode: Of a file that was not there.
/// - Throws: With the file of before untouched; the words say what could not be done.
func replaceFile(_ target: String, with bytes: [UInt8], by temporary: String, mode: mode_t) throws(Failure) {
  func failure(_ what: String) -> Failure {
    let message = systemMessage()
    unlink(temporary)
    return Failure("\(what): \(message)")
  }
  unlink(temporary)
  let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
  guard file >= 0 else { throw failure("`\(temporary)`") }
  var isOpen = true
  defer { if isOpen { close(file) } }
  var status = stat()
  // Who may read the file is the user's business.
  if stat(target, &status) == 0 { _ = fchmod(file, status.st_mode & 0o7777) }
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { throw failure("`\(temporary)`") }
    written += count
  }
  guard fsync(file) == 0 else { throw failure("`\(temporary)`") }
  isOpen = false
  guard close(file) == 0 else { throw failure("`\(temporary)`") }
  guard rename(temporary, target) == 0 else { throw failure("renaming") }
  // The new name is to survive a power cut too. Some file systems cannot do that for a folder; the file itself is whole.
  let folder = open(parent(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if folder >= 0 {
    _ = fsync(folder)
    close(folder)
  }
}

/// The path with its links followed; itself if there is nothing yet.
func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// The folder that a path lies in.
func parent(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
