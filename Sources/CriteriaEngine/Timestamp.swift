extension Timestamp: CustomStringConvertible {
  /// ISO 8601, UTC: `2026-11-23T01:00:00Z`; milliseconds only where there are any.
  public var description: String {
    let day = milliseconds >= 0 ? milliseconds / 86_400_000 : -((-milliseconds + 86_399_999) / 86_400_000)
    let inDay = milliseconds - day * 86_400_000
    // Days since 0000-03-01, so that a leap day ends its year (proleptic Gregorian calendar).
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let date = [pad(year, 4), pad(month, 2), pad(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2)].joined(
      separator: "-")
    let seconds = inDay / 1000
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { pad($0, 2) }.joined(separator: ":")
    let fraction = inDay % 1000 == 0 ? "" : "." + pad(inDay % 1000, 3)
    return "\(date)T\(clock)\(fraction)Z"
  }

  private func pad(_ number: Int64, _ width: Int) -> String {
    let digits = String(number.magnitude)
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
