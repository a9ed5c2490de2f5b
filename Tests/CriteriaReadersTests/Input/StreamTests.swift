import CriteriaReaders
import Glibc
import Testing

@Suite struct StreamTests {
  static let texts: [String] = [
    "", "\n", "a 1", "a 1\n",
    "a 1\r\nb 2\r\n\r\n# c\nlong{a=\"" + String(repeating: "y", count: 5000) + "\"} 3\n\n\nbad line\nz 9",
    "{__name__=\"up\", a=\"b\"} 1 5\n{__name__=\"up\", a=\"c\"} NaN 6\nbroken\n",
  ]
  static let logs: [String] = [
    "", "no time\nat all", "Jun  4 15:16:01 h sshd[1]: hello\r\n  more\r\nJun 14 15:16:02 h kernel: [ 12.5] oops\n",
    "[    1.500000] a\n[    2.500000] b\n\nc", "x\n2026-11-23T01:02:03.123Z host tag[1]: msg\ny",
  ]

  @Test("chunk sizes do not change what is read", arguments: [1, 2, 7, 4096])
  func chunkBoundaries(chunk: Int) {
    for text in Self.texts {
      let bytes = Array(text.utf8)
      #expect(readMetrics(bytes, chunk: chunk) == readMetrics(bytes))
      #expect(readMetrics(gzip(bytes), chunk: chunk) == readMetrics(bytes))
    }
    for text in Self.logs {
      let bytes = Array(text.utf8)
      #expect(readLog(bytes, chunk: chunk) == readLog(bytes))
      #expect(readLog(gzip(bytes), chunk: chunk) == readLog(bytes))
    }
  }

  @Test("chunk sizes do not change what is read of random bytes, and nothing traps", arguments: 0..<40)
  func randomBytes(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed) + 1)
    let seeds = Self.texts + Self.logs
    var bytes = Array(seeds.randomElement(using: &random)!.utf8)
    let count = Int.random(in: 0...600, using: &random)
    let alphabet = Array("\n\r\0 {}\"\\=,#[]<>:._abcu0123456789TZ+-eE".utf8) + [0xFF, 0xC3, 0xA9, 0x1F, 0x8B]
    for _ in 0..<count {
      let byte =
        Bool.random(using: &random)
        ? alphabet.randomElement(using: &random)! : UInt8.random(in: 0...255, using: &random)
      if bytes.isEmpty || Bool.random(using: &random) {
        bytes.insert(byte, at: Int.random(in: 0...bytes.count, using: &random))
      } else {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = byte
      }
    }
    for format in [nil] + MetricFormat.allCases {
      let whole = readMetrics(bytes, format: format)
      let counts = whole.counts
      #expect(counts.lines == counts.comments + counts.kept + counts.unwanted + counts.refused)
      for chunk in [1, 2, 7, 4096] { #expect(readMetrics(bytes, chunk: chunk, format: format) == whole) }
    }
    let whole = readLog(bytes)
    #expect(
      whole.counts.lines == whole.counts.comments + whole.counts.kept + whole.counts.unwanted + whole.counts.refused)
    for chunk in [1, 2, 7, 4096] { #expect(readLog(bytes, chunk: chunk) == whole) }
    // Damaged gzip: the same holds, and what was unpacked before the damage is read.
    var packed = gzip(bytes)
    packed[Int.random(in: 2..<packed.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
    let damaged = readMetrics(packed, format: .prometheus)
    for chunk in [1, 7] { #expect(readMetrics(packed, chunk: chunk, format: .prometheus).samples == damaged.samples) }
  }

  @Test("gzip members that follow one another are one text, padding aside")
  func members() {
    let packed = gzip(Array("a 1\nb".utf8)) + gzip([]) + gzip(Array(" 2\n".utf8)) + [0, 0, 0]
    let result = readMetrics(packed)
    #expect(result.samples == [ReadSample("a", 1, line: 1), ReadSample("b", 2, line: 2)])
    #expect(result.problems == [])
  }

  @Test("a gzip stream that is cut off is an error with its place, and the whole lines before it are used")
  func truncated() {
    let packed = gzip(Array("a 1\nb 2\nc 345\n".utf8))
    // Cut in the middle of `345`: half a number is no number.
    let result = readMetrics(Array(packed[..<(15 + 12)]))
    #expect(result.samples == [ReadSample("a", 1, line: 1), ReadSample("b", 2, line: 2)])
    #expect(result.problems == ["x:3:1: the gzip stream is cut off at byte 27"])
    #expect(result.counts.refused == 1)
    // Cut within the checksum: all lines came, yet nobody can tell that they are right.
    let late = readMetrics(Array(packed.dropLast(2)))
    #expect(late.samples.count == 3 && late.problems == ["x:3: the gzip stream is cut off at byte \(packed.count - 2)"])
  }

  @Test("a damaged gzip stream is an error with its place")
  func damaged() {
    var packed = gzip(Array("a 1\nb 2\n".utf8))
    packed[packed.count - 6] ^= 1
    let result = readMetrics(packed)
    #expect(result.samples.count == 2)
    #expect(result.problems.count == 1)
    #expect(result.problems.first?.contains("the gzip stream is damaged near byte") == true)
    #expect(readMetrics(gzip(Array("a 1\n".utf8)) + [9, 9, 9]).problems.count == 1)
    #expect(
      readMetrics([0x1F, 0x8B]).problems
        == ["x:0: the gzip stream is cut off at byte 2"].map { _ in
          "x: the gzip stream is cut off at byte 2"
        })
  }

  @Test("files are read in chunks with progress; what cannot be opened says why")
  func files() throws {
    #expect(throws: InputError("/nowhere/x", "no such file or directory")) { try ByteStream(opening: "/nowhere/x") }
    #expect(throws: InputError.self) { try ByteStream(opening: "/") }
    let stream = try ByteStream(opening: #filePath, chunk: 100)
    var steps: [Int] = []
    stream.progress = { bytes, total in
      steps.append(bytes)
      #expect(total == stream.total)
    }
    let bytes = try stream.readAll(limit: 1 << 20)
    #expect(bytes.count == stream.total && steps.last == bytes.count && steps.count > 10)
    #expect(throws: InputError.self) { try ByteStream(opening: #filePath).readAll(limit: 10) }
  }

  @Test("byte strings keep their numbers, however many come")
  func interning() {
    var table = ByteTable()
    for index in 0..<3000 { #expect(table.intern("name\(index)") == index) }
    for index in 0..<3000 { #expect(table.find("name\(index)") == index && table.string(index) == "name\(index)") }
    #expect(table.find("") == nil && table.intern("") == 3000 && table.find("") == 3000 && table.count == 3001)
  }
}
