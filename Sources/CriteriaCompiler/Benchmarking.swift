import CriteriaDiagnostics
import CriteriaEngine

// What Benchmarks calls. `package` symbols are invisible to other packages.

/// Compiles a policy from text and throws the program away.
///
/// - Returns: Whether it has a program.
@_spi(Internals) public func compileForTiming(_ text: String) -> Bool {
  let compilation = compile(SourceText(path: "policy.yaml", text: text))
  return compilation.program.map { Kernel($0).numberInputs.count >= 0 } ?? false
}

/// A policy whose plain rules decide from feature vectors, without a fleet.
@_spi(Internals) public final class DecisionKernel {
  /// Where a number or a string comes from.
  public enum Input: Hashable, Sendable {
    case metric(String)
    case fact(String)
    /// Something that a column of a fleet file does not hold, as a person would write it.
    case other(String)
  }

  public let name: String
  /// In thousandths.
  public let watch: Int64
  public let replace: Int64
  public let numbers: [Input]
  public let strings: [Input]
  /// All rules have no state, and so the kernel's scores are those of the policy.
  public let isComplete: Bool
  /// The loops that run, and how one instance is decided.
  public let path: String
  public let rowForm: String
  private let program: Program
  private let kernel: Kernel
  private var interner: Interner

  /// - Parameter path: avx512, avx2, sse2, portable, best.
  /// - Returns: nil if the policy does not compile, or has truths for inputs.
  public init?(contentsOf file: String, path: String = "best") {
    let compilation = compile(contentsOf: file)
    guard let program = compilation.program, let checked = compilation.checked, let path = Kernel.Path(rawValue: path)
    else { return nil }
    name = checked.name
    self.program = program
    watch = program.watch
    replace = program.replace
    kernel = Kernel(program, path: path)
    guard kernel.truthInputs.isEmpty else { return nil }
    self.path = kernel.path.rawValue
    rowForm = kernel.rowForm.rawValue
    isComplete = kernel.isPlain.allSatisfy(\.self)
    interner = Interner(program.strings)
    var inputs: [Int: Input] = [:]
    var texts: [Int: Input] = [:]
    for feature in program.features {
      switch feature.kind {
      case .latest(let signal):
        if case .metric(let selector, _, _) = program.signals[signal].source {
          inputs[feature.register] = .metric(selector.metric)
        }
      case .fact(let name): texts[feature.register] = .fact(program.string(name))
      default: break
      }
      if inputs[feature.register] == nil { inputs[feature.register] = .other(feature.text) }
      if texts[feature.register] == nil { texts[feature.register] = .other(feature.text) }
    }
    numbers = kernel.numberInputs.map { inputs[$0] ?? .other("register \($0)") }
    strings = kernel.stringInputs.map { texts[$0] ?? .other("register \($0)") }
  }

  /// What stands for a string in columns; 0 is unknown.
  public func code(_ string: String) -> UInt32 { interner.code(string) }

  /// See `Kernel.cSource`.
  public func cSource(isQuick: Bool) -> String? {
    Kernel.cSource(program, isQuick: isQuick)
  }

  /// What a thread of its own needs.
  public final class Runner {
    private let scratch: KernelScratch
    private var interner: Interner
    private let watch: Int64
    private let replace: Int64
    private let inputs: Int

    public init(_ kernel: DecisionKernel, chunk: Int) {
      scratch = KernelScratch(kernel.kernel, capacity: chunk)
      interner = kernel.interner
      watch = kernel.watch
      replace = kernel.replace
      inputs = kernel.numbers.count
    }

    /// One call per instance; rows lie `stride` bytes apart, numbers first, codes behind them.
    ///
    /// - Returns: The sum of low and high scores.
    public func rows(_ rows: UnsafeRawPointer, stride: Int, count: Int, bands: UnsafeMutablePointer<UInt8>) -> Int64 {
      var sum: Int64 = 0
      let (scratch, inputs, watch, replace) = (scratch, inputs, watch, replace)
      for index in 0..<count {
        let (low, high) = evaluate(rows + index &* stride, scratch, inputs)
        bands[index] = (low >= watch ? 1 : 0) + (low >= replace ? 1 : 0)
        sum &+= low &+ high
      }
      return sum
    }

    @inline(__always)
    private func evaluate(_ row: UnsafeRawPointer, _ scratch: KernelScratch, _ inputs: Int)
      -> (low: Int64, high: Int64)
    {
      let numbers = row.assumingMemoryBound(to: Double.self)
      let strings = (row + inputs &* 8).assumingMemoryBound(to: UInt32.self)
      if !scratch.hasGiven { return scratch.evaluate(numbers: numbers, strings: strings) }
      withUnsafeTemporaryAllocation(of: Truth.self, capacity: 1) { truths in
        scratch.evaluate(numbers: numbers, strings: strings, truths: truths.baseAddress!, &interner)
      }
      return (scratch.rowLow, scratch.rowHigh)
    }

    /// The score of one instance.
    public func score(_ row: UnsafeRawPointer) -> (low: Int64, high: Int64) {
      evaluate(row, scratch, inputs)
    }

    /// Columns, a chunk at a time.
    ///
    /// - Parameter scores: Where scores go, if they are wanted: all lows, then all highs.
    public func columns(
      numbers: UnsafePointer<UnsafePointer<Double>>, strings: UnsafePointer<UnsafePointer<UInt32>>, start: Int,
      count: Int, bands: UnsafeMutablePointer<UInt8>,
      scores: (low: UnsafeMutablePointer<Int64>, high: UnsafeMutablePointer<Int64>)? = nil
    ) {
      let chunk = scratch.capacity
      withUnsafeTemporaryAllocation(of: UnsafePointer<UInt64>.self, capacity: 1) { truths in
        withUnsafeTemporaryAllocation(of: UnsafePointer<Double>?.self, capacity: inputs) { next in
          for first in Swift.stride(from: start, to: start + count, by: chunk) {
            let size = min(chunk, start + count - first)
            for index in 0..<inputs { next[index] = numbers[index] + first + chunk }
            let hasNext = first + 2 * chunk <= start + count
            scratch.evaluate(
              numbers: numbers, strings: strings, truths: truths.baseAddress!, start: first, count: size,
              next: hasNext ? UnsafePointer(next.baseAddress!) : nil, &interner)
            scratch.bands(watch: watch, replace: replace, count: size, into: bands + first)
            if let scores {
              (scores.low + first).update(from: scratch.low, count: size)
              (scores.high + first).update(from: scratch.high, count: size)
            }
          }
        }
      }
    }
  }
}
