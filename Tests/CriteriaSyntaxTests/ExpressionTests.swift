import CriteriaDiagnostics
import CriteriaSyntax
import Testing

@Suite("Expressions")
struct ExpressionTests {
  @Test(
    "operators bind as the grammar says",
    arguments: [
      ("a or b and c", #"(or "a" (and "b" "c"))"#), ("a and b or c", #"(or (and "a" "b") "c")"#),
      ("not a == b and c", #"(and (not (== "a" "b")) "c")"#),
      ("a + b * c < d - e / f", #"(< (+ "a" (* "b" "c")) (- "d" (/ "e" "f")))"#),
      ("a - b - c", #"(- (- "a" "b") "c")"#), ("a / b / c", #"(/ (/ "a" "b") "c")"#),
      ("a - (b - c)", #"(- "a" (- "b" "c"))"#),
      ("-a * b", #"(* (- "a") "b")"#), ("a * -b", #"(* "a" (- "b"))"#), ("-(a + b)", #"(- (+ "a" "b"))"#),
      ("(a or b) and c", #"(and (or "a" "b") "c")"#), ("(a < b) == true", #"(== (< "a" "b") true)"#),
      ("not (not a)", #"(not (not "a"))"#),
    ])
  func precedence(text: String, expected: String) {
    let (expression, diagnostics) = parseExpression(text)
    #expect(diagnostics == [])
    #expect(expression.map(dump) == expected)
  }

  @Test(
    "atoms are read as they are written",
    arguments: [
      ("90%", "90.0 '%'"), ("4KiB/s", "4.0 'KiB/s'"), ("100/s", "100.0 '/s'"), ("100/size", #"(/ 100.0 "size")"#),
      ("100/s1", #"(/ 100.0 "s1")"#), ("100/s_", #"(/ 100.0 "s_")"#), ("5m/h", "5.0 'm/h'"), ("1%/h", "1.0 '%/h'"),
      ("100 / s", #"(/ 100.0 "s")"#), ("100/ s", #"(/ 100.0 "s")"#), ("5MB/size", #"(/ 5.0 'MB' "size")"#),
      ("100/m.x", #"(/ 100.0 "m"/"x")"#), ("0.5", "0.5"), ("007", "7.0"), ("1.50ms", "1.5 'ms'"), ("true", "true"),
      (#""a\"b\\c\n\t\'""#, "\"a\"b\\c\n\t'\""), (#"'it"s'"#, "\"it\"s\""), ("up", #""up""#),
      ("oom.comm", #""oom"/"comm""#), (#"label["a/b"].c"#, #""label"/"a/b"/"c""#), ("fact.in", #""fact"/"in""#),
      ("avg(cpu[5m])", #"(avg (window "cpu" 300000))"#), ("f()", "(f)"),
      ("max(a, b + 1, cpu[1.5h])", #"(max "a" (+ "b" 1.0) (window "cpu" 5400000))"#),
      ("now(a.b[\"c\"][1w])", #"(now (window "a"/"b"/"c" 604800000))"#),
      (#"x in ["a", -5%, true]"#, #"(in "x" "a" -5.0 '%' true)"#),
      (#"x =~ "^a""#, #"(=~ "x" "^a")"#), ("since(a != \"True\")", #"(since (!= "a" "True"))"#),
      ("f(not a)", #"(f (not "a"))"#),
      ("f(true)", "(f true)"), ("f(-a)", #"(f (- "a"))"#), ("not_a", #""not_a""#), ("android", #""android""#),
    ])
  func atoms(text: String, expected: String) {
    let (expression, diagnostics) = parseExpression(text)
    #expect(diagnostics == [])
    #expect(expression.map(dump) == expected)
  }

  @Test(
    "a fault that is easily mended comes with its mend",
    arguments: [
      ("up > 5 m", "up > 5m"), ("up > 90 %", "up > 90%"), ("up > 1h30m", "up > 90m"), ("up > 1m1s", "up > 61s"),
      ("a < b < c", "a < b and b < c"), ("a < b + 1 <= c == d", "a < b + 1 and b + 1 <= c and c == d"),
      ("a && b", "a and b"),
      ("a||b", "a or b"), ("a&&b", "a and b"), ("!a", "not a"), ("! a", "not a"), ("a = b", "a == b"),
      ("a <> b", "a != b"),
      ("a AND b", "a and b"), ("a Or b", "a or b"), ("NOT a", "not a"), ("a IN [1]", "a in [1]"),
      ("up > 5min", "up > 5m"),
      ("up > 5Mb", "up > 5MB"), ("up > 10KB", "up > 10kB"), ("up > 5 hours", nil), ("x =~ \"\\d\"", "x =~ \"\\\\d\""),
      ("up > .5", "up > 0.5"),
      ("up > 5.", "up > 5"), ("up > 1e3", "up > 1000"), ("up > 1.5e3", "up > 1500"), ("up > 10_000", "up > 10000"),
      ("up > 5 MB/s", "up > 5MB/s"), ("x in [web]", "x in [\"web\"]"), ("a => b", "a >= b"), ("a === b", "a == b"),
    ] as [(String, String?)])
  func fixes(text: String, expected: String?) throws {
    let (expression, diagnostics) = parseExpression(text)
    #expect(expression == nil)
    let fix = try #require(diagnostics.first).fix
    guard let expected else {
      #expect(fix == nil)
      return
    }
    var bytes = Array(text.utf8)
    let edit = try #require(fix)
    bytes.replaceSubrange(edit.range.start..<edit.range.end, with: edit.text.utf8)
    #expect(diagnostics.count == 1)
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
    #expect(parseExpression(expected).diagnostics == [])
  }

  @Test("limits hold at their edge")
  func limits() {
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
    }
    #expect(parseExpression(nested(64)).diagnostics == [])
    #expect(parseExpression(nested(65)).diagnostics.map(\.code) == [.expressionTooLarge])
    #expect(parseExpression(nested(5000)).diagnostics.map(\.code) == [.expressionTooLarge])
    func sum(_ operators: Int) -> String { "a" + String(repeating: "+a", count: operators) }
    #expect(parseExpression(sum(500)).diagnostics == [])
    #expect(parseExpression(sum(501)).diagnostics.map(\.code) == [.expressionTooLarge])
    func list(_ count: Int) -> String { "a in [" + Array(repeating: "1", count: count).joined(separator: ",") + "]" }
    #expect(parseExpression(list(5000)).diagnostics == [])
    #expect(parseExpression(list(10_000)).diagnostics.map(\.code) == [.expressionTooLarge])
    #expect(parseExpression("a > " + String(repeating: "9", count: 400)).diagnostics.map(\.code) == [.badNumber])
    #expect(
      parseExpression("a > 1" + String(repeating: "0", count: 305) + "TB").diagnostics.map(\.code) == [.badNumber])
    #expect(
      parseExpression("a > " + String(repeating: "0.0", count: 1) + String(repeating: "1", count: 400)).diagnostics
        == [])
    #expect(parseExpression("avg(a[36525d])").diagnostics == [])
    #expect(parseExpression("avg(a[36526d])").diagnostics.map(\.code) == [.notADuration])
  }

  @Test(
    "durations are whole milliseconds, read exactly",
    arguments: [
      ("1.5", "h", 5_400_000), ("0.001", "s", 1), ("0.0005", "s", nil), ("0.1", "ms", nil),
      ("100000000000000000000", "d", nil), ("1.", "s", 1000),
      ("0000000000000000000005", "s", 5000), ("1.500000000000000000000", "s", 1500), ("2", "w", 1_209_600_000),
      ("5", "MB", nil),
    ] as [(String, String, Int64?)])
  func durations(digits: String, unit: String, expected: Int64?) {
    #expect(Duration(digits: digits, unit: unit)?.milliseconds == expected)
  }

  @Test(
    "units convert by one operation",
    arguments: [
      ("%", 90, 0.9), ("percent", 7, 0.07), ("ms", 3, 0.003), ("KiB/s", 4, 4096), ("MB/m", 3, 50_000), ("/h", 3600, 1),
      ("m/h", 30, 0.5),
      ("ratio", 0.3, 0.3), ("bytes", 5, 5), ("seconds", 5, 5), ("bytes/s", 5, 5), ("percent/h", 360, 0.001),
    ])
  func units(name: String, digits: Double, expected: Double) throws {
    #expect(try #require(Units.named(name)).canonical(digits) == expected)
  }

  @Test(
    "names of units that do not exist are refused", arguments: ["", "x", "%/x", "%/s/s", "/", "//s", "% ", "Percent"])
  func badUnits(name: String) { #expect(Units.named(name) == nil) }
}

@Suite("Printing")
struct PrinterTests {
  @Test(
    "brackets stand only where they are needed",
    arguments: [
      ("((a))", "a"), ("(a or b) or c", "a or b or c"), ("a or (b or c)", "a or (b or c)"), ("(a*b)+c", "a * b + c"),
      ("a*(b+c)", "a * (b + c)"), ("a-(b-c)", "a - (b - c)"), ("not(a==b)", "not a == b"),
      ("(not a) == b", "(not a) == b"),
      ("-(-a)", "-(-a)"), ("-(a*b)", "-(a * b)"), ("(a<b)==c", "(a < b) == c"), ("label['a/b'].c", #"label["a/b"].c"#),
      ("x in ['a',-5%]", #"x in ["a", -5%]"#),
      ("avg(cpu[90m])", "avg(cpu[90m])"), ("avg(cpu[60m])", "avg(cpu[1h])"), ("0.0000001", "0.0000001"),
      ("100000000000000000000000", "100000000000000000000000"),
      ("1000000000000000000000000000000%", "1000000000000000000000000000000%"),
    ])
  func brackets(text: String, expected: String) throws {
    #expect(print(try #require(parseExpression(text).expression)) == expected)
  }

  @Test("parsing what was printed gives the same tree", arguments: 0..<20)
  func roundTrip(seed: Int) throws {
    var generator = ExpressionGenerator(random: Seeded(UInt64(seed)))
    for _ in 0..<500 {
      let expression = generator.expression(depth: 5)
      let text = print(expression)
      let (parsed, diagnostics) = parseExpression(text)
      #expect(diagnostics == [], "\(text)")
      #expect(try dump(#require(parsed)) == dump(expression), "\(text)")
    }
  }
}

/// Random trees of every kind of node, without regard to names and types.
struct ExpressionGenerator {
  var random: Seeded
  private let nowhere = SourceRange(SourceID(index: 0), 0, 0)

  init(random: Seeded) { self.random = random }

  mutating func expression(depth: Int) -> Expr {
    let kind = depth == 0 ? Int.random(in: 0..<4, using: &random) : Int.random(in: 0..<12, using: &random)
    switch kind {
    case 0: return .number(number(), nowhere)
    case 1: return .string(string(), nowhere)
    case 2: return .bool(Bool.random(using: &random), nowhere)
    case 3: return .path(path())
    case 4: return .call(Name(name(), nowhere), arguments(depth: depth), nowhere)
    case 5: return .not(expression(depth: depth - 1), nowhere)
    case 6: return .negate(expression(depth: depth - 1), nowhere)
    case 7:
      return .logical(
        Bool.random(using: &random) ? .and : .or, expression(depth: depth - 1), expression(depth: depth - 1), nowhere)
    case 8, 9:
      let sign: [ArithmeticOperator] = [.add, .subtract, .multiply, .divide]
      return .arithmetic(
        sign.randomElement(using: &random)!, expression(depth: depth - 1), expression(depth: depth - 1), nowhere)
    case 10:
      return .comparison(
        ComparisonOperator.allCases.randomElement(using: &random)!, expression(depth: depth - 1),
        expression(depth: depth - 1),
        nowhere)
    default:
      if Bool.random(using: &random) {
        return .match(expression(depth: depth - 1), pattern: Located(string(), nowhere), nowhere)
      }
      let literals = (0..<Int.random(in: 1...3, using: &random)).map { _ in literal() }
      return .membership(expression(depth: depth - 1), literals, nowhere)
    }
  }

  private mutating func arguments(depth: Int) -> [Expr] {
    (0..<Int.random(in: 0...3, using: &random)).map { _ in
      if Bool.random(using: &random) { return expression(depth: depth - 1) }
      let milliseconds = Int64.random(in: 1...1_000_000_000, using: &random)
      return .window(
        path(), Duration(milliseconds: Bool.random(using: &random) ? milliseconds : (milliseconds % 100 + 1) * 60_000),
        nowhere)
    }
  }

  private mutating func literal() -> Literal {
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      var number = number()
      if Bool.random(using: &random) { number.digits = -number.digits }
      return Literal(.number(number), nowhere)
    case 1: return Literal(.string(string()), nowhere)
    default: return Literal(.bool(Bool.random(using: &random)), nowhere)
    }
  }

  private mutating func number() -> NumberLiteral {
    let unit = Bool.random(using: &random) ? Units.literals.randomElement(using: &random) : nil
    let rate = Int.random(in: 0..<4, using: &random) == 0 ? Units.rates.randomElement(using: &random) : nil
    let magnitude = Double(Int.random(in: -12...20, using: &random))
    var digits = Double.random(in: 0..<1, using: &random)
    for _ in 0..<Int(abs(magnitude)) { digits = magnitude < 0 ? digits / 10 : digits * 10 }
    if Bool.random(using: &random) { digits = digits.rounded() }
    return NumberLiteral(digits: digits, unit: unit == nil && rate == nil ? nil : Units.unit(unit?.name, per: rate))
  }

  private mutating func string() -> String {
    let alphabet = ["a", "é", "日", "🚀", "\"", "'", "\\", "\n", "\t", " ", "#", "[", "}", "n"]
    return (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random)! }.joined()
  }

  private mutating func name() -> String {
    ["a", "cpu", "_x9", "nota", "s", "m", "orders", "Not_"].randomElement(using: &random)!
  }

  private mutating func path() -> Path {
    var path = Path(first: Name(name(), nowhere), range: nowhere)
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      path.rest.append(
        Name(Bool.random(using: &random) ? name() : ["and", "a/b", "", "日"].randomElement(using: &random)!, nowhere))
    }
    return path
  }
}
