import Testing

@testable import CriteriaCompiler

@Suite("Dimensions")
struct DimensionTests {
  private static let plain = Dimension.plain
  private static let ratio = Dimension.ratio
  private static let either = Dimension(mark: .either)
  private static let time = Dimension.time
  private static let bytes = Dimension(bytes: 1)
  private static let rate = Dimension(time: -1)
  private static let ratioRate = Dimension(time: -1, mark: .ratio)
  private static let all = [plain, ratio, either, time, bytes, rate, ratioRate, Dimension(bytes: 1, time: -1)]

  @Test(
    "quotients",
    arguments: [
      (plain, plain, either), (plain, ratio, plain), (ratio, plain, ratio), (ratio, ratio, ratio),
      (either, plain, either),
      (plain, either, either), (ratio, either, ratio), (either, ratio, either), (bytes, bytes, ratio),
      (rate, rate, ratio), (ratioRate, rate, ratio), (bytes, time, Dimension(bytes: 1, time: -1)), (plain, time, rate),
      (ratio, time, ratioRate), (ratio, ratioRate, time), (plain, rate, time), (rate, plain, rate), (rate, ratio, rate),
      (bytes, ratio, bytes), (bytes, Dimension(bytes: 1, time: -1), time),
    ])
  func quotients(a: Dimension, b: Dimension, expected: Dimension) {
    #expect(a.divided(by: b) == expected)
  }

  @Test(
    "products, either way round",
    arguments: [
      (plain, plain, plain), (plain, ratio, ratio), (ratio, ratio, ratio), (either, plain, either),
      (either, ratio, ratio),
      (bytes, ratio, bytes), (rate, ratio, rate), (rate, time, plain), (ratioRate, time, ratio),
      (bytes, rate, Dimension(bytes: 1, time: -1)), (ratioRate, bytes, Dimension(bytes: 1, time: -1)),
      (time, ratio, time),
    ])
  func products(a: Dimension, b: Dimension, expected: Dimension) {
    #expect(a.times(b) == expected)
    #expect(b.times(a) == expected)
  }

  @Test("only like joins like, and either takes its neighbour's mark")
  func joins() {
    for a in Self.all {
      #expect(a.joined(with: a) == a)
      for b in Self.all {
        #expect(a.joined(with: b) == b.joined(with: a))
        let fits =
          a == b
          || (Set([a, b]).isSubset(of: [Self.plain, Self.ratio, Self.either]) && Set([a, b]).contains(Self.either))
        #expect((a.joined(with: b) != nil) == fits)
      }
    }
    #expect(Self.either.joined(with: Self.ratio) == Self.ratio)
    #expect(Self.either.joined(with: Self.plain) == Self.plain)
  }

  @Test("rates divide by time and keep the mark", arguments: [(plain, rate), (ratio, ratioRate), (time, either)])
  func rates(of: Dimension, expected: Dimension) {
    #expect(of.perTime == expected)
  }
}
