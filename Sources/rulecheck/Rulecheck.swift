import ArgumentParser
import CriteriaDiagnostics
import Glibc

@main
struct Rulecheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rulecheck",
    abstract: "Decides which instances of a fleet to keep, watch, quarantine or replace, by a policy, and says why.",
    discussion: """
      Exit codes: 0 fine; 1 it could not run (usage, input that cannot be read, empty input); 2 a negative result \
      (a test failed, `eval --fail-on` met, `fmt --check` differs); 3 the policy or a test file is not valid.
      """,
    version: version,
    subcommands: [
      CheckCommand.self, TestCommand.self, EvalCommand.self, WhyCommand.self, StreamCommand.self, MatchCommand.self,
      InspectCommand.self, InputsCommand.self, FmtCommand.self, SchemaCommand.self, ExplainCommand.self,
      ManualCommand.self,
    ])

  static let version = "0.1.0"

  static func main() {
    reserveStandardStreams()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      printError("rulecheck: " + escaped(failure.description))
      Glibc.exit(ResultCode.couldNotRun.rawValue)
    } catch {
      let message = fullMessage(for: error)
      let code = exitCode(for: error)
      if code.isSuccess {
        if !message.isEmpty { print(message) }
        Glibc.exit(0)
      }
      if !message.isEmpty { printError(message) }
      // ArgumentParser says 64 (EX_USAGE) for a wrong command line.
      Glibc.exit(code == .validationFailure ? ResultCode.couldNotRun.rawValue : code.rawValue)
    }
  }
}

/// Keeps the numbers of standard streams that are closed (`2>&-`): the next file opened would get one of them, and messages
/// would be written into it. Using such a stream still fails, as it did.
private func reserveStandardStreams() {
  for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
    _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
  }
}

/// What the exit codes mean; they are part of the product.
enum ResultCode: Int32 {
  case fine = 0
  case couldNotRun = 1
  case negative = 2
  case invalidPolicy = 3
}

extension ExitCode {
  init(_ code: ResultCode) { self.init(code.rawValue) }
}
