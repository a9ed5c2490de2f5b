import Glibc

/// One of the two streams that people look at: whether it is a terminal, and which colours it takes.
struct Terminal {
  let descriptor: Int32
  let isTerminal: Bool
  /// Colours only on a terminal, and never with `NO_COLOR` (https://no-color.org) or `TERM=dumb`.
  let colours: Bool
  /// In characters; `nil` where lines need not fit.
  let width: Int?

  static let output = Terminal(descriptor: STDOUT_FILENO)
  static let errors = Terminal(descriptor: STDERR_FILENO)

  private init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    let plain = environment("NO_COLOR").map { !$0.isEmpty } ?? false
    colours = isTerminal && !plain && environment("TERM") != "dumb"
    var size = winsize()
    let known = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    width = known ? Int(size.ws_col) : nil
  }

  func paint(_ text: String, _ colour: Colour) -> String {
    colours ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// Select Graphic Rendition parameters (ECMA-48).
enum Colour: String {
  case bold = "1"
  case faint = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case magenta = "35"
  case cyan = "36"
  case alarm = "1;31"
}

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The text with everything that could steer a terminal or turn its reading direction made visible: `\x1b`, `\u{202e}`.
func visible(_ text: some StringProtocol) -> String {
  var shown = ""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x09: shown += "\\t"
    case 0x0A: shown += "\\n"
    case 0x0D: shown += "\\r"
    case 0x00..<0x20, 0x7F..<0xA0: shown += "\\x" + hexadecimal(scalar.value, digits: 2)
    case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: shown += "\\u{" + hexadecimal(scalar.value) + "}"
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return shown
}

private func hexadecimal(_ value: UInt32, digits: Int = 1) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// How many columns of a terminal the text takes: wide East Asian characters and emoji take two, combining marks none.
func columns(_ text: some StringProtocol) -> Int {
  var total = 0
  for character in text {
    guard let scalar = character.unicodeScalars.first else { continue }
    total += isWide(scalar) ? 2 : scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
  }
  return total
}

private func isWide(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
    0x20000...0x3FFFD:
    true
  default: false
  }
}
