/// A window term by a scan of all its samples, one in each tick, as `docs/meaning.md` §3 and §4 say it.
///
/// - Parameters:
///   - samples: Time and value, in order of time; those of the window, and one before.
///   - first: The window's first tick.
func plainTerm(_ name: String, _ samples: [(time: Int64, value: Double)], first: Int64, last: Int64, step: Int64)
  -> Double?
{
  let inside = samples.filter { $0.time > (first - 1) * step }
  let values = inside.map(\.value)
  func tick(_ time: Int64) -> Int { Int((time + step - 1) / step) }
  switch name {
  case "min": return values.min()
  case "max": return values.max()
  case "count": return Double(values.count)
  case "last": return values.last
  case "sum", "avg":
    let nodes = Dictionary(uniqueKeysWithValues: inside.map { (tick($0.time), $0.value) })
    guard let sum = fold(Int(first), Int(last), { nodes[$0] }, +) else { return nil }
    return name == "sum" ? sum : min(max(sum / Double(values.count), values.min()!), values.max()!)
  case "increase", "rate":
    var grown: [Int: Double] = [:]
    var seconds: [Int: Double] = [:]
    for (p, q) in zip(samples, samples.dropFirst()) where q.time > (first - 1) * step {
      grown[tick(q.time)] = q.value >= p.value ? q.value - p.value : q.value
      seconds[tick(q.time)] = Double(q.time - p.time) / 1000
    }
    guard let increase = fold(Int(first), Int(last), { grown[$0] }, +),
      let time = fold(Int(first), Int(last), { seconds[$0] }, +)
    else { return nil }
    return name == "increase" ? increase : increase / time
  case "stddev":
    let nodes = Dictionary(uniqueKeysWithValues: inside.map { (tick($0.time), (n: 1.0, mean: $0.value, m2: 0.0)) })
    func combine(_ a: (n: Double, mean: Double, m2: Double), _ b: (n: Double, mean: Double, m2: Double))
      -> (n: Double, mean: Double, m2: Double)
    {
      let delta = b.mean - a.mean
      let n = a.n + b.n
      return (n, a.mean + delta * (b.n / n), (a.m2 + b.m2) + (delta * delta) * (a.n * (b.n / n)))
    }
    let all = fold(Int(first), Int(last), { nodes[$0] }, combine)
    return all.map { ($0.m2 / $0.n).squareRoot() }
  case "p95": return values.isEmpty ? nil : values.sorted()[max((95 * values.count + 99) / 100, 1) - 1]
  default: return nil
  }
}

/// Folds maximal aligned blocks of ticks, oldest first; each is its left half and its right half.
private func fold<T>(_ first: Int, _ last: Int, _ leaf: (Int) -> T?, _ combine: (T, T) -> T) -> T? {
  func joined(_ a: T?, _ b: T?) -> T? {
    guard let a, let b else { return a ?? b }
    return combine(a, b)
  }
  func block(_ start: Int, _ size: Int) -> T? {
    size == 1 ? leaf(start) : joined(block(start, size / 2), block(start + size / 2, size / 2))
  }
  var result: T?
  var start = first
  while start <= last {
    var size = 1
    while start % (size * 2) == 0, start + size * 2 - 1 <= last { size *= 2 }
    result = joined(result, block(start, size))
    start += size
  }
  return result
}
