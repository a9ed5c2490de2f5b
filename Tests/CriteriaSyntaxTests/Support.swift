import CriteriaDiagnostics
import CriteriaSyntax
import Glibc

/// The package's root, from this file's place in it.
let packageRoot = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

/// Real data that is no part of the repository: beside it, or where the environment says.
let sharedData = environment("CRITERIA_SHARED_DATA") ?? "\(packageRoot)/../shared/data"

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

/// The names of a folder's files, sorted.
func files(in folder: String) -> [String] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted()
}

func contents(of path: String) -> SourceText {
  (try? readFile(path, limit: 1 << 30)) ?? SourceText(path: path, text: "")
}

func string(_ text: SourceText) -> String { String(decoding: text.bytes, as: UTF8.self) }

func write(_ text: String, to path: String) {
  guard let file = fopen(path, "w") else { return }
  defer { fclose(file) }
  fputs(text, file)
}

/// What a range covers in its file.
func text(at range: SourceRange, in sources: SourceMap) -> String {
  String(decoding: sources[range.source].bytes[range.start..<range.end], as: UTF8.self)
}

/// A policy without `use:` files.
func parse(_ text: String) -> (file: PolicyFile?, diagnostics: [Diagnostic], sources: SourceMap) {
  var sources = SourceMap()
  let (file, diagnostics) = parsePolicy(SourceText(path: "policy.yaml", text: text), into: &sources) { path in
    .failure(FileError(path: path, reason: "no such file or directory"))
  }
  return (file, diagnostics, sources)
}

func parseYAML(_ text: String, limits: YAMLLimits = .policy) -> (node: YAMLNode?, diagnostics: [Diagnostic]) {
  parseYAML(SourceText(path: "test.yaml", text: text), as: SourceID(index: 0), limits: limits)
}

func parseExpression(_ text: String) -> (expression: Expr?, diagnostics: [Diagnostic]) {
  parseExpression(ExpressionText(SourceText(path: "-", text: text), as: SourceID(index: 0)))
}

/// A tree as brackets, without places: equal trees, equal texts.
func dump(_ expression: Expr) -> String {
  func number(_ number: NumberLiteral) -> String { "\(number.digits)\(number.unit.map { " '\($0.name)'" } ?? "")" }
  func path(_ path: Path) -> String { ([path.first] + path.rest).map { "\"\($0.value)\"" }.joined(separator: "/") }
  switch expression {
  case .number(let value, _): return number(value)
  case .string(let value, _): return "\"\(value)\""
  case .bool(let value, _): return "\(value)"
  case .path(let value): return path(value)
  case .window(let value, let duration, _): return "(window \(path(value)) \(duration.milliseconds))"
  case .call(let name, let arguments, _): return "(\(name.value)\(arguments.map { " " + dump($0) }.joined()))"
  case .not(let inner, _): return "(not \(dump(inner)))"
  case .negate(let inner, _): return "(- \(dump(inner)))"
  case .logical(let sign, let left, let right, _): return "(\(sign.rawValue) \(dump(left)) \(dump(right)))"
  case .arithmetic(let sign, let left, let right, _): return "(\(sign.rawValue) \(dump(left)) \(dump(right)))"
  case .comparison(let sign, let left, let right, _): return "(\(sign.rawValue) \(dump(left)) \(dump(right)))"
  case .match(let inner, let pattern, _): return "(=~ \(dump(inner)) \"\(pattern.value)\")"
  case .membership(let inner, let literals, _):
    let list = literals.map { literal -> String in
      switch literal.value {
      case .number(let value): number(value)
      case .string(let value): "\"\(value)\""
      case .bool(let value): "\(value)"
      }
    }
    return "(in \(dump(inner)) \(list.joined(separator: " ")))"
  }
}

/// A small generator of pseudo-random numbers (SplitMix64), so that a failure can be repeated.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
