import ArgumentParser
import CriteriaCompiler
import CriteriaDiagnostics
import CriteriaTesting

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Explains a diagnostic's code, or a function of the language, with an example.")

  @Argument(help: ArgumentHelp("Such as E0212, rate or age; without one, all are listed.", valueName: "code|function"))
  var name: String?

  func run() throws {
    let sink = try Sink(nil)
    guard let name else {
      for page in (explainPages + testPages + mutationPages).sorted(by: { $0.code.name < $1.code.name }) {
        try sink.write("\(page.code.name)  \(page.title)\n")
      }
      let functions = explainableNames.dropFirst(explainPages.count)
      try sink.write("\nfunctions and terms: \(functions.joined(separator: " "))\n")
      try sink.flush()
      return
    }
    let page = (testPages + mutationPages).first { $0.code.name.lowercased() == name.lowercased() }
    guard let text = page.map({ text(of: $0) }) ?? explain(name) else {
      let help =
        nearest(name, among: explainableNames + (testPages + mutationPages).map(\.code.name)).map {
          "; did you mean `\($0)`?"
        } ?? ""
      throw Failure("nothing is called `\(escaped(name))`\(help)")
    }
    try sink.write(text)
    try sink.flush()
  }
}
