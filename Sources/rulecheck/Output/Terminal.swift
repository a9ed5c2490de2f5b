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
    rulecheck.paint(text, colours ? colour : nil)
  }
}

func paint(_ text: String, _ colour: Colour?) -> String {
  colour.map { "\u{1B}[\($0.rawValue)m\(text)\u{1B}[0m" } ?? text
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

/// How many processors may run at a time.
func activeProcessors() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
