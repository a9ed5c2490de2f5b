import Criteria
import Glibc

// A small orchestrator over a made-up fleet: four hours of virtual time, with a restart in the middle. README.md tells the story.

let arguments = CommandLine.arguments
let folder = arguments.count > 1 ? arguments[1] : "."
let instances = 400
let pace = 3

/// Shards that go on from their files, where there are any.
func makeShards(_ policy: Policy, count: Int, from folder: String?) throws -> Shards {
  Shards(
    shards: try (0..<count).map { index in
      try Shard(policy, restoring: try folder.flatMap { try load("\($0)/embed.\(index).state") })
    })
}

func table(_ rows: [[String]]) -> String {
  let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    zip(row, widths).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: cell.1 - cell.0.count)
      return index == 0 ? cell.0 + padding : padding + cell.0
    }.joined(separator: "  ")
  }.joined(separator: "\n")
}

do {
  let here = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  let policy = try Policy(contentsOf: here + "/policy.yaml")
  let world = World(count: instances)
  for index in 0..<2 { unlink("\(folder)/embed.\(index).state") }

  // Two hours, then the process ends: each shard's state goes to a file.
  let shards = try makeShards(policy, count: 2, from: nil)
  var first = Orchestrator(world, shards, pace: pace)
  await first.run(minutes: 120)
  var bytes = 0
  for (index, shard) in shards.shards.enumerated() {
    let snapshot = await shard.snapshot()
    bytes += snapshot.count
    try save(snapshot, to: "\(folder)/embed.\(index).state")
  }

  // It starts again, and goes on where it was.
  let restored = try makeShards(policy, count: 2, from: folder)
  var second = first.resumed(with: restored)
  await second.run(minutes: 120)

  // The same four hours without a restart, in one shard: nothing may differ.
  var control = Orchestrator(world, try makeShards(policy, count: 1, from: nil), pace: pace)
  await control.run(minutes: 240)

  var rows = [["WHAT AN INSTANCE DOES", "INSTANCES", "REPLACED", "SPARED", "MINUTES TO ACT"]]
  for fault in Fault.allCases {
    let tally = second.tallies[fault] ?? Orchestrator.Tally()
    let had = world.instances.values.count { $0.fault == fault }
    let minutes = tally.minutes.sorted()
    let range = minutes.isEmpty ? "-" : "\(minutes.first!)..\(minutes.last!)"
    rows.append([fault.rawValue, "\(had)", "\(tally.replaced)", "\(tally.spared)", range])
  }
  print(table(rows))
  print("")
  for (why, count) in second.reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
    print("\(count) by \(why)")
  }
  var accepted = 0
  for shard in restored.shards { accepted += await shard.counts.accepted }
  print("at most \(second.mostAtOnce) at once; \(accepted) observations; \(bytes) bytes of state over the restart")
  guard second.tallies == control.tallies, second.reasons == control.reasons else {
    print("the restart, or the number of shards, made a difference: that must not be")
    exit(1)
  }
  print("the same as without the restart, in one shard")
  guard second.mostAtOnce <= pace, second.tallies[.none] == nil, second.tallies[.silent] == nil,
    second.tallies[.dead]?.replaced ?? 0 > 0, second.tallies[.hiccup]?.spared ?? 0 > 0
  else {
    print("a healthy or a silent instance was replaced, or no dead one was, or nobody was spared")
    exit(1)
  }
} catch {
  print("embed: \(error)")
  exit(1)
}
