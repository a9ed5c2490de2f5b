package import CriteriaDiagnostics

/// Warns of characters that make a file look other than it is: those that turn the direction of text or cannot be seen,
/// and words that mix the look-alike letters of two alphabets. Names, strings and comments alike.
///
/// - Complexity: O(bytes).
package func checkCharacters(of source: SourceID, in sources: SourceMap) -> [Diagnostic] {
  let text = sources[source]
  // Nothing in ASCII is hidden, or looks like something else in ASCII.
  if text.bytes.allSatisfy({ $0 < 0x80 }) { return [] }
  var scanner = CharacterScanner(source: source, text: text)
  scanner.run()
  return scanner.diagnostics
}

private struct CharacterScanner {
  let source: SourceID
  let text: SourceText
  var diagnostics: [Diagnostic] = []
  /// The word being read: where it starts, and the first letter of each alphabet.
  private var wordStart: Int?
  private var hasLatin = false
  private var foreign: (letter: Unicode.Scalar, script: String)?

  init(source: SourceID, text: SourceText) {
    self.source = source
    self.text = text
  }

  mutating func run() {
    var decoder = UTF8()
    var bytes = text.bytes.makeIterator()
    var offset = 0
    // A byte order mark may open the file.
    let start = text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    scanning: while true {
      switch decoder.decode(&bytes) {
      case .emptyInput: break scanning
      case .error: offset += 1
      case .scalarValue(let scalar):
        let end = offset + UTF8.width(scalar)
        if offset >= start { read(scalar, from: offset, to: end) }
        offset = end
      }
    }
    endWord(at: offset)
  }

  private mutating func read(_ scalar: Unicode.Scalar, from start: Int, to end: Int) {
    if isBidirectionalControl(scalar) || isInvisible(scalar) {
      let range = SourceRange(source, start, end)
      diagnostics.append(
        .hiddenCharacter(scalar, isBidirectional: isBidirectionalControl(scalar), at: range))
      return
    }
    guard scalar.properties.isAlphabetic || scalar == "_" || ("0"..."9").contains(scalar) else {
      endWord(at: start)
      return
    }
    if wordStart == nil { wordStart = start }
    if ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) {
      hasLatin = true
    } else if foreign == nil, let script = lookalikeScript(scalar) {
      foreign = (scalar, script)
    }
  }

  private mutating func endWord(at end: Int) {
    if let start = wordStart, hasLatin, let foreign {
      let word = String(decoding: text.bytes[start..<end], as: UTF8.self)
      diagnostics.append(
        .mixedScripts(word, foreign.letter, script: foreign.script, at: SourceRange(source, start, end)))
    }
    wordStart = nil
    hasLatin = false
    foreign = nil
  }

  private func isBidirectionalControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// Zero width, without a part in how other characters join.
  private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00AD, 0x180E, 0x200B, 0x2060...0x2064, 0xFEFF, 0xE0000...0xE007F: true
    default: false
    }
  }

  /// Cyrillic, and Greek letters that look Latin: `Δt` is no disguise.
  private func lookalikeScript(_ scalar: Unicode.Scalar) -> String? {
    switch scalar.value {
    case 0x0400...0x052F: return "Cyrillic"
    case 0x0370...0x03FF where "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορυχϲϳ".unicodeScalars.contains(scalar): return "Greek"
    default: return nil
    }
  }
}
