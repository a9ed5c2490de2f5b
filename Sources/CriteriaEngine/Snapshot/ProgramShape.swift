// What a snapshot says of the policy that it is of: enough to find its signals and rules in another one.

extension Program {
  /// What the state of a program is made of, in the order in which it is written.
  struct Shape {
    struct Signal {
      var source: Plan.Signal.Source
      var name: String
      var definition: Definition
      var captures: [String]
      /// How many parts its keys have; 0: it has none.
      var keyParts: Int
      var retention: Int64
    }
    struct Rule {
      var name: String
      var definition: Definition
      var isKeyed: Bool
      /// How many parts the keys of its rows have.
      var keyParts: Int
      var excepts: Int
      /// Indices of signals.
      var signals: [Int]
    }
    struct Clock {
      var text: String
      var signals: [Int]
    }
    var step: Int64
    var signals: [Signal]
    var launched: [String]
    var clocks: [Clock]
    var rules: [Rule]
  }

  var shape: Shape {
    Shape(
      step: step,
      signals: signals.map { signal in
        var captures: [String] = []
        let source: Plan.Signal.Source
        switch signal.source {
        case .metric: source = .metric
        case .log(let pattern):
          source = .log
          captures = pattern.captures
        case .condition: source = .condition
        case .info: source = .info
        case .fact: source = .fact
        }
        return Shape.Signal(
          source: source, name: signal.name, definition: signal.definition, captures: captures,
          // The events of a log have keys even if they are reduced.
          keyParts: signal.isKeyed || source == .log ? signal.by.count : 0, retention: signal.retention)
      },
      launched: launched.map(\.text),
      clocks: derived.map { Shape.Clock(text: $0.text, signals: $0.fragment.signals) },
      rules: rules.map {
        Shape.Rule(
          name: $0.name, definition: $0.definition, isKeyed: !$0.keyedSignals.isEmpty, keyParts: $0.by.count,
          excepts: $0.except.count,
          signals: $0.signals)
      })
  }
}

extension Selector {
  /// As a policy writes it.
  fileprivate var text: String {
    let tests = matchers.map { label, test in
      switch test {
      case .equal(let value): "\(label)=\"\(value)\""
      case .notEqual(let value): "\(label)!=\"\(value)\""
      case .matches(let regex): "\(label)=~\"\(regex.pattern)\""
      case .notMatches(let regex): "\(label)!~\"\(regex.pattern)\""
      }
    }
    return metric + "{" + tests.joined(separator: ",") + "}"
  }
}

extension Definition {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(count: parts.count)
    for part in parts {
      writer.write(part.name)
      writer.write(part.text)
    }
  }

  init(from reader: inout SnapshotReader) throws(SnapshotError) {
    self.init()
    for _ in 0..<(try reader.count(of: 8)) { add(try reader.string(), try reader.string()) }
  }
}

extension Program.Shape {
  func encode(into writer: inout SnapshotWriter) {
    writer.write(step)
    writer.write(count: signals.count)
    for signal in signals {
      writer.write(signal.source.rawValue)
      writer.write(signal.name)
      signal.definition.encode(into: &writer)
      writer.write(count: signal.captures.count)
      for capture in signal.captures { writer.write(capture) }
      writer.write(count: signal.keyParts)
      writer.write(signal.retention)
    }
    writer.write(count: launched.count)
    for text in launched { writer.write(text) }
    writer.write(count: clocks.count)
    for clock in clocks {
      writer.write(clock.text)
      encode(clock.signals, into: &writer)
    }
    writer.write(count: rules.count)
    for rule in rules {
      writer.write(rule.name)
      rule.definition.encode(into: &writer)
      writer.write(rule.isKeyed)
      writer.write(count: rule.keyParts)
      writer.write(count: rule.excepts)
      encode(rule.signals, into: &writer)
    }
  }

  private func encode(_ indices: [Int], into writer: inout SnapshotWriter) {
    writer.write(count: indices.count)
    for index in indices { writer.write(count: index) }
  }

