/// What a fleet shares between its instances: the program, the registers, and the codes of strings, keys and identities.
///
/// One owner at a time; never shared between threads.
package final class Workspace {
  let program: Program
  let plan: Plan
  /// For one instance at a time.
  let row: Frame
  /// For the instances of a block side by side; made when first needed.
  private(set) lazy var columns = Frame(program, stride: InstanceBlock.stride)
  var strings: Interner
  var keys = KeyTable()
  let identities = IdentityTable()
  let scanner = RegexScanner()
  /// Every instance stands as it stood at its first tick since long ago.
  let assumesSteady: Bool

  /// The info signals by the codes of their names.
  let infoByName: [UInt32: Int]
  /// By place in a frame: what a tick works with.
  let wakes: UnsafeMutablePointer<Wake>
  let tallies: UnsafeMutablePointer<Tally>
  let desired: UnsafeMutablePointer<Tick.DesiredMatch>

  package init(_ program: Program, assumesSteady: Bool = false) {
    self.program = program
    self.assumesSteady = assumesSteady
    plan = Plan(program)
    row = Frame(program, stride: 1)
    strings = Interner(program.strings)
    var infos: [UInt32: Int] = [:]
    for (index, signal) in program.signals.enumerated() {
      if case .info = signal.source { infos[strings.code(signal.name)] = index }
    }
    infoByName = infos
    wakes = .allocate(capacity: InstanceBlock.stride)
    wakes.initialize(repeating: Wake(now: 0, step: program.step), count: InstanceBlock.stride)
    tallies = .allocate(capacity: InstanceBlock.stride)
    tallies.initialize(repeating: Tally(), count: InstanceBlock.stride)
    desired = .allocate(capacity: InstanceBlock.stride)
    desired.initialize(repeating: Tick.DesiredMatch(), count: InstanceBlock.stride)
  }

  deinit {
    wakes.deallocate()
    tallies.deallocate()
    desired.deallocate()
  }
}
