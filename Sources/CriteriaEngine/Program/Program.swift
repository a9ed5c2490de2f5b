/// A compiled policy: plain data, shared by every fleet that runs it.
///
/// It has two parts: a table of *features* (the distinct window terms, facts and clocks that the policy needs, each with a
/// register), and *instructions* over the registers. Registers come in three files: numbers (NaN = unknown), truths
/// (`Truth`) and strings (codes of an `Interner`, 0 = unknown). Constants are registers that are filled once.
package struct Program: Sendable {
  /// Milliseconds.
  package var step: Int64 = 30_000
  /// Thousandths of a point.
  package var replace: Int64 = 100_000
  package var watch: Int64 = 50_000
  /// Milliseconds.
  package var maxLateness: Int64 = 60_000
  package var signals: [Signal] = []
  package var launched: [Selector] = []
  package var features: [Feature] = []
  /// Features that are computed from other registers by code, in an order in which each needs only earlier ones.
  package var derived: [Derived] = []
  package var instructions: [Instruction] = []
  /// Where the expression of each instruction stands in the text, for traces.
  package var sites: [Site] = []
  package var numberLists: [[Double]] = []
  package var stringLists: [[UInt32]] = []
  package var regexes: [Regex] = []
  package var selector: Fragment?
  /// `nil`: the policy has no `desired:` block.
  package var desired: [Desired]?
  package var rules: [Rule] = []
  /// The strings that codes stand for, code 0 aside; the first is `""`.
  package var strings: [String] = [""]
  /// What a code of the policy's own strings stands for; never 0, which is unknown.
  package func string(_ code: UInt32) -> String { strings[Int(code) - 1] }
  package var numberConstants: [(register: Int, value: Double)] = []
  package var stringConstants: [(register: Int, code: UInt32)] = []
  package var truthConstants: [(register: Int, value: Truth)] = []
  package var numberRegisters = 0
  package var truthRegisters = 0
  package var stringRegisters = 0
  /// The number register that holds `u` of `spread`, if any rule reads it.
  package var spreadRegister: Int?

  package init() {}

  package struct Desired: Sendable {
    package var condition: Fragment?
    /// Name and value, as string codes.
    package var facts: [(name: UInt32, value: UInt32)]
    package init(condition: Fragment?, facts: [(name: UInt32, value: UInt32)]) {
      self.condition = condition
      self.facts = facts
    }
  }
}

/// A span of bytes in one of the policy's files.
package struct Site: Hashable, Sendable {
  package var source: Int32
  package var start: Int32
  package var end: Int32
  package init(source: Int, start: Int, end: Int) {
    self.source = Int32(clamping: source)
    self.start = Int32(clamping: start)
    self.end = Int32(clamping: end)
  }
}

/// A metric's name and matchers, the regular expressions compiled and anchored.
package struct Selector: Sendable {
  package enum Test: Sendable {
    case equal(String)
    case notEqual(String)
    case matches(Regex)
    case notMatches(Regex)
  }
  package var metric: String
  package var matchers: [(label: String, test: Test)]
  package init(metric: String, matchers: [(label: String, test: Test)]) {
    self.metric = metric
    self.matchers = matchers
  }
}

/// How a raw number becomes a value: an optional scale, then the unit, one rounded operation each.
package struct Conversion: Hashable, Sendable, BitwiseCopyable {
  package enum Unit: Hashable, Sendable, BitwiseCopyable {
    case none
    case multiply(Double)
    case divide(Double)
  }
  package var scale: Double?
  package var unit: Unit
  package init(scale: Double? = nil, unit: Unit = .none) {
    self.scale = scale
    self.unit = unit
  }
  package func apply(_ raw: Double) -> Double {
    let scaled = scale.map { raw * $0 } ?? raw
    switch unit {
    case .none: return scaled
    case .multiply(let factor): return scaled * factor
    case .divide(let divisor): return scaled / divisor
    }
  }
}

package enum Comparison: UInt8, Sendable, BitwiseCopyable {
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual

  package func holds(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .equal: a == b
    case .notEqual: a != b
    }
  }

  /// The comparison that says the same with its sides exchanged.
  package var flipped: Comparison {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .equal: .equal
    case .notEqual: .notEqual
    }
  }
}

