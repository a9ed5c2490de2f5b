package import CriteriaDiagnostics

extension DiagnosticCode {
  package static let noTests = DiagnosticCode("E0601")
  package static let noExpectation = DiagnosticCode("E0602")
  package static let emptyExpectation = DiagnosticCode("E0603")
  package static let incompleteExpectation = DiagnosticCode("E0604")
  package static let unknownTestName = DiagnosticCode("E0605")
  package static let afterTheData = DiagnosticCode("E0606")
  package static let unusedGiven = DiagnosticCode("E0607")
  package static let badNotation = DiagnosticCode("E0608")
  package static let wrongNotation = DiagnosticCode("E0609")
  package static let wrongMeasure = DiagnosticCode("E0610")
  package static let tooMuch = DiagnosticCode("E0611")
  package static let offTheGrid = DiagnosticCode("E0612")
  package static let badEach = DiagnosticCode("E0613")
  package static let badTimeline = DiagnosticCode("E0614")
  package static let badExpected = DiagnosticCode("E0615")
  package static let badSamples = DiagnosticCode("E0616")
  package static let sameCase = DiagnosticCode("E0617")
  package static let policyOfTest = DiagnosticCode("E0618")
  package static let endlessCase = DiagnosticCode("E0619")
  package static let computedGiven = DiagnosticCode("E0620")
}

/// Every code of test files: each has a page in `rulecheck explain`.
package let testCodes: [DiagnosticCode] = [
  .noTests, .noExpectation, .emptyExpectation, .incompleteExpectation, .unknownTestName, .afterTheData, .unusedGiven,
  .badNotation, .wrongNotation, .wrongMeasure, .tooMuch, .offTheGrid, .badEach, .badTimeline, .badExpected, .badSamples,
  .sameCase, .policyOfTest, .endlessCase, .computedGiven,
]
