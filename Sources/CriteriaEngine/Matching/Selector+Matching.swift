extension Selector {
  /// Whether a series of its metric is meant; a missing label is `""`, as in Prometheus.
  package func matches(_ labels: [String: String], _ scanner: RegexScanner) -> Bool {
    matchers.allSatisfy { label, test in
      let value = labels[label] ?? ""
      return switch test {
      case .equal(let wanted): value == wanted
      case .notEqual(let unwanted): value != unwanted
      case .matches(let regex): scanner.search(regex, in: value) == .match
      case .notMatches(let regex): scanner.search(regex, in: value) == .noMatch
      }
    }
  }
}
