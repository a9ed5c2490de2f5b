import ArgumentParser
import CriteriaDiagnostics
import CriteriaTesting
import Glibc

/// Runs the tests again whenever something that they are made of changes.
struct TestWatch {
  private let command: TestCommand
  private let filter: TestFilter?

  init(_ command: TestCommand, _ filter: TestFilter?) {
    self.command = command
    self.filter = filter
  }

  /// Until it is interrupted.
  func run() throws -> Never {
    var session = try attempt()
    while true {
      let known = stamps(session)
      printError("watching \(counted(known.count, "file")); interrupt to end")
      repeat { usleep(200_000) } while stamps(session) == known
      // An editor writes a file in several steps.
      usleep(50_000)
      session = try attempt()
    }
  }

  private func attempt() throws -> TestSession? {
    do {
      return try command.once(filter)
    } catch let failure as Failure {
      printError("rulecheck: " + escaped(failure.description))
      return nil
    }
  }

  /// When each file was last changed; tests that come and go count as well.
  private func stamps(_ session: TestSession?) -> [String: Stamp] {
    let found = (try? testFiles(in: command.paths)) ?? []
    let paths = found + (session?.suites.flatMap(\.suite.paths) ?? [])
    var stamps: [String: Stamp] = [:]
    for path in paths { stamps[path] = Stamp(path) }
    return stamps
  }

  private struct Stamp: Equatable {
    var seconds = 0
    var nanoseconds = 0
    var size: Int64 = -1
    var number: UInt = 0

    init(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return }
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
      size = Int64(status.st_size)
      number = UInt(status.st_ino)
    }
  }
}
