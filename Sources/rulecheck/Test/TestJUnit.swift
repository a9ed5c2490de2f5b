import CriteriaDiagnostics
import CriteriaSyntax
import CriteriaTesting

/// JUnit's XML, shaped like that of `swift test --xunit-output`: one `testsuite` for each file.
enum TestJUnit {
  static func text(_ session: TestSession) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text += "<testsuites tests=\"\(session.cases + session.invalid)\" failures=\"\(session.failures)\""
    text += " errors=\"\(session.invalid)\" skipped=\"\(session.notRun)\" time=\"\(seconds(session.seconds))\">\n"
    for suite in session.suites { add(suite, to: &text) }
    return text + "</testsuites>\n"
  }

  private static func add(_ suite: SuiteOutcome, to text: inout String) {
    let errors = suite.suite.isValid ? 0 : 1
    text +=
      "  <testsuite name=\"\(attribute(suite.suite.path))\" errors=\"\(errors)\" tests=\"\(suite.cases.count + errors)\""
    text += " failures=\"\(suite.failures)\" skipped=\"\(suite.notRun)\" time=\"\(seconds(suite.seconds))\">\n"
    let name = className(suite.suite.path)
    if errors > 0 {
      let faults = suite.faults
      text += "    <testcase classname=\"\(attribute(name))\" name=\"is valid\" time=\"0\">\n"
      text +=
        "      <error message=\"\(attribute(faults.first ?? "not valid"))\">\(content(faults.joined(separator: "\n")))</error>\n"
      text += "    </testcase>\n"
    }
    for one in suite.cases {
      text +=
        "    <testcase classname=\"\(attribute(name))\" name=\"\(attribute(one.result.title))\" time=\"\(seconds(one.seconds))\""
      if one.result.passed {
        text += " />\n"
        continue
      }
      text += ">\n"
      for (failure, explanation) in zip(one.result.failures, one.explanations) {
        let message = suite.sentence(failure, one)
        let details = [suite.place(failure), explanation.hint].compactMap(\.self).joined(separator: "\n")
        text += "      <failure message=\"\(attribute(message))\">\(content(details))</failure>\n"
      }
      text += "    </testcase>\n"
    }
    text += "  </testsuite>\n"
  }

  /// The path without its ending, as a class would be called.
  private static func className(_ path: String) -> String {
    for ending in [".test.yaml", ".test.yml"] where path.hasSuffix(ending) {
      return String(path.dropLast(ending.count))
    }
    return path
  }

  private static func seconds(_ value: Double) -> String {
    let thousandths = Int((value * 1_000_000).rounded())
    let digits = String(thousandths % 1_000_000)
    return "\(thousandths / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
  }

  private static func attribute(_ text: String) -> String { escaped(text, isAttribute: true) }
  private static func content(_ text: String) -> String { escaped(text, isAttribute: false) }

  /// What XML cannot hold at all becomes U+FFFD.
  private static func escaped(_ text: String, isAttribute: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"" where isAttribute: result += "&quot;"
      case "\n" where isAttribute: result += "&#10;"
      case "\t" where isAttribute: result += "&#9;"
      case "\r": result += "&#13;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      default:
        let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
        result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
      }
    }
    return result
  }
}

extension Explanation {
  /// `would pass with …`, on one line; `nil` where nothing was found.
  var hint: String? {
    guard let nearest, !nearest.isEmpty else { return nil }
    return "would pass with " + nearest.all.joined(separator: ", or with ")
  }
}

extension SuiteOutcome {
  /// `at 9m: expected keep, found watch, score 60`
  func sentence(_ failure: FailedExpectation, _ one: CaseOutcome) -> String {
    let instance = one.bound.instances.count > 1 ? " of \(failure.instance)" : ""
    return
      "at \(Duration(milliseconds: failure.at).text)\(instance): expected \(failure.expected), found \(failure.found)"
  }

  /// `rules/web.test.yaml:16:27`
  func place(_ failure: FailedExpectation) -> String { place(failure.range, in: suite.sources) }

  /// What is wrong with the file and its policy, a line each.
  var faults: [String] {
    func lines(_ diagnostics: [Diagnostic], _ sources: SourceMap) -> [String] {
      diagnostics.filter { $0.severity == .error }.map { diagnostic in
        (diagnostic.range.map { place($0, in: sources) + ": " } ?? "")
          + "\(diagnostic.message) (\(diagnostic.code.name))"
      }
    }
    return lines(suite.diagnostics, suite.sources)
      + (hasPolicyFaults ? suite.compilation.map { lines(Diagnostics($0.diagnostics).sorted, $0.sources) } ?? [] : [])
  }

  private func place(_ range: SourceRange, in sources: SourceMap) -> String {
    let position = sources[range.source].position(at: range.start)
    return "\(sources[range.source].path):\(position.line):\(position.column)"
  }
}
