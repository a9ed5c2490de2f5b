extension FleetState {
  /// Takes in a text of lines of one log source, all seen at one time. Decides as each line by itself does, but looks only
  /// once for all patterns, and hardly at lines that none matches.
  ///
  /// Lines that match nothing say only that they came, so they are counted as one observation.
  /// - Returns: How many lines match a pattern of the source, or may.
  package func observe(
    lines text: UnsafeRawBufferPointer, source: String, of id: String, at time: Timestamp
  ) -> Int {
    let matcher = workspace.logMatcher
    let readers = Set(door.signals(ofSource: source))
    var hasSilent = false
    var end = 0
    // The text between two lines that match is other lines, if it is more than a line's end.
    func see(_ hit: Range<Int>?) {
      let next = hit?.lowerBound ?? text.count
      if next > end, !hasSilent {
        hasSilent = true
        let first = text[end..<next].prefix { $0 != 0x0A }
        _ = observe(.line(String(decoding: first, as: UTF8.self), source: source), of: id, at: time, origin: nil)
      }
    }
    // A line that is observed is searched by the same matcher, so the lines are found before the first of them is.
    var lines: [Range<Int>] = []
    matcher.scan(text) { hit in
      guard readers.contains(workspace.logSignals[hit.pattern]), hit.line != lines.last else { return }
      lines.append(hit.line)
    }
    for line in lines {
      see(line)
      let message = String(decoding: text[line], as: UTF8.self)
      _ = observe(.line(message, source: source), of: id, at: time, origin: nil)
      // Behind the line's end.
      end = line.upperBound
      while end < text.count, text[end] == 0x0D { end += 1 }
      if end < text.count { end += 1 }
    }
    see(nil)
    return lines.count
  }
}
