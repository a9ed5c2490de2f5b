import CriteriaDiagnostics
import Glibc

/// A bar on a terminal for work whose size is known; nothing elsewhere. Workers may step it side by side.
final class CountedProgress: Sendable {
  private struct State {
    var done = 0
    var shown: ContinuousClock.Instant?
  }
  private let title: String
  private let count: Int
  private let state = Locked(State())

  init(_ title: String, of count: Int) {
    self.title = title
    self.count = count
  }

  func step() {
    state.change { state in
      state.done += 1
      guard Terminal.errors.isTerminal else { return }
      let now = ContinuousClock.now
      if let shown = state.shown, now - shown < .milliseconds(100), state.done < count { return }
      state.shown = now
      let width = 30
      let filled = count == 0 ? width : state.done * width / count
      let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
      write("\r\u{1B}[K\(bar) \(state.done)/\(count) \(escaped(title))")
    }
  }

  func finish() {
    state.change { state in if state.shown != nil { write("\r\u{1B}[K") } }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
