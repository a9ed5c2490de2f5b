/// Strings as small codes: 0 is unknown, equal strings (canonically equivalent ones, as Swift has it) have equal codes.
package struct Interner {
  package private(set) var strings: [String]
  private var codes: [String: UInt32]
  /// Answers of regular expressions by (regex, code); a limit is `unknown`.
  private var answers: [UInt64: Truth] = [:]
  private let scanner = RegexScanner()

  /// - Parameter initial: What the program's codes 1… stand for.
  package init(_ initial: [String]) {
    strings = ["unknown"] + initial
    codes = Dictionary(initial.enumerated().map { ($1, UInt32($0 + 1)) }, uniquingKeysWith: { first, _ in first })
  }

  package mutating func code(_ string: String) -> UInt32 {
    if let code = codes[string] { return code }
    let code = UInt32(strings.count)
    strings.append(string)
    codes[string] = code
    return code
  }

  package subscript(code: UInt32) -> String { strings[Int(code)] }

  fileprivate mutating func cachedMatch(code: UInt32, _ regex: Regex, number: Int) -> Truth {
    let key = UInt64(number) << 32 | UInt64(code)
    if let answer = answers[key] { return answer }
    let answer: Truth =
      switch scanner.search(regex, in: strings[Int(code)]) {
      case .match: .yes
      case .noMatch: .no
      case .limit: .unknown
      }
    answers[key] = answer
    return answer
  }

  package mutating func matches(code: UInt32, _ regex: Regex, number: Int) -> Truth {
    code == 0 ? .unknown : cachedMatch(code: code, regex, number: number)
  }
}
