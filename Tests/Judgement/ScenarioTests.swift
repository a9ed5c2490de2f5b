import Criteria
import CriteriaEngine
import Testing

/// What happens to one instance, and what its policy should say at which minute.
///
/// The instance was launched three days before minute 0, unless told otherwise.
struct Scenario: Sendable, CustomTestStringConvertible {
  /// In minutes; may be fractions.
  typealias Minutes = ClosedRange<Double>

  let testDescription: String
  let policy: String
  var seen: [(time: Timestamp, observation: Observation)] = []
  var attached: [String] = []
  var expected: [(minute: Double, verdict: Verdict)] = []

  static let start = 1_800_000_000.0
  static func time(_ minute: Double) -> Timestamp { Timestamp(seconds: start + minute * 60) }

  init(_ policy: String, _ name: String, launched minute: Double = -3 * 24 * 60) {
    self.policy = policy + ".yaml"
    testDescription = "\(policy): \(name)"
    seen.append((Self.time(0), .facts([:], labels: [:], launched: Self.time(minute))))
  }

  /// A sample every `step` minutes.
  func gauge(_ metric: String, _ value: Double) -> Self { gauge(metric, [:], value) }

  func gauge(
    _ metric: String, _ labels: [String: String], _ value: Double, in span: Minutes = 0...60, step: Double = 0.5
  ) -> Self {
    changing(metric, labels, in: span, step: step) { _ in value }
  }

  /// A sample every `step` minutes, computed from the minute.
  func changing(
    _ metric: String, _ labels: [String: String] = [:], in span: Minutes = 0...60, step: Double = 0.5,
    _ value: (Double) -> Double
  ) -> Self {
    var result = self
    for minute in stride(from: span.lowerBound, through: span.upperBound, by: step) {
      result.seen.append((Self.time(minute), .sample(metric, labels, value(minute))))
    }
    return result
  }

  func line(_ text: String, _ source: String = "kernel", at minutes: [Double]) -> Self {
    var result = self
    for minute in minutes { result.seen.append((Self.time(minute), .line(text, source: source))) }
    return result
  }

  func reading(_ sources: String...) -> Self {
    var result = self
    result.attached += sources
    return result
  }

  /// A condition, told every five minutes.
  func condition(_ type: String, _ status: String, in span: Minutes, since minute: Double? = nil) -> Self {
    var result = self
    for time in stride(from: span.lowerBound, through: span.upperBound, by: 5) {
      result.seen.append((Self.time(time), .condition(type, status, since: minute.map { Self.time($0) })))
    }
    return result
  }

  func facts(_ facts: [String: String], desired: [String: String], at minute: Double = 0) -> Self {
    var result = self
    result.seen.append((Self.time(minute), .facts(facts, desired: desired)))
    return result
  }

  func expect(_ expected: [(Double, Verdict)]) -> Self {
    var result = self
    result.expected = expected
    return result
  }
}

@Suite("The starter policies in scenes of the field")
struct ScenarioTests {
  @Test("each scene ends as it should", arguments: scenes)
  func scene(scene: Scenario) throws {
    let policy = try starterPolicy(scene.policy)
    var fleet = Fleet(policy)
    for source in scene.attached { fleet.attach(log: source, of: "i-1", at: Scenario.time(0)) }
    for one in scene.seen { fleet.observe(one.observation, of: "i-1", at: one.time) }
    var course = Course()
    let last = scene.expected.map(\.minute).max() ?? 0
    for change in fleet.advance(to: Scenario.time(last + 10)) { course.add(change) }
    for (minute, verdict) in scene.expected {
      let tick = tick(of: Scenario.time(minute).milliseconds, step: policy.program.step)
      #expect(course.verdict(at: tick) == verdict, "at minute \(minute)")
    }
  }

  static let disk = ["mountpoint": "/", "fstype": "ext4", "device": "/dev/sda1"]

  /// A node that answers, has room, memory and nothing to do.
  static func node(_ name: String, launched: Double = -3 * 24 * 60, up: Double? = 1) -> Scenario {
    var scene = Scenario("linux-node", name, launched: launched)
    if let up { scene = scene.gauge("up", ["job": "node"], up, step: 0.25) }
    return scene
  }

  static let scenes: [Scenario] = nodes + kernels + services + immutables + kubernetes + gpus + disks