package enum Reducer: UInt8, Sendable, BitwiseCopyable { case sum, avg, min, max, count }

package enum WindowKind: Hashable, Sendable, BitwiseCopyable {
  case avg, min, max, sum, first, last, count, rate, increase, changes, slope, stddev
  case percentile(Int)

  /// Sums of doubles depend on how the window is cut into blocks, and that changes at every tick.
  package var dependsOnCut: Bool {
    switch self {
    case .avg, .sum, .rate, .increase, .slope, .stddev: true
    case .min, .max, .first, .last, .count, .changes, .percentile: false
    }
  }
}

extension Program {
  package struct Signal: Sendable {
    package enum Source: Sendable {
      case metric(Selector, Conversion, ignore: (Comparison, Double)?)
      case log(LogPattern)
      /// `from`: the metric that carries it, with the labels of type and status.
      case condition(type: String, from: Selector?, typeLabel: String, statusLabel: String)
      case info(Selector, label: String)
      /// A fact read as a number; `name` is a string code.
      case fact(name: UInt32, Conversion)
    }
    package var name: String
    package var source: Source
    package var by: [String]
    package var reduce: Reducer?
    /// Milliseconds; `nil`: never.
    package var staleAfter: Int64?
    /// Milliseconds: the greater of the longest window and `staleAfter`.
    package var retention: Int64
    package var maxKeys: Int
    package var instanceLabel: String
    package var definition = Definition()
    package init(
      name: String, source: Source, by: [String], reduce: Reducer?, staleAfter: Int64?, retention: Int64, maxKeys: Int,
      instanceLabel: String
    ) {
      self.name = name
      self.source = source
      self.by = by
      self.reduce = reduce
      self.staleAfter = staleAfter
      self.retention = retention
      self.maxKeys = maxKeys
      self.instanceLabel = instanceLabel
    }
    /// One value per key.
    package var isKeyed: Bool { !by.isEmpty && reduce == nil }
  }

  package struct LogPattern: Sendable {
    package var sources: [String]
    package var regex: Regex
    /// The group whose number is the event's value.
    package var value: String?
    package var conversion: Conversion
    /// The groups that `x.group` reads, in the order of `LogEvent.captures`.
    package var captures: [String]
    package init(sources: [String], regex: Regex, value: String?, conversion: Conversion, captures: [String]) {
      self.sources = sources
      self.regex = regex
      self.value = value
      self.conversion = conversion
      self.captures = captures
    }
  }

  /// Something that the policy reads at each tick, and the register that holds it.
  package struct Feature: Sendable {
    package enum Kind: Hashable, Sendable, BitwiseCopyable {
      // numbers
      case latest(signal: Int)
      case window(WindowKind, signal: Int, window: Int64)
      case sinceSignal(signal: Int)  // a log's last match, a condition's or info's last change
      case sinceFact(name: UInt32)
      case age
      case driftCount
      case driftRatio
      case factNumber(signal: Int)
      // truths
      case absent(signal: Int, window: Int64)
      // strings
      case fact(name: UInt32)
      case label(name: UInt32)
      case desired(name: UInt32)
      case status(signal: Int)
      case reason(signal: Int)
      case info(signal: Int)
      case capture(signal: Int, index: Int)
    }
    package var kind: Kind
    package var register: Int
    /// `since`: the register of the bound, NaN where the value is exact or unknown.
    package var boundRegister: Int?
    /// As a person would write it: `count(oom[10m])`.
    package var text: String
    package var format: NumberFormat
    /// Of a clock (`age`, `since`): what it is compared with; `nil`: it is used otherwise and may matter at every tick.
    package var thresholds: [Threshold]?
    /// The base signal that it reads; `nil` for facts, age and the like.
    package var signal: Int?
    /// One value per row.
    package var isKeyed: Bool
    package init(
      kind: Kind, register: Int, boundRegister: Int?, text: String, format: NumberFormat, signal: Int?, isKeyed: Bool
    ) {
      self.kind = kind
      self.register = register
      self.boundRegister = boundRegister
      self.text = text
      self.format = format
      self.thresholds = []
      self.signal = signal
      self.isKeyed = isKeyed
    }
  }

