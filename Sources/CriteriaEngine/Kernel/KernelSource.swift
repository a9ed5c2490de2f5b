/// The plain rules of a kernel as C, as one would write them by hand: what the kernel is measured against.
struct KernelSource {
  private let graph: KernelGraph
  private let program: Program
  private let watch: Int64
  private let replace: Int64

  /// Ramps multiply by the inverse of their width, round once and leave conditions out that say the same: faster, and not
  /// always the same.
  private let isQuick: Bool

  init(_ program: Program, _ graph: KernelGraph, isQuick: Bool) {
    self.isQuick = isQuick
    self.program = program
    self.graph = graph
    watch = program.watch
    replace = program.replace
  }

  /// The statements that leave the low score in `low` (thousandths, as a double) and count the rules that are unknown.
  ///
  /// - Returns: nil if a rule has no plain form in C, as a regular expression has none.
  private func body(_ rules: [(when: KernelGraph.TruthRef, worth: Int?, rule: Program.Rule)]) -> [String]? {
    let needed = graph.reachable(truths: rules.map(\.when), numbers: rules.compactMap(\.worth))
    var lines: [String] = []
    for node in needed.numbers {
      if let expression = number(node) { lines.append("const double n\(node) = \(expression);") }
    }
    for node in needed.truths {
      guard let (isTrue, isFalse) = truth(node) else { return nil }
      lines.append("const _Bool t\(node) = \(isTrue), f\(node) = \(isFalse);")
    }
    lines.append("double low = 0; COUNT unknown = 0;")
    for (when, worth, rule) in rules {
      guard let worth, case .add(_, let least, _) = rule.effect else { continue }
      let (t, f) = planes(when)
      if let constant = graph.constant(worth), !constant.isNaN {
        lines.append("low += \(t) ? \(thousandths(constant)).0 : 0.0; unknown += !(\(t) | \(f));")
      } else if isQuick, let (share, known) = quickRamp(worth) {
        let gate = isStart(when, of: worth) ? "" : "\(t) & "
        let none = gate.isEmpty ? "!known" : "!(\(f) | (\(t) & known))"
        lines.append("{ const double v = \(share); const _Bool known = \(known);")
        lines.append(gate.isEmpty ? "low += v;" : "low += (\(t) & known) ? v : 0.0;")
        lines.append("unknown += \(none); }")
      } else {
        let known = "n\(worth) == n\(worth)"
        lines.append("{ const double v = floor(n\(worth) * 1000 + 0.49999999999999994); const _Bool known = \(known);")
        let unknownWorth = thousandths(least) == 0 ? "0.0" : "(\(t) & !known) ? \(thousandths(least)).0 : 0.0"
        lines.append("low += (\(t) & known) ? v : \(unknownWorth); unknown += !(\(f) | (\(t) & known)); }")
      }
    }
    return lines
  }

  private func literal(_ value: Double) -> String {
    value == .infinity ? "INFINITY" : value == -.infinity ? "-INFINITY" : value.isNaN ? "NAN" : "\(value)"
  }

  private func number(_ node: Int) -> String? {
    switch graph.numbers[node] {
    case .input(let input): "S(\(input))"
    case .constant(let bits): literal(Double(bitPattern: bits))
    case .negate(let a): "-n\(a)"
    case .absolute(let a): "fabs(n\(a))"
    case .arithmetic(.add, let a, let b): "n\(a) + n\(b)"
    case .arithmetic(.subtract, let a, let b): "n\(a) - n\(b)"
    case .arithmetic(.multiply, let a, let b): "n\(a) * n\(b)"
    case .arithmetic(.divide, let a, let b): "n\(a) / n\(b)"
    case .arithmetic(.minimum, let a, let b): "n\(b) == n\(b) ? (n\(b) < n\(a) ? n\(b) : n\(a)) : n\(b)"
    case .arithmetic(.maximum, let a, let b): "n\(b) == n\(b) ? (n\(b) > n\(a) ? n\(b) : n\(a)) : n\(b)"
    case .ramp(let a, let from, let width, let factor):
      ramp("(n\(a) - \(literal(Double(bitPattern: from))))", Double(bitPattern: width), Double(bitPattern: factor))
    case .select(let a, let b): "n\(a) == n\(a) ? n\(a) : n\(b)"
    }
  }

