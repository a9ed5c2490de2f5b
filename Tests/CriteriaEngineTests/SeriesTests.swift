import Testing

@testable import CriteriaEngine

private let step: Int64 = 10_000

private func plan(_ terms: [(WindowKind, Int64)] = []) -> SeriesPlan {
  SeriesPlan(step: step, terms: terms, longestWindow: 60_000, staleAfter: 60_000, maxLateness: 20_000)
}

private func term(_ kind: WindowKind, _ entries: [(Int64, Double)], at seconds: Int64, window: Int64) -> Double {
  let plan = plan([(kind, window * 1000)])
  var series = Series(identity: 0, key: 0)
  defer { series.destroy() }
  for (seconds, value) in entries { _ = series.insert(seconds * 1000, value, plan) }
  _ = series.reveal(through: seconds * 1000, plan)
  var wake = Wake(now: seconds / 10, step: step)
  return series.term(kind, ticks: window / 10, plan, &wake)
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
    #expect(term(.increase, entries, at: 30, window: 10) == 0, "a base outside the window, followed by an end, is none")
    #expect(
      term(.increase, [(20, 4), (20, .nan), (30, 9)], at: 30, window: 10) == 0, "nor is one that the end replaced")
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
    let plan = plan()
    var one = Series(identity: 0, key: 0)
    defer { one.destroy() }
    #expect([(10, 1.0), (20, 2), (10, 3)].map { one.insert($0 * 1000, $1, plan) } == [.added, .added, .replaced])
    #expect((0..<2).map { one[$0].value } == [3, 2])
    #expect(one.insert(20_000, 5, plan) == .replaced)
    #expect(one.reveal(through: 20_000, plan) == 2)
    #expect(one.newestValue == 5)
  }

  @Test("what lies ahead is hidden until it is revealed")
  func hidden() {
    let plan = plan()
    var one = Series(identity: 0, key: 0)
    defer { one.destroy() }
    let appended = ([(10_000, 1), (20_000, 2), (20_000, 9), (30_000, 3)] as [(Int64, Double)]).map {
      one.append($0, $1, plan)
    }
    #expect(appended == [true, true, false, true])
    #expect(one.count == 0)
    #expect(one.nextHidden == 10_000)
    #expect(one.reveal(through: 20_000, plan) == 2)
    #expect(one.newestTime == 20_000)
    #expect(one.dropHidden(beyond: 30_000) == 0)
    #expect(one.takeHidden() == [Entry(time: 30_000, value: 3)])
    #expect(one.nextHidden == nil)
  }

  @Test("over 256 samples in one step a percentile is unknown")
  func percentileLimit() {
    let plan = plan([(.percentile(90), 20_000)])
    var one = Series(identity: 0, key: 0)
    defer { one.destroy() }
    for offset in 0...256 { _ = one.append(10_001 + Int64(offset), Double(offset), plan) }
    _ = one.reveal(through: 20_000, plan)
    var wake = Wake(now: 2, step: step)
    #expect(one.term(.percentile(90), ticks: 2, plan, &wake).isNaN)
    one.removeAll(before: 10_002, plan)
    #expect(one.term(.percentile(90), ticks: 2, plan, &wake) == 231)
  }

  @Test("a term asks to be woken when its oldest sample leaves")
  func wakes() {
    let plan = plan([(.max, 30_000)])
    var one = Series(identity: 0, key: 0)
    defer { one.destroy() }
    for (time, value) in [(15_000, 1.0), (20_000, 4)] as [(Int64, Double)] { _ = one.append(time, value, plan) }
    _ = one.reveal(through: 40_000, plan)
    var wake = Wake(now: 4, step: step)
    _ = one.term(.max, ticks: 3, plan, &wake)
    #expect(wake.tick == 5)
  }

  @Test("a series is 72 bytes")
  func size() { #expect(MemoryLayout<Series>.stride == 72) }
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
    struct Text: PlainBlock {
      var text: String
      mutating func append(_ later: Text) { text = "(\(text) \(later.text))" }
    }
    var tree = PlainTree<Text>()
    for tick in first...last { tree.add(Text(text: "\(tick)"), tick: Int64(tick)) }
    #expect(tree.fold(from: Int64(first), through: Int64(last))?.text == expected)
  }
}

@Suite("Ticks and hashes")
struct TickTests {
  @Test(
    "a time belongs to the tick at or after it",
    arguments: [(0, 0), (1, 1), (30_000, 1), (30_001, 2), (-1, 0), (-30_000, -1), (-30_001, -1)] as [(Int64, Int64)])
  func ticks(time: Int64, tick: Int64) {
    #expect(tickNumber(of: time, step: 30_000) == tick)
    #expect(TickScale(step: 30_000).tick(of: time) == tick)
  }

  @Test("tick numbers without a division are exact")
  func reciprocals() {
    var dice = Dice(seed: 1)
    for _ in 0..<20_000 {
      let step = Int64.random(in: 1...(1 << Int64.random(in: 0...40, using: &dice)), using: &dice)
      let scale = TickScale(step: step)
      let tick = Int64.random(in: 0...Int64.max / step - 1, using: &dice)
      for time in [tick * step - 1, tick * step, tick * step + 1, .max, Int64.random(in: 1 ... .max, using: &dice)] {
        #expect(scale.tick(of: time) == tickNumber(of: time, step: step))
      }
    }
  }

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
    hash.update(Array(text.utf8))
    let hex = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(hex == expected)
  }
}
