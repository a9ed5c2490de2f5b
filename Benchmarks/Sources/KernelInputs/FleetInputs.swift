@_spi(Internals) package import CriteriaCompiler
package import FleetData

/// A fleet as the kernel reads it: columns in the order of its inputs, and the same as rows.
package struct FleetInputs: @unchecked Sendable {
  package let count: Int
  package let numbers: [UnsafePointer<Double>]
  package let strings: [UnsafePointer<UInt32>]
  /// The same codes as bytes, for C.
  package let bytes: [UnsafePointer<UInt8>]
  /// Numbers, then codes; `stride` bytes apart.
  package let rows: UnsafeRawPointer
  package let stride: Int
  /// Inputs that no column holds: they are unknown.
  package let missing: [String]

  package init(_ columns: Columns, for kernel: DecisionKernel) {
    count = columns.count
    var missing: [String] = []
    func column<T>(_ value: T) -> UnsafeMutablePointer<T> {
      let bytes = (columns.count * MemoryLayout<T>.stride + 63) / 64 * 64
      let start = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        .bindMemory(to: T.self, capacity: columns.count)
      start.initialize(repeating: value, count: columns.count)
      return start
    }
    numbers = kernel.numbers.map { input in
      let values = column(Double.nan)
      if case .metric(let name) = input, let index = metrics.firstIndex(of: name) {
        for row in 0..<columns.count { values[row] = columns.numbers[index][row] }
      } else {
        missing.append("\(input)")
      }
      return UnsafePointer(values)
    }
    strings = kernel.strings.map { input in
      let values = column(UInt32(0))
      if case .fact(let name) = input, let index = facts.firstIndex(where: { $0.name == name }) {
        let codes = facts[index].values.map { kernel.code($0) }
        for row in 0..<columns.count { values[row] = codes[Int(columns.codes[index][row])] }
      } else {
        missing.append("\(input)")
      }
      return UnsafePointer(values)
    }
    bytes = strings.map { codes in
      let values = column(UInt8(0))
      for row in 0..<columns.count { values[row] = UInt8(codes[row]) }
      return UnsafePointer(values)
    }
    self.missing = missing
    stride = max(numbers.count, 1) * 8 + max((strings.count + 1) / 2 * 8, 8)
    let rows = UnsafeMutableRawPointer.allocate(byteCount: max(stride * columns.count, 64), alignment: 64)
    for row in 0..<columns.count {
      let start = rows + row * stride
      for (index, column) in numbers.enumerated() {
        start.storeBytes(of: column[row], toByteOffset: index * 8, as: Double.self)
      }
      for (index, column) in strings.enumerated() {
        start.storeBytes(of: column[row], toByteOffset: numbers.count * 8 + index * 4, as: UInt32.self)
      }
    }
    self.rows = UnsafeRawPointer(rows)
  }
}