  static let nodes: [Scenario] = [
    node("a healthy node is kept").gauge("node_filesystem_readonly", disk, 0).expect([(1, .keep), (30, .keep)]),
    node("no scrape succeeds any more: six are enough, fewer are not", up: nil)
      .gauge("up", ["job": "node"], 1, in: 0...20, step: 0.25).gauge(
        "up", ["job": "node"], 0, in: 20.25...30, step: 0.25
      )
      .expect([(20, .keep), (21, .keep), (23, .replace), (30, .replace)]),
    node("the same, scraped once a minute", up: nil)
      .gauge("up", ["job": "node"], 1, in: 0...20, step: 1).gauge("up", ["job": "node"], 0, in: 21...40, step: 1)
      .expect([(20, .keep), (25, .keep), (33, .replace)]),
    node("the scraper lost it, but its logs still come: the scraper is the one that is ill", up: nil)
      .gauge("up", ["job": "node"], 1, in: 0...20, step: 0.25).gauge(
        "up", ["job": "node"], 0, in: 20.25...40, step: 0.25
      )
      .line("Started Session 7 of user root.", "systemd", at: Array(stride(from: 0, through: 40, by: 1)))
      .expect([(20, .keep), (23, .keep), (30, .keep), (40, .keep)]),
    node("one of two targets still answers", up: nil)
      .gauge("up", ["job": "node"], 0, in: 0...30, step: 0.25).gauge("up", ["job": "app"], 1, in: 0...30, step: 0.25)
      .expect([(25, .keep)]),
    node("all that load can do, at once, for an hour: watched, never replaced")
      .gauge("node_filesystem_avail_bytes", disk, 1e9).gauge("node_filesystem_size_bytes", disk, 100e9)
      .gauge("node_filesystem_files_free", disk, 1).gauge("node_filesystem_files", disk, 1e6)
      .gauge("node_memory_MemAvailable_bytes", 1e8).gauge("node_memory_MemTotal_bytes", 64e9)
      .gauge("node_load5", 200).changing("node_cpu_seconds_total", ["cpu": "0", "mode": "idle"]) { $0 }
      .changing("node_pressure_io_stalled_seconds_total") { $0 * 55 }
      .changing("node_pressure_memory_stalled_seconds_total") { $0 * 55 }
      .gauge("node_nf_conntrack_entries", 1e6).gauge("node_nf_conntrack_entries_limit", 1e6)
      .gauge("node_systemd_unit_state", ["name": "app.service", "state": "failed"], 1)
      .expect([(10, .keep), (20, .watch), (40, .watch), (60, .watch)]),
    node("a file system has turned read-only")
      .gauge("node_filesystem_readonly", disk, 0, in: 0...20).gauge("node_filesystem_readonly", disk, 1, in: 20.5...60)
      .expect([(20, .keep), (22, .replace), (60, .replace)]),
    node("a file system that always was read-only is so on purpose")
      .gauge("node_filesystem_readonly", disk, 1).expect([(30, .keep)]),
    node("a newborn is not replaced", launched: -2)
      .gauge("node_filesystem_readonly", disk, 0, in: 0...3).gauge("node_filesystem_readonly", disk, 1, in: 3.5...60)
      .expect([(6, .watch), (15, .replace)]),
    node("a clock that is off")
      .gauge("node_timex_offset_seconds", 2).expect([(5, .keep), (15, .watch)]),
    node("data lost by memory").changing("node_edac_uncorrectable_errors_total") { $0 < 20 ? 0 : 1 }
      .expect([(19, .keep), (21, .replace)]),
  ]

