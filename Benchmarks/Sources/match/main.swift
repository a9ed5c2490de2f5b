// Many patterns over a log, timed: the matcher, PCRE2 pattern by pattern and line by line on a prefix (its hits must be the
// same), the memory's bandwidth, and Hyperscan where the package is built with `--traits Hyperscan`.
//
// swift run -c release --package-path Benchmarks match --patterns FILE --log FILE [--level LEVEL] [--naive MB] [--rounds N]
// swift run -c release --package-path Benchmarks match --hostile     what patterns that explode take on lines made for them

import CMemory
@_spi(Internals) import CriteriaEngine
import Glibc

struct Arguments {
  var patterns = ""
  var log = ""
  var level: String?
  var naive = 4
  var rounds = 5

  init(_ words: [String]) {
    var words = words[...]
    while let name = words.popFirst() {
      guard let value = words.popFirst() else { fail("`\(name)` without its value") }
      switch name {
      case "--patterns": patterns = value
      case "--log": log = value
      case "--level": level = value
      case "--naive": naive = number(value, of: name)
      case "--rounds": rounds = number(value, of: name)
      default: fail("unknown option `\(name)`")
      }
    }
    if patterns.isEmpty || log.isEmpty {
      fail("usage: match --patterns FILE --log FILE [--level LEVEL] [--naive MB] [--rounds N]")
    }
  }
}

func fail(_ message: String) -> Never {
  let bytes = Array("match: \(message)\n".utf8)
  _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  exit(1)
}

func number(_ text: String, of option: String) -> Int {
  guard let value = Int(text), value > 0 else { fail("`\(option)` takes a number") }
  return value
}

func wholeFile(_ path: String) -> UnsafeMutableRawBufferPointer {
  let file = open(path, O_RDONLY)
  guard file >= 0 else { fail("cannot read `\(path)`: \(String(cString: strerror(errno)))") }
  defer { close(file) }
  let size = Int(lseek(file, 0, SEEK_END))
  lseek(file, 0, SEEK_SET)
  // Huge pages, as the other engines' programs have them.
  let text = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 2 << 20)
  madvise(text.baseAddress, size, MADV_HUGEPAGE)
  var done = 0
  while done < size {
    let count = read(file, text.baseAddress! + done, size - done)
    guard count > 0 else { fail("cannot read `\(path)`") }
    done += count
  }
  return UnsafeMutableRawBufferPointer(rebasing: text[..<size])
}

/// One regex a line; of a line with tabs, what is before the first.
func readPatterns(_ path: String) -> [String] {
  let text = String(decoding: wholeFile(path), as: UTF8.self)
  return text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }.filter { !$0.isEmpty }
}

func cpuSeconds() -> Double {
  var usage = rusage()
  getrusage(0, &usage)  // RUSAGE_SELF
  return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
}

func residentBytes() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 128)
  guard fgets(&line, 128, file) != nil else { return 0 }
  let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
    separator: " ")
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
}

/// GB/s of CPU and of wall time: the best and the median of the rounds.
struct Speed {
  var cpu: [Double] = []
  var wall: [Double] = []

  mutating func add(bytes: Int, _ body: () -> Void) {
    let clock = ContinuousClock()
    let before = cpuSeconds()
    let elapsed = clock.measure(body)
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    cpu.append(Double(bytes) / max(cpuSeconds() - before, 1e-6) / 1e9)
    wall.append(Double(bytes) / max(seconds, 1e-6) / 1e9)
  }

  var json: String {
    func pair(_ values: [Double]) -> String {
      let sorted = values.sorted()
      return "{\"best\":\(thousandths(sorted.last!)),\"median\":\(thousandths(sorted[sorted.count / 2]))}"
    }
    return "{\"cpu\":\(pair(cpu)),\"wall\":\(pair(wall))}"
  }
}

/// With three decimals.
func thousandths(_ value: Double) -> String {
  let thousandths = Int((value * 1000).rounded())
  let digits = String(thousandths % 1000)
  return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
}

func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\" + String(scalar)
    case _ where scalar.value < 0x20:
      let hex = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

