import Glibc

/// CPU time of some repeats, in nanoseconds per item.
package struct Times: Sendable {
  package var min: Double
  package var median: Double

  /// - Parameter samples: Nanoseconds of each repeat, for all items.
  package init(_ samples: [Double], items: Int) {
    let sorted = samples.sorted().map { $0 / Double(items) }
    min = sorted[0]
    median = sorted[sorted.count / 2]
  }

  package var json: String { "{\"min\":\(rounded(min)),\"median\":\(rounded(median))}" }
}

/// CPU time of this process, all its threads, in nanoseconds.
package func cpuTime() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
  return Double(now.tv_sec) * 1e9 + Double(now.tv_nsec)
}

/// Nanoseconds of CPU time that `body` takes.
package func cpuTime(of body: () -> Void) -> Double {
  let start = cpuTime()
  body()
  return cpuTime() - start
}

/// Four digits that count.
package func rounded(_ value: Double) -> Double {
  guard value.isFinite, value != 0 else { return value }
  let scale = pow(10, 3 - floor(log10(abs(value))))
  return scale >= 1 ? (value * scale).rounded() / scale : value.rounded()
}

/// The machine, as `/proc/cpuinfo` names it.
package let machine: String = {
  guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown" }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 512)
  while fgets(&line, Int32(line.count), file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    if text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") {
      return String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\n" })
    }
  }
  return "unknown"
}()

/// Ends a benchmark that has nothing true to print.
package func fail(_ program: String, _ message: String) -> Never {
  let line = Array("\(program): \(message)\n".utf8)
  _ = write(2, line, line.count)
  exit(1)
}
