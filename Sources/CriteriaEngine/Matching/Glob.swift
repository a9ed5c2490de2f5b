/// A name in which `*` stands for any bytes and `?` for one.
package struct Glob: Hashable, Sendable {
  private let pattern: [UInt8]
  package init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  package func matches(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
  }

  /// - Complexity: O(pattern · name), whatever the stars.
  package func matches(_ name: UnsafeRawBufferPointer) -> Bool {
    var inPattern = 0
    var inName = 0
    var star: Int?
    var resume = 0
    while inName < name.count {
      if inPattern < pattern.count, pattern[inPattern] == UInt8(ascii: "*") {
        star = inPattern
        resume = inName
        inPattern += 1
      } else if inPattern < pattern.count,
        pattern[inPattern] == UInt8(ascii: "?") || pattern[inPattern] == name[inName]
      {
        inPattern += 1
        inName += 1
      } else if let star {
        // The last star takes one byte more; earlier ones need never be tried again.
        inPattern = star + 1
        resume += 1
        inName = resume
      } else {
        return false
      }
    }
    return pattern[inPattern...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

extension Program.LogPattern {
  /// Whether lines of a source are for this signal: one of its names is the source's, a glob that matches it, or `any`.
  package func reads(_ source: String) -> Bool { sources.contains { $0 == "any" || Glob($0).matches(source) } }
}
