import CKernels

/// What one thread needs to run a kernel: room for intermediate values, and for the results of the last run.
///
/// Not to be shared between threads. Results stay until the next run.
package final class KernelScratch {
  package let kernel: Kernel
  /// How many rows a run over columns may have; a multiple of 64.
  package let capacity: Int

  private let memory: UnsafeMutableRawPointer
  private let numbers: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>
  private let strings: UnsafeMutablePointer<UnsafePointer<UInt32>?>
  private let planes: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>
  /// 64 rows of each input, for the rows behind the last whole 64.
  private let numberTail: UnsafeMutablePointer<Double>
  private let stringTail: UnsafeMutablePointer<UInt32>
  private let columns: UnsafeMutablePointer<ck_columns>
  private let row: UnsafeMutablePointer<ck_row>
  // What a decision reads of the kernel, so that it counts no references.
  private let run: ck_run_row
  private let program: UnsafePointer<ck_program>
  private let compact: UnsafePointer<ck_compact>?
  private let runCompact: ck_run_compact
  private let given: UInt64
  /// Truths are inputs, or regular expressions have answers.
  package let hasGiven: Bool

  /// - Parameter capacity: Rows; 1 is enough for rows alone.
  package init(_ kernel: Kernel, capacity: Int = 256) {
    precondition(capacity > 0, "a scratch without rows")
    self.kernel = kernel
    let rows = (capacity + 63) / 64 * 64
    self.capacity = rows
    let plan = kernel.plan
    let results = plan.numberCount - plan.inputs
    let planeCount = Int(plan.planeCount)
    var flat = FlatMemory()
    let numberTable = flat.reserve(UnsafeMutablePointer<Double>?.self, plan.numberCount)
    let stringTable = flat.reserve(UnsafePointer<UInt32>?.self, plan.stringInputs)
    let planeTable = flat.reserve(UnsafeMutablePointer<UInt64>?.self, planeCount)
    let resultColumns = flat.reserve(Double.self, results * rows)
    let planeColumns = flat.reserve(UInt64.self, planeCount * (rows / 64))
    let effects = flat.reserve(UInt64.self, 6 * (rows / 64))
    let low = flat.reserve(Int64.self, rows)
    let high = flat.reserve(Int64.self, rows)
    let numberTails = flat.reserve(Double.self, plan.inputs * 64)
    let stringTails = flat.reserve(UInt32.self, plan.stringInputs * 64)
    let rowCount = max(plan.numberCount, kernel.compact?.rows.numberCount ?? 0)
    let rowNumbers = flat.reserve(Double.self, rowCount)
    let rowPlanes = flat.reserve(UInt8.self, planeCount)
    let columnState = flat.reserve(ck_columns.self, 1)
    let rowState = flat.reserve(ck_row.self, 1)
    let rowTruths = flat.reserve(Int8.self, 64)
    flat.allocate()
    memory = flat.base
    columns = flat.store([ck_columns()], at: columnState)
    row = flat.store([ck_row()], at: rowState)
    run = kernel.runRow
    program = kernel.program
    compact = kernel.compact?.form
    runCompact = kernel.compact?.run ?? ck_compact_portable
    given = kernel.compact?.given.constants ?? 0
    hasGiven = !kernel.truthInputs.isEmpty || !plan.matches.isEmpty

    numbers = flat.fill(nil, plan.numberCount, at: numberTable)
    let values = flat.fill(Double.nan, results * rows, at: resultColumns)
    for index in 0..<results { numbers[plan.inputs + index] = values + index * rows }
    for (index, value) in plan.constants.enumerated() {
      (values + index * rows).update(repeating: value, count: rows)
    }
    strings = flat.fill(nil, plan.stringInputs, at: stringTable)
    planes = flat.fill(nil, planeCount, at: planeTable)
    let bits = flat.fill(UInt64(0), planeCount * (rows / 64), at: planeColumns)
    for index in 0..<planeCount { planes[index] = bits + index * (rows / 64) }
    planes[1]!.update(repeating: .max, count: rows / 64)
    numberTail = flat.fill(.nan, plan.inputs * 64, at: numberTails)
    stringTail = flat.fill(0, plan.stringInputs * 64, at: stringTails)
    columns.pointee.numbers = UnsafePointer(numbers)
    columns.pointee.strings = UnsafePointer(strings)
    columns.pointee.planes = UnsafePointer(planes)
    columns.pointee.low = flat.fill(0, rows, at: low)
    columns.pointee.high = flat.fill(0, rows, at: high)
    let effectPlanes = flat.fill(UInt64(0), 6 * (rows / 64), at: effects)
    let words = rows / 64
    columns.pointee.effects = (
      effectPlanes, effectPlanes + words, effectPlanes + 2 * words, effectPlanes + 3 * words,
      effectPlanes + 4 * words, effectPlanes + 5 * words
    )
    row.pointee.numbers = flat.fill(.nan, rowCount, at: rowNumbers)
    if let rows = kernel.compact?.rows {
      for (place, value) in rows.constants { row.pointee.numbers[Int(place)] = value }
    } else {
      for (index, value) in plan.constants.enumerated() { row.pointee.numbers[plan.inputs + index] = value }
    }
    row.pointee.truths = flat.fill(0, 64, at: rowTruths)
    row.pointee.given_true = given
    row.pointee.planes = flat.fill(0, planeCount, at: rowPlanes)
    row.pointee.planes[1] = 1
  }

  deinit { memory.deallocate() }

  // MARK: Columns

  /// Runs over columns of `count` rows; what it finds is in the results below.
  ///
  /// - Parameters:
  ///   - inputNumbers: By place in `Kernel.numberInputs`: a column of doubles, NaN = unknown.
  ///   - inputStrings: By place in `Kernel.stringInputs`: a column of codes, 0 = unknown.
  ///   - inputTruths: By place in `Kernel.truthInputs`, two each: the bits of what is true, the bits of what is false.
  ///   - start: The row of all columns at which to start; a multiple of 64.
  ///   - count: At most `capacity`.
  ///   - next: The number columns of the rows that will be asked for next, at their first row; they are fetched meanwhile.
  ///   - interner: The texts of codes, for regular expressions.
  package func evaluate(
    numbers inputNumbers: UnsafePointer<UnsafePointer<Double>>,
    strings inputStrings: UnsafePointer<UnsafePointer<UInt32>>,
    truths inputTruths: UnsafePointer<UnsafePointer<UInt64>>, start: Int = 0, count: Int,
    next: UnsafePointer<UnsafePointer<Double>?>? = nil, _ interner: inout Interner
  ) {
    precondition(count <= capacity, "more rows than the scratch has room for")
    let plan = kernel.plan
    for index in 0..<plan.inputs { numbers[index] = UnsafeMutablePointer(mutating: inputNumbers[index]) + start }
    for index in 0..<plan.stringInputs { strings[index] = inputStrings[index] + start }
    let inputPlanes = 2 * kernel.truthInputs.count
    for index in 0..<inputPlanes {
      // They are read alone, and may reach no further than the last row.
      planes[2 + index]!.update(from: inputTruths[index] + start / 64, count: (count + 63) / 64)
    }
    match(count, &interner)
    columns.pointee.next = next
    let whole = count / 64
    if whole > 0 { kernel.runColumns(kernel.program, columns, 0, whole) }
    guard count % 64 > 0 else { return }
    evaluateTail(whole, count % 64)
    // A worth may be an input itself, and is read from there.
    for index in 0..<plan.inputs { numbers[index] = UnsafeMutablePointer(mutating: inputNumbers[index]) + start }
  }

  /// The rows behind the last whole 64, from copies: columns may end where their last row does.
  private func evaluateTail(_ word: Int, _ count: Int) {
    let plan = kernel.plan
    let row = word * 64
    for index in 0..<plan.inputs {
      (numberTail + index * 64).update(from: numbers[index]! + row, count: count)
      numbers[index] = numberTail + index * 64 - row
    }
    for index in 0..<plan.stringInputs {
      (stringTail + index * 64).update(from: strings[index]! + row, count: count)
      strings[index] = UnsafePointer(stringTail + index * 64 - row)
    }
    columns.pointee.next = nil
    kernel.runColumns(kernel.program, columns, word, 1)
  }

  /// Answers regular expressions, which are leaves to the kernel.
  private func match(_ count: Int, _ interner: inout Interner) {
    for (string, regex, own) in kernel.plan.matches {
      let isTrue = planes[Int(own.isTrue)]!
      let isFalse = planes[Int(own.isFalse)]!
      for word in 0..<(count + 63) / 64 {
        var (t, f): (UInt64, UInt64) = (0, 0)
        for lane in 0..<min(64, count - word * 64) {
          let code =
            switch string {
            case .input(let place): strings[place]![word * 64 + lane]
            case .constant(let code): code
            }
          switch interner.matches(code: code, kernel.regexes[regex], number: regex) {
          case .yes: t |= 1 << UInt64(lane)
          case .no: f |= 1 << UInt64(lane)
          case .unknown: break
          }
        }
        isTrue[word] = t
        isFalse[word] = f
      }
    }
  }

  // MARK: Results over columns

  /// A truth of each row, as bits; neither is unknown. Bits behind the last row mean nothing.
  package typealias TruthColumn = (isTrue: UnsafePointer<UInt64>, isFalse: UnsafePointer<UInt64>)

  func column(_ own: KernelPlan.Planes) -> TruthColumn {
    (UnsafePointer(planes[Int(own.isTrue)]!), UnsafePointer(planes[Int(own.isFalse)]!))
  }

  /// The rule's `when`, before `unknown:` is applied.
  package func when(_ rule: Kernel.Rule) -> TruthColumn { column(rule.when) }
  package func until(_ rule: Kernel.Rule) -> TruthColumn? { rule.until.map(column) }
  /// The condition of each `except` entry.
  package func except(_ rule: Kernel.Rule, _ entry: Int) -> TruthColumn { column(rule.except[entry]) }
  /// nil: the policy judges all.
  package var selector: TruthColumn? { kernel.selector.map(column) }
  /// In points, NaN = unknown; nil for other effects than `add`.
  package func worth(_ rule: Kernel.Rule) -> UnsafePointer<Double>? {
    rule.worth.map { UnsafePointer(numbers[Int($0)]!) }
  }
  /// The column of one of the kernel's numbers.
  func numbers(_ place: Int32) -> UnsafePointer<Double> { UnsafePointer(numbers[Int(place)]!) }
  /// The sums of the contributions of plain rules, in thousandths of a point.
  package var low: UnsafePointer<Int64> { UnsafePointer(columns.pointee.low) }
  package var high: UnsafePointer<Int64> { UnsafePointer(columns.pointee.high) }

  /// The band of the low score of each row: 0 below `watch`, 1 from there, 2 from `replace`.
  package func bands(watch: Int64, replace: Int64, count: Int, into out: UnsafeMutablePointer<UInt8>) {
    ck_bands(columns.pointee.low, count, watch, replace, out)
  }

  /// Whether a plain rule certainly or possibly has the effect; possible includes certain.
  package typealias EffectColumn = (isCertain: UnsafePointer<UInt64>, isPossible: UnsafePointer<UInt64>)
  package var protect: EffectColumn {
    (UnsafePointer(columns.pointee.effects.0!), UnsafePointer(columns.pointee.effects.1!))
  }
  package var quarantine: EffectColumn {
    (UnsafePointer(columns.pointee.effects.2!), UnsafePointer(columns.pointee.effects.3!))
  }
  package var replace: EffectColumn {
    (UnsafePointer(columns.pointee.effects.4!), UnsafePointer(columns.pointee.effects.5!))
  }

  // MARK: One instance

  /// Runs over one instance; what it finds is in the results below.
  ///
  /// - Parameters:
  ///   - inputNumbers: In the order of `Kernel.numberInputs`, NaN = unknown.
  ///   - inputStrings: In the order of `Kernel.stringInputs`, 0 = unknown.
  ///   - inputTruths: In the order of `Kernel.truthInputs`.
  package func evaluate(
    numbers inputNumbers: UnsafePointer<Double>, strings inputStrings: UnsafePointer<UInt32>,
    truths inputTruths: UnsafePointer<Truth>, _ interner: inout Interner
  ) {
    if hasGiven { give(inputStrings, inputTruths, &interner) }
    evaluate(numbers: inputNumbers, strings: inputStrings)
  }

  /// The same for a kernel that is given numbers and strings alone, and asks no regular expression: `hasGiven` is false.
  ///
  /// - Returns: `rowLow` and `rowHigh`.
  @discardableResult
  package func evaluate(numbers inputNumbers: UnsafePointer<Double>, strings inputStrings: UnsafePointer<UInt32>)
    -> (low: Int64, high: Int64)
  {
    row.pointee.inputs = inputNumbers
    row.pointee.strings = inputStrings
    if let compact { runCompact(compact, row) } else { run(program, row) }
    return (row.pointee.low, row.pointee.high)
  }

  /// Puts the truths that are inputs, and the answers of regular expressions, where they are read.
  private func give(
    _ inputStrings: UnsafePointer<UInt32>, _ inputTruths: UnsafePointer<Truth>, _ interner: inout Interner
  ) {
    row.pointee.given_true = given
    row.pointee.given_false = 0
    let places = kernel.compact?.given
    for index in 0..<kernel.truthInputs.count {
      if let places {
        write(inputTruths[index], at: places.inputs[index])
      } else {
        write(inputTruths[index], isTrue: 2 + 2 * index, isFalse: 3 + 2 * index)
      }
    }
    for (index, (string, regex, own)) in kernel.plan.matches.enumerated() {
      let code =
        switch string {
        case .input(let place): inputStrings[place]
        case .constant(let code): code
        }
      let answer = interner.matches(code: code, kernel.regexes[regex], number: regex)
      if let places {
        write(answer, at: places.matches[index])
      } else {
        write(answer, isTrue: Int(own.isTrue), isFalse: Int(own.isFalse))
      }
    }
  }

  private func write(_ truth: Truth, isTrue: Int, isFalse: Int) {
    row.pointee.planes[isTrue] = truth == .yes ? 1 : 0
    row.pointee.planes[isFalse] = truth == .no ? 1 : 0
  }

  /// - Parameter place: Below 0 for what nothing reads.
  private func write(_ truth: Truth, at place: Int32) {
    guard place >= 0 else { return }
    switch truth {
    case .yes: row.pointee.given_true |= 1 << UInt64(place)
    case .no: row.pointee.given_false |= 1 << UInt64(place)
    case .unknown: break
    }
  }

  func truth(_ own: Kernel.RowTruth) -> Truth {
    if compact == nil {
      return row.pointee.planes[Int(own.isTrue)] != 0
        ? .yes : row.pointee.planes[Int(own.isFalse)] != 0 ? .no : .unknown
    }
    let value = row.pointee.truths[Int(own.isTrue)]
    return value == 0 ? .unknown : Truth((value > 0) == (own.isFalse == 0))
  }

  /// One of the kernel's numbers for rows.
  func rowNumber(_ place: Int32) -> Double { row.pointee.numbers[Int(place)] }

  // MARK: Results of one instance

  package func rowWhen(_ rule: Kernel.Rule) -> Truth { truth(rule.rowWhen) }
  package func rowUntil(_ rule: Kernel.Rule) -> Truth? { rule.rowUntil.map(truth) }
  package func rowExcept(_ rule: Kernel.Rule, _ entry: Int) -> Truth { truth(rule.rowExcept[entry]) }
  /// nil: the policy judges all.
  package var rowSelector: Truth? { kernel.rowSelector.map(truth) }
  package func rowWorth(_ rule: Kernel.Rule) -> Double? { rule.rowWorth.map(rowNumber) }
  package var rowLow: Int64 { row.pointee.low }
  package var rowHigh: Int64 { row.pointee.high }
  package var rowProtect: Truth { effect(0, row.pointee.effects.0, row.pointee.effects.1) }
  package var rowQuarantine: Truth { effect(1, row.pointee.effects.2, row.pointee.effects.3) }
  package var rowReplace: Truth { effect(2, row.pointee.effects.4, row.pointee.effects.5) }

  private func effect(_ number: Int, _ isCertain: UInt8, _ isPossible: UInt8) -> Truth {
    guard let compact = kernel.compact else { return isCertain != 0 ? .yes : isPossible != 0 ? .unknown : .no }
    let mask = compact.effects[number]
    return row.pointee.certain & mask != 0 ? .yes : row.pointee.possible & mask != 0 ? .unknown : .no
  }

  // MARK: Cost

  /// Operations that the runs over columns executed, each on 64 rows; and those over one instance.
  package var executed: (columns: UInt64, rows: UInt64) { (columns.pointee.executed, row.pointee.executed) }
}