  /// A ramp as thousandths, by fewer operations than the policy has.
  private func quickRamp(_ worth: Int) -> (value: String, known: String)? {
    guard case .ramp(let x, let from, let width, let factor) = graph.numbers[worth] else { return nil }
    let share = "(n\(x) - \(literal(Double(bitPattern: from)))) * \(literal(1 / Double(bitPattern: width)))"
    return ("floor(RAMP(\(share)) * \(literal(Double(bitPattern: factor) * 1000)) + 0.5)", "n\(x) == n\(x)")
  }

  /// Whether a condition only says where a rising ramp starts: below, the ramp is 0 without it.
  private func isStart(_ when: KernelGraph.TruthRef, of worth: Int) -> Bool {
    guard !when.isNegated, case .greater(let a, let b) = graph.truths[when.node],
      case .ramp(let x, let from, let width, _) = graph.numbers[worth]
    else { return false }
    return a == x && graph.constant(b) == Double(bitPattern: from) && Double(bitPattern: width) > 0
  }

  private func ramp(_ above: String, _ width: Double, _ factor: Double) -> String {
    let share = "\(above) / \(literal(width))"
    return factor == 1 ? "RAMP(\(share))" : "RAMP(\(share)) * \(literal(factor))"
  }

  private func planes(_ ref: KernelGraph.TruthRef) -> (isTrue: String, isFalse: String) {
    ref.isNegated ? ("f\(ref.node)", "t\(ref.node)") : ("t\(ref.node)", "f\(ref.node)")
  }

  private func truth(_ node: Int) -> (String, String)? {
    switch graph.truths[node] {
    case .yes: return ("1", "0")
    case .unknown: return ("0", "0")
    case .input, .matches: return nil
    case .greater(let a, let b): return ("n\(a) > n\(b)", "n\(a) <= n\(b)")
    case .equal(let a, let b): return ("n\(a) == n\(b)", "(n\(a) < n\(b)) | (n\(a) > n\(b))")
    case .member(let string, let base, let mask):
      guard case .input(let input) = graph.strings[string] else { return nil }
      let codes = (UInt32(0)..<64).filter { mask >> UInt64($0) & 1 == 1 }.map { base + $0 }
      let isMember = codes.isEmpty ? "0" : codes.map { "(K(\(input)) == \($0))" }.joined(separator: " | ")
      // One would not ask for what the data does not have; where it does, scores tell.
      return (isMember, isQuick ? "!(\(isMember))" : "(K(\(input)) != 0) & !(\(isMember))")
    case .sameString(let a, let b):
      guard case .input(let left) = graph.strings[a], case .input(let right) = graph.strings[b] else { return nil }
      let known = "(K(\(left)) != 0) & (K(\(right)) != 0)"
      return ("\(known) & (K(\(left)) == K(\(right)))", "\(known) & (K(\(left)) != K(\(right)))")
    case .split(let a, let b): return (planes(a).isTrue, planes(b).isFalse)
    case .and(let a, let b):
      let (left, right) = (planes(a), planes(b))
      return ("\(left.isTrue) & \(right.isTrue)", "\(left.isFalse) | \(right.isFalse)")
    }
  }