  static let kernels: [Scenario] = [
    Scenario("linux-kernel", "a silent log is a healthy one").reading("kernel").expect([(5, .keep), (60, .keep)]),
    Scenario("linux-kernel", "a disk that fails, and tasks that hang on it").reading("kernel")
      .line(
        "[812.1] blk_update_request: I/O error, dev sda, sector 2048 op 0x0:(READ)",
        at: Array(stride(from: 5, through: 15, by: 1))
      )
      .line("[822.1] INFO: task jbd2/sda1-8:212 blocked for more than 120 seconds.", at: [12, 14, 16])
      .expect([(4, .keep), (10, .keep), (13, .watch), (17, .replace), (40, .replace), (150, .keep)]),
    Scenario("linux-kernel", "a floppy drive that is not there").reading("kernel")
      .line("blk_update_request: I/O error, dev fd0, sector 0", at: Array(stride(from: 5, through: 30, by: 1)))
      .expect([(31, .keep)]),
    Scenario("linux-kernel", "a machine out of memory again and again is watched").reading("kernel")
      .line("Out of memory: Killed process 12 (java) total-vm:1kB", at: [5, 6, 7, 8, 9, 10])
      .line("INFO: task java:12 blocked for more than 120 seconds.", at: [5, 6, 7, 8])
      .expect([(4, .keep), (11, .watch)]),
    Scenario("linux-kernel", "a hung runtime is over half an hour after the last word of it").reading("kernel")
      .line("INFO: task dockerd:2074 blocked for more than 120 seconds.", at: [5])
      .expect([(6, .watch), (40, .watch), (50, .keep)]),
    Scenario("linux-kernel", "links that come up and go down at boot").reading("kernel")
      .line("[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)", at: [5])
      .line("e1000e 0000:00:1f.6 eth0: NIC Link is Down", at: [5.2, 5.4, 5.6, 5.8])
      .line("EXT4-fs (sda1): Remounting filesystem read-only", at: [6])
      .expect([(7, .watch), (20, .replace)]),
    Scenario("linux-kernel", "an oops").reading("kernel")
      .line("[ 9.1] BUG: kernel NULL pointer dereference, address: 0000000000000008", at: [5])
      .expect([(4, .keep), (6, .replace)]),
    Scenario("linux-kernel", "words that healthy boots say").reading("kernel")
      .line("mce: CPU supports 20 MCE banks", at: [5]).line("Intel machine check architecture supported.", at: [5])
      .line("EXT4-fs (sda1): re-mounted. Opts: errors=remount-ro", at: [5])
      .line("IPv6: ADDRCONF(NETDEV_UP): eth0: link is not ready", at: [5]).line("EDAC MC: Ver: 3.0.0", at: [5])
      .line("BTRFS info (device sda1): disk space caching is enabled", at: [5])
      .line("java[12]: segfault at 0 ip 0 sp 0 error 4 in libc.so", at: [5])
      .expect([(6, .keep)]),
  ]

  static func service(_ name: String) -> Scenario {
    Scenario("http-service", name).gauge("up", ["job": "app"], 1, step: 0.25)
  }

  static let services: [Scenario] = [
    service("every fifth request fails: watched, because all instances may do so")
      .changing("http_requests_total", ["code": "200"], step: 0.25) { $0 * 600 }
      .changing("http_requests_total", ["code": "500"], step: 0.25) { $0 < 20 ? 0 : ($0 - 20) * 150 }
      .expect([(20, .keep), (26, .watch), (60, .watch)]),
    service("one failure of three requests is no error ratio")
      .changing("http_requests_total", ["code": "200"], step: 0.25) { ($0 / 20).rounded(.down) }
      .changing("http_requests_total", ["code": "500"], step: 0.25) { ($0 / 25).rounded(.down) }
      .expect([(26, .keep), (51, .keep)]),
    Scenario("http-service", "it goes away and comes back, three times in half an hour")
      .changing("up", ["job": "app"], step: 0.25) { $0 > 10 && Int($0) % 5 == 0 ? 0 : 1 }
      .expect([(10, .keep), (27, .watch), (45, .watch)]),
  ]

  static let immutables: [Scenario] = [
    Scenario("immutable", "what was built as desired is kept").reading("sshd", "sudo")
      .facts(["image": "a"], desired: ["image": "a"]).expect([(60, .keep), (1440, .keep)]),
    Scenario("immutable", "drift is watched at once, and replaces within a day and a half").reading("sshd", "sudo")
      .facts(["image": "a"], desired: ["image": "a"]).facts([:], desired: ["image": "b"], at: 60)
      .expect([(60, .keep), (130, .watch), (600, .watch), (60 + 37 * 60, .replace)]),
    Scenario("immutable", "a login").reading("sshd", "sudo").facts(["image": "a"], desired: ["image": "a"])
      .line("Accepted publickey for ops from 10.0.0.1 port 50022 ssh2: ED25519 SHA256:x", "sshd", at: [30])
      .expect([(25, .keep), (40, .quarantine), (3000, .quarantine)]),
    Scenario("immutable", "a login of provisioning, in the first minutes", launched: 0).reading("sshd", "sudo")
      .facts(["image": "a"], desired: ["image": "a"])
      .line("Accepted publickey for provision from 10.0.0.1 port 50022 ssh2", "sshd", at: [3])
      .expect([(5, .keep), (60, .keep), (600, .keep)]),
    Scenario("immutable", "older than any of its kind", launched: -40 * 24 * 60).reading("sshd", "sudo")
      .facts(["image": "a"], desired: ["image": "a"]).expect([(5, .replace)]),
  ]

