package import CriteriaCompiler
package import CriteriaDiagnostics
package import CriteriaSyntax

/// A test file whose names were found in a policy: it can run under that policy, and under every other one with the same
/// signals and rules.
package struct BoundFile: Sendable {
  package var file: TestFile
  package var cases: [BoundCase]
  /// The expressions of `value`, each once per place.
  package var values: [(expr: Expr, type: ExpressionType)]
}

/// One case, ready to be expanded.
package struct BoundCase: Sendable {
  package var test: TestCase
  package var instances: [BoundInstance]
  package var expectations: [BoundExpectation]
  /// Milliseconds from the start: the last tick that is judged.
  package var end: Int64
  /// Milliseconds.
  package var step: Int64
  package var scrape: Int64
  /// How many observations it comes to, roughly.
  package var size: Int
}

package struct BoundInstance: Sendable {
  package var name: String
  package var sources: [BoundSource]
  package var facts: [BoundFacts]
  package var lines: [BoundLines]
  package var samples: [SamplesGiven]
  /// Log signals that are attached from the start.
  package var attached: [String]
}

/// How one signal goes, by the signal's name.
package struct BoundSource: Sendable {
  package enum Course: Sendable {
    case numbers([NumberPart])
    case events([EventPart])
    case condition([TextPart])
    case info([TextPart])
  }
  package var signal: String
  package var labels: [String: String]
  package var course: Course
  /// Where it is written, in the test file.
  package var range: SourceRange
  /// Of a log with `stale_after`: lines that mean nothing keep its stream alive.
  package var keepsAlive = false
}

/// [start, end) in milliseconds from the start of the case; values after scale and unit.
package struct NumberPart: Sendable {
  package enum Kind: Sendable {
    case level(Double)
    case ramp(Double, Double)
    /// Per second.
    case rate(Double, Double)
    case stepsAt(Double, [Int64])
    case stepsEvery(Double, Int64)
    case missing
    case ends
  }
  package var kind: Kind
  package var start: Int64
  package var end: Int64
}

package struct EventPart: Sendable {
  package enum When: Sendable {
    case every(Int64)
    case at([Int64])
    case spread(Int)
  }
  /// `nil`: the stream is not attached.
  package var when: When?
  package var groups: [String: String]
  package var value: Double?
  package var start: Int64
  package var end: Int64
}

package struct TextPart: Sendable {
  /// `nil`: missing.
  package var text: String?
  package var reason: String
  package var isEnd = false
  package var start: Int64
  package var end: Int64
}

/// What is told of an instance at one time.
package struct BoundFacts: Sendable {
  package var time: Int64
  package var facts: [String: String] = [:]
  package var labels: [String: String]?
  package var desired: [String: String] = [:]
  /// Milliseconds before the start of the case.
  package var age: Int64?
}

package struct BoundLines: Sendable {
  package var source: String
  package var part: EventPart
  package var lines: [String]
}

package struct BoundExpectation: Sendable {
  package var expectation: Expectation
  package var checks: [BoundCheck] = []
}

/// A check, and which of the file's values it reads.
package struct BoundCheck: Sendable {
  package var check: Check
  package var value: Int?
}

/// What the observations of test files may cost; at the limit is still fine.
package enum StimulusLimits {
  /// Of one line of a test.
  package static let samples = 1_000_000
  package static let ofCase = 2_000_000
  package static let ofFile = 50_000_000
  package static let ticks = 1_000_000
}

extension EventPart {
  /// When its events come, in order, from the start of the case.
  package func times(until end: Int64) -> [Int64] {
    let stop = min(self.end, end)
    switch when {
    case nil: return []
    case .every(let period): return Array(stride(from: start + period, to: stop, by: Int64.Stride(period)))
    case .at(let times): return times.sorted()
    case .spread(let count):
      let length = self.end - start
      // In the middle of equal parts: none lies on a border.
      return (0..<count).map { start + (2 * Int64($0) + 1) * length / (2 * Int64(count)) }
    }
  }
}
