/// Writes an expression with as few brackets as the grammar allows: parsing the result gives the same tree.
package func print(_ expression: Expr) -> String {
  var printer = Printer()
  printer.write(expression, atLeast: .or)
  return printer.text
}

/// How tightly a production binds, loosest first.
private enum Tightness: Int, Comparable {
  case or, and, not, comparison, sum, product, unary, atom
  static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  /// One tighter: what the right side of a left-associative operator needs.
  var next: Self { Self(rawValue: rawValue + 1) ?? .atom }
}

private struct Printer {
  var text = ""

  mutating func write(_ expression: Expr, atLeast required: Tightness) {
    let own = tightness(of: expression)
    if own < required { text += "(" }
    write(expression)
    if own < required { text += ")" }
  }

  private func tightness(of expression: Expr) -> Tightness {
    switch expression {
    case .logical(let sign, _, _, _): sign == .or ? .or : .and
    case .not: .not
    case .comparison, .membership, .match: .comparison
    case .arithmetic(let sign, _, _, _): sign == .add || sign == .subtract ? .sum : .product
    case .negate: .unary
    case .number, .string, .bool, .path, .window, .call: .atom
    }
  }

  private mutating func write(_ expression: Expr) {
    switch expression {
    case .number(let number, _): text += literal(number)
    case .string(let string, _): text += quoted(string)
    case .bool(let bool, _): text += bool ? "true" : "false"
    case .path(let path): text += pathText(path)
    case .window(let path, let duration, _): text += "\(pathText(path))[\(duration.text)]"
    case .call(let name, let arguments, _):
      text += name.value + "("
      for (index, argument) in arguments.enumerated() {
        if index > 0 { text += ", " }
        write(argument, atLeast: .or)
      }
      text += ")"
    case .not(let inner, _):
      text += "not "
      write(inner, atLeast: .comparison)
    case .negate(let inner, _):
      text += "-"
      write(inner, atLeast: .atom)
    case .logical(let sign, let left, let right, _):
      writePair(left, " \(sign.rawValue) ", right, tightness(of: expression))
    case .arithmetic(let sign, let left, let right, _):
      writePair(left, " \(sign.rawValue) ", right, tightness(of: expression))
    case .comparison(let sign, let left, let right, _):
      write(left, atLeast: .sum)
      text += " \(sign.rawValue) "
      write(right, atLeast: .sum)
    case .membership(let inner, let literals, _):
      write(inner, atLeast: .sum)
      text += " in [" + literals.map(literalText).joined(separator: ", ") + "]"
    case .match(let inner, let pattern, _):
      write(inner, atLeast: .sum)
      text += " =~ " + quoted(pattern.value)
    }
  }

  private mutating func writePair(_ left: Expr, _ sign: String, _ right: Expr, _ own: Tightness) {
    write(left, atLeast: own)
    text += sign
    write(right, atLeast: own.next)
  }

  private func literalText(_ literal: Literal) -> String {
    switch literal.value {
    case .number(let number): self.literal(number)
    case .string(let string): quoted(string)
    case .bool(let bool): bool ? "true" : "false"
    }
  }

  private func literal(_ number: NumberLiteral) -> String { decimal(number.digits) + (number.unit?.name ?? "") }

  private func pathText(_ path: Path) -> String {
    path.rest.reduce(path.first.value) { text, part in text + member(part.value) }
  }

}

/// What follows a path to name a part of it: `.role`, `["a.b/c"]`.
package func member(_ name: String) -> String { isName(name) ? ".\(name)" : "[\(quoted(name))]" }

private func quoted(_ string: String) -> String {
  var result = "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\\": result += "\\\\"
    case "\"": result += "\\\""
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// `[A-Za-z_][A-Za-z0-9_]*`: what can be used in expressions.
package func isName(_ text: String) -> Bool {
  guard let first = text.utf8.first else { return false }
  return isNameStart(first) && text.utf8.allSatisfy(isNamePart)
}

/// The shortest decimal that reads back as `value`, without an exponent.
package func decimal(_ value: Double) -> String {
  let text = value.description
  let parts = text.split(separator: "e")
  let sign = text.hasPrefix("-") ? "-" : ""
  let mantissa = parts[0].drop { $0 == "-" }.split(separator: ".")
  let whole = String(mantissa[0])
  let fraction = mantissa.count == 2 && mantissa[1] != "0" ? String(mantissa[1]) : ""
  let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
  let digits = whole + fraction
  let point = whole.count + exponent
  if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
  if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
  return sign + digits.prefix(point) + "." + digits.dropFirst(point)
}
