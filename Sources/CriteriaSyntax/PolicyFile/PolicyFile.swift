package import CriteriaDiagnostics

/// A policy file as written, its expressions parsed, nothing resolved yet. Missing keys are `nil`; the checker knows defaults.
package struct PolicyFile: Sendable {
  package var version: Located<Int>?
  package var name: Name?
  package var description: Located<String>?
  package var selector: Expr?
  package var step: Located<Duration>?
  package var replace: Located<Double>?
  package var watch: Located<Double>?
  package var uses: [Located<String>] = []
  package var launched: [Located<MetricSelector>] = []
  package var desired: [DesiredEntry]?
  package var maxLateness: Located<Duration>?
  /// In the order of the file; those of `use:` files follow, in the order of `use:`.
  package var signals: [SignalDeclaration] = []
  /// Names of signals that were declared but lost to a fault that has been reported: their uses are no faults of their own.
  package var lostSignals: [Name] = []
  package var rules: [RuleDeclaration] = []
  /// A `use:` file, or `signals` as a whole, could not be read: no name can be called unknown.
  package var hasUnreadUses = false
  /// The whole document.
  package var range: SourceRange

  package init(range: SourceRange) { self.range = range }
}

/// `- {where: label.role == "web", image: ami-0f3}`
package struct DesiredEntry: Sendable {
  /// `nil` matches every instance.
  package var condition: Expr?
  /// Fact names and the values desired, in the order of the file.
  package var facts: [(name: Name, value: Located<String>)]
  package var range: SourceRange
  package init(condition: Expr?, facts: [(name: Name, value: Located<String>)], range: SourceRange) {
    self.condition = condition
    self.facts = facts
    self.range = range
  }
}

/// `cpu: {gauge: node_cpu_busy_percent, unit: percent}`
package struct SignalDeclaration: Sendable {
  package var name: Name
  package var kind: SignalKind
  package var unit: Located<Unit>?
  package var by: [Name] = []
  package var reduce: Located<Reduction>?
  package var staleAfter: Located<Duration>?
  package var isOptional: Located<Bool>?
  /// The label that holds the instance, for this signal.
  package var instance: Located<String>?
  /// The whole entry, name and value.
  package var range: SourceRange

  package init(name: Name, kind: SignalKind, range: SourceRange) {
    self.name = name
    self.kind = kind
    self.range = range
  }
}

package enum SignalKind: Sendable {
  case gauge(MetricSource)
  case counter(MetricSource)
  case log(LogSource)
  case condition(ConditionSource)
  case info(Located<MetricSelector>, label: Located<String>?)
  case fact(Name)
  case expression(Expr)
}

/// What `gauge:` and `counter:` carry besides the selector.
package struct MetricSource: Sendable {
  package var selector: Located<MetricSelector>
  /// Multiplies the raw sample, before the unit converts it.
  package var scale: Located<Double>?
  package var maxKeys: Located<Int>?
  /// `'< 0'`: raw samples that satisfy this are as if they had never come, and are counted.
  package var ignore: Located<Ignore>?
  package init(selector: Located<MetricSelector>) { self.selector = selector }
}

package struct Ignore: Hashable, Sendable {
  package var comparison: ComparisonOperator
  package var bound: Double
  package init(comparison: ComparisonOperator, bound: Double) {
    self.comparison = comparison
    self.bound = bound
  }
}

/// `node_filesystem_avail_bytes{fstype!="tmpfs"}`: a metric's name and matchers, anchored as in Prometheus.
package struct MetricSelector: Hashable, Sendable {
  package enum Operator: String, Hashable, Sendable {
    case equal = "="
    case notEqual = "!="
    case matches = "=~"
    case notMatches = "!~"
  }
  package struct Matcher: Hashable, Sendable {
    package var label: String
    package var comparison: Operator
    package var value: String
    package init(label: String, comparison: Operator, value: String) {
      self.label = label
      self.comparison = comparison
      self.value = value
    }
  }
  package var metric: String
  package var matchers: [Matcher]
  package init(metric: String, matchers: [Matcher] = []) {
    self.metric = metric
    self.matchers = matchers
  }
}

/// `{log: [sshd, 'sshd-*'], match: '…'}`
package struct LogSource: Sendable {
  /// Names and globs (`*`, `?`); `any` takes all.
  package var sources: [Located<String>]
  /// The pattern as PCRE2 reads it. `map` of the scalar's positions is `patternRanges`: the source range of each byte.
  package var match: Located<String>
  /// For each byte of `match.value`, where it stands in the file, so that PCRE2's error offset becomes a column.
  package var matchOffsets: [Int]
  package var value: Located<String>?
  package var utf: Bool
  package var matchLimit: Located<Int>?
  /// Bytes.
  package var maxLine: Located<Int>?
  package init(sources: [Located<String>], match: Located<String>, matchOffsets: [Int], utf: Bool = false) {
    self.sources = sources
    self.match = match
    self.matchOffsets = matchOffsets
    self.utf = utf
  }
}

/// `{condition: MemoryPressure, from: kube_node_status_condition, type: condition, status: status}`
package struct ConditionSource: Sendable {
  package var type: Located<String>
  /// The metric that carries conditions, with the labels that hold type and status. Counts where its value is 1.
  package var from: Located<MetricSelector>?
  package var typeLabel: Located<String>?
  package var statusLabel: Located<String>?
  package init(type: Located<String>) { self.type = type }
}

package enum Reduction: String, Sendable, CaseIterable { case sum, avg, min, max, count }

/// `- rule: OOMLoop …`
package struct RuleDeclaration: Sendable {
  package enum Unknown: String, Sendable, CaseIterable { case fires, ignore }
  package var name: Name
  package var when: Expr
  package var until: Expr?
  package var `for`: Located<Duration>?
  package var hold: Located<Duration>?
  package var latch: Located<Bool>?
  package var then: Effect
  package var why: Template?
  package var unknown: Located<Unknown>?
  package var except: [ExceptEntry] = []
  /// `mode: shadow`; `nil` where the key is absent.
  package var shadow: Located<Bool>?
  package var labels: [(name: Name, value: Located<String>)] = []
  package var range: SourceRange
  package init(name: Name, when: Expr, then: Effect, range: SourceRange) {
    self.name = name
    self.when = when
    self.then = then
    self.range = range
  }
}

package enum Effect: Sendable {
  case add(Expr, SourceRange)  // +60 * ramp(x, 0, 1)
  case replace(SourceRange)
  case quarantine(SourceRange)
  case protect(SourceRange)
}

/// `- {where: label.pool == "canary", expires: 2026-12-31, because: canaries live long}`
package struct ExceptEntry: Sendable {
  package var condition: Expr
  /// The first millisecond after the day, UTC: the entry counts at ticks before it.
  package var expires: Located<Int64>?
  package var because: Located<String>?
  package var range: SourceRange
  package init(condition: Expr, range: SourceRange) {
    self.condition = condition
    self.range = range
  }
}

/// `"{count(io[1h])} I/O errors on {dev}"`. `{{` and `}}` are braces.
package struct Template: Sendable {
  package enum Part: Sendable {
    case text(String)
    /// A single name may also be a key (`dev`) of the rule's rows.
    case expression(Expr)
  }
  package var parts: [Part]
  package var range: SourceRange
  package init(parts: [Part], range: SourceRange) {
    self.parts = parts
    self.range = range
  }
}
