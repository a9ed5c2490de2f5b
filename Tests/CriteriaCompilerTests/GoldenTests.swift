import CriteriaDiagnostics
import CriteriaSyntax
import Glibc
import Testing

@testable import CriteriaCompiler

private let folder: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
  return parts.joined(separator: "/") + "/diagnostics"
}()

/// The names of the golden policies, without `.yaml`.
private let names: [String] = {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name.hasSuffix(".yaml") { names.append(String(name.dropLast(5))) }
  }
  return names.sorted()
}()

private func write(_ text: String, to path: String) throws {
  let file = try #require(fopen(path, "w"))
  defer { fclose(file) }
  text.withCString { _ = fputs($0, file) }
}

@Suite("Golden diagnostics")
struct GoldenTests {
  @Test("there are golden policies")
  func present() {
    #expect(names.count >= 10)
  }

  /// `UPDATE_GOLDENS=1 swift test` rewrites what is expected; the difference is reviewed like code.
  @Test("what is reported reads as it did", arguments: names)
  func golden(name: String) throws {
    let path = "\(folder)/\(name).yaml"
    let bytes = try readFile(path, limit: 1 << 20).bytes
    // 2026-01-01: exceptions expire before it and after it.
    let outcome = checkPolicy(bytes: bytes, now: 1_767_225_600_000)
    let rendered = render(outcome.diagnostics, in: outcome.sources)
    if getenv("UPDATE_GOLDENS") != nil { try write(rendered, to: "\(folder)/\(name).expected") }
    let expected = try readFile("\(folder)/\(name).expected", limit: 1 << 20).bytes
    #expect(rendered == String(decoding: expected, as: UTF8.self))
  }
}
