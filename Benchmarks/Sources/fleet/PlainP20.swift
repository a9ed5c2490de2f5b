import FleetData

/// `Policies/p20.yaml` written out by hand: the proven (low) score in thousandths, to check the engine's before its time counts.
///
/// A comparison with a missing number (NaN) is false, and so is its negation: only what is certain adds points.
func plainScore(_ columns: Columns, _ i: Int) -> Int {
  func x(_ metric: String) -> Double { columns.numbers[metrics.firstIndex(of: metric)!][i] }
  func fact(_ place: Int) -> String { facts[place].values[Int(columns.codes[place][i])] }
  func known(_ a: Double) -> Bool { !a.isNaN }
  func ramp(_ value: Double, _ low: Double, _ high: Double) -> Double { min(max((value - low) / (high - low), 0), 1) }
  func finite(_ a: Double) -> Double { a.isFinite ? a : .nan }
  let role = fact(0)
  let image = fact(2)
  let kernel = fact(3)
  let pressure = x("logk") * 4 + x("loga") * 0.01
  let rise = finite(x("load1") / x("load15"))
  let rules: [(Bool, Double)] = [
    (x("age") > 90, 30),
    (x("age") > 30 && x("imgage") > 45, 15),
    (x("cpu") > 95 && x("load1") > 12, 20),
    (x("mem") > 92 || x("oom") >= 1, 25),
    (x("disk") > 80, 40 * ramp(x("disk"), 80, 98)),
    (finite(x("err5xx") / x("req")) > 0.02, 35),
    (finite(x("p99") / x("p50")) > 8 && x("req") > 50, 15),
    (x("hcfail") > 0.05, 60 * ramp(x("hcfail"), 0.05, 0.5)),
    (role == "db" && x("iowait") > 30, 20),
    (role != "batch" && role != "worker" && x("cpu") > 90, 10),
    (x("driftf") > 0 && x("driftp") > 2, 20),
    (x("logk") >= 3 || (x("loga") > 200 && x("restarts") > 2), 25),
    (kernel == "k510" && x("uptime") > 60, 20),
    ((image == "v41" || image == "v42") && known(x("driftf")) && x("driftf") != 0, 15),
    (pressure > 2, 25 * ramp(pressure, 2, 20)),
    (x("neterr") > 0.01 || x("netdrop") > 0.02, 10),
    (x("steal") > 10 && x("load1") >= x("load15") * 1.2, 10),
    (x("cert") < 7, 20),
    (x("restarts") > 3 && x("uptime") < 2, 20),
    (x("cpu") > 50 && known(rise), 15 * ramp(rise, 1.5, 4)),
  ]
  return rules.reduce(0) { $0 + ($1.0 ? Int(($1.1 * 1000).rounded(.toNearestOrAwayFromZero)) : 0) }
}
