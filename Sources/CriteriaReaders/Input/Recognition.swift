import CriteriaEngine

/// The first bytes of an input, by which its format is told.
struct Head {
  let bytes: UnsafeRawBufferPointer
  /// There is nothing behind them.
  let isWhole: Bool
  /// The path as the user named it.
  let name: String

  /// Valid until the stream is read on.
  init(of lines: LineStream) {
    let size = 1 << 16
    let bytes = withoutMark(lines.peek(size))
    self.bytes = bytes
    isWhole = bytes.count < size
    name = lines.bytes.name
  }

  /// The whole lines in it, and the last one even if it is cut.
  var lines: LinesOfBlock { LinesOfBlock(bytes) }
}

/// Which layout a log has, and why.
///
/// Of several layouts of the user the one that matches most of the first lines counts; where none matches any, the lines
/// are plain text.
func recogniseLog(_ head: Head, layouts: [LogFormat]) -> (kind: LogKind, why: String) {
  let scanner = RegexScanner()
  var best: (index: Int, matched: Int, lines: Int)?
  for (index, layout) in layouts.enumerated() {
    let count = layout.matches(in: head.bytes, scanner)
    if count.matched > best?.matched ?? 0 { best = (index, count.matched, count.lines) }
  }
  if let best {
    return (.formatted(best.index), "`--log-format` matches \(best.matched) of the first \(best.lines) lines")
  }
  return (.plain, "text")
}
