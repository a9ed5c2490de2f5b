import FleetData
import Glibc

/// The other engines, each run in a process of its own.
struct Python {
  struct Result {
    var engine = ""
    var version = ""
    var form = ""
    var rows = 0
    var bands: [Int] = []
    var ns = (min: 0.0, median: 0.0)
    /// An empty policy on the same input, where the engine is asked one by one.
    var base: Double?
    /// Of `plain`: the scores.
    var thousandths: [Int64] = []
  }

  enum Answer {
    case result(Result)
    case missing(String)
  }

  private let options: Options
  private let scripts: String
  private let fleet: String

  init(_ options: Options, scripts: String, fleet: String) {
    (self.options, self.scripts, self.fleet) = (options, scripts, fleet)
  }

  func run(_ engine: String) -> Answer {
    let python = options.environment + "/bin/python"
    guard access(python, X_OK) == 0 else { return .missing("no Python environment in `\(options.environment)`") }
    let arguments = [
      python, scripts + "/engines.py", engine, options.policy, fleet, "\(options.rows)", catalog,
      options.environment + "/opa",
    ]
    let line = arguments.map {
      "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
    guard let pipe = popen(line.joined(separator: " ") + " 2>&1", "r") else { return .missing("it does not start") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      output += buffer[..<count]
    }
    let code = pclose(pipe)
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
    guard code == 0, let last = lines.last, let result = Result(json: last) else {
      return .missing(lines.last.map(String.init) ?? "it says nothing")
    }
    return .result(result)
  }

  /// The names of columns and codes, as JSON.
  private var catalog: String {
    func list(_ names: [String]) -> String { "[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
    let known = facts.map { "\"\($0.name)\":\(list($0.values))" }.joined(separator: ",")
    return "{\"metrics\":\(list(metrics)),\"facts\":{\(known)}}"
  }
}

extension Python.Result {
  /// Reads what `engines.py` prints: names and numbers without escapes, one object deep or two.
  init?(json: Substring) {
    guard json.hasPrefix("{\"engine\"") else { return nil }
    func text(_ key: String) -> Substring? {
      guard let found = json.firstRange(of: "\"\(key)\": ") else { return nil }
      let rest = json[found.upperBound...]
      if rest.hasPrefix("\"") { return rest.dropFirst().prefix { $0 != "\"" } }
      if rest.hasPrefix("[") { return rest.dropFirst().prefix { $0 != "]" } }
      if rest.hasPrefix("{") { return rest.dropFirst().prefix { $0 != "}" } }
      return rest.prefix { $0 != "," && $0 != "}" }
    }
    func times(_ key: String) -> (min: Double, median: Double)? {
      guard let inner = text(key), inner.hasPrefix("\"min\"") else { return nil }
      let numbers = inner.split(separator: ",").compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
      return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }
    func list(_ key: String) -> [Int64] {
      (text(key) ?? "").split(separator: ",").compactMap { Int64($0.drop { $0 == " " }) }
    }
    engine = text("engine").map(String.init) ?? ""
    version = text("version").map(String.init) ?? ""
    form = text("form").map(String.init) ?? ""
    rows = text("rows").flatMap { Int($0) } ?? 0
    bands = list("bands").map(Int.init)
    thousandths = list("thousandths")
    base = times("base_ns")?.min
    if let ns = times("ns") { self.ns = ns } else if thousandths.isEmpty { return nil }
  }
}
