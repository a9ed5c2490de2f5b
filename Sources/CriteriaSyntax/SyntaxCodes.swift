package import CriteriaDiagnostics

extension DiagnosticCode {
  // Files and YAML
  package static let unreadableFile = DiagnosticCode("E0001")
  package static let fileTooLarge = DiagnosticCode("E0002")
  package static let notUTF8 = DiagnosticCode("E0003")
  package static let controlCharacter = DiagnosticCode("E0004")
  package static let lineSeparator = DiagnosticCode("E0005")
  package static let yamlSyntax = DiagnosticCode("E0006")
  package static let duplicateKey = DiagnosticCode("E0007")
  package static let tooManyNodes = DiagnosticCode("E0008")
  package static let tooDeep = DiagnosticCode("E0009")
  package static let severalDocuments = DiagnosticCode("E0010")
  package static let badAlias = DiagnosticCode("E0011")
  package static let unsupportedTag = DiagnosticCode("E0012")
  package static let keyNotScalar = DiagnosticCode("E0013")
  package static let unquoted = DiagnosticCode("E0014")
  package static let emptyFile = DiagnosticCode("E0015")
  package static let badUsePath = DiagnosticCode("E0016")

  // Keys and values
  package static let unknownKey = DiagnosticCode("E0101")
  package static let missingKey = DiagnosticCode("E0102")
  package static let wrongKind = DiagnosticCode("E0103")
  package static let emptyValue = DiagnosticCode("E0104")
  package static let notANumber = DiagnosticCode("E0105")
  package static let notADuration = DiagnosticCode("E0106")
  package static let notABoolean = DiagnosticCode("E0107")
  package static let notAChoice = DiagnosticCode("E0108")
  package static let outOfRange = DiagnosticCode("E0109")
  package static let badName = DiagnosticCode("E0110")
  package static let unsupportedVersion = DiagnosticCode("E0111")
  package static let badDate = DiagnosticCode("E0112")
  package static let unknownUnitName = DiagnosticCode("E0113")
  package static let badSelector = DiagnosticCode("E0114")
  package static let badEffect = DiagnosticCode("E0115")
  package static let badTemplate = DiagnosticCode("E0116")
  package static let signalKind = DiagnosticCode("E0117")
  package static let keyOfOtherKind = DiagnosticCode("E0118")
  package static let badIgnore = DiagnosticCode("E0119")
  package static let duplicateName = DiagnosticCode("E0120")

  // Expressions, as far as their grammar goes; the checker goes on from E0210
  package static let unexpectedToken = DiagnosticCode("E0200")
  package static let strangeCharacter = DiagnosticCode("E0201")
  package static let unterminatedString = DiagnosticCode("E0202")
  package static let badEscape = DiagnosticCode("E0203")
  package static let badNumber = DiagnosticCode("E0204")
  package static let unknownUnit = DiagnosticCode("E0205")
  package static let misplacedWindow = DiagnosticCode("E0206")
  package static let chainedComparison = DiagnosticCode("E0207")
  package static let foreignOperator = DiagnosticCode("E0208")
  package static let expressionTooLarge = DiagnosticCode("E0209")
}

/// Every code of this stage: each has a page in `rulecheck explain`.
package let syntaxCodes: [DiagnosticCode] = [
  .unreadableFile, .fileTooLarge, .notUTF8, .controlCharacter, .lineSeparator, .yamlSyntax, .duplicateKey,
  .tooManyNodes,
  .tooDeep, .severalDocuments, .badAlias, .unsupportedTag, .keyNotScalar, .unquoted, .emptyFile, .badUsePath,
  .unknownKey,
  .missingKey, .wrongKind, .emptyValue, .notANumber, .notADuration, .notABoolean, .notAChoice, .outOfRange, .badName,
  .unsupportedVersion, .badDate, .unknownUnitName, .badSelector, .badEffect, .badTemplate, .signalKind, .keyOfOtherKind,
  .badIgnore, .duplicateName, .unexpectedToken, .strangeCharacter, .unterminatedString, .badEscape, .badNumber,
  .unknownUnit,
  .misplacedWindow, .chainedComparison, .foreignOperator, .expressionTooLarge,
]
