import Testing

@testable import CriteriaEngine

@Suite("Numbers as people read them")
struct ValueTextTests {
  /// What the rounded number is by itself.
  private func plain(_ value: Double) -> String {
    if value == value.rounded() { return String(Int64(value)) }
    var scale = 1.0
    while value.magnitude * scale < 100, scale < 1e7 { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() ? String(Int64(rounded)) : String(rounded)
  }

  @Test("three digits, none of them an idle zero")
  func digits() {
    var state: UInt64 = 7
    for round in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let magnitude = [0.001, 0.01, 0.1, 1, 10, 100, 10_000][round % 7]
      let value = (Double(state >> 11) / 0x1p52 - 1) * magnitude
      guard value.magnitude >= 1e-4 else { continue }
      #expect(short(value) == plain(value))
    }
    for value in [0.5, 0.1, 12.3, 99.96, -99.96, 0.0001, 0.00099996, 9.999, 1.05, -0.25] {
      #expect(short(value) == plain(value))
    }
  }
}
