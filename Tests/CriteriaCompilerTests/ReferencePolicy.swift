/// A policy that uses most of the language.
let referencePolicyText = #"""
  version: 1
  policy: web-nodes
  selector: label.role == "web"          # facts and labels only; omitted means every instance, and `check` says so
  step: 1m                               # default 30s
  replace: 100                           # bands of the score
  watch: 50
  use: [signals/linux.yaml]              # shared signals only; relative, never outside the policy's folder tree
  launched: [kube_node_created, node_boot_time_seconds]   # where age comes from if the inventory does not say
  desired:                               # what drift is measured against, if the inventory does not say; exactly one must match
    - {where: label.role == "web", image: ami-0f3, kernel: 6.1.112}

  signals:
    up:      {gauge: up, stale_after: 2m}
    cpu:     {gauge: node_cpu_busy_percent, unit: percent}                # exporters that count 0..100
    avail:   {gauge: 'node_filesystem_avail_bytes{fstype!="tmpfs"}', unit: bytes, by: [mountpoint]}
    size:    {gauge: node_filesystem_size_bytes, unit: bytes, by: [mountpoint]}
    free:    {is: avail / size, reduce: min}                              # joined per mount point, then the worst one
    errors:  {counter: 'http_requests_total{code=~"5.."}', reduce: sum}   # reduced after rate/increase, never before
    reqs:    {counter: http_requests_total, reduce: sum}
    failed:  {is: 'rate(errors[5m]) / rate(reqs[5m])'}
    oom:     {log: kernel, match: 'Killed process \d+ \((?<comm>[^)]+)\)'}
    io:      {log: kernel, match: 'I/O error, dev (?<dev>\w+)', by: [dev]}
    slow:    {log: app, match: 'took (?<ms>\d+) ms', value: ms, unit: ms} # numbers read out of log lines
    ready:   {condition: Ready}                                           # a status string and its last change
    pressure: {condition: MemoryPressure, from: kube_node_status_condition, type: condition, status: status, instance: node}
    image:   {info: node_image_info, label: image}                        # a fact that an info metric's label carries
    login:   {log: [sshd, 'sshd-*'], match: '^Accepted \w+ for '}         # `match` sees the message, without its header
    wear:    {gauge: smart_wear_ratio, unit: ratio, optional: true}       # many instances have no such disk

  rules:
    - rule: Unreachable
      when: max(up[5m]) == 0
      for: 3m
      then: replace
      why: no successful scrape in 5 minutes

    - rule: OOMLoop
      when: count(oom[10m]) >= 3
      then: +60
      why: "{count(oom[10m])} OOM kills in 10 minutes, last victim {oom.comm}"

    - rule: HotCPU
      when: avg(cpu[5m]) > 90%
      until: avg(cpu[5m]) < 75%
      for: 10m
      then: +40

    - rule: FailingRequests               # graded: nothing at 2 %, all 70 at 10 %
      when: failed > 2% and increase(reqs[5m]) >= 200
      then: +70 * ramp(failed, 2%, 10%)

    - rule: FailingDisk                   # once per device; the worst device counts
      when: count(io[1h]) >= 3
      hold: 30m                           # stays this long after it would clear
      then: +50
      why: "{count(io[1h])} I/O errors on {dev}"

    - rule: ImageDrift
      when: drifted(image)
      for: 24h
      then: +100
      why: "image {fact.image} differs from {desired.image}"

    - rule: Elderly
      when: age > spread(30d, 3d)         # each instance its own fixed point in 27d..33d
      then: +60
      except: [{where: label.pool == "canary", expires: 2026-12-31, because: canaries live long on purpose}]

    - rule: TouchedByHand                 # the seed of it all: an immutable instance that somebody logged in to
      when: count(login[24h]) > 0
      latch: true                         # never clears by itself
      then: quarantine                    # take out of service, keep for debugging

    - rule: JustBorn
      when: age < 10m
      then: protect
      labels: {runbook: newborn}          # copied into the record
  """#