  /// What a clock is compared with, in seconds.
  package enum Threshold: Hashable, Sendable, BitwiseCopyable {
    case constant(Double)
    /// `spread(a, b)`
    case spread(Double, Double)
  }

  /// A feature computed by code: a reduced name, or the clock of a boolean expression.
  package struct Derived: Sendable {
    package enum Kind: Sendable {
      case reduced(Reducer)
      /// The register of the bound; one clock per row.
      case sinceTruth(boundRegister: Int, thresholds: [Threshold]?)
    }
    package var kind: Kind
    package var fragment: Fragment
    package var register: Int
    package var text: String
    package var format: NumberFormat
    package init(kind: Kind, fragment: Fragment, register: Int, text: String, format: NumberFormat) {
      self.kind = kind
      self.fragment = fragment
      self.register = register
      self.text = text
      self.format = format
    }
  }

  /// A run of instructions, the register of its result, and what must be in the registers before it runs.
  package struct Fragment: Sendable {
    package var code: Range<Int>
    package var result: Int
    /// Indices of the features it reads, keyed ones and others; those of the derived features it reads too.
    package var features: [Int]
    package var derived: [Int]
    /// Base signals, keyed, that it reads in its own rows (not through a `reduce`); in ascending order.
    package var keyedSignals: [Int]
    /// Base signals that it reads in any way; in ascending order.
    package var signals: [Int]
    package init(code: Range<Int>, result: Int, features: [Int], derived: [Int], keyedSignals: [Int], signals: [Int]) {
      self.code = code
      self.result = result
      self.features = features
      self.derived = derived
      self.keyedSignals = keyedSignals
      self.signals = signals
    }
  }

  package struct Rule: Sendable {
    package enum Effect: Sendable {
      /// The static range in thousandths; the worth in points.
      case add(worth: Fragment, low: Double, high: Double)
      case replace
      case quarantine
      case protect
    }
    package enum Unknown: Sendable, BitwiseCopyable { case spreads, fires, ignored }
    package struct Except: Sendable {
      package var condition: Fragment
      package var expires: Int64?
      package var because: String?
      package init(condition: Fragment, expires: Int64?, because: String?) {
        self.condition = condition
        self.expires = expires
        self.because = because
      }
    }
    package enum WhyPart: Sendable {
      case text(String)
      case number(Fragment, NumberFormat)
      case string(Fragment)
      case truth(Fragment)
      /// An index into `by`.
      case key(Int)
    }
    package var name: String
    package var when: Fragment
    package var until: Fragment?
    package var `for`: Int64
    package var hold: Int64
    package var latch: Bool
    package var effect: Effect
    package var why: [WhyPart]?
    package var unknown: Unknown
    package var except: [Except]
    package var shadow: Bool
    package var labels: [RuleReport.Label]
    package var by: [String]
    /// Keyed signals over `when`, `until` and the worth.
    package var keyedSignals: [Int]
    /// Every base signal and feature of `when`, `until` and the worth.
    package var signals: [Int]
    package var features: [Int]
    package var derived: [Int]
    package var optionalSignals: [Int]
    package var longestWindow: Int64
    package var definition = Definition()
    package init(
      name: String, when: Fragment, until: Fragment?, for: Int64, hold: Int64, latch: Bool, effect: Effect,
      why: [WhyPart]?,
      unknown: Unknown, except: [Except], shadow: Bool, labels: [RuleReport.Label], by: [String],
      keyedSignals: [Int], signals: [Int], features: [Int], derived: [Int], optionalSignals: [Int], longestWindow: Int64
    ) {
      self.name = name
      self.when = when
      self.until = until
      self.for = `for`
      self.hold = hold
      self.latch = latch
      self.effect = effect
      self.why = why
      self.unknown = unknown
      self.except = except
      self.shadow = shadow
      self.labels = labels
      self.by = by
      self.keyedSignals = keyedSignals
      self.signals = signals
      self.features = features
      self.derived = derived
      self.optionalSignals = optionalSignals
      self.longestWindow = longestWindow
    }
  }
}

/// How a number is shown to people: which dimension it has.
package enum NumberFormat: UInt8, Sendable { case plain, ratio, seconds, bytes, bytesPerSecond, perSecond }
