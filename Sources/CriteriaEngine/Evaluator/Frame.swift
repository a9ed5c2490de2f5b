/// The registers of evaluations: of one instance (`stride` 1), or of many side by side, a column for each register.
///
/// The register r of place p is at `r · stride + p`. Constants are in place from the start; features are written before code
/// runs.
package final class Frame {
  let stride: Int
  package let numbers: UnsafeMutablePointer<Double>
  package let truths: UnsafeMutablePointer<Truth>
  package let strings: UnsafeMutablePointer<UInt32>

  package init(_ program: Program, stride: Int = 1) {
    self.stride = stride
    numbers = .allocate(capacity: max(program.numberRegisters * stride, 1))
    truths = .allocate(capacity: max(program.truthRegisters * stride, 1))
    strings = .allocate(capacity: max(program.stringRegisters * stride, 1))
    numbers.initialize(repeating: .nan, count: program.numberRegisters * stride)
    truths.initialize(repeating: .unknown, count: program.truthRegisters * stride)
    strings.initialize(repeating: 0, count: program.stringRegisters * stride)
    for (register, value) in program.numberConstants {
      (numbers + register * stride).update(repeating: value, count: stride)
    }
    for (register, code) in program.stringConstants {
      (strings + register * stride).update(repeating: code, count: stride)
    }
    for (register, value) in program.truthConstants {
      (truths + register * stride).update(repeating: value, count: stride)
    }
  }

  deinit {
    numbers.deallocate()
    truths.deallocate()
    strings.deallocate()
  }
}
