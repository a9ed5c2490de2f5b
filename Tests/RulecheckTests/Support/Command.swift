import Glibc
import Testing

/// What a run of a program left behind.
struct Run {
  var status: Int32
  var output: String
  var errors: String
  var seconds: Double
}

/// The folder of the package.
let root: String = folder(of: folder(of: folder(of: folder(of: #filePath))))

/// The shared test data; `nil` where it is absent: it is not part of the repository, and its tests are skipped then.
let sharedData: String? = {
  let path = getenv("CRITERIA_SHARED_DATA").map { String(cString: $0) } ?? root + "/../shared/data"
  return access(path, R_OK) == 0 ? path : nil
}()

/// The command line tool that was built with these tests: it stands beside the test bundle.
let rulecheckPath: String = {
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = readlink("/proc/self/exe", &buffer, buffer.count)
  let built = count > 0 ? folder(of: String(decoding: buffer[..<count], as: UTF8.self)) + "/rulecheck" : ""
  return access(built, X_OK) == 0 ? built : root + "/.build/debug/rulecheck"
}()

/// Python, with the packages that `scripts/test-tools` installs where that ran.
let python: String = {
  let installed = root + "/.venv/bin/python"
  return access(installed, X_OK) == 0 ? installed : "python3"
}()

/// Whether Python has a package: tests that need one are skipped without it.
func hasPython(_ package: String) -> Bool { (try? run([python, "-c", "import \(package)"]).status) == 0 }

/// Runs `rulecheck` to its end.
///
/// - Parameters:
///   - arguments: Without the program's name.
///   - directory: Where it runs; the package's folder by default, so that paths in messages are short and the same everywhere.
///   - input: What it reads from standard input.
func rulecheck(
  _ arguments: [String], in directory: String = root, input: String = "", environment: [String] = ["NO_COLOR=1"]
) throws -> Run {
  try run([rulecheckPath] + arguments, in: directory, input: input, environment: environment)
}

/// The same for any program; `rulecheck` is on its path.
func run(
  _ command: [String], in directory: String = root, input: String = "", environment: [String] = ["NO_COLOR=1"]
) throws -> Run {
  let scratch = try TemporaryFolder()
  try scratch.write(input, to: "in")
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, scratch.path + "/in", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, scratch.path + "/out", O_WRONLY | O_CREAT, 0o600)
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, scratch.path + "/err", O_WRONLY | O_CREAT, 0o600)

  // `env` goes to the folder: posix_spawn itself cannot without GNU's extensions, which Swift does not see.
  let words = (["env", "-C", directory] + command).map { strdup($0) } + [nil]
  let path = folder(of: rulecheckPath) + ":/usr/bin:/bin"
  let variables = (environment + ["PATH=\(path)", "SWIFT_BACKTRACE=enable=no"]).map { strdup($0) } + [nil]
  defer { for word in words + variables { free(word) } }
  let clock = ContinuousClock()
  let began = clock.now
  var process: pid_t = 0
  let code = posix_spawn(&process, "/usr/bin/env", &actions, nil, words, variables)
  try #require(code == 0, "cannot run \(command[0]): \(String(cString: strerror(code)))")
  var state: Int32 = 0
  while waitpid(process, &state, 0) < 0 && errno == EINTR {}
  let elapsed = clock.now - began
  // A signal's number shows as negative.
  let status = state & 0x7F == 0 ? (state >> 8) & 0xFF : -(state & 0x7F)
  return Run(
    status: status, output: try scratch.read("out"), errors: try scratch.read("err"), seconds: elapsed / .seconds(1))
}

/// A folder that goes away with its last reference.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/rulecheck-tests-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { removeTree(path) }

  /// - Parameter name: May name folders, which are made.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let parts = name.split(separator: "/")
    for count in 1..<max(parts.count, 1) { mkdir(path + "/" + parts[..<count].joined(separator: "/"), 0o755) }
    let file = try #require(fopen(path + "/" + name, "w"))
    defer { fclose(file) }
    try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    return path + "/" + name
  }

  func read(_ name: String) throws -> String { try readText(path + "/" + name) }
}

/// The text of a file; what is not UTF-8 becomes U+FFFD.
func readText(_ path: String) throws -> String { String(decoding: try readBytes(path), as: UTF8.self) }

func readBytes(_ path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "r"), "cannot read \(path)")
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return bytes
}

struct Unreadable: Error { var path: String }

/// The names in a folder, sorted.
func list(_ path: String, hidden: Bool = false) throws -> [String] {
  guard let folder = opendir(path) else { throw Unreadable(path: path) }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = Glibc.readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != "..", hidden || !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted()
}

private func removeTree(_ path: String) {
  for name in (try? list(path, hidden: true)) ?? [] where unlink(path + "/" + name) != 0 {
    removeTree(path + "/" + name)
  }
  rmdir(path)
}

private func folder(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
