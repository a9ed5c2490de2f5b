package import CriteriaCompiler
package import CriteriaDiagnostics
import CriteriaEngine

/// A test file bound to the policy under mutation, and its text.
package struct MutationFile: Sendable {
  package var bound: BoundFile
  package var text: SourceText
  package init(bound: BoundFile, text: SourceText) {
    self.bound = bound
    self.text = text
  }
}

package enum MutantOutcome: Sendable {
  /// By this test.
  case killed(test: String)
  /// No test fails under it.
  case survived
  /// It decides as the policy does, in every case: why that is certain.
  case equivalent(String)
  /// It is no policy: what the compiler says.
  case invalid(String)
}

/// The mutants of one policy, and the tests that have to find them out. Plain data: mutants can be judged side by side.
package struct MutationRun: Sendable {
  package let compilation: Compilation
  package let mutants: [Mutant]
  package let files: [MutationFile]
  private let subjects: [Subject]
  private let meaning: PolicyMeaning
  private let cases: [Case]
  /// By rule.
  private let rules: [String: RuleAlone]

  private struct Case: Sendable {
    var file: Int
    var bound: BoundCase
    var stimulus: Stimulus
  }

  /// A rule without the others, and how it stands in each case.
  private struct RuleAlone: Sendable {
    var subject: Subject
    var courses: [Course]
    /// By case: its course. Most cases give a rule the same.
    var places: [Int]
    /// The cases in the order in which they are likely to tell something of it.
    var order: [Int]

    var protects: Bool {
      if case .protect = subject.policy.program.rules[0].effect { true } else { false }
    }

    /// All that a case gives to a rule: where it is the same, the rule stands the same.
    private struct Input: Hashable {
      var start: Int64
      var end: Int64
      var instances: [String]
      var entries: [[History.Entry]]
    }

    init(_ subject: Subject, _ cases: [Case]) {
      self.subject = subject
      var known: [Input: Int] = [:]
      courses = []
      places = []
      for one in cases {
        let start = subject.start(of: one.bound)
        let input = Input(
          start: start, end: one.bound.end, instances: one.bound.instances.map(\.name),
          entries: one.bound.instances.indices.map { instance in
            History(one.stimulus, one.bound, instance: instance, start: start, subject.signals).entries
          })
        if let place = known[input] {
          places.append(place)
          continue
        }
        known[input] = courses.count
        places.append(courses.count)
        courses.append(Course(one.bound, one.stimulus, subject, rule: 0))
      }
      // Where a rule was active, something is most likely expected of it; where it was only pending, next.
      let weights = courses.map { course in
        if course.contains({ $0.excepted != nil || $0.sure == .active || $0.sure == .holding }) { return 2 }
        return course.contains { $0.sure == .pending } ? 1 : 0
      }
      let keys = zip(cases, places).enumerated().map { (-weights[$1.1], $1.0.bound.size, $0) }
      order = cases.indices.sorted { keys[$0] < keys[$1] }
    }
  }

  /// - Parameter compilation: Of a valid policy, to which the files are bound, and under which all of their cases pass.
  package init(_ compilation: Compilation, _ files: [MutationFile]) {
    guard let file = compilation.file, let checked = compilation.checked else {
      preconditionFailure("an invalid policy reached its mutation")
    }
    self.compilation = compilation
    self.files = files
    mutants = CriteriaTesting.mutants(of: file, compilation.sources).map { $0.withUnit(in: compilation) }
    meaning = PolicyMeaning(checked)
    var subjects: [Subject] = []
    var cases: [Case] = []
    for (index, file) in files.enumerated() {
      guard let subject = try? Subject(compilation, for: file.bound) else {
        preconditionFailure("a file that is bound to an invalid policy")
      }
      subjects.append(subject)
      for bound in file.bound.cases {
        cases.append(Case(file: index, bound: bound, stimulus: Stimulus(bound, start: subject.start(of: bound))))
      }
    }
    self.subjects = subjects
    self.cases = cases
    var rules: [String: RuleAlone] = [:]
    for rule in checked.rules {
      guard let subject = Subject(ofRule: rule.name, compilation) else { continue }
      rules[rule.name] = RuleAlone(subject, cases)
    }
    self.rules = rules
  }

  private func compile(_ mutant: Mutant) -> Compilation {
    guard let mutated = compilation.replacing(mutant.range, by: mutant.replacement) else {
      preconditionFailure("a policy without a text")
    }
    return mutated
  }

  // MARK: Judging

  /// What the tests make of a mutant.
  package func judge(_ index: Int) -> MutantOutcome {
    let mutant = mutants[index]
    let compiled = compile(mutant)
    guard let checked = compiled.checked else {
      return .invalid(compiled.diagnostics.first { $0.severity == .error }?.message ?? "it does not compile")
    }
    let changed = PolicyMeaning(checked)
    if changed == meaning { return .equivalent("it compiles to the same program") }
    let alone = ruleAlone(mutant, compiled, changed)
    var subjects: [Int: Subject] = [:]
    /// By course: the mutant's is the same.
    var isSame: [Int: Bool] = [:]
    for place in rules[names(changedIn: changed).first ?? ""]?.order ?? Array(cases.indices) {
      let one = cases[place]
      // Where the rule stands as it does anyway, the case comes out as it does anyway.
      if let alone, one.bound.asksForStandingsOnly {
        let course = alone.rule.places[place]
        let isSameHere =
          isSame[course] ?? (Course(one.bound, one.stimulus, alone.mutant, rule: 0) == alone.rule.courses[course])
        isSame[course] = isSameHere
        if isSameHere { continue }
      }
      if subjects[one.file] == nil {
        guard let subject = try? Subject(compiled, for: files[one.file].bound) else {
          // An expression of `value` no longer has a type: the file would not run.
          return .killed(test: files[one.file].bound.file.path)
        }
        subjects[one.file] = subject
      }
      guard let subject = subjects[one.file] else { continue }
      let result = run(one.bound, under: subject, RunOptions(stopsAtFirstFailure: true), stimulus: one.stimulus)
      if !result.passed { return .killed(test: one.bound.test.title) }
    }
    if let gap = ScoreGap(compilation.program, compiled.program), gap.isEmpty { return .equivalent(gap.reason) }
    return .survived
  }

  /// The only rule that a mutant changes, without the others: as it is, and as the mutant has it.
  ///
  /// - Returns: `nil` if it changes something else, or if alone there is nothing to see of it: what protects, protects from others.
  private func ruleAlone(_ mutant: Mutant, _ compiled: Compilation, _ changed: PolicyMeaning) -> (
    rule: RuleAlone, mutant: Subject
  )? {
    let names = names(changedIn: changed)
    guard names.count == 1, changed.rest == meaning.rest, let rule = rules[names[0]], !rule.protects,
      let subject = Subject(ofRule: names[0], compiled)
    else { return nil }
    return (rule, subject)
  }

  /// The rules that mean something else in a mutant.
  private func names(changedIn other: PolicyMeaning) -> [String] {
    zip(meaning.rules, other.rules).filter { $0.0 != $0.1 }.map(\.0.name)
  }

  // MARK: Killing

  /// Tests that would kill survivors, in their order, and how many were tried.
  ///
  /// Survivors of one rule share the search: give them together.
  package func killingTests(for survivors: [Int]) -> [(test: KillingTest?, tried: Int)] {
    var searches: [String: KillSearch] = [:]
    return survivors.map { index in
      var tried = 0
      let test = killingTest(for: index, &searches, &tried)
      return (test, tried)
    }
  }

  private func killingTest(for index: Int, _ searches: inout [String: KillSearch], _ tried: inout Int) -> KillingTest? {
    let mutant = mutants[index]
    let compiled = compile(mutant)
    guard let checked = compiled.checked, let file = files.first,
      let subject = try? Subject(compiled, for: file.bound)
    else { return nil }
    if let gap = ScoreGap(compilation.program, compiled.program) {
      return killingTest(in: gap, subject, label(of: mutant), &searches, &tried)
    }
    // What a test says of a signal goes past its pattern and its unit.
    let raw = mutant.kind == .pattern || mutant.kind == .unit ? mutant.owner : nil
    for name in candidates(mutant, PolicyMeaning(checked)) {
      let search = search(name, raw: raw, isSteady: false, &searches)
      let alone = rules[name].flatMap { $0.protects ? nil : Subject(ofRule: name, compiled) }
      if let test = search?.kill(subject, alone: alone, change: label(of: mutant), tried: &tried) { return test }
    }
    return nil
  }

  /// What a mutant changes, with its place where its rule has another one that changes the same: tests are told apart by name.
  private func label(of mutant: Mutant) -> String {
    if mutants.count(where: { $0.owner == mutant.owner && $0.change == mutant.change }) == 1 { return mutant.change }
    let place = compilation.sources[mutant.range.source].position(at: mutant.range.start)
    return "\(mutant.change) at \(place.line) \(place.column)"
  }

  private func search(
    _ rule: String, raw: String?, isSteady: Bool, _ searches: inout [String: KillSearch]
  ) -> KillSearch? {
    let key = "\(rule) \(raw ?? "") \(isSteady)"
    if searches[key] == nil, let file = files.first, let subject = subjects.first {
      searches[key] = KillSearch(
        rule, compilation, subject, file.bound.file, file.text,
        alone: isSteady ? nil : rules[rule].flatMap { $0.protects ? nil : $0.subject }, raw: raw, isSteady: isSteady)
    }
    return searches[key]
  }

  /// A test in which a rule, or several, come to a score that two bands tell apart.
  private func killingTest(
    in gap: ScoreGap, _ mutant: Subject, _ change: String, _ searches: inout [String: KillSearch], _ tried: inout Int
  ) -> KillingTest? {
    for rule in gap.single {
      let search = search(rule, raw: nil, isSteady: true, &searches)
      if let test = search?.kill(mutant, alone: nil, change: change, tried: &tried) { return test }
    }
    for names in gap.sums.prefix(8) {
      let members = names.compactMap { search($0, raw: nil, isSteady: true, &searches) }
      guard members.count == names.count,
        let test = KillSearch(combining: members, named: names.joined(separator: " and "))?.kill(
          mutant, alone: nil, change: change, tried: &tried)
      else { continue }
      return test
    }
    return nil
  }

  /// The rules that differ, or those that read a signal that does.
  private func candidates(_ mutant: Mutant, _ changed: PolicyMeaning) -> [String] {
    let names = names(changedIn: changed)
    if !names.isEmpty { return Array(names.prefix(3)) }
    guard let program = compilation.program,
      let index = program.signals.firstIndex(where: { $0.name == mutant.owner })
    else { return [] }
    return program.rules.filter { $0.signals.contains(index) }.prefix(3).map(\.name)
  }
}
