import CKernels

/// What a fleet shares between its instances: the program, the registers, and the codes of strings, keys and identities.
///
/// One owner at a time; never shared between threads.
package final class Workspace {
  let program: Program
  let plan: Plan
  /// For one instance at a time.
  let row: Frame
  /// For the instances of a block side by side; made when first needed.
  private(set) lazy var columns = Frame(program, stride: InstanceBlock.stride)
  var strings: Interner
  var keys = KeyTable()
  let identities = IdentityTable()
  let scanner = RegexScanner()
  /// The log signals, in the order of the patterns of `logMatcher`.
  private(set) lazy var logSignals: [Int] = program.signals.indices.filter { index in
    if case .log = program.signals[index].source { true } else { false }
  }
  /// Made when first needed.
  private(set) lazy var logMatcher = LogMatcher(
    logSignals.compactMap { index in
      guard case .log(let pattern) = program.signals[index].source else { return nil }
      return .init(pattern.regex)
    })
  /// Every instance stands as it stood at its first tick since long ago.
  let assumesSteady: Bool

  let kernel: Kernel
  /// For one instance.
  let rowScratch: KernelScratch
  /// For a block; made when first needed.
  private(set) lazy var columnInputs = ColumnInputs(kernel, columns)
  /// The kernel's side of each unkeyed rule, by place among them.
  let kernelRules: Flat<KernelRule>
  /// What one instance gives to the kernel.
  let rowNumbers: UnsafeMutablePointer<Double>
  let rowStrings: UnsafeMutablePointer<UInt32>
  let rowTruths: UnsafeMutablePointer<Truth>
  /// By signal: since when it is watched, where that is later than what the instances are known since: it came with another
  /// policy. Milliseconds; `.min`: as long as they are known.
  var watchedSince: [Int64]

  /// The info signals by the codes of their names.
  let infoByName: [UInt32: Int]
  /// By place in a frame: what a tick works with.
  let wakes: UnsafeMutablePointer<Wake>
  let tallies: UnsafeMutablePointer<Tally>
  let desired: UnsafeMutablePointer<Tick.DesiredMatch>
  let nextHidden: UnsafeMutablePointer<Int64>
  /// Series of which one term is worked out at once: where they stand, their rows, and what came out.
  let rings: UnsafeMutablePointer<ck_ring>
  let ringRows: UnsafeMutablePointer<Int32>
  let ringValues: UnsafeMutablePointer<Double>
  /// Terms of one instance that are worked out at once.
  let rowTerms: UnsafeMutablePointer<ck_term>
  /// The windows of the plan as of tick `windowsTick`.
  let windows: UnsafeMutablePointer<ck_window>
  private var windowsTick: Int64?

  /// - Parameter prepared: Of the same program; `nil`: made here.
  package init(_ program: Program, assumesSteady: Bool = false, prepared: PreparedProgram? = nil) {
    self.program = program
    self.assumesSteady = assumesSteady
    let prepared = prepared ?? PreparedProgram(program)
    plan = prepared.plan
    row = Frame(program, stride: 1)
    watchedSince = Array(repeating: .min, count: program.signals.count)
    strings = Interner(program.strings)
    kernel = prepared.kernel
    rowScratch = KernelScratch(kernel, capacity: 1)
    kernelRules = Flat(
      zip(kernel.rules, program.rules).compactMap { rule, one in
        rule.map { rule in
          var flat = KernelRule(rule)
          flat.isIgnoring = one.unknown == .ignored
          return flat
        }
      })
    rowNumbers = .allocate(capacity: max(kernel.numberInputs.count, 1))
    rowStrings = .allocate(capacity: max(kernel.stringInputs.count, 1))
    rowTruths = .allocate(capacity: max(kernel.truthInputs.count, 1))
    var infos: [UInt32: Int] = [:]
    for (index, signal) in program.signals.enumerated() {
      if case .info = signal.source { infos[strings.code(signal.name)] = index }
    }
    infoByName = infos
    wakes = .allocate(capacity: InstanceBlock.stride)
    wakes.initialize(repeating: Wake(now: 0, step: program.step), count: InstanceBlock.stride)
    tallies = .allocate(capacity: InstanceBlock.stride)
    tallies.initialize(repeating: Tally(), count: InstanceBlock.stride)
    nextHidden = .allocate(capacity: InstanceBlock.stride)
    nextHidden.initialize(repeating: .max, count: InstanceBlock.stride)
    rings = .allocate(capacity: InstanceBlock.stride)
    ringRows = .allocate(capacity: InstanceBlock.stride)
    ringValues = .allocate(capacity: InstanceBlock.stride)
    rowTerms = .allocate(capacity: max(plan.rowTerms.count, 1))
    windows = .allocate(capacity: max(plan.windows.count, 1))
    desired = .allocate(capacity: InstanceBlock.stride)
    desired.initialize(repeating: Tick.DesiredMatch(), count: InstanceBlock.stride)
  }

  deinit {
    kernelRules.deallocate()
    rowNumbers.deallocate()
    rowStrings.deallocate()
    rowTruths.deallocate()
    wakes.deallocate()
    tallies.deallocate()
    desired.deallocate()
    nextHidden.deallocate()
    rings.deallocate()
    ringRows.deallocate()
    ringValues.deallocate()
    rowTerms.deallocate()
    windows.deallocate()
  }

  /// Brings `windows` to a tick.
  @inline(__always)
  func prepareWindows(_ number: Int64) {
    if windowsTick != number { cutWindows(number) }
  }

  @inline(never)
  private func cutWindows(_ number: Int64) {
    for index in plan.windows.indices {
      windows[index] = ck_window(last: number, ticks: plan.windows[index], step: plan.step)
    }
    windowsTick = number
  }
}

