import CriteriaEngine
import Testing

/// Random programs over random registers: the kernel, by every path, over columns and over one instance, says what the
/// plain evaluator says.
@Suite("The kernel is the plain evaluator, to the bit")
struct KernelTests {
  @Test("over random programs, columns of odd lengths and every path", arguments: 0..<40)
  func random(seed: Int) {
    for round in 0..<15 {
      var maker = ProgramMaker(seed: UInt64(seed * 1000 + round))
      let program = maker.make()
      var data = RandomColumns(
        program, count: maker.random.pick([1, 2, 63, 64, 65, 127, 130, 255, 256]), &maker.random)
      let expected = (0..<data.count).map { data.plain(program, row: $0) }
      for path in Kernel.Path.allCases {
        let kernel = Kernel(program, path: path)
        let scratch = KernelScratch(kernel)
        let columns = data.columns(kernel, scratch, start: 0)
        if let row = expected.indices.first(where: { expected[$0] != columns[$0] }) {
          Issue.record("seed \(seed), round \(round), \(kernel.path): columns differ at row \(row)")
          #expect(columns[row] == expected[row])
        }
        for form in [Kernel.RowForm.compact, .list] {
          let kernel = Kernel(program, path: path, rowForm: form)
          let scratch = KernelScratch(kernel, capacity: 1)
          let rows = (0..<data.count).map { data.row(kernel, scratch, $0) }
          if let row = expected.indices.first(where: { expected[$0] != rows[$0] }) {
            Issue.record("seed \(seed), round \(round), \(kernel.path), \(kernel.rowForm): row \(row) differs")
            #expect(rows[row] == expected[row])
          }
        }
      }
    }
  }

  @Test("a run may start at any 64 rows of longer columns")
  func start() {
    var maker = ProgramMaker(seed: 7)
    let program = maker.make()
    var data = RandomColumns(program, count: 300, &maker.random)
    let kernel = Kernel(program)
    let scratch = KernelScratch(kernel, capacity: 192)
    let columns = data.columns(kernel, scratch, start: 128)
    #expect(columns == (128..<300).map { data.plain(program, row: $0) })
  }

  @Test("the cost of a policy is what its kernel executes, within a tenth", arguments: 0..<50)
  func cost(seed: Int) {
    var maker = ProgramMaker(seed: UInt64(seed))
    let program = maker.make()
    var data = RandomColumns(program, count: 192, &maker.random)
    let cost = Double(PolicyCost(program).operations)
    for path in Kernel.Path.allCases {
      let kernel = Kernel(program, path: path, rowForm: .list)
      let scratch = KernelScratch(kernel)
      _ = data.columns(kernel, scratch, start: 0)
      for row in 0..<data.count { _ = data.row(kernel, scratch, row) }
      // Regular expressions are run before the kernel's loops, which do not count them.
      let matches = Double(kernel.matchCount)
      let executed = (columns: Double(scratch.executed.columns) / 3, rows: Double(scratch.executed.rows) / 192)
      #expect(abs(executed.columns + matches - cost) <= 0.1 * cost)
      #expect(abs(executed.rows + matches - cost) <= 0.1 * cost)
    }
  }

  @Test(
    "points are rounded half away from zero",
    arguments: [
      0, 0.0005, 0.00049999999999999994, 0.0015, 1.0005, 2.4995, 1e9, 999_999_999.9995, 1e12, 1e15, 0.1, 7.7777,
    ])
  func rounding(points: Double) {
    var program = Program()
    program.numberRegisters = 1
    program.truthRegisters = 1
    program.truthConstants = [(0, .yes)]
    program.features = [
      Program.Feature(
        kind: .age, register: 0, boundRegister: nil, text: "age", format: .plain, signal: nil, isKeyed: false)
    ]
    program.rules = [rule(0, when: fragment(0..<0, 0), effect: .add(worth: fragment(0..<0, 0), low: 0, high: 1e15))]
    var data = RandomColumns(program, count: 1) { _ in points }
    for path in Kernel.Path.allCases {
      let kernel = Kernel(program, path: path)
      let scratch = KernelScratch(kernel)
      let expected = Int64((min(points, 1e12) * 1000).rounded(.toNearestOrAwayFromZero))
      #expect(data.columns(kernel, scratch, start: 0)[0].low == expected)
      #expect(data.row(kernel, scratch, 0).low == expected)
    }
  }
}

func fragment(_ code: Range<Int>, _ result: Int) -> Program.Fragment {
  Program.Fragment(code: code, result: result, features: [], derived: [], keyedSignals: [], signals: [])
}

func rule(_ number: Int, when: Program.Fragment, effect: Program.Rule.Effect) -> Program.Rule {
  Program.Rule(
    name: "R\(number)", when: when, until: nil, for: 0, hold: 0, latch: false, effect: effect, why: nil,
    unknown: .spreads, except: [], shadow: false, labels: [], by: [], keyedSignals: [], signals: [], features: [],
    derived: [], optionalSignals: [], longestWindow: 0)
}
