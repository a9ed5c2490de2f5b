import CriteriaEngine
import CriteriaReaders
import Testing

/// Lines of one program, mostly of the same members; and what is in logs besides.
private func randomLog(_ dice: inout Dice) -> [UInt8] {
  let messages = [
    "error", "panic", "fine", "a \\\"quoted\\\" error", "tab\\there", "\\u00e9 error", "two\\nerror lines", "", "é",
    "x \\\\",
    "half \\ud800", "bad \\x", "a\tb",
  ]
  let numbers = ["0", "-1", "12.5", "1e9", "1E-3", "007", "1.", "-", "+1", "0.0", "123456789012345678901"]
  let times = ["\"\"", "\"yesterday\"", "1795395600.5", "1795395600123", "null"]
  let forms = [
    ["time", "level", "host", "app", "message"], ["ts", "msg", "n", "host"], ["message"],
    ["time", "msg", "log", "service", "app"],
    ["time", "n", "ok", "message", "host", "instance"], ["time", "datetime", "message"],
  ]
  let form = dice.pick(forms)
  let space = dice.chance(30) ? " " : ""
  var text: [UInt8] = []
  for second in 0..<(20 + dice.below(150)) {
    var members = dice.chance(95) ? form : dice.pick(forms)
    if dice.chance(3) { members.swapAt(0, members.count - 1) }
    let parts = members.map { name -> String in
      let value: String
      switch name {
      case "time", "ts", "datetime":
        value = dice.chance(94) ? "\"2026-11-23T01:0\(second / 60):\(10 + second % 50)Z\"" : dice.pick(times)
      case "n": value = dice.chance(70) ? "\(second)" : dice.pick(numbers)
      case "ok": value = dice.chance(90) ? "true" : dice.pick(["false", "null", "{\"a\":1}", "[1,2]", "True"])
      case "host", "instance":
        value = dice.chance(95) ? "\"web-\(dice.below(3))\"" : dice.pick(["\"\"", "\"a\\\"b\"", "7"])
      case "app", "service":
        value = dice.chance(95) ? "\"\(dice.pick(["kernel", "app", "sshd"]))\"" : dice.pick(["\"\"", "null"])
      default: value = dice.chance(97) ? "\"\(dice.pick(messages))\"" : dice.pick(["null", "[101]", "12"])
      }
      return "\"\(name)\":\(space)\(value)"
    }
    var line = "{" + parts.joined(separator: ",\(space)") + "}"
    switch dice.below(60) {
    case 0: line = ""
    case 1: line.removeLast()
    case 2: line += " "
    case 3: line += "x"
    case 4: line = " " + line
    case 5: line = "no json"
    default: break
    }
    text += Array(line.utf8)
    if dice.chance(1) { text.append(0xFF) }
    text += Array(dice.chance(5) ? "\r\n".utf8 : "\n".utf8)
  }
  return text
}

@Suite("lines of JSON that are made like those before")
struct JSONShapeTests {
  @Test("are read as line by line", arguments: 0..<40)
  func same(seed: UInt64) throws {
    var dice = Dice(seed + 1)
    let patterns = try [(["kernel"], "error|panic"), (["app*"], "^(?i)two\nerror"), (["any"], "lines$")].map {
      InputFilter.LogPattern(sources: $0, regex: try Regex(pattern: $1))
    }
    for _ in 0..<20 {
      let filter = InputFilter(metrics: [:], logs: dice.chance(50) ? patterns : Array(patterns[..<1]))
      let text = randomLog(&dice)
      var spec = InputSpec(path: "app.json")
      if dice.chance(20) { spec.instance = "given" }
      if dice.chance(20) { spec.source = dice.pick(["kernel", "other"]) }
      func read(_ chunk: Int, every: Bool) -> AssembledInput {
        var options = InputOptions()
        options.chunk = chunk
        options.longestLine = 400
        options.readsEveryHeader = every
        var assembler = InputAssembler(filter: filter, options: options)
        assembler.read(log: ByteStream(text, name: spec.path, chunk: chunk), spec)
        return assembler.finish(fallback: 1_795_395_723_000)
      }
      let expected = read(1 << 18, every: true)
      for chunk in [1 << 18, 1 + dice.below(900)] {
        if let difference = read(chunk, every: false).difference(from: expected) {
          Issue.record("chunk \(chunk): \(difference)\n\(String(decoding: text, as: UTF8.self))")
          return
        }
      }
    }
  }
}
