import Glibc
import Testing

@testable import CriteriaEngine

@Suite("What a series takes of memory")
struct SeriesCostTests {
  @Test(
    "the cost model is within 10 % of what is allocated",
    arguments: [0.2, 0.5, 1, 2, 4, 30],
    [
      [(WindowKind.avg, 10)], [(.max, 5)], [(.rate, 10), (.avg, 20)], [(.count, 1)], [(.avg, 120)],
      [(.rate, 120), (.slope, 60)], [(.percentile(95), 20)], [(.percentile(95), 120), (.percentile(50), 10)],
      [(.stddev, 720), (.sum, 720)],
    ] as [[(WindowKind, Int64)]])
  func model(samplesPerTick: Double, terms: [(WindowKind, Int64)]) {
    let step: Int64 = 30_000
    let plan = SeriesPlan(
      step: step, terms: terms.map { ($0, $1 * step) }, longestWindow: 0, staleAfter: 300_000, maxLateness: 2 * step)
    var series = Series(identity: 0, key: 0)
    defer { series.destroy() }
    let longest = terms.map(\.1).max()!
    let first: Int64 = 1_000_000
    var sample = 0
    for tick in first..<first + 2 * longest + 30 {
      while true {
        let time = (first - 1) * step + Int64(Double(sample) * Double(step) / samplesPerTick) + 7
        if time > tick * step { break }
        _ = series.append(time, Double(sample % 17), plan)
        sample += 1
      }
      _ = series.reveal(through: tick * step, plan)
      var wake = Wake(now: tick, step: step)
      for (kind, ticks) in terms { _ = series.term(kind, ticks: ticks, plan, &wake) }
      series.trim(at: tick * step, plan)
    }
    let told = Double(plan.bytes(samplesPerTick: samplesPerTick))
    let actual = Double(series.allocatedBytes)
    #expect(abs(told - actual) <= 0.1 * actual, "told \(told), allocated \(actual)")
  }

  @Test("the allocator takes what we think it takes")
  func allocator() throws {
    let symbol = try #require(dlsym(nil, "malloc_usable_size"))
    typealias Size = @convention(c) (UnsafeMutableRawPointer?) -> Int
    let usable = unsafeBitCast(symbol, to: Size.self)
    for bytes in 1...4096 {
      let memory = malloc(bytes)
      // The header takes 8 of the 16 bytes that the next chunk gives up. What would be too small a rest to stand alone is
      // given along: 16 bytes more, now and then.
      #expect([0, 16].contains(usable(memory) + 8 - allocatedSize(bytes)))
      free(memory)
    }
  }

  @Test("a full ring forgets before it grows")
  func bounded() {
    let plan = SeriesPlan(
      step: 1000, terms: [(.rate, 5000)], longestWindow: 0, staleAfter: 60_000, maxLateness: 2000)
    var series = Series(identity: 0, key: 0)
    defer { series.destroy() }
    for tick in 1...10_000 as ClosedRange<Int64> {
      _ = series.append(tick * 1000, .nan, plan)
      _ = series.reveal(through: tick * 1000, plan)
      #expect(series.allocatedBytes <= MemoryLayout<Series>.stride + 144)
    }
  }
}
