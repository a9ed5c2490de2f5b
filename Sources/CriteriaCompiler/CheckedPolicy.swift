package import CriteriaDiagnostics
package import CriteriaEngine
package import CriteriaSyntax

/// A policy whose names are resolved and whose types are right. It always lowers.
package struct CheckedPolicy: Sendable {
  package var name: String
  package var description: String?
  /// `nil`: every instance. Over facts and labels only.
  package var selector: BoolExpr?
  /// Milliseconds, > 0. Default 30 s.
  package var step: Int64
  /// Thousandths of a point. 0 < watch ≤ replace. Defaults: replace 100 points, watch half of replace.
  package var replace: Int64
  package var watch: Int64
  /// Milliseconds. Default 2 steps.
  package var maxLateness: Int64
  package var launched: [MetricSelector]
  package var desired: [Desired]?
  package var signals: [Signal]
  package var rules: [Rule]
  /// Of log signals: compiled once, for compiling is the dearest part of reading a policy.
  package var regexes: [SignalIndex: Regex] = [:]

  package struct Desired: Sendable {
    package var condition: BoolExpr?
    package var facts: [String: String]
    package init(condition: BoolExpr?, facts: [String: String]) {
      self.condition = condition
      self.facts = facts
    }
  }

  package init(
    name: String, description: String?, selector: BoolExpr?, step: Int64, replace: Int64, watch: Int64,
    maxLateness: Int64,
    launched: [MetricSelector], desired: [Desired]?, signals: [Signal], rules: [Rule]
  ) {
    self.name = name
    self.description = description
    self.selector = selector
    self.step = step
    self.replace = replace
    self.watch = watch
    self.maxLateness = maxLateness
    self.launched = launched
    self.desired = desired
    self.signals = signals
    self.rules = rules
  }

  /// An index into `signals`: only sources of evidence have one; named expressions are written out where they are used.
  package typealias SignalIndex = Int

  package struct Signal: Sendable {
    package var name: String
    package var source: Source
    /// Of gauges, counters, facts, and the `value:` of logs.
    package var unit: Unit?
    /// Labels (metrics) or captures (logs); sorted by name. Empty: not keyed.
    package var by: [String]
    package var reduce: Reduction?
    /// Milliseconds; `nil`: never stale (facts; logs without `stale_after`). The default is already applied here.
    package var staleAfter: Int64?
    package var isOptional: Bool
    package var instanceLabel: String?
    /// The longest window over it, anywhere in the policy; 0 without one. A `since` of a log counts as 24 h.
    package var longestWindow: Int64
    /// At most this many series or keys of one instance. Default 64.
    package var maxKeys: Int

    package enum Source: Sendable {
      case gauge(MetricSelector, scale: Double?, ignore: Ignore?)
      case counter(MetricSelector, scale: Double?, ignore: Ignore?)
      case log(sources: [String], pattern: String, value: String?, utf: Bool, limits: PatternLimits, groups: [String])
      case condition(String, from: MetricSelector?, typeLabel: String, statusLabel: String)
      case info(MetricSelector, label: String)
      case fact(String)
    }

    package init(
      name: String, source: Source, unit: Unit?, by: [String], reduce: Reduction?, staleAfter: Int64?, isOptional: Bool,
      instanceLabel: String?, longestWindow: Int64, maxKeys: Int
    ) {
      self.name = name
      self.source = source
      self.unit = unit
      self.by = by
      self.reduce = reduce
      self.staleAfter = staleAfter
      self.isOptional = isOptional
      self.instanceLabel = instanceLabel
      self.longestWindow = longestWindow
      self.maxKeys = maxKeys
    }
  }

  package struct Rule: Sendable {
    package var name: String
    package var when: BoolExpr
    package var until: BoolExpr?
    /// Milliseconds, multiples of the step; 0 without the key.
    package var `for`: Int64
    package var hold: Int64
    package var latch: Bool
    package var effect: Effect
    package var why: [WhyPart]?
    package var unknown: RuleDeclaration.Unknown?
    package var except: [Except]
    package var shadow: Bool
    package var labels: [(name: String, value: String)]
    /// The labels of its rows, sorted; empty: one row.
    package var by: [String]
    /// Signals marked `optional` that `when`, `until`, `then` read, also through names: never seen makes the rule n/a.
    package var optionalSignals: [SignalIndex]
    /// The longest window in the rule, `for` aside; 0 without one.
    package var longestWindow: Int64
    package var range: SourceRange

    package enum Effect: Sendable {
      /// The worth, and its static range in points (`low == high` for a constant).
      case add(NumberExpr, range: ClosedRange<Double>)
      case replace
      case quarantine
      case protect
    }

    package struct Except: Sendable {
      package var condition: BoolExpr
      /// Counts at ticks before this millisecond.
      package var expires: Int64?
      package var because: String?
      package init(condition: BoolExpr, expires: Int64?, because: String?) {
        self.condition = condition
        self.expires = expires
        self.because = because
      }
    }

    package enum WhyPart: Sendable {
      case text(String)
      case number(NumberExpr, type: Dimension)
      case string(StringExpr)
      case bool(BoolExpr)
      /// The value of one of the rule's `by` labels in the row that the reason speaks of.
      case key(String)
    }

    package init(
      name: String, when: BoolExpr, until: BoolExpr?, for: Int64, hold: Int64, latch: Bool, effect: Effect,
      why: [WhyPart]?,
      unknown: RuleDeclaration.Unknown?, except: [Except], shadow: Bool, labels: [(name: String, value: String)],
      by: [String],
      optionalSignals: [SignalIndex], longestWindow: Int64, range: SourceRange
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
      self.optionalSignals = optionalSignals
      self.longestWindow = longestWindow
      self.range = range
    }
  }
}

