#!/usr/bin/env bash
# Captures the metrics of the example fleet: eight real node_exporter processes on loopback, each in its own mount, PID and
# host-name namespace with its own ext4 file system on /var/lib/app, scraped once a minute for half an hour while things go
# wrong on some of them. Needs root (namespaces, loop devices) and Debian's prometheus-node-exporter.
#
#   sudo Examples/capture.sh FOLDER        # writes FOLDER/metrics/INSTANCE.prom and FOLDER/timeline.txt
#
# As a scraper would, it adds to each sample the time of its scrape and a series `up`; it drops the families that the policy
# does not read, so that the files stay small. Nothing else is edited.
set -euo pipefail
out=$(realpath -m "${1:?usage: capture.sh FOLDER}")
scrapes=${SCRAPES:-31} every=${EVERY:-60}
work=$(mktemp -d)
mkdir -p "$out/metrics"
: > "$out/timeline.txt"
declare -A pid=() port=()
next_port=19301
families='node_(boot_time_seconds|filesystem_(avail_bytes|size_bytes|readonly)|memory_Mem(Available|Total)_bytes|os_info)'

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*" | tee -a "$out/timeline.txt"; }

start() {  # INSTANCE IMAGE_VERSION
  local name=$1 image=$2
  port[$name]=$((next_port++))
  truncate -s 64M "$work/$name.img"
  mkfs.ext4 -q -m 0 "$work/$name.img"
  { cat /usr/lib/os-release; echo "IMAGE_ID=web"; echo "IMAGE_VERSION=$image"; } > "$work/$name.os-release"
  mkdir -p /var/lib/app
  unshare --mount --uts --pid --fork --kill-child --mount-proc sh -c "
    hostname $name
    mount -o loop '$work/$name.img' /var/lib/app
    mount --bind '$work/$name.os-release' /usr/lib/os-release
    exec prometheus-node-exporter --web.listen-address=127.0.0.1:${port[$name]} --log.level=error \
      --collector.disable-defaults --collector.filesystem --collector.meminfo --collector.stat --collector.os \
      --collector.filesystem.mount-points-exclude='^/(\$|(dev|etc|mnt|proc|run|sys|tmp|usr)(\$|/))'" &
  pid[$name]=$!
  say "$name: exporter started, image $image"
}

# The exporter is the first process of its PID namespace: the child of unshare.
app() { echo "/proc/$(pgrep -P "${pid[$1]}" | head -1)/root/var/lib/app"; }

fill() {  # INSTANCE MIB
  dd if=/dev/zero of="$(app "$1")/data" bs=1M count="$2" status=none || true
  say "$1: $2 MiB written to /var/lib/app"
}

scrape() {  # INSTANCE
  local body at
  at=$(date +%s%3N)
  if body=$(curl -sf --max-time 5 "http://127.0.0.1:${port[$1]}/metrics"); then
    grep -E "^$families[{ ]" <<< "$body" | sed "s/\$/ $at/" >> "$work/$1.samples"
    echo "up 1 $at" >> "$work/$1.samples"
  else
    echo "up 0 $at" >> "$work/$1.samples"
  fi
}

stop() { kill "$(pgrep -P "${pid[$1]}" | head -1)" 2> /dev/null || true; }
cleanup() {
  for name in "${!pid[@]}"; do stop "$name"; done
  wait
  rm -rf "$work"
}
trap cleanup EXIT

for name in i-0a1 i-0a3 i-0a4 i-0a5 i-0a7 i-0a8; do start $name 2026.11.2; done
start i-0a2 2026.10.4
sleep 2
for ((n = 0; n < scrapes; n++)); do
  began=$(date +%s)
  case $n in
    2) fill i-0a8 52 ;;
    5) fill i-0a1 52 ;;
    16) fill i-0a8 49 ;;
    19) say "i-0a5: scraping it ends here, not even \`up\` is told any more"; unset 'port[i-0a5]' ;;
    24) stop i-0a7; say "i-0a7: exporter killed"; start i-0a6 2026.11.2; sleep 1 ;;
    27) nsenter -t "$(pgrep -P "${pid[i-0a6]}" | head -1)" -m -- mount -o remount,ro /var/lib/app
      say "i-0a6: /var/lib/app remounted read-only" ;;
  esac
  for name in "${!port[@]}"; do scrape "$name"; done
  say "scrape $n"
  while ((n + 1 < scrapes && $(date +%s) < began + every)); do sleep 0.2; done
done

# One group per metric, in order of time, as the text format wants it.
for samples in "$work"/*.samples; do
  name=$(basename "$samples" .samples)
  sed 's/[{ ].*//' "$samples" | sort -u | while read -r metric; do
    echo "# TYPE $metric gauge"
    grep -E "^$metric[{ ]" "$samples"
  done > "$out/metrics/$name.prom"
done
say "done"
