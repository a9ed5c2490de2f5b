import CriteriaDiagnostics
import Glibc

/// Says on a terminal how far reading has come, once it takes longer than a second.
final class Progress {
  private let began = ContinuousClock.now
  private var shown: ContinuousClock.Instant?

  func report(_ path: String, _ bytes: Int, _ total: Int?) {
    guard Terminal.errors.isTerminal else { return }
    let now = ContinuousClock.now
    guard now - (shown ?? began) > (shown == nil ? .seconds(1) : .milliseconds(200)) else { return }
    shown = now
    let share = total.map { $0 > 0 ? " \(bytes * 100 / $0) %" : "" } ?? " \(bytes >> 20) MiB"
    write("\r\u{1B}[Kreading \(escaped(path))\(share)")
  }

  func finish() {
    if shown != nil { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