  static let kubernetes: [Scenario] = [
    Scenario("kubernetes-node", "ready").condition("Ready", "True", in: 0...60).expect([(30, .keep)]),
    Scenario("kubernetes-node", "not ready, as the kubelet says")
      .condition("Ready", "True", in: 0...20).condition("Ready", "False", in: 21...60, since: 21)
      .expect([(20, .keep), (30, .keep), (32, .replace)]),
    Scenario("kubernetes-node", "not heard of: that may be the API server")
      .condition("Ready", "True", in: 0...20).condition("Ready", "Unknown", in: 21...60, since: 21)
      .gauge("up", ["job": "kubelet"], 1).expect([(20, .keep), (40, .watch), (60, .watch)]),
    Scenario("kubernetes-node", "neither heard of nor answering")
      .condition("Ready", "True", in: 0...20).condition("Ready", "Unknown", in: 21...60, since: 21)
      .gauge("up", ["job": "kubelet"], 1, in: 0...20).gauge("up", ["job": "kubelet"], 0, in: 20.5...60)
      .expect([(20, .keep), (40, .replace)]),
    Scenario("kubernetes-node", "pressures are load")
      .condition("Ready", "True", in: 0...60).condition("DiskPressure", "True", in: 0...60, since: 0)
      .condition("MemoryPressure", "True", in: 0...60, since: 0).condition("PIDPressure", "True", in: 0...60, since: 0)
      .expect([(20, .keep), (40, .watch), (60, .watch)]),
    Scenario("kubernetes-node", "conditions from kube-state-metrics")
      .gauge("kube_node_status_condition", ["condition": "Ready", "status": "true"], 1, in: 0...20)
      .gauge("kube_node_status_condition", ["condition": "Ready", "status": "false"], 1, in: 20.5...60)
      .expect([(20, .keep), (25, .keep), (35, .replace)]),
    Scenario("kubernetes-node", "a newborn's network comes up", launched: -1)
      .condition("Ready", "False", in: 0...30, since: -1).expect([(5, .keep), (15, .replace)]),
  ]

  static let gpus: [Scenario] = [
    Scenario("gpu-node", "a program's bug").gauge("DCGM_FI_DEV_XID_ERRORS", ["gpu": "0"], 13)
      .gauge("DCGM_FI_DEV_XID_ERRORS", ["gpu": "1"], 0).expect([(30, .keep)]),
    Scenario("gpu-node", "one of two has fallen off the bus").gauge("DCGM_FI_DEV_XID_ERRORS", ["gpu": "0"], 0)
      .gauge("DCGM_FI_DEV_XID_ERRORS", ["gpu": "1"], 79, in: 10...60).expect([(9, .keep), (15, .keep), (25, .replace)]),
    Scenario("gpu-node", "the first uncorrected error is watched, a few replace")
      .changing("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", ["gpu": "0"]) { $0 < 10 ? 0 : $0 < 30 ? 1 : 6 }
      .expect([(9, .keep), (11, .watch), (31, .replace)]),
    Scenario("gpu-node", "no spare rows").gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", ["gpu": "3"], 1)
      .expect([(5, .replace)]),
    Scenario("gpu-node", "hot").gauge("DCGM_FI_DEV_GPU_TEMP", ["gpu": "0"], 95).expect([(30, .keep)]),
  ]

  static func attribute(_ name: String) -> [String: String] {
    ["device": "sda", "attribute_name": name, "attribute_value_type": "raw"]
  }

  static let disks: [Scenario] = [
    Scenario("disk-smart", "an old soldier")
      .gauge("smartctl_device_attribute", attribute("Reallocated_Sector_Ct"), 500, step: 1).expect([(60, .keep)]),
    Scenario("disk-smart", "sectors go, one a few minutes")
      .changing("smartctl_device_attribute", attribute("Reallocated_Sector_Ct"), step: 1) {
        500 + ($0 / 4).rounded(.down)
      }
      .expect([(10, .keep), (60, .watch)]),
    Scenario("disk-smart", "twenty sectors cannot be read")
      .gauge("smartctl_device_attribute", attribute("Current_Pending_Sector"), 20, in: 0...120, step: 1)
      .expect([(30, .keep), (90, .replace)]),
    Scenario("disk-smart", "it predicts its own failure")
      .gauge("smartctl_device_smart_status", ["device": "nvme0"], 0, in: 0...120, step: 1)
      .expect([(30, .keep), (90, .replace)]),
    Scenario("disk-smart", "worn, and nothing else")
      .gauge("smartctl_device_percentage_used", ["device": "nvme0"], 109, step: 1).expect([(30, .watch)]),
    Scenario("disk-smart", "too warm, by the warning's own bit")
      .gauge("smartctl_device_critical_warning", ["device": "nvme0"], 2, step: 1).expect([(60, .keep)]),
  ]
}
