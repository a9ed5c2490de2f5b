import Criteria
import FleetData
import Glibc

/// The ticks of one fleet, and of two shards of it in threads of their own, as JSON: wall time while all windows slide.
///
/// Each thread makes and feeds its own `Fleet`; only `advance` is timed, from when all are fed until the last is done.
func shards(_ policy: Policy, instances: Int, ticks: Int) -> String {
  let one = Times(ticksOf(1, policy, instances, ticks), items: 1_000_000)
  let two = Times(ticksOf(2, policy, instances, ticks), items: 1_000_000)
  return "{\"one_wall_ms\":\(one.json),\"two_wall_ms\":\(two.json),\"speedup\":\(rounded(one.min / two.min)),"
    + "\"control_speedup\":{\"arithmetic\":\(arithmeticSpeedup(repeats: 9))}}"
}

/// Nanoseconds for each tick at which the windows of all shards slide.
private func ticksOf(_ shards: Int, _ policy: Policy, _ instances: Int, _ ticks: Int) -> [Double] {
  let fed = Barrier(shards)
  let spans = (0...ticks).map { _ in Spans(shards) }
  let threads = (0..<shards).map { shard in
    startThread(on: shard) {
      let mine = Array(instances * shard / shards..<instances * (shard + 1) / shards)
      var fleet = Fleet(policy)
      let handles = mine.map { instance in
        (0..<Sample.signals).map { fleet.series("m\($0)", of: "i-\(instance)") }
      }
      for tick in 0...ticks {
        var random = SplitMix(state: UInt64(tick))
        let order = mine.indices.shuffled(using: &random)
        let samples = Sample.table(tick, order.map { mine[$0] })
        for (place, index) in order.enumerated() {
          for signal in 0..<Sample.signals {
            guard let handle = handles[index][signal] else { fail("observe", "no signal reads `m\(signal)`") }
            fleet.observe(samples[place * Sample.signals + signal], of: handle, at: time(tick))
          }
        }
        fed.wait()
        spans[tick].time(shard) { fleet.advance(to: time(tick)) }
      }
    }
  }
  for thread in threads { pthread_join(thread, nil) }
  return spans[Sample.window...].map(\.length)
}

/// The time of a tick's samples.
func time(_ tick: Int) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + Int64(tick) * 30_000) }
