import Testing

@testable import CriteriaEngine

private func series(_ entries: [(Int64, Double)]) -> Series {
  var series = Series(identity: [], key: 0)
  for (seconds, value) in entries { _ = series.insert(Entry(time: seconds * 1000, value: value)) }
  return series
}

private func term(_ kind: WindowKind, _ entries: [(Int64, Double)], at seconds: Int64, window: Int64) -> Double {
  var wake = Wake(now: seconds / 10, step: 10_000)
  return series(entries).term(
    kind, Window(now: seconds * 1000, length: window * 1000, step: 10_000), staleAfter: 60_000, &wake)
}

@Suite("Window terms of one series")
struct SeriesTests {
  @Test(
    "each function over the samples of (now − window, now]",
    arguments: [
      (WindowKind.avg, 5.0), (.min, 2), (.max, 9), (.sum, 15), (.first, 4), (.last, 2), (.count, 3), (.changes, 3),
      // 1 → 4 → 9 and a reset to 2: 3 + 5 + 2.
      (.increase, 10), (.rate, 10.0 / 30), (.percentile(50), 4), (.percentile(99), 9),
    ])
  func functions(kind: WindowKind, expected: Double) {
    // The sample at 10 s lies outside (10 s, 40 s] and serves as a base.
    #expect(term(kind, [(10, 1), (20, 4), (30, 9), (40, 2)], at: 40, window: 30) == expected)
  }

  @Test("the slope of a line is its slope, and the deviation is the population's")
  func moments() {
    #expect(term(.slope, [(10, 0), (20, 5), (30, 10), (40, 15)], at: 40, window: 40) == 0.5)
    #expect(term(.stddev, [(10, 2), (20, 4), (30, 4), (40, 6)], at: 40, window: 40) == 2.0.squareRoot())
  }

  @Test("an end is no sample and breaks no chain inside the window")
  func ends() {
    let entries: [(Int64, Double)] = [(20, 4), (25, .nan), (30, 9)]
    #expect(term(.count, entries, at: 30, window: 30) == 2)
    #expect(term(.increase, entries, at: 30, window: 30) == 5)
    #expect(term(.increase, entries, at: 30, window: 5) == 0, "a base outside the window, followed by an end, is none")
  }

  @Test("a base older than `stale_after` is none")
  func staleBase() {
    #expect(term(.increase, [(10, 1), (100, 5)], at: 100, window: 30) == 0)
    #expect(term(.increase, [(40, 1), (100, 5)], at: 100, window: 30) == 4)
  }

  @Test("one sample and no base: no growth, and no rate")
  func lonely() {
    #expect(term(.increase, [(20, 7)], at: 20, window: 20) == 0)
    #expect(term(.rate, [(20, 7)], at: 20, window: 20).isNaN)
  }

  @Test("the same time again replaces, whatever the order of arrival")
  func duplicates() {
    var one = series([(10, 1), (20, 2), (10, 3)])
    #expect(one.entries.map(\.value) == [3, 2])
    let replaced = one.insert(Entry(time: 20_000, value: 5))
    #expect(replaced)
    #expect(one.entries.map(\.value) == [3, 5])
  }

  @Test("over 256 samples in one step a percentile is unknown")
  func percentileLimit() {
    let many = (0...256).map { (Int64($0), Double($0)) }
    var one = Series(identity: [], key: 0)
    for (offset, value) in many { _ = one.insert(Entry(time: 10_001 + offset, value: value)) }
    var wake = Wake(now: 2, step: 10_000)
    let window = Window(now: 20_000, length: 20_000, step: 10_000)
    #expect(one.term(.percentile(90), window, staleAfter: 60_000, &wake).isNaN)
    one.trim(before: 10_002)
    #expect(one.term(.percentile(90), window, staleAfter: 60_000, &wake) == 231)
  }

  @Test("a term asks to be woken when its oldest sample leaves")
  func wakes() {
    var wake = Wake(now: 4, step: 10_000)
    let window = Window(now: 40_000, length: 30_000, step: 10_000)
    _ = series([(15, 1), (20, 4)]).term(.max, window, staleAfter: 60_000, &wake)
    #expect(wake.tick == 5)
  }
}

@Suite("The tree of ticks")
struct TreeTests {
  @Test(
    "a window is cut at aligned powers of two, oldest first",
    arguments: [
      (1, 6, "(((1 (2 3)) (4 5)) 6)"), (4, 7, "((4 5) (6 7))"), (0, 7, "(((0 1) (2 3)) ((4 5) (6 7)))"), (7, 7, "7"),
      (-3, 5, "(((-3 (-2 -1)) ((0 1) (2 3))) (4 5))"),
    ])
  func order(first: Int, last: Int, expected: String) {
    struct Text: Block {
      var text: String
      mutating func append(_ later: Text) { text = "(\(text) \(later.text))" }
    }
    var tree = Tree<Text>()
    for tick in first...last { tree.add(Text(text: "\(tick)"), tick: Int64(tick)) }
    #expect(tree.fold(from: Int64(first), through: Int64(last))?.text == expected)
  }
}

@Suite("Ticks and hashes")
struct TickTests {
  @Test(
    "a time belongs to the tick at or after it",
    arguments: [(0, 0), (1, 1), (30_000, 1), (30_001, 2), (-1, 0), (-30_000, -1), (-30_001, -1)] as [(Int64, Int64)])
  func ticks(time: Int64, tick: Int64) { #expect(tickNumber(of: time, step: 30_000) == tick) }

  @Test(
    "SHA-256 of the standard's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func hashes(text: String, expected: String) {
    var hash = SHA256()
    hash.update(text.utf8)
    let hex = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(hex == expected)
  }
}
