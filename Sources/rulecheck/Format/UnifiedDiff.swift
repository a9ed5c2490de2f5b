/// The difference of two texts as `diff -u` prints it, for `patch` and for people; empty if they are equal.
///
/// - Complexity: O(lines · differing lines). What differs in thousands of lines is shown as replaced as a whole.
func unifiedDiff(_ old: String, _ new: String, from oldName: String, to newName: String, context: Int = 3) -> String {
  if old == new { return "" }
  let steps = steps(from: lines(of: old), to: lines(of: new))
  var text = "--- \(oldName)\n+++ \(newName)\n"
  let changed = steps.indices.filter { steps[$0].kind != .both }
  var index = 0
  while index < changed.count {
    let start = max(changed[index] - context, 0)
    var last = changed[index]
    while index + 1 < changed.count, changed[index + 1] - last <= 2 * context + 1 {
      index += 1
      last = changed[index]
    }
    index += 1
    text += hunk(steps, start..<min(last + context + 1, steps.count))
  }
  return text
}

private struct Step {
  enum Kind: Character {
    case both = " "
    case old = "-"
    case new = "+"
  }
  var kind: Kind
  var line: Substring
}

/// With their line ends.
private func lines(of text: String) -> [Substring] {
  var result: [Substring] = []
  var rest = text.unicodeScalars[...]
  while !rest.isEmpty {
    let end = rest.firstIndex(of: "\n").map { rest.index(after: $0) } ?? rest.endIndex
    result.append(Substring(rest[..<end]))
    rest = rest[end...]
  }
  return result
}

private func steps(from old: [Substring], to new: [Substring]) -> [Step] {
  let front = zip(old, new).prefix { $0 == $1 }.count
  let back = zip(old.dropFirst(front).reversed(), new.dropFirst(front).reversed()).prefix { $0 == $1 }.count
  let a = old[front..<old.count - back]
  let b = new[front..<new.count - back]
  let middle: [Step]
  if a.count + b.count > 20_000 {
    middle = a.map { Step(kind: .old, line: $0) } + b.map { Step(kind: .new, line: $0) }
  } else {
    middle = aligned(Array(a), Array(b))
  }
  return old[..<front].map { Step(kind: .both, line: $0) } + middle
    + old[(old.count - back)...].map { Step(kind: .both, line: $0) }
}

private func aligned(_ old: [Substring], _ new: [Substring]) -> [Step] {
  let difference = new.difference(from: old)
  let removed = Set(difference.removals.compactMap { if case .remove(let offset, _, _) = $0 { offset } else { nil } })
  let inserted = Set(
    difference.insertions.compactMap { if case .insert(let offset, _, _) = $0 { offset } else { nil } })
  var steps: [Step] = []
  var (i, j) = (0, 0)
  while i < old.count || j < new.count {
    if i < old.count, removed.contains(i) {
      steps.append(Step(kind: .old, line: old[i]))
      i += 1
    } else if j < new.count, inserted.contains(j) {
      steps.append(Step(kind: .new, line: new[j]))
      j += 1
    } else {
      steps.append(Step(kind: .both, line: old[i]))
      i += 1
      j += 1
    }
  }
  return steps
}

private func hunk(_ steps: [Step], _ range: Range<Int>) -> String {
  func place(without kind: Step.Kind) -> String {
    let lines = count(steps[range], without: kind)
    // Of nothing, the line before it.
    let start = count(steps[..<range.lowerBound], without: kind) + (lines > 0 ? 1 : 0)
    return lines == 1 ? "\(start)" : "\(start),\(lines)"
  }
  var text = "@@ -\(place(without: .new)) +\(place(without: .old)) @@\n"
  for step in steps[range] {
    text.append(step.kind.rawValue)
    text += step.line
    if !step.line.unicodeScalars.reversed().starts(with: ["\n"]) { text += "\n\\ No newline at end of file\n" }
  }
  return text
}

private func count(_ steps: ArraySlice<Step>, without kind: Step.Kind) -> Int { steps.count { $0.kind != kind } }
