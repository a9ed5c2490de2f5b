import Glibc

/// The names in a folder, sorted; those that begin with a dot are left out.
func names(in folder: String) throws(Failure) -> [String] {
  guard let handle = opendir(folder) else { throw Failure("cannot read `\(folder)`: \(systemMessage())") }
  defer { closedir(handle) }
  var names: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted()
}
