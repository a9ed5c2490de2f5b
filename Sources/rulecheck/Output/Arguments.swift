import ArgumentParser
import CriteriaEngine
import CriteriaReaders
import CriteriaSyntax

/// A moment on the command line: ISO 8601 (UTC unless it says), or seconds since 1970.
struct Moment: ExpressibleByArgument {
  var timestamp: Timestamp
  /// The offset that it says, milliseconds east of UTC.
  var zone: Int64?

  init?(argument: String) {
    guard let milliseconds = parseTime(argument) else { return nil }
    timestamp = Timestamp(milliseconds: milliseconds)
    zone = CriteriaReaders.zone(of: argument)
  }
}

/// An offset from UTC on the command line: `+02:00`, `-5`, `UTC`.
struct ZoneOffset: ExpressibleByArgument {
  var milliseconds: Int64

  init?(argument: String) {
    guard let offset = parseZone(argument) else { return nil }
    milliseconds = offset
  }
}

/// What every command that reads inputs may be told of them.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How lines of logs are laid out that no known format fits: a regular expression with some of the groups time, "
        + "instance, source, message. Several are tried on each log.", valueName: "regex"))
  var logFormat: [String] = []

  @Option(
    help: ArgumentHelp("The zone of times that name none, such as +02:00; default: that of --at.", valueName: "offset"))
  var zone: ZoneOffset?

  @Option(help: ArgumentHelp("When the machines started, for logs with kernel seconds.", valueName: "time"))
  var boot: Moment?

  /// - Throws: If a layout of logs cannot be used.
  func apply(to options: inout InputOptions, at: Moment?) throws {
    options.zone = zone?.milliseconds ?? at?.zone ?? 0
    options.boot = boot?.timestamp.milliseconds
    do {
      options.logFormats = try logFormat.map { try LogFormat($0) }
    } catch let error as LogFormatError {
      throw ValidationError("--log-format: \(error.description)")
    }
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