/// What the kernel says of one unkeyed rule, without a reference in it.
struct KernelRule: BitwiseCopyable {
  var when: KernelPlan.Planes
  var until: KernelPlan.Planes
  /// Among the kernel's numbers; −1: the rule adds no points.
  var worth: Int32
  /// The same where one instance is decided.
  var rowWhen: Kernel.RowTruth
  var rowUntil: Kernel.RowTruth
  var rowWorth: Int32
  /// The kernel adds its contribution up.
  var isPlain: Bool
  /// What is unknown counts as false.
  var isIgnoring = false

  init(_ rule: Kernel.Rule) {
    when = rule.when
    until = rule.until ?? rule.when
    worth = rule.worth ?? -1
    rowWhen = rule.rowWhen
    rowUntil = rule.rowUntil ?? rule.rowWhen
    rowWorth = rule.rowWorth ?? -1
    isPlain = rule.isPlain
  }
}

/// The columns of a block's frame as the kernel takes them.
final class ColumnInputs {
  let scratch: KernelScratch
  private let numbers: UnsafeMutablePointer<UnsafePointer<Double>>
  private let strings: UnsafeMutablePointer<UnsafePointer<UInt32>>
  private let truths: UnsafeMutablePointer<UnsafePointer<UInt64>>
  private let planes: UnsafeMutablePointer<UInt64>
  private let frame: Frame
  private let kernel: Kernel
  private static let words = InstanceBlock.capacity / 64

  init(_ kernel: Kernel, _ frame: Frame) {
    self.kernel = kernel
    self.frame = frame
    scratch = KernelScratch(kernel, capacity: InstanceBlock.capacity)
    numbers = .allocate(capacity: max(kernel.numberInputs.count, 1))
    strings = .allocate(capacity: max(kernel.stringInputs.count, 1))
    truths = .allocate(capacity: max(2 * kernel.truthInputs.count, 1))
    planes = .allocate(capacity: max(2 * kernel.truthInputs.count * Self.words, 1))
    for (place, register) in kernel.numberInputs.enumerated() {
      (numbers + place).initialize(to: frame.numbers + register * frame.stride)
    }
    for (place, register) in kernel.stringInputs.enumerated() {
      (strings + place).initialize(to: frame.strings + register * frame.stride)
    }
    for place in 0..<2 * kernel.truthInputs.count {
      (truths + place).initialize(to: UnsafePointer(planes + place * Self.words))
    }
  }

  deinit {
    numbers.deallocate()
    strings.deallocate()
    truths.deallocate()
    planes.deallocate()
  }

  /// Runs the kernel over the first rows of the frame.
  func evaluate(_ count: Int, _ interner: inout Interner) {
    for (place, register) in kernel.truthInputs.enumerated() {
      let column = frame.truths + register * frame.stride
      for word in 0..<Self.words {
        var (yes, no): (UInt64, UInt64) = (0, 0)
        for bit in 0..<64 {
          let truth = column[word * 64 + bit]
          if truth == .yes { yes |= 1 << UInt64(bit) }
          if truth == .no { no |= 1 << UInt64(bit) }
        }
        planes[2 * place * Self.words + word] = yes
        planes[(2 * place + 1) * Self.words + word] = no
      }
    }
    // Whole words: the columns reach to the end of the frame, and bits behind the last row mean nothing.
    scratch.evaluate(
      numbers: numbers, strings: strings, truths: truths, count: min((count + 63) / 64 * 64, InstanceBlock.capacity),
      &interner)
  }
}

/// What is made of a program once, for many short fleets of it: immutable.
package struct PreparedProgram: Sendable {
  let plan: Plan
  let kernel: Kernel

  package init(_ program: Program) {
    plan = Plan(program)
    kernel = Kernel(program)
  }
}
