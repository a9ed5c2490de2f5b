/// The units of the language.
package enum Units {
  /// What may stand directly after digits, without the rate part: `%`, `m`, `KiB`.
  package static let literals: [Unit] = [
    Unit(name: "%", isRatio: true, denominator: 100),
    Unit(name: "ms", time: 1, denominator: 1000),
    Unit(name: "s", time: 1),
    Unit(name: "m", time: 1, numerator: 60),
    Unit(name: "h", time: 1, numerator: 3600),
    Unit(name: "d", time: 1, numerator: 86_400),
    Unit(name: "w", time: 1, numerator: 604_800),
    Unit(name: "B", bytes: 1),
    Unit(name: "KiB", bytes: 1, numerator: 1 << 10),
    Unit(name: "MiB", bytes: 1, numerator: 1 << 20),
    Unit(name: "GiB", bytes: 1, numerator: 1 << 30),
    Unit(name: "TiB", bytes: 1, numerator: 1 << 40),
    Unit(name: "kB", bytes: 1, numerator: 1_000),
    Unit(name: "MB", bytes: 1, numerator: 1_000_000),
    Unit(name: "GB", bytes: 1, numerator: 1_000_000_000),
    Unit(name: "TB", bytes: 1, numerator: 1_000_000_000_000),
  ]

  /// What may follow a `/`.
  package static let rates = ["s", "m", "h", "d"]

  /// What `unit:` takes besides the units of literals.
  package static let words: [Unit] = [
    Unit(name: "percent", isRatio: true, denominator: 100),
    Unit(name: "ratio", isRatio: true),
    Unit(name: "bytes", bytes: 1),
    Unit(name: "seconds", time: 1),
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: (literals + words).map { ($0.name, $0) })

  /// The unit of a literal: `90%`, `4KiB/s`, `100/s`.
  ///
  /// - Parameters:
  ///   - name: `nil` for a bare rate.
  ///   - rate: What follows the `/`.
  package static func unit(_ name: String?, per rate: String? = nil) -> Unit? {
    let base = name.flatMap { name in literals.first { $0.name == name } }
    if name != nil, base == nil { return nil }
    return divided(base, per: rate)
  }

  /// The unit that `unit:` names.
  package static func named(_ text: String) -> Unit? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2 else { return nil }
    let base = parts[0].isEmpty ? nil : byName[parts[0]]
    if !parts[0].isEmpty, base == nil { return nil }
    return divided(base, per: parts.count == 2 ? parts[1] : nil)
  }

  private static func divided(_ base: Unit?, per rate: String?) -> Unit? {
    guard let rate else { return base }
    guard rates.contains(rate), let divisor = byName[rate] else { return nil }
    let base = base ?? Unit(name: "")
    let time = base.time - divisor.time
    return Unit(
      name: "\(base.name)/\(rate)", bytes: base.bytes, time: time,
      // `%/h` keeps its mark beside the exponent; time over time is a ratio, like any like ÷ like.
      isRatio: base.isRatio || (base.bytes == 0 && time == 0), numerator: base.numerator,
      denominator: base.denominator * divisor.numerator)
  }

  /// The unit that somebody who wrote `word` most likely meant.
  package static func meant(by word: String) -> String? {
    // Minutes are `m`, so that a capital one means something else.
    if word == "M" { return "MiB" }
    if let known = habits[word.lowercased()] { return known }
    return literals.first { $0.name.lowercased() == word.lowercased() }?.name
  }

  /// What people write elsewhere.
  private static let habits = [
    "percent": "%", "pct": "%", "msec": "ms", "millis": "ms", "milliseconds": "ms", "sec": "s", "secs": "s",
    "second": "s",
    "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "hr": "h", "hrs": "h", "hour": "h",
    "hours": "h",
    "day": "d", "days": "d", "week": "w", "weeks": "w", "bytes": "B", "k": "KiB", "ki": "KiB", "mi": "MiB", "gi": "GiB",
    "g": "GiB", "ti": "TiB", "t": "TiB", "kib": "KiB", "mib": "MiB", "gib": "GiB", "tib": "TiB", "kb": "kB",
  ]
}

extension Duration {
  /// The longest that a policy may speak of: a hundred years, so that no sum of times overflows.
  package static let longest = Duration(milliseconds: 36_525 * 86_400_000)

  /// Digits and a time unit, read exactly: `1.5h` is 90 minutes.
  ///
  /// - Returns: `nil` if the unit is no time, the result is no whole number of milliseconds, or longer than `longest`.
  package init?(digits: String, unit: String) {
    let factors: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
    guard let factor = factors[unit] else { return nil }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { return nil }
    var fraction = parts.count == 2 ? String(parts[1]) : ""
    while fraction.last == "0" { fraction.removeLast() }
    let whole = parts[0].drop { $0 == "0" }
    // Milliseconds have three decimals in a second; twelve leave room for `0.000000001w` without overflow.
    guard whole.count + fraction.count <= 15, fraction.count <= 9, let mantissa = Int64("0" + whole + fraction) else {
      return nil
    }
    var divisor: Int64 = 1
    for _ in 0..<fraction.count { divisor *= 10 }
    let (product, overflow) = mantissa.multipliedReportingOverflow(by: factor)
    guard !overflow, product % divisor == 0, product / divisor <= Self.longest.milliseconds else { return nil }
    self.init(milliseconds: product / divisor)
  }

  /// As the language writes it, in the largest unit that divides it: `90m`, `1500ms`.
  package var text: String {
    let units: [(String, Int64)] = [
      ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    if milliseconds == 0 { return "0s" }
    for (name, factor) in units where milliseconds % factor == 0 { return "\(milliseconds / factor)\(name)" }
    return "\(milliseconds)ms"
  }
}
