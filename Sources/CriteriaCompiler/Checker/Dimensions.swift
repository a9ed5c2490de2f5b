package import CriteriaSyntax

/// What a number measures; `nil` for the literal `0`, which fits every dimension.
package typealias Measure = Dimension?

extension Dimension {
  package static let plain = Dimension()
  package static let ratio = Dimension(mark: .ratio)
  package static let time = Dimension(time: 1)

  package init(_ unit: Unit?) {
    self.init(
      bytes: unit?.bytes ?? 0, time: unit?.time ?? 0, mark: unit?.isRatio == true ? .ratio : .plain)
  }

  var isDimensionless: Bool { bytes == 0 && time == 0 }

  /// The one dimension that two numbers share side by side; `nil` if there is none.
  ///
  /// `either` takes the mark of its neighbour.
  package func joined(with other: Dimension) -> Dimension? {
    guard bytes == other.bytes, time == other.time else { return nil }
    if mark == other.mark || other.mark == .either { return self }
    return mark == .either ? other : nil
  }

  /// The dimension of a product. A share of something is that something: `10% * rate(x[5m])` is a rate.
  package func times(_ other: Dimension) -> Dimension {
    let mark: Mark =
      if isDimensionless == other.isDimensionless {
        Mark.stronger(self.mark, other.mark)
      } else {
        isDimensionless ? other.mark : self.mark
      }
    return Dimension(bytes: bytes + other.bytes, time: time + other.time, mark: mark).normalized
  }

  /// The dimension of a quotient.
  package func divided(by other: Dimension) -> Dimension {
    let mark: Mark
    if isDimensionless && other.isDimensionless {
      mark = Self.quotientMark(self.mark, other.mark)
    } else if bytes == other.bytes && time == other.time {
      mark = .ratio
    } else {
      // A share ÷ share per hour is a time, and 1% ÷ 1h is a share per hour.
      mark = !other.isDimensionless && other.mark == .ratio ? .plain : self.mark
    }
    return Dimension(bytes: bytes - other.bytes, time: time - other.time, mark: mark).normalized
  }

  /// What `rate` and `slope` of it measure. Seconds per second are a share of a core or a number of cores: either.
  package var perTime: Dimension {
    if bytes == 0 && time == 1 { return Dimension(mark: .either) }
    return Dimension(bytes: bytes, time: time - 1, mark: mark).normalized
  }

  /// plain ÷ plain may be a share or not; plain ÷ share is plain again.
  private static func quotientMark(_ a: Mark, _ b: Mark) -> Mark {
    switch (a, b) {
    case (.ratio, _): .ratio
    case (.plain, .ratio): .plain
    case (.plain, .plain), (.plain, .either), (.either, _): .either
    }
  }

  /// Marks speak of counts and shares, and of those per time; bytes and times have none.
  private var normalized: Dimension {
    bytes == 0 && time <= 0 ? self : Dimension(bytes: bytes, time: time)
  }

  /// For labels under carets: `plain number`, `bytes per second`.
  package var noun: String {
    switch (bytes, time, mark) {
    case (0, 0, .ratio): "ratio"
    case (0, 0, .plain), (0, 0, .either): "plain number"
    case (0, 1, _): "time"
    case (1, 0, _): "bytes"
    case (0, -1, .ratio): "ratio per time"
    case (0, -1, _): "rate"
    case (1, -1, _): "bytes per time"
    default: [("bytes", bytes), ("time", time)].filter { $0.1 != 0 }.map { "\($0.0)^\($0.1)" }.joined(separator: "·")
    }
  }

  /// For sentences: `a plain number`, `bytes per second`.
  package var nounWithArticle: String {
    bytes == 0 && (time == 0 || time == 1 || time == -1) ? "a \(noun)" : noun
  }

  /// The unit in which its canonical value is written after a literal; `nil` where the grammar has none.
  var canonicalSuffix: String? {
    switch (bytes, time, mark) {
    case (0, 1, _): "s"
    case (1, 0, _): "B"
    case (0, -1, .plain), (0, -1, .either): "/s"
    case (1, -1, _): "B/s"
    default: nil
    }
  }
}

extension Dimension.Mark {
  /// The mark of a product of two: ratio beats either beats plain.
  fileprivate static func stronger(_ a: Self, _ b: Self) -> Self {
    if a == .ratio || b == .ratio { return .ratio }
    return a == .either || b == .either ? .either : .plain
  }
}