  init(from reader: inout SnapshotReader) throws(SnapshotError) {
    step = try reader.int64()
    guard step > 0, step.magnitude <= timeBound else {
      throw reader.damage("a step that is not positive")
    }
    signals = []
    launched = []
    clocks = []
    rules = []
    for _ in 0..<(try reader.count(of: 25)) {
      guard let source = Plan.Signal.Source(rawValue: try reader.uint8()) else {
        throw reader.damage("no kind of signal")
      }
      let name = try reader.string()
      let definition = try Definition(from: &reader)
      var captures: [String] = []
      for _ in 0..<(try reader.count(of: 4)) { captures.append(try reader.string()) }
      signals.append(
        Signal(
          source: source, name: name, definition: definition, captures: captures,
          keyParts: Int(try reader.integer(UInt32.self)), retention: try reader.int64()))
    }
    for _ in 0..<(try reader.count(of: 4)) { launched.append(try reader.string()) }
    for _ in 0..<(try reader.count(of: 8)) {
      let text = try reader.string()
      clocks.append(Clock(text: text, signals: try Self.indices(&reader, below: signals.count)))
    }
    for _ in 0..<(try reader.count(of: 21)) {
      let name = try reader.string()
      let definition = try Definition(from: &reader)
      let isKeyed = try reader.bool()
      let keyParts = Int(try reader.integer(UInt32.self))
      let excepts = Int(try reader.integer(UInt32.self))
      rules.append(
        Rule(
          name: name, definition: definition, isKeyed: isKeyed, keyParts: keyParts, excepts: excepts,
          signals: try Self.indices(&reader, below: signals.count)))
    }
  }

  private static func indices(_ reader: inout SnapshotReader, below count: Int)
    throws(SnapshotError) -> [Int]
  {
    var indices: [Int] = []
    for _ in 0..<(try reader.count(of: 4)) {
      indices.append(try reader.index(below: count, "signal"))
    }
    return indices
  }
}

// MARK: From one policy to another

extension SnapshotTransfer {
  /// - Parameters:
  ///   - old: What the state is of.
  ///   - new: What it shall be of.
  init(from old: Program.Shape, to new: Program.Shape) {
    step = old.step
    signals = old.signals.map { Self.transfer($0, to: new, report: &report) }
    launched = old.launched.map { text in
      let target = new.launched.firstIndex(of: text)
      report.append(
        .init(.launched, text, target == nil ? "the policy does not read it any more" : nil))
      return target
    }
    let lost = signals.indices.filter { signals[$0].target == nil }
    func loss(of signals: [Int]) -> String? {
      signals.first(where: lost.contains).map {
        "it reads `\(old.signals[$0].name)`, whose state is dropped"
      }
    }
    derived = old.clocks.map { clock in
      let target = new.clocks.firstIndex { $0.text == clock.text }
      let reason = target == nil ? "the policy does not read it any more" : loss(of: clock.signals)
      report.append(.init(.clock, clock.text, reason))
      return reason == nil ? target : nil
    }
    rules = old.rules.map { rule in
      let target = new.rules.firstIndex { $0.name == rule.name }
      var reason: String? = "the policy has no such rule any more"
      if let target {
        let other = new.rules[target]
        reason = rule.definition.difference(from: other.definition).map { "its `\($0)` is another" }
        if reason == nil, rule.isKeyed != other.isKeyed || rule.keyParts != other.keyParts {
          reason = "its rows are others"
        }
        if reason == nil { reason = loss(of: rule.signals) }
      }
      report.append(.init(.rule, rule.name, reason))
      return Rule(
        isKeyed: rule.isKeyed, keyParts: rule.keyParts, excepts: rule.excepts, target: reason == nil ? target : nil,
        keepsException: target.map { new.rules[$0].excepts == rule.excepts } ?? false)
    }
  }

  private static func transfer(
    _ signal: Program.Shape.Signal, to new: Program.Shape, report: inout [StateTransfer]
  ) -> Signal {
    var result = Signal(source: signal.source, name: signal.name, keyParts: signal.keyParts, target: nil)
    result.captures = Captures(count: signal.captures.count, places: [])
    var note = "unchanged"
    var reason: String?
    if let index = new.signals.firstIndex(where: { $0.name == signal.name }) {
      let other = new.signals[index]
      if signal.source != other.source {
        reason = "it is of another kind"
      } else if let part = signal.definition.difference(from: other.definition) {
        reason = "its `\(part)` is another"
      } else if signal.keyParts != other.keyParts {
        reason = "its `by` is another"
      } else if let capture = other.captures.first(where: { !signal.captures.contains($0) }) {
        reason = "its capture `\(capture)` was not kept"
      } else {
        result.target = index
        result.captures.places = other.captures.map { signal.captures.firstIndex(of: $0)! }
        if other.retention > signal.retention {
          note =
            "its history goes back \(signal.retention / 1000) s, and shall go back \(other.retention / 1000) s"
        }
      }
    } else {
      reason = "the policy has no such signal any more"
    }
    report.append(.init(.signal, signal.name, reason, note: note))
    return result
  }
}

extension StateTransfer {
  /// - Parameter loss: Why it is dropped; `nil`: it is kept.
  fileprivate init(_ part: Part, _ name: String, _ loss: String?, note: String = "unchanged") {
    self.part = part
    self.name = name
    isKept = loss == nil
    reason = loss ?? note
  }
}
