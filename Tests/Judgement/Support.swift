import Criteria
import CriteriaEngine
import CriteriaReaders
import Glibc
import Testing

/// The folder of the package.
let root: String = folder(of: folder(of: folder(of: #filePath)))

/// The shared test data; `nil` where it is absent: it is not part of the repository, and its tests are skipped then.
let sharedData: String? = {
  let path = getenv("CRITERIA_SHARED_DATA").map { String(cString: $0) } ?? root + "/../shared/data"
  return access(path, R_OK) == 0 ? path : nil
}()

private func folder(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

/// A policy of `rules/`.
func starterPolicy(_ name: String) throws -> Policy { try Policy(contentsOf: root + "/rules/" + name) }

// MARK: Files

func readText(_ path: String) throws -> String {
  let file = try #require(fopen(path, "r"), "cannot read \(path)")
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The lines of a text, without their ends (`\n` or `\r\n`).
func lines(_ text: String) -> [String] {
  text.utf8.split(separator: UInt8(ascii: "\n")).map { line in
    String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
  }
}

/// The files directly in a folder, sorted.
func list(_ path: String) throws -> [String] {
  let handle = try #require(opendir(path), "cannot read \(path)")
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

// MARK: Verdicts over time

/// What was said of one instance, from one change to the next.
struct Course {
  struct Change {
    var at: Int64
    var verdict: Verdict
    var possible: [Verdict]
  }
  /// In order of time; milliseconds.
  var changes: [Change] = []

  /// The verdict at a tick; `nil` before the first.
  func verdict(at tick: Int64) -> Verdict? { changes.last { $0.at <= tick }?.verdict }

  /// Runs of ticks at which the verdict is more than `keep`; the end is the first tick after, or `nil`.
  var alarms: [(begin: Int64, end: Int64?)] {
    var result: [(begin: Int64, end: Int64?)] = []
    for change in changes {
      let fires = change.verdict == .watch || change.verdict == .quarantine || change.verdict == .replace
      if fires, result.isEmpty || result.last?.end != nil {
        result.append((change.at, nil))
      } else if !fires, let last = result.last, last.end == nil {
        result[result.count - 1].end = change.at
      }
    }
    return result
  }
}

/// Feeds what was read to a new fleet, and runs every tick up to `end`, milliseconds.
///
/// - Parameter visit: Called after each tick at which a verdict changed.
func judge(_ policy: Policy, _ input: AssembledInput, until end: Int64) -> [String: Course] {
  var fleet = Fleet(policy)
  for one in input.attachments { fleet.attach(log: one.source, of: one.instance, at: one.time) }
  for one in input.observations {
    fleet.observe(one.observation, of: one.instance, at: one.time, origin: one.origin)
  }
  var courses: [String: Course] = [:]
  for change in fleet.advance(to: Timestamp(milliseconds: end)) {
    courses[change.instance, default: Course()].add(change)
  }
  return courses
}

extension Course {
  mutating func add(_ change: Criteria.Change) {
    changes.append(Change(at: change.at.milliseconds, verdict: change.verdict, possible: change.possible))
  }
}

/// The tick that a time belongs to; all in milliseconds.
func tick(of time: Int64, step: Int64) -> Int64 { (time + step - 1) / step * step }

// MARK: Tables

/// Rows as Markdown; the first is the heading.
func table(_ rows: [[String]]) -> String {
  let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  func line(_ cells: [String]) -> String {
    "| " + zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ") + " |"
  }
  let rule = "| " + widths.map { String(repeating: "-", count: max($0, 3)) }.joined(separator: " | ") + " |"
  return ([line(rows[0]), rule] + rows.dropFirst().map(line)).joined(separator: "\n")
}

/// A number with two decimals.
func decimals(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let rest = hundredths % 100
  return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
}

/// With `UPDATE_GOLDENS` in the environment, the tables of `Tests/Judgement/README.md` are rewritten instead of compared.
private let isRecording = getenv("UPDATE_GOLDENS") != nil

/// Compares a table of figures with the one that `Tests/Judgement/README.md` holds between `<!-- NAME -->` and `<!-- end -->`.
@MainActor
func expectTable(_ name: String, _ rows: [[String]], sourceLocation: SourceLocation = #_sourceLocation) throws {
  let path = root + "/Tests/Judgement/README.md"
  let text = try readText(path)
  let begin = "<!-- \(name) -->\n"
  let start = try #require(text.firstRange(of: begin), "no table \(name)", sourceLocation: sourceLocation).upperBound
  let end = try #require(text[start...].firstRange(of: "\n<!-- end -->"), sourceLocation: sourceLocation).lowerBound
  let found = table(rows)
  if isRecording {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    fputs(text.replacingCharacters(in: start..<end, with: found), file)
  } else {
    #expect(text[start..<end] == found, "the table \(name) has changed to:\n\(found)", sourceLocation: sourceLocation)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    var result = self
    result.replaceSubrange(range, with: text)
    return result
  }
}
