// meaning.md §4: the fixed tree over which sums run, so that the order of adding never depends on when one looks.

/// What the nodes of a tree hold: how one entry becomes a node, and how two nodes that follow each other become one.
protocol TreeNode {
  /// - Parameter end: The time of the tick that the entry belongs to.
  init(_ value: Double, at time: Int64, end: Int64)
  static func combine(_ a: Self, _ b: Self) -> Self
}

/// Folds the entries of a window in the order of the tree.
///
/// - Parameter entries: In order of time, all in the window.
/// - Returns: `nil` without entries.
func foldTree<Node: TreeNode>(_ entries: [Sample], _ window: Window, as: Node.Type) -> Node? {
  func fold(_ nodes: [Node]) -> Node? {
    nodes.dropFirst().reduce(nodes.first) { Node.combine($0!, $1) }
  }
  func block(_ entries: ArraySlice<Sample>, from first: Int64, size: Int64) -> Node? {
    if entries.isEmpty { return nil }
    if size == 1 { return fold(entries.map { Node($0.value, at: $0.time, end: first * window.step) }) }
    let middle = first + size / 2
    let split = entries.firstIndex { tick(of: $0.time, step: window.step) >= middle } ?? entries.endIndex
    return fold(
      [
        block(entries[..<split], from: first, size: size / 2), block(entries[split...], from: middle, size: size / 2),
      ].compactMap { $0 })
  }
  var blocks: [Node] = []
  var first = window.firstTick
  var rest = entries[...]
  while first <= window.lastTick {
    var size: Int64 = 1
    while first % (size * 2) == 0 && first + size * 2 - 1 <= window.lastTick { size *= 2 }
    let next = first + size
    let split = rest.firstIndex { tick(of: $0.time, step: window.step) >= next } ?? rest.endIndex
    if let node = block(rest[..<split], from: first, size: size) { blocks.append(node) }
    rest = rest[split...]
    first = next
  }
  return fold(blocks)
}

/// (t − w, t], in milliseconds and in tick numbers.
struct Window {
  var length: Int64
  var end: Int64
  var step: Int64
  var start: Int64 { end - length }
  var lastTick: Int64 { end / step }
  var firstTick: Int64 { lastTick - length / step + 1 }
  func contains(_ time: Int64) -> Bool { start < time && time <= end }
}

struct Sum: TreeNode {
  var value: Double
  init(_ value: Double, at time: Int64, end: Int64) { self.value = value }
  static func combine(_ a: Sum, _ b: Sum) -> Sum {
    var sum = a
    sum.value = a.value + b.value
    return sum
  }
}

struct Moments: TreeNode {
  var n = 1.0
  var mean: Double
  var m2 = 0.0
  init(_ value: Double, at time: Int64, end: Int64) { mean = value }
  static func combine(_ a: Moments, _ b: Moments) -> Moments {
    var result = a
    result.n = a.n + b.n
    let delta = b.mean - a.mean
    let share = b.n / result.n
    result.mean = a.mean + delta * share
    result.m2 = (a.m2 + b.m2) + (delta * delta) * (a.n * share)
    return result
  }
}

struct SlopeMoments: TreeNode {
  var n = 1.0
  /// Seconds relative to `end`.
  var meanTime: Double
  var meanValue: Double
  var ctt = 0.0
  var ctx = 0.0
  var end: Int64
  init(_ value: Double, at time: Int64, end: Int64) {
    meanTime = Double(time - end) / 1000
    meanValue = value
    self.end = end
  }
  static func combine(_ a: SlopeMoments, _ b: SlopeMoments) -> SlopeMoments {
    var result = a
    let movedTime = a.meanTime - Double(b.end - a.end) / 1000
    let deltaTime = b.meanTime - movedTime
    let deltaValue = b.meanValue - a.meanValue
    result.n = a.n + b.n
    let r = b.n / result.n
    result.meanTime = movedTime + deltaTime * r
    result.meanValue = a.meanValue + deltaValue * r
    result.ctt = (a.ctt + b.ctt) + (deltaTime * deltaTime) * (a.n * r)
    result.ctx = (a.ctx + b.ctx) + (deltaTime * deltaValue) * (a.n * r)
    result.end = b.end
    return result
  }
}