/// bytes^bytes · time^time, and the mark of a ratio where both are 0.
package struct Dimension: Hashable, Sendable {
  package enum Mark: Sendable { case plain, ratio, either }
  package var bytes: Int
  package var time: Int
  package var mark: Mark
  package init(bytes: Int = 0, time: Int = 0, mark: Mark = .plain) {
    self.bytes = bytes
    self.time = time
    self.mark = mark
  }
}

/// A function of a window of one signal.
package enum WindowFunction: String, Sendable, CaseIterable {
  case avg, min, max, sum, first, last, count, rate, increase, changes, slope, stddev, p50, p90, p95, p99
}

/// What `since` speaks of.
package indirect enum SinceTarget: Sendable {
  case log(CheckedPolicy.SignalIndex)  // its last match
  case condition(CheckedPolicy.SignalIndex)  // its last change
  case info(CheckedPolicy.SignalIndex)
  case fact(String)  // fact.NAME, and signals of kind fact
  case truth(BoolExpr)  // since it became true
}

/// Numbers: canonical units, unknown where a part is unknown or the result is not finite. Every node carries its range in
/// the text. A node that reads keyed signals has one value per row.
package indirect enum NumberExpr: Sendable {
  case constant(Double, SourceRange)
  case latest(CheckedPolicy.SignalIndex, SourceRange)
  case window(WindowFunction, CheckedPolicy.SignalIndex, Int64, SourceRange)  // milliseconds
  case since(SinceTarget, SourceRange)
  case age(SourceRange)
  case driftCount(SourceRange)
  case driftRatio(SourceRange)
  /// A named expression with `reduce:`: its inner expression over its rows, made one value. `by` is that of the inner one.
  case reduced(Reduction, NumberExpr, by: [String], SourceRange)
  case negate(NumberExpr, SourceRange)
  case arithmetic(ArithmeticOperator, NumberExpr, NumberExpr, SourceRange)
  case abs(NumberExpr, SourceRange)
  case min([NumberExpr], SourceRange)
  case max([NumberExpr], SourceRange)
  case clamp(NumberExpr, NumberExpr, NumberExpr, SourceRange)
  case ramp(NumberExpr, NumberExpr, NumberExpr, SourceRange)
  case spread(NumberExpr, NumberExpr, SourceRange)
}

package indirect enum BoolExpr: Sendable {
  case constant(Bool, SourceRange)
  case compare(ComparisonOperator, NumberExpr, NumberExpr, SourceRange)
  case numberIn(NumberExpr, [Double], SourceRange)
  case compareStrings(equal: Bool, StringExpr, StringExpr, SourceRange)
  case stringIn(StringExpr, [String], SourceRange)
  case matches(StringExpr, pattern: String, SourceRange)
  case compareBools(equal: Bool, BoolExpr, BoolExpr, SourceRange)
  case absent(CheckedPolicy.SignalIndex, Int64, SourceRange)
  case drifted(String, SourceRange)
  case not(BoolExpr, SourceRange)
  case and(BoolExpr, BoolExpr, SourceRange)
  case or(BoolExpr, BoolExpr, SourceRange)
}

package indirect enum StringExpr: Sendable {
  case constant(String, SourceRange)
  case fact(String, SourceRange)
  case label(String, SourceRange)
  case desired(String, SourceRange)
  case status(CheckedPolicy.SignalIndex, SourceRange)  // of a condition
  case reason(CheckedPolicy.SignalIndex, SourceRange)
  case info(CheckedPolicy.SignalIndex, SourceRange)
  case capture(CheckedPolicy.SignalIndex, String, SourceRange)
}

extension NumberExpr {
  /// Where it stands in the text.
  package var range: SourceRange {
    switch self {
    case .constant(_, let range), .latest(_, let range), .window(_, _, _, let range), .since(_, let range),
      .age(let range),
      .driftCount(let range), .driftRatio(let range), .reduced(_, _, _, let range), .negate(_, let range),
      .arithmetic(_, _, _, let range), .abs(_, let range), .min(_, let range), .max(_, let range),
      .clamp(_, _, _, let range), .ramp(_, _, _, let range), .spread(_, _, let range):
      range
    }
  }
}

extension BoolExpr {
  /// Where it stands in the text.
  package var range: SourceRange {
    switch self {
    case .constant(_, let range), .compare(_, _, _, let range), .numberIn(_, _, let range),
      .compareStrings(_, _, _, let range), .stringIn(_, _, let range), .matches(_, _, let range),
      .compareBools(_, _, _, let range), .absent(_, _, let range), .drifted(_, let range), .not(_, let range),
      .and(_, _, let range), .or(_, _, let range):
      range
    }
  }
}
