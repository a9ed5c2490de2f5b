/// Cuts a failing case down while it still fails.
func shrink(_ one: Case, stillFails: (Case) -> Bool) -> Case {
  var best = one
  var hasShrunk = true
  func attempt(_ change: (inout Case) -> Void) -> Bool {
    var candidate = best
    change(&candidate)
    guard stillFails(candidate) else { return false }
    best = candidate
    return true
  }
  for path in best.paths where best.paths.count > 1 { _ = attempt { $0.paths = [path] } }
  for (part, _) in Path.all { _ = attempt { $0.paths = $0.paths.map { $0.subtracting(part) } } }
  // A fleet is large and one of it fails: by halves, then what is left of it one by one.
  var instances = Set(best.actions.compactMap(\.instance)).sorted()
  var share = (instances.count + 1) / 2
  while share > 0 {
    var start = 0
    while start < instances.count {
      let gone = Set(instances[start..<min(start + share, instances.count)])
      if attempt({ $0.actions.removeAll { $0.instance.map(gone.contains) ?? false } }) {
        instances.removeAll { gone.contains($0) }
      } else {
        start += share
      }
    }
    share = share == 1 ? 0 : (share + 1) / 2
  }
  while hasShrunk {
    hasShrunk = false
    for index in best.draft.rules.indices.reversed() where best.draft.rules.count > 1 {
      if attempt({ $0.draft.rules.remove(at: index) }) { hasShrunk = true }
    }
    // The first lines of a rule are its name, its condition and its effect.
    for rule in best.draft.rules.indices {
      for line in best.draft.rules[rule].indices.reversed()
      where !["rule:", "when:", "then:"].contains(where: best.draft.rules[rule][line].hasPrefix) {
        if attempt({ $0.draft.rules[rule].remove(at: line) }) { hasShrunk = true }
      }
    }
    for index in best.draft.signals.indices.reversed() {
      if attempt({ $0.draft.signals.remove(at: index) }) { hasShrunk = true }
    }
    for signal in best.draft.shared.sorted() {
      if attempt({ $0.draft.shared.remove(signal) }) { hasShrunk = true }
    }
    for index in best.draft.header.indices.reversed() where index >= 2 {
      if attempt({ $0.draft.header.remove(at: index) }) { hasShrunk = true }
    }
    var size = best.actions.count / 2
    while size > 0 {
      var start = 0
      while start < best.actions.count {
        let end = min(start + size, best.actions.count)
        if attempt({ $0.actions.removeSubrange(start..<end) }) { hasShrunk = true } else { start = end }
      }
      size /= 2
    }
  }
  return best
}

func report(_ one: Case, _ difference: Difference, original: Case) {
  print("seed \(original.seed)\(one.assumeSteady ? ", assumed steady" : "")")
  print(one.draft.listing)
  for (index, action) in one.actions.enumerated() where index <= difference.action {
    switch action {
    case .observe(let observation): print("  \(observation.time) \(observation.instance) \(observation.content)")
    case .advance(let time): print("  advance to \(time) (tick \(Double(time) / Double(one.step)))")
    case .look(let instance, let time): print("  look at \(instance) at \(time)")
    }
  }
  print("differ in \(difference.what), driven \(difference.path.name)")
  print("  reference:\n    \(difference.reference)")
  print("  engine:\n    \(difference.engine)")
}

extension Action {
  /// Whose it is; `nil`: of all.
  fileprivate var instance: String? {
    switch self {
    case .observe(let observation): observation.instance
    case .look(let instance, _): instance
    case .advance: nil
    }
  }
}