  /// A library with `run_rows`, `run_columns`, and what checks them.
  func text(_ rules: [(when: KernelGraph.TruthRef, worth: Int?, rule: Program.Rule)]) -> String? {
    guard let body = body(rules)?.joined(separator: "\n    ") else { return nil }
    let (numbers, strings) = (graph.numberInputs.count, graph.stringInputs.count)
    let columns =
      (0..<numbers).map { "const double *restrict s\($0) = s[\($0)] + b;" }
      + (0..<strings).map { "const CODE *restrict k\($0) = k[\($0)] + b;" }
    return """
      #include <math.h>
      #include <stdint.h>
      typedef struct { double s[\(max(numbers, 1))]; uint32_t k[\(max((strings + 1) / 2 * 2, 2))]; } Row;
      static inline double RAMP(double x) { \(isQuick ? "x = x > 0 ? x : 0; return x < 1 ? x : 1;" : "x = x < 0 ? 0 : x; return x > 1 ? 1 : x;") }
      #define BAND(low) (((low) >= \(watch).0) + ((low) >= \(replace).0))
      #define ROW(name, result) \\
        static __attribute__((noinline)) result name(const Row *r, int *unknowns)
      #define S(i) r->s[i]
      #define K(i) r->k[i]
      #define COUNT int
      ROW(row, int) {
          \(body)
          *unknowns += unknown;
          return BAND(low);
      }
      ROW(score, double) {
          \(body)
          *unknowns += unknown;
          return low;
      }
      int64_t run_rows(const Row *rows, int64_t n, uint8_t *bands) {
        int unknown = 0;
        for (int64_t i = 0; i < n; i++) bands[i] = (uint8_t)row(&rows[i], &unknown);
        return unknown;
      }
      int64_t score_rows(const Row *rows, int64_t n, int64_t *lows) {
        int unknown = 0;
        for (int64_t i = 0; i < n; i++) lows[i] = (int64_t)score(&rows[i], &unknown);
        return unknown;
      }
      #undef S
      #undef K
      #undef COUNT
      #define S(j) s##j[i]
      #define K(j) k##j[i]
      #define COUNT int64_t
      typedef uint8_t CODE;
      static __attribute__((noinline)) void chunk(const double *const *s, const CODE *const *k, int64_t b, int m,
                                                  double *restrict lows, int64_t *restrict unknowns) {
        \(columns.joined(separator: "\n  "))
        for (int i = 0; i < m; i++) {
          \(body)
          lows[i] = low; unknowns[i] = unknown;
        }
      }
      #define CHUNKS(each) \\
        double lows[1024]; int64_t unknowns[1024], sum = 0; \\
        for (int64_t b = 0; b < n; b += 1024) { \\
          const int m = n - b < 1024 ? (int)(n - b) : 1024; \\
          chunk(s, k, b, m, lows, unknowns); \\
          for (int i = 0; i < m; i++) { each; sum += unknowns[i]; } \\
        } \\
        return sum;
      int64_t run_columns(const double *const *s, const CODE *const *k, int64_t n, uint8_t *bands) {
        CHUNKS(bands[b + i] = (uint8_t)BAND(lows[i]))
      }
      int64_t score_columns(const double *const *s, const CODE *const *k, int64_t n, int64_t *scores) {
        CHUNKS(scores[b + i] = (int64_t)lows[i])
      }

      """
  }
}

extension Kernel {
  /// What adds to the score without state, as C: `run_rows` and `run_columns` decide bands of the low score,
  /// `score_rows` and `score_columns` give the scores. Inputs are in the order of `numberInputs` and `stringInputs`.
  ///
  /// - Parameter isQuick: Ramps multiply by the inverse of their width and round once, as one would for speed where the
  ///   last bit does not matter.
  /// What is not finite is not made unknown there, as plain C would not.
  ///
  /// - Returns: nil if a rule reads what C does not express plainly: `absent`, or a regular expression.
  package static func cSource(_ program: Program, isQuick: Bool) -> String? {
    var compilation = KernelCompilation(program)
    compilation.run(.compact)
    return KernelSource(program, compilation.graph, isQuick: isQuick).text(compilation.plainRoots)
  }
}
