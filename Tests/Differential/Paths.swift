/// Ways of driving the engine through one story, to be combined at will. Whatever is chosen, it must say the same.
struct Path: OptionSet, Hashable, Sendable {
  var rawValue: UInt32

  /// Nothing chosen: by name, in the order of the story, advanced where it says so.
  static let asTold: Path = []
  /// Live: every tick on its own, fed just before with what belongs to it.
  static let tickByTick = Path(rawValue: 1 << 0)
  /// What arrives between two advances in another order, but for observations of one instance and time.
  static let shuffled = Path(rawValue: 1 << 1)
  /// Provisional looks in between, which must change nothing.
  static let looks = Path(rawValue: 1 << 2)
  /// The instances spread over several fleets.
  static let sharded = Path(rawValue: 1 << 3)
  /// Among instances that are fed like the others and removed again.
  static let ghosts = Path(rawValue: 1 << 4)
  /// Samples fed by handles of their series, questions asked by handles of instances.
  static let handles = Path(rawValue: 1 << 5)
  /// Every block of instances decided side by side, however few of it are awake.
  static let columns = Path(rawValue: 1 << 6)
  /// Every instance decided for itself.
  static let singly = Path(rawValue: 1 << 7)
  /// Stopped and restored from a snapshot, at any time.
  static let restored = Path(rawValue: 1 << 8)

  static let all: [(path: Path, name: String)] = [
    (.tickByTick, "tick by tick"), (.shuffled, "shuffled"), (.looks, "looks in between"), (.sharded, "sharded"),
    (.ghosts, "among removed ones"), (.handles, "by handles"), (.columns, "side by side"),
    (.singly, "one at a time"), (.restored, "restored"),
  ]

  var name: String {
    isEmpty ? "as told" : Path.all.filter { contains($0.path) }.map(\.name).joined(separator: " + ")
  }

  /// One way, or two or three together.
  static func pick(_ random: inout Random) -> Path {
    var path: Path = []
    for _ in 0..<random.pick([1, 1, 2, 3]) { path.formUnion(random.pick(all).path) }
    return path
  }
}
