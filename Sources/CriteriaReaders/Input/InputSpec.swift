import Glibc

/// One file of `--metrics` or `--logs`, with what was said of it.
package struct InputSpec: Hashable, Sendable {
  package var path: String
  /// The instance all of it is of, unless (metrics) its samples name theirs.
  package var instance: String?
  /// Logs: the source of all its lines.
  package var source: String?
  /// Logs: the file lies in a folder of its instance, which attaches all sources.
  package var isFolderMember: Bool

  package init(path: String, instance: String? = nil, source: String? = nil, isFolderMember: Bool = false) {
    self.path = path
    self.instance = instance
    self.source = source
    self.isFolderMember = isFolderMember
  }

  private static let outerEndings = [
    ".log", ".prom", ".txt", ".metrics", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".om",
  ]
  /// They may stand before `.txt`.
  private static let innerEndings = [".openmetrics", ".om"]

  /// The file's name without `.gz`, a rotation's number, and the ending that tells its format. `nil` for `-`.
  package var baseName: String? {
    if path == "-" { return nil }
    var name = path.split(separator: "/").last ?? Substring(path)
    if name.hasSuffix(".gz"), name.count > 3 { name = name.dropLast(3) }
    if let dot = name.lastIndex(of: "."), dot > name.startIndex {
      let ending = name[name.index(after: dot)...]
      if !ending.isEmpty, ending.allSatisfy({ "0"..."9" ~= $0 }) { name = name[..<dot] }
    }
    for endings in [Self.outerEndings, Self.innerEndings] {
      if let ending = endings.first(where: { name.hasSuffix($0) && name.count > $0.count }) {
        name = name.dropLast(ending.count)
      }
    }
    return String(name)
  }
}

/// A `--metrics` or `--logs` value that names no input.
package struct InputSpecError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(description: String) { self.description = description }
}

/// Reads `[INSTANCE:]PATH`.
///
/// A path may hold colons: what exists decides. The whole text counts before any part of it.
/// - Parameter exists: Whether there is such a file or folder.
package func parseMetricsSpec(
  _ text: String, exists: (String) -> Bool = fileExists
) throws(InputSpecError) -> InputSpec {
  try choose(text, among: splits(text), flag: "--metrics", form: "[INSTANCE:]PATH", exists: exists)
}

/// Reads `[INSTANCE:]PATH` where no option says what it is. See `parseMetricsSpec`.
package func parseInputSpec(_ text: String, exists: (String) -> Bool = fileExists) throws(InputSpecError) -> InputSpec {
  try choose(text, among: splits(text), flag: "the input", form: "[INSTANCE:]PATH", exists: exists)
}

/// Reads `[INSTANCE:][SOURCE=]PATH`. See `parseMetricsSpec`.
package func parseLogsSpec(
  _ text: String, exists: (String) -> Bool = fileExists
) throws(InputSpecError) -> InputSpec {
  var candidates: [InputSpec] = []
  for split in splits(text) {
    candidates.append(split)
    for equals in split.path.indices where split.path[equals] == "=" {
      let source = split.path[..<equals]
      // A slash or colon before the `=` belongs to a path.
      if source.isEmpty || source.contains("/") || source.contains(":") { break }
      var spec = split
      spec.source = String(source)
      spec.path = String(split.path[split.path.index(after: equals)...])
      candidates.append(spec)
    }
  }
  return try choose(text, among: candidates, flag: "--logs", form: "[INSTANCE:][SOURCE=]PATH", exists: exists)
}

/// All ways to take `INSTANCE:` off; first the one that takes nothing.
private func splits(_ text: String) -> [InputSpec] {
  var result = [InputSpec(path: text)]
  for colon in text.indices where text[colon] == ":" && colon > text.startIndex {
    result.append(InputSpec(path: String(text[text.index(after: colon)...]), instance: String(text[..<colon])))
  }
  return result
}

private func choose(
  _ text: String, among candidates: [InputSpec], flag: String, form: String, exists: (String) -> Bool
) throws(InputSpecError) -> InputSpec {
  let found = candidates.filter { !$0.path.isEmpty && ($0.path == "-" || exists($0.path)) }
  if let whole = found.first, whole.path == text { return whole }
  // `node-1:-` can only be read one way, and so can most paths.
  guard let first = found.first else {
    let plain = candidates.last { $0.path.first == "/" } ?? candidates.first { $0.instance != nil || $0.source != nil }
    let missing = plain.map { $0.path.isEmpty ? text : $0.path } ?? text
    throw InputSpecError(
      description: "\(flag) \(text): no file or folder `\(missing)`, expected \(form)")
  }
  guard found.count == 1 else {
    let readings = found.map { "`\($0.path)`" }.joined(separator: ", ")
    throw InputSpecError(
      description: "\(flag) \(text): can be read in several ways, as \(readings) exist; expected \(form), "
        + "with `./` before a relative path")
  }
  return first
}

/// Whether a path names something that is there.
package func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Replaces folders by the files in them: `FOLDER/SOURCE.log` of an instance that was said, `FOLDER/INSTANCE/SOURCE.log`
/// else. Files that lie directly in a folder without an instance are as if named alone. Hidden files are passed over.
///
/// - Throws: If a folder cannot be read.
/// - Returns: In byte order of their names.
package func expandFolders(_ spec: InputSpec) throws(InputError) -> [InputSpec] {
  guard spec.path != "-", isFolder(spec.path) else { return [spec] }
  var result: [InputSpec] = []
  for name in try entries(of: spec.path) {
    let path = spec.path.hasSuffix("/") ? spec.path + name : spec.path + "/" + name
    if !isFolder(path) {
      var file = spec
      file.path = path
      file.isFolderMember = spec.instance != nil
      result.append(file)
    } else if spec.instance == nil {
      var folder = spec
      folder.path = path
      folder.instance = name
      result += try expandFolders(folder)
    }
  }
  return result
}

private func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func entries(of folder: String) throws(InputError) -> [String] {
  guard let handle = opendir(folder) else { throw InputError(folder, systemMessage(errno)) }
  defer { closedir(handle) }
  var names: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
