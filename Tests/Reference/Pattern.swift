import Synchronization
import _StringProcessing

/// A regular expression. Swift's own engine stands in for PCRE2: for the plain patterns of tests they mean the same.
struct Pattern: @unchecked Sendable {  // a compiled `Regex` is never changed
  private let regex: Regex<AnyRegexOutput>
  private let groups: [String]

  private static let compiled = Mutex<[String: Pattern]>([:])

  init(_ text: String) {
    self = Pattern.compiled.withLock { known in
      if let pattern = known[text] { return pattern }
      let pattern = Pattern(compiling: text)
      known[text] = pattern
      return pattern
    }
  }

  private init(compiling text: String) {
    guard let regex = try? Regex(text) else { preconditionFailure("a pattern that Swift does not read: \(text)") }
    self.regex = regex
    groups = text.split(separator: "(?<").dropFirst().compactMap { $0.split(separator: ">").first.map(String.init) }
  }

  func matchesWhole(_ text: String) -> Bool { (try? regex.wholeMatch(in: text)) != nil }

  func isFound(in text: String) -> Bool { (try? regex.firstMatch(in: text)) != nil }

  /// The named groups of the first match, `""` where a group took no part; `nil` without a match.
  func captures(in text: String) -> [String: String]? {
    guard let match = try? regex.firstMatch(in: text) else { return nil }
    var captures: [String: String] = [:]
    for group in groups { captures[group] = match.output[group]?.substring.map(String.init) ?? "" }
    return captures
  }
}
