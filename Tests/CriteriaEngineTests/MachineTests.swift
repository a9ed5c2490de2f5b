import Testing

@testable import CriteriaEngine

@Suite("One machine of a rule")
struct MachineTests {
  /// `when` per tick as text: `1` true, `0` false; the states as `i p a h`.
  @Test(
    "states tick by tick",
    arguments: [
      ("without `for` it is active at once", "0110", 0, 0, "iaai"),
      ("`for: 2` is active two ticks after it became pending", "111110", 2, 0, "ppaaai"),
      ("a gap starts `for` anew", "110111", 2, 0, "ppippa"),
      ("`hold: 2` is idle two ticks after it cleared", "1100000", 0, 2, "aahhiii"),
      ("`when` makes holding active at once, whatever `for` says", "1110100", 2, 3, "ppahahh"),
      ("an expired hold begins with pending again", "1110011", 2, 2, "ppahhpp"),
    ] as [(String, String, Int64, Int64, String)])
  func states(_ name: String, whens: String, wait: Int64, hold: Int64, expected: String) {
    var machine = Machine()
    var states = ""
    for (tick, when) in whens.enumerated() {
      machine.step(
        when: when == "1", until: nil, wait: wait, hold: hold, mayClear: true, isSteady: false, at: Int64(tick))
      states += String("\(machine.state)".first!)
    }
    #expect(states == expected, Comment(rawValue: name))
  }

  @Test("`when` beats `until`, and without either it stays")
  func until() {
    var machine = Machine()
    func step(_ when: Bool, _ until: Bool, _ tick: Int64) -> RuleState {
      machine.step(when: when, until: until, wait: 0, hold: 0, mayClear: true, isSteady: false, at: tick)
      return machine.state
    }
    #expect(step(true, true, 0) == .active)
    #expect(step(true, true, 1) == .active)
    #expect(step(false, false, 2) == .active)
    #expect(step(false, true, 3) == .idle)
  }

  @Test("a latch never clears")
  func latch() {
    var machine = Machine()
    for (tick, when) in [true, false, false].enumerated() {
      machine.step(when: when, until: nil, wait: 0, hold: 0, mayClear: false, isSteady: false, at: Int64(tick))
    }
    #expect(machine.state == .active)
    #expect(machine.since == 0)
  }
}

@Suite("Verdicts over all that is possible")
struct VerdictTests {
  @Test(
    "outcomes",
    arguments: [
      (0, 40, Truth.no, Truth.no, Truth.no, [Verdict.keep]),
      (0, 60, .no, .no, .no, [.keep, .watch]),
      (60, 120, .no, .no, .no, [.watch, .replace]),
      (0, 120, .no, .no, .no, [.keep, .watch, .replace]),
      (0, 0, .no, .no, .yes, [.replace]),
      (0, 0, .no, .no, .unknown, [.keep, .replace]),
      (120, 120, .yes, .no, .no, [.watch]),
      (120, 120, .unknown, .no, .no, [.watch, .replace]),
      (0, 0, .yes, .yes, .yes, [.watch]),
      (0, 0, .no, .yes, .yes, [.quarantine]),
      (0, 0, .no, .unknown, .yes, [.quarantine, .replace]),
      (0, 0, .yes, .no, .unknown, [.keep, .watch]),
    ] as [(Int64, Int64, Truth, Truth, Truth, [Verdict])])
  func outcomes(low: Int64, high: Int64, protect: Truth, quarantine: Truth, replace: Truth, expected: [Verdict]) {
    let set = Summary.outcomes(
      low: low, high: high, protect: protect, quarantine: quarantine, replace: replace, watchAt: 50, replaceAt: 100)
    #expect(set.verdicts == expected)
  }

  @Test(
    "Kleene: a definite answer wins over a missing one",
    arguments: [
      (Truth.yes, Truth.unknown, Truth.unknown, Truth.yes), (.no, .unknown, .no, .unknown),
      (.unknown, .unknown, .unknown, .unknown), (.yes, .no, .no, .yes),
    ])
  func kleene(a: Truth, b: Truth, and: Truth, or: Truth) {
    #expect((a && b) == and && (b && a) == and)
    #expect((a || b) == or && (b || a) == or)
  }
}

@Suite("Patterns")
struct RegexTests {
  @Test("a catastrophic pattern ends as a limit, never as no match")
  func limit() throws {
    let scanner = RegexScanner()
    let outcome = scanner.search(try Regex(pattern: "(a+)+$"), in: String(repeating: "a", count: 40) + "b")
    #expect(outcome == .limit)
  }

  @Test("named groups are read from the last match, and one that took no part is nothing")
  func captures() throws {
    let regex = try Regex(pattern: #"dev (?<dev>\w+)(?: sector (?<sector>\d+))?"#)
    let scanner = RegexScanner()
    let line = Array("I/O error, dev sda".utf8)
    line.withUnsafeBytes { bytes in
      #expect(scanner.search(regex, in: bytes) == .match)
      #expect(scanner.capture("dev", of: regex, in: bytes) == "sda")
      #expect(scanner.capture("sector", of: regex, in: bytes) == nil)
    }
    #expect(regex.groups == ["dev", "sector"])
  }

  @Test("an error says where", arguments: [("a(b", 3), ("x[z-a]", 4), ("", -1)])
  func errors(pattern: String, offset: Int) {
    do {
      _ = try Regex(pattern: pattern)
      #expect(offset == -1)
    } catch {
      #expect(error.offset == offset)
    }
  }

  @Test("a subject of nothing, of NUL bytes and of invalid UTF-8 is searched as bytes")
  func bytes() throws {
    let scanner = RegexScanner()
    let regex = try Regex(pattern: "b")
    #expect(scanner.search(regex, in: UnsafeRawBufferPointer(start: nil, count: 0)) == .noMatch)
    [0, 0xFF, UInt8(ascii: "b")].withUnsafeBytes { #expect(scanner.search(regex, in: $0) == .match) }
  }
}

@Suite("Globs")
struct GlobTests {
  @Test(
    "a glob matches whole names",
    arguments: [
      ("sshd", "sshd", true), ("sshd", "sshd2", false), ("sshd*", "sshd", true), ("ss?d", "sshd", true),
      ("*", "", true),
      ("?", "", false), ("*a*b*c", "xaxxbxc", true), ("*a*b*c", "xaxxbx", false), ("**", "x", true),
      (String(repeating: "*a", count: 30) + "b", String(repeating: "a", count: 2000), false),
    ])
  func globs(pattern: String, name: String, expected: Bool) {
    var name = name
    #expect(name.withUTF8 { Glob(pattern).matches(UnsafeRawBufferPointer($0)) } == expected)
  }
}
