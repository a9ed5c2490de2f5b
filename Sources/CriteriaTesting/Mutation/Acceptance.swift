package import CriteriaDiagnostics
package import CriteriaSyntax

/// A comment of a policy by which its author says why a mutant may survive.
///
/// ```text
/// # survives (> → >=): no age meets a random point to the millisecond
/// ```
///
/// It stands in the declaration of the rule or signal, or behind it on the same line, and names the change as reports print
/// it, or several with `;` between them. It must be needed: one that fits no surviving mutant is an error.
package struct Acceptance: Hashable, Sendable {
  package var owner: String
  package var change: String
  package var because: String
  /// The comment.
  package var range: SourceRange

  package func accepts(_ mutant: Mutant) -> Bool { owner == mutant.owner && change == mutant.change }
}

/// The acceptances in a policy and its `use:` files, and what is wrong with them.
package func acceptances(of file: PolicyFile, _ sources: SourceMap) -> (found: [Acceptance], faults: [Diagnostic]) {
  var found: [Acceptance] = []
  var faults: [Diagnostic] = []
  for index in sources.texts.indices {
    let id = SourceID(index: index)
    let owners = declarations(of: file, in: id)
    for line in comments(of: sources[id], id) {
      guard let (changes, because) = parts(of: line.text) else {
        faults.append(.faultyAcceptance(at: line.range))
        continue
      }
      // `watch` and `replace` stand before the first declaration.
      let owner = owners.last { $0.start < line.range.end }?.name ?? Mutant.policyOwner
      for change in changes {
        found.append(Acceptance(owner: owner, change: change, because: because, range: line.range))
      }
    }
  }
  return (found, faults)
}

private func declarations(of file: PolicyFile, in source: SourceID) -> [(name: String, start: Int)] {
  let all = file.signals.map { ($0.name.value, $0.range) } + file.rules.map { ($0.name.value, $0.range) }
  return all.filter { $0.1.source == source }.map { (name: $0.0, start: $0.1.start) }.sorted { $0.start < $1.start }
}

private let opening = "# survives"

/// The comments that mean to accept something.
private func comments(of text: SourceText, _ id: SourceID) -> [(text: Substring, range: SourceRange)] {
  var found: [(Substring, SourceRange)] = []
  for (number, start) in text.lineStarts.enumerated() {
    let end = number + 1 < text.lineStarts.count ? text.lineStarts[number + 1] - 1 : text.bytes.count
    guard start <= end else { continue }
    let line = String(decoding: text.bytes[start..<end], as: UTF8.self)
    guard let place = line.firstRange(of: opening) else { continue }
    let before = line[..<place.lowerBound].utf8.count
    found.append((line[place.upperBound...], SourceRange(id, start + before, end)))
  }
  return found
}

/// ` (a; b): because` → its changes and its reason.
private func parts(of text: Substring) -> (changes: [String], because: String)? {
  var rest = trimmed(text)
  guard rest.first == "(", let close = closing(rest) else { return nil }
  let changes = rest[rest.index(after: rest.startIndex)..<close].split(separator: ";").map { String(trimmed($0)) }
  rest = rest[rest.index(after: close)...]
  guard rest.first == ":" else { return nil }
  let because = trimmed(rest.dropFirst())
  return changes.isEmpty || because.isEmpty ? nil : (changes, String(because))
}

/// The bracket that closes the first one.
private func closing(_ text: Substring) -> Substring.Index? {
  var open = 0
  for index in text.indices {
    if text[index] == "(" { open += 1 }
    if text[index] == ")" {
      open -= 1
      if open == 0 { return index }
    }
  }
  return nil
}

private func trimmed(_ text: Substring) -> Substring {
  var rest = text.drop { $0.isWhitespace }
  while rest.last?.isWhitespace == true { rest.removeLast() }
  return rest
}