func run(_ arguments: Arguments) throws {
  let patterns = readPatterns(arguments.patterns)
  let text = UnsafeRawBufferPointer(wholeFile(arguments.log))
  guard !text.isEmpty else { fail("`\(arguments.log)` is empty") }
  let before = residentBytes()
  let allocatedBefore = Int(cm_allocated())
  let clock = ContinuousClock()
  var made: MatchingBenchmark?
  let compileTime = try clock.measure { made = try MatchingBenchmark(patterns, level: arguments.level) }
  let matcher = made!
  let resident = residentBytes() - before
  // The matcher as it is: sequences, tables, compiled patterns; and the machine code, which `malloc` knows nothing of.
  let memory = Int(cm_allocated()) - allocatedBefore + matcher.machineCodeBytes

  // The check first: the same hits as PCRE2 alone, on whole lines of the beginning.
  var prefix = min(text.count, arguments.naive << 20)
  while prefix < text.count, prefix > 0, text[prefix - 1] != 0x0A { prefix -= 1 }
  let head = UnsafeRawBufferPointer(rebasing: text[..<prefix])
  var naive = Speed()
  var expected: (counts: [Int], limits: Int) = ([], 0)
  for _ in 0..<3 { naive.add(bytes: prefix) { expected = matcher.naiveHits(in: head) } }
  let found = matcher.hits(in: head)
  if found.limits == 0, expected.limits == 0, found.counts != expected.counts {
    let index = patterns.indices.first { found.counts[$0] != expected.counts[$0] }!
    fail("`\(patterns[index])` has \(found.counts[index]) hits, PCRE2 alone finds \(expected.counts[index])")
  }

  var hits: (counts: [Int], limits: Int) = ([], 0)
  var speed = Speed()
  var bandwidth = Speed()
  var sum: UInt64 = 0
  #if Hyperscan
    var others: [(String, HyperscanMatcher, Duration)] = []
    var refused: [(String, String)] = []
    for mode in HyperscanMatcher.Mode.allCases {
      var matcher: HyperscanMatcher?
      do {
        let time = try clock.measure { matcher = try HyperscanMatcher(patterns, mode: mode) }
        others.append((mode.rawValue, matcher!, time))
      } catch let error as HyperscanMatcher.Unsupported {
        refused.append((mode.rawValue, error.message))
      }
    }
    var otherSpeeds = others.map { _ in Speed() }
    var otherHits = others.map { _ in [Int]() }
  #endif
  for _ in 0..<max(1, arguments.rounds) {
    speed.add(bytes: text.count) { hits = matcher.hits(in: text) }
    bandwidth.add(bytes: text.count) { sum &+= sumOfWords(text) }
    #if Hyperscan
      for index in others.indices {
        otherSpeeds[index].add(bytes: text.count) { otherHits[index] = others[index].1.hits(in: text) }
      }
    #endif
  }
  precondition(sum != 1, "a sum that nobody needs, so that it is not left out")

  var lines = 0
  for byte in text where byte == 0x0A { lines += 1 }
  let candidates = matcher.candidates(in: text)
  let classes = matcher.classes
  var output =
    "{\"patterns\":\(patterns.count),\"bytes\":\(text.count),\"lines\":\(lines),\"kernel\":\(quoted(matcher.level))"
  output += ",\"gbPerSecond\":\(speed.json),\"memoryBandwidth\":\(bandwidth.json)"
  output += ",\"naivePCRE2\":\(naive.json),\"naiveBytes\":\(prefix),\"naiveAgrees\":\(found.counts == expected.counts)"
  output +=
    ",\"compileMilliseconds\":\(milliseconds(compileTime)),\"residentBytes\":\(resident),\"memory\":\(memory),\"tableBytes\":\(matcher.tableBytes),\"patternBytes\":\(matcher.patternBytes),\"machineCodeBytes\":\(matcher.machineCodeBytes)"
  output += ",\"hits\":\(hits.counts.reduce(0, +)),\"limits\":\(hits.limits),\"candidates\":\(candidates.reduce(0, +))"
  output += ",\"filtered\":\(classes.count { $0 != "every line" }),\"classes\":{"
  output +=
    Set(classes).sorted().map { one in "\(quoted(one)):\(classes.count { $0 == one })" }.joined(separator: ",") + "}"
  #if Hyperscan
    output += ",\"hyperscan\":["
    var parts: [String] = []
    for (index, (mode, _, time)) in others.enumerated() {
      let same = otherHits[index] == hits.counts
      parts.append(
        "{\"mode\":\(quoted(mode)),\"gbPerSecond\":\(otherSpeeds[index].json),\"compileMilliseconds\":\(milliseconds(time)),\"sameHits\":\(same)}"
      )
    }
    for (mode, message) in refused { parts.append("{\"mode\":\(quoted(mode)),\"refused\":\(quoted(message))}") }
    output += parts.joined(separator: ",") + "]"
  #endif
  output += ",\"hitsPerPattern\":["
  output += patterns.indices.map { index in
    "{\"pattern\":\(quoted(patterns[index])),\"hits\":\(hits.counts[index]),\"candidates\":\(candidates[index])}"
  }.joined(separator: ",")
  print(output + "]}")
}

func milliseconds(_ duration: Duration) -> Int {
  Int(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
}

/// Every byte is read once: as quick as the memory is.
func sumOfWords(_ text: UnsafeRawBufferPointer) -> UInt64 {
  var sums = (SIMD8<UInt64>.zero, SIMD8<UInt64>.zero)
  var place = 0
  while place + 128 <= text.count {
    sums.0 &+= text.loadUnaligned(fromByteOffset: place, as: SIMD8<UInt64>.self)
    sums.1 &+= text.loadUnaligned(fromByteOffset: place + 64, as: SIMD8<UInt64>.self)
    place += 128
  }
  return (sums.0 &+ sums.1).wrappedSum()
}

do {
  let words = Array(CommandLine.arguments.dropFirst())
  if words == ["--hostile"] { try runHostile() } else { try run(Arguments(words)) }
} catch let error as MatchingBenchmark.InvalidPattern {
  fail("`\(error.pattern)`: \(error.message)")
}
