package import Criteria
package import CriteriaDiagnostics
package import CriteriaSyntax

/// A file of policy tests as written: `each` written out, defaults merged in, nothing looked up in the policy yet.
package struct TestFile: Sendable {
  /// As the user named it.
  package var path: String
  /// Beside the test file; `nil` if it is missing, which was reported.
  package var policy: Located<String>?
  /// The files whose defaults it shares, as paths from here.
  package var uses: [String]
  package var cases: [TestCase]

  /// The path of the policy, from where the test file was found.
  package var policyPath: String? { policy.map { beside(path, $0.value) } }
}

/// A path written in a file, seen from where that file was found.
func beside(_ file: String, _ path: String) -> String {
  guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
  return String(file[...slash]) + path
}

/// One case: what is observed of some instances, and what the policy must make of it.
package struct TestCase: Sendable {
  /// As written under `test:`, names of the `each` row put in.
  package var name: Located<String>
  /// The `each` row that it was made from; empty without `each`.
  package var row: [(name: String, value: String)]
  /// The instances in the order of the file; one unless there is `instances:`.
  package var instances: [InstanceGiven]
  package var expectations: [Expectation]
  /// The day on which it begins, in milliseconds since 1970.
  package var day: Int64
  /// How often series are sampled; `nil`: at every step of the policy.
  package var scrape: Located<Duration>?
  /// The whole entry.
  package var range: SourceRange

  /// The name, and the row that tells it from its siblings: `the boundary is exclusive [v: 90%, s: 0]`.
  package var title: String {
    row.isEmpty ? name.value : name.value + " [" + row.map { "\($0.name): \($0.value)" }.joined(separator: ", ") + "]"
  }
}

/// Where something that is given was written: that decides whether it must be used.
package enum GivenOrigin: Sendable { case ownCase, defaults, shared }

/// Everything given of one instance.
package struct InstanceGiven: Sendable {
  package var name: String
  package var signals: [SignalGiven] = []
  package var facts: [FactGiven] = []
  package var logs: [LinesGiven] = []
  package var samples: [SamplesGiven] = []
}

/// `avail{mountpoint=/}: 5GiB for 1h`
package struct SignalGiven: Sendable {
  package var signal: Name
  package var labels: [(name: String, value: String)]
  package var segments: [Segment]
  /// Where its notation stands.
  package var range: SourceRange
  package var origin: GivenOrigin
}

/// `instance: {age: 3d, label.role: web, fact.image: ami-0f3, desired.image: ami-0f3}`
package struct FactGiven: Sendable {
  package enum What: Hashable, Sendable {
    case age
    case label(String)
    case fact(String)
    case desired(String)
  }
  package var what: What
  /// As written: `fact.image`.
  package var name: Name
  package var value: Value
  package var range: SourceRange
  package var origin: GivenOrigin

  package enum Value: Sendable {
    case age(Duration)
    case text(String)
    /// A default taken back.
    case missing
    /// `'"a" for 20m then "b"'`
    case series([Segment])
  }
}

/// `logs: {kernel: {3m: "Out of memory: Killed process 12 (java)"}}`
package struct LinesGiven: Sendable {
  package var source: Name
  package var times: Segment
  package var lines: [String]
  package var range: SourceRange
  package var origin: GivenOrigin
}

/// `samples: [{series: 'up{job="x"}', values: '1x30 0 _x3 stale'}]`
package struct SamplesGiven: Sendable {
  package var metric: String
  package var labels: [(name: String, value: String)]
  /// One per scrape from 0 on; `nil`: none; NaN: the series ends.
  package var values: [Double?]
  package var range: SourceRange
  package var origin: GivenOrigin
}

/// A part of a notation, from where the one before ends.
package struct Segment: Sendable {
  package enum Scalar: Sendable {
    case number(NumberLiteral)
    case text(String)
  }
  package typealias Groups = [(name: String, value: Scalar)]
  package enum Kind: Sendable {
    case value(Scalar, Groups)  // 20%   "True" {reason: KubeletReady}
    case ramp(NumberLiteral, NumberLiteral)  // 20% .. 95% over 10m
    case stepsAt(NumberLiteral, [Int64])  // +1 at 11m 12m
    case stepsEvery(NumberLiteral, Int64)  // +1 every 3m
    case every(Int64, Groups)  // every 3m {comm: java}
    case at([Int64], Groups)  // at 1m 4m {comm: java}
    case spread(Int, Groups)  // 3 over 10m {comm: java}
    case missing
    /// The series says that it ends (Prometheus' stale marker).
    case ends
  }
  package var kind: Kind
  /// Milliseconds; `nil`: to the end of the case.
  package var length: Int64?
  package var range: SourceRange
}

/// One entry of `expect`.
package struct Expectation: Sendable {
  package enum Kind: Sendable {
    case at([Located<Duration>], [Check])
    case timeline([TimelinePart])
    case never([Name])
  }
  package var kind: Kind
  /// `of: i-1`; `nil`: every instance of the case.
  package var instance: Name?
  package var range: SourceRange
}

/// `keep until 9m`
package struct TimelinePart: Sendable {
  package var verdict: Outcome
  /// Milliseconds, exclusive; `nil`: to the end of the case.
  package var until: Located<Duration>?
  package var range: SourceRange
}

/// What can be said of an instance: a verdict, or that its selector leaves it out.
package enum Outcome: Hashable, Sendable, CustomStringConvertible {
  case verdict(Verdict)
  case unjudged

  package init?(word: String) {
    if word == "unjudged" {
      self = .unjudged
    } else if let verdict = Verdict(rawValue: word) {
      self = .verdict(verdict)
    } else {
      return nil
    }
  }

  package var description: String {
    switch self {
    case .verdict(let verdict): verdict.rawValue
    case .unjudged: "unjudged"
    }
  }

  static let words = Verdict.allCases.map(\.rawValue) + ["unjudged"]
}

/// One thing that must hold at a time.
package struct Check: Sendable {
  package enum Kind: Sendable {
    case verdict(Outcome)
    case possible([Verdict])
    case score(ScoreBounds)
    case because([Name])
    case state(rule: Name, RuleReport.State)
    case possibleState(rule: Name, RuleReport.State)
    case key(rule: Name, [(name: String, value: String)])
    /// Some part of the reason; of any rule, or of this one.
    case why(rule: Name?, String)
    case value(ValueCheck)
    case missing([Name])
    /// From the start of the case; `nil`: never.
    case nextChange(Duration?)
  }
  package var kind: Kind
  /// Where its value stands.
  package var range: SourceRange
}

/// What a score must be, in thousandths of a point.
package enum ScoreBounds: Hashable, Sendable {
  /// `60`: certain.
  case exactly(Int64)
  /// `50..70`: certain or not, all of it lies within.
  case within(Int64, Int64)
  /// `[0, 40]`: this interval and no other.
  case interval(Int64, Int64)
}

/// `{value: avg(cpu[5m]), is: 95%}`
package struct ValueCheck: Sendable {
  package enum Expected: Sendable {
    case number(NumberLiteral)
    case within(NumberLiteral, NumberLiteral)
    case text(String)
    case truth(Bool)
    case unknown
  }
  package var expression: Expr
  /// As written.
  package var text: String
  package var expected: Expected
  /// As written; `true` where it is left out.
  package var expectedText: String
  package var expectedRange: SourceRange
  /// The row of a value over keys; empty for others.
  package var key: [(name: String, value: String)]
}
