import ArgumentParser
import CriteriaEngine
import CriteriaReaders
import CriteriaSyntax

/// A moment on the command line: ISO 8601 (UTC unless it says), or seconds since 1970.
struct Moment: ExpressibleByArgument {
  var timestamp: Timestamp

  init?(argument: String) {
    guard let milliseconds = parseTime(argument) else { return nil }
    timestamp = Timestamp(milliseconds: milliseconds)
  }
}

/// A length of time on the command line, as policies write it: `7d`.
struct Span: ExpressibleByArgument, CustomStringConvertible {
  var milliseconds: Int64
  let description: String

  init?(argument: String) {
    let digits = argument.prefix { $0.isNumber || $0 == "." }
    guard let duration = Duration(digits: String(digits), unit: String(argument.dropFirst(digits.count))) else {
      return nil
    }
    milliseconds = duration.milliseconds
    description = argument
  }
}

/// A share on the command line: `10` and `10%` are a tenth.
struct Percentage: ExpressibleByArgument, CustomStringConvertible {
  var share: Double
  let description: String

  init?(argument: String) {
    let digits = argument.last == "%" ? argument.dropLast() : argument[...]
    guard let percent = Double(digits), percent >= 0, percent <= 100 else { return nil }
    share = percent / 100
    description = argument
  }
}

/// Words separated by commas, each of which must be one of `Word`.
struct WordList<Word: RawRepresentable & CaseIterable & Hashable & Sendable>: ExpressibleByArgument
where Word.RawValue == String {
  var words: Set<Word>

  init?(argument: String) {
    words = []
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let known = Word(rawValue: String(word)) else { return nil }
      words.insert(known)
    }
  }

  static var allValueStrings: [String] { Word.allCases.map(\.rawValue) }
}
